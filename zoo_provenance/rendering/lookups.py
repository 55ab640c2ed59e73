"""How a record, a list and found names read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo_provenance.questions.finding import Found
from zoo_provenance.questions.lookup import Listed, Shown
from zoo_provenance.rendering.documents import Document, Table, as_json, text_of


def show_document(shown: Shown) -> Document:
    """Return the document of one record."""
    body: dict[str, Any] = {
        "slug": shown.slug,
        "label": shown.label,
        "kind": shown.kind,
        "dataset": shown.dataset,
        "merged_into": as_json(shown.merged_into),
        "fields": as_json(shown.fields),
        "disputed": list(shown.disputed),
        "names": [
            {
                "value": one.value,
                "field": one.field,
                "language": one.language,
                "during": one.during,
                "sources": list(one.sources),
                "origins": one.origins,
            }
            for one in shown.names
        ],
        "statements": {name: list(values) for name, values in shown.statements.items()},
        "related": as_json(shown.related),
        "notes": shown.notes,
    }
    rows = [[name, _mark(name, text_of(value), shown)] for name, value in shown.fields.items()]
    rows += [[name, "disputed"] for name in shown.disputed if name not in shown.fields]
    rows += [
        [
            one.field,
            one.value + (f" [{one.language}]" if one.language else "") + (f" ({one.during})" if one.during else ""),
        ]
        for one in shown.names
    ]
    rows += [[name, " | ".join(values)] for name, values in shown.statements.items()]
    rows += [[name.replace("_", " "), ", ".join(one.slug for one in refs)] for name, refs in shown.related.items()]
    rows += [["notes", shown.notes]] if shown.notes else []
    rows += [["merged into", shown.merged_into.slug]] if shown.merged_into else []
    table = Table(("Field", "Value"), rows)
    flat = Table(("field", "value"), [["slug", shown.slug], ["label", shown.label], ["kind", shown.kind], *rows])
    header = f"{shown.label} ({shown.slug}), {shown.kind} of data set {shown.dataset}"
    return Document("zooprov/show/1", {"record": body}, None, flat, [header, table])


def _mark(name: str, text: str, shown: Shown) -> str:
    return f"{text} (disputed)" if name in shown.disputed else text


def list_document(plural: str, found: Sequence[Listed]) -> Document:
    """Return the document of a list of records."""
    columns = list(found[0].columns) if found else []
    rows = [[one.slug, one.label, *(text_of(one.columns[name]) for name in columns)] for one in found]
    body = {
        plural: [
            {"slug": one.slug, "label": one.label, **{name: as_json(value) for name, value in one.columns.items()}}
            for one in found
        ]
    }
    headings = ["Slug", "Name", *(name.replace("_", " ").capitalize() for name in columns)]
    flat = Table(["slug", "label", *columns], rows, f"No {plural} found.")
    return Document("zooprov/list/1", body, plural, flat, [Table(headings, rows, f"No {plural} found.")])


def find_document(text: str, found: Found) -> Document:
    """Return the document of found names."""
    rows = [[one.slug, one.label, one.kind, one.name, one.language] for one in found.matches]
    body = {
        "matches": [
            {"slug": one.slug, "label": one.label, "kind": one.kind, "name": one.name, "language": one.language}
            for one in found.matches
        ],
        "more": found.more,
    }
    empty = f"Nothing is called {text!r}."
    flat = Table(("slug", "label", "kind", "name", "language"), rows, empty)
    return Document(
        "zooprov/find/1", body, "matches", flat, [Table(("Slug", "Record", "Kind", "Name", "Language"), rows, empty)]
    )
