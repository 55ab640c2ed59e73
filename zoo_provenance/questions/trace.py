"""Where did this animal come from: its life step by step, the gaps in it, and its descent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal, select

from zoo_provenance.evidence.support import (
    ANIMAL,
    BIRTH_FIELDS,
    DEATH_FIELDS,
    LINE_FIELDS,
    TRANSFER,
    TRANSFER_FIELDS,
    Report,
    Support,
)
from zoo_provenance.questions.answers import HowMany, Ref, When, how_many, ref, when
from zoo_provenance.questions.arrivals import Participant, participants_of
from zoo_provenance.questions.descent import Ancestor, ancestors
from zoo_provenance.questions.life import BIRTH, DEATH, Event, Gap, Step, gaps_of, steps_of
from zoo_provenance.questions.naming import Thing
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

_COLUMNS = {
    "from": "origin_id",
    "to": "destination_id",
    "custody": "passes_custody",
    "title": "passes_title",
    "taxon": "taxon_id",
    "count": "line_count",
}


@dataclass(frozen=True)
class Subject:
    """The animal, group or line that is traced."""

    slug: str
    label: str
    taxon: Ref | None
    sex: str | None
    count: HowMany | None
    born: When | None
    died: When | None
    disputed: tuple[str, ...]
    animals: tuple[str, ...] = ()


@dataclass(frozen=True)
class TraceStep:
    """A step of a life: what it passed, who held and owned the animal after it, and on whose word."""

    kind: str | None
    date: When | None
    status: str | None
    origin: Ref | None
    destination: Ref | None
    transfer: Ref | None
    custody: bool | None
    title: bool | None
    holder: Ref | None
    owner: Ref | None
    participants: tuple[Participant, ...]
    sources: tuple[str, ...]
    origins: int
    disputed: tuple[str, ...]


@dataclass(frozen=True)
class TraceGap:
    """A gap: after and before are a step's transfer slug, `birth` or `death`; None at the ends."""

    after: str | None
    before: str | None
    since: str | None
    until: str | None
    examined: bool
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Trace:
    """The answer to: where did this animal come from?"""

    subject: Subject
    steps: tuple[TraceStep, ...]
    gaps: tuple[TraceGap, ...]
    ancestors: tuple[Ancestor, ...]


def trace(connection: Connection, thing: Thing) -> Trace:
    """Return the trace of an animal, a group, or one line of a transfer."""
    if thing.line:
        return _trace_line(connection, thing)
    given = {"animal": thing.id}
    row = connection.execute(_animal(), given).one()
    travels = connection.execute(_travels(), given).all()
    support = Support.of(connection, _evidence(), given)
    events = [*birth_and_death(row), *_inherited(row, [event_of(travel) for travel in travels], travels)]
    people = participants_of(connection, _transfer_ids(), support, given)
    by_slug = {travel.slug: travel for travel in travels}
    steps = steps_of(_with_owners(events, by_slug, people), ref(row.owner, row.owner_label))
    made = tuple(_step(step, row, by_slug, people, support) for step in steps)
    gaps = tuple(_gap(gap, row, by_slug, support) for gap in gaps_of(steps))
    return Trace(_subject(row, support), made, gaps, tuple(ancestors(connection, thing.id)))


@cache
def _animal() -> Select[Any]:
    return animal_columns().where(animal.c.id == bindparam("animal"))


def animal_columns() -> Select[Any]:
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


@cache
def _wholes() -> Select[Any]:
    """The animal and the groups it was split from: it shares their life before the split."""
    start = select(literal(0).label("remove"), animal.c.id.label("id")).where(animal.c.id == bindparam("animal"))
    wholes = start.cte("wholes", recursive=True)
    wholes = wholes.union(
        select(literal(1), descent.c.parent_id)
        .join(wholes, descent.c.child_id == wholes.c.id)
        .where(descent.c.role == "split_from")
    )
    return select(wholes.c.id)


@cache
def _transfer_ids() -> Select[Any]:
    return select(line_animal.c.transfer_id).where(line_animal.c.animal_id.in_(_wholes()))


@cache
def _evidence() -> Select[Any]:
    return select(animal.c.id).where(animal.c.id == bindparam("animal")).union_all(_transfer_ids())  # type: ignore[return-value]


def travel_columns() -> Select[Any]:
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


@cache
def _travels() -> Select[Any]:
    return (
        travel_columns()
        .add_columns(line_animal.c.animal_id)
        .join(
            line_animal,
            (line_animal.c.transfer_id == transfer_line.c.transfer_id)
            & (line_animal.c.line_key == transfer_line.c.key),
        )
        .where(line_animal.c.animal_id.in_(_wholes()))
        .order_by(line_animal.c.animal_id, transfer.c.date_earliest.nulls_last(), record.c.slug)
    )


