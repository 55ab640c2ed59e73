"""Bring a database to a revision, and see whether it has drifted from the declared tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, text

from zoo_provenance import locations
from zoo_provenance.database import PAGE_SIZE, describe, engine_of, exists, revision_of
from zoo_provenance.errors import DatabaseUnavailable, NotADatabase, ZooProvenanceError
from zoo_provenance.tables import metadata


def upgrade(url: URL, revision: str = "head") -> None:
    """Bring a database up to a revision, making it first where there is none. All or nothing."""
    if url.get_backend_name() == "sqlite" and not exists(url):
        _create(Path(url.database or ""))
    _migrate(url, command.upgrade, revision)


def downgrade(url: URL, revision: str) -> None:
    """Take a database down to a revision; `base` removes every table and all data. All or nothing."""
    _migrate(url, command.downgrade, revision)


def drift(connection: Connection) -> list[str]:
    """Return what the database's tables, columns, keys and indexes have other than the declared ones."""
    context = MigrationContext.configure(
        connection, opts={"target_metadata": metadata, "compare_type": True, "compare_server_default": True}
    )
    return [str(difference) for difference in compare_metadata(context, metadata)]


def dangling(connection: Connection) -> list[str]:
    """Return SQLite's list of references that lead nowhere; PostgreSQL cannot have any."""
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


def _migrate(url: URL, step: Any, revision: str) -> None:
    """Run Alembic on an engine of its own: foreign keys off, one real transaction, references checked at its end.

    With foreign keys on, rebuilding a table on SQLite would delete or empty the rows that refer to it.
    """
    engine = engine_of(url, foreign_keys=False)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x5A00})
        if revision_of(connection) is None and _foreign_tables(connection):
            raise NotADatabase(f"{describe(url)} holds tables, but none of zoo-provenance.")
        config = Config()
        config.set_main_option("script_location", str(locations.migrations()).replace("%", "%%"))
        config.attributes["connection"] = connection
        config.attributes["target_metadata"] = metadata
        try:
            step(config, revision)
        except CommandError as fault:
            raise ZooProvenanceError(f"{describe(url)}: {fault}") from fault
        broken = dangling(connection)
        if broken:
            raise ZooProvenanceError(f"{describe(url)}: {broken[0]}; nothing was migrated.")


def _foreign_tables(connection: Connection) -> bool:
    from sqlalchemy import inspect

    return bool(inspect(connection).get_table_names())
