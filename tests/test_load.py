"""Loading: a sync by slug that changes what the files changed, says how much, and does nothing twice."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Connection, Engine, func, select

from conftest import ENGINES, Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import database, locations, schema
from zoo_provenance.errors import UnknownThing
from zoo_provenance.loading.load import Loaded
from zoo_provenance.loading.load import load as load_seeds
from zoo_provenance.questions.arrivals import Filter, arrivals
from zoo_provenance.questions.donors import GIVER, HOLDER, donors
from zoo_provenance.questions.evidence import evidence
from zoo_provenance.questions.finding import find
from zoo_provenance.questions.lookup import LISTED, list_kind, show
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.questions.trace import trace
from zoo_provenance.rendering.arrivals import arrivals_document
from zoo_provenance.rendering.documents import Document, render
from zoo_provenance.rendering.donors import donors_document
from zoo_provenance.rendering.evidence import evidence_document
from zoo_provenance.rendering.lookups import list_document, show_document
from zoo_provenance.rendering.traces import trace_document
from zoo_provenance.tables import batch, change, claim, decision, dismissal, metadata, record
from zoo_provenance.vocabulary import Kind

Files = dict[str, str]

ORCHARD: Files = {
    "taxa.yaml": """\
weasels: {names: [weasels], rank: family}
otter: {names: [otter], rank: species, parent: weasels}
stoat: {names: [stoat], rank: species, parent: weasels}
""",
    "sources.yaml": """\
ledger: {names: [Ledger], kind: archive}
letter: {names: [Letter], kind: letter}
leaflet: {names: [Leaflet], kind: news, based_on: [ledger]}
""",
    "institutions.yaml": """\
quince-zoo:
  names: [Quince Zoo, {value: Old Quince Menagerie, former: true, source: letter}]
  kind: zoo
  country: IE
  founded: 1901
  sources: [ledger]
rowan-zoo: {names: [Rowan Zoo], kind: zoo, country: IE, sources: [ledger]}
""",
    "people.yaml": """\
keeper-one: {names: [Keeper One]}
""",
    "animals.yaml": """\
pip: {names: [Pip], taxon: otter, sex: male, born: 1990, born_at: quince-zoo, sources: [ledger]}
squeak: {names: [Squeak], taxon: otter, dam: pip-s-dam, sources: [ledger]}
pip-s-dam: {taxon: otter, sex: female, sources: [letter]}
raft: {names: [Raft], taxon: otter, count: 4, sources: [ledger]}
""",
    "transfers/1995-otters.yaml": """\
names: [Otters to Rowan Zoo]
kind: gift
from: quince-zoo
to: rowan-zoo
date: 1995-06
sources: [ledger]
lines:
  young:
    taxon: otter
    count: 3
    animals: [pip]
  stoats:
    taxon: stoat
    count:
      claims:
        - {value: 4, source: ledger}
        - {value: 9, source: letter}
participants:
  keeper: {who: keeper-one, role: delivered, as: Keeper}
""",
    "transfers/1999-raft.yaml": """\
kind: loan
from: quince-zoo
to: rowan-zoo
date: 1999
sources: [letter]
animals: [raft]
""",
}
ALL = {"taxon": 3, "institution": 2, "person": 1, "source": 3, "animal": 4, "transfer": 2}
OTTERS, RAFT = "transfers/1995-otters.yaml", "transfers/1999-raft.yaml"
SEARCHED = "searched: [{field: date, source: letter}]\n"


def edited(path: str, old: str, new: str, files: Mapping[str, str] = ORCHARD) -> Files:
    """Return files with a text that stands once in one of them replaced."""
    assert files[path].count(old) == 1, (path, old)
    return {**files, path: files[path].replace(old, new)}


def done(loaded: Loaded) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    assert loaded.problems == ()
    return loaded.created, loaded.updated, loaded.unchanged


def without(counts: Mapping[str, int], changed: Mapping[str, int]) -> dict[str, int]:
    left = {kind: number - changed.get(kind, 0) for kind, number in counts.items()}
    return {kind: number for kind, number in left.items() if number}


@pytest.fixture(scope="module")
def engines(servers: Servers) -> dict[str, Engine]:
    """An empty database on each engine, for what is rolled back in the end."""
    return {
        # Hundreds of statements, compiled once.
        name: database.engine_of(servers.fresh(name)).execution_options(compiled_cache={})
        for name in ENGINES
    }


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Iterator[Connection]:
    """An empty database in a transaction of this test's own, on each engine."""
    with engines[request.param].connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@pytest.fixture(scope="module")
def orchards(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Connection]]:
    """The orchard on each engine, in a transaction of its own."""
    folder = tmp_path_factory.mktemp("orchard") / "seeds"
    for path, content_ in {"dataset.yaml": "name: test-set\n", **ORCHARD}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content_, encoding="utf-8")
    with ExitStack() as stack:
        connections = {}
        for name in ENGINES:
            engine = database.engine_of(servers.fresh(name)).execution_options(compiled_cache={})
            connections[name] = stack.enter_context(engine.connect())
            stack.callback(connections[name].begin().rollback)
            assert done(load_into(connections[name], folder)) == (ALL, {}, {})
        yield connections


@pytest.fixture(params=ENGINES)
def orchard(request: pytest.FixtureRequest, orchards: dict[str, Connection]) -> Iterator[Connection]:
    """The orchard, loaded, on each engine; what a test does to it is taken back."""
    connection = orchards[request.param]
    with connection.begin_nested() as savepoint:
        yield connection
        savepoint.rollback()


Put = Callable[[Connection, Files], Loaded]


@pytest.fixture
def put(seeds: WriteSeeds) -> Put:
    """Load files, in a transaction that goes on."""
    return lambda connection, files: load_into(connection, seeds(files))


