"""Table files: CSV or JSON Lines, plain or gzip, read as a stream of rows that know their lines."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from zoo_provenance.errors import quoted
from zoo_provenance.loading.problems import File, Mark, Problem, nearest, path_for_messages
from zoo_provenance.vocabulary import SLUG

CHUNK = 10_000
LONGEST_LINE = 1 << 20
_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
_BUFFER = 1 << 18
_GZIP = b"\x1f\x8b"
_BREAK = re.compile(r"\r\n|\r|\n")

Note = Callable[[bytes], None]
"""Is given every piece of a file as it is read."""


class Chunk(NamedTuple):
    """Some rows of a table: the columns' names, the line each row begins on, and the cells column by column."""

    names: Sequence[str]
    lines: Sequence[int]
    columns: Sequence[Sequence[str]]


@dataclass(frozen=True)
class TableFile:
    """A file of a table: where it is, and the table it is part of."""

    path: Path
    table: str

    @property
    def shown(self) -> str:
        """The path as messages name it."""
        return path_for_messages(self.path)


def table_of(path: Path, tables: Iterable[str]) -> str | None:
    """Return which table a file is part of: `lines.csv`, `lines.jsonl.gz`, `lines-2024.csv`; None: of none."""
    stem = stem_of(path)
    if stem is None:
        return None
    for table in tables:
        if stem == table or (stem.startswith(table) and stem[len(table)] in "-_. "):
            return table
    return None


def stem_of(path: Path) -> str | None:
    """Return a table file's name without its suffixes, or None where the suffix is no table's."""
    name = path.name.lower().removesuffix(".gz")
    suffix = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), None)
    return None if suffix is None else name.removesuffix(suffix)


def read_chunks(
    table_file: TableFile,
    columns: Sequence[str],
    required: Sequence[str],
    problems: Any,
    note: Note,
    several: Collection[str] = (),
) -> Iterator[Chunk]:
    """Yield a file's rows, some thousands at a time; what cannot be read is told, and reading goes on after it.

    `columns` are the names a header may have (one that ends in a dot stands for any name beginning so), `several` those
    whose cells may name several things.
    """
    reader = _Reader(File(table_file.shown, table=True), columns, required, several, problems)
    is_json = not _is_separated(table_file.path)
    try:
        with table_file.path.open("rb") as plain:
            packed = plain.peek(2)[:2] == _GZIP
            raw = cast("IO[bytes]", io.BufferedReader(_Noted(plain, note), _BUFFER))
            unpacked = gzip.GzipFile(fileobj=raw) if packed else raw
            whole = io.BufferedReader(_Lined(cast("IO[bytes]", unpacked)), _BUFFER)
            start = whole.peek(2)[:2]
            if start in {b"\xff\xfe", b"\xfe\xff"}:
                reader.tell(0, "", "encoding", "is UTF-16; save the file as UTF-8")
                return
            if start == _GZIP:
                reader.tell(0, "", "encoding", "is packed twice over; unpack it once")
                return
            text = io.TextIOWrapper(whole, encoding="utf-8-sig", errors="surrogateescape", newline="")
            try:
                yield from reader.objects(text) if is_json else reader.rows(text)
            except _TooLong:  # already in the first line
                reader.tell(1, "", "too-long", f"a line is longer than {LONGEST_LINE:,} bytes; nothing was read")
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        reader.tell(0, "", "unreadable-file", f"cannot be unpacked: {fault}")
    except OSError as fault:
        reader.tell(0, "", "unreadable-file", f"cannot be read: {fault.strerror or fault}")


