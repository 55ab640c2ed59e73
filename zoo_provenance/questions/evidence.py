"""Everything that is claimed of a record: values, who says them in which words, what was chosen and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select

from zoo_provenance.evidence.concluding import verdict_of
from zoo_provenance.evidence.support import Report, Support
from zoo_provenance.fields import FIELDS, Field, Shape, columns_of, field_named, owner_of
from zoo_provenance.questions.answers import When, when
from zoo_provenance.questions.naming import Thing
from zoo_provenance.tables import (
    KIND_TABLES,
    claim,
    decision,
    descent,
    participant,
    record,
    source,
    transfer_line,
)
from zoo_provenance.vocabulary import Kind, Stance


@dataclass(frozen=True)
class Said:
    """One source's word for a value. `own`: it speaks for itself, not for what it derives from."""

    source: str | None
    stance: str
    at: str
    quote: str | None
    certainty: str | None
    own: bool
    note: str | None
    inherited: bool


@dataclass(frozen=True)
class ClaimedValue:
    """A value that is claimed, with everybody who says or denies it."""

    value: str | None
    language: str
    during: When | None
    origins: int
    dismissed: str | None
    said: tuple[Said, ...]


@dataclass(frozen=True)
class Decided:
    """A choice between rivals and its reason; no value: left open on purpose."""

    value: str | None
    reason: str


@dataclass(frozen=True)
class FieldEvidence:
    """The evidence for one field: what is concluded, and from what."""

    field: str
    concluded: str | None
    verdict: str
    decided: Decided | None
    claims: tuple[ClaimedValue, ...]


@dataclass(frozen=True)
class Account:
    """The evidence for a record, or for a line of a transfer; `languages` are those of its sources, by slug."""

    slug: str
    label: str
    kind: str
    notes: str | None
    fields: tuple[FieldEvidence, ...]
    languages: Mapping[str, str] = default(default_factory=dict)


def evidence(connection: Connection, thing: Thing, field: str | None = None) -> Account:
    """Return what is claimed of a record, a line, or one field of it; empty where nothing is."""
    given = {"record": thing.id}
    support = Support.of(connection, select(record.c.id).where(record.c.id == bindparam("record")), given)
    plain = _plain(connection, thing)
    slugs = _slugs(connection, thing, support, plain)
    reasons = {
        (row.part, row.field): row
        for row in connection.execute(select(decision).where(decision.c.record_id == thing.id))
    }
    part = f"lines/{thing.line}" if thing.line else ""
    keys = {key[1:] for key in support.claims} | set(plain)
    found = [
        _field(thing, at, name, support, plain, reasons.get((at, name)), slugs)
        for at, name in sorted(keys, key=lambda key: _order(thing.kind, *key))
        if name and (at == part or (not part and at)) and _asked(field, at, name)
    ]
    if part:
        found = [one.__class__(one.field.removeprefix(f"{part}/"), *list(one.__dict__.values())[1:]) for one in found]
    notes = connection.execute(select(record.c.notes).where(record.c.id == thing.id)).scalar()
    label = f"{thing.label}, {thing.line}" if thing.line else thing.label
    slug = f"{thing.slug}/{thing.line}" if thing.line else thing.slug
    kind = "line" if thing.line else thing.kind.value
    spoken = select(claim.c.source_id).where(claim.c.record_id == thing.id)
    languages = connection.execute(
        select(record.c.slug, source.c.language)
        .join(source, source.c.id == record.c.id)
        .where(source.c.id.in_(spoken), source.c.language.is_not(None))
    )
    told = {row.slug: row.language for row in languages}
    return Account(slug, label, kind, None if thing.line else notes, tuple(found), told)


def known_fields(thing: Thing) -> list[str]:
    """Return the names of the fields a record or line may have."""
    return list(FIELDS["line" if thing.line else thing.kind.value])


def _asked(field: str | None, part: str, name: str) -> bool:
    if field is None:
        return True
    full = f"{part}/{name}" if part else name
    return field in {full, name} or full.startswith(f"{field}/") or name.startswith(f"{field}.")


def _order(kind: Kind, part: str, name: str) -> tuple[bool, str, int, str]:
    """Names first, then the fields as the registry lists them, then dates, statements and identifiers."""
    listed = ["name", "name.former", *FIELDS[owner_of(kind.value, part)], "exists"]
    return bool(part), part, listed.index(name) if name in listed else len(listed), name


def _plain(connection: Connection, thing: Thing) -> dict[tuple[str, str], Any]:
    """Return the concluded columns of a record and its parts, as (value, bounds, record id)."""
    found: dict[tuple[str, str], Any] = {}
    table = KIND_TABLES[thing.kind]
    row = connection.execute(select(table).where(table.c.id == thing.id)).mappings().one()
    _take(found, thing.kind.value, "", row)
    if thing.kind is Kind.TRANSFER:
        for owner, parts in (("line", transfer_line), ("participant", participant)):
            for part in connection.execute(select(parts).where(parts.c.transfer_id == thing.id)).mappings():
                _take(found, owner, f"{owner}s/{part['key']}", part)
    if thing.kind is Kind.ANIMAL:
        parents = connection.execute(
            select(descent).where(descent.c.child_id == thing.id).order_by(descent.c.parent_id)
        )
        for parent in parents:
            found.setdefault(("", parent.role), []).append(parent.parent_id)
    return found


