"""What two records cannot be one for, each told in a line."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection, Table, and_, exists, func, select

from zoo_provenance.errors import NotDecided
from zoo_provenance.loading.references import owner_of
from zoo_provenance.tables import (
    descent,
    institution,
    judgement,
    line_animal,
    participant,
    record,
    source_basis,
    taxon,
    transfer_line,
    transfer_link,
)
from zoo_provenance.vocabulary import Kind

_LINKS: dict[Kind, tuple[tuple[Table, str, str], ...]] = {
    Kind.TAXON: ((taxon, "parent_id", "stands below"),),
    Kind.INSTITUTION: ((institution, "parent_id", "is part of"), (institution, "successor_id", "was succeeded by")),
    Kind.ANIMAL: ((descent, "parent_id", "descends from"),),
    Kind.SOURCE: ((source_basis, "based_on_id", "is based on"),),
    Kind.TRANSFER: ((transfer_link, "to_id", "is linked to"),),
}


class Joinable(Protocol):
    """A record that may be one with another; `merged` is the slug it was asked for by, of one merged into it."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def kind(self) -> Kind:
        """Its kind."""

    @property
    def slug(self) -> str:
        """Its slug, or that of what it was merged into."""

    @property
    def merged(self) -> str | None:
        """The slug it was asked for by, where that was merged."""


def refuse(connection: Connection, old: Joinable, survivor: Joinable, *, take_lines: bool) -> None:
    """Raise NotDecided where a record cannot be merged into another."""
    if old.merged is not None:
        raise NotDecided(f"{old.merged!r} is merged into {old.slug!r} already.")
    if old.id == survivor.id:
        raise NotDecided(f"{old.slug!r} is one record; name two.")
    if old.kind is not survivor.kind:
        raise NotDecided(
            f"{old.slug!r} is of kind {old.kind}, {survivor.slug!r} of kind {survivor.kind}: they cannot be one."
        )
    first, second = sorted((old.id, survivor.id))
    judged = connection.execute(
        select(judgement.c.reason, judgement.c.batch_id).where(
            judgement.c.record_id == first, judgement.c.other_id == second, ~judgement.c.same
        )
    ).one_or_none()
    if judged is not None:
        raise NotDecided(
            f"{old.slug!r} and {survivor.slug!r} are judged different: {judged.reason}"
            f" (take that back first: zoo-provenance undo {judged.batch_id})"
        )
    _refuse_links(connection, old, survivor)
    if old.kind is Kind.ANIMAL:
        _refuse_two_lines(connection, old, survivor)
    if old.kind is Kind.TRANSFER:
        _refuse_lost_parts(connection, old, survivor, take_lines=take_lines)
        _refuse_two_lines_of_transfers(connection, old, survivor)


def _refuse_links(connection: Connection, old: Joinable, survivor: Joinable) -> None:
    """Refuse what would lead to itself: a thing is not its own part, parent or basis."""
    for table, column, says in _LINKS.get(old.kind, ()):
        for one, other in ((old, survivor), (survivor, old)):
            there = exists().where(owner_of(table) == one.id, table.c[column] == other.id)
            if connection.execute(select(there)).scalar():
                raise NotDecided(f"{one.slug!r} {says} {other.slug!r}: they cannot be one; correct that first.")


def _refuse_two_lines(connection: Connection, old: Joinable, survivor: Joinable) -> None:
    there, again = line_animal.alias("there"), line_animal.alias("again")
    found = connection.execute(
        select(record.c.slug, there.c.line_key, again.c.line_key.label("other"))
        .join(again, and_(again.c.transfer_id == there.c.transfer_id, again.c.line_key != there.c.line_key))
        .join(record, record.c.id == there.c.transfer_id)
        .where(there.c.animal_id == old.id, again.c.animal_id == survivor.id, record.c.merged_into_id.is_(None))
        .order_by(record.c.slug)
    ).first()
    if found is not None:
        raise NotDecided(
            f"{old.slug!r} and {survivor.slug!r} were both on {found.slug}, on lines {found.line_key!r} and"
            f" {found.other!r}: an animal travels on one line; correct that first."
        )


def _refuse_two_lines_of_transfers(connection: Connection, old: Joinable, survivor: Joinable) -> None:
    there, again = line_animal.alias("there"), line_animal.alias("again")
    found = connection.execute(
        select(record.c.slug, there.c.line_key, again.c.line_key.label("other"))
        .join(again, and_(again.c.animal_id == there.c.animal_id, again.c.line_key != there.c.line_key))
        .join(record, record.c.id == there.c.animal_id)
        .where(there.c.transfer_id == old.id, again.c.transfer_id == survivor.id)
        .order_by(record.c.slug)
    ).first()
    if found is not None:
        raise NotDecided(
            f"{found.slug!r} is on line {found.line_key!r} of {old.slug} and on line {found.other!r} of {survivor.slug}:"
            " give the two lines one key first."
        )


def _refuse_lost_parts(connection: Connection, old: Joinable, survivor: Joinable, *, take_lines: bool) -> None:
    if take_lines:
        return
    lacking = []
    for table, noun in ((transfer_line, "line"), (participant, "participant")):
        mine = table.alias("mine")
        there = exists().where(mine.c.transfer_id == survivor.id, mine.c.key == table.c.key)
        keys = connection.execute(
            select(table.c.key).where(table.c.transfer_id == old.id, ~there).order_by(table.c.key)
        ).scalars()
        lacking += [f"{noun} {key!r}" for key in keys]
    if lacking:
        raise NotDecided(
            f"{survivor.slug!r} has no {', no '.join(lacking)}, which {old.slug!r} has. Where they are the same, give"
            " them one key in the seed files and load; where they are others, take them over: --take-lines."
        )


def refuse_circles(connection: Connection, thing: Joinable, what: str) -> None:
    """Raise NotDecided where a record leads back to itself by now."""
    for table, column, says in _LINKS.get(thing.kind, ()):
        if table is transfer_link:
            continue
        owner = owner_of(table)
        start = select(table.c[column].label("id")).where(owner == thing.id, table.c[column].is_not(None))
        reached = start.cte("reached", recursive=True)
        reached = reached.union(
            select(table.c[column]).join(reached, owner == reached.c.id).where(table.c[column].is_not(None))
        )
        if connection.execute(select(func.count()).where(reached.c.id == thing.id)).scalar():
            raise NotDecided(f"{what} would be one that {says} itself; correct that first.")
