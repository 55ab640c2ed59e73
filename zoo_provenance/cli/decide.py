"""`prefer` and `dismiss`: which value rules, and which claims are judged wrong."""

from __future__ import annotations

import click

from zoo_provenance.cli.common import database_option, say, thing_named, writing

_CODES = "Exit codes: 0 fine, 1 failed, 2 usage or refused, 4 not found or ambiguous, 5 schema."


@click.command(epilog=_CODES)
@click.argument("record")
@click.argument("field")
@click.argument("value")
@click.option("--because", required=True, metavar="REASON", help="Why it rules; kept and shown with the evidence.")
@database_option
@click.pass_context
def prefer(context: click.Context, record: str, field: str, value: str, because: str) -> None:
    """Let VALUE of FIELD rule over its rivals; `open` leaves it open on purpose.

    RECORD may be TRANSFER/LINE or TRANSFER/PARTICIPANT. A decision taken before, by command or in a seed file, is
    replaced; a load that would overturn this one stops and says so, unless told to --overrule.
    """
    from zoo_provenance.decisions.choosing import prefer as decide
    from zoo_provenance.decisions.places import place_named

    with writing(context) as connection:
        place = place_named(connection, record)
        _tell_merged(place.thing.merged, place.thing.slug)
        done = decide(connection, place, field, value, because)
    name = place.name
    say(f"{name}: {field} is {'left open' if done.value is None else done.value} (batch {done.batch}).")
    if done.replaced is not None:
        say(f"It replaces a decision taken because: {done.replaced}")
    if not done.claimed:
        say(f"Nobody claims {done.value}: the field stays empty until a source does.")
    say(f"See: zoo-provenance evidence {_evidence_of(place.thing.slug, place.part)} {field}")


@click.command(epilog=_CODES)
@click.argument("record")
@click.argument("field")
@click.argument("value")
@click.option("--source", metavar="SLUG", help="Only what this source says.")
@click.option("--because", required=True, metavar="REASON", help="Why it is wrong; kept and shown with the evidence.")
@database_option
@click.pass_context
def dismiss(context: click.Context, record: str, field: str, value: str, source: str | None, because: str) -> None:
    """Judge the claims of VALUE for FIELD wrong: they are kept, shown with the reason, and conclude nothing.

    RECORD may be TRANSFER/LINE or TRANSFER/PARTICIPANT.
    """
    from zoo_provenance.decisions.choosing import dismiss as decide
    from zoo_provenance.decisions.places import place_named
    from zoo_provenance.vocabulary import Kind

    with writing(context) as connection:
        place = place_named(connection, record)
        _tell_merged(place.thing.merged, place.thing.slug)
        by = thing_named(connection, source, (Kind.SOURCE,)) if source is not None else None
        done = decide(connection, place, field, value, by, because)
    claims = "1 claim" if done.claims == 1 else f"{done.claims:,} claims"
    say(f"{place.name}: {claims} of {field} {value} dismissed (batch {done.batch}).")
    say(f"See: zoo-provenance evidence {_evidence_of(place.thing.slug, place.part)} {field}")


def _tell_merged(merged: str | None, slug: str) -> None:
    if merged is not None:
        say(f"{merged!r} was merged into {slug!r}.")


def _evidence_of(slug: str, part: str) -> str:
    group, _, key = part.partition("/")
    return f"{slug}/{key}" if group == "lines" else slug
