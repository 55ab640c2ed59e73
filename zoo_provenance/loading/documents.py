"""The documents of data sets, as they were found in their files, turned into staged rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zoo_provenance.errors import quoted
from zoo_provenance.loading import shapes
from zoo_provenance.loading.bulk.tables import Tables
from zoo_provenance.loading.entries import Scribe
from zoo_provenance.loading.problems import File, Mark, Problem, nearest, resolved
from zoo_provenance.loading.staging import Staging
from zoo_provenance.loading.yaml_reader import Node
from zoo_provenance.vocabulary import SLUG, Kind


@dataclass(frozen=True)
class Document:
    """One entry of a registry, one transfer, or one file about a record."""

    path: Path
    file: File
    kind: Kind | None
    slug: str
    node: Node
    mark: Mark


@dataclass
class DataSet:
    """A data set's folder: what it is called, and the documents found in it."""

    folder: Path
    name: str
    shape: shapes.Dataset
    documents: list[Document] = field(default_factory=list)
    unreadable: set[Kind] = field(default_factory=set)
    chosen: frozenset[Path] | None = None
    tables: Tables | None = None


def keep_chosen(data_set: DataSet) -> None:
    """Drop the documents of records that the chosen files say nothing about."""
    chosen = data_set.chosen or frozenset()
    slugs = {_target(document) for document in data_set.documents if resolved(document.path) in chosen}
    data_set.documents = [document for document in data_set.documents if _target(document) in slugs]


def stage(
    data_sets: Sequence[DataSet],
    dataset_ids: Mapping[str, int],
    staging: Staging,
    kind_of: Callable[[list[str]], Mapping[str, Kind]],
    slugs: Callable[[], list[str]],
    unreadable_kinds: frozenset[Kind] = frozenset(),
) -> None:
    """Stage all documents of all data sets; `kind_of` and `slugs` say what the database knows."""
    documents = [(data_set, document) for data_set in data_sets for document in data_set.documents]
    own = {document.slug: document.kind for _, document in documents if document.kind}
    targets = {_target(document) for _, document in documents if document.kind is None}
    known = {**kind_of(sorted(targets - own.keys())), **own}
    unreadable = unreadable_kinds | {kind for data_set in data_sets for kind in data_set.unreadable}
    numbers: dict[str, int] = {}
    for data_set, document in documents:
        if document.file.path not in numbers:
            numbers[document.file.path] = staging.add_file(document.file)
        dataset_id = dataset_ids[data_set.name]
        scribe = Scribe(staging, document.file, numbers[document.file.path], dataset_id, document.node)
        if document.kind is None:
            _stage_about(document, scribe, known, unreadable, slugs)
            continue
        entry = shapes.read_shape(shapes.ENTRIES[document.kind], document.node, document.file, staging.problems)
        if entry is None:
            scribe.placeholder(document.kind, document.slug, document.mark)
        else:
            scribe.entry(document.kind, document.slug, entry, document.mark)


def _target(document: Document) -> str:
    """Return the slug of the record a document speaks of."""
    about = document.node.at(("about",)).content
    return document.slug or (about.split("/")[0] if isinstance(about, str) else "")


def _stage_about(
    document: Document,
    scribe: Scribe,
    known: Mapping[str, Kind],
    unreadable: Collection[Kind],
    slugs: Callable[[], list[str]],
) -> None:
    node = document.node.content.get("about") if isinstance(document.node.content, dict) else None
    problems = scribe.staging.problems
    if node is not None and node.key is not None and node.content == "" and not node.quoted:
        problems.append(Problem(document.file, node.key.mark, "about", "empty", "nothing stands after 'about'"))
        return
    if node is None or not isinstance(node.content, str):
        mark = document.mark if node is None else node.mark
        message = "needs 'about': the slug it speaks of" if node is None else "about: expected one slug"
        problems.append(Problem(document.file, mark, "about", "missing" if node is None else "wrong-type", message))
        return
    slug, slash, line = node.content.partition("/")
    kind = known.get(slug)
    if kind is None and unreadable:
        return
    if kind is None:
        problems.append(
            Problem(
                document.file,
                node.mark,
                "about",
                "unknown-slug",
                f"nothing is called {quoted(slug)}",
                nearest(slug, [*known, *slugs()]),
            )
        )
        return
    if slash and not SLUG.fullmatch(line):
        problems.append(
            Problem(document.file, node.mark, "about", "unknown-line", f"{slug!r} has no line {quoted(line)}")
        )
        return
    if slash and kind is not Kind.TRANSFER:
        problems.append(
            Problem(document.file, node.mark, "about", "wrong-kind", f"{slug!r} is no transfer and has no lines")
        )
        return
    owner: Kind | str = "line" if slash else kind
    entry = shapes.read_shape(shapes.ABOUT[owner], document.node, document.file, problems)
    if entry is not None:
        scribe.about(kind, slug, line, entry)
