"""Rows of a table as they are read: chunks of cells, the columns there may be, and what cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from zoo_provenance.errors import quoted
from zoo_provenance.loading.problems import File, Mark, Problem, nearest
from zoo_provenance.vocabulary import SLUG

R = TypeVar("R")

CHUNK = 10_000
LONGEST_LINE = 1 << 20
LARGEST_CHUNK = 16 << 20
MOST_COLUMNS = 200
_AT_ONCE = 10
_HELD = 12 << 20
_UNPACKED_FREELY = 64 << 20
_TOLD_OF_ONE = 10
MOST_PACKED = 200
"""How many times larger than packed a table may be; deflate makes at most a thousand times of anything."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table: the columns' names, the line each row begins on, and the cells, row by row."""

    names: Sequence[str]
    lines: Sequence[int]
    rows: Sequence[Sequence[str]]

    @property
    def columns(self) -> list[Sequence[str]]:
        """The cells column by column."""
        return list(zip(*self.rows, strict=True))


class TooLong(Exception):
    """A line that is longer than any row can be."""


class Bomb(Exception):
    """A packed file that unpacks to more than any table could."""


class Measure:
    """How many bytes of a file, unpacked, were given out: of the line that is read, since the last rows, and in all."""

    def __init__(self, packed: Callable[[], int] | None) -> None:
        """Take what tells how many bytes of a packed file were read; None of a plain one."""
        self.packed = packed
        self.unbroken = self.since = self.all = 0

    def __call__(self, piece: bytes) -> None:
        """Take a piece as it is given out. Raises TooLong, or Bomb."""
        self.all += len(piece)
        self.since += len(piece)
        self.unbroken = 0 if b"\n" in piece or b"\r" in piece else self.unbroken + len(piece)
        # Ten rows that are so long hold one that is too long.
        if self.unbroken > LONGEST_LINE or self.since > _HELD:
            raise TooLong
        if self.packed is not None and self.all > _UNPACKED_FREELY + MOST_PACKED * self.packed():
            raise Bomb


class Reader:
    """Reads one file's rows and tells of those that cannot be read."""

    measure: Measure

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
        """Tell of a problem at a line; line 0 is the whole file."""
        self.problems.append(Problem(self.file, Mark(line, 0), field, code, message, suggestion))

    def knows(self, names: Iterable[str], line: int) -> bool:
        """Whether a table may have these columns; the others are told of."""
        unknown = [name for name in names if not self.is_known(name)]
        for name in unknown[:_TOLD_OF_ONE]:
            hint = nearest(name, sorted(self.known)) or self.expected()
            what = f"unknown column {quoted(name)}" if name else "a column without a name"
            self.tell(line, name[:60], "unknown-column", what, hint)
        more = len(unknown) - _TOLD_OF_ONE
        if more > 0:
            self.tell(line, "", "unknown-column", f"{more:,} more unknown column{'s' * (more > 1)}")
        return not unknown

    def some(self, rows: Iterator[R], found: list[R]) -> bool:
        """Add some thousands of rows to those found, or as many as may be held at once; return whether that was all."""
        start = self.measure.all
        while len(found) < CHUNK and self.measure.all - start < LARGEST_CHUNK:
            self.measure.since = 0
            before = len(found)
            found.extend(islice(rows, min(_AT_ONCE, CHUNK - before)))
            if len(found) == before:
                return True
        return False

    def is_known(self, name: str) -> bool:
        """Whether a table may have a column."""
        family = next((family for family in self.families if name.startswith(family)), None)
        return name in self.known or (family is not None and SLUG.fullmatch(name.removeprefix(family)) is not None)

    def expected(self) -> str:
        """Return which columns a table may have, those it must have first."""
        return "expected columns are: " + ", ".join(
            f"{name}<scheme>" if name.endswith(".") else name
            for name in sorted([*self.known, *self.families], key=self._place)
        )

    def _place(self, name: str) -> tuple[bool, str]:
        return name not in self.required, name
