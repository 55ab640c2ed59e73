"""Bad input: one clear message for each cause, the right exit code, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import Result
from sqlalchemy import URL, Connection, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError

from conftest import ENGINES, Servers, WriteSeeds, load, name_of, zoo
from test_seed_reader import Spot, under_the_caret, without_marks
from zoo_provenance import database, schema, search_index
from zoo_provenance.faults import explain
from zoo_provenance.loading.problems import tell_all

STANDING = {
    "sources.yaml": "agency: {kind: agency}\nministry: {kind: official}\n",
    "institutions.yaml": "alder-zoo: {kind: zoo, names: [Alder Zoo]}\nbirch-zoo: {kind: zoo, names: [Birch Zoo]}\n",
    "taxa.yaml": "panthera: {rank: genus}\npanthera-leo: {rank: species, parent: panthera}\n",
    "people.yaml": "keeper-one: {names: [Keeper One]}\n",
    "animals.yaml": "leo: {taxon: panthera-leo}\nlea: {taxon: panthera-leo}\n",
    "transfers/standing-gift.yaml": """\
        kind: gift
        from: alder-zoo
        to: birch-zoo
        sources: [agency]
        lines: {lions: {taxon: panthera-leo, count: 2, animals: [leo]}}
        participants: {one: {who: keeper-one, role: giver}}
        """,
}
"""What stands in the database before the bad input comes."""


@dataclass(frozen=True)
class Told:
    """A message that is expected; it points at the next «mark» in the files, or at the `whole` of a path."""

    code: str
    says: str
    hint: str = ""
    whole: str = ""
    without_column: bool = False


class Standing:
    """A database on one engine with one data set in it, which bad input must not change."""

    def __init__(self, servers: Servers, engine: str, folder: Path) -> None:
        self.servers, self.engine, self.folder = servers, engine, folder
        self.renew()

    def renew(self) -> None:
        self.url = self.servers.fresh(self.engine, lasting=True)
        assert load(self.url, self.folder).problems == ()
        self.before = contents(self.url)

    def unchanged(self) -> bool:
        """Whether the database holds what it held; if not, take a new one for the tests that follow."""
        same = contents(self.url) == self.before
        if not same:
            self.renew()
        return same

    def refuses(self, folder: Path, spots: Sequence[tuple[str, Spot]], *told: Told) -> None:
        """Check that loading a folder tells these problems and no others, and changes nothing."""
        result = zoo("load", "-f", "json", folder, db=self.url)
        unchanged = self.unchanged()
        check_told(result, folder, spots, told)
        assert unchanged


def contents(url: URL) -> dict[str, list[str]]:
    """Return every row of every table."""
    engine = database.engine_of(url, read_only=True)
    with engine.connect() as connection:
        # The index of names holds nothing of its own, and cannot be read row by row.
        tables = [name for name in inspect(connection).get_table_names() if not search_index.belongs(name, "table")]
        return {table: sorted(map(str, connection.execute(text(f'SELECT * FROM "{table}"')))) for table in tables}


def check_told(result: Result, folder: Path, spots: Sequence[tuple[str, Spot]], expected: Sequence[Told]) -> None:
    """Check what `load -f json` printed: the messages on stderr, and the same as JSON on stdout."""
    assert isinstance(result.exception, SystemExit), f"a traceback, or no problem at all: {result.exception!r}"
    assert result.exit_code == 1, result.output
    lines = result.stderr.replace(f"{folder}/", "").splitlines()
    body = json.loads(result.stdout)
    assert body["schema"] == "zooprov/load/1"
    assert body["batch"] is None
    problems = body["problems"]
    assert len(problems) == len(expected), result.stderr
    waiting, paths = list(spots), set()
    for told, problem in zip(expected, problems, strict=True):
        assert list(problem) == ["path", "line", "column", "field", "code", "message", "suggestion"]
        message = problem["message"].replace(f"{folder}/", "")
        assert told.says in message, result.stderr
        assert told.hint in (problem["suggestion"] or ""), result.stderr
        assert bool(told.hint) <= bool(problem["suggestion"])
        assert told.code in {problem["code"], ""}
        path, spot = (told.whole, None) if told.whole else waiting.pop(0)
        paths.add(path)
        assert problem["path"].removeprefix(f"{folder}/") == path, result.stderr
        head = lines.pop(0)
        if spot is None:
            assert (problem["line"], problem["column"]) == (None, None)
            assert head.startswith(f"{path}: {message}")
            assert told.hint in head
            continue
        column = None if told.without_column else spot.column
        assert (problem["line"], problem["column"]) == (spot.line, column), result.stderr
        where = f"{path}:{spot.line}" + (f":{column}" if column else "")
        assert head == f"{where}: {message}"
        own, caret = lines.pop(0), lines.pop(0)
        assert own == f"{spot.line:>5} | {spot.own_line}"
        assert under_the_caret(own, caret) == spot.marked, result.stderr
        assert caret.endswith(problem["suggestion"] or "^")
    assert not waiting
    many, files = "s" * (len(expected) != 1), "s" * (len(paths) != 1)
    assert lines == [f"{len(expected)} problem{many} in {len(paths)} file{files}. Nothing was written."]


def marked(files: dict[str, str]) -> tuple[dict[str, str], list[tuple[str, Spot]]]:
    """Take the marks out of a data set's files; return them with the places, in file order."""
    plain, spots = {}, []
    for path, written in sorted(files.items()):
        plain[path], found = without_marks(dedent(written))
        spots += [(path, spot) for spot in found]
    return plain, spots


@pytest.fixture(scope="module")
def standing_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("standing")
    for path, content in {"dataset.yaml": "name: standing\n", **STANDING}.items():
        target = folder / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(dedent(content), encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=ENGINES)
def standing(request: pytest.FixtureRequest, servers: Servers, standing_folder: Path) -> Standing:
    return Standing(servers, request.param, standing_folder)


Files = dict[str, str]


def zoos(written: str) -> Files:
    return {"institutions.yaml": written}


def gift(written: str) -> Files:
    return {"transfers/case.yaml": written}


def refuse(standing: Standing, seeds: WriteSeeds, files: Files, *told: Told) -> None:
    plain, spots = marked(files)
    standing.refuses(seeds(plain, "case"), spots, *told)


# -- values --------------------------------------------------------------------------------------------

VALUES = [
    (zoos("cedar-zoo: {founded: «last summer», sources: [agency]}"), Told("unreadable", "'last summer' is not a date")),
    (zoos("cedar-zoo: {founded: «2023-02-30», sources: [agency]}"), Told("unreadable", "2023-02 has 28 days")),
    (zoos("cedar-zoo: {founded: «2024-13», sources: [agency]}"), Told("unreadable", "'2024-13' is not a date")),
    (zoos("cedar-zoo: {founded: «0000», sources: [agency]}"), Told("unreadable", "outside the years")),
    (zoos("cedar-zoo: {founded: «2024/2023», sources: [agency]}"), Told("unreadable", "ends before it begins")),
    (zoos("cedar-zoo: {founded: «'[2024..2023]'», sources: [agency]}"), Told("unreadable", "ends before it begins")),
    (zoos("cedar-zoo: {founded: «'[2024'», sources: [agency]}"), Told("unreadable", "bracket without its partner")),
    (zoos("cedar-zoo: {founded: «..», sources: [agency]}"), Told("unreadable", "states no date")),
    (zoos("cedar-zoo: {founded: «null», sources: [agency]}"), Told("unreadable", "'null' is not a date")),
    (
        zoos("cedar-zoo: {founded: «[»2024-11-19..2024-11-20], sources: [agency]}"),
        Told("wrong-type", "found a list", 'quote it: "[2024-11-19..2024-11-20]"'),
    ),
    (
        zoos("cedar-zoo: {city: {value: Cedar, source: agency, during: «long ago»}}"),
        Told("unreadable", "'long ago' is not a date"),
    ),
    (gift("sources: [agency]\ndates: {announced: «soon»}"), Told("unreadable", "'soon' is not a date")),
    (
        gift("sources: [agency]\nlines: {lions: {taxon: panthera-leo, count: «many»}}"),
        Told("unreadable", "'many' is not a count"),
    ),
    (
        gift("sources: [agency]\nlines: {lions: {taxon: panthera-leo, count: «10-5»}}"),
        Told("unreadable", "write the smaller one first"),
    ),
    (
        gift("sources: [agency]\nlines: {lions: {taxon: panthera-leo, count: «'1,000'»}}"),
        Told("unreadable", "is not a count"),
    ),
    (gift("sources: [agency]\nlines: {lions: {taxon: panthera-leo, count: «-3»}}"), Told("unreadable", "not a count")),
    (
        gift("sources: [agency]\nlines: {lions: {taxon: panthera-leo, count: «10000000000»}}"),
        Told("unreadable", "'10000000000' is"),
    ),
    (
        gift("sources: [agency]\nlines: {lions: {taxon: panthera-leo, count: «\u0661\u2013\u0662»}}"),
        Told("unreadable", "is not a count"),
    ),
    (gift("sources: [agency]\ntotals: [«a lot»]"), Told("unreadable", "'a lot' is not a count")),
    (
        {"animals.yaml": "lee: {taxon: panthera-leo, dam: {value: lea, probability: «2», source: agency}}"},
        Told("unreadable", "'2' is no probability"),
    ),
    (zoos("cedar-zoo: {city: «''», sources: [agency]}"), Told("unreadable", "city: is blank")),
    (zoos("cedar-zoo: {names: [«' '»]}"), Told("unreadable", "is blank")),
    (zoos("cedar-zoo:\n  «city»:\n  kind: zoo"), Told("empty", "nothing stands after 'city'", '"?" says')),
    (zoos("«cedar-zoo»:\ncork-zoo: {kind: zoo}"), Told("empty", "nothing stands after 'cedar-zoo'")),
    (zoos("cedar-zoo: {country: «RUS», sources: [agency]}"), Told("bad-word", "'RUS' is not a country code")),
    (
        zoos("cedar-zoo: {country: «ru», sources: [agency]}"),
        Told("bad-word", "'ru' is not a country code", "did you mean 'RU'?"),
    ),
    (zoos("cedar-zoo: {city: «{»claims: []}}"), Told("missing", "'city' has no claims")),
    ({"taxa.yaml": "felis: {scientific_name: «{»claims: []}}"}, Told("missing", "'scientific_name' has no claims")),
    ({"animals.yaml": "lee: {taxon: panthera-leo, dam: «{»claims: []}}"}, Told("missing", "'dam' has no claims")),
    (gift("sources: [agency]\npasses: «gift»"), Told("wrong-type", "passes: expected [custody], [title]")),
    (gift("sources: [agency]\npasses: «[»gift]"), Told("wrong-type", "passes: expected [custody], [title]")),
    (gift("sources: [agency]\npasses: {custody: «maybe»}"), Told("", "'maybe' is")),
    (gift("passes: {«custdy»: yes}"), Told("unknown-key", "unknown key 'custdy'", "did you mean 'custody'?")),
    (gift("unsourced: «perhaps»"), Told("unreadable", "'perhaps' is neither yes nor no")),
    (gift("«[»]"), Told("wrong-type", "the file must be a mapping")),
    ({"about/case.yaml": "«alder-zoo»"}, Told("wrong-type", "the file must be a mapping")),
    ({"dataset.yaml": "name: case\n«titel»: Case"}, Told("unknown-key", "'titel'", "did you mean 'title'?")),
    ({"dataset.yaml": "«t»itle: Case"}, Told("missing", "needs 'name'")),
    ({"dataset.yaml": "name: «''»"}, Told("", "name")),
    ({"dataset.yaml": "name: «' '»"}, Told("", "name")),
    ({"dataset.yaml": "name: «[»case]"}, Told("wrong-type", "name: expected one value")),
    ({"dataset.yaml": "name: «" + "x" * 101 + "»"}, Told("too-long", "1 to 100 characters")),
]


