"""A copy of a whole SQLite database in PostgreSQL, by COPY: a world once made need not be made again."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, text

from zoo_provenance.tables import batch, metadata

_ROWS_AT_ONCE = 20_000


def copy_database(source: Connection, target: Connection) -> None:
    """Copy all tables into a migrated, empty PostgreSQL; foreign keys are put up again, and so checked, after."""
    driver = target.connection.driver_connection
    assert driver is not None  # noqa: S101 - a connection that is open has one
    keys = target.execute(
        text(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    for table, name, _ in keys:
        target.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))
    # Batches last: while there is none, nothing that is copied is logged as a change.
    for one in sorted(metadata.sorted_tables, key=lambda table: table is batch):
        names = ", ".join(f'"{column.name}"' for column in one.columns)
        rows = source.execute(select(*one.columns), execution_options={"yield_per": _ROWS_AT_ONCE})
        with driver.cursor() as cursor, cursor.copy(f'COPY "{one.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        _set_sequence(target, one.name)
    for table, name, definition in keys:
        target.execute(text(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'))
    target.commit()
    target.execute(text("ANALYZE"))
    target.commit()


def _set_sequence(target: Connection, table: str) -> None:
    """Let ids go on after the last."""
    columns = metadata.tables[table].columns
    if "id" in columns:
        sequence = target.execute(select(func.pg_get_serial_sequence(table, "id"))).scalar()
        if sequence is not None:
            last = target.execute(select(func.max(columns["id"]))).scalar()
            if last is not None:
                target.execute(select(func.setval(sequence, last)))
