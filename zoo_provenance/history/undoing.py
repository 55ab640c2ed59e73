"""Taking a batch back: every row it made is removed, every row it changed or removed is as it was before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Select,
    Table,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from zoo_provenance.errors import CannotUndo
from zoo_provenance.history.tracked import BY_NAME, TRACKED, Tracked, first_of
from zoo_provenance.tables import batch, change, claim, dataset, descent, record, source_basis

_NAMED = 5
_OF_CLAIMS = ("claim", "decision", "dismissal")


def undone_by(connection: Connection) -> dict[int, int]:
    """Return the batches that are taken back, each with the batch that did it, unless that was taken back itself."""
    taken: dict[int, int] = {}
    query = select(batch.c.id, batch.c.undoes_id).where(batch.c.undoes_id.is_not(None)).order_by(batch.c.id.desc())
    for number, undoes in connection.execute(query):
        if number not in taken:
            taken[undoes] = number
    return taken


def take_back(connection: Connection, batch_id: int) -> dict[int, int]:
    """Bring every row that a batch made, changed or removed to what it was before, in the batch that is open.

    Returns the records that later batches, which still count, said or decided something about beside this one, each with
    the newest of these. Raises CannotUndo, naming the batches and the rows, where later work leans on what it did.
    """
    opened = connection.execute(select(func.max(batch.c.id))).scalar_one()
    undoing = _Undoing(connection, _batch(connection, batch_id, opened), _leaning(connection, batch_id, opened))
    undoing.refuse_changed_since()
    undoing.refuse_referred_to()
    undoing.refuse_referring_to_gone()
    beside = _said_beside(connection, batch_id, undoing.leaning)
    try:
        with connection.begin_nested():
            undoing.apply()
    except IntegrityError as fault:
        later = ", ".join(str(number) for number in undoing.leaning) or "none"
        message = (
            f"Batch {batch_id} cannot be taken back: what was before it clashes with later rows (of batches {later})."
        )
        raise CannotUndo(message) from fault
    undoing.close()
    connection.execute(update(batch).where(batch.c.id == opened).values(undoes_id=batch_id))
    return beside


def _said_beside(connection: Connection, batch_id: int, leaning: list[int]) -> dict[int, int]:
    mine = _spoken_of(connection, batch_id) if leaning else set()
    found: dict[int, int] = {}
    for later in leaning if mine else ():
        found |= dict.fromkeys(mine & _spoken_of(connection, later), later)
    return found


def links_come_back(connection: Connection, batch_id: int) -> bool:
    """Whether links of descent or derivation come back that later batches, that still count, knew nothing of."""
    opened = connection.execute(select(func.max(batch.c.id))).scalar_one()
    links = select(change.c.id).where(
        change.c.batch_id == batch_id,
        change.c.table_name.in_([descent.name, source_basis.name]),
        change.c.before.is_not(None),
    )
    return bool(_leaning(connection, batch_id, opened)) and connection.execute(links.limit(1)).first() is not None


def _spoken_of(connection: Connection, batch_id: int) -> set[int]:
    """Return the records whose claims, decisions or dismissals a batch entered or removed."""
    logged = select(change.c.record_id).where(
        change.c.batch_id == batch_id, change.c.table_name.in_(_OF_CLAIMS), change.c.record_id.is_not(None)
    )
    span = change.alias("span")
    made = select(claim.c.record_id).join(span, claim.c.id.between(span.c.row_id, span.c.row_id_last))
    made = made.where(span.c.table_name == claim.name, span.c.batch_id == batch_id, span.c.row_id_last.is_not(None))
    return set(connection.execute(logged.union(made)).scalars())


def _batch(connection: Connection, batch_id: int, opened: int) -> Any:
    found = connection.execute(select(batch).where(batch.c.id == batch_id, batch.c.id < opened)).one_or_none()
    if found is None:
        raise CannotUndo(f"There is no batch {batch_id}; see: zoo-provenance history")
    if found.first_record is None:
        raise CannotUndo(f"Batch {batch_id} was written before changes were logged; it cannot be taken back.")
    taken = undone_by(connection).get(batch_id)
    if taken is not None:
        raise CannotUndo(f"Batch {batch_id} is taken back already, by batch {taken}; to have it again, undo {taken}.")
    return found


def _leaning(connection: Connection, batch_id: int, opened: int) -> list[int]:
    """Return the batches after one that still count: not taken back, nor taking back one of these."""
    taken = undone_by(connection)
    query = select(batch.c.id, batch.c.undoes_id).where(batch.c.id > batch_id, batch.c.id < opened).order_by(batch.c.id)
    return [
        number
        for number, undoes in connection.execute(query)
        if number not in taken and not (undoes is not None and undoes > batch_id)
    ]


@dataclass
class _Undoing:
    """One batch, and the later ones that still count."""

    connection: Connection
    batch: Any
    leaning: list[int]

    @cached_property
    def made(self) -> dict[str, tuple[int, int]]:
        """The first and last numbers the batch gave to records and to claims."""
        query = select(change).where(change.c.batch_id == self.batch.id, change.c.row_id_last.is_not(None))
        return {row.table_name: (row.row_id, row.row_id_last) for row in self.connection.execute(query)}

    @cached_property
    def logged(self) -> set[str]:
        """The tables of rows that the batch changed, row by row."""
        query = select(change.c.table_name).where(change.c.batch_id == self.batch.id, change.c.row_id_last.is_(None))
        return set(self.connection.execute(query.distinct()).scalars())

    def _first(self, tracked: Tracked) -> Select[int]:
        return first_of(and_(change.c.batch_id == self.batch.id, change.c.table_name == tracked.name))

    def _removed(self, tracked: Tracked, rows: Any) -> ColumnElement[bool]:
        """Return whether a row would be removed: the batch made it."""
        found: list[ColumnElement[bool]] = []
        if tracked.made in self.made:
            found.append(rows.c[tracked.number].between(*self.made[tracked.made or ""]))
        if tracked.name in self.logged:
            logged = change.alias()
            entered = select(logged.c.id).where(logged.c.id.in_(self._first(tracked)), logged.c.before.is_(None))
            found.append(entered.where(tracked.is_row(rows, logged)).exists())
        return or_(false(), *found)

    @cached_property
    def restored(self) -> dict[str, Table]:
        """The rows as they were before, of those that the batch changed or removed: temporary tables, by table."""
        found = {}
        for tracked in TRACKED:
            if tracked.name in self.logged:
                back = Table(f"back_{tracked.name}", MetaData(), *_plain(tracked.table), prefixes=["TEMPORARY"])
                back.create(self.connection)
                image = tracked.from_image(change.c.before, self.connection.dialect.name)
                before = select(*image).where(change.c.id.in_(self._first(tracked)), change.c.before.is_not(None))
                self.connection.execute(insert(back).from_select(list(tracked.columns), before))
                Index(f"{back.name}_key", *(back.c[one.name] for one in tracked.table.primary_key)).create(
                    self.connection
                )
                found[tracked.name] = back
        return found

    def close(self) -> None:
        """Drop the temporary tables."""
        for back in self.restored.values():
            back.drop(self.connection)

    # -- what stands against it ------------------------------------------------------------------------

    def _refuse(self, rows: list[tuple[int | None, str]], why: str) -> None:
        if not rows:
            return
        batches = sorted({number for number, _ in rows if number is not None})
        named = list(dict.fromkeys(name for _, name in rows))
        more = ", …" if len(named) > _NAMED else ""
        by = f"batch {batches[0]}" if len(batches) == 1 else f"batches {', '.join(map(str, batches))}"
        raise CannotUndo(
            f"Batch {self.batch.id} cannot be taken back: {by} {why}: {', '.join(named[:_NAMED])}{more}."
            f" Take {by} back first."
        )

    def refuse_changed_since(self) -> None:
        """Refuse where a later batch changed, or added to, what this one made or changed."""
        later = change.alias("later")
        touched = [
            select(later).where(
                later.c.table_name.in_([one.name for one in TRACKED if one.made == made]),
                later.c.row_id.between(*span),
            )
            for made, span in self.made.items()
        ]
        mine = change.alias("mine")
        same = and_(
            mine.c.batch_id == self.batch.id,
            mine.c.row_id_last.is_(None),
            mine.c.table_name == later.c.table_name,
            mine.c.row_id == later.c.row_id,
            mine.c.row_key.is_not_distinct_from(later.c.row_key),
        )
        touched.append(select(later).where(select(mine.c.id).where(same).exists()))
        found: list[tuple[int | None, str]] = []
        for query in touched if self.leaning else ():
            counted = query.where(later.c.batch_id.in_(self.leaning), later.c.row_id_last.is_(None))
            rows = self.connection.execute(counted.order_by(later.c.id).limit(_NAMED + 1)).all()
            found.extend((row.batch_id, self._called(row.table_name, row.record_id, row.row_key)) for row in rows)
        self._refuse(found, "changed what it left")

    def refuse_referred_to(self) -> None:
        """Refuse where a row that stays refers to one that this batch made."""
        found: list[tuple[int | None, str]] = []
        for tracked, key, target in _references():
            if target.made not in self.made and target.name not in self.logged:
                continue
            rows, there = tracked.table, target.table.alias("there")
            query = select(rows).join(there, _joined(key, rows, there))
            query = query.where(self._removed(target, there), ~self._removed(tracked, rows))
            if tracked.name in self.logged:
                logged = change.alias()
                mine = select(logged.c.id).where(logged.c.id.in_(self._first(tracked)), logged.c.before.is_not(None))
                query = query.where(~mine.where(tracked.is_row(rows, logged)).exists())
            found.extend(self._whose(tracked, row) for row in self.connection.execute(query.limit(_NAMED + 1)).all())
        self._refuse(found, "refers to what it made")

    def refuse_referring_to_gone(self) -> None:
        """Refuse where a row that would be brought back refers to one that a later batch removed."""
        found: list[tuple[int | None, str]] = []
        for tracked, key, target in _references():
            if tracked.name not in self.logged:
                continue
            back, there = self.restored[tracked.name], target.table
            lost = ~exists().where(_joined(key, back, there))
            if target.name in self.logged:
                also = self.restored[target.name].alias("also")
                lost = and_(lost, ~exists().where(_joined(key, back, also)))
            given = [back.c[column.name].is_not(None) for column in key.columns]
            for row in self.connection.execute(select(back).where(*given, lost).limit(_NAMED + 1)).all():
                removed = select(func.max(change.c.batch_id)).where(
                    change.c.table_name == target.name,
                    change.c.row_id == getattr(row, key.elements[0].parent.name),
                    change.c.after.is_(None),
                    change.c.row_id_last.is_(None),
                )
                by = self.connection.execute(removed).scalar()
                found.append((by, self._whose(tracked, row)[1]))
        self._refuse(found, "removed what these refer to")

    def _whose(self, tracked: Tracked, row: Any) -> tuple[int | None, str]:
        """Return the batch that last wrote a row, and how the row is called."""
        number = getattr(row, tracked.number)
        span = and_(
            change.c.row_id_last.is_not(None),
            change.c.table_name == tracked.made,
            change.c.row_id <= number,
            change.c.row_id_last >= number,
        )
        wrote = or_(span, and_(change.c.table_name == tracked.name, change.c.row_id == number))
        by = self.connection.execute(select(func.max(change.c.batch_id)).where(wrote)).scalar()
        owner = getattr(row, "record_id", None) if tracked.table is not record else number
        owner = number if owner is None and tracked.made == "record" else owner
        key = " ".join(str(getattr(row, name)) for name in tracked.keys)
        return by, self._called(tracked.name, owner, key)

    def _called(self, table: str, record_id: int | None, key: str | None) -> str:
        slug = self._slug(record_id)
        if slug is None:
            return table.replace("_", " ")
        if table == "transfer_line":
            return f"{slug}/{key}"
        is_own = table == "record" or (table in BY_NAME and BY_NAME[table].number == "id" and table != "claim")
        return slug if is_own else f"{slug} ({table.replace('_', ' ')})"

    def _slug(self, record_id: int | None) -> str | None:
        """Return a record's slug; of one that is gone, the one it had."""
        slug = self.connection.execute(select(record.c.slug).where(record.c.id == record_id)).scalar()
        if slug is None and record_id is not None:
            gone = select(change.c.before).where(
                change.c.table_name == record.name, change.c.row_id == record_id, change.c.after.is_(None)
            )
            image = self.connection.execute(gone.order_by(change.c.id.desc()).limit(1)).scalar()
            slug = json.loads(image)["slug"] if image else None
        return slug

    # -- doing it --------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Remove, bring back and change back, in an order in which nothing refers to what is not there."""
        self._let_go()
        for tracked in reversed(TRACKED):
            if tracked.table is not dataset:
                self._remove(tracked)
        for tracked in TRACKED:
            if tracked.name in self.logged:
                self._restore(tracked)
        self._remove(BY_NAME[dataset.name])

    def _let_go(self) -> None:
        """Empty the references to rows that go, of rows that stay and are changed back."""
        for tracked, key, target in _references():
            if tracked.name not in self.logged or target.table is dataset:
                continue
            if tracked.table is claim and len(key.elements) > 1:
                self._let_go_of_part(key, target)
            if len(key.elements) > 1:
                continue
            (column,) = key.columns
            if not column.nullable:
                continue
            there = target.table.alias("there")
            goes = select(there.c.id).where(there.c.id == column, self._removed(target, there)).exists()
            self.connection.execute(
                update(tracked.table).where(goes, ~self._removed(tracked, tracked.table)).values({column.name: None})
            )

    def _let_go_of_part(self, key: ForeignKeyConstraint, target: Tracked) -> None:
        """Take claims that are changed back off the line or participant that goes; told apart by their numbers."""
        there = target.table.alias("there")
        goes = select(there.c.key).where(_joined(key, claim, there), self._removed(target, there)).exists()
        apart = {
            "line_key": None,
            "participant_key": None,
            "part": "",
            "locator": cast(claim.c.id, claim.c.locator.type),
        }
        stays = ~self._removed(BY_NAME[claim.name], claim)
        self.connection.execute(update(claim).where(goes, stays).values(apart))

    def _remove(self, tracked: Tracked) -> None:
        if tracked.made in self.made or tracked.name in self.logged:
            self.connection.execute(delete(tracked.table).where(self._removed(tracked, tracked.table)))

    def _restore(self, tracked: Tracked) -> None:
        """Enter rows as they were, over those that are there."""
        if self.connection.dialect.name == "sqlite":
            from sqlalchemy.dialects.sqlite import insert as upsert
        else:
            from sqlalchemy.dialects.postgresql import insert as upsert  # type: ignore[assignment]
        restored = self.restored[tracked.name]
        keys = [column.name for column in tracked.table.primary_key]
        # The condition, which is none, tells the SELECT's end from the conflict's beginning.
        statement = upsert(tracked.table).from_select(list(tracked.columns), select(restored).where(true()))
        rest = {name: statement.excluded[name] for name in tracked.columns if name not in keys}
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=keys, set_=rest)
            if rest
            else statement.on_conflict_do_nothing(index_elements=keys)
        )


def _references() -> Iterator[tuple[Tracked, ForeignKeyConstraint, Tracked]]:
    """Yield every foreign key between tracked tables."""
    for tracked in TRACKED:
        for key in tracked.table.foreign_key_constraints:
            if key.referred_table.name in BY_NAME:
                yield tracked, key, BY_NAME[key.referred_table.name]


def _plain(table: Table) -> list[Column[Any]]:
    return [Column(one.name, one.type) for one in table.c]


def _joined(key: ForeignKeyConstraint, rows: Any, there: Any) -> ColumnElement[bool]:
    return and_(*(rows.c[one.parent.name] == there.c[one.column.name] for one in key.elements))
