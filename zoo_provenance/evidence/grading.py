"""Admiralty grades: the source as recorded, the information from origins, certainty and verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from zoo_provenance.evidence.contested import Witnesses
from zoo_provenance.vocabulary import Certainty, Verdict

RELIABILITY = {
    "A": "completely reliable",
    "B": "usually reliable",
    "C": "fairly reliable",
    "D": "not usually reliable",
    "E": "unreliable",
    "F": "cannot be judged",
}
"""What the grades of a source mean (Admiralty code, NATO AJP-2.1)."""

CREDIBILITY = {
    1: "confirmed by independent origins",
    2: "probably true",
    3: "possibly true",
    4: "doubtful",
    5: "improbable",
    6: "cannot be judged",
}
"""What the grades of information mean."""

_CONFIRMED, _ALONE, _WORST, _UNJUDGED = 1, 3, 5, 6
_OF_VERDICT = {Verdict.AGREE: 0, Verdict.REFINES: 0, Verdict.POSSIBLE: 1, Verdict.CONFLICT: 2}


class Heard(NamedTuple):
    """A source vouching for a value, how surely, and whether only for itself."""

    source_id: int
    own: bool
    certainty: str | None


def credibility(reports: Iterable[Heard], verdict: Verdict, witnesses: Witnesses, *, settled: bool = False) -> int:
    """Return the grade of a piece of information, 1 to 6.

    Two or more independent origins start at 1, one alone at 3. Each doubt lowers it by one: a source that calls
    it probable (possible: two), values that may differ or a dispute that was settled (an open conflict: two). The
    surest reports are asked first: certain ones confirm what probable ones only repeat. Not below 5; 6 is what
    nobody vouches for.
    """
    by_certainty: dict[str, set[tuple[int, bool]]] = {}
    for source_id, own, certainty in reports:
        by_certainty.setdefault(certainty or Certainty.CERTAIN, set()).add((source_id, own))
    doubts = min(_OF_VERDICT[verdict], 1) if settled else _OF_VERDICT[verdict]
    best, heard = _UNJUDGED, set[tuple[int, bool]]()
    for step, certainty in enumerate(Certainty):
        if certainty in by_certainty:
            heard |= by_certainty[certainty]
            start = _CONFIRMED if witnesses.origins(heard) > 1 else _ALONE
            best = min(best, start + step + doubts, _WORST)
    return best
