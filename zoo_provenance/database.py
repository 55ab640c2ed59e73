"""The database: where it is, how it is opened, and the one writer's lock."""

from __future__ import annotations

import logging
import os
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from zoo_provenance.errors import (
    DatabaseNewer,
    DatabaseOutdated,
    DatabaseUnavailable,
    MissingDatabase,
    NotADatabase,
    ZooProvenanceError,
)
from zoo_provenance.faults import BUSY_SECONDS, DAMAGED, explain

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""The schema's revisions, oldest first; reading commands compare with the last and never import Alembic."""

PAGE_SIZE = 16384
WRITERS_LOCK = 0x5A00  # any number will do, as long as every writer takes the same

# Who interrupts while a connection closes is answered by us; where nobody asked for its log the pool would print a traceback.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())


def locate(option: str | None) -> URL:
    """Return the database's URL: the option, else ZOOPROV_DB, else the nearest zooprov.toml, else the user's own.

    A text without `://` is a path of a SQLite file; `parquet:DIR` is an export, which is only read. Raises ZooProvenanceError for what is neither.
    """
    chosen = option or os.environ.get("ZOOPROV_DB")
    if chosen:
        return _url(chosen, Path.cwd())
    for folder in (Path.cwd(), *Path.cwd().parents):
        settings = folder / "zooprov.toml"
        if settings.is_file():
            return _from_settings(settings)
    from platformdirs import user_data_path

    return _url(str(user_data_path("zoo-provenance") / "zoo-provenance.db"), Path.cwd())


def _from_settings(settings: Path) -> URL:
    try:
        found = tomllib.loads(settings.read_text(encoding="utf-8")).get("db")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ZooProvenanceError(f"{settings}: cannot be read as TOML: {fault}") from fault
    if not isinstance(found, str) or not found:
        raise ZooProvenanceError(f'{settings}: names no database; write db = "zoo.db"')
    return _url(found, settings.parent)


def _url(chosen: str, folder: Path) -> URL:
    if "\0" in chosen:
        raise ZooProvenanceError("The database is neither a path nor a URL: it holds a null character.")
    if chosen.startswith("parquet:"):
        name = chosen.removeprefix("parquet:")
        if not name:
            raise ZooProvenanceError("parquet: needs the folder of an export, as in parquet:DIR.")
        return URL.create("parquet", database=str(folder / Path(name).expanduser()))
    if "://" not in chosen:
        return URL.create("sqlite", database=str(folder / Path(chosen).expanduser()))
    try:
        url = make_url(chosen)
    except (ArgumentError, ValueError) as fault:
        raise ZooProvenanceError("The database is neither a path nor a URL such as postgresql://host/name.") from fault
    if url.get_backend_name() == "postgresql":
        if any("\ud800" <= character <= "\udfff" for character in chosen):
            raise ZooProvenanceError("The address of the database holds bytes that are no text.")
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise ZooProvenanceError(
            f"{url.render_as_string()} cannot be used; the database is a SQLite file or postgresql://…"
        )
    return URL.create("sqlite", database=str(folder / url.database))


