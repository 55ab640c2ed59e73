"""Every benchmark in turn, its tables printed and its figures written as JSON into one folder.

python benchmarks/all.py FOLDER [--animals 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Run all, one after the other: two at a time would measure each other."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--animals", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    kept = chosen.folder / "databases"
    sizes = [str(size) for size in (10_000, 100_000, 1_000_000, 10_000_000) if size <= chosen.animals]
    commands = {
        "startup": [],
        "load": ["--animals", str(chosen.animals), "--rounds", str(chosen.rounds)],
        "questions": ["--animals", *sizes, "--keep", str(kept)],
        "engines": ["--db", str(kept / f"zoos-{sizes[-1]}.db")],
        "evidence": [],
        "search": [],
    }
    for name, arguments in commands.items():
        print(f"== {name}", flush=True)
        written = ["--json", str(chosen.folder / f"{name}.json")]
        subprocess.run([sys.executable, str(HERE / f"{name}.py"), *arguments, *written], check=True)


if __name__ == "__main__":
    main()
