"""From chunks of a table file to staged rows: cells read column by column, every bad one told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import Table

from zoo_provenance.fields import PARTS
from zoo_provenance.loading.bulk import staging
from zoo_provenance.loading.bulk.columns import (
    NOTES,
    ROLES,
    TABLES,
    Cells,
    FieldColumn,
    Tell,
    fields_of,
    flags_read,
    lists_read,
    passed_memo,
    passes_memo,
    probabilities_read,
    slugs_read,
    texts_read,
)
from zoo_provenance.loading.bulk.reading import Chunk
from zoo_provenance.loading.bulk.staging import Pouring
from zoo_provenance.loading.problems import File, Mark, Problem, nearest
from zoo_provenance.loading.values import UNKNOWN
from zoo_provenance.names import fold
from zoo_provenance.vocabulary import LABEL_LENGTH, VALUE_LENGTH, Kind, LinkKind

_CLAIM = ("file", "line", "slug", "part", "field", "value", "source", "language", "search_key")

_SPOKEN: dict[str, set[Table]] = {
    "sources": {staging.BASIS},
    "transfers": {staging.LINK},
    "lines": {staging.LINE, staging.LINE_ANIMAL},
    "participants": {staging.PARTICIPANT},
    "descent": {staging.DESCENT},
}
"""What parts a table speaks of, whether or not it has a row of them."""


class Pourer:
    """Pours one file's chunks; `sources` and `unsourced` are what the data set says of rows that say neither."""

    def __init__(
        self,
        pouring: Pouring,
        problems: Any,
        file: File,
        number: int,
        table: str,
        sources: Sequence[str],
        *,
        unsourced: bool,
    ) -> None:
        self.pouring = pouring
        self.problems = problems
        self.file = file
        self.number = number
        self.shape = TABLES[table]
        self.sources = sources
        self.unsourced = unsourced
        self.side: dict[Table, list[tuple[Any, ...]]] = defaultdict(list)
        pouring.spoken |= _SPOKEN.get(table, set())
        pouring.names_spoken |= table == "names"

    def pour(self, chunk: Chunk) -> None:
        """Stage the rows of a chunk."""
        self.file.columns.update(chunk.names)
        cells = dict(zip(chunk.names, chunk.columns, strict=True))
        owner = self.shape.owner
        if "dam" in cells or "sire" in cells:
            self.pouring.spoken.add(staging.DESCENT)
        if owner == "descent":
            self._descent(chunk, cells)
        elif owner == "name":
            self._names(chunk, cells)
        else:
            self._rows(chunk, cells, owner)
        for table, rows in self.side.items():
            names = _CLAIM if table is staging.CLAIM else [column.name for column in table.c]
            self.pouring.pour(table, names, rows)
        self.side.clear()

    def _tell(self, chunk: Chunk, name: str) -> Tell:
        def tell(at: int, code: str, message: str, suggestion: str) -> None:
            self.problems.append(Problem(self.file, Mark(chunk.lines[at], 0), name, code, message, suggestion))

        return tell

    # -- rows of records, lines and participants -------------------------------------------------------

    def _rows(self, chunk: Chunk, cells: dict[str, Cells], owner: str) -> None:
        is_part = owner in PARTS
        slugs = self._slugs(chunk, cells, "transfer" if is_part else "slug")
        columns: dict[str, Sequence[Any]] = {"file": [self.number] * len(slugs), "line": chunk.lines, "slug": slugs}
        parts: list[str | None] = [""] * len(slugs)
        if is_part:
            columns["key"] = keys = self._slugs(chunk, cells, "key")
            parts = [key and f"{owner}s/{key}" for key in keys]
        else:
            columns["row"] = self.pouring.number(Kind(owner), len(slugs))
            self._labels(chunk, cells, columns)
        present = {name: column for name, column in fields_of(owner).items() if name in cells}
        for name, column in present.items():
            read = column.read(cells[name], self._tell(chunk, name))
            columns.update((at, one) for at, one in zip(column.staged, read, strict=True) if not at.startswith("_"))
            if UNKNOWN in cells[name]:
                self._unknown(chunk, cells, name, slugs, parts)
        if "notes" in cells:
            columns["notes"] = texts_read(cells["notes"], self._tell(chunk, "notes"), NOTES)
        self._by_default(chunk, cells, columns, owner, slugs)
        columns["sourced"] = self._vouched(chunk, cells, slugs, parts, present, owner)
        self._beside(chunk, cells, columns, slugs)
        table = self._table(owner)
        rows: Iterable[tuple[Any, ...]] = zip(*columns.values(), strict=True)
        if None in slugs or (is_part and None in columns["key"]):
            needed = ("slug", "key") if is_part else ("slug",)
            places = [list(columns).index(name) for name in needed]
            rows = [row for row in rows if all(row[at] is not None for at in places)]
        self.pouring.pour(table, list(columns), list(rows))

    def _table(self, owner: str) -> Table:
        if owner == "line":
            return staging.LINE
        return staging.PARTICIPANT if owner == "participant" else staging.KINDS[Kind(owner)]

    def _slugs(self, chunk: Chunk, cells: dict[str, Cells], name: str) -> list[str | None]:
        return slugs_read(cells[name], self._tell(chunk, name), required=True)

    def _labels(self, chunk: Chunk, cells: dict[str, Cells], columns: dict[str, Sequence[Any]]) -> None:
        slugs = columns["slug"]
        named: Sequence[str | None] = [None] * len(slugs)
        if "name" in cells:
            named = texts_read(cells["name"], self._tell(chunk, "name"), LABEL_LENGTH)
        if None in named and "scientific_name" in cells:
            # Told of where the field is read.
            scientific = texts_read(cells["scientific_name"], lambda *_: None, LABEL_LENGTH)
            both = zip(named, scientific, strict=True)
            named = [name or (other if other != UNKNOWN else None) for name, other in both]
        labels = [name or slug for name, slug in zip(named, slugs, strict=True)] if None in named else named
        columns["label"] = labels
        columns["search_key"] = [label and fold(label) for label in labels]

    def _by_default(
        self,
        chunk: Chunk,
        cells: dict[str, Cells],
        columns: dict[str, Sequence[Any]],
        owner: str,
        slugs: Sequence[str | None],
    ) -> None:
        if owner == "line":
            columns["term"] = [term or "LIV" for term in columns.get("term", repeat(None, len(slugs)))]
        if owner != Kind.TRANSFER:
            return
        if "status" in cells:
            written = zip(columns["status"], cells["status"], strict=True)
            columns["status"] = [status or (None if cell == UNKNOWN else "completed") for status, cell in written]
        else:
            columns["status"] = ["completed"] * len(slugs)
        kinds = columns.get("kind") or [None] * len(slugs)
        passed = [passed_memo()[kind or ""] for kind in kinds]
        if "passes" in cells and any(cells["passes"]):
            stated = passes_memo().all(cells["passes"], self._tell(chunk, "passes"))
            flags = {"yes": True, "no": False, UNKNOWN: None}
            for at, both in enumerate(stated):
                if both is not None:
                    passed[at] = (flags[both[0]], flags[both[1]])
                    for field, word in zip(("custody", "title"), both, strict=True):
                        self._say(chunk, cells, at, slugs[at], "", field, word)
        columns["passes_custody"], columns["passes_title"] = zip(*passed, strict=True)

    # -- who vouches -----------------------------------------------------------------------------------

    def _vouched(
        self,
        chunk: Chunk,
        cells: dict[str, Cells],
        slugs: Sequence[str | None],
        parts: Sequence[str | None],
        present: dict[str, FieldColumn],
        owner: str,
    ) -> Sequence[int]:
        """Stage who vouches for whole rows; return whether each is vouched for, or by nobody on purpose."""
        named = self._named(chunk, cells)
        is_part = owner in PARTS
        free = flags_read(cells["unsourced"], self._tell(chunk, "unsourced")) if "unsourced" in cells else None
        if self.sources and not is_part:
            for at in range(len(slugs)):
                if not (free and free[at]):
                    named.setdefault(at, list(self.sources))
        whole = self.side[staging.CLAIM]
        for at, sources in named.items():
            line, slug, part = chunk.lines[at], slugs[at], parts[at]
            if slug is not None and part is not None:
                whole.extend((self.number, line, slug, part, "", None, source, "", None) for source in sources)
        everybody = self.unsourced or (owner == Kind.SOURCE)
        sourced = [int(everybody or at in named or bool(free and free[at])) for at in range(len(slugs))]
        if 0 in sourced and is_part:
            return _saying(sourced, [cells[name] for name in present])
        if 0 in sourced:
            self._tell_unsourced(chunk, cells, sourced, present)
        return sourced

    def _named(self, chunk: Chunk, cells: dict[str, Cells]) -> dict[int, list[str]]:
        """Return the sources that rows name, by their place in the chunk."""
        named: dict[int, list[str]] = {}
        for header in ("source", "sources"):
            if header in cells and any(cells[header]):
                for at, sources in lists_read(cells[header], self._tell(chunk, header)):
                    named[at] = list(dict.fromkeys([*named.get(at, ()), *sources]))
        return named

    def _tell_unsourced(
        self, chunk: Chunk, cells: dict[str, Cells], sourced: Sequence[int], present: dict[str, FieldColumn]
    ) -> None:
        """Tell of rows with values that nobody vouches for, each once."""
        needing = [(name, cells[name]) for name, column in present.items() if not column.field.identifies]
        for at, vouched in enumerate(sourced):
            bare = [] if vouched else [name for name, column in needing if column[at]]
            if bare:
                more = f" and {len(bare) - 1} more value{'s' * (len(bare) > 2)}" if len(bare) > 1 else ""
                message = f"no source for {bare[0]!r}{more}"
                hint = "name one in 'sources', or write yes in 'unsourced'; unsourced: true in dataset.yaml is for all rows"
                self.problems.append(Problem(self.file, Mark(chunk.lines[at], 0), bare[0], "unsourced", message, hint))

    def _unknown(
        self, chunk: Chunk, cells: dict[str, Cells], name: str, slugs: Sequence[str | None], parts: Sequence[str | None]
    ) -> None:
        """Stage claims that a source calls a value unknown."""
        for at, cell in enumerate(cells[name]):
            if cell == UNKNOWN:
                self._say(chunk, cells, at, slugs[at], parts[at], name, UNKNOWN)

    def _say(
        self,
        chunk: Chunk,
        cells: dict[str, Cells],
        at: int,
        slug: str | None,
        part: str | None,
        field: str,
        value: str,
        key: str | None = None,
    ) -> None:
        """Stage a claim of a row's own sources; of nobody in particular where it names none."""
        if slug is None or part is None:
            return
        named = [
            name for header in ("source", "sources") if header in cells for name in cells[header][at : at + 1] if name
        ]
        found: list[str | None] = [one for _, some in lists_read(named, lambda *_: None) for one in some]
        found = found or [*self.sources] or [None]
        self.side[staging.CLAIM].extend(
            (self.number, chunk.lines[at], slug, part, field, value, source, "", key) for source in dict.fromkeys(found)
        )

    # -- what else a row says --------------------------------------------------------------------------

    def _beside(
        self, chunk: Chunk, cells: dict[str, Cells], columns: dict[str, Sequence[Any]], slugs: Sequence[str | None]
    ) -> None:
        for name, written in cells.items():
            if name.startswith("id.") and any(written):
                self._identifiers(chunk, cells, name, slugs)
            elif name in {"dam", "sire"} and any(written):
                parents = slugs_read(written, self._tell(chunk, name), required=False)
                found = zip(chunk.lines, slugs, parents, strict=True)
                rows = [
                    (self.number, line, child, parent, name, 1.0) for line, child, parent in found if child and parent
                ]
                self.side[staging.DESCENT].extend(rows)
            elif name in {*LinkKind, "based_on", "animals"} and any(written):
                self._lists(chunk, written, name, slugs, columns.get("key", ()))

    def _lists(
        self, chunk: Chunk, written: Cells, name: str, slugs: Sequence[str | None], keys: Sequence[str | None]
    ) -> None:
        for at, named in lists_read(written, self._tell(chunk, name)):
            line, slug = chunk.lines[at], slugs[at]
            for other in named if slug is not None else ():
                if name == "based_on":
                    self.side[staging.BASIS].append((self.number, line, slug, other))
                elif name != "animals":
                    self.side[staging.LINK].append((self.number, line, slug, name, other))
                elif keys[at] is not None:
                    self.side[staging.LINE_ANIMAL].append((self.number, line, slug, keys[at], other))

    def _identifiers(self, chunk: Chunk, cells: dict[str, Cells], name: str, slugs: Sequence[str | None]) -> None:
        for at, value in enumerate(texts_read(cells[name], self._tell(chunk, name), VALUE_LENGTH)):
            if value is not None:
                self._say(chunk, cells, at, slugs[at], "", name, value, fold(value))

    # -- tables of parts -------------------------------------------------------------------------------

    def _descent(self, chunk: Chunk, cells: dict[str, Cells]) -> None:
        children, parents = self._slugs(chunk, cells, "child"), self._slugs(chunk, cells, "parent")
        bad = set(cells["role"]) - ROLES
        if bad:
            tell = self._tell(chunk, "role")
            for at, role in enumerate(cells["role"]):
                if role in bad:
                    hint = nearest(role, ROLES) or f"expected one of {', '.join(sorted(ROLES))}"
                    tell(at, "bad-word", f"{role[:40]!r} is no role of a parent", hint)
        numbers: Sequence[float | None] = [1.0] * len(children)
        if "probability" in cells and any(cells["probability"]):
            numbers = probabilities_read(cells["probability"], self._tell(chunk, "probability"))
        rows = zip(repeat(self.number), chunk.lines, children, parents, cells["role"], numbers, strict=False)
        found = list(rows)
        if bad or None in children or None in parents:
            found = [row for row in found if row[2] and row[3] and row[4] not in bad]
        self.side[staging.DESCENT] = found

    def _names(self, chunk: Chunk, cells: dict[str, Cells]) -> None:
        slugs = self._slugs(chunk, cells, "record")
        tell = self._tell(chunk, "name")
        names = texts_read(cells["name"], tell, LABEL_LENGTH)
        languages = texts_read(cells["language"], self._tell(chunk, "language"), 35) if "language" in cells else None
        former = flags_read(cells["former"], self._tell(chunk, "former")) if "former" in cells else None
        start = len(self.side[staging.CLAIM])
        for at, name in enumerate(names):
            if name is None:
                if not cells["name"][at]:
                    tell(at, "missing", "the cell is empty; every row needs one", "")
                continue
            field = "name.former" if former and former[at] else "name"
            self._say(chunk, cells, at, slugs[at], "", field, name, fold(name))
            if languages and languages[at]:
                said = self.side[staging.CLAIM]
                said[start:] = [(*row[:7], languages[at], row[8]) for row in said[start:]]
            start = len(self.side[staging.CLAIM])


def _saying(sourced: Sequence[int], columns: Sequence[Cells]) -> Sequence[int]:
    """Return whether parts are vouched for, or say nothing that needs it; for the others their transfer may vouch."""
    said = [any(row) for row in zip(*columns, strict=True)] if columns else [False] * len(sourced)
    return [int(one or not some) for one, some in zip(sourced, said, strict=True)]
