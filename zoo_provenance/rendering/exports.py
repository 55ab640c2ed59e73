"""How an export reads: its tables and their rows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from zoo_provenance.engines.exports import Manifest
from zoo_provenance.rendering.documents import Document, Table


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
