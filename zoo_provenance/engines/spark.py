"""Apache Spark: an export read on many machines, or on one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlglot  # noqa: F401 - missing, it is told before Spark is started
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from zoo_provenance.engines.exports import Manifest
from zoo_provenance.engines.recursion import Recursion, unrolled, walk
from zoo_provenance.engines.translating import Written
from zoo_provenance.engines.writing import arrow_schema
from zoo_provenance.errors import DatabaseUnavailable
from zoo_provenance.tables import metadata

_PLACEHOLDER = re.compile(r"(?<![:\w]):(\w+)")
_PARTITIONS = "spark.sql.shuffle.partitions"
_DEFAULT_PARTITIONS = "200"
JAVA = "Spark needs Java 17 or later: install it, and let JAVA_HOME or the PATH lead to it."


class Spark:
    """A Spark session, with a view of each table of an export."""

    def __init__(self, session: SparkSession, name: str) -> None:
        """Take the session, and how the export is called in messages."""
        self._session, self._name = session, name
        self._reached: dict[Any, DataFrame] = {}

    def ask(self, written: Written) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        """Run a statement; return the names of its columns and its rows."""
        whole = unrolled(written.text, "spark")
        with _one_line(self._name):
            before: tuple[Any, ...] = ()
            for recursion in whole.recursions:
                before = (*before, _said(recursion.start, written), _said(recursion.step, written))
                if before not in self._reached:
                    self._reached[before] = self._walked(recursion, written.parameters)
                self._reached[before].createOrReplaceTempView(recursion.name)
            found = self._run(whole.statement, written.parameters)
            columns = found.columns
            table = found.toArrow()
        return columns, _rows(table)

    def _walked(self, recursion: Recursion, parameters: Mapping[str, Any]) -> DataFrame:
        """Return what a recursion reaches. Its rows pass through the driver, which tells the new ones."""
        schemas: list[Any] = []

        def ask(statement: str) -> Iterator[tuple[Any, ...]]:
            table = self._run(statement, parameters).toDF(*recursion.columns).toArrow()
            schemas.append(table.schema)
            return _rows(table)

        def show(rows: Sequence[tuple[Any, ...]]) -> None:
            self._frame(rows, schemas[0]).createOrReplaceTempView(recursion.newest)

        reached = walk(recursion, ask, show)
        return self._frame(reached, schemas[0])

    def _frame(self, rows: Sequence[tuple[Any, ...]], schema: Any) -> DataFrame:
        import pyarrow as pa

        columns = zip(*rows, strict=True) if rows else [()] * len(schema)
        arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
        return self._session.createDataFrame(pa.Table.from_arrays(arrays, schema=schema))

    def _run(self, statement: str, parameters: Mapping[str, Any]) -> DataFrame:
        named = set(_PLACEHOLDER.findall(statement))
        return self._session.sql(statement, args={name: parameters[name] for name in named if name in parameters})


def _rows(table: Any) -> Iterator[tuple[Any, ...]]:
    """Yield a table's rows, one batch of it as Python values at a time."""
    for batch in table.to_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _said(statement: str, written: Written) -> Any:
    """Return a statement with its values in the order of their places: the same for the same, however named."""
    named: list[str] = []

    def numbered(found: re.Match[str]) -> str:
        named.append(found[1])
        return ":"

    text = _PLACEHOLDER.sub(numbered, statement)
    return text, tuple(written.parameters.get(name) for name in named)


@contextmanager
def opened(folder: Path, manifest: Manifest) -> Iterator[Spark]:
    """Open an export's tables as views of a Spark session, started here unless there is one."""
    name = f"parquet:{folder}"
    running = SparkSession.getActiveSession()
    session = (running or _started()).newSession()
    try:
        _suit(session)
        with _one_line(name):
            for table, parts in manifest.tables.items():
                files = [_pattern(str(folder / part.path)) for part in parts]
                frame = session.read.schema(_schema(table)).parquet(*files)
                frame.createOrReplaceTempView(table)
        yield Spark(session, name)
    finally:
        if running is None:
            session.stop()


def _started() -> SparkSession:
    """Return a session of the master that Spark's own configuration names, or of this machine, without talk."""
    if shutil.which("java", path=_java_path()) is None:
        raise DatabaseUnavailable(JAVA)
    with _apart():
        try:
            return (
                SparkSession.builder.appName("zoo-provenance")
                .config("spark.ui.enabled", "false")
                .config("spark.ui.showConsoleProgress", "false")
                .config("spark.log.level", "ERROR")
                .getOrCreate()
            )
        except (PySparkException, OSError) as fault:
            raise DatabaseUnavailable(f"Spark cannot be started: {_first_line(fault)} {JAVA}") from fault


def _java_path() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin") if home else None


def _suit(session: SparkSession) -> None:
    """On one machine, divide the work by its processors, unless the user's settings say otherwise."""
    context = session.sparkContext
    if str(context.master).startswith("local") and session.conf.get(_PARTITIONS) == _DEFAULT_PARTITIONS:
        session.conf.set(_PARTITIONS, str(2 * context.defaultParallelism))


@contextmanager
def _apart() -> Iterator[None]:
    """Keep from the terminal what Java says on stderr, for as long as it runs."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as elsewhere:
        os.dup2(elsewhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _schema(table: str) -> str:
    """Return a table's columns and types as Spark is told them."""
    words = {"int64": "BIGINT", "string": "STRING", "bool": "BOOLEAN", "double": "DOUBLE"}
    return ", ".join(f"`{field.name}` {words[str(field.type)]}" for field in arrow_schema(metadata.tables[table]))


def _pattern(path: str) -> str:
    """Return a path as a pattern that matches itself alone."""
    return re.sub(r"[*?\[\]{}\\]", r"\\\g<0>", path)


@contextmanager
def _one_line(name: str) -> Iterator[None]:
    """Turn a file that cannot be read, or a cluster that fails, into one line."""
    try:
        yield
    except PySparkException as fault:
        if type(fault).__name__ in {"ParseException", "AnalysisException"} and "PATH_NOT_FOUND" not in str(fault):
            raise
        raise DatabaseUnavailable(f"{name} cannot be read: {_first_line(fault)}") from fault
    except Py4JJavaError as fault:
        causes = re.findall(r"\[(?:FAILED_READ_FILE|CANNOT_READ)[^\n]*|Job aborted[^\n]*", str(fault))
        if not causes:
            raise
        raise DatabaseUnavailable(f"{name} cannot be read: {causes[0]}") from fault


def _first_line(fault: BaseException) -> str:
    return next(iter(str(fault).strip().splitlines()), type(fault).__name__)
