"""`gaps`: what nobody knows."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import as_of_option, output_options, reading, thing_named, write


@click.command(
    epilog="""\b
JSON (zooprov/gaps/1): gaps [{record, line, what, since, until, examined,
sources}]. what: birth (of an animal, or its capture), origin (of a
consignment), holder, fate, date, count; since and until bound it, null is
open; sources were searched and say nothing.
Exit codes: 0 fine, 1 failed, 2 usage, 3 gaps found (--fail), 4 not found or
ambiguous, 5 schema."""
)
@click.argument("record", required=False)
@click.option("--taxon", help="Only of this taxon and those below it.")
@click.option("--at", "zoo", metavar="ZOO", help="Only of what was born at, died at or came to this institution.")
@click.option("--what", type=click.Choice(["birth", "origin", "holder", "fate", "date", "count"]), help="Only these.")
@click.option("--unexamined", is_flag=True, help="Only where nobody has looked.")
@click.option("--fail", is_flag=True, help="Exit with 3 if there is a gap.")
@as_of_option
@output_options
@click.pass_context
def gaps(
    context: click.Context,
    record: str | None,
    taxon: str | None,
    zoo: str | None,
    what: str | None,
    *,
    unexamined: bool,
    fail: bool,
    form: str | None,
    output: Path | None,
) -> int:
    """List what nobody knows: of RECORD (an animal, a transfer or TRANSFER/LINE), of a taxon, at a zoo, or of all."""
    from zoo_provenance.questions.gaps import gaps as ask
    from zoo_provenance.questions.gaps import scope_of
    from zoo_provenance.rendering.gaps import gaps_document
    from zoo_provenance.vocabulary import Kind

    if record is not None and (taxon is not None or zoo is not None):
        raise click.UsageError("Name a record, or a taxon and a zoo, not both.")
    with reading(context) as connection:
        thing = None
        if record is not None:
            thing = thing_named(connection, record, (Kind.ANIMAL, Kind.TRANSFER), lines=True)
        taxon_id = None if taxon is None else thing_named(connection, taxon, (Kind.TAXON,)).id
        zoo_id = None if zoo is None else thing_named(connection, zoo, (Kind.INSTITUTION,)).id
        found = ask(connection, scope_of(thing, taxon_id, zoo_id), what)
    found = [one for one in found if not (unexamined and one.examined)]
    write(gaps_document(found), form, output)
    return 3 if fail and found else 0
