"""Secondary indexes, that of names, and foreign keys, set aside while an empty database is filled, and made again as they were."""

from __future__ import annotations

from sqlalchemy import Connection, text

from zoo_provenance import search_index

_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE INDEX%' ORDER BY name",
    "postgresql": (
        "SELECT i.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x"
        " JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid"
        " WHERE t.relnamespace = current_schema()::regnamespace AND i.relnamespace = t.relnamespace"
        " AND NOT x.indisunique ORDER BY i.relname"
    ),
}
_FOREIGN_KEYS = (
    "SELECT t.relname, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
    " WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace ORDER BY t.relname, c.conname"
)
_OWNED = (
    "SELECT bool_and(pg_has_role(t.relowner, 'USAGE')) FROM pg_class t"
    " WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace"
)


def set_aside(connection: Connection) -> list[str]:
    """Drop secondary indexes, and on PostgreSQL foreign keys; return the statements that make them again.

    Unique ones stay: they find what is said twice. Only an owner may: for anybody else nothing is dropped. The caller's
    transaction makes it all or nothing. SQLite keeps its foreign keys: it checks them row by row at little cost, and
    cannot take one away.
    """
    search_index.suspend(connection)
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql and not connection.execute(text(_OWNED)).scalar():
        return []
    again = []
    quoted = connection.dialect.identifier_preparer.quote
    if is_postgresql:
        for table, name, definition in connection.execute(text(_FOREIGN_KEYS)).all():
            again.append(f"ALTER TABLE {quoted(table)} ADD CONSTRAINT {quoted(name)} {definition}")
            connection.exec_driver_sql(f"ALTER TABLE {quoted(table)} DROP CONSTRAINT {quoted(name)}")
    for name, definition in connection.execute(text(_INDEXES[connection.dialect.name])).all():
        again.insert(0, definition)
        connection.exec_driver_sql(f"DROP INDEX {quoted(name)}")
    return again


def make_again(connection: Connection, statements: list[str]) -> None:
    """Make what was set aside: indexes first, then the keys that are checked with them."""
    for statement in statements:
        connection.exec_driver_sql(
            statement.replace("%", "%%") if connection.dialect.name == "postgresql" else statement
        )
    if statements:
        search_index.rebuild(connection)
