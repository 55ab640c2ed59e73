"""Tables: the second door. What they say, row by row, is what seed files would have said."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, select, update

from conftest import ENGINES, Servers, WriteSeeds, load, zoo
from zoo_provenance import database, schema
from zoo_provenance.loading.bulk import files, reading, tables
from zoo_provenance.loading.problems import path_for_messages
from zoo_provenance.tables import claim, metadata, record

ZOOS = """\
slug,name,kind,country,unsourced
moscow-zoo,Moscow Zoo,zoo,RU,yes
korea-central-zoo,Korea Central Zoo,zoo,KP,yes
"""
TAXA = "slug,scientific_name,rank,parent\npanthera,Panthera,genus,\npanthera-leo,Panthera leo,species,panthera\n"
SOURCES = """\
slug,kind,publisher,published,based_on
ministry,press_release,A Ministry,2024-11-20,
agency,agency,An Agency,2024-11-20,ministry
"""
PEOPLE = "slug,name\nkozlov,Alexander Kozlov\n"
ANIMALS = """\
slug,name,taxon,sex,count,born,born_at,owner_at_birth,died,died_at,origin,sources,id.gan,notes
leo,Leo,panthera-leo,male,,2010,moscow-zoo,,2020-05-01,moscow-zoo,captive,agency,ABC12-1,
lea,Lea,panthera-leo,female,,2011~,moscow-zoo,moscow-zoo,,,,agency ministry,,Seen once.
cub,,panthera-leo,?,,2019-04/2019-06,moscow-zoo,,,,,agency,,
pride,The pride,panthera-leo,,5-6,,,,,,wild,agency,,
"""
DESCENT = "child,parent,role,probability\ncub,leo,sire,0.75\ncub,lea,dam,\n"
TRANSFERS = """\
slug,kind,status,from,to,date,until,passes,transport,sources,answers
gift,gift,,moscow-zoo,korea-central-zoo,2024-11-16/2024-11-20,,,cargo aircraft,agency,
thanks,gift,planned,korea-central-zoo,moscow-zoo,2025,,,,ministry,gift
loan,loan,completed,moscow-zoo,korea-central-zoo,,2026,custody,,agency ministry,
"""
LINES = """\
transfer,key,taxon,term,count,animals,sources,notes
gift,lions,panthera-leo,,2,lea;cub,,
gift,skins,panthera-leo,SKI,>3,,ministry,Dry.
loan,lions,panthera-leo,,1.2.0,,,
"""
PARTICIPANTS = (
    "transfer,key,who,role,as,on_behalf_of,sources\ngift,kozlov,kozlov,delivered,Minister,moscow-zoo,ministry\n"
)
NAMES = "record,name,language,former,source\nleo,Лео,ru,,agency\nleo,Leopold,,yes,\nlea,레아,ko,,ministry\n"
WHOLE = {
    "institutions.csv": ZOOS,
    "taxa.csv": TAXA,
    "sources.csv": SOURCES,
    "people.csv": PEOPLE,
    "animals.csv": ANIMALS,
    "descent.csv": DESCENT,
    "transfers.csv": TRANSFERS,
    "lines.csv": LINES,
    "participants.csv": PARTICIPANTS,
    "names.csv": NAMES,
}
SEEDS = {
    "institutions.yaml": """
        moscow-zoo: {kind: zoo, country: RU, unsourced: true}
        korea-central-zoo: {kind: zoo, country: KP, unsourced: true}
    """,
    "taxa.yaml": """
        panthera: {scientific_name: Panthera, rank: genus}
        panthera-leo: {scientific_name: Panthera leo, rank: species, parent: panthera}
    """,
    "sources.yaml": """
        ministry: {kind: press_release, publisher: A Ministry, published: 2024-11-20}
        agency: {kind: agency, publisher: An Agency, published: 2024-11-20, based_on: ministry}
    """,
    "people.yaml": "kozlov: {}\n",
    "animals.yaml": """
        leo:
          {taxon: panthera-leo, sex: male, born: 2010, born_at: moscow-zoo, died: 2020-05-01, died_at: moscow-zoo,
           origin: captive, sources: [agency], ids: {gan: {value: ABC12-1, source: agency}},
           names: [{value: Лео, language: ru, source: agency}, {value: Leopold, former: true, unsourced: true}]}
        lea:
          {taxon: panthera-leo, sex: female, born: 2011~, born_at: moscow-zoo, owner_at_birth: moscow-zoo,
           sources: [agency, ministry], notes: Seen once., names: [{value: 레아, language: ko, source: ministry}]}
        cub:
          {taxon: panthera-leo, sex: "?", born: 2019-04/2019-06, born_at: moscow-zoo, sources: [agency],
           sire: {claims: [{value: leo, probability: "0.75"}]}, dam: lea}
        pride: {taxon: panthera-leo, count: 5-6, origin: wild, sources: [agency]}
    """,
    "transfers/gift.yaml": """
        kind: gift
        from: moscow-zoo
        to: korea-central-zoo
        date: 2024-11-16/2024-11-20
        transport: cargo aircraft
        sources: [agency]
        lines:
          lions: {taxon: panthera-leo, count: 2, animals: [lea, cub]}
          skins: {taxon: panthera-leo, term: SKI, count: ">3", sources: [ministry], notes: Dry.}
        participants:
          kozlov: {who: kozlov, role: delivered, as: Minister, on_behalf_of: moscow-zoo, sources: [ministry]}
    """,
    "transfers/thanks.yaml": """
        {kind: gift, status: planned, from: korea-central-zoo, to: moscow-zoo, date: "2025", sources: [ministry],
         answers: gift}
    """,
    "transfers/loan.yaml": """
        kind: loan
        from: moscow-zoo
        to: korea-central-zoo
        until: "2026"
        passes: [custody]
        sources: [agency, ministry]
        lines:
          lions: {taxon: panthera-leo, count: 1.2.0}
    """,
}
NOT_COMPARED = {"batch", "change", "alembic_version"}


def write(folder: Path, content: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in content.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return write(tmp_path / "test-set", WHOLE)


@pytest.fixture(params=ENGINES)
def filled(request: pytest.FixtureRequest, servers: Servers, written: Path) -> URL:
    """A database of this test's own that the tables were loaded into."""

    def fill(url: URL) -> None:
        schema.upgrade(url)
        assert not load(url, written).problems

    return servers._copy(request.param, "tables", fill)


def everything(url: URL) -> dict[str, list[str]]:
    """All rows of all tables but the batches', ids told as slugs, labels and keys of names left to their own tests."""
    found = {}
    with database.reading(url) as connection:
        slugs = dict(connection.execute(select(record.c.id, record.c.slug)).all())
        for table in metadata.sorted_tables:
            if table.name in NOT_COMPARED:
                continue
            rows = []
            for row in connection.execute(select(table)).mappings():
                plain = {
                    name: slugs.get(value, value) if name == "id" or name.endswith("_id") else value
                    for name, value in row.items()
                    if not (table.name in {"claim", "dataset"} and name == "id")
                    and name not in {"batch_id", "dataset_id"}
                    and not (table.name == "dataset" and name != "name")
                }
                rows.append(json.dumps(plain, ensure_ascii=False, sort_keys=True, default=str))
            found[table.name] = sorted(rows)
    return found


