"""What can go wrong, named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

_QUOTED = 60


def quoted(text: str) -> str:
    """Return a text in quotes, cut where it is too long to tell."""
    return repr(text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…")


class ZooProvenanceError(Exception):
    """A condition the user can act on: one sentence, and the exit code of the command."""

    exit_code: ClassVar[int] = 1


class Unreadable(ZooProvenanceError):
    """A value that is no date, count, slug or word of its list: what was expected instead."""


class UnknownThing(ZooProvenanceError):
    """Nothing in the database goes by this name."""

    exit_code = 4

    def __init__(self, kind: str, text: str, nearest: Sequence[str] = ()) -> None:
        """Take the kind asked for, what was typed, and the nearest names."""
        hint = f" Did you mean {', '.join(repr(name) for name in nearest)}?" if nearest else ""
        super().__init__(f"No {kind} is called {quoted(text)}.{hint}")
        self.nearest = tuple(nearest)


class AmbiguousThing(ZooProvenanceError):
    """Several things go by this name; the slugs are listed and none is picked."""

    exit_code = 4

    def __init__(self, text: str, matches: Sequence[tuple[str, str, str]]) -> None:
        """Take what was typed and the matches as (slug, kind, label)."""
        lines = "".join(f"\n  {slug}  ({kind}, {' '.join(label.split())})" for slug, kind, label in matches)
        super().__init__(f"{quoted(text)} could be any of these; use the slug:{lines}")
        self.matches = tuple(matches)


class MissingDatabase(ZooProvenanceError):
    """There is no database yet, and a reading command never makes one."""


class NotADatabase(ZooProvenanceError):
    """The file or server is no database of this program."""


class DatabaseUnavailable(ZooProvenanceError):
    """The database cannot be opened, read or written."""


class DatabaseOutdated(ZooProvenanceError):
    """The database has an older schema than the program."""

    exit_code = 5


class DatabaseNewer(ZooProvenanceError):
    """The database has a newer schema than the program."""

    exit_code = 5


class LoadRefused(ZooProvenanceError):
    """Seed files with problems; nothing was written."""


class PartOfDataSet(ZooProvenanceError):
    """A file of a data set where its whole folder is needed."""

    exit_code = 2


class NotDecided(ZooProvenanceError):
    """A decision that cannot be taken: no such rule or value, no reason, or taken before."""

    exit_code = 2


class NotThen(ZooProvenanceError):
    """A moment that the history does not reach, or that cannot be read."""

    exit_code = 4


class CannotUndo(ZooProvenanceError):
    """A batch that cannot be taken back: later work leans on it, or it was taken back before."""
