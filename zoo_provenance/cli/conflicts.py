"""`conflicts`: where sources disagree."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import as_of_option, output_options, reading, thing_named, write


@click.command(
    epilog="""\b
JSON (zooprov/conflicts/1): conflicts [{record, line, field, verdict,
settled, concluded, reason, values [{value, during, sources, against,
origins, dismissed, reason, note}]}]. verdict: conflict, possible or
refines; a value without sources is the sum of a transfer's lines.
Exit codes: 0 fine, 1 failed, 2 usage, 4 not found or ambiguous, 5 schema."""
)
@click.argument("record", required=False)
@click.option("--field", help="Only this field: count, date, statement.payment …")
@click.option("--verdict", type=click.Choice(["conflict", "possible", "refines"]), help="Only this verdict.")
@click.option("--all", "settled", is_flag=True, help="Also what was settled or dismissed.")
@as_of_option
@output_options
@click.pass_context
def conflicts(
    context: click.Context,
    record: str | None,
    field: str | None,
    verdict: str | None,
    *,
    settled: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """List the values that sources disagree about, worst first: of RECORD (or TRANSFER/LINE), or of all."""
    from zoo_provenance.questions.conflicts import conflicts as ask
    from zoo_provenance.rendering.conflicts import conflicts_document

    with reading(context) as connection:
        thing = None if record is None else thing_named(connection, record, lines=True)
        found = ask(connection, thing=thing, field=field, verdict=verdict, settled=settled)
    write(conflicts_document(found, settled=settled), form, output)
