"""Joining: two records that are one, as a command tells or a file of judgements."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert

from zoo_provenance.history.batches import batch_of
from zoo_provenance.loading import references, refusals, writing_out
from zoo_provenance.loading.anew import concluding
from zoo_provenance.loading.refusals import Joinable
from zoo_provenance.tables import judgement


@dataclass(frozen=True)
class Merged:
    """What a merge did: the batch, how many references and claims now lead to the survivor."""

    batch: int
    references: int
    claims: int


def join(connection: Connection, old: Joinable, survivor: Joinable, reason: str, *, take_lines: bool) -> Merged:
    """Merge a record into another of its kind, as a batch of its own; return what was done.

    With `take_lines`, lines and participants that only the merged transfer has become the survivor's. Raises
    NotDecided where the two cannot be one.
    """
    refusals.refuse(connection, old, survivor, take_lines=take_lines)
    with batch_of(connection, "merge", reason) as opened, concluding(connection, [survivor.id]):
        done = _write(connection, old, survivor, reason, opened.id)
    refusals.refuse_circles(connection, survivor, f"As one record, {old.slug!r} and {survivor.slug!r}")
    return done


def _write(connection: Connection, old: Joinable, survivor: Joinable, reason: str, batch_id: int) -> Merged:
    # Where two values meet, each is a claim of those that vouched for it: nothing is overwritten in silence.
    writing_out.write_out_all(connection, [old.id, survivor.id])
    references.carry_parts(connection, old.kind, old.id, survivor.id)
    claims = references.turn_claims(connection, old.id, survivor.id)
    references.empty(connection, old.kind, old.id)
    led = references.repoint(connection, old.kind, old.id, survivor.id)
    references.carry_decisions(connection, old.id, survivor.id, batch_id)
    references.lead(connection, old.id, survivor.id)
    judge(connection, old, survivor, reason, batch_id, same=True)
    return Merged(batch_id, led, claims)


def judge(connection: Connection, one: Joinable, other: Joinable, reason: str, batch_id: int, *, same: bool) -> None:
    """Remember that two records are one, or that they are two."""
    first, second = sorted((one.id, other.id))
    values = {"record_id": first, "other_id": second, "kind": one.kind.value, "same": same}
    connection.execute(insert(judgement).values(values | {"reason": reason, "batch_id": batch_id}))
