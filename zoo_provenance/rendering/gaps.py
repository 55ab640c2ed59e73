"""How gaps read: what nobody knows, since when and until when, and who has looked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from zoo_provenance.questions.gaps import Missing
from zoo_provenance.rendering.documents import Document, Table

_FLAT = ("record", "line", "what", "since", "until", "examined", "sources")
_HEADINGS = ("Record", "Not known", "Since", "Until", "Examined")
_WHAT = {
    "birth": "its birth or capture",
    "origin": "where it came from before",
    "holder": "who held it",
    "fate": "what became of it",
    "date": "when",
    "count": "how many",
}


def gaps_document(found: Sequence[Missing]) -> Document:
    """Return the document of gaps."""
    empty = "No gaps."
    rows = [
        [
            f"{one.record}/{one.line}" if one.line else one.record,
            _WHAT[one.what],
            one.since or "…",
            one.until or "…",
            f"searched: {', '.join(one.sources)}" if one.examined else "nobody has looked",
        ]
        for one in found
    ]
    counts = Counter(one.what for one in found)
    examined = sum(one.examined for one in found)
    told = ", ".join(f"{number} {what}" for what, number in counts.items())
    body = {"gaps": [{**one._asdict(), "sources": list(one.sources)} for one in found]}
    flat = Table(
        _FLAT,
        [
            [
                one.record,
                one.line or "",
                one.what,
                one.since or "",
                one.until or "",
                "yes" if one.examined else "no",
                " ".join(one.sources),
            ]
            for one in found
        ],
        empty,
    )
    page: list[str | Table] = [Table(_HEADINGS, rows, empty)]
    if found:
        page.append(f"{len(found)} gaps: {told}. Examined: {examined}.")
    return Document("zooprov/gaps/1", body, "gaps", flat, page)
