"""Histories: leaving plain lives to SQL loses no gap and no break that the trace of an animal has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from conftest import ENGINES, Servers
from zoo_provenance import database
from zoo_provenance.loading.load import load as load_seeds
from zoo_provenance.questions.histories import histories
from zoo_provenance.questions.life import BIRTH, DEATH, Event, breaks_of, gaps_of
from zoo_provenance.questions.naming import Thing
from zoo_provenance.questions.trace import Trace, trace
from zoo_provenance.questions.trace_steps import TraceStep
from zoo_provenance.tables import record
from zoo_provenance.vocabulary import Kind

Files = dict[str, str]
Missing = tuple[str | None, str | None, str | None, str | None]
"""A gap: the steps it lies between, and the days that bound it."""
Broken = tuple[str, str, str]
"""A step elsewhere than at the last holder: that holder, the step before, and the step."""
Known = dict[str, tuple[list[Missing], list[Broken]]]
"""The gaps and breaks of each animal that has any."""

HOUSES = ("zoo-a", "zoo-b", "zoo-c")
REGISTRIES: Files = {
    "taxa.yaml": "otter: {rank: species}\n",
    "sources.yaml": "ledger: {kind: archive}\n",
    "institutions.yaml": "".join(f"{slug}: {{kind: zoo, sources: [ledger]}}\n" for slug in HOUSES)
    + "river: {kind: wild, sources: [ledger]}\n",
}


# -- two ways to the same ------------------------------------------------------------------------------


def screened(connection: Connection) -> Known:
    """Return the gaps and breaks of the histories that SQL did not leave out."""
    found: Known = {}
    for history in histories(connection):
        if history.plain:
            first = history.steps[0].event
            gaps: list[Missing] = [(None, first.key, None, first.date.latest if first.date else None)]
            breaks: list[Broken] = []
        else:
            gaps = [(key(one.after), key(one.before), one.since, one.until) for one in gaps_of(history.steps)]
            breaks = [(one.holder.slug, one.previous.key, one.event.key) for one in breaks_of(history.steps)]
        assert history.slug not in found
        if gaps or breaks:
            found[history.slug] = gaps, breaks
    return found


def key(event: Event | None) -> str | None:
    return event.key if event else None


def traced(connection: Connection) -> Known:
    """Return the gaps and breaks in the trace of every animal."""
    found: Known = {}
    animals = select(record.c.id, record.c.slug, record.c.label).where(record.c.kind == Kind.ANIMAL.value)
    for row in connection.execute(animals).all():
        asked: Trace = trace(connection, Thing(row.id, Kind.ANIMAL, row.slug, row.label))
        gaps = [(one.after, one.before, one.since, one.until) for one in asked.gaps]
        breaks = [*broken(asked.steps)]
        if gaps or breaks:
            found[row.slug] = gaps, breaks
    return found


def broken(steps: Sequence[TraceStep]) -> Iterator[Broken]:
    """Yield the moves, and the death, at another house than the last known holder's."""
    last: TraceStep | None = None
    for step in steps:
        if step.transfer is not None and (step.status != "completed" or step.custody is False):
            continue
        place = step.destination if step.kind == DEATH and step.transfer is None else step.origin
        if last is not None and last.holder is not None and place not in {None, last.holder}:
            yield last.holder.slug, name(last), name(step)
        last = step


def name(step: TraceStep) -> str:
    return step.transfer.slug if step.transfer else str(step.kind)


# -- worlds --------------------------------------------------------------------------------------------

Compare = Callable[[str, Files], tuple[Known, Known]]
dates = st.sampled_from(
    [
        *("2010", "2011", "2012", "2013", "2010-05-01", "2011-05-01", "2012-05-01", "2013-05-01", "2011-05"),
        *("2010/2012", "../2011", "2011/..", "201X", "[2011-05-01..2012-05-01]"),
    ]
)
maybe_dates = st.one_of(dates, dates, dates, st.none())
houses = st.sampled_from([*HOUSES, *HOUSES, None])
senders = st.sampled_from([*HOUSES, *HOUSES, "river", None])
kinds = st.sampled_from(
    ["gift", "gift", "gift", "loan", "return", "capture", "ownership_transfer", "stop", "release", None]
)
statuses = st.sampled_from(["completed"] * 6 + ["planned", "cancelled", "unconfirmed"])
terms = st.sampled_from(["LIV"] * 6 + ["BOD", "EGL"])
passes = st.sampled_from([None] * 6 + ["unstated", "[title]"])


def entry(**said: str | None) -> str:
    """Return a flow mapping of what is said."""
    return f"{{{', '.join(f'{name}: {value}' for name, value in said.items() if value is not None)}}}"


