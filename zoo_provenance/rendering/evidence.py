"""How evidence reads: field by field, every value with who says it, the chosen one with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

from zoo_provenance.questions.evidence import Account, ClaimedValue, FieldEvidence, Said
from zoo_provenance.rendering.documents import Document, Table, as_json, text_of

_FLAT = (
    "field", "concluded", "verdict", "value", "language", "during", "source", "stance", "at", "quote", "certainty", "own",
    "dismissed", "note", "inherited",
)  # fmt: skip


def evidence_document(account: Account) -> Document:
    """Return the document of the evidence for a record."""
    body = {
        "record": {"slug": account.slug, "label": account.label, "kind": account.kind},
        "notes": account.notes,
        "fields": [_json(one, account.languages) for one in account.fields],
    }
    header = f"{account.label} ({account.slug}), {account.kind}"
    page: list[str | Table] = [header]
    notes: list[str] = []
    for one in account.fields:
        page.extend(_page(one, notes, account.languages))
    if not account.fields:
        page.append("No evidence is recorded.")
    if notes:
        told = [fill(f"{number}. {note}", 110, subsequent_indent="   ") for number, note in enumerate(notes, 1)]
        page.append("Notes\n" + "\n".join(told))
    if account.notes:
        page.append(fill(f"Of the whole: {account.notes}", 110))
    if account.fields:
        page.append("Origins: the fewest original sources that could account for the reports of a value.")
    return Document("zooprov/evidence/1", body, "fields", _flat(account), page)


def _json(one: FieldEvidence, languages: Mapping[str, str]) -> dict[str, Any]:
    return {
        "field": one.field,
        "concluded": one.concluded,
        "verdict": one.verdict,
        "decided": None if one.decided is None else {"value": one.decided.value, "reason": one.decided.reason},
        "claims": [
            {
                "value": claim.value,
                "language": claim.language,
                "during": as_json(claim.during),
                "origins": claim.origins,
                "dismissed": claim.dismissed,
                "said": [_said_json(said, languages) for said in claim.said],
            }
            for claim in one.claims
        ],
    }


def _said_json(said: Said, languages: Mapping[str, str]) -> dict[str, Any]:
    return {
        "source": said.source,
        "stance": said.stance,
        "at": said.at or None,
        "quote": said.quote,
        "certainty": said.certainty,
        "own": said.own,
        "note": said.note,
        "inherited": said.inherited,
        "language": languages.get(said.source or ""),
    }


def _flat(account: Account) -> Table:
    rows = [
        [
            one.field,
            one.concluded or "",
            one.verdict,
            claim.value or "",
            claim.language,
            text_of(claim.during),
            said.source or "",
            said.stance,
            said.at,
            said.quote or "",
            said.certainty or "",
            text_of(said.own),
            claim.dismissed or "",
            said.note or "",
            text_of(said.inherited),
        ]
        for one in account.fields
        for claim in one.claims
        for said in claim.said or (Said(None, "supports", "", None, None, own=False, note=None, inherited=True),)
    ]
    return Table(_FLAT, rows, "No evidence is recorded.")


def _page(one: FieldEvidence, notes: list[str], languages: Mapping[str, str]) -> list[str | Table]:
    """Return a field's block; its notes are added to the account's, and numbered through."""
    title = f"{one.field}: {one.concluded}" if one.concluded is not None else one.field
    if one.verdict in {"conflict", "possible"}:
        title += f"   ({one.verdict}{'' if one.decided else ', open'})"
    elif one.verdict == "refines":
        title += "   (one says more than the other)"
    if one.decided is not None:
        chosen = "Settled" if one.decided.value is not None else "Left open"
        title += f"\n{chosen}: {one.decided.reason}"
    rows = [_row(claim, notes, languages) for claim in one.claims]
    return [title, Table(("Value", "Said by", "Origins", "Notes"), rows)]


def _row(claim: ClaimedValue, notes: list[str], languages: Mapping[str, str]) -> list[str]:
    value = claim.value if claim.value is not None else "(searched, nothing found)"
    if claim.language:
        value += f" [{claim.language}]"
    if claim.during:
        value += f" ({claim.during.edtf})"
    numbers: list[str] = []
    if claim.dismissed:
        notes.append(f"dismissed: {claim.dismissed}")
        numbers.append(str(len(notes)))
    by: dict[str, None] = {}
    told: dict[str, list[str]] = {}
    for said in claim.said:
        by[_by(said)] = None
        for note in _notes(said, languages):
            told.setdefault(note, []).append(said.source or "no source")
    for note, sources in told.items():
        notes.append(f"{', '.join(dict.fromkeys(sources))}: {note}")
        numbers.append(str(len(notes)))
    return [value, "; ".join(by) or "no source", str(claim.origins), ", ".join(numbers)]


def _by(said: Said) -> str:
    told = said.source or "no source"
    if said.at:
        told += f" ({said.at})"
    return f"against: {told}" if said.stance == "contradicts" else told


def _notes(said: Said, languages: Mapping[str, str]) -> list[str]:
    """Return what goes with a source's word: its quote in its language, how sure it is, what was remarked."""
    language = languages.get(said.source or "")
    notes = [f"“{said.quote}”" + (f" [{language}]" if language else "")] if said.quote else []
    notes += [said.certainty] if said.certainty and said.certainty != "certain" else []
    notes += ["its own word, not what it derives from"] if said.own else []
    return [*notes, *([said.note] if said.note else [])]
