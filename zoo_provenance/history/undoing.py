"""Taking a batch back: every row it made is removed, every row it changed or removed is as it was before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, ForeignKeyConstraint, and_, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from zoo_provenance.errors import CannotUndo
from zoo_provenance.history.effects import Effects, references
from zoo_provenance.history.restoring import leave_no_steps, restore
from zoo_provenance.history.tracked import BY_NAME, TRACKED, Tracked
from zoo_provenance.tables import batch, change, claim, decision, descent, dismissal, record, source_basis

_NAMED = 5
_SPEAKING = (claim.name, decision.name, descent.name, dismissal.name)


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
    found = _batch(connection, batch_id, opened)
    effects = Effects(connection, batch_id)
    undoing = _Undoing(connection, found, _leaning(connection, batch_id, opened), effects)
    undoing.refuse_changed_since()
    undoing.refuse_referred_to()
    undoing.refuse_referring_to_gone()
    beside = _said_beside(connection, batch_id, undoing.leaning)
    try:
        with connection.begin_nested():
            restore(effects)
    except IntegrityError as fault:
        later = ", ".join(str(number) for number in undoing.leaning) or "none"
        message = (
            f"Batch {batch_id} cannot be taken back: what was before it clashes with later rows (of batches {later})."
        )
        raise CannotUndo(message) from fault
    effects.close()
    leave_no_steps(connection, opened)
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
    """Return the records whose claims, decisions, dismissals or parents a batch entered or removed."""
    logged = select(change.c.record_id).where(
        change.c.batch_id == batch_id, change.c.table_name.in_(_SPEAKING), change.c.record_id.is_not(None)
    )
    span = change.alias("span")
    made = select(claim.c.record_id).join(span, claim.c.id.between(span.c.row_id, span.c.row_id_last))
    made = made.where(span.c.table_name == claim.name, span.c.batch_id == batch_id, span.c.row_id_last.is_not(None))
    return set(connection.execute(logged.union(made)).scalars())


def _batch(connection: Connection, batch_id: int, opened: int) -> Any:
    there = select(batch).where(batch.c.id == batch_id)
    # No number in the database is as large as one that may be typed.
    found = connection.execute(there).one_or_none() if batch_id < opened else None
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
    effects: Effects

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
            for made, span in self.effects.made.items()
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
        for tracked, key, target in references():
            if target.made not in self.effects.made and target.name not in self.effects.logged:
                continue
            rows, there = tracked.table, target.table.alias("there")
            query = select(rows).join(there, _joined(key, rows, there))
            query = query.where(self.effects.entered(target, there), ~self.effects.entered(tracked, rows))
            if tracked.name in self.effects.logged:
                mine = self.effects.restored[tracked.name]
                keys = [mine.c[one.name] == one for one in tracked.table.primary_key]
                query = query.where(~exists().where(*keys))
            found.extend(self._whose(tracked, row) for row in self.connection.execute(query.limit(_NAMED + 1)).all())
        self._refuse(found, "refers to what it made")

    def refuse_referring_to_gone(self) -> None:
        """Refuse where a row that would be brought back refers to one that a later batch removed."""
        found: list[tuple[int | None, str]] = []
        for tracked, key, target in references():
            if tracked.name not in self.effects.logged:
                continue
            back, there = self.effects.restored[tracked.name], target.table
            lost = ~exists().where(_joined(key, back, there))
            if target.name in self.effects.logged:
                also = self.effects.restored[target.name].alias("also")
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


def _joined(key: ForeignKeyConstraint, rows: Any, there: Any) -> ColumnElement[bool]:
    return and_(*(rows.c[one.parent.name] == there.c[one.column.name] for one in key.elements))
