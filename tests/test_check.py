"""The check: each rule finds exactly what is wrong, says so, and is silent where it may be right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import cache
from typing import Any, NamedTuple

import pytest
from sqlalchemy import URL, Connection, Engine, text

from conftest import ENGINES, Servers, WriteSeeds, load, zoo
from zoo_provenance import database
from zoo_provenance.loading.load import load as load_seeds
from zoo_provenance.questions.check import PASSES, QUERIES, check
from zoo_provenance.rules import RULES, Scope, Severity

Files = dict[str, str]
Told = tuple[str, str, tuple[str, ...]]
"""A finding: its rule, its message, and the records it names."""
Entries = Mapping[str, str]
Found = Callable[..., list[Told]]

TODAY = "2025-06-01"
OF_CHECK = [rule.id for rule in RULES.values() if rule.scope is Scope.CHECK]
TAXA = {
    "weasels": "rank: family",
    "otter": "rank: species, parent: weasels",
    "stoat": "rank: species, parent: weasels",
}
ZOOS = {"zoo-a": "kind: zoo", "zoo-b": "kind: zoo", "zoo-c": "kind: zoo"}


def registry(entries: Entries, default: str = "", *, cited: bool = True) -> str:
    """Return a registry's text: each entry cites the ledger unless it says otherwise."""
    return "".join(f"{slug}: {{{fields(entry, default, cited=cited)}}}\n" for slug, entry in entries.items())


def fields(entry: str, default: str = "", *, cited: bool = True) -> str:
    more = [default] if default and f"{default.split(':', maxsplit=1)[0]}:" not in entry else []
    if cited and "sources:" not in entry:
        more.append("sources: [ledger]")
    return ", ".join(part for part in (entry, *more) if part)


def world(
    *,
    animals: Entries | None = None,
    institutions: Entries | None = None,
    people: Entries | None = None,
    sources: Entries | None = None,
    taxa: Entries | None = None,
    transfers: Entries | None = None,
) -> Files:
    """Return a data set that is right but for what is given; slug to the inside of a flow mapping."""
    return {
        "taxa.yaml": registry({**TAXA, **(taxa or {})}),
        "institutions.yaml": registry({**ZOOS, **(institutions or {})}),
        "people.yaml": registry(people or {"ann": "names: [Ann]"}),
        "sources.yaml": registry({"ledger": "kind: archive", **(sources or {})}, cited=False),
        "animals.yaml": registry(animals or {"pip": ""}, "taxon: otter"),
        **{f"transfers/{slug}.yaml": f"{{{fields(entry)}}}\n" for slug, entry in (transfers or {}).items()},
    }


def of(slug: str) -> str:
    """Return a record's id, as SQL."""
    return f"(SELECT id FROM record WHERE slug = '{slug}')"


def descends(child: str, parent: str) -> str:
    return (
        "INSERT INTO descent (child_id, parent_id, role, probability)"
        f" VALUES ({of(child)}, {of(parent)}, 'parent', 1.0)"
    )


def based(source: str, basis: str) -> str:
    return f"INSERT INTO source_basis (source_id, based_on_id) VALUES ({of(source)}, {of(basis)})"


def merged(slug: str, survivor: str) -> str:
    return f"UPDATE record SET merged_into_id = {of(survivor)} WHERE slug = '{slug}'"


class Wrong(NamedTuple):
    """A data set with one fault, what is then done to the database, and what is found: (message, records)."""

    files: Files
    found: list[tuple[str, tuple[str, ...]]]
    then: tuple[str, ...] = ()


GIFT = "kind: gift, from: zoo-a, to: zoo-b"
DATES = "date: {claims: [{value: 2010, source: ledger}, {value: 2012, source: ledger}], settled: 2010, because: seen}"

