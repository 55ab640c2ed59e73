"""What a command costs before it answers, against Python importing the libraries it cannot do without.

    python benchmarks/startup.py [--runs 21] [--json FILE]

Whole processes, interleaved in random order; a figure is the ratio of the medians. Run it where the program is installed
as its users install it, not editable.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from load import figure, machine

_IMPORTS = {"libraries": "import sqlalchemy, click, tabulate", "SQLAlchemy": "import sqlalchemy"}


def measure(runs: int) -> list[dict[str, Any]]:
    """Return the figures of `trace` and `--help`."""
    with tempfile.TemporaryDirectory() as folder:
        db = str(Path(folder) / "zoo.db")
        program = [sys.executable, "-m", "zoo_provenance", "--db", db]
        subprocess.run([*program, "load"], check=True, capture_output=True, cwd=folder)
        sides = {
            "trace": [*program, "trace", "gomi"],
            "help": [*program, "--help"],
            **{name: [sys.executable, "-c", code] for name, code in _IMPORTS.items()},
        }
        # From elsewhere, so that what is installed is run, and not the source beside it.
        surroundings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        times: dict[str, list[float]] = {name: [] for name in sides}
        order = random.Random(0)  # noqa: S311 - only the order of runs
        for _ in range(runs):
            names = list(sides)
            order.shuffle(names)
            for name in names:
                start = time.perf_counter()
                subprocess.run(sides[name], check=True, capture_output=True, cwd=folder, env=surroundings)
                times[name].append(time.perf_counter() - start)
    took = {name: statistics.median(found) for name, found in times.items()}
    return [
        figure("trace as a command, against importing its libraries", took["trace"] / took["libraries"], 1.35),
        figure("--help, against importing SQLAlchemy", took["help"] / took["SQLAlchemy"], 0.3),
    ]


def main() -> None:
    """Measure, print a table, write JSON."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--runs", type=int, default=21)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    figures = measure(chosen.runs)
    for one in figures:
        print(f"{one['what']:55} {one['ratio']:6.2f} {one['limit']:6.2f}")
    if chosen.json:
        chosen.json.write_text(
            json.dumps({"machine": machine(), "figures": figures}, indent=2) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
