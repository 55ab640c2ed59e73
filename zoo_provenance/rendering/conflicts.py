"""How conflicts read: each disputed field with its rivals, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from zoo_provenance.questions.conflicts import Conflict, Rival
from zoo_provenance.rendering.documents import Document, Table

_FLAT = (
    "record", "line", "field", "verdict", "settled", "concluded", "value", "during", "sources", "against", "origins",
    "dismissed", "note", "reason",
)  # fmt: skip
_HEADINGS = ("Field", "Value", "Said by", "Origins", "Note")


def conflicts_document(found: Sequence[Conflict], *, settled: bool) -> Document:
    """Return the document of conflicts."""
    empty = "No sources disagree." if settled else "No open disagreement. With --all also what was settled."
    page: list[str | Table] = []
    for verdict in dict.fromkeys(one.verdict for one in found):
        group = [one for one in found if one.verdict == verdict]
        page.append(f"{_TITLES[verdict]} ({len(group)})")
        page.append(Table(_HEADINGS, [row for one in group for row in _rows(one)]))
    counts = Counter(one.verdict for one in found)
    if found:
        page.append(
            f"{len(found)} fields: {', '.join(f'{number} {verdict}' for verdict, number in counts.items())}.\n"
            "Origins: the fewest original sources that could account for the reports of a value.\n"
            f"To go on: zoo-provenance evidence {found[0].record} {found[0].field}"
        )
    flat = Table(_FLAT, [row for one in found for row in _flat(one)], empty)
    return Document(
        "zooprov/conflicts/1", {"conflicts": [conflict_json(one) for one in found]}, "conflicts", flat, page or [empty]
    )


_TITLES = {
    "conflict": "Conflict: both cannot be",
    "possible": "Possible: they may mean the same",
    "refines": "Refines: one says more than the other",
}


def conflict_json(one: Conflict) -> dict[str, Any]:
    """Return a conflict as JSON has it."""
    return {
        "record": one.record,
        "line": one.line,
        "field": one.field,
        "verdict": one.verdict,
        "settled": one.settled,
        "concluded": one.concluded,
        "reason": one.reason,
        "values": [
            {
                "value": rival.value,
                "during": rival.during,
                "sources": list(rival.sources),
                "against": list(rival.against),
                "origins": rival.origins,
                "dismissed": rival.dismissed is not None,
                "reason": rival.dismissed,
                "note": rival.note,
            }
            for rival in one.values
        ],
    }


def _flat(one: Conflict) -> list[list[str]]:
    start = [one.record, one.line or "", one.field, one.verdict, "yes" if one.settled else "no", one.concluded or ""]
    return [
        [
            *start,
            rival.value,
            rival.during or "",
            " ".join(rival.sources),
            " ".join(rival.against),
            f"{rival.origins:d}",
            rival.dismissed or "",
            rival.note or "",
            one.reason or "",
        ]
        for rival in one.values
    ]


def _rows(one: Conflict) -> list[list[str]]:
    place = f"{one.record}/{one.line}" if one.line else one.record
    rows = []
    for at, rival in enumerate(one.values):
        field = f"{place}: {one.field}" if at == 0 else ""
        value = rival.value + (f" ({rival.during})" if rival.during else "")
        by = [*rival.sources, *(f"against: {source}" for source in rival.against)]
        origins = str(rival.origins) if rival.sources else ""
        rows.append([field, value, ", ".join(by), origins, _note(one, rival)])
    return rows


def _note(one: Conflict, rival: Rival) -> str:
    if rival.dismissed is not None:
        return f"dismissed: {rival.dismissed}"
    if rival.note is not None:
        return rival.note
    if rival.value == one.concluded:
        return f"settled: {one.reason}" if one.settled and one.reason else "concluded"
    return ""
