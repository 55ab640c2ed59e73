"""An export: a folder of Parquet files for each table, and the manifest that says what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zoo_provenance.database import REVISIONS
from zoo_provenance.errors import (
    DatabaseNewer,
    DatabaseOutdated,
    DatabaseUnavailable,
    MissingDatabase,
    NotADatabase,
)

MANIFEST = "zooprov.json"
SCHEMA = "zooprov/parquet/1"


@dataclass(frozen=True)
class Part:
    """A file of a table: its path in the export, its rows and its size in bytes."""

    path: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class LastBatch:
    """The last batch an export was made from, whose digest covers all before it."""

    id: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What an export holds: the schema's revision, the last batch, and each table's files in order of key."""

    revision: str
    batch: LastBatch | None
    tables: Mapping[str, tuple[Part, ...]]

    def rows(self, table: str) -> int:
        """Return how many rows a table has."""
        return sum(part.rows for part in self.tables[table])


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of an export, last of all its files."""
    body = {
        "schema": SCHEMA,
        "revision": manifest.revision,
        "batch": asdict(manifest.batch) if manifest.batch else None,
        "tables": {
            name: {"rows": manifest.rows(name), "files": [asdict(part) for part in parts]}
            for name, parts in manifest.tables.items()
        },
    }
    (folder / MANIFEST).write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of an export. Raises MissingDatabase, NotADatabase or DatabaseUnavailable."""
    name = f"parquet:{folder}"
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
    except FileNotFoundError as fault:
        if folder.is_dir():
            raise NotADatabase(f"{name} is no export: it has no {MANIFEST}.") from fault
        raise MissingDatabase(
            f"There is no export at {name}. Make one with: zoo-provenance export parquet {folder}"
        ) from fault
    except NotADirectoryError as fault:
        raise NotADatabase(f"{name} is no folder.") from fault
    except UnicodeDecodeError as fault:
        raise NotADatabase(f"{name} is no export: its {MANIFEST} cannot be read.") from fault
    except OSError as fault:
        raise DatabaseUnavailable(f"{name} cannot be read: {fault.strerror}.") from fault
    try:
        return _manifest(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise NotADatabase(f"{name} is no export: its {MANIFEST} is not as this program writes it.") from fault


def _manifest(body: Any) -> Manifest:
    if body["schema"] != SCHEMA:
        raise ValueError(body["schema"])
    batch = body["batch"]
    return Manifest(
        str(body["revision"]),
        LastBatch(int(batch["id"]), str(batch["digest"])) if batch is not None else None,
        {
            str(name): tuple(Part(str(one["path"]), int(one["rows"]), int(one["bytes"])) for one in table["files"])
            for name, table in body["tables"].items()
        },
    )


def demand_readable(folder: Path, manifest: Manifest) -> None:
    """Raise unless an export is of the program's own revision and its files are there, whole by their size."""
    name, again = f"parquet:{folder}", f"zoo-provenance export parquet {folder}"
    if manifest.revision != REVISIONS[-1]:
        if manifest.revision in REVISIONS:
            raise DatabaseOutdated(f"{name} has an older schema. Make it again from the database with: {again}")
        raise DatabaseNewer(
            f"{name} was written by a newer zoo-provenance (schema {manifest.revision}). Upgrade the program."
        )
    for part in (part for parts in manifest.tables.values() for part in parts):
        try:
            size = (folder / part.path).stat().st_size
        except OSError as fault:
            raise DatabaseUnavailable(f"{name} lacks {part.path}. Make it again with: {again}") from fault
        if size != part.bytes:
            raise DatabaseUnavailable(f"{name} is damaged: {part.path} is not whole. Make it again with: {again}")


def is_export(folder: Path) -> bool:
    """Whether a folder holds an export of this program, of any revision."""
    try:
        read_manifest(folder)
    except (MissingDatabase, NotADatabase, DatabaseUnavailable):
        return False
    return True