@pytest.mark.parametrize(("files", "told"), VALUES)
def test_a_value_that_cannot_be_read_is_told_with_what_was_expected(
    standing: Standing, seeds: WriteSeeds, files: Files, told: Told
) -> None:
    refuse(standing, seeds, files, told)


# -- the words of the lists ----------------------------------------------------------------------------

WORDS = [
    (zoos("cedar-zoo: {kind: «zo»}"), "'zo' is no kind", "did you mean 'zoo'?"),
    ({"sources.yaml": "paper: {kind: «neews»}"}, "'neews' is no kind", "did you mean 'news'?"),
    ({"sources.yaml": "paper: {reliability: «G»}"}, "'G' is no reliability", "expected one of A, B, C"),
    (gift("sources: [agency]\nkind: «gfit»"), "'gfit' is no kind", "did you mean 'gift'?"),
    (gift("sources: [agency]\nstatus: «done»"), "'done' is no status", "expected one of completed"),
    (gift("sources: [agency]\nlines: {a: {term: «LIVE»}}"), "'LIVE' is no term", "did you mean 'LIV'?"),
    (gift("sources: [agency]\nlines: {a: {term: «liv»}}"), "'liv' is no term", "did you mean 'LIV'?"),
    (
        gift("sources: [agency]\nparticipants: {a: {who: keeper-one, role: «gave»}}"),
        "'gave' is no role",
        "did you mean 'giver'?",
    ),
    (
        {"animals.yaml": "lee: {taxon: panthera-leo, sex: «M», sources: [agency]}"},
        "'M' is no sex",
        "did you mean 'male'?",
    ),
    (
        {"animals.yaml": "lee: {taxon: panthera-leo, origin: «zoo», sources: [agency]}"},
        "'zoo' is no origin",
        "expected one of wild, captive",
    ),
    ({"taxa.yaml": "felis: {rank: «genuss»}"}, "'genuss' is no rank", "did you mean 'genus'?"),
    ({"taxa.yaml": "felis: {cites_appendix: «IV», sources: [agency]}"}, "'IV' is no cites appendix", ""),
    ({"taxa.yaml": "felis: {iucn: «XX», sources: [agency]}"}, "'XX' is no iucn", "expected one of LC"),
    (zoos("cedar-zoo: {exists: «true», sources: [agency]}"), "'true' is no exists", "did you mean 'yes'?"),
    (
        zoos("cedar-zoo: {city: {value: Cedar, source: agency, certainty: «sure»}}"),
        "'sure' is no certainty",
        "expected one of certain, probable, possible",
    ),
]


@pytest.mark.parametrize(("files", "says", "hint"), WORDS)
def test_a_word_outside_its_list_is_told_with_the_nearest_or_with_all(
    standing: Standing, seeds: WriteSeeds, files: Files, says: str, hint: str
) -> None:
    refuse(standing, seeds, files, Told("bad-word", says, hint))


def test_a_search_for_no_field_is_told(standing: Standing, seeds: WriteSeeds) -> None:
    files = gift("searched: [{field: «dat», source: agency}]")
    refuse(standing, seeds, files, Told("unknown-field", "'dat' is no field here", "date"))


# -- references ----------------------------------------------------------------------------------------

NEAREST = "did you mean 'alder-zoo'?"
UNKNOWN = [
    (zoos("cedar-zoo: {parent: «alder-zo», sources: [agency]}"), "no institution 'alder-zo'", NEAREST),
    (zoos("cedar-zoo: {city: Cedar, sources: [«agncy»]}"), "no source 'agncy'", "did you mean 'agency'?"),
    (zoos("cedar-zoo: {city: {value: Cedar, source: «agncy»}}"), "no source 'agncy'", "did you mean 'agency'?"),
    (
        zoos("cedar-zoo: {city: {value: Cedar, sources: [agency, «minstry»]}}"),
        "no source 'minstry'",
        "did you mean 'ministry'?",
    ),
    (
        zoos("cedar-zoo: {city: {value: Cedar, source: agency, against: «minstry»}}"),
        "no source 'minstry'",
        "did you mean 'ministry'?",
    ),
    (zoos("cedar-zoo: {searched: [{field: city, source: «agncy»}]}"), "no source 'agncy'", "did you mean 'agency'?"),
    ({"sources.yaml": "paper: {based_on: [agency, «minstry»]}"}, "no source 'minstry'", "did you mean 'ministry'?"),
    ({"animals.yaml": "lee: {taxon: «panthera-lea»}"}, "no taxon 'panthera-lea'", "did you mean 'panthera-leo'?"),
    (
        {"animals.yaml": "lee: {taxon: panthera-leo, dam: «leaa», sources: [agency]}"},
        "no animal 'leaa'",
        "did you mean 'lea'?",
    ),
    (
        {"animals.yaml": "lee: {taxon: panthera-leo, parents: [leo, «leaa»], sources: [agency]}"},
        "no animal 'leaa'",
        "did you mean 'lea'?",
    ),
    (
        {"animals.yaml": "lee: {taxon: panthera-leo, born_at: «alder-zo», sources: [agency]}"},
        "no institution 'alder-zo'",
        NEAREST,
    ),
    (gift("sources: [agency]\nfrom: «alder-zo»"), "no institution 'alder-zo'", NEAREST),
    (gift("from: {value: «alder-zo», source: agency}"), "no institution 'alder-zo'", NEAREST),
    (
        gift("from: {claims: [{value: «alder-zo», sources: [agency, ministry]}]}"),
        "no institution 'alder-zo'",
        NEAREST,
    ),
    (
        gift(
            "from: {claims: [{value: alder-zoo, source: agency, against: ministry}, {value: «brch-zoo», source: agency}]}"
        ),
        "no institution 'brch-zoo'",
        "did you mean 'birch-zoo'?",
    ),
    (gift("sources: [agency]\nanswers: «standing-gft»"), "no transfer 'standing-gft'", "did you mean 'standing-gift'?"),
    (gift("sources: [agency]\nanimals: [leo, «leaa»]"), "no animal 'leaa'", "did you mean 'lea'?"),
    (
        gift("sources: [agency]\nlines: {a: {taxon: panthera-leo, animals: [«leaa»]}}"),
        "no animal 'leaa'",
        "did you mean 'lea'?",
    ),
    (
        gift("sources: [agency]\nparticipants: {a: {who: «keeper-on»}}"),
        "no person or institution 'keeper-on'",
        "did you mean 'keeper-one'?",
    ),
    (
        gift("sources: [agency]\nparticipants: {a: {who: keeper-one, on_behalf_of: «alder-zo»}}"),
        "no institution 'alder-zo'",
        NEAREST,
    ),
]


@pytest.mark.parametrize(("files", "says", "hint"), UNKNOWN)
def test_an_unknown_slug_is_told_where_it_stands_with_the_nearest(
    standing: Standing, seeds: WriteSeeds, files: Files, says: str, hint: str
) -> None:
    refuse(standing, seeds, files, Told("unknown-slug", says, hint))


def test_a_misspelt_source_of_an_entry_is_told_once_however_much_leans_on_it(
    standing: Standing, seeds: WriteSeeds
) -> None:
    files = zoos(
        """\
        cedar-zoo:
          names: [Cedar Zoo, Cedar Gardens]
          ids: {gan: C1}
          city: Cedar
          statements: {motto: none}
          sources: [«agncy»]
        """
    )
    refuse(standing, seeds, files, Told("unknown-slug", "no source 'agncy'", "did you mean 'agency'?"))


def test_a_source_named_twice_does_not_move_the_caret(standing: Standing, seeds: WriteSeeds) -> None:
    files = gift("kind: gift\nsources: [agency, agency, «minstry»]")
    refuse(standing, seeds, files, Told("unknown-slug", "no source 'minstry'", "did you mean 'ministry'?"))


WRONG_KIND = [
    (zoos("cedar-zoo: {parent: «leo», sources: [agency]}"), "'leo' is an animal, not an institution"),
    (zoos("cedar-zoo: {city: Cedar, sources: [«alder-zoo»]}"), "'alder-zoo' is an institution, not a source"),
    (gift("sources: [agency]\nfrom: «keeper-one»"), "'keeper-one' is a person, not an institution"),
    (gift("from: {value: «keeper-one», source: agency}"), "'keeper-one' is"),
    (gift("from: {claims: [{value: «leo», sources: [agency, ministry]}]}"), "'leo' is"),
    (gift("sources: [agency]\nparticipants: {a: {who: «leo»}}"), "'leo' is an animal, not a person or institution"),
    (gift("sources: [agency]\nanimals: [«panthera-leo»]"), "'panthera-leo' is a taxon, not an animal"),
    (gift("sources: [agency]\nends: «alder-zoo»"), "'alder-zoo' is an institution, not a transfer"),
    (
        {"animals.yaml": "lee: {taxon: panthera-leo, sire: «alder-zoo», sources: [agency]}"},
        "'alder-zoo' is an institution, not an animal",
    ),
]