def load_into(connection: Connection, *paths: Path) -> Loaded:
    """Load in a transaction that goes on; only for what has no problems."""
    loaded = load_seeds(lambda: nullcontext(connection), paths)
    assert loaded.problems == ()
    return loaded


def refused(connection: Connection, *paths: Path) -> Loaded:
    """Load what has problems, in a transaction that goes on; show that it leaves nothing behind."""
    stored = rows(connection)
    with connection.begin_nested() as savepoint:
        loaded = load_seeds(lambda: nullcontext(connection), paths)
        savepoint.rollback()
    assert (loaded.created, loaded.updated, loaded.unchanged, loaded.batch) == ({}, {}, {}, None)
    assert loaded.problems != ()
    assert rows(connection) == stored
    return loaded


def rows(connection: Connection) -> dict[str, list[Any]]:
    """Return everything that is stored, by table."""
    return {
        table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
        for table in metadata.sorted_tables
    }


def content(connection: Connection) -> dict[str, list[Any]]:
    """Return everything that is stored but for batches, their changes, and the numbers of claims, by table."""
    numbers = {"batch_id", "claim_id"}
    return {
        table.name: sorted(
            (
                tuple(row)
                for row in connection.execute(
                    select(*(c for c in table.c if c.name not in numbers and c is not claim.c.id))
                )
            ),
            key=repr,
        )
        for table in metadata.sorted_tables
        if table not in {batch, change}
    }


def rows_at(url: URL) -> dict[str, list[Any]]:
    with database.reading(url) as connection:
        return rows(connection)


def transfer(connection: Connection, slug: str) -> Any:
    """Return what came with one transfer, as JSON has it."""
    thing = thing_named(connection, slug, (Kind.TRANSFER,))
    (found,) = arrivals_document(arrivals(connection, Filter(transfer_id=thing.id))).body["transfers"]
    return found


def line(connection: Connection, slug: str, key: str) -> Any:
    return next(one for one in transfer(connection, slug)["lines"] if one["key"] == key)


def shown(connection: Connection, slug: str) -> Any:
    return show_document(show(connection, thing_named(connection, slug))).body["record"]


def sources_of(connection: Connection, thing: str, field: str) -> dict[str | None, set[str | None]]:
    """Return who says what of a field."""
    (found,) = evidence(connection, thing_named(connection, thing, lines=True), field).fields
    return {claim.value: {said.source for said in claim.said} for claim in found.claims}


def slugs(connection: Connection) -> set[str]:
    return set(connection.execute(select(record.c.slug)).scalars())


def slugs_at(url: URL) -> set[str]:
    with database.reading(url) as connection:
        return slugs(connection)


def answers(connection: Connection) -> dict[str, str]:
    """Return the answers to the questions about all records."""
    found: dict[str, Document] = {}
    for slug, kind in connection.execute(select(record.c.slug, record.c.kind).order_by(record.c.slug)).all():
        thing = thing_named(connection, slug)
        found[f"evidence {slug}"] = evidence_document(evidence(connection, thing))
        found[f"show {slug}"] = show_document(show(connection, thing))
        if kind == Kind.ANIMAL:
            found[f"trace {slug}"] = trace_document(trace(connection, thing))
    found["arrivals"] = arrivals_document(arrivals(connection, Filter()))
    for by in (HOLDER, GIVER):
        found[f"donors {by}"] = donors_document(donors(connection, Filter(), by=by))
    for plural, of_kind in LISTED.items():
        found[f"list {plural}"] = list_document(plural, list_kind(connection, of_kind))
    return {question: "".join(render(document, "json")) for question, document in found.items()}


# -- twice -----------------------------------------------------------------------------------------------


def test_loading_twice_changes_nothing(url: URL, seeds: WriteSeeds) -> None:
    first = load(url, seeds(ORCHARD))
    assert done(first) == (ALL, {}, {})
    assert first.batch is not None
    stored = rows_at(url)
    again = load(url, seeds(ORCHARD))
    assert done(again) == ({}, {}, ALL)
    assert again.batch is None
    assert rows_at(url) == stored


def test_loading_the_packaged_data_set_again_changes_nothing(own_packaged: URL) -> None:
    stored = rows_at(own_packaged)
    again = load(own_packaged, locations.packaged_seeds())
    assert (again.problems, again.created, again.updated, again.batch) == ((), {}, {}, None)
    assert sum(again.unchanged.values()) == len(stored["record"])
    assert rows_at(own_packaged) == stored


