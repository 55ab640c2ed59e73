"""Joining: two records that are one, as a command tells or a file of judgements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from zoo_provenance.errors import NotDecided
from zoo_provenance.history.batches import batch_of
from zoo_provenance.loading import references, refusals
from zoo_provenance.loading.anew import concluding
from zoo_provenance.loading.refusals import Joinable
from zoo_provenance.loading.staging import JUDGED, Staging
from zoo_provenance.loading.stored_values import write_out_all
from zoo_provenance.tables import judgement, record
from zoo_provenance.vocabulary import Kind


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
    write_out_all(connection, [old.id, survivor.id])
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


@dataclass(frozen=True)
class _One:
    """One of a pair: what it leads to, where it was merged before."""

    id: int
    kind: Kind
    slug: str
    merged: str | None


class Merge(NamedTuple):
    """A merge that a file tells of: the slugs of the two, why they are one, and where it stands."""

    slug: str
    into: str
    because: str
    place: tuple[int, int, int]


def told_merges(staging: Staging) -> list[Merge]:
    """Return the merges that were not made yet, in their order."""
    if not staging.is_filled(JUDGED):
        return []
    one, other = record.alias("one"), record.alias("other")
    lead = [func.coalesce(of.c.merged_into_id, of.c.id) for of in (one, other)]
    rows = staging.connection.execute(
        select(one.c.slug, other.c.slug.label("into"), JUDGED.c.because, JUDGED.c.row, JUDGED.c.file, JUDGED.c.line)
        .join(one, one.c.id == JUDGED.c.record_id)
        .join(other, other.c.id == JUDGED.c.into_id)
        .where(JUDGED.c.sort == "merged", lead[0] != lead[1])
        .order_by(JUDGED.c.row)
    )
    return [Merge(row.slug, row.into, row.because, (row.row, row.file, row.line)) for row in rows]


def join_told(staging: Staging, told: Sequence[Merge]) -> list[int]:
    """Merge what a file of judgements says is one, each as a batch of its own; return the batches.

    What cannot be one is told, and nothing after it is tried.
    """
    batches = []
    for slug, into, because, place in told:
        old, survivor = (_named(staging.connection, one) for one in (slug, into))
        try:
            batches.append(join(staging.connection, old, survivor, because, take_lines=True).batch)
        except NotDecided as fault:
            staging.problem(*place, "", "not-merged", str(fault))
            break
    return batches


def _named(connection: Connection, slug: str) -> _One:
    led = record.alias("led")
    row = connection.execute(
        select(led.c.id, led.c.kind, led.c.slug)
        .join(record, led.c.id == func.coalesce(record.c.merged_into_id, record.c.id))
        .where(record.c.slug == slug)
    ).one()
    return _One(row.id, Kind(row.kind), row.slug, slug if row.slug != slug else None)
