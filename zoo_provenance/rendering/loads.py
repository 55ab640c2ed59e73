"""How a load reads: what it did, or what was wrong."""

from __future__ import annotations

from zoo_provenance.loading.load import Loaded
from zoo_provenance.rendering.documents import Document, Table

_KINDS = ("taxon", "institution", "person", "source", "animal", "transfer")


def load_document(loaded: Loaded, *, dry_run: bool) -> Document:
    """Return the document of a load."""
    done = {"created": loaded.created, "updated": loaded.updated, "unchanged": loaded.unchanged}
    body = {
        **done,
        "pruned": {},
        "problems": [
            {
                "path": problem.file.path,
                "line": problem.mark.line or None,
                "column": problem.mark.column or None,
                "field": problem.field,
                "code": problem.code,
                "message": problem.message,
                "suggestion": problem.suggestion or None,
            }
            for problem in loaded.problems
        ],
        "batch": loaded.batch,
    }
    kinds = [kind for kind in _KINDS if any(kind in counts for counts in done.values())]
    rows = [[kind, *(str(counts.get(kind, 0)) for counts in done.values())] for kind in kinds]
    flat = Table(("kind", *done), rows, "No records.")
    names = ", ".join(loaded.datasets)
    if loaded.problems:
        last = "Nothing was written."
    elif dry_run:
        last = "A dry run: nothing was written."
    elif loaded.batch is None:
        last = f"{names}: nothing has changed."
    else:
        last = f"{names}: loaded as batch {loaded.batch}."
    table = Table(("Kind", "Created", "Updated", "Unchanged"), rows, "No records.")
    return Document("zooprov/load/1", body, None, flat, [table, last])
