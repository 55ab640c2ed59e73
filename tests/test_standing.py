"""Tables loaded again: what stands as it is stored is known by its cells, and nothing is lost by that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL

from conftest import Servers, WriteSeeds, load
from test_tables import everything, write
from zoo_provenance.loading.bulk import tables
from zoo_provenance.loading.bulk.pouring import Pourer
from zoo_provenance.loading.bulk.reading import Chunk
from zoo_provenance.loading.problems import Problem

DATASET = "name: zoos\nsources: [ledger]\n"
HOUSES = "slug,name,kind,country\nalder,Alder Zoo,zoo,DE\nbirch,Birch Zoo,zoo,FR\n"
SOURCES = "slug,kind,publisher\nledger,registry,A Federation\ndiary,interview,A Keeper\n"
TAXA = "slug,scientific_name,rank,parent\npanthera,Panthera,genus,\npanthera-leo,Panthera leo,species,panthera\n"
ANIMALS = """\
slug,name,taxon,sex,count,born,born_at,sources,notes
leo,Leo,panthera-leo,male,,2010,alder,,
lea,Lea,panthera-leo,female,,2011~,alder,diary,Seen once.
cub,,panthera-leo,,,2019-04/2019-06,birch,,
pride,The pride,panthera-leo,,5-6,,,,
"""
DESCENT = "child,parent,role\ncub,leo,sire\ncub,lea,dam\n"
TRANSFERS = """\
slug,kind,status,from,to,date,until
gift,gift,,alder,birch,2024-11-16/2024-11-20,
loan,loan,completed,birch,alder,,2026
"""
LINES = """\
transfer,key,taxon,term,count,animals,sources
gift,lions,panthera-leo,,1,lea,
gift,skins,panthera-leo,SKI,>3,,diary
loan,lions,panthera-leo,,1.2.0,,
"""
PLAIN = {
    "dataset.yaml": DATASET,
    "institutions.csv": HOUSES,
    "sources.csv": SOURCES,
    "taxa.csv": TAXA,
    "animals.csv": ANIMALS,
    "descent.csv": DESCENT,
    "transfers.csv": TRANSFERS,
    "lines.csv": LINES,
}


@pytest.fixture
def written(url: URL, tmp_path: Path) -> Path:
    folder = write(tmp_path / "zoos", PLAIN)
    assert not load(url, folder).problems
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The first cells of the rows that something is made of."""
    found: list[tuple[str, ...]] = []

    class Noting(Pourer):
        def pour(self, chunk: Chunk) -> None:
            at = [chunk.names.index(name) for name in ("slug", "transfer", "key", "child") if name in chunk.names]
            found.extend(tuple(row[place] for place in at) for row in chunk.rows)
            super().pour(chunk)

    monkeypatch.setattr(tables, "Pourer", Noting)
    return found


def test_of_tables_that_say_nothing_new_nothing_is_made(url: URL, written: Path, read: list[tuple[str, ...]]) -> None:
    loaded = load(url, written)
    assert read == []
    assert loaded.batch is None
    assert loaded.unchanged == {"taxon": 2, "institution": 2, "source": 2, "animal": 4, "transfer": 2}


CHANGED: dict[str, tuple[str, str, str, list[tuple[str, ...]]]] = {
    "a value": ("animals.csv", "leo,Leo,panthera-leo,male", "leo,Leo,panthera-leo,female", [("leo",)]),
    "a label": ("animals.csv", "The pride", "A pride", [("pride",)]),
    "a note": ("animals.csv", "Seen once.", "Seen twice.", [("lea",)]),
    "a source more": ("animals.csv", "2010,alder,,", "2010,alder,diary,", [("leo",)]),
    "a source less": ("animals.csv", "alder,diary,Seen", "alder,,Seen", [("lea",)]),
    "a new row": ("animals.csv", "pride,", "foundling,,panthera-leo,,,,,,\npride,", [("foundling",)]),
    "a parent less": ("descent.csv", "cub,lea,dam\n", "", [("cub",), ("cub",)]),
    "another parent": ("descent.csv", "cub,lea,dam", "cub,pride,dam", [("cub",), ("cub",), ("cub",)]),
    "a transfer's date": (
        "transfers.csv",
        "2024-11-16/2024-11-20",
        "2024-11-16",
        [("gift",), ("gift", "lions"), ("gift", "skins")],
    ),
    "a line's count": ("lines.csv", "1.2.0", "1.3.0", [("loan",), ("loan", "lions")]),
    "a line less": ("lines.csv", "loan,lions,panthera-leo,,1.2.0,,\n", "", [("loan",)]),
    "a line more": (
        "lines.csv",
        "loan,lions",
        "loan,cubs,panthera,,1,,\nloan,lions",
        [("loan",), ("loan", "cubs"), ("loan", "lions")],
    ),
    "another animal on a line": ("lines.csv", "1,lea,", "1,leo,", [("gift",), ("gift", "lions"), ("gift", "skins")]),
    "no animal on a line": ("lines.csv", "1,lea,", "1,,", [("gift",), ("gift", "lions"), ("gift", "skins")]),
    "another witness of a line": (
        "lines.csv",
        ">3,,diary",
        ">3,,ledger",
        [("gift",), ("gift", "lions"), ("gift", "skins")],
    ),
}


