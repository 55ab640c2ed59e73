"""What things cost as a collection grows: a question about one thing no more, what goes through all in proportion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.engine import Engine

from conftest import Servers, load, zoo
from zoo_provenance import database, direct
from zoo_provenance.questions.arrivals import Filter
from zoo_provenance.questions.donors import given_by, ranking

_SMALL, _LARGE = 400, 4_000
_EVERY = 20


def _write(folder: Path, animals: int, *, sexes: str = "female", sourced: str = "") -> Path:
    """Write tables of families of twenty, each given by a zoo of its own in four transfers of five.

    `sourced`: a name for the data set, each of whose rows then names a source.
    """
    folder.mkdir(exist_ok=True)
    families = range(animals // 20)
    tables = {
        "dataset.yaml": ["name: zoos", "unsourced: true"],
        "taxa.csv": ["slug,rank", *(f"taxon-{n},species" for n in families)],
        "institutions.csv": ["slug,kind", *(f"zoo-{n},zoo" for n in families)],
        "animals.csv": [
            "slug,name,taxon,sex,born",
            *(f"animal-{n},Animal {n},taxon-{n // 20},{sexes if n % 2 else 'male'},2001" for n in range(animals)),
        ],
        "transfers.csv": [
            "slug,kind,from,to,date",
            *(f"gift-{n},gift,zoo-{n // 4},zoo-{(n // 4 + 1) % len(families)},2010-05" for n in range(animals // 5)),
        ],
        "lines.csv": [
            "transfer,key,taxon,count,animals",
            *(f"gift-{n // 5},line-{n % 5},taxon-{n // 20},1,animal-{n}" for n in range(animals)),
        ],
        "descent.csv": [
            "child,parent,role",
            *(f"animal-{n},animal-{n - 2},{'dam' if n % 2 else 'sire'}" for n in range(animals) if n % 20 > 1),
        ],
    }
    if sourced:
        tables["dataset.yaml"] = [f"name: {sourced}"]
        tables["sources.csv"] = ["slug,kind", *(f"paper-{n},news" for n in families)]
        for name in ("taxa.csv", "institutions.csv", "animals.csv", "transfers.csv", "lines.csv"):
            header, *rows = tables[name]
            tables[name] = [f"{header},sources", *(f"{row},paper-{n % len(families)}" for n, row in enumerate(rows))]
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


@contextmanager
def _steps() -> Iterator[list[int]]:
    """Count the steps of SQLite's machine, by twenty, on every connection that is opened meanwhile."""
    counted = [0]

    def count() -> None:
        counted[0] += _EVERY

    def listen(opened: Any, _record: Any) -> None:
        opened.set_progress_handler(count, _EVERY)

    event.listen(Engine, "connect", listen)
    try:
        yield counted
    finally:
        event.remove(Engine, "connect", listen)


@pytest.fixture(scope="module")
def grown(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[URL]]:
    """Two databases, the second ten times as large as the first."""
    urls = [servers.fresh("sqlite", lasting=True) for _ in (_SMALL, _LARGE)]
    for url, animals in zip(urls, (_SMALL, _LARGE), strict=True):
        assert load(url, _write(tmp_path_factory.mktemp("zoos") / "tables", animals)).problems == ()
    yield urls
    servers.remove(urls)


@pytest.mark.parametrize(
    "question",
    [
        ("trace", "animal-219"),
        ("trace", "Animal 219"),
        ("trace", "animal-219", "--as-of", "1"),
        ("arrivals", "gift-43"),
        ("arrivals", "--from", "zoo-10"),
        ("arrivals", "--to", "zoo-11"),
        ("donors", "zoo-10", "--no-findings"),
        ("show", "animal-219"),
        ("show", "gift-43"),
        ("show", "zoo-10"),
        ("show", "taxon-10"),
        ("evidence", "animal-219"),
        ("evidence", "gift-43"),
        ("conflicts", "animal-219"),
        ("conflicts", "gift-43"),
        ("gaps", "animal-219"),
        ("gaps", "gift-43"),
        ("history", "animal-219"),
        ("history", "gift-43"),
        ("find", "Animal 219"),
    ],
    ids=" ".join,
)
def test_a_question_about_one_thing_does_not_go_through_all(grown: list[URL], question: tuple[str, ...]) -> None:
    taken = []
    for url in grown:
        with _steps() as counted:
            result = zoo(*question, db=url)
        assert result.exit_code in {0, 3}, result.stderr
        taken.append(counted[0])
    assert taken[1] < 1.5 * taken[0] + 500, taken


