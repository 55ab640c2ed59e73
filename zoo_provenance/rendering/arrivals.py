"""How arrivals read: a transfer, its lines, the stated totals against their sum, the people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo_provenance.questions.arrivals import Arrival, Line, Participant
from zoo_provenance.rendering.documents import Document, Table, as_json, text_of

_FLAT = ("transfer", "date", "kind", "status", "from", "to", "line", "taxon", "term", "count", "min", "max")
_LINES = ("Line", "Taxon", "Count", "Rivals", "Animals", "Sources", "Origins")


def arrivals_document(found: Sequence[Arrival]) -> Document:
    """Return the document of arrivals."""
    page: list[str | Table] = []
    for arrival in found:
        page.extend(_page(arrival))
    empty = "No transfer matches."
    return Document(
        "zooprov/arrivals/1", {"transfers": [_json(one) for one in found]}, "transfers", _flat(found), page or [empty]
    )


def _json(arrival: Arrival) -> dict[str, Any]:
    return {
        "slug": arrival.slug,
        "label": arrival.label,
        "date": as_json(arrival.date),
        "kind": arrival.kind,
        "status": arrival.status,
        "custody": arrival.custody,
        "title": arrival.title,
        "from": as_json(arrival.origin),
        "to": as_json(arrival.destination),
        "participants": [
            {
                "key": one.key,
                "who": as_json(one.who),
                "role": one.role,
                "as": one.capacity,
                "on_behalf_of": as_json(one.on_behalf_of),
                "disputed": list(one.disputed),
            }
            for one in arrival.participants
        ],
        "lines": [_line_json(line) for line in arrival.lines],
        "sum": as_json(arrival.sum),
        "stated": [
            {
                "count": as_json(one.how_many),
                "sources": list(one.sources),
                "origins": one.origins,
                "verdict": one.verdict,
            }
            for one in arrival.stated
        ],
        "disputed": list(arrival.disputed),
        "sources": list(arrival.sources),
        "origins": arrival.origins,
    }


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "taxon": as_json(line.taxon),
        "term": line.term,
        "count": as_json(line.how_many),
        "animals": list(line.animals),
        "disputed": list(line.disputed),
        "rivals": list(line.rivals),
        "sources": list(line.sources),
        "origins": line.origins,
    }


def _flat(found: Sequence[Arrival]) -> Table:
    rows: list[list[str]] = []
    for arrival in found:
        start = [
            arrival.slug,
            text_of(arrival.date),
            arrival.kind or "",
            arrival.status or "",
            arrival.origin.slug if arrival.origin else "",
            arrival.destination.slug if arrival.destination else "",
        ]
        rows.extend([*start, *_line_cells(line)] for line in arrival.lines)
        if not arrival.lines:
            rows.append([*start, *[""] * 10])
    return Table((*_FLAT, "animals", "disputed", "rivals", "origins"), rows, "No transfer matches.")


def _line_cells(line: Line) -> list[str]:
    count = line.how_many
    return [
        line.key,
        line.taxon.slug if line.taxon else "",
        line.term,
        text_of(count),
        str(count.min) if count else "1",
        "" if count is None or count.max is None else str(count.max),
        " ".join(line.animals),
        " ".join(line.disputed),
        "; ".join(line.rivals),
        f"{line.origins:d}",
    ]


def _page(arrival: Arrival) -> list[str | Table]:
    way = f"{text_of(arrival.origin) or 'not known'} → {text_of(arrival.destination) or 'not known'}"
    kind = (arrival.kind or "terms disputed or not stated").replace("_", " ")
    status = arrival.status or "status disputed"
    header = [f"{arrival.label} ({arrival.slug})", f"{text_of(arrival.date) or 'not dated'}, {kind}, {status}: {way}"]
    if arrival.disputed:
        header.append(f"Disputed: {', '.join(arrival.disputed)}. See: zoo-provenance evidence {arrival.slug}")
    page: list[str | Table] = ["\n".join(header)]
    if arrival.lines:
        page.append(Table(_LINES, [_line_row(line) for line in arrival.lines]))
    page.append(_totals(arrival))
    if arrival.participants:
        page.append(Table(("Role", "Who", "As", "Note"), [_person_row(one) for one in arrival.participants]))
    return page


def _line_row(line: Line) -> list[str]:
    animals = ", ".join(line.animals)
    term = "" if line.term == "LIV" else f" [{line.term}]"
    return [
        line.key,
        (text_of(line.taxon) or "not known") + term,
        text_of(line.how_many) or "not counted",
        f"also {', '.join(line.rivals)}" if line.rivals else "disputed" if line.disputed else "",
        animals,
        str(len(line.sources)),
        str(line.origins),
    ]


def _totals(arrival: Arrival) -> str:
    told = [f"Sum of lines: {arrival.sum}" if arrival.lines else "No lines are recorded."]
    for one in arrival.stated:
        verdict = {"agree": "agrees", "possible": "may agree", "conflict": "conflicts"}[one.verdict]
        origins = f" ({one.origins} origin{'s' * (int(one.origins) != 1)})" if one.sources else ""
        told.append(f"Stated: {one.how_many.text} ({verdict}), by {', '.join(one.sources) or 'nobody named'}{origins}")
    return "\n".join(told)


def _person_row(one: Participant) -> list[str]:
    capacity = one.capacity or ""
    if one.on_behalf_of:
        capacity += f" (for {one.on_behalf_of.label})"
    note = f"disputed: {', '.join(one.disputed)}" if one.disputed else ""
    return [(one.role or "").replace("_", " "), text_of(one.who) or "not known", capacity.strip(), note]
