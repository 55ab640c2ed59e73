"""What data may do to a terminal and to a spreadsheet: nothing, through whatever command, format or message."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import URL, text

from conftest import ENGINES, Servers, WriteSeeds, load, zoo
from zoo_provenance import database
from zoo_provenance.rendering.documents import FORMATS, Document, Table, render

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://example.org\x1b\\link",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\x7f\x08\x08",
    "\r\x1b[Kgone",
    "\u202eright to left\u202c",
    "\u2066isolate\u2069",
    "\u200e\u200f\u061c",
    "\ufeff\u2028\u2029",
    "\U000e0041\U000e007f",
)
"""Colours, titles, links, C1 controls, DEL, a line that is overwritten, overrides, isolates, marks, separators, tags."""

EVERYTHING = "a" + "".join(HOSTILE) + "z"


def escaped(value: str) -> str:
    """Return a text as YAML escapes it."""
    return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'


SAID = escaped(EVERYTHING)
CITED = f"{{value: {SAID}, source: agency, at: {escaped(EVERYTHING[:90])}, quote: {SAID}, note: {SAID}}}"
RIVALS = f"{{claims: [{CITED}, {{value: B, source: ministry}}], settled: B, because: {SAID}}}"
STEERING = {
    "dataset.yaml": f"name: {escaped(EVERYTHING[:90])}\ntitle: {SAID}\ndescription: {SAID}\n",
    "sources.yaml": f"agency: {{kind: agency, title: {SAID}, publisher: {SAID}}}\nministry: {{kind: official}}\n",
    "institutions.yaml": f"""\
alder: {{names: [{CITED}], city: {RIVALS}, notes: {SAID}, statements: {{known: {CITED}}}}}
birch: {{names: [{CITED}], kind: zoo, sources: [agency]}}
""",
    "people.yaml": f"keeper: {{names: [{CITED}]}}\n",
    "taxa.yaml": f"felis: {{names: [{CITED}], scientific_name: {CITED}}}\n",
    "animals.yaml": f"""\
leo: {{names: [{CITED}], taxon: felis, sources: [agency], notes: {SAID}, ids: {{gan: {CITED}}},
  searched: [{{field: born, source: agency, note: {SAID}}}]}}
lea: {{names: [{CITED}], taxon: felis, dam: leo, sources: [agency]}}
""",
    "transfers/gift.yaml": f"""\
