"""A provenance in one paragraph, in the form museums use: earliest first, what is not known left open."""

from __future__ import annotations

from collections.abc import Mapping

from zoo_provenance.questions.trace import Trace
from zoo_provenance.questions.trace_steps import TraceStep

GAP = "[…]"
_HOW = {
    "gift": "by gift to",
    "sale": "by sale to",
    "exchange": "by exchange to",
    "bequest": "by bequest to",
    "capture": "captured and brought to",
    "seizure": "seized and brought to",
    "rescue": "rescued and brought to",
    "release": "released to",
    "loan": "on loan to",
    "return": "returned to",
    "custody_transfer": "in the custody of",
    "stop": "in transit at",
    "ownership_transfer": "title to",
    "escape": "escaped to",
}
"""How each kind of transfer reads; the form follows the AAM Guide to Provenance Research (2001), chapter 1."""


def paragraph(trace: Trace, notes: Mapping[str, str]) -> str:
    """Return the life in one paragraph: `;` passed directly, `.` not known to be direct, `[…]` a gap.

    `notes` are references such as ` (note 1)` by a step's key: its transfer's slug, birth or death.
    """
    told = ""
    gaps = {gap.before: gap for gap in trace.gaps}
    holder = None
    for step in trace.steps:
        if step.status not in {None, "completed"}:
            continue
        key = key_of(step)
        words = _words(step) + notes.get(key, "")
        # Whoever sent it held it before, also where nobody tells how it came there.
        sender = f"{step.origin.label}; " if step.origin is not None and step.transfer is not None else ""
        if not told:
            told = (f"{GAP} " if key in gaps else "") + (sender + words if sender else _capital(words))
        elif key in gaps:
            told += f". {GAP} " + (sender + words if sender else _capital(words))
        elif step.kind == "death" or step.title_alone or step.origin is None or step.origin == holder:
            told += f"; {words}"
        else:
            told += ". " + sender + words
        holder = step.holder
    if not told:
        return ""
    return told + (f". {GAP}" if None in gaps else ".")


def key_of(step: TraceStep) -> str:
    """Return what gaps and notes know a step by."""
    return step.transfer.slug if step.transfer else step.kind or ""


def _words(step: TraceStep) -> str:
    date = f", {step.date.edtf}" if step.date else ", not dated"
    if step.kind == "birth":
        where = f" at {step.destination.label}" if step.destination else ", place not known"
        words = f"born{where}{date}"
    elif step.kind == "death":
        words = f"died{f' at {step.destination.label}' if step.destination else ''}{date}"
    else:
        to = step.destination.label if step.destination else "a place not known"
        words = f"{_HOW.get(step.kind or '', 'on terms not settled to')} {to}{date}"
        if step.until is not None:
            words += f", until {step.until.edtf}"
    doubt = {"probable": "probably ", "possible": "possibly "}.get(step.doubt or "", "")
    return doubt + words


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
