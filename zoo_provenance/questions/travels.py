"""What a life is made of: births, travels and deaths, as rows and as events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, FromClause, and_, select

from zoo_provenance.direct import Statement
from zoo_provenance.questions.answers import ref, when
from zoo_provenance.questions.arrivals import Participant
from zoo_provenance.questions.life import BIRTH, DEATH, Event, Step, shared_life, steps_of, wholes_above
from zoo_provenance.tables import (
    animal,
    descent,
    institution,
    line_animal,
    record,
    transfer,
    transfer_line,
    transfer_link,
)


def animal_columns() -> Statement:
    """Return the statement of animals with what their birth and death are made of."""
    of, house, owner, grave = record.alias("of"), record.alias("house"), record.alias("owner"), record.alias("grave")
    return (
        select(
            animal,
            record.c.slug,
            record.c.label,
            of.c.slug.label("taxon"),
            of.c.label.label("taxon_label"),
            house.c.slug.label("house"),
            house.c.label.label("house_label"),
            owner.c.slug.label("owner"),
            owner.c.label.label("owner_label"),
            grave.c.slug.label("grave"),
            grave.c.label.label("grave_label"),
        )
        .join(record, record.c.id == animal.c.id)
        .outerjoin(of, of.c.id == animal.c.taxon_id)
        .outerjoin(house, house.c.id == animal.c.born_at_id)
        .outerjoin(owner, owner.c.id == animal.c.owner_at_birth_id)
        .outerjoin(grave, grave.c.id == animal.c.died_at_id)
        .where(record.c.merged_into_id.is_(None))
    )


def travel_columns(came: FromClause | None = None) -> Statement:
    """Return the statement of transfers as steps of a life, with their lines; `came`: of these animals on lines.

    They come first: so many joins PostgreSQL does in the order in which they are written.
    """
    origin, destination = record.alias("origin"), record.alias("destination")
    ended = record.alias("ended")
    ends = (
        select(ended.c.slug)
        .join(transfer_link, transfer_link.c.to_id == ended.c.id)
        .where(transfer_link.c.transfer_id == transfer.c.id, transfer_link.c.kind == "ends")
        .order_by(ended.c.slug)
        .limit(1)
        .scalar_subquery()
    )
    left, reached = institution.alias("left"), institution.alias("reached")
    of_transfer = transfer_line.c.transfer_id == transfer.c.id
    if came is None:
        source = transfer.join(transfer_line, of_transfer)
    else:
        on_line = and_(came.c.transfer_id == transfer_line.c.transfer_id, came.c.line_key == transfer_line.c.key)
        source = came.join(transfer_line, on_line).join(transfer, of_transfer)
    return (
        select(
            transfer,
            record.c.slug,
            record.c.label,
            transfer_line.c.key,
            transfer_line.c.term,
            transfer_line.c.taxon_id,
            transfer_line.c.count,
            origin.c.slug.label("origin"),
            origin.c.label.label("origin_label"),
            destination.c.slug.label("destination"),
            destination.c.label.label("destination_label"),
            left.c.kind.label("origin_kind"),
            reached.c.kind.label("destination_kind"),
            ends.label("ends"),
        )
        .select_from(source)
        .join(record, record.c.id == transfer.c.id)
        .outerjoin(origin, origin.c.id == transfer.c.origin_id)
        .outerjoin(destination, destination.c.id == transfer.c.destination_id)
        .outerjoin(left, left.c.id == transfer.c.origin_id)
        .outerjoin(reached, reached.c.id == transfer.c.destination_id)
        .where(record.c.merged_into_id.is_(None))
    )


def travels_of(animals: Statement) -> Statement:
    """Return the statement of the travels of the animals a statement selects, by `animal_id` and date."""
    came = select(line_animal).where(line_animal.c.animal_id.in_(animals)).subquery("came")
    return (
        travel_columns(came)
        .add_columns(came.c.animal_id)
        .order_by(came.c.animal_id, transfer.c.date_earliest.nulls_last(), record.c.slug)
    )


def event_of(travel: Any) -> Event:
    """Return a transfer's row as an event; who title passes to is filled in from its participants."""
    destination = ref(travel.destination, travel.destination_label)
    return Event(
        travel.slug,
        travel.kind or "transfer",
        when(travel.date, travel.date_earliest, travel.date_latest),
        ref(travel.origin, travel.origin_label),
        destination,
        travel.passes_custody,
        travel.passes_title,
        travel.status,
        destination,
        None,
        travel.destination_kind == "wild",
        travel.kind == "capture" or travel.origin_kind == "wild",
        travel.term not in {"LIV", "EGL"},
        frozenset({travel.ends} if travel.ends else ()),
    )


