"""Who gave: donors ranked by what arrived from them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from zoo_provenance.evidence.claims import Statement, as_claimed, claimed_from, decisions_of, taxa_above
from zoo_provenance.evidence.concluding import conclude
from zoo_provenance.evidence.origins import count_origins, roots_of
from zoo_provenance.evidence.support import LINE_FIELDS, TRANSFER_FIELDS
from zoo_provenance.questions.answers import Sum, When
from zoo_provenance.questions.arrivals import Filter
from zoo_provenance.tables import (
    claim,
    institution,
    participant,
    record,
    source_basis,
    transfer,
    transfer_line,
)
from zoo_provenance.vocabulary import Kind, TransferKind, field_named, owner_of

HOLDER, GIVER = "holder", "giver"
_LENT = (TransferKind.LOAN.value,)
_FIELDS = (*TRANSFER_FIELDS, *LINE_FIELDS)
_Report = tuple[int | None, int, bool]


@dataclass(frozen=True)
class DonorRef:
    """A donor: an institution, or a person; without a slug where nobody knows."""

    slug: str | None
    label: str
    kind: str | None
    country: str | None


@dataclass(frozen=True)
class Donor:
    """What a donor gave.

    `transfers` passed title; of the `unstated` nobody says whether they did, and they count in the most only;
    `loans` are apart; `not_completed` were planned, cancelled or are unconfirmed, and are in no sum.
    `origins` is the least number of original sources behind all of it.
    """

    donor: DonorRef
    transfers: int
    unstated: int
    loans: int
    not_completed: int
    animals: Sum
    taxa: int
    first: When | None
    last: When | None
    lines: int
    cited_lines: int
    origins: int
    findings: None = None


def donors(connection: Connection, chosen: Filter, *, by: str = HOLDER) -> list[Donor]:
    """Return donors, the largest certain number of animals first. Two statements, however many donors."""
    given = _given(chosen, by)
    rows = connection.execute(_ranking(given)).all()
    origins = _origins(connection, given)
    return [_donor(row, origins.get(row.donor_id, 0)) for row in rows]


def _given(chosen: Filter, by: str) -> Any:
    """Return (donor, transfer) for the transfers asked about: by who held the animals, or by who gave them."""
    asked = select(transfer.c.id).join(record, record.c.id == transfer.c.id).where(chosen.where())
    if not chosen.kinds:
        # Without a kind asked for: what passes title, may pass it, or lends.
        asked = asked.where(or_(transfer.c.passes_title.is_not(False), transfer.c.kind.in_(_LENT)))
    holders = select(transfer.c.origin_id.label("donor_id"), transfer.c.id).where(transfer.c.id.in_(asked))
    if by == HOLDER:
        return holders.cte("given")
    gives = participant.c.role.in_(("giver", "lender"))
    givers = (
        select(func.coalesce(participant.c.person_id, participant.c.institution_id), participant.c.transfer_id)
        .where(participant.c.transfer_id.in_(asked), gives)
        .distinct()
    )
    named = exists().where(participant.c.transfer_id == transfer.c.id, gives)
    return union_all(holders.where(~named), givers).cte("given")


def _ranking(given: Any) -> Statement:
    completed = transfer.c.status == "completed"
    titled = and_(completed, transfer.c.passes_title.is_(True))
    unstated = and_(completed, transfer.c.passes_title.is_(None))
    lent = and_(completed, transfer.c.kind.in_(_LENT))
    living = transfer_line.c.term == "LIV"
    cited = exists().where(
        claim.c.record_id == transfer_line.c.transfer_id,
        claim.c.stance == "supports",
        claim.c.source_id.is_not(None),
        or_(
            claim.c.part == literal("lines/") + transfer_line.c.key,
            and_(claim.c.part == "", claim.c.field == ""),
        ),
    )
    lines = (
        select(
            given.c.donor_id,
            func.count().label("lines"),
            _sum(case((cited, 1), else_=0)).label("cited_lines"),
            _sum(case((and_(titled, living), func.coalesce(transfer_line.c.count_min, 1)), else_=0)).label("least"),
            _sum(
                case((and_(completed, _passing(), living), func.coalesce(transfer_line.c.count_max, 0)), else_=0)
            ).label("most"),
            _sum(case((and_(completed, _passing(), living, transfer_line.c.count_max.is_(None)), 1), else_=0)).label(
                "open"
            ),
            func.count(case((and_(titled, living), transfer_line.c.taxon_id)).distinct()).label("taxa"),
        )
        .join(transfer, transfer.c.id == given.c.id)
        .join(transfer_line, transfer_line.c.transfer_id == transfer.c.id)
        .group_by(given.c.donor_id)
        .subquery()
    )
    transfers = (
        select(
            given.c.donor_id,
            _sum(case((titled, 1), else_=0)).label("transfers"),
            _sum(case((unstated, 1), else_=0)).label("unstated"),
            _sum(case((lent, 1), else_=0)).label("loans"),
            _sum(case((or_(transfer.c.status.is_(None), ~completed), 1), else_=0)).label("not_completed"),
            func.min(case((completed, transfer.c.date_earliest))).label("first"),
            func.max(case((completed, transfer.c.date_latest))).label("last"),
        )
        .join(transfer, transfer.c.id == given.c.id)
        .group_by(given.c.donor_id)
        .subquery()
    )
    numbers = ("lines", "cited_lines", "least", "most", "open", "taxa")
    return (
        select(
            transfers,
            *(func.coalesce(lines.c[name], 0).label(name) for name in numbers),
            record.c.slug,
            record.c.label,
            record.c.kind,
            institution.c.kind.label("house"),
            institution.c.country,
        )
        .outerjoin(lines, lines.c.donor_id.is_not_distinct_from(transfers.c.donor_id))
        .outerjoin(record, record.c.id == transfers.c.donor_id)
        .outerjoin(institution, institution.c.id == transfers.c.donor_id)
        .order_by(
            func.coalesce(lines.c.least, 0).desc(),
            transfers.c.transfers.desc(),
            record.c.slug.nulls_last(),
        )
    )


def _passing() -> ColumnElement[bool]:
    return transfer.c.passes_title.is_not(False)


def _sum(number: ColumnElement[Any]) -> ColumnElement[int]:
    # A sum of integers is a Decimal on PostgreSQL and an int on SQLite.
    return cast(func.sum(number), BigInteger)


def _origins(connection: Connection, given: Any) -> dict[int | None, int]:
    """Return for each donor the least number of original sources behind what is concluded of its transfers."""
    reports = _vouching(connection, given) | _supporting(connection, given)
    if not reports:
        return {}
    basis: dict[int, list[int]] = {}
    for source_id, based_on_id in connection.execute(select(source_basis.c.source_id, source_basis.c.based_on_id)):
        basis.setdefault(source_id, []).append(based_on_id)
    roots = roots_of(basis, {source_id for _, source_id, _ in reports})
    by_donor: dict[int | None, set[frozenset[int]]] = {}
    for donor_id, source_id, own in reports:
        by_donor.setdefault(donor_id, set()).add(frozenset({source_id}) if own else roots[source_id])
    return {donor_id: count_origins(found).number for donor_id, found in by_donor.items()}


def _vouching(connection: Connection, given: Any) -> set[_Report]:
    """Return (donor, source, own) of who vouches for whole transfers or lines."""
    rows = connection.execute(
        select(given.c.donor_id, claim.c.source_id, claim.c.own)
        .join(claim, claim.c.record_id == given.c.id)
        .where(claim.c.field == "", claim.c.participant_key.is_(None))
        .distinct()
    )
    return {(row.donor_id, row.source_id, row.own) for row in rows}


def _supporting(connection: Connection, given: Any) -> set[_Report]:
    """Return (donor, source, own) of who supports the concluded values of fields with claims of their own."""
    ids = select(given.c.id)
    rows = connection.execute(
        claimed_from(and_(claim.c.record_id.in_(ids), claim.c.field.in_(_FIELDS), claim.c.participant_key.is_(None)))
    ).all()
    if not rows:
        return set()
    above = taxa_above(connection)
    decisions = decisions_of(connection, claim.c.record_id.in_(ids))
    givers: dict[int, list[int | None]] = {}
    for donor_id, transfer_id in connection.execute(select(given.c.donor_id, given.c.id)):
        givers.setdefault(transfer_id, []).append(donor_id)
    found: set[_Report] = set()
    for (transfer_id, part, name), group in groupby(rows, key=lambda row: (row.record_id, row.part, row.field)):
        field = field_named(owner_of(Kind.TRANSFER.value, part), name)
        if field is None or (name == "count" and not part):
            continue
        claims = list(group)
        claimed = [as_claimed(row, field.shape, above) for row in claims]
        conclusion = conclude(field.shape, claimed, decisions.get((transfer_id, part, name)))
        if conclusion.value is None and conclusion.record is None:
            continue
        standing = set(conclusion.standing)
        for row, said in zip(claims, claimed, strict=True):
            if said.live and said.meaning in standing and row.source_id is not None:
                found.update((donor_id, row.source_id, row.own) for donor_id in givers[transfer_id])
    return found


def _donor(row: Any, origins: int) -> Donor:
    kind = row.house if row.kind == Kind.INSTITUTION else row.kind
    return Donor(
        DonorRef(row.slug, row.label if row.slug is not None else "not known", kind, row.country),
        row.transfers,
        row.unstated,
        row.loans,
        row.not_completed,
        Sum(row.least, None if row.open else row.most),
        row.taxa,
        _day(row.first),
        _day(row.last),
        row.lines,
        row.cited_lines,
        origins,
    )


def _day(day: str | None) -> When | None:
    return None if day is None else When(day, day, day)