@pytest.mark.parametrize(("files", "says"), WRONG_KIND)
def test_a_reference_to_the_wrong_kind_is_told_where_it_stands(
    standing: Standing, seeds: WriteSeeds, files: Files, says: str
) -> None:
    refuse(standing, seeds, files, Told("wrong-kind", says))


# -- one root cause, one message -----------------------------------------------------------------------

LEANING = {
    "institutions.yaml": "cedar-zoo: {kind: zoo}\n",
    "people.yaml": "keeper-two: {names: [Keeper Two]}\n",
    "taxa.yaml": "felis: {rank: genus}\n",
    "sources.yaml": "paper: {kind: news}\n",
    "animals.yaml": "tom: {taxon: felis, born_at: cedar-zoo, sources: [paper]}\n",
    "transfers/case.yaml": """\
        from: cedar-zoo
        to: {value: cedar-zoo, source: paper}
        sources: [paper]
        animals: [tom]
        participants: {a: {who: keeper-two}, b: {who: cedar-zoo}}
        """,
}


@pytest.mark.parametrize("unreadable", list(LEANING))
def test_what_leans_on_a_file_that_cannot_be_read_is_not_told(
    standing: Standing, seeds: WriteSeeds, unreadable: str
) -> None:
    files = {**LEANING, unreadable: "one: {}\n«]»\n"}
    refuse(standing, seeds, files, Told("yaml", "cannot be read as YAML"))


@pytest.mark.parametrize("wrong", list(LEANING))
def test_what_leans_on_a_wrong_entry_is_not_told(standing: Standing, seeds: WriteSeeds, wrong: str) -> None:
    slip = {
        "institutions.yaml": "cedar-zoo: {«kid»: zoo}",
        "people.yaml": "keeper-two: {«nams»: [Keeper Two]}",
        "taxa.yaml": "felis: {«rnk»: genus}",
        "sources.yaml": "paper: {«kid»: news}",
        "animals.yaml": "tom: {«taxn»: felis}",
        "transfers/case.yaml": "«form»: cedar-zoo",
    }[wrong]
    refuse(standing, seeds, {**LEANING, wrong: slip}, Told("unknown-key", "unknown key", "did you mean"))


@pytest.mark.parametrize(
    "files",
    [
        {"institutions.yaml": "«]»\n", "about/a.yaml": "about: cedar-zoo\ncity: {value: Cedar, source: agency}\n"},
        {"transfers/case.yaml": "«]»\n", "about/a.yaml": "about: case\nkind: {value: gift, source: agency}\n"},
        {"transfers/case.yaml": "«]»\n", "about/a.yaml": "about: case/cats\ncount: {value: 2, source: agency}\n"},
        {
            "transfers/case.yaml": "«knd»: gift\nsources: [agency]\nlines: {cats: {taxon: panthera}}\n",
            "about/a.yaml": "about: case/cats\ncount: {value: 2, source: agency}\n",
        },
    ],
)
def test_a_file_about_what_cannot_be_read_is_not_told(standing: Standing, seeds: WriteSeeds, files: Files) -> None:
    refuse(standing, seeds, files, Told("", "" if "knd" in str(files) else "cannot be read as YAML"))


def test_what_leans_on_a_data_set_that_cannot_be_read_is_not_told(url: URL, seeds: WriteSeeds) -> None:
    broken = seeds({"dataset.yaml": "nam: broken\n", "institutions.yaml": "cedar-zoo: {kind: zoo}\n"}, "broken")
    leaning = seeds({"institutions.yaml": "cork-zoo: {parent: cedar-zoo, unsourced: true}\n"}, "leaning")
    problems = load(url, broken, leaning).problems
    assert {Path(problem.file.path).parent for problem in problems} == {broken}


def test_problems_of_several_files_are_told_together_in_file_order(standing: Standing, seeds: WriteSeeds) -> None:
    files = {
        "animals.yaml": "lee: {taxon: «felid»}\nlie: {«taxn»: panthera}\n",
        "institutions.yaml": "cedar-zoo: {kind: zoo, «cty»: Cedar}\n",
        "transfers/case.yaml": "sources: [agency]\ndate: «yesterday»\n",
    }
    refuse(
        standing,
        seeds,
        files,
        Told("unknown-slug", "no taxon 'felid'"),
        Told("unknown-key", "unknown key 'taxn'", "did you mean 'taxon'?"),
        Told("unknown-key", "unknown key 'cty'", "did you mean 'city'?"),
        Told("unreadable", "'yesterday' is not a date"),
    )


def test_thousands_of_problems_are_counted_by_kind(standing: Standing, seeds: WriteSeeds) -> None:
    folder = seeds(zoos("".join(f"zoo-{n}: {{parent: nowhere-{n}, unsourced: true}}\n" for n in range(3000))), "case")
    result = zoo("load", folder, db=standing.url)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert sum(": no institution 'nowhere-" in line for line in lines) == 50
    assert lines[-2:] == [
        "… and 2950 more of kind 'unknown-slug'",
        "3000 problems in 1 file. Nothing was written.",
    ]
    assert standing.unchanged()


# -- said twice ----------------------------------------------------------------------------------------

TWICE = [
    (zoos("cedar-zoo: {}\n«cedar-zoo»: {}"), Told("duplicate", "'cedar-zoo' stands here a second time")),
    (zoos("cedar-zoo:\n  city: A\n  sources: [agency]\n  «city»: B"), Told("duplicate", "the first is on line 2")),
    (
        {"institutions.yaml": "cedar: {kind: zoo}", "taxa.yaml": "«cedar»: {rank: species}"},
        Told("duplicate", "'cedar' is defined already, at "),
    ),
    (
        {"institutions.yaml": "case: {kind: zoo}", "transfers/case.yaml": "«k»ind: gift\nsources: [agency]"},
        Told("duplicate", "'case' is defined already, at ", without_column=True),
    ),
    (
        {"taxa.yaml": "«alder-zoo»: {rank: species}"},
        Told("duplicate", "in the database as a record of kind institution"),
    ),
    (
        {"transfers/leo.yaml": "«k»ind: gift\nsources: [agency]"},
        Told("duplicate", "in the database as a record of kind animal", without_column=True),
    ),
    (
        gift("sources: [agency]\nlines: {a: {taxon: panthera-leo, animals: [leo, «leo»]}}"),
        Told("duplicate", "'leo' is listed twice"),
    ),
    (
        gift(
            "sources: [agency]\n"
            "lines: {a: {taxon: panthera-leo, animals: [leo]}, b: {taxon: panthera-leo, animals: [lea, «leo»]}}"
        ),
        Told("duplicate", "'leo' is listed twice"),
    ),
    (gift("sources: [agency]\nanimals: [leo, lea, «leo»]"), Told("duplicate", "'leo' is listed twice")),
    (
        gift("sources: [agency]\nanimals: «[»leo]\nlines: {a: {taxon: panthera-leo}}"),
        Told("two-forms", "either 'lines' or the short form"),
    ),
    (
        zoos("cedar-zoo: {city: {claims: [{value: A, source: agency}, {value: A, source: «agency»}]}}"),
        Told("duplicate", "the same is said of 'city' by 'agency' twice"),
    ),
    (
        zoos("cedar-zoo: {names: [Cedar, «Cedar»], sources: [agency]}"),
        Told("duplicate", "the same is said of 'name'"),
    ),
    (
        zoos("cedar-zoo: {names: [Cedar, «Cedar»], sources: [agency, ministry]}"),
        Told("duplicate", "the same is said of 'name'"),
    ),
    (zoos("cedar-zoo: {ids: {gan: [C1, «C1»]}}"), Told("duplicate", "the same is said of 'id.gan'")),
    (
        {
            "about/a.yaml": "about: alder-zoo\ncity: {value: Alder, source: agency}\n",
            "about/b.yaml": "about: alder-zoo\ncity: {value: Alder, source: «agency»}\n",
        },
        Told("duplicate", "the same is said of 'city' by 'agency' twice"),
    ),
]


@pytest.mark.parametrize(("files", "told"), TWICE)
def test_what_is_said_twice_is_told_at_the_second_place(
    standing: Standing, seeds: WriteSeeds, files: Files, told: Told
) -> None:
    refuse(standing, seeds, files, told)


@pytest.mark.parametrize(
    "files",
    [
        {
            "sources.yaml": "paper: {formerly: old-paper}",
            "institutions.yaml": "cedar-zoo: {city: Cedar, sources: [old-paper, «paper»]}",
        },
        {
            "institutions.yaml": "cedar-zoo: {formerly: old-cedar}",
            "transfers/case.yaml": (
                "to: {claims: [{value: cedar-zoo, source: agency}, {value: old-cedar, source: «agency»}]}"
            ),
        },
    ],
)
def test_the_same_said_under_a_former_slug_is_said_twice(standing: Standing, seeds: WriteSeeds, files: Files) -> None:
    refuse(standing, seeds, files, Told("duplicate", "twice"))


def test_the_same_animal_under_a_former_slug_is_listed_twice(standing: Standing, seeds: WriteSeeds) -> None:
    files = {
        "animals.yaml": "tom: {taxon: panthera, formerly: old-tom}",
        "transfers/case.yaml": (
            "sources: [agency]\nlines: {a: {taxon: panthera, animals: [tom]}, b: {taxon: panthera, animals: [«old-tom»]}}"
        ),
    }
    refuse(standing, seeds, files, Told("duplicate", "listed twice"))


# -- circles -------------------------------------------------------------------------------------------

CIRCLES = [
    {"taxa.yaml": "a: {parent: «b»}\nb: {parent: c}\nc: {parent: a}"},
    {"taxa.yaml": "a: {parent: «a»}"},
    {"taxa.yaml": "a: {parent: {value: «b», source: agency}}\nb: {parent: {value: a, source: agency}}"},
    {"taxa.yaml": "a: {parent: {value: «a», source: agency}}"},
    {"institutions.yaml": "a: {parent: «b», unsourced: true}\nb: {parent: a, unsourced: true}"},
    {"institutions.yaml": "a: {parent: «a», unsourced: true}"},
    {"institutions.yaml": "a: {successor: «b», unsourced: true}\nb: {successor: a, unsourced: true}"},
    {"institutions.yaml": "a: {successor: «a», unsourced: true}"},
    {"institutions.yaml": "a: {successor: {value: «a», source: agency}}"},
    {"sources.yaml": "a: {based_on: «b»}\nb: {based_on: a}"},
    {"sources.yaml": "a: {based_on: [agency, «a»]}"},
    {
        "animals.yaml": (
            "a: {taxon: panthera, dam: «b», unsourced: true}\nb: {taxon: panthera, parents: [leo, a], unsourced: true}"
        )
    },
    {"animals.yaml": "a: {taxon: panthera, split_from: «a», unsourced: true}"},
]


