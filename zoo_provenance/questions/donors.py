"""Who gave: donors ranked by what arrived from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)

from zoo_provenance.direct import Statement
from zoo_provenance.evidence.contested import Witnesses, contested, contested_fields, standing_reports
from zoo_provenance.evidence.support import LINE_FIELDS, TRANSFER_FIELDS
from zoo_provenance.questions.answers import Sum, When
from zoo_provenance.questions.arrivals import Filter
from zoo_provenance.tables import (
    claim,
    dismissal,
    institution,
    participant,
    record,
    transfer,
    transfer_line,
)
from zoo_provenance.vocabulary import Kind, TransferKind

HOLDER, GIVER = "holder", "giver"
_LENT = (TransferKind.LOAN.value,)
_FIELDS = (*TRANSFER_FIELDS, *LINE_FIELDS)


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
    id: int | None = None


def donors(connection: Connection, chosen: Filter, *, by: str = HOLDER) -> list[Donor]:
    """Return donors, the largest certain number of animals first. A handful of statements, however many donors."""
    given = given_by(chosen, by)
    origins = _origins(connection, given)
    return [made(row, origins.get(row.donor_id, 0)) for row in connection.execute(ranking(given))]


@lru_cache(maxsize=64)
def given_by(chosen: Filter, by: str, *, of_one: bool = False) -> Any:
    """Return the table (donor_id, id) of transfers asked about: by who held the animals, or by who gave them.

    With `of_one` only those of the donor given as the parameter `donor`.
    """
    asked = [chosen.where()]
    if not chosen.kinds:
        # Without a kind asked for: what passes title, may pass it, or lends.
        asked.append(or_(transfer.c.passes_title.is_not(False), transfer.c.kind.in_(_LENT)))
    holders = (
        select(transfer.c.origin_id.label("donor_id"), transfer.c.id)
        .join(record, record.c.id == transfer.c.id)
        .where(*asked)
    )
    if of_one:
        holders = holders.where(transfer.c.origin_id == bindparam("donor"))
    if by == HOLDER:
        return holders.cte("given")
    gives = participant.c.role.in_(("giver", "lender"))
    givers = (
        select(func.coalesce(participant.c.person_id, participant.c.institution_id), participant.c.transfer_id)
        .join(transfer, transfer.c.id == participant.c.transfer_id)
        .join(record, record.c.id == transfer.c.id)
        .where(*asked, gives)
        .distinct()
    )
    if of_one:
        one: ColumnElement[int] = bindparam("donor", type_=Integer)
        givers = givers.where(or_(participant.c.person_id == one, participant.c.institution_id == one))
    named = exists().where(participant.c.transfer_id == transfer.c.id, gives)
    return union_all(holders.where(~named), givers).cte("given")


@lru_cache(maxsize=64)
def ranking(given: Any) -> Statement:
    """Return the statement of donors of some transfers (a table of donor_id and id), the largest first."""
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
    # Nobody is a donor too, and equal to itself only by a number: asked for what is not distinct, engines compare all pairs.
    donor = func.coalesce(given.c.donor_id, literal_column("0"))
    lines = (
        select(
            donor.label("donor"),
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
        .select_from(given)
        .join(transfer, transfer.c.id == given.c.id)
        .join(transfer_line, transfer_line.c.transfer_id == transfer.c.id)
        .group_by(donor)
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
        .select_from(transfers)
        .outerjoin(lines, lines.c.donor == func.coalesce(transfers.c.donor_id, literal_column("0")))
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
    witnesses = Witnesses(connection)
    reports: dict[int | None, set[tuple[int, bool]]] = {}
    for donor_id, source_id, own in connection.execute(_vouching(given)):
        reports.setdefault(donor_id, set()).add((source_id, bool(own)))
    donors_of: dict[int, list[int | None]] = {}
    for donor_id, transfer_id in connection.execute(select(given.c.donor_id, given.c.id)):
        donors_of.setdefault(transfer_id, []).append(donor_id)
    for contest in contested(connection, select(given.c.id)):
        if contest.name in _FIELDS and not (contest.name == "count" and not contest.part):
            for donor_id in donors_of[contest.record_id]:
                reports.setdefault(donor_id, set()).update(standing_reports(contest))
    return {donor_id: witnesses.origins(found) for donor_id, found in reports.items()}


def _vouching(given: Any) -> Statement:
    """Return (donor, source, own) of who vouches for whole transfers or lines, and for what nobody contests."""
    open_fields = contested_fields(select(given.c.id))
    keys = ("record_id", "part", "field")
    return (
        select(given.c.donor_id, claim.c.source_id, claim.c.own)
        .join(claim, claim.c.record_id == given.c.id)
        .outerjoin(open_fields, and_(*(open_fields.c[name] == claim.c[name] for name in keys)))
        .outerjoin(dismissal, dismissal.c.claim_id == claim.c.id)
        .where(
            claim.c.field.in_(("", *_FIELDS)),
            claim.c.participant_key.is_(None),
            claim.c.stance == "supports",
            claim.c.source_id.is_not(None),
            func.coalesce(claim.c.value, "") != "?",
            ~and_(claim.c.field == "count", claim.c.part == ""),
            open_fields.c.record_id.is_(None),
            dismissal.c.claim_id.is_(None),
        )
        .distinct()
    )


def made(row: Any, origins: int) -> Donor:
    """Return a row of `ranking` as a donor."""
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
        row.donor_id,
    )


def _day(day: str | None) -> When | None:
    return None if day is None else When(day, day, day)
