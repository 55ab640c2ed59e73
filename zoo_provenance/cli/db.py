"""`db`: the schema and the file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from zoo_provenance.cli.common import database_option, harmless, located, say, url_of


@click.group(epilog="Exit codes: 0 fine, 1 failed, 2 usage, 3 problems found, 5 the schema is older or newer.")
def db() -> None:
    """Look after the schema and the file of the database."""


@db.command()
@click.argument("revision", default="head")
@database_option
@click.pass_context
def upgrade(context: click.Context, revision: str) -> None:
    """Bring the schema up to REVISION (the newest), making the database where there is none."""
    from zoo_provenance import database, schema

    url = url_of(context)
    schema.upgrade(url, revision)
    say(f"{database.describe(url)} is at revision {schema.current(url) or 'base'}.")


@db.command()
@click.argument("revision")
@database_option
@click.pass_context
def downgrade(context: click.Context, revision: str) -> None:
    """Take the schema down to REVISION; `base` removes every table and all data.

    Refused where REVISION cannot hold what was judged, merged or waived since.
    """
    from zoo_provenance import database, schema

    url = url_of(context)
    unlogged = schema.downgrade(url, revision)
    if unlogged:
        say(
            f"The {unlogged} batches so far stay in the history, but can neither be taken back nor asked --as-of any more."
        )
    say(f"{database.describe(url)} is at revision {schema.current(url) or 'base'}.")


@db.command()
@database_option
@click.pass_context
def current(context: click.Context) -> None:
    """Print the schema's revision."""
    from zoo_provenance import schema

    click.echo(schema.current(url_of(context)) or "base")


@db.command()
@database_option
@click.pass_context
def check(context: click.Context) -> int:
    """Check the file: its integrity, that references lead somewhere, that the schema is as declared.

    And what is in it: that columns hold what their claims conclude, and that nothing was written past the history.
    """
    from zoo_provenance import database, schema
    from zoo_provenance.history.verifying import verify
    from zoo_provenance.questions.rules.columns import drifted

    url = url_of(context)
    with database.reading(url) as connection:
        problems = [*schema.damage(connection), *schema.dangling(connection), *schema.drift(connection)]
        if not problems:
            problems = [
                *(
                    f"drift: {one.slug} {one.part} {one.field} holds {one.held!r}, its claims conclude {one.concluded!r}"
                    for one in drifted(connection)
                ),
                *(
                    f"history: {f'batch {one.batch} ' if one.batch else ''}{one.message}"
                    for one in verify(connection).broken
                ),
            ]
    for problem in problems:
        click.echo(harmless(problem))
    if not problems:
        say(f"{database.describe(url)}: no problems found.")
    return 3 if problems else 0


@db.command()
@database_option
@click.pass_context
def path(context: click.Context) -> None:
    """Print where the database is."""
    from zoo_provenance import database

    where = database.describe(located(context))
    # A program that reads this needs the path as it is, whatever its bytes.
    click.echo(harmless(where) if sys.stdout.isatty() else os.fsencode(where))


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@database_option
@click.pass_context
def backup(context: click.Context, file: Path) -> None:
    """Copy the database to FILE while others may be writing: SQLite's online backup, or pg_dump."""
    from zoo_provenance import backup as copies
    from zoo_provenance import database

    url = url_of(context)
    copies.back_up(url, file)
    say(f"{database.describe(url)} was copied to {file}.")