WRONG: Mapping[str, Wrong] = {
    "before-birth": Wrong(
        world(animals={"pip": "born: 2010-05-02"}, transfers={"move": f"{GIFT}, date: 2010-05-01, animals: [pip]"}),
        [("pip was moved by move (2010-05-01) before it was born (2010-05-02)", ("pip", "move"))],
    ),
    "after-death": Wrong(
        world(animals={"pip": "died: 2010-05-01"}, transfers={"move": f"{GIFT}, date: 2010-05-02, animals: [pip]"}),
        [("pip was moved alive by move (2010-05-02) after it died (2010-05-01)", ("pip", "move"))],
    ),
    "two-places": Wrong(
        world(
            transfers={
                "one": "kind: gift, from: zoo-a, to: zoo-b, date: 2010, animals: [pip]",
                "two": "kind: gift, from: zoo-a, to: zoo-c, date: 2011, animals: [pip]",
            }
        ),
        [("pip left zoo-a twice, by one and by two, and nothing brought it back between", ("pip", "one", "two"))],
    ),
    "not-holder": Wrong(
        world(
            animals={"pip": "", "squeak": "born: 2005, born_at: zoo-a"},
            transfers={
                "one": "kind: gift, from: zoo-a, to: zoo-b, date: 2010, animals: [pip]",
                "two": "kind: gift, from: zoo-c, to: zoo-a, date: 2011, animals: [pip]",
                "six": "kind: gift, from: zoo-b, to: zoo-c, date: 2012, animals: [squeak]",
            },
        ),
        [
            ("pip was sent by zoo-c in two, when zoo-b was the last known to hold it", ("pip", "two", "one")),
            ("squeak was sent by zoo-b in six, when zoo-a was the last known to hold it", ("squeak", "six")),
        ],
    ),
    "died-elsewhere": Wrong(
        world(
            animals={"pip": "died: 2012, died_at: zoo-c", "squeak": "born: 2005, born_at: zoo-a, died_at: zoo-b"},
            transfers={"one": "kind: gift, from: zoo-a, to: zoo-b, date: 2010, animals: [pip]"},
        ),
        [
            ("pip is recorded to have died at zoo-c, when zoo-b was the last known to hold it", ("pip", "one")),
            ("squeak is recorded to have died at zoo-b, when zoo-a was the last known to hold it", ("squeak",)),
        ],
    ),
    "young-parent": Wrong(
        world(animals={"pip": "born: 2010-03-01, sire: old", "old": "born: 2010-03-01"}),
        [("old (2010-03-01) is named as sire of pip (2010-03-01) but is not older", ("pip", "old"))],
    ),
    "dead-dam": Wrong(
        world(animals={"pip": "born: 2010, dam: old", "old": "died: 2009-12-31"}),
        [("old is named as dam of pip (2010) but had died before (2009-12-31)", ("pip", "old"))],
    ),
    "parent-sex": Wrong(
        world(animals={"pip": "dam: he, sire: she", "he": "sex: male", "she": "sex: female"}),
        [
            ("he is named as dam of pip but is male", ("pip", "he")),
            ("she is named as sire of pip but is female", ("pip", "she")),
        ],
    ),
    "parent-species": Wrong(
        world(animals={"pip": "dam: old", "old": "taxon: stoat"}),
        [("old (stoat) is named as dam of pip (otter), of another species", ("pip", "old"))],
    ),
    "circular-descent": Wrong(
        world(animals={"pip": "parents: [mid]", "mid": "parents: [old]", "old": ""}),
        [("mid descends from itself through old", ("mid", "old"))],
        (descends("old", "pip"),),
    ),
    "lines-total": Wrong(
        world(
            transfers={
                "less": f"{GIFT}, totals: [{{value: 5, source: ledger}}], lines: {{otters: {{taxon: otter, count: 4}}}}",
                "more": f"{GIFT}, totals: [{{value: '<10', source: ledger}}], lines: {{otters: {{taxon: otter, count: 8-9}},"
                " stoats: {taxon: stoat, count: 5+}}",
            }
        ),
        [
            ("less: a total of 5 is stated, the lines add up to 4", ("less",)),
            ("more: a total of <10 is stated, the lines add up to 13+", ("more",)),
        ],
    ),
    "more-animals": Wrong(
        world(
            animals={"pip": "", "squeak": "", "raft": "count: 3-5"},
            transfers={
                "move": f"{GIFT}, lines: {{otters: {{taxon: otter, count: 1, animals: [pip, squeak]}}}}",
                "raft-move": f"{GIFT}, lines: {{otters: {{taxon: otter, count: 2, animals: [raft]}}}}",
            },
        ),
        [
            ("move/otters: 2 animals are named on a line of 1", ("move/otters",)),
            ("raft-move/otters: 3 animals are named on a line of 2", ("raft-move/otters",)),
        ],
    ),
    "same-house": Wrong(
        world(transfers={"move": "kind: gift, from: zoo-a, to: zoo-a"}),
        [("move goes from zoo-a to the same", ("move", "zoo-a"))],
    ),
    "before-founding": Wrong(
        world(
            institutions={"zoo-d": "kind: zoo, founded: 2000"},
            animals={"pip": "born: 1990, born_at: zoo-d"},
            transfers={
                "from-it": "kind: gift, from: zoo-d, to: zoo-b, date: 1999",
                "to-it": "kind: gift, from: zoo-a, to: zoo-d, date: 1999-12-31",
                "with-it": f"{GIFT}, date: 1998, participants: {{it: {{who: zoo-d, role: broker}}}}",
                "for-it": f"{GIFT}, date: 1997, participants: {{she: {{who: ann, role: signed, on_behalf_of: zoo-d}}}}",
            },
        ),
        [
            ("zoo-d has a part in for-it (1997) before it was founded (2000)", ("for-it", "zoo-d")),
            ("zoo-d has a part in from-it (1999) before it was founded (2000)", ("from-it", "zoo-d")),
            ("zoo-d has a part in pip (1990) before it was founded (2000)", ("pip", "zoo-d")),
            ("zoo-d has a part in to-it (1999-12-31) before it was founded (2000)", ("to-it", "zoo-d")),
            ("zoo-d has a part in with-it (1998) before it was founded (2000)", ("with-it", "zoo-d")),
        ],
    ),
    "after-closing": Wrong(
        world(
            institutions={"zoo-d": "kind: zoo, closed: 2000"},
            animals={"pip": "born: 2001, born_at: zoo-d"},
            transfers={
                "both": "kind: gift, from: zoo-d, to: zoo-b, date: 2002, participants: {it: {who: zoo-d, role: giver}}"
            },
        ),
        [
            ("zoo-d has a part in both (2002) after it closed (2000)", ("both", "zoo-d")),
            ("zoo-d has a part in pip (2001) after it closed (2000)", ("pip", "zoo-d")),
        ],
    ),
    "office-dates": Wrong(
        world(
            people={"ann": "offices: [{value: Director, during: 2000/2005, source: ledger}]"},
            transfers={"move": f"{GIFT}, date: 2010, participants: {{she: {{who: ann, role: signed, as: director}}}}"},
        ),
        [("ann acts in move (2010) as director, an office recorded only for 2000/2005", ("move", "ann"))],
    ),
    "overdue-loan": Wrong(
        world(
            transfers={
                "lent": "kind: loan, from: zoo-a, to: zoo-b, date: 2010, until: 2025-05-31, animals: [pip]",
                "back": "kind: return, from: zoo-b, to: zoo-a, date: 2025, status: planned, ends: lent, animals: [pip]",
            }
        ),
        [("lent: the loan ran until 2025-05-31 and nothing ends it", ("lent",))],
    ),
    "early-source": Wrong(
        world(
            sources={"note": "kind: news, published: 2009-12-31"},
            animals={
                "pip": "born: {value: 2010, source: note}",
                "squeak": "died: {value: 2011, source: note}",
            },
            institutions={"zoo-d": "kind: zoo, founded: {value: 2010, source: note}"},
            transfers={"move": f"{GIFT}, date: 2010, sources: [note]"},
        ),
        [
            ("note (published 2009-12-31) reports move, dated 2010, before it happened", ("move", "note")),
            ("note (published 2009-12-31) reports pip, born 2010, before it happened", ("pip", "note")),
            ("note (published 2009-12-31) reports squeak, died 2011, before it happened", ("squeak", "note")),
            ("note (published 2009-12-31) reports zoo-d, founded 2010, before it happened", ("zoo-d", "note")),
        ],
    ),
    "later-basis": Wrong(
        world(
            sources={
                "copy": "kind: news_copy, published: 2010-05-01, based_on: [note]",
                "note": "kind: news, published: 2010-05-02",
            },
            people={"ann": "sources: [copy]"},
        ),
        [
            (
                "copy (published 2010-05-01) is said to be based on note, published later (2010-05-02)",
                ("copy", "note"),
            )
        ],
    ),
    "circular-sources": Wrong(
        world(
            sources={"copy": "kind: news_copy, based_on: [note]", "note": "kind: news"},
            people={"ann": "sources: [copy]"},
        ),
        [("copy is based on itself through note", ("copy", "note"))],
        (based("note", "copy"),),
    ),
    "uncited": Wrong(
        {**world(), "people.yaml": "ann: {names: [Ann]}\nben: {searched: [{field: office, source: ledger}]}\n"},
        [
            ("nobody vouches for ann, a record of kind person", ("ann",)),
            ("nobody vouches for ben, a record of kind person", ("ben",)),
        ],
    ),
    "unused-source": Wrong(
        world(sources={"copy": "kind: news_copy, based_on: [note]", "note": "kind: news"}),
        [("copy is cited nowhere", ("copy",))],
    ),
    "unsourced": Wrong(
        world(
            institutions={"zoo-d": "kind: zoo, successor: {value: zoo-c, unsourced: true}"},
            transfers={
                "move": f"{GIFT}, transport: {{value: by ship, unsourced: true}},"
                " lines: {otters: {taxon: otter, count: {value: 4, unsourced: true}}}"
            },
        ),
        [
            ("move: transport by ship has no source", ("move",)),
            ("move/otters: count 4 has no source", ("move/otters",)),
            ("zoo-d: successor zoo-c has no source", ("zoo-d",)),
        ],
    ),
    "unarchived": Wrong(
        world(sources={"page": "kind: zoo_page, url: https://zoo-a.example/otters"}, people={"ann": "sources: [page]"}),
        [("page has an address on the web and no archived copy", ("page",))],
    ),
    "merged-reference": Wrong(
        world(
            people={"ann": "sources: [note]"},
            animals={"pip": "parents: [old]", "old": "", "older": ""},
            sources={"note": "kind: news, based_on: [ledger]", "leaf": "kind: news, based_on: [note]", "new": ""},
            transfers={"move": GIFT, "more": f"{GIFT}, sources: [leaf, new]"},
        ),
        [
            ("ann refers to note, which was merged into new", ("ann", "note")),
            ("leaf refers to note, which was merged into new", ("leaf", "note")),
            ("more refers to zoo-b, which was merged into zoo-c", ("more", "zoo-b")),
            ("move refers to zoo-b, which was merged into zoo-c", ("move", "zoo-b")),
            ("pip refers to old, which was merged into older", ("pip", "old")),
        ],
        (merged("note", "new"), merged("zoo-b", "zoo-c"), merged("old", "older")),
    ),
    "stale-decision": Wrong(
        world(transfers={"move": f"{GIFT}, {DATES}"}),
        [("move: date is settled on 2010, which nobody claims any more", ("move",))],
        (
            "DELETE FROM claim WHERE field = 'date' AND value = '2010'",
            "UPDATE transfer SET date = NULL, date_earliest = NULL, date_latest = NULL",
        ),
    ),
    "drift": Wrong(
        world(
            animals={"pip": "sex: {value: female, source: ledger}"},
            transfers={"move": f"{GIFT}, date: {{value: 2010, source: ledger}}"},
        ),
        [
            ("move: date holds nothing, but its claims conclude 2010", ("move",)),
            ("pip: sex holds male, but its claims conclude female", ("pip",)),
        ],
        (
            "UPDATE transfer SET date = NULL, date_earliest = NULL, date_latest = NULL",
            "UPDATE animal SET sex = 'male'",
        ),
    ),
}


