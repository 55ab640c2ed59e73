"""Bring a database to a revision, and see whether it has drifted from the declared tables."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, func, inspect, select, text

from zoo_provenance import locations, search_index
from zoo_provenance.database import (
    PAGE_SIZE,
    REVISIONS,
    WRITERS_LOCK,
    describe,
    engine_of,
    exists,
    refuse_folder,
    revision_of,
    translated,
)
from zoo_provenance.errors import DatabaseNewer, DatabaseUnavailable, MissingDatabase, NotADatabase, ZooProvenanceError
from zoo_provenance.tables import metadata

EXPRESSION_INDEX = "uq_claim_said"


def upgrade(url: URL, revision: str = "head") -> None:
    """Bring a database up to a revision, making it first where there is none. All or nothing."""
    refuse_folder(url)
    if url.get_backend_name() == "sqlite" and not exists(url):
        _create(Path(url.database or ""))
    _migrate(url, command.upgrade, revision)


def downgrade(url: URL, revision: str) -> int:
    """Take a database down to a revision; `base` removes every table and all data. All or nothing.

    Returns how many batches cannot be taken back any more. Raises ZooProvenanceError where the older schema would lose
    what the database says of its records.
    """
    if not exists(url):
        raise MissingDatabase(f"There is no database at {describe(url)}.")
    return _migrate(url, command.downgrade, revision)


def drift(connection: Connection) -> list[str]:
    """Return what the database's tables, columns, keys and indexes have other than the declared ones."""
    options = {
        "target_metadata": metadata,
        "compare_type": True,
        "compare_server_default": True,
        "include_name": lambda name, kind, _parents: not search_index.belongs(name, kind),
    }
    with warnings.catch_warnings():
        # Indexes on expressions cannot be compared; that they are there is asked below.
        warnings.filterwarnings("ignore", message=".*expression-based index")
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    found = [f"not as declared: {difference}" for difference in differences]
    if not _has_index(connection, EXPRESSION_INDEX):
        found.append(f"not as declared: index {EXPRESSION_INDEX} is missing")
    return found + search_index.neglect(connection)


def damage(connection: Connection) -> list[str]:
    """Return what SQLite finds damaged in its file; PostgreSQL checks its pages itself."""
    if connection.dialect.name != "sqlite":
        return []
    rows = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return [f"damaged: {row}" for row in rows if row != "ok"]


def current(url: URL) -> str | None:
    """Return the schema's revision; None where it has none. Raises MissingDatabase, NotADatabase."""
    if not exists(url):
        raise MissingDatabase(f"There is no database at {describe(url)}.")
    with translated(url), engine_of(url, read_only=True).connect() as connection:
        revision = revision_of(connection)
        if revision is None and _has_tables(connection):
            raise NotADatabase(f"{describe(url)} holds tables, but none of zoo-provenance.")
        return revision


def is_empty(url: URL) -> bool:
    """Whether a server's database holds no table at all."""
    with translated(url), engine_of(url).connect() as connection:
        return not _has_tables(connection)


def made(url: URL) -> Callable[[], None] | None:
    """Make a database where there is none yet; return what takes it away again, or None where there was one."""
    refuse_folder(url)
    there = exists(url)
    if there and not is_empty(url):
        return None
    path = Path(url.database or "").absolute()
    folders = [] if there else [folder for folder in path.parents if not folder.exists()]
    upgrade(url)

    def unmake() -> None:
        if there:
            downgrade(url, "base")
            with translated(url), engine_of(url).begin() as connection:
                connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
            return
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()

    return unmake


def _has_index(connection: Connection, name: str) -> bool:
    catalogue = (
        "sqlite_master WHERE type = 'index' AND name"
        if connection.dialect.name == "sqlite"
        else "pg_indexes WHERE indexname"
    )
    return connection.execute(text(f"SELECT 1 FROM {catalogue} = :name"), {"name": name}).first() is not None  # noqa: S608 - a fixed text


