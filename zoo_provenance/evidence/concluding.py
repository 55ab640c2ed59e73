"""Concluding a column from its claims: a decision rules, else what no other value refines, else it stays open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from zoo_provenance.counts import format_range
from zoo_provenance.evidence.comparing import Meaning, compare, weigh
from zoo_provenance.fields import Shape
from zoo_provenance.vocabulary import Verdict


class Claimed(NamedTuple):
    """One source's value of a field, as concluding needs it."""

    value: str | None
    low: str | None
    high: str | None
    record: int | None
    meaning: Meaning
    stance: str = "supports"
    dismissed: bool = False
    during: tuple[str | None, str | None] | None = None

    @property
    def live(self) -> bool:
        """Whether it is a value at all: supported, not dismissed, and not a stated unknown."""
        return self.stance == "supports" and not self.dismissed and self.value != "?"


class Chosen(NamedTuple):
    """A decision's value; all None is left open on purpose."""

    value: str | None
    record: int | None


class Conclusion(NamedTuple):
    """What a column holds, and how the live values stand to one another.

    `settled` is None where nobody decided, False where it was left open on purpose.
    """

    value: str | None = None
    low: str | None = None
    high: str | None = None
    record: int | None = None
    verdict: Verdict = Verdict.AGREE
    settled: bool | None = None
    standing: tuple[Meaning, ...] = ()

    @property
    def disputed(self) -> bool:
        """Whether live values contradict one another, decided or not."""
        return self.verdict in {Verdict.POSSIBLE, Verdict.CONFLICT}


def conclude(shape: Shape, claims: Iterable[Claimed], decision: Chosen | None = None) -> Conclusion:
    """Return the conclusion from all claims of one field of one record or part."""
    live, dated = [], False
    for claim in claims:
        if claim.stance == "supports" and not claim.dismissed and claim.value != "?":
            live.append(claim)
            dated = dated or claim.during is not None
    if dated:
        current = _latest(live)
        meanings, _ = weigh(claim.meaning for claim in current)
        verdict = _verdict(live)
    else:
        current = live
        meanings, verdict = weigh([claim.meaning for claim in live])
    standing = current if len(meanings) == len(current) else [one for one in current if one.meaning in meanings]
    if len(meanings) == 1 and verdict is Verdict.POSSIBLE:
        # What overlaps is all refined by the one value left.
        verdict = Verdict.REFINES
    if decision is not None and (decision.value is not None or decision.record is not None):
        ruling = next((c for c in live if (c.record, c.value) == (decision.record, decision.value)), None)
        if ruling is not None:
            return Conclusion(ruling.value, ruling.low, ruling.high, ruling.record, verdict, True, (ruling.meaning,))
        # Settled on what nobody claims any more, or on its being unknown: no value.
        return Conclusion(verdict=verdict, settled=True)
    settled = None if decision is None else False
    if len(meanings) == 1 and settled is None:
        # Several ways to write one meaning: always the same one, whatever was loaded first.
        first = standing[0]
        if any(claim.value != first.value for claim in standing):
            first = min(standing, key=lambda claim: _plainness(claim.value or ""))
        return Conclusion(first.value, first.low, first.high, first.record, verdict, settled, meanings)
    if not standing or shape not in {Shape.DATE, Shape.COUNT}:
        return Conclusion(verdict=verdict, settled=settled, standing=meanings)
    low, high = _hull(standing)
    text = _date_range(low, high, standing) if shape is Shape.DATE else _count_range(low, high, standing)
    return Conclusion(text, low, high, None, verdict, settled, meanings)


def verdict_of(name: str, claimed: Sequence[Claimed], conclusion: Conclusion) -> Verdict:
    """Return how what is said of a field stands together; a denial of what stands is a conflict."""
    if name == "exists" and any(one.live and one.value == "no" for one in claimed):
        return Verdict.CONFLICT
    denied = {one.meaning for one in claimed if one.stance == "contradicts" and not one.dismissed}
    if denied and not denied.isdisjoint(conclusion.standing):
        return Verdict.CONFLICT
    return conclusion.verdict


def _plainness(text: str) -> tuple[int, int, str]:
    """Order ways to write the same: the shorter first, then the one with fewer capitals."""
    return len(text), sum(letter.isupper() for letter in text), text


def _verdict(live: Sequence[Claimed]) -> Verdict:
    """Return the worst verdict among values that hold at the same time; the others are history."""
    verdicts = [
        compare(one.meaning, other.meaning)
        for one, other in combinations(live, 2)
        if _together(one.during, other.during)
    ]
    order = (Verdict.AGREE, Verdict.REFINES, Verdict.POSSIBLE, Verdict.CONFLICT)
    return max(verdicts, key=order.index, default=Verdict.AGREE)


def _latest(live: Sequence[Claimed]) -> list[Claimed]:
    """Return the values that hold last: the undated, and those whose time overlaps the latest."""
    dated = [claim for claim in live if claim.during is not None]
    if not dated:
        return list(live)
    last = max(
        (claim.during or (None, None) for claim in dated), key=lambda during: (during[1] or "9999", during[0] or "")
    )
    return [claim for claim in live if claim.during is None or _together(claim.during, last)]


def _together(one: tuple[str | None, str | None] | None, other: tuple[str | None, str | None] | None) -> bool:
    if one is None or other is None:
        return True
    return (one[0] or "") <= (other[1] or "9999") and (other[0] or "") <= (one[1] or "9999")


def _hull(claims: Sequence[Claimed]) -> tuple[str | None, str | None]:
    lows = [claim.low for claim in claims]
    highs = [claim.high for claim in claims]
    low = None if None in lows else min(low for low in lows if low is not None)
    return low, None if None in highs else max(high for high in highs if high is not None)


def _count_range(low: str | None, high: str | None, claims: Sequence[Claimed]) -> str:
    about = "~" if any(claim.meaning.approximate for claim in claims) else ""
    return about + format_range(int(low or 0), None if high is None else int(high))


def _date_range(low: str | None, high: str | None, claims: Sequence[Claimed]) -> str | None:
    """Return the EDTF set for some time within two days, in years or months where they are whole."""
    if low is None and high is None:
        return None
    cut = 10
    if (low is None or low.endswith("-01-01")) and (high is None or high.endswith("-12-31")):
        cut = 4
    elif (low is None or low.endswith("-01")) and (high is None or _last_of_month(high)):
        cut = 7
    first = _end(low, cut, [claim for claim in claims if claim.low == low])
    last = _end(high, cut, [claim for claim in claims if claim.high == high])
    return first if first == last else f"[{first}..{last}]"


def _end(day: str | None, cut: int, claims: Sequence[Claimed]) -> str:
    """Return one end of a range, about where every value that ends there is."""
    about = day is not None and all(claim.meaning.approximate for claim in claims)
    return (day or "")[:cut] + ("~" if about else "")


def _last_of_month(day: str) -> bool:
    from calendar import monthrange

    return int(day[8:]) == monthrange(int(day[:4]), int(day[5:7]))[1]
