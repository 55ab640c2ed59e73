"""Columns and claims: after a load each column holds what its claims conclude, and drift is told field by field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Connection, Engine, text

from conftest import ENGINES, Servers, WriteSeeds
from zoo_provenance import database
from zoo_provenance.loading.load import load as load_seeds
from zoo_provenance.questions.rules.columns import drifted

Drift = tuple[str, str, str, str | None, str | None]
"""The record, its part, the field, what the column holds, and what the claims conclude."""

FILES = {
    "taxa.yaml": """\
weasels: {rank: family}
otter: {rank: species, parent: weasels, cites_appendix: {value: I, source: ledger}}
stoat: {rank: species, parent: weasels}
lynx: {rank: species}
""",
    "sources.yaml": """\
ledger: {kind: archive}
letter: {kind: letter}
note: {kind: {value: news, unsourced: true}, published: {value: 2010, unsourced: true}}
""",
    "institutions.yaml": """\
zoo-a: {kind: zoo, city: {value: Quince, source: ledger}, founded: {value: 1901, source: ledger}, sources: [ledger]}
zoo-b: {kind: zoo, sources: [ledger]}
zoo-c: {kind: zoo, sources: [ledger]}
zoo-d: {kind: zoo, sources: [ledger]}
""",
    "people.yaml": "ann: {names: [Ann]}\nben: {names: [Ben]}\n",
    "animals.yaml": """\
pip:
  taxon: otter
  sex: {value: female, source: ledger}
  born: {claims: [{value: 2010, source: ledger}, {value: 2012, source: letter}]}
  born_at: {claims: [{value: zoo-a, source: ledger}, {value: zoo-b, source: letter}]}
  count: {value: "1", source: ledger}
  sources: [ledger]
""",
    "transfers/plain.yaml": """\
kind: {value: gift, source: ledger}
status: {value: completed, source: ledger}
from: {value: zoo-a, source: ledger}
to: {value: zoo-b, source: ledger}
date: {value: 2010-05, source: ledger}
transport: {value: by ship, source: ledger}
lines:
  otters:
    taxon: {value: otter, source: ledger}
    count: {value: 1.2.0, source: ledger}
  skins: {taxon: stoat, term: {value: SKI, source: ledger}, sources: [ledger]}
participants:
  she:
    who: {value: ann, source: ledger}
    role: {value: signed, source: ledger}
    as: {value: Director, source: ledger}
    on_behalf_of: {value: zoo-a, source: ledger}
  it: {who: {value: zoo-a, source: ledger}, role: broker, sources: [ledger]}
""",
    "transfers/rivals.yaml": """\
kind: {claims: [{value: loan, source: ledger}, {value: return, source: letter}]}
status: {claims: [{value: planned, source: ledger}, {value: completed, source: letter}], settled: open, because: who knows}
from: {claims: [{value: zoo-a, source: ledger}, {value: zoo-b, source: letter}], settled: zoo-a, because: seen}
to: {claims: [{value: zoo-a, source: ledger}, {value: zoo-b, source: letter}]}
date: {claims: [{value: 2010, source: ledger}, {value: 2012, source: letter}], settled: 2012, because: seen}
until: {claims: [{value: 2015-03, source: ledger}, {value: 2015-06, source: letter}]}
lines:
  otters:
    taxon: {claims: [{value: weasels, source: ledger}, {value: otter, source: letter}]}
    count: {claims: [{value: 4, source: ledger}, {value: 9, source: letter}]}
  stoats:
    taxon: {claims: [{value: otter, source: ledger}, {value: stoat, source: letter}], settled: stoat, because: seen}
    count: {claims: [{value: 2.1.0, source: ledger}, {value: 5, source: letter}], settled: 2.1.0, because: seen}
  lynxes:
    taxon: lynx
    count: {claims: [{value: 3, source: ledger, dismissed: misread}, {value: "?", source: letter}]}
    sources: [ledger]
participants:
  she:
    who: {claims: [{value: ann, source: ledger}, {value: ben, source: letter}], settled: ben, because: seen}
    role: {claims: [{value: signed, source: ledger}, {value: announced, source: letter}]}
""",
    "transfers/said.yaml": """\
kind: sale
from: zoo-a
to: zoo-b
passes: {custody: no, title: unstated}
sources: [ledger]
""",
    "transfers/denied.yaml": """\
