"""The reader of seed files: a data set's folder, and the documents in it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from zoo_provenance.errors import Unreadable
from zoo_provenance.loading import shapes
from zoo_provenance.loading.bulk.columns import TABLES, folded_slug
from zoo_provenance.loading.bulk.files import TableFile, stem_of, table_of
from zoo_provenance.loading.bulk.tables import Tables
from zoo_provenance.loading.documents import DataSet, Document, keep_chosen
from zoo_provenance.loading.opening import leads_outside
from zoo_provenance.loading.problems import File, Mark, Problem, nearest, path_for_messages, resolved
from zoo_provenance.loading.values import read_flag
from zoo_provenance.loading.yaml_reader import Node, Rejected, read_file, read_yaml
from zoo_provenance.vocabulary import SLUG, Kind

REGISTRIES: Mapping[str, Kind] = {
    "taxa.yaml": Kind.TAXON,
    "institutions.yaml": Kind.INSTITUTION,
    "people.yaml": Kind.PERSON,
    "sources.yaml": Kind.SOURCE,
    "animals.yaml": Kind.ANIMAL,
}
_REGISTRY = re.compile(r"(taxa|institutions|people|sources|animals)-[^/]+\.yaml")
_FOLDERS = ("transfers", "about")
JUDGEMENTS = "judgements.yaml"
"""The file beside data sets' folders that holds what was decided by command."""
_EXPECTED = [*REGISTRIES, "dataset.yaml"]


def registry_of(path: Path) -> Kind | None:
    """Return the kind whose registry a file is; `animals-2.yaml` goes on where `animals.yaml` ends."""
    part = _REGISTRY.fullmatch(path.name)
    return REGISTRIES.get(f"{part[1]}.yaml" if part else path.name)