@pytest.fixture(scope="module")
def engines(servers: Servers) -> dict[str, Engine]:
    """An empty database on each engine, for what is rolled back in the end."""
    return {name: database.engine_of(servers.fresh(name)).execution_options(compiled_cache={}) for name in ENGINES}


@pytest.fixture(params=ENGINES)
def found(request: pytest.FixtureRequest, engines: dict[str, Engine], seeds: WriteSeeds) -> Iterator[Found]:
    """Load files into an empty database, do what is given in SQL, and return what all rules of the check find."""
    with engines[request.param].connect() as connection, connection.begin() as transaction:

        def ask(files: Files, *then: str, rules: tuple[str, ...] = (), today: str = TODAY) -> list[Told]:
            with connection.begin_nested() as savepoint:
                put(connection, seeds, files)
                for statement in then:
                    connection.execute(text(statement))
                told = [(one.rule, one.message, one.records) for one in check(connection, today, rules=rules)]
                savepoint.rollback()
            return told

        yield ask
        transaction.rollback()


def put(connection: Connection, seeds: WriteSeeds, files: Files) -> None:
    loaded = load_seeds(lambda: nullcontext(connection), [seeds(files)])
    assert [problem.tell() for problem in loaded.problems] == []


# -- every rule --------------------------------------------------------------------------------------


def test_every_rule_is_one_statement_or_takes_a_pass() -> None:
    assert {*QUERIES} | {*PASSES} == {*RULES}
    assert not {*QUERIES} & {*PASSES}


def test_every_rule_of_the_check_has_a_fault_it_is_shown() -> None:
    assert list(WRONG) == OF_CHECK


@pytest.mark.parametrize("rule", OF_CHECK)
def test_a_rule_finds_exactly_what_is_wrong_and_no_other_rule_finds_anything(found: Found, rule: str) -> None:
    files, expected, then = WRONG[rule]
    assert found(files, *then) == [(rule, message, records) for message, records in expected]


def test_nothing_is_found_where_all_is_right(found: Found) -> None:
    assert found(world(transfers={"move": f"{GIFT}, date: 2010, animals: [pip]"})) == []


# -- lives -------------------------------------------------------------------------------------------


def test_a_move_on_the_day_of_birth_or_in_its_year_or_as_an_egg_is_right(found: Found) -> None:
    files = world(
        animals={
            "a-day": "born: 2010-05-01",
            "a-year": "born: 2010",
            "a-month": "born: 2010-05-20",
            "an-egg": "born: 2010-05-20",
            "a-live-egg": "born: 2010-05-20",
            "unborn": "",
            "since": "born: 2011/..",
            "until": "born: ../2011",
            "planned": "born: 2011",
            "sold": "born: 2011, born_at: zoo-a",
        },
        transfers={
            "one": f"{GIFT}, date: 2010-05-01, animals: [a-day, a-year, unborn, until]",
            "two": f"{GIFT}, date: 2010-05, animals: [a-month]",
            "three": f"{GIFT}, date: 2010-04-01, lines: {{eggs: {{taxon: otter, term: EGG, animals: [an-egg]}},"
            " live: {taxon: otter, term: EGL, animals: [a-live-egg]}}",
            "four": f"{GIFT}, animals: [since]",
            "five": f"{GIFT}, date: 2010, status: planned, animals: [planned]",
            "six": "kind: ownership_transfer, from: zoo-a, to: zoo-b, date: 2010, animals: [sold]",
        },
    )
    assert found(files) == []


def test_a_move_on_the_day_of_death_or_in_its_year_or_of_the_body_is_right(found: Found) -> None:
    files = world(
        animals={
            "a-day": "died: 2010-05-01",
            "a-year": "died: 2010",
            "a-body": "died: 2010-05-01, died_at: zoo-a",
            "alive": "",
            "since": "died: 2009/..",
            "until": "died: ../2009",
            "planned": "died: 2009",
        },
        transfers={
            "one": f"{GIFT}, date: 2010-05-01, animals: [a-day, a-year, alive, since]",
            "two": f"{GIFT}, date: 2012, lines: {{body: {{taxon: otter, term: BOD, animals: [a-body]}}}}",
            "three": f"{GIFT}, animals: [until]",
            "four": f"{GIFT}, date: 2010, status: cancelled, animals: [planned]",
        },
    )
    assert found(files) == []


