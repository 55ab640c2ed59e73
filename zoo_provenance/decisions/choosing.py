"""Choosing between rivals: the value that rules, and the claims that are judged wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, insert, select, update

from zoo_provenance.deciding import checked_reason
from zoo_provenance.decisions.places import Place, field_at
from zoo_provenance.errors import NotDecided, Unreadable
from zoo_provenance.evidence.claims import claimed_from
from zoo_provenance.evidence.comparing import Meaning, meaning_of
from zoo_provenance.fields import Field, Shape, columns_of
from zoo_provenance.history.batches import batch_of
from zoo_provenance.loading.anew import concluding
from zoo_provenance.loading.refusals import refuse_circles
from zoo_provenance.loading.values import Value, read_value
from zoo_provenance.questions.naming import Thing, thing_named
from zoo_provenance.tables import OWNER_TABLES, claim, decision, descent, dismissal, record, record_id_of
from zoo_provenance.vocabulary import Stance

OPEN = "open"
_ONE_OF_MANY = ("dam", "sire")


@dataclass(frozen=True)
class Preferred:
    """What was chosen: the batch, the value as claimed (None: left open), whether anybody claims it, what it replaced."""

    batch: int
    value: str | None
    claimed: bool
    replaced: str | None


@dataclass(frozen=True)
class Dismissed:
    """What was judged wrong: the batch and how many claims."""

    batch: int
    claims: int


def prefer(connection: Connection, place: Place, name: str, value: str, because: str) -> Preferred:
    """Let a value of a field rule over its rivals, or leave it open on purpose; columns are concluded anew.

    A decision there was before, by command or by a data set, is replaced. Raises NotDecided.
    """
    reason = checked_reason(because)
    field = field_at(connection, place, name)
    if field.many and name not in _ONE_OF_MANY:
        raise NotDecided(f"There may be many of {name!r}: they are no rivals, and none is preferred to another.")
    chosen, record_id, claimed = None, None, True
    said = _said(connection, place, name)
    if value != OPEN:
        read, named = _read(connection, field, name, value)
        if named == place.thing.id:
            raise NotDecided(f"{place.name!r} cannot be its own {name}.")
        meaning = _meaning(field, read.text, read.low, read.high, named)
        live = [row for row in said if row.stance == "supports" and row.dismissed is None]
        match = next((row for row in live if _meaning_of(field, row) == meaning), None)
        claimed = match is not None or _descends(connection, place.thing.id, name, named)
        chosen, record_id = (match.value, match.value_record_id) if match is not None else (read.text, named)
        if not claimed and not any(row.stance == "supports" for row in said):
            _refuse_plain(connection, place, field, name, value)
    keys = and_(
        decision.c.record_id == place.thing.id, decision.c.part == place.part, decision.c.field == name,
        decision.c.language == "",
    )  # fmt: skip
    replaced = connection.execute(select(decision.c.reason).where(keys)).scalar()
    with batch_of(connection, "prefer", reason) as batch, concluding(connection, [place.thing.id]):
        connection.execute(delete(decision).where(keys))
        values = {"record_id": place.thing.id, "part": place.part, "field": name, "value": chosen}
        values |= {"value_record_id": record_id, "reason": reason, "batch_id": batch.id}
        connection.execute(insert(decision).values(values))
        if name in _ONE_OF_MANY and value == OPEN:
            _have_back(connection, place.thing.id, name, said)
        elif name in _ONE_OF_MANY:
            _keep_one(connection, place.thing.id, name, record_id)
        refuse_circles(connection, place.thing, f"With {name} {value}, {place.name!r}")
        if name in _ONE_OF_MANY and not claimed:
            _keep_one(connection, place.thing.id, name, None)
    return Preferred(batch.id, None if value == OPEN else value, claimed, replaced)


def dismiss(
    connection: Connection, place: Place, name: str, value: str, source: Thing | None, because: str
) -> Dismissed:
    """Judge the claims of a value (by one source, or by all) wrong, and keep them; columns are concluded anew.

    Raises NotDecided where there is no such claim, with those there are.
    """
    reason = checked_reason(because)
    field = field_at(connection, place, name)
    read, named = _read(connection, field, name, value)
    meaning = _meaning(field, read.text, read.low, read.high, named)
    said = [row for row in _said(connection, place, name) if row.stance == "supports"]
    wrong = [row for row in said if _meaning_of(field, row) == meaning]
    wrong = [row for row in wrong if source is None or row.source_id == source.id]
    if not wrong:
        raise NotDecided(_no_such_claim(connection, place, name, value, source, said))
    standing = [row for row in wrong if row.dismissed is None]
    if not standing:
        raise NotDecided(f"{value!r} is dismissed here already: {wrong[0].dismissed}")
    with batch_of(connection, "dismiss", reason) as batch, concluding(connection, [place.thing.id]):
        rows = [{"claim_id": row.id, "reason": reason, "batch_id": batch.id} for row in standing]
        connection.execute(insert(dismissal), rows)
        if field.many and field.kinds and len(standing) == len(wrong) and source is None and named is not None:
            of = (descent.c.child_id == place.thing.id, descent.c.role == name, descent.c.parent_id == named)
            connection.execute(delete(descent).where(*of))
    return Dismissed(batch.id, len(standing))


def _said(connection: Connection, place: Place, name: str) -> Sequence[Any]:
    where = and_(claim.c.record_id == place.thing.id, claim.c.part == place.part, claim.c.field == name)
    return connection.execute(claimed_from(where)).all()


def _read(connection: Connection, field: Field, name: str, text: str) -> tuple[Value, int | None]:
    """Return a value as typed, and the record it is, where it is one."""
    if field.shape is Shape.RECORD and text != "?":
        return Value(None), thing_named(connection, text, field.kinds).id
    try:
        return read_value(field, name, text), None
    except Unreadable as fault:
        suggestion = getattr(fault, "suggestion", "")
        raise NotDecided(f"{name}: {fault}" + (f"; {suggestion}" if suggestion else "")) from fault


def _meaning(field: Field, value: str | None, low: str | None, high: str | None, named: int | None) -> Meaning:
    return meaning_of(field.shape, value, low, high, named)


def _meaning_of(field: Field, row: Any) -> Meaning:
    return _meaning(field, row.value, row.low, row.high, row.value_record_id)


def _refuse_plain(connection: Connection, place: Place, field: Field, name: str, value: str) -> None:
    """Refuse to rule over a value that stands alone: a rival needs a source first."""
    columns = columns_of(place.owner, field)
    if not columns:
        return
    table, of = OWNER_TABLES[place.owner], record_id_of(place.owner) == place.thing.id
    if place.part:
        of = and_(of, table.c.key == place.part.partition("/")[2])
    held = next(
        (one for one in connection.execute(select(*(table.c[c] for c in columns)).where(of)).one() if one is not None),
        None,
    )
    if held is None:
        return
    if field.shape is Shape.RECORD:
        held = connection.execute(select(record.c.slug).where(record.c.id == held)).scalar()
    held = {True: "yes", False: "no"}.get(held, held) if isinstance(held, bool) else held
    raise NotDecided(
        f"{place.name!r}: {name} is {held}, and nobody says otherwise: there is nothing to prefer."
        + (f" Give {value!r} its source first, in about/{place.thing.slug}.yaml." if str(held) != value else "")
    )


def _descends(connection: Connection, child_id: int, role: str, parent_id: int | None) -> bool:
    """Whether a parent stands in the descent, be it as a plain word."""
    of = (descent.c.child_id == child_id, descent.c.role == role, descent.c.parent_id == parent_id)
    return bool(connection.execute(select(exists().where(*of))).scalar())


def _keep_one(connection: Connection, child_id: int, role: str, parent_id: int | None) -> None:
    """Keep one parent of a role in the descent; or none."""
    of = and_(descent.c.child_id == child_id, descent.c.role == role)
    connection.execute(delete(descent).where(of, descent.c.parent_id.is_distinct_from(parent_id)))
    if parent_id is None:
        return
    if _descends(connection, child_id, role, parent_id):
        connection.execute(update(descent).where(of).values(probability=1.0))
    else:
        values = {"child_id": child_id, "parent_id": parent_id, "role": role, "probability": 1.0}
        connection.execute(insert(descent).values(values))


def _have_back(connection: Connection, child_id: int, role: str, said: Sequence[Any]) -> None:
    """Bring the candidates that are claimed back into the descent, each as likely as the others."""
    of = and_(descent.c.child_id == child_id, descent.c.role == role)
    there = {*connection.execute(select(descent.c.parent_id).where(of)).scalars()}
    live = {row.value_record_id for row in said if row.stance == Stance.SUPPORTS and row.dismissed is None}
    missing = sorted(live - there - {None})
    if missing:
        likely = None if len(there) + len(missing) > 1 else 1.0
        connection.execute(update(descent).where(of).values(probability=likely))
        values = {"child_id": child_id, "role": role, "probability": likely}
        connection.execute(insert(descent), [values | {"parent_id": one} for one in missing])


def _no_such_claim(
    connection: Connection, place: Place, name: str, value: str, source: Thing | None, said: Sequence[Any]
) -> str:
    ids = {one for row in said for one in (row.value_record_id, row.source_id) if one is not None}
    named = connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(ids)))
    slugs = {row.id: row.slug for row in named}
    claims: dict[str, list[str]] = {}
    for row in said:
        told = slugs[row.value_record_id] if row.value_record_id is not None else row.value
        claims.setdefault(told, []).append(slugs.get(row.source_id, "nobody named"))
    by = f" by {source.slug}" if source is not None else ""
    start = f"{place.name!r}: {name} {value!r} is not claimed{by}; "
    if not claims:
        return start + "no source says anything of it but of the whole it stands in."
    listed = ", ".join(f"{told} (by {', '.join(dict.fromkeys(by))})" for told, by in list(claims.items())[:8])
    return start + f"claimed are {listed}"
