"""The triggers that log every change: whether they are there, and how a bulk load spares them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from zoo_provenance.history.tracked import TRACKED

_EVENTS = ("inserted", "updated", "deleted")


def unlogged(connection: Connection) -> list[str]:
    """Return the tables some of whose changes nobody logs: their triggers are gone, elsewhere, or switched off."""
    if connection.dialect.name == "sqlite":
        query = text(
            "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%INSERT INTO change %'"
        )
    else:
        query = text(
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " JOIN pg_proc ON pg_proc.oid = tgfoid WHERE proname = 'log_change' AND tgenabled IN ('O', 'A')"
            " AND relnamespace = current_schema()::regnamespace"
        )
    there = {(table, name) for table, name in connection.execute(query)}
    return [one.name for one in TRACKED if not {(one.name, f"{one.name}_{event}") for event in _EVENTS} <= there]


@contextmanager
def new_rows_unasked(connection: Connection) -> Iterator[None]:
    """Enter rows of new records only, which the log does not copy: SQLite need not ask that of each.

    A table with such a trigger is also filled by way of a second one. PostgreSQL asks at no cost to speak of.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    query = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table AND name = :name")
    found: list[Any] = []
    for tracked in TRACKED:
        if tracked.made:
            found += connection.execute(query, {"table": tracked.name, "name": f"{tracked.name}_inserted"}).all()
    for name, _ in found:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, definition in found:
        connection.exec_driver_sql(definition)
