"""`load`: seeds into the database, everything or nothing."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import (
    BY_SUFFIX,
    check_writable,
    output_options,
    say,
    shown_progress,
    tell_merged,
    url_of,
    write,
)

_SHOWN = 3


@click.command(
    epilog="""\b
JSON (zooprov/load/1): created {kind: n}, updated, unchanged, pruned;
kept [{record {slug, label, kind}, by [text]}];
problems [{path, line, column, field, code, message, suggestion}]; batch n,
or null where nothing was written.
Exit codes: 0 fine, 1 problems (nothing was written) or failed, 2 usage,
5 schema, 130 interrupted."""
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@click.option(
    "--prune",
    is_flag=True,
    help="Remove records that are gone from their folder, unless something else refers to them.",
)
@click.option("--overrule", is_flag=True, help="Let the files replace what was decided otherwise by command.")
@click.option(
    "--problems",
    "problems_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all problems to a file, one a line; its suffix picks the format (.csv, .jsonl; else text).",
)
@output_options
@click.pass_context
def load(
    context: click.Context,
    paths: tuple[Path, ...],
    *,
    dry_run: bool,
    prune: bool,
    overrule: bool,
    problems_file: Path | None,
    form: str | None,
    output: Path | None,
) -> int:
    """Load data sets' folders, or files in them: seed files (YAML), or tables (CSV, JSON Lines; plain or gzip).

    A folder that holds data sets' folders, such as an export of seeds, stands for them all. Without PATH, the packaged
    Korea Central Zoo. Everything or nothing.
    """
    from zoo_provenance import database, locations, schema
    from zoo_provenance.loading.load import load as load_seeds
    from zoo_provenance.loading.problems import tell_all
    from zoo_provenance.rendering.loads import load_document, problems_document

    url = url_of(context)
    for file in (output, problems_file):
        if file is not None:
            check_writable(file)
    unmake = schema.made(url)
    kept = False
    try:
        chosen = paths or (locations.packaged_seeds(),)
        with shown_progress(chosen) as progress:
            loaded = load_seeds(
                lambda: database.writing(url),
                chosen,
                dry_run=dry_run,
                prune=prune,
                overrule=overrule,
                progress=progress,
            )
        kept = not loaded.problems and not dry_run
    finally:
        if unmake is not None and not kept:
            unmake()
    if loaded.problems:
        say(tell_all(loaded.problems))
    tell_merged(loaded.merged)
    if problems_file is not None:
        write(
            problems_document(loaded.problems),
            None if problems_file.suffix.lower() in BY_SUFFIX else "table",
            problems_file,
        )
    if not loaded.problems or form in {"json", "jsonl"} or output is not None:
        write(load_document(loaded, dry_run=dry_run), form, output)
    for one in loaded.kept:
        others = f" and {len(one.by) - _SHOWN} more" if len(one.by) > _SHOWN else ""
        say(f"{one.slug} is gone and stays: {', '.join(one.by[:_SHOWN])}{others} refers to it.")
    if kept and form is None and output is None:
        say(f"Database: {database.describe(url)}")
    return 1 if loaded.problems else 0
