"""The rows of a data set: one statement for each table, in order of the records' slugs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    union,
)

from zoo_provenance.direct import Statement
from zoo_provenance.fields import FIELDS, Shape, columns_of
from zoo_provenance.tables import (
    KIND_TABLES,
    animal,
    claim,
    dataset,
    decision,
    descent,
    dismissal,
    line_animal,
    participant,
    record,
    source_basis,
    transfer_line,
    transfer_link,
    waiver,
)
from zoo_provenance.vocabulary import Kind, Stance

_AT_ONCE = 1000
_DATASET: BindParameter[int] = bindparam("dataset")
MINE = record.alias("mine")


class Run:
    """Rows in order of their record's slug, taken record by record as another run goes along."""

    def __init__(self, connection: Connection, statement: Statement, dataset_id: int) -> None:
        self._rows: Iterator[Any] = iter(
            connection.execute(statement, {"dataset": dataset_id}, execution_options={"yield_per": _AT_ONCE})
        )
        self._next = next(self._rows, None)

    def take(self, slug: str) -> list[Any]:
        """Return the rows of a record; what comes before it is nobody's any more."""
        taken = []
        while self._next is not None and self._next.slug <= slug:
            if self._next.slug == slug:
                taken.append(self._next)
            self._next = next(self._rows, None)
        return taken


@cache
def datasets() -> Statement:
    """Return the statement of the data sets, by name."""
    return select(dataset).order_by(dataset.c.name)


@cache
def records_of(kind: Kind) -> Statement:
    """Return the statement of the records of a kind that a data set defines, with the values of their columns."""
    table = KIND_TABLES[kind]
    source, values = _valued(kind.value, table, MINE.join(table, table.c.id == MINE.c.id))
    return (
        select(MINE.c.slug, MINE.c.label, MINE.c.notes, MINE.c.merged_into_id, *values)
        .select_from(source)
        .where(_defined(kind))
        .order_by(MINE.c.slug)
    )


@cache
def lines() -> Statement:
    """Return the statement of the lines of the transfers a data set defines."""
    return _parts("line", transfer_line, transfer_line.c.notes)


@cache
def participants() -> Statement:
    """Return the statement of the participants of the transfers a data set defines."""
    who = record.alias("who")
    named = func.coalesce(participant.c.person_id, participant.c.institution_id)
    statement = _parts("participant", participant, who.c.slug.label("who"))
    return statement.outerjoin(who, who.c.id == named)


def _parts(owner: str, table: Table, *others: ColumnElement[Any]) -> Statement:
    source, values = _valued(owner, table, MINE.join(table, table.c.transfer_id == MINE.c.id))
    return (
        select(MINE.c.slug, table.c.key, *others, *values)
        .select_from(source)
        .where(_defined(Kind.TRANSFER))
        .order_by(MINE.c.slug, table.c.key)
    )


def _defined(kind: Kind) -> ColumnElement[bool]:
    return and_(MINE.c.dataset_id == _DATASET, MINE.c.kind == kind.value)


def _valued(owner: str, table: Table, source: FromClause) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """Return the text of each field that has a column, a record's as its slug, and what has to be joined for it."""
    values: list[ColumnElement[Any]] = []
    for name, field in FIELDS[owner].items():
        if field.column is None or field.shape is Shape.FLAG:
            continue
        column = table.c[columns_of(owner, field)[0]]
        if field.shape is Shape.RECORD:
            named = record.alias(f"named_{name}")
            source = source.outerjoin(named, named.c.id == column)
            column = named.c.slug
        values.append(column.label(f"value_{name}"))
    return source, values


@cache
def line_animals() -> Statement:
    """Return the statement of the animals on lines; `plain`: of this taxon, uncounted, and nothing claimed of either."""
    named = record.alias("named")
    said = (
        select(claim.c.id)
        .where(claim.c.record_id == animal.c.id, claim.c.part == "", claim.c.field.in_(("taxon", "count")))
        .exists()
    )
    plain = and_(animal.c.taxon_id == transfer_line.c.taxon_id, animal.c.count.is_(None), ~said)
    return (
        select(MINE.c.slug, line_animal.c.line_key.label("key"), named.c.slug.label("animal"), plain.label("plain"))
        .join(line_animal, line_animal.c.transfer_id == MINE.c.id)
        .join(
            transfer_line,
            and_(
                transfer_line.c.transfer_id == line_animal.c.transfer_id, transfer_line.c.key == line_animal.c.line_key
            ),
        )
        .join(animal, animal.c.id == line_animal.c.animal_id)
        .join(named, named.c.id == animal.c.id)
        .where(MINE.c.dataset_id == _DATASET)
        .order_by(MINE.c.slug, line_animal.c.line_key, named.c.slug)
    )


@cache
def parents() -> Statement:
    """Return the statement of the parents of the animals a data set defines, with role and probability."""
    return _to_others(descent, "child_id", "parent_id", descent.c.role, descent.c.probability)


@cache
def bases() -> Statement:
    """Return the statement of what the sources a data set defines are based on."""
    return _to_others(source_basis, "source_id", "based_on_id")


@cache
def links() -> Statement:
    """Return the statement of the links of the transfers a data set defines."""
    return _to_others(transfer_link, "transfer_id", "to_id", transfer_link.c.kind.label("link"))


