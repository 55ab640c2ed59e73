"""Independent origins: the fewest original sources that could account for all reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

_EXACT_UP_TO = 20


@dataclass(frozen=True)
class Origins:
    """How many origins; an upper bound where there were too many roots to be exact."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        """Return the number, or `≤ n`."""
        return str(self.number) if self.exact else f"≤ {self.number}"


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
    needed = [report for report in distinct if not any(other < report for other in distinct)]
    # A root that alone accounts for a report is in every answer.
    forced = {next(iter(report)) for report in needed if len(report) == 1}
    needed = [report for report in needed if not report & forced]
    if not needed:
        return Origins(len(forced))
    candidates = sorted(frozenset().union(*needed))
    if len(candidates) <= _EXACT_UP_TO:
        for size in range(1, len(candidates) + 1):
            for choice in combinations(candidates, size):
                if all(report.intersection(choice) for report in needed):
                    return Origins(len(forced) + size)
    chosen = 0
    while needed:
        best = max(candidates, key=lambda root: (sum(root in report for report in needed), -root))
        needed = [report for report in needed if best not in report]
        chosen += 1
    return Origins(len(forced) + chosen, exact=False)