def test_taking_a_load_back_costs_with_what_it_changed(servers: Servers, tmp_path: Path) -> None:
    taken = []
    for animals in (_SMALL, 2 * _SMALL):
        url = servers.fresh("sqlite")
        assert load(url, _write(tmp_path / "tables", animals)).problems == ()
        assert load(url, _write(tmp_path / "tables", animals, sexes="male")).updated == {"animal": animals // 2}
        with _steps() as counted:
            assert zoo("undo", "2", "--because", "the wrong file", db=url).exit_code == 0
        taken.append(counted[0])
    assert taken[1] < 3 * taken[0], taken


AGAIN = {
    "as it is": {},
    "half of it changed": {"sexes": "male"},
    "said by another data set": {"sourced": "others"},
}


@pytest.mark.parametrize("again", AGAIN)
def test_loading_sourced_tables_again_costs_with_their_rows(servers: Servers, tmp_path: Path, again: str) -> None:
    taken = []
    for animals in (_SMALL, 2 * _SMALL):
        url = servers.fresh("sqlite")
        assert load(url, _write(tmp_path / "tables", animals, sourced="zoos")).problems == ()
        other = _write(tmp_path / "again", animals, **{"sourced": "zoos", **AGAIN[again]})
        with _steps() as counted:
            assert load(url, other).problems == ()
        taken.append(counted[0])
    assert taken[1] < 2.8 * taken[0], taken


@pytest.mark.parametrize(
    "question", [("check",), ("gaps",), ("conflicts", "--all"), ("donors",), ("duplicates",), ("db", "check")]
)
def test_what_goes_through_all_costs_in_proportion(servers: Servers, tmp_path: Path, question: tuple[str, ...]) -> None:
    taken = []
    for animals in (_SMALL, 2 * _SMALL):
        url = servers.fresh("sqlite")
        assert load(url, _write(tmp_path / "tables", animals, sourced="zoos")).problems == ()
        with _steps() as counted:
            assert zoo(*question, db=url).exit_code in {0, 3}
        taken.append(counted[0])
    assert taken[1] < 2.8 * taken[0], taken


@contextmanager
def _rows_gone_through(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Count the rows that PostgreSQL goes through in what is asked, changed and removed meanwhile, by its own account."""
    counted = [0.0]

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:  # noqa: FBT001
        if many or statement.split(None, 1)[0] not in {"SELECT", "WITH", "UPDATE", "DELETE"}:
            return
        with connection.connection.cursor() as own:
            own.execute("SAVEPOINT counted")
            own.execute(f"EXPLAIN ANALYZE {statement}", parameters)
            plan = [row[0] for row in own.fetchall()]
            own.execute("ROLLBACK TO SAVEPOINT counted")
        loops = 1
        for row in plan:
            if (gone := re.search(r"rows=([\d.]+) loops=(\d+)\)$", row)) is not None:
                loops = int(gone[2])
                counted[0] += float(gone[1]) * loops
            elif (left := re.search(r"Rows Removed by .*Filter: (\d+)$", row)) is not None:
                counted[0] += int(left[1]) * loops

    def through(connection: Connection, statement: Any, given: Any = None) -> Any:
        return connection.execute(statement, dict(given or {})).all()

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(direct, "rows", through)
            patched.setattr(direct, "tuples", through)
            yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def _strangers(folder: Path, animals: int) -> Path:
    """Let each animal have a species of its own, all of one genus."""
    (folder / "taxa.csv").write_text(
        "slug,rank,parent\ngenus,genus,\n" + "".join(f"taxon-{n},species,genus\n" for n in range(animals))
    )
    (folder / "animals.csv").write_text("slug,taxon\n" + "".join(f"animal-{n},taxon-{n}\n" for n in range(animals)))
    return folder


@pytest.mark.parametrize(
    "done",
    [("check", "--rule", "parent-species"), ("undo", "2", "--because", "the wrong file")],
    ids=" ".join,
)
def test_what_goes_through_all_costs_in_proportion_on_postgresql(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: tuple[str, ...]
) -> None:
    taken = []
    for animals in (2 * _SMALL, 4 * _SMALL):
        url = servers.fresh("postgresql")
        tables = _write(tmp_path / "tables", animals)
        assert load(url, _strangers(tables, animals) if "parent-species" in done else tables).problems == ()
        if "undo" in done:
            assert load(url, _write(tmp_path / "others", animals, sourced="others")).problems == ()
        with _rows_gone_through(monkeypatch) as counted:
            assert zoo(*done, db=url).exit_code in {0, 3}
        taken.append(counted[0])
    assert taken[1] < 2.8 * taken[0], taken


def test_postgresql_compares_no_donor_with_every_other(servers: Servers, tmp_path: Path) -> None:
    url = servers.fresh("postgresql")
    assert load(url, _write(tmp_path / "tables", 2_000)).problems == ()
    with database.reading(url) as connection:
        query = ranking(given_by(Filter(), "holder")).compile(connection, compile_kwargs={"literal_binds": True})
        plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN ANALYZE {str(query).replace('%', '%%')}")]
    compared = [int(row.rsplit(" ", 1)[1]) for row in plan if "Rows Removed by Join Filter" in row]
    assert sum(compared) < 1_000, plan


def test_postgresql_knows_at_once_how_large_a_table_has_become(servers: Servers, tmp_path: Path) -> None:
    url = servers.fresh("postgresql")
    for animals in (_SMALL, _LARGE):
        assert load(url, _write(tmp_path / "tables", animals)).problems == ()
        with database.reading(url) as connection:
            known = connection.execute(text("SELECT reltuples FROM pg_class WHERE relname = 'animal'")).scalar_one()
        assert known == pytest.approx(animals, rel=0.1)
