"""What a life is made of: births, travels and deaths, as rows and as events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from zoo_provenance.evidence.claims import Statement
from zoo_provenance.questions.answers import ref, when
from zoo_provenance.questions.arrivals import Participant
from zoo_provenance.questions.life import BIRTH, DEATH, Event
from zoo_provenance.tables import animal, institution, record, transfer, transfer_line, transfer_link


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
    )


def travel_columns() -> Statement:
    """Return the statement of transfers as steps of a life, with their lines."""
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
    return (
        select(
            transfer,
            record.c.slug,
            record.c.label,
            transfer_line.c.key,
            transfer_line.c.term,
            transfer_line.c.taxon_id,
            transfer_line.c.count.label("line_count"),
            origin.c.slug.label("origin"),
            origin.c.label.label("origin_label"),
            destination.c.slug.label("destination"),
            destination.c.label.label("destination_label"),
            left.c.kind.label("origin_kind"),
            reached.c.kind.label("destination_kind"),
            ends.label("ends"),
        )
        .join(record, record.c.id == transfer.c.id)
        .join(transfer_line, transfer_line.c.transfer_id == transfer.c.id)
        .outerjoin(origin, origin.c.id == transfer.c.origin_id)
        .outerjoin(destination, destination.c.id == transfer.c.destination_id)
        .outerjoin(left, left.c.id == transfer.c.origin_id)
        .outerjoin(reached, reached.c.id == transfer.c.destination_id)
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
        filled.append(replace(event, to_owner=to_owner, known_owner=known))
    return filled