@pytest.mark.parametrize("files", CIRCLES)
def test_nothing_descends_from_itself(standing: Standing, seeds: WriteSeeds, files: Files) -> None:
    refuse(standing, seeds, files, Told("circle", "'a' would"))


@pytest.mark.parametrize("link", ["ends", "answers", "exchanged_for"])
def test_a_transfer_has_no_link_to_itself(standing: Standing, seeds: WriteSeeds, link: str) -> None:
    refuse(standing, seeds, gift(f"sources: [agency]\n{link}: «case»"), Told("", "'case'"))


def test_a_circle_closed_by_another_data_set_is_told(standing: Standing, seeds: WriteSeeds) -> None:
    refuse(standing, seeds, {"taxa.yaml": "panthera: {parent: «panthera-leo»}"}, Told("circle", "'panthera'"))


def test_a_circle_closed_by_a_later_load_is_told_in_full(url: URL, seeds: WriteSeeds) -> None:
    folder = seeds({"taxa.yaml": "a: {parent: b}\nb: {parent: c}\nc: {}\n"})
    assert load(url, folder).problems == ()
    (folder / "taxa.yaml").write_text("c: {parent: a}\n", encoding="utf-8")
    (problem,) = load(url, folder).problems
    assert problem.message == "'c' would come round to itself through 'parent': c → a → b → c"


# -- sources -------------------------------------------------------------------------------------------

UNSOURCED = [
    (zoos("cedar-zoo: {city: «Cedar»}"), "no source for 'city'"),
    (zoos("cedar-zoo: {city: «Cedar», founded: 1900}"), "no source for 'city' and 1 more value;"),
    (gift("date: «2024»"), "no source for 'date'"),
    (gift("dates: {announced: «2024»}"), "no source for 'date.announced'"),
    (gift("totals: [«75»]"), "no source for 'count'"),
    (gift("lines: {a: {taxon: «panthera-leo», count: 2, term: BOD}}"), "no source for 'taxon' and 2 more values;"),
    (gift("participants: {a: {who: «keeper-one»}}"), "no source for 'who'"),
    (gift("statements: {payment: «none»}"), "no source for 'statement.payment'"),
    (gift("lines: {a: {statements: {condition: «good»}}}"), "no source for 'statement.condition'"),
    ({"about/a.yaml": "about: alder-zoo\ncity: «Alder»\n"}, "no source for 'city'"),
    ({"about/a.yaml": "about: standing-gift/lions\ncount: «3»\n"}, "no source for 'count'"),
    (gift("searched: [«{»field: date}]"), "name a source"),
]


@pytest.mark.parametrize(("files", "says"), UNSOURCED)
def test_a_value_without_a_source_is_told_once_for_its_place(
    standing: Standing, seeds: WriteSeeds, files: Files, says: str
) -> None:
    refuse(standing, seeds, files, Told("unsourced", says))


QUOTED = [
    zoos("cedar-zoo: {city: {value: Cedar, quote: «words», unsourced: true}}"),
    gift("quote: «words»\nkind: gift\nunsourced: true"),
    gift("at: «page 3»\nkind: gift\nunsourced: true"),
    gift("unsourced: true\nlines: {a: {taxon: panthera, quote: «words»}}"),
]


@pytest.mark.parametrize("files", QUOTED)
def test_a_quote_needs_a_source(standing: Standing, seeds: WriteSeeds, files: Files) -> None:
    refuse(standing, seeds, files, Told("quote-without-source", "needs a source"))


def test_a_quoted_value_without_a_source_is_one_problem(standing: Standing, seeds: WriteSeeds) -> None:
    files = zoos("cedar-zoo: {city: {value: «Cedar», quote: words}}")
    refuse(standing, seeds, files, Told("unsourced", "no source for 'city'"))


# -- settling ------------------------------------------------------------------------------------------

RIVALS = "claims: [{value: A, source: agency}, {value: B, source: ministry}]"
SETTLED = [
    (f"settled: «A», {RIVALS}", Told("no-reason", "add 'because'")),
    (f"settled: «A», because: ' ', {RIVALS}", Told("no-reason", "add 'because'")),
    (f"settled: «open», {RIVALS}", Told("no-reason", "add 'because'")),
    (f"because: «reasons», {RIVALS}", Told("no-decision", "add 'settled'")),
    (f"settled: «C», because: reasons, {RIVALS}", Told("not-claimed", "nobody claims 'C'", "claimed are: A, B")),
    (f"settled: «''», because: reasons, {RIVALS}", Told("unreadable", "is blank")),
    (f"settled: «[»A], because: reasons, {RIVALS}", Told("wrong-type", "expected one value, found a list")),
]


@pytest.mark.parametrize(("stated", "told"), SETTLED)
def test_a_value_is_settled_with_a_reason_among_what_is_claimed(
    standing: Standing, seeds: WriteSeeds, stated: str, told: Told
) -> None:
    refuse(standing, seeds, zoos(f"cedar-zoo: {{city: {{{stated}}}}}"), told)


def test_a_value_is_settled_by_one_data_set_only(url: URL, seeds: WriteSeeds) -> None:
    first = seeds(
        {
            "sources.yaml": "agency: {}\n",
            "institutions.yaml": """\
                cedar-zoo: {city: {claims: [{value: A, source: agency}], settled: A, because: reasons}}
                """,
        },
        "first",
    )
    second = seeds(
        {
            "sources.yaml": "paper: {}\n",
            "about/cedar-zoo.yaml": """\
                about: cedar-zoo
                city: {claims: [{value: B, source: paper}], settled: B, because: others}
                """,
        },
        "second",
    )
    assert load(url, first).problems == ()
    before = contents(url)
    (problem,) = load(url, second).problems
    assert (problem.code, problem.mark.line) == ("second-decision", 2)
    assert "settled already by data set 'first'" in problem.message
    assert contents(url) == before


# -- lengths -------------------------------------------------------------------------------------------


def _long(count: int) -> str:
    return "«" + "x" * count + "»"


LENGTHS = [
    (zoos(f"cedar-zoo: {{city: {_long(201)}, sources: [agency]}}"), 200),
    (zoos(f"cedar-zoo: {{names: [{_long(201)}]}}"), 200),
    (zoos(f"cedar-zoo: {{names: [{{value: Cedar, language: {_long(36)}}}]}}"), 35),
    (zoos(f"cedar-zoo: {{statements: {{motto: {{value: {_long(401)}, source: agency}}}}}}"), 400),
    (zoos(f"cedar-zoo: {{ids: {{gan: {_long(401)}}}}}"), 400),
    (zoos(f"cedar-zoo: {{city: {{value: A, source: agency, quote: {_long(501)}}}}}"), 500),
    (zoos(f"cedar-zoo: {{city: {{value: A, source: agency, at: {_long(101)}}}}}"), 100),
    (zoos(f"cedar-zoo: {{city: {{value: A, source: agency, note: {_long(1001)}}}}}"), 1000),
    (zoos(f"cedar-zoo: {{city: {{claims: [{{value: A, source: agency, dismissed: {_long(1001)}}}]}}}}"), 1000),
    (
        zoos(f"cedar-zoo: {{city: {{claims: [{{value: A, source: agency}}], settled: A, because: {_long(1001)}}}}}"),
        1000,
    ),
    (zoos(f"cedar-zoo: {{notes: {_long(4001)}}}"), 4000),
    (gift(f"sources: [agency]\nlines: {{a: {{taxon: panthera, notes: {_long(4001)}}}}}"), 4000),
    (gift(f"sources: [agency]\ntransport: {_long(401)}"), 400),
    ({"sources.yaml": f"paper: {{url: {_long(2001)}}}"}, 2000),
    ({"sources.yaml": f"paper: {{url: {{value: {_long(401)}, source: agency}}}}"}, 400),
    ({"sources.yaml": f"paper: {{title: {_long(401)}}}"}, 400),
]


@pytest.mark.parametrize(("files", "most"), LENGTHS)
def test_what_is_too_long_is_told_with_the_most_that_fits(
    standing: Standing, seeds: WriteSeeds, files: Files, most: int
) -> None:
    plain, ((path, spot),) = marked(files)
    result = zoo("load", "-f", "json", seeds(plain, "case"), db=standing.url)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    (problem,) = json.loads(result.stdout)["problems"]
    assert (problem["line"], problem["column"]) == (spot.line, spot.column)
    assert problem["path"].endswith(path)
    assert f"is {len(spot.marked):,} characters long; at most {most:,} fit" in problem["message"]
    assert max(map(len, result.stderr.splitlines())) < 400
    assert standing.unchanged()


def test_a_date_that_is_too_long_is_told(standing: Standing, seeds: WriteSeeds) -> None:
    years = ",".join(str(year) for year in range(1900, 1960))
    for files in (
        zoos(f"cedar-zoo: {{founded: {{value: '[{years}]', source: agency}}}}"),
        zoos(f"cedar-zoo: {{city: {{value: Cedar, source: agency, during: '[{years}]'}}}}"),
    ):
        result = zoo("load", "-f", "json", seeds(files, "case"), db=standing.url)
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        (problem,) = json.loads(result.stdout)["problems"]
        assert "longer than 200 characters" in problem["message"]


@pytest.mark.parametrize(
    "files",
    [
        zoos("cedar-zoo: {founded: %s, sources: [agency]}"),
        zoos("cedar-zoo: {city: {value: Cedar, source: %s}}"),
        zoos("cedar-zoo: {%s: Cedar}"),
        zoos("cedar-zoo: {city: {claims: [{value: A, source: agency}], settled: %s, because: reasons}}"),
        gift("sources: [agency]\nlines: {a: {taxon: panthera, count: %s}}"),
        gift("searched: [{field: %s, source: agency}]"),
        gift("sources: [agency]\nanimals: [%s]"),
        {"about/a.yaml": "about: %s\ncity: {value: Alder, source: agency}"},
    ],
)
def test_a_message_stays_short_however_long_the_value(standing: Standing, seeds: WriteSeeds, files: Files) -> None:
    folder = seeds({path: content.replace("%s", "x" * 900) for path, content in files.items()}, "case")
    result = zoo("load", folder, db=standing.url)
    assert result.exit_code == 1
    assert max(map(len, result.stderr.splitlines())) < 400 + len(str(folder))