def test_a_house_may_be_left_twice_after_a_return_and_by_a_transfer_that_moved_nothing(found: Found) -> None:
    files = world(
        animals={"pip": "", "raft": "", "paper": "", "lost": ""},
        transfers={
            "lent": "kind: loan, from: zoo-a, to: zoo-b, date: 2010, animals: [pip]",
            "back": "kind: return, from: zoo-b, to: zoo-a, date: 2011, animals: [pip]",
            "gone": "kind: gift, from: zoo-a, to: zoo-c, date: 2012, animals: [pip]",
            "planned": "kind: gift, from: zoo-a, to: zoo-b, date: 2010, status: planned, animals: [raft]",
            "done": "kind: gift, from: zoo-a, to: zoo-c, date: 2011, animals: [raft]",
            "sold": "kind: ownership_transfer, from: zoo-a, to: zoo-b, date: 2010, animals: [paper]",
            "sent": "kind: custody_transfer, from: zoo-a, to: zoo-c, date: 2011, animals: [paper]",
            "away": "kind: gift, from: zoo-a, date: 2010, animals: [lost]",
            "again": "kind: gift, from: zoo-a, to: zoo-c, date: 2011, animals: [lost]",
        },
    )
    assert found(files) == []


def test_a_house_left_twice_without_dates_is_right_where_one_order_explains_it(found: Found) -> None:
    files = world(
        transfers={
            "out": "kind: loan, from: zoo-a, to: zoo-b, animals: [pip]",
            "home": "kind: return, from: zoo-b, to: zoo-a, animals: [pip]",
            "off": "kind: gift, from: zoo-a, to: zoo-c, animals: [pip]",
        }
    )
    assert found(files) == []


def test_legs_of_one_day_are_right_though_the_animal_came_back_to_their_start_later(found: Found) -> None:
    files = world(
        transfers={
            "a-leg": "kind: stop, from: zoo-b, to: zoo-c, date: 2010-05-01, animals: [pip]",
            "b-leg": "kind: stop, from: zoo-a, to: zoo-b, date: 2010-05-01, animals: [pip]",
            "home": "kind: gift, from: zoo-c, to: zoo-a, date: 2011, animals: [pip]",
        }
    )
    assert found(files) == []


def test_whoever_sends_an_animal_may_be_unknown_or_have_got_it_on_the_same_day(found: Found) -> None:
    files = world(
        animals={"pip": "", "squeak": "born: 2009", "raft": "born_at: zoo-a"},
        transfers={
            "a-leg": "kind: stop, from: zoo-b, to: zoo-c, date: 2010-05-01, animals: [pip]",
            "b-leg": "kind: stop, from: zoo-a, to: zoo-b, date: 2010-05-01, animals: [pip]",
            "from-nowhere": "kind: gift, to: zoo-b, date: 2011, animals: [pip]",
            "unhoused": "kind: gift, from: zoo-b, to: zoo-a, date: 2011, animals: [squeak]",
            "unsure": "kind: gift, from: zoo-c, to: zoo-b, date: 2011, status: unconfirmed, animals: [raft]",
        },
    )
    assert found(files) == []


def test_an_animal_may_die_where_it_was_last_or_nobody_knows_where_or_after_it_was_lost(found: Found) -> None:
    files = world(
        animals={
            "pip": "died: 2012, died_at: zoo-b",
            "squeak": "died: 2012",
            "raft": "died: 2012, died_at: zoo-c",
            "paper": "died: 2012, died_at: zoo-a",
            "born-dead": "born_at: zoo-a, died_at: zoo-a",
            "body": "died: 2010, died_at: zoo-a",
            "unborn": "died_at: zoo-c",
        },
        transfers={
            "one": "kind: gift, from: zoo-a, to: zoo-b, date: 2010, animals: [pip, squeak]",
            "lost": "kind: gift, from: zoo-a, date: 2010, animals: [raft]",
            "sold": "kind: ownership_transfer, from: zoo-a, to: zoo-b, date: 2010, animals: [paper]",
            "after": "kind: gift, from: zoo-a, to: zoo-b, date: 2011,"
            " lines: {bodies: {taxon: otter, term: BOD, animals: [body]}}",
        },
    )
    assert found(files) == []


# -- descent -----------------------------------------------------------------------------------------


def test_a_parent_may_be_of_the_same_year_or_of_unknown_age(found: Found) -> None:
    files = world(
        animals={
            "by-year": "born: 2010, dam: year-old, sire: unknown",
            "by-day": "born: 2010-03-02, dam: day-older",
            "unborn": "dam: young",
            "part": "born: 2001, split_from: young",
            "year-old": "born: 2010",
            "day-older": "born: 2010-03-01",
            "unknown": "",
            "young": "born: 2020",
        }
    )
    assert found(files) == []


def test_a_dam_may_die_at_the_birth_and_a_sire_before_it(found: Found) -> None:
    files = world(
        animals={
            "by-day": "born: 2010-03-01, dam: same-day, sire: long-dead",
            "by-year": "born: 2010, dam: same-year",
            "unborn": "dam: long-dead-too, parents: [same-day]",
            "of-unsure": "born: 2010, dam: before",
            "same-day": "died: 2010-03-01",
            "same-year": "died: 2010",
            "long-dead": "died: 2000",
            "long-dead-too": "died: 2000",
            "before": "died: 2009/..",
        }
    )
    assert found(files) == []


def test_a_parent_may_be_of_the_right_or_of_an_unknown_sex_or_a_group(found: Found) -> None:
    files = world(
        animals={
            "pip": "dam: she, sire: he",
            "squeak": "dam: unknown, sire: group",
            "raft": "parents: [he, she]",
            "she": "sex: female",
            "he": "sex: male",
            "unknown": "",
            "group": "sex: mixed, count: 4",
        }
    )
    assert found(files) == []


def test_parents_may_share_the_species_or_be_named_more_or_less_finely(found: Found) -> None:
    files = world(
        taxa={
            "northern": "rank: subspecies, parent: otter",
            "southern": "rank: subspecies, parent: otter",
            "crossed": "rank: form, parent: northern",
        },
        animals={
            "hybrid": "taxon: crossed, dam: of-south, sire: of-north",
            "pip": "taxon: northern, dam: of-south, sire: an-otter",
            "rough": "taxon: weasels, dam: an-otter, sire: a-stoat",
            "fine": "taxon: otter, parents: [a-weasel]",
            "part": "taxon: otter, split_from: a-stoat",
            "of-south": "taxon: southern",
            "of-north": "taxon: northern",
            "an-otter": "taxon: otter",
            "a-stoat": "taxon: stoat",
            "a-weasel": "taxon: weasels",
        },
    )
    assert found(files) == []


