"""How an export reads: its tables and their rows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from zoo_provenance.engines.exports import Manifest
from zoo_provenance.exporting.folders import ExportedSeeds
from zoo_provenance.rendering.documents import Document, Table
from zoo_provenance.vocabulary import Kind

_JUDGED = ("settled", "dismissed", "waived", "merged", "different")


def export_document(manifest: Manifest, folder: Path) -> Document:
    """Return the document of an export."""
    tables = [
        {"table": name, "rows": manifest.rows(name), "files": len(parts)} for name, parts in manifest.tables.items()
    ]
    body = {
        "format": "parquet",
        "folder": str(folder),
        "revision": manifest.revision,
        "batch": asdict(manifest.batch) if manifest.batch else None,
        "tables": tables,
    }
    rows = [[str(value) for value in one.values()] for one in tables]
    batch = f"batch {manifest.batch.id}" if manifest.batch else "no batch"
    return Document(
        "zooprov/export/1",
        body,
        "tables",
        Table(("table", "rows", "files"), rows),
        [Table(("Table", "Rows", "Files"), rows), f"Schema {manifest.revision}, {batch}."],
    )


def seeds_document(made: ExportedSeeds, folder: Path) -> Document:
    """Return the document of an export of seeds."""
    body = {
        "folder": str(folder),
        "datasets": [asdict(one) for one in made.datasets],
        "judgements": {name: made.judgements.get(name, 0) for name in _JUDGED},
    }
    kinds = [kind.value for kind in Kind]
    rows = [
        [one.name, one.folder, *(str(one.records.get(kind, 0)) for kind in kinds), str(one.about)]
        for one in made.datasets
    ]
    flat = Table(("dataset", "folder", *kinds, "about"), rows, "No data sets.")
    shown = Table(
        ("Data set", "Folder", *(kind.capitalize() for kind in kinds), "About others'"), rows, "No data sets."
    )
    decided = sum(made.judgements.values())
    last = [f"{decided} judgement{'s' * (decided != 1)} made by command: judgements.yaml."] if decided else []
    return Document("zooprov/export-seeds/1", body, "datasets", flat, [shown, *last])
