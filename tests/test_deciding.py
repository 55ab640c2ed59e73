"""Preferring and dismissing: a decision rules, a claim judged wrong concludes nothing, and loads leave both alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, func, insert, select

from conftest import Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import database
from zoo_provenance.tables import animal, batch, decision, descent, dismissal, record, transfer_line

SEEDS = {
    "sources.yaml": "register: {kind: registry}\npaper: {kind: news}\nblog: {kind: blog}\n",
    "taxa.yaml": "lion: {scientific_name: Panthera leo, rank: species, sources: [register]}\n",
    "institutions.yaml": """
        alder: {kind: zoo, sources: [register]}
        birch: {kind: zoo, sources: [register]}
        """,
    "people.yaml": "mayor: {sources: [register]}\nenvoy: {sources: [register]}\n",
    "animals.yaml": """
        leo: {taxon: lion, sex: male, sources: [register]}
        simba: {taxon: lion, sources: [register]}
        cub:
          taxon: lion
          born: {claims: [{value: 2001, source: register}, {value: 2003-05, source: paper}, {value: 2003-05, source: blog}]}
          sire: {claims: [{value: leo, source: register}, {value: simba, source: paper}]}
          sources: [register]
        """,
    "transfers/gift.yaml": """
        kind: gift
        from: alder
        to: birch
        sources: [paper]
        lines:
          lions:
            taxon: lion
            count:
              claims: [{value: 2, source: paper}, {value: 4, source: blog}]
              settled: 2
              because: the paper was there
        participants:
          giver: {who: {claims: [{value: mayor, source: paper}, {value: envoy, source: blog}]}, role: giver}
        """,
}


@pytest.fixture
def folder(seeds: WriteSeeds) -> Any:
    return seeds(SEEDS)


@pytest.fixture
def disputed(url: URL, folder: Any) -> URL:
    """A cub with two dates of birth and two sires, and a line with two counts of which one is settled."""
    loaded = load(url, folder)
    assert not loaded.problems, loaded.problems
    return url


def rows(url: URL, query: Any) -> list[tuple[Any, ...]]:
    with database.reading(url) as connection:
        return [tuple(row) for row in connection.execute(query)]


def field(url: URL, *words: str) -> Any:
    (found,) = json.loads(zoo("evidence", *words, "-f", "json", db=url).stdout)["fields"]
    return found


def decide(url: URL, *words: str) -> str:
    result = zoo(*words, db=url)
    assert result.exit_code == 0, result.stderr
    assert json.loads(zoo("check", "--rule", "drift", "-f", "json", db=url).stdout)["findings"] == []
    return result.stderr


def unchanged_by_loading(url: URL, folder: Any) -> None:
    tables = (decision, dismissal, descent, animal, transfer_line)
    before = [sorted(map(repr, rows(url, select(table)))) for table in tables]
    again = load(url, folder)
    assert (again.problems, again.created, again.updated, again.batch) == ((), {}, {}, None)
    assert [sorted(map(repr, rows(url, select(table)))) for table in tables] == before


def test_a_preferred_value_rules_and_keeps_its_reason(disputed: URL, folder: Any) -> None:
    assert field(disputed, "cub", "born")["concluded"] == "[2001-01..2003-05]"
    told = decide(disputed, "prefer", "cub", "born", "2001", "--because", "the register was kept on the day")
    assert told == "cub: born is 2001 (batch 2).\nSee: zoo-provenance evidence cub born\n"
    born = field(disputed, "cub", "born")
    assert (born["concluded"], born["decided"]) == (
        "2001",
        {"value": "2001", "reason": "the register was kept on the day"},
    )
    unchanged_by_loading(disputed, folder)


def test_a_second_choice_supersedes_the_first(disputed: URL) -> None:
    decide(disputed, "prefer", "cub", "born", "2001", "--because", "first thought")
    told = decide(disputed, "prefer", "cub", "born", "2003-05", "--because", "second thought")
    assert "It replaces a decision taken because: first thought" in told
    assert field(disputed, "cub", "born")["concluded"] == "2003-05"
    assert len(rows(disputed, select(decision).where(decision.c.field == "born"))) == 1


def test_a_field_is_left_open_on_purpose(disputed: URL) -> None:
    decide(disputed, "prefer", "gift/lions", "count", "open", "--because", "neither counted")
    count = field(disputed, "gift/lions", "count")
    assert (count["concluded"], count["decided"]) == ("2-4", {"value": None, "reason": "neither counted"})


def test_a_command_rules_over_what_a_data_set_settled_and_a_load_does_not_overturn_it_unasked(
    disputed: URL, folder: Any
) -> None:
    assert field(disputed, "gift/lions", "count")["concluded"] == "2"
    told = decide(disputed, "prefer", "gift/lions", "count", "4", "--because", "a photograph shows four")
    assert "It replaces a decision taken because: the paper was there" in told
    assert field(disputed, "gift/lions", "count")["concluded"] == "4"
    result = zoo("load", folder, db=disputed)
    assert result.exit_code == 1
    assert "'count' was settled as '4'" in result.stderr
    assert "a photograph shows four" in result.stderr
    assert field(disputed, "gift/lions", "count")["concluded"] == "4"
    assert zoo("load", "--overrule", folder, db=disputed).exit_code == 0
    assert field(disputed, "gift/lions", "count")["concluded"] == "2"


def test_a_participant_is_chosen_like_any_other_field(disputed: URL) -> None:
    decide(disputed, "prefer", "gift/giver", "who", "envoy", "--because", "the mayor was ill")
    (arrival,) = json.loads(zoo("arrivals", "-f", "json", db=disputed).stdout)["transfers"]
    assert [one["who"]["slug"] for one in arrival["participants"]] == ["envoy"]


def test_a_preferred_sire_stands_alone_in_the_descent(disputed: URL, folder: Any) -> None:
    decide(disputed, "prefer", "cub", "sire", "simba", "--because", "a test of blood")
    slugs = select(record.c.slug).join(descent, descent.c.parent_id == record.c.id)
    assert rows(disputed, slugs) == [("simba",)]
    unchanged_by_loading(disputed, folder)
    decide(disputed, "prefer", "cub", "sire", "leo", "--because", "a better test")
    assert rows(disputed, slugs) == [("leo",)]
    unchanged_by_loading(disputed, folder)


def test_what_nobody_claims_may_be_chosen_and_that_is_said(disputed: URL) -> None:
    told = decide(disputed, "prefer", "cub", "born", "1999", "--because", "a hunch")
    assert "Nobody claims 1999: the field stays empty until a source does." in told
    assert field(disputed, "cub", "born")["concluded"] is None
    found = json.loads(zoo("check", "--rule", "stale-decision", "-f", "json", db=disputed).stdout)["findings"]
    assert [one["records"] for one in found] == [["cub"]]


def test_a_dismissed_claim_is_kept_and_concludes_nothing(disputed: URL, folder: Any) -> None:
    told = decide(disputed, "dismiss", "cub", "born", "2003-05", "--because", "both copied a slip")
    assert told == "cub: 2 claims of born 2003-05 dismissed (batch 2).\nSee: zoo-provenance evidence cub born\n"
    born = field(disputed, "cub", "born")
    assert born["concluded"] == "2001"
    assert {one["value"]: one["dismissed"] for one in born["claims"]} == {"2001": None, "2003-05": "both copied a slip"}
    unchanged_by_loading(disputed, folder)


def test_only_the_claim_of_one_source_is_dismissed(disputed: URL) -> None:
    decide(disputed, "dismiss", "cub", "born", "2003-05", "--source", "blog", "--because", "invented")
    assert rows(disputed, select(func.count()).select_from(dismissal)) == [(1,)]
    assert field(disputed, "cub", "born")["concluded"] == "[2001-01..2003-05]"


def test_a_sire_left_open_after_all_has_its_candidates_back(disputed: URL, folder: Any) -> None:
    sires = select(record.c.slug, descent.c.probability).join(descent, descent.c.parent_id == record.c.id)
    before = sorted(rows(disputed, sires))
    decide(disputed, "prefer", "cub", "sire", "simba", "--because", "a test of blood")
    decide(disputed, "prefer", "cub", "sire", "open", "--because", "the test was of another")
    assert sorted(rows(disputed, sires)) == before
    unchanged_by_loading(disputed, folder)


def test_a_preferred_sire_that_nobody_claims_is_not_in_the_descent(disputed: URL, folder: Any) -> None:
    decide(disputed, "dismiss", "cub", "sire", "leo", "--because", "was elsewhere")
    told = decide(disputed, "prefer", "cub", "sire", "leo", "--because", "who knows")
    assert "Nobody claims leo: the field stays empty until a source does." in told
    assert rows(disputed, select(descent)) == []
    unchanged_by_loading(disputed, folder)


@pytest.mark.parametrize("value", ["simba", "open"])
def test_a_decision_on_a_sire_comes_round(disputed: URL, servers: Servers, tmp_path: Path, value: str) -> None:
    decide(disputed, "prefer", "cub", "sire", value, "--because", "a test of blood")
    other = servers.fresh(name_of(disputed))
    assert zoo("export", "seeds", tmp_path / "out", db=disputed).exit_code == 0
    assert load(other, tmp_path / "out").problems == ()
    sires = select(record.c.slug, descent.c.probability).join(descent, descent.c.parent_id == record.c.id)
    assert sorted(rows(other, sires)) == sorted(rows(disputed, sires))
    unchanged_by_loading(other, tmp_path / "out")


def test_a_dismissed_sire_leaves_the_descent(disputed: URL, folder: Any) -> None:
    decide(disputed, "dismiss", "cub", "sire", "leo", "--because", "was elsewhere")
    assert rows(disputed, select(record.c.slug).join(descent, descent.c.parent_id == record.c.id)) == [("simba",)]
    unchanged_by_loading(disputed, folder)


REFUSED = [
    (("prefer", "cub", "bron", "2001"), "'cub' has no field 'bron'; did you mean 'born'?"),
    (("prefer", "cub", "born", "next year"), "born:"),
    (("prefer", "leo", "sex", "female"), "'leo': sex is male, and nobody says otherwise"),
    (("prefer", "gift/lions", "taxon", "lion"), "'gift/lions': taxon is lion, and nobody says otherwise"),
    (("prefer", "leo", "sex", "lion-like"), "'lion-like' is no sex"),
    (("prefer", "cub", "formerly", "leo"), "'cub' has no field 'formerly'; did you mean 'name.former'?"),
    (("prefer", "cub", "sire", "cub"), "'cub' cannot be its own sire."),
    (("prefer", "leo", "sire", "cub"), "would be one that descends from itself"),
    (("prefer", "cub", "name", "Cub"), "There may be many of 'name'"),
    (("dismiss", "cub", "born", "1990"), "claimed are 2001 (by register), 2003-05 (by blog, paper)"),
    (("dismiss", "cub", "born", "2001", "--source", "blog"), "born '2001' is not claimed by blog; claimed are"),
    (("dismiss", "leo", "sex", "male"), "no source says anything of it but of the whole it stands in"),
    (("prefer", "cub", "born", "2001", "--because", " "), "A decision needs its reason"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_cannot_be_decided_is_refused_in_a_line(disputed: URL, words: tuple[str, ...], says: str) -> None:
    result = zoo(*words, *([] if "--because" in words else ["--because", "b"]), db=disputed)
    assert result.exit_code == 2, result.stderr
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert rows(disputed, select(func.count()).select_from(batch)) == [(1,)]


def test_a_part_that_is_not_there_is_told_with_those_that_are(disputed: URL) -> None:
    result = zoo("prefer", "gift/tigers", "count", "1", "--because", "b", db=disputed)
    assert result.exit_code == 4
    assert "No line or participant is called 'gift/tigers'. Did you mean 'gift/lions', 'gift/giver'?" in result.stderr


def test_what_is_dismissed_is_not_dismissed_again(disputed: URL) -> None:
    decide(disputed, "dismiss", "cub", "born", "2001", "--because", "a slip")
    result = zoo("dismiss", "cub", "born", "2001", "--because", "again", db=disputed)
    assert (result.exit_code, result.stderr) == (2, "Error: '2001' is dismissed here already: a slip\n")


def test_leaving_a_parent_open_is_not_taken_back_where_candidates_have_come_back_since(
    url: URL, seeds: WriteSeeds
) -> None:
    likely = "{dam: {claims: [{value: lea, probability: 0.5}, {value: leb, probability: 0.5}]}, sources: [paper]}"
    folder = seeds(
        {
            "sources.yaml": "paper: {kind: book}\n",
            "animals.yaml": f"lea: {{sources: [paper]}}\nleb: {{sources: [paper]}}\ncub: {likely}\n",
        }
    )
    load(url, folder)
    for value in ("lea", "open"):
        assert zoo("prefer", "cub", "dam", value, "--because", "the keeper's book", db=url).exit_code == 0
    assert load(url, folder).updated == {"animal": 1}
    refused = zoo("undo", "3", "--because", "too soon", db=url)
    assert refused.exit_code == 1
    assert "later batches (4) said more of the same: cub (dam)" in refused.stderr
    for number in ("4", "3"):
        assert zoo("undo", number, "--because", "in order", db=url).exit_code == 0
    with database.reading(url) as connection:
        dams = select(record.c.slug).join(descent, descent.c.parent_id == record.c.id)
        assert connection.execute(dams).scalars().all() == ["lea"]


def test_a_parent_beside_the_one_decided_on_is_told_by_the_check(disputed: URL) -> None:
    assert zoo("prefer", "cub", "sire", "leo", "--because", "the register", db=disputed).exit_code == 0
    assert zoo("db", "check", db=disputed).exit_code == 0
    with database.writing(disputed) as connection:
        ids = dict(connection.execute(select(record.c.slug, record.c.id)).all())
        values = {"child_id": ids["cub"], "parent_id": ids["simba"], "role": "sire"}
        connection.execute(insert(descent).values(values))
    told = zoo("db", "check", db=disputed)
    assert told.exit_code == 3
    assert "sire holds 'simba', its claims conclude 'leo'" in told.output