def without_names(content: dict[str, list[str]]) -> dict[str, list[str]]:
    """What a comparison of the two doors looks at: a table's `name` is a label, a seed's first name is a claim too."""
    found = dict(content)
    # What a seed file says of a parent beyond its slug is a claim; a table of descent holds no claims.
    found["claim"] = [row for row in content["claim"] if json.loads(row)["field"] != "sire"]
    found["record"] = sorted(
        json.dumps({k: v for k, v in json.loads(row).items() if k not in {"label", "search_key"}}, sort_keys=True)
        for row in content["record"]
    )
    return found


def test_tables_say_what_seed_files_would_have_said(
    url: URL, servers: Servers, written: Path, seeds: WriteSeeds
) -> None:
    assert not load(url, written).problems
    other = servers.fresh(url.get_backend_name())
    assert not load(other, seeds({name: dedent(text) for name, text in SEEDS.items()})).problems
    assert without_names(everything(url)) == without_names(everything(other))


def test_a_name_is_the_label_and_is_found(url: URL, written: Path) -> None:
    load(url, written)
    assert zoo("find", "Leopold", db=url).exit_code == 0
    assert "leo" in zoo("find", "ABC12-1", db=url).stdout
    traced = json.loads(zoo("trace", "Lea", "-f", "json", db=url).stdout)
    assert traced["animal"]["label"] == "Lea"
    assert [one["slug"] for one in traced["ancestors"]] == []
    cub = json.loads(zoo("trace", "cub", "-f", "json", db=url).stdout)
    assert {one["slug"]: one["share"] for one in cub["ancestors"]} == {"lea": 0.5, "leo": 0.375, None: 0.125}


def test_loading_twice_changes_nothing(url: URL, written: Path) -> None:
    assert load(url, written).created == {
        "taxon": 2, "institution": 2, "person": 1, "source": 2, "animal": 4, "transfer": 3,
    }  # fmt: skip
    before = everything(url)
    again = load(url, written)
    assert (again.created, again.updated, again.batch) == ({}, {}, None)
    assert sum(again.unchanged.values()) == 14
    assert everything(url) == before


MOVED = LINES.replace(
    "gift,skins,panthera-leo,SKI,>3,,ministry,Dry.\n", "loan,skins,panthera-leo,SKI,>3,,ministry,Dry.\n"
)


def test_a_line_that_moves_to_another_transfer_is_gone_from_the_first(
    filled: URL, servers: Servers, written: Path
) -> None:
    write(written, {"lines.csv": MOVED})
    assert load(filled, written).updated == {"transfer": 2}
    assert load(filled, written).batch is None
    fresh = servers.fresh(filled.get_backend_name())
    load(fresh, written)
    assert everything(filled) == everything(fresh)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lines.csv", "transfer,key,taxon\nloan,lions,panthera-leo\n"),
        ("lines.csv", "transfer,key\n"),
        ("descent.csv", "child,parent,role\n"),
        ("participants.csv", "transfer,key,who\n"),
        ("names.csv", "record,name\n"),
        ("transfers.csv", "slug,kind,source\ngift,gift,agency\nthanks,gift,agency\nloan,loan,agency\n"),
        ("sources.csv", "slug\nministry\nagency\n"),
    ],
)
def test_a_table_with_less_in_it_says_less(filled: URL, servers: Servers, written: Path, name: str, text: str) -> None:
    write(written, {name: text})
    assert load(filled, written).problems == ()
    fresh = servers.fresh(filled.get_backend_name())
    load(fresh, written)
    assert everything(filled) == everything(fresh)
    assert load(filled, written).batch is None


def test_what_is_unknown_stays_so_when_something_else_changes(url: URL, servers: Servers, tmp_path: Path) -> None:
    content = {
        "sources.csv": "slug\ns\n",
        "transfers.csv": "slug,name,kind,sources\nt,T,?,s\n",
        "lines.csv": "transfer,key,term,count\nt,k,?,?\n",
    }
    folder = write(tmp_path / "set", content)
    load(url, folder)
    write(folder, {"transfers.csv": "slug,name,kind,sources\nt,U,?,s\n"})
    assert load(url, folder).updated == {"transfer": 1}
    fresh = servers.fresh(url.get_backend_name())
    load(fresh, folder)
    assert everything(url) == everything(fresh)


def test_a_long_chain_of_taxa_is_no_circle_and_is_soon_walked(servers: Servers, tmp_path: Path) -> None:
    rows = "".join(f"t{n},t{n + 1}\n" for n in range(2_000)) + "t2000,\n"
    url = servers.fresh("sqlite")
    assert load(url, write(tmp_path / "set", {"taxa.csv": "slug,parent\n" + rows})).created == {"taxon": 2_001}


