"""The same question on the same data gives the same answer on SQLite, PostgreSQL, DuckDB and Spark."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from sqlalchemy import URL, Column, Integer, MetaData, Table, create_engine, insert, select

from conftest import ENGINES, Servers, name_of, zoo
from copying import copy_database
from synthetic import World
from zoo_provenance import database
from zoo_provenance.engines.reading import reading
from zoo_provenance.engines.recursion import Row, unrolled, walk
from zoo_provenance.engines.translating import write
from zoo_provenance.questions.arrivals import Filter, arrivals
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.questions.trace import trace
from zoo_provenance.tables import animal, metadata, record

TRANSFERS = 100_000
PACKAGED = (
    ("donors",),
    ("donors", "--by", "giver"),
    ("donors", "--no-findings"),
    ("donors", "--kind", "gift", "--kind", "loan", "--to", "korea-central-zoo"),
    ("donors", "moscow-zoo"),
    ("donors", "seoul-grand-park"),
    ("donors", "vladimir-putin", "--by", "giver"),
    ("arrivals",),
    ("arrivals", "2024-11-moscow-zoo-gift"),
    ("arrivals", "--to", "korea-central-zoo"),
    ("arrivals", "--taxon", "panthera-leo"),
    ("arrivals", "--since", "2000", "--until", "2010", "--undated"),
    ("trace", "2024-11-moscow-zoo-gift/lion"),
    ("conflicts", "--all"),
    ("gaps",),
    ("check",),
    ("evidence", "2024-11-moscow-zoo-gift"),
    ("show", "moscow-zoo"),
    ("find", "동물원"),
    ("find", "a_%' OR 1=1 --"),
    ("list", "animals", "--at", "korea-central-zoo"),
    ("trace", "'; DROP TABLE record; --"),
)
# Spark plans each statement anew, which takes a second where there is nothing to read: a few of each kind.
PACKAGED_ON_SPARK: tuple[tuple[str, ...], ...] = (("donors", "--by", "giver", "--no-findings"), ("trace", "mideum"))
LARGE: tuple[tuple[str, ...], ...] = (
    ("donors", "--no-findings"),
    ("arrivals", "--to", "zoo-3", "--since", "1990", "--until", "2005"),
    ("donors", "zoo-7"),
    ("trace", "animal-40000"),
    ("trace", "animal-12345"),
)
LARGE_ON_SPARK = (LARGE[0], LARGE[1], LARGE[3])


def _answer(db: URL | str, question: Sequence[str], *more: str) -> tuple[int, Any]:
    result = zoo(*question, *more, "-f", "json", db=db)
    return result.exit_code, json.loads(result.stdout) if result.stdout else result.stderr


def _exported(url: URL, folder: Path) -> str:
    assert zoo("export", "parquet", folder, db=url).exit_code == 0
    return f"parquet:{folder}"


def _slugs(url: URL) -> Sequence[str]:
    with database.reading(url) as connection:
        return (
            connection.execute(select(record.c.slug).join(animal, animal.c.id == record.c.id).order_by(record.c.slug))
            .scalars()
            .all()
        )


@pytest.fixture(scope="module", params=ENGINES)
def exported(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> tuple[URL, str]:
    """The packaged data set on each engine, and an export of it."""
    url = servers.shared(request.param)
    return url, _exported(url, tmp_path_factory.mktemp("exports") / "export")


@pytest.mark.parametrize("question", PACKAGED, ids=" ".join)
def test_duckdb_answers_as_the_database_it_was_exported_from(
    exported: tuple[URL, str], question: tuple[str, ...]
) -> None:
    url, export = exported
    assert _answer(export, question) == _answer(url, question)


def test_duckdb_traces_every_animal_and_knows_every_arrival_as_both_databases_do(
    servers: Servers, tmp_path: Path
) -> None:
    small, large = (servers.shared(engine) for engine in ("sqlite", "postgresql"))
    _exported(small, tmp_path / "export")
    animals = _slugs(small)
    assert len(animals) > 40
    with (
        database.reading(small) as one,
        database.reading(large) as other,
        reading(tmp_path / "export", "duckdb") as export,
    ):
        for slug in animals:
            told = trace(export, thing_named(export, slug))
            assert told == trace(one, thing_named(one, slug)) == trace(other, thing_named(other, slug)), slug
        came = arrivals(export, Filter())
        assert len(came) > 20
        assert came == arrivals(one, Filter()) == arrivals(other, Filter())


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """A session for short questions: little is compiled for one use."""
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        # Java code made and compiled for each statement is worth it where millions of rows go through.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
        .getOrCreate()
    )
    yield session
    gateway = session.sparkContext._gateway
    assert gateway is not None
    process = gateway.proc
    session.stop()
    process.stdin.close()
    process.wait(60)


def test_four_engines_give_the_same_answers_about_100_000_transfers(
    servers: Servers, tmp_path: Path, spark: SparkSession
) -> None:
    # One test, so that the world is made and Java is started once, by whichever process runs it.
    made, served = servers.fresh("sqlite"), servers.fresh("postgresql")
    with database.writing(made) as connection:
        World(connection, TRANSFERS).write()
    with database.reading(made) as source, database.engine_of(served).connect() as target:
        copy_database(source, target)
    export, again = _exported(made, tmp_path / "export"), _exported(served, tmp_path / "again")
    assert json.loads((tmp_path / "export" / "zooprov.json").read_text())["tables"]["transfer"]["rows"] == TRANSFERS
    for question in LARGE:
        told = _answer(made, question)
        assert told[0] == 0
        assert told == _answer(served, question), question
        assert told == _answer(export, question), question
        if question in LARGE_ON_SPARK:
            assert told == _answer(again, question, "--engine", "spark"), question
    small = servers.shared("sqlite")
    export = _exported(small, tmp_path / "small")
    for question in PACKAGED_ON_SPARK:
        assert _answer(small, question) == _answer(export, question, "--engine", "spark"), question
    whole = tmp_path / "small" / "transfer" / "part-00000.parquet"
    whole.write_bytes(b"\xff" * whole.stat().st_size)
    result = zoo("arrivals", "--engine", "spark", db=export)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1), result.stderr
    assert "cannot be read" in result.stderr
    for links in ([(1, 2), (2, 3), (3, 1), (3, 4)], [], [(1, 1)]):
        assert _walked_by_spark(spark, links) == _natively(links)


# -- the recursion taken apart ---------------------------------------------------------------------------

_links = Table("links", MetaData(), Column("child_id", Integer), Column("parent_id", Integer))


def _reached() -> Any:
    start = select(_links.c.parent_id.label("id")).where(_links.c.child_id == 1)
    reached = start.cte("reached", recursive=True)
    reached = reached.union(select(_links.c.parent_id).join(reached, reached.c.id == _links.c.child_id))
    further = select(reached.c.id, reached.c.id.label("from_id")).cte("further", recursive=True)
    further = further.union(
        select(_links.c.parent_id, further.c.from_id).join(further, further.c.id == _links.c.child_id)
    )
    return select(further.c.id, further.c.from_id)


def _natively(links: Sequence[tuple[int, int]]) -> set[Row]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        _links.create(connection)
        if links:
            connection.execute(insert(_links), [{"child_id": child, "parent_id": parent} for child, parent in links])
        found = {tuple(row) for row in connection.execute(_reached())}
    engine.dispose()
    return found


def _taken_apart(
    dialect: str, ask: Callable[[str, dict[str, Any]], list[Row]], show: Callable[[str, Sequence[str], list[Row]], None]
) -> set[Row]:
    written = write(_reached(), {})
    given = dict(written.parameters)
    whole = unrolled(written.text, dialect)
    assert "RECURSIVE" not in whole.statement
    assert [one.name for one in whole.recursions] == ["reached_reached", "reached_further"]
    for one in whole.recursions:
        name, columns = one.newest, one.columns
        show(name, columns, [])

        def newest(rows: list[Row], name: str = name, columns: Sequence[str] = columns) -> None:
            show(name, columns, rows)

        rows = walk(one, lambda text: ask(text, given), newest)
        show(one.name, columns, rows)
    return set(ask(whole.statement, given))


def _walked_by_duckdb(links: Sequence[tuple[int, int]]) -> set[Row]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE links (child_id BIGINT, parent_id BIGINT)")
        if links:
            connection.executemany("INSERT INTO links VALUES (?, ?)", links)

        def show(name: str, columns: Sequence[str], rows: list[Row]) -> None:
            listed = ", ".join(f"{column} BIGINT" for column in columns)
            connection.execute(f"CREATE OR REPLACE TABLE {name} ({listed})")
            if rows:
                connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)

        def ask(text: str, parameters: dict[str, Any]) -> list[Row]:
            used = {name: value for name, value in parameters.items() if f"${name}" in text}
            return connection.execute(text, used).fetchall()

        return _taken_apart("duckdb", ask, show)


def _walked_by_spark(session: SparkSession, links: Sequence[tuple[int, int]]) -> set[Row]:
    def show(name: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        listed = ", ".join(f"{column} BIGINT" for column in columns)
        session.createDataFrame(list(rows), listed).createOrReplaceTempView(name)

    def ask(text: str, parameters: dict[str, Any]) -> list[Row]:
        return [tuple(row) for row in session.sql(text, args=parameters).collect()]

    show("links", ("child_id", "parent_id"), links)
    return _taken_apart("spark", ask, show)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), max_size=12))
def test_a_recursion_taken_apart_reaches_what_the_recursion_reaches_also_round_a_circle(
    links: list[tuple[int, int]],
) -> None:
    assert _walked_by_duckdb(links) == _natively(links)


def test_a_recursion_that_need_not_end_is_no_question_of_ours() -> None:
    endless = "WITH RECURSIVE up(id) AS (SELECT 1 UNION ALL SELECT up.id FROM up) SELECT id FROM up"
    with pytest.raises(NotImplementedError, match="need not end"):
        unrolled(endless, "spark")


def test_both_databases_export_the_same_rows(own_packaged: URL, servers: Servers, tmp_path: Path) -> None:
    import pyarrow.parquet

    _exported(servers.shared("sqlite"), tmp_path / "one")
    _exported(own_packaged, tmp_path / "other")
    ours = {path.relative_to(tmp_path / "one"): path for path in (tmp_path / "one").rglob("*.parquet")}
    assert len(ours) == len(metadata.tables)
    for name, path in ours.items():
        if name.parts[0] != "batch":
            # A batch has its time.
            assert pyarrow.parquet.read_table(path).equals(pyarrow.parquet.read_table(tmp_path / "other" / name)), (
                name,
                name_of(own_packaged),
            )
