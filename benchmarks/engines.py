"""Donors on each engine, side by side: the ranking's one statement, and the whole question.

    python benchmarks/engines.py --db FILE [--runs 5] [--engines duckdb,spark] [--json FILE]

The database is exported to a temporary folder first. All sides run in one process, interleaved in random order; a
figure is the ratio of medians against the database itself.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from zoo_provenance import database
from zoo_provenance.engines.reading import reading
from zoo_provenance.engines.writing import export_parquet
from zoo_provenance.questions.arrivals import Filter
from zoo_provenance.questions.donors import HOLDER, donors, given_by, ranking
from zoo_provenance.tables import transfer_line

LIMITS = {"duckdb": 0.2, "spark": None}
Asked = Callable[[Connection], list[Any]]


def _ranking(connection: Connection) -> list[Any]:
    return [tuple(row) for row in connection.execute(ranking(given_by(Filter(), HOLDER)))]


def _donors(connection: Connection) -> list[Any]:
    return donors(connection, Filter())


QUESTIONS: Mapping[str, Asked] = {"ranking": _ranking, "donors --no-findings": _donors}


def measure(connections: Mapping[str, Connection], ask: Asked, runs: int, order: random.Random) -> dict[str, Any]:
    """Return each engine's median and its ratio to the database's. Raises ValueError where answers differ."""
    answers = {name: ask(connection) for name, connection in connections.items()}
    own = next(iter(answers))
    for name, found in answers.items():
        if found != answers[own]:
            raise ValueError(f"{name} answers otherwise than {own}")
    times: dict[str, list[float]] = {name: [] for name in connections}
    sides = list(connections.items())
    for _ in range(runs):
        order.shuffle(sides)
        for name, connection in sides:
            start = time.perf_counter()
            ask(connection)
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "found": len(answers[own]),
        "seconds": medians,
        "ratio": {name: medians[name] / medians[own] for name in connections if name != own},
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    gc.set_threshold(1_000_000)  # as the program does
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--db", required=True, help="a database, such as benchmarks/evidence.py --make fills")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--engines", default="duckdb,spark")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    url = database.locate(chosen.db)
    order = random.Random(0)  # noqa: S311 - only the order of runs
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "export"
        with database.reading(url) as connection:
            export_parquet(connection, folder)
        connections = {url.get_backend_name(): stack.enter_context(database.reading(url))}
        for engine in filter(None, chosen.engines.split(",")):
            connections[engine] = stack.enter_context(reading(folder, engine))
        lines = next(iter(connections.values())).execute(select(func.count()).select_from(transfer_line)).scalar_one()
        figures = {name: measure(connections, ask, chosen.runs, order) for name, ask in QUESTIONS.items()}
    print(f"{'question':22} {'engine':11} {'seconds':>8} {'ratio':>7} {'limit':>6}")
    for question, one in figures.items():
        for name, seconds in one["seconds"].items():
            ratio, limit = one["ratio"].get(name), LIMITS.get(name)
            shown = f"{ratio:7.2f}" if ratio is not None else f"{'':7}"
            print(f"{question:22} {name:11} {seconds:8.3f} {shown} {limit if limit is not None else '':>6}")
    if chosen.json:
        chosen.json.write_text(json.dumps({"lines": lines, "figures": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
