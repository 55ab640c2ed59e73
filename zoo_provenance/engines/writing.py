"""Writing an export: all tables as Parquet, a few rows in memory at a time, the old one kept until the new is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, Float, Integer, String, Table, func, select

from zoo_provenance.database import REVISIONS
from zoo_provenance.engines.exports import LastBatch, Manifest, Part, is_export, write_manifest
from zoo_provenance.engines.swapping import put_in_place
from zoo_provenance.errors import DatabaseUnavailable, ZooProvenanceError
from zoo_provenance.tables import batch, metadata

ROWS_PER_FILE = 1_000_000
ROWS_PER_GROUP = 125_000
"""Rows of one Parquet row group: what is in memory at a time, and what an engine reads side by side."""
_ROWS_AT_ONCE = 5_000

MISSING = "Parquet needs: pip install 'zoo-provenance[parquet]'"


def rows_in_all(connection: Connection) -> int:
    """Return how many rows an export will hold: one count of each table."""
    return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _tables())


def export_parquet(connection: Connection, folder: Path, progress: Callable[[int], None] = lambda _: None) -> Manifest:
    """Write all tables below a folder that is new, empty or an earlier export, and return what it holds.

    Everything is of one moment. `progress` is told of rows as they are written. Raises ZooProvenanceError; the
    folder is then as it was.
    """
    _demand_arrow()
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - a link stays a name; resolving would replace its target
    _demand_free(folder)
    try:
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as fault:
        raise ZooProvenanceError(f"{folder} cannot be written: {fault.strerror}.") from fault
    try:
        made.chmod(0o777 & ~_umask())
        manifest = _write(connection, made, progress)
        put_in_place(made, folder)
    except OSError as fault:
        raise ZooProvenanceError(f"{folder} cannot be written: {_reason(fault)}.") from fault
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return manifest


def _demand_arrow() -> None:
    try:
        import pyarrow.parquet  # noqa: F401 - whether it is there
    except ImportError as fault:
        raise DatabaseUnavailable(MISSING) from fault


def _demand_free(folder: Path) -> None:
    """Raise unless a folder may be written over: it is not there, empty, or an export."""
    try:
        taken = folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir())))
    except OSError as fault:
        raise ZooProvenanceError(f"{folder} cannot be written: {fault.strerror}.") from fault
    if taken and (folder.is_symlink() or not is_export(folder)):
        raise ZooProvenanceError(f"{folder} is there already and is no export; choose a new or an empty folder.")


def _umask() -> int:
    # It can only be read by setting it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _reason(fault: OSError) -> str:
    return fault.strerror or str(fault).splitlines()[0]


def _write(connection: Connection, folder: Path, progress: Callable[[int], None]) -> Manifest:
    last = connection.execute(select(batch.c.id, batch.c.digest).order_by(batch.c.id.desc()).limit(1)).first()
    tables = {table.name: tuple(_write_table(connection, table, folder, progress)) for table in _tables()}
    manifest = Manifest(REVISIONS[-1], LastBatch(last.id, last.digest) if last else None, tables)
    write_manifest(folder, manifest)
    return manifest


def _tables() -> Sequence[Table]:
    return metadata.sorted_tables


def _write_table(connection: Connection, table: Table, folder: Path, progress: Callable[[int], None]) -> Iterator[Part]:
    """Write a table's files in order of its key, at least one, and yield each when it is closed."""
    import pyarrow.parquet

    (folder / table.name).mkdir()
    schema = arrow_schema(table)
    groups = _groups(connection, table, schema, progress)
    group = next(groups)
    number = 0
    while group is not None:
        path = f"{table.name}/part-{number:05}.parquet"
        rows = 0
        with pyarrow.parquet.ParquetWriter(folder / path, schema, compression="zstd") as writer:
            while group is not None and rows < ROWS_PER_FILE:
                writer.write_table(group)
                rows += group.num_rows
                group = next(groups, None)
        yield Part(path, rows, (folder / path).stat().st_size)
        number += 1


def _groups(connection: Connection, table: Table, schema: Any, progress: Callable[[int], None]) -> Iterator[Any]:
    """Yield a table's rows as Arrow tables of one row group; an empty table as one without rows."""
    import pyarrow as pa

    names = [column.name for column in table.columns]
    statement = select(*table.columns).order_by(*table.primary_key.columns)
    found = connection.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
    waiting: list[Any] = []
    number = 0
    written = False
    for rows in found.partitions():
        columns = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
        waiting.append(pa.record_batch(columns, names=names))
        number += len(rows)
        progress(len(rows))
        if number >= ROWS_PER_GROUP:
            yield pa.Table.from_batches(waiting, schema)
            waiting, number, written = [], 0, True
    if waiting or not written:
        yield pa.Table.from_batches(waiting, schema)


def arrow_schema(table: Table) -> Any:
    """Return a table's columns as Arrow has them: every whole number of 64 bits, on every engine."""
    import pyarrow as pa

    types = ((Boolean, pa.bool_()), (BigInteger, pa.int64()), (Integer, pa.int64()), (Float, pa.float64()))
    fields = []
    for column in table.columns:
        kind = next((arrow for ours, arrow in types if isinstance(column.type, ours)), None)
        if kind is None and not isinstance(column.type, String):
            raise TypeError(f"{table.name}.{column.name}: no Parquet type for {column.type}")
        fields.append(pa.field(column.name, kind or pa.string()))
    return pa.schema(fields)
