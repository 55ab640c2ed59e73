"""Decisions taken by command: what may stand, and why."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from zoo_provenance.errors import NotDecided
from zoo_provenance.history.batches import batch_of
from zoo_provenance.rules import RULES
from zoo_provenance.tables import waiver
from zoo_provenance.vocabulary import NOTE_LENGTH


def waive(connection: Connection, rule: str, record_id: int, part: str, because: str) -> int:
    """Let a rule's findings about a record, or a part of it, stand; return the batch.

    Raises NotDecided for a rule that does not exist, a reason that says nothing, and what was waived before.
    """
    if rule not in RULES:
        raise NotDecided(f"{rule!r} is no rule of the check; the rules are {', '.join(RULES)}.")
    reason = checked_reason(because)
    same = (waiver.c.rule == rule, waiver.c.record_id == record_id, waiver.c.part == part)
    before = connection.execute(select(waiver.c.reason).where(*same)).scalar()
    if before is not None:
        raise NotDecided(f"{rule!r} is waived here already: {before}")
    with batch_of(connection, "waive", reason) as batch:
        values = {"rule": rule, "record_id": record_id, "part": part, "reason": reason, "batch_id": batch.id}
        connection.execute(insert(waiver).values(values))
    return batch.id


def checked_reason(text: str) -> str:
    """Return a reason that says something, on one line. Raises NotDecided."""
    reason = " ".join(text.split())
    if not reason:
        raise NotDecided("A decision needs its reason: --because 'why it may stand'.")
    if len(reason) > NOTE_LENGTH:
        raise NotDecided(f"The reason is {len(reason):,} characters long; at most {NOTE_LENGTH:,} are kept.")
    return reason