kind: {claims: [{value: gift, source: ledger, against: [letter]}]}
date: {claims: [{value: 2010, source: ledger, against: [letter]}]}
from: zoo-a
to: zoo-b
sources: [ledger]
""",
    "transfers/settled-kind.yaml": """\
kind: {claims: [{value: gift, source: ledger}, {value: loan, source: letter}], settled: loan, because: seen}
from: zoo-a
to: zoo-b
sources: [ledger]
""",
}


@pytest.fixture(scope="module")
def loaded(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Engine]:
    """The data set, loaded, on each engine."""
    folder = tmp_path_factory.mktemp("columns")
    write(folder, FILES)
    engines: dict[str, Engine] = {}
    for name in ENGINES:
        engines[name] = database.engine_of(servers.fresh(name)).execution_options(compiled_cache={})
        with engines[name].begin() as connection:
            put(connection, folder)
    return engines


@pytest.fixture(params=ENGINES)
def stored(request: pytest.FixtureRequest, loaded: dict[str, Engine]) -> Iterator[Connection]:
    """The data set, on each engine; what a test does to it is taken back."""
    with loaded[request.param].connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def write(folder: Path, files: dict[str, str]) -> None:
    for path, content in {"dataset.yaml": "name: columns\n", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")


def put(connection: Connection, folder: Path) -> None:
    problems = load_seeds(lambda: nullcontext(connection), [folder]).problems
    assert [problem.tell() for problem in problems] == []


def drifts(connection: Connection) -> list[Drift]:
    return [(one.slug, one.part, one.field, one.held, one.concluded) for one in drifted(connection)]


def of(slug: str) -> str:
    """Return a record's id, as SQL."""
    return f"(SELECT id FROM record WHERE slug = '{slug}')"


def change(connection: Connection, table: str, slug: str, part: str, columns: str) -> None:
    """Set columns of one row, past the loader."""
    where = f"id = {of(slug)}" if not part else f"transfer_id = {of(slug)} AND key = '{part.partition('/')[2]}'"
    assert connection.execute(text(f"UPDATE {table} SET {columns} WHERE {where}")).rowcount == 1


def no_date(name: str) -> str:
    return f"{name} = NULL, {name}_earliest = NULL, {name}_latest = NULL"


def day(name: str, year: int) -> str:
    return f"{name} = '{year}', {name}_earliest = '{year}-01-01', {name}_latest = '{year}-12-31'"


# -- what a load leaves --------------------------------------------------------------------------------


def test_nothing_has_drifted_in_the_packaged_data_set(packaged: URL) -> None:
    with database.reading(packaged) as connection:
        assert drifts(connection) == []


def test_nothing_has_drifted_after_a_load_of_plain_and_rival_values_of_every_sort(stored: Connection) -> None:
    assert drifts(stored) == []


def test_nothing_has_drifted_after_another_data_set_has_said_otherwise(stored: Connection, seeds: WriteSeeds) -> None:
    about = seeds(
        {
            "sources.yaml": "leaflet: {kind: news}\n",
            "about/plain.yaml": """\
about: plain
sources: [leaflet]
kind: loan
date: 2010-05-03
to: zoo-c
lines: {otters: {taxon: weasels, count: 4}, skins: {term: BOD}}
participants: {she: {who: zoo-a, role: announced}}
""",
            "about/said.yaml": "about: said\nsources: [leaflet]\nkind: gift\n",
            "about/zoo.yaml": "about: zoo-b\nsources: [leaflet]\ncountry: IE\nkind: park\nfounded: 1900~\n",
        },
        name="second",
    )
    put(stored, about)
    assert drifts(stored) == []
    put(stored, seeds({"sources.yaml": "leaflet: {kind: news}\n"}, name="second"))
    assert drifts(stored) == []


# -- what has drifted --------------------------------------------------------------------------------


