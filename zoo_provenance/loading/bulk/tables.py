"""Loading tables: poured as they are read, entered where they are new, sifted where they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import exists, select

from zoo_provenance.history.triggers import new_rows_unasked
from zoo_provenance.loading import pruning
from zoo_provenance.loading.bulk import keys, staging
from zoo_provenance.loading.bulk.checks import Checks
from zoo_provenance.loading.bulk.circles import tell_circles
from zoo_provenance.loading.bulk.columns import LISTS, TABLES
from zoo_provenance.loading.bulk.entering import Entering
from zoo_provenance.loading.bulk.files import TableFile, read_chunks
from zoo_provenance.loading.bulk.pouring import Pourer
from zoo_provenance.loading.bulk.reading import Chunk
from zoo_provenance.loading.bulk.sifting import STAGED, Sifting
from zoo_provenance.loading.bulk.staging import Pouring
from zoo_provenance.loading.bulk.standing import Standing
from zoo_provenance.loading.problems import ENOUGH, File, Mark, Problem
from zoo_provenance.loading.staging import Staging
from zoo_provenance.tables import record
from zoo_provenance.vocabulary import Kind

WORTHWHILE = 20_000
"""The number of rows from which an empty database is filled without its secondary indexes."""

Progress = Callable[[str, int], None]
"""Is told what is being done, and of how many bytes more were read."""


@dataclass(frozen=True)
class Tables:
    """The tables of one data set, and what the data set says of rows that name no source; `said_at`: where it names each."""

    files: Sequence[TableFile]
    sources: Sequence[str] = ()
    unsourced: bool = False
    said_at: Mapping[str, tuple[File, Mark]] = field(default_factory=dict)


@dataclass
class Entered:
    """What became of the rows of tables: records created, and left as they were, by kind.

    `staged`: some have changed and go on; `set_aside`: the statements that make indexes and keys again.
    """

    created: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    staged: bool = False
    set_aside: list[str] = field(default_factory=list)


def load_tables(
    stage: Staging,
    tables: Tables,
    dataset_id: int,
    note: Callable[[bytes], None],
    progress: Progress,
    *,
    note_gone: bool = False,
    later: Mapping[str, str] | None = None,
) -> Entered:
    """Read a data set's tables and enter what is new; what has changed goes on to the staging tables.

    Problems are told to the staging's; where there are any the caller rolls back. `note_gone`: records that are in
    their table no longer are noted as gone; a table that is not there says nothing. `later`: the slugs that seeds of
    this load define, each with its folder.
    """
    pouring = Pouring(stage.connection)
    entered = _load(stage, pouring, tables, dataset_id, note, progress, later or {}, whole=note_gone)
    if note_gone and not stage.problems:
        for kind in Kind:
            if any(TABLES[one.table].owner == kind for one in tables.files):
                poured = staging.KINDS[kind]
                there = exists().where(poured.c.slug == record.c.slug)
                pruning.note_gone(stage.connection, dataset_id, there, [kind])
    pouring.close()  # where it failed the caller's rollback does, and another fault here would hide the first
    return entered


def _load(
    stage: Staging,
    pouring: Pouring,
    tables: Tables,
    dataset_id: int,
    note: Callable[[bytes], None],
    progress: Progress,
    later: Mapping[str, str],
    *,
    whole: bool,
) -> Entered:
    unreadable, standing = _read(stage, pouring, tables, dataset_id, note, progress, whole=whole)
    entered = Entered()
    if not stage.problems:
        pouring.ready()
        progress("entering", 0)
        empty = not stage.connection.execute(select(exists().select_from(record))).scalar()
        if empty and sum(pouring.counts.values()) >= WORTHWHILE:
            entered.set_aside = keys.set_aside(stage.connection)
    entering = Entering(pouring, dataset_id)
    checks = Checks(entering, stage.files, stage.problems, unreadable, later)
    many = sum(pouring.counts.values()) >= WORTHWHILE
    with new_rows_unasked(stage.connection) if many else nullcontext():
        entering.records()
        checks.tell_doubled()
        checks.tell_nobody(tables.said_at)
        if stage.problems:
            checks.tell_all()
            return entered
        if entering.everything():
            checks.tell_animals_twice()
        else:
            checks.tell_all()
            checks.tell_untold()
    checks.tell_unsourced_parts()
    if stage.problems:
        return entered
    stage.merged.update(entering.merged())
    progress("comparing", 0)
    sifting = Sifting(entering)
    checks.tell_of_known()
    changed = {} if stage.problems else sifting.changed()
    if changed:
        checks.tell_lost()
    if changed and not stage.problems:
        sifting.stage(stage)
        entered.staged = True
    entered.created.update({kind.value: number for kind, number in entering.created.items()})
    entered.unchanged.update({kind.value: number - changed.get(kind, 0) for kind, number in sifting.known.items()})
    entered.unchanged.update(standing)
    progress("checking descent", 0)
    if not stage.problems:
        tell_circles(entering, stage.files, stage.problems)
    _leave_alone(stage, pouring, dataset_id)
    return entered


def _leave_alone(stage: Staging, pouring: Pouring, dataset_id: int) -> None:
    """Note of what parts these tables say nothing."""
    silent = [STAGED[table] for table in staging.PARTS if table not in pouring.spoken]
    stage.leave_alone(dataset_id, silent, names=not pouring.names_spoken)


def _read(
    stage: Staging,
    pouring: Pouring,
    tables: Tables,
    dataset_id: int,
    note: Callable[[bytes], None],
    progress: Progress,
    *,
    whole: bool,
) -> tuple[frozenset[Kind], Counter[str]]:
    """Pour what a data set says anew, or the whole of what it says.

    Returns the kinds some of whose rows could not be read, and how many records stand as they were.
    """
    order = list(TABLES)
    files = sorted(tables.files, key=lambda one: (order.index(one.table), one.path.name))
    numbered = {stage.add_file(File(one.shown, table=True)): one for one in files}

    def read(number: int, problems: Any) -> Iterator[Chunk]:
        table_file = numbered[number]

        def noted(piece: bytes) -> None:
            note(piece)
            progress(table_file.shown, len(piece))

        shape = TABLES[table_file.table]
        return read_chunks(table_file, shape.columns, shape.required, problems, noted, LISTS)

    mine = select(record.c.id).where(record.c.dataset_id == dataset_id)
    if not whole and stage.connection.execute(mine.limit(1)).first():
        names = {one.table for one in files}
        standing = Standing(pouring, names, dataset_id, tables.sources, unsourced=tables.unsourced)
        problems: list[Problem] = []
        chunks = ((number, chunk) for number in numbered for chunk in read(number, problems))
        waiting = all(standing.add(numbered[number].table, number, chunk) for number, chunk in chunks)
        # Where anything is to be told, all is read again to tell it.
        if waiting and not problems:
            progress("comparing", 0)
            standing.compare()
            kept = lambda number: standing.chunks(numbered[number].table, number)  # noqa: E731
            unreadable = _pour(stage, pouring, tables, numbered, kept)
            stand = standing.numbers()
            standing.close()
            return unreadable, stand
        standing.close()
    return _pour(stage, pouring, tables, numbered, lambda number: read(number, stage.problems)), Counter()


def _pour(
    stage: Staging,
    pouring: Pouring,
    tables: Tables,
    files: Mapping[int, TableFile],
    chunks: Callable[[int], Iterator[Chunk]],
) -> frozenset[Kind]:
    """Pour the chunks of all files; return the kinds some of whose rows could not be read."""
    table_of: dict[str, str] = {}
    for number, table_file in files.items():
        file = stage.files[number]
        table_of[file.path] = TABLES[table_file.table].owner
        pourer = Pourer(
            pouring, stage.problems, file, number, table_file.table, tables.sources, unsourced=tables.unsourced
        )
        for chunk in chunks(number):
            pourer.pour(chunk)
            if len(stage.problems) > ENOUGH:
                last = Mark(chunk.lines[-1], 0)
                stage.problems.append(
                    Problem(file, last, "", "too-many", "too many problems; nothing after this was read")
                )
                return frozenset(Kind)
    lost = {table_of.get(one.file.path, "") for one in stage.problems if one.field in {"", "slug"} or not one.mark.line}
    lost |= {table_of.get(one.file.path, "") for one in stage.problems if one.code in {"unknown-column", "missing"}}
    return frozenset(Kind(owner) for owner in lost if owner in set(Kind))
