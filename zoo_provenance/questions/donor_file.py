"""The file on a donor: what it gave, who acted, on whose word, what should be looked at, what was not checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from zoo_provenance.counts import sum_counts
from zoo_provenance.direct import Statement
from zoo_provenance.evidence.contested import Contest, Witnesses, contested
from zoo_provenance.questions.answers import Ref, Sum, When, ref, when
from zoo_provenance.questions.arrivals import Filter
from zoo_provenance.questions.check import Finding, Waived, findings_of, found_by, in_order, waivers
from zoo_provenance.questions.donors import HOLDER, Donor, DonorRef, given_by, made, ranking
from zoo_provenance.questions.naming import Thing
from zoo_provenance.questions.not_checked import Unchecked, not_checked
from zoo_provenance.questions.rules.asking import Asked
from zoo_provenance.questions.rules.permits import listed_lines
from zoo_provenance.questions.weighing import Weighed, Witnessed, cited_for, claims_about, weighed, witnessed
from zoo_provenance.rules import Severity
from zoo_provenance.tables import (
    institution,
    participant,
    record,
    transfer,
    transfer_line,
)
from zoo_provenance.vocabulary import Verdict

_OPEN = (Verdict.CONFLICT, Verdict.POSSIBLE)
_ONE_ORIGIN_FROM = 3


class Gift(NamedTuple):
    """A transfer in the file.

    `reliability` is the best recorded of its sources, `credibility` that of its weakest field; `disputed` are the
    fields that nobody settled.
    """

    slug: str
    label: str
    date: When | None
    kind: str | None
    status: str | None
    title: bool | None
    origin: Ref | None
    destination: Ref | None
    sum: Sum
    lines: int
    taxa: tuple[str, ...]
    sources: int
    origins: int
    reliability: str | None
    credibility: int
    disputed: tuple[str, ...]
    id: int


class Actor(NamedTuple):
    """Somebody with a part in what was given, with the office held at the time."""

    who: Ref
    role: str | None
    capacity: str | None
    on_behalf_of: Ref | None
    transfers: tuple[str, ...]


class Listed(NamedTuple):
    """A line of a CITES-listed taxon across a border, and the papers recorded.

    `importer_report` is `recorded`, `not recorded`, `not expected` where the importer is no Party, or `not known`.
    """

    line: str
    taxon: str
    appendix: str
    sender: str
    receiver: str
    permit: bool
    importer_report: str
    exporter_report: bool


class DonorFile(NamedTuple):
    """The answer: the file on a donor."""

    donor: Donor
    findings: tuple[Finding, ...]
    transfers: tuple[Gift, ...]
    people: tuple[Actor, ...]
    evidence: tuple[Witnessed, ...]
    listed: tuple[Listed, ...]
    not_checked: tuple[Unchecked, ...]


class _Given(NamedTuple):
    gifts: list[Gift]
    findings: list[Finding]
    graded: dict[int, Weighed]
    papers: dict[int, Any]
    witnesses: Witnesses


def donor_file(connection: Connection, donor: Thing, chosen: Filter, today: str, *, by: str = HOLDER) -> DonorFile:
    """Return the file on an institution, or on a person as giver. Some thirty statements, however much was given."""
    table = given_by(chosen, by, of_one=True)
    ids, given = ids_of(table), {"donor": donor.id}
    gifts, findings, graded, papers, witnesses = _gifts_and_findings(connection, ids, given, today)
    origins = witnesses.origins({report for one in graded.values() for report in one.reports})
    rows = connection.execute(ranking(table), given)
    summary = next((made(row, origins) for row in rows if row.donor_id == donor.id), None)
    return DonorFile(
        summary or _nothing(connection, donor),
        tuple(findings),
        tuple(gifts),
        tuple(_people(connection.execute(_actors(ids), given))),
        tuple(witnessed(graded, witnesses, papers)),
        tuple(_papers_of_lines(connection.execute(_listed(ids), given))),
        tuple(not_checked(connection, ids, given)),
    )


def findings_by_donor(
    connection: Connection, chosen: Filter, today: str, *, by: str = HOLDER
) -> dict[int | None, dict[str, int]]:
    """Return how many findings of each severity the file on each donor would hold, waived ones aside."""
    table = given_by(chosen, by)
    _, findings, _, _, _ = _gifts_and_findings(connection, ids_of(table), {}, today)
    donors_of: dict[int, list[int | None]] = {}
    for donor_id, transfer_id in connection.execute(select(table.c.donor_id, table.c.id)):
        donors_of.setdefault(transfer_id, []).append(donor_id)
    found: dict[int | None, dict[str, int]] = {}
    for finding in findings:
        if finding.waived is not None:
            continue
        for donor_id in {donor_id for one in finding.transfers for donor_id in donors_of.get(one, ())}:
            counts = found.setdefault(donor_id, dict.fromkeys((one.value for one in Severity), 0))
            counts[finding.severity] += 1
    return found


def _gifts_and_findings(connection: Connection, ids: Statement, given: Mapping[str, Any], today: str) -> _Given:
    witnesses = Witnesses(connection, ids, given)
    contests: dict[int, list[Contest]] = {}
    for contest in contested(connection, ids, given):
        contests.setdefault(contest.record_id, []).append(contest)
    lines: dict[int, list[Any]] = {}
    for line in connection.execute(_lines(ids), given):
        lines.setdefault(line[0], []).append(line)
    graded = weighed(connection.execute(claims_about(ids), given), contests, lines, witnesses)
    papers = {row.id: row for row in connection.execute(cited_for(ids), given)}
    gifts = list(_gifts(connection.execute(_transfers(ids), given), contests, graded, lines, witnesses, papers))
    waived = waivers(connection)
    # A life is asked as a whole; what it shows of transfers by others is not this donor's.
    asked = {one.id for one in gifts}
    findings = in_order(
        [
            *(
                one
                for one in findings_of(connection, today, ids, given)
                if one.transfers and asked.issuperset(one.transfers)
            ),
            *disputes(contests.values(), waived),
            *_alone(gifts, waived),
        ]
    )
    return _Given(gifts, findings, graded, papers, witnesses)


@lru_cache(maxsize=64)
def ids_of(table: Any) -> Statement:
    """Return the statement of the transfers in a table of (donor_id, id)."""
    return select(table.c.id)


def _nothing(connection: Connection, donor: Thing) -> Donor:
    row = connection.execute(
        select(record.c.kind, institution.c.kind.label("house"), institution.c.country)
        .outerjoin(institution, institution.c.id == record.c.id)
        .where(record.c.id == donor.id)
    ).one()
    who = DonorRef(donor.slug, donor.label, row.house or row.kind, row.country)
    return Donor(who, 0, 0, 0, 0, Sum(0, 0), 0, None, None, 0, 0, 0, donor.id)


# -- what was given --------------------------------------------------------------------------------------


def _gifts(
    transfers: Iterable[Any],
    contests: Mapping[int, Sequence[Contest]],
    graded: Mapping[int, Weighed],
    lines: Mapping[int, Sequence[Any]],
    witnesses: Witnesses,
    papers: Mapping[int, Any],
) -> Iterator[Gift]:
    for row in transfers:
        evidence = graded.get(row.id, Weighed(set(), 6))
        sources = {source_id for source_id, _ in evidence.reports}
        grades = {grade for source_id in sources if (grade := papers[source_id].reliability) is not None}
        carried = lines.get(row.id, ())
        least, most = sum_counts((one.count_min, one.count_max) for one in carried if one.term == "LIV")
        yield Gift(
            row.slug,
            row.label,
            when(row.date, row.date_earliest, row.date_latest),
            row.kind,
            row.status,
            row.passes_title,
            ref(row.origin, row.origin_label),
            ref(row.destination, row.destination_label),
            Sum(least, most) if carried else Sum(0, None),
            len(carried),
            tuple(dict.fromkeys(one.taxon for one in carried if one.taxon is not None)),
            len(sources),
            witnesses.origins(evidence.reports),
            min(grades) if grades else None,
            evidence.credibility,
            tuple(_name(one) for one in contests.get(row.id, ()) if _is_open(one)),
            row.id,
        )


def _is_open(contest: Contest) -> bool:
    return contest.verdict in _OPEN and contest.conclusion.settled is not True


def _name(contest: Contest) -> str:
    return f"{contest.part}/{contest.name}" if contest.part else contest.name


@lru_cache(maxsize=64)
def _lines(ids: Statement) -> Statement:
    """Return the statement of lines and their taxa."""
    of = record.alias("of_taxon")
    return (
        select(
            *(transfer_line.c[name] for name in ("transfer_id", "key", "term", "count_min", "count_max")),
            of.c.label.label("taxon"),
        )
        .outerjoin(of, of.c.id == transfer_line.c.taxon_id)
        .where(transfer_line.c.transfer_id.in_(ids))
        .order_by(transfer_line.c.transfer_id, of.c.label, transfer_line.c.key)
    )


@lru_cache(maxsize=64)
def _transfers(ids: Statement) -> Statement:
    """Return the statement of transfers, oldest first, undated last."""
    origin, destination = record.alias("origin"), record.alias("destination")
    columns = ("id", "date", "date_earliest", "date_latest", "kind", "status", "passes_title")
    return (
        select(
            *(transfer.c[name] for name in columns),
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
def _actors(ids: Statement) -> Statement:
    """Return the statement of participants, by who they are and what they did."""
    who, behalf, on = record.alias("who"), record.alias("behalf"), record.alias("on")
    return (
        select(
            who.c.slug,
            who.c.label,
            participant.c.role,
            participant.c.capacity,
            behalf.c.slug.label("behalf"),
            behalf.c.label.label("behalf_label"),
            on.c.slug.label("transfer"),
        )
        .join(who, who.c.id == func.coalesce(participant.c.person_id, participant.c.institution_id))
        .join(on, on.c.id == participant.c.transfer_id)
        .outerjoin(behalf, behalf.c.id == participant.c.on_behalf_of_id)
        .where(participant.c.transfer_id.in_(ids))
        .order_by(
            *(who.c.label, who.c.slug, participant.c.role.nulls_last(), participant.c.capacity.nulls_last()),
            *(behalf.c.slug.nulls_first(), on.c.slug),
        )
    )


def _people(rows: Iterable[Any]) -> Iterator[Actor]:
    for key, group in groupby(rows, key=itemgetter(0, 1, 2, 3, 4, 5)):
        slug, label, role, capacity, behalf, behalf_label = key
        transfers = tuple(dict.fromkeys(row.transfer for row in group))
        yield Actor(Ref(slug, label), role, capacity, ref(behalf, behalf_label), transfers)


# -- findings --------------------------------------------------------------------------------------------


def disputes(contests: Iterable[Sequence[Contest]], waived: Waived) -> Iterator[Finding]:
    """Yield a finding for each dispute about what was given that nobody settled, or left open on purpose."""
    for group in contests:
        for one in group:
            if one.verdict not in _OPEN or one.conclusion.settled is not None:
                continue
            slug = f"{one.slug}/{one.part.partition('/')[2]}" if one.part.startswith("lines/") else one.slug
            field = _name(one) if one.part.startswith("participants/") else one.name
            rule = "disputed-statement" if one.name.startswith("statement.") else "disputed"
            yield found_by(rule, {"slug": slug, "field": field}, (slug,), one.record_id, one.part, waived)


def _alone(gifts: Iterable[Gift], waived: Waived) -> Iterator[Finding]:
    for one in gifts:
        if one.sources >= _ONE_ORIGIN_FROM and one.origins == 1:
            yield found_by("one-origin", {"slug": one.slug, "reports": one.sources}, (one.slug,), one.id, "", waived)


@lru_cache(maxsize=64)
def _listed(ids: Statement) -> Statement:
    return listed_lines(Asked(ids))


def _papers_of_lines(rows: Iterable[Any]) -> Iterator[Listed]:
    for row in rows:
        report = {"yes": "not recorded", "no": "not expected"}.get(row.party or "", "not known")
        yield Listed(
            row.slug,
            row.taxon,
            row.appendix,
            row.sender,
            row.receiver,
            bool(row.permit),
            "recorded" if row.importer_report else report,
            bool(row.exporter_report),
        )