def dangling(connection: Connection) -> list[str]:
    """Return the references that lead nowhere, of a database at the program's own revision.

    PostgreSQL can have them too: written while its triggers were off.
    """
    found = _left_dangling(connection)
    if connection.dialect.name == "sqlite":
        return found
    for table in metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            there = key.referred_table.alias("there")
            leads = select(there).where(*(one.parent == there.c[one.column.name] for one in key.elements)).exists()
            given = [one.parent.is_not(None) for one in key.elements]
            number = connection.execute(select(func.count()).select_from(table).where(*given, ~leads)).scalar_one()
            if number:
                found.append(f"{number} rows of {table.name} refer to no row of {key.referred_table.name}")
    return found


def _left_dangling(connection: Connection) -> list[str]:
    """Return the references that lead nowhere in a SQLite file at any revision; PostgreSQL leaves none by itself."""
    if connection.dialect.name != "sqlite":
        return []
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    return [f"{table} row {rowid} refers to no row of {target}" for table, rowid, target, _ in rows]


def _create(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("VACUUM")
    except (OSError, sqlite3.Error) as fault:
        raise DatabaseUnavailable(f"{path} cannot be made: {fault}") from fault


_HELD = {
    "0002": (
        ("SELECT count(*) FROM source WHERE kind IN ('importer_report', 'exporter_report')", "annual reports to CITES"),
        ("SELECT count(*) FROM waiver WHERE dataset_id IS NOT NULL", "waivers of data sets"),
    ),
    "0004": (("SELECT count(*) FROM judgement", "judgements of two records (merged, or different)"),),
}
"""What only a revision and those after it can hold: how to count it, and what it is."""
_LOGGED = "SELECT count(*) FROM batch WHERE first_record IS NOT NULL"
_LOGGED_SINCE = "0005"


def _held(connection: Connection, at: str) -> dict[str, list[str]]:
    """Return what a database at a revision holds that older ones cannot, by the first revision that can."""
    found: dict[str, list[str]] = {}
    for revision, counted in _HELD.items():
        for query, what in counted if revision <= at else ():
            number = connection.execute(text(query)).scalar_one()
            if number:
                found.setdefault(revision, []).append(f"{number} {what}")
    return found


def _refuse_loss(connection: Connection, held: dict[str, list[str]], name: str) -> None:
    reached = revision_of(connection)
    lost = [what for revision, several in held.items() for what in several if reached and reached < revision]
    if lost:
        raise ZooProvenanceError(
            f"{name}: schema {reached} cannot hold {', '.join(lost)}; nothing was migrated."
            " Take them back or out first, or keep the older database and load into it again."
        )


def _migrate(url: URL, step: Any, revision: str) -> int:
    """Run Alembic on an engine of its own: foreign keys off, one real transaction, references checked at its end.

    With foreign keys on, rebuilding a table on SQLite would delete or empty the rows that refer to it. Returns how many
    batches were logged before and are no more.
    """
    engine = engine_of(url, foreign_keys=False)
    with translated(url), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS_LOCK})
        found = revision_of(connection)
        if not found and _has_tables(connection, besides="alembic_version"):
            known = "none of zoo-provenance" if found is None else "no word of their revision"
            raise NotADatabase(f"{describe(url)} holds tables, but {known}.")
        if found and found not in REVISIONS:
            raise DatabaseNewer(f"{describe(url)} was written by a newer zoo-provenance (schema {found}).")
        config = Config()
        config.set_main_option("script_location", str(locations.migrations()).replace("%", "%%"))
        config.attributes["connection"] = connection
        config.attributes["target_metadata"] = metadata
        held = _held(connection, found or "")
        logged = connection.execute(text(_LOGGED)).scalar_one() if (found or "") >= _LOGGED_SINCE else 0
        try:
            step(config, revision)
        except CommandError as fault:
            raise ZooProvenanceError(f"{describe(url)}: {fault}") from fault
        _refuse_loss(connection, held, describe(url))
        broken = _left_dangling(connection)
        if broken:
            raise ZooProvenanceError(f"{describe(url)}: {broken[0]}; nothing was migrated.")
        reached = revision_of(connection)
        return logged if reached and reached < _LOGGED_SINCE else 0


def _has_tables(connection: Connection, *, besides: str = "") -> bool:
    return bool(set(inspect(connection).get_table_names()) - {besides})
