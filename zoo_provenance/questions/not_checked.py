"""What was not checked of a donor's transfers, because nothing is recorded to check it with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from zoo_provenance.direct import Statement
from zoo_provenance.questions.rules.permits import IN_FORCE
from zoo_provenance.tables import (
    animal,
    claim,
    institution,
    line_animal,
    participant,
    record,
    source,
    taxon,
    transfer,
    transfer_line,
)


class Unchecked(NamedTuple):
    """Something that was not checked, of how many, and what is missing."""

    what: str
    number: int
    of: int
    why: str


def not_checked(connection: Connection, ids: Statement, given: Mapping[str, Any]) -> Iterator[Unchecked]:
    """Yield what could not be checked of the transfers a statement selects: one statement of counts."""
    counts = connection.execute(_counted(ids), dict(given)).mappings().one()
    for what, why in _WHAT.items():
        number, whole = counts[f"{what}_missing"], counts[f"{what}_all"]
        if number:
            yield Unchecked(what.replace("_", " "), number, whole, why)
    yield Unchecked("completeness", 0, 0, "whether these are all the transfers there were")
    yield Unchecked(
        "appendix of the day",
        0,
        0,
        f"CITES appendices are the latest recorded, not those of the day; before {IN_FORCE} none",
    )


_WHAT = {
    "dates": "transfers without a date cannot be compared with lives, houses and offices",
    "houses": "of these houses no year of founding is recorded",
    "births": "of these animals no birth is recorded",
    "offices": "for these people no office with its time is recorded",
    "listing": "of these taxa it is not recorded whether CITES lists them",
    "parties": "of these countries it is not recorded whether they are Parties to CITES",
    "permits": "no permit and no annual report is cited for these transfers",
    "reliability": "these sources were not graded",
    "publication": "of these sources no date of publication is recorded",
}
"""What is counted, and what it means where something is missing."""


@lru_cache(maxsize=64)
def _counted(ids: Statement) -> Statement:
    return select(*_counts(ids))


def _counts(ids: Statement) -> Iterator[Any]:
    given = transfer.c.id.in_(ids)
    houses = select(transfer.c.origin_id).where(given).union(select(transfer.c.destination_id).where(given))
    involved = institution.c.id.in_(houses)
    on = animal.c.id.in_(select(line_animal.c.animal_id).where(line_animal.c.transfer_id.in_(ids)))
    acts = record.c.id.in_(select(participant.c.person_id).where(participant.c.transfer_id.in_(ids)))
    carried = taxon.c.id.in_(select(transfer_line.c.taxon_id).where(transfer_line.c.transfer_id.in_(ids)))
    cited = source.c.id.in_(select(claim.c.source_id).where(claim.c.record_id.in_(ids)))
    dated_office = exists().where(
        claim.c.record_id == record.c.id, claim.c.field == "office", claim.c.during.is_not(None)
    )
    state = institution.alias("state")
    party = exists().where(
        claim.c.record_id == state.c.id, claim.c.field == "cites_party", state.c.country == institution.c.country
    )
    paper = exists().where(
        claim.c.record_id == transfer.c.id,
        claim.c.source_id == source.c.id,
        source.c.kind.in_(("permit", "importer_report", "exporter_report")),
    )
    unlisted = and_(taxon.c.cites_appendix.is_(None), ~_listed_above())
    countries = func.count(institution.c.country.distinct())
    yield from _pair("dates", func.count(), transfer, given, transfer.c.date.is_(None))
    yield from _pair("houses", func.count(), institution, involved, institution.c.founded.is_(None))
    yield from _pair("births", func.count(), animal, on, animal.c.born.is_(None))
    yield from _pair("offices", func.count(), record, acts, ~dated_office)
    yield from _pair("listing", func.count(), taxon, carried, unlisted)
    yield from _pair("parties", countries, institution, involved, ~party)
    yield from _pair("permits", func.count(), transfer, given, ~paper)
    yield from _pair("reliability", func.count(), source, cited, source.c.reliability.is_(None))
    yield from _pair("publication", func.count(), source, cited, source.c.published.is_(None))


def _pair(
    name: str, number: Any, table: Any, whole: ColumnElement[bool], missing: ColumnElement[bool]
) -> Iterator[Any]:
    yield select(number).select_from(table).where(whole).scalar_subquery().label(f"{name}_all")
    yield select(number).select_from(table).where(whole, missing).scalar_subquery().label(f"{name}_missing")


def _listed_above() -> ColumnElement[bool]:
    """Whether a taxon above has an appendix; two ranks up, as breeds and subspecies stand under their species."""
    parent, grand = taxon.alias("parent"), taxon.alias("grand")
    return exists().where(
        parent.c.id == taxon.c.parent_id,
        or_(
            parent.c.cites_appendix.is_not(None),
            exists().where(grand.c.id == parent.c.parent_id, grand.c.cites_appendix.is_not(None)),
        ),
    )