def test_what_is_just_short_enough_is_loaded_in_every_script(standing: Standing, seeds: WriteSeeds) -> None:
    wide = "😀"
    folder = seeds(
        zoos(
            f"""\
            cedar-zoo:
              names: ["{wide * 200}"]
              city: {{value: "{wide * 200}", source: agency, at: "{wide * 100}", quote: "{wide * 500}"}}
              statements: {{motto: {{value: "{wide * 400}", source: agency, at: "{wide * 100}", note: "{wide * 1000}"}}}}
              notes: "{wide * 4000}"
            {"z" * 100}: {{kind: zoo}}
            """
        ),
        "case",
    )
    loaded = load(standing.url, folder)
    standing.renew()
    assert loaded.problems == ()
    assert loaded.created == {"institution": 2}


# -- slugs and keys ------------------------------------------------------------------------------------

SLUGS = [
    zoos("«Cedar Zoo»: {kind: zoo}"),
    zoos("«cedar/zoo»: {kind: zoo}"),
    zoos("«-cedar»: {kind: zoo}"),
    zoos("«кедр»: {kind: zoo}"),
    zoos("«" + "z" * 101 + "»: {kind: zoo}"),
    zoos("cedar-zoo: {formerly: «Cedar Zoo»}"),
    zoos("cedar-zoo: {formerly: «cedar-zoo»}"),
    zoos("cedar-zoo: {statements: {«Cause Of Death»: none}, sources: [agency]}"),
    zoos("cedar-zoo: {ids: {«Wiki Data»: Q1}}"),
    gift("sources: [agency]\nlines: {«Big Cats»: {taxon: panthera}}"),
    gift("sources: [agency]\nparticipants: {«The Giver»: {who: keeper-one}}"),
    gift("sources: [agency]\ndates: {«The Day»: 2024}"),
]


@pytest.mark.parametrize("files", SLUGS)
def test_a_slug_or_key_that_is_none_is_told_where_it_stands(
    standing: Standing, seeds: WriteSeeds, files: Files
) -> None:
    refuse(standing, seeds, files, Told("bad-slug", " is no"))


def test_a_value_that_should_be_a_slug_is_told(standing: Standing, seeds: WriteSeeds) -> None:
    files = zoos("cedar-zoo: {parent: «Alder Zoo», sources: [agency]}")
    refuse(standing, seeds, files, Told("unreadable", "'Alder Zoo' is not a slug"))


@pytest.mark.parametrize("stem", ["Big Gift", "GIFT", "gift!", "über", "g" * 101])
def test_the_name_of_a_transfers_file_must_be_a_slug(standing: Standing, seeds: WriteSeeds, stem: str) -> None:
    path = f"transfers/{stem}.yaml"
    told = Told("bad-slug", f"{stem[:60]!r} is not a slug", whole=path)
    refuse(standing, seeds, {path: "kind: gift\nsources: [agency]\n"}, told)


# -- about ---------------------------------------------------------------------------------------------

ABOUT = [
    ("about: «alder-zo»\ncity: {value: A, source: agency}", Told("unknown-slug", "'alder-zo'", NEAREST)),
    ("about: «nothing-like-it»\ncity: {value: A, source: agency}", Told("unknown-slug", "'nothing-like-it'")),
    (
        "about: «standing-gift/lion»\ncount: {value: 3, source: agency}",
        Told("unknown-line", "'standing-gift' has no line 'lion'", "did you mean 'lions'?"),
    ),
    (
        "about: «standing-gift/lion»\ncount: {value: 3, sources: [agency, ministry]}",
        Told("unknown-line", "'standing-gift' has no line 'lion'", "did you mean 'lions'?"),
    ),
    ("about: «standing-gift/»\ncount: {value: 3, source: agency}", Told("unknown-line", "line")),
    (
        "about: standing-gift\nlines: {«lion»: {count: {value: 3, source: agency}}}",
        Told("unknown-line", "'standing-gift' has no line 'lion'", "did you mean 'lions'?"),
    ),
    (
        "about: standing-gift\nparticipants: {«on»: {role: {value: giver, source: agency}}}",
        Told("unknown-participant", "'standing-gift' has no participant 'on'", "did you mean 'one'?"),
    ),
    ("about: «alder-zoo/lions»\ncount: {value: 3, source: agency}", Told("wrong-kind", "'alder-zoo' is no transfer")),
    ("«c»ity: {value: A, source: agency}", Told("missing", "needs 'about'")),
    ("about: «[»alder-zoo]\ncity: {value: A, source: agency}", Told("", "about")),
    ("«about»:\ncity: {value: A, source: agency}", Told("empty", "nothing stands after 'about'")),
    ("about: alder-zoo\n«sex»: {value: male, source: agency}", Told("unknown-key", "unknown key 'sex'")),
    (
        "about: standing-gift/lions\nanimals: «[»lea]",
        Told("not-here", "which animals a line has is its own data set's to say"),
    ),
]


@pytest.mark.parametrize(("written", "told"), ABOUT)
def test_a_file_about_nothing_known_is_told(standing: Standing, seeds: WriteSeeds, written: str, told: Told) -> None:
    refuse(standing, seeds, {"about/case.yaml": written}, told)


@pytest.mark.parametrize(
    "written",
    [
        "about: standing-gift\npasses: [title]",
        "about: standing-gift\nanswers: standing-gift",
        "about: standing-gift\nnotes: some",
        "about: standing-gift\nanimals: [lea]",
        "about: standing-gift\nlines: {lions: {animals: [lea]}}",
        "about: agency\nbased_on: ministry",
    ],
)
def test_what_a_file_about_a_record_cannot_say_is_not_dropped_in_silence(
    standing: Standing, seeds: WriteSeeds, written: str
) -> None:
    result = zoo("load", "-f", "json", seeds({"about/case.yaml": written}, "case"), db=standing.url)
    unchanged = standing.unchanged()
    assert [problem["line"] for problem in json.loads(result.stdout)["problems"]] == [2]
    assert result.exit_code == 1
    assert unchanged


def test_a_file_about_an_own_record_does_not_overwrite_it_in_silence(standing: Standing, seeds: WriteSeeds) -> None:
    folder = seeds(
        {
            "institutions.yaml": "cedar-zoo: {city: Cedar, sources: [agency]}\n",
            "about/cedar-zoo.yaml": "about: cedar-zoo\ncity: {value: Cork, source: ministry}\n",
        },
        "case",
    )
    loaded = load(standing.url, folder)
    rows = contents(standing.url)
    standing.renew()
    assert loaded.problems or any("'Cedar'" in row for table in ("institution", "claim") for row in rows[table])


def test_a_file_may_be_about_a_record_of_a_folder_loaded_with_it(url: URL, seeds: WriteSeeds) -> None:
    first = seeds({"institutions.yaml": "cedar-zoo: {kind: zoo}\n"}, "first")
    second = seeds(
        {"sources.yaml": "paper: {}\n", "about/a.yaml": "about: cedar-zoo\ncity: {value: Cedar, source: paper}\n"},
        "second",
    )
    assert load(url, first, second).problems == ()


# -- second definitions --------------------------------------------------------------------------------

LoadBoth = Callable[[Path, Path], list[tuple[str, str]]]


@pytest.fixture(params=["in one load", "in a later load"])
def load_both(request: pytest.FixtureRequest, url: URL) -> LoadBoth:
    def both(first: Path, second: Path) -> list[tuple[str, str]]:
        if request.param == "in one load":
            loaded = load(url, first, second)
            assert not (loaded.problems and contents(url)["record"])
        else:
            assert load(url, first).problems == ()
            before = contents(url)
            loaded = load(url, second)
            assert not loaded.problems or contents(url) == before
        return [(problem.code, problem.message) for problem in loaded.problems]

    return both


CEDAR = {
    "sources.yaml": "paper: {}\n",
    "institutions.yaml": "cedar-zoo: {kind: zoo, city: Cedar, sources: [paper]}\n",
    "taxa.yaml": "felis: {}\n",
    "animals.yaml": "tom: {taxon: felis}\n",
    "transfers/cats.yaml": "to: cedar-zoo\nsources: [paper]\nlines: {cats: {taxon: felis, count: 2, animals: [tom]}}\n",
}


@pytest.mark.parametrize(
    ("path", "content", "says"),
    [
        ("institutions.yaml", "cedar-zoo: {kind: zoo, city: Cork, sources: [review]}\n", "(they differ in city)"),
        ("institutions.yaml", "cedar-zoo: {kind: museum}\n", "(they differ in kind)"),
        ("transfers/cats.yaml", "kind: gift\nto: cork-zoo\nsources: [review]\n", "(they differ in to)"),
        (
            "transfers/cats.yaml",
            "to: cedar-zoo\nsources: [review]\nlines: {cats: {taxon: felis, count: 3}}\n",
            "(they differ in cats)",
        ),
        (
            "transfers/cats.yaml",
            "to: cedar-zoo\nsources: [review]\nlines: {toms: {taxon: felis}}\n",
            "(they differ in toms)",
        ),
    ],
)
def test_a_second_definition_that_differs_is_told_with_both_places(
    load_both: LoadBoth, seeds: WriteSeeds, path: str, content: str, says: str
) -> None:
    more = {} if path == "institutions.yaml" else {"institutions.yaml": "cork-zoo: {}\n"}
    second = seeds({"sources.yaml": "review: {}\n", path: content, **more}, "second")
    problems = load_both(seeds(CEDAR, "first"), second)
    assert [code for code, _ in problems] == ["second-definition"]
    assert says in problems[0][1]
    assert "is defined otherwise by data set 'first'" in problems[0][1]


def test_an_equal_second_definition_is_a_witness(load_both: LoadBoth, seeds: WriteSeeds) -> None:
    again = {path: content.replace("paper", "review") for path, content in CEDAR.items()}
    assert load_both(seeds(CEDAR, "first"), seeds(again, "second")) == []


def test_a_line_that_only_the_second_definition_has_is_told_even_where_all_of_it_is_cited(
    load_both: LoadBoth, seeds: WriteSeeds
) -> None:
    second = seeds(
        {
            "sources.yaml": "review: {}\n",
            "transfers/cats.yaml": "sources: [review]\nlines: {toms: {count: {value: 2, source: review}}}\n",
        },
        "second",
    )
    assert [code for code, _ in load_both(seeds(CEDAR, "first"), second)] == ["second-definition"]


