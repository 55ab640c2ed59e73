"""An export opened for questions: what looks to them like a connection, whatever engine is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from sqlalchemy import Connection, Executable
from sqlalchemy.engine import IteratorResult, Result
from sqlalchemy.engine.result import SimpleResultMetaData

from zoo_provenance.engines.exports import Manifest, demand_readable, read_manifest
from zoo_provenance.engines.translating import WRITTEN_FOR, Written, write
from zoo_provenance.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import Dialect

DUCKDB, SPARK = "duckdb", "spark"


class Asks(Protocol):
    """An engine that reads an export."""

    def ask(self, written: Written) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        """Run a statement; return the names of its columns and its rows, to be walked through once."""


class ExportConnection:
    """As much of a connection as questions use: it runs SELECTs and gives SQLAlchemy's own results."""

    def __init__(self, engine: Asks) -> None:
        """Take what runs the statements."""
        self._engine = engine

    @property
    def dialect(self) -> Dialect:
        """The dialect statements are first written for."""
        return WRITTEN_FOR

    def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | None = None,
        *,
        execution_options: Mapping[str, Any] | None = None,
    ) -> Result[Any]:
        """Run a statement and return its result."""
        columns, rows = self._engine.ask(write(statement, parameters or {}))
        result: Result[Any] = IteratorResult(SimpleResultMetaData(list(columns)), rows)
        at_once = (execution_options or {}).get("yield_per")
        return result.yield_per(at_once) if at_once else result


@contextmanager
def reading(folder: Path, engine: str = DUCKDB) -> Iterator[Connection]:
    """Open an export for reading by an engine; it must be whole and of the program's own revision.

    Raises MissingDatabase, NotADatabase, DatabaseOutdated, DatabaseNewer or DatabaseUnavailable.
    """
    manifest = read_manifest(folder)
    demand_readable(folder, manifest)
    with _opened(folder, manifest, engine) as asks:
        yield cast(Connection, ExportConnection(asks))


def _opened(folder: Path, manifest: Manifest, engine: str) -> AbstractContextManager[Asks]:
    try:
        if engine == SPARK:
            from zoo_provenance.engines import spark

            return spark.opened(folder, manifest)
        from zoo_provenance.engines import duck

        return duck.opened(folder, manifest)
    except ImportError as fault:
        name = "Spark" if engine == SPARK else "DuckDB"
        raise DatabaseUnavailable(f"{name} needs: pip install 'zoo-provenance[{engine}]'") from fault
