"""What nobody knows: holders, intervals, births, fates, dates and counts, and whether anybody has looked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, or_, select, true

from zoo_provenance.direct import Statement
from zoo_provenance.questions.arrivals import taxa_below
from zoo_provenance.questions.histories import History, histories
from zoo_provenance.questions.life import BIRTH as BORN
from zoo_provenance.questions.life import DEATH, Gap, gaps_of
from zoo_provenance.questions.naming import Thing
from zoo_provenance.questions.rules.asking import LIVING
from zoo_provenance.tables import animal, claim, descent, institution, line_animal, record, transfer, transfer_line
from zoo_provenance.vocabulary import Kind

HOLDER, ORIGIN, BIRTH, FATE, DATE, COUNT = "holder", "origin", "birth", "fate", "date", "count"

_SEARCHED = {
    BIRTH: ("born", "born_at", "owner_at_birth", "origin", "dam", "sire", "parent", "statement.origin"),
    FATE: ("died", "died_at", "statement.fate"),
    ORIGIN: ("from", "statement.origin"),
    HOLDER: ("to", "from", "date", "born_at", "died_at"),
    DATE: ("date", "born"),
    COUNT: ("count",),
}
"""The fields whose search examines a gap."""


class Missing(NamedTuple):
    """Something nobody knows of a record or line; ISO days bound it, None is open; `sources` were searched."""

    record: str
    line: str | None
    what: str
    since: str | None
    until: str | None
    examined: bool
    sources: tuple[str, ...]


class Scope(NamedTuple):
    """What is asked of: statements of the ids of animals, of transfers, and of the taxa of lines; None is all."""

    animals: Statement | None = None
    transfers: Statement | None = None
    line: str | None = None
    taxa: Statement | None = None


def gaps(connection: Connection, scope: Scope | None = None, what: str | None = None) -> list[Missing]:
    """Return gaps by record: of an animal, of a taxon at a zoo, of a transfer or line, or of everything."""
    asked = scope or Scope()
    silent = _silent(connection)
    found = [*_of_lives(connection, asked, silent), *_of_transfers(connection, asked, silent)]
    found = [one for one in found if what in {None, one.what}]
    return sorted(found, key=lambda one: (one.record, one.line or "", one.since or "", one.until or "", one.what))


def scope_of(thing: Thing | None, taxon_id: int | None, zoo_id: int | None) -> Scope:
    """Return what a question names: a record, a taxon and those below it, a zoo that held or received it."""
    if thing is not None:
        one = select(record.c.id).where(record.c.id == thing.id)
        nothing = select(record.c.id).where(record.c.id.is_(None))
        if thing.kind is Kind.ANIMAL:
            return Scope(one, nothing)
        return Scope(nothing, one, thing.line or None)
    if taxon_id is None and zoo_id is None:
        return Scope()
    of_taxon = select(taxa_below(taxon_id).c.id) if taxon_id is not None else None
    animals = select(animal.c.id)
    lines = select(transfer_line.c.transfer_id).join(transfer, transfer.c.id == transfer_line.c.transfer_id)
    if of_taxon is not None:
        animals = animals.where(animal.c.taxon_id.in_(of_taxon))
        lines = lines.where(transfer_line.c.taxon_id.in_(of_taxon))
    if zoo_id is not None:
        came = exists().where(
            line_animal.c.animal_id == animal.c.id,
            transfer.c.id == line_animal.c.transfer_id,
            transfer.c.destination_id == zoo_id,
            transfer.c.status == "completed",
        )
        animals = animals.where(or_(animal.c.born_at_id == zoo_id, animal.c.died_at_id == zoo_id, came))
        lines = lines.where(transfer.c.destination_id == zoo_id)
    return Scope(animals, lines, taxa=of_taxon)


_Silent = Mapping[tuple[int, str], Mapping[str, list[str]]]


def _silent(connection: Connection) -> _Silent:
    """Return the sources that were searched and say nothing, by record and part, then by field."""
    by = record.alias("by")
    rows = connection.execute(
        select(claim.c.record_id, claim.c.part, claim.c.field, by.c.slug)
        .join(by, by.c.id == claim.c.source_id)
        .where(claim.c.stance == "silent")
        .order_by(by.c.slug)
    )
    found: dict[tuple[int, str], dict[str, list[str]]] = {}
    for record_id, part, field, slug in rows:
        found.setdefault((record_id, part), {}).setdefault(field, []).append(slug)
    return found


def _searched(silent: _Silent, what: str, *places: tuple[int, str]) -> tuple[bool, tuple[str, ...]]:
    sources = {
        slug
        for place in places
        if place in silent
        for field in _SEARCHED[what]
        for slug in silent[place].get(field, ())
    }
    return bool(sources), tuple(sorted(sources))


# -- animals ---------------------------------------------------------------------------------------------


def _of_lives(connection: Connection, asked: Scope, silent: _Silent) -> Iterator[Missing]:
    ended = set()
    for history in histories(connection, asked.animals):
        if history.plain:
            first = history.steps[0].event.date
            until = first.latest if first else None
            yield Missing(history.slug, None, BIRTH, None, until, *_searched(silent, BIRTH, (history.animal_id, "")))
            continue
        for gap in gaps_of(history.steps):
            yield _missing(history, gap, silent)
            ended.update([history.animal_id] if gap.before is None else [])
    for row in connection.execute(_fates(asked)):
        if row.id not in ended:
            yield Missing(row.slug, None, FATE, row.since, None, *_searched(silent, FATE, (row.id, "")))
    for row in connection.execute(_unrecorded(asked)):
        until = row.died_latest
        yield Missing(row.slug, None, BIRTH, None, until, *_searched(silent, BIRTH, (row.id, "")))
    for row in connection.execute(_undated_births(asked)):
        yield Missing(row.slug, None, DATE, None, None, *_searched(silent, DATE, (row.id, "")))


def _missing(history: History, gap: Gap, silent: _Silent) -> Missing:
    places = [(history.animal_id, "")]
    if gap.after is None:
        what = BIRTH
    elif gap.before is None and gap.after.kind != BORN:
        what = FATE
        places += [(history.transfers[gap.after.key], "")] if gap.after.key in history.transfers else []
    else:
        what = HOLDER
        events = [event for event in (gap.after, gap.before) if event is not None]
        places = [(history.transfers[event.key], "") for event in events if event.key in history.transfers]
        if any(event.kind in {BORN, DEATH} for event in events):
            places.append((history.animal_id, ""))
    return Missing(history.slug, None, what, gap.since, gap.until, *_searched(silent, what, *places))


def _among(asked: Scope) -> ColumnElement[bool]:
    return true() if asked.animals is None else animal.c.id.in_(asked.animals)


def _fates(asked: Scope) -> Statement:
    """Return animals of whose fate a source says that it is unknown, or somebody looked for it in vain."""
    unknown = exists().where(
        claim.c.record_id == animal.c.id,
        claim.c.part == "",
        claim.c.field.in_(_SEARCHED[FATE]),
        or_(claim.c.stance == "silent", claim.c.value == "?"),
    )
    last = (
        select(func.max(transfer.c.date_earliest))
        .join(line_animal, line_animal.c.transfer_id == transfer.c.id)
        .where(line_animal.c.animal_id == animal.c.id, transfer.c.status == "completed")
        .scalar_subquery()
    )
    return (
        select(animal.c.id, record.c.slug, func.coalesce(last, animal.c.born_earliest).label("since"))
        .join(record, record.c.id == animal.c.id)
        .where(_among(asked), animal.c.died.is_(None), animal.c.died_at_id.is_(None), unknown)
    )


def _unrecorded(asked: Scope) -> Statement:
    """Return animals of which neither birth nor any move is recorded."""
    return (
        select(animal.c.id, record.c.slug, animal.c.died_latest)
        .join(record, record.c.id == animal.c.id)
        .where(
            _among(asked),
            animal.c.born.is_(None),
            animal.c.born_at_id.is_(None),
            animal.c.owner_at_birth_id.is_(None),
            animal.c.died.is_(None),
            animal.c.died_at_id.is_(None),
            ~exists().where(line_animal.c.animal_id == animal.c.id),
            ~exists().where(descent.c.child_id == animal.c.id, descent.c.role == "split_from"),
            record.c.merged_into_id.is_(None),
        )
    )


def _undated_births(asked: Scope) -> Statement:
    """Return animals whose birthplace is known, but not when they were born."""
    return (
        select(animal.c.id, record.c.slug)
        .join(record, record.c.id == animal.c.id)
        .where(_among(asked), animal.c.born.is_(None), animal.c.born_at_id.is_not(None))
    )


# -- transfers and lines -----------------------------------------------------------------------------------


def _of_transfers(connection: Connection, asked: Scope, silent: _Silent) -> Iterator[Missing]:
    for row in connection.execute(_unknown(asked)):
        place = (row.id, "")
        if row.origin_id is None:
            yield Missing(row.slug, None, ORIGIN, None, row.date_latest, *_searched(silent, ORIGIN, place))
        if row.destination_id is None:
            yield Missing(row.slug, None, HOLDER, row.date_earliest, None, *_searched(silent, HOLDER, place))
        if row.date_earliest is None and row.date_latest is None:
            yield Missing(row.slug, None, DATE, None, None, *_searched(silent, DATE, place))
    for row in connection.execute(_lines(asked)):
        part = (row.id, f"lines/{row.key}")
        if row.count is None:
            yield Missing(row.slug, row.key, COUNT, None, None, *_searched(silent, COUNT, part))
        if row.nameless and row.origin_id is not None and not row.from_wild:
            # Who sent it is known; where it was before that is not.
            yield Missing(row.slug, row.key, ORIGIN, None, row.date_latest, *_searched(silent, ORIGIN, part))
    for row in connection.execute(_fates_of_lines(asked)):
        part = (row.id, f"lines/{row.key}")
        yield Missing(row.slug, row.key, FATE, row.date_earliest, None, *_searched(silent, FATE, part))


def _chosen(asked: Scope) -> ColumnElement[bool]:
    return true() if asked.transfers is None else transfer.c.id.in_(asked.transfers)


def _unknown(asked: Scope) -> Statement:
    """Return completed transfers whose sender, recipient or date nobody knows."""
    columns = ("origin_id", "destination_id", "date_earliest", "date_latest")
    unbound = and_(transfer.c.date_earliest.is_(None), transfer.c.date_latest.is_(None))
    if asked.line is not None:
        return select(transfer.c.id).where(false())
    return (
        select(transfer.c.id, record.c.slug, *(transfer.c[name] for name in columns))
        .join(record, record.c.id == transfer.c.id)
        .where(
            _chosen(asked),
            record.c.merged_into_id.is_(None),
            transfer.c.status == "completed",
            or_(transfer.c.origin_id.is_(None), transfer.c.destination_id.is_(None), unbound),
        )
    )


def _of_lines(asked: Scope, *columns: Any) -> Statement:
    query = (
        select(transfer.c.id, record.c.slug, transfer_line.c.key, *columns)
        .select_from(transfer)
        .join(record, record.c.id == transfer.c.id)
        .join(transfer_line, transfer_line.c.transfer_id == transfer.c.id)
        .where(
            _chosen(asked),
            record.c.merged_into_id.is_(None),
            transfer.c.status == "completed",
            transfer_line.c.term.in_(LIVING),
        )
    )
    if asked.taxa is not None:
        query = query.where(transfer_line.c.taxon_id.in_(asked.taxa))
    return query if asked.line is None else query.where(transfer_line.c.key == asked.line)


def _lines(asked: Scope) -> Statement:
    """Return living lines that nobody counted, or of which no animal is known by itself."""
    sender = institution.alias("sender")
    nameless = ~exists().where(
        line_animal.c.transfer_id == transfer_line.c.transfer_id, line_animal.c.line_key == transfer_line.c.key
    )
    from_wild = func.coalesce(or_(transfer.c.kind == "capture", sender.c.kind == "wild"), False)
    return (
        _of_lines(
            asked,
            transfer.c.origin_id,
            transfer.c.date_latest,
            transfer_line.c.count,
            nameless.label("nameless"),
            from_wild.label("from_wild"),
        )
        .outerjoin(sender, sender.c.id == transfer.c.origin_id)
        .where(or_(transfer_line.c.count.is_(None), nameless))
    )


def _fates_of_lines(asked: Scope) -> Statement:
    """Return lines whose fate somebody looked for in vain, or calls unknown."""
    unknown = exists().where(
        claim.c.record_id == transfer_line.c.transfer_id,
        claim.c.line_key == transfer_line.c.key,
        claim.c.field == "statement.fate",
        or_(claim.c.stance == "silent", claim.c.value == "?"),
    )
    return _of_lines(asked, transfer.c.date_earliest).where(unknown)
