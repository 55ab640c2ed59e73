"""`export`: the data, out again."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from zoo_provenance.cli.common import output_options, say, snapshot, write

_SOON = 1.0


class _Bar:
    """A progress bar on a terminal, from the moment it has taken a second."""

    def __init__(self, rows: int, stack: ExitStack) -> None:
        self.rows, self.done, self.stack = rows, 0, stack
        self.began = time.monotonic()
        self.bar: Any = None

    def __call__(self, rows: int) -> None:
        """Take how many more rows were written."""
        self.done += rows
        if self.bar is not None:
            self.bar.update(rows)
        elif time.monotonic() - self.began > _SOON:
            self.bar = self.stack.enter_context(
                click.progressbar(length=max(self.rows, self.done), label="Exporting", file=sys.stderr)
            )
            self.bar.update(self.done)


@click.group(epilog="Exit codes: 0 fine, 1 failed, 2 usage, 5 the schema is older or newer.")
def export() -> None:
    """Write the data out again."""


@export.command(
    epilog="""\b
JSON (zooprov/export/1): format, folder, revision, batch {id, digest},
tables [{table, rows, files}].
Exit codes: 0 fine, 1 failed, 2 usage, 5 schema."""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@output_options
@click.pass_context
def parquet(context: click.Context, folder: Path, form: str | None, output: Path | None) -> None:
    """Write all tables as Parquet below DIR, to be asked with --db parquet:DIR.

    DIR is new or empty, or an earlier export, which is replaced when the new one is whole.
    """
    from zoo_provenance.engines.writing import export_parquet, rows_in_all
    from zoo_provenance.rendering.exports import export_document

    with snapshot(context) as connection, ExitStack() as stack:
        if sys.stderr.isatty():
            made = export_parquet(connection, folder, _Bar(rows_in_all(connection), stack))
        else:
            made = export_parquet(connection, folder)
    write(export_document(made, folder), form, output)
    say(f"Exported to {folder}. Ask it with: zoo-provenance --db parquet:{folder} donors")
