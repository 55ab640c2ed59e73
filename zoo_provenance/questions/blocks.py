"""Blocks: what records of a kind share, so that only those that share something are compared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, and_, func, select, union

from zoo_provenance.direct import Statement
from zoo_provenance.tables import KIND_TABLES, animal, claim, institution, record, source, taxon, transfer
from zoo_provenance.vocabulary import Kind

LARGEST = 20
"""The most records a block may have: what more share tells none of them apart."""
_NAMED = ("name", "name.former")


def pairs_of(connection: Connection, kind: Kind) -> set[tuple[int, int]]:
    """Return the pairs of a kind's records that share a block, the lower id first: a statement for each block."""
    found: set[tuple[int, int]] = set()
    for keys in _blocks(kind):
        group: list[int] = []
        before: Any = None
        for record_id, *key in connection.execute(_shared(keys)):
            if key != before:
                found.update(combinations(group, 2))
                group, before = [], key
            group.append(record_id)
        found.update(combinations(group, 2))
    return found


def names_of(kind: Kind) -> Any:
    """Return the table (id, name, key) of all names of a kind's records: labels, and names claimed in any script."""
    labels = select(record.c.id, record.c.label.label("name"), record.c.search_key.label("key"))
    labels = labels.where(record.c.kind == kind.value, record.c.merged_into_id.is_(None))
    merged = record.alias("merged")
    former = select(record.c.id, merged.c.label, merged.c.search_key)
    former = former.join(merged, merged.c.merged_into_id == record.c.id).where(record.c.kind == kind.value)
    claimed = select(record.c.id, claim.c.value, claim.c.search_key).join(claim, claim.c.record_id == record.c.id)
    claimed = claimed.where(record.c.kind == kind.value, record.c.merged_into_id.is_(None))
    claimed = claimed.where(claim.c.field.in_(_NAMED), claim.c.stance == "supports", claim.c.search_key.is_not(None))
    return union(labels, former, claimed).subquery("names")


def _shared(keys: Statement) -> Statement:
    """Return the rows of a block's statement, by key, that some others share, but not too many."""
    rows = keys.distinct().subquery("keys")
    named = list(rows.c)[1:]
    counted = select(rows, func.count().over(partition_by=named).label("number")).subquery("counted")
    shared = [counted.c[column.name] for column in named]
    few = and_(counted.c.number > 1, counted.c.number <= LARGEST)
    return select(counted.c.id, *shared).where(few).order_by(*shared, counted.c.id)


def _blocks(kind: Kind) -> Iterator[Statement]:
    names = names_of(kind)
    table = KIND_TABLES[kind]
    with_names = select(table.c.id).join(names, names.c.id == table.c.id)
    own = select(table.c.id).join(record, record.c.id == table.c.id).where(record.c.merged_into_id.is_(None))

    def beginning(text: Any, length: int) -> Any:
        return func.substr(text, 1, length).label("beginning")

    def known(query: Statement, *columns: Any) -> Statement:
        return query.add_columns(*columns).where(*(column.is_not(None) for column in columns))

    if kind is not Kind.TRANSFER:
        yield known(with_names, names.c.key)
    if kind is Kind.INSTITUTION:
        yield known(own, institution.c.country, institution.c.city)
        yield known(with_names, institution.c.country).add_columns(beginning(names.c.key, 4))
        yield with_names.add_columns(beginning(names.c.key, 8))
    elif kind is Kind.PERSON:
        yield with_names.add_columns(beginning(names.c.key, 5))
        yield with_names.add_columns(beginning(names.c.key, 4), func.length(names.c.key).label("length"))
    elif kind is Kind.TAXON:
        yield known(own, func.lower(taxon.c.scientific_name).label("scientific"))
        yield with_names.add_columns(beginning(names.c.key, 8))
    elif kind is Kind.SOURCE:
        yield known(own, source.c.url)
        yield known(own, source.c.publisher, source.c.published)
        yield known(own, source.c.published_earliest).add_columns(beginning(func.lower(source.c.title), 8))
    elif kind is Kind.ANIMAL:
        yield known(with_names, animal.c.taxon_id, names.c.key)
        yield known(with_names, animal.c.taxon_id).add_columns(beginning(names.c.key, 4))
        yield known(own, animal.c.taxon_id, animal.c.born_earliest)
        yield known(
            own, animal.c.taxon_id, animal.c.born_at_id, func.substr(animal.c.born_earliest, 1, 4).label("year")
        )
    elif kind is Kind.TRANSFER:
        year = func.substr(func.coalesce(transfer.c.date_earliest, transfer.c.date_latest), 1, 4).label("year")
        until = func.substr(func.coalesce(transfer.c.date_latest, transfer.c.date_earliest), 1, 4).label("until")
        sent = (transfer.c.origin_id, transfer.c.destination_id)
        yield known(own, *sent)
        yield known(own, *sent, year)
        yield known(own, *sent, until)
        yield known(own, *sent, func.substr(transfer.c.date_earliest, 1, 7).label("month"))
        yield known(own, transfer.c.destination_id, transfer.c.date_earliest)
        yield known(own, transfer.c.origin_id, transfer.c.date_earliest)