def _take(found: dict[tuple[str, str], Any], owner: str, part: str, row: RowMapping) -> None:
    for name, field in FIELDS[owner].items():
        columns = columns_of(owner, field)
        values = [row[column] for column in columns]
        if field.name == "who":
            values = [next((value for value in values if value is not None), None)]
        if values and values[0] is not None and not (name == "term" and values[0] == "LIV"):
            found[part, name] = values


def _slugs(
    connection: Connection, thing: Thing, support: Support, plain: Mapping[tuple[str, str], Any]
) -> dict[int, str]:
    """Return the slugs of all records that are values here."""
    ids: set[int] = {
        row.value_record_id for rows in support.claims.values() for row in rows if row.value_record_id is not None
    }
    for (part, name), values in plain.items():
        field = field_named(owner_of(thing.kind.value, part), name)
        if field is not None and field.shape is Shape.RECORD:
            ids.update(value for value in values if value is not None)
    rows = connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(ids)))
    return {row.id: row.slug for row in rows}


def _field(
    thing: Thing,
    part: str,
    name: str,
    support: Support,
    columns: Mapping[tuple[str, str], Any],
    decided: Any,
    slugs: Mapping[int, str],
) -> FieldEvidence:
    plain, plain_count = columns.get((part, name)), columns.get(("", "count"))
    field = field_named(owner_of(thing.kind.value, part), name) or Field(name, Shape.TEXT)
    conclusion, claimed = support.concluded(thing.id, thing.kind.value, part, name)
    rows = support.claims.get((thing.id, part, name), [])
    if any(row.stance == Stance.SUPPORTS for row in rows):
        values = tuple(_claimed_values(rows, claimed, support, slugs))
        concluded = _text(field, [conclusion.value, conclusion.record], slugs)
        if field.many:
            concluded = ", ".join(slugs[one] for one in plain) if field.kinds and plain else None
    else:
        concluded = None
        if plain is not None:
            concluded = ", ".join(slugs[one] for one in plain) if field.many else _text(field, plain, slugs)
        reports = support.reports_of(thing.id, thing.kind.value, part, name)
        values = (_inherited(concluded, reports, support),) if concluded is not None else ()
        # Searched and not found, or denied: said of a value that stands by what is around it.
        values += tuple(_claimed_values(rows, claimed, support, slugs))
    full = f"{part}/{name}" if part else name
    choice = None
    if decided is not None:
        choice = Decided(_text(field, [decided.value, decided.value_record_id], slugs), decided.reason)
    one_animal = plain_count is None or plain_count[2] == 1
    rivals = not field.many or (name in {"dam", "sire"} and one_animal)
    verdict = verdict_of(name, claimed, conclusion).value if rivals else "agree"
    return FieldEvidence(full, concluded, verdict, choice, values)


def _text(field: Field, values: Any, slugs: Mapping[int, str]) -> str | None:
    """Return a value as the seed file would write it."""
    if field.shape is Shape.RECORD:
        record_id = next((value for value in values if isinstance(value, int)), None)
        return slugs.get(record_id) if record_id is not None else values[0] if isinstance(values[0], str) else None
    if field.shape is Shape.FLAG and isinstance(values[0], bool):
        return "yes" if values[0] else "no"
    return None if values[0] is None else str(values[0])


def _claimed_values(
    rows: Iterable[Any], claimed: Iterable[Any], support: Support, slugs: Mapping[int, str]
) -> Iterable[ClaimedValue]:
    """Group claims of the same value, in the order they were first said."""
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row, _ in zip(rows, claimed, strict=True):
        key = (row.value, row.value_record_id, row.language, row.during, row.stance == "silent")
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        first = group[0]
        live = [
            row for row in group if row.stance == "supports" and row.dismissed is None and row.source_id is not None
        ]
        yield ClaimedValue(
            slugs.get(first.value_record_id) if first.value_record_id is not None else first.value,
            first.language,
            when(first.during, first.during_earliest, first.during_latest),
            support.origins(Report(row.source_id, row.own) for row in live),
            next((row.dismissed for row in group if row.dismissed is not None), None),
            tuple(
                Said(
                    support.slugs.get(row.source_id),
                    row.stance,
                    row.locator,
                    row.quote,
                    row.certainty,
                    row.own,
                    row.note,
                    inherited=False,
                )
                for row in group
            ),
        )


def _inherited(value: str | None, reports: Iterable[Report], support: Support) -> ClaimedValue:
    """Return a plain value with the sources that vouch for what it stands in."""
    ordered = sorted(reports, key=lambda report: support.slugs[report.source_id])
    said = tuple(
        Said(support.slugs[report.source_id], "supports", "", None, None, report.own, None, inherited=True)
        for report in ordered
    )
    return ClaimedValue(value, "", None, support.origins(ordered), None, said)
