"""Hostile files: whatever is put before `load` is read or told in time and in bounded memory, and leads nowhere else."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from conftest import Servers, WriteSeeds, load, reachable, zoo
from test_bad_input import contents
from zoo_provenance import dates
from zoo_provenance.errors import Unreadable
from zoo_provenance.loading import yaml_reader
from zoo_provenance.loading.bulk import reading
from zoo_provenance.loading.opening import opened
from zoo_provenance.loading.problems import File

GIB = 1 << 30
MEMORY = 400 << 20
SECONDS = 240

_MEASURED = """
import resource, sys
from pathlib import Path
from zoo_provenance.cli import main
try:
    main(sys.argv[1:])
finally:
    status = Path("/proc/self/status")
    if status.exists():  # what resource tells begins with the memory of the process that started this one
        peak = int(status.read_text().partition("VmHWM:")[2].split()[0])
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak, file=sys.stderr)
"""


@pytest.fixture
def told(servers: Servers, tmp_path: Path) -> Callable[..., str]:
    """Loads a path in a process of its own, in time and in bounded memory; returns what is told, nothing being written.

    What is too large is told before any engine is asked, so that one engine will do.
    """
    url = servers.fresh("sqlite")

    def run(*paths: Path) -> str:
        before = contents(url)
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                _MEASURED,
                "--db",
                url.render_as_string(hide_password=False),
                "load",
                *map(str, paths),
            ],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        *lines, peak = done.stderr.splitlines()
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        assert int(peak) * 1024 < MEMORY, f"{int(peak) >> 10} MiB"
        assert lines[-1].endswith("Nothing was written.")
        assert contents(url) == before
        return "\n".join(lines[:-1]).replace(f"{tmp_path}/", "")

    return run


@pytest.fixture
def refused(url: URL) -> Callable[[Path], str]:
    """Loads a folder that is told of; returns what is told, the database being as it was."""

    def run(folder: Path) -> str:
        before = contents(url)
        result = zoo("load", folder, db=url)
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code == 1, result.output
        assert result.stderr.endswith("Nothing was written.\n")
        assert result.stderr.replace("\n", "").isprintable()
        assert contents(url) == before
        return str(result.stderr)

    return run


def folder_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def lengthened(path: Path, size: int) -> None:
    """Give a file a tail of null bytes, which takes no room on the disk."""
    with path.open("ab") as file:
        file.truncate(size)


# -- size ----------------------------------------------------------------------------------------------


def test_a_gigabyte_of_yaml_is_told_unread(told: Callable[..., str], tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n", "taxa.yaml": b"felis: "})
    lengthened(folder / "taxa.yaml", GIB)
    assert told(folder) == "set/taxa.yaml: is larger than 16 MiB; split it"


@pytest.mark.parametrize(("name", "start"), [("taxa.csv", b"slug,name\nfelis,"), ("taxa.jsonl", b'{"slug": "')])
def test_a_line_of_a_gigabyte_in_a_table_is_told(
    told: Callable[..., str], tmp_path: Path, name: str, start: bytes
) -> None:
    folder = folder_of(tmp_path, {name: start})
    lengthened(folder / name, GIB)
    said = told(folder)
    assert said.startswith(f"set/{name}:")
    assert "is longer than 1,048,576 bytes" in said


@pytest.mark.parametrize("name", ["taxa.csv.gz", "taxa.jsonl.gz", "taxa.csv"])
def test_a_packed_line_of_a_gigabyte_is_told(told: Callable[..., str], tmp_path: Path, name: str) -> None:
    head = b"slug,name\nfelis," if "csv" in name else b'{"slug": "'
    folder = folder_of(tmp_path, {name: gzip.compress(head) + gzip.compress(bytes(64 << 20), 1) * 16})
    assert (folder / name).stat().st_size < 8 << 20
    assert "is longer than 1,048,576 bytes" in told(folder)


def test_a_packed_table_that_unpacks_to_more_than_any_does_is_told(told: Callable[..., str], tmp_path: Path) -> None:
    rows = b"".join(b"felis-%d,%s\n" % (number, b"x" * 3900) for number in range(1000))
    packed = gzip.compress(rows, 9)
    assert len(rows) > reading.MOST_PACKED * len(packed)
    folder = folder_of(tmp_path, {"taxa.csv.gz": gzip.compress(b"slug,notes\n") + packed * (GIB // len(rows))})
    assert told(folder).splitlines()[0] == (
        "set/taxa.csv.gz: unpacks to more than 200 times its size, as no table does; unpack it, and look at it"
    )


def test_a_row_without_an_end_is_told(told: Callable[..., str], tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"taxa.csv": b"slug,name\n" + b'"a\n",' * (16 << 20)})
    assert "a line or row is longer than 1,048,576 bytes" in told(folder)


@pytest.mark.parametrize("name", ["taxa.csv", "taxa.jsonl"])
def test_many_lines_of_almost_a_megabyte_are_not_held_at_once(
    told: Callable[..., str], tmp_path: Path, name: str
) -> None:
    cells = [b"x" * 100_000] * 9
    line = b"a," + b",".join(cells) if name == "taxa.csv" else b'{"slug": "a", "notes": "' + b"".join(cells) + b'"}'
    folder = folder_of(tmp_path, {name: b"slug,notes\n" * (name == "taxa.csv") + (line + b"\n") * 450})
    assert told(folder).splitlines()[0].startswith(f"set/{name}:")


def test_more_values_than_a_file_may_hold_are_told_where_there_are_too_many(
    told: Callable[..., str], tmp_path: Path
) -> None:
    text = b"felis: {names: [" + b"a," * (1 << 20) + b"]}\n"
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n", "taxa.yaml": text})
    assert "holds more than 500,000 values and keys; split the file here" in told(folder)


def test_a_separator_anywhere_does_not_make_places_dear() -> None:
    lines = "".join(f"k{number}: {{x: y}}\n" for number in range(20_000))

    def seconds(first: str) -> float:
        start = time.process_time()
        _, problems = yaml_reader.read_yaml(File("taxa.yaml", f"one: '{first}'\n{lines}"))
        assert problems == []
        return time.process_time() - start

    assert seconds("\u2028") < 4 * seconds("-") + 1


def test_a_line_of_megabytes_with_many_problems_is_told_in_time(told: Callable[..., str], tmp_path: Path) -> None:
    text = "{" + ", ".join(f"{{k{number}: v}}: v" for number in range(40_000)) + ", a: '" + "x" * (12 << 20) + "'}\n"
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n", "taxa.yaml": text.encode()})
    assert max(map(len, told(folder).splitlines())) < 400


# -- numbers of things -----------------------------------------------------------------------------------


def test_a_hundred_thousand_unknown_keys_are_told_in_time(told: Callable[..., str], tmp_path: Path) -> None:
    text = "felis:\n" + "".join(f"  k{number}: v\n" for number in range(100_000))
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n", "taxa.yaml": text.encode()})
    said = told(folder).splitlines()
    assert "unknown key 'k0'" in said[0]
    assert said[-1] == "… and 99950 more of kind 'unknown-key'"


def test_a_key_that_stands_a_hundred_thousand_times_is_told_each_time(told: Callable[..., str], tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n", "taxa.yaml": b"felis: {rank: genus}\n" * 100_000})
    said = told(folder).splitlines()
    assert said[0] == "set/taxa.yaml:2:1: 'felis' stands here a second time; the first is on line 1"
    assert said[-1] == "… and 99949 more of kind 'duplicate'"


def test_a_header_of_a_hundred_thousand_columns_is_told_once(told: Callable[..., str], tmp_path: Path) -> None:
    names = ",".join(f"c{number}" for number in range(100_000)) + ",c99999"
    folder = folder_of(tmp_path, {"taxa.csv": f"slug,{names}\n".encode()})
    assert told(folder) == "set/taxa.csv:1: the header has 100,002 columns; a table has 200 at most"


def test_an_object_of_a_hundred_thousand_unknown_names_is_told_briefly(
    told: Callable[..., str], tmp_path: Path
) -> None:
    names = ", ".join(f'"c{number}": 1' for number in range(60_000))
    folder = folder_of(tmp_path, {"taxa.jsonl": (f'{{"slug": "a", {names}}}\n' * 5).encode()})
    said = told(folder).splitlines()
    assert len(said) == 50 + 1
    assert said[10] == "set/taxa.jsonl:1: 59,990 more unknown columns"


def test_a_name_that_stands_twice_among_a_hundred_thousand_is_found_in_time(
    told: Callable[..., str], tmp_path: Path
) -> None:
    names = ", ".join(f'"c{number}": 1' for number in range(60_000))
    folder = folder_of(tmp_path, {"taxa.jsonl": f'{{{names}, "c59999": 2}}\n'.encode()})
    assert "'c59999' stands twice in this object" in told(folder)


def test_objects_of_ever_new_identifiers_do_not_make_a_table_of_them_all(
    told: Callable[..., str], tmp_path: Path
) -> None:
    rows = "".join(json.dumps({"slug": f"a{n}", f"id.x{n}": "1"}) + "\n" for n in range(10_000))
    folder = folder_of(tmp_path, {"taxa.jsonl": rows.encode()})
    assert "the objects have 10,001 names; a table has 200 at most" in told(folder)


def test_unknown_references_by_the_ten_thousand_are_told_in_time(told: Callable[..., str], tmp_path: Path) -> None:
    taxa = "".join(f"taxon-{n}: {{parent: taxom-{n}}}\n" for n in range(10_000))
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\nunsourced: true\n", "taxa.yaml": taxa.encode()})
    said = told(folder).splitlines()
    assert said[0] == "set/taxa.yaml:1:19: no taxon 'taxom-0'"


# -- what numbers and words may be ------------------------------------------------------------------------

DIGITS = "9" * 1000
HUGE_CASES = {
    "count": f"{{taxon: felis, count: {DIGITS}}}",
    "range": f"{{taxon: felis, count: 1-{DIGITS}}}",
    "sexes": f"{{taxon: felis, count: {DIGITS}.0.0}}",
}


@pytest.mark.parametrize("line", HUGE_CASES.values(), ids=HUGE_CASES)
def test_a_number_of_a_thousand_digits_is_told(refused: Callable[[Path], str], seeds: WriteSeeds, line: str) -> None:
    folder = seeds({"taxa.yaml": "felis: {}\n", "transfers/one.yaml": f"unsourced: true\nlines: {{a: {line}}}\n"})
    said = refused(folder)
    assert "is not a count" in said
    assert len(said) < 800


@pytest.mark.parametrize(
    "date",
    ["1000000000", "Y1000000000", "-1000000000", "10000-01-01", "1000000000-01-01", "Y1E9", "Y-1E9S3", "9" * 1000],
)
def test_a_date_in_the_year_of_a_thousand_million_is_told(
    refused: Callable[[Path], str], seeds: WriteSeeds, date: str
) -> None:
    said = refused(seeds({"institutions.yaml": f"cedar-zoo: {{founded: '{date}', unsourced: true}}\n"}))
    assert "institutions.yaml:1:" in said
    assert "date" in said or "years 0001 to 9999" in said or "longer than" in said


def test_a_date_of_a_million_members_is_told_at_once() -> None:
    start = time.process_time()
    with pytest.raises(Unreadable, match="longer than 200 characters"):
        dates.parse_date("[" + ",".join(["19XX-?1"] * 1_000_000) + "]")
    assert time.process_time() - start < 1


@pytest.mark.parametrize("number", [DIGITS * 100, "1e" + DIGITS, "0." + "0" * 100_000 + "x", "-1", "nan", "inf", "٣"])
def test_a_probability_that_is_none_is_told_in_time(url: URL, tmp_path: Path, number: str) -> None:
    folder = folder_of(
        tmp_path,
        {
            "dataset.yaml": b"name: set\nunsourced: true\n",
            "animals.csv": b"slug\nleo\nlea\n",
            "descent.csv": f"child,parent,role,probability\nlea,leo,sire,{number}\n".encode(),
        },
    )
    start = time.process_time()
    (problem,) = load(url, folder).problems
    assert (problem.field, problem.code) == ("probability", "unreadable")
    assert time.process_time() - start < 10


@pytest.mark.parametrize("number", [DIGITS, "1e999999999", "-0", "NaN", "-Infinity", "1.0e+5"])
def test_a_number_in_json_is_never_computed(url: URL, tmp_path: Path, number: str) -> None:
    row = f'{{"transfer": "one", "key": "a", "taxon": "felis", "count": {number}}}\n'.encode()
    files = {"taxa.csv": b"slug\nfelis\n", "transfers.csv": b"slug\none\n", "lines.jsonl": row}
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\nunsourced: true\n", **files})
    (problem,) = load(url, folder).problems
    assert (problem.field, problem.code) == ("count", "unreadable")
    assert len(problem.one_line()) < 400


WORDS = [
    "__proto__",
    "__class__",
    "constructor",
    "model_config",
    "model_fields",
    "__init__",
    "toString",
    "self",
    "None",
]


@pytest.mark.parametrize("word", WORDS)
def test_a_key_that_means_something_to_a_program_is_just_an_unknown_key(
    refused: Callable[[Path], str], seeds: WriteSeeds, word: str
) -> None:
    assert f"unknown key '{word}'" in refused(seeds({"taxa.yaml": f"felis: {{{word}: x}}\n"}))


def test_a_statement_may_be_called_anything_a_slug_may(url: URL, seeds: WriteSeeds) -> None:
    names = [word.lower() for word in WORDS if not word.startswith("_")]
    said = ", ".join(f"{name}: {{value: x, unsourced: true}}" for name in names)
    loaded = load(url, seeds({"taxa.yaml": f"felis: {{statements: {{{said}}}}}\n"}))
    assert loaded.problems == ()
    shown = json.loads(zoo("show", "felis", "-f", "json", db=url).stdout)["record"]
    assert sorted(shown["statements"]) == sorted(f"statement.{name}" for name in names)


@pytest.mark.parametrize("column", WORDS)
def test_a_column_that_means_something_to_a_program_is_just_an_unknown_column(
    url: URL, tmp_path: Path, column: str
) -> None:
    folder = folder_of(tmp_path, {"taxa.jsonl": json.dumps({"slug": "felis", column: "x"}).encode()})
    (problem,) = load(url, folder).problems
    assert problem.message == f"unknown column '{column}'"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (b'{"slug": "felis", "name": "\\ud800"}', "is not UTF-8"),
        (b'{"slug": "felis", "name": "a\\u0000b"}', "a control character (U+0000)"),
        (b'{"slug": "felis", "name": "a\\u001b[31m"}', "a control character (U+001B)"),
        (b'{"slug": "felis", "name": "\\u202eabc"}', "a control character (U+202E)"),
        (b'{"slug": "felis", "name": "\xff"}', "is not UTF-8"),
        (b'{"slug": "felis", "name": ' + b"[" * 100_000 + b"}", "nested too deeply"),
        (b'{"slug": "felis", "name": ' + b'{"a":' * 100_000 + b"1}", "nested too deeply"),
        ('{"slug": "felis"}'.encode("utf-16"), "is UTF-16"),
        (b"\x00" * 1000, "is no JSON object"),
    ],
)
def test_what_is_no_text_in_json_is_told(url: URL, tmp_path: Path, row: bytes, says: str) -> None:
    problems = load(url, folder_of(tmp_path, {"taxa.jsonl": row})).problems
    assert len(problems) == 1
    assert says in problems[0].message


@pytest.mark.parametrize("text", ["\x00", "a\u202eb", "\u2066a", "a\x9bb", "a\x7fb", "a\x1b]0;t\x07b"])
def test_what_steers_a_terminal_is_told_in_every_kind_of_file(
    url: URL, seeds: WriteSeeds, tmp_path: Path, text: str
) -> None:
    with_cell = folder_of(tmp_path, {"taxa.csv": f"slug,name\nfelis,{text}\n".encode()})
    for folder in (with_cell, seeds({"taxa.yaml": f"felis: {{names: ['{text}']}}\n"})):
        result = zoo("load", folder, db=url)
        assert result.exit_code == 1
        assert "a control character (U+" in result.stderr
        assert result.stderr.replace("\n", "").isprintable()


# -- where paths lead ------------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the data set, with what must not be read."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "taxa.yaml").write_text("secret: {rank: genus}\n", encoding="utf-8")
    (folder / "taxa.csv").write_text("slug\nsecret\n", encoding="utf-8")
    (folder / "dataset.yaml").write_text("name: secret\n", encoding="utf-8")
    (folder / "gift.yaml").write_text("kind: gift\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("path", ["taxa.yaml", "dataset.yaml", "taxa.csv", "transfers/gift.yaml", "about/gift.yaml"])
@pytest.mark.parametrize("relative", [False, True])
def test_a_link_out_of_the_data_set_is_told_and_not_read(
    refused: Callable[[Path], str], tmp_path: Path, outside: Path, path: str, *, relative: bool
) -> None:
    folder = tmp_path / "set"
    link = folder / path
    link.parent.mkdir(parents=True)
    if path != "dataset.yaml" and not path.endswith(".csv"):
        (folder / "dataset.yaml").write_text("name: set\n", encoding="utf-8")
    target = outside / link.name
    link.symlink_to(os.path.relpath(target, link.parent) if relative else target)
    said = refused(folder)
    assert "is a link that leads out of the data set; put the file itself there" in said
    assert "secret" not in said


def test_a_folder_that_is_a_link_out_of_the_data_set_is_told(
    refused: Callable[[Path], str], tmp_path: Path, outside: Path
) -> None:
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n"})
    (folder / "transfers").symlink_to(outside)
    assert "transfers/gift.yaml: is a link that leads out of the data set" in refused(folder)


def test_a_link_to_the_whole_disk_is_not_walked(url: URL, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n", "taxa.yaml": b"felis: {}\n"})
    (folder / "disk").symlink_to("/")
    start = time.process_time()
    assert load(url, folder).problems == ()
    assert time.process_time() - start < 10


def test_a_circle_of_links_is_told(refused: Callable[[Path], str], tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n"})
    (folder / "taxa.yaml").symlink_to(folder / "taxa.yaml")
    assert "taxa.yaml: cannot be read: Too many levels of symbolic links" in refused(folder)


def test_a_link_within_the_data_set_and_one_to_it_are_followed(url: URL, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n", "kinds.txt": b"felis: {}\n"})
    (folder / "taxa.yaml").symlink_to("kinds.txt")
    (tmp_path / "link").symlink_to(folder)
    assert load(url, tmp_path / "link").created == {"taxon": 1}


@pytest.mark.parametrize(
    "slug", ["..", "../taxa", "/etc/passwd", "a/b", "a\\b", ".hidden", "~root", "", "%2e%2e", "a b"]
)
def test_a_slug_is_no_path(refused: Callable[[Path], str], seeds: WriteSeeds, slug: str) -> None:
    assert "is not a slug" in refused(seeds({"taxa.yaml": f"'{slug}': {{}}\n"}))
    assert "about" in refused(seeds({"about/one.yaml": f"about: '{slug}'\nrank: genus\n"}, "other"))


@pytest.mark.parametrize("slug", ["../taxa", "/etc/passwd", "a/b", ".hidden", "~root"])
def test_a_slug_in_a_table_is_no_path(refused: Callable[[Path], str], tmp_path: Path, slug: str) -> None:
    assert "is not a slug" in refused(folder_of(tmp_path, {"taxa.csv": f"slug\n{slug}\n".encode()}))


# -- what is no file ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["taxa.yaml", "dataset.yaml", "taxa.csv", "taxa.jsonl.gz", "transfers/one.yaml"])
def test_a_pipe_is_not_waited_for(told: Callable[..., str], tmp_path: Path, name: str) -> None:
    folder = folder_of(tmp_path, {} if name == "dataset.yaml" else {"dataset.yaml": b"name: set\n"})
    (folder / name).parent.mkdir(exist_ok=True)
    os.mkfifo(folder / name)
    said = told(folder)
    assert "it is a pipe, not a file" in said or "it has no dataset.yaml" in said


def test_a_pipe_given_by_name_is_not_waited_for(told: Callable[..., str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "taxa.csv")
    assert told(tmp_path / "taxa.csv") == "taxa.csv: is neither a file nor a folder"


def test_a_device_never_ends_and_is_not_read(told: Callable[..., str], tmp_path: Path) -> None:
    assert told(Path("/dev/zero")) == "/dev/zero: is neither a file nor a folder"
    with pytest.raises(OSError, match="it is a device, not a file"), opened(Path("/dev/zero")):
        pass


def test_a_socket_is_told(told: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n"})
    monkeypatch.chdir(folder)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("taxa.yaml")
        assert told(folder) == "taxa.yaml: cannot be read: it is a socket, not a file"


@pytest.mark.parametrize("name", ["taxa.yaml", "taxa.csv", "transfers/one.yaml"])
def test_a_folder_called_like_a_file_is_told(refused: Callable[[Path], str], tmp_path: Path, name: str) -> None:
    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n"})
    (folder / name).mkdir(parents=True)
    assert f"{name}: cannot be read: Is a directory" in refused(folder)


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[None]:
    """Nobody in particular, where the tests run as root, who may read everything."""
    if os.geteuid() != 0:
        yield
        return
    codecs.lookup("utf-8-sig")  # which nobody may be allowed to import
    reachable(tmp_path)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("name", ["taxa.yaml", "taxa.csv", "dataset.yaml"])
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, request: pytest.FixtureRequest, name: str) -> None:
    from zoo_provenance.loading.seeds import SeedReader

    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n", name: b"name: set\n"})
    (folder / name).chmod(0)
    request.getfixturevalue("nobody")
    reader = SeedReader([])
    found = reader.read([folder])
    for tables in (one.tables for one in found if one.tables):
        from zoo_provenance.loading.bulk.files import read_chunks

        for table in tables.files:
            assert list(read_chunks(table, ("slug",), ("slug",), reader.problems, lambda _: None)) == []
    (problem,) = reader.problems
    assert problem.one_line().endswith(f"{name}: cannot be read: Permission denied")


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    from zoo_provenance.loading.seeds import SeedReader

    folder = folder_of(tmp_path, {"dataset.yaml": b"name: set\n"})
    (folder / "transfers").mkdir(mode=0)
    request.getfixturevalue("nobody")
    reader = SeedReader([])
    reader.read([folder])
    (problem,) = reader.problems
    assert problem.one_line().endswith("transfers: cannot be read: Permission denied")


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "taxa.yaml"
    path.write_bytes(b"felis: {}\n")

    def read() -> None:
        with opened(path) as file:
            assert file.read()
            path.write_bytes(b"felis: {}\nlynx: {}\n")

    with pytest.raises(OSError, match="it changed while it was read; load again when it is whole"):
        read()


def test_a_table_that_changes_while_it_is_read_is_told(url: URL, tmp_path: Path) -> None:
    from zoo_provenance import database
    from zoo_provenance.loading.load import load as load_seeds

    folder = folder_of(tmp_path, {"taxa.csv": b"slug\nfelis\n"})
    before = contents(url)

    def grow(_what: str, read: int) -> None:
        if read:
            with (folder / "taxa.csv").open("ab") as file:
                file.write(b"lynx\n")

    # With more than is buffered the rest of the file would be read as well.
    (problem,) = load_seeds(lambda: database.writing(url), [folder], progress=grow).problems
    assert problem.message == "cannot be read: it changed while it was read; load again when it is whole"
    assert contents(url) == before