kind: gift
names: [{CITED}]
from: alder
to: birch
date: 2024
sources: [agency]
transport: {RIVALS}
lines: {{cats: {{taxon: felis, count: 2, animals: [leo], notes: {SAID}}}}}
participants: {{one: {{who: keeper, role: giver, as: {CITED}}}}}
statements: {{payment: {CITED}}}
notes: {SAID}
""",
}


@pytest.fixture(scope="module", params=ENGINES)
def steered(request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> URL:
    """A database whose every free text holds everything that could steer a terminal; only read it."""
    folder = tmp_path_factory.mktemp("steering")
    for path, content in STEERING.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    url = servers.fresh(request.param)
    assert load(url, folder).problems == ()
    return url


QUESTIONS = (
    ("trace", "leo"),
    ("trace", "lea"),
    ("arrivals",),
    ("arrivals", "gift"),
    ("donors",),
    ("donors", "alder"),
    ("evidence", "alder"),
    ("evidence", "gift"),
    ("evidence", "leo"),
    ("conflicts", "--all"),
    ("gaps",),
    ("check",),
    ("show", "alder"),
    ("show", "leo"),
    ("show", "gift"),
    ("find", "red"),
    *(("list", kind) for kind in ("animals", "institutions", "people", "sources", "taxa", "transfers")),
)


def steers(printed: str, *, separators: str = "\n") -> list[str]:
    """Return the characters that steer a terminal, or are not seen on one."""
    return sorted({ascii(c) for c in printed if not (c.isprintable() or c in separators)})


def test_no_answer_in_any_format_steers_a_terminal(steered: URL) -> None:
    for question in QUESTIONS:
        for form in FORMATS:
            result = zoo(*question, "-f", form, db=steered)
            assert result.exit_code in {0, 3}, (question, form, result.stderr, result.exception)
            assert result.stdout or form == "jsonl"
            allowed = {"plain": "\n\t", "csv": "\n\r"}.get(form, "\n")
            assert steers(result.stdout, separators=allowed) == [], (question, form)
            assert steers(result.stderr) == [], (question, form)


def test_json_keeps_exactly_what_was_said(steered: URL) -> None:
    shown = json.loads(zoo("show", "leo", "-f", "json", db=steered).stdout)["record"]
    assert shown["label"] == EVERYTHING
    assert {one["value"] for one in shown["names"]} == {EVERYTHING}
    lines = zoo("list", "institutions", "-f", "jsonl", db=steered).stdout.splitlines()
    assert {json.loads(line)["label"] for line in lines} == {EVERYTHING}


def test_a_file_steers_no_terminal_either(steered: URL, tmp_path: Path) -> None:
    for suffix in ("txt", "tsv", "csv", "json", "jsonl", "md"):
        target = tmp_path / f"out.{suffix}"
        assert zoo("show", "leo", "-o", target, db=steered).exit_code == 0
        assert steers(target.read_bytes().decode(), separators="\n\r\t") == []


def test_an_ambiguous_name_lists_labels_that_steer_nothing(steered: URL) -> None:
    result = zoo("show", EVERYTHING, db=steered)
    assert result.exit_code == 4
    assert len(result.stderr.splitlines()) == 1 + 7
    assert steers(result.output) == []


ECHOED = (
    ("show", "{}"),
    ("trace", "{}"),
    ("evidence", "alder", "{}"),
    ("evidence", "{}"),
    ("find", "{}"),
    ("list", "{}"),
    ("list", "animals", "--at", "{}"),
    ("arrivals", "--since", "{}"),
    ("arrivals", "--to", "{}"),
    ("donors", "{}"),
    ("donors", "--kind", "{}"),
    ("gaps", "{}"),
    ("waive", "{}", "leo", "--because", "{}"),
    ("waive", "animal-without-sex", "{}", "--because", "x"),
    ("load", "{}"),
    ("db", "upgrade", "{}"),
    ("db", "{}"),
    ("{}",),
    ("--{}",),
    ("show", "leo", "--format", "{}"),
    ("show", "leo", "-o", "/nowhere/{}"),
    ("show", "leo", "--{}"),
    ("export", "parquet", "/dev/null/{}"),
    ("load", "--problems", "/nowhere/{}"),
    ("--db", "{}", "show", "leo"),
    ("--db", "parquet:{}", "show", "leo"),
    ("--db", "{}://x", "show", "leo"),
)


@pytest.mark.parametrize("command", ECHOED, ids=" ".join)
def test_what_is_typed_is_never_echoed_to_steer_a_terminal(steered: URL, command: tuple[str, ...]) -> None:
    for typed in ("x\x1b[31m\x9b1m\x07\x7f\u202e\u2066x", "x\udc9b31m\udcff"):
        given = [word.format(typed) for word in command]
        result = zoo(*given, db=None if given[0] == "--db" else steered)
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code in {1, 2, 4}, result.output
        assert steers(result.output, separators="\n\t") == []


@pytest.mark.parametrize("typed", ["x\x1b[31m\x9b1m\u202e", "x\udc9b31m\udcff", "x%00y", "%ff%1b"])
def test_an_address_of_any_bytes_is_told_harmlessly(servers: Servers, typed: str) -> None:
    for address in (f"postgresql://{typed}@/x?host=/nowhere", f"postgresql://localhost:1/{typed}"):
        servers.shared("postgresql")
        result = zoo("show", "leo", db=address)
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert (result.exit_code, steers(result.output)) == (1, []), result.output


def test_settings_and_their_path_steer_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a\x1b[31m\u202eb"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ZOOPROV_DB", raising=False)
    for content in (
        'db = "a\\u001b[31m\\u009b\\u202e.db"',
        "db = 1",
        'db = "\\u0000"',
        "x\x1b[31m",
        'db = "\\u202e://"',
    ):
        (folder / "zooprov.toml").write_text(content, encoding="utf-8")
        result = zoo("list", "animals")
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert (result.exit_code, steers(result.output)) == (1, []), result.output
        assert len(result.stderr.splitlines()) == 1


def test_a_path_of_any_bytes_is_made_and_told_as_it_is(tmp_path: Path, seeds: WriteSeeds) -> None:
    name = f"{tmp_path}/\udcff\x1b[31m.db"
    result = zoo("load", seeds({"taxa.yaml": "felis: {}\n"}), db=name)
    assert (result.exit_code, steers(result.output, separators="\n\t")) == (0, []), result.output
    told = zoo("db", "path", db=name)
    assert told.stdout_bytes == name.encode("utf-8", "surrogateescape") + b"\n"
    for command in (("list", "taxa"), ("db", "check"), ("db", "current"), ("db", "backup", f"{tmp_path}/copy\x1b[31m")):
        result = zoo(*command, db=name)
        assert (result.exit_code, steers(result.output, separators="\n\t")) == (0, []), result.output


def test_drift_is_told_without_steering_a_terminal(own_packaged: URL) -> None:
    with database.engine_of(own_packaged).begin() as connection:
        connection.execute(text("UPDATE institution SET city = :city"), {"city": "\x1b[31m\u202e"})
    result = zoo("db", "check", db=own_packaged)
    assert result.exit_code in {0, 3}
    assert steers(result.output) == []


def test_a_problem_shows_the_writers_own_line_harmlessly(url: URL, seeds: WriteSeeds) -> None:
    for number, hostile in enumerate(HOSTILE):
        result = zoo("load", seeds({"taxa.yaml": f"felis: {{rank: '{hostile}'}}\n"}), db=url)
        assert (result.exit_code, steers(result.stderr)) == (1, []), number
        said = escaped(hostile)
        result = zoo("load", seeds({"taxa.yaml": f"felis: {{rank: {said}, {said}: {said}}}\n"}), db=url)
        assert (result.exit_code, steers(result.stderr)) == (1, []), number


# -- spreadsheets ----------------------------------------------------------------------------------------

FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://example.org")',
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "\N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}x",
    "\u3000=1",
)


def cells_of(result: Result) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(result.stdout, newline="")) for cell in row]


def test_no_value_is_a_formula_in_a_spreadsheet(url: URL, seeds: WriteSeeds) -> None:
    written = {f"zoo-{n}": {"names": [value], "city": value, "unsourced": "true"} for n, value in enumerate(FORMULAS)}
    assert load(url, seeds({"institutions.yaml": json.dumps(written)})).problems == ()
    for command in (("list", "institutions"), ("find", "zoo"), *(("show", name) for name in written)):
        cells = cells_of(zoo(*command, "-f", "csv", db=url))
        assert cells
        assert not [cell for cell in cells if runs(cell)]
    shown = cells_of(zoo("show", "zoo-0", "-f", "csv", db=url))
    assert "'=1+1" in shown


def runs(cell: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula: by its first character, blanks and tabs not counted."""
    return cell.strip()[:1] in set("=+-@＝＋－＠")


@given(st.text())
@example("=1+1")
@example("\u00a0=1")
@example("\ufeff=1")
def test_whatever_a_cell_holds_it_is_no_formula_and_reads_back(value: str) -> None:
    table = Table(("a",), [[value]])
    printed = "".join(render(Document("zooprov/x/1", {}, None, table), "csv"))
    (_, (cell,)) = csv.reader(io.StringIO(printed, newline=""))
    assert not runs(cell)


@pytest.mark.parametrize(
    "value", [">70", "70+", "~70", "<100", "10-12", "2024-11~", "../2024", "1.2.0", "?", "O'Brien"]
)
def test_ordinary_values_stay_as_they_are_in_csv(value: str) -> None:
    printed = "".join(render(Document("zooprov/x/1", {}, None, Table(("a",), [[value]])), "csv"))
    assert printed == f"a\r\n{value}\r\n"
