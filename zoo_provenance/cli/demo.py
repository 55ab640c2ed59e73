"""`demo`: one answer of each kind, from a throw-away database."""

from __future__ import annotations

import click


@click.command(epilog="Exit codes: 0 fine, 1 failed, 130 interrupted.")
def demo() -> None:
    """Load the packaged Korea Central Zoo into a throw-away database and answer each question once."""
    import tempfile
    from pathlib import Path

    from zoo_provenance import database, locations, schema
    from zoo_provenance.loading.load import load
    from zoo_provenance.questions.arrivals import Filter, arrivals
    from zoo_provenance.questions.donors import donors
    from zoo_provenance.questions.naming import thing_named
    from zoo_provenance.questions.trace import trace
    from zoo_provenance.rendering.arrivals import arrivals_document
    from zoo_provenance.rendering.documents import Document, render
    from zoo_provenance.rendering.donors import donors_document
    from zoo_provenance.rendering.traces import trace_document

    def answer(question: str, command: str, document: Document) -> None:
        click.echo(f"\n{question}\n$ zoo-provenance {command}\n")
        click.echo("".join(render(document, "table")), nl=False)

    with tempfile.TemporaryDirectory(prefix="zoo-provenance-") as folder:
        url = database.locate(str(Path(folder) / "demo.db"))
        schema.upgrade(url)
        loaded = load(lambda: database.writing(url), [locations.packaged_seeds()])
        counts = ", ".join(f"{number} of kind {kind}" for kind, number in loaded.created.items())
        click.echo(f"Loaded the Korea Central Zoo: {counts}.")
        with database.reading(url) as connection:
            bear = thing_named(connection, "rangnim-32")
            gift = thing_named(connection, "2024-11-moscow-zoo-gift")
            zoo = thing_named(connection, "korea-central-zoo")
            answer("Where did this animal come from?", "trace rangnim-32", trace_document(trace(connection, bear)))
            found = arrivals(connection, Filter(transfer_id=gift.id))
            answer("What arrived with this transfer?", f"arrivals {gift.slug}", arrivals_document(found))
            ranking = donors_document(donors(connection, Filter(to_id=zoo.id)))
            answer("What have donors given?", f"donors --to {zoo.slug}", ranking)
    click.echo(
        "\nTo go on, with a database of your own:\n"
        "  zoo-provenance load\n"
        "  zoo-provenance trace Gomi\n"
        "  zoo-provenance evidence 2024-11-moscow-zoo-gift/pheasants\n"
        "  zoo-provenance conflicts\n"
        "  zoo-provenance gaps gomi\n"
        "  zoo-provenance donors moscow-zoo\n"
        "  zoo-provenance find 동물원\n"
        "  zoo-provenance --help"
    )
