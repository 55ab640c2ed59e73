"""Data sets as folders of seed files: one for each, and beside them what was decided by command."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection

from zoo_provenance.direct import Statement
from zoo_provenance.errors import UnknownThing, ZooProvenanceError
from zoo_provenance.exporting import judgements, rows, yaml_writer
from zoo_provenance.exporting.entries import Writer
from zoo_provenance.exporting.rows import Run
from zoo_provenance.exporting.saying import Content, Said
from zoo_provenance.vocabulary import Kind

REGISTRIES = {
    Kind.TAXON: "taxa",
    Kind.INSTITUTION: "institutions",
    Kind.PERSON: "people",
    Kind.SOURCE: "sources",
    Kind.ANIMAL: "animals",
}
LARGEST = 8 * 1024 * 1024
"""The size at which a registry goes on in another file: a reader holds each of them whole."""

_PARTS = {
    Kind.SOURCE: {"bases": rows.bases},
    Kind.ANIMAL: {"parents": rows.parents},
    Kind.TRANSFER: {
        "lines": rows.lines,
        "line_animals": rows.line_animals,
        "participants": rows.participants,
        "links": rows.links,
    },
}
_UNSAFE = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True)
class ExportedSet:
    """A data set as it was written: its name, its folder, its records by kind, and the files about others' records."""

    name: str
    folder: str
    records: dict[str, int]
    about: int


@dataclass(frozen=True)
class ExportedSeeds:
    """What an export of seeds wrote: the data sets, and how many judgements that were made by command."""

    datasets: tuple[ExportedSet, ...]
    judgements: dict[str, int]


def export_seeds(
    connection: Connection,
    folder: Path,
    names: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _records: None,
) -> ExportedSeeds:
    """Write data sets, all or those named, below a folder that is new or empty; whole or not at all.

    Raises UnknownThing for a data set that is not there, ZooProvenanceError for a folder that cannot be written.
    """
    found = list(rows.rows(connection, rows.datasets()))
    known = [row.name for row in found]
    for name in names:
        if name not in known:
            raise UnknownThing("data set", name, known[:5])
    chosen = [row for row in found if not names or row.name in names]
    with _made(folder) as made:
        taken: set[str] = set()
        written = tuple(
            _DataSetWriter(connection, row, _folder_for(made, row.name, taken), progress).write() for row in chosen
        )
        decided = judgements.write(connection, made / judgements.FILE) if not names else {}
    return ExportedSeeds(written, decided)


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, and put what was written in place when it is whole."""
    try:
        if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
            raise ZooProvenanceError(f"{folder} holds something already; choose a new or an empty folder.")
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        part = folder / ".part"
        part.mkdir(parents=True)
    except OSError as fault:
        raise ZooProvenanceError(f"{folder} cannot be written: {fault.strerror}.") from fault
    whole = False
    try:
        yield part
        for one in sorted(part.iterdir()):
            one.rename(folder / one.name)
        part.rmdir()
        whole = True
    except OSError as fault:
        raise ZooProvenanceError(f"{folder} cannot be written: {fault.strerror}.") from fault
    finally:
        if not whole:
            shutil.rmtree(part, ignore_errors=True)
            for one in missing:
                one.rmdir()


def _folder_for(made: Path, name: str, taken: set[str]) -> Path:
    """Return a data set's folder: called as it is, in letters that every file system takes."""
    stem = _UNSAFE.sub("-", name.lower()).strip(".-")[:80] or "data-set"
    plain, number = stem, 1
    while stem in taken or stem == judgements.FILE:
        number += 1
        stem = f"{plain}-{number}"
    taken.add(stem)
    return made / stem


class _DataSetWriter:
    def __init__(self, connection: Connection, row: Any, folder: Path, progress: Callable[[int], None]) -> None:
        self.connection = connection
        self.row = row
        self.folder = folder
        self.progress = progress

    def write(self) -> ExportedSet:
        self.folder.mkdir()
        described = {name: getattr(self.row, name) for name in ("name", "title", "description", "licence")}
        self._file("dataset.yaml", {name: text for name, text in described.items() if text is not None})
        records = Counter({kind: self._records(kind) for kind in Kind})
        about = self._about()
        counted = {kind.value: number for kind, number in records.items() if number}
        return ExportedSet(self.row.name, self.folder.name, counted, about)

    def _run(self, statement: Statement) -> Run:
        return Run(self.connection, statement, self.row.id)

    def _entries(self, kind: Kind) -> Iterator[tuple[str, Content]]:
        claims, merged = self._run(rows.claims_of(kind)), self._run(rows.claims_of(kind, merged=True))
        decided = self._run(rows.decisions(kind))
        waived = self._run(rows.waivers(kind))
        parts = {name: self._run(statement()) for name, statement in _PARTS.get(kind, {}).items()}
        for row in rows.rows(self.connection, rows.records_of(kind), self.row.id):
            claimed = [*claims.take(row.slug), *merged.take(row.slug)]
            said = Said.of(kind.value, claimed, decided.take(row.slug), waived.take(row.slug))
            belonging = {name: run.take(row.slug) for name, run in parts.items()}
            self.progress(1)
            yield row.slug, Writer(said).entry(row, belonging)

    def _records(self, kind: Kind) -> int:
        if kind is not Kind.TRANSFER:
            return self._registry(REGISTRIES[kind], self._entries(kind))
        number = 0
        for slug, content in self._entries(kind):
            if not number:
                (self.folder / "transfers").mkdir()
            self._file(f"transfers/{slug}.yaml", content)
            number += 1
        return number

    def _about(self) -> int:
        claims, merged = self._run(rows.claims_about()), self._run(rows.claims_about(merged=True))
        decided = self._run(rows.decisions(None))
        waived = self._run(rows.waivers(None))
        number = 0
        for row in rows.rows(self.connection, rows.spoken_of(), self.row.id):
            claimed = [*claims.take(row.slug), *merged.take(row.slug)]
            said = Said.of(row.kind, claimed, decided.take(row.slug), waived.take(row.slug))
            if not number:
                (self.folder / "about").mkdir()
            self._file(f"about/{row.slug}.yaml", Writer(said, about=True).about_it(row.slug))
            number += 1
        return number

    def _registry(self, stem: str, entries: Iterable[tuple[str, Content]]) -> int:
        """Write the entries of a registry, a blank line between them; a file that grows large goes on in the next."""
        number = files = size = 0
        file: TextIO | None = None
        try:
            for slug, content in entries:
                text = "".join(yaml_writer.entry(slug, content))
                if file is None or size > LARGEST:
                    if file is not None:
                        file.close()
                    files, size = files + 1, 0
                    path = self.folder / (f"{stem}.yaml" if files == 1 else f"{stem}-{files}.yaml")
                    file = path.open("w", encoding="utf-8", newline="\n")
                elif size:
                    text = f"\n{text}"
                file.write(text)
                size += len(text)
                number += 1
        finally:
            if file is not None:
                file.close()
        return number

    def _file(self, name: str, content: Content) -> None:
        text = "".join(yaml_writer.document(content)) or "{}\n"
        (self.folder / name).write_text(text, encoding="utf-8", newline="\n")
