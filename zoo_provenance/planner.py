"""What PostgreSQL's planner knows of tables that have grown: it plans by what was counted last."""

from __future__ import annotations

from sqlalchemy import Connection, text

from zoo_provenance.tables import metadata

_GREW = text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    " AND relname = ANY(:tables)"
    " AND pg_relation_size(oid) > 1.1 * greatest(relpages, 0) * current_setting('block_size')::int ORDER BY relname"
)


def count_what_grew(connection: Connection) -> None:
    """Let tables be counted that are more than a tenth larger than when they were counted last.

    The server does so itself some time after the commit; until then it takes a table that was filled for a small one,
    and goes through it again for each row of another. SQLite is told nothing: once it has counted, each step of a recursion
    goes through all of descent to make a filter of it. Who is no owner of a table counts nothing.
    """
    if connection.dialect.name != "postgresql":
        return
    grew = connection.execute(_GREW, {"tables": list(metadata.tables)}).scalars().all()
    if grew:
        connection.exec_driver_sql(f"ANALYZE {', '.join(grew)}")
