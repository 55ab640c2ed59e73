"""How the ranking of donors reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo_provenance.questions.donors import Donor
from zoo_provenance.rendering.documents import Document, Table, as_json, text_of

_HEADINGS = (
    "Donor", "Kind", "Country", "Animals", "Transfers", "Unstated", "Loans", "Not completed", "Taxa", "First", "Last",
    "Cited lines", "Origins",
)  # fmt: skip
_FLAT = (
    "donor", "label", "kind", "country", "animals_min", "animals_max", "transfers", "unstated", "loans", "not_completed",
    "taxa", "first", "last", "lines", "cited_lines", "origins",
)  # fmt: skip


def donors_document(found: Sequence[Donor]) -> Document:
    """Return the document of the ranking."""
    rows = [
        [
            one.donor.label,
            one.donor.kind or "",
            one.donor.country or "",
            str(one.animals),
            str(one.transfers),
            str(one.unstated),
            str(one.loans),
            str(one.not_completed),
            str(one.taxa),
            text_of(one.first),
            text_of(one.last),
            f"{one.cited_lines} of {one.lines}",
            str(one.origins),
        ]
        for one in found
    ]
    notes = (
        "Animals: the sum of completed transfers that pass title; where title is not stated, in the most only.\n"
        "Not completed: planned, cancelled or unconfirmed, and in no sum. Origins: the fewest original sources that\n"
        "could account for all of it."
    )
    flat = Table(_FLAT, [_flat(one) for one in found], "No donor matches.")
    page: list[str | Table] = [Table(_HEADINGS, rows, "No donor matches."), *([notes] if rows else [])]
    return Document("zooprov/donors/1", {"donors": [_json(one) for one in found]}, "donors", flat, page)


def _flat(one: Donor) -> list[str]:
    return [
        one.donor.slug or "",
        one.donor.label,
        one.donor.kind or "",
        one.donor.country or "",
        str(one.animals.min),
        "" if one.animals.max is None else str(one.animals.max),
        *(str(number) for number in (one.transfers, one.unstated, one.loans, one.not_completed, one.taxa)),
        text_of(one.first),
        text_of(one.last),
        *(str(number) for number in (one.lines, one.cited_lines, one.origins)),
    ]


def _json(one: Donor) -> dict[str, Any]:
    donor = one.donor
    return {
        "donor": {"slug": donor.slug, "label": donor.label, "kind": donor.kind, "country": donor.country},
        "transfers": one.transfers,
        "unstated": one.unstated,
        "loans": one.loans,
        "not_completed": one.not_completed,
        "animals": as_json(one.animals),
        "taxa": one.taxa,
        "first": as_json(one.first),
        "last": as_json(one.last),
        "lines": one.lines,
        "cited_lines": one.cited_lines,
        "origins": one.origins,
        "findings": None,
    }
