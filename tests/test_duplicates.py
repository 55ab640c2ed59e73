"""Records that may be one: found by names in any script, dates and places, side by side, never merged by themselves."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from sqlalchemy import URL, func, select

from conftest import WriteSeeds, load, zoo
from test_house import CHECKOUT
from zoo_provenance import database
from zoo_provenance.questions import blocks
from zoo_provenance.questions.duplicates import duplicates
from zoo_provenance.tables import batch
from zoo_provenance.vocabulary import Kind

SEEDS = {
    "sources.yaml": """
        paper: {kind: news, url: https://example.org/a, title: Two lions arrive, published: 2010-03-05, publisher: The Paper}
        paper-copy: {kind: news_copy, url: https://example.org/a, title: Two lions arrive, published: 2010-03, publisher: Paper}
        other: {kind: news, url: https://example.org/b, title: A flood, published: 2010-03-05, publisher: The Paper}
        """,
    "taxa.yaml": "lion: {scientific_name: Panthera leo, sources: [paper]}\ntiger: {scientific_name: Panthera tigris, sources: [paper]}\n",
    "institutions.yaml": """
        moscow-zoo: {kind: zoo, country: RU, city: Moscow, founded: 1864, names: [Moscow Zoo, {value: Московский зоопарк, language: ru}], sources: [paper]}
        zoopark-moskva: {kind: zoo, country: RU, founded: 1864, names: [{value: московский  ЗООПАРК, language: ru}], sources: [paper]}
        moscow-zoological: {kind: zoo, country: RU, city: Moscow, names: [Zoo of Moscow], sources: [paper]}
        novosibirsk-zoo: {kind: zoo, country: RU, city: Novosibirsk, names: [Novosibirsk Zoo], sources: [paper]}
        """,
    "people.yaml": "ivanov-1: {names: [Ivan Ivanov], sources: [paper]}\nivanov-2: {names: [IVAN IVANOV], sources: [paper]}\n",
    "animals.yaml": """
        leo-1: {taxon: lion, names: [Leo], born: 2001-05, sources: [paper]}
        leo-2: {taxon: lion, names: [LEO], born: 2001, sources: [paper]}
        leo-3: {taxon: tiger, names: [Leo], born: 1980, sources: [paper]}
        leo-32: {taxon: lion, names: [Leo 32], born: 2005, sources: [paper]}
        leo-33: {taxon: lion, names: [Leo 33], born: 2005, sources: [paper]}
        """,
    "transfers/gift.yaml": "{from: moscow-zoo, to: novosibirsk-zoo, date: 2010-03, sources: [paper], lines: {l: {taxon: lion, count: 2}}}\n",
    "transfers/present.yaml": "{from: moscow-zoo, to: novosibirsk-zoo, date: 2010-03-04, sources: [paper], lines: {l: {taxon: lion, count: 2}}}\n",
    "transfers/later.yaml": "{from: moscow-zoo, to: novosibirsk-zoo, date: 2019, sources: [paper], lines: {l: {taxon: tiger, count: 2}}}\n",
}


@pytest.fixture
def filled(url: URL, seeds: WriteSeeds) -> URL:
    loaded = load(url, seeds(SEEDS))
    assert not loaded.problems, loaded.problems
    return url


def proposed(url: URL, *words: str) -> dict[tuple[str, str], Any]:
    result = zoo("duplicates", *words, "-f", "json", db=url)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["schema"] == "zooprov/duplicates/1"
    return {(one["record"]["slug"], one["other"]["slug"]): one for one in found["duplicates"]}


def test_each_kind_is_compared_by_what_it_has(filled: URL) -> None:
    found = proposed(filled)
    assert ("paper", "paper-copy") in found
    assert ("paper", "other") not in found
    assert ("ivanov-1", "ivanov-2") in found
    assert ("moscow-zoo", "zoopark-moskva") in found
    assert ("leo-1", "leo-2") in found
    assert ("leo-1", "leo-3") not in found
    assert ("gift", "present") in found
    assert ("gift", "later") not in found
    scores = [one["score"] for one in found.values()]
    assert scores == sorted(scores, reverse=True)


def test_names_agree_in_any_script_and_what_agrees_stands_beside_what_differs(filled: URL) -> None:
    one = proposed(filled, "institutions", "--at-least", "0")["moscow-zoo", "zoopark-moskva"]
    assert {"field": "names", "value": "Московский зоопарк", "other": "московский  ЗООПАРК", "verdict": "agree"} in one[
        "agrees"
    ]
    assert {fact["field"] for fact in one["agrees"]} == {"names", "country", "kind", "founded"}
    assert one["differs"] == []
    gift = proposed(filled, "transfers")["gift", "present"]
    assert {"field": "date", "value": "2010-03", "other": "2010-03-04", "verdict": "refines"} in gift["agrees"]


def test_words_in_another_order_are_near_and_two_zoos_are_not(filled: URL) -> None:
    found = proposed(filled, "institutions", "--at-least", "0")
    near = found["moscow-zoo", "moscow-zoological"]
    assert [fact["verdict"] for fact in near["agrees"] if fact["field"] == "names"] in ([], ["alike"])
    assert near["score"] > found.get(("moscow-zoo", "novosibirsk-zoo"), {"score": 0})["score"]
    assert ("moscow-zoo", "novosibirsk-zoo") not in proposed(filled, "institutions")


def test_names_that_differ_in_a_number_are_not_alike(filled: URL) -> None:
    one = proposed(filled, "animals", "--at-least", "0")["leo-32", "leo-33"]
    assert [fact["verdict"] for fact in one["differs"]] == ["conflict"]


def test_equal_names_are_found_without_the_extra(filled: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo_provenance.questions.duplicates._ratio", lambda: None)
    result = zoo("duplicates", "animals", "-f", "plain", db=filled)
    assert "leo-1\tleo-2" in result.stdout
    assert "pip install 'zoo-provenance[fuzzy]'" in result.stderr


def test_a_limit_says_how_many_more_there_are(filled: URL) -> None:
    result = zoo("duplicates", "--limit", "1", "-f", "plain", db=filled)
    assert len(result.stdout.splitlines()) == 2
    assert re.search(r"There are \d+ more; --limit 0 shows all\.", result.stderr)


def test_nothing_is_written_and_merged_records_are_not_proposed(filled: URL) -> None:
    assert zoo("merge", "leo-2", "leo-1", "--because", "the same", db=filled).exit_code == 0
    assert ("leo-1", "leo-2") not in proposed(filled)
    with database.reading(filled) as connection:
        assert connection.execute(select(func.count()).select_from(batch)).scalar() == 2


def test_a_block_that_is_too_large_is_passed_over(url: URL, seeds: WriteSeeds) -> None:
    number = blocks.LARGEST + 1
    animals = "".join(f"lion-{at}: {{taxon: lion, names: [Lion], sources: [paper]}}\n" for at in range(number))
    files = {
        "sources.yaml": "paper: {kind: news}\n",
        "taxa.yaml": "lion: {sources: [paper]}\n",
        "animals.yaml": animals,
    }
    assert not load(url, seeds(files)).problems
    with database.reading(url) as connection:
        assert blocks.pairs_of(connection, Kind.ANIMAL) == set()
        assert duplicates(connection, (Kind.ANIMAL,)) == ([], 0)


DECIDING = (CHECKOUT / "docs" / "deciding.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```console\n\$ zoo-provenance (.+)\n((?:.*\n)*?)```", DECIDING)


def test_the_document_shows_what_the_commands_print(own_packaged: URL) -> None:
    assert {command.split()[0] for command, _ in EXAMPLES} == {"duplicates", "unmerge", "prefer"}
    for command, shown in EXAMPLES:
        form = ["-f", "table"] if command.startswith("duplicates") else []
        result = zoo(*shlex.split(command), *form, db=own_packaged)
        assert result.exit_code == 0, result.stderr
        printed = result.stdout or result.stderr
        assert [line.rstrip() for line in printed.splitlines()] == [line.rstrip() for line in shown.splitlines()]
