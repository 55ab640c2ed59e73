"""The command line as people script against it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from conftest import Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import __version__, database

FORMATS = ("table", "plain", "json", "jsonl", "csv", "md")
QUESTIONS = (
    ("trace", "rangnim-32"),
    ("trace", "2024-11-moscow-zoo-gift/lion"),
    ("arrivals", "2024-11-moscow-zoo-gift"),
    ("arrivals", "--to", "korea-central-zoo"),
    ("donors", "--to", "korea-central-zoo"),
    ("donors", "--to", "korea-central-zoo", "--by", "giver"),
    ("evidence", "korea-central-zoo"),
    ("evidence", "2024-11-moscow-zoo-gift"),
    ("evidence", "2024-11-moscow-zoo-gift/pheasants", "count"),
    ("donors", "moscow-zoo"),
    ("donors", "vladimir-putin", "--by", "giver"),
    ("conflicts",),
    ("conflicts", "--all"),
    ("conflicts", "2024-11-moscow-zoo-gift/lion", "--all"),
    ("gaps",),
    ("gaps", "gomi"),
    ("gaps", "--taxon", "panthera-leo", "--at", "korea-central-zoo"),
    ("show", "moscow-zoo"),
    ("show", "2024-11-moscow-zoo-gift"),
    ("show", "panthera-leo"),
    ("find", "동물원"),
    ("list", "animals"),
    ("list", "animals", "--at", "korea-central-zoo"),
    ("list", "institutions"),
    ("list", "people"),
    ("list", "taxa"),
    ("list", "sources"),
    ("list", "transfers"),
)


def ask(db: URL, *arguments: str) -> Any:
    result = zoo(*arguments, "-f", "json", db=db)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
@pytest.mark.parametrize("form", FORMATS)
def test_the_same_question_prints_the_same_bytes_from_both_engines(
    servers: Servers, question: tuple[str, ...], form: str
) -> None:
    printed = [zoo(*question, "-f", form, db=servers.shared(engine)) for engine in ("sqlite", "postgresql")]
    assert [result.exit_code for result in printed] == [0, 0], printed[0].stderr + printed[1].stderr
    assert printed[0].stdout_bytes == printed[1].stdout_bytes
    assert printed[0].stdout_bytes


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_json_is_one_envelope_that_names_its_schema(packaged: URL, question: tuple[str, ...]) -> None:
    assert ask(packaged, *question)["schema"] == f"zooprov/{question[0]}/1"


def test_a_trace_has_the_promised_fields(packaged: URL) -> None:
    found = ask(packaged, "trace", "euttum-cubs-2009")
    assert {"slug", "label", "taxon", "sex", "born", "died"} <= found["animal"].keys()
    assert {
        "kind", "date", "status", "from", "to", "transfer", "custody", "title", "holder", "owner", "participants",
        "sources", "origins", "disputed",
    } <= found["steps"][0].keys()  # fmt: skip
    assert {"after", "before", "since", "until", "examined", "sources"} <= found["gaps"][0].keys()
    assert {"slug", "label", "role", "generation", "share", "origin"} <= found["ancestors"][0].keys()
    assert found["steps"][0]["date"].keys() == {"edtf", "earliest", "latest"}


def test_arrivals_have_the_promised_fields(packaged: URL) -> None:
    found = ask(packaged, "arrivals", "2024-11-moscow-zoo-gift")["transfers"][0]
    assert {
        "slug", "label", "date", "kind", "status", "custody", "title", "from", "to", "participants", "lines", "sum",
        "stated",
    } <= found.keys()  # fmt: skip
    assert {"key", "taxon", "term", "count", "animals", "disputed", "origins"} <= found["lines"][0].keys()
    assert found["lines"][0]["count"].keys() == {"text", "min", "max"}
    assert {"count", "sources", "verdict"} <= found["stated"][0].keys()
    assert {"who", "role", "as"} <= found["participants"][0].keys()


def test_donors_have_the_promised_fields(packaged: URL) -> None:
    found = ask(packaged, "donors")["donors"][0]
    assert {
        "donor", "transfers", "unstated", "loans", "animals", "taxa", "first", "last", "lines", "cited_lines",
        "origins", "findings",
    } <= found.keys()  # fmt: skip
    assert found["donor"].keys() == {"slug", "label", "kind", "country"}
    assert found["animals"].keys() == {"min", "max"}


def test_evidence_has_the_promised_fields(packaged: URL) -> None:
    found = ask(packaged, "evidence", "2024-11-moscow-zoo-gift/pheasants", "count")
    assert found["record"].keys() == {"slug", "label", "kind"}
    field = found["fields"][0]
    assert {"field", "concluded", "verdict", "decided", "claims"} <= field.keys()
    assert field["decided"].keys() == {"value", "reason"}
    assert {"value", "during", "origins", "dismissed", "said"} <= field["claims"][0].keys()
    assert {"source", "stance", "at", "quote", "certainty", "own"} <= field["claims"][0]["said"][0].keys()


def test_lookups_have_the_promised_fields(packaged: URL) -> None:
    assert ask(packaged, "find", "Akulova")["matches"][0].keys() == {"slug", "label", "kind", "name", "language"}
    assert {"slug", "label"} <= ask(packaged, "list", "transfers")["transfers"][0].keys()
    assert ask(packaged, "show", "moscow-zoo")["record"]["slug"] == "moscow-zoo"


def test_jsonl_is_an_item_a_line(packaged: URL) -> None:
    lines = zoo("list", "animals", "-f", "jsonl", db=packaged).stdout.splitlines()
    assert [json.loads(line) for line in lines] == ask(packaged, "list", "animals")["animals"]


def test_csv_reads_back_and_cannot_run_as_a_formula(packaged: URL) -> None:
    text = zoo("list", "sources", "-f", "csv", db=packaged).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(ask(packaged, "list", "sources")["sources"])
    assert not any(cell[:1] in {"=", "+", "-", "@"} for row in rows for cell in row.values())


def test_plain_is_tab_separated_and_the_default_of_a_pipe(packaged: URL) -> None:
    piped = zoo("donors", db=packaged).stdout
    assert piped == zoo("donors", "-f", "plain", db=packaged).stdout
    assert len({line.count("\t") for line in piped.splitlines()}) == 1


@pytest.mark.parametrize(
    ("suffix", "form"), [("json", "json"), ("jsonl", "jsonl"), ("csv", "csv"), ("md", "md"), ("txt", "table")]
)
def test_a_file_picks_its_format_by_its_suffix(packaged: URL, tmp_path: Path, suffix: str, form: str) -> None:
    target = tmp_path / f"answer.{suffix}"
    result = zoo("donors", "-o", target, db=packaged)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert target.read_bytes() == zoo("donors", "-f", form, db=packaged).stdout_bytes


@pytest.mark.parametrize(
    "name",
    [
        "Korea Central Zoo",
        "조선중앙동물원",
        "중앙동물원",
        "Центральный зоопарк Пхеньяна",
        "朝鮮中央動物園",
        "chosŏn chungang tongmurwŏn",
        "pyongyang zoo",
    ],
)
def test_the_zoo_is_found_by_its_names_in_any_script(packaged: URL, name: str) -> None:
    if name.startswith("chos"):
        name = "Ch'osŏn Chung'ang Tongmulwŏn".upper()
    assert "korea-central-zoo" in [match["slug"] for match in ask(packaged, "find", name)["matches"]]
    assert ask(packaged, "show", name)["record"]["slug"] == "korea-central-zoo"


def test_a_thing_is_named_by_slug_identifier_or_name(packaged: URL) -> None:
    by_name = zoo("trace", "곰이", db=packaged).stdout
    assert by_name == zoo("trace", "gomi", db=packaged).stdout == zoo("trace", "GOMI", db=packaged).stdout
    assert ask(packaged, "show", "gbif:5219404")["record"]["slug"] == "panthera-leo"


def test_an_ambiguous_name_lists_all_and_picks_none(url: URL, seeds: WriteSeeds) -> None:
    folder = seeds(
        {
            "taxa.yaml": "leo: {names: [Leo]}\n",
            "animals.yaml": "leo-1: {taxon: leo, names: [Leo]}\nleo-2: {taxon: leo, names: [LEO]}\n",
        }
    )
    assert not load(url, folder).problems
    result = zoo("trace", "Leo", db=url)
    assert result.exit_code == 4
    assert "leo-1" in result.stderr
    assert "leo-2" in result.stderr
    assert result.stdout == ""
    # A slug comes before names, and only animals can be traced.
    assert zoo("show", "leo", db=url).exit_code == 0


@pytest.mark.parametrize("command", ["trace", "arrivals", "evidence", "show"])
def test_what_is_unknown_ends_with_4_and_the_nearest_names(packaged: URL, command: str) -> None:
    nearest = {"trace": ("rangnim-23", "rangnim-3"), "arrivals": ("2024-11-mosow-zoo-gift", "2024-11-moscow-zoo-gift")}
    typed, meant = nearest.get(command, ("mosow-zoo", "moscow-zoo"))
    result = zoo(command, typed, db=packaged)
    assert result.exit_code == 4
    assert meant in result.stderr
    assert result.stdout == ""


def test_nothing_found_says_so_and_ends_with_4(packaged: URL) -> None:
    result = zoo("find", "zzzzzz", "-f", "table", db=packaged)
    assert result.exit_code == 4
    assert "Nothing is called 'zzzzzz'." in result.stdout


def test_a_field_that_is_not_there_names_the_nearest(packaged: URL) -> None:
    result = zoo("evidence", "korea-central-zoo", "fonded", db=packaged)
    assert result.exit_code == 4
    assert "founded" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("traec", "x"),
        ("trace",),
        ("donors", "--kind", "present"),
        ("list", "plants"),
        ("list", "people", "--at", "moscow-zoo"),
        ("arrivals", "--since", "last year"),
        ("arrivals", "--since", "2025", "--until", "2024"),
        ("donors", "--format", "xml"),
    ],
)
def test_a_wrong_call_ends_with_2(packaged: URL, arguments: tuple[str, ...]) -> None:
    result = zoo(*arguments, db=packaged)
    assert result.exit_code == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_a_period_takes_what_may_fall_within_and_undated_only_when_asked(packaged: URL) -> None:
    def slugs(*options: str) -> set[str]:
        return {one["slug"] for one in ask(packaged, "arrivals", "--to", "korea-central-zoo", *options)["transfers"]}

    year = slugs("--since", "2024", "--until", "2024")
    assert year == {"2024-04-moscow-zoo-gift", "2024-11-moscow-zoo-gift"}
    assert slugs("--since", "2024-11-18") >= {"2024-11-moscow-zoo-gift"}
    assert "laos-elephant" not in year
    assert "laos-elephant" in slugs("--since", "2024", "--until", "2024", "--undated")


def test_arrivals_can_be_asked_by_sender_and_taxon(packaged: URL) -> None:
    sent = ask(packaged, "arrivals", "--from", "Moscow Zoo")["transfers"]
    assert {one["from"]["slug"] for one in sent} == {"moscow-zoo"}
    tigers = {one["slug"] for one in ask(packaged, "arrivals", "--taxon", "tiger")["transfers"]}
    assert "2004-06-choe-white-tigers" in tigers, "a white tiger is a tiger"
    assert "2024-11-moscow-zoo-gift" not in tigers


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("trace",),
        ("arrivals",),
        ("donors",),
        ("evidence",),
        ("load",),
        ("show",),
        ("find",),
        ("list",),
        ("demo",),
        ("db",),
        ("db", "upgrade"),
    ],
)
def test_every_command_has_help_with_its_exit_codes(command: tuple[str, ...]) -> None:
    result = zoo(*command, "--help")
    assert result.exit_code == 0
    if command[:1] != ("db",) or len(command) == 1:
        assert "xit codes" in result.stdout
    if command and command[0] in {"trace", "arrivals", "donors", "evidence", "load", "show", "find", "list"}:
        assert f"zooprov/{command[0]}/1" in result.stdout


def test_the_version_is_told() -> None:
    assert __version__ in zoo("--version").stdout


def test_the_demo_answers_each_question_and_leaves_nothing(tmp_path: Path) -> None:
    before = set(Path(os.environ.get("TMPDIR", "/tmp")).glob("zoo-provenance-*"))  # noqa: S108 - looks, does not write
    result = zoo("demo")
    assert result.exit_code == 0
    for expected in ("trace rangnim-32", "Sum of lines: 75", "donors --to korea-central-zoo", "zoo-provenance load"):
        assert expected in result.stdout
    assert set(Path(os.environ.get("TMPDIR", "/tmp")).glob("zoo-provenance-*")) == before  # noqa: S108


def test_the_database_is_the_options_else_the_variables_else_the_nearest_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    monkeypatch.delenv("ZOOPROV_DB", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert zoo("db", "path").stdout.strip().startswith(str(tmp_path / "data"))
    (tmp_path / "zooprov.toml").write_text('db = "zoo.db"\n')
    assert zoo("db", "path").stdout.strip() == str(tmp_path / "zoo.db")
    monkeypatch.setenv("ZOOPROV_DB", str(tmp_path / "variable.db"))
    assert zoo("db", "path").stdout.strip() == str(tmp_path / "variable.db")
    assert zoo("db", "path", db="option.db").stdout.strip() == str(below / "option.db")


def test_settings_that_cannot_be_read_are_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOOPROV_DB", raising=False)
    for content in ("db = ", "other = 1", "db = 3"):
        (tmp_path / "zooprov.toml").write_text(content)
        result = zoo("db", "path")
        assert result.exit_code == 1
        assert "zooprov.toml" in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_the_schema_can_be_looked_at_and_checked(own_packaged: URL) -> None:
    assert zoo("db", "current", db=own_packaged).stdout.strip() == database.REVISIONS[-1]
    checked = zoo("db", "check", db=own_packaged)
    assert (checked.exit_code, checked.stdout) == (0, "")
    assert zoo("db", "downgrade", "base", db=own_packaged).exit_code == 0
    assert zoo("db", "current", db=own_packaged).stdout.strip() == "base"
    behind = zoo("donors", db=own_packaged)
    assert behind.exit_code == 5
    assert "db upgrade" in behind.stderr
    assert zoo("load", db=own_packaged).exit_code == 5
    assert zoo("db", "upgrade", db=own_packaged).exit_code == 0
    assert zoo("donors", db=own_packaged).exit_code == 0


def test_a_backup_is_a_whole_database_and_never_overwrites(servers: Servers, tmp_path: Path) -> None:
    url = servers.shared("sqlite")
    target = tmp_path / "copy.db"
    assert zoo("db", "backup", target, db=url).exit_code == 0
    assert zoo("donors", db=str(target)).stdout == zoo("donors", db=url).stdout
    again = zoo("db", "backup", target, db=url)
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    assert zoo("db", "backup", tmp_path / "no" / "where.db", db=url).exit_code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db"]


def test_a_backup_of_postgresql_is_made_by_pg_dump_or_refused_in_a_line(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = servers.shared("postgresql")
    monkeypatch.setenv("PATH", str(tmp_path))
    result = zoo("db", "backup", tmp_path / "copy.dump", db=url)
    assert result.exit_code == 1
    assert "pg_dump" in result.stderr
    assert list(tmp_path.iterdir()) == []


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "zoo_provenance", *arguments], capture_output=True, check=False, **options
    )


def test_the_program_runs_as_a_module() -> None:
    assert __version__.encode() in run("--version").stdout


def test_no_colour_where_none_is_wanted(packaged: URL, tmp_path: Path) -> None:
    for extra in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        result = run(
            "trace", "nobody", "--db", packaged.render_as_string(hide_password=False), env={**os.environ, **extra}
        )
        assert result.returncode == 4
        assert b"\x1b[" not in result.stderr + result.stdout


def test_a_terminal_without_the_script_is_no_reason_to_fail(packaged: URL) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = run("find", "동물원", "--db", packaged.render_as_string(hide_password=False), env=environment)
    assert result.returncode == 0, result.stderr
    assert b"korea-central-zoo" in result.stdout


def test_a_password_is_never_printed(tmp_path: Path) -> None:
    result = zoo("donors", db="postgresql://keeper:secret@localhost:1/zoo")
    assert result.exit_code == 1
    assert "secret" not in result.stderr + result.stdout
    assert len(result.stderr.splitlines()) == 1


def test_reading_writes_nothing(servers: Servers) -> None:
    url = servers.packaged("sqlite")
    assert name_of(url) == "sqlite"
    path = Path(str(url.database))
    before = path.read_bytes()
    for question in QUESTIONS:
        assert zoo(*question, db=url).exit_code == 0
    assert path.read_bytes() == before