def test_a_hybrid_of_two_species_is_found_by_both_parents(found: Found) -> None:
    files = world(
        taxa={"crossed": "rank: form, parent: weasels"},
        animals={"pip": "taxon: crossed, dam: she, sire: he", "she": "taxon: otter", "he": "taxon: stoat"},
    )
    assert [records for _, _, records in found(files)] == [("pip", "he"), ("pip", "she")]


def test_a_line_of_descent_that_meets_again_is_no_circle(found: Found) -> None:
    files = world(
        animals={
            "pip": "dam: she, sire: he",
            "she": "parents: [old]",
            "he": "parents: [old]",
            "old": "born: 1990, split_from: group",
            "group": "count: 4",
        }
    )
    assert found(files) == []


def test_a_circle_of_animals_with_known_ages_names_whom_it_leads_through(found: Found) -> None:
    files = world(animals={"child": "born: 2010, parents: [parent]", "parent": "born: 2000"})
    ((_, message, records),) = found(files, descends("parent", "child"), rules=("circular-descent",))
    assert {message: records} in (
        {"child descends from itself through parent": ("child", "parent")},
        {"parent descends from itself through child": ("parent", "child")},
    )


def test_a_circle_that_leads_into_another_is_found_too(found: Found) -> None:
    files = world(animals={"a": "parents: [b]", "b": "", "m": "parents: [n, a]", "n": ""})
    assert found(files, descends("b", "a"), descends("n", "m")) == [
        ("circular-descent", "a descends from itself through b", ("a", "b")),
        ("circular-descent", "m descends from itself through n", ("m", "n")),
    ]


def test_a_circle_is_told_through_a_member_of_its_own(found: Found) -> None:
    files = world(animals={"a": "parents: [z, c]", "z": "", "c": "parents: [d]", "d": ""})
    assert found(files, descends("z", "a"), descends("d", "c")) == [
        ("circular-descent", "a descends from itself through z", ("a", "z")),
        ("circular-descent", "c descends from itself through d", ("c", "d")),
    ]


# -- transfers ---------------------------------------------------------------------------------------


def test_a_total_may_be_about_or_open_or_meet_an_open_or_partly_counted_sum(found: Found) -> None:
    def stated(total: str, *counts: str, more: str = "") -> str:
        lines = ", ".join(
            f"l{number}: {{taxon: otter{f', count: {count!r}' if count else ''}}}"
            for number, count in enumerate(counts)
        )
        return f"{GIFT}, totals: [{{value: '{total}', source: ledger{more}}}], lines: {{{lines}}}"

    files = world(
        transfers={
            "equal": stated("7", "4", "3"),
            "about": stated("~70", "4", "3"),
            "open-total": stated(">6", "4", "3"),
            "open-sum": stated("70", "4", "3+"),
            "uncounted": stated("70", "4", ""),
            "range": stated("8", "4-6", "3"),
            "unknown": stated("?", "4"),
            "dismissed": stated("70", "4", more=", dismissed: misprint"),
            "no-lines": f"{GIFT}, totals: [{{value: 70, source: ledger}}]",
            "a-body": f"{GIFT}, totals: [{{value: 1, source: ledger}}], lines: {{live: {{taxon: otter, count: 1}},"
            " bodies: {taxon: otter, count: 5, term: BOD}}",
        }
    )
    assert found(files) == []


def test_a_sum_that_only_the_uncounted_lines_make_too_large_is_found(found: Found) -> None:
    lines = "lines: {one: {taxon: otter}, two: {taxon: otter}, three: {taxon: otter}}"
    files = world(transfers={"move": f"{GIFT}, totals: [{{value: 2, source: ledger}}], {lines}"})
    assert found(files) == [("lines-total", "move: a total of 2 is stated, the lines add up to 3+", ("move",))]


def test_each_total_that_cannot_be_is_told_once_however_many_sources_state_it(found: Found) -> None:
    totals = "totals: [{value: 5, source: ledger}, {value: 5, source: note}, {value: 4, source: ledger}, {value: 9, source: note}]"
    files = world(
        sources={"note": "kind: news"},
        transfers={"move": f"{GIFT}, {totals}, lines: {{otters: {{taxon: otter, count: 4}}}}"},
    )
    assert [message for _, message, _ in found(files)] == [
        "move: a total of 5 is stated, the lines add up to 4",
        "move: a total of 9 is stated, the lines add up to 4",
    ]


def test_counts_as_large_as_can_be_written_are_added_and_compared(found: Found) -> None:
    lines = "lines: {one: {taxon: otter, count: 3000000000}, two: {taxon: otter, count: 3000000000}}"
    files = world(transfers={"move": f"{GIFT}, totals: [{{value: 9000000000, source: ledger}}], {lines}"})
    assert found(files) == [
        ("lines-total", "move: a total of 9000000000 is stated, the lines add up to 6000000000", ("move",))
    ]


def test_a_claimed_count_as_large_as_can_be_written_is_checked(found: Found) -> None:
    lines = "lines: {one: {taxon: otter, count: {value: 3000000000, source: ledger}}}"
    assert found(world(transfers={"move": f"{GIFT}, {lines}"})) == []


def test_animals_may_be_as_many_as_the_line_may_hold_and_a_group_counts_its_least(found: Found) -> None:
    files = world(
        animals={"pip": "", "squeak": "", "raft": "count: 3-5", "flock": "count: 4+"},
        transfers={
            "exact": f"{GIFT}, lines: {{l: {{taxon: otter, count: 2, animals: [pip, squeak]}}}}",
            "range": "kind: gift, from: zoo-b, to: zoo-c, lines: {l: {taxon: otter, count: 1-4, animals: [pip, raft]}}",
            "open": f"{GIFT}, lines: {{l: {{taxon: otter, count: 3+, animals: [flock]}}}}",
            "uncounted": "kind: gift, from: zoo-b, to: zoo-c, lines: {l: {taxon: otter, animals: [squeak, flock]}}",
        },
    )
    assert found(files) == []


def test_title_may_pass_within_a_house_and_a_sender_may_be_unknown(found: Found) -> None:
    files = world(
        transfers={
            "sold": "kind: ownership_transfer, from: zoo-a, to: zoo-a",
            "unstated": "kind: sale, from: zoo-a, to: zoo-a, passes: unstated",
            "unknown": "kind: gift, date: 2010",
        }
    )
    assert found(files) == []


