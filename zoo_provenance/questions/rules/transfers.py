"""Rules of transfers: dates that cannot be, lines that do not add up, offices and houses outside their time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, cast, exists, func, literal, or_, select, union

from zoo_provenance.direct import Statement
from zoo_provenance.questions.rules.asking import LIVING, Asked, Queries, nobody, part_slug, speaks, text, whole
from zoo_provenance.tables import (
    animal,
    claim,
    institution,
    line_animal,
    participant,
    record,
    transfer,
    transfer_line,
    transfer_link,
)

_completed = transfer.c.status == "completed"
_other = record.alias("other")


def _moves(asked: Asked, *columns: Any) -> Statement:
    """Return the statement of animals and the completed transfers of custody they were on."""
    return (
        select(
            record.c.slug,
            _other.c.slug.label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            transfer.c.id.label("transfer_id"),
            transfer.c.date,
            *columns,
        )
        .select_from(line_animal)
        .join(animal, animal.c.id == line_animal.c.animal_id)
        .join(transfer, transfer.c.id == line_animal.c.transfer_id)
        .join(
            transfer_line,
            and_(
                transfer_line.c.transfer_id == line_animal.c.transfer_id, transfer_line.c.key == line_animal.c.line_key
            ),
        )
        .join(record, record.c.id == animal.c.id)
        .join(_other, _other.c.id == transfer.c.id)
        .where(_completed, transfer.c.passes_custody.is_not(False), asked.of())
        .order_by(record.c.slug, _other.c.slug)
    )


def before_birth(asked: Asked) -> Statement:
    """Return animals that were moved before they were born; eggs are not."""
    return _moves(asked, animal.c.born).where(
        transfer.c.date_latest < animal.c.born_earliest, transfer_line.c.term.not_in(("EGG", "EGL"))
    )


def after_death(asked: Asked) -> Statement:
    """Return animals that were moved alive after their death."""
    return _moves(asked, animal.c.died).where(
        transfer.c.date_earliest > animal.c.died_latest, transfer_line.c.term.in_(LIVING)
    )


def totals(asked: Asked) -> Statement:
    """Return stated totals that the lines cannot add up to; one said to be about is none."""
    stated = (
        select(
            claim.c.record_id, claim.c.value, func.min(claim.c.low).label("low"), func.min(claim.c.high).label("high")
        )
        .where(claim.c.field == "count", claim.c.part == "", speaks(), claim.c.low.is_not(None))
        .where(claim.c.value.not_like("%~%"), asked.of(claim.c.record_id))
        .group_by(claim.c.record_id, claim.c.value)
        .cte("stated")
    )
    sums = (
        select(
            transfer_line.c.transfer_id,
            cast(func.sum(func.coalesce(transfer_line.c.count_min, 1)), BigInteger).label("least"),
            cast(func.sum(func.coalesce(transfer_line.c.count_max, 0)), BigInteger).label("most"),
            func.max(case((transfer_line.c.count_max.is_(None), 1), else_=0)).label("open"),
        )
        .where(transfer_line.c.term == "LIV", transfer_line.c.transfer_id.in_(select(stated.c.record_id)))
        .group_by(transfer_line.c.transfer_id)
        .subquery("sums")
    )
    return (
        select(
            record.c.slug,
            nobody().label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            record.c.id.label("transfer_id"),
            stated.c.value.label("stated"),
            _range(sums.c.least, sums.c.most, sums.c.open).label("sum"),
        )
        .join(stated, stated.c.record_id == record.c.id)
        .join(sums, sums.c.transfer_id == record.c.id)
        .where(
            or_(
                and_(sums.c.open == 0, sums.c.most < cast(stated.c.low, BigInteger)),
                sums.c.least > cast(stated.c.high, BigInteger),
            )
        )
        .order_by(record.c.slug, stated.c.low, stated.c.value)
    )


def _range(least: ColumnElement[int], most: ColumnElement[int], is_open: ColumnElement[int]) -> ColumnElement[str]:
    """Return a sum as it is read: `75`, `71+`, `10-12`."""
    return case(
        (is_open == 1, text(least) + literal("+")),
        (least == most, text(least)),
        else_=text(least) + literal("-") + text(most),
    )


def more_animals(asked: Asked) -> Statement:
    """Return lines on which more animals are named than were counted."""
    named = (
        select(
            line_animal.c.transfer_id,
            line_animal.c.line_key,
            cast(func.sum(func.coalesce(animal.c.count_min, 1)), BigInteger).label("named"),
        )
        .join(animal, animal.c.id == line_animal.c.animal_id)
        .where(asked.of(line_animal.c.transfer_id))
        .group_by(line_animal.c.transfer_id, line_animal.c.line_key)
        .subquery("named")
    )
    part = literal("lines/") + transfer_line.c.key
    return (
        select(
            part_slug(part).label("slug"),
            nobody().label("other"),
            record.c.id.label("record_id"),
            part.label("part"),
            record.c.id.label("transfer_id"),
            named.c.named,
            transfer_line.c.count,
        )
        .join(transfer_line, transfer_line.c.transfer_id == record.c.id)
        .join(named, and_(named.c.transfer_id == transfer_line.c.transfer_id, named.c.line_key == transfer_line.c.key))
        .where(named.c.named > transfer_line.c.count_max)
        .order_by(record.c.slug, transfer_line.c.key)
    )


def same_house(asked: Asked) -> Statement:
    """Return transfers of custody from a house to itself."""
    return (
        _with_other(_other.c.id == transfer.c.origin_id)
        .where(transfer.c.origin_id == transfer.c.destination_id, transfer.c.passes_custody, asked.of())
        .order_by(record.c.slug)
    )


def _with_other(match: ColumnElement[bool], *columns: Any, joined: tuple[Any, Any] | None = None) -> Statement:
    start = transfer if joined is None else transfer.join(*joined)
    return (
        select(
            record.c.slug,
            _other.c.slug.label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            transfer.c.id.label("transfer_id"),
            transfer.c.date,
            *columns,
        )
        .select_from(start)
        .join(record, record.c.id == transfer.c.id)
        .join(_other, match)
    )


def before_founding(asked: Asked) -> Statement:
    """Return institutions that appear in a transfer, or as a birthplace, before they were founded."""
    return _outside(asked, institution.c.founded, "founded", before=True)


def after_closing(asked: Asked) -> Statement:
    """Return institutions that appear in a transfer, or as a birthplace, after they were closed."""
    return _outside(asked, institution.c.closed, "closed", before=False)


def _outside(asked: Asked, shown: Any, name: str, *, before: bool) -> Statement:
    earliest, latest = institution.c[f"{name}_earliest"], institution.c[f"{name}_latest"]

    def outside(first: Any, last: Any) -> Any:
        return last < earliest if before else first > latest

    dated = outside(transfer.c.date_earliest, transfer.c.date_latest)
    places: list[Statement] = [
        _with_other(_other.c.id == column, shown.label(name))
        .join(institution, institution.c.id == _other.c.id)
        .where(dated, _completed, asked.of())
        for column in (transfer.c.origin_id, transfer.c.destination_id)
    ]
    acting = participant.c.transfer_id == transfer.c.id
    places.extend(
        _with_other(_other.c.id == column, shown.label(name), joined=(participant, acting))
        .join(institution, institution.c.id == _other.c.id)
        .where(dated, _completed, asked.of())
        for column in (participant.c.institution_id, participant.c.on_behalf_of_id)
    )
    if asked.transfers is None:
        born = select(
            record.c.slug,
            _other.c.slug.label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            nobody().label("transfer_id"),
            animal.c.born.label("date"),
            shown.label(name),
        )
        places.append(
            born.select_from(animal)
            .join(record, record.c.id == animal.c.id)
            .join(institution, institution.c.id == animal.c.born_at_id)
            .join(_other, _other.c.id == institution.c.id)
            .where(outside(animal.c.born_earliest, animal.c.born_latest))
        )
    found = union(*places).subquery("found")
    return select(found).order_by(found.c.slug, found.c.other)


def offices(asked: Asked) -> Statement:
    """Return participants in an office that is recorded of them, but for another time only."""
    overlaps = or_(
        claim.c.during.is_(None),
        and_(
            func.coalesce(claim.c.during_earliest, "") <= func.coalesce(transfer.c.date_latest, "9999"),
            func.coalesce(transfer.c.date_earliest, "") <= func.coalesce(claim.c.during_latest, "9999"),
        ),
    )
    held = (
        select(
            participant.c.transfer_id,
            participant.c.key,
            participant.c.person_id,
            participant.c.capacity,
            func.min(claim.c.during).label("during"),
        )
        .join(transfer, transfer.c.id == participant.c.transfer_id)
        .join(claim, claim.c.record_id == participant.c.person_id)
        .where(claim.c.field == "office", func.lower(claim.c.value) == func.lower(participant.c.capacity), speaks())
        .where(transfer.c.date.is_not(None), _completed, asked.of())
        .group_by(participant.c.transfer_id, participant.c.key, participant.c.person_id, participant.c.capacity)
        .having(func.sum(case((overlaps, 1), else_=0)) == 0)
        .subquery("held")
    )
    return (
        select(
            record.c.slug,
            _other.c.slug.label("other"),
            record.c.id.label("record_id"),
            (literal("participants/") + held.c.key).label("part"),
            transfer.c.id.label("transfer_id"),
            transfer.c.date,
            held.c.capacity.label("office"),
            held.c.during,
        )
        .select_from(held)
        .join(transfer, transfer.c.id == held.c.transfer_id)
        .join(record, record.c.id == transfer.c.id)
        .join(_other, _other.c.id == held.c.person_id)
        .order_by(record.c.slug, held.c.key)
    )


def overdue_loans(asked: Asked) -> Statement:
    """Return loans past their end on the day `today` that neither a linked transfer nor a later way out of the house ends."""
    later, there, again = transfer.alias("later"), line_animal.alias("there"), line_animal.alias("again")
    ended = exists().where(
        transfer_link.c.to_id == transfer.c.id,
        transfer_link.c.kind == "ends",
        later.c.id == transfer_link.c.transfer_id,
        later.c.status == "completed",
    )
    left = exists().where(
        there.c.transfer_id == transfer.c.id,
        again.c.animal_id == there.c.animal_id,
        later.c.id == again.c.transfer_id,
        later.c.id != transfer.c.id,
        later.c.status == "completed",
        later.c.origin_id == transfer.c.destination_id,
        or_(later.c.date_latest.is_(None), later.c.date_latest >= transfer.c.date_earliest),
    )
    return (
        select(
            record.c.slug,
            nobody().label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            transfer.c.id.label("transfer_id"),
            transfer.c.until,
        )
        .join(transfer, transfer.c.id == record.c.id)
        .where(
            transfer.c.kind == "loan",
            _completed,
            transfer.c.until_latest < bindparam("today"),
            asked.of(),
            ~ended,
            ~left,
        )
        .order_by(record.c.slug)
    )


def untitled(asked: Asked) -> Statement:
    """Return completed transfers of which nobody says whether title passed."""
    return (
        select(
            record.c.slug,
            nobody().label("other"),
            record.c.id.label("record_id"),
            whole().label("part"),
            record.c.id.label("transfer_id"),
        )
        .join(transfer, transfer.c.id == record.c.id)
        .where(_completed, transfer.c.passes_title.is_(None), asked.of())
        .order_by(record.c.slug)
    )


QUERIES: Queries = {
    "before-birth": before_birth,
    "after-death": after_death,
    "lines-total": totals,
    "more-animals": more_animals,
    "same-house": same_house,
    "before-founding": before_founding,
    "after-closing": after_closing,
    "office-dates": offices,
    "overdue-loan": overdue_loans,
    "title-unstated": untitled,
}
