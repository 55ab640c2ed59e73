"""The three questions at scale, each against its own statements, or the best that can be written by hand, on the driver.

    python benchmarks/questions.py [--animals 10000 100000 1000000] [--engine sqlite|postgresql] [--runs 15]
                                   [--json FILE] [--keep FOLDER] [--postgres URL]

Makes a database of each size (`zoos.py`, each line naming its animal, two parents an animal), then runs both sides in one
process, interleaved in random order; a figure is the ratio of the medians. Growth is the median of a size against
that of the size before. On PostgreSQL databases are made on the server of the test extra, or on another one.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection

from evidence import bare, recorded
from load import machine, named_on, own_server
from zoo_provenance import database, schema
from zoo_provenance.loading.load import load
from zoo_provenance.questions.arrivals import Filter, arrivals
from zoo_provenance.questions.donors import given_by, ranking
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.questions.trace import trace
from zoos import FAMILY, Zoos

# Donors of title, by holder: sums of lines and of transfers grouped apart, as one would write it by hand.
_BY_HAND = """
WITH lines AS (
  SELECT t.origin_id AS donor, count(*) AS lines,
         sum(CASE WHEN t.passes_title AND l.term = 'LIV' AND t.status = 'completed' THEN coalesce(l.count_min, 1) ELSE 0 END) AS least,
         sum(CASE WHEN l.term = 'LIV' AND t.status = 'completed' AND t.passes_title IS NOT FALSE THEN coalesce(l.count_max, 0) ELSE 0 END) AS most,
         count(DISTINCT CASE WHEN t.passes_title AND l.term = 'LIV' AND t.status = 'completed' THEN l.taxon_id END) AS taxa,
         sum(CASE WHEN EXISTS (SELECT 1 FROM claim c WHERE c.record_id = l.transfer_id AND c.stance = 'supports'
                     AND c.source_id IS NOT NULL
                     AND (c.part = 'lines/' || l.key OR (c.part = '' AND c.field = ''))) THEN 1 ELSE 0 END) AS cited
  FROM transfer t JOIN transfer_line l ON l.transfer_id = t.id
  WHERE t.passes_title IS NOT FALSE OR t.kind = 'loan'
  GROUP BY 1),
transfers AS (
  SELECT origin_id AS donor, sum(CASE WHEN status = 'completed' AND passes_title THEN 1 ELSE 0 END) AS transfers,
         sum(CASE WHEN status = 'completed' AND kind = 'loan' THEN 1 ELSE 0 END) AS loans,
         min(date_earliest) AS first, max(date_latest) AS last
  FROM transfer WHERE passes_title IS NOT FALSE OR kind = 'loan' GROUP BY 1)
SELECT r.slug, r.label, i.country, s.*, n.* FROM transfers s
LEFT JOIN lines n ON n.donor = s.donor JOIN record r ON r.id = s.donor JOIN institution i ON i.id = s.donor
ORDER BY n.least DESC, s.transfers DESC, r.slug
"""


def timed(sides: dict[str, Callable[[], Any]], runs: int, order: random.Random) -> dict[str, float]:
    """Return the median seconds of each side, interleaved in random order."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        names = list(sides)
        order.shuffle(names)
        for name in names:
            start = time.perf_counter()
            sides[name]()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def _against_its_statements(
    connection: Connection, ask: Callable[[], Any], runs: int, order: random.Random
) -> dict[str, float]:
    ask()
    with recorded(connection) as said:
        ask()
    return timed({"question": ask, "bare": lambda: bare(connection, said)}, runs, order)


def measure(connection: Connection, animals: int, runs: int, order: random.Random) -> dict[str, dict[str, float]]:
    """Return the medians of each question and of what it is measured against."""
    youngest = [f"animal-{number}" for number in range(FAMILY - 1, animals // 5, FAMILY)][:40] or ["animal-0"]
    things = [thing_named(connection, slug) for slug in youngest]
    gifts = [thing_named(connection, f"transfer-{number}") for number in range(0, animals // 5, max(1, animals // 200))]

    def traces() -> None:
        for thing in things:
            trace(connection, thing)

    def each_arrival() -> None:
        for gift in gifts:
            arrivals(connection, Filter(transfer_id=gift.id))

    def audit() -> None:
        connection.execute(ranking(given_by(Filter(), "holder"))).all()

    def by_hand() -> None:
        cursor = connection.connection.cursor()
        cursor.execute(_BY_HAND).fetchall()

    found = {
        "trace": _against_its_statements(connection, traces, runs, order),
        "arrivals of one transfer": _against_its_statements(connection, each_arrival, runs, order),
        "donor audit": timed({"question": audit, "bare": by_hand}, max(3, runs // 3), order),
    }
    found["trace"] = {name: seconds / len(things) for name, seconds in found["trace"].items()}
    found["arrivals of one transfer"] = {
        name: seconds / len(gifts) for name, seconds in found["arrivals of one transfer"].items()
    }
    found["ancestors"] = {
        "question": statistics.mean(len(trace(connection, thing).ancestors) for thing in things),
        "bare": 1,
    }
    return found


LIMITS = {"trace": 1.15, "arrivals of one transfer": 2.0, "donor audit": 1.25}


def make(url: URL, folder: Path, animals: int) -> None:
    """Make the database of a number of animals."""
    zoos = Zoos(folder, animals)
    zoos.write(named=True)
    zoos.write_descent()
    schema.upgrade(url)
    start = time.perf_counter()
    loaded = load(lambda: database.writing(url), [folder])
    if loaded.problems:
        raise SystemExit(loaded.problems[0].one_line())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"  {animals:,} animals loaded: {time.perf_counter() - start:.1f} s, {memory} MiB", file=sys.stderr)


def _of_size(chosen: argparse.Namespace, work: Path, server: str | None, animals: int) -> URL:
    """Return the database of a number of animals, made unless it was kept."""
    if server is not None:
        url, there = named_on(server, f"zoos_{animals}")
    else:
        place = chosen.keep or work
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"zoos-{animals}.db"
        url, there = database.locate(str(path)), path.exists()
    if not there:
        make(url, work / str(animals), animals)
    return url


def main() -> None:
    """Measure, print a table, write JSON."""
    gc.set_threshold(1_000_000)  # as the program does
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--animals", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    options.add_argument("--runs", type=int, default=15)
    options.add_argument("--json", type=Path)
    options.add_argument("--keep", type=Path, help="where SQLite databases are made, and left for another run")
    options.add_argument(
        "--postgres", help="a server to make databases on, and leave there; else the one of the test extra"
    )
    chosen = options.parse_args()
    order = random.Random(0)  # noqa: S311 - only the order of runs
    found: dict[str, Any] = {"machine": machine(), "engine": chosen.engine, "sizes": {}}
    before: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="zoo-bench-") as temporary:
        work = Path(temporary)
        server = None if chosen.engine == "sqlite" else chosen.postgres or own_server(work)
        print(f"{'animals':>10} {'question':26} {'ms':>9} {'ratio':>6} {'limit':>6} {'growth':>7}")
        for animals in chosen.animals:
            with database.reading(_of_size(chosen, work, server, animals)) as connection:
                measured = measure(connection, animals, chosen.runs, order)
            for name, limit in LIMITS.items():
                one = measured[name]
                growth = one["question"] / before[name]["question"] if before else 1.0
                ratio = one["question"] / one["bare"]
                print(
                    f"{animals:>10,} {name:26} {1000 * one['question']:9.2f} {ratio:6.2f} {limit:6.2f} {growth:7.2f}",
                    flush=True,
                )
            found["sizes"][animals] = measured
            before = measured
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
