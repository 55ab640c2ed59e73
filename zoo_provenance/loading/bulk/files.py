"""Table files: CSV or JSON Lines, plain or gzip, read as a stream of rows that know their lines."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from zoo_provenance.loading.bulk.json_lines import ObjectReader
from zoo_provenance.loading.bulk.reading import LONGEST_LINE, MOST_PACKED, Bomb, Chunk, Measure, TooLong
from zoo_provenance.loading.bulk.separated import SeparatedReader
from zoo_provenance.loading.opening import changed, opened
from zoo_provenance.loading.problems import File, path_for_messages

_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson")
_BUFFER = 1 << 18
_GZIP = b"\x1f\x8b"

Note = Callable[[bytes], None]
"""Is given every piece of a file as it is read."""


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
    made = SeparatedReader if _is_separated(table_file.path) else ObjectReader
    reader = made(File(table_file.shown, table=True), columns, required, several, problems)
    try:
        with opened(table_file.path) as plain:
            packed = plain.peek(2)[:2] == _GZIP
            raw = cast("IO[bytes]", io.BufferedReader(_Noted(plain, note, os.fstat(plain.fileno()).st_size), _BUFFER))
            unpacked = gzip.GzipFile(fileobj=raw) if packed else raw
            reader.measure = Measure(plain.tell if packed else None)
            whole = io.BufferedReader(_Noted(cast("IO[bytes]", unpacked), reader.measure), _BUFFER)
            start = whole.peek(2)[:2]
            if start in {b"\xff\xfe", b"\xfe\xff"}:
                reader.tell(0, "", "encoding", "is UTF-16; save the file as UTF-8")
                return
            if start == _GZIP:
                reader.tell(0, "", "encoding", "is packed twice over; unpack it once")
                return
            text = io.TextIOWrapper(whole, encoding="utf-8-sig", errors="surrogateescape", newline="")
            try:
                yield from reader.chunks(text)
            except TooLong:  # already in the first line
                reader.tell(1, "", "too-long", f"a line is longer than {LONGEST_LINE:,} bytes; nothing was read")
    except Bomb:
        message = f"unpacks to more than {MOST_PACKED} times its size, as no table does; unpack it, and look at it"
        reader.tell(0, "", "bomb", message)
    except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
        reader.tell(0, "", "unreadable-file", f"cannot be unpacked: {fault}")
    except OSError as fault:
        reader.tell(0, "", "unreadable-file", f"cannot be read: {fault.strerror or fault}")


def _is_separated(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


class _Noted(io.RawIOBase):
    """A file whose bytes are told of as they are read; one that grows meanwhile is not followed for ever."""

    def __init__(self, file: IO[bytes], note: Note, size: int | None = None) -> None:
        """Take the file, what is told of its bytes, and how many it has; None where nobody can know."""
        self.file = file
        self.note = note
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.file.read(len(buffer))
        if self.left is not None:
            self.left -= len(piece)
            if self.left < 0:
                raise changed()
        buffer[: len(piece)] = piece
        self.note(piece)
        return len(piece)
