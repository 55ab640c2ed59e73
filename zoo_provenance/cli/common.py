"""What commands share: the database, the output format, the file to write to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zoo_provenance.errors import ZooProvenanceError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

    from zoo_provenance.questions.naming import Thing
    from zoo_provenance.rendering.documents import Document
    from zoo_provenance.vocabulary import Kind

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("table", "plain", "json", "jsonl", "csv", "md")
_ENGINE = "zoo_provenance.engine"
_AS_OF = "zoo_provenance.as_of"
_DAY = "zoo_provenance.day"
BY_SUFFIX = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "plain", ".md": "md"}


def database_option(function: F) -> F:
    """Let a command take --db itself, as well as the program."""

    def keep(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.find_root().obj = value

    return click.option("--db", metavar="PATH|URL", expose_value=False, callback=keep, help="The database.")(function)


def output_options(function: F) -> F:
    """Give a command the one set of output options."""
    formatted = click.option(
        "-f",
        "--format",
        "form",
        type=click.Choice(FORMATS),
        help="Default: table on a terminal, plain (tab-separated) otherwise.",
    )
    to_file = click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write to a file; its suffix picks the format.",
    )
    return database_option(formatted(to_file(function)))


def engine_option(function: F) -> F:
    """Let a question choose the engine that answers it from an export."""

    def keep(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.meta[_ENGINE] = value

    return click.option(
        "--engine",
        type=click.Choice(["duckdb", "spark"]),
        expose_value=False,
        callback=keep,
        help="With --db parquet:DIR: which engine answers; default duckdb.",
    )(function)


def as_of_option(function: F) -> F:
    """Let a question be asked of what the database held at a moment of its history."""

    def keep(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.meta[_AS_OF] = value

    return click.option(
        "--as-of",
        metavar="BATCH|DATE",
        expose_value=False,
        callback=keep,
        help="What this database would have answered right after a batch, or at the end of a day (UTC).",
    )(function)


def located(context: click.Context) -> URL:
    """Return the URL of a database or an export."""
    from zoo_provenance.database import locate

    url = locate(context.find_root().obj)
    if _ENGINE in context.meta and url.get_backend_name() != "parquet":
        raise click.UsageError("--engine goes with --db parquet:DIR")
    return url


def url_of(context: click.Context) -> URL:
    """Return the URL of a database that can be written; an export is only read."""
    from zoo_provenance.database import refuse_export

    url = located(context)
    refuse_export(url)
    return url


@contextmanager
def reading(context: click.Context) -> Iterator[Connection]:
    """Open the database, or an export, for a question."""
    from zoo_provenance import database

    url = located(context)
    if _AS_OF in context.meta:
        with _looking_back(url, context.meta[_AS_OF]) as connection:
            yield connection
    elif url.get_backend_name() == "parquet":
        from zoo_provenance.engines.reading import reading as reading_export

        with reading_export(Path(url.database or ""), context.meta.get(_ENGINE, "duckdb")) as connection:
            yield connection
    else:
        with database.reading(url) as connection:
            yield connection


@contextmanager
def _looking_back(url: URL, said: str) -> Iterator[Connection]:
    from zoo_provenance import database
    from zoo_provenance.history.as_of import look_back

    if url.get_backend_name() == "parquet":
        raise click.UsageError("An export has no history; ask --as-of of the database it is made from.")
    with database.reading(url, shadowing=True) as connection:
        moment = look_back(connection, said)
        click.get_current_context().meta[_DAY] = moment.at[:10]
        say(f"As of batch {moment.id} ({moment.command}, {moment.at[:19]}).")
        yield connection


@contextmanager
def exporting(context: click.Context) -> Iterator[Connection]:
    """Open the database for taking its data out; an export itself is none."""
    from zoo_provenance import database

    with database.reading(url_of(context)) as connection:
        yield connection


@contextmanager
def writing(context: click.Context) -> Iterator[Connection]:
    """Open an existing database for a change: everything or nothing."""
    from zoo_provenance import database
    from zoo_provenance.errors import MissingDatabase

    url = url_of(context)
    if not database.exists(url):
        raise MissingDatabase(f"There is no database at {database.describe(url)}; make one with: zoo-provenance load")
    with database.writing(url) as connection:
        yield connection


def say(message: str) -> None:
    """Tell something on stderr, with what would steer a terminal made visible."""
    click.echo(harmless(message), err=True)


def harmless(message: str) -> str:
    """Return a message with what would steer a terminal made visible, line by line."""
    from zoo_provenance.rendering.documents import visible

    return "\n".join(visible(line) for line in message.split("\n"))


def today() -> str:
    """Return the day as ISO text; with --as-of that of the moment asked for."""
    from datetime import UTC, datetime

    return str(click.get_current_context().meta.get(_DAY) or datetime.now(UTC).date().isoformat())


def write(document: Document, form: str | None, output: Path | None) -> None:
    """Write a document where and how it was asked for."""
    from zoo_provenance.rendering.documents import render

    if output is None:
        for piece in render(document, form or ("table" if sys.stdout.isatty() else "plain")):
            click.echo(piece, nl=False)
        return
    chosen = form or BY_SUFFIX.get(output.suffix.lower(), "table")
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(render(document, chosen))
    except OSError as fault:
        raise ZooProvenanceError(f"{output} cannot be written: {fault.strerror}") from fault
    say(f"Written to {output}.")


@contextmanager
def shown_progress(paths: Sequence[Path]) -> Iterator[Callable[[str, int], None]]:
    """Give what a load tells its progress to: a bar on a terminal once it takes more than a second, else nothing."""
    if not sys.stderr.isatty():
        yield lambda _what, _read: None
        return
    from time import monotonic

    inner = (file for path in paths for file in ((*path.glob("*"), *path.glob("*/*")) if path.is_dir() else [path]))
    files = [file for file in inner if file.is_file()]
    # Reading is about a third of the work; the steps after it have no length that is known.
    length = max(1, sum(file.stat().st_size for file in files))
    start, doing = monotonic(), ""
    bar: Any = click.progressbar(
        length=length,
        file=sys.stderr,
        show_eta=False,
        item_show_func=lambda _item: doing,
        update_min_steps=length // 200 or 1,
    )

    def progress(what: str, read: int) -> None:
        nonlocal doing
        if monotonic() - start < 1:
            bar.pos += read
            return
        new = what != doing
        doing = what
        bar.update(read, what)
        if new:
            bar.render_progress()

    try:
        yield progress
    finally:
        if doing:
            bar.render_finish()


def check_writable(output: Path) -> None:
    """Raise unless a file can be written, before anything is done whose account it is to hold."""
    there = output.exists()
    try:
        output.open("a").close()
    except OSError as fault:
        raise ZooProvenanceError(f"{output} cannot be written: {fault.strerror}") from fault
    if not there:
        output.unlink()


def read_period(since: str | None, until: str | None) -> tuple[str | None, str | None]:
    """Return the first and last day of a period given as EDTF dates. Raises click.UsageError."""
    from zoo_provenance.dates import parse_date
    from zoo_provenance.errors import Unreadable

    try:
        first = parse_date(since).earliest if since else None
        last = parse_date(until).latest if until else None
    except Unreadable as fault:
        raise click.UsageError(str(fault)) from fault
    if first and last and first > last:
        raise click.UsageError("--since is later than --until")
    return first, last


def thing_named(connection: Connection, text: str, kinds: Sequence[Kind] = (), *, lines: bool = False) -> Thing:
    """Return the one record or line that a text names; says so where that was merged into another."""
    from zoo_provenance.questions.naming import thing_named as named

    thing = named(connection, text, kinds, lines=lines)
    if thing.merged is not None:
        say(f"{thing.merged!r} was merged into {thing.slug!r}.")
    return thing


def tell_merged(merged: Sequence[tuple[str, str]]) -> None:
    """Say which slugs that were named in a load are merged, the first of them."""
    for old, new in merged[:20]:
        say(f"{old!r} was merged into {new!r}.")
    if len(merged) > 20:
        say(f"… and {len(merged) - 20:,} more slugs that were merged.")
