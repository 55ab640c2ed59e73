"""`export`: the data, out again."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from zoo_provenance.cli.common import exporting, output_options, say, write

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

    with exporting(context) as connection, ExitStack() as stack:
        if sys.stderr.isatty():
            made = export_parquet(connection, folder, _Bar(rows_in_all(connection), stack))
        else:
            made = export_parquet(connection, folder)
    write(export_document(made, folder), form, output)
    say(f"Exported to {folder}. Ask it with: zoo-provenance --db parquet:{folder} donors")


@export.command(
    epilog="""\b
JSON (zooprov/export-seeds/1): folder, datasets [{name, folder,
records {kind: n}, about}], judgements {settled, dismissed, waived, merged,
different}.
Exit codes: 0 fine, 1 failed, 2 usage, 4 no such data set, 5 schema."""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--dataset", "names", metavar="NAME", multiple=True, help="Only this data set; may be given several times."
)
@output_options
@click.pass_context
def seeds(context: click.Context, folder: Path, names: tuple[str, ...], form: str | None, output: Path | None) -> None:
    """Write the data sets as seed files below DIR, a folder for each, which load into an equal database.

    DIR is new or empty. What was decided by command belongs to no data set: it goes to DIR/judgements.yaml, and comes
    back with `load DIR`. The history of changes stays in the database.
    """
    from zoo_provenance.exporting.folders import export_seeds
    from zoo_provenance.rendering.exports import seeds_document

    with exporting(context) as connection, ExitStack() as stack:
        progress = _Bar(_records_in(connection), stack) if sys.stderr.isatty() else lambda _records: None
        made = export_seeds(connection, folder, names, progress)
    write(seeds_document(made, folder), form, output)
    say(f"Exported to {folder}. Load it with: zoo-provenance --db NEW.db load {folder}")


def _records_in(connection: Any) -> int:
    from sqlalchemy import func, select

    from zoo_provenance.tables import record

    return int(connection.execute(select(func.count()).select_from(record)).scalar_one())
