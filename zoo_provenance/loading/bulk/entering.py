"""Records that are new, entered with all that is said of them: one joined statement for each table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from zoo_provenance.history.batches import last_given
from zoo_provenance.loading.bulk import staging
from zoo_provenance.loading.bulk.staging import Pouring
from zoo_provenance.loading.bulk.targets import (
    OF_CLAIMS,
    OF_KIND,
    PARTS,
    Joined,
    Spans,
    Target,
    is_of,
    targets,
    values_of,
)
from zoo_provenance.planner import count_what_grew
from zoo_provenance.tables import claim, record
from zoo_provenance.vocabulary import Kind


@dataclass
class Entering:
    """Enters what is new into the database; what falls short of what was poured is told by the checks."""

    pouring: Pouring
    dataset_id: int
    first_new: int = 0

    def __post_init__(self) -> None:
        self.connection: Connection = self.pouring.connection
        self.first_new = last_given(self.connection, record)
        self.created: dict[Kind, int] = {}

    def records(self) -> None:
        """Enter the spine of all records that are new; a row's number gives its id, so that no row looks for its own."""
        self._follow_former_slugs()
        columns = ["id", "kind", "slug", "label", "search_key", "notes", "dataset_id"]
        for kind, table in staging.KINDS.items():
            if self.pouring.counts[table]:
                poured = [table.c[name] for name in columns[2:-1]]
                fresh = select(self._id_of(table), literal(kind.value), *poured, literal(self.dataset_id))
                # The condition, which is none, tells the SELECT's end from the conflict's beginning.
                fresh = fresh.where(true())
                self.created[kind] = self._insert(record, columns, fresh)
        if self.connection.dialect.name == "postgresql":
            last = select(func.coalesce(func.max(record.c.id), 1)).scalar_subquery()
            self.connection.execute(
                select(func.setval(func.pg_get_serial_sequence("record", "id"), last).label("last"))
            )
        count_what_grew(self.connection)

    def _follow_former_slugs(self) -> None:
        """Let what names a record by a slug it had before name it by the one it has."""
        former = select(claim.c.value).where(claim.c.field == "formerly")
        if self.connection.execute(former.limit(1)).first() is None:
            return
        now = record.alias("now")
        for target in targets(self.pouring):
            owner = ["slug"] if target in PARTS else []
            for column in (target.poured.c[name] for name in (*owner, *(one.column for one in target.references))):
                found = select(func.min(now.c.slug)).join(claim, claim.c.record_id == now.c.id)
                slug = found.where(claim.c.field == "formerly", claim.c.value == column).scalar_subquery()
                lost = and_(column.in_(former), ~exists().where(record.c.slug == column))
                self.connection.execute(update(target.poured).where(lost).values({column.name: slug}))

    def merged(self) -> Iterator[tuple[str, str]]:
        """Yield the slugs that rows are of or name and that were merged, each with its survivor's."""
        old, survivor = record.alias("old"), record.alias("survivor")
        if self.connection.execute(select(old.c.id).where(old.c.merged_into_id.is_not(None)).limit(1)).first() is None:
            return
        led = select(old.c.slug, survivor.c.slug).join(survivor, survivor.c.id == old.c.merged_into_id)
        for target in targets(self.pouring):
            for column in ("slug", *(one.column for one in target.references)):
                named = led.join(target.poured, target.poured.c[column] == old.c.slug).distinct()
                yield from ((row[0], row[1]) for row in self.connection.execute(named))

    def _id_of(self, poured: Table) -> ColumnElement[int]:
        return poured.c.row + literal(self.first_new)

    def everything(self) -> bool:
        """Enter the kinds' own rows and their parts, of the records that are new; whether all could be entered.

        Ends with the first table that falls short: what comes after leans on what is missing.
        """
        kinds = ((OF_KIND[kind], number) for kind, number in self.created.items() if number)
        parts = ((part, self._expected(part)) for part in PARTS if self.pouring.counts[part.poured])
        entered = all(self._enter(target) >= expected for target, expected in chain(kinds, parts))
        count_what_grew(self.connection)
        return entered

    def _expected(self, part: Target) -> int:
        """Return how many of a part's rows are of records that are new; all, where nothing was there before."""
        poured = self.pouring.counts[part.poured]
        if all(map(self._is_new, self.created)):
            return poured
        rows = part.poured
        known = select(func.count()).select_from(rows.join(record, record.c.slug == rows.c.slug))
        return poured - self.connection.execute(known.where(record.c.id <= self.first_new)).scalar_one()

    def _enter(self, target: Target) -> int:
        """Enter the rows of new records that name what there is; return how many went in.

        Where rows name one another none goes in unless all can.
        """
        if target.to_its_kind and target in OF_KIND.values() and self._lost(target):
            return -1
        rows, is_kind = target.poured, target in OF_KIND.values()
        all_new = is_kind and self._is_new(target.kind)
        joined = Joined.of(target, rows, self._id_of(rows) if all_new else None, self._spans())
        values = values_of(target, joined)
        values[target.owner] = joined.own
        conditions = [] if all_new else [joined.own > self.first_new]
        if target is OF_CLAIMS:
            values["dataset_id"] = literal(self.dataset_id)
        elif not all_new:
            conditions.append(is_of(joined.mine, [target.kind], joined.spans))
        conditions += [~joined.unresolved(one.column) for one in target.references]
        conditions += [joined.id_of(one.column).is_distinct_from(joined.own) for one in target.to_its_kind]
        query = select(*values.values()).select_from(joined.source).where(true(), *conditions)
        if not is_kind:
            # Rows of one record lie together, and keys are written in their own order.
            query = query.order_by(joined.own, *(rows.c[name] for name in ("key", "line_key") if name in rows.c))
        return self._insert(target.table, list(values), query)

    def _spans(self) -> Spans:
        """Return where each kind's records lie, if the spine was empty and has all that was poured; else nothing."""
        return self.pouring.spans if not self.first_new and all(map(self._is_new, self.created)) else {}

    def _is_new(self, kind: Kind) -> bool:
        """Whether every row of a kind is a record that was entered just now."""
        return self.created[kind] == self.pouring.counts[staging.KINDS[kind]]

    def _lost(self, target: Target) -> bool:
        joined = Joined.of(target, target.poured)
        lost = [joined.unresolved(one.column) for one in target.references]
        lost += [joined.id_of(one.column) == joined.own for one in target.to_its_kind]
        return (
            self.connection.execute(select(literal(1)).select_from(joined.source).where(or_(*lost)).limit(1)).first()
            is not None
        )

    def _insert(self, table: Table, columns: list[str], query: Select[Any]) -> int:
        """Insert rows and return how many; those whose key is there already are left out."""
        counted = {"preserve_rowcount": True}
        if self.connection.dialect.name == "sqlite":
            statement = sqlite.insert(table).from_select(columns, query).on_conflict_do_nothing()
            return self.connection.execute(statement, execution_options=counted).rowcount
        plain = postgresql.insert(table).from_select(columns, query)
        if not self.first_new:
            # Into nothing rows seldom go twice, and looking for each one's like first costs an eighth of a load.
            with suppress(IntegrityError), self.connection.begin_nested():
                return self.connection.execute(plain, execution_options=counted).rowcount
        return self.connection.execute(plain.on_conflict_do_nothing(), execution_options=counted).rowcount
