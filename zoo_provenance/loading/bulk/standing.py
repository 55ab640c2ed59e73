"""Records that stand in the database as files have them: known by their cells, before anything is made of these."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from zoo_provenance.fields import Shape
from zoo_provenance.loading.bulk.columns import TABLES, fields_of
from zoo_provenance.loading.bulk.reading import CHUNK, Chunk
from zoo_provenance.loading.bulk.staging import Pouring
from zoo_provenance.tables import (
    KIND_TABLES,
    claim,
    descent,
    line_animal,
    participant,
    record,
    source_basis,
    transfer_line,
    transfer_link,
)
from zoo_provenance.vocabulary import SLUG, Kind

_metadata = MetaData()
_Words = String().with_variant(String(collation="C"), "postgresql")
_OWNER = {"lines": "transfer", "participants": "transfer", "descent": "child", "names": "record"}
_KEYS = {"lines": "key", "participants": "key", "descent": "parent"}
_KINDS = {name: Kind(shape.owner) for name, shape in TABLES.items() if name not in _OWNER}
_PARTS: Mapping[str, tuple[str, Table]] = {
    # What each is part of, and where its rows are stored.
    "lines": ("transfers", transfer_line),
    "participants": ("transfers", participant),
    "descent": ("animals", descent),
}
_DEFAULTS = {("transfers", "status"): "completed", ("lines", "term"): "LIV"}


def _raw(name: str) -> Table:
    """Return the table that the cells of a kind of file wait in, as they are; `more` are those of other columns."""
    headers = dict.fromkeys(column for column in TABLES[name].columns if not column.endswith("."))
    cells = [Column(column, _Words) for column in headers]
    places = [Column("file", Integer), Column("row_line", Integer)]
    return Table(f"raw_{name}", _metadata, *places, *cells, Column("more", _Words), prefixes=["TEMPORARY"])


RAW: Mapping[str, Table] = {name: _raw(name) for name in TABLES}
DIFFERS = Table("raw_differs", _metadata, Column("slug", _Words, primary_key=True), prefixes=["TEMPORARY"])


class Standing:
    """Holds the cells of files until it is known of which records they say something new.

    A record stands where every row of it, in every file, says what is stored, and nothing more is stored that the
    files speak of. What is beyond comparing cells (words in another spelling, identifiers, links, participants, names)
    makes a record one that does not: its rows are read as any others are, at more cost and to the same end.
    """

    def __init__(
        self, pouring: Pouring, tables: Iterable[str], dataset_id: int, sources: Sequence[str], *, unsourced: bool
    ) -> None:
        """Take which tables there are, the data set, and what it says of rows that name nobody who vouches for them."""
        self.pouring = pouring
        self.connection = pouring.connection
        self.dataset_id = dataset_id
        self.sources = " ".join(sorted(set(sources)))
        self.unsourced = unsourced
        self.seen: dict[str, set[str]] = {name: set() for name in tables}
        _metadata.create_all(self.connection, checkfirst=False)

    def close(self) -> None:
        """Drop the temporary tables."""
        for table in RAW.values():
            del self.pouring.counts[table]
        _metadata.drop_all(self.connection, checkfirst=False)

    # -- what waits ------------------------------------------------------------------------------------

    def add(self, name: str, number: int, chunk: Chunk) -> bool:
        """Let the rows of a file of tables wait; whether they can: text that no database takes cannot."""
        table = RAW[name]
        if not _is_text(chunk.rows):
            return False
        self.seen[name].update(chunk.names)
        places = zip(repeat(number), chunk.lines, strict=False)
        known = [at for at, column in enumerate(chunk.names) if column in table.c]
        if len(known) == len(chunk.names):
            columns = ["file", "row_line", *chunk.names]
            self.pouring.pour(table, columns, [(*place, *row) for place, row in zip(places, chunk.rows, strict=False)])
        else:
            columns = ["file", "row_line", "more", *(chunk.names[at] for at in known)]
            others = [(at, column) for at, column in enumerate(chunk.names) if column not in table.c]
            more = ({column: row[at] for at, column in others if row[at]} for row in chunk.rows)
            written = (json.dumps(one) if one else None for one in more)
            cells = ([row[at] for at in known] for row in chunk.rows)
            rows = [(*place, one, *some) for place, one, some in zip(places, written, cells, strict=False)]
            self.pouring.pour(table, columns, rows)
        keys = [column for column in (_OWNER.get(name, "slug"), _KEYS.get(name)) if column]
        self._respell(*([row[at] for row in chunk.rows] for at in map(chunk.names.index, keys)))
        return True

    def _respell(self, owners: Sequence[str], *keys: Sequence[str]) -> None:
        """Note records whose slug, or the key of a part of them, is not written as it is stored."""
        odd: set[str] = set()
        for cells in (owners, *keys):
            if not all(map(SLUG.fullmatch, cells)):
                odd.update(owner for owner, cell in zip(owners, cells, strict=True) if not SLUG.fullmatch(cell))
        if odd:
            both = odd | {slug.strip().lower() for slug in odd}
            self.connection.execute(self._insert(), [{"slug": slug} for slug in sorted(both)])

    # -- what differs ----------------------------------------------------------------------------------

    def compare(self) -> None:
        """Find the records that do not stand."""
        for name in self.seen:
            self._index(name)
        self.pouring.ready()
        for name in self.seen:
            if name in _KINDS:
                slug = RAW[name].c.slug
                self._differ(self._unlike(name, _KINDS[name]))
                self._differ(select(slug).group_by(slug).having(func.count() > 1))
            elif name in {"lines", "descent"}:
                self._differ(self._unlike_parts(name))
                self._differ_in_number(name)
            else:
                self._differ(select(RAW[name].c[_OWNER[name]]))
                if name == "participants":
                    self._differ_in_number(name)
        now = select(record.c.slug).join(claim, claim.c.record_id == record.c.id)
        self._differ(now.where(claim.c.field == "formerly", claim.c.value.in_(select(DIFFERS.c.slug))))

    def _index(self, name: str) -> None:
        """Bring the rows of one record together: with all that they say, so that only the index need be read.

        PostgreSQL reads them as they lie.
        """
        if self.connection.dialect.name != "sqlite":
            return
        columns = [_OWNER.get(name, "slug"), *([_KEYS[name]] if name in _KEYS else ())]
        if name in _PARTS:
            columns += [column.name for column in RAW[name].c if column.name in self.seen[name] - set(columns)]
        listed = ", ".join(f'"{column}"' for column in columns)
        self.connection.exec_driver_sql(f"CREATE INDEX ix_raw_{name} ON raw_{name} ({listed})")

    def _differ(self, slugs: Select[Any]) -> None:
        # Not distinct: rows would be looked up in the order of their slugs, and not as they lie.
        found = slugs.subquery().c[0]
        self.connection.execute(self._insert().from_select(["slug"], select(found).where(found.is_not(None))))

    def _insert(self) -> Any:
        make = sqlite.insert if self.connection.dialect.name == "sqlite" else postgresql.insert
        return make(DIFFERS).on_conflict_do_nothing()

    def _said(self, name: str, column: str) -> ColumnElement[str]:
        """Return what the cells of a column say, with what an empty one stands for."""
        default = _DEFAULTS.get((name, column), "")
        if column not in self.seen[name]:
            return literal(default)
        said = RAW[name].c[column]
        return func.coalesce(func.nullif(said, "") if default else said, default)

    def _unlike(self, name: str, kind: Kind) -> Select[Any]:
        """Return the slugs of rows of records that are not stored so."""
        raw, stored, mine = RAW[name], KIND_TABLES[kind], record.alias("mine")
        own = and_(mine.c.slug == raw.c.slug, mine.c.kind == kind.value, mine.c.dataset_id == self.dataset_id)
        source: FromClause = raw.outerjoin(mine, own).outerjoin(stored, stored.c.id == mine.c.id)
        source, unlike = self._fields(name, source, stored)
        said = self._said(name, "name")
        if kind is Kind.TAXON:
            said = func.coalesce(func.nullif(said, ""), self._said(name, "scientific_name"))
        unlike += [
            mine.c.id.is_(None),
            mine.c.label != func.coalesce(func.nullif(said, ""), raw.c.slug),
            _text(mine.c.notes) != self._said(name, "notes"),
            self._vouched(name, mine.c.id, literal("")),
            exists().where(claim.c.record_id == mine.c.id, claim.c.dataset_id == self.dataset_id, claim.c.field != ""),
        ]
        if kind is Kind.TRANSFER:
            unlike.append(exists().where(transfer_link.c.transfer_id == mine.c.id))
        if kind is Kind.SOURCE:
            unlike.append(exists().where(source_basis.c.source_id == mine.c.id))
        elif not (self.unsourced or self.sources):
            free = self._said(name, "unsourced") == "yes"
            unlike.append(and_(~free, self._said(name, "sources") + self._said(name, "source") == ""))
        if self.seen[name] & {"dam", "sire"}:
            unlike += self._parents(name, mine.c.id)
        return select(raw.c.slug).select_from(source).where(or_(*unlike, *self._beyond(name)))

    def _unlike_parts(self, name: str) -> Select[Any]:
        """Return the slugs of the records of rows of parts that are not stored so."""
        raw, mine = RAW[name], record.alias("mine")
        owner = raw.c[_OWNER[name]]
        source: FromClause = raw.outerjoin(mine, mine.c.slug == owner)
        if name == "descent":
            parent = record.alias("parent")
            source = source.outerjoin(parent, parent.c.slug == raw.c.parent)
            key = and_(
                descent.c.child_id == mine.c.id, descent.c.parent_id == parent.c.id, descent.c.role == raw.c.role
            )
            unlike = [descent.c.child_id.is_(None), descent.c.probability != 1]
            source = source.outerjoin(descent, key)
        else:
            key = and_(transfer_line.c.transfer_id == mine.c.id, transfer_line.c.key == raw.c.key)
            source, unlike = self._fields(name, source.outerjoin(transfer_line, key), transfer_line)
            line = (line_animal.c.transfer_id == mine.c.id, line_animal.c.line_key == raw.c.key)
            unlike += [
                transfer_line.c.key.is_(None),
                _text(transfer_line.c.notes) != self._said(name, "notes"),
                self._only(line_animal.c.animal_id, *line) != self._said(name, "animals"),
                self._vouched(name, mine.c.id, literal("lines/") + raw.c.key),
            ]
        return select(owner).select_from(source).where(or_(*unlike, *self._beyond(name)))

    def _differ_in_number(self, name: str) -> None:
        """Note the records that have other parts than the files give them, as far as numbers tell, or one part twice."""
        (whole, stored), raw = _PARTS[name], RAW[name]
        of, owner = RAW[whole], raw.c[_OWNER[name]]
        self._differ(select(owner).distinct().where(~exists().where(of.c.slug == owner)))
        if whole not in self.seen:
            return
        mine = record.alias("mine")
        is_mine = and_(mine.c.slug == of.c.slug, mine.c.kind == _KINDS[whole].value)
        first = next(iter(stored.primary_key.columns))
        had = select(func.count()).select_from(stored).where(first == mine.c.id).scalar_subquery()
        number, different = func.count().label("number"), func.count(raw.c[_KEYS[name]].distinct()).label("different")
        has = select(owner.label("slug"), number, different).group_by(owner).subquery("has")
        both = of.join(mine, is_mine).outerjoin(has, has.c.slug == of.c.slug)
        others = or_(func.coalesce(has.c.number, 0) != had, has.c.different < has.c.number)
        self._differ(select(of.c.slug).select_from(both).where(others))

    def _fields(self, name: str, source: FromClause, stored: Table) -> tuple[FromClause, list[ColumnElement[bool]]]:
        """Return the rows joined to what their stored fields name, and how the fields may differ."""
        unlike: list[ColumnElement[bool]] = []
        for header, column in fields_of(TABLES[name].owner).items():
            if column.field.shape is Shape.RECORD:
                other = record.alias(f"stored_{column.staged[0]}")
                source = source.outerjoin(other, other.c.id == stored.c[f"{column.staged[0]}_id"])
                kept = other.c.slug
            else:
                kept = stored.c[column.staged[0]]
            unlike.append(_text(kept) != self._said(name, header))
        return source, unlike

    def _vouched(self, name: str, record_id: ColumnElement[int], part: ColumnElement[str]) -> ColumnElement[bool]:
        """Return whether others vouch for a whole row than it names."""
        whole = (claim.c.record_id == record_id, claim.c.part == part, claim.c.field == "")
        named = func.nullif(self._said(name, "sources"), "")
        named = func.coalesce(named, func.nullif(self._said(name, "source"), ""))
        default = "" if name in _PARTS else self.sources
        said = case(
            (self._said(name, "unsourced") == "yes", func.coalesce(named, "")), else_=func.coalesce(named, default)
        )
        return self._only(claim.c.source_id, *whole, claim.c.dataset_id == self.dataset_id) != said

    def _parents(self, name: str, child_id: ColumnElement[int]) -> Iterator[ColumnElement[bool]]:
        """Yield how the parents that animals' own rows name may differ from what is stored."""
        stored = select(func.count()).select_from(descent).where(descent.c.child_id == child_id)
        named = [case((self._said(name, role) != "", 1), else_=0) for role in ("dam", "sire")]
        yield stored.scalar_subquery() != named[0] + named[1]
        for role in ("dam", "sire"):
            of = (descent.c.child_id == child_id, descent.c.role == role, descent.c.probability == 1)
            yield self._only(descent.c.parent_id, *of) != self._said(name, role)

    def _only(self, named: ColumnElement[Any], *where: ColumnElement[bool]) -> ColumnElement[str]:
        """Return the slug that is named, nothing where none is, and what no cell says where several are."""
        if self.connection.execute(select(named).where(named.is_not(None)).limit(1)).first() is None:
            return literal("")
        found = case((func.count() > 1, " "), else_=func.coalesce(func.min(record.c.slug), ""))
        return select(found).join_from(record, named.table, named == record.c.id).where(*where).scalar_subquery()

    def _beyond(self, name: str) -> Iterator[ColumnElement[bool]]:
        """Yield what of a row is not compared cell by cell: where it says any of that, it differs."""
        compared = {*fields_of(TABLES[name].owner)} if name != "descent" else {"role"}
        compared |= {"name", "notes", "sources", "source", "animals", "dam", "sire", *_KEYS.values(), *_OWNER.values()}
        raw = RAW[name]
        for column in TABLES[name].columns:
            if column in self.seen[name] - compared - {"slug", "unsourced"}:
                yield self._said(name, column) != ""
        yield self._said(name, "unsourced").not_in(["", "yes", "no"])
        if {"source", "sources"} <= self.seen[name]:
            yield self._said(name, "source") != ""
        if not self.seen[name].issubset(raw.c.keys()):
            yield raw.c.more.is_not(None)

    def numbers(self) -> Counter[str]:
        """Return how many records of each kind stand."""
        found: Counter[str] = Counter()
        for name in self.seen.keys() & _KINDS.keys():
            slug = RAW[name].c.slug
            stands = select(func.count()).select_from(RAW[name]).where(slug.not_in(select(DIFFERS.c.slug)))
            found[_KINDS[name].value] += self.connection.execute(stands).scalar_one()
        return found

    # -- what goes on ----------------------------------------------------------------------------------

    def chunks(self, name: str, number: int) -> Iterator[Chunk]:
        """Yield the rows of a file that are of records which do not stand."""
        raw = RAW[name]
        columns = [column for column in raw.c if column.name in self.seen[name]]
        if not columns:
            return
        here = raw.c[_OWNER.get(name, "slug")].in_(select(DIFFERS.c.slug))
        kept = select(raw.c.row_line, raw.c.more, *columns).where(raw.c.file == number, here).order_by(raw.c.row_line)
        found = self.connection.execute(kept, execution_options={"yield_per": CHUNK})
        for some in found.partitions():
            more = [json.loads(row.more) if row.more else {} for row in some]
            headers = list(dict.fromkeys(header for one in more for header in one))
            rows = [
                [cell or "" for cell in (*row[2:], *(one.get(header) for header in headers))]
                for row, one in zip(some, more, strict=True)
            ]
            yield Chunk([*(column.name for column in columns), *headers], [row.row_line for row in some], rows)


def _text(column: ColumnElement[Any]) -> ColumnElement[str]:
    return func.coalesce(column, "")


def _is_text(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a database takes cells as they are: no stray bytes, no NULs."""
    try:
        return b"\0" not in "".join(chain.from_iterable(rows)).encode()
    except UnicodeEncodeError:
        return False