def _to_others(table: Table, owner: str, other: str, *more: ColumnElement[Any]) -> Statement:
    named = record.alias("named")
    return (
        select(MINE.c.slug, named.c.slug.label("other"), *more)
        .join(table, table.c[owner] == MINE.c.id)
        .join(named, named.c.id == table.c[other])
        .where(MINE.c.dataset_id == _DATASET)
        .order_by(MINE.c.slug, named.c.slug, *more[:1])
    )


def _claims(where: ColumnElement[bool], *, merged: bool = False) -> Statement:
    """Return the statement of claims in the words they were said in, whatever was merged since.

    `merged`: what was said of records merged since, which counts for their survivors by now.
    """
    named, by, now = record.alias("named"), record.alias("by"), record.alias("now")
    columns = ("part", "field", "language", "during", "stance", "own", "certainty", "locator", "quote", "note")
    of = claim.c.said_of_id if merged else claim.c.record_id
    ours = claim.c.dataset_id == _DATASET
    return (
        select(
            MINE.c.slug,
            *(claim.c[name] for name in columns),
            func.coalesce(claim.c.value, named.c.slug).label("said"),
            func.coalesce(claim.c.value, now.c.slug).label("now"),
            by.c.slug.label("source"),
            (ours if merged else and_(ours, claim.c.said_of_id.is_(None))).label("ours"),
            (claim.c.said_of_id.is_not(None) if not merged else false()).label("carried"),
            dismissal.c.reason.label("dismissed"),
        )
        .join(claim, of == MINE.c.id)
        .outerjoin(named, named.c.id == func.coalesce(claim.c.said_value_id, claim.c.value_record_id))
        .outerjoin(now, now.c.id == claim.c.value_record_id)
        .outerjoin(by, by.c.id == func.coalesce(claim.c.said_by_id, claim.c.source_id))
        # What was dismissed by command is nothing that the data set says.
        .outerjoin(dismissal, and_(dismissal.c.claim_id == claim.c.id, dismissal.c.dataset_id.is_not(None)))
        .where(where)
        .order_by(MINE.c.slug)
    )


@cache
def claims_of(kind: Kind, *, merged: bool = False) -> Statement:
    """Return the statement of what a data set says of the records of a kind it defines, and of what others support."""
    said = or_(claim.c.dataset_id == _DATASET, claim.c.stance == Stance.SUPPORTS)
    return _claims(and_(_defined(kind), said), merged=merged)


@cache
def claims_about(*, merged: bool = False) -> Statement:
    """Return the statement of what a data set says of the records that others define."""
    return _claims(and_(MINE.c.dataset_id != _DATASET, claim.c.dataset_id == _DATASET), merged=merged)


@cache
def decisions(kind: Kind | None) -> Statement:
    """Return the statement of the decisions a data set takes of the records of a kind it defines, or of others'."""
    named = record.alias("named")
    return (
        select(
            MINE.c.slug,
            decision.c.part,
            decision.c.field,
            decision.c.reason,
            # A record it names may have been merged: what the claims name is what they led to.
            func.coalesce(decision.c.value, named.c.slug).label("now"),
        )
        .join(decision, decision.c.record_id == MINE.c.id)
        .outerjoin(named, named.c.id == decision.c.value_record_id)
        .where(decision.c.dataset_id == _DATASET, _whose(kind))
        .order_by(MINE.c.slug)
    )


@cache
def waivers(kind: Kind | None) -> Statement:
    """Return the statement of the waivers a data set gives to the records of a kind it defines, or to others'."""
    return (
        select(MINE.c.slug, waiver.c.part, waiver.c.rule, waiver.c.reason)
        .join(waiver, waiver.c.record_id == MINE.c.id)
        .where(waiver.c.dataset_id == _DATASET, _whose(kind))
        .order_by(MINE.c.slug, waiver.c.rule)
    )


def _whose(kind: Kind | None) -> ColumnElement[bool]:
    return MINE.c.dataset_id != _DATASET if kind is None else _defined(kind)


@cache
def spoken_of() -> Statement:
    """Return the statement of the records of others that a data set says, decides or waives something of."""
    spoken = union(
        select(func.coalesce(claim.c.said_of_id, claim.c.record_id).label("record_id")).where(
            claim.c.dataset_id == _DATASET
        ),
        select(decision.c.record_id).where(decision.c.dataset_id == _DATASET),
        select(waiver.c.record_id).where(waiver.c.dataset_id == _DATASET),
    ).subquery()
    return (
        select(MINE.c.slug, MINE.c.kind)
        .join(spoken, spoken.c.record_id == MINE.c.id)
        .where(MINE.c.dataset_id != _DATASET)
        .order_by(MINE.c.slug)
    )


def rows(connection: Connection, statement: Statement, dataset_id: int | None = None) -> Iterator[Any]:
    """Yield the rows of a statement as they are fetched."""
    given = {} if dataset_id is None else {"dataset": dataset_id}
    yield from connection.execute(statement, given, execution_options={"yield_per": _AT_ONCE})


def value_of(row: Any, name: str) -> str | None:
    """Return the text of a field in a row of `records_of`, `lines` or `participants`."""
    text: str | None = getattr(row, f"value_{name}", None) if name != "who" else row.who
    return text
