"""Targets of the fuzzers: each takes bytes and ends, or is told of in our own words; anything else is a fault."""

from __future__ import annotations

import atexit
import gzip
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from zoo_provenance import counts, database, dates, schema
from zoo_provenance.cli.common import harmless
from zoo_provenance.errors import AmbiguousThing, UnknownThing, Unreadable
from zoo_provenance.loading.load import load
from zoo_provenance.loading.problems import Problem, tell_all
from zoo_provenance.loading.yaml_reader import Rejected, read_file, read_yaml
from zoo_provenance.names import fold, readable
from zoo_provenance.questions import finding, naming
from zoo_provenance.rendering.documents import FORMATS, Document, Table, render
from zoo_provenance.tables import batch, claim, record
from zoo_provenance.vocabulary import VALUE_LENGTH, Kind

SEEDS: Mapping[str, bytes] = {
    "dataset.yaml": b"name: fuzzed\nsources: [agency]\n",
    "sources.yaml": b"agency: {kind: agency}\nministry: {kind: official, based_on: [agency]}\n",
    "institutions.yaml": b"alder-zoo: {kind: zoo, names: [Alder Zoo]}\nbirch-zoo: {kind: zoo, parent: alder-zoo}\n",
    "taxa.yaml": b"panthera: {rank: genus}\npanthera-leo: {rank: species, parent: panthera}\n",
    "people.yaml": b"keeper-one: {names: [Keeper One]}\n",
    "animals.yaml": b"leo: {taxon: panthera-leo, born: 2019~}\nlea: {taxon: panthera-leo, dam: leo}\n",
    "transfers/a-gift.yaml": (
        b"kind: gift\nfrom: alder-zoo\nto: birch-zoo\ndate: 2024-11-16/2024-11-20\n"
        b"lines: {lions: {taxon: panthera-leo, count: 2, animals: [leo]}}\n"
        b"participants: {one: {who: keeper-one, role: giver}}\n"
    ),
    "about/other.yaml": b"about: alder-zoo\nfounded: {value: 1864, source: agency}\n",
}
"""A data set; a fuzzed input takes the place of one of its files."""

TABLES: Mapping[str, bytes] = {
    "dataset.yaml": b"name: fuzzed\nunsourced: true\n",
    "sources.csv": b"slug,kind\nagency,agency\n",
    "institutions.csv": b"slug,name,kind\nalder-zoo,Alder Zoo,zoo\nbirch-zoo,Birch Zoo,zoo\n",
    "taxa.csv": b"slug,rank,parent\npanthera,genus,\npanthera-leo,species,panthera\n",
    "people.csv": b"slug,name\nkeeper-one,Keeper One\n",
    "animals.csv": b"slug,taxon,born,dam,id.gan\nleo,panthera-leo,2019~,,x1\nlea,panthera-leo,,leo,\n",
    "transfers.csv": b"slug,kind,from,to,date\na-gift,gift,alder-zoo,birch-zoo,2024-11\n",
    "lines.csv": b"transfer,key,taxon,count,animals\na-gift,lions,panthera-leo,2,leo\n",
    "participants.csv": b"transfer,key,who,role\na-gift,one,keeper-one,giver\n",
    "descent.csv": b"child,parent,role,probability\nlea,leo,sire,0.5\n",
    "names.csv": b"record,name,language\nleo,Leo,en\n",
}
_FORMS = (".csv", ".tsv", ".jsonl", ".csv.gz", ".jsonl.gz")
_LONGEST_MESSAGE = 4_000
_HARMLESS = "\n"


def seed_files(data: bytes) -> None:
    """Take a data set one of whose files is fuzzed the whole way: read, staged, checked, applied, rolled back."""
    if data:
        names = sorted(SEEDS)
        _load({**SEEDS, names[data[0] % len(names)]: data[1:]})


def table_files(data: bytes) -> None:
    """Take tables one of which is fuzzed the whole way, in one of the forms there are."""
    if len(data) < 2:
        return
    names = sorted(TABLES)
    chosen, form = names[data[0] % len(names)], _FORMS[data[1] % len(_FORMS)]
    rest = {name: content for name, content in TABLES.items() if name != chosen}
    content = data[2:]
    if chosen == "dataset.yaml":
        _load({**rest, chosen: content})
        return
    if form.endswith(".gz") and content[:1] != b"\0":
        content = gzip.compress(content, 1)
    _load({**rest, chosen.replace(".csv", form): content})


def yaml_text(data: bytes) -> None:
    """Take a text for the strict subset of YAML."""
    path = _folder() / "text.yaml"
    path.write_bytes(data)
    try:
        file, _ = read_file(path)
    except Rejected as rejected:
        _check([rejected.problem])
        return
    root, problems = read_yaml(file)
    assert problems or root is not None
    if root is not None:
        root.plain()
    _check(problems)