def _is_separated(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


class _Noted(io.RawIOBase):
    """A file whose bytes are told of as they are read."""

    def __init__(self, file: IO[bytes], note: Note) -> None:
        self.file = file
        self.note = note

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.file.read(len(buffer))
        buffer[: len(piece)] = piece
        self.note(piece)
        return len(piece)


class _Lined(_Noted):
    """A file whose lines are no longer than any row can be; what is longer would be held in memory whole."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, self._measure)
        self.unbroken = 0

    def _measure(self, piece: bytes) -> None:
        self.unbroken = 0 if b"\n" in piece or b"\r" in piece else self.unbroken + len(piece)
        if self.unbroken > LONGEST_LINE:
            raise _TooLong


class _TooLong(Exception):
    """A line that is longer than any row can be."""


class _Reader:
    """Reads one file's rows and tells of those that cannot be read."""

    def __init__(
        self, file: File, columns: Sequence[str], required: Sequence[str], several: Collection[str], problems: Any
    ) -> None:
        self.several = several
        self.file = file
        self.known = {name for name in columns if not name.endswith(".")}
        self.families = tuple(name for name in columns if name.endswith("."))
        self.required = required
        self.problems = problems

    def tell(self, line: int, field: str, code: str, message: str, suggestion: str = "") -> None:
        self.problems.append(Problem(self.file, Mark(line, 0), field, code, message, suggestion))

    # -- separated values ----------------------------------------------------------------------------

    def rows(self, text: IO[str]) -> Iterator[Chunk]:
        """Yield the rows of a CSV file under its header."""
        first = text.readline()
        delimiter = max(",;\t", key=first.count)
        reader = csv.reader(chain([first] if first else [], text), delimiter=delimiter, strict=True)
        header, start, ended = None, 1, False
        while not ended:
            found: list[list[str]] = []
            ended, code, fault = self._some(reader, found)
            places = _places(found, start, reader.line_num)
            start = places.pop()
            if fault:
                self.tell(start, "", code, fault + "; nothing after it was read" * ended)
                start = reader.line_num + 1
            if fault and header is None and not found:
                return
            if header is None and found:
                header = self._header(found.pop(0), places.pop(0))
                if header is None:
                    return
            if found and header is not None:
                yield from self._even(header, found, places)
        if header is None:
            self.tell(0, "", "empty", "is empty; expected a header line", self._expected())

    @staticmethod
    def _some(reader: Iterator[list[str]], found: list[list[str]]) -> tuple[bool, str, str]:
        """Read some rows; return whether that was all, and the code and message of what is wrong with the next."""
        try:
            found.extend(islice(reader, CHUNK))
        except csv.Error as fault:
            if "unexpected end" in str(fault):
                return True, "quotes", "a quotation mark opens a cell here that is not closed"
            if "field larger" in str(fault):
                longest = f"{csv.field_size_limit():,} characters"
                return True, "quotes", f"a cell is longer than {longest}, as where a quotation mark is not closed"
            return False, "quotes", "a quotation mark stands within a cell; double it, or quote the whole cell"
        except _TooLong:
            return True, "too-long", f"a line is longer than {LONGEST_LINE:,} bytes"
        return len(found) < CHUNK, "", ""

    def _even(self, header: Sequence[str], found: list[list[str]], places: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows that have as many cells as the header; tell of the others, and pass over empty lines."""
        width = len(header)
        if set(map(len, found)) != {width}:
            for row, line in zip(found, places, strict=True):
                if row and len(row) != width:
                    self._ragged(row, width, line)
            kept = [(row, line) for row, line in zip(found, places, strict=True) if len(row) == width]
            found, places = [row for row, _ in kept], [line for _, line in kept]
        if found:
            yield Chunk(header, places, list(zip(*found, strict=True)))

    def _header(self, row: list[str], line: int) -> list[str] | None:
        names = [name.strip().lower() for name in row]
        fine = self._known(names, line)
        for name in {name for name in names if names.count(name) > 1 and name}:
            self.tell(line, name[:60], "duplicate", f"column {quoted(name)} stands twice in the header")
            fine = False
        missing = [name for name in self.required if name not in names]
        if missing and fine:
            listed = " and ".join(repr(name) for name in missing)
            self.tell(line, missing[0], "missing", f"the header has no column {listed}", self._expected())
        return names if fine and not missing else None

    def _known(self, names: Iterable[str], line: int) -> bool:
        fine = True
        for name in names:
            if self._is_known(name):
                continue
            fine = False
            hint = nearest(name, sorted(self.known)) or self._expected()
            what = f"unknown column {quoted(name)}" if name else "a column without a name"
            self.tell(line, name[:60], "unknown-column", what, hint)
        return fine

    def _is_known(self, name: str) -> bool:
        family = next((family for family in self.families if name.startswith(family)), None)
        return name in self.known or (family is not None and SLUG.fullmatch(name.removeprefix(family)) is not None)

    def _expected(self) -> str:
        return "expected columns are: " + ", ".join(
            f"{name}<scheme>" if name.endswith(".") else name
            for name in sorted([*self.known, *self.families], key=self._place)
        )

    def _place(self, name: str) -> tuple[bool, str]:
        return name not in self.required, name

    def _ragged(self, row: list[str], width: int, line: int) -> None:
        side = "more" if len(row) > width else "fewer"
        hint = "quote a cell that holds the separator" if side == "more" else "leave a cell empty rather than out"
        message = f"{len(row)} cell{'s' * (len(row) != 1)}, {side} than the {width} columns of the header"
        self.tell(line, "", "ragged", message, hint)

    # -- JSON Lines ----------------------------------------------------------------------------------

    def objects(self, text: IO[str]) -> Iterator[Chunk]:
        """Yield the objects of a JSON Lines file; numbers stay as typed, a list is its members with a space between."""
        line, ended = 1, False
        while not ended:
            written: list[str] = []
            try:
                written.extend(islice(text, CHUNK))
                ended = len(written) < CHUNK
            except _TooLong:
                ended = True
                message = f"a line is longer than {LONGEST_LINE:,} bytes; nothing after it was read"
                self.tell(line + len(written), "", "too-long", message)
            found, places = self._decoded(written, line)
            line += len(written)
            if found:
                yield from self._transposed(found, places)

    def _decoded(self, written: list[str], first: int) -> tuple[list[dict[str, Any]], list[int]]:
        """Return the objects of some lines, and the line of each: decoded together where all is well, else one by one."""
        # A line that is no object by itself could be made one by its neighbours.
        whole = all(text[0] == "{" and text.rstrip()[-1] == "}" for text in written)
        with suppress(ValueError, RecursionError):
            together = _DECODE("[" + ",".join(written) + "]")
            if whole and len(together) == len(written) and all(type(one) is dict for one in together):
                return together, list(range(first, first + len(written)))
        found, places = list[dict[str, Any]](), list[int]()
        for line, text in enumerate(written, first):
            try:
                one = _DECODE(text)
            except _Twice as fault:
                self.tell(line, str(fault)[:60], "duplicate", f"{quoted(str(fault))} stands twice in this object")
                continue
            except (json.JSONDecodeError, RecursionError) as fault:
                if text.strip():
                    message = f"is no JSON object: {getattr(fault, 'msg', 'nested too deeply')}"
                    self.tell(line, "", "unreadable", message)
                continue
            if type(one) is not dict:
                self.tell(line, "", "wrong-type", "expected an object, with a column's name for each value")
                continue
            found.append(one)
            places.append(line)
        return found, places

    def _transposed(self, found: list[dict[str, Any]], places: list[int]) -> Iterator[Chunk]:
        names = sorted(set().union(*found))
        if not all(map(self._is_known, names)):
            kept = [at for at, one in enumerate(found) if self._known(one, places[at])]
            found, places = [found[at] for at in kept], [places[at] for at in kept]
            names = sorted(set().union(*found))
        columns = [self._cells(name, [one.get(name, "") for one in found], places) for name in names]
        for name in self.required:
            if name not in names:
                names.append(name)
                columns.append([""] * len(found))
        if found:
            yield Chunk(names, places, columns)

    def _cells(self, name: str, values: list[Any], places: list[int]) -> list[str]:
        if set(map(type, values)) == {str}:
            return values
        cells = []
        for value, line in zip(values, places, strict=True):
            cell = _cell(value, several=name in self.several)
            if cell is None:
                self.tell(line, name[:60], "wrong-type", f"{name}: expected one value, found {_kind_of(value)}")
            cells.append(cell or "")
        return cells


def _places(rows: list[list[str]], start: int, last: int) -> list[int]:
    """Return the line each row begins on, and at the end the line after them; `last` is the last line read."""
    if last == start + len(rows) - 1:
        return list(range(start, last + 2))
    places = [start]
    for row in rows:
        # The reader counts lines at the end of a row; cells hold the others.
        places.append(places[-1] + 1 + sum(len(_BREAK.findall(cell)) for cell in row))
    return places


class _Twice(ValueError):
    """A name that stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return made


def _cell(value: Any, *, several: bool) -> str | None:
    """Return a JSON value as a cell's text; None where it is none. A list is one where a cell may name `several`."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if several and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    return None


def _kind_of(value: Any) -> str:
    return "an object" if isinstance(value, dict) else "a list"


_DECODE = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=str).decode
