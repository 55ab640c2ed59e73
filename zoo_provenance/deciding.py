"""Decisions taken by command: what may stand, what is taken back, and why."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from zoo_provenance.errors import CannotUndo, NotDecided
from zoo_provenance.history.batches import batch_of
from zoo_provenance.history.undoing import links_come_back, take_back
from zoo_provenance.names import readable
from zoo_provenance.questions.rules.circles import circles
from zoo_provenance.questions.rules.columns import drifted
from zoo_provenance.questions.rules.descents import own_ancestors
from zoo_provenance.questions.rules.sources import own_bases
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


def undo(connection: Connection, batch_id: int, because: str) -> int:
    """Take a batch back; return the batch that does it.

    Raises CannotUndo where later work leans on it, NotDecided for a reason that says nothing.
    """
    with batch_of(connection, "undo", checked_reason(because)) as batch:
        refuse_drift(connection, batch_id, take_back(connection, batch_id))
    return batch.id


def refuse_drift(connection: Connection, batch_id: int, later: Mapping[int, int]) -> None:
    """Refuse where columns, brought back, would say other than what later batches have claimed beside it.

    `later` are the records these spoke of, each with its batch. Raises CannotUndo, naming the batches and the fields.
    """
    wrong = [one for one in drifted(connection) if one.record_id in later] if later else []
    if wrong:
        by = ", ".join(sorted({str(later[one.record_id]) for one in wrong}))
        names = ", ".join(f"{one.slug} ({one.field})" for one in wrong[:5])
        raise CannotUndo(
            f"Batch {batch_id} cannot be taken back: later batches ({by}) said more of the same: {names}."
            " Take them back first."
        )
    for links in (own_ancestors, own_bases) if links_come_back(connection, batch_id) else ():
        for circle in circles(connection.execute(links())):
            message = f"{circle.slug!r} and {circle.other!r} would each come from the other"
            raise CannotUndo(f"Batch {batch_id} cannot be taken back: {message}.")


def checked_reason(text: str) -> str:
    """Return a reason that says something, on one line. Raises NotDecided."""
    reason = " ".join(readable(text).split())
    if not reason:
        raise NotDecided("A decision needs its reason: --because 'why it may stand'.")
    if len(reason) > NOTE_LENGTH:
        raise NotDecided(f"The reason is {len(reason):,} characters long; at most {NOTE_LENGTH:,} are kept.")
    return reason