@st.composite
def animals(draw: st.DrawFn, number: int) -> str:
    born, born_at = draw(st.one_of(st.none(), dates)), draw(st.sampled_from([None, *HOUSES]))
    wholes = draw(st.lists(st.sampled_from(range(number)), max_size=2, unique=True)) if number else []
    split = draw(st.sampled_from([False, False, True])) and wholes
    return entry(
        taxon="otter",
        sources="[ledger]",
        count="4" if draw(st.booleans()) else None,
        born=quoted(born),
        born_at=born_at,
        owner_at_birth=draw(st.sampled_from([None, None, None, "zoo-a"])),
        died=quoted(draw(st.one_of(st.none(), st.none(), dates))),
        died_at=draw(st.sampled_from([None, None, None, *HOUSES])),
        split_from=f"[{', '.join(f'a{whole}' for whole in wholes)}]" if split else None,
    )


def quoted(text: str | None) -> str | None:
    return None if text is None else f"'{text}'"


@st.composite
def chains(draw: st.DrawFn, number: int) -> dict[str, str]:
    """Draw up to five transfers of one animal: mostly a chain in order of dates, now and then anything."""
    found: dict[str, str] = {}
    at = draw(senders)
    tidy = draw(st.booleans())
    for step in range(draw(st.integers(0, 5))):
        to = draw(houses)
        date = f"{2010 + step}-05-01" if tidy and draw(st.integers(0, 5)) else draw(maybe_dates)
        found[f"t{draw(st.integers(0, 9))}-{number}{step}"] = entry(
            sources="[ledger]",
            kind=draw(kinds),
            status=draw(statuses),
            passes=draw(passes),
            date=quoted(date),
            **{"from": at if draw(st.integers(0, 5)) else draw(senders)},
            to=to,
            ends=draw(st.sampled_from([None, None, None, *([f"[{one}]" for one in found])])),
            lines=f"{{otters: {{taxon: otter, term: {draw(terms)}, animals: [a{number}]}}}}",
        )
        at = to
    return found


@st.composite
def worlds(draw: st.DrawFn) -> Files:
    many = draw(st.integers(2, 4))
    registry = "".join(f"a{number}: {draw(animals(number))}\n" for number in range(many))
    moves = {
        f"transfers/{slug}.yaml": f"{text}\n" for number in range(many) for slug, text in draw(chains(number)).items()
    }
    return {"animals.yaml": registry, **moves}


@pytest.fixture(scope="module")
def engines(servers: Servers) -> dict[str, Engine]:
    return {name: database.engine_of(servers.fresh(name)).execution_options(compiled_cache={}) for name in ENGINES}


@pytest.fixture(scope="module")
def known(engines: dict[str, Engine], tmp_path_factory: pytest.TempPathFactory) -> Compare:
    """Load a world into an empty database and return what histories and traces know of it; then take it back."""
    folders = tmp_path_factory.mktemp("worlds")
    numbers = iter(range(10_000))

    def ask(engine: str, files: Files) -> tuple[Known, Known]:
        folder = folders / str(next(numbers))
        write(folder, {"dataset.yaml": "name: world\n", **REGISTRIES, **files})
        with engines[engine].connect() as connection, connection.begin() as transaction:
            problems = load_seeds(lambda: nullcontext(connection), [folder]).problems
            assert [problem.tell() for problem in problems] == []
            both = screened(connection), traced(connection)
            transaction.rollback()
        return both

    return ask


def write(folder: Path, files: Files) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")


@settings(max_examples=25, deadline=None)
@given(world=worlds())
def test_what_sql_leaves_out_has_no_gap_and_no_break(known: Compare, world: Files) -> None:
    by_histories, by_traces = known("sqlite", world)
    assert by_histories == by_traces


# -- one rich world ------------------------------------------------------------------------------------


def move(animal: str, origin: str | None, destination: str | None, date: str | None = None, **more: str) -> str:
    lines = f"{{otters: {{taxon: otter, term: {more.pop('term', 'LIV')}, animals: [{animal}]}}}}"
    said = {"kind": "gift", **more, "from": origin, "to": destination, "date": quoted(date)}
    return entry(sources="[ledger]", lines=lines, **said) + "\n"


def animal(**said: str) -> str:
    return entry(taxon="otter", sources="[ledger]", **said)


