"""Separated values: the rows of a CSV file under its header."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO

from zoo_provenance.errors import quoted
from zoo_provenance.loading.bulk import reading
from zoo_provenance.loading.bulk.reading import LONGEST_LINE, Chunk, Reader, TooLong

_BREAK = re.compile(r"\r\n|\r|\n")


class SeparatedReader(Reader):
    """Reads CSV: commas, semicolons or tabs, whichever the header has most of."""

    def chunks(self, text: IO[str]) -> Iterator[Chunk]:
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
            self.tell(0, "", "empty", "is empty; expected a header line", self.expected())

    def _some(self, reader: Iterator[list[str]], found: list[list[str]]) -> tuple[bool, str, str]:
        """Read some rows; return whether that was all, and the code and message of what is wrong with the next."""
        try:
            return self.some(reader, found), "", ""
        except csv.Error as fault:
            if "unexpected end" in str(fault):
                return True, "quotes", "a quotation mark opens a cell here that is not closed"
            if "field larger" in str(fault):
                longest = f"{csv.field_size_limit():,} characters"
                return True, "quotes", f"a cell is longer than {longest}, as where a quotation mark is not closed"
            return False, "quotes", "a quotation mark stands within a cell; double it, or quote the whole cell"
        except TooLong:
            return True, "too-long", f"a line or row is longer than {LONGEST_LINE:,} bytes"

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
            yield Chunk(header, places, found)

    def _header(self, row: list[str], line: int) -> list[str] | None:
        names = [name.strip().lower() for name in row]
        if len(names) > reading.MOST_COLUMNS:
            message = f"the header has {len(names):,} columns; a table has {reading.MOST_COLUMNS} at most"
            self.tell(line, "", "too-many", message)
            return None
        fine = self.knows(names, line)
        for name in {name for name in names if names.count(name) > 1 and name}:
            self.tell(line, name[:60], "duplicate", f"column {quoted(name)} stands twice in the header")
            fine = False
        missing = [name for name in self.required if name not in names]
        if missing and fine:
            listed = " and ".join(repr(name) for name in missing)
            self.tell(line, missing[0], "missing", f"the header has no column {listed}", self.expected())
        return names if fine and not missing else None

    def _ragged(self, row: list[str], width: int, line: int) -> None:
        side = "more" if len(row) > width else "fewer"
        hint = "quote a cell that holds the separator" if side == "more" else "leave a cell empty rather than out"
        message = f"{len(row)} cell{'s' * (len(row) != 1)}, {side} than the {width} columns of the header"
        self.tell(line, "", "ragged", message, hint)


def _places(rows: list[list[str]], start: int, last: int) -> list[int]:
    """Return the line each row begins on, and at the end the line after them; `last` is the last line read."""
    if last == start + len(rows) - 1:
        return list(range(start, last + 2))
    places = [start]
    for row in rows:
        # The reader counts lines at the end of a row; cells hold the others.
        places.append(places[-1] + 1 + sum(len(_BREAK.findall(cell)) for cell in row))
    return places
