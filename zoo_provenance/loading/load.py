"""One load: read, stage, check, apply, conclude; everything or nothing, as one batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from zoo_provenance.history.batches import Batch, batch_of
from zoo_provenance.loading import applying, checks, conclusions, merging, resolving, seeds, short_form, writing_out
from zoo_provenance.loading.bulk import keys
from zoo_provenance.loading.bulk.tables import Entered, Progress, load_tables
from zoo_provenance.loading.problems import Problem
from zoo_provenance.loading.staging import Staging
from zoo_provenance.tables import dataset
from zoo_provenance.vocabulary import Kind

_NONE: tuple[dict[str, int], ...] = ({}, {}, {})


@dataclass(frozen=True)
class Loaded:
    """What a load did: records by kind, and the batch; no batch where nothing changed or it was only tried.

    `merged` are slugs it named that were merged, each with its survivor's.
    """

    created: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    batch: int | None = None
    datasets: tuple[str, ...] = ()
    merged: tuple[tuple[str, str], ...] = ()


class _Undone(Exception):
    """Rolls a load back and carries its result out of the transaction."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.loaded = loaded


def load(
    begin: Callable[[], AbstractContextManager[Connection]],
    paths: Sequence[Path],
    *,
    dry_run: bool = False,
    command: str = "load",
    progress: Progress = lambda _what, _bytes: None,
) -> Loaded:
    """Load data sets in one transaction and return what was done.

    `begin` opens the writing transaction (a context manager giving a connection). With problems, or as a dry
    run, everything is rolled back; the problems are in the result. `progress` is told what is being done and how many
    bytes of tables were read.
    """
    try:
        with begin() as connection:
            return _load(connection, paths, command, progress, dry_run=dry_run)
    except _Undone as undone:
        return undone.loaded


def _load(connection: Connection, paths: Sequence[Path], command: str, progress: Progress, *, dry_run: bool) -> Loaded:
    with batch_of(connection, command) as batch:
        loaded = _write(connection, paths, batch, progress)
    loaded = replace(loaded, batch=batch.id if batch.kept and not dry_run else None)
    if dry_run:
        raise _Undone(loaded)
    return loaded


def _write(connection: Connection, paths: Sequence[Path], batch: Batch, progress: Progress) -> Loaded:
    """Write what differs. Raises what rolls back where there are problems."""
    stage = Staging(connection)
    reader = seeds.SeedReader(stage.problems)
    data_sets = reader.read(paths)
    dataset_ids = {data_set.name: _enter_dataset(connection, data_set) for data_set in data_sets}
    entered = [
        load_tables(stage, data_set.tables, dataset_ids[data_set.name], reader.digest.update, progress)
        for data_set in data_sets
        if data_set.tables is not None and not reader.unreadable
    ]
    # Where a whole data set cannot be read, nobody knows what the others lean on in it.
    unreadable = frozenset(Kind) if reader.unreadable else frozenset[Kind]()
    counts = _NONE
    if stage.problems or any(one.staged for one in entered) or any(one.tables is None for one in data_sets):
        kinds_of, slugs_of = partial(resolving.kinds_of, connection), partial(resolving.slugs_of, connection)
        seeds.stage(data_sets, dataset_ids, stage, kinds_of, slugs_of, unreadable)
        stage.flush()
        _settle_slugs(stage, unreadable.union(*(data_set.unreadable for data_set in data_sets)))
        if stage.problems:
            raise _refused(stage)
        _apply(stage, [dataset_ids[data_set.name] for data_set in data_sets if data_set.chosen is None], batch.id)
        counts = applying.count_changes(connection)
    for one in entered:
        keys.make_again(connection, one.set_aside)
    batch.input_digest = reader.digest.hexdigest()
    stage.close()
    loaded = _summed(counts, entered, tuple(data_set.name for data_set in data_sets))
    return replace(loaded, merged=tuple(sorted(stage.merged)))


def _apply(stage: Staging, whole: Sequence[int], batch_id: int) -> None:
    """Bring the database to what is staged. Raises what rolls back where that would make a circle."""
    connection = stage.connection
    applying.enter_scope(connection, whole)
    before = conclusions.fields_spoken_of(connection)
    writing_out.write_out(stage)
    applying.apply_records(stage)
    applying.remove_claims(stage)
    applying.apply_parts(stage)
    applying.add_claims(connection, batch_id)
    applying.apply_waivers(connection, batch_id)
    conclusions.conclude_columns(stage, before)
    checks.tell_circles(stage)
    if stage.problems:
        raise _refused(stage)


def _summed(counts: tuple[dict[str, int], ...], entered: Sequence[Entered], names: tuple[str, ...]) -> Loaded:
    """Return what seeds and tables did together, kind by kind."""
    created, updated, unchanged = (Counter(one) for one in counts)
    for one in entered:
        created.update(one.created)
        unchanged.update(one.unchanged)
    first, second, third = (
        {kind.value: numbers[kind.value] for kind in Kind if numbers[kind.value]}
        for numbers in (created, updated, unchanged)
    )
    return Loaded(first, second, third, datasets=names)


def _settle_slugs(stage: Staging, unreadable: frozenset[Kind]) -> None:
    """Turn slugs into ids, and tell of everything that cannot be."""
    checks.tell_duplicates(stage)
    if any(problem.code == "duplicate" and problem.field == "slug" for problem in stage.problems):
        return
    resolving.rename(stage)
    resolving.enter_records(stage)
    resolving.resolve(stage, unreadable)
    if not unreadable & {Kind.TAXON, Kind.ANIMAL}:
        short_form.expand(stage)
    checks.tell_doubled_parts(stage)
    resolving.tell_wrong_claims(stage)
    if not stage.problems:
        checks.tell_second_definitions(stage)
        checks.tell_lost_parts(stage)
        checks.tell_second_decisions(stage)
        merging.tell_new_parts(stage)


def _refused(stage: Staging) -> _Undone:
    told = dict.fromkeys(sorted(stage.problems, key=lambda problem: problem.order))
    return _Undone(Loaded(problems=tuple(told)))


def _enter_dataset(connection: Connection, data_set: seeds.DataSet) -> int:
    """Return the data set's id, entering or renaming what is said of it."""
    shape = data_set.shape
    described = {
        "title": shape.title,
        "description": shape.description or shape.about,
        "licence": shape.licence or shape.license,
    }
    known = connection.execute(select(dataset.c.id).where(dataset.c.name == data_set.name)).scalar()
    if known is not None:
        connection.execute(update(dataset).where(dataset.c.id == known).values(described))
        return known
    result = connection.execute(insert(dataset).values(name=data_set.name, **described))
    return int(result.inserted_primary_key[0])  # type: ignore[index]