RICH: tuple[dict[str, str], dict[str, str], Known] = (
    {
        "plain": animal(born="2001", born_at="zoo-a"),
        "unborn": animal(),
        "wild": animal(),
        "unmoved": animal(born="2001", born_at="zoo-a", died="2010", died_at="zoo-a"),
        "unhoused": animal(born="2001"),
        "between": animal(born="2001", born_at="zoo-a"),
        "lost": animal(born="2001", born_at="zoo-a"),
        "elsewhere": animal(born="2001", born_at="zoo-a", died="2015", died_at="zoo-c"),
        "planned": animal(born="2001", born_at="zoo-a"),
        "undated": animal(born_at="zoo-a"),
        "body": animal(born="2001", born_at="zoo-a", died="2010", died_at="zoo-a"),
        "raft": animal(count="4", born="2001", born_at="zoo-a"),
        "part": animal(count="2", split_from="[raft]"),
        "late": animal(born="2012", born_at="zoo-a"),
    },
    {
        "plain-1": move("plain", "zoo-a", "zoo-b", "2010"),
        "plain-2": move("plain", "zoo-b", "zoo-c", "2012"),
        "unborn-1": move("unborn", "zoo-a", "zoo-b", "2010"),
        "unborn-2": move("unborn", "zoo-b", "zoo-c", "2012"),
        "wild-1": move("wild", "river", "zoo-a", "2010", kind="capture"),
        "between-1": move("between", "zoo-a", "zoo-b", "2010"),
        "between-2": move("between", "zoo-c", "zoo-a", "2012-05"),
        "between-3": move("between", None, "zoo-b", "2013"),
        "lost-1": move("lost", "zoo-a", None, "2010", kind="escape"),
        "elsewhere-1": move("elsewhere", "zoo-a", "zoo-b", "2010"),
        "planned-1": move("planned", "zoo-b", "zoo-c", "2010", status="planned"),
        "planned-2": move("planned", "zoo-a", "zoo-b", "2012", kind="loan"),
        "planned-3": move("planned", "zoo-c", "zoo-a", "2013", kind="ownership_transfer"),
        "undated-1": move("undated", "zoo-b", "zoo-c"),
        "undated-2": move("undated", "zoo-a", "zoo-b"),
        "body-1": move("body", "zoo-a", "zoo-b", "2011", term="BOD"),
        "raft-1": move("raft", "zoo-a", "zoo-b", "2010"),
        "raft-2": move("raft", "zoo-b", "zoo-a", "2015"),
        "part-1": move("part", "zoo-b", "zoo-c", "2012"),
        "part-2": move("part", "zoo-a", "zoo-b", "2014"),
        "late-1": move("late", "zoo-a", "zoo-b", "2010"),
    },
    {
        "unborn": ([(None, "unborn-1", None, "2010-12-31")], []),
        "unhoused": ([(BIRTH, None, "2001-01-01", None)], []),
        "between": (
            [
                ("between-1", "between-2", "2010-01-01", "2012-05-31"),
                ("between-2", "between-3", "2012-05-01", "2013-12-31"),
            ],
            [("zoo-b", "between-1", "between-2")],
        ),
        "lost": ([("lost-1", None, "2010-01-01", None)], []),
        "elsewhere": ([("elsewhere-1", DEATH, "2010-01-01", "2015-12-31")], [("zoo-b", "elsewhere-1", DEATH)]),
        "part": ([("part-1", "part-2", "2012-01-01", "2014-12-31")], [("zoo-c", "part-1", "part-2")]),
    },
)


@pytest.mark.parametrize("engine", ENGINES)
def test_histories_and_traces_know_the_same_gaps_and_breaks_of_a_rich_world(known: Compare, engine: str) -> None:
    registry, transfers, expected = RICH
    files = {
        "animals.yaml": "".join(f"{slug}: {said}\n" for slug, said in registry.items()),
        **{f"transfers/{slug}.yaml": said for slug, said in transfers.items()},
    }
    by_histories, by_traces = known(engine, files)
    assert by_traces == expected
    assert by_histories == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_an_animal_of_which_only_the_day_of_death_is_known_has_its_gap_in_both(known: Compare, engine: str) -> None:
    by_histories, by_traces = known(engine, {"animals.yaml": f"pip: {animal(died='2010')}\n"})
    assert by_traces == {"pip": ([(None, DEATH, None, "2010-12-31")], [])}
    assert by_histories == by_traces


@pytest.mark.parametrize("engine", ENGINES)
def test_a_return_dated_before_the_loan_it_ends_is_put_after_it_in_both(known: Compare, engine: str) -> None:
    files = {
        "animals.yaml": f"pip: {animal(born='2001', born_at='zoo-b')}\n",
        "transfers/lent.yaml": move("pip", "zoo-a", "zoo-b", "2015", kind="loan"),
        "transfers/back.yaml": move("pip", "zoo-b", "zoo-a", "2012", kind="return", ends="lent"),
    }
    by_histories, by_traces = known(engine, files)
    assert by_traces == {"pip": ([(BIRTH, "lent", "2001-01-01", "2015-12-31")], [("zoo-b", BIRTH, "lent")])}
    assert by_histories == by_traces


@pytest.mark.parametrize("engine", ENGINES)
def test_a_part_of_a_part_has_the_birth_of_the_nearest_group_in_both(known: Compare, engine: str) -> None:
    files = {
        "animals.yaml": f"a-first: {animal(count='8', born='1990', born_at='zoo-a')}\n"
        f"middle: {animal(count='4', born='2001', born_at='zoo-b', split_from='[a-first]')}\n"
        f"part: {animal(split_from='[middle]')}\n",
        "transfers/away.yaml": move("part", "zoo-b", "zoo-c", "2012"),
    }
    by_histories, by_traces = known(engine, files)
    assert by_histories == {}
    assert by_traces == {}
