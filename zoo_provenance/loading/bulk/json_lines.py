"""JSON Lines: an object a line, with the columns' names."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from zoo_provenance.errors import quoted
from zoo_provenance.loading.bulk import reading
from zoo_provenance.loading.bulk.reading import LONGEST_LINE, Chunk, Reader, TooLong


class ObjectReader(Reader):
    """Reads JSON Lines."""

    def chunks(self, text: IO[str]) -> Iterator[Chunk]:
        """Yield the objects of a JSON Lines file; numbers stay as typed, a list is its members with a space between."""
        line, ended = 1, False
        while not ended:
            written: list[str] = []
            try:
                ended = self.some(text, written)
            except TooLong:
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
        if not all(map(self.is_known, names)):
            kept = [at for at, one in enumerate(found) if self.knows(one, places[at])]
            found, places = [found[at] for at in kept], [places[at] for at in kept]
            names = sorted(set().union(*found))
        if len(names) > reading.MOST_COLUMNS:
            message = f"from here on the objects have {len(names):,} names; a table has {reading.MOST_COLUMNS} at most"
            self.tell(places[0], "", "too-many", message)
            return
        columns = [self._cells(name, [one.get(name, "") for one in found], places) for name in names]
        for name in self.required:
            if name not in names:
                names.append(name)
                columns.append([""] * len(found))
        if found:
            yield Chunk(names, places, list(zip(*columns, strict=True)))

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


class _Twice(ValueError):
    """A name that stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Twice(next(name for name, number in Counter(name for name, _ in pairs).items() if number > 1))
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
