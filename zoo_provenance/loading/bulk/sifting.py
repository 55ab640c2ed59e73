"""Records that are there already: those whose rows say something else go on to be compared one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from zoo_provenance.fields import owner_of
from zoo_provenance.loading import staging as stage_tables
from zoo_provenance.loading.bulk import staging
from zoo_provenance.loading.bulk.entering import Entering
from zoo_provenance.loading.bulk.staging import CHANGED, Pouring
from zoo_provenance.loading.bulk.targets import OF_CLAIMS, OF_KIND, PARTS, Joined, Target, values_of
from zoo_provenance.loading.plain_values import part_of
from zoo_provenance.loading.values import UNKNOWN
from zoo_provenance.tables import claim, record
from zoo_provenance.vocabulary import Kind

STAGED: dict[Table, Table] = {
    **{staging.KINDS[kind]: stage_tables.KINDS[kind] for kind in Kind},
    staging.LINE: stage_tables.LINE,
    staging.PARTICIPANT: stage_tables.PARTICIPANT,
    staging.LINE_ANIMAL: stage_tables.LINE_ANIMAL,
    staging.BASIS: stage_tables.BASIS,
    staging.DESCENT: stage_tables.DESCENT,
    staging.LINK: stage_tables.LINK,
    staging.CLAIM: stage_tables.CLAIM,
}


class Sifting:
    """Finds the records of this load that were there before and now differ, or that another data set defines."""

    def __init__(self, entering: Entering) -> None:
        self.entering = entering
        self.pouring: Pouring = entering.pouring
        self.connection: Connection = entering.connection
        self.known = {
            kind: self.pouring.counts[table] - entering.created.get(kind, 0)
            for kind, table in staging.KINDS.items()
            if self.pouring.counts[table] > entering.created.get(kind, 0)
        }
        merged = select(record.c.id).where(record.c.merged_into_id.is_not(None)).limit(1)
        self.merged = self.connection.execute(merged).first() is not None

    def changed(self) -> dict[Kind, int]:
        """Mark the records that differ; return how many of each kind do."""
        for kind in self.known:
            self._mark(self._differing(OF_KIND[kind]))
        for part in PARTS if self.known else ():
            if self.pouring.counts[part.poured]:
                self._mark(self._differing(part))
            if part.poured in self.pouring.spoken:
                for kind in self.known if part is OF_CLAIMS else [part.kind]:
                    self._gone(part, kind)
        counted = select(record.c.kind, func.count()).join(CHANGED, CHANGED.c.record_id == record.c.id)
        return {Kind(kind): number for kind, number in self.connection.execute(counted.group_by(record.c.kind))}

    def _mark(self, ids: Select[Any]) -> None:
        found = ids.distinct().subquery()
        there = exists().where(CHANGED.c.record_id == found.c[0])
        self.connection.execute(insert(CHANGED).from_select(["record_id"], select(found.c[0]).where(~there)))

    def _differing(self, target: Target) -> Select[Any]:
        """Return the records some poured row of which is not stored as it is."""
        rows, table = target.poured, target.table
        joined = Joined.of(target, rows)
        mine = joined.mine
        values = values_of(target, joined)
        before = mine.c.id <= self.entering.first_new
        if target is OF_CLAIMS:
            same = [table.c[name].is_not_distinct_from(value) for name, value in values.items()]
            stored = exists().where(
                table.c.record_id == mine.c.id, table.c.dataset_id == self.entering.dataset_id, *same
            )
            return select(mine.c.id).select_from(joined.source).where(before, ~stored)
        keys = [name for name in target.keys if name in values]
        match = and_(table.c[target.owner] == mine.c.id, *(table.c[name] == values[name] for name in keys))
        differs = [table.c[name].is_distinct_from(value) for name, value in values.items() if name not in keys]
        differs.append(table.c[target.owner].is_(None))
        if target in OF_KIND.values():
            differs += [mine.c[name].is_distinct_from(rows.c[name]) for name in ("label", "notes")]
            differs.append(mine.c.dataset_id != self.entering.dataset_id)
        # What leads nowhere is told of where a record differs.
        differs += [joined.unresolved(one.column) for one in target.references]
        source = joined.source.outerjoin(table, match)
        return select(mine.c.id).select_from(source).where(before, or_(*differs))

    def _gone(self, part: Target, kind: Kind) -> None:
        """Mark the records of a kind that have more rows of a part stored than poured."""
        rows, owner = part.poured, part.table.c[part.owner]
        spoken = self._spoken(kind)
        mine: list[ColumnElement[bool]] = [owner.in_(spoken)]
        if part is OF_CLAIMS:
            mine += [claim.c.dataset_id == self.entering.dataset_id, self.pouring.claims_spoken()]
        stored = select(owner.label("id"), func.count().label("number")).where(*mine).group_by(owner)
        poured = (
            select(record.c.id, func.count().label("number"))
            .join(rows, rows.c.slug == record.c.slug)
            .where(record.c.kind == kind.value, record.c.id <= self.entering.first_new)
            .group_by(record.c.id)
        )
        if self.merged:
            # Two slugs may lead to one record, and two rows then say one thing.
            joined = Joined.of(part, rows)
            values = values_of(part, joined)
            told_apart = values.values() if part is OF_CLAIMS else (values[name] for name in part.keys)
            known = (joined.mine.c.kind == kind.value, joined.mine.c.id <= self.entering.first_new)
            each = select(joined.mine.c.id, *told_apart).select_from(joined.source).where(*known).distinct().subquery()
            number = func.count().label("number")
            poured = select(each.c[0].label("id"), number).group_by(each.c[0])
        had, has = stored.subquery("had"), poured.subquery("has")
        fewer = had.c.number != func.coalesce(has.c.number, 0)
        self._mark(select(had.c.id).outerjoin(has, has.c.id == had.c.id).where(fewer))

    def _spoken(self, kind: Kind) -> Select[Any]:
        """Return the records of a kind that this load defines and that were there before."""
        poured = staging.KINDS[kind]
        known = record.c.id <= self.entering.first_new
        return select(record.c.id).join(poured, poured.c.slug == record.c.slug).where(known)

    # -- on to the staging tables ----------------------------------------------------------------------

    def stage(self, stage: stage_tables.Staging) -> None:
        """Stage all that this load says of the changed records, as a reader of seeds would have."""
        for kind in self.known:
            self._say_name(kind)
        for kind in self.known:
            poured = staging.KINDS[kind]
            self._copy(
                stage, poured, stage_tables.RECORD, {"kind": literal(kind.value), "defines": true(), "creates": false()}
            )
            self._copy(stage, poured, STAGED[poured], {"claimed": literal(",")})
        for part in PARTS:
            if self.pouring.counts[part.poured]:
                self._copy(stage, part.poured, STAGED[part.poured], dict(self._extra(part)))
        self._leave_unknown()

    def _say_name(self, kind: Kind) -> None:
        """Pour the names that rows give to other data sets' records as claims: what these are called is theirs to say."""
        rows, whole, other = staging.KINDS[kind], staging.CLAIM.alias("whole"), staging.CLAIM.alias("other")
        of_row = [whole.c[name] == rows.c[name] for name in ("file", "line", "slug")]
        called = [rows.c.slug, record.c.label, *([rows.c.scientific_name] if kind is Kind.TAXON else [])]
        told = exists().where(
            other.c.slug == rows.c.slug,
            other.c.field == "name",
            other.c.value == rows.c.label,
            other.c.source.is_not_distinct_from(whole.c.source),
        )
        values: dict[str, ColumnElement[Any]] = {
            **{name: rows.c[name] for name in ("file", "line", "slug", "search_key")},
            "part": literal(""),
            "field": literal("name"),
            "language": literal(""),
            "value": rows.c.label,
            "source": whole.c.source,
        }
        named = (
            select(*values.values())
            .join_from(rows, record, record.c.slug == rows.c.slug)
            .outerjoin(whole, and_(*of_row, whole.c.part == "", whole.c.field == ""))
            .where(record.c.dataset_id != self.entering.dataset_id, ~told)
            .where(*(rows.c.label.is_distinct_from(name) for name in called))
        )
        poured = insert(staging.CLAIM).from_select(list(values), named)
        counted = self.connection.execute(poured, execution_options={"preserve_rowcount": True})
        self.pouring.counts[staging.CLAIM] += counted.rowcount

    def _leave_unknown(self) -> None:
        """Note of which fields the rows say that they are unknown: what stands in the column is nobody's word."""
        unknown = stage_tables.CLAIM
        of = record.alias("of")
        said = select(of.c.kind, unknown.c.part, unknown.c.field).join(of, of.c.slug == unknown.c.slug)
        rows = self.connection.execute(said.where(unknown.c.value == UNKNOWN)).all()
        for owner, field in sorted({(owner_of(kind, part), field) for kind, part, field in rows}):
            table = stage_tables.owner_table(owner)
            is_unknown = exists().where(
                unknown.c.slug == table.c.slug,
                unknown.c.part == part_of(owner, table),
                unknown.c.field == field,
                unknown.c.value == UNKNOWN,
            )
            self.connection.execute(update(table).where(is_unknown).values(claimed=table.c.claimed + f"{field},"))

    def _extra(self, part: Target) -> Iterator[tuple[str, ColumnElement[Any]]]:
        if part.poured in {staging.LINE, staging.PARTICIPANT}:
            yield "claimed", literal(",")
        if part is OF_CLAIMS:
            of = part.poured.c.part
            yield "line_key", case((of.startswith("lines/"), func.substr(of, len("lines/") + 1)))
            yield "participant_key", case((of.startswith("participants/"), func.substr(of, len("participants/") + 1)))
            yield "stance", literal("supports")
            yield "locator", literal("")
            yield "own", false()

    def _copy(
        self, stage: stage_tables.Staging, poured: Table, staged: Table, extra: dict[str, ColumnElement[Any]]
    ) -> None:
        stage.filled.add(staged)
        number = func.row_number().over(order_by=(poured.c.file, poured.c.line))
        values: dict[str, Any] = {
            "row": cast(number, Integer) + literal(stage.reserve(self.pouring.counts[poured])),
            "dataset_id": literal(self.entering.dataset_id),
        }
        for column in staged.c:
            if column.name in extra:
                values[column.name] = extra[column.name]
            elif column.name in poured.c and column.name not in values:
                values[column.name] = poured.c[column.name]
        changed = select(record.c.slug).join(CHANGED, CHANGED.c.record_id == record.c.id)
        query = select(*values.values()).where(poured.c.slug.in_(changed))
        self.connection.execute(insert(staged).from_select(list(values), query))
