"""The custody of every animal in one pass: one statement ordered by animal, plain lives left out by SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, exists, func, or_, select, true

from zoo_provenance.direct import Statement
from zoo_provenance.questions.answers import Ref, When, when
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


class History(NamedTuple):
    """An animal's custody: its steps in order, and the transfers among them by slug.

    Of a life that is `plain` but for its birth, which nobody recorded, the first step alone is given.
    """

    animal_id: int
    slug: str
    steps: Sequence[Step]
    transfers: Mapping[str, int]
    plain: bool


class _Life(NamedTuple):
    row: Any
    events: list[Event]
    transfers: dict[str, int]


def histories(
    connection: Connection, animals: Statement | None = None, given: Mapping[str, Any] | None = None
) -> Iterator[History]:
    """Yield the histories that may hold a gap or a contradiction; the others are without.

    Three statements, however many animals. SQL leaves out the plain lives, in which dates alone decide the order
    and each move starts where the one before ended, and only the rest is put in order in Python.
    """
    houses = _houses(connection)
    wholes = _wholes(connection, animals, dict(given or {}))
    linked = {*wholes, *(whole for above in wholes.values() for whole in above)}
    kept: dict[int, _Life] = {}
    rows_of = connection.execute(_screened(animals), dict(given or {})).all()
    for animal_id, group in groupby(rows_of, key=itemgetter(0)):
        rows = list(group)
        life = _life(rows, houses)
        if animal_id in linked:
            kept[animal_id] = life
        else:
            yield _history(life, life.row, life.events, houses)
    for animal_id, life in kept.items():
        if not life.row.asked:
            continue
        above = [kept[one] for one in wholes_above(animal_id, wholes) if one in kept]
        # A part shares the life of its whole up to the split, its birth too.
        born = next((one.row for one in (life, *above) if _is_born(one.row)), life.row)
        events = shared_life(life.events, [event for one in above for event in one.events])
        transfers = {slug: key for one in (*above, life) for slug, key in one.transfers.items()}
        yield _history(life._replace(transfers=transfers), born, events, houses)


def _history(life: _Life, born: Any, events: Sequence[Event], houses: Mapping[int, Ref]) -> History:
    row = life.row
    if not row.unplain:
        return History(row.animal_id, row.slug, [Step(events[0], None, None)], life.transfers, plain=True)
    ends = []
    if _is_born(born):
        house = houses.get(born.born_at_id)
        ends.append(Event(BIRTH, BIRTH, when(born.born, born.born_earliest, born.born_latest), None, house))
    if row.died is not None or row.died_at_id is not None:
        grave = houses.get(row.died_at_id)
        ends.append(Event(DEATH, DEATH, when(row.died, row.died_earliest, row.died_latest), grave, grave))
    return History(row.animal_id, row.slug, steps_of([*ends, *events]), life.transfers, plain=False)


def _is_born(row: Any) -> bool:
    return row.born is not None or row.born_at_id is not None or row.owner_at_birth_id is not None


def _life(rows: Sequence[Any], houses: Mapping[int, Ref]) -> _Life:
    moves = {row.transfer: row for row in rows if row.transfer_id is not None}
    events = [_event(row, houses) for row in moves.values()]
    return _Life(rows[0], events, {slug: row.transfer_id for slug, row in moves.items()})


def _event(row: Any, houses: Mapping[int, Ref]) -> Event:
    return Event(
        row.transfer,
        row.kind or "transfer",
        None if row.date is None else When(row.date, row.date_earliest, row.date_latest),
        houses.get(row.origin_id),
        houses.get(row.destination_id),
        row.passes_custody,
        None,
        row.status,
        from_wild=bool(row.from_wild),
        dead=row.term not in {"LIV", "EGL"},
        after=frozenset((row.ends,)) if row.ends else frozenset(),
    )


def _houses(connection: Connection) -> dict[int, Ref]:
    of = record.c.id == institution.c.id
    rows = connection.execute(select(record.c.id, record.c.slug, record.c.label).join_from(institution, record, of))
    return {row[0]: Ref(row[1], row[2]) for row in rows}


def _wholes(connection: Connection, animals: Statement | None, given: Mapping[str, Any]) -> dict[int, list[int]]:
    """Return the groups each part was split from, of all animals or of some and what these come from."""
    query = select(descent.c.child_id, descent.c.parent_id).where(descent.c.role == "split_from")
    if animals is not None:
        query = query.where(descent.c.child_id.in_(_with_wholes(animals)))
    found: dict[int, list[int]] = {}
    for child, parent in connection.execute(query.order_by(descent.c.child_id, descent.c.parent_id), given):
        found.setdefault(child, []).append(parent)
    return found


@lru_cache(maxsize=64)
def _screened(animals: Statement | None) -> Statement:
    """Return the statement of moves, by animal, of the lives that are not plain; of one without birth the first."""
    moves = _moves(animals)
    outer = select(moves, func.max(moves.c.odd).over(partition_by=moves.c.animal_id).label("unplain")).subquery("lives")
    unborn = and_(
        outer.c.place == 1,
        outer.c.born.is_(None),
        outer.c.born_at_id.is_(None),
        outer.c.owner_at_birth_id.is_(None),
        outer.c.from_wild == 0,
        outer.c.transfer_id.is_not(None),
    )
    return select(outer).where(or_(outer.c.unplain == 1, unborn)).order_by(outer.c.animal_id, outer.c.place)


def _moves(animals: Statement | None) -> Any:
    """Return the moves of all animals with the end of the one before, each marked where it is not plain."""
    on, sender = record.alias("on"), institution.alias("sender")
    latest_last = [transfer.c.date_earliest.nulls_last(), transfer.c.date_latest.nulls_last(), on.c.slug]

    def along(what: Any) -> Any:
        return what.over(partition_by=animal.c.id, order_by=latest_last)

    ended = along(func.lag(transfer.c.date_latest))
    held = along(func.lag(transfer.c.destination_id))
    place = along(func.row_number())
    further = along(func.lead(transfer.c.id))
    unborn = and_(animal.c.born.is_(None), animal.c.born_at_id.is_(None), animal.c.owner_at_birth_id.is_(None))
    from_wild = case((or_(transfer.c.kind == "capture", sender.c.kind == "wild"), 1), else_=0)
    starts = or_(
        and_(unborn, from_wild == 0),
        and_(unborn, from_wild == 1),
        and_(
            animal.c.born_at_id == transfer.c.origin_id,
            or_(animal.c.born_latest.is_(None), animal.c.born_latest < transfer.c.date_earliest),
        ),
    )
    follows = and_(ended < transfer.c.date_earliest, held == transfer.c.origin_id)
    ends = and_(
        or_(animal.c.died_earliest.is_(None), animal.c.died_earliest > transfer.c.date_latest),
        or_(animal.c.died_at_id.is_(None), further.is_not(None), animal.c.died_at_id == transfer.c.destination_id),
    )
    moved = and_(
        transfer.c.status == "completed",
        transfer.c.passes_custody.is_(True),
        transfer_line.c.term == "LIV",
        transfer.c.date_latest.is_not(None),
        transfer.c.origin_id.is_not(None),
        transfer.c.destination_id.is_not(None),
        case((place == 1, starts), else_=follows),
        ends,
        # What ends a loan comes after it, whatever the dates say.
        ~exists().where(or_(transfer_link.c.transfer_id == transfer.c.id, transfer_link.c.to_id == transfer.c.id)),
    )
    still = and_(
        transfer.c.id.is_(None),
        or_(unborn, animal.c.born_at_id.is_not(None)),
        animal.c.died.is_(None),
        animal.c.died_at_id.is_(None),
    )
    split = exists().where(
        descent.c.role == "split_from", or_(descent.c.child_id == animal.c.id, descent.c.parent_id == animal.c.id)
    )
    plain = and_(case((transfer.c.id.is_(None), still), else_=moved), ~split)
    ended_slug = record.alias("ended")
    ends_slug = (
        select(func.min(ended_slug.c.slug))
        .join(transfer_link, transfer_link.c.to_id == ended_slug.c.id)
        .where(transfer_link.c.transfer_id == transfer.c.id, transfer_link.c.kind == "ends")
        .scalar_subquery()
    )
    asked = true() if animals is None else animal.c.id.in_(animals)
    query = (
        select(
            animal.c.id.label("animal_id"),
            record.c.slug,
            *(animal.c[name] for name in ("born", "born_earliest", "born_latest", "born_at_id", "owner_at_birth_id")),
            *(animal.c[name] for name in ("died", "died_earliest", "died_latest", "died_at_id")),
            transfer.c.id.label("transfer_id"),
            on.c.slug.label("transfer"),
            *(transfer.c[name] for name in ("kind", "status", "passes_custody", "origin_id", "destination_id")),
            *(transfer.c[name] for name in ("date", "date_earliest", "date_latest")),
            transfer_line.c.term,
            from_wild.label("from_wild"),
            ends_slug.label("ends"),
            asked.label("asked"),
            place.label("place"),
            case((plain, 0), else_=1).label("odd"),
        )
        .select_from(animal)
        .join(record, record.c.id == animal.c.id)
        .outerjoin(line_animal, line_animal.c.animal_id == animal.c.id)
        .outerjoin(
            transfer_line,
            and_(
                transfer_line.c.transfer_id == line_animal.c.transfer_id,
                transfer_line.c.key == line_animal.c.line_key,
            ),
        )
        .outerjoin(transfer, transfer.c.id == line_animal.c.transfer_id)
        .outerjoin(on, on.c.id == transfer.c.id)
        .outerjoin(sender, sender.c.id == transfer.c.origin_id)
        .where(record.c.merged_into_id.is_(None), on.c.merged_into_id.is_(None))
    )
    if animals is not None:
        query = query.where(animal.c.id.in_(_with_wholes(animals)))
    return query.subquery("moves")


def _with_wholes(animals: Statement) -> Statement:
    """Return the ids of animals and of the groups they were split from."""
    reached = select(animal.c.id).where(animal.c.id.in_(animals)).cte("reached", recursive=True)
    reached = reached.union(
        select(descent.c.parent_id)
        .join(reached, descent.c.child_id == reached.c.id)
        .where(descent.c.role == "split_from")
    )
    return select(reached.c.id)
