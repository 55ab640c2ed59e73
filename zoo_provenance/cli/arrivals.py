"""`arrivals`: what came with each transfer."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import (
    as_of_option,
    engine_option,
    output_options,
    read_period,
    reading,
    thing_named,
    write,
)


@click.command(
    epilog="""\b
JSON (zooprov/arrivals/1): transfers [{slug, label, date, kind, status,
custody, title, from, to, participants [{key, who, role, as, on_behalf_of,
disputed}], lines [{key, taxon, term, count, animals, disputed, rivals,
sources, origins}], sum {min, max}, stated [{count, sources,
origins, verdict}],
disputed, sources, origins}].
Exit codes: 0 fine, 1 failed, 2 usage, 4 not found or ambiguous, 5 schema."""
)
@click.argument("transfer", required=False)
@click.option("--to", metavar="ZOO", help="Only what this institution received.")
@click.option("--from", "from_", metavar="ZOO", help="Only what this institution sent.")
@click.option("--taxon", help="Only transfers with this taxon, or one below it.")
@click.option("--since", metavar="DATE", help="Only what may have happened on or after this date.")
@click.option("--until", metavar="DATE", help="Only what may have happened on or before this date.")
@click.option("--undated", is_flag=True, help="With a period: also what nobody dates.")
@engine_option
@as_of_option
@output_options
@click.pass_context
def arrivals(
    context: click.Context,
    transfer: str | None,
    to: str | None,
    from_: str | None,
    taxon: str | None,
    since: str | None,
    until: str | None,
    *,
    undated: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """Show what came with TRANSFER, or with every transfer that matches."""
    from zoo_provenance.questions.arrivals import Filter
    from zoo_provenance.questions.arrivals import arrivals as ask
    from zoo_provenance.rendering.arrivals import arrivals_document
    from zoo_provenance.vocabulary import Kind

    first, last = read_period(since, until)
    with reading(context) as connection:

        def named(text: str | None, kind: Kind) -> int | None:
            return thing_named(connection, text, (kind,)).id if text is not None else None

        chosen = Filter(
            transfer_id=named(transfer, Kind.TRANSFER),
            from_id=named(from_, Kind.INSTITUTION),
            to_id=named(to, Kind.INSTITUTION),
            taxon_id=named(taxon, Kind.TAXON),
            since=first,
            until=last,
            undated=undated,
        )
        found = ask(connection, chosen)
    write(arrivals_document(found), form, output)
