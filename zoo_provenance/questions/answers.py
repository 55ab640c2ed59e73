"""What several answers are made of: records, dates, counts."""

from __future__ import annotations

from typing import NamedTuple

from zoo_provenance.counts import format_range


class Ref(NamedTuple):
    """A record as answers name it."""

    slug: str
    label: str


class When(NamedTuple):
    """A date: its EDTF text, and ISO days that bound it (None: unknown or open)."""

    edtf: str
    earliest: str | None
    latest: str | None


class HowMany(NamedTuple):
    """A count: its text, the least and the most it can be (most None: open)."""

    text: str
    min: int
    max: int | None


class Sum(NamedTuple):
    """A sum of counts, with open ends kept."""

    min: int
    max: int | None

    def __str__(self) -> str:
        """Return the range as it is read."""
        return format_range(self.min, self.max)


def ref(slug: str | None, label: str | None) -> Ref | None:
    """Return a record, or None where there is none."""
    return None if slug is None or label is None else Ref(slug, label)


def when(edtf: str | None, earliest: str | None, latest: str | None) -> When | None:
    """Return a date, or None where there is none."""
    return None if edtf is None else When(edtf, earliest, latest)


def how_many(text: str | None, least: int | None, most: int | None) -> HowMany | None:
    """Return a count, or None where nobody counted."""
    return None if text is None else HowMany(text, least or 0, most)
