"""`evidence`: every claim, who says it, and why one was chosen."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import as_of_option, output_options, reading, thing_named, write


@click.command(
    epilog="""\b
JSON (zooprov/evidence/1): record {slug, label, kind}; notes; fields [{field,
concluded, verdict, decided {value, reason}, claims [{value, language, during,
origins, dismissed, said [{source, stance, at, quote, certainty, own, note,
inherited, language}]}]}]. inherited: said of the whole the value stands in;
language: the source's, and so the quote's.
Exit codes: 0 fine, 1 failed, 4 not found or ambiguous, 5 schema."""
)
@click.argument("record")
@click.argument("field", required=False)
@as_of_option
@output_options
@click.pass_context
def evidence(context: click.Context, record: str, field: str | None, form: str | None, output: Path | None) -> None:
    """Show every claim about RECORD (or a line, as TRANSFER/LINE), or about one FIELD of it."""
    from zoo_provenance.errors import UnknownThing
    from zoo_provenance.loading.problems import nearest
    from zoo_provenance.questions.evidence import evidence as ask
    from zoo_provenance.questions.evidence import known_fields
    from zoo_provenance.rendering.evidence import evidence_document

    with reading(context) as connection:
        thing = thing_named(connection, record, lines=True)
        account = ask(connection, thing, field)
        if field is not None and not account.fields and field not in known_fields(thing):
            recorded = [one.field for one in ask(connection, thing).fields]
            close = nearest(field, [*recorded, *known_fields(thing)]).removeprefix("did you mean '").removesuffix("'?")
            raise UnknownThing(f"field of {thing.slug}", field, [close] if close else recorded[:5])
    write(evidence_document(account), form, output)