class SeedReader:
    """Reads data sets' folders; problems are gathered, never raised."""

    def __init__(self, problems: list[Problem]) -> None:
        """Take the list that problems go to."""
        self.problems = problems
        self.digest = hashlib.sha256()
        self.unreadable = False
        self.judgements: list[tuple[File, Node]] = []

    def read(self, paths: Iterable[Path]) -> list[DataSet]:
        """Return the data sets of folders and files; a file stands for its records within its folder."""
        chosen: dict[Path, set[Path] | None] = {}
        folders: dict[Path, Path] = {}
        for path in (inner for given in paths for inner in self._opened(given)):
            if path.name == JUDGEMENTS and path.is_file():
                found_judgements = self._document(path, path.parent)
                self.judgements += [found_judgements] if found_judgements else []
            elif path.is_dir():
                chosen[folders.setdefault(resolved(path), path)] = None
            elif path.is_file():
                found_in = self._folder_of(path)
                folder = folders.setdefault(resolved(found_in), found_in) if found_in is not None else None
                if folder is not None and chosen.get(folder, ()) is not None:
                    chosen.setdefault(folder, set()).add(resolved(path))  # type: ignore[union-attr]
            elif path.exists():
                self._whole(path, "unreadable-file", "is neither a file nor a folder")
            else:
                self._whole(path, "missing-path", "there is no such file or folder")
        found: dict[str, DataSet] = {}
        for folder, files in chosen.items():
            data_set = self._read_folder(folder, files)
            if data_set is not None and data_set.name in found:
                first = path_for_messages(found[data_set.name].folder)
                message = f"calls itself {data_set.name!r}, as {first} does; a data set is one folder"
                self._whole(folder / "dataset.yaml", "duplicate", message)
            elif data_set is not None:
                found[data_set.name] = data_set
        return list(found.values())

    def _opened(self, path: Path) -> list[Path]:
        """Return the data sets of a folder that holds nothing else, such as an export; any other path as it is."""
        try:
            inner = sorted(one for one in path.iterdir() if _is_data_set(one))
            own = any(registry_of(one) or one.name in {*_FOLDERS, "dataset.yaml"} for one in path.iterdir())
            own = own or any(stem_of(one) is not None for one in path.iterdir())
        except OSError:
            return [path]
        judged = [path / JUDGEMENTS] if (path / JUDGEMENTS).is_file() else []
        return [path] if own or not (inner or judged) else [*inner, *judged]

    def _whole(self, path: Path, code: str, message: str, suggestion: str = "") -> None:
        self.problems.append(Problem(File(path_for_messages(path)), Mark(0, 0), "", code, message, suggestion))

    def _folder_of(self, path: Path) -> Path | None:
        if stem_of(path) is not None:
            return path.parent
        if path.suffix not in {".yaml", ".yml"}:
            self._whole(
                path,
                "unsupported",
                "is no seed file; expected a data set's folder, or a .yaml, .csv or .jsonl file in one",
            )
            return None
        for folder in (resolved(path).parent, resolved(path).parent.parent):
            if (folder / "dataset.yaml").is_file():
                return folder
        self._whole(path, "no-dataset", "belongs to no data set: no dataset.yaml beside or above it")
        return None

    def _read_folder(self, folder: Path, files: set[Path] | None) -> DataSet | None:
        settings = folder / "dataset.yaml"
        told = len(self.problems)
        tables = self._tables(folder, files)
        if settings.is_file():
            found = self._document(settings, folder)
            shape = found and shapes.read_shape(shapes.Dataset, found[1], found[0], self.problems)
        elif tables:
            # A folder of nothing but tables is called what it is called.
            found, shape = None, shapes.Dataset(name=resolved(folder).name)
        else:
            if len(self.problems) > told:
                return None
            self._whole(
                folder, "no-dataset", "is no data set: it has no dataset.yaml", "write one with: name: my-data-set"
            )
            return None
        if not shape:
            self.unreadable = True
            return None
        if not 0 < len(shape.name.strip()) <= len(shape.name) <= 100:
            node = found[1].at(("name",)) if found else None
            self.problems.append(
                Problem(
                    found[0] if found else File(path_for_messages(folder)),
                    node.mark if node else Mark(0, 0),
                    "name",
                    "too-long",
                    "a data set's name has 1 to 100 characters",
                )
            )
            return None
        data_set = DataSet(folder, shape.name, shape, chosen=frozenset(files) if files is not None else None)
        if tables:
            self._read_tables(data_set, tables, found)
            return data_set
        for path in self._files(data_set):
            self._read_seed_file(data_set, path)
        if data_set.chosen is not None:
            keep_chosen(data_set)
        return data_set

    def _tables(self, folder: Path, files: set[Path] | None) -> list[TableFile]:
        """Return the table files of a folder, or the chosen ones of them; what would be passed over is a problem."""
        try:
            listed = [path for path in sorted(folder.iterdir()) if stem_of(path) is not None]
        except OSError:
            return []  # told where seed files are looked for
        named = {path: table_of(path, TABLES) for path in listed if files is None or resolved(path) in files}
        found = [
            TableFile(path, table)
            for path, table in named.items()
            if table is not None and not self._is_outside(path, folder)
        ]
        for path in (path for path, table in named.items() if table is None):
            hint = nearest(stem_of(path) or "", TABLES)
            # Beside seed files others are left alone, unless their name is nearly a table's.
            if hint or found or files or not self._has_seeds(folder):
                hint = hint or f"expected one of {', '.join(TABLES)}"
                self._whole(path, "misplaced", "is no table of a data set and would not be read", hint)
        return found

    @staticmethod
    def _has_seeds(folder: Path) -> bool:
        return any((folder / name).exists() for name in (*REGISTRIES, *_FOLDERS, "dataset.yaml"))

    def _read_tables(self, data_set: DataSet, tables: list[TableFile], found: tuple[File, Node] | None) -> None:
        for path in self._files(data_set) if data_set.chosen is None else ():
            message = "stands beside tables; a data set is written as seed files or as tables, not as both"
            self._whole(path, "two-forms", message, "put one of them into a folder of its own")
        shape, unsourced = data_set.shape, False
        try:
            unsourced = read_flag(shape.unsourced) if shape.unsourced is not None else False
        except Unreadable as fault:
            file, node = found  # type: ignore[misc]
            self.problems.append(
                Problem(file, node.at(("unsourced",)).mark, "unsourced", "unreadable", f"unsourced: {fault}")
            )
        said_at: dict[str, tuple[File, Mark]] = {}
        for at, written in enumerate(shape.sources or ()):
            file, node = found  # type: ignore[misc]
            mark = node.at(("sources", at)).mark
            try:
                said_at.setdefault(folded_slug(written), (file, mark))
            except Unreadable as fault:
                self.problems.append(Problem(file, mark, "sources", "bad-slug", str(fault)))
        data_set.tables = Tables(tables, list(said_at), unsourced, said_at)

    def _files(self, data_set: DataSet) -> Iterator[Path]:
        """Yield the folder's seed files in order; a YAML file that would be passed over is a problem."""
        try:
            listed = sorted(data_set.folder.iterdir())
        except OSError as fault:
            self._whole(data_set.folder, "unreadable-file", f"cannot be read: {fault.strerror}")
            return
        for path in listed:
            if path.name in _FOLDERS and path.is_dir():
                yield from self._inner_files(data_set, path)
            elif registry_of(path) is not None:
                yield path
            elif path.suffix.lower() in {".yaml", ".yml"} and path.name != "dataset.yaml":
                stem = f"{path.stem}.yaml"
                hint = f"did you mean {stem!r}?" if stem in _EXPECTED else nearest(path.name, _EXPECTED)
                self._whole(path, "misplaced", "is no file of a data set and would not be read", hint)
            elif path.is_dir() and not path.is_symlink() and any(path.rglob("*.y*ml")):
                self._whole(path, "misplaced", "is no folder of a data set", nearest(path.name, _FOLDERS))

    def _inner_files(self, data_set: DataSet, folder: Path) -> Iterator[Path]:
        """Yield the files of transfers/ or about/."""
        try:
            next(folder.iterdir(), None)  # rglob passes over what it may not read
        except OSError as fault:
            self._whole(folder, "unreadable-file", f"cannot be read: {fault.strerror}")
            data_set.unreadable.add(Kind.TRANSFER)
        for inner in sorted(folder.rglob("*")):
            if inner.suffix == ".yaml" and inner.parent == folder:
                yield inner
            elif inner.suffix.lower() in {".yaml", ".yml"}:
                self._whole(inner, "misplaced", f"would not be read; expected {folder.name}/<name>.yaml")

    def _is_outside(self, path: Path, folder: Path) -> bool:
        """Whether a path leads out of its data set, which is told: what is loaded is what can be seen in the folder."""
        outside = leads_outside(path, folder)
        if outside:
            self._whole(path, "outside", "is a link that leads out of the data set; put the file itself there")
        return outside

    def _document(self, path: Path, folder: Path) -> tuple[File, Node] | None:
        if self._is_outside(path, folder):
            return None
        try:
            file, raw = read_file(path)
        except Rejected as rejected:
            self.problems.append(rejected.problem)
            return None
        self.digest.update(os.fsencode(path.name) + b"\0" + raw + b"\0")
        node, problems = read_yaml(file)
        self.problems.extend(problems)
        if node is None:
            return None
        if not isinstance(node.content, dict):
            self.problems.append(
                Problem(file, node.mark, "", "wrong-type", "the file must be a mapping of keys to values")
            )
            return None
        return file, node

    def _read_seed_file(self, data_set: DataSet, path: Path) -> None:
        kind = registry_of(path) if path.parent == data_set.folder else None
        about = kind is None and path.parent.name == "about"
        found = self._document(path, data_set.folder)
        if found is None:
            if not about:
                data_set.unreadable.add(kind or Kind.TRANSFER)
            return
        file, node = found
        if about:
            data_set.documents.append(Document(path, file, None, "", node, Mark(1, 1)))
        elif kind is None:
            self._add(data_set, Document(path, file, Kind.TRANSFER, path.stem, node, Mark(1, 0)))
        else:
            for slug, entry in node.content.items():  # type: ignore[union-attr]
                self._add(data_set, Document(path, file, kind, slug, entry, node.keys[slug].mark))

    def _add(self, data_set: DataSet, document: Document) -> None:
        if SLUG.fullmatch(document.slug):
            data_set.documents.append(document)
            return
        message = f"{document.slug[:60]!r} is not a slug; expected small letters, digits, '.', '_' or '-', at most 100"
        mark = Mark(0, 0) if document.kind is Kind.TRANSFER else document.mark
        self.problems.append(Problem(document.file, mark, "slug", "bad-slug", message))
        if document.kind:
            data_set.unreadable.add(document.kind)


def _is_data_set(folder: Path) -> bool:
    """Whether a folder says that it is a data set, or holds tables: these need not say so."""
    if not folder.is_dir():
        return False
    return (folder / "dataset.yaml").is_file() or any(table_of(one, TABLES) for one in folder.iterdir())
