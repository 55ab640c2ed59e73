"""`show`, `find` and `list`: looking up."""

from __future__ import annotations

from pathlib import Path

import click

from zoo_provenance.cli.common import as_of_option, output_options, reading, say, thing_named, write

_PLURALS = {
    "taxon": "taxa",
    "institution": "institutions",
    "person": "people",
    "source": "sources",
    "animal": "animals",
    "transfer": "transfers",
}


@click.command(
    epilog="""\b
JSON (zooprov/show/1): record {slug, label, kind, dataset, merged_into,
fields, disputed, names, statements, related, notes}.
Exit codes: 0 fine, 1 failed, 4 not found or ambiguous, 5 schema."""
)
@click.argument("record")
@as_of_option
@output_options
@click.pass_context
def show(context: click.Context, record: str, form: str | None, output: Path | None) -> None:
    """Show RECORD in full: its fields, names in every script, and what refers to it."""
    from zoo_provenance.questions.lookup import show as ask
    from zoo_provenance.rendering.lookups import show_document

    with reading(context) as connection:
        found = ask(connection, thing_named(connection, record))
    write(show_document(found), form, output)


@click.command(
    epilog="""\b
JSON (zooprov/find/1): matches [{slug, label, kind, name, language}], more
(how many more there are).
Exit codes: 0 found, 1 failed, 2 usage, 4 nothing found, 5 schema."""
)
@click.argument("text")
@click.option("--limit", type=click.IntRange(min=0), default=100, show_default=True, help="At most so many; 0: all.")
@as_of_option
@output_options
@click.pass_context
def find(context: click.Context, text: str, limit: int, form: str | None, output: Path | None) -> int:
    """Find records by a part of a name or identifier, in any script.

    Whole names come first, then names that begin with TEXT.
    """
    from zoo_provenance.questions.finding import find as ask
    from zoo_provenance.questions.finding import spelt_alike
    from zoo_provenance.rendering.lookups import find_document

    with reading(context) as connection:
        found = ask(connection, text, limit=limit)
        close = spelt_alike(connection, text) if not found.matches else []
    write(find_document(text, found), form, output)
    if found.more:
        say(f"There are {found.more:,} more; --limit 0 shows all.")
    if close:
        say(f"Did you mean {', '.join(repr(name) for name in close)}?")
    return 0 if found.matches else 4


class ListOf(click.Choice[str]):
    """A kind of record, in the plural or the singular."""

    def __init__(self) -> None:
        super().__init__(list(_PLURALS.values()))

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the plural of a kind."""
        return super().convert(_PLURALS.get(value, value), param, ctx)


@click.command(
    "list",
    epilog="""\b
JSON (zooprov/list/1): {<kind>: [{slug, label, …}]} with the columns of the
kind. With --at: since, the date from which it is known to be there.
Exit codes: 0 fine, 1 failed, 2 usage, 4 not found or ambiguous, 5 schema.""",
)
@click.argument("kind", type=ListOf())
@click.option("--at", metavar="ZOO", help="With animals: who is there now, as far as known.")
@as_of_option
@output_options
@click.pass_context
def list_(context: click.Context, kind: str, at: str | None, form: str | None, output: Path | None) -> None:
    """List all records of KIND: animals, institutions, people, sources, taxa or transfers."""
    from zoo_provenance.questions.lookup import LISTED, animals_at, list_kind
    from zoo_provenance.rendering.lookups import list_document
    from zoo_provenance.vocabulary import Kind

    if at is not None and kind != "animals":
        raise click.UsageError("--at goes with: list animals")
    with reading(context) as connection:
        if at is not None:
            found = animals_at(connection, thing_named(connection, at, (Kind.INSTITUTION,)))
        else:
            found = list_kind(connection, LISTED[kind])
    write(list_document(kind, found), form, output)