def test_a_second_definition_may_stand_beside_a_file_about_the_same_record(
    load_both: LoadBoth, seeds: WriteSeeds
) -> None:
    second = seeds(
        {
            "sources.yaml": "review: {}\n",
            "institutions.yaml": "cedar-zoo: {city: Cedar, sources: [review]}\n",
            "about/cedar-zoo.yaml": "about: cedar-zoo\ncity: {value: Cedar, source: review}\n",
        },
        "second",
    )
    problems = load_both(seeds(CEDAR, "first"), second)
    assert [code for code, _ in problems] in ([], ["duplicate"])


def test_a_line_that_another_data_set_speaks_of_does_not_vanish(url: URL, seeds: WriteSeeds) -> None:
    first = seeds(CEDAR, "first")
    second = seeds(
        {"sources.yaml": "review: {}\n", "about/a.yaml": "about: cats/cats\ncount: {value: 3, source: review}\n"},
        "second",
    )
    assert load(url, first).problems == ()
    assert load(url, second).problems == ()
    before = contents(url)
    (first / "transfers/cats.yaml").write_text("to: cedar-zoo\nsources: [paper]\n", encoding="utf-8")
    (problem,) = load(url, first).problems
    assert problem.code == "still-cited"
    assert problem.message == "line 'cats' is gone, but data set 'second' speaks of it"
    assert contents(url) == before


# -- former slugs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "code"),
    [
        ({"institutions.yaml": "old-zoo: {}\nnew-zoo: {formerly: old-zoo}\n"}, "not-renamed"),
        ({"institutions.yaml": "other-zoo: {formerly: old-zoo}\n"}, "not-renamed"),
        ({"institutions.yaml": "new-zoo: {formerly: old-zoo}\nnewer-zoo: {formerly: old-zoo}\n"}, ""),
        ({"animals.yaml": "new-zoo: {formerly: old-zoo}\n"}, ""),
    ],
)
def test_a_former_slug_names_one_record_of_the_same_kind_that_is_no_longer_there(
    url: URL, seeds: WriteSeeds, later: Files, code: str
) -> None:
    assert load(url, seeds({"institutions.yaml": "old-zoo: {}\nother-zoo: {}\n"})).problems == ()
    before = contents(url)
    problems = load(url, seeds(later)).problems
    assert contents(url) == before
    (problem,) = problems
    assert code in {problem.code, ""}
    assert "'old-zoo'" in problem.message


def test_a_former_slug_that_is_still_defined_is_told_in_a_new_database_too(url: URL, seeds: WriteSeeds) -> None:
    (problem,) = load(url, seeds({"institutions.yaml": "old-zoo: {}\nnew-zoo: {formerly: old-zoo}\n"})).problems
    assert problem.code == "not-renamed"
    assert contents(url)["record"] == []


# -- files and folders ---------------------------------------------------------------------------------

MISPLACED = [
    ("institutions.yml", "is no file of a data set", "did you mean 'institutions.yaml'?"),
    ("institution.yaml", "is no file of a data set", "did you mean 'institutions.yaml'?"),
    ("Institutions.yaml", "is no file of a data set", "did you mean 'institutions.yaml'?"),
    ("institutions.YAML", "is no file of a data set", "did you mean 'institutions.yaml'?"),
    ("transfers/case.yml", "would not be read; expected transfers/<name>.yaml", ""),
    ("transfers/case.YAML", "would not be read; expected transfers/<name>.yaml", ""),
    ("transfers/2024/case.yaml", "would not be read; expected transfers/<name>.yaml", ""),
    ("about/deep/case.yaml", "would not be read; expected about/<name>.yaml", ""),
]


@pytest.mark.parametrize(("path", "says", "hint"), MISPLACED)
def test_a_yaml_file_that_would_be_passed_over_is_told(
    standing: Standing, seeds: WriteSeeds, path: str, says: str, hint: str
) -> None:
    refuse(standing, seeds, {path: "kind: gift\n"}, Told("misplaced", says, hint, whole=path))


def test_a_folder_that_would_be_passed_over_is_told(standing: Standing, seeds: WriteSeeds) -> None:
    told = Told("misplaced", "is no folder of a data set", "did you mean 'transfers'?", whole="transfer")
    refuse(standing, seeds, {"transfer/case.yaml": "kind: gift\n"}, told)


@pytest.mark.parametrize("path", ["institutions.yaml", "transfers/case.yaml", "about/case.yaml", "dataset.yaml"])
def test_an_empty_file_is_told(standing: Standing, seeds: WriteSeeds, path: str) -> None:
    refuse(standing, seeds, {path: "# nothing\n"}, Told("empty", "the file is empty; fill it or remove it", whole=path))


def test_other_files_are_left_alone(standing: Standing, seeds: WriteSeeds) -> None:
    folder = seeds({"README.md": "# [\n", "data.csv": "a,b\n", "pictures/leo.txt": "x\n"}, "case")
    assert load(standing.url, folder).problems == ()
    standing.renew()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "nowhere", "there is no such file or folder"),
        (
            lambda folder: folder / "transfers",
            "is no data set: it has no dataset.yaml (write one with: name: my-data-set)",
        ),
        (
            lambda folder: folder / "notes.txt",
            "is no seed file; expected a data set's folder, or a .yaml, .csv or .jsonl file in one",
        ),
        (lambda folder: folder.parent / "stray.yaml", "belongs to no data set: no dataset.yaml beside or above it"),
    ],
)
def test_a_path_that_cannot_be_loaded_is_told(
    standing: Standing, seeds: WriteSeeds, make: Callable[[Path], Path], says: str
) -> None:
    folder = seeds({**gift("kind: gift\nunsourced: true\n"), "notes.txt": "x\n", "../stray.yaml": "a: {}\n"}, "case")
    path = make(folder)
    result = zoo("load", path, db=standing.url)
    assert result.exit_code == 1
    assert result.stderr == f"{path}: {says}\n1 problem in 1 file. Nothing was written.\n"
    assert standing.unchanged()


def test_no_problem_is_lost_when_a_single_file_is_loaded_beside_it(url: URL, seeds: WriteSeeds) -> None:
    good = seeds({"taxa.yaml": "felis: {}\n"}, "good") / "taxa.yaml"
    broken = seeds(zoos("]\n"), "broken")
    for paths in ([broken, good], [good, broken], [broken / "nowhere", good], [good, broken / "nowhere"]):
        result = zoo("load", *paths, db=url)
        assert result.exit_code == 1, result.stderr
        assert result.stderr.endswith("1 problem in 1 file. Nothing was written.\n")
    assert contents(url)["record"] == []


@pytest.mark.parametrize("origin", ["nowhere", "{value: nowhere, unsourced: true}"])
def test_a_single_files_references_are_followed_though_another_file_cannot_be_read(
    url: URL, seeds: WriteSeeds, origin: str
) -> None:
    folder = seeds({"institutions.yaml": "]\n", "transfers/case.yaml": f"from: {origin}\nunsourced: true\n"})
    result = zoo("load", folder / "transfers/case.yaml", db=url)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1
    assert contents(url)["record"] == []


