"""`donors`: who gave what."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import output_options, read_period, reading, write


class _TransferKind(click.ParamType[str]):
    """A kind of transfer; its words are looked up only when one is given, for the sake of a quick --help."""

    name = "kind"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from zoo_provenance.vocabulary import TransferKind

        words = [kind.value for kind in TransferKind]
        if value not in words:
            self.fail(f"{value!r} is no kind of transfer; choose from {', '.join(words)}", param, ctx)
        return value


@click.command(
    epilog="""\b
JSON (zooprov/donors/1): donors [{donor {slug, label, kind, country},
transfers, unstated, loans, not_completed, animals {min, max}, taxa, first,
last, lines, cited_lines, origins, findings}]. transfers: title passed;
unstated: not said whether; loans and not_completed are in no sum; findings
are null: no rule has been run.
Exit codes: 0 fine, 1 failed, 2 usage, 4 not found or ambiguous, 5 schema."""
)
@click.option("--to", metavar="ZOO", help="Only what this institution received.")
@click.option("--since", metavar="DATE", help="Only what may have happened on or after this date.")
@click.option("--until", metavar="DATE", help="Only what may have happened on or before this date.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=_TransferKind(),
    help="Only these kinds of transfer.",
)
@click.option(
    "--by",
    type=click.Choice(["holder", "giver"]),
    default="holder",
    show_default=True,
    help="Who held the animals before, or in whose name they were given.",
)
@output_options
@click.pass_context
def donors(
    context: click.Context,
    to: str | None,
    since: str | None,
    until: str | None,
    kinds: tuple[str, ...],
    by: str,
    form: str | None,
    output: Path | None,
) -> None:
    """Rank donors by what arrived from them."""
    from zoo_provenance.questions.arrivals import Filter
    from zoo_provenance.questions.donors import donors as ask
    from zoo_provenance.questions.naming import thing_named
    from zoo_provenance.rendering.donors import donors_document
    from zoo_provenance.vocabulary import Kind

    first, last = read_period(since, until)
    with reading(context) as connection:
        to_id = thing_named(connection, to, (Kind.INSTITUTION,)).id if to is not None else None
        found = ask(connection, Filter(to_id=to_id, since=first, until=last, kinds=kinds), by=by)
    write(donors_document(found), form, output)
