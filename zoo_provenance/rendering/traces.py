"""How a trace reads: the custody table in the order registrars know, gaps as rows of their own."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

from zoo_provenance.dates import is_approximate
from zoo_provenance.evidence.support import Doubt
from zoo_provenance.questions.trace import Trace
from zoo_provenance.questions.trace_steps import TraceGap, TraceStep
from zoo_provenance.rendering.documents import Document, Table, as_json, text_of
from zoo_provenance.rendering.paragraph import key_of, paragraph

if TYPE_CHECKING:
    from zoo_provenance.questions.conflicts import Conflict

_HEADINGS = ("Date", "Term", "From", "To", "Title/Custody", "Owner after", "People", "Reported by", "Mark")
_FLAT = ("step", "date", "kind", "status", "from", "to", "transfer", "custody", "title", "holder", "owner")


def trace_document(trace: Trace) -> Document:
    """Return the document of a trace."""
    subject = trace.subject
    body = {
        "animal": {
            "slug": subject.slug,
            "label": subject.label,
            "taxon": as_json(subject.taxon),
            "sex": subject.sex,
            "count": as_json(subject.count),
            "born": as_json(subject.born),
            "died": as_json(subject.died),
            "disputed": list(subject.disputed),
            "animals": list(subject.animals),
        },
        "steps": [_step_json(step) for step in trace.steps],
        "gaps": [
            {
                "after": gap.after,
                "before": gap.before,
                "since": gap.since,
                "until": gap.until,
                "examined": gap.examined,
                "sources": list(gap.sources),
            }
            for gap in trace.gaps
        ],
        "ancestors": [
            {
                "slug": one.slug,
                "label": one.label,
                "role": one.role,
                "generation": one.generation,
                "share": one.share,
                "origin": one.origin,
                "from": as_json(one.came_from),
                "founder": one.founder,
            }
            for one in trace.ancestors
        ],
    }
    references = _references(trace)
    body |= {
        "notes": [_note_json(number, record, one) for number, (record, one) in enumerate(_notes(trace), 1)],
        "paragraph": paragraph(trace, references),
    }
    return Document("zooprov/trace/1", body, "steps", _flat(trace), _page(trace, references))


def _notes(trace: Trace) -> list[tuple[str, Conflict | Doubt]]:
    """Return what there is to remark, each with the record it is about: the disputes, then what is not certain."""
    unsure = [
        (step.transfer.slug if step.transfer else trace.subject.slug, one)
        for step in trace.steps
        for one in step.doubts
    ]
    return [*((one.record, one) for one in trace.notes), *unsure]


def _note_json(number: int, record: str, one: Conflict | Doubt) -> dict[str, Any]:
    if isinstance(one, Doubt):
        told: dict[str, Any] = {"record": record, "line": None, "field": one.field}
        return {
            "number": number,
            **told,
            "doubt": one.certainty,
            "sources": list(one.sources),
            "note": one.note or None,
        }
    from zoo_provenance.rendering.conflicts import conflict_json

    return {"number": number, **conflict_json(one), "doubt": None}


def _references(trace: Trace) -> dict[str, str]:
    """Return ` (note 1)` and the like by the key of the step that a note is about."""
    numbers: dict[str, list[int]] = {}
    for number, (record, one) in enumerate(_notes(trace), 1):
        key = record
        if record == trace.subject.slug and record not in {key_of(step) for step in trace.steps}:
            key = {"born": "birth", "died": "death"}.get(one.field.partition("_")[0], "")
        numbers.setdefault(key, []).append(number)
    return {
        key: f" (note{'s' * (len(found) > 1)} {', '.join(str(number) for number in found)})"
        for key, found in numbers.items()
    }


def _step_json(step: TraceStep) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "date": as_json(step.date),
        "status": step.status,
        "from": as_json(step.origin),
        "to": as_json(step.destination),
        "transfer": as_json(step.transfer),
        "custody": step.custody,
        "title": step.title,
        "holder": as_json(step.holder),
        "owner": as_json(step.owner),
        "participants": [
            {"who": as_json(one.who), "role": one.role, "as": one.capacity, "disputed": list(one.disputed)}
            for one in step.participants
        ],
        "sources": list(step.sources),
        "origins": step.origins,
        "disputed": list(step.disputed),
        "until": as_json(step.until),
        "doubt": step.doubt,
    }


def _flat(trace: Trace) -> Table:
    """Return the steps in order, gaps among them as rows of kind `gap`."""
    before = {gap.before: gap for gap in trace.gaps}
    rows = []
    for step in trace.steps:
        gap = before.get(key_of(step))
        rows.extend([_flat_gap(gap)] if gap is not None else [])
        rows.append(_flat_step(step))
    rows.extend([_flat_gap(before[None])] if None in before else [])
    return Table((*_FLAT, "sources", "origins", "disputed"), rows, "Nothing is recorded of its life.")


def _flat_gap(gap: TraceGap) -> list[str]:
    dates = f"{gap.since or ''}/{gap.until or ''}"
    return ["", dates, "gap", *[""] * 8, " ".join(gap.sources), "", "examined" if gap.examined else ""]


def _flat_step(step: TraceStep) -> list[str]:
    return [
        key_of(step),
        text_of(step.date),
        step.kind or "",
        step.status or "",
        step.origin.slug if step.origin else "",
        step.destination.slug if step.destination else "",
        step.transfer.slug if step.transfer else "",
        text_of(step.custody),
        text_of(step.title),
        step.holder.slug if step.holder else "",
        step.owner.slug if step.owner else "",
        " ".join(step.sources),
        f"{step.origins:d}",
        " ".join(step.disputed),
    ]


def _page(trace: Trace, references: Mapping[str, str]) -> list[str | Table]:
    subject = trace.subject
    facts = [
        ("", text_of(subject.taxon) if text_of(subject.taxon) != subject.label else ""),
        ("", subject.sex or ""),
        ("count ", text_of(subject.count)),
        ("born ", text_of(subject.born)),
        ("died ", text_of(subject.died)),
    ]
    header = f"{subject.label} ({subject.slug})" + "".join(f", {name}{value}" for name, value in facts if value)
    if subject.disputed:
        header += f"\nDisputed: {', '.join(subject.disputed)}. See: zoo-provenance evidence {subject.slug}"
    if subject.animals:
        header += f"\nKnown by name: {', '.join(subject.animals)}"
    page: list[str | Table] = [header, Table(_HEADINGS, _rows(trace, references), "Nothing is recorded of its life.")]
    notes = _notes(trace)
    if notes:
        page.append("\n".join(_note(number, record, one) for number, (record, one) in enumerate(notes, 1)))
    told = paragraph(trace, references)
    if told:
        page.append(fill(f"Provenance: {told}", 110))
    if trace.ancestors:
        rows = [
            [
                one.label,
                (one.role or "").replace("_", " "),
                str(one.generation or ""),
                "" if one.share is None else f"{one.share:.4g}",
                one.origin or "",
                text_of(one.came_from),
                "founder" if one.founder and one.slug else "",
            ]
            for one in trace.ancestors
        ]
        page.append(Table(("Ancestor", "Role", "Generation", "Share", "Origin", "From", ""), rows))
    last = [
        "Origins: the fewest original sources that could account for all the reports of a step.",
        "~ about, ? uncertain; […] nobody tells; ; passed directly; . not known to be direct.",
    ]
    first = trace.steps[0].transfer if trace.steps else None
    more = f"; zoo-provenance arrivals {first.slug}" if first else ""
    last.append(f"To go on: zoo-provenance evidence {subject.slug}; zoo-provenance gaps {subject.slug}{more}")
    page.append("\n".join(last))
    return page


def _note(number: int, record: str, one: Conflict | Doubt) -> str:
    """Return a numbered note: the rivals, who says them, and what was made of it; or what is not certain."""
    if isinstance(one, Doubt):
        told = f"{number}. {record}, {one.field}: {one.certainty}, by {', '.join(one.sources) or 'nobody named'}"
        return fill(told + (f": {one.note}" if one.note else "."), 110, subsequent_indent="   ")
    place = f"{one.record}/{one.line}" if one.line else one.record
    rivals = []
    for rival in one.values:
        by = f"{len(rival.sources)} source{'s' * (len(rival.sources) != 1)}, {rival.origins} origin"
        by += "s" * (int(rival.origins) != 1)
        if rival.against:
            by += f", against {', '.join(rival.against)}"
        rivals.append(f"{rival.value} ({rival.note or by}{', dismissed' if rival.dismissed else ''})")
    outcome = f"Settled: {one.reason}" if one.settled and one.reason else f"{_OUTCOMES[one.verdict]}, open."
    lead = f"{number}. {place}, {one.field}: {' | '.join(rivals)}. {outcome}"
    return fill(lead, 110, subsequent_indent="   ")


_OUTCOMES = {"conflict": "They contradict one another", "possible": "They may mean the same"}


def _rows(trace: Trace, references: Mapping[str, str]) -> list[list[str]]:
    """Return the steps as rows, each gap as a row between them."""
    before = {gap.before: gap for gap in trace.gaps}
    rows = []
    for step in trace.steps:
        gap = before.get(key_of(step))
        if gap is not None:
            rows.append(_gap_row(gap))
        rows.append(_step_row(step, references.get(key_of(step), "")))
    if None in before:
        rows.append(_gap_row(before[None]))
    return rows


def _gap_row(gap: TraceGap) -> list[str]:
    note = f"searched: {', '.join(gap.sources)}" if gap.examined else "nobody has looked"
    return [f"{gap.since or '…'} to {gap.until or '…'}", "[gap]", "", "", "", "", "", "", note]


def _step_row(step: TraceStep, reference: str) -> list[str]:
    passed = {
        (True, True): "custody, title",
        (True, False): "custody",
        (False, True): "title",
        (True, None): "custody (title not stated)",
        (None, True): "title (custody not stated)",
    }.get((step.custody, step.title), "" if step.transfer is None else "not stated")
    people = "; ".join(
        f"{(one.role or 'part not settled').replace('_', ' ')}: {text_of(one.who) or 'not known'}"
        for one in step.participants
    )
    notes = [] if step.status in {None, "completed"} else [step.status]
    if step.transfer is not None and step.status is None:
        notes.append("status disputed")
    if step.until is not None:
        notes.append(f"until {step.until.edtf}")
    if step.disputed:
        notes.append(f"disputed: {', '.join(step.disputed)}{reference}")
    elif any(one.disputed for one in step.participants):
        notes.append(f"disputed: people{reference}")
    if step.date is not None and is_approximate(step.date.edtf):
        notes.append("date approximate")
    if step.doubt:
        notes.append(step.doubt + ("" if step.disputed else reference))
    kind = (step.kind or "terms disputed or not stated").replace("_", " ")
    return [
        text_of(step.date) or "not dated",
        kind,
        text_of(step.origin) or ("" if step.transfer is None else "not known"),
        text_of(step.destination) or ("not known" if step.kind != "death" else ""),
        passed,
        text_of(step.owner) or {"release": "nobody", "escape": "nobody", "death": ""}.get(step.kind or "", "not known"),
        people,
        f"{len(step.sources)} source{'s' * (len(step.sources) != 1)}, {step.origins} origin"
        + "s" * (int(step.origins) != 1),
        "; ".join(notes),
    ]
