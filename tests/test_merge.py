"""Merging: references follow, names and citations survive, loading again changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import URL, func, select

from conftest import WriteSeeds, load, zoo
from zoo_provenance import database, locations
from zoo_provenance.tables import (
    animal,
    batch,
    claim,
    decision,
    descent,
    judgement,
    line_animal,
    participant,
    record,
    source_basis,
    transfer,
    transfer_line,
    waiver,
)

REGISTRIES = {
    "sources.yaml": """
        register: {kind: registry, reliability: B}
        paper: {kind: news, published: 2010}
        paper-again: {kind: news, published: 2010, based_on: [register]}
        reprint: {kind: news, based_on: [paper-again]}
        """,
    "taxa.yaml": "lion: {scientific_name: Panthera leo, rank: species, sources: [register]}\n",
    "institutions.yaml": """
        alder: {kind: zoo, country: GB, city: Alder, founded: 1900, sources: [register], names: [Alder Zoo]}
        alder-gardens: {kind: zoo, country: GB, founded: 1905, sources: [paper], names: [Alder Gardens, {value: 앨더, language: ko}]}
        birch: {kind: zoo, country: FR, sources: [register]}
        house: {kind: zoo, parent: alder-gardens, sources: [register]}
        """,
    "animals.yaml": """
        leo: {taxon: lion, sex: male, born: 2001, born_at: alder-gardens, sources: [register]}
        nala: {taxon: lion, sex: female, sources: [register]}
        cub: {taxon: lion, sire: leo, dam: nala, sources: [register]}
        simba: {taxon: lion, sex: male, born: 2001-05, sire: old-king, sources: [paper-again]}
        old-king: {taxon: lion, sources: [paper]}
        """,
    "transfers/gift.yaml": """
        kind: gift
        from: alder-gardens
        to: birch
        date: 2010-03
        sources: [paper]
        lines: {lions: {taxon: lion, count: 2, animals: [leo]}}
        participants: {mayor: {who: birch, role: recipient}}
        """,
    "transfers/gift-again.yaml": """
        kind: sale
        from: alder
        to: birch
        date: 2010-03-04
        sources: [paper-again]
        lines: {lions: {taxon: lion, count: 3, animals: [nala]}, tigers: {count: {value: 1, source: register}, animals: [simba]}}
        participants: {keeper: {who: alder, role: delivered, as: {value: Keeper, source: register}}}
        """,
}


@pytest.fixture
def pair(url: URL, seeds: WriteSeeds) -> URL:
    """Two houses, two lions and two gifts that may be one each."""
    loaded = load(url, seeds(REGISTRIES))
    assert not loaded.problems, loaded.problems
    return url


def rows(url: URL, query: Any) -> list[tuple[Any, ...]]:
    with database.reading(url) as connection:
        return [tuple(row) for row in connection.execute(query)]


def ids(url: URL) -> dict[str, int]:
    return {row[0]: row[1] for row in rows(url, select(record.c.slug, record.c.id))}


def asked(url: URL, *words: str) -> Any:
    result = zoo(*words, "-f", "json", db=url)
    assert result.exit_code in {0, 3}, result.stderr
    return json.loads(result.stdout)


def merged(url: URL, old: str, new: str, *more: str) -> str:
    result = zoo("merge", old, new, "--because", "one and the same", *more, db=url)
    assert result.exit_code == 0, result.stderr
    return result.stderr


def refused(url: URL, *words: str, code: int = 2) -> str:
    before = rows(url, select(func.count()).select_from(batch))
    result = zoo(*words, db=url)
    assert result.exit_code == code, (result.exit_code, result.stderr)
    assert result.stderr.count("\n") == 1, result.stderr
    assert rows(url, select(func.count()).select_from(batch)) == before
    return result.stderr


def findings(url: URL, rule: str) -> list[Any]:
    return list(asked(url, "check", "--rule", rule)["findings"])


def sound(url: URL) -> None:
    """Columns hold what claims conclude, and nothing refers to what was merged."""
    assert findings(url, "drift") == []
    assert findings(url, "merged-reference") == []


def test_references_in_columns_lead_to_the_survivor(pair: URL) -> None:
    told = merged(pair, "alder-gardens", "alder")
    assert "'alder-gardens' was merged into 'alder' (batch 2): 3 references" in told
    known = ids(pair)
    assert rows(pair, select(transfer.c.origin_id).where(transfer.c.id == known["gift"])) == [(known["alder"],)]
    assert rows(pair, select(animal.c.born_at_id).where(animal.c.id == known["leo"])) == [(known["alder"],)]
    assert asked(pair, "show", "house")["record"]["fields"]["parent"]["slug"] == "alder"
    sound(pair)


def test_names_and_citations_survive_and_a_slug_goes_on_leading(pair: URL) -> None:
    merged(pair, "alder-gardens", "alder")
    for text in ("alder-gardens", "Alder Gardens", "앨더", "Alder Zoo"):
        result = zoo("show", text, "-f", "json", db=pair)
        assert json.loads(result.stdout)["record"]["slug"] == "alder"
        assert ("'alder-gardens' was merged into 'alder'." in result.stderr) == (text == "alder-gardens")
    evidence = asked(pair, "evidence", "alder")
    said = {one["source"] for field in evidence["fields"] for value in field["claims"] for one in value["said"]}
    assert {"register", "paper"} <= said
    assert [one["slug"] for one in asked(pair, "list", "institutions")["institutions"]] == ["alder", "birch", "house"]


def test_two_values_that_stood_plain_meet_as_rivals(pair: URL) -> None:
    merged(pair, "alder-gardens", "alder")
    (founded,) = asked(pair, "evidence", "alder", "founded")["fields"]
    assert founded["concluded"] == "[1900..1905]"
    assert {(value["value"], value["said"][0]["source"]) for value in founded["claims"]} == {
        ("1900", "register"),
        ("1905", "paper"),
    }
    assert [one["field"] for one in asked(pair, "conflicts", "alder")["conflicts"]] == ["founded"]
    (city,) = asked(pair, "evidence", "alder", "city")["fields"]
    assert [one["source"] for one in city["claims"][0]["said"]] == ["register"]


def test_an_animal_merged_has_the_parents_young_and_travels_of_both(pair: URL) -> None:
    merged(pair, "leo", "simba")
    known = ids(pair)
    assert rows(
        pair, select(descent.c.parent_id).where(descent.c.child_id == known["cub"], descent.c.role == "sire")
    ) == [(known["simba"],)]
    trace = asked(pair, "trace", "simba")
    assert {step["transfer"]["slug"] for step in trace["steps"] if step["transfer"]} == {"gift", "gift-again"}
    assert "old-king" in {one["slug"] for one in trace["ancestors"]}
    (born,) = asked(pair, "evidence", "simba", "born")["fields"]
    assert (born["concluded"], born["verdict"]) == ("2001-05", "refines")
    assert [one["slug"] for one in asked(pair, "show", "nala")["record"]["related"]["young"]] == ["cub"]
    sound(pair)


def test_a_source_merged_is_cited_and_based_on_as_one(pair: URL) -> None:
    merged(pair, "paper-again", "paper")
    known = ids(pair)
    assert (known["reprint"], known["paper"]) in rows(pair, select(source_basis))
    assert (known["paper"], known["register"]) in rows(pair, select(source_basis))
    assert rows(pair, select(claim.c.id).where(claim.c.source_id == known["paper-again"])) == []
    (gift,) = asked(pair, "arrivals", "gift-again")["transfers"]
    assert "paper" in json.dumps(asked(pair, "evidence", "gift-again"))
    assert gift["slug"] == "gift-again"
    sound(pair)


def test_lines_that_only_one_of_two_transfers_has_are_taken_over_or_the_merge_is_refused(pair: URL) -> None:
    told = refused(pair, "merge", "gift-again", "gift", "--because", "the same journey")
    assert "'gift' has no line 'tigers', no participant 'keeper', which 'gift-again' has" in told
    merged(pair, "gift-again", "gift", "--take-lines")
    (gift,) = asked(pair, "arrivals", "gift")["transfers"]
    lines = {line["key"]: line for line in gift["lines"]}
    assert lines["lions"]["animals"] == ["leo", "nala"]
    assert lines["lions"]["count"] == {"text": "2-3", "min": 2, "max": 3}
    assert lines["lions"]["disputed"] == ["count"]
    assert lines["tigers"]["count"]["text"] == "1"
    assert gift["kind"] is None
    assert gift["title"] is True
    assert [one["slug"] for one in asked(pair, "arrivals")["transfers"]] == ["gift"]
    steps = asked(pair, "trace", "nala")["steps"]
    assert [step["transfer"]["slug"] for step in steps] == ["gift"]
    assert [one["transfer"]["slug"] for one in asked(pair, "trace", "gift-again/tigers")["steps"]] == ["gift"]
    donors = asked(pair, "donors", "--by", "holder")["donors"]
    assert sum(one["transfers"] for one in donors) == 1
    sound(pair)


@pytest.mark.parametrize(
    ("old", "new", "more"),
    [
        ("alder-gardens", "alder", ()),
        ("leo", "simba", ()),
        ("paper-again", "paper", ()),
        ("paper", "paper-again", ()),
        ("gift-again", "gift", ("--take-lines",)),
        ("gift", "gift-again", ("--take-lines",)),
    ],
)
def test_loading_the_seeds_again_after_a_merge_changes_nothing(
    url: URL, seeds: WriteSeeds, old: str, new: str, more: tuple[str, ...]
) -> None:
    folder = seeds(REGISTRIES)
    assert not load(url, folder).problems
    merged(url, old, new, *more)
    tables = (record, claim, animal, transfer, descent, source_basis, line_animal, decision, judgement)
    before = [sorted(map(repr, rows(url, select(table)))) for table in tables]
    again = load(url, folder)
    assert again.problems == ()
    assert (again.created, again.updated, again.batch) == ({}, {}, None)
    assert (old, new) in again.merged
    assert [sorted(map(repr, rows(url, select(table)))) for table in tables] == before
    sound(url)


@pytest.mark.parametrize(
    ("old", "new"),
    [("gangsan", "gyeoul"), ("jirisan-wild", "jirisan"), ("2022-skokov-stallion", "2022-11-orlov-trotters")],
)
def test_the_packaged_data_loads_again_after_a_merge_without_a_change(own_packaged: URL, old: str, new: str) -> None:
    merged(own_packaged, old, new, *(["--take-lines"] if old.startswith("2022") else []))
    again = load(own_packaged, locations.packaged_seeds())
    assert again.problems == ()
    assert (again.created, again.updated, again.batch) == ({}, {}, None)
    sound(own_packaged)


def test_new_data_that_names_a_merged_slug_goes_to_its_survivor(pair: URL, seeds: WriteSeeds) -> None:
    merged(pair, "alder-gardens", "alder")
    more = {
        "sources.yaml": "letter: {kind: letter}\n",
        "animals.yaml": "kiara: {taxon: lion, born: 2012, born_at: alder-gardens, sources: [letter]}\n",
        "about/alder-gardens.yaml": "about: alder-gardens\nfounded: {value: 1910, source: letter}\n",
    }
    loaded = load(pair, seeds(more, "second-set"))
    assert loaded.problems == ()
    assert loaded.merged == (("alder-gardens", "alder"),)
    known = ids(pair)
    assert rows(pair, select(animal.c.born_at_id).where(animal.c.id == known["kiara"])) == [(known["alder"],)]
    (founded,) = asked(pair, "evidence", "alder", "founded")["fields"]
    assert founded["concluded"] == "[1900..1910]"
    sound(pair)


def test_tables_that_name_a_merged_slug_lead_to_its_survivor(pair: URL, seeds: WriteSeeds) -> None:
    merged(pair, "alder-gardens", "alder")
    folder = seeds({"animals.csv": "slug,taxon,born_at,sources\nkiara,lion,alder-gardens,register\n"}, "third-set")
    result = zoo("load", folder, db=pair)
    assert result.exit_code == 0, result.stderr
    assert "'alder-gardens' was merged into 'alder'." in result.stderr
    known = ids(pair)
    assert rows(pair, select(animal.c.born_at_id).where(animal.c.id == known["kiara"])) == [(known["alder"],)]


def test_records_merged_before_lead_to_the_last_survivor(pair: URL) -> None:
    merged(pair, "alder-gardens", "alder")
    merged(pair, "alder", "birch")
    known = ids(pair)
    led = rows(pair, select(record.c.slug).where(record.c.merged_into_id == known["birch"]).order_by(record.c.slug))
    assert led == [("alder",), ("alder-gardens",)]
    assert {"founded", "city"} <= {one["field"] for one in asked(pair, "evidence", "alder-gardens")["fields"]}
    sound(pair)


def test_decisions_and_waivers_hold_for_the_survivor_where_it_has_none(pair: URL) -> None:
    assert zoo("waive", "same-house", "gift-again", "--because", "known", db=pair).exit_code == 0
    assert zoo("prefer", "gift-again/lions", "count", "open", "--because", "nobody counted", db=pair).exit_code == 0
    merged(pair, "gift-again", "gift", "--take-lines")
    known = ids(pair)
    assert ("same-house", known["gift"], "known") in rows(
        pair, select(waiver.c.rule, waiver.c.record_id, waiver.c.reason)
    )
    (count,) = asked(pair, "evidence", "gift/lions", "count")["fields"]
    assert count["decided"] == {"value": None, "reason": "nobody counted"}


REFUSED = [
    (("merge", "alder", "leo"), "is of kind institution, 'leo' of kind animal: they cannot be one."),
    (("merge", "leo", "leo"), "'leo' is one record; name two."),
    (("merge", "house", "alder-gardens"), "'house' is part of 'alder-gardens': they cannot be one"),
    (("merge", "cub", "leo"), "'cub' descends from 'leo': they cannot be one"),
    (("merge", "paper-again", "reprint"), "'reprint' is based on 'paper-again'"),
    (("merge", "cub", "old-king"), None),
    (("merge", "reprint", "register"), "would be one that is based on itself"),
    (("unmerge", "leo"), "'leo' is merged into nothing"),
    (("unmerge", "leo", "alder"), "nobody takes them for one"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_cannot_be_one_is_refused_in_a_line(pair: URL, words: tuple[str, ...], says: str | None) -> None:
    if says is None:
        assert zoo(*words, "--because", "b", db=pair).exit_code == 0
        return
    assert says in refused(pair, *words, "--because", "because")


def test_a_reason_that_says_nothing_is_refused(pair: URL) -> None:
    assert "A decision needs its reason" in refused(pair, "merge", "alder-gardens", "alder", "--because", " ")


def test_what_is_merged_cannot_be_merged_again(pair: URL) -> None:
    merged(pair, "alder-gardens", "alder")
    told = zoo("merge", "alder-gardens", "birch", "--because", "b", db=pair)
    assert told.exit_code == 2
    assert "'alder-gardens' is merged into 'alder' already." in told.stderr


def test_two_that_are_judged_different_are_not_merged_nor_proposed(pair: URL) -> None:
    def proposed() -> set[tuple[str, str]]:
        found = asked(pair, "duplicates", "institutions", "--at-least", "30")["duplicates"]
        return {(one["record"]["slug"], one["other"]["slug"]) for one in found}

    assert ("alder", "alder-gardens") in proposed()
    result = zoo("unmerge", "alder-gardens", "alder", "--because", "across the river", db=pair)
    assert result.exit_code == 0
    assert "'alder-gardens' and 'alder' are two (batch 2). They are not suggested again." in result.stderr
    assert ("alder", "alder-gardens") not in proposed()
    told = refused(pair, "merge", "alder", "alder-gardens", "--because", "b")
    assert "are judged different: across the river (take that back first: zoo-provenance undo 2)" in told
    assert "are judged different already" in refused(pair, "unmerge", "alder", "alder-gardens", "--because", "b")


@pytest.mark.parametrize(
    ("old", "new", "more"),
    [
        ("alder-gardens", "alder", ()),
        ("leo", "simba", ()),
        ("paper-again", "paper", ()),
        ("gift-again", "gift", ("--take-lines",)),
    ],
)
def test_unmerging_takes_a_merge_back_exactly(pair: URL, old: str, new: str, more: tuple[str, ...]) -> None:
    tables = (record, claim, animal, transfer, descent, source_basis, line_animal, decision, waiver)
    before = [sorted(map(repr, rows(pair, select(table)))) for table in tables]
    merged(pair, old, new, *more)
    result = zoo("unmerge", old, "--because", "two after all", db=pair)
    assert result.exit_code == 0, result.stderr
    assert [sorted(map(repr, rows(pair, select(table)))) for table in tables] == before
    assert rows(pair, select(judgement.c.same, judgement.c.reason)) == [(False, "two after all")]
    sound(pair)


BUILT = {
    "sources.yaml": "book: {kind: book}\nreprint: {kind: book}\n",
    "taxa.yaml": "lion: {rank: species, unsourced: true}\nlions: {rank: species, unsourced: true}\ntiger: {}\n",
    "institutions.yaml": "alder: {kind: zoo}\n",
    "animals.yaml": """
        leo: {taxon: lion}
        leon: {taxon: lions}
        tigger: {taxon: tiger}
        """,
    "transfers/one.yaml": "sources: [book]\nanimals: [leo]\n",
    "transfers/other.yaml": """
        sources: [reprint]
        lines: {lions: {taxon: lions, count: {value: 2, source: book}, animals: [leon]}}
        participants: {giver: {who: alder, role: {value: giver, source: book}, waive: [{rule: unsourced, because: known}]}}
        """,
    "transfers/third.yaml": "unsourced: true\nanimals: [leon, tigger]\n",
}


def test_merges_that_build_on_one_another_stand_when_loaded_again_and_are_taken_back(
    url: URL, seeds: WriteSeeds
) -> None:
    folder = seeds(BUILT)
    assert load(url, folder).problems == ()
    tables = (record, claim, animal, transfer, descent, line_animal, participant, transfer_line, decision, waiver)
    states = []
    merges = (("reprint", "book"), ("lions", "lion"), ("other", "one", "--take-lines"), ("tigger", "leo"))
    for old, new, *more in merges:
        states.append([sorted(map(repr, rows(url, select(table)))) for table in tables])
        merged(url, old, new, *more)
        again = load(url, folder)
        assert (again.problems, again.created, again.updated, again.batch) == ((), {}, {}, None)
        assert load(url, folder / "transfers" / "third.yaml").problems == ()
        sound(url)
    for old, *_ in reversed(merges):
        told = zoo("unmerge", old, "--because", "two after all", db=url)
        assert told.exit_code == 0, told.stderr
        assert [sorted(map(repr, rows(url, select(table)))) for table in tables] == states.pop()