def table_text(data: bytes) -> None:
    """Take a table's text through its reader alone."""
    from zoo_provenance.loading.bulk import files

    if not data:
        return
    form = _FORMS[data[0] % len(_FORMS)]
    path = _folder() / f"people{form}"
    path.write_bytes(gzip.compress(data[1:], 1) if form.endswith(".gz") and data[1:2] != b"\0" else data[1:])
    problems: list[Problem] = []
    for chunk in files.read_chunks(
        files.TableFile(path, "people"), ("slug", "name", "born", "id."), ("slug",), problems, lambda _: None
    ):
        assert len(chunk.names) == len(chunk.columns)
        assert {len(column) for column in chunk.columns} == {len(chunk.lines)}
        assert list(chunk.lines) == sorted(chunk.lines)
        assert all(type(cell) is str for column in chunk.columns for cell in column)
    _check(problems)


def date(data: bytes) -> None:
    """Take a text for a date: its bounds are days in order, or it is told why not."""
    try:
        found = dates.parse_date(_text(data))
    except Unreadable as fault:
        _told(str(fault))
        return
    for day in (found.earliest, found.latest):
        assert day is None or (len(day) == 10 and "0001" <= day[:4] <= "9999" and day.isascii())
    assert not (found.earliest and found.latest) or found.earliest <= found.latest


def count(data: bytes) -> None:
    """Take a text for a count: no less than nothing, no more than fits, or it is told why not."""
    try:
        found = counts.parse_count(_text(data))
    except Unreadable as fault:
        _told(str(fault))
        return
    assert 0 <= found.least <= counts.MOST
    assert found.most is None or found.least <= found.most <= counts.MOST
    assert counts.bound_text(found.least) is not None


def name(data: bytes) -> None:
    """Take a text for a name: folded it is short, and folding it again changes nothing that is compared."""
    text = _text(data)
    key = fold(text)
    assert len(key) <= VALUE_LENGTH
    assert key == key.strip()
    assert fold(text) == key
    readable(text).encode("utf-8")


def thing(data: bytes) -> None:
    """Take a text as a name given on the command line, for everything that looks up names."""
    text = _text(data)
    connection = _packaged()
    kinds = (Kind.ANIMAL,) if len(text) % 3 == 0 else ()
    try:
        said = naming.thing_named(connection, text, kinds, lines=len(text) % 2 == 0).slug
    except (UnknownThing, AmbiguousThing) as fault:
        said = harmless(str(fault))
    _told(said)
    matches = finding.find(connection, text, kinds, limit=10)
    assert len(matches.matches) <= 10
    finding.spelt_alike(connection, text, kinds)


def cell(data: bytes) -> None:
    """Take a text as a value that was loaded: no format lets it steer a terminal or a spreadsheet; JSON keeps it."""
    text = readable(_text(data))
    table = Table(("one", "two"), [[text, text], ["", text]], text)
    document = Document("zooprov/fuzz/1", {"items": [text, {text: text}]}, "items", table, [text, table])
    for form in FORMATS:
        printed = "".join(render(document, form))
        assert printed.replace("\r\n", "\n").replace("\t", "").replace("\n", "").isprintable(), form
        if form == "json":
            assert json.loads(printed)["items"] == [text, {text: text}]
        elif form == "jsonl":
            assert [json.loads(line) for line in printed.splitlines()] == [text, {text: text}]
        elif form == "csv":
            import csv

            for row in csv.reader(io.StringIO(printed, newline="")):
                assert not any(one.lstrip()[:1] in set("=+-@＝＋－＠") for one in row if one)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    one.__name__: one for one in (seed_files, table_files, yaml_text, table_text, date, count, name, thing, cell)
}
"""Every target by its name."""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _load(files: Mapping[str, bytes]) -> None:
    folder = _folder() / "data-set"
    written = []
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written.append(target)
    connection = _empty()
    loaded = load(lambda: _transaction(connection), [folder], dry_run=True)
    for target in written:
        target.unlink()
    _check(loaded.problems)
    left = [connection.execute(select(func.count()).select_from(table)).scalar() for table in (record, claim, batch)]
    connection.rollback()
    assert left == [0, 0, 0]


def _check(problems: Sequence[Problem]) -> None:
    for problem in problems[:200]:
        _told(problem.one_line())
        _told(problem.tell())
        assert problem.code
    if problems:
        assert "Nothing was written." in tell_all(problems)


def _told(message: str) -> None:
    assert message
    assert len(message) < _LONGEST_MESSAGE, len(message)
    assert message.replace(_HARMLESS, "").isprintable(), ascii(message)


@contextmanager
def _transaction(connection: Connection) -> Iterator[Connection]:
    with connection.begin():
        yield connection


@cache
def _folder() -> Path:
    return Path(_until_the_end().enter_context(tempfile.TemporaryDirectory(prefix="zoo-fuzz-")))


@cache
def _until_the_end() -> ExitStack:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack


@cache
def _empty() -> Connection:
    """A connection to an empty database, whose transactions are rolled back."""
    url = database.locate(str(_folder() / "empty.db"))
    schema.upgrade(url)
    return _opened(database.engine_of(url))


@cache
def _packaged() -> Connection:
    """A connection to the packaged data set."""
    from zoo_provenance import locations

    url = database.locate(str(_folder() / "packaged.db"))
    schema.upgrade(url)
    load(lambda: database.writing(url), [locations.packaged_seeds()])
    return _opened(database.engine_of(url, read_only=True))


def _opened(engine: Engine) -> Connection:
    connection = engine.connect()

    def close() -> None:
        with suppress(Exception):
            connection.close()

    _until_the_end().callback(close)
    return connection