def test_a_house_may_act_in_the_year_it_was_founded_or_closed_or_where_nothing_was_done(found: Found) -> None:
    files = world(
        institutions={
            "zoo-d": "kind: zoo, founded: 2000-05-01, closed: 2010-05-01",
            "zoo-e": "kind: zoo, founded: ../2000, closed: 2010/..",
        },
        animals={
            "first": "born: 2000, born_at: zoo-d",
            "last": "born: 2010-05-01, born_at: zoo-d",
            "unborn": "born_at: zoo-d",
        },
        transfers={
            "one": "kind: gift, from: zoo-d, to: zoo-b, date: 2000-05-01",
            "two": "kind: gift, from: zoo-d, to: zoo-b, date: 2010-05-01",
            "three": "kind: gift, from: zoo-d, to: zoo-b, date: 2010",
            "four": "kind: gift, from: zoo-d, to: zoo-b",
            "five": "kind: gift, from: zoo-e, to: zoo-b, date: 1900",
            "six": "kind: gift, from: zoo-e, to: zoo-b, date: 2020",
            "seven": "kind: gift, from: zoo-d, to: zoo-b, date: 1900, status: planned",
            "eight": "kind: gift, from: zoo-b, to: zoo-d, date: 2020, status: cancelled",
        },
    )
    assert found(files) == []


def test_an_office_may_overlap_or_be_undated_or_another_one_or_of_a_transfer_without_date(found: Found) -> None:
    def signed(who: str, office: str) -> str:
        return f"participants: {{p: {{who: {who}, role: signed, as: {office}}}}}"

    files = world(
        people={
            "ann": "offices: [{value: Director, during: 2000/2005, source: ledger},"
            " {value: Director, during: 2010-05/.., source: ledger}]",
            "ben": "offices: [{value: Keeper, source: ledger}, {value: Keeper, during: 1990, source: ledger}]",
            "cat": "offices: [{value: Keeper, during: 1990, source: ledger, dismissed: another cat}]",
        },
        transfers={
            "last-day": f"{GIFT}, date: 2005-12-31, {signed('ann', 'Director')}",
            "first-month": f"{GIFT}, date: 2010-05, {signed('ann', 'director')}",
            "much-later": f"{GIFT}, date: 2024, {signed('ann', 'DIRECTOR')}",
            "across": f"{GIFT}, date: 1999/2000, {signed('ann', 'Director')}",
            "undated": f"{GIFT}, {signed('ann', 'Director')}",
            "other": f"{GIFT}, date: 1980, {signed('ann', 'Curator')}",
            "planned": f"{GIFT}, date: 1980, status: planned, {signed('ann', 'Director')}",
            "whenever": f"{GIFT}, date: 1980, {signed('ben', 'Keeper')}",
            "dismissed": f"{GIFT}, date: 1980, {signed('cat', 'Keeper')}",
        },
    )
    assert found(files) == []


def test_an_office_held_only_at_other_times_is_told_with_the_first_of_them(found: Found) -> None:
    files = world(
        people={
            "ann": "offices: [{value: Director, during: 2012, source: ledger}, {value: Director, during: 2000/2005, source: ledger}]"
        },
        transfers={
            "move": f"{GIFT}, date: 2008, participants: {{p: {{who: ann, role: signed, as: Director}}}}",
        },
    )
    assert [message for _, message, _ in found(files)] == [
        "ann acts in move (2008) as Director, an office recorded only for 2000/2005"
    ]


LENT = "kind: loan, from: zoo-a, to: zoo-b, date: 2010, until: 2012"


def test_a_loan_past_its_end_is_found_unless_something_ends_it(found: Found) -> None:
    files = world(
        animals={"pip": "", "squeak": "", "raft": ""},
        transfers={
            "linked": f"{LENT}, lines: {{otters: {{taxon: otter}}}}",
            "link": "kind: return, from: zoo-b, to: zoo-a, ends: linked",
            "unlinked": f"{LENT}, animals: [pip]",
            "return": "kind: return, from: zoo-b, to: zoo-a, date: 2013, animals: [pip]",
            "passed-on": f"{LENT}, animals: [squeak]",
            "passed": "kind: gift, from: zoo-b, to: zoo-c, date: 2011, animals: [squeak]",
            "prolonged": f"{LENT}, animals: [raft]",
            "term": "kind: loan, from: zoo-a, to: zoo-b, passes: [], date: 2012, until: 2030, ends: prolonged, animals: [raft]",
        },
    )
    assert found(files) == []


def test_a_loan_is_not_overdue_on_its_last_day_nor_without_an_end_nor_before_it_happened(found: Found) -> None:
    files = world(
        transfers={
            "today": "kind: loan, from: zoo-a, to: zoo-b, date: 2010, until: 2025-06-01",
            "this-year": "kind: loan, from: zoo-a, to: zoo-b, date: 2010, until: 2025",
            "open": "kind: loan, from: zoo-a, to: zoo-b, date: 2010, until: 2012/..",
            "endless": "kind: loan, from: zoo-a, to: zoo-b, date: 2010",
            "planned": f"{LENT}, status: planned",
            "given": "kind: gift, from: zoo-a, to: zoo-b, date: 2010, until: 2012",
        }
    )
    assert found(files) == []
    assert [records for _, _, records in found(files, today="2025-06-02")] == [("today",)]
    assert [records for _, _, records in found(files, today="2026-01-01")] == [("this-year",), ("today",)]


def test_a_return_before_the_loan_or_from_elsewhere_or_of_another_animal_ends_nothing(found: Found) -> None:
    files = world(
        animals={"pip": "", "squeak": "", "raft": ""},
        transfers={
            "a": f"{LENT}, animals: [pip]",
            "a-before": "kind: gift, from: zoo-b, to: zoo-a, date: 2009, animals: [pip]",
            "b": f"{LENT}, animals: [squeak]",
            "b-of-another": "kind: return, from: zoo-b, to: zoo-a, date: 2012, animals: [raft]",
            "c": f"{LENT}, animals: [raft]",
            "c-cancelled": "kind: return, from: zoo-b, to: zoo-a, date: 2012, status: cancelled, animals: [squeak]",
        },
    )
    overdue = [records for _, _, records in found(files, rules=("overdue-loan",))]
    assert overdue == [("a",), ("b",)]


def test_a_return_of_unknown_date_ends_a_loan_as_it_does_in_the_trace(found: Found) -> None:
    files = world(
        animals={"pip": "born_at: zoo-a"},
        transfers={
            "lent": f"{LENT}, animals: [pip]",
            "back": "kind: return, from: zoo-b, to: zoo-a, animals: [pip]",
        },
    )
    assert found(files) == []


# -- sources -----------------------------------------------------------------------------------------


