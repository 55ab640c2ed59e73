"""Evidence at scale: each question against its own statements run on the bare driver.

    python benchmarks/evidence.py [--transfers 100000] [--runs 7] [--db URL] [--json FILE]

Both sides run in one process, interleaved in random order; a figure is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, func, select

from synthetic import World
from zoo_provenance import database, direct, schema
from zoo_provenance.direct import Statement
from zoo_provenance.questions.arrivals import Filter
from zoo_provenance.questions.check import check
from zoo_provenance.questions.conflicts import conflicts
from zoo_provenance.questions.donor_file import donor_file
from zoo_provenance.questions.gaps import gaps
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.tables import record, transfer

LIMIT = 2.0
TODAY = "2026-01-01"
Asked = Callable[[Connection], Any]


def questions(connection: Connection) -> dict[str, Asked]:
    """Return what is measured, the file being that on the donor of most transfers."""
    most = connection.execute(
        select(record.c.slug)
        .join(transfer, transfer.c.origin_id == record.c.id)
        .group_by(record.c.slug)
        .order_by(func.count().desc(), record.c.slug)
        .limit(1)
    ).scalar_one()
    donor = thing_named(connection, most)
    return {
        "conflicts": conflicts,
        "conflicts --all": lambda connection: conflicts(connection, settled=True),
        "gaps": gaps,
        "check": lambda connection: check(connection, TODAY),
        "donors DONOR": lambda connection: donor_file(connection, donor, Filter(), TODAY),
    }


@contextmanager
def recorded(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Give the statements that are run meanwhile, with their parameters; also those that go straight to the driver."""
    said: list[tuple[str, Any]] = []
    straight = direct.rows, direct.tuples

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    def through(connection: Connection, statement: Statement, given: Mapping[str, Any] | None = None) -> Sequence[Any]:
        return connection.execute(statement, dict(given or {})).all()

    event.listen(connection, "before_cursor_execute", note)
    direct.rows = direct.tuples = through
    try:
        yield said
    finally:
        direct.rows, direct.tuples = straight
        event.remove(connection, "before_cursor_execute", note)


def bare(connection: Connection, said: list[tuple[str, Any]]) -> None:
    """Run statements on the driver and fetch their rows."""
    cursor = connection.connection.cursor()
    for statement, parameters in said:
        cursor.execute(statement, parameters)
        cursor.fetchall()
    cursor.close()


def measure(connection: Connection, ask: Asked, runs: int, order: random.Random) -> dict[str, Any]:
    """Return the medians of a question and of its statements alone, and their ratio."""
    with recorded(connection) as said:
        found = ask(connection)
    times: dict[str, list[float]] = {"question": [], "statements": []}
    sides: list[tuple[str, Callable[[], Any]]] = [
        ("question", lambda: ask(connection)),
        ("statements", lambda: bare(connection, said)),
    ]
    for _ in range(runs):
        order.shuffle(sides)
        for name, side in sides:
            start = time.perf_counter()
            side()
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "found": len(found) if isinstance(found, list) else len(found.transfers),
        "statements": len(said),
        "seconds": medians,
        "ratio": medians["question"] / medians["statements"],
        "limit": LIMIT,
    }


def run(url: URL, transfers: int, runs: int, *, make: bool) -> dict[str, Any]:
    """Return the figures of one database, made first where it is to be."""
    if make:
        schema.upgrade(url)
        with database.writing(url) as connection:
            World(connection, transfers).write()
    order = random.Random(0)  # noqa: S311 - only the order of runs
    with database.reading(url) as connection:
        if connection.dialect.name == "postgresql" and make:
            connection.exec_driver_sql("ANALYZE")
        return {name: measure(connection, ask, runs, order) for name, ask in questions(connection).items()}


def main() -> None:
    """Measure, print a table, write JSON."""
    gc.set_threshold(1_000_000)  # as the program does
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--transfers", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--db", help="an existing synthetic database, or an empty one of a server")
    options.add_argument("--make", action="store_true", help="fill the database named by --db first")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = database.locate(chosen.db or str(Path(folder) / "synthetic.db"))
        figures = run(url, chosen.transfers, chosen.runs, make=chosen.make or chosen.db is None)
    print(f"{'question':16} {'found':>8} {'statements':>10} {'seconds':>8} {'bare':>8} {'ratio':>6} {'limit':>6}")
    for name, one in figures.items():
        seconds = one["seconds"]
        print(
            f"{name:16} {one['found']:>8} {one['statements']:>10} {seconds['question']:8.3f}"
            f" {seconds['statements']:8.3f} {one['ratio']:6.2f} {one['limit']:6.1f}"
        )
    if chosen.json:
        chosen.json.write_text(json.dumps({"transfers": chosen.transfers, "figures": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