CHANGED: list[tuple[str, tuple[str, str], str, str, str | None, str | None]] = [
    # A date.
    ("transfer", ("plain", ""), day("date", 2011), "date", "2011", "2010-05"),
    ("transfer", ("plain", ""), no_date("date"), "date", None, "2010-05"),
    ("institution", ("zoo-a", ""), day("founded", 1902), "founded", "1902", "1901"),
    ("source", ("note", ""), day("published", 1999), "published", "1999", "2010"),
    ("transfer", ("denied", ""), day("date", 2011), "date", "2011", "2010"),
    # A count.
    ("animal", ("pip", ""), "count = '2', count_min = 2, count_max = 2", "count", "2", "1"),
    ("animal", ("pip", ""), "count = NULL, count_min = NULL, count_max = NULL", "count", None, "1"),
    (
        "transfer_line",
        ("plain", "lines/otters"),
        "count = '3', males = NULL, females = NULL, unsexed = NULL",
        "count",
        "3",
        "1.2.0",
    ),
    (
        "transfer_line",
        ("plain", "lines/otters"),
        "count = '2.1.0', males = 2, females = 1",
        "count",
        "2.1.0",
        "1.2.0",
    ),
    # A word.
    ("animal", ("pip", ""), "sex = 'male'", "sex", "male", "female"),
    ("transfer", ("plain", ""), "status = 'planned'", "status", "planned", "completed"),
    ("transfer", ("plain", ""), "status = NULL", "status", None, "completed"),
    ("transfer_line", ("plain", "lines/skins"), "term = 'LIV'", "term", "LIV", "SKI"),
    ("participant", ("plain", "participants/she"), "role = 'giver'", "role", "giver", "signed"),
    ("taxon", ("otter", ""), "cites_appendix = 'II'", "cites_appendix", "II", "I"),
    ("source", ("note", ""), "kind = 'blog'", "kind", "blog", "news"),
    # A text.
    ("transfer", ("plain", ""), "transport = 'by rail'", "transport", "by rail", "by ship"),
    ("institution", ("zoo-a", ""), "city = NULL", "city", None, "Quince"),
    ("participant", ("plain", "participants/she"), "capacity = 'Keeper'", "as", "Keeper", "Director"),
    # A record.
    ("transfer", ("plain", ""), f"origin_id = {of('zoo-c')}", "from", "zoo-c", "zoo-a"),
    ("transfer", ("plain", ""), "destination_id = NULL", "to", None, "zoo-b"),
    ("transfer_line", ("plain", "lines/otters"), f"taxon_id = {of('lynx')}", "taxon", "lynx", "otter"),
    (
        "participant",
        ("plain", "participants/she"),
        f"on_behalf_of_id = {of('zoo-d')}",
        "on_behalf_of",
        "zoo-d",
        "zoo-a",
    ),
    # Who took part.
    ("participant", ("plain", "participants/she"), f"person_id = {of('ben')}", "who", "ben", "ann"),
    (
        "participant",
        ("plain", "participants/she"),
        f"person_id = NULL, institution_id = {of('zoo-c')}",
        "who",
        "zoo-c",
        "ann",
    ),
    ("participant", ("plain", "participants/it"), "institution_id = NULL", "who", None, "zoo-a"),
    # A flag, and what passes by the kind.
    ("transfer", ("said", ""), "passes_custody = TRUE", "custody", "yes", "no"),
    ("transfer", ("said", ""), "passes_custody = NULL", "custody", None, "no"),
    ("transfer", ("said", ""), "passes_title = TRUE", "title", "yes", None),
    ("transfer", ("plain", ""), "passes_title = FALSE", "title", "no", "yes"),
    ("transfer", ("plain", ""), "passes_custody = NULL", "custody", None, "yes"),
    ("transfer", ("denied", ""), "passes_title = FALSE", "title", "no", "yes"),
    ("transfer", ("rivals", ""), "passes_custody = FALSE", "custody", "no", "yes"),
    ("transfer", ("rivals", ""), "passes_title = NULL", "title", None, "no"),
    ("transfer", ("settled-kind", ""), "passes_title = TRUE", "title", "yes", "no"),
    # Settled.
    ("transfer", ("rivals", ""), day("date", 2010), "date", "2010", "2012"),
    ("transfer", ("rivals", ""), f"origin_id = {of('zoo-b')}", "from", "zoo-b", "zoo-a"),
    ("transfer", ("rivals", ""), f"origin_id = {of('zoo-d')}", "from", "zoo-d", "zoo-a"),
    (
        "transfer_line",
        ("rivals", "lines/stoats"),
        "count = '5', count_min = 5, count_max = 5, males = NULL, females = NULL, unsexed = NULL",
        "count",
        "5",
        "2.1.0",
    ),
    ("transfer_line", ("rivals", "lines/stoats"), f"taxon_id = {of('otter')}", "taxon", "otter", "stoat"),
    ("participant", ("rivals", "participants/she"), f"person_id = {of('ann')}", "who", "ann", "ben"),
    # Contested, one value refining the other.
    ("transfer_line", ("rivals", "lines/otters"), f"taxon_id = {of('weasels')}", "taxon", "weasels", "otter"),
    # Open: a date or a count holds the hull, anything else nothing.
    ("transfer", ("rivals", ""), day("until", 2015), "until", "2015", "[2015-03..2015-06]"),
    ("transfer", ("rivals", ""), no_date("until"), "until", None, "[2015-03..2015-06]"),
    ("animal", ("pip", ""), day("born", 2010), "born", "2010", "[2010..2012]"),
    (
        "transfer_line",
        ("rivals", "lines/otters"),
        "count = '4', count_min = 4, count_max = 4",
        "count",
        "4",
        "4-9",
    ),
    ("transfer", ("rivals", ""), "status = 'planned'", "status", "planned", None),
    ("transfer", ("rivals", ""), f"destination_id = {of('zoo-b')}", "to", "zoo-b", None),
    ("animal", ("pip", ""), f"born_at_id = {of('zoo-d')}", "born_at", "zoo-d", None),
    ("participant", ("rivals", "participants/she"), "role = 'signed'", "role", "signed", None),
    # All that was claimed is dismissed or unknown.
    ("transfer_line", ("rivals", "lines/lynxes"), "count = '3', count_min = 3, count_max = 3", "count", "3", None),
]


