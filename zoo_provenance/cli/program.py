"""The program: its commands, its exit codes, and one line for whatever a user can cause."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from zoo_provenance import __version__
from zoo_provenance.cli import (
    arrivals,
    check,
    conflicts,
    decide,
    demo,
    donors,
    duplicates,
    evidence,
    export,
    gaps,
    history,
    load,
    lookup,
    merge,
    trace,
)
from zoo_provenance.cli import db as db_commands
from zoo_provenance.cli.common import harmless
from zoo_provenance.errors import ZooProvenanceError

EXIT_CODES = """\b
Exit codes: 0 fine, 1 failed, 2 usage, 3 problems found in the data,
4 not found or ambiguous, 5 the database needs `db upgrade` (or is newer
than the program), 130 interrupted."""

_INTERRUPTED = 130


class _ClosedPipe(Exception):
    """Nobody reads the output any more."""


class Program(click.Group):
    """A group whose commands end with the promised exit codes and never with a traceback for a user's mistake."""

    def main(
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **extra: Any
    ) -> NoReturn:
        """Run a command and leave with its exit code."""
        extra["standalone_mode"] = False
        # A question is answered before there is anything to collect: looking for garbage cost a sixth of it, and as
        # the program ends, once more, a quarter.
        gc.set_threshold(1_000_000)
        atexit.register(gc.freeze)
        try:
            _tolerate_any_terminal()
            outcome = super().main(args, prog_name or "zoo-provenance", *rest, **extra)
            code = outcome if isinstance(outcome, int) else 0
        except click.ClickException as fault:
            told = io.StringIO()
            fault.show(told)
            click.echo(harmless(told.getvalue()), nl=False, err=True)
            code = fault.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted. Nothing was left half done.", err=True)
            code = _INTERRUPTED
        except ZooProvenanceError as fault:
            tell_error(str(fault))
            code = fault.exit_code
        except _ClosedPipe:
            # Whoever read the output has had enough; that is no error, and the flush at exit must not make it one.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 0
        except OSError as fault:
            at = f"{fault.filename}: " if isinstance(fault.filename, str) else ""
            tell_error(f"{at}{fault.strerror or fault}")
            code = 1
        sys.exit(code)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the command's words; help is printed here."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except BrokenPipeError as fault:
            raise _ClosedPipe from fault

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and write out all it printed: click itself would call a closed pipe a failure."""
        try:
            outcome = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as fault:
            raise _ClosedPipe from fault
        return outcome


def _tolerate_any_terminal() -> None:
    """Keep a terminal that lacks a script from ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and (stream.encoding or "").lower().replace("-", "") != "utf8":
            reconfigure(errors="backslashreplace")


def tell_error(message: str) -> None:
    """Say what went wrong, on stderr; colour only where a terminal is read and nobody has asked for none."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
    context = click.get_current_context(silent=True)
    plain = plain or bool(context and context.find_root().params.get("no_color"))
    prefix = "Error: " if plain else click.style("Error: ", fg="red", bold=True)
    click.echo(prefix + harmless(message), err=True, color=None if plain else True)


@click.group(
    cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXIT_CODES
)
@click.option(
    "--db",
    "database",
    metavar="PATH|URL",
    help="The database, or parquet:DIR; else ZOOPROV_DB, zooprov.toml, or your own.",
)
@click.option("--no-color", is_flag=True, help="No colour, whatever the terminal. NO_COLOR does the same.")
@click.version_option(__version__, prog_name="zoo-provenance")
@click.pass_context
def main(context: click.Context, database: str | None, *, no_color: bool) -> None:
    """Where a zoo's animals came from, what arrived with each transfer, who gave them, and who says so."""
    context.obj = database
    if no_color:
        context.color = False


for command in (
    demo.demo,
    load.load,
    trace.trace,
    arrivals.arrivals,
    donors.donors,
    evidence.evidence,
    conflicts.conflicts,
    gaps.gaps,
    check.check,
    check.waive,
    merge.merge,
    merge.unmerge,
    duplicates.duplicates,
    decide.prefer,
    decide.dismiss,
    lookup.show,
    lookup.find,
    lookup.list_,
    history.history,
    history.undo,
    export.export,
    db_commands.db,
):
    main.add_command(command)