CHANGES: dict[str, tuple[str, str, str, dict[str, int]]] = {
    "a value": ("animals.csv", "leo,Leo,panthera-leo,male", "leo,Leo,panthera-leo,female", {"animal": 1}),
    "a label": ("animals.csv", "leo,Leo,", "leo,Leonid,", {"animal": 1}),
    "a note": ("animals.csv", "Seen once.", "Seen twice.", {"animal": 1}),
    "a value gone": ("animals.csv", "2010,moscow-zoo", ",moscow-zoo", {"animal": 1}),
    "a reference": ("animals.csv", "lea,Lea,panthera-leo", "lea,Lea,panthera", {"animal": 1}),
    "a source more": ("animals.csv", "captive,agency,", "captive,agency ministry,", {"animal": 1}),
    "a source less": ("animals.csv", "agency ministry,,Seen", "agency,,Seen", {"animal": 1}),
    "an identifier": ("animals.csv", "ABC12-1", "ABC12-2", {"animal": 1}),
    "no longer unknown": ("animals.csv", "panthera-leo,?", "panthera-leo,male", {"animal": 1}),
    "a line more": ("lines.csv", "loan,lions", "loan,cubs,panthera,,1,,,\nloan,lions", {"transfer": 1}),
    "a line less": ("lines.csv", "gift,skins,panthera-leo,SKI,>3,,ministry,Dry.\n", "", {"transfer": 1}),
    "a count": ("lines.csv", "1.2.0", "1.3.0", {"transfer": 1}),
    "an animal on a line less": ("lines.csv", "lea;cub", "lea", {"transfer": 1}),
    "another animal on a line": ("lines.csv", "lea;cub", "lea;leo", {"transfer": 1}),
    "a parent less": ("descent.csv", "cub,lea,dam,\n", "", {"animal": 1}),
    "a probability": ("descent.csv", "0.75", "0.5", {"animal": 1}),
    "what is passed": ("transfers.csv", "2026,custody", "2026,unstated", {"transfer": 1}),
    "a kind": ("transfers.csv", "gift,gift,,", "gift,sale,,", {"transfer": 1}),
    "an answer less": ("transfers.csv", "ministry,gift\n", "ministry,\n", {"transfer": 1}),
    "a basis less": ("sources.csv", "2024-11-20,ministry", "2024-11-20,", {"source": 1}),
    "a participant's role": ("participants.csv", "delivered", "escorted", {"transfer": 1}),
    "a participant less": ("participants.csv", PARTICIPANTS.split("\n")[1] + "\n", "", {"transfer": 1}),
    "a name less": ("names.csv", "lea,레아,ko,,ministry\n", "", {"animal": 1}),
    "a taxon's parent": ("taxa.csv", "species,panthera", "species,", {"taxon": 1}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_loading_again_with_one_change_is_as_loading_it_afresh(
    filled: URL, servers: Servers, written: Path, change: str
) -> None:
    name, old, new, updated = CHANGES[change]
    url = filled
    assert old in WHOLE[name]
    write(written, {name: WHOLE[name].replace(old, new, 1)})
    loaded = load(url, written)
    assert not loaded.problems
    assert (loaded.created, loaded.updated) == ({}, updated)
    assert sum(loaded.unchanged.values()) == 13
    fresh = servers.fresh(url.get_backend_name())
    load(fresh, written)
    assert everything(url) == everything(fresh)


def test_what_no_table_speaks_of_stays(url: URL, written: Path) -> None:
    load(url, written)
    before = everything(url)
    for name in ("lines.csv", "participants.csv", "descent.csv", "names.csv"):
        (written / name).unlink()
    write(
        written,
        {
            "animals.csv": ANIMALS.replace("Seen once", "Seen twice"),
            "transfers.csv": TRANSFERS.replace("cargo aircraft", "train"),
        },
    )
    loaded = load(url, written)
    assert loaded.updated == {"animal": 1, "transfer": 1}
    after = everything(url)
    for table in ("transfer_line", "line_animal", "participant", "descent"):
        assert after[table] == before[table]
    assert len(after["claim"]) == len(before["claim"])


def test_a_record_gone_from_the_tables_stays(url: URL, written: Path) -> None:
    load(url, written)
    write(written, {"animals.csv": "\n".join(ANIMALS.split("\n")[:-2]) + "\n"})
    loaded = load(url, written)
    assert (loaded.updated, loaded.unchanged["animal"]) == ({}, 3)
    assert zoo("show", "pride", db=url).exit_code == 0


def test_what_two_slugs_of_one_record_say_is_not_counted_twice(filled: URL, written: Path) -> None:
    assert zoo("merge", "pride", "lea", "--because", "The same.", db=filled).exit_code == 0
    write(written, {"lines.csv": LINES.replace("lea;cub", "lea;pride")})
    loaded = load(filled, written)
    assert (loaded.problems, loaded.updated) == ((), {"transfer": 1})
    (row,) = [row for row in everything(filled)["line_animal"] if "lions" in row]
    assert json.loads(row)["animal_id"] == "lea"
    assert load(filled, written).batch is None


def test_new_rows_join_those_that_are_there(url: URL, written: Path) -> None:
    load(url, written)
    write(
        written,
        {
            "animals.csv": ANIMALS + "cub-2,,panthera-leo,,,2020,moscow-zoo,,,,,agency,,\n",
            "descent.csv": DESCENT + "cub-2,lea,dam,\n",
            "transfers.csv": TRANSFERS + "gift-2,gift,,moscow-zoo,korea-central-zoo,2025,,,,agency,gift\n",
            "lines.csv": LINES + "gift-2,lions,panthera-leo,,1,cub-2,,\n",
        },
    )
    loaded = load(url, written)
    assert (loaded.created, loaded.updated) == ({"animal": 1, "transfer": 1}, {})
    assert [step["kind"] for step in json.loads(zoo("trace", "cub-2", "-f", "json", db=url).stdout)["steps"]] == [
        "birth",
        "gift",
    ]


# -- forms of files ----------------------------------------------------------------------------------------


def as_json_lines(text: str) -> str:
    header, *rows = [line.split(",") for line in text.strip().split("\n")]
    return "".join(json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)


FORMS: dict[str, Any] = {
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "old line ends": lambda text: text.replace("\n", "\r").encode(),
    "mixed line ends": lambda text: text.replace("\n", "\r\n", 2).encode(),
    "semicolons": lambda text: text.replace(";", " ").replace(",", ";").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "quoted cells": lambda text: "\n".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) for line in text.split("\n") if line
    ).encode(),
    "empty lines": lambda text: text.replace("\n", "\n\n").encode(),
    "no end of the last line": lambda text: text.rstrip("\n").encode(),
    "capitals in the header": lambda text: (text.split("\n")[0].upper() + text[text.index("\n") :]).encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_table_is_read_alike(servers: Servers, tmp_path: Path, form: str) -> None:
    plain, other = servers.fresh("sqlite"), servers.fresh("sqlite")
    load(plain, write(tmp_path / "plain" / "test-set", WHOLE))
    folder = tmp_path / "test-set"
    folder.mkdir()
    for name, text in WHOLE.items():
        (folder / (name + ".gz" * (form == "gzip"))).write_bytes(FORMS[form](text))
    assert load(other, folder).problems == ()
    assert everything(other) == everything(plain)


def test_json_lines_say_the_same_as_csv(url: URL, servers: Servers, tmp_path: Path) -> None:
    plain = servers.fresh(url.get_backend_name())
    load(plain, write(tmp_path / "plain" / "test-set", WHOLE))
    content = {name.replace(".csv", ".jsonl"): as_json_lines(text) for name, text in WHOLE.items()}
    assert load(url, write(tmp_path / "test-set", content)).problems == ()
    assert everything(url) == everything(plain)


def test_json_keeps_numbers_as_typed_and_takes_lists_truths_and_nothing(url: URL, tmp_path: Path) -> None:
    content = {
        "taxa.jsonl": '{"slug": "ursus"}\n',
        "sources.jsonl": '{"slug": "a"}\n{"slug": "b", "based_on": ["a"]}\n',
        "animals.jsonl": '{"slug": "bear", "taxon": "ursus", "count": 12, "born": 2010, "sources": ["a", "b"], "sex": null}\n'
        '\n{"slug": "bear-2", "count": 1.10, "unsourced": true}\n',
    }
    loaded = load(url, write(tmp_path / "set", content))
    assert [problem.one_line() for problem in loaded.problems] == []
    bear = json.loads(zoo("show", "bear", "-f", "json", db=url).stdout)["record"]
    assert bear["fields"]["count"] == {"text": "12", "min": 12, "max": 12}
    assert json.loads(zoo("show", "bear-2", "-f", "json", db=url).stdout)["record"]["fields"]["count"]["text"] == "1.10"


def test_a_table_may_be_several_files(url: URL, written: Path) -> None:
    rows = ANIMALS.strip().split("\n")
    (written / "animals.csv").unlink()
    write(
        written, {"animals-1.csv": "\n".join(rows[:3]) + "\n", "animals-2.csv": "\n".join([rows[0], *rows[3:]]) + "\n"}
    )
    loaded = load(url, written)
    assert (loaded.problems, loaded.created["animal"]) == ((), 4)


def test_files_may_be_named_one_by_one(url: URL, written: Path) -> None:
    loaded = load(url, *(written / name for name in ("taxa.csv", "sources.csv", "institutions.csv", "animals.csv")))
    assert loaded.created == {"taxon": 2, "institution": 2, "source": 2, "animal": 4}
    assert load(url, written / "institutions.csv").batch is None


def test_a_data_set_may_be_named_and_speak_for_rows_without_a_source(url: URL, tmp_path: Path) -> None:
    content = {
        "dataset.yaml": "name: a-studbook\nsources: [book]\n",
        "sources.csv": "slug,kind\nbook,studbook\nletter,letter\n",
        "animals.csv": "slug,born,sources\none,2001,\ntwo,2002,letter\n",
    }
    assert load(url, write(tmp_path / "x", content)).datasets == ("a-studbook",)
    told = json.loads(zoo("evidence", "one", "born", "-f", "json", db=url).stdout)["fields"][0]
    assert [said["source"] for said in told["claims"][0]["said"]] == ["book"]
    told = json.loads(zoo("evidence", "two", "born", "-f", "json", db=url).stdout)["fields"][0]
    assert [said["source"] for said in told["claims"][0]["said"]] == ["letter"]


def test_a_cell_may_hold_line_breaks_and_the_lines_after_it_are_still_right(url: URL, written: Path) -> None:
    noted = ANIMALS.replace("Seen once.", '"Seen\nonce\r\nor twice"').replace("pride,", "pride,pride,")
    write(written, {"animals.csv": noted})
    assert [problem.place for problem in load(url, written).problems] == [f"{path_for_messages(written)}/animals.csv:7"]


def test_capitals_in_slugs_fold(url: URL, written: Path) -> None:
    write(
        written,
        {
            "animals.csv": ANIMALS.replace("leo,Leo", "LEO,Leo"),
            "lines.csv": LINES.replace("panthera-leo", "Panthera-leo"),
        },
    )
    assert load(url, written).problems == ()
    assert zoo("show", "leo", db=url).exit_code == 0


# -- what is wrong ------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "an unknown column": (
        {"animals.csv": "slug,taxn\nx,y\n"},
        ["animals.csv:1:taxn: unknown column 'taxn' (did you mean 'taxon'?)"],
    ),
    "a missing column": (
        {"lines.csv": "transfer,taxon\nx,y\n"},
        ["lines.csv:1:key: the header has no column 'key'"],
    ),
    "a column twice": (
        {"taxa.csv": "slug,rank,rank\na,genus,genus\n"},
        ["taxa.csv:1:rank: column 'rank' stands twice in the header"],
    ),
    "a column without a name": ({"taxa.csv": "slug,\na,b\n"}, ["taxa.csv:1: a column without a name"]),
    "too many cells": (
        {"taxa.csv": "slug,rank\na,genus,x\n"},
        ["taxa.csv:2: 3 cells, more than the 2 columns of the header"],
    ),
    "too few cells": (
        {"taxa.csv": "slug,rank\na\nb,genus\n"},
        ["taxa.csv:2: 1 cell, fewer than the 2 columns of the header"],
    ),
    "an empty file": ({"taxa.csv": ""}, ["taxa.csv: is empty; expected a header line"]),
    "no CSV at all": (
        {"taxa.csv": "\x00\x01\x02"},
        ["taxa.csv:1:\ufffd\ufffd\ufffd: unknown column '\\x00\\x01\\x02'"],
    ),
    "an open quote": (
        {"taxa.csv": 'slug,rank\n"a,genus\nb,genus\n'},
        ["taxa.csv:2: a quotation mark opens a cell here that is not closed"],
    ),
    "a quote within": (
        {"taxa.csv": 'slug,rank\n"a"x,genus\nb,phylum-x\n'},
        [
            "taxa.csv:2: a quotation mark stands within a cell; double it, or quote the whole cell",
            "taxa.csv:3:rank: 'phylum-x' is no rank",
        ],
    ),
    "no UTF-8": (
        {"people.csv": "slug,name\na,Jos\xe9\n".encode("latin-1")},
        ["people.csv:2:name: is not UTF-8; save the file as UTF-8"],
    ),
    "UTF-16": ({"people.csv": "slug,name\na,b\n".encode("utf-16")}, ["people.csv: is UTF-16; save the file as UTF-8"]),
    "a NUL": (
        {"people.csv": "slug,name\na,b\0c\n"},
        ["people.csv:2:name: a control character (U+0000) cannot stand here; remove it"],
    ),
    "an escape": (
        {"people.csv": "slug,name\na,\x1b[31m\n"},
        ["people.csv:2:name: a control character (U+001B) cannot stand here; remove it"],
    ),
    "a long name": (
        {"people.csv": f"slug,name\na,{'n' * 201}\n"},
        ["people.csv:2:name: is 201 characters long; at most 200 fit"],
    ),
    "a line without end": (
        {"people.csv": "slug,name\na," + "n" * 3_000_000},
        ["people.csv:2: a line or row is longer than"],
    ),
    "a cell without end": (
        {"people.csv": 'slug,name\na,"' + "n\n" * 90_000 + '"\n'},
        ["people.csv:2: a cell is longer than 131,072 characters"],
    ),
    "no gzip": ({"people.csv.gz": b"\x1f\x8b\x08nonsense"}, ["people.csv.gz: cannot be unpacked"]),
    "half a gzip": (
        {"people.csv.gz": gzip.compress(b"slug,name\n" + b"a,b\n" * 9)[:-9]},
        ["people.csv.gz: cannot be unpacked"],
    ),
    "no slug": (
        {"people.csv": "slug,name\n,A\nb c,B\n"},
        ["people.csv:2:slug: the cell is empty", "people.csv:3:slug: 'b c' is not a slug"],
    ),
    "a slug twice": (
        {"people.csv": "slug\na\nb\nA\n"},
        ["people.csv:4:slug: 'a' is defined already, at {folder}/people.csv:2"],
    ),
    "a slug of two kinds": (
        {"people.csv": "slug\na\n", "taxa.csv": "slug\na\n"},
        ["people.csv:2:slug: 'a' is a record of kind taxon in this load"],
    ),
    "an impossible day": (
        {"sources.csv": "slug,published\na,2024-02-30\n"},
        ["sources.csv:2:published: '2024-02-30' is a day that does not exist"],
    ),
    "a word of no list": (
        {"taxa.csv": "slug,rank\na,specie\n"},
        ["taxa.csv:2:rank: 'specie' is no rank (did you mean 'species'?)"],
    ),
    "no source": ({"animals.csv": "slug,sex\na,male\n"}, ["animals.csv:2:sex: no source for 'sex'"]),
    "a line without a source": (
        {"transfers.csv": "slug\nt\n", "lines.csv": "transfer,key,count\nt,a,1\n"},
        ["lines.csv:2:sources: no source"],
    ),
    "an unknown taxon": (
        {"taxa.csv": "slug\nursus\n", "animals.csv": "slug,taxon\na,ursu\n"},
        ["animals.csv:2:taxon: no taxon 'ursu' (did you mean 'ursus'?)"],
    ),
    "a reference of the wrong kind": (
        {"people.csv": "slug\nursus\n", "animals.csv": "slug,taxon\na,ursus\n"},
        ["animals.csv:2:taxon: 'ursus' is a person, not a taxon"],
    ),
    "a line of no transfer": (
        {"transfers.csv": "slug\ngift\n", "lines.csv": "transfer,key\ngitf,a\n"},
        ["lines.csv:2:transfer: no transfer 'gitf' (did you mean 'gift'?)"],
    ),
    "a line twice": (
        {"transfers.csv": "slug\nt\n", "lines.csv": "transfer,key\nt,a\nt,b\nt,a\n"},
        ["lines.csv:4:key: 't/a': the same stands already at {folder}/lines.csv:2"],
    ),
    "an animal on two lines": (
        {"transfers.csv": "slug\nt\n", "animals.csv": "slug\nx\n", "lines.csv": "transfer,key,animals\nt,a,x\nt,b,x\n"},
        ["lines.csv:3:animals: 'x' is listed twice in this transfer; an animal travels on one line"],
    ),
    "a parent twice": (
        {"animals.csv": "slug\nx\ny\n", "descent.csv": "child,parent,role\nx,y,dam\nx,y,dam\n"},
        ["descent.csv:3:child: 'x': the same stands already at {folder}/descent.csv:2"],
    ),
    "its own parent": (
        {"animals.csv": "slug\nx\n", "descent.csv": "child,parent,role\nx,x,dam\n"},
        ["descent.csv:2:parent: 'x' would descend from itself"],
    ),
    "a circle of descent": (
        {
            "animals.csv": "slug\nx\ny\nz\nw\n",
            "descent.csv": "child,parent,role\nw,x,dam\nx,y,dam\ny,z,sire\nz,x,dam\n",
        },
        ["descent.csv:3:parent: 'x' would descend from itself: x → y → z → x"],
    ),
    "a circle of taxa": (
        {"taxa.csv": "slug,parent\na,b\nb,a\n"},
        ["taxa.csv:2:parent: 'a' would come round to itself through 'parent': a → b → a"],
    ),
    "a circle of sources": (
        {"sources.csv": "slug,based_on\na,b\nb,a\n"},
        ["sources.csv:2:based_on: 'a' would be based on itself: a → b → a"],
    ),
    "a role of no list": (
        {"animals.csv": "slug\nx\ny\n", "descent.csv": "child,parent,role\nx,y,mother\n"},
        ["descent.csv:2:role: 'mother' is no role of a parent"],
    ),
    "a probability of nothing": (
        {"animals.csv": "slug\nx\ny\n", "descent.csv": "child,parent,role,probability\nx,y,dam,0\n"},
        ["descent.csv:2:probability: '0' is no probability"],
    ),
    "no JSON": (
        {"people.jsonl": '{"slug": "a"}\nnonsense\n{"slug": "a b"}\n'},
        ["people.jsonl:2: is no JSON object", "people.jsonl:3:slug: 'a b' is not a slug"],
    ),
    "JSON lines that are objects only together": (
        {"sources.jsonl": '{"slug": "a"},{"slug": "b"}\n{"slug": "c", "based_on": ["a"\n"b"]}\n'},
        [f"sources.jsonl:{line}: is no JSON object" for line in (1, 2, 3)],
    ),
    "JSON that is no object": ({"people.jsonl": '["a"]\n'}, ["people.jsonl:1: expected an object"]),
    "a JSON name twice": (
        {"people.jsonl": '{"slug": "a", "slug": "b"}\n'},
        ["people.jsonl:1:slug: 'slug' stands twice in this object"],
    ),
    "an unknown JSON name": (
        {"people.jsonl": '{"slug": "a"}\n{"slug": "b", "nmae": "B"}\n'},
        ["people.jsonl:2:nmae: unknown column 'nmae' (did you mean 'name'?)"],
    ),
    "JSON nested too deeply": ({"people.jsonl": "[" * 100_000 + "\n"}, ["people.jsonl:1: is no JSON object"]),
    "an object in a cell": (
        {"people.jsonl": '{"slug": "a", "name": {"en": "A"}}\n'},
        ["people.jsonl:1:name: name: expected one value, found an object"],
    ),
    "a JSON object without a slug": ({"people.jsonl": '{"name": "A"}\n'}, ["people.jsonl:1:slug: the cell is empty"]),
    "a table of another name": (
        {"beasts.csv": "slug\na\n"},
        ["beasts.csv: is no table of a data set and would not be read"],
    ),
    "a misspelt table beside a data set's name": (
        {"dataset.yaml": "name: x\n", "animal.csv": "slug\na\n"},
        ["animal.csv: is no table of a data set and would not be read (did you mean 'animals'?)"],
    ),
    "a misspelt table": (
        {"animal.csv": "slug\na\n"},
        ["animal.csv: is no table of a data set and would not be read (did you mean 'animals'?)"],
    ),
    "an animal on a line that cannot go in": (
        {
            "animals.csv": "slug,taxon\nx,nothing\n",
            "transfers.csv": "slug\nt\n",
            "lines.csv": "transfer,key,taxon,animals,unsourced\nt,a,nowhere,x,yes\n",
            "descent.csv": "child,parent,role\nx,y,dam\n",
        },
        [
            "animals.csv:2:taxon: no taxon 'nothing'",
            "descent.csv:2:parent: no animal 'y'",
            "lines.csv:2:taxon: no taxon 'nowhere'",
        ],
    ),
    "a name twice": (
        {"people.csv": "slug\na\n", "names.csv": "record,name\na,A\na,A\n"},
        ["names.csv:3:record: 'a': the same stands already at {folder}/names.csv:2"],
    ),
    "no scheme of identifiers": (
        {"people.csv": "slug,id.,id.a b\na,1,2\n"},
        ["people.csv:1:id.: unknown column 'id.'", "people.csv:1:id.a b: unknown column 'id.a b'"],
    ),
    "a circle that years do not rule out": (
        {
            "animals.csv": "slug,born,unsourced\na,2000,yes\nb,,yes\nc,2010,yes\n",
            "descent.csv": "child,parent,role\nc,a,dam\nb,c,dam\na,b,dam\n",
        },
        ["descent.csv:4:parent: 'a' would descend from itself: a → b → c → a"],
    ),
    "a taxon beside one that cannot go in": (
        {"taxa.csv": "slug,parent\na,b\nb,zzz\n"},
        ["taxa.csv:3:parent: no taxon 'zzz'"],
    ),
    "blanks around what is unknown": (
        {"animals.csv": "slug,sex,unsourced\na, ?,yes\n"},
        ["animals.csv:2:sex: ' ?' has blanks around '?'; leave them out"],
    ),
    "a scientific name that is no text": (
        {"taxa.csv": b"slug,scientific_name\na,Leo \xff\nb,Leo \0\n"},
        [
            "taxa.csv:2:scientific_name: is not UTF-8; save the file as UTF-8",
            "taxa.csv:3:scientific_name: a control character (U+0000) cannot stand here; remove it",
        ],
    ),
    "a broken header": (
        {"taxa.csv": 'slug,"na"me,rank\na,b,c\nd,e,f\n'},
        ["taxa.csv:1: a quotation mark stands within a cell"],
    ),
    "a folder called as a table": (
        {"people.csv": "slug\na\n", "animals.csv/x": "slug\n"},
        ["animals.csv: cannot be read: Is a directory"],
    ),
    "a probability in other digits": (
        {"animals.csv": "slug\nx\ny\n", "descent.csv": "child,parent,role,probability\nx,y,dam,٠.٥\ny,x,sire,0_1\n"},
        ["descent.csv:2:probability: '٠.٥' is no probability", "descent.csv:3:probability: '0_1' is no probability"],
    ),
    "several names in one cell": (
        {"people.jsonl": '{"slug": "a", "name": ["Leo", "Lea"]}\n'},
        ["people.jsonl:1:name: name: expected one value, found a list"],
    ),
    "a link that leads nowhere": (
        {"transfers.csv": "slug,ends\nt,u\n"},
        ["transfers.csv:2:ends: no transfer 'u'"],
    ),
    "gzip in gzip": (
        {"people.csv.gz": gzip.compress(gzip.compress(b"slug\na\n"))},
        ["people.csv.gz: is packed twice over; unpack it once"],
    ),
    "a row twice with all that it says": (
        {
            "sources.csv": "slug,based_on\ns,\nr,s\nr,s\n",
            "animals.csv": "slug,dam,source,id.gan\nx,,s,1\ny,x,s,2\ny,x,s,2\n",
            "transfers.csv": "slug,answers,source\nt,,s\nu,t,s\nu,t,s\n",
            "lines.csv": "transfer,key,animals,source\nt,a,x,s\nt,a,x,s\n",
        },
        [
            "animals.csv:4:slug: 'y' is defined already, at {folder}/animals.csv:3",
            "lines.csv:3:key: 't/a': the same stands already at {folder}/lines.csv:2",
            "sources.csv:4:slug: 'r' is defined already, at {folder}/sources.csv:3",
            "transfers.csv:4:slug: 'u' is defined already, at {folder}/transfers.csv:3",
        ],
    ),
    "a line with a source of no transfer": (
        {"sources.csv": "slug\ns\n", "lines.csv": "transfer,key,source\nt,a,s\n"},
        ["lines.csv:2:transfer: no transfer 't'"],
    ),
    "what a row of an animal or a transfer names": (
        {
            "animals.csv": "slug,dam,sire,source\nx,q,,r\ny,,y,\n",
            "transfers.csv": "slug,ends\nt,t\n",
        },
        [
            "animals.csv:2:dam: no animal 'q'",
            "animals.csv:2:source: no source 'r'",
            "animals.csv:3:sire: 'y' would descend from itself",
            "transfers.csv:2:ends: 't' would be linked to itself",
        ],
    ),
    "a circle of dams": (
        {"animals.csv": "slug,dam\nx,y\ny,x\n"},
        ["animals.csv:2:dam: 'x' would descend from itself: x → y → x"],
    ),
    "sources of all rows that are none": (
        {"dataset.yaml": "name: x\nsources: [S, who, a b]\n", "people.csv": "slug\nwho\na\nb\n"},
        [
            "dataset.yaml:2:11: no source 's'",
            "dataset.yaml:2:14: 'who' is a person, not a source",
            "dataset.yaml:2:19: 'a b' is not a slug",
        ],
    ),
    "seeds beside tables": ({"people.csv": "slug\na\n", "taxa.yaml": "a: {}\n"}, ["taxa.yaml: stands beside tables"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_left_behind(url: URL, tmp_path: Path, case: str) -> None:
    content, expected = WRONG[case]
    folder = tmp_path / "set"
    folder.mkdir()
    for name, text in content.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    loaded = load(url, folder)
    told = [problem.one_line() for problem in loaded.problems]
    shown = path_for_messages(folder)
    assert len(told) == len(expected), told
    for line, start in zip(told, expected, strict=True):
        assert line.startswith(f"{shown}/{start}".replace("{folder}", shown)), told
    assert loaded.batch is None
    assert everything(url)["record"] == []
    assert everything(url)["dataset"] == []


def test_what_is_wrong_is_told_the_same_in_bulk(url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "WORTHWHILE", 1)
    content = {"people.csv": "slug,source\na,s\n", "names.csv": "record,name\na,A\na,A\n", "sources.csv": "slug\ns\n"}
    (told,) = load(url, write(tmp_path / "set", content)).problems
    assert told.message.startswith("'a': the same stands already at")
    assert everything(url)["record"] == []
    with database.reading(url) as connection:
        assert schema.drift(connection) == []


def test_two_folders_of_tables_are_told_of_together(url: URL, tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"people.csv": "slug\na b\n"})
    other = write(tmp_path / "other", {"taxa.csv": "slug,rank\na,b\n"})
    assert [problem.code for problem in load(url, one, other).problems] == ["bad-slug", "bad-word"]
    write(one, {"people.csv": "slug\na\n"})
    write(other, {"taxa.csv": "slug,rank\nb,genus\n"})
    assert load(url, one, other).created == {"taxon": 1, "person": 1}


def test_what_a_row_names_is_told_under_its_column_on_loading_again_too(filled: URL, written: Path) -> None:
    rows = ANIMALS.splitlines()
    write(
        written,
        {
            "animals.csv": "\n".join([f"{rows[0]},dam", f"{rows[1]},nobody", *(f"{row}," for row in rows[2:])]),
            "transfers.csv": TRANSFERS.replace("gift,gift,,moscow-zoo", "gift,gift,,moscow-zo"),
        },
    )
    told = [problem.place.rpartition("/")[2] for problem in load(filled, written).problems]
    assert told == ["animals.csv:2:dam", "transfers.csv:2:from"]
    (written / "descent.csv").unlink()
    write(
        written,
        {
            "animals.csv": "slug,taxon,source,dam\nleo,panthera-leo,agency,lea\nlea,panthera-leo,agency,leo\n",
            "names.csv": NAMES,
            "transfers.csv": TRANSFERS,
        },
    )
    (circle,) = load(filled, written).problems
    assert circle.place.endswith("animals.csv:2:dam")
    assert circle.message == "'leo' would descend from itself: leo → lea → leo"


def test_a_source_named_twice_for_all_rows_is_one(servers: Servers, tmp_path: Path) -> None:
    content = {"dataset.yaml": "name: x\nsources: [s, S]\n", "sources.csv": "slug\ns\n", "people.csv": "slug\na\n"}
    assert load(servers.fresh("sqlite"), write(tmp_path / "set", content)).problems == ()


def test_a_folder_of_data_sets_stands_also_for_those_of_mere_tables(servers: Servers, tmp_path: Path) -> None:
    write(tmp_path / "all" / "one", {"people.csv": "slug\na\n"})
    write(tmp_path / "all" / "two", {"dataset.yaml": "name: other\n", "people.csv": "slug\nb\n"})
    loaded = load(servers.fresh("sqlite"), tmp_path / "all")
    assert (loaded.datasets, loaded.created) == (("one", "other"), {"person": 2})


def test_what_seeds_of_the_same_load_define_is_to_be_loaded_first(
    servers: Servers, tmp_path: Path, seeds: WriteSeeds
) -> None:
    url = servers.fresh("sqlite")
    first = seeds({"taxa.yaml": "leo: {}\n"})
    then = write(tmp_path / "set", {"animals.csv": "slug,taxon\nx,leo\n"})
    (problem,) = load(url, first, then).problems
    assert problem.message == "no taxon 'leo' yet"
    assert problem.suggestion.startswith(f"seeds in {path_for_messages(first)} define it; load them first")
    assert load(url, first).problems == load(url, then).problems == ()


def test_one_cause_is_told_once(url: URL, written: Path) -> None:
    write(written, {"taxa.csv": TAXA.replace("panthera-leo,", "panthera leo,")})
    assert [problem.code for problem in load(url, written).problems] == ["bad-slug"]


def test_a_part_of_a_record_that_is_not_in_the_load_is_told(url: URL, written: Path) -> None:
    load(url, written)
    told = load(url, written / "names.csv").problems[0]
    assert told.message == "'leo' is no record of this load; load the table with its row as well"
    told = load(url, written / "lines.csv").problems[0]
    assert told.message == "'gift' is no transfer of this load; load the table with its row as well"


def test_ten_thousand_bad_rows_give_the_first_a_count_and_a_file_of_all(url: URL, tmp_path: Path) -> None:
    rows = "".join(f"a{n},{'specie' if n % 2 else 'species'}\n" for n in range(20_000))
    folder = write(tmp_path / "set", {"taxa.csv": "slug,rank\n" + rows})
    result = zoo("load", folder, "--problems", tmp_path / "all.txt", db=url)
    assert result.exit_code == 1
    told = result.stderr.strip().split("\n")
    assert told[0].endswith("taxa.csv:3:rank: 'specie' is no rank (did you mean 'species'?)")
    assert "… and 9950 more of kind 'bad-word'" in told
    assert "10000 problems in 1 file. Nothing was written." in told
    assert len(told) == 53
    assert len((tmp_path / "all.txt").read_text().strip().split("\n")) == 10_000
    zoo("load", folder, "--problems", tmp_path / "all.csv", db=url)
    assert (
        (tmp_path / "all.csv")
        .read_text()
        .split("\n")[1]
        .startswith(f"{path_for_messages(folder)}/taxa.csv,3,,rank,bad-word")
    )


def test_a_dry_run_writes_nothing(url: URL, written: Path) -> None:
    loaded = load(url, written, dry_run=True)
    assert (loaded.created["animal"], loaded.batch) == (4, None)
    assert everything(url)["record"] == []


# -- beside other data sets -----------------------------------------------------------------------------------


def test_rivals_of_another_data_set_survive_a_changed_table(url: URL, written: Path, seeds: WriteSeeds) -> None:
    load(url, written)
    other = seeds(
        {
            "sources.yaml": "letter: {kind: letter}\n",
            "about/leo.yaml": "about: leo\nborn: {value: 2009, source: letter}\n",
            "about/gift.yaml": "about: gift/lions\ncount: {value: 3, source: letter}\n",
        },
        name="other",
    )
    assert not load(url, other).problems
    rivals = zoo("conflicts", "-f", "json", db=url).stdout
    assert {one["field"] for one in json.loads(rivals)["conflicts"]} == {"born", "count"}
    assert load(url, written).batch is None
    assert zoo("conflicts", "-f", "json", db=url).stdout == rivals
    write(
        written,
        {"animals.csv": ANIMALS.replace("leo,Leo,panthera-leo,male,,2010", "leo,Leo,panthera-leo,male,,2009-03")},
    )
    loaded = load(url, written)
    assert (loaded.problems, loaded.updated) == ((), {"animal": 1})
    told = json.loads(zoo("show", "leo", "-f", "json", db=url).stdout)["record"]
    assert told["fields"]["born"]["edtf"] == "2009-03"
    assert load(url, written).batch is None


def test_a_record_that_another_data_set_defines_alike_gains_a_witness(url: URL, written: Path, tmp_path: Path) -> None:
    load(url, written)
    other = write(
        tmp_path / "other",
        {"sources.csv": "slug\nletter\n", "animals.csv": "slug,taxon,born,sources\nleo,panthera-leo,2010,letter\n"},
    )
    loaded = load(url, other)
    assert (loaded.problems, loaded.created) == ((), {"source": 1})
    told = json.loads(zoo("evidence", "leo", "born", "-f", "json", db=url).stdout)["fields"][0]
    assert sorted(said["source"] for said in told["claims"][0]["said"]) == ["agency", "letter"]
    assert load(url, other).batch is None


def test_a_name_that_another_data_sets_table_gives_a_record_is_kept_with_who_says_it(
    url: URL, written: Path, tmp_path: Path
) -> None:
    load(url, written)
    files = {
        "sources.csv": "slug\nletter\n",
        "taxa.csv": "slug,scientific_name,rank,unsourced\npanthera-leo,Panthera leo,species,yes\n",
        "animals.csv": "slug,name,taxon,sources,unsourced\nleo,Leon,panthera-leo,letter,\nlea,Lea,,,yes\npride,Pride II,,,yes\n",
        "names.csv": "record,name,sources\nleo,Leon,letter\nleo,Levko,letter\n",
    }
    other = write(tmp_path / "other", files)
    loaded = load(url, other)
    assert (loaded.problems, loaded.created) == ((), {"source": 1})
    told = json.loads(zoo("show", "leo", "-f", "json", db=url).stdout)["record"]
    assert told["label"] == "Leo"
    assert {(one["value"], *one["sources"]) for one in told["names"]} >= {("Leon", "letter"), ("Levko", "letter")}
    assert zoo("find", "leon", db=url).exit_code == 0
    with database.reading(url) as connection:
        names = select(record.c.slug, claim.c.value).join(record, record.c.id == claim.c.record_id)
        said = connection.execute(names.where(claim.c.field == "name")).all()
    assert {tuple(row) for row in said} >= {("pride", "Pride II"), ("leo", "Leon")}
    assert not {("lea", "Lea"), ("panthera-leo", "Panthera leo")} & {tuple(row) for row in said}
    assert load(url, other).batch is None
    before = everything(url)
    assert load(url, write(other, {"animals.csv": files["animals.csv"].replace("Pride II", "Pride III")})).updated
    assert zoo("undo", "3", "--because", "a slip", db=url).exit_code == 0
    assert everything(url) == before


def test_a_record_that_another_data_set_defines_otherwise_is_told(url: URL, written: Path, tmp_path: Path) -> None:
    load(url, written)
    other = write(tmp_path / "other", {"animals.csv": "slug,taxon,born,unsourced\nleo,panthera-leo,2012,yes\n"})
    (problem,) = load(url, other).problems
    assert problem.code == "second-definition"
    assert problem.place == f"{path_for_messages(other)}/animals.csv:2:slug"


def test_a_former_slug_still_leads_there(url: URL, seeds: WriteSeeds, tmp_path: Path) -> None:
    load(url, seeds({"taxa.yaml": "lion: {}\n"}))
    load(url, seeds({"taxa.yaml": "panthera-leo: {formerly: lion}\n"}))
    loaded = load(url, write(tmp_path / "other", {"animals.csv": "slug,taxon\nleo,lion\n"}))
    assert loaded.problems == ()
    assert (
        json.loads(zoo("show", "leo", "-f", "json", db=url).stdout)["record"]["fields"]["taxon"]["slug"]
        == "panthera-leo"
    )


def test_no_row_is_left_out_in_silence(url: URL, written: Path, tmp_path: Path) -> None:
    load(url, written)
    with database.writing(url) as connection:
        ids = dict(connection.execute(select(record.c.slug, record.c.id)).all())
        merged = update(record).where(record.c.slug == "pride").values(merged_into_id=ids["lea"])
        connection.execute(merged)
    other = write(
        tmp_path / "other", {"animals.csv": "slug\nx\n", "descent.csv": "child,parent,role\nx,lea,dam\nx,pride,dam\n"}
    )
    (problem,) = load(url, other).problems
    assert problem.message.startswith("not all rows can be entered")
    assert zoo("show", "x", db=url).exit_code == 4


# -- in bulk -------------------------------------------------------------------------------------------------


def test_what_is_set_aside_for_a_bulk_load_is_made_again(
    url: URL, servers: Servers, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = servers.fresh(url.get_backend_name())
    load(plain, written)
    monkeypatch.setattr(tables, "WORTHWHILE", 1)
    load(url, written)
    assert everything(url) == everything(plain)
    with database.reading(url) as connection:
        assert schema.drift(connection) == []
        assert schema.dangling(connection) == []
        defined = catalogue(connection)
    with database.reading(plain) as connection:
        assert catalogue(connection) == defined


def catalogue(connection: Any) -> list[Any]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master ORDER BY name"
    else:
        query = (
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint UNION ALL"
            " SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2"
        )
    return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_many_rows_go_in_and_are_counted(url: URL, tmp_path: Path) -> None:
    folder = many(tmp_path / "many", 10_000)
    loaded = load(url, folder)
    assert (loaded.problems, loaded.created) == (
        (),
        {"taxon": 1, "institution": 2, "animal": 10_000, "transfer": 2_000},
    )
    with database.reading(url) as connection:
        assert schema.dangling(connection) == []
        assert connection.exec_driver_sql("SELECT count(*), count(taxon_id) FROM transfer_line").one() == (
            10_000,
            10_000,
        )
    assert load(url, folder).batch is None


def many(folder: Path, number: int) -> Path:
    chance = random.Random(1)  # noqa: S311 - reproducible, not secret
    animals = [f"animal-{n},bear,{chance.choice('mf')},2001-01-0{n % 9 + 1},a" for n in range(number)]
    lines = [f"gift-{n // 5},line-{n % 5},bear,{n % 7}" for n in range(number)]
    chance.shuffle(animals)
    chance.shuffle(lines)
    sexes = "\n".join(animals).replace(",m,", ",male,").replace(",f,", ",female,")
    gifts = "\n".join(f"gift-{n},gift,a,b,20{n % 20:02}" for n in range(number // 5))
    return write(
        folder,
        {
            "dataset.yaml": "name: many\nunsourced: true\n",
            "taxa.csv": "slug\nbear\n",
            "institutions.csv": "slug\na\nb\n",
            "animals.csv": f"slug,taxon,sex,born,born_at\n{sexes}\n",
            "transfers.csv": f"slug,kind,from,to,date\n{gifts}\n",
            "lines.csv": "transfer,key,taxon,count\n" + "\n".join(lines) + "\n",
        },
    )


def test_memory_does_not_grow_with_the_rows(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 1000)
    load(servers.fresh("sqlite"), many(tmp_path / "first", 100))
    peaks = []
    for number in (3_000, 15_000):
        folder = many(tmp_path / str(number), number)
        url = servers.fresh("sqlite")
        tracemalloc.start()
        assert load(url, folder).problems == ()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_a_load_that_is_killed_leaves_the_database_as_it_was(url: URL, tmp_path: Path, written: Path) -> None:
    load(url, written)
    before = everything(url)
    folder = many(tmp_path / "many", 20_000)
    address = url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "zoo_provenance", "--db", address, "load", str(folder)]
    killed = 0
    for moment in (0.6, 0.9, 1.2, 1.6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if everything(url) != before:
            # All was written: before the kill came, or while the program tidied up.
            break
    assert killed
    loaded = load(url, folder)
    assert {**loaded.created, **loaded.unchanged}["animal"] == 20_000


# -- laws ----------------------------------------------------------------------------------------------------

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp", "Cn", "Co")), min_size=1, max_size=30
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(TEXT.filter(lambda text: text.strip() == text), min_size=1, max_size=6))
def test_names_are_kept_as_written(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    import csv

    folder = tmp_path_factory.mktemp("set")
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["slug", "name"], *([f"p{n}", name] for n, name in enumerate(names))])
    url = servers.fresh("sqlite")
    assert [problem.one_line() for problem in load(url, folder).problems] == []
    with database.reading(url) as connection:
        found = connection.execute(select(record.c.label).order_by(record.c.slug)).scalars().all()
    assert found == names


def read(path: Path, note: Any = lambda _piece: None) -> Iterator[reading.Chunk]:
    return files.read_chunks(files.TableFile(path, "people"), ("slug", "name"), ("slug",), [], note)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_read_or_told(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"slug,name\n" + raw)
    problems: list[Any] = []
    chunks = list(
        files.read_chunks(files.TableFile(path, "people"), ("slug", "name"), ("slug",), problems, lambda _: None)
    )
    for chunk in chunks:
        assert len(chunk.lines) == len(chunk.columns[0])
        assert list(chunk.lines) == sorted(chunk.lines)


def test_every_byte_of_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "people.csv.gz"
    path.write_bytes(gzip.compress(b"slug,name\n" + b"a,b\n" * 1000))
    pieces: list[bytes] = []
    assert sum(len(chunk.lines) for chunk in read(path, pieces.append)) == 1000
    assert b"".join(pieces) == path.read_bytes()


def test_the_digest_of_a_batch_is_that_of_the_files(servers: Servers, tmp_path: Path) -> None:
    folders = [
        write(tmp_path / name / "set", {"people.csv": f"slug\n{slug}\n"})
        for name, slug in (("x", "a"), ("y", "a"), ("z", "b"))
    ]
    digests = []
    for folder in folders:
        url = servers.fresh("sqlite")
        load(url, folder)
        with database.reading(url) as connection:
            digests.append(connection.exec_driver_sql("SELECT input_digest FROM batch").scalar())
    assert digests[0] == digests[1] != digests[2]
