"""Problems of a load: where, what, what was expected, and how they are told."""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

SHOWN = 50
ENOUGH = 200_000
"""With so many problems reading stops: whoever made the file must look at it first."""

_WIDTH = 140
_LONGEST_WORD = 200


@dataclass(frozen=True, order=True, slots=True)
class Mark:
    """A place in a file: line and column from 1; column 0 is the whole line, line 0 the whole file."""

    line: int
    column: int
    length: int = 1


@dataclass(frozen=True)
class File:
    """An input file: how messages call it, and its text, where it could be read.

    Of a table only the path is kept, and which columns it was found to have.
    """

    path: str
    text: str = ""
    table: bool = False
    columns: set[str] = field(default_factory=set, compare=False)

    def column_of(self, *headers: str) -> str:
        """Return the column a table has of those that may hold a thing; the first where it has none, and of seeds."""
        more = {"sources": "source", "child": "slug"}.get(headers[0], headers[0])
        return next((one for one in (*headers, more) if one in self.columns), headers[0])

    @cached_property
    def lines(self) -> list[str]:
        """The lines as editors count them."""
        return re.split(r"\r\n|\r|\n", self.text)

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins, in a text whose lines end in a line feed."""
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    @cached_property
    def separated(self) -> bool:
        """Whether the text holds separators at which YAML breaks lines and editors do not."""
        return "\u2028" in self.text or "\u2029" in self.text


@dataclass(frozen=True, slots=True)
class Problem:
    """One cause, one message; `code` is stable, `suggestion` the one thing to try."""

    file: File
    mark: Mark
    field: str
    code: str
    message: str
    suggestion: str = ""

    @property
    def order(self) -> tuple[str, int, int]:
        """File order."""
        return self.file.path, self.mark.line, self.mark.column

    @property
    def place(self) -> str:
        """Where it is, as editors jump there: path, line and column; in a table path, line and the column's name."""
        where = self.file.path
        if self.mark.line:
            where += f":{self.mark.line}" + (f":{self.mark.column}" if self.mark.column else "")
        if self.file.table and self.field:
            where += f":{printable(self.field)}"
        return where

    def one_line(self) -> str:
        """Return the message on one line."""
        suggestion = f" ({printable(self.suggestion)})" if self.suggestion else ""
        return f"{self.place}: {printable(self.message)}{suggestion}"

    def tell(self) -> str:
        """Return the message as it is printed: position first, then the writer's own line and a caret."""
        told = f"{self.place}: {printable(self.message)}"
        suggestion = printable(self.suggestion)
        text = self.own_line
        start = max(0, self.mark.column - _WIDTH // 2) if len(text) > _WIDTH else 0
        shown = printable(text[start : start + _WIDTH])
        if not shown.strip():
            return told + (f" ({suggestion})" if suggestion else "")
        gutter = f"{self.mark.line:>5} | "
        column = max(1, self.mark.column) - 1 - start
        marked = shown[column : column + self.mark.length]
        caret = "^" * max(1, sum(width_of(character) for character in marked))
        pad = " " * sum(width_of(character) for character in shown[:column])
        told += f"\n{gutter}{shown}\n{' ' * 5} | {pad}{caret}"
        return told + (f" {suggestion}" if suggestion else "")

    @property
    def own_line(self) -> str:
        """The writer's own line as it is; empty where there is none."""
        there = 0 < self.mark.line <= len(self.file.lines)
        return self.file.lines[self.mark.line - 1].rstrip("\r") if there else ""


def width_of(character: str) -> int:
    """Return the columns a character takes on a terminal."""
    from wcwidth import wcwidth

    return max(0, wcwidth(character))


def printable(text: str) -> str:
    """Return text with control characters made visible, so that data never steers a terminal."""
    return "".join(
        character if character.isprintable() or character == " " else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the closest choice, capitals aside, or nothing."""
    if len(word) > _LONGEST_WORD:
        return ""
    folded = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return f"did you mean {folded[found[0]]!r}?" if found else ""


def tell_all(problems: Sequence[Problem]) -> str:
    """Return all problems in file order, the first in full, and a last line that says nothing was written."""
    ordered = sorted(problems, key=lambda problem: problem.order)
    told = [problem.tell() for problem in ordered[:SHOWN]]
    rest = ordered[SHOWN:]
    more = Counter(problem.code for problem in rest)
    told.extend(f"… and {number} more of kind {code!r}" for code, number in sorted(more.items()))
    files = len({problem.file.path for problem in ordered})
    told.append(
        f"{len(ordered)} problem{'s' * (len(ordered) != 1)} in {files} file{'s' * (files != 1)}. Nothing was written."
    )
    return "\n".join(told)


def resolved(path: Path) -> Path:
    """Return a path with its links followed, as far as they lead anywhere: a circle of links is left as it is."""
    return Path(os.path.realpath(path))


def path_for_messages(path: Path) -> str:
    """Return a path as the user would type it: relative to here where that is shorter."""
    try:
        shown = str(resolved(path).relative_to(Path.cwd()))
    except (ValueError, OSError):
        shown = str(path)
    # A file's name may hold bytes that are no text, and characters that steer a terminal.
    return printable(shown.encode("utf-8", "backslashreplace").decode())
