"""Faults of what a database stands in, in one line of our own: a full disk, a damaged file, a server that is down."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

BUSY_SECONDS = 30
"""How long a writer waits for another."""

DAMAGED = "{name} is damaged ({reason}). Restore it from a backup."


def explain(fault: Exception, url: URL, name: str) -> str | None:
    """Return one line for a fault of the surroundings of a database called so, or None for a fault of the program.

    The fault is the driver's own, or what SQLAlchemy made of it.
    """
    driven = fault.orig if isinstance(fault, DBAPIError) else fault
    if not isinstance(fault, (DBAPIError, url.get_dialect().import_dbapi().Error)):
        return None
    reason = next(iter(str(driven if driven is not None else fault).strip().splitlines()), "") or type(driven).__name__
    if url.get_backend_name() == "sqlite":
        return _explain_sqlite(reason, name)
    return _explain_server(driven, reason, name)


def _explain_sqlite(reason: str, name: str) -> str | None:
    damaged = DAMAGED.format(name=name, reason=reason)
    known = {
        "not a database": f"{name} is not a database.",
        "malformed": damaged,
        "Could not decode": DAMAGED.format(name=name, reason="a text in it is no text"),
        "readonly": f"{name} cannot be written: it, its folder or its file system is read-only.",
        "unable to open": f"{name} cannot be opened: check that the folder exists and may be written.",
        "locked": f"{name} is being written by another program; it did not finish in {BUSY_SECONDS} seconds.",
        "full": f"{name} cannot be written: the disk is full, its own or that of temporary files.",
        "disk I/O": f"{name} cannot be read or written: the disk reports an error.",
        "no such module": f"{name} has an index of names that needs an SQLite with FTS5, which this Python's is not.",
        "no such table": f"{name} lacks a table it should have; it is damaged or not ours.",
    }
    return next((message for sign, message in known.items() if sign in reason), None)


def _explain_server(driven: Any, reason: str, name: str) -> str | None:
    state = getattr(driven, "sqlstate", None)
    if state == "42501":
        rights = "Reading needs SELECT on every table, loading also INSERT, UPDATE, DELETE and TEMPORARY"
        return f"{name}: {reason}. {rights}."
    if state == "25006":
        return f"{name} cannot be written: {reason}."
    if state in {"XX001", "XX002"}:
        return DAMAGED.format(name=name, reason=reason)
    of_the_surroundings = {"OperationalError", "InterfaceError"} & {one.__name__ for one in type(driven).__mro__}
    return f"{name}: {reason}" if of_the_surroundings or "invalid connection option" in reason else None