def test_a_folder_given_twice_is_loaded_once(url: URL, seeds: WriteSeeds, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = seeds({"taxa.yaml": "felis: {}\n"})
    monkeypatch.chdir(folder.parent)
    assert load(url, folder, Path(folder.name), folder / "taxa.yaml").created == {"taxon": 1}


@pytest.mark.parametrize("name", [b"\x1b[31mred.yaml", b"a\nb.yaml", b"\xff.yaml"])
def test_a_files_name_cannot_steer_the_terminal_nor_break_the_load(url: URL, seeds: WriteSeeds, name: bytes) -> None:
    folder = seeds({"transfers/case.yaml": "kind: gift\nunsourced: true\n"})
    (folder / "transfers/case.yaml").rename(folder / "transfers" / os.fsdecode(name))
    problems = load(url, folder).problems
    told = tell_all(problems)
    assert [problem.code for problem in problems] == ["bad-slug"]
    assert len(told.splitlines()) == 2
    assert "\x1b" not in told
    assert zoo("load", "-f", "json", folder, db=url).exit_code == 1


def test_the_same_message_comes_for_every_kind_of_line_end(standing: Standing, seeds: WriteSeeds) -> None:
    said = set()
    for ends in (b"\n", b"\r\n"):
        for start in (b"", b"\xef\xbb\xbf"):
            folder = seeds({}, "case")
            (folder / "institutions.yaml").write_bytes(start + b"cedar-zoo:" + ends + b"  cty: Cedar" + ends)
            said.add(zoo("load", folder, db=standing.url).stderr.replace(f"{folder}/", ""))
    (only,) = said
    assert only.splitlines() == [
        "institutions.yaml:2:3: unknown key 'cty'",
        "    2 |   cty: Cedar",
        "      |   ^^^ did you mean 'city'?",
        "1 problem in 1 file. Nothing was written.",
    ]


def test_a_file_that_is_not_utf_8_is_told_with_its_line(standing: Standing, seeds: WriteSeeds) -> None:
    folder = seeds({}, "case")
    (folder / "institutions.yaml").write_bytes("cedar-zoo: {}\ncork-zoo: {city: Corķ}\n".encode("iso-8859-13"))
    result = zoo("load", folder, db=standing.url)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{folder}/institutions.yaml:2")
    assert "is not UTF-8" in result.stderr
    assert result.stderr.endswith("1 problem in 1 file. Nothing was written.\n")
    assert standing.unchanged()


# -- nothing is left behind ----------------------------------------------------------------------------

FAULT = {"institutions.yaml": "cedar-zoo: {cty: Cedar}\n"}


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
@pytest.mark.parametrize("files", [FAULT, {"institutions.yaml": "cedar-zoo: {kind: zoo}\n"}])
def test_a_database_made_for_a_load_that_is_not_kept_is_taken_away(
    bare_url: URL, seeds: WriteSeeds, files: Files, options: list[str]
) -> None:
    kept = files is not FAULT and not options
    result = zoo("load", *options, seeds(files), db=bare_url)
    assert result.exit_code == (1 if files is FAULT else 0)
    if name_of(bare_url) == "sqlite":
        path = Path(str(bare_url.database))
        assert sorted(file.name for file in path.parent.glob(f"{path.name}*")) == ([path.name] if kept else [])
    else:
        assert bool(contents(bare_url)) == kept


def test_a_folder_made_for_a_database_that_is_not_kept_is_taken_away(tmp_path: Path, seeds: WriteSeeds) -> None:
    assert zoo("load", seeds(FAULT), db=str(tmp_path / "new" / "deeper" / "zoo.db")).exit_code == 1
    assert not (tmp_path / "new").exists()


def test_a_dry_run_changes_nothing(standing: Standing, seeds: WriteSeeds) -> None:
    result = zoo("load", "--dry-run", "-f", "json", seeds(zoos("cedar-zoo: {}\n"), "case"), db=standing.url)
    assert (result.exit_code, json.loads(result.stdout)["created"]) == (0, {"institution": 1})
    assert standing.unchanged()


def test_a_load_whose_report_cannot_be_written_changes_nothing(
    standing: Standing, seeds: WriteSeeds, tmp_path: Path
) -> None:
    target = tmp_path / "nowhere" / "report.json"
    result = zoo("load", "-o", target, seeds(zoos("cedar-zoo: {}\n"), "case"), db=standing.url)
    unchanged = standing.unchanged()
    assert one_line(result, 1) == f"Error: {target} cannot be written: No such file or directory"
    assert unchanged


# -- values are just values ----------------------------------------------------------------------------

HOSTILE = ["x'); DROP TABLE record;--", '" OR 1=1 --', "%s %(x)s :x ? {y} $1", "%_\\", "=1+1", "\\x1b[31m"]


def test_values_that_look_like_sql_are_just_values(url: URL, seeds: WriteSeeds) -> None:
    written = json.dumps(
        {f"zoo-{n}": {"names": [value], "city": value} | {"unsourced": "true"} for n, value in enumerate(HOSTILE)}
    )
    assert load(url, seeds({"institutions.yaml": written})).problems == ()
    for number, value in enumerate(HOSTILE):
        found = zoo("show", f"zoo-{number}", "-f", "json", db=url)
        assert (found.exit_code, json.loads(found.stdout)["record"]["label"]) == (0, value)
        by_name = zoo("show", value, "-f", "json", db=url)
        assert json.loads(by_name.stdout)["record"]["slug"] == f"zoo-{number}"


@pytest.mark.parametrize(
    "words", ["%", "_", "' OR '1'='1", "\x1b[31m", "x" * 5000, "", "\udcff", "a:\udcff", "\udcff/x"]
)
def test_whatever_is_asked_for_is_found_or_not_found(standing: Standing, words: str) -> None:
    for command in ("show", "trace", "evidence", "find"):
        result = zoo(command, words, db=standing.url)
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code == 4
        assert "\x1b" not in result.output


def test_a_value_cannot_steer_the_terminal(url: URL, seeds: WriteSeeds, tmp_path: Path) -> None:
    folder = seeds(
        {"institutions.yaml": 'cedar-zoo: {names: ["\\e[31mCedar\\a"], city: "a\\tb\\nc", unsourced: true}\n'}
    )
    assert load(url, folder).problems == ()
    for suffix in ("txt", "tsv", "csv", "json", "jsonl", "md"):
        target = tmp_path / f"out.{suffix}"
        for command in (["list", "institutions"], ["show", "cedar-zoo"], ["evidence", "cedar-zoo"], ["find", "cedar"]):
            assert zoo(*command, "-o", target, db=url).exit_code == 0
            assert not {"\x1b", "\x07"} & set(target.read_text(encoding="utf-8"))


def test_what_was_claimed_cannot_steer_the_terminal_through_a_message(url: URL, seeds: WriteSeeds) -> None:
    folder = seeds(
        {
            "institutions.yaml": """\
                cedar-zoo: {city: {claims: [{value: "\\e[31mA", unsourced: true}], settled: B, because: reasons}}
                """
        }
    )
    problems = load(url, folder).problems
    assert len(problems) == 1
    assert "\x1b" not in tell_all(problems)


@pytest.mark.parametrize("files", [zoos('cedar-zoo: {names: ["Ce\\0dar"]}\n'), {"dataset.yaml": 'name: "ca\\0se"\n'}])
def test_a_null_written_as_an_escape_is_told_on_every_engine(
    standing: Standing, seeds: WriteSeeds, files: Files
) -> None:
    result = zoo("load", "-f", "json", seeds(files, "case"), db=standing.url)
    unchanged = standing.unchanged()
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert len(json.loads(result.stdout)["problems"]) == 1
    assert unchanged


@pytest.mark.parametrize("count", ["3000000000", "9999999999", "3000000000.0.0", ">2147483647"])
def test_a_large_count_means_the_same_on_every_engine(servers: Servers, seeds: WriteSeeds, count: str) -> None:
    folder = seeds(
        {
            "taxa.yaml": "felis: {}\n",
            "animals.yaml": f"herd: {{taxon: felis, count: '{count}', unsourced: true}}\n",
            "transfers/case.yaml": f"unsourced: true\nlines: {{a: {{taxon: felis, count: '{count}'}}}}\n",
            "transfers/short.yaml": "unsourced: true\nanimals: [herd]\n",
        }
    )
    first, second = (load(servers.fresh(engine), folder) for engine in ENGINES)
    assert first == second


def test_looking_for_a_value_does_not_take_away_the_one_that_is_there(url: URL, seeds: WriteSeeds) -> None:
    folder = seeds(
        {
            "sources.yaml": "agency: {}\nministry: {}\n",
            "transfers/case.yaml": "date: 2024\nsources: [agency]\nsearched: [{field: date, source: ministry}]\n",
        }
    )
    assert load(url, folder).problems == ()
    assert "'2024', '2024-01-01', '2024-12-31'" in contents(url)["transfer"][0]
    again = load(url, folder)
    assert (again.created, again.updated, again.batch) == ({}, {}, None)


# -- the database --------------------------------------------------------------------------------------

READING = [["list", "animals"], ["show", "leo"], ["trace", "leo"], ["arrivals"], ["donors"], ["find", "leo"]]


def one_line(result: Result, code: int) -> str:
    """Check that a command said one line on stderr, nothing on stdout, and left with this code."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    assert len(result.stderr.splitlines()) == 1, result.stderr
    return result.stderr.strip()


@pytest.fixture
def commands(seeds: WriteSeeds) -> list[list[str]]:
    """Commands that read or write the database."""
    return [*READING, ["load", str(seeds({"taxa.yaml": "felis: {}\n"}))]]


def test_a_reading_command_makes_no_database(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "zoo.db"
    for command in READING:
        said = one_line(zoo(*command, db=str(path)), 1)
        assert said == f"Error: There is no database at {path}. Make one with: zoo-provenance --db {path} load"
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"junk", b"junk " * 4000, b"SQLite format 3\x00" + b"\xff" * 200])
def test_a_file_that_is_no_database_is_told_and_left_as_it_is(
    tmp_path: Path, commands: list[list[str]], content: bytes
) -> None:
    path = tmp_path / "zoo.db"
    path.write_bytes(content)
    for command in (*commands, ["db", "upgrade"], ["db", "current"], ["db", "check"]):
        assert one_line(zoo(*command, db=str(path)), 1) == f"Error: {path} is not a database."
    assert path.read_bytes() == content


def test_a_folder_in_place_of_a_database_is_told(tmp_path: Path, commands: list[list[str]]) -> None:
    folder = tmp_path / "zoo.db"
    folder.mkdir()
    for command in (*commands, ["db", "upgrade"], ["db", "current"]):
        said = one_line(zoo(*command, db=str(folder)), 1)
        assert str(folder) in said
        assert "Make one with" not in said
    assert list(folder.iterdir()) == []


def test_a_path_below_a_file_is_told(tmp_path: Path, seeds: WriteSeeds) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "zoo.db"
    assert str(path) in one_line(zoo("load", seeds({}), db=str(path)), 1)
    assert str(path) in one_line(zoo("list", "animals", db=str(path)), 1)


def test_an_empty_file_is_no_database_to_read_and_one_to_fill(tmp_path: Path, seeds: WriteSeeds) -> None:
    path = tmp_path / "zoo.db"
    path.touch()
    assert "There is no database at" in one_line(zoo("list", "animals", db=str(path)), 1)
    assert path.stat().st_size == 0
    assert zoo("load", seeds({"taxa.yaml": "felis: {}\n"}), db=str(path)).exit_code == 0


def test_a_database_without_tables_can_be_filled(tmp_path: Path, seeds: WriteSeeds) -> None:
    path = tmp_path / "zoo.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
    assert path.stat().st_size > 0
    assert "Fill it with" in one_line(zoo("list", "animals", db=str(path)), 1)
    result = zoo("load", seeds({"taxa.yaml": "felis: {}\n"}), db=str(path))
    assert result.exit_code == 0, result.stderr


def test_a_database_of_another_program_is_told_and_left_as_it_is(bare_url: URL, commands: list[list[str]]) -> None:
    with database.engine_of(bare_url).begin() as connection:
        connection.execute(text("CREATE TABLE ledger (entry VARCHAR)"))
        connection.execute(text("INSERT INTO ledger VALUES ('one')"))
    before = contents(bare_url)
    for command in (*commands, ["db", "upgrade"], ["db", "current"]):
        said = one_line(zoo(*command, db=bare_url), 1)
        assert said == f"Error: {database.describe(bare_url)} holds tables, but none of zoo-provenance."
    assert contents(bare_url) == before


def test_a_database_without_a_revision_asks_for_an_upgrade_and_can_be_filled_after_it(
    url: URL, commands: list[list[str]]
) -> None:
    schema.downgrade(url, "base")
    name = database.describe(url)
    for command in commands:
        said = one_line(zoo(*command, db=url), 5)
        assert said == f"Error: {name} has an older schema. Bring it up with: zoo-provenance --db {name} db upgrade"
    assert zoo("db", "upgrade", db=url).exit_code == 0
    assert zoo(*commands[-1], db=url).exit_code == 0


def test_a_database_of_a_newer_program_is_told_and_left_as_it_is(url: URL, commands: list[list[str]]) -> None:
    with database.engine_of(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = contents(url)
    for command in (*commands, ["db", "upgrade"], ["db", "downgrade", "base"]):
        said = one_line(zoo(*command, db=url), 5)
        assert said.startswith(f"Error: {database.describe(url)} was written by a newer zoo-provenance (schema 9999).")
    assert contents(url) == before


def test_a_damaged_database_is_told(tmp_path: Path, seeds: WriteSeeds) -> None:
    path = tmp_path / "zoo.db"
    assert zoo("load", seeds({"taxa.yaml": "felis: {}\n"}), db=str(path)).exit_code == 0
    os.truncate(path, 50_000)
    for arguments in (["list", "animals"], ["load", str(seeds({}))], ["db", "check"]):
        assert "is damaged" in one_line(zoo(*arguments, db=str(path)), 1)


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("attempt to write a readonly database", "cannot be written: it, its folder or its file system is read-only."),
        ("unable to open database file", "cannot be opened: check that the folder exists and may be written."),
        ("database is locked", "is being written by another program; it did not finish in 30 seconds."),
        ("database or disk is full", "cannot be written: the disk is full, its own or that of temporary files."),
        ("disk I/O error", "cannot be read or written: the disk reports an error."),
        (
            "database disk image is malformed",
            "is damaged (database disk image is malformed). Restore it from a backup.",
        ),
        ("file is not a database", "is not a database."),
        ("no such table: record", "lacks a table it should have; it is damaged or not ours."),
    ],
)
def test_every_fault_of_a_file_has_its_sentence(reason: str, says: str) -> None:
    fault = OperationalError("SELECT 1", {}, sqlite3.OperationalError(reason))
    told = explain(fault, database.locate("/data/zoo.db"), "/data/zoo.db")
    assert told is not None
    assert told.startswith("/data/zoo.db ")
    assert told.endswith(says)


def test_a_fault_of_the_program_is_not_explained_away() -> None:
    fault = DatabaseError("SELECT 1", {}, sqlite3.DatabaseError("CHECK constraint failed: x"))
    assert explain(fault, database.locate("/data/zoo.db"), "/data/zoo.db") is None


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://zoo:secret@127.0.0.1:1/zoo",
        "postgresql://zoo:secret@127.0.0.1:99999/zoo",
        "postgresql://zoo:secret@127.0.0.1:1/zoo?sslmode=bogus",
        "postgresql://zoo:secret@127.0.0.1:1/zoo?bogus=1",
        "postgresql+asyncpg://zoo:secret@127.0.0.1:1/zoo",
    ],
)
def test_a_server_that_cannot_be_reached_is_told_without_the_password(commands: list[list[str]], address: str) -> None:
    for command in (commands[0], commands[-1], ["db", "current"], ["db", "upgrade"]):
        said = one_line(zoo(*command, db=address), 1)
        assert said.startswith("Error: postgresql://zoo:***@127.0.0.1:")
        assert "secret" not in said


@pytest.mark.parametrize(
    "address",
    [
        "mysql://zoo:secret@localhost/zoo",
        "nonsense://zoo:secret@localhost/zoo",
        "postgresql://localhost:port/zoo",
        "://",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_an_address_that_is_none_is_told_without_the_password(seeds: WriteSeeds, address: str) -> None:
    for arguments in (["list", "animals"], ["load", str(seeds({}))], ["db", "path"]):
        said = one_line(zoo(*arguments, db=address), 1)
        assert said.startswith("Error: ")
        assert "secret" not in said


def test_a_missing_database_on_a_server_is_told(url: URL) -> None:
    missing = url.set(database=f"{url.database}_none")
    said = one_line(zoo("list", "animals", db=missing), 1)
    assert said.startswith("Error: ")
    assert f"{url.database}_none" in said


@pytest.mark.parametrize(
    ("settings", "says"),
    [("db = ", "cannot be read as TOML"), ("name = 'x'\n", "names no database"), ("db = 3\n", "names no database")],
)
def test_settings_that_cannot_be_used_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, says: str
) -> None:
    (tmp_path / "zooprov.toml").write_text(settings, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOOPROV_DB", raising=False)
    assert says in one_line(zoo("list", "animals"), 1)


# -- names ---------------------------------------------------------------------------------------------


def test_an_ambiguous_name_lists_every_match_and_picks_none(url: URL, seeds: WriteSeeds) -> None:
    folder = seeds({"animals.yaml": "".join(f"leo-{n}: {{names: [Leo], ids: {{gan: X}}}}\n" for n in range(12))})
    assert load(url, folder).problems == ()
    for name in ("Leo", "LEO", "gan:x"):
        result = zoo("trace", name, db=url)
        assert (result.exit_code, result.stdout) == (4, "")
        listed = [line.split()[0] for line in result.stderr.splitlines()[1:]]
        assert listed == sorted(f"leo-{n}" for n in range(12))


def test_an_unknown_name_is_told_with_the_nearest(standing: Standing) -> None:
    assert one_line(zoo("show", "alder-zo", db=standing.url), 4) == (
        "Error: No record is called 'alder-zo'. Did you mean 'alder-zoo'?"
    )
    assert "'lions'" not in one_line(zoo("trace", "standing-gift/lion", db=standing.url), 4)
    assert "'standing-gift/lions'" in one_line(zoo("trace", "standing-gift/lion", db=standing.url), 4)


# -- usage and output ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["load", "--nonsense"],
        ["load", "-f", "xml"],
        ["list"],
        ["list", "nonsense"],
        ["list", "institutions", "--at", "alder-zoo"],
        ["trace"],
        ["trace", "leo", "lea"],
        ["arrivals", "--since", "last year"],
        ["arrivals", "--since", "2024", "--until", "2023"],
        ["arrivals", "--since"],
        ["donors", "--by", "nobody"],
        ["db", "nonsense"],
        ["db", "downgrade"],
    ],
)
def test_wrong_usage_ends_with_two(standing: Standing, arguments: list[str]) -> None:
    result = zoo(*arguments, db=standing.url)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr


@pytest.mark.parametrize("command", [["list", "animals"], ["show", "leo"], ["arrivals"], ["trace", "leo"]])
def test_an_output_that_cannot_be_written_is_told(standing: Standing, tmp_path: Path, command: list[str]) -> None:
    target = tmp_path / "nowhere" / "out.json"
    said = one_line(zoo(*command, "-o", target, db=standing.url), 1)
    assert said == f"Error: {target} cannot be written: No such file or directory"
    assert zoo(*command, "-o", tmp_path, db=standing.url).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def program(url: URL, *arguments: str | bytes) -> list[str | bytes]:
    return [sys.executable, "-m", "zoo_provenance", "--db", url.render_as_string(hide_password=False), *arguments]


@pytest.mark.parametrize("arguments", [["list", "animals"], ["list", "animals", "-f", "json"], ["--help"]])
def test_output_that_nobody_reads_is_no_error(standing: Standing, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(program(standing.url, *arguments), stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("form", ["plain", "json"])
def test_output_of_which_only_the_head_is_read_is_no_error(url: URL, seeds: WriteSeeds, form: str) -> None:
    many = "".join(f"zoo-{n}: {{names: ['{'Z' * 150}']}}\n" for n in range(1500))
    assert load(url, seeds({"institutions.yaml": many})).problems == ()
    with subprocess.Popen(
        program(url, "list", "institutions", "-f", form), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (0, b"")


def test_a_name_that_is_no_text_is_not_found(standing: Standing) -> None:
    done = subprocess.run(program(standing.url, "show", b"\xff"), capture_output=True, check=False)
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr


# -- interrupted ---------------------------------------------------------------------------------------


def is_loading(url: URL) -> bool:
    """Whether somebody is in the middle of a load: the schema is there and the writer's lock is held."""
    try:
        if name_of(url) == "sqlite":
            with closing(sqlite3.connect(f"file:{url.database}?mode=rw", uri=True, timeout=0)) as connection:
                if not connection.execute("SELECT count(*) FROM alembic_version").fetchone()[0]:
                    return False
                try:
                    connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    return True
                connection.rollback()
                return False
        with database.engine_of(url).connect() as connection_:
            return _is_loading_on_server(connection_)
    except (sqlite3.OperationalError, DatabaseError):
        return False


def _is_loading_on_server(connection: Connection) -> bool:
    connection.execute(text("SELECT count(*) FROM alembic_version"))
    held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = :key")
    in_this = text(" AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
    found = connection.execute(text(f"{held.text}{in_this.text}"), {"key": database.WRITERS_LOCK})
    return bool(found.scalar())


def interrupted_load(url: URL, folder: Path) -> tuple[int, str]:
    """Load a folder in a process of its own, press Ctrl-C in the middle, and return its exit code and stderr."""
    with subprocess.Popen(
        program(url, "load", str(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests were started in the background the key does nothing.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - nothing else runs
    ) as running:
        assert running.stderr is not None
        while running.poll() is None and not is_loading(url):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        said = running.stderr.read()
    return running.returncode, said


@pytest.fixture
def big(seeds: WriteSeeds) -> Path:
    zoos_ = "".join(f"zoo-{n}: {{kind: zoo, names: [Zoo {n}], city: Cedar, unsourced: true}}\n" for n in range(20_000))
    return seeds({"institutions.yaml": zoos_}, "big")


def test_an_interrupted_load_changes_nothing(url: URL, seeds: WriteSeeds, big: Path) -> None:
    assert load(url, seeds({"institutions.yaml": "cedar-zoo: {}\n"})).problems == ()
    before = contents(url)
    code, said = interrupted_load(url, big)
    assert code == 130, said
    assert "Traceback" not in said
    assert said.strip().splitlines() == ["Interrupted. Nothing was left half done."]
    assert contents(url) == before
    assert load(url, seeds({"institutions.yaml": "cork-zoo: {}\n"})).problems == ()


CLOSING = """
from sqlalchemy.engine.default import DefaultDialect

def interrupted(self, connection):
    connection.close()
    raise KeyboardInterrupt

DefaultDialect.do_close = interrupted
from zoo_provenance.cli import main
main(["--db", {db!r}, "list", "animals"])
"""


def test_an_interrupt_while_a_connection_closes_is_told_in_one_line(url: URL) -> None:
    script = CLOSING.format(db=url.render_as_string(hide_password=False))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (130, ["Interrupted. Nothing was left half done."])
    assert "Traceback" not in done.stderr


def test_an_interrupted_load_leaves_no_new_database(bare_url: URL, big: Path) -> None:
    code, said = interrupted_load(bare_url, big)
    assert code == 130, said
    assert "Traceback" not in said
    if name_of(bare_url) == "sqlite":
        path = Path(str(bare_url.database))
        assert list(path.parent.glob(f"{path.name}*")) == []
    else:
        assert contents(bare_url) == {}
