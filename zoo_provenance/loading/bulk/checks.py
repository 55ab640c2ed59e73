"""What is wrong with poured rows: told row by row, once something fell short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, false, func, literal, or_, select, union_all

from zoo_provenance.errors import quoted
from zoo_provenance.loading.bulk import staging
from zoo_provenance.loading.bulk.entering import Entering
from zoo_provenance.loading.bulk.targets import (
    OF_BASIS,
    OF_CLAIMS,
    OF_DESCENT,
    OF_KIND,
    OF_LINE_ANIMALS,
    OF_LINES,
    OF_LINKS,
    OF_PARTICIPANTS,
    PARTS,
    Joined,
    Target,
    targets,
)
from zoo_provenance.loading.problems import ENOUGH, File, Mark, Problem, nearest
from zoo_provenance.loading.resolving import slugs_of
from zoo_provenance.tables import claim, record
from zoo_provenance.vocabulary import Kind

_SUGGESTED = 20


class Checks:
    """Tells of poured rows that cannot be entered."""

    def __init__(
        self,
        entering: Entering,
        files: Sequence[File],
        problems: Any,
        unreadable: frozenset[Kind],
        later: Mapping[str, str],
    ) -> None:
        """Take what is entered, and the slugs that seeds of this load define, each with its folder."""
        self.entering = entering
        self.pouring = entering.pouring
        self.connection = entering.connection
        self.files = files
        self.problems = problems
        self.unreadable = unreadable
        self.later = later
        self.choices: dict[tuple[Kind, ...], list[str]] = {}
        self.suggested = 0
        self.doubled: set[tuple[int, int]] = set()
        self.nobody: set[str] = set()

    def tell_doubled(self) -> None:
        """Tell of slugs that stand twice, or that belong to a record of another kind."""
        for kind, table in staging.KINDS.items():
            if self.pouring.counts[table] == self.entering.created.get(kind, 0):
                continue
            for row in self._again(table, ["slug"]):
                self.doubled.add((row.file, row.line))
                place = f"{self.files[row.first_file].path}:{row.first_line}"
                self._tell(row, "slug", "duplicate", f"{row.slug!r} is defined already, at {place}")
            other = select(table.c.file, table.c.line, table.c.slug, record.c.kind, record.c.id)
            other = other.join(record, record.c.slug == table.c.slug).where(record.c.kind != kind.value)
            for row in self.connection.execute(other.order_by(table.c.file, table.c.line).limit(ENOUGH)):
                where = "in the database" if row.id <= self.entering.first_new else "in this load"
                message = f"{row.slug!r} is a record of kind {row.kind} {where}; all kinds share one space of slugs"
                self._tell(row, "slug", "duplicate", message)

    def tell_nobody(self, said_at: Mapping[str, tuple[File, Mark]]) -> None:
        """Tell of sources that a data set names for all its rows and that are none: once, not for each row."""
        if not said_at or Kind.SOURCE in self.unreadable:
            return
        there = select(record.c.slug, record.c.kind).where(record.c.slug.in_(said_at))
        former = select(claim.c.value, literal(Kind.SOURCE.value)).where(claim.c.value.in_(said_at))
        kinds: dict[str, str] = dict(self.connection.execute(former.where(claim.c.field == "formerly")).all())
        kinds.update(self.connection.execute(there).all())
        for slug, (file, mark) in said_at.items():
            if kinds.get(slug) != Kind.SOURCE:
                self.nobody.add(slug)
                self.problems.append(
                    Problem(file, mark, "sources", *self._unknown(slug, kinds.get(slug), (Kind.SOURCE,)))
                )

    def _again(self, table: Table, keys: Sequence[str]) -> Any:
        """Return the rows whose key stood before, with the place where it stood first."""
        columns = [table.c[name] for name in keys]
        order = (table.c.file, table.c.line)
        ranked = select(
            *columns,
            *order,
            func.row_number().over(partition_by=columns, order_by=order).label("place"),
            func.first_value(table.c.file).over(partition_by=columns, order_by=order).label("first_file"),
            func.first_value(table.c.line).over(partition_by=columns, order_by=order).label("first_line"),
        ).subquery()
        return self.connection.execute(
            select(ranked).where(ranked.c.place > 1).order_by(ranked.c.file, ranked.c.line).limit(ENOUGH)
        )

    def tell_all(self) -> None:
        """Tell of everything that is wrong between rows: what they name, what they are part of, what stands twice."""
        self.tell_lost()
        self._tell_all_doubled_parts()
        self.tell_animals_twice()

    def tell_lost(self) -> None:
        """Tell of what rows name and is not there, or is the record itself."""
        for target in targets(self.pouring):
            self._tell_lost(target)

    def tell_untold(self) -> None:
        """Tell that rows could not be entered where nothing else says why: none may be left out in silence."""
        if not self.problems:
            self.tell_absent()
        if not self.problems:
            message = "not all rows can be entered: some say the same of one record that goes by two slugs"
            self.problems.append(Problem(self.files[-1], Mark(0, 0), "", "duplicate", message, "use one slug for it"))

    def _tell_lost(self, target: Target) -> None:
        """Tell of references that lead nowhere, or to the record itself, and of parts of no record."""
        if target in PARTS and target.kind not in self.unreadable and not (target is OF_CLAIMS and self.unreadable):
            self._tell_strays(target)
        for reference in target.references:
            if not self.unreadable.intersection(reference.kinds):
                self._tell_reference(target, reference.column, reference.header, reference.kinds)
        for reference in target.to_its_kind:
            self._tell_itself(target, reference.column, reference.header)

    def _tell_strays(self, target: Target) -> None:
        """Tell of parts of records that are not in this load."""
        rows = target.poured
        mine = record.alias("mine")
        stray = select(rows.c.file, rows.c.line, rows.c.slug, mine.c.kind, mine.c.id)
        stray = stray.select_from(rows.outerjoin(mine, mine.c.slug == rows.c.slug))
        wrong = (
            mine.c.id.is_(None) if target is OF_CLAIMS else or_(mine.c.id.is_(None), mine.c.kind != target.kind.value)
        )
        stray = stray.where(wrong, self._of_its_table(target))
        for row in self.connection.execute(stray.order_by(rows.c.file, rows.c.line).limit(ENOUGH)):
            kinds = tuple(Kind) if target is OF_CLAIMS else (target.kind,)
            self._tell_unknown(row, target.row_header, row.slug, row.kind, kinds)

    def _of_its_table(self, target: Target) -> ColumnElement[bool]:
        """Return whether a row is of the table that holds such parts: what stands beside a record's own row is no stray."""
        key = "child" if target is OF_DESCENT else "record" if target is OF_CLAIMS else "key"
        if target in (OF_BASIS, OF_LINKS, OF_LINE_ANIMALS):
            return false()
        return target.poured.c.file.in_([number for number, file in enumerate(self.files) if key in file.columns])

    def _tell_reference(self, target: Target, column: str, header: str, kinds: tuple[Kind, ...]) -> None:
        rows = target.poured
        joined = Joined.of(target, rows)
        there = record.alias("there")
        source = joined.source.outerjoin(there, there.c.slug == rows.c[column])
        beside = _beside(target, header)
        lost = select(rows.c.file, rows.c.line, rows.c[column].label("named"), there.c.kind, beside)
        lost = lost.select_from(source)
        lost = lost.where(joined.unresolved(column)).order_by(rows.c.file, rows.c.line).limit(ENOUGH)
        for row in self.connection.execute(lost):
            if target is OF_CLAIMS and row.named in self.nobody:
                continue
            self._tell_unknown(row, self.files[row.file].column_of(header, row.header), row.named, row.kind, kinds)

    def _tell_unknown(self, row: Any, header: str, named: str, other: str | None, kinds: tuple[Kind, ...]) -> None:
        self._tell(row, header, *self._unknown(named, other, kinds))

    def _unknown(self, named: str, other: str | None, kinds: tuple[Kind, ...]) -> tuple[str, str, str]:
        """Return code, message and suggestion of what names nothing, or a record of another kind."""
        called = " or ".join(kind.value for kind in kinds) if len(kinds) < len(Kind) else "record"
        if other is not None:
            article = "an" if other[0] in "ai" else "a"
            message = f"{named!r} is {article} {other}, not {'an' if called[0] in 'ai' else 'a'} {called}"
            return "wrong-kind", message, ""
        if named in self.later:
            hint = f"seeds in {self.later[named]} define it; load them first, by themselves: tables go in before seeds"
            return "unknown-slug", f"no {called} {quoted(named)} yet", hint
        suggestion = ""
        self.suggested += 1
        if self.suggested <= _SUGGESTED:
            if kinds not in self.choices:
                self.choices[kinds] = slugs_of(self.connection, kinds)
            suggestion = nearest(named, self.choices[kinds])
        return "unknown-slug", f"no {called} {quoted(named)}", suggestion

    def _tell_itself(self, target: Target, column: str, header: str) -> None:
        rows = target.poured
        joined = Joined.of(target, rows)
        itself = select(rows.c.file, rows.c.line, rows.c.slug, _beside(target, header)).select_from(joined.source)
        itself = itself.where(joined.id_of(column) == joined.mine.c.id).order_by(rows.c.file, rows.c.line).limit(ENOUGH)
        says = {"parent": "descend from itself", "based_on": "be based on itself", "to": "be linked to itself"}
        if target in OF_KIND.values():
            says = {column: f"come round to itself through {header!r}"}
        for row in self.connection.execute(itself):
            self._tell(
                row,
                self.files[row.file].column_of(header, row.header),
                "circle",
                f"{row.slug!r} would {says[column]}",
            )

    def tell_of_known(self) -> None:
        """Tell of parts of records that are stored: those that stand twice, and those whose record is not in this load."""
        if self.entering.first_new:
            self._tell_all_doubled_parts()
            self.tell_absent()

    def _tell_all_doubled_parts(self) -> None:
        for target in targets(self.pouring):
            if target in PARTS and not self.unreadable:
                self._tell_doubled_parts(target)

    def _tell_doubled_parts(self, target: Target) -> None:
        """Tell of rows whose key stands twice."""
        rows = target.poured
        keys = [
            "slug",
            *(
                name
                for name in ("key", "line_key", "animal", "based_on", "parent", "role", "to", "kind")
                if name in rows.c
            ),
        ]
        if target is OF_CLAIMS:
            keys = ["slug", "part", "field", "value", "source", "language"]
        for row in self._again(rows, keys):
            # A row that is told of says nothing else twice.
            if (row.file, row.line) in self.doubled:
                continue
            if target in (OF_LINES, OF_PARTICIPANTS):
                self.doubled.add((row.file, row.line))
            place = f"{self.files[row.first_file].path}:{row.first_line}"
            said = f"{row.slug}/{row.key}" if "key" in rows.c else row.slug
            self._tell(
                row,
                "key" if "key" in rows.c else self.files[row.file].column_of(target.row_header),
                "duplicate",
                f"{said!r}: the same stands already at {place}",
            )

    def tell_animals_twice(self) -> None:
        """Tell of animals that are on two lines of one transfer."""
        rows = staging.LINE_ANIMAL
        if not self.pouring.counts[rows]:
            return
        for row in self._again(rows, ["slug", "animal"]):
            if (row.file, row.line) in self.doubled:
                continue
            message = f"{row.animal!r} is listed twice in this transfer; an animal travels on one line"
            self._tell(row, "animals", "duplicate", message)

    def tell_unsourced_parts(self) -> None:
        """Tell of lines and participants that nobody vouches for, nor for their transfer."""
        transfers = staging.KINDS[Kind.TRANSFER]
        for rows in (staging.LINE, staging.PARTICIPANT):
            bare = select(rows.c.file, rows.c.line).join(transfers, transfers.c.slug == rows.c.slug)
            bare = bare.where(rows.c.sourced == 0, transfers.c.sourced == 0)
            for row in self.connection.execute(bare.order_by(rows.c.file, rows.c.line).limit(ENOUGH)):
                hint = "name one in 'sources', here or on the transfer, or write yes in 'unsourced'"
                self._tell(row, "sources", "unsourced", "no source", hint)

    def tell_absent(self) -> None:
        """Tell of parts of records that are stored, but that this load does not hold the rows of."""
        for target in PARTS if self.entering.first_new else ():
            if not self.pouring.counts[target.poured]:
                continue
            rows = target.poured
            kinds = list(Kind) if target is OF_CLAIMS else [target.kind]
            here = union_all(*(select(staging.KINDS[kind].c.slug) for kind in kinds))
            absent = select(rows.c.file, rows.c.line, rows.c.slug).where(rows.c.slug.not_in(here))
            absent = absent.where(self._of_its_table(target))
            called = "record" if target is OF_CLAIMS else target.kind.value
            for row in self.connection.execute(absent.order_by(rows.c.file, rows.c.line).limit(ENOUGH)):
                message = f"{row.slug!r} is no {called} of this load; load the table with its row as well"
                self._tell(row, target.row_header, "absent", message)

    def _tell(self, row: Any, field: str, code: str, message: str, suggestion: str = "") -> None:
        self.problems.append(Problem(self.files[row.file], Mark(row.line, 0), field, code, message, suggestion))


def _beside(target: Target, header: str) -> ColumnElement[str]:
    """Return the column that names a thing where it stands in its record's own row."""
    rows = target.poured
    found = rows.c.kind if target is OF_LINKS else rows.c.role if target is OF_DESCENT else literal(header)
    return found.label("header")
