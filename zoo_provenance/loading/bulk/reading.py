"""Rows of a table as they are read: chunks of cells, the columns there may be, and what cannot be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from zoo_provenance.errors import quoted
from zoo_provenance.loading.problems import File, Mark, Problem, nearest
from zoo_provenance.vocabulary import SLUG

CHUNK = 10_000
LONGEST_LINE = 1 << 20


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


class Reader:
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
        """Tell of a problem at a line; line 0 is the whole file."""
        self.problems.append(Problem(self.file, Mark(line, 0), field, code, message, suggestion))

    def knows(self, names: Iterable[str], line: int) -> bool:
        """Whether a table may have these columns; the others are told of."""
        fine = True
        for name in names:
            if self.is_known(name):
                continue
            fine = False
            hint = nearest(name, sorted(self.known)) or self.expected()
            what = f"unknown column {quoted(name)}" if name else "a column without a name"
            self.tell(line, name[:60], "unknown-column", what, hint)
        return fine

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
