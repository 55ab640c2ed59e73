"""How findings read: by severity and rule, each with what clears it, the waived ones apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from zoo_provenance.questions.check import Finding
from zoo_provenance.rendering.documents import Document, Table
from zoo_provenance.rules import Severity

_FLAT = ("severity", "rule", "message", "records", "clear", "waived")
SHOWN = 12
"""How many findings of one rule a page lists; json, csv and plain have them all."""


def check_document(found: Sequence[Finding]) -> Document:
    """Return the document of a check."""
    empty = "Nothing was found."
    page = [*findings_page(found)]
    if found:
        page.append(summary(found))
    flat = Table(_FLAT, [_flat(one) for one in found], empty)
    return Document(
        "zooprov/check/1", {"findings": [finding_json(one) for one in found]}, "findings", flat, page or [empty]
    )


def finding_json(one: Finding) -> dict[str, Any]:
    """Return a finding as JSON has it; `waived` is null, or the reason it may stand."""
    return {
        "rule": one.rule,
        "severity": one.severity,
        "message": one.message,
        "records": list(one.records),
        "clear": one.clear,
        "waived": one.waived,
    }


def findings_page(found: Sequence[Finding]) -> Iterator[str | Table]:
    """Yield a block for each rule: its severity, what it found, what clears it."""
    for rule in dict.fromkeys(one.rule for one in found):
        group = [one for one in found if one.rule == rule]
        stands = [one for one in group if one.waived is None]
        waived = [one for one in group if one.waived is not None]
        lines = [f"{group[0].severity.upper()}  {rule} ({len(stands)})"]
        lines += [f"  - {one.message}" for one in stands[:SHOWN]]
        if len(stands) > SHOWN:
            lines.append(f"  … and {len(stands) - SHOWN} more: --rule {rule} -f plain")
        lines += [f"  - waived: {one.message}\n      because: {one.waived}" for one in waived]
        lines.append(f"  to clear: {group[0].clear}")
        yield "\n".join(lines)


def summary(found: Sequence[Finding]) -> str:
    """Return how many findings of each severity stand, and how many were waived."""
    counts = Counter(one.severity for one in found if one.waived is None)
    told = ", ".join(f"{counts[one.value]} {one.value}" for one in Severity)
    waived = sum(one.waived is not None for one in found)
    return f"Findings: {told}." + (f" Waived: {waived}." if waived else "")


def _flat(one: Finding) -> list[str]:
    return [one.severity, one.rule, one.message, " ".join(one.records), one.clear, one.waived or ""]
