"""Uncertain counts: text as written, bounds, sums."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from zoo_provenance.errors import Unreadable, quoted

MOST = 9_999_999_999
EXPECTED = 'a count such as 75, >70, 70+, <100, 10-12, ~70, several, 1.2.0 (males.females.unsexed) or "?"'

_NUMBER = r"(\d{1,10})"
_EXACT = re.compile(rf"(~?){_NUMBER}")
_OVER = re.compile(rf"(~?)(>=?){_NUMBER}")
_UNDER = re.compile(rf"(~?)(<=?){_NUMBER}")
_PLUS = re.compile(rf"(~?){_NUMBER}\+")
_RANGE = re.compile(rf"(~?){_NUMBER} ?[-–] ?{_NUMBER}")
_SEXED = re.compile(rf"(~?){_NUMBER}\.{_NUMBER}(?:\.{_NUMBER})?")


@dataclass(frozen=True)
class Count:
    """A number of animals as written, with the least and the most it can mean; no most is None.

    `sexes` is (males, females, unsexed) where it was written so.
    """

    text: str
    least: int
    most: int | None
    sexes: tuple[int, int, int] | None = None


def parse_count(text: str) -> Count:
    """Read a count. Raises Unreadable for anything that is not one; `"?"` is not a count but a claim."""
    if not text.replace("–", "-").isascii():
        raise Unreadable(f"{quoted(text)} is not a count; expected {EXPECTED}")
    if text == "several":
        return Count(text, 2, None)
    for pattern, bounds in (
        (_EXACT, lambda m: (int(m[2]), int(m[2]))),
        (_OVER, lambda m: (int(m[3]) + (m[2] == ">"), None)),
        (_UNDER, lambda m: (0, int(m[3]) - (m[2] == "<"))),
        (_PLUS, lambda m: (int(m[2]), None)),
        (_RANGE, lambda m: (int(m[2]), int(m[3]))),
    ):
        match = pattern.fullmatch(text)
        if match:
            least, most = bounds(match)
            return _checked(text, least, most)
    sexed = _SEXED.fullmatch(text)
    if sexed:
        sexes = (int(sexed[2]), int(sexed[3]), int(sexed[4] or 0))
        return Count(text, sum(sexes), sum(sexes), sexes) if sum(sexes) <= MOST else _checked(text, 0, MOST + 1)
    raise Unreadable(f"{quoted(text)} is not a count; expected {EXPECTED}")


def _checked(text: str, least: int, most: int | None) -> Count:
    if most is not None and most < least:
        raise Unreadable(f"{quoted(text)} allows no number; write the smaller one first")
    if max(least, most or 0) > MOST:
        raise Unreadable(f"{quoted(text)} is more than {MOST:,}")
    return Count(text, least, most)


def format_range(least: int, most: int | None) -> str:
    """Return a range as it is read: `75`, `71+`, `10-12`."""
    if most is None:
        return f"{least}+"
    return str(least) if least == most else f"{least}-{most}"


def sum_counts(counts: Iterable[tuple[int | None, int | None]]) -> tuple[int, int | None]:
    """Return the sum of (least, most) pairs; uncounted is at least one, an open end keeps the sum open."""
    total, top, is_open = 0, 0, False
    for least, most in counts:
        total += 1 if least is None else least
        is_open = is_open or most is None
        top += most or 0
    return total, None if is_open else top


def bound_text(number: int | None) -> str | None:
    """Return a bound as ten digits, so that text order is number order, as for dates."""
    return None if number is None else f"{number:010d}"
