"""The database as of a batch: tables that shadow the real ones, so that every question is asked unchanged."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    Select,
    Table,
    UniqueConstraint,
    and_,
    exists,
    func,
    insert,
    select,
    text,
    true,
)

from zoo_provenance.dates import parse_date
from zoo_provenance.errors import NotThen, Unreadable
from zoo_provenance.history.tracked import TRACKED, Tracked, first_of
from zoo_provenance.search_index import LOOKING_BACK
from zoo_provenance.tables import batch, change

# What is written of a moment sorts before this mark: 2024-11-20T14:30:05 before 2024-11-20T14:30~.
_END = "~"
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d:\d\d)?", re.ASCII)


class Moment(NamedTuple):
    """A batch, and when it was written (ISO, UTC)."""

    id: int
    at: str
    command: str


def moment_of(connection: Connection, said: str) -> Moment:
    """Return the batch that a number or a date names: of a date, the last one written by its end (UTC).

    A text of digits alone is a batch's number; a moment, such as 2024-11-20T14:30, ends with that minute. Raises NotThen
    where there is no such batch, or none by then.
    """
    query = select(batch.c.id, batch.c.at, batch.c.command)
    if re.fullmatch(r"[0-9]{1,9}", said):
        found = connection.execute(query.where(batch.c.id == int(said))).one_or_none()
        if found is None:
            newest = connection.execute(select(func.max(batch.c.id))).scalar()
            hint = f"the newest is {newest}" if newest else "there is none yet"
            raise NotThen(f"There is no batch {said}; {hint}. A day is written as 2024-11-20.")
        return Moment(*found)
    if re.match(r"[0-9-]+T", said):
        until = f"{_instant(said)}{_END}"
    else:
        try:
            latest = parse_date(said).latest
        except Unreadable as fault:
            raise NotThen(f"{said!r} is neither a batch nor a date: {fault}") from fault
        if latest is None:
            raise NotThen(f"{said!r} has no last day; write one, as 2024-11-20.")
        until = f"{latest}T{_END}"
    found = connection.execute(query.where(batch.c.at <= until).order_by(batch.c.id.desc()).limit(1)).one_or_none()
    if found is None:
        first = connection.execute(select(func.min(batch.c.at))).scalar()
        since = f"its first batch is of {first[:10]}" if first else "nothing was ever written to it"
        raise NotThen(f"This database held nothing by {said}: {since}.")
    return Moment(*found)


def _instant(said: str) -> str:
    """Return a day and time in UTC, as exactly as it was written: to the minute, the second or a part of it."""
    written = _INSTANT.fullmatch(said)
    try:
        at = datetime.fromisoformat(said) if written else None
        at = at.astimezone(UTC) if at and at.tzinfo else at
    except (ValueError, OverflowError):
        at = None
    if written is None or at is None:
        raise NotThen(f"{said!r} is no moment; write one as 2024-11-20T14:30 (UTC) or 2024-11-20T14:30+09:00.")
    return at.replace(tzinfo=None).isoformat(timespec="microseconds")[: len(written[1])]


def look_back(connection: Connection, said: str) -> Moment:
    """Let the connection see the tracked tables as they were right after a batch; return which.

    A table that nothing was done to since is read as it is; one that only grew is seen through a view; one that was
    changed is copied, with its indexes, into a temporary table. The connection must not write. Raises NotThen.
    """
    moment = moment_of(connection, said)
    later = batch.c.id > moment.id
    if connection.execute(select(batch.c.id).where(later, batch.c.first_record.is_(None)).limit(1)).first():
        raise NotThen(
            f"Changes are logged only from later batches on; what was there at batch {moment.id} is not known."
        )
    following = connection.execute(
        select(batch.c.first_record, batch.c.first_claim).where(later).order_by(batch.c.id).limit(1)
    ).one_or_none()
    if following is None:
        return moment
    changed = set(
        connection.execute(
            select(change.c.table_name).where(change.c.batch_id > moment.id, change.c.row_id_last.is_(None)).distinct()
        ).scalars()
    )
    home = (
        "main" if connection.dialect.name == "sqlite" else connection.execute(text("SELECT current_schema()")).scalar()
    )
    for tracked in TRACKED:
        then = _Then(tracked, str(home), moment.id, following.first_record, following.first_claim)
        if tracked.name in changed:
            then.copy(connection)
        elif tracked.made:
            then.view(connection)
    connection.info[LOOKING_BACK] = True
    return moment


class _Then:
    """A table as it was right after a batch."""

    def __init__(self, tracked: Tracked, home: str, batch_id: int, first_record: int, first_claim: int) -> None:
        self.tracked = tracked
        self.real = Table(tracked.name, MetaData(), *_columns(tracked), schema=home)
        self.later = and_(change.c.batch_id > batch_id, change.c.table_name == tracked.name)
        self.numbers = (first_record, first_claim)

    def _before(self, rows: Any) -> ColumnElement[bool]:
        made = self.tracked.made_before(rows, *self.numbers)
        return true() if made is None else made

    def view(self, connection: Connection) -> None:
        query = select(self.real).where(self._before(self.real))
        compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql(f"CREATE TEMPORARY VIEW {self.tracked.name} AS {compiled}")

    def copy(self, connection: Connection) -> None:
        shadow = Table(self.tracked.name, MetaData(), *_columns(self.tracked), prefixes=["TEMPORARY"])
        shadow.create(connection)
        for query in (self._kept(), self._logged(connection.dialect.name)):
            connection.execute(insert(shadow).from_select(list(self.tracked.columns), query))
        for index in _indexes(self.tracked, shadow, connection.dialect.name):
            index.create(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ANALYZE {self.tracked.name}")

    def _kept(self) -> Select[Any]:
        touched = exists().where(self.later, change.c.row_id_last.is_(None), self.tracked.is_row(self.real, change))
        return select(self.real).where(self._before(self.real), ~touched)

    def _logged(self, dialect: str) -> Select[Any]:
        rows = (
            select(*self.tracked.from_image(change.c.before, dialect))
            .where(change.c.id.in_(first_of(self.later)), change.c.before.is_not(None))
            .subquery()
        )
        return select(rows).where(self._before(rows))


def _columns(tracked: Tracked) -> list[Column[Any]]:
    return [Column(one.name, one.type) for one in tracked.table.c]


def _indexes(tracked: Tracked, shadow: Table, dialect: str) -> list[Index]:
    """Return indexes like the real table's, its keys among them; of one on expressions, its plain columns."""
    keys: dict[tuple[str, ...], Any] = {tuple(one.name for one in tracked.table.primary_key): None}
    for index in tracked.table.indexes:
        names = tuple(one.name for one in index.expressions if isinstance(one, Column))
        keys[names] = index.info.get("where")
    for constraint in tracked.table.constraints:
        if isinstance(constraint, UniqueConstraint):
            keys[tuple(one.name for one in constraint.columns)] = None
    return [
        Index(
            f"then_{tracked.name}_{number}",
            *(shadow.c[name] for name in names),
            **_only(dialect, where),
        )
        for number, (names, where) in enumerate((names, where) for names, where in keys.items() if names)
    ]


def _only(dialect: str, where: str | None) -> dict[str, Any]:
    return {f"{dialect}_where": text(where)} if where else {}