WAYS = {
    "beside one another": [
        (OTTERS, "sources: [ledger]\n", f"sources: [ledger]\n{SEARCHED}"),
        (OTTERS, "count: 3\n", "count: 3\n    searched: [{field: count, source: letter}]\n"),
        (OTTERS, "who: keeper-one", "who: {value: keeper-one, source: letter}"),
        ("institutions.yaml", "country: IE\n", 'country: IE\n  city: "?"\n'),
        ("institutions.yaml", "1901", "{value: 1901, source: letter, against: ledger}"),
        ("animals.yaml", "dam: pip-s-dam", "sire: [{value: pip, probability: 0.5}], dam: pip-s-dam"),
        ("animals.yaml", "count: 4", "count: {value: 4, source: letter}"),
        (RAFT, "date: 1999", "date: {value: 1999, source: letter, dismissed: misread}"),
    ],
    "rivals and silence": [
        (OTTERS, "gift", "{claims: [{value: gift, source: ledger}, {value: sale, source: letter}]}"),
        (OTTERS, "date: 1995-06", 'date: "?"'),
        ("institutions.yaml", "founded: 1901", "searched: [{field: founded, source: letter}]"),
        ("animals.yaml", "Raft], taxon: otter", "Raft], taxon: {value: otter, source: letter}"),
    ],
    "nothing stated": [
        (OTTERS, "kind: gift", "passes: unstated\nexists: {value: yes, source: letter}"),
        (OTTERS, "who: keeper-one, role: delivered, as: Keeper", "who: keeper-one"),
        (RAFT, "date: 1999\n", ""),
    ],
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_say_something_loads_twice_without_a_change(empty: Connection, put: Put, way: str) -> None:
    files = ORCHARD
    for path, old, new in WAYS[way]:
        files = edited(path, old, new, files)
    assert done(put(empty, files))[0] == ALL
    stored = rows(empty)
    again = put(empty, files)
    assert (done(again), again.batch) == (({}, {}, ALL), None)
    assert rows(empty) == stored


def test_a_search_that_found_nothing_leaves_a_plain_value_alone(empty: Connection, put: Put) -> None:
    put(empty, edited(OTTERS, "sources: [ledger]\n", f"sources: [ledger]\n{SEARCHED}"))
    found = transfer(empty, "1995-otters")
    assert found["date"] == {"edtf": "1995-06", "earliest": "1995-06-01", "latest": "1995-06-30"}
    assert found["disputed"] == []
    assert sources_of(empty, "1995-otters", "date")["1995-06"] == {"ledger"}


def test_adding_a_search_to_a_loaded_record_leaves_its_value_alone(orchard: Connection, put: Put) -> None:
    loaded = put(orchard, edited(OTTERS, "sources: [ledger]\n", f"sources: [ledger]\n{SEARCHED}"))
    assert loaded.updated == {"transfer": 1}
    assert transfer(orchard, "1995-otters")["date"] == {
        "edtf": "1995-06",
        "earliest": "1995-06-01",
        "latest": "1995-06-30",
    }


@pytest.mark.parametrize(
    ("group", "count"),
    [
        ("count: 4", (4, 4)),
        ("count: {value: 4, source: letter}", (4, 4)),
        (
            "count: {claims: [{value: 4, source: letter}, {value: 6, source: ledger}], settled: 6, because: counted}",
            (6, 6),
        ),
        ("count: several", (2, None)),
        ("sex: mixed", (1, 1)),
    ],
)
def test_the_short_form_counts_a_group_as_the_group_is_counted(
    empty: Connection, put: Put, group: str, count: tuple[int, int | None]
) -> None:
    put(empty, edited("animals.yaml", "count: 4", group))
    found = line(empty, "1999-raft", "otter")
    assert (found["taxon"], found["animals"]) == ({"slug": "otter", "label": "otter"}, ["raft"])
    assert (found["count"]["min"], found["count"]["max"]) == count


@pytest.mark.parametrize(("new", "count"), [("count: 5", "5"), ("sex: mixed", "1")])
def test_the_short_form_follows_its_group(orchard: Connection, put: Put, new: str, count: str) -> None:
    files = edited("animals.yaml", "count: 4", new)
    assert done(put(orchard, files))[1] == {"animal": 1, "transfer": 1}
    assert line(orchard, "1999-raft", "otter")["count"]["text"] == count
    assert put(orchard, files).batch is None


# -- dry runs and failures -------------------------------------------------------------------------------


def test_a_dry_run_counts_and_writes_nothing(url: URL, seeds: WriteSeeds) -> None:
    load(url, seeds(ORCHARD))
    stored = rows_at(url)
    more = edited(OTTERS, "count: 3", "count: 5")
    more["people.yaml"] += "keeper-two: {names: [Keeper Two]}\n"
    tried = load(url, seeds(more), dry_run=True)
    assert (done(tried), tried.batch) == (({"person": 1}, {"transfer": 1}, without(ALL, {"transfer": 1})), None)
    assert rows_at(url) == stored


def test_a_dry_run_leaves_no_new_database_behind(bare_url: URL, seeds: WriteSeeds) -> None:
    result = zoo("load", seeds(ORCHARD), "--dry-run", "-f", "json", db=bare_url)
    assert (result.exit_code, json.loads(result.stdout)["created"]) == (0, ALL)
    assert json.loads(result.stdout)["batch"] is None
    assert is_nothing(bare_url)


def is_nothing(url: URL) -> bool:
    """Whether there is no file (SQLite), or no table (PostgreSQL)."""
    return not Path(str(url.database)).exists() if name_of(url) == "sqlite" else schema.is_empty(url)


def test_one_problem_keeps_everything_out(orchard: Connection, seeds: WriteSeeds) -> None:
    wrong = edited(OTTERS, "to: rowan-zoo", "to: rown-zoo", edited("institutions.yaml", "1901", "1902"))
    (problem,) = refused(orchard, seeds(wrong)).problems
    assert (problem.code, problem.file.path.endswith(OTTERS), problem.mark.line) == ("unknown-slug", True, 4)


def test_a_load_with_problems_leaves_no_new_database_behind(bare_url: URL, seeds: WriteSeeds) -> None:
    result = zoo("load", seeds(edited(OTTERS, "to: rowan-zoo", "to: rown-zoo")), db=bare_url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean 'rowan-zoo'?" in result.stderr
    assert "Nothing was written." in result.stderr
    assert is_nothing(bare_url)


# -- edits -----------------------------------------------------------------------------------------------

YOUNG = "  young:\n    taxon: otter\n    count: 3\n    animals: [pip]\n"
KEEPER = "participants:\n  keeper: {who: keeper-one, role: delivered, as: Keeper}\n"
EDITS = {
    "a count changed": (OTTERS, "count: 3", "count: 5", "transfer"),
    "a line added": (OTTERS, "  stoats:\n", "  old: {taxon: otter, count: 1}\n  stoats:\n", "transfer"),
    "a line removed": (OTTERS, YOUNG, "", "transfer"),
    "a line's key renamed": (OTTERS, "  young:", "  juveniles:", "transfer"),
    "a claim removed": (OTTERS, "        - {value: 9, source: letter}\n", "", "transfer"),
    "a value sourced": (OTTERS, "count: 3", "count: {value: 3, source: letter}", "transfer"),
    "a source added": (OTTERS, "sources: [ledger]", "sources: [ledger, letter]", "transfer"),
    "a participant removed": (OTTERS, KEEPER, "", "transfer"),
    "an animal taken off a line": (OTTERS, "    animals: [pip]\n", "", "transfer"),
    "the first name": ("institutions.yaml", "[Rowan Zoo]", "[Zoo of Rowan]", "institution"),
    "a dam taken away": ("animals.yaml", "dam: pip-s-dam, ", "", "animal"),
    "a basis added": ("sources.yaml", "[ledger]}", "[ledger, letter]}", "source"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_updates_its_record_and_no_other(orchard: Connection, put: Put, edit: str) -> None:
    path, old, new, kind = EDITS[edit]
    stored = content(orchard)
    loaded = put(orchard, edited(path, old, new))
    assert done(loaded) == ({}, {kind: 1}, without(ALL, {kind: 1}))
    assert loaded.batch is not None
    assert content(orchard) != stored


@pytest.mark.parametrize("edit", ["a line's key renamed", "a value sourced", "a source added", "a dam taken away"])
def test_an_edit_taken_back_leaves_what_was_there(orchard: Connection, put: Put, edit: str) -> None:
    path, old, new, kind = EDITS[edit]
    stored = content(orchard)
    put(orchard, edited(path, old, new))
    assert done(put(orchard, ORCHARD)) == ({}, {kind: 1}, without(ALL, {kind: 1}))
    assert content(orchard) == stored


def test_several_edits_are_counted_by_record(orchard: Connection, put: Put) -> None:
    files = edited(OTTERS, "count: 3", "count: 5", edited(OTTERS, "date: 1995-06", "date: 1995"))
    files = edited("animals.yaml", "sex: male", "sex: female", edited("institutions.yaml", "1901", "1902", files))
    files = edited("animals.yaml", "born: 1990", "born: 1991", files)
    counts = {"animal": 1, "institution": 1}
    files = {**files, OTTERS: files[OTTERS].replace("count: 3", "count: 5")}
    assert done(put(orchard, files)) == (
        {},
        {"institution": 1, "animal": 1, "transfer": 1},
        without(ALL, {**counts, "transfer": 1}),
    )


def test_new_records_are_created_and_those_that_refer_to_them_updated(orchard: Connection, put: Put) -> None:
    more = edited("animals.yaml", "dam: pip-s-dam", "dam: pip-s-dam, sire: pop")
    more["animals.yaml"] += "pop: {taxon: otter, sex: male, sources: [diary]}\n"
    more["sources.yaml"] += "diary: {kind: book}\n"
    more["transfers/2000-pop.yaml"] = "kind: gift\nto: rowan-zoo\ndate: 2000\nsources: [diary]\nanimals: [pop]\n"
    assert done(put(orchard, more)) == (
        {"source": 1, "animal": 1, "transfer": 1},
        {"animal": 1},
        without(ALL, {"animal": 1}),
    )
    assert line(orchard, "2000-pop", "otter")["animals"] == ["pop"]


def test_what_is_gone_from_a_file_is_gone_from_the_answers(orchard: Connection, put: Put) -> None:
    assert sources_of(orchard, "1995-otters/stoats", "count") == {"4": {"ledger"}, "9": {"letter"}}
    assert line(orchard, "1995-otters", "stoats")["disputed"] == ["count"]
    put(orchard, edited(OTTERS, "        - {value: 9, source: letter}\n", ""))
    assert sources_of(orchard, "1995-otters/stoats", "count") == {"4": {"ledger"}}
    found = line(orchard, "1995-otters", "stoats")
    assert (found["count"], found["disputed"]) == ({"text": "4", "min": 4, "max": 4}, [])
    assert [match.slug for match in find(orchard, "Menagerie").matches] == ["quince-zoo"]
    put(orchard, edited("institutions.yaml", ", {value: Old Quince Menagerie, former: true, source: letter}", ""))
    assert not find(orchard, "Menagerie").matches
    put(orchard, edited("institutions.yaml", "  founded: 1901\n", ""))
    assert "founded" not in shown(orchard, "quince-zoo")["fields"]


def test_a_renamed_line_is_the_same_line_once(orchard: Connection, put: Put) -> None:
    put(orchard, edited(OTTERS, "  young:", "  juveniles:"))
    found = transfer(orchard, "1995-otters")
    assert {one["key"]: one["animals"] for one in found["lines"]} == {"juveniles": ["pip"], "stoats": []}
    assert found["sum"] == {"min": 7, "max": 12}
    with pytest.raises(UnknownThing):
        thing_named(orchard, "1995-otters/young", lines=True)


def test_a_plain_value_and_the_same_one_sourced_are_one_value(orchard: Connection, put: Put) -> None:
    put(orchard, edited(OTTERS, "count: 3", "count: {value: 3, source: letter}"))
    assert sources_of(orchard, "1995-otters/young", "count") == {"3": {"letter"}}
    put(orchard, ORCHARD)
    assert sources_of(orchard, "1995-otters/young", "count") == {"3": {"ledger"}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "{claims: [{value: 70+, source: ledger}]}",
            "{claims: [{value: '>69', source: letter}, {value: 70+, source: ledger}]}",
        ),
        (
            "{claims: [{value: 3, source: ledger}], settled: 3, because: counted}",
            "{claims: [{value: 3, source: ledger}, {value: 2.1, source: letter}], settled: 2.1, because: seen}",
        ),
    ],
)
def test_the_answers_depend_on_what_the_files_say_and_not_on_what_they_said(
    empty: Connection, put: Put, before: str, after: str
) -> None:
    files = edited(OTTERS, "count: 3", f"count: {after}")
    with empty.begin_nested() as at_once:
        put(empty, files)
        expected = line(empty, "1995-otters", "young"), sources_of(empty, "1995-otters/young", "count")
        at_once.rollback()
    put(empty, edited(OTTERS, "count: 3", f"count: {before}"))
    put(empty, files)
    assert (line(empty, "1995-otters", "young"), sources_of(empty, "1995-otters/young", "count")) == expected


# -- names and absences ----------------------------------------------------------------------------------


def renamed(files: Files, old: str, new: str) -> Files:
    """Return files in which a transfer has another slug and says what it was."""
    given = dict(files)
    given[f"transfers/{new}.yaml"] = f"formerly: {old}\n" + given.pop(f"transfers/{old}.yaml")
    return given


def test_a_renamed_transfer_is_not_doubled_and_its_old_slug_still_resolves(orchard: Connection, put: Put) -> None:
    before = donors(orchard, Filter())
    files = renamed(ORCHARD, "1995-otters", "1995-06-otters")
    assert done(put(orchard, files)) == ({}, {"transfer": 1}, without(ALL, {"transfer": 1}))
    assert donors(orchard, Filter()) == before
    assert "1995-otters" not in slugs(orchard)
    for name in ("1995-otters", "1995-06-otters"):
        assert transfer(orchard, name)["slug"] == shown(orchard, name)["slug"] == "1995-06-otters"
        young = thing_named(orchard, f"{name}/young", lines=True)
        assert trace(orchard, young).subject.slug == "1995-06-otters/young"
    again = put(orchard, files)
    assert (done(again), again.batch) == (({}, {}, ALL), None)


def test_a_record_may_be_renamed_twice_and_every_former_slug_is_followed(orchard: Connection, put: Put) -> None:
    put(orchard, renamed(ORCHARD, "1995-otters", "second"))
    files = renamed(ORCHARD, "1995-otters", "third")
    files["transfers/third.yaml"] = files["transfers/third.yaml"].replace("1995-otters", "[second, 1995-otters]")
    assert done(put(orchard, files))[1] == {"transfer": 1}
    files["transfers/4.yaml"] = "kind: return\nends: second\nsources: [ledger]\n"
    assert done(put(orchard, files))[0] == {"transfer": 1}
    assert [one["slug"] for one in shown(orchard, "4")["related"]["ends"]] == ["third"]
    assert {shown(orchard, name)["slug"] for name in ("1995-otters", "second", "third")} == {"third"}


def test_a_renamed_institution_keeps_what_refers_to_it(orchard: Connection, put: Put) -> None:
    files = {path: text.replace("rowan-zoo", "rowan-park") for path, text in ORCHARD.items()}
    files = edited("institutions.yaml", "rowan-park: {", "rowan-park: {formerly: rowan-zoo, ", files)
    assert done(put(orchard, files)) == ({}, {"institution": 1}, without(ALL, {"institution": 1}))
    thing = thing_named(orchard, "rowan-zoo")
    assert thing.slug == "rowan-park"
    assert len(arrivals(orchard, Filter(to_id=thing.id))) == 2


def test_two_records_cannot_become_one_by_renaming(orchard: Connection, seeds: WriteSeeds) -> None:
    merged = edited("animals.yaml", "squeak: {names", "squeak: {formerly: pip, names")
    (problem,) = refused(orchard, seeds(merged)).problems
    assert problem.code == "not-renamed"


def test_without_formerly_a_renamed_transfer_is_a_second_one(orchard: Connection, put: Put) -> None:
    files = {path: text for path, text in ORCHARD.items() if path != OTTERS}
    loaded = put(orchard, {**files, "transfers/other.yaml": ORCHARD[OTTERS]})
    assert done(loaded) == ({"transfer": 1}, {}, without(ALL, {"transfer": 1}))
    assert {"other", "1995-otters"} < slugs(orchard)


def test_a_record_gone_from_the_folder_stays(orchard: Connection, put: Put) -> None:
    told = answers(orchard)
    fewer = {path: text for path, text in ORCHARD.items() if path not in {RAFT, "people.yaml"}}
    fewer[OTTERS] = fewer[OTTERS].replace("date: 1995-06", "date: 1995-06-01")
    assert done(put(orchard, fewer)) == ({}, {"transfer": 1}, without(ALL, {"transfer": 2, "person": 1}))
    after = answers(orchard)
    kept = {question for question in told if question.split(" ")[-1] in {"1999-raft", "raft", "keeper-one"}}
    assert len(kept) == 7
    assert {question: after[question] for question in kept} == {question: told[question] for question in kept}


# -- single files ----------------------------------------------------------------------------------------


def test_a_single_file_touches_its_own_records_and_loses_nothing(orchard: Connection, seeds: WriteSeeds) -> None:
    folder = seeds(edited(OTTERS, "date: 1995-06", "date: 1995-06-01", edited("institutions.yaml", "1901", "1902")))
    told = answers(orchard)
    assert done(load_into(orchard, folder / OTTERS)) == ({}, {"transfer": 1}, {})
    assert transfer(orchard, "1995-otters")["date"]["edtf"] == "1995-06-01"
    assert shown(orchard, "quince-zoo")["fields"]["founded"]["edtf"] == "1901"
    after = answers(orchard)
    assert {question for question in told if told[question] != after[question]} <= {
        "arrivals",
        "donors giver",
        "donors holder",
        "evidence 1995-otters",
        "list transfers",
        "show 1995-otters",
        "trace pip",
    }
    assert done(load_into(orchard, folder)) == ({}, {"institution": 1}, without(ALL, {"institution": 1}))


def test_a_registry_alone_touches_its_own_records(orchard: Connection, seeds: WriteSeeds) -> None:
    folder = seeds(edited("animals.yaml", "sex: male", "sex: female"))
    assert done(load_into(orchard, folder / "animals.yaml")) == ({}, {"animal": 1}, {"animal": 3})
    assert done(load_into(orchard, folder / "animals.yaml")) == ({}, {}, {"animal": 4})
    assert done(load_into(orchard, folder)) == ({}, {}, ALL)


def test_several_files_of_a_folder_are_one_load(empty: Connection, seeds: WriteSeeds) -> None:
    folder = seeds(ORCHARD)
    names = ("taxa.yaml", "sources.yaml", "institutions.yaml", "people.yaml")
    first = load_into(empty, *(folder / name for name in names))
    assert done(first)[0] == without(ALL, {"animal": 4, "transfer": 2})
    second = load_into(empty, folder / RAFT, folder / "animals.yaml", folder / OTTERS)
    assert done(second) == ({"animal": 4, "transfer": 2}, {}, {})
    assert done(load_into(empty, folder)) == ({}, {}, ALL)


def test_a_file_about_a_record_takes_the_records_own_file_with_it(empty: Connection, seeds: WriteSeeds) -> None:
    about = "about: 1995-otters/young\ncount: {value: 4, source: letter}\n"
    folder = seeds({**ORCHARD, "about/otters.yaml": about})
    assert done(load_into(empty, folder)) == (ALL, {}, {})
    assert sources_of(empty, "1995-otters/young", "count")["4"] == {"letter"}
    stored = rows(empty)
    for path in ("about/otters.yaml", OTTERS):
        assert done(load_into(empty, folder / path)) == ({}, {}, {"transfer": 1})
        assert rows(empty) == stored


def test_what_is_said_in_a_file_about_a_record_of_the_same_data_set_is_a_rival(empty: Connection, put: Put) -> None:
    put(empty, {**ORCHARD, "about/otters.yaml": "about: 1995-otters/young\ncount: {value: 4, source: letter}\n"})
    found = line(empty, "1995-otters", "young")
    assert (found["count"]["min"], found["count"]["max"], found["disputed"]) == (3, 4, ["count"])
    assert sources_of(empty, "1995-otters/young", "count") == {"3": {"ledger"}, "4": {"letter"}}


def test_a_file_whose_references_are_not_loaded_yet_is_refused(empty: Connection, seeds: WriteSeeds) -> None:
    loaded = refused(empty, seeds(ORCHARD) / RAFT)
    assert {problem.code for problem in loaded.problems} == {"unknown-slug"}
    assert {problem.message for problem in loaded.problems} >= {"no animal 'raft'", "no source 'letter'"}


# -- decisions and dismissals ----------------------------------------------------------------------------

RIVALS = """\
      claims:
        - {value: 4, source: ledger}
        - {value: 9, source: letter}
"""


def settled(choice: str, because: str = "the ledger was kept daily") -> Files:
    return edited(OTTERS, RIVALS, f"{RIVALS}      settled: {choice}\n      because: {because}\n")


def test_what_is_decided_and_dismissed_loads_twice_without_a_change(empty: Connection, put: Put) -> None:
    dismissing = edited(RAFT, "date: 1999", "date: {value: 1999, source: letter, dismissed: misread}", settled("9"))
    put(empty, dismissing)
    stored = rows(empty)
    again = put(empty, dismissing)
    assert (done(again), again.batch) == (({}, {}, ALL), None)
    assert rows(empty) == stored


def test_decisions_come_change_and_go_with_the_file(empty: Connection, put: Put) -> None:
    steps: list[tuple[Files, tuple[int, int], list[tuple[str | None, str]]]] = [
        (ORCHARD, (4, 9), []),
        (settled("4"), (4, 4), [("4", "the ledger was kept daily")]),
        (settled("9"), (9, 9), [("9", "the ledger was kept daily")]),
        (settled("9", "counted twice"), (9, 9), [("9", "counted twice")]),
        (settled("open"), (4, 9), [(None, "the ledger was kept daily")]),
        (ORCHARD, (4, 9), []),
    ]
    for number, (files, bounds, decided) in enumerate(steps):
        loaded = put(empty, files)
        assert done(loaded)[1] == ({"transfer": 1} if number else {})
        count = line(empty, "1995-otters", "stoats")["count"]
        assert (count["min"], count["max"]) == bounds
        found = empty.execute(select(decision.c.value, decision.c.reason, decision.c.batch_id)).all()
        assert [tuple(row) for row in found] == [(*one, loaded.batch) for one in decided]


def test_dismissals_come_change_and_go_with_the_file(empty: Connection, put: Put) -> None:
    for number, reason in enumerate((None, "of another year", "a slip of the pen", None)):
        ending = "9, source: letter}" if reason is None else f"9, source: letter, dismissed: {reason}}}"
        files = edited(OTTERS, "9, source: letter}", ending)
        loaded = put(empty, files)
        assert done(loaded)[1] == ({"transfer": 1} if number else {})
        found = line(empty, "1995-otters", "stoats")
        assert (found["count"]["min"], found["count"]["max"]) == ((4, 9) if reason is None else (4, 4))
        assert found["disputed"] == (["count"] if reason is None else [])
        reasons = empty.execute(select(dismissal.c.reason, dismissal.c.batch_id)).all()
        assert [tuple(row) for row in reasons] == ([] if reason is None else [(reason, loaded.batch)])
        assert sources_of(empty, "1995-otters/stoats", "count") == {"4": {"ledger"}, "9": {"letter"}}


def test_a_dismissed_claim_that_is_gone_takes_its_dismissal_along(empty: Connection, put: Put) -> None:
    put(empty, edited(OTTERS, "9, source: letter}", "9, source: letter, dismissed: a slip}"))
    put(empty, edited(OTTERS, "        - {value: 9, source: letter}\n", ""))
    assert empty.execute(select(func.count()).select_from(dismissal)).scalar() == 0


# -- batches ---------------------------------------------------------------------------------------------


def test_batches_chain_and_a_load_without_a_change_makes_none(
    empty: Connection, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOOPROV_ACTOR", "Keeper One")
    numbers = [put(empty, files).batch for files in (ORCHARD, ORCHARD, settled("4"), ORCHARD)]
    assert [number is None for number in numbers] == [False, True, False, False]
    made = empty.execute(select(batch).order_by(batch.c.id)).all()
    assert [one.id for one in made] == [number for number in numbers if number is not None]
    assert [one.previous_digest for one in made] == [None, made[0].digest, made[1].digest]
    assert len({one.digest for one in made}) == 3
    assert {(one.actor, one.command) for one in made} == {("Keeper One", "load")}
    assert [one.at for one in made] == sorted(one.at for one in made)
    assert made[0].input_digest == made[2].input_digest != made[1].input_digest


def test_the_command_prints_the_batch_and_the_counts(url: URL, seeds: WriteSeeds) -> None:
    folder = seeds(ORCHARD)
    first = json.loads(zoo("load", folder, "-f", "json", db=url).stdout)
    assert first["schema"] == "zooprov/load/1"
    assert (first["created"], first["updated"], first["unchanged"], first["pruned"]) == (ALL, {}, {}, {})
    assert first["batch"] == 1
    again = zoo("load", folder, "-f", "table", db=url)
    assert (again.exit_code, "nothing has changed" in again.stdout) == (0, True)


# -- new databases and the packaged data set -------------------------------------------------------------


def test_a_new_database_is_made_at_head_in_silence(bare_url: URL, seeds: WriteSeeds) -> None:
    result = zoo("load", seeds(ORCHARD), "-f", "plain", db=bare_url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [row.split("\t")[:2] for row in result.stdout.splitlines()] == [
        ["kind", "created"],
        *([kind, str(number)] for kind, number in ALL.items()),
    ]
    assert schema.current(bare_url) == database.REVISIONS[-1]
    assert zoo("db", "check", db=bare_url).exit_code == 0


def test_a_load_without_a_path_is_the_packaged_data_set(bare_url: URL, servers: Servers) -> None:
    result = zoo("load", db=bare_url)
    assert result.exit_code == 0
    assert database.describe(bare_url) in result.stderr
    assert slugs_at(bare_url) == slugs_at(servers.shared(name_of(bare_url)))


# -- laws ------------------------------------------------------------------------------------------------

SOURCES = ("s0", "s1", "s2")
HOUSES = ("h0", "h1", "h2")
TAXA = ("t0", "t1", "t2")
ANIMALS = ("a0", "a1", "a2", "a3")
TRANSFERS = ("x0", "x1", "x2")
DATES = ("1990", "1990-06", "199X", "1990-06-01/1990-07-15", "1992~", "../1993")
COUNTS = ("2", "3", "2-4", "70+", ">69", "several", "1.1.0", "~3")
KINDS = ("gift", "loan", "sale", "return", "capture")
Entry = dict[str, Any]
Model = dict[str, dict[str, Entry]]


@st.composite
def said(draw: st.DrawFn, values: tuple[str, ...], *, may_be_rivals: bool = True) -> Any:
    """Draw a value as a seed file may have it: plain, sourced, or with its rivals."""
    forms = ("plain", "plain", "sourced", "rivals") if may_be_rivals else ("plain", "sourced")
    form = draw(st.sampled_from(forms))
    value = draw(st.sampled_from(values))
    if form == "plain":
        return value
    if form == "sourced":
        return {"value": value, "source": draw(st.sampled_from(SOURCES))}
    pairs = draw(
        st.lists(st.tuples(st.sampled_from(values), st.sampled_from(SOURCES)), min_size=1, max_size=3, unique=True)
    )
    rivals: Entry = {"claims": [{"value": one, "source": source} for one, source in pairs]}
    if draw(st.booleans()):
        rivals |= {"settled": draw(st.sampled_from(["open", pairs[0][0]])), "because": "so it was settled"}
    return rivals


@st.composite
def some_of(draw: st.DrawFn, fields: Mapping[str, tuple[str, ...]]) -> Entry:
    """Draw an entry with some of its fields, its sources, and perhaps a search that found nothing."""
    entry: Entry = {"sources": draw(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=2, unique=True))}
    for name, values in fields.items():
        if draw(st.booleans()):
            entry[name] = draw(said(values))
    if draw(st.integers(0, 3)) == 0:
        field, source = draw(st.sampled_from(sorted(fields))), draw(st.sampled_from(SOURCES))
        entry["searched"] = [{"field": field, "source": source}]
    return entry


@st.composite
def data_sets(draw: st.DrawFn) -> Model:
    """Draw a small data set, as what each of its files holds."""
    animals: dict[str, Entry] = {}
    for number, slug in enumerate(ANIMALS):
        entry = draw(some_of({"sex": ("male", "female"), "count": COUNTS, "born": DATES, "born_at": HOUSES}))
        entry["taxon"] = draw(said(TAXA, may_be_rivals=False))
        for role in ("dam", "sire", "parents", "split_from") if number else ():
            if draw(st.integers(0, 3)) == 0:
                parent = draw(st.sampled_from(ANIMALS[:number]))
                likely = draw(st.booleans())
                entry[role] = [{"value": parent, "probability": "0.5"} if likely else parent]
        animals[slug] = entry
    transfers: dict[str, Entry] = {}
    for slug in TRANSFERS:
        entry = draw(some_of({"kind": KINDS, "from": HOUSES, "to": HOUSES, "date": DATES}))
        named = draw(st.lists(st.sampled_from(ANIMALS), max_size=3, unique=True))
        if draw(st.booleans()) and named:
            entry["animals"] = named
        else:
            lines = {key: draw(some_of({"taxon": TAXA, "count": COUNTS})) for key in ("k", "l")}
            entry["lines"] = {**lines, "l": {**lines["l"], **({"animals": named} if named else {})}}
        if draw(st.booleans()):
            one = draw(some_of({"role": ("giver", "lender", "recipient", "delivered"), "as": ("Keeper", "Head")}))
            entry["participants"] = {"p": {**one, "who": draw(st.sampled_from((*HOUSES, "keeper-one")))}}
        transfers[slug] = entry
    return {
        "taxa.yaml": {
            "t0": {"names": ["T zero"], "rank": "family"},
            "t1": {"names": ["T one"], "rank": "species", "parent": "t0"},
            "t2": {"names": ["T two"], "rank": "species", "parent": "t0"},
        },
        "sources.yaml": {
            "s0": {"kind": "archive"},
            "s1": {"kind": "news", "based_on": ["s0"]},
            "s2": {"kind": "letter"},
        },
        "people.yaml": {"keeper-one": {"names": ["Keeper One"]}},
        "institutions.yaml": {slug: draw(some_of({"kind": ("zoo", "park"), "founded": DATES})) for slug in HOUSES},
        "animals.yaml": animals,
        **{f"transfers/{slug}.yaml": entry for slug, entry in transfers.items()},
    }


def written(model: Model, folder: Path, shuffle: random.Random | None = None) -> list[Path]:
    """Write a drawn data set into a new folder, its keys and files in another order if asked; return its files."""
    (folder / "transfers").mkdir(parents=True)
    (folder / "dataset.yaml").write_text("name: drawn\n")
    paths = []
    for path, content in model.items():
        keys = list(content)
        if shuffle is not None:
            shuffle.shuffle(keys)
        lines = []
        for key in keys:
            value = content[key]
            if shuffle is not None and isinstance(value, dict) and "claims" not in value:
                inner = list(value)
                shuffle.shuffle(inner)
                value = {name: value[name] for name in inner}
            lines.append(f"{key}: {json.dumps(value)}\n")
        (folder / path).write_text("".join(lines))
        paths.append(folder / path)
    if shuffle is not None:
        shuffle.shuffle(paths)
    return paths


@settings(max_examples=3, deadline=None, derandomize=True, database=None, phases=(Phase.generate,))
@given(model=data_sets(), seed=st.integers(0, 9999))
def test_any_data_set_loads_twice_without_a_change_and_in_any_order_on_sqlite(
    engines: dict[str, Engine], tmp_path_factory: pytest.TempPathFactory, model: Model, seed: int
) -> None:
    hold_the_laws(engines["sqlite"], tmp_path_factory.mktemp("drawn"), model, random.Random(seed))  # noqa: S311


@settings(max_examples=2, deadline=None, derandomize=True, database=None, phases=(Phase.generate,))
@given(model=data_sets(), seed=st.integers(0, 9999))
def test_any_data_set_loads_twice_without_a_change_and_in_any_order_on_postgresql(
    engines: dict[str, Engine], tmp_path_factory: pytest.TempPathFactory, model: Model, seed: int
) -> None:
    hold_the_laws(engines["postgresql"], tmp_path_factory.mktemp("drawn"), model, random.Random(seed))  # noqa: S311


def hold_the_laws(engine: Engine, folder: Path, model: Model, shuffle: random.Random) -> None:
    """Load a drawn data set twice, and then elsewhere with its keys in another order and in two steps."""
    written(model, folder / "plain")
    with engine.connect() as connection, connection.begin() as transaction:
        loaded = load_into(connection, folder / "plain")
        told, stored = answers(connection), rows(connection)
        again = load_into(connection, folder / "plain")
        assert (again.created, again.updated, again.unchanged, again.batch) == ({}, {}, loaded.created, None)
        assert rows(connection) == stored
        transaction.rollback()
    paths = written(model, folder / "shuffled", shuffle)
    later = [path for path in paths if path.parent.name == "transfers"][: shuffle.randint(1, len(TRANSFERS))]
    with engine.connect() as connection, connection.begin() as transaction:
        load_into(connection, *(path for path in paths if path not in later))
        load_into(connection, *later)
        assert answers(connection) == told
        transaction.rollback()


def test_what_another_data_set_says_a_transfer_passes_stands_when_both_are_loaded_again(
    url: URL, seeds: WriteSeeds
) -> None:
    one = seeds({"transfers/loan.yaml": "kind: gift\nunsourced: true\n"}, "one")
    other = {
        "sources.yaml": "paper: {kind: book}\n",
        "about/loan.yaml": "about: loan\npasses: {title: {value: 'no', source: paper}}\n",
    }
    assert load(url, one, seeds(other, "two")).created["transfer"] == 1
    with database.reading(url) as connection:
        passed = transfer(connection, "loan")
    again = load(url, one, seeds(other, "two"))
    assert (passed["custody"], passed["title"]) == (True, False)
    assert (again.updated, again.batch) == ({}, None)