def birth_and_death(birth: Any, row: Any) -> Iterable[Event]:
    """Yield birth and death, where anything is known of them; a part has the birth of its whole."""
    if birth.born is not None or birth.house is not None or birth.owner is not None:
        house = ref(birth.house, birth.house_label)
        yield Event(BIRTH, BIRTH, when(birth.born, birth.born_earliest, birth.born_latest), None, house)
    if row.died is not None or row.grave is not None:
        grave = ref(row.grave, row.grave_label)
        yield Event(DEATH, DEATH, when(row.died, row.died_earliest, row.died_latest), grave, grave)


def with_owners(
    events: Iterable[Event], travels: Mapping[str, Any], people: Mapping[int, tuple[Participant, ...]]
) -> list[Event]:
    """Fill in who title passes to, and who must have owned what is lent, from those named as such."""
    filled = []
    for event in events:
        travel = travels.get(event.key)
        named = people.get(travel.id, ()) if travel is not None else ()
        recipients = {one.who for one in named if one.role == "recipient" and one.who}
        lenders = {one.who for one in named if one.role == "lender" and one.who}
        to_owner = next(iter(recipients)) if len(recipients) == 1 else None if recipients else event.to_owner
        known = next(iter(lenders)) if len(lenders) == 1 else None
        filled.append(event._replace(to_owner=to_owner, known_owner=known))
    return filled


def birth_of(row: Any, wholes: Iterable[Any]) -> Any:
    """Return the row that tells of an animal's birth: its own, else that of a group it was split from."""
    return next((one for one in (row, *wholes) if _born(one)), row)


def _born(row: Any) -> bool:
    return row.born is not None or row.house is not None or row.owner is not None


def travelled(row: Any, travels: Sequence[Any]) -> list[Event]:
    """Return an animal's own travels, and those of the groups it was split from that end before its own begin."""
    own = [event_of(travel) for travel in travels if travel.animal_id == row.id]
    return shared_life(own, (event_of(travel) for travel in travels if travel.animal_id != row.id))


@dataclass(frozen=True)
class Life:
    """An animal's row and the steps of its life."""

    row: Any
    steps: tuple[Step, ...]


def lives(connection: Connection, ids: Statement) -> list[Life]:
    """Return the lives of animals and of all that was split from them, by slug. Three statements in all."""
    split = descent.c.role == "split_from"
    parts = select(animal.c.id).where(animal.c.id.in_(ids)).cte("parts", recursive=True)
    parts = parts.union(select(descent.c.child_id).join(parts, descent.c.parent_id == parts.c.id).where(split))
    wholes = select(parts.c.id).cte("wholes", recursive=True)
    wholes = wholes.union(select(descent.c.parent_id).join(wholes, descent.c.child_id == wholes.c.id).where(split))
    asked = set(connection.execute(select(parts.c.id)).scalars())
    links: dict[int, list[int]] = {}
    for child, parent in connection.execute(
        select(descent.c.child_id, descent.c.parent_id).where(split, descent.c.child_id.in_(select(wholes.c.id)))
    ):
        links.setdefault(child, []).append(parent)
    rows = {
        row.id: row
        for row in connection.execute(
            animal_columns().where(animal.c.id.in_(select(wholes.c.id))).order_by(record.c.slug)
        )
    }
    travels: dict[int, list[Any]] = {}
    for travel in connection.execute(travels_of(select(wholes.c.id))):
        travels.setdefault(travel.animal_id, []).append(travel)
    return [_life(row, rows, links, travels) for row in rows.values() if row.id in asked]


def _life(row: Any, rows: Mapping[int, Any], links: Mapping[int, list[int]], travels: Mapping[int, list[Any]]) -> Life:
    above = wholes_above(row.id, links)
    shared = [travel for one in (row.id, *above) for travel in travels.get(one, ())]
    birth = birth_of(row, [rows[one] for one in above])
    return Life(row, tuple(steps_of([*birth_and_death(birth, row), *travelled(row, shared)])))
