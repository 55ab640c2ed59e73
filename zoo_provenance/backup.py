"""A whole copy of the database, made while others may be writing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from zoo_provenance.database import describe, reading
from zoo_provenance.errors import DatabaseUnavailable, ZooProvenanceError


def back_up(url: URL, target: Path) -> None:
    """Copy the database to a file that does not exist yet; nothing is left there if it fails.

    SQLite is copied by its own online backup; PostgreSQL by `pg_dump` in its custom format, for `pg_restore`.
    """
    if target.exists():
        raise ZooProvenanceError(f"{target} exists already; choose another name.")
    if url.get_backend_name() == "sqlite":
        _refuse_logs(target)
    with reading(url):
        pass
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as fault:
        raise ZooProvenanceError(f"{target} cannot be written: {fault.strerror}") from fault
    os.close(handle)
    partial = Path(name)
    try:
        if url.get_backend_name() == "sqlite":
            _sqlite(url, partial)
        else:
            _postgresql(url, partial)
        _name(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _refuse_logs(target: Path) -> None:
    """Refuse a name beside which another database left its log: SQLite would play that into the copy."""
    for suffix in ("-wal", "-journal"):
        log = target.with_name(target.name + suffix)
        if log.exists():
            raise ZooProvenanceError(f"{log} is there already, of another database; choose another name.")


def _name(partial: Path, target: Path) -> None:
    """Give a copy its name, unless somebody took that meanwhile."""
    try:
        target.hardlink_to(partial)
    except FileExistsError as fault:
        raise ZooProvenanceError(f"{target} exists already; choose another name.") from fault
    except OSError:  # a file system without such links
        partial.replace(target)


def _sqlite(url: URL, target: Path) -> None:
    try:
        with closing(sqlite3.connect(url.database or "")) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    except sqlite3.Error as fault:
        raise DatabaseUnavailable(f"{describe(url)} cannot be copied: {fault}") from fault


def _postgresql(url: URL, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise ZooProvenanceError(
            "PostgreSQL is copied by pg_dump, which is not on the PATH; install its client programs."
        )
    plain = url.set(drivername="postgresql", password=None)
    environment = {**os.environ, **({"PGPASSWORD": url.password} if url.password else {})}
    command = [program, "--format=custom", f"--file={target}", f"--dbname={plain.render_as_string()}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed program, no shell
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"pg_dump ended with {done.returncode}"]
        raise DatabaseUnavailable(f"{describe(url)} cannot be copied: {said[-1]}")
