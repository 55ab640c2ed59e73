"""`trace`: where did this animal come from."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import as_of_option, engine_option, output_options, reading, thing_named, write


@click.command(
    epilog="""\b
JSON (zooprov/trace/1): animal {slug, label, taxon, sex, count, born, died,
disputed, animals}; steps [{kind, date, status, from, to, transfer, custody,
title, holder, owner, participants [{who, role, as}], sources, origins,
disputed, until, doubt}]; gaps [{after, before, since, until, examined,
sources}]; ancestors [{slug, label, role, generation, share, origin, from,
founder}]; notes [{number, and the fields of conflicts}]; paragraph.
custody and title: what passed, null is not stated; holder and owner: after
the step. Exit codes: 0 fine, 1 failed, 4 not found or ambiguous, 5 schema."""
)
@click.argument("animal")
@engine_option
@as_of_option
@output_options
@click.pass_context
def trace(context: click.Context, animal: str, form: str | None, output: Path | None) -> None:
    """Show where ANIMAL came from, step by step, with the gaps and its descent.

    ANIMAL is a slug, an identifier (studbook:23), a name in any script, or a line of a transfer
    (2024-11-moscow-zoo-gift/lion).
    """
    from zoo_provenance.questions.trace import trace as ask
    from zoo_provenance.rendering.traces import trace_document
    from zoo_provenance.vocabulary import Kind

    with reading(context) as connection:
        found = ask(connection, thing_named(connection, animal, (Kind.ANIMAL,), lines=True))
    write(trace_document(found), form, output)
