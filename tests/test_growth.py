"""What a question about one thing costs, where ten times as much is stored: no more, but for the depth of a search."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, event
from sqlalchemy.engine import Engine

from conftest import Servers, load, zoo

_SMALL, _LARGE = 400, 4_000
_EVERY = 20


def _write(folder: Path, animals: int, *, sexes: str = "female") -> Path:
    """Write tables of families of twenty, each given by a zoo of its own in four transfers of five."""
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
