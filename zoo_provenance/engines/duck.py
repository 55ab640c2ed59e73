"""DuckDB: an export read on one machine, without a server."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import sqlglot  # noqa: F401 - missing, it is told before anything is asked

from zoo_provenance.engines.exports import Manifest
from zoo_provenance.engines.translating import Written, translated
from zoo_provenance.errors import DatabaseUnavailable

_ROWS_AT_ONCE = 10_000
_OF_THE_PROGRAM = (duckdb.ProgrammingError, duckdb.InternalError, duckdb.NotSupportedError)


class Duck:
    """A DuckDB in memory, with a view of each table of an export."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Take the connection, and how the export is called in messages."""
        self._connection, self._name = connection, name

    def ask(self, written: Written) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        """Run a statement; return the names of its columns and its rows."""
        cursor = self._connection.cursor()
        with _one_line(self._name):
            cursor.execute(translated(written.text, "duckdb"), dict(written.parameters))
        return [column[0] for column in cursor.description or ()], self._rows(cursor)

    def _rows(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Any]]:
        while True:
            with _one_line(self._name):
                rows = cursor.fetchmany(_ROWS_AT_ONCE)
            if not rows:
                return
            yield from rows


@contextmanager
def opened(folder: Path, manifest: Manifest) -> Iterator[Duck]:
    """Open an export's tables as views of a DuckDB in memory, which spills to a folder of its own."""
    name = f"parquet:{folder}"
    with tempfile.TemporaryDirectory(prefix="zoo-duckdb-") as spill:
        connection = duckdb.connect(
            ":memory:", config={"temp_directory": spill, "autoinstall_known_extensions": "false"}
        )
        try:
            with _one_line(name):
                for table, parts in manifest.tables.items():
                    files = ", ".join(_quoted(str(folder / part.path)) for part in parts)
                    connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM read_parquet([{files}])')  # noqa: S608 - a view takes no parameters
            yield Duck(connection, name)
        finally:
            connection.close()


def _quoted(path: str) -> str:
    """Return a path as a literal that matches itself alone, for a list of files is one of patterns."""
    return "'" + re.sub(r"[*?\[]", r"[\g<0>]", path).replace("'", "''") + "'"


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Turn a file that cannot be read, or too little memory, into one line."""
    try:
        yield
    except _OF_THE_PROGRAM as fault:
        if not isinstance(fault, duckdb.InvalidInputException):
            raise
        raise DatabaseUnavailable(f"{name} cannot be read: {str(fault).splitlines()[0]}") from fault
    except duckdb.Error as fault:
        raise DatabaseUnavailable(f"{name} cannot be read: {str(fault).splitlines()[0]}") from fault
