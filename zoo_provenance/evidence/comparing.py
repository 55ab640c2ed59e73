"""How two values of a field compare: agree, refines, possible, conflict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

from zoo_provenance.counts import bound_text, parse_count
from zoo_provenance.dates import is_approximate
from zoo_provenance.errors import Unreadable
from zoo_provenance.fields import Shape
from zoo_provenance.names import fold
from zoo_provenance.vocabulary import Verdict

Range = tuple[str | None, str | None]
_ZERO = bound_text(0)
_OPEN_LOW, _OPEN_HIGH = "", "\U0010ffff"
_WORST_FIRST = (Verdict.CONFLICT, Verdict.POSSIBLE, Verdict.REFINES, Verdict.AGREE)


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
        if value is None or "." not in value:
            # A bare count says nothing of the sexes.
            of_either = (_ZERO, high)
            return Meaning(((low, high), of_either, of_either), is_approximate(value))
        return Meaning(((low, high), *_sexes(value, high)), is_approximate(value))
    if shape is Shape.RECORD:
        return Meaning(record=record, above=above)
    return Meaning(words=value or "" if shape is Shape.WORD else fold(value or ""))


def _sexes(value: str, high: str | None) -> tuple[Range, Range]:
    """Return the ranges of males and females: the unsexed may be either."""
    try:
        sexes = parse_count(value).sexes
    except Unreadable:
        sexes = None
    if sexes is None:
        return (_ZERO, high), (_ZERO, high)
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
    return _apart(one, other)


def _apart(one: Meaning, other: Meaning) -> Verdict:
    """Return how two values compare of which neither refines the other."""
    # About 70 and 75 may be the same flock: the mark widens nothing, but it forbids calling it a conflict.
    if one.ranges and other.ranges and (one.approximate or other.approximate or _overlap(one, other)):
        return Verdict.POSSIBLE
    return Verdict.CONFLICT


def weigh(values: Iterable[Meaning]) -> tuple[tuple[Meaning, ...], Verdict]:
    """Return the different values that no other refines, and the worst verdict among all pairs."""
    told = tuple(dict.fromkeys(values))
    if len(told) < 2:
        return told, Verdict.AGREE
    if len(told) == 2:
        one, other = told
        if refines(one, other):
            return (one,), Verdict.REFINES
        if refines(other, one):
            return (other,), Verdict.REFINES
        return told, _apart(one, other)
    refined: set[int] = set()
    verdicts = {Verdict.AGREE}
    for (place, one), (further, other) in combinations(enumerate(told), 2):
        if refines(one, other):
            refined.add(further)
            verdicts.add(Verdict.REFINES)
        elif refines(other, one):
            refined.add(place)
            verdicts.add(Verdict.REFINES)
        else:
            verdicts.add(_apart(one, other))
    standing = told if not refined else tuple(one for place, one in enumerate(told) if place not in refined)
    return standing, next(verdict for verdict in _WORST_FIRST if verdict in verdicts)


def refines(one: Meaning, other: Meaning) -> bool:
    """Whether one value says strictly more than the other: a strict partial order."""
    if one.ranges and other.ranges:
        if one.ranges == other.ranges:
            return other.approximate and not one.approximate
        for (low, high), (least, most) in zip(one.ranges, other.ranges, strict=True):
            if (low or _OPEN_LOW) < (least or _OPEN_LOW) or (high or _OPEN_HIGH) > (most or _OPEN_HIGH):
                return False
        return True
    return other.record is not None and other.record in one.above


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


def _overlap(one: Meaning, other: Meaning) -> bool:
    for (low, high), (least, most) in zip(one.ranges, other.ranges, strict=True):
        if (low or _OPEN_LOW) > (most or _OPEN_HIGH) or (least or _OPEN_LOW) > (high or _OPEN_HIGH):
            return False
    return True
