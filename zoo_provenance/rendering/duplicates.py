"""How records that may be one read: side by side, what agrees and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo_provenance.questions.duplicates import Compared, Duplicate
from zoo_provenance.rendering.documents import Document, Table, as_json

_FLAT = ("score", "kind", "record", "other", "agrees", "differs")
EMPTY = "No two records look like one thing."


def duplicates_document(found: Sequence[Duplicate]) -> Document:
    """Return the document of records that may be one."""
    page: list[str | Table] = []
    for one in found:
        page.append(f"{one.score} %  {one.kind}")
        rows = [["", one.record.label, one.other.label, ""]]
        rows += [[fact.field, fact.value or "", fact.other or "", fact.verdict] for fact in (*one.agrees, *one.differs)]
        page.append(Table(("", one.record.slug, one.other.slug, "Verdict"), rows))
    if found:
        first, second = found[0].record.slug, found[0].other.slug
        page.append(
            f"One thing: zoo-provenance merge {first} {second} --because …\n"
            f"Two things: zoo-provenance unmerge {first} {second} --because …"
        )
    rows = [
        [str(one.score), one.kind, one.record.slug, one.other.slug, _fields(one.agrees), _fields(one.differs)]
        for one in found
    ]
    body = {"duplicates": [_json(one) for one in found]}
    return Document("zooprov/duplicates/1", body, "duplicates", Table(_FLAT, rows, EMPTY), page or [EMPTY])


def _fields(facts: Sequence[Compared]) -> str:
    return " ".join(fact.field for fact in facts)


def _json(one: Duplicate) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "score": one.score,
        "record": as_json(one.record),
        "other": as_json(one.other),
        "agrees": [fact._asdict() for fact in one.agrees],
        "differs": [fact._asdict() for fact in one.differs],
    }
