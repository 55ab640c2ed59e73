"""How a load reads: what it did, or what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo_provenance.loading.load import Loaded
from zoo_provenance.loading.problems import Problem
from zoo_provenance.rendering.documents import Document, Table

_KINDS = ("taxon", "institution", "person", "source", "animal", "transfer")


def load_document(loaded: Loaded, *, dry_run: bool) -> Document:
    """Return the document of a load."""
    done = {"created": loaded.created, "updated": loaded.updated, "unchanged": loaded.unchanged}
    body = {
        **done,
        "pruned": loaded.pruned,
        "kept": [
            {"record": {"slug": one.slug, "label": one.label, "kind": one.kind}, "by": list(one.by)}
            for one in loaded.kept
        ],
        "problems": [_problem(problem) for problem in loaded.problems],
        "batch": loaded.batch,
    }
    # Who does not prune reads what he always read.
    done |= {"pruned": loaded.pruned} if loaded.pruned else {}
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
    table = Table(("Kind", *(name.capitalize() for name in done)), rows, "No records.")
    return Document("zooprov/load/1", body, None, flat, [table, last])


def problems_document(problems: Sequence[Problem]) -> Document:
    """Return the document of all problems of a load, one a row, in file order."""
    rows = [[str(cell or "") for cell in _problem(problem).values()] for problem in problems]
    flat = Table(("path", "line", "column", "field", "code", "message", "suggestion"), rows, "No problems.")
    told = "\n".join(problem.one_line() for problem in problems) or "No problems."
    return Document(
        "zooprov/problems/1", {"problems": [_problem(problem) for problem in problems]}, "problems", flat, [told]
    )


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.file.path,
        "line": problem.mark.line or None,
        "column": problem.mark.column or None,
        "field": problem.field,
        "code": problem.code,
        "message": problem.message,
        "suggestion": problem.suggestion or None,
    }
