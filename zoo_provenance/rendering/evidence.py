"""How evidence reads: field by field, every value with who says it, the chosen one with its reason."""

from __future__ import annotations

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
        "fields": [_json(one) for one in account.fields],
    }
    header = f"{account.label} ({account.slug}), {account.kind}"
    page: list[str | Table] = [header]
    for one in account.fields:
        page.extend(_page(one))
    if not account.fields:
        page.append("No evidence is recorded.")
    if account.notes:
        page.append(f"Notes: {account.notes}")
    return Document("zooprov/evidence/1", body, "fields", _flat(account), page)


def _json(one: FieldEvidence) -> dict[str, Any]:
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
                "said": [_said_json(said) for said in claim.said],
            }
            for claim in one.claims
        ],
    }


def _said_json(said: Said) -> dict[str, Any]:
    return {
        "source": said.source,
        "stance": said.stance,
        "at": said.at or None,
        "quote": said.quote,
        "certainty": said.certainty,
        "own": said.own,
        "note": said.note,
        "inherited": said.inherited,
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


def _page(one: FieldEvidence) -> list[str | Table]:
    title = f"{one.field}: {one.concluded}" if one.concluded is not None else one.field
    if one.verdict in {"conflict", "possible"}:
        title += f"   ({one.verdict}{'' if one.decided else ', open'})"
    if one.decided is not None:
        chosen = "Settled" if one.decided.value is not None else "Left open"
        title += f"\n{chosen}: {one.decided.reason}"
    return [title, Table(("Value", "Said by", "Origins", "Note"), [_row(claim) for claim in one.claims])]


def _row(claim: ClaimedValue) -> list[str]:
    value = claim.value if claim.value is not None else "(searched, nothing found)"
    if claim.language:
        value += f" [{claim.language}]"
    if claim.during:
        value += f" ({claim.during.edtf})"
    by = "; ".join(dict.fromkeys(_by(said) for said in claim.said)) or "no source"
    notes = list(dict.fromkeys(note for said in claim.said for note in _notes(said)))
    if claim.dismissed:
        notes.insert(0, f"dismissed: {claim.dismissed}")
    return [value, by, str(claim.origins), "; ".join(notes)]


def _by(said: Said) -> str:
    told = said.source or "no source"
    if said.at:
        told += f" ({said.at})"
    return f"against: {told}" if said.stance == "contradicts" else told


def _notes(said: Said) -> list[str]:
    notes = [f"“{said.quote}”"] if said.quote else []
    notes += [said.certainty] if said.certainty and said.certainty != "certain" else []
    notes += ["its own word"] if said.own else []
    return [*notes, *([said.note] if said.note else [])]
