"""`duplicates`: records that may be one thing."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import output_options, reading, say, write
from zoo_provenance.cli.lookup import ListOf


@click.command(
    epilog="""\b
JSON (zooprov/duplicates/1): duplicates [{kind, score, record {slug, label},
other {slug, label}, agrees [{field, value, other, verdict}], differs
[{field, value, other, verdict}]}]. score: 0 to 100; verdict: agree, alike
(names), refines; possible, conflict.
Exit codes: 0 fine, 1 failed, 2 usage, 5 schema."""
)
@click.argument("kind", required=False, type=ListOf())
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="At most so many; 0: all.")
@click.option(
    "--at-least", type=click.IntRange(0, 100), default=80, show_default=True, metavar="PERCENT", help="How alike."
)
@output_options
@click.pass_context
def duplicates(
    context: click.Context, kind: str | None, limit: int, at_least: int, form: str | None, output: Path | None
) -> None:
    """Propose records of KIND (or of any) that may be one thing, by names in any script, dates and places.

    Nothing is merged. Pairs that were judged before, merged or not, are not shown.
    """
    from zoo_provenance.questions.duplicates import duplicates as ask
    from zoo_provenance.questions.duplicates import near_names_are_compared
    from zoo_provenance.questions.lookup import LISTED
    from zoo_provenance.rendering.duplicates import duplicates_document

    with reading(context) as connection:
        found, number = ask(connection, (LISTED[kind],) if kind else (), at_least=at_least, limit=limit)
    write(duplicates_document(found), form, output)
    if number > len(found):
        say(f"There are {number - len(found):,} more; --limit 0 shows all.")
    if not near_names_are_compared():
        say("Only equal names are compared; for near ones: pip install 'zoo-provenance[fuzzy]'")