def describe(url: URL) -> str:
    """Return how a database is called in messages: its path, or its URL without the password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    if url.get_backend_name() == "parquet":
        return f"parquet:{url.database}"
    return url.set(drivername=url.get_backend_name()).render_as_string()


def exists(url: URL) -> bool:
    """Whether there is anything to open; a server counts as there until it refuses."""
    if url.get_backend_name() != "sqlite":
        return True
    path = Path(url.database or "")
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def refuse_folder(url: URL) -> None:
    """Raise DatabaseUnavailable where the path of a SQLite file is a folder, a pipe or a device, or out of reach."""
    if url.get_backend_name() != "sqlite":
        return
    path = Path(url.database or "")
    try:
        is_folder, is_other = path.is_dir(), path.exists() and not path.is_file()
    except OSError as fault:
        raise DatabaseUnavailable(f"{describe(url)} cannot be opened: {fault.strerror or fault}.") from fault
    if is_folder:
        raise DatabaseUnavailable(f"{describe(url)} is a folder; name a file in it.")
    if is_other:
        raise DatabaseUnavailable(f"{describe(url)} is no file; name one, or the path of a new one.")


def refuse_export(url: URL) -> None:
    """Raise DatabaseUnavailable for an export, which answers questions and takes nothing."""
    if url.get_backend_name() == "parquet":
        raise DatabaseUnavailable(
            f"{describe(url)} is an export, which is only read; name the database it is made from."
        )


def engine_of(url: URL, *, foreign_keys: bool = True, read_only: bool = False, shadowing: bool = False) -> Engine:
    """Return an engine whose transactions begin for real, so that a failing one leaves nothing behind.

    A writing engine takes SQLite's lock at the start of each transaction; a read-only one may make temporary tables if
    it is for shadowing the real ones. Raises DatabaseUnavailable where the
    driver is missing, and for an export, which `engines` read.
    """
    refuse_export(url)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, foreign_keys=foreign_keys and not shadowing, read_only=read_only, shadowing=shadowing)
    try:
        # A reader's statements all see one moment, as SQLite's do anyhow: no batch is ever seen half.
        isolation = "REPEATABLE READ" if read_only else "READ COMMITTED"
        engine = create_engine(url, poolclass=NullPool, isolation_level=isolation)
    except ModuleNotFoundError as fault:
        raise DatabaseUnavailable("PostgreSQL needs its driver: pip install 'zoo-provenance[postgres]'") from fault
    except NoSuchModuleError as fault:
        raise DatabaseUnavailable(f"{describe(url)}: no such driver") from fault

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            # All rows of a cursor are read. Planned for a first tenth, contested fields were joined by nested loops.
            cursor.execute("SET cursor_tuple_fraction = 1")
        connection.commit()

    return engine


def _sqlite(url: URL, *, foreign_keys: bool, read_only: bool, shadowing: bool) -> Engine:
    path = quote(os.fsencode(Path(url.database or "").absolute()))
    immutable = read_only and not _writable(Path(url.database or ""))

    def connect() -> sqlite3.Connection:
        mode = "?mode=ro&immutable=1" if immutable else "?mode=rw" if read_only else "?mode=rwc"
        return sqlite3.connect(f"file:{path}{mode}", uri=True, timeout=BUSY_SECONDS, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 would begin no transaction before DDL
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.execute(f"PRAGMA cache_size = -{65536 if read_only else 262144}")
        if read_only and not shadowing:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _writable(path: Path) -> bool:
    """Whether SQLite can keep its side files beside a database in WAL mode while reading it."""
    # Not who started the program is asked, but whose rights it has.
    effective = os.access in os.supports_effective_ids
    allowed = all(os.access(one, os.W_OK, effective_ids=effective) for one in (path, path.parent))
    return allowed and not _read_only_file_system(path.parent)


def _read_only_file_system(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except (AttributeError, OSError):
        return False


@contextmanager
def reading(url: URL, *, shadowing: bool = False) -> Iterator[Connection]:
    """Open the database for reading; it must exist and be at the program's own revision.

    All that is asked sees one moment of it. With `shadowing`, temporary tables may be made that stand before the real ones. Raises MissingDatabase, NotADatabase, DatabaseOutdated, DatabaseNewer or DatabaseUnavailable.
    """
    refuse_folder(url)
    if not exists(url):
        raise MissingDatabase(
            f"There is no database at {describe(url)}. Make one with: zoo-provenance --db {describe(url)} load"
        )
    with translated(url), engine_of(url, read_only=True, shadowing=shadowing).connect() as connection:
        demand_head(connection, url)
        yield connection


@contextmanager
def writing(url: URL) -> Iterator[Connection]:
    """Open the database for one write: everything or nothing, one writer at a time, readers never wait.

    Raises what `reading` raises, but for a missing database: make that first.
    """
    with translated(url):
        engine = engine_of(url)
        with engine.connect() as connection:
            demand_head(connection, url)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS_LOCK})
            yield connection
            if engine.dialect.name == "postgresql":
                from zoo_provenance.planner import count_what_grew

                count_what_grew(connection)
        if engine.dialect.name == "sqlite":
            # A copied file is whole only when nothing is left in the log. What was written is safe there too.
            with suppress(sqlite3.Error, DBAPIError), engine.connect() as connection:
                cursor = connection.connection.cursor()
                cursor.execute("PRAGMA busy_timeout = 1000")  # a reader that stays is no reason to wait for it
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def revision_of(connection: Connection) -> str | None:
    """Return the schema's revision, or None where there is no schema of ours yet; '' where it was taken down."""
    if connection.dialect.name == "sqlite":
        there = text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    else:
        there = text("SELECT 1 WHERE to_regclass('alembic_version') IS NOT NULL")
    if connection.execute(there).first() is None:
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().first()
    return str(found) if found is not None else ""


def demand_head(connection: Connection, url: URL) -> None:
    """Raise unless the database is at the program's own revision."""
    revision = revision_of(connection)
    if revision == REVISIONS[-1]:
        return
    name = describe(url)
    if revision is None:
        if _is_barred(connection):
            raise DatabaseUnavailable(f"{name}: this role may not use any schema of it. Grant it USAGE on the schema.")
        if inspect(connection).get_table_names():
            raise NotADatabase(f"{name} holds tables, but none of zoo-provenance.")
        raise MissingDatabase(f"{name} is empty. Fill it with: zoo-provenance --db {name} load")
    if revision in {"", *REVISIONS}:
        raise DatabaseOutdated(f"{name} has an older schema. Bring it up with: zoo-provenance --db {name} db upgrade")
    raise DatabaseNewer(f"{name} was written by a newer zoo-provenance (schema {revision}). Upgrade the program.")


def _is_barred(connection: Connection) -> bool:
    """Whether a role may use none of the schemas on its path: it sees none of the tables there are."""
    return connection.dialect.name == "postgresql" and not connection.execute(select(func.current_schema())).scalar()


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn what a user can cause (a wrong file, a full disk, a server that is down) into one line."""
    try:
        yield
    except (ZooProvenanceError, OSError):
        raise
    except Exception as fault:
        message = explain(fault, url, describe(url))
        if message is None and isinstance(fault, _OF_ADAMAGED_FILE) and _is_damaged(url):
            message = DAMAGED.format(name=describe(url), reason="its integrity check fails")
        if message is None:
            raise
        if "is not a database" in message:
            raise NotADatabase(message) from fault
        raise DatabaseUnavailable(message) from fault


_OF_ADAMAGED_FILE = (DBAPIError, sqlite3.Error, ValueError, LookupError, TypeError, AttributeError)
"""What reading a damaged file can end in: words in columns that no program wrote there."""


def _is_damaged(url: URL) -> bool:
    """Whether a SQLite file fails its own check."""
    if url.get_backend_name() != "sqlite":
        return False
    try:
        with engine_of(url, read_only=True).connect() as connection:
            return connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar() != "ok"
    except (DBAPIError, ValueError):  # also where what is wrong is told in bytes that are no text
        return True
