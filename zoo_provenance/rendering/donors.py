"""How the ranking of donors reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoo_provenance.questions.donors import Donor
from zoo_provenance.rendering.documents import Document, Table, as_json, text_of

Findings = Mapping[int | None, Mapping[str, int]]
_HEADINGS = (
    "Donor", "Kind", "Country", "Animals", "Transfers", "Unstated", "Loans", "Not completed", "Taxa", "First", "Last",
    "Cited lines", "Origins",
)  # fmt: skip
_FLAT = (
    "donor", "label", "kind", "country", "animals_min", "animals_max", "transfers", "unstated", "loans", "not_completed",
    "taxa", "first", "last", "lines", "cited_lines", "origins", "high", "medium", "low",
)  # fmt: skip


def donors_document(found: Sequence[Donor], findings: Findings | None = None) -> Document:
    """Return the document of the ranking, with how many findings of each severity there are, if they were asked."""
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
            *([" / ".join(str(number) for number in _counts(one, findings).values())] if findings is not None else []),
        ]
        for one in found
    ]
    notes = (
        "Animals: the sum of completed transfers that pass title; where title is not stated, in the most only.\n"
        "Not completed: planned, cancelled or unconfirmed, and in no sum. Origins: the fewest original sources that\n"
        "could account for all of it."
        + ("" if findings is None else " Findings: high / medium / low; for them: zoo-provenance donors DONOR")
    )
    empty = "No donor matches."
    flat = Table(_FLAT, [_flat(one, findings) for one in found], empty)
    headings = _HEADINGS if findings is None else (*_HEADINGS, "Findings")
    page: list[str | Table] = [Table(headings, rows, empty), *([notes] if rows else [])]
    body = {"donors": [donor_json(one, None if findings is None else _counts(one, findings)) for one in found]}
    return Document("zooprov/donors/1", body, "donors", flat, page)


def _counts(one: Donor, findings: Findings) -> Mapping[str, int]:
    return findings.get(one.id) or {"high": 0, "medium": 0, "low": 0}


def _flat(one: Donor, findings: Findings | None) -> list[str]:
    counts = ["", "", ""] if findings is None else [str(number) for number in _counts(one, findings).values()]
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
        *(f"{number:d}" for number in (one.lines, one.cited_lines, one.origins)),
        *counts,
    ]


def donor_json(one: Donor, findings: Mapping[str, int] | None) -> dict[str, Any]:
    """Return a donor as JSON has it; findings are null where no rule was asked."""
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
        "findings": None if findings is None else dict(findings),
    }
