"""What came with each transfer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, func, or_, select

from zoo_provenance import direct
from zoo_provenance.counts import sum_counts
from zoo_provenance.direct import Statement
from zoo_provenance.evidence.comparing import compare_total
from zoo_provenance.evidence.support import (
    EXISTS,
    LINE_COLUMNS,
    LINE_FIELDS,
    TRANSFER,
    TRANSFER_COLUMNS,
    TRANSFER_FIELDS,
    Report,
    Support,
    held,
)
from zoo_provenance.questions.answers import HowMany, Ref, Sum, When, how_many, ref, when
from zoo_provenance.tables import line_animal, participant, record, taxon, transfer, transfer_line

PARTICIPANT_FIELDS = ("who", "role", "as", "on_behalf_of")


class Participant(NamedTuple):
    """Somebody who had a part in a transfer, with the office held at the time."""

    key: str
    who: Ref | None
    role: str | None
    capacity: str | None
    on_behalf_of: Ref | None
    disputed: tuple[str, ...]


class Line(NamedTuple):
    """A consignment of one taxon."""

    key: str
    taxon: Ref | None
    term: str
    how_many: HowMany | None
    animals: tuple[str, ...]
    disputed: tuple[str, ...]
    sources: tuple[str, ...]
    origins: int
    rivals: tuple[str, ...]


class Stated(NamedTuple):
    """A total that sources state, against the sum of lines."""

    how_many: HowMany
    sources: tuple[str, ...]
    origins: int
    verdict: str


class Arrival(NamedTuple):
    """A transfer and what came with it. `sum` is that of living animals on its lines."""

    slug: str
    label: str
    date: When | None
    kind: str | None
    status: str | None
    custody: bool | None
    title: bool | None
    origin: Ref | None
    destination: Ref | None
    participants: tuple[Participant, ...]
    lines: tuple[Line, ...]
    sum: Sum
    stated: tuple[Stated, ...]
    disputed: tuple[str, ...]
    sources: tuple[str, ...]
    origins: int


@dataclass(frozen=True)
class Filter:
    """Which transfers: by id, by holder sent from or to, by taxon and those below it, by period (ISO days)."""

    transfer_id: int | None = None
    from_id: int | None = None
    to_id: int | None = None
    taxon_id: int | None = None
    since: str | None = None
    until: str | None = None
    undated: bool = False
    kinds: tuple[str, ...] = ()

    def where(self) -> ColumnElement[bool]:
        """Return the condition on transfers: what may fall within the period; undated only when asked."""
        conditions: list[ColumnElement[bool]] = [record.c.merged_into_id.is_(None)]
        for column, wanted in (
            (transfer.c.id, self.transfer_id),
            (transfer.c.origin_id, self.from_id),
            (transfer.c.destination_id, self.to_id),
        ):
            if wanted is not None:
                conditions.append(column == wanted)
        if self.kinds:
            conditions.append(transfer.c.kind.in_(self.kinds))
        if self.taxon_id is not None:
            of_taxon = transfer_line.c.taxon_id.in_(select(taxa_below(self.taxon_id).c.id))
            conditions.append(exists().where(transfer_line.c.transfer_id == transfer.c.id, of_taxon))
        if self.since or self.until:
            within = and_(
                or_(transfer.c.date_latest.is_(None), transfer.c.date_latest >= (self.since or "")),
                or_(transfer.c.date_earliest.is_(None), transfer.c.date_earliest <= (self.until or "9999-12-31")),
            )
            dated = transfer.c.date.is_not(None)
            conditions.append(or_(and_(dated, within), ~dated) if self.undated else and_(dated, within))
        return and_(*conditions)


def taxa_below(taxon_id: int) -> Any:
    """Return the recursive table of a taxon and all taxa below it."""
    below = select(taxon.c.id).where(taxon.c.id == taxon_id).cte("taxa_below", recursive=True)
    return below.union(select(taxon.c.id).join(below, taxon.c.parent_id == below.c.id))


def arrivals(connection: Connection, chosen: Filter) -> list[Arrival]:
    """Return the transfers that match, oldest first, undated last."""
    ids = _one() if chosen == Filter(chosen.transfer_id) and chosen.transfer_id is not None else _several(chosen)
    given = {"transfer": chosen.transfer_id} if ids is _one() else {}
    support = Support.of(connection, ids, given)
    lines = _grouped(direct.rows(connection, _lines(ids), given), "transfer_id")
    animals: dict[tuple[int, str], list[str]] = {}
    for transfer_id, key, slug in direct.tuples(connection, _animals(ids), given):
        animals.setdefault((transfer_id, key), []).append(slug)
    people = participants_of(connection, ids, support, given)
    return [
        _arrival(row, _made_lines(lines.get(row.id, ()), animals, support), people.get(row.id, ()), support)
        for row in direct.rows(connection, _transfers(ids), given)
    ]


@cache
def _one() -> Statement:
    """Return the statement of one transfer, given as `transfer`: built once, for whichever it is."""
    unmerged = select(transfer.c.id).join(record, record.c.id == transfer.c.id)
    return unmerged.where(transfer.c.id == bindparam("transfer"), record.c.merged_into_id.is_(None))


@lru_cache(maxsize=64)
def _several(chosen: Filter) -> Statement:
    return select(transfer.c.id).join(record, record.c.id == transfer.c.id).where(chosen.where())


def _grouped(rows: Any, column: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(row)
    return found


@lru_cache(maxsize=64)
def _transfers(ids: Statement) -> Statement:
    origin, destination = record.alias("origin"), record.alias("destination")
    return (
        select(
            transfer,
            record.c.slug,
            record.c.label,
            origin.c.slug.label("origin"),
            origin.c.label.label("origin_label"),
            destination.c.slug.label("destination"),
            destination.c.label.label("destination_label"),
        )
        .join(record, record.c.id == transfer.c.id)
        .outerjoin(origin, origin.c.id == transfer.c.origin_id)
        .outerjoin(destination, destination.c.id == transfer.c.destination_id)
        .where(transfer.c.id.in_(ids))
        .order_by(transfer.c.date_earliest.nulls_last(), transfer.c.date_latest.nulls_last(), record.c.slug)
    )


@lru_cache(maxsize=64)
def _lines(ids: Statement) -> Statement:
    of = record.alias("taxon")
    return (
        select(transfer_line, of.c.slug.label("taxon"), of.c.label.label("taxon_label"))
        .outerjoin(of, of.c.id == transfer_line.c.taxon_id)
        .where(transfer_line.c.transfer_id.in_(ids))
        .order_by(transfer_line.c.transfer_id, transfer_line.c.key)
    )


@lru_cache(maxsize=64)
def _animals(ids: Statement) -> Statement:
    return (
        select(line_animal.c.transfer_id, line_animal.c.line_key, record.c.slug)
        .join(record, record.c.id == line_animal.c.animal_id)
        .where(line_animal.c.transfer_id.in_(ids))
        .order_by(record.c.slug)
    )


def participants_of(
    connection: Connection, ids: Statement, support: Support, parameters: Mapping[str, Any] | None = None
) -> dict[int, tuple[Participant, ...]]:
    """Return the participants of transfers, by transfer: givers first, then in order of role."""
    rows = direct.rows(connection, _people(ids), parameters)
    return {
        transfer_id: tuple(
            Participant(
                row.key,
                ref(row.who, row.who_label),
                row.role,
                row.capacity,
                ref(row.behalf, row.behalf_label),
                support.disputed(transfer_id, TRANSFER, f"participants/{row.key}", PARTICIPANT_FIELDS),
            )
            for row in group
        )
        for transfer_id, group in _grouped(rows, "transfer_id").items()
    }


@lru_cache(maxsize=64)
def _people(ids: Statement) -> Statement:
    who, behalf = record.alias("who"), record.alias("behalf")
    rank = case(
        *(
            (participant.c.role == role, place)
            for place, role in enumerate(("giver", "lender", "recipient", "delivered", "escorted", "received"))
        ),
        else_=9,
    )
    return (
        select(
            participant,
            who.c.slug.label("who"),
            who.c.label.label("who_label"),
            behalf.c.slug.label("behalf"),
            behalf.c.label.label("behalf_label"),
        )
        .outerjoin(who, who.c.id == func.coalesce(participant.c.person_id, participant.c.institution_id))
        .outerjoin(behalf, behalf.c.id == participant.c.on_behalf_of_id)
        .where(participant.c.transfer_id.in_(ids))
        .order_by(participant.c.transfer_id, rank, participant.c.role, participant.c.key)
    )


def _made_lines(rows: Sequence[Any], animals: Mapping[tuple[int, str], list[str]], support: Support) -> Iterator[Line]:
    for row in rows:
        part = f"lines/{row.key}"
        reports = support.reports(row.transfer_id, TRANSFER, part, held(row, LINE_COLUMNS))
        disputed = support.disputed(row.transfer_id, TRANSFER, part, LINE_FIELDS)
        yield Line(
            row.key,
            ref(row.taxon, row.taxon_label),
            row.term,
            how_many(row.count, row.count_min, row.count_max),
            tuple(animals.get((row.transfer_id, row.key), ())),
            disputed,
            *support.vouched(reports),
            _rivals(row, part, disputed, support) if disputed else (),
        )


def _rivals(row: Any, part: str, disputed: Sequence[str], support: Support) -> tuple[str, ...]:
    """Return the live values of disputed fields other than the concluded ones, as sources wrote them."""
    others: list[str] = []
    for name in disputed:
        conclusion, claimed = support.concluded(row.transfer_id, TRANSFER, part, name)
        rows = support.claims[row.transfer_id, part, name]
        others.extend(
            (support.slugs[said.value_record_id] if one.record is not None else one.value) or ""
            for said, one in zip(rows, claimed, strict=True)
            if one.live and (one.value, one.record) != (conclusion.value, conclusion.record)
        )
    return tuple(dict.fromkeys(others))


def _arrival(row: Any, lines: Iterator[Line], people: Sequence[Participant], support: Support) -> Arrival:
    made = tuple(lines)
    living = [line for line in made if line.term == "LIV"]
    least, most = sum_counts(
        (line.how_many.min, line.how_many.max) if line.how_many else (None, None) for line in living
    )
    total = Sum(least, most) if made else Sum(0, None)
    reports = support.reports(row.id, TRANSFER, "", held(row, TRANSFER_COLUMNS))
    return Arrival(
        row.slug,
        row.label,
        when(row.date, row.date_earliest, row.date_latest),
        row.kind,
        row.status,
        row.passes_custody,
        row.passes_title,
        ref(row.origin, row.origin_label),
        ref(row.destination, row.destination_label),
        tuple(people),
        made,
        total,
        tuple(_stated(row.id, total, support)),
        support.disputed(row.id, TRANSFER, "", (EXISTS, *TRANSFER_FIELDS)),
        *support.vouched(reports),
    )


def _stated(transfer_id: int, total: Sum, support: Support) -> Iterator[Stated]:
    rows = support.claims.get((transfer_id, "", "count"))
    if not rows:
        return
    _, claimed = support.concluded(transfer_id, TRANSFER, "", "count")
    by_value: dict[str, list[Any]] = {}
    for row, said in zip(rows, claimed, strict=True):
        if said.live and row.value is not None:
            by_value.setdefault(row.value, []).append(row)
    for value, group in sorted(
        by_value.items(), key=lambda item: (item[1][0].low or "", item[1][0].high or "~", item[0])
    ):
        low, high = group[0].low, group[0].high
        count = HowMany(value, int(low or 0), None if high is None else int(high))
        verdict = compare_total(total.min, total.max, count.min, count.max, approximate="~" in value)
        reports = frozenset(Report(row.source_id, row.own) for row in group if row.source_id is not None)
        yield Stated(count, *support.vouched(reports), verdict.value)
