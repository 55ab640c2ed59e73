"""How the history reads: batches, what one of them did, what was done to a record, and the walk along the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zoo_provenance.history.verifying import Verified
from zoo_provenance.questions.answers import Ref
from zoo_provenance.questions.history import Done, Written
from zoo_provenance.rendering.documents import Document, Table, as_json

_CHANGES = ("Batch", "Record", "What", "Done", "Fields")
_FLAT = ("batch", "record", "what", "key", "done", "field", "before", "after")


def batches_document(found: Sequence[Written], more: int) -> Document:
    """Return the document of the list of batches."""
    body = {"batches": [_batch(one) for one in found], "more": more}
    flat = Table(
        ("batch", "at", "actor", "command", "made", "changed", "removed", "undoes", "undone_by", "reason"),
        [
            [
                str(one.id),
                one.at,
                one.actor,
                one.command,
                _made(one.made),
                str(one.changed),
                str(one.removed),
                str(one.undoes or ""),
                str(one.undone_by or ""),
                one.reason or "",
            ]
            for one in found
        ],
        "Nothing was ever written.",
    )
    rows = [
        [str(one.id), one.at[:16].replace("T", " "), one.actor, _command(one), _did(one), one.reason or ""]
        for one in found
    ]
    page = Table(("Batch", "At (UTC)", "By", "Command", "What it did", "Because"), rows, flat.empty)
    return Document("zooprov/history/1", body, "batches", flat, [page])


def batch_document(one: Written, changes: Sequence[Done], more: int) -> Document:
    """Return the document of one batch and what it did."""
    body = {"batch": _batch(one), "changes": [_change(change) for change in changes], "more": more}
    head = f"Batch {one.id}: {_command(one)} by {one.actor} at {one.at[:19].replace('T', ' ')} UTC. {_did(one)}."
    lines = [head, *([f"Because: {one.reason}"] if one.reason else []), f"Digest: {one.digest}"]
    page = Table(_CHANGES, [_row(change) for change in changes], "It changed nothing that is shown.")
    return Document("zooprov/history/1", body, "changes", _flat(changes), ["\n".join(lines), page])


def record_document(record: Ref, kind: str, changes: Sequence[Done], written: Mapping[int, Written]) -> Document:
    """Return the document of all that was done to a record."""
    body = {
        "record": {**as_json(record), "kind": kind},
        "changes": [
            {**_change(change), "at": by.at, "actor": by.actor, "command": by.command, "reason": by.reason}
            for change in changes
            if (by := written[change.batch])
        ],
    }
    rows = []
    told: set[int] = set()
    for change in changes:
        by = written[change.batch]
        if change.batch not in told:
            told.add(change.batch)
            why = f": {by.reason}" if by.reason else ""
            rows.append([str(by.id), "", "", "", f"{_command(by)} by {by.actor}, {by.at[:16].replace('T', ' ')}{why}"])
        rows.append(["", *_row(change)[2:]] if change.record == record else ["", *_row(change)[1:]])
    table = Table(
        ("Batch", "What", "Done", "Fields"), [[row[0], *row[-3:]] for row in rows], "Nothing is logged of it."
    )
    return Document(
        "zooprov/history/1", body, "changes", _flat(changes), [f"{record.label} ({record.slug}), {kind}", table]
    )


def verified_document(found: Verified) -> Document:
    """Return the document of a walk along the chain."""
    body = {
        "verified": not found.broken,
        "batches": found.batches,
        "uncovered": found.uncovered,
        "digest": found.digest,
        "problems": [{"batch": one.batch, "message": one.message} for one in found.broken],
    }
    rows = [["" if one.batch is None else str(one.batch), one.message] for one in found.broken]
    fits = f"{found.batches} batches, each as it was written. The newest digest is {found.digest}."
    flat = Table(("batch", "problem"), rows, fits)
    return Document("zooprov/history/1", body, "problems", flat, [Table(("Batch", "Problem"), rows, fits)])


def _batch(one: Written) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at,
        "actor": one.actor,
        "command": one.command,
        "reason": one.reason,
        "undoes": one.undoes,
        "undone_by": one.undone_by,
        "made": dict(one.made),
        "changed": one.changed,
        "removed": one.removed,
        "input_digest": one.input_digest,
        "digest": one.digest,
    }


def _change(change: Done) -> dict[str, Any]:
    return {
        "batch": change.batch,
        "record": as_json(change.record),
        "what": change.what,
        "key": change.key,
        "done": change.done,
        "fields": {name: {"before": before, "after": after} for name, (before, after) in change.fields.items()},
    }


def _flat(changes: Sequence[Done]) -> Table:
    rows = []
    for change in changes:
        start = [str(change.batch), change.record.slug if change.record else "", change.what, change.key, change.done]
        fields = [[name, _word(before), _word(after)] for name, (before, after) in change.fields.items()]
        rows += [[*start, *one] for one in fields or [["", "", ""]]]
    return Table(_FLAT, rows, "Nothing was changed.")


def _row(change: Done) -> list[str]:
    fields = []
    for name, (before, after) in change.fields.items():
        if before is None:
            fields.append(f"{name}: {_word(after)}")
        elif after is None and change.done == "removed":
            fields.append(f"{name}: {_word(before)}")
        else:
            fields.append(f"{name}: {_word(before)} → {_word(after) or 'nothing'}")
    what = f"{change.what} {change.key}".strip()
    return [str(change.batch), change.record.slug if change.record else "", what, change.done, "; ".join(fields)]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _command(one: Written) -> str:
    undone = f" (taken back by {one.undone_by})" if one.undone_by else ""
    return f"{one.command} {one.undoes}{undone}" if one.undoes else f"{one.command}{undone}"


def _made(made: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in made.items())


def _did(one: Written) -> str:
    said = [f"made {_made(one.made)}"] if one.made else []
    said += [f"changed {one.changed} rows"] if one.changed else []
    said += [f"removed {one.removed} rows"] if one.removed else []
    return "; ".join(said) or "added claims or parts"