def test_a_source_may_report_on_the_day_or_announce_what_is_to_come(found: Found) -> None:
    files = world(
        sources={
            "note": "kind: news, published: 2010-05-01",
            "book": "kind: book",
            "old": "kind: news, published: 2009",
        },
        people={"ann": "sources: [note, book, old]"},
        animals={
            "same-day": "born: {value: 2010-05-01, source: note}",
            "same-year": "born: {value: 2010, source: note}",
            "dismissed": "born: {claims: [{value: 2011, source: note, dismissed: misread}]}",
            "denied": "born: {claims: [{value: 2011, source: ledger, against: [note]}]}",
            "unknown": "died: {value: '?', source: note}",
        },
        transfers={
            "same-day-too": f"{GIFT}, date: 2010-05-01, sources: [note, book]",
            "undated": f"{GIFT}, sources: [note]",
            "planned": f"{GIFT}, date: 2011, status: planned, sources: [note]",
            "announced": f"{GIFT}, date: 2011, dates: {{announced: {{value: 2010-05-01, source: note}}}}",
            "line-alone": f"{GIFT}, date: 2011, sources: [ledger], lines: {{otters: {{taxon: otter, count: 1, sources: [note]}}}}",
            "as-plan": f"{GIFT}, date: {{claims: [{{value: 2011, source: ledger}}, {{value: 2011, source: note}}]}},"
            " status: {claims: [{value: planned, source: note}, {value: completed, source: ledger}],"
            " settled: completed, because: it came}",
        },
    )
    assert found(files) == []


def test_a_source_too_early_is_told_once_wherever_it_says_so(found: Found) -> None:
    files = world(
        sources={"note": "kind: news, published: 2009"},
        animals={
            "pip": "born: {claims: [{value: 2010, source: note, at: page 1}, {value: 2010, source: note, at: page 2}]}"
        },
        transfers={"move": f"{GIFT}, date: {{value: 2010, source: note, at: page 1}}, sources: [note]"},
    )
    assert [records for _, _, records in found(files)] == [("move", "note"), ("pip", "note")]


def test_a_basis_may_be_of_the_same_day_or_undated(found: Found) -> None:
    files = world(
        sources={
            "copy": "kind: news_copy, published: 2010-05-01, based_on: [same-day, same-year, undated]",
            "same-day": "kind: news, published: 2010-05-01",
            "same-year": "kind: news, published: 2010",
            "undated": "kind: news, based_on: [late]",
            "late": "kind: news, published: 2024",
        },
        people={"ann": "sources: [copy]"},
    )
    assert found(files) == []


def test_sources_that_share_a_basis_are_no_circle(found: Found) -> None:
    files = world(
        sources={
            "copy": "kind: news_copy, based_on: [one, two]",
            "one": "kind: news, based_on: [root]",
            "two": "kind: news, based_on: [root]",
            "root": "kind: news",
        },
        people={"ann": "sources: [copy]"},
    )
    assert found(files) == []


def test_one_citation_anywhere_vouches_for_a_record_and_uses_its_source(found: Found) -> None:
    files = {
        **world(sources={"note": "kind: news", "searched": "kind: archive", "against": "kind: news"}),
        "people.yaml": "ann: {names: [{value: Ann, source: note}]}\n"
        "ben: {offices: [{value: Keeper, source: ledger, against: [against]}],"
        " searched: [{field: office, source: searched}]}\n",
        "transfers/move.yaml": "{unsourced: true, kind: gift, from: zoo-a, to: zoo-b,"
        " lines: {otters: {taxon: otter, sources: [ledger]}}}\n",
    }
    assert found(files) == []


def test_names_and_what_else_identifies_need_no_source_and_sources_none_at_all(found: Found) -> None:
    files = world(
        taxa={
            "mink": "scientific_name: Mustela, names: [mink, {value: minks, language: en, former: true}], ids: {col: X1}"
        },
        people={"ann": "names: [Ann, {value: Anne, language: fr}], ids: {wikidata: Q1}, formerly: anna"},
        animals={"pip": "taxon: {value: otter, unsourced: true}"},
        sources={
            "note": "kind: {value: news, unsourced: true}, published: {value: 2010, unsourced: true}, names: [Note]"
        },
        institutions={"zoo-d": "kind: {value: zoo, unsourced: true}, sources: [note]"},
    )
    assert found(files) == []


def test_an_archived_page_and_a_book_are_right(found: Found) -> None:
    files = world(
        sources={
            "page": "kind: zoo_page, url: https://zoo-a.example, archived_url: https://archive.example/1",
            "book": "kind: book",
        },
        people={"ann": "sources: [page, book]"},
    )
    assert found(files) == []


# -- records and columns -----------------------------------------------------------------------------


def test_a_merged_record_that_nothing_refers_to_is_right_whatever_it_refers_to_itself(found: Found) -> None:
    files = world(
        institutions={"zoo-d": "kind: zoo, parent: zoo-c"},
        animals={"pip": "born_at: zoo-c", "twin": "dam: pip"},
        transfers={"move": "kind: gift, from: zoo-c, to: zoo-a, animals: [pip]"},
    )
    assert found(files, merged("zoo-d", "zoo-a"), merged("twin", "pip"), merged("zoo-b", "zoo-a")) == []


def test_a_decision_for_a_claimed_value_or_left_open_stands(found: Found) -> None:
    files = world(
        transfers={
            "settled": f"{GIFT}, {DATES}",
            "open": f"{GIFT}, {DATES.replace('settled: 2010', 'settled: open')}",
            "of-line": f"{GIFT}, lines: {{otters: {{taxon: {{claims: [{{value: otter, source: ledger}},"
            " {value: stoat, source: ledger}], settled: stoat, because: seen}}}",
        }
    )
    assert found(files) == []


def test_a_decision_for_what_a_source_calls_unknown_stands(found: Found) -> None:
    date = "date: {claims: [{value: 2010, source: ledger}, {value: '?', source: ledger}], settled: '?', because: lost}"
    assert found(world(transfers={"move": f"{GIFT}, {date}"})) == []


def test_a_decision_between_parents_stands_as_long_as_the_file_names_both(found: Found) -> None:
    files = world(
        animals={"pip": "dam: {claims: [she, other], settled: she, because: by the markings}", "she": "", "other": ""}
    )
    assert found(files) == []


def test_a_decision_is_stale_when_its_claim_is_dismissed(found: Found) -> None:
    files = world(transfers={"move": f"{GIFT}, {DATES}"})
    told = found(
        files,
        "INSERT INTO dismissal (claim_id, reason, batch_id)"
        " SELECT claim.id, 'misread', batch.id FROM claim, batch WHERE field = 'date' AND value = '2010'",
        rules=("stale-decision",),
    )
    assert told == [("stale-decision", "move: date is settled on 2010, which nobody claims any more", ("move",))]


