"""How the file on a donor reads: summary, findings, transfers, people, evidence, what was not checked, method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import fill
from typing import Any

from zoo_provenance.evidence.grading import CREDIBILITY, RELIABILITY
from zoo_provenance.questions.donor_file import DonorFile, Gift
from zoo_provenance.questions.not_checked import Unchecked
from zoo_provenance.rendering.documents import Document, Table, as_json, text_of
from zoo_provenance.rendering.donors import donor_json
from zoo_provenance.rendering.findings import finding_json, findings_page, summary

_SHOWN = 10
METHOD = (
    "Only what is recorded in this database was looked at.",
    "Sources are graded A to F as recorded; a source that was not graded has no letter.",
    (
        "Information is graded 1 to 6 from independent origins, certainty and verdict, by the weakest of kind, status,"
        " sender, recipient, date, taxa and counts: two or more independent origins start at 1, one alone at 3; each"
        " doubt adds 1, up to 5; 6 is what no source vouches for."
    ),
    "Reports of one statement count as one origin, however many they are.",
    "Planned, cancelled and unconfirmed transfers are listed, and in no sum.",
)
"""How the file was made, in words."""


def donor_file_document(file: DonorFile) -> Document:
    """Return the document of the file on a donor."""
    flat = Table(
        ("transfer", "date", "kind", "status", "to", "animals_min", "animals_max", "sources", "origins", "reliability",
         "credibility", "disputed"),
        [_flat(one) for one in file.transfers],
        "Nothing is recorded that it gave.",
    )  # fmt: skip
    return Document("zooprov/donors/1", _json(file), "transfers", flat, list(_page(file)))


def _json(file: DonorFile) -> dict[str, Any]:
    counts = {"high": 0, "medium": 0, "low": 0}
    for one in file.findings:
        if one.waived is None:
            counts[one.severity] += 1
    whole = donor_json(file.donor, counts)
    donor = whole.pop("donor")
    whole["findings"] = counts
    return {
        "donor": {**donor, **whole},
        "findings": [finding_json(one) for one in file.findings],
        "transfers": [_gift_json(one) for one in file.transfers],
        "people": [
            {
                "who": as_json(one.who),
                "role": one.role,
                "as": one.capacity,
                "on_behalf_of": as_json(one.on_behalf_of),
                "transfers": list(one.transfers),
            }
            for one in file.people
        ],
        "evidence": [
            {"by": one.by, "value": one.value, "sources": list(one.sources), "transfers": one.transfers}
            for one in file.evidence
        ],
        "cites": [one._asdict() for one in file.listed],
        "not_checked": [one._asdict() for one in file.not_checked],
        "method": list(METHOD),
    }


def _gift_json(one: Gift) -> dict[str, Any]:
    return {
        "slug": one.slug,
        "label": one.label,
        "date": as_json(one.date),
        "kind": one.kind,
        "status": one.status,
        "title": one.title,
        "from": as_json(one.origin),
        "to": as_json(one.destination),
        "sum": as_json(one.sum),
        "lines": one.lines,
        "taxa": list(one.taxa),
        "sources": one.sources,
        "origins": one.origins,
        "reliability": one.reliability,
        "credibility": one.credibility,
        "disputed": list(one.disputed),
    }


def _flat(one: Gift) -> list[str]:
    return [
        one.slug,
        text_of(one.date),
        one.kind or "",
        one.status or "",
        one.destination.slug if one.destination else "",
        str(one.sum.min),
        "" if one.sum.max is None else str(one.sum.max),
        str(one.sources),
        f"{one.origins:d}",
        one.reliability or "",
        str(one.credibility),
        " ".join(one.disputed),
    ]


def _page(file: DonorFile) -> Iterator[str | Table]:
    donor = file.donor
    who = ", ".join(word for word in (donor.donor.kind, donor.donor.country) if word)
    yield "\n".join(
        [
            f"File on {donor.donor.label} ({donor.donor.slug}), {who}",
            (
                f"{donor.animals} animals of {donor.taxa} taxa in {donor.transfers} transfers that passed title; of"
                f" {donor.unstated} more that is not stated; {donor.loans} loans; {donor.not_completed} not completed."
            ),
            (
                f"Sources lead to {donor.origins} independent origin{'s' * (donor.origins != 1)};"
                f" {donor.cited_lines} of {donor.lines} lines are cited."
            ),
        ]
    )
    yield "Findings\n" + (summary(file.findings) if file.findings else "None.")
    yield from findings_page(file.findings)
    yield "Transfers"
    yield Table(
        ("Date", "Transfer", "To", "Animals", "Terms", "Sources", "Origins", "Grade", "Disputed"),
        [
            [
                text_of(one.date) or "not dated",
                one.slug,
                text_of(one.destination) or "not known",
                str(one.sum),
                _terms(one),
                str(one.sources),
                str(one.origins),
                f"{one.reliability or '-'}{one.credibility}",
                ", ".join(one.disputed),
            ]
            for one in file.transfers
        ],
        "Nothing is recorded that it gave.",
    )
    if file.transfers:
        letters = dict.fromkeys(one.reliability for one in file.transfers if one.reliability)
        numbers = dict.fromkeys(one.credibility for one in file.transfers)
        told = [f"{letter} {RELIABILITY[letter]}" for letter in sorted(letters)]
        told += [f"{number} {CREDIBILITY[number]}" for number in sorted(numbers)]
        yield f"Grade: the best source and, apart from it, the information. {'; '.join(told)}."
    if file.people:
        yield "People and offices at the time"
        yield Table(
            ("Who", "Role", "As", "Transfers"),
            [
                [
                    one.who.label,
                    (one.role or "not settled").replace("_", " "),
                    (one.capacity or "") + (f" (for {one.on_behalf_of.label})" if one.on_behalf_of else ""),
                    ", ".join(one.transfers),
                ]
                for one in file.people
            ],
        )
    yield "Evidence"
    yield Table(("By", "Value", "Sources", "Transfers"), list(_witness_rows(file)), "No source is cited.")
    if file.listed:
        yield "CITES-listed, across a border"
        yield Table(
            ("Line", "Taxon", "Appendix", "From", "To", "Permit", "Importer's report", "Exporter's report"),
            [
                [
                    one.line,
                    one.taxon,
                    one.appendix,
                    one.sender,
                    one.receiver,
                    "recorded" if one.permit else "not recorded",
                    one.importer_report,
                    "recorded" if one.exporter_report else "not recorded",
                ]
                for one in file.listed
            ],
        )
    yield "Not checked\n" + _listed([_unchecked(one) for one in file.not_checked])
    yield "Method\n" + _listed(METHOD)


def _listed(texts: Iterable[str]) -> str:
    return "\n".join(fill(text, 100, initial_indent="  - ", subsequent_indent="    ") for text in texts)


def _terms(one: Gift) -> str:
    status = "" if one.status == "completed" else f", {one.status or 'status disputed'}"
    return (one.kind or "terms disputed").replace("_", " ") + status


def _witness_rows(file: DonorFile) -> Iterator[list[str]]:
    for by in ("origin", "reliability", "language", "publisher"):
        group = [one for one in file.evidence if one.by == by]
        for one in group[:_SHOWN]:
            yield [by, one.value or "not recorded", str(len(one.sources)), str(one.transfers)]
        if len(group) > _SHOWN:
            yield [by, f"… and {len(group) - _SHOWN} more", "", ""]


def _unchecked(one: Unchecked) -> str:
    return f"{one.what}: {f'{one.number} of {one.of}; ' if one.of else ''}{one.why}"
