"""Rules of permits: what CITES lists, across a border, and which papers are recorded."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, exists, func, literal, or_, select

from zoo_provenance.direct import Statement
from zoo_provenance.questions.rules.asking import LIVING, Asked, Queries, speaks
from zoo_provenance.tables import claim, institution, record, source, taxon, transfer, transfer_line

IN_FORCE = "1975-07-01"
"""The day CITES entered into force (article XXII of the Convention); earlier transfers need no permit."""

_sender, _receiver = institution.alias("sender"), institution.alias("receiver")
_of = record.alias("of_taxon")


def listed_taxa() -> Any:
    """Return the table (id, appendix) of taxa that CITES lists, themselves or by the nearest taxon above."""
    up = select(taxon.c.id, taxon.c.id.label("at"), _appendix(taxon).label("appendix")).cte("up", recursive=True)
    above = taxon.alias("above")
    at = taxon.alias("at")
    up = up.union(
        select(up.c.id, above.c.id, _appendix(above))
        .select_from(up)
        .join(at, at.c.id == up.c.at)
        .join(above, above.c.id == at.c.parent_id)
        .where(up.c.appendix.is_(None))
    )
    return select(up.c.id, up.c.appendix).where(up.c.appendix.is_not(None), up.c.appendix != "N").cte("listed")


def _appendix(of: Any) -> Any:
    """Return the concluded appendix of a taxon; where sources disagree, the ends of what they say."""
    lowest, highest = func.min(claim.c.value), func.max(claim.c.value)
    said = (
        select(case((lowest == highest, lowest), else_=lowest + literal(" or ") + highest))
        .where(claim.c.record_id == of.c.id, claim.c.field == "cites_appendix", speaks())
        .scalar_subquery()
    )
    return func.coalesce(of.c.cites_appendix, said)


def party_of(country: Any) -> Any:
    """Return whether a country was a Party when the transfer took place, `yes` or `no`.

    NULL where that is not recorded, or disputed. A claim without a time holds at any.
    """
    state = institution.alias("state")
    said = (
        select(case((func.min(claim.c.value) == func.max(claim.c.value), func.min(claim.c.value)), else_=None))
        .select_from(claim)
        .join(state, state.c.id == claim.c.record_id)
        .where(state.c.kind == "country", state.c.country == country, claim.c.field == "cites_party", speaks())
        .where(
            or_(
                claim.c.during.is_(None),
                and_(
                    func.coalesce(claim.c.during_earliest, "") <= func.coalesce(transfer.c.date_latest, "9999"),
                    func.coalesce(transfer.c.date_earliest, "") <= func.coalesce(claim.c.during_latest, "9999"),
                ),
            )
        )
        .correlate(transfer, _receiver)
    )
    return said.scalar_subquery()


def cited_by(kind: str) -> Any:
    """Return the condition that a source of a kind speaks of the line or of its transfer."""
    return exists().where(
        claim.c.record_id == transfer_line.c.transfer_id,
        or_(claim.c.part == "", claim.c.part == literal("lines/") + transfer_line.c.key),
        speaks(),
        claim.c.source_id == source.c.id,
        source.c.kind == kind,
    )


def listed_lines(asked: Asked) -> Statement:
    """Return living lines of listed taxa that crossed a border since CITES is in force, and their papers."""
    listed = listed_taxa()
    return (
        select(
            (record.c.slug + literal("/") + transfer_line.c.key).label("slug"),
            _of.c.slug.label("other"),
            record.c.id.label("record_id"),
            (literal("lines/") + transfer_line.c.key).label("part"),
            transfer.c.id.label("transfer_id"),
            _of.c.label.label("taxon"),
            listed.c.appendix,
            _sender.c.country.label("sender"),
            _receiver.c.country.label("receiver"),
            cited_by("permit").label("permit"),
            cited_by("importer_report").label("importer_report"),
            cited_by("exporter_report").label("exporter_report"),
            party_of(_receiver.c.country).label("party"),
        )
        .select_from(transfer)
        .join(record, record.c.id == transfer.c.id)
        .join(transfer_line, transfer_line.c.transfer_id == transfer.c.id)
        .join(listed, listed.c.id == transfer_line.c.taxon_id)
        .join(_of, _of.c.id == transfer_line.c.taxon_id)
        .join(_sender, _sender.c.id == transfer.c.origin_id)
        .join(_receiver, _receiver.c.id == transfer.c.destination_id)
        .where(
            transfer.c.status == "completed",
            transfer.c.passes_custody.is_not(False),
            transfer_line.c.term.in_(LIVING),
            _sender.c.country != _receiver.c.country,
            or_(transfer.c.date_latest.is_(None), transfer.c.date_latest >= IN_FORCE),
            asked.of(),
        )
        .order_by(record.c.slug, transfer_line.c.key)
    )


def unpermitted(asked: Asked) -> Statement:
    """Return listed lines of which no permit is recorded."""
    lines = listed_lines(asked).order_by(None).subquery("lines")
    return select(lines).where(~lines.c.permit).order_by(lines.c.slug)


def unreported(asked: Asked) -> Statement:
    """Return listed lines whose importer reported nothing, unless it is no Party: then no report is expected."""
    lines = listed_lines(asked).order_by(None).subquery("lines")
    party = case(
        (lines.c.party == "yes", "a Party to CITES"), else_="of which it is not recorded whether it is a Party"
    )
    columns = [column for column in lines.c if column.name != "party"]
    return (
        select(*columns, party.label("party"))
        .where(~lines.c.importer_report, and_(or_(lines.c.party.is_(None), lines.c.party != "no")))
        .order_by(lines.c.slug)
    )


QUERIES: Queries = {"no-permit": unpermitted, "no-importer-report": unreported}
