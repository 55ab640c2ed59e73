"""`check` and `waive`: what cannot be right, and what may stand nevertheless."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import (
    as_of_option,
    database_option,
    output_options,
    reading,
    say,
    thing_named,
    today,
    write,
    writing,
)


@click.command(
    epilog="""\b
JSON (zooprov/check/1): findings [{rule, severity, message, records, clear,
waived}]. records: slugs, the one it is about first; waived: null, or the
reason it may stand.
Exit codes: 0 nothing found, 1 failed, 2 usage, 3 findings that are not
waived, 4 not found or ambiguous, 5 schema."""
)
@click.argument("record", required=False)
@click.option("--rule", "rules", multiple=True, help="Only this rule; more than once for several.")
@click.option(
    "--severity", type=click.Choice(["high", "medium", "low"]), default="low", help="This severity and graver ones."
)
@as_of_option
@output_options
@click.pass_context
def check(
    context: click.Context,
    record: str | None,
    rules: tuple[str, ...],
    severity: str,
    form: str | None,
    output: Path | None,
) -> int:
    """Look for what cannot be right or should be looked at: about RECORD (or TRANSFER/LINE), or in everything."""
    from zoo_provenance.questions.check import check as ask
    from zoo_provenance.rendering.findings import check_document
    from zoo_provenance.rules import RULES, Scope, Severity

    known = [rule.id for rule in RULES.values() if rule.scope is Scope.CHECK]
    for rule in rules:
        if rule not in known:
            raise click.UsageError(f"{rule!r} is no rule of the check; the rules are {', '.join(known)}.")
    with reading(context) as connection:
        thing = None if record is None else thing_named(connection, record, lines=True)
        found = ask(connection, today(), rules=rules, thing=thing)
    grave = [one.value for one in Severity]
    found = [one for one in found if grave.index(one.severity) <= grave.index(severity)]
    write(check_document(found), form, output)
    return 3 if any(one.waived is None for one in found) else 0


@click.command(epilog="Exit codes: 0 fine, 1 failed, 2 usage or no such rule, 4 not found or ambiguous, 5 schema.")
@click.argument("rule")
@click.argument("record")
@click.option("--because", required=True, metavar="REASON", help="Why it may stand; kept and shown with the finding.")
@database_option
@click.pass_context
def waive(context: click.Context, rule: str, record: str, because: str) -> None:
    """Let what RULE finds about RECORD (or TRANSFER/LINE) stand, with the reason."""
    from zoo_provenance.deciding import waive as decide

    with writing(context) as connection:
        thing = thing_named(connection, record, lines=True)
        part = f"lines/{thing.line}" if thing.line else ""
        batch = decide(connection, rule, thing.id, part, because)
    name = f"{thing.slug}/{thing.line}" if thing.line else thing.slug
    say(f"{rule} is waived for {name} (batch {batch}). See: zoo-provenance check {name}")
