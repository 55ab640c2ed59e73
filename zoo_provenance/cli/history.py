"""`history` and `undo`: what was changed, by whom and why, and taking it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoo_provenance.cli.common import database_option, output_options, reading, say, write, writing

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from zoo_provenance.rendering.documents import Document

_LIMIT = 1000


@click.command(
    epilog="""\b
JSON (zooprov/history/1): batches [{id, at, actor, command, reason, undoes,
undone_by, made {kind: n}, changed, removed, input_digest, digest}], more;
with BATCH: batch {…}, changes [{batch, record, what, key, done:
made|changed|removed, fields {name: {before, after}}}], more; with RECORD:
record {slug, label, kind}, changes [{…, at, actor, command, reason}]; with
--verify: verified, batches, uncovered, digest, problems [{batch, message}].
Exit codes: 0 fine, 1 failed, 2 usage, 3 the chain is broken, 4 not found or
ambiguous, 5 schema."""
)
@click.argument("what", metavar="[RECORD|BATCH]", required=False)
@click.option("--verify", is_flag=True, help="Walk the chain of digests: was anything written past it?")
@click.option("--limit", type=click.IntRange(min=0), default=_LIMIT, show_default=True, help="At most so many; 0: all.")
@output_options
@click.pass_context
def history(
    context: click.Context, what: str | None, *, verify: bool, limit: int, form: str | None, output: Path | None
) -> int:
    """Show what was changed, by whom, when and why.

    Without a name all batches, newest first; of a BATCH (a number) what it did; of a RECORD all that was done to it.
    """
    from zoo_provenance.questions import history as questions
    from zoo_provenance.rendering import history as rendering

    if verify:
        if what is not None:
            raise click.UsageError("--verify walks the whole chain; leave out the name")
        return _verify(context, form, output)
    more = 0
    with reading(context) as connection:
        if what is None:
            found, more = questions.batches(connection, limit=limit)
            document = rendering.batches_document(found, more)
        elif what.isascii() and what.isdigit():
            document, more = _batch(connection, what, limit)
        else:
            document = _record(connection, what)
    write(document, form, output)
    if more:
        say(f"There are {more:,} more; --limit 0 shows all.")
    return 0


def _batch(connection: Connection, what: str, limit: int) -> tuple[Document, int]:
    from zoo_provenance.errors import UnknownThing
    from zoo_provenance.questions.history import batch_numbered, done_by
    from zoo_provenance.rendering.history import batch_document

    one = batch_numbered(connection, int(what)) if len(what) < 10 else None
    if one is None:
        raise UnknownThing("batch", what)
    changes, more = done_by(connection, one.id, limit=limit)
    return batch_document(one, changes, more), more


def _record(connection: Connection, what: str) -> Document:
    from zoo_provenance.questions.history import Known, batch_numbered, done_to, known_as
    from zoo_provenance.questions.naming import thing_named
    from zoo_provenance.rendering.history import record_document

    known = known_as(connection, what)
    if known is None:
        thing = thing_named(connection, what)
        known = Known((thing.id,), thing.ref, thing.kind.value)
    if known.gone:
        say(f"{what!r} is not there any more.")
    if known.merged:
        say(f"{what!r} was merged into {known.merged!r}.")
    changes = done_to(connection, *known.ids)
    numbers = dict.fromkeys(change.batch for change in changes)
    written = {number: one for number in numbers if (one := batch_numbered(connection, number))}
    return record_document(known.ref, known.kind, changes, written)


def _verify(context: click.Context, form: str | None, output: Path | None) -> int:
    from zoo_provenance.history.verifying import verify as walk
    from zoo_provenance.rendering.history import verified_document

    with reading(context) as connection:
        found = walk(connection)
    write(verified_document(found), form, output)
    if not found.broken:
        say(f"{found.batches} batches, each as it was written. The newest digest is {found.digest}.")
    if found.uncovered:
        say(f"{found.uncovered} batches are older than the log of changes; they are not covered.")
    return 3 if found.broken else 0


@click.command(epilog="Exit codes: 0 fine, 1 later work leans on it, 2 usage, 5 schema.")
@click.argument("batch", type=click.IntRange(min=1))
@click.option("--because", required=True, metavar="REASON", help="Why it is taken back; kept in the history.")
@database_option
@click.pass_context
def undo(context: click.Context, batch: int, because: str) -> None:
    """Take BATCH back, exactly: what it made is removed, what it changed or removed is as it was before.

    Nothing is forgotten: taking back is a batch of its own, which can be taken back as well.
    """
    from zoo_provenance.deciding import undo as decide

    with writing(context) as connection:
        number = decide(connection, batch, because)
    say(f"Batch {batch} is taken back (batch {number}). See: zoo-provenance history {number}")