@cache
def _one_line() -> Select[Any]:
    of = record.alias("of")
    return (
        travel_columns()
        .add_columns(
            transfer_line.c.count_min,
            transfer_line.c.count_max,
            of.c.slug.label("taxon"),
            of.c.label.label("taxon_label"),
        )
        .outerjoin(of, of.c.id == transfer_line.c.taxon_id)
        .where(transfer_line.c.transfer_id == bindparam("transfer"), transfer_line.c.key == bindparam("line"))
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


def birth_and_death(row: Any) -> Iterable[Event]:
    """Yield birth and death, where anything is known of them."""
    if row.born is not None or row.house is not None or row.owner is not None:
        house = ref(row.house, row.house_label)
        yield Event(BIRTH, BIRTH, when(row.born, row.born_earliest, row.born_latest), None, house)
    if row.died is not None or row.grave is not None:
        grave = ref(row.grave, row.grave_label)
        yield Event(DEATH, DEATH, when(row.died, row.died_earliest, row.died_latest), grave, grave)


def _inherited(row: Any, events: Sequence[Event], travels: Sequence[Any]) -> list[Event]:
    """Return an animal's own travels, and those of the group it was split from that end before its own begin."""
    own = [event for event, travel in zip(events, travels, strict=True) if travel.animal_id == row.id]
    first = min((event.date.earliest for event in own if event.date and event.date.earliest), default=None)
    keys = {event.key for event in own}
    shared = [
        event
        for event, travel in zip(events, travels, strict=True)
        if travel.animal_id != row.id
        and event.key not in keys
        and (first is None or event.date is None or (event.date.latest or first) <= first)
    ]
    return [*shared, *own]


def _with_owners(
    events: Iterable[Event], travels: dict[str, Any], people: dict[int, tuple[Participant, ...]]
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
        filled.append(Event(**{**event.__dict__, "to_owner": to_owner, "known_owner": known}))
    return filled


def _subject(row: Any, support: Support) -> Subject:
    names = ("taxon", "sex", "count", "born", "died", "origin")
    return Subject(
        row.slug,
        row.label,
        ref(row.taxon, row.taxon_label),
        row.sex,
        how_many(row.count, row.count_min, row.count_max),
        when(row.born, row.born_earliest, row.born_latest),
        when(row.died, row.died_earliest, row.died_latest),
        support.disputed(row.id, ANIMAL, "", names),
    )


def _step(
    step: Step, row: Any, travels: dict[str, Any], people: dict[int, tuple[Participant, ...]], support: Support
) -> TraceStep:
    event = step.event
    if event.kind in {BIRTH, DEATH}:
        names = BIRTH_FIELDS if event.kind == BIRTH else DEATH_FIELDS
        columns = {"born_at": "born_at_id", "owner_at_birth": "owner_at_birth_id", "died_at": "died_at_id"}
        present = [name for name in names if getattr(row, columns.get(name, name)) is not None]
        reports: frozenset[Report] = support.reports(row.id, ANIMAL, "", present)
        disputed = support.disputed(row.id, ANIMAL, "", names)
        return TraceStep(
            event.kind,
            event.date,
            None,
            None,
            event.destination,
            None,
            None,
            None,
            step.holder,
            step.owner,
            (),
            support.sources(reports),
            support.origins(reports).number,
            disputed,
        )
    travel = travels[event.key]
    part = f"lines/{travel.key}"
    whole = [name for name in TRANSFER_FIELDS if getattr(travel, _COLUMNS.get(name, name)) is not None]
    line = [name for name in LINE_FIELDS if getattr(travel, _COLUMNS.get(name, name)) is not None]
    reports = support.reports(travel.id, TRANSFER, "", whole) | support.reports(travel.id, TRANSFER, part, line)
    disputed = (
        *support.disputed(travel.id, TRANSFER, "", TRANSFER_FIELDS),
        *support.disputed(travel.id, TRANSFER, part, LINE_FIELDS),
    )
    return TraceStep(
        travel.kind,
        event.date,
        travel.status,
        event.origin,
        event.destination,
        Ref(travel.slug, travel.label),
        travel.passes_custody,
        travel.passes_title,
        step.holder,
        step.owner,
        people.get(travel.id, ()),
        support.sources(reports),
        support.origins(reports).number,
        disputed,
    )


def _gap(gap: Gap, row: Any, travels: dict[str, Any], support: Support) -> TraceGap:
    """Return a gap, examined where somebody searched for what would fill it."""
    silent: set[str] = set()
    for event, names in ((gap.before, ("from", "date")), (gap.after, ("to", "date"))):
        travel = travels.get(event.key) if event is not None else None
        if travel is not None:
            silent.update(support.silent(travel.id, "", names))
    if row is not None and (gap.after is None or gap.after.kind == BIRTH):
        silent.update(
            support.silent(row.id, "", ("born", "born_at", "owner_at_birth", "origin", "dam", "sire", "parent"))
        )
    if row is not None and (gap.before is None or gap.before.kind == DEATH):
        silent.update(support.silent(row.id, "", DEATH_FIELDS))
    sources = tuple(sorted(silent))
    return TraceGap(
        gap.after.key if gap.after else None,
        gap.before.key if gap.before else None,
        gap.since,
        gap.until,
        bool(sources),
        sources,
    )


def _trace_line(connection: Connection, thing: Thing) -> Trace:
    row = connection.execute(_one_line(), {"transfer": thing.id, "line": thing.line}).one()
    only = select(transfer.c.id).where(transfer.c.id == bindparam("transfer"))
    given = {"transfer": thing.id}
    support = Support.of(connection, only, given)
    people = participants_of(connection, only, support, given)
    travels = {row.slug: row}
    steps = steps_of(_with_owners([event_of(row)], travels, people))
    named = connection.execute(
        select(record.c.slug)
        .join(line_animal, line_animal.c.animal_id == record.c.id)
        .where(line_animal.c.transfer_id == thing.id, line_animal.c.line_key == thing.line)
        .order_by(record.c.slug)
    ).scalars()
    subject = Subject(
        f"{row.slug}/{row.key}",
        row.taxon_label or row.key,
        ref(row.taxon, row.taxon_label),
        None,
        how_many(row.line_count, row.count_min, row.count_max),
        None,
        None,
        support.disputed(row.id, TRANSFER, f"lines/{row.key}", LINE_FIELDS),
        tuple(named),
    )
    made = tuple(_step(step, None, travels, people, support) for step in steps)
    return Trace(subject, made, tuple(_gap(gap, None, travels, support) for gap in gaps_of(steps)), ())
