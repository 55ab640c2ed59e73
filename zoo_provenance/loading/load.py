"""One load: read, stage, check, apply, conclude; everything or nothing, as one batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from zoo_provenance.errors import PartOfDataSet
from zoo_provenance.history.batches import Batch, batch_of
from zoo_provenance.loading import (
    applying,
    checks,
    claims,
    conclusions,
    documents,
    joining,
    judging,
    merging,
    overruling,
    pruning,
    resolving,
    seeds,
    short_form,
    writing_out,
)
from zoo_provenance.loading.bulk import keys
from zoo_provenance.loading.bulk.tables import Entered, Progress, load_tables
from zoo_provenance.loading.circles import tell_circles
from zoo_provenance.loading.problems import Problem, path_for_messages
from zoo_provenance.loading.staging import Staging
from zoo_provenance.planner import count_what_grew
from zoo_provenance.tables import dataset
from zoo_provenance.vocabulary import Kind

_NONE: tuple[dict[str, int], ...] = ({}, {}, {})


@dataclass(frozen=True)
class Loaded:
    """What a load did: records by kind, and the batch; no batch where nothing changed or it was only tried.

    `kept` are the records that are gone from their folder and stay, as something refers to them; `merged` the slugs it
    named that were merged, each with its survivor's.
    """

    created: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)
    pruned: dict[str, int] = field(default_factory=dict)
    kept: tuple[pruning.Kept, ...] = ()
    problems: tuple[Problem, ...] = ()
    batch: int | None = None
    datasets: tuple[str, ...] = ()
    merged: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Ways:
    """How a load goes about it: only trying, removing what is gone, replacing what was decided by command."""

    dry_run: bool
    prune: bool
    overrule: bool


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
    prune: bool = False,
    overrule: bool = False,
    command: str = "load",
    progress: Progress = lambda _what, _bytes: None,
) -> Loaded:
    """Load data sets in one transaction and return what was done.

    `begin` opens the writing transaction (a context manager giving a connection). With problems, or as a dry
    run, everything is rolled back; the problems are in the result. `prune` removes the records that are gone from
    their folder; `overrule` lets the files replace what was decided by command. `progress` is told what is being done
    and how many bytes of tables were read. Raises PartOfDataSet for a file of a folder that is to be pruned.
    """
    part = next((path for path in paths if prune and path.is_file()), None)
    if part is not None:
        shown = path_for_messages(part)
        raise PartOfDataSet(f"--prune needs a data set's whole folder: {shown} alone does not say what is gone.")
    try:
        with begin() as connection:
            return _load(connection, paths, command, progress, _Ways(dry_run, prune, overrule))
    except _Undone as undone:
        return undone.loaded


def _load(connection: Connection, paths: Sequence[Path], command: str, progress: Progress, ways: _Ways) -> Loaded:
    stage = Staging(connection)
    with batch_of(connection, command) as batch:
        loaded, merges = _write(stage, paths, batch, progress, ways)
    merged = joining.join_told(stage, merges)
    if stage.problems:
        raise _refused(stage)
    written = [*([batch.id] if batch.kept else []), *merged]
    loaded = replace(loaded, batch=written[0] if written and not ways.dry_run else None)
    if ways.dry_run:
        raise _Undone(loaded)
    return loaded


def _write(
    stage: Staging, paths: Sequence[Path], batch: Batch, progress: Progress, ways: _Ways
) -> tuple[Loaded, list[joining.Merge]]:
    """Write what differs; return what was done, and what is to be merged now. Raises what rolls back with problems."""
    connection = stage.connection
    reader = seeds.SeedReader(stage.problems)
    data_sets = reader.read(paths)
    dataset_ids = {data_set.name: _enter_dataset(connection, data_set) for data_set in data_sets}
    later = {
        document.slug: path_for_messages(data_set.folder)
        for data_set in data_sets
        for document in data_set.documents
        if document.kind is not None
    }
    entered = [
        load_tables(
            stage,
            data_set.tables,
            dataset_ids[data_set.name],
            reader.digest.update,
            progress,
            note_gone=ways.prune,
            later=later,
        )
        for data_set in data_sets
        if data_set.tables is not None and not reader.unreadable
    ]
    # Where a whole data set cannot be read, nobody knows what the others lean on in it.
    unreadable = frozenset(Kind) if reader.unreadable else frozenset[Kind]()
    counts = _NONE
    staged = any(one.staged for one in entered) or any(one.tables is None for one in data_sets)
    staged = staged or bool(reader.judgements)
    if stage.problems or staged:
        kinds_of, slugs_of = partial(resolving.kinds_of, connection), partial(resolving.slugs_of, connection)
        documents.stage(data_sets, dataset_ids, stage, kinds_of, slugs_of, unreadable)
        for file, node in reader.judgements:
            judging.stage(stage, file, node)
        stage.flush()
        _settle_slugs(stage, unreadable.union(*(one.unreadable for one in data_sets)), overrule=ways.overrule)
        if stage.problems:
            raise _refused(stage)
        whole = [dataset_ids[data_set.name] for data_set in data_sets if data_set.chosen is None]
        _apply(stage, whole, batch.id, overrule=ways.overrule)
        of_seeds = [dataset_ids[one.name] for one in data_sets if ways.prune and one.tables is None]
        pruning.note_gone_from_seeds(connection, of_seeds)
    pruned, kept = pruning.prune(connection)
    if staged:
        counts = applying.count_changes(connection)
    for one in entered:
        keys.make_again(connection, one.set_aside)
    batch.input_digest = reader.digest.hexdigest()
    merges = joining.told_merges(stage)
    stage.close()
    loaded = _summed(counts, entered, tuple(data_set.name for data_set in data_sets))
    return replace(loaded, pruned=pruned, kept=kept, merged=tuple(sorted(stage.merged))), merges


def _apply(stage: Staging, whole: Sequence[int], batch_id: int, *, overrule: bool) -> None:
    """Bring the database to what is staged. Raises what rolls back where that would make a circle."""
    connection = stage.connection
    claims.enter_scope(connection, whole)
    before = conclusions.fields_spoken_of(connection)
    grounded = overruling.grounded(connection)
    writing_out.write_out(stage)
    applying.apply_records(stage)
    claims.remove_claims(stage)
    applying.apply_parts(stage)
    claims.add_claims(connection, batch_id)
    count_what_grew(connection)
    overruling.tell_ungrounded(stage, grounded, overrule=overrule)
    judging.apply(stage, batch_id, overrule=overrule)
    if stage.problems:
        raise _refused(stage)
    claims.apply_waivers(connection, batch_id)
    conclusions.conclude_columns(stage, before)
    tell_circles(stage)
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


def _settle_slugs(stage: Staging, unreadable: frozenset[Kind], *, overrule: bool) -> None:
    """Turn slugs into ids, and tell of everything that cannot be, or may not without being told to."""
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
    if not stage.problems:
        overruling.tell_overturned(stage, overrule=overrule)


def _refused(stage: Staging) -> _Undone:
    told = dict.fromkeys(sorted(stage.problems, key=lambda problem: problem.order))
    return _Undone(Loaded(problems=tuple(told)))


def _enter_dataset(connection: Connection, data_set: documents.DataSet) -> int:
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
