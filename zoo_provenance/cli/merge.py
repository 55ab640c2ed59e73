"""`merge` and `unmerge`: two records that are one, and two that are not."""

from __future__ import annotations

import click

from zoo_provenance.cli.common import database_option, say, thing_named, writing

_CODES = "Exit codes: 0 fine, 1 failed, 2 usage or refused, 4 not found or ambiguous, 5 schema."


@click.command(epilog=_CODES)
@click.argument("record")
@click.argument("survivor")
@click.option("--because", required=True, metavar="REASON", help="Why they are one; kept with the judgement.")
@click.option("--take-lines", is_flag=True, help="Of a transfer: take over the lines and participants SURVIVOR lacks.")
@database_option
@click.pass_context
def merge(context: click.Context, record: str, survivor: str, because: str, *, take_lines: bool) -> None:
    """Merge RECORD into SURVIVOR: one thing under two names.

    References follow, names and citations stay, RECORD's slug goes on leading there. Taken back with unmerge.
    """
    from zoo_provenance.decisions.merging import merge as decide
    from zoo_provenance.questions.naming import thing_named as named

    with writing(context) as connection:
        old, into = named(connection, record), thing_named(connection, survivor)
        done = decide(connection, old, into, because, take_lines=take_lines)
    say(
        f"{old.slug!r} was merged into {into.slug!r} (batch {done.batch}): {_several(done.references, 'reference')} and"
        f" {_several(done.claims, 'claim')} lead there now.\n"
        f"See: zoo-provenance evidence {into.slug}    conflicts {into.slug}\n"
        f"To take it back: zoo-provenance unmerge {old.slug} --because …"
    )


@click.command(epilog=_CODES)
@click.argument("record")
@click.argument("other", required=False)
@click.option("--because", required=True, metavar="REASON", help="Why they are two; kept, and never suggested again.")
@database_option
@click.pass_context
def unmerge(context: click.Context, record: str, other: str | None, because: str) -> None:
    """Judge RECORD and OTHER to be two: take their merge back, if there was one, and remember.

    Without OTHER, RECORD is a merged one and is parted from what it was merged into.
    """
    from zoo_provenance.decisions.merging import unmerge as decide
    from zoo_provenance.questions.naming import thing_named as named

    with writing(context) as connection:
        one = named(connection, record)
        two = named(connection, other) if other is not None else None
        slugs = [thing.merged or thing.slug for thing in (one, two) if thing is not None]
        if one.merged is None and two is not None and two.merged is not None:
            slugs.reverse()
        parted = decide(connection, slugs[0], slugs[1] if two is not None else None, because)
    undone = f"; the merge of batch {parted.undone} is taken back" if parted.undone is not None else ""
    say(
        f"{parted.slug!r} and {parted.other!r} are two (batch {parted.batch}){undone}. They are not suggested again.\n"
        f"See: zoo-provenance show {parted.slug}"
    )


def _several(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)
