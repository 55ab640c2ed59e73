"""Independent origins: the fewest original sources that could account for all reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

_EXACT_UP_TO = 20


class Origins(int):
    """How many origins; an upper bound, and printed as one, where there were too many roots to be exact."""

    exact: bool

    def __new__(cls, number: int, *, exact: bool = True) -> Self:
        """Make the number, saying whether it is exact."""
        made = super().__new__(cls, number)
        made.exact = exact
        return made

    def __str__(self) -> str:
        """Return the number, or `≤ n`."""
        return f"{int(self)}" if self.exact else f"≤ {int(self)}"


def roots_of(basis: Mapping[int, Iterable[int]], sources: Iterable[int]) -> dict[int, frozenset[int]]:
    """Return for each source those without a basis that it leads to; itself where it has none.

    `basis` gives what each source is based on. Where sources lead to nothing but a circle, the first of the
    circle stands for it: one witness, not none.
    """
    found: dict[int, frozenset[int]] = {}
    for start in sources:
        reached = _reached(basis, start)
        roots = {step for step in reached if not list(basis.get(step, ()))}
        if not roots:
            # The circle at the end: those that lead to everything that can be reached from them.
            innermost = min(reached, key=lambda step: (len(_reached(basis, step)), step))
            roots = {min(_reached(basis, innermost))}
        found[start] = frozenset(roots)
    return found


def _reached(basis: Mapping[int, Iterable[int]], start: int) -> set[int]:
    reached, waiting = {start}, [start]
    while waiting:
        for other in basis.get(waiting.pop(), ()):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


def count_origins(reports: Iterable[frozenset[int]]) -> Origins:
    """Return the least number of sources that meets every report's roots: a minimum hitting set.

    Exact up to 20 roots, beyond that greedy and an upper bound.
    """
    distinct = set(reports)
    if len(distinct) < 2:
        return Origins(len(distinct))
    needed = [report for report in distinct if not any(other < report for other in distinct)]
    # A root that alone accounts for a report is in every answer.
    forced = {next(iter(report)) for report in needed if len(report) == 1}
    needed = [report for report in needed if not report & forced]
    if not needed:
        return Origins(len(forced))
    if len(frozenset().union(*needed)) <= _EXACT_UP_TO:
        size = 1
        while not _can_meet(needed, size):
            size += 1
        return Origins(len(forced) + size)
    return Origins(len(forced) + _greedy(needed), exact=False)


def _can_meet(reports: list[frozenset[int]], size: int) -> bool:
    """Whether some `size` roots meet every report: one of them is among the roots of the narrowest."""
    if not reports:
        return True
    if size == 0:
        return False
    return any(
        _can_meet([report for report in reports if root not in report], size - 1) for root in min(reports, key=len)
    )


def _greedy(reports: list[frozenset[int]]) -> int:
    """Return how many roots are chosen when each next one meets the most reports left."""
    of_root: dict[int, set[int]] = {}
    for place, report in enumerate(reports):
        for root in report:
            of_root.setdefault(root, set()).add(place)
    chosen, left = 0, len(reports)
    while left:
        best = max(of_root, key=lambda root: (len(of_root[root]), -root))
        met = of_root.pop(best)
        left -= len(met)
        chosen += 1
        for place in met:
            for root in reports[place]:
                if root != best and root in of_root:
                    of_root[root].discard(place)
    return chosen