@pytest.mark.parametrize(
    ("table", "place", "columns", "field", "held", "concluded"),
    CHANGED,
    ids=[f"{slug}-{field}-{held}" for _, (slug, _), _, field, held, _ in CHANGED],
)
def test_a_column_changed_past_its_claims_is_told_with_what_it_holds_and_what_they_conclude(
    stored: Connection,
    table: str,
    place: tuple[str, str],
    columns: str,
    field: str,
    held: str | None,
    concluded: str | None,
) -> None:
    slug, part = place
    change(stored, table, slug, part, columns)
    assert drifts(stored) == [(slug, part, field, held, concluded)]


@pytest.mark.parametrize(
    ("table", "place", "columns", "field"),
    [
        ("transfer", ("plain", ""), "date_latest = '2010-06-30'", "date"),
        ("transfer", ("plain", ""), "date_earliest = NULL", "date"),
        ("transfer", ("rivals", ""), "until_latest = NULL", "until"),
        ("transfer", ("rivals", ""), "date_earliest = '2012-06-01'", "date"),
        ("animal", ("pip", ""), "count_max = NULL", "count"),
        ("transfer_line", ("rivals", "lines/otters"), "count_max = 8", "count"),
        ("transfer_line", ("plain", "lines/otters"), "males = 2, females = 1", "count"),
        ("transfer_line", ("plain", "lines/otters"), "males = NULL, females = NULL, unsexed = NULL", "count"),
        ("transfer_line", ("rivals", "lines/stoats"), "unsexed = 3", "count"),
        ("transfer_line", ("rivals", "lines/otters"), "males = 4, females = 0, unsexed = 0", "count"),
    ],
    ids=str,
)
def test_bounds_or_sexes_that_are_not_those_of_the_text_are_told(
    stored: Connection, table: str, place: tuple[str, str], columns: str, field: str
) -> None:
    change(stored, table, *place, columns)
    assert [one[:3] for one in drifts(stored)] == [(*place, field)]


def test_a_kind_that_has_drifted_is_told_once_and_what_it_passes_when_that_has_too(stored: Connection) -> None:
    change(stored, "transfer", "plain", "", "kind = 'loan'")
    assert drifts(stored) == [("plain", "", "kind", "loan", "gift")]
    change(stored, "transfer", "plain", "", "passes_title = FALSE")
    assert drifts(stored) == [("plain", "", "kind", "loan", "gift"), ("plain", "", "title", "no", "yes")]


def test_what_nobody_claims_has_nothing_to_drift_from(stored: Connection) -> None:
    change(stored, "transfer", "denied", "", f"origin_id = {of('zoo-c')}, status = 'planned'")
    change(stored, "institution", "zoo-b", "", "kind = 'park'")
    change(stored, "animal", "pip", "", "taxon_id = NULL")
    assert drifts(stored) == []


def test_every_drift_is_told_by_record_part_and_field(stored: Connection) -> None:
    change(stored, "transfer", "rivals", "", f"{no_date('until')}, {no_date('date')}")
    change(stored, "transfer_line", "plain", "lines/skins", "term = 'BOD'")
    change(stored, "animal", "pip", "", "sex = NULL")
    assert drifts(stored) == [
        ("pip", "", "sex", None, "female"),
        ("plain", "lines/skins", "term", "BOD", "SKI"),
        ("rivals", "", "date", None, "2012"),
        ("rivals", "", "until", None, "[2015-03..2015-06]"),
    ]