# -- the command -------------------------------------------------------------------------------------

MIXED = world(
    animals={"pip": "born: 2011, dam: old", "old": "sex: male, taxon: stoat", "squeak": ""},
    sources={"page": "kind: zoo_page, url: https://zoo-a.example"},
    transfers={
        "move": f"{GIFT}, date: 2010, totals: [{{value: 9, source: page}}],"
        " lines: {otters: {taxon: otter, count: 1, animals: [pip, squeak]}, stoats: {taxon: stoat, count: 1}}"
    },
)


def asked(url: URL, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    result = zoo("check", *arguments, "-f", "json", db=url)
    document = json.loads(result.stdout)
    assert document["schema"] == "zooprov/check/1"
    return result.exit_code, document["findings"]


@pytest.fixture(scope="module")
def mixeds(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], URL]:
    """Return the database of an engine with a fault of each severity, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("mixed")
    for path, content in {"dataset.yaml": "name: test-set\n", **MIXED}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")

    @cache
    def made(engine: str) -> URL:
        url = servers.fresh(engine, lasting=True)
        assert load(url, folder).problems == ()
        return url

    return made


@pytest.fixture(params=ENGINES)
def mixed(request: pytest.FixtureRequest, mixeds: Callable[[str], URL]) -> URL:
    """A data set with a fault of each severity, on each engine; only read it."""
    return mixeds(request.param)


def test_findings_come_gravest_first_and_with_them_exit_code_three(mixed: URL) -> None:
    exit_code, findings = asked(mixed)
    assert exit_code == 3
    assert [(one["severity"], one["rule"], one["records"]) for one in findings] == [
        ("high", "before-birth", ["pip", "move"]),
        ("high", "parent-sex", ["pip", "old"]),
        ("medium", "parent-species", ["pip", "old"]),
        ("medium", "lines-total", ["move"]),
        ("medium", "more-animals", ["move/otters"]),
        ("low", "unarchived", ["page"]),
    ]
    assert all(one["clear"] == RULES[one["rule"]].clear and one["waived"] is None for one in findings)


def test_nothing_found_is_exit_code_zero_and_says_so(url: URL, seeds: WriteSeeds) -> None:
    load(url, seeds(world()))
    result = zoo("check", "-f", "table", db=url)
    assert (result.exit_code, result.stdout) == (0, "Nothing was found.\n")
    assert asked(url) == (0, [])


def test_findings_that_are_all_waived_are_shown_and_exit_code_zero(url: URL, seeds: WriteSeeds) -> None:
    load(url, seeds(world(sources={"page": "kind: zoo_page, url: https://zoo-a.example, based_on: [ledger]"})))
    assert zoo("waive", "unarchived", "page", "--because", "it is gone", db=url).exit_code == 0
    exit_code, findings = asked(url)
    assert (exit_code, [one["waived"] for one in findings]) == (3, [None, "it is gone"])
    assert zoo("waive", "unused-source", "page", "--because", "kept for the record", db=url).exit_code == 0
    exit_code, findings = asked(url)
    assert (exit_code, [one["waived"] for one in findings]) == (0, ["kept for the record", "it is gone"])


def test_rules_can_be_asked_one_by_one(mixed: URL) -> None:
    exit_code, findings = asked(mixed, "--rule", "unarchived")
    assert (exit_code, [one["rule"] for one in findings]) == (3, ["unarchived"])
    _, findings = asked(mixed, "--rule", "unarchived", "--rule", "parent-sex")
    assert [one["rule"] for one in findings] == ["parent-sex", "unarchived"]
    assert asked(mixed, "--rule", "overdue-loan") == (0, [])


@pytest.mark.parametrize("severity", list(Severity))
def test_a_severity_asks_for_it_and_graver_ones(mixed: URL, severity: Severity) -> None:
    grave = [one.value for one in Severity]
    expected = [one for one in asked(mixed)[1] if grave.index(one["severity"]) <= grave.index(severity)]
    assert asked(mixed, "--severity", severity.value) == (3, expected)
    assert {one["severity"] for one in expected} == {*grave[: grave.index(severity) + 1]}


def test_a_severity_without_findings_is_exit_code_zero(url: URL, seeds: WriteSeeds) -> None:
    load(url, seeds(WRONG["unarchived"].files))
    assert asked(url)[0] == 3
    assert asked(url, "--severity", "medium") == (0, [])


def test_a_record_asks_for_every_finding_it_has_a_part_in(mixed: URL) -> None:
    def rules(*arguments: str) -> list[str]:
        return [one["rule"] for one in asked(mixed, *arguments)[1]]

    assert rules("old") == ["parent-sex", "parent-species"]
    assert rules("move") == ["before-birth", "lines-total", "more-animals"]
    assert rules("move/otters") == ["more-animals"]
    assert rules("pip", "--rule", "before-birth") == ["before-birth"]
    assert asked(mixed, "move/stoats") == (0, [])
    assert asked(mixed, "zoo-a") == (0, [])


def test_a_line_asks_for_the_drift_of_its_own_columns(url: URL, seeds: WriteSeeds) -> None:
    lines = "lines: {otters: {taxon: otter, count: {value: 4, source: ledger}}, stoats: {taxon: stoat, count: 1}}"
    load(url, seeds(world(transfers={"move": f"{GIFT}, {lines}"})))
    with database.writing(url) as connection:
        connection.execute(text("UPDATE transfer_line SET count = '5', count_min = 5, count_max = 5"))
    exit_code, findings = asked(url, "move/otters")
    assert (exit_code, [one["rule"] for one in findings]) == (3, ["drift"])
    assert asked(url, "move/stoats") == (0, [])


def test_a_record_that_does_not_exist_is_exit_code_four(mixed: URL) -> None:
    result = zoo("check", "pipp", db=mixed)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "'pip'" in result.stderr
    assert zoo("check", "move/otter", db=mixed).exit_code == 4


@pytest.mark.parametrize("rule", ["overdue", "no-permit", ""])
def test_a_rule_that_is_none_of_the_check_is_a_usage_error_that_names_the_rules(mixed: URL, rule: str) -> None:
    result = zoo("check", "--rule", "unarchived", "--rule", rule, db=mixed)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{rule!r} is no rule of the check" in result.stderr
    assert all(known in result.stderr for known in OF_CHECK)


def test_both_engines_find_the_same_in_the_packaged_data_to_the_byte(servers: Servers) -> None:
    answers = [zoo("check", "-f", "json", db=servers.shared(engine)) for engine in ENGINES]
    assert answers[0].stdout_bytes == answers[1].stdout_bytes
    assert answers[0].exit_code == answers[1].exit_code
    assert json.loads(answers[0].stdout)["findings"]
