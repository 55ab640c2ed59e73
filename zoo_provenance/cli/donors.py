"""`donors`: who gave what."""

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
    today,
    write,
)


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
last, lines, cited_lines, origins, findings {high, medium, low}}].
transfers: title passed; unstated: not said whether; loans and not_completed
are in no sum; findings: null with --no-findings.
With DONOR: donor {the same}, findings [{rule, severity, message, records,
clear, waived}], transfers [{slug, label, date, kind, status, title, from,
to, sum, lines, taxa, sources, origins, reliability, credibility,
disputed}], people [{who, role, as, on_behalf_of, transfers}], evidence
[{by, value, sources, transfers}], cites [{line, taxon, appendix, sender,
receiver, permit, importer_report, exporter_report}], not_checked [{what,
number, of, why}], method [text].
Exit codes: 0 fine, 1 failed, 2 usage, 3 findings (--fail-on), 4 not found or
ambiguous, 5 schema."""
)
@click.argument("donor", required=False)
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
@click.option(
    "--fail-on",
    type=click.Choice(["high", "medium", "low"]),
    help="With DONOR: exit with 3 if there is a finding this grave that was not waived.",
)
@click.option(
    "--findings/--no-findings", "ask_rules", default=True, help="Count findings in the ranking, or rank only."
)
@engine_option
@as_of_option
@output_options
@click.pass_context
def donors(
    context: click.Context,
    donor: str | None,
    to: str | None,
    since: str | None,
    until: str | None,
    kinds: tuple[str, ...],
    by: str,
    fail_on: str | None,
    *,
    ask_rules: bool,
    form: str | None,
    output: Path | None,
) -> int:
    """Rank donors by what arrived from them; with DONOR, show the file on it: an institution, or a person who gave."""
    from zoo_provenance.questions.arrivals import Filter
    from zoo_provenance.questions.donor_file import donor_file, findings_by_donor
    from zoo_provenance.questions.donors import donors as ask
    from zoo_provenance.rendering.donor_file import donor_file_document
    from zoo_provenance.rendering.donors import donors_document
    from zoo_provenance.rules import Severity
    from zoo_provenance.vocabulary import Kind

    if fail_on is not None and donor is None:
        raise click.UsageError("--fail-on goes with a DONOR.")

    first, last = read_period(since, until)
    with reading(context) as connection:
        to_id = thing_named(connection, to, (Kind.INSTITUTION,)).id if to is not None else None
        chosen = Filter(to_id=to_id, since=first, until=last, kinds=kinds)
        if donor is None:
            found = ask(connection, chosen, by=by)
            findings = findings_by_donor(connection, chosen, today(), by=by) if ask_rules else None
            write(donors_document(found, findings), form, output)
            return 0
        thing = thing_named(connection, donor, (Kind.INSTITUTION, Kind.PERSON))
        by = "giver" if thing.kind is Kind.PERSON else by
        file = donor_file(connection, thing, chosen, today(), by=by)
    write(donor_file_document(file), form, output)
    grave = [one.value for one in Severity]
    worst = min((grave.index(one.severity) for one in file.findings if one.waived is None), default=len(grave))
    return 3 if fail_on is not None and worst <= grave.index(fail_on) else 0