# -- laws ----------------------------------------------------------------------------------------------

Rivals = list[tuple[str, str]]
"""Values, each with what the file says of it beside its source."""

treatments = st.sampled_from(["", "", "", ", dismissed: misread", ", against: [against]", ", certainty: possible"])


def rivals_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[Rivals]:
    return st.lists(st.tuples(values, treatments), max_size=4, unique_by=lambda one: one[0])


numbers = st.integers(0, 12)
counts = st.one_of(
    numbers.map(str),
    numbers.map(lambda n: f">{n}"),
    numbers.map(lambda n: f"<={n}"),
    numbers.map(lambda n: f"~{n}"),
    numbers.map(lambda n: f"{n}+"),
    st.tuples(numbers, numbers).map(lambda pair: f"{min(pair)}-{max(pair)}"),
    st.tuples(numbers, numbers, numbers).map(lambda sexes: "{}.{}.{}".format(*sexes)),
    st.sampled_from(["several", "?"]),
)
days = st.integers(10, 20).map(lambda n: f"2024-11-{n}")
dates = st.one_of(
    days,
    days.map(lambda one: f"{one}~"),
    days.map(lambda one: f"../{one}"),
    days.map(lambda one: f"{one}/.."),
    st.tuples(days, days).map(lambda pair: f"{min(pair)}/{max(pair)}"),
    st.sampled_from(["2024", "2024-11", "2023", "195X", "2024-21", "?"]),
)
kinds = st.sampled_from(["gift", "sale", "loan", "return", "ownership_transfer", "?"])
houses = st.sampled_from(["zoo-a", "zoo-b", "zoo-c", "?"])


@st.composite
def stated(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    """Draw what a file says of a field: nothing, a plain value, or rivals, dismissed, settled or left open."""
    rivals = draw(rivals_of(values))
    if not rivals:
        return ""
    claims = [f"{{value: '{value}', source: s{number}{more}}}" for number, (value, more) in enumerate(rivals)]
    live = [value for value, more in rivals if "dismissed" not in more]
    settled = draw(st.sampled_from(["", "", "open", *live]))
    reason = f", settled: '{settled}', because: seen" if settled else ""
    return f"{{claims: [{', '.join(claims)}]{reason}}}"


@st.composite
def transfers(draw: st.DrawFn) -> str:
    said = {
        name: draw(stated(values))
        for name, values in (("kind", kinds), ("from", houses), ("date", dates), ("until", dates))
    }
    said = {name: text_ for name, text_ in said.items() if text_}
    lines = [draw(stated(counts)) for _ in range(draw(st.integers(0, 2)))]
    rows = [f"{name}: {text_}" for name, text_ in said.items()]
    rows.append(draw(st.sampled_from(["", "passes: unstated", "passes: [custody]", "passes: {title: true}"])))
    if lines:
        rows.append("lines:")
        rows += [f"  l{at}: {{taxon: otter{', count: ' + one if one else ''}}}" for at, one in enumerate(lines)]
    return "\n".join(["sources: [s0]", *(row for row in rows if row), ""])


@pytest.fixture(scope="module")
def reload(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], list[Drift]]:
    """Load a transfer into an empty database and return what has drifted; then take it back."""
    engines = {name: database.engine_of(servers.fresh(name)).execution_options(compiled_cache={}) for name in ENGINES}
    folder = tmp_path_factory.mktemp("laws")
    sources = "".join(f"s{number}: {{kind: news}}\n" for number in range(4)) + "against: {kind: news}\n"
    zoos = "".join(f"{slug}: {{kind: zoo, sources: [s0]}}\n" for slug in ("zoo-a", "zoo-b", "zoo-c"))
    files = {"taxa.yaml": "otter: {rank: species}\n", "sources.yaml": sources, "institutions.yaml": zoos}

    def ask(engine: str, transfer: str) -> list[Drift]:
        write(folder, {**files, "transfers/move.yaml": transfer})
        with engines[engine].connect() as connection, connection.begin() as transaction:
            put(connection, folder)
            found = drifts(connection)
            transaction.rollback()
        return found

    return ask


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=25, deadline=None)
@given(transfer=transfers())
def test_nothing_has_drifted_after_a_load_whatever_the_rivals(
    reload: Callable[[str, str], list[Drift]], engine: str, transfer: str
) -> None:
    assert reload(engine, transfer) == []
