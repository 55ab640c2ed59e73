"""How two values of a field compare: agree, refines, possible, conflict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

from zoo_provenance.counts import bound_text, parse_count
from zoo_provenance.dates import is_approximate
from zoo_provenance.errors import Unreadable
from zoo_provenance.names import fold
from zoo_provenance.vocabulary import Shape, Verdict

Range = tuple[str | None, str | None]
_ORDER = (Verdict.AGREE, Verdict.REFINES, Verdict.POSSIBLE, Verdict.CONFLICT)


class Meaning(NamedTuple):
    """What a value means, for comparing.

    A date or count is one or more ranges of text in which order is time or number (a count has those of males
    and females beside it); None is an open end. A record is its id and its ancestors', for a taxon refines
    the one above it. Anything else is its folded words.
    """

    ranges: tuple[Range, ...] = ()
    approximate: bool = False
    record: int | None = None
    above: frozenset[int] = frozenset()
    words: str = ""


def meaning_of(
    shape: Shape,
    value: str | None,
    low: str | None = None,
    high: str | None = None,
    record: int | None = None,
    above: frozenset[int] = frozenset(),
) -> Meaning:
    """Return the meaning of a claimed or concluded value."""
    if shape is Shape.DATE:
        return Meaning(((low, high),), is_approximate(value))
    if shape is Shape.COUNT:
        return Meaning(((low, high), *_sexes(value, high)), is_approximate(value))
    if shape is Shape.RECORD:
        return Meaning(record=record, above=above)
    return Meaning(words=value or "" if shape is Shape.WORD else fold(value or ""))


def _sexes(value: str | None, high: str | None) -> tuple[Range, Range]:
    """Return the ranges of males and females: the unsexed may be either, a bare count says nothing of them."""
    zero = bound_text(0)
    sexes = None
    if value is not None and "." in value:
        try:
            sexes = parse_count(value).sexes
        except Unreadable:
            sexes = None
    if sexes is None:
        return (zero, high), (zero, high)
    males, females, unsexed = sexes
    return (
        (bound_text(males), bound_text(males + unsexed)),
        (bound_text(females), bound_text(females + unsexed)),
    )


def compare(one: Meaning, other: Meaning) -> Verdict:
    """Return how two values compare; the order of the two makes no difference."""
    if _same(one, other):
        return Verdict.AGREE
    if refines(one, other) or refines(other, one):
        return Verdict.REFINES
    if one.ranges and other.ranges:
        if all(_overlap(a, b) for a, b in zip(one.ranges, other.ranges, strict=True)):
            return Verdict.POSSIBLE
        # About 70 and 75 may be the same flock: the mark widens nothing, but it forbids calling it a conflict.
        if one.approximate or other.approximate:
            return Verdict.POSSIBLE
    return Verdict.CONFLICT


def refines(one: Meaning, other: Meaning) -> bool:
    """Whether one value says strictly more than the other: a strict partial order."""
    if one.ranges and other.ranges:
        within = all(_within(a, b) for a, b in zip(one.ranges, other.ranges, strict=True))
        if one.ranges == other.ranges:
            return other.approximate and not one.approximate
        return within
    return other.record is not None and other.record in one.above


def worst(values: Iterable[Meaning]) -> Verdict:
    """Return the worst verdict among all pairs; a value alone agrees."""
    verdicts = (compare(one, other) for one, other in combinations(tuple(values), 2))
    return max(verdicts, key=_ORDER.index, default=Verdict.AGREE)


def compare_total(
    least: int, most: int | None, low: int | None, high: int | None, *, approximate: bool = False
) -> Verdict:
    """Return how a stated total (low, high) compares with the sum of lines (least, most)."""
    floor, ceiling = low or 0, float("inf") if high is None else high
    top = float("inf") if most is None else most
    if floor <= least and top <= ceiling:
        return Verdict.AGREE
    if least <= ceiling and floor <= top:
        return Verdict.POSSIBLE
    return Verdict.POSSIBLE if approximate else Verdict.CONFLICT


def ancestors(parents: Mapping[int, int | None]) -> dict[int, frozenset[int]]:
    """Return for each taxon all those above it; a cycle ends the walk."""
    found: dict[int, frozenset[int]] = {}
    for start in parents:
        above: list[int] = []
        step = parents.get(start)
        while step is not None and step not in above and step != start:
            above.append(step)
            step = parents.get(step)
        found[start] = frozenset(above)
    return found


def _same(one: Meaning, other: Meaning) -> bool:
    return (one.ranges, one.record, one.words) == (other.ranges, other.record, other.words) and (
        one.approximate == other.approximate
    )


def _low(bound: str | None) -> str:
    return bound or ""


def _high(bound: str | None) -> str:
    return bound or "\U0010ffff"


def _within(one: Range, other: Range) -> bool:
    return _low(other[0]) <= _low(one[0]) and _high(one[1]) <= _high(other[1])


def _overlap(one: Range, other: Range) -> bool:
    return _low(one[0]) <= _high(other[1]) and _low(other[0]) <= _high(one[1])