@pytest.mark.parametrize("change", CHANGED)
def test_only_the_rows_of_records_that_changed_are_read_and_all_is_as_loaded_afresh(
    url: URL, servers: Servers, written: Path, read: list[tuple[str, ...]], change: str
) -> None:
    name, old, new, rows = CHANGED[change]
    assert old in PLAIN[name]
    write(written, {name: PLAIN[name].replace(old, new, 1)})
    assert not load(url, written).problems
    assert sorted(read) == sorted(rows)
    fresh = servers.fresh(url.get_backend_name())
    load(fresh, written)
    assert everything(url) == everything(fresh)


def _told(problems: tuple[Problem, ...]) -> list[str]:
    return [one.one_line().partition("/zoos/")[2] for one in problems]


WRONG: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a row that stands stands twice": (
        "animals.csv",
        lambda text: text + text.splitlines()[1] + "\n",
        "defined already",
    ),
    "the same in capitals": (
        "animals.csv",
        lambda text: text + text.splitlines()[1].replace("leo,Leo", "LEO,Leo") + "\n",
        "defined already",
    ),
    "a slug of two kinds": ("institutions.csv", lambda text: text + "leo,Leo,zoo,DE\n", "one space of slugs"),
    "a line twice": ("lines.csv", lambda text: text + text.splitlines()[2] + "\n", "stands already"),
    "a line twice instead of two": (
        "lines.csv",
        lambda text: text.replace(text.splitlines()[1], text.splitlines()[2]),
        "stands already",
    ),
    "a line of no transfer": ("lines.csv", lambda text: text.replace("loan,lions", "lone,lions"), "no transfer 'lone'"),
    "a line of a transfer that is not in the load": (
        "transfers.csv",
        lambda text: text.replace(text.splitlines()[1] + "\n", ""),
        "is no transfer of this load",
    ),
    "nobody vouches any more": ("dataset.yaml", lambda _: "name: zoos\n", "no source for"),
    "a byte that is no text": (
        "animals.csv",
        lambda text: text.replace("Seen once.", "Seen\0once."),
        "control character",
    ),
    "a row too long": ("animals.csv", lambda text: text + "tail,,,,,,,,,,,\n", "more than the 9 columns"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_on_loading_again_as_on_loading_afresh(url: URL, written: Path, case: str) -> None:
    name, change, expected = WRONG[case]
    write(written, {name: change(PLAIN[name])})
    before = everything(url)
    told = _told(load(url, written).problems)
    assert any(expected in one for one in told), told
    assert everything(url) == before


@pytest.mark.parametrize("born", ["2011~", "2009", "2013"])
def test_what_the_evidence_made_of_a_column_is_not_taken_for_what_the_table_says(
    url: URL, servers: Servers, written: Path, seeds: WriteSeeds, born: str
) -> None:
    rival = seeds(
        {
            "sources.yaml": "letter: {kind: interview}\n",
            "about/lea.yaml": "about: lea\nborn: {value: 2009, source: letter}\n",
        },
        name="rivals",
    )
    load(url, rival)
    write(written, {"animals.csv": ANIMALS.replace("2011~", born)})
    assert not load(url, written).problems
    assert load(url, written).batch is None
    fresh = servers.fresh(url.get_backend_name())
    load(fresh, written)
    load(fresh, rival)
    assert everything(url) == everything(fresh)
