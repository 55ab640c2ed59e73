"""What nobody knows: each kind of gap with its bounds, who has looked, and silence where a thing is known."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from conftest import ENGINES, Servers, WriteSeeds, load, zoo
from zoo_provenance import database
from zoo_provenance.questions.gaps import BIRTH, FATE, HOLDER, Missing, Scope, gaps, scope_of
from zoo_provenance.questions.lookup import list_kind
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.questions.trace import Trace, trace
from zoo_provenance.vocabulary import Kind

ALDER = Path(__file__).parent / "data" / "alder_zoo"
WORLD = {
    "institutions.yaml": """
        alder-zoo: {names: [Alder Zoo], kind: zoo, sources: [ledger]}
        birch-zoo: {names: [Birch Zoo], kind: zoo, sources: [ledger]}
        cedar-park: {names: [Cedar Park], kind: park, sources: [ledger]}
        dune-wild: {names: [Dune], kind: wild, sources: [ledger]}
        """,
    "taxa.yaml": """
        cat: {names: [Cats], rank: family}
        lion: {names: [Lion], rank: species, parent: cat}
        finch: {names: [Finch], rank: species}
        """,
    "sources.yaml": "ledger: {kind: archive}\nreport: {kind: archive}\n",
}
Row = tuple[str, str | None, str, str | None, str | None, list[str]]


def ask(url: URL, *arguments: str) -> list[dict[str, Any]]:
    result = zoo("gaps", *arguments, "-f", "json", db=url)
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert found["schema"] == "zooprov/gaps/1"
    return list(found["gaps"])


def told(url: URL, *arguments: str) -> list[Row]:
    """Return gaps as (record, line, what, since, until, sources that were searched)."""
    rows = ask(url, *arguments)
    assert all(row["examined"] is bool(row["sources"]) for row in rows)
    return [
        (row["record"], row["line"], row["what"], row["since"], row["until"], sorted(row["sources"])) for row in rows
    ]


def of(rows: list[Row], record: str) -> list[tuple[Any, ...]]:
    return [row[1:] for row in rows if row[0] == record]


def known(url: URL, seeds: WriteSeeds, animals: str = "", **transfers: str) -> URL:
    """Load animals and transfers (by slug, `_` for `-`), each vouched for by the ledger."""
    files = {
        f"transfers/{slug.replace('_', '-')}.yaml": f"{{{text}, sources: [ledger]}}\n"
        for slug, text in transfers.items()
    }
    if animals:
        files["animals.yaml"] = animals
    loaded = load(url, seeds({**WORLD, **files}))
    assert not loaded.problems, loaded.problems
    return url


# -- births ----------------------------------------------------------------------------------------------


def test_a_birth_nobody_recorded_is_bounded_by_the_first_move_and_examined_where_somebody_searched(
    url: URL, seeds: WriteSeeds
) -> None:
    animals = """
        moved: {taxon: lion, sources: [ledger]}
        searched: {taxon: lion, searched: [{field: born, source: report}, {field: dam, source: ledger}], sources: [ledger]}
        searched-elsewhere: {taxon: lion, searched: [{field: sex, source: report}], sources: [ledger]}
        """
    known(
        url,
        seeds,
        animals,
        first="kind: gift, from: alder-zoo, to: birch-zoo, date: 1965, animals: [moved, searched, searched-elsewhere]",
        later="kind: gift, from: birch-zoo, to: cedar-park, date: 1970, animals: [moved]",
    )
    assert told(url, "--what", "birth") == [
        ("moved", None, "birth", None, "1965-12-31", []),
        ("searched", None, "birth", None, "1965-12-31", ["ledger", "report"]),
        ("searched-elsewhere", None, "birth", None, "1965-12-31", []),
    ]


def test_an_animal_of_which_nothing_is_recorded_has_a_birth_nobody_knows(url: URL, seeds: WriteSeeds) -> None:
    animals = """
        dead: {taxon: lion, died: 1990-05, sources: [ledger]}
        nothing: {taxon: lion, sources: [ledger]}
        undated: {taxon: lion, sources: [ledger]}
        """
    known(url, seeds, animals, gift="kind: gift, from: alder-zoo, to: birch-zoo, animals: [undated]")
    rows = told(url, "--what", "birth")
    assert rows == [
        ("dead", None, "birth", None, "1990-05-31", []),
        ("nothing", None, "birth", None, None, []),
        ("undated", None, "birth", None, None, []),
    ]


def test_no_birth_is_missing_where_it_is_recorded_or_the_life_begins_in_the_wild(url: URL, seeds: WriteSeeds) -> None:
    animals = """
        born: {taxon: lion, born: 1960, born_at: alder-zoo, sources: [ledger]}
        bought-in-the-wild: {taxon: lion, sources: [ledger]}
        captured: {taxon: lion, sources: [ledger]}
        captured-by-nobody-known: {taxon: lion, sources: [ledger]}
        flock: {taxon: finch, count: 9, born: 1960, born_at: alder-zoo, sources: [ledger]}
        flock-part: {taxon: finch, count: 4, split_from: flock, sources: [ledger]}
        """
    known(
        url,
        seeds,
        animals,
        capture="kind: capture, from: dune-wild, to: alder-zoo, date: 1965, animals: [captured]",
        capture_2="kind: capture, to: alder-zoo, date: 1965, animals: [captured-by-nobody-known]",
        sale="kind: sale, from: dune-wild, to: alder-zoo, date: 1965, animals: [bought-in-the-wild]",
        gift="kind: gift, from: alder-zoo, to: birch-zoo, date: 1970, animals: [born, captured, flock-part]",
    )
    assert told(url, "--what", "birth") == []
    assert told(url, "--what", "holder") == []


# -- holders ---------------------------------------------------------------------------------------------


def test_holders_that_do_not_meet_leave_a_gap_between_their_dates(url: URL, seeds: WriteSeeds) -> None:
    animals = """
        ash: {taxon: lion, born: 1960, born_at: alder-zoo, sources: [ledger]}
        elm: {taxon: lion, born: 1960, born_at: alder-zoo, sources: [ledger]}
        """
    known(
        url,
        seeds,
        animals,
        ash_to_birch="kind: gift, from: alder-zoo, to: birch-zoo, date: 1965, animals: [ash, elm]",
        ash_from_cedar="kind: gift, from: cedar-park, to: alder-zoo, date: 1969-04, animals: [ash]",
        elm_from_cedar=(
            "kind: gift, from: cedar-park, to: alder-zoo, date: 1970/1971, animals: [elm],"
            " searched: [{field: from, source: report}]"
        ),
    )
    assert told(url, "--what", "holder") == [
        ("ash", None, "holder", "1965-01-01", "1969-04-30", []),
        ("elm", None, "holder", "1965-01-01", "1971-12-31", ["report"]),
    ]


def test_a_way_from_a_birthplace_that_was_not_the_sender_is_a_gap_since_birth(url: URL, seeds: WriteSeeds) -> None:
    animals = "ash: {taxon: lion, born: 1960-02, born_at: cedar-park, sources: [ledger]}\n"
    known(url, seeds, animals, gift="kind: gift, from: alder-zoo, to: birch-zoo, date: 1965, animals: [ash]")
    assert told(url, "ash") == [("ash", None, "holder", "1960-02-01", "1965-12-31", [])]


def test_a_death_elsewhere_than_where_it_was_held_is_a_gap_until_death(url: URL, seeds: WriteSeeds) -> None:
    animals = """
        ash: {taxon: lion, born: 1960, born_at: alder-zoo, died: 1980, died_at: cedar-park, sources: [ledger]}
        elm: {taxon: lion, born: 1960, born_at: alder-zoo, died: 1980, died_at: alder-zoo, sources: [ledger]}
        """
    known(url, seeds, animals)
    assert told(url) == [("ash", None, "holder", "1960-01-01", "1980-12-31", [])]


def test_a_transfer_to_a_place_not_known_leaves_its_holder_open_since_its_date(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        gift="kind: gift, from: dune-wild, date: 1983-10, lines: {a: {taxon: lion, count: 2}}",
        searched=(
            "kind: gift, from: dune-wild, date: 1983-10, lines: {a: {taxon: lion, count: 2}},"
            " searched: [{field: to, source: report}]"
        ),
    )
    assert told(url) == [
        ("gift", None, "holder", "1983-10-01", None, []),
        ("searched", None, "holder", "1983-10-01", None, ["report"]),
    ]


def test_a_title_on_paper_a_loan_and_what_was_only_planned_make_no_gap(url: URL, seeds: WriteSeeds) -> None:
    animals = "ash: {taxon: lion, born: 1960, born_at: alder-zoo, sources: [ledger]}\n"
    known(
        url,
        seeds,
        animals,
        loan="kind: loan, from: alder-zoo, to: birch-zoo, date: 1965, until: 1967, animals: [ash]",
        paper="kind: sale, passes: [title], from: alder-zoo, to: cedar-park, date: 1966, animals: [ash]",
        planned="kind: gift, status: planned, from: cedar-park, to: alder-zoo, date: 1968, animals: [ash]",
        cancelled="kind: gift, status: cancelled, date: 1968, lines: {a: {taxon: lion}}",
        unsure="kind: gift, status: unconfirmed, lines: {a: {taxon: lion}}",
    )
    assert told(url) == []


# -- origins ---------------------------------------------------------------------------------------------


def test_a_consignment_from_nobody_known_has_an_origin_to_be_found(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        gift="kind: gift, to: alder-zoo, date: 1965, lines: {a: {taxon: lion, count: 2}}",
        searched=(
            "kind: gift, to: alder-zoo, date: 1965, lines: {a: {taxon: lion, count: 2}},"
            " searched: [{field: from, sources: [report, ledger]}]"
        ),
    )
    assert told(url) == [
        ("gift", None, "origin", None, "1965-12-31", []),
        ("searched", None, "origin", None, "1965-12-31", ["ledger", "report"]),
    ]


def test_where_a_line_came_from_before_its_sender_is_open_unless_it_is_known(url: URL, seeds: WriteSeeds) -> None:
    animals = "ash: {taxon: lion, born: 1960, born_at: alder-zoo, sources: [ledger]}\n"
    line = "lines: {a: {taxon: lion, count: 2}}"
    known(
        url,
        seeds,
        animals,
        body="kind: gift, from: alder-zoo, to: birch-zoo, date: 1965, lines: {a: {taxon: lion, count: 2, term: BOD}}",
        capture=f"kind: capture, from: cedar-park, to: birch-zoo, date: 1965, {line}",
        gift=f"kind: gift, from: alder-zoo, to: birch-zoo, date: 1965-03, {line}",
        named="kind: gift, from: alder-zoo, to: birch-zoo, date: 1965, lines: {a: {taxon: lion, count: 1, animals: [ash]}}",
        planned=f"kind: gift, status: planned, from: alder-zoo, to: birch-zoo, date: 1965, {line}",
        searched=(
            "kind: gift, from: alder-zoo, to: birch-zoo, date: 1965-03,"
            " lines: {a: {taxon: lion, count: 2, searched: [{field: statement.origin, source: report}]}}"
        ),
        wild=f"kind: sale, from: dune-wild, to: birch-zoo, date: 1965, {line}",
    )
    assert told(url) == [
        ("gift", "a", "origin", None, "1965-03-31", []),
        ("searched", "a", "origin", None, "1965-03-31", ["report"]),
    ]


# -- fates, dates, counts --------------------------------------------------------------------------------


def test_a_fate_is_open_where_a_source_says_so_or_somebody_searched_in_vain(url: URL, seeds: WriteSeeds) -> None:
    animals = """
        alive: {taxon: lion, born: 1960, born_at: alder-zoo, sources: [ledger]}
        dead: {taxon: lion, born: 1960, born_at: alder-zoo, died: 1970, sources: [ledger],
          searched: [{field: died_at, source: report}]}
        searched: {taxon: lion, born: 1960, born_at: alder-zoo, sources: [ledger],
          searched: [{field: statement.fate, source: report}]}
        unknown: {taxon: lion, born: 1960-03, born_at: alder-zoo, died: {value: "?", source: report}, sources: [ledger]}
        """
    known(url, seeds, animals, gift="kind: gift, from: alder-zoo, to: birch-zoo, date: 1965-02, animals: [searched]")
    assert told(url) == [
        ("searched", None, "fate", "1965-02-01", None, ["report"]),
        ("unknown", None, "fate", "1960-03-01", None, []),
    ]


def test_an_escape_leaves_a_fate_nobody_knows(url: URL, seeds: WriteSeeds) -> None:
    animals = "ash: {taxon: lion, born: 1960, born_at: alder-zoo, sources: [ledger]}\n"
    known(
        url,
        seeds,
        animals,
        escape="kind: escape, from: alder-zoo, date: 1983-10-02, animals: [ash], searched: [{field: to, source: report}]",
    )
    assert of(told(url), "ash") == [(None, "fate", "1983-10-02", None, [])]
    assert of(told(url), "escape") == [(None, "holder", "1983-10-02", None, ["report"])]


def test_the_fate_of_a_line_is_open_where_it_was_searched_for_or_called_unknown(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        gift="""kind: gift, from: dune-wild, to: alder-zoo, date: 1965, lines: {
            a: {taxon: lion, count: 2},
            b: {taxon: lion, count: 2, searched: [{field: statement.fate, source: report}]},
            c: {taxon: lion, count: 2, statements: {fate: {value: "?", source: report}}},
            d: {taxon: lion, count: 2, statements: {fate: {value: eaten, source: report}}}}""",
    )
    assert told(url) == [
        ("gift", "b", "fate", "1965-01-01", None, ["report"]),
        ("gift", "c", "fate", "1965-01-01", None, []),
    ]


def test_a_transfer_or_a_birth_without_a_date_is_a_gap_of_date(url: URL, seeds: WriteSeeds) -> None:
    animals = """
        elm: {taxon: lion, born_at: alder-zoo, sources: [ledger]}
        ash: {taxon: lion, born_at: alder-zoo, searched: [{field: born, source: report}], sources: [ledger]}
        fir: {taxon: lion, born: ../1960, born_at: alder-zoo, sources: [ledger]}
        """
    line = "lines: {a: {taxon: lion, count: 2}}"
    known(
        url,
        seeds,
        animals,
        undated=f"kind: gift, from: dune-wild, to: alder-zoo, {line}",
        unknown=f"kind: gift, from: dune-wild, to: alder-zoo, date: {{value: '?', source: report}}, {line}",
        searched=f"kind: gift, from: dune-wild, to: alder-zoo, {line}, searched: [{{field: date, source: report}}]",
        until=f"kind: gift, from: dune-wild, to: alder-zoo, date: ../1965, {line}",
        later=f"kind: gift, from: dune-wild, to: alder-zoo, date: 1965/.., {line}",
    )
    assert told(url) == [
        ("ash", None, "date", None, None, ["report"]),
        ("elm", None, "date", None, None, []),
        ("searched", None, "date", None, None, ["report"]),
        ("undated", None, "date", None, None, []),
        ("unknown", None, "date", None, None, []),
    ]


def test_a_living_line_nobody_counted_is_a_gap_of_count(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        gift="""kind: gift, from: dune-wild, to: alder-zoo, date: 1965, lines: {
            a: {taxon: lion},
            b: {taxon: lion, searched: [{field: count, sources: [report, ledger]}]},
            c: {taxon: lion, count: {value: "?", source: report}},
            d: {taxon: lion, count: several},
            e: {taxon: lion, count: {claims: [{value: 5, source: ledger}, {value: 9, source: report}]}},
            f: {taxon: lion, term: SKI}}""",
    )
    assert told(url) == [
        ("gift", "a", "count", None, None, []),
        ("gift", "b", "count", None, None, ["ledger", "report"]),
        ("gift", "c", "count", None, None, []),
    ]


# -- scopes ----------------------------------------------------------------------------------------------


@pytest.fixture
def scoped(url: URL, seeds: WriteSeeds) -> URL:
    """Gaps of lions and finches at three zoos."""
    animals = """
        ash: {taxon: lion, searched: [{field: born, source: report}], sources: [ledger]}
        cat-1: {taxon: cat, died: 1980, died_at: cedar-park, sources: [ledger]}
        finch-1: {taxon: finch, born_at: cedar-park, sources: [ledger]}
        hoped-for: {taxon: lion, born_at: birch-zoo, sources: [ledger]}
        """
    return known(
        url,
        seeds,
        animals,
        mixed="""kind: gift, from: birch-zoo, to: alder-zoo, date: 1966,
            lines: {finches: {taxon: finch}, lions: {taxon: lion, count: 3}}""",
        only_planned="kind: gift, status: planned, from: birch-zoo, to: alder-zoo, date: 1967, animals: [hoped-for]",
        to_birch="kind: gift, from: alder-zoo, to: birch-zoo, date: 1965, lines: {a: {taxon: lion, count: 1, animals: [ash]}}",
        undated="kind: gift, to: cedar-park, lines: {a: {taxon: cat, count: 1}}",
    )


def test_what_is_asked_of_is_an_animal_a_transfer_a_line_a_taxon_or_a_zoo(scoped: URL) -> None:
    def asked(*arguments: str) -> list[tuple[str, str | None, str]]:
        return [row[:3] for row in told(scoped, *arguments)]

    cedar = [("cat-1", None, "birth"), ("finch-1", None, "date")]
    lines = [("mixed", "finches", "count"), ("mixed", "finches", "origin"), ("mixed", "lions", "origin")]
    undated = [("undated", None, "date"), ("undated", None, "origin")]
    everything = asked()
    assert everything == [
        ("ash", None, "birth"),
        *cedar,
        ("hoped-for", None, "date"),
        *lines,
        *undated,
    ]
    assert asked("ash") == [("ash", None, "birth")]
    assert asked("mixed") == lines
    assert asked("mixed/finches") == lines[:2]
    assert asked("mixed/lions") == lines[2:]
    assert asked("undated/a") == []
    assert asked("undated") == undated
    assert asked("--taxon", "lion") == [("ash", None, "birth"), ("hoped-for", None, "date"), lines[2]]
    assert asked("--taxon", "finch") == [cedar[1], *lines[:2]]
    assert asked("--taxon", "cat") == [one for one in everything if one not in {cedar[1], *lines[:2]}]
    assert asked("--at", "cedar-park") == [*cedar, *undated]
    assert asked("--at", "birch-zoo") == [("ash", None, "birth"), ("hoped-for", None, "date")]
    assert asked("--at", "alder-zoo", "--taxon", "finch") == lines[:2]
    assert asked("--at", "cedar-park", "--taxon", "cat") == [cedar[0], *undated]
    assert asked("--at", "dune-wild") == []


def test_what_was_only_planned_to_come_is_not_at_a_zoo(scoped: URL) -> None:
    assert {row[0] for row in told(scoped, "--at", "alder-zoo")} == {"mixed"}


def test_gaps_can_be_narrowed_to_a_kind_and_to_what_nobody_has_looked_for(scoped: URL) -> None:
    everything = told(scoped)
    for what in {row[2] for row in everything}:
        assert told(scoped, "--what", what) == [row for row in everything if row[2] == what]
    assert told(scoped, "--unexamined") == [row for row in everything if not row[5]]
    assert told(scoped, "ash", "--unexamined") == []


def test_fail_ends_with_3_only_where_there_is_a_gap(scoped: URL) -> None:
    assert zoo("gaps", "--fail", db=scoped).exit_code == 3
    assert zoo("gaps", "ash", "--fail", db=scoped).exit_code == 3
    assert zoo("gaps", "ash", "--fail", "--unexamined", db=scoped).exit_code == 0
    assert zoo("gaps", "undated/a", "--fail", db=scoped).exit_code == 0
    assert zoo("gaps", db=scoped).exit_code == 0


def test_where_nothing_is_missing_a_page_says_so(scoped: URL) -> None:
    assert zoo("gaps", "undated/a", "-f", "table", db=scoped).stdout.strip() == "No gaps."
    page = zoo("gaps", "-f", "table", db=scoped).stdout
    assert "searched: report" in page
    assert "nobody has looked" in page
    assert f"{len(told(scoped))} gaps" in page


@pytest.mark.parametrize(
    "arguments", [("gomi", "--taxon", "tiger"), ("gomi", "--at", "moscow-zoo"), ("--what", "name")], ids=" ".join
)
def test_a_record_beside_a_taxon_or_zoo_and_an_unknown_kind_of_gap_end_with_2(
    packaged: URL, arguments: tuple[str, ...]
) -> None:
    result = zoo("gaps", *arguments, db=packaged)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("gomy",), ("moscow-zoo",), ("panthera-leo",), ("--taxon", "moscow-zoo"), ("--at", "gomi")],
    ids=" ".join,
)
def test_what_is_unknown_or_has_no_gaps_ends_with_4(packaged: URL, arguments: tuple[str, ...]) -> None:
    result = zoo("gaps", *arguments, db=packaged)
    assert (result.exit_code, result.stdout) == (4, "")


# -- the packaged data set -------------------------------------------------------------------------------


def test_every_row_has_the_promised_fields(packaged: URL) -> None:
    rows = ask(packaged)
    assert {row["what"] for row in rows} >= {"birth", "origin", "holder", "fate", "date", "count"}
    for row in rows:
        assert row.keys() == {"record", "line", "what", "since", "until", "examined", "sources"}
        assert row["examined"] is bool(row["sources"])
        assert row["since"] is None or row["until"] is None or row["since"] <= row["until"]


def expected(found: Trace) -> Counter[Missing]:
    """Return the gaps a trace shows, as gaps of its animal."""
    slug = found.subject.slug
    rows = [
        Missing(
            slug,
            None,
            BIRTH if gap.after is None else FATE if gap.before is None and gap.after != "birth" else HOLDER,
            gap.since,
            gap.until,
            gap.examined,
            gap.sources,
        )
        for gap in found.gaps
    ]
    return Counter(rows)


def agreeing(url: URL) -> int:
    """Compare the gaps of every animal with those its trace shows; return how many have a life to trace."""
    traced = 0
    with database.reading(url) as connection:
        everything = [one for one in gaps(connection, Scope()) if one.line is None]
        for animal in list_kind(connection, Kind.ANIMAL):
            thing = thing_named(connection, animal.slug)
            own = gaps(connection, scope_of(thing, None, None))
            assert own == [one for one in everything if one.record == thing.slug]
            found = trace(connection, thing)
            if found.steps:
                traced += 1
                shown = expected(found)
                lived = Counter(one for one in own if one.what in {BIRTH, HOLDER})
                assert lived == Counter(one for one in shown.elements() if one.what != FATE), thing.slug
                ended = Counter(one for one in shown.elements() if one.what == FATE)
                assert {(one.since, one.until) for one in ended} <= {
                    (one.since, one.until) for one in own if one.what == FATE
                }, thing.slug
    return traced


def test_gaps_of_an_animal_are_those_its_trace_shows(packaged: URL) -> None:
    assert agreeing(packaged) > 30


def test_gaps_of_loans_returns_deaths_and_splits_are_those_a_trace_shows(own_packaged: URL) -> None:
    assert not load(own_packaged, ALDER).problems
    assert agreeing(own_packaged) > 40


@pytest.mark.parametrize(
    "options",
    [(), ("--unexamined",), ("--taxon", "pungsan-dog"), ("--at", "seoul-grand-park"), ("2024-11-moscow-zoo-gift",)],
    ids=" ".join,
)
def test_both_engines_give_the_same_bytes(servers: Servers, options: tuple[str, ...]) -> None:
    printed = [zoo("gaps", *options, "-f", "json", db=servers.shared(engine)) for engine in ENGINES]
    assert [result.exit_code for result in printed] == [0, 0]
    assert printed[0].stdout_bytes == printed[1].stdout_bytes
    assert json.loads(printed[0].stdout)["gaps"]
