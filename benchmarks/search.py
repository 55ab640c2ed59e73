"""Name search at scale: each way of finding a name against a LIKE scan that does the same on the bare driver.

    python benchmarks/search.py [--names 1000000] [--texts 15] [--db FILE] [--json FILE]

Both sides run in one process, interleaved in random order, and must find the same; a figure is the ratio of the
medians. A third each of the names is Latin, Cyrillic and Hangul, and one record in ten has a second name.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection

from zoo_provenance import database, schema, search_index
from zoo_provenance.names import fold
from zoo_provenance.questions.finding import beginning, find, spelt_alike
from zoo_provenance.questions.naming import thing_named

ALL = 1_000_000_000
LIMITS = {"infix": 0.1}
SCRIPTS = {
    "Latin": [
        a + b
        for a in [
            "b",
            "ch",
            "d",
            "dr",
            "f",
            "g",
            "h",
            "j",
            "k",
            "l",
            "m",
            "n",
            "p",
            "r",
            "s",
            "sh",
            "t",
            "tr",
            "v",
            "z",
        ]
        for b in ["a", "e", "i", "o", "u", "y", "ai"]
    ],
    "Cyrillic": [
        a + b
        for a in ["б", "в", "г", "д", "ж", "з", "к", "л", "м", "н", "п", "р", "с", "т", "ф", "х", "ц", "ш", "ст", "тр"]
        for b in ["а", "е", "и", "о", "у", "ю", "я"]
    ],
    "Hangul": [chr(0xAC00 + number * 37) for number in range(300)],
}
Side = Callable[[], Any]


def fill(url: URL, number: int) -> dict[str, float]:
    """Write records with names, and return the seconds that the rows and the index took."""
    chance = random.Random(1)  # noqa: S311 - reproducible, not secret
    scripts = list(SCRIPTS.values())

    def names() -> Iterator[tuple[int, str, str]]:
        for row in range(1, number + 1):
            name = "".join(chance.choices(scripts[row % 3], k=chance.randint(3, 7)))
            yield row, name, fold(name)

    schema.upgrade(url)
    with database.writing(url) as connection:
        search_index.suspend(connection)
        connection.exec_driver_sql("INSERT INTO dataset (id, name) VALUES (1, 'made')")
        given = list(names())
        again = [(row, name, key) for row, (_, name, key) in enumerate(chance.sample(given, number // 10), 1)]
        start = time.perf_counter()
        connection.exec_driver_sql(
            "INSERT INTO record (id, kind, slug, label, search_key, dataset_id)"
            " VALUES (?1, 'animal', 'animal-' || ?1, ?2, ?3, 1)",
            given,
        )
        connection.exec_driver_sql(
            "INSERT INTO claim (record_id, field, value, search_key, stance, own, dataset_id)"
            " VALUES (?1, 'name', ?2, ?3, 'supports', 0, 1)",
            again,
        )
        rows = time.perf_counter() - start
        search_index.rebuild(connection)
        return {"rows": rows, "index": time.perf_counter() - start - rows}


def exact(connection: Connection, key: str) -> set[str]:
    """Return the slug of what is called so."""
    return {thing_named(connection, key).slug}


def prefix(connection: Connection, key: str) -> set[str]:
    """Return the slugs of what is called so at the beginning."""
    return set(beginning(connection, key, limit=ALL))


def infix(connection: Connection, key: str) -> set[tuple[str, str]]:
    """Return the slugs and names that contain a text."""
    return {(one.slug, one.name) for one in find(connection, key).matches}


class Scan:
    """The same questions as LIKE over both tables, on the bare driver."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection whose driver is used."""
        self.cursor = connection.connection.cursor()

    def _names(self, pattern: str, slug: str) -> list[Any]:
        self.cursor.execute(
            "SELECT slug, label, search_key FROM record WHERE search_key LIKE ?1 OR slug LIKE ?2"
            " UNION SELECT slug, value, claim.search_key FROM claim JOIN record ON record.id = record_id"
            " WHERE (field IN ('name', 'name.former', 'formerly') OR field LIKE 'id.%') AND stance = 'supports'"
            " AND claim.search_key LIKE ?1",
            (pattern, slug),
        )
        return list(self.cursor.fetchall())

    def exact(self, key: str) -> set[str]:
        """Return the slugs of what is called so."""
        return {slug for slug, _, _ in self._names(key, "")}

    def prefix(self, key: str) -> set[str]:
        """Return the slugs of what is called so at the beginning."""
        return {slug for slug, _, _ in self._names(f"{key}%", "")}

    def infix(self, key: str) -> set[tuple[str, str]]:
        """Return the slugs and names that contain a text."""
        return {(slug, name) for slug, name, _ in self._names(f"%{key}%", f"%{key}%")}

    def misspelt(self, key: str) -> list[str]:
        """Return the folded names nearest to a text, of the 300 that share most trigrams with it."""
        trigrams = [key[at : at + 3] for at in range(len(key) - 2)]
        score = " + ".join("(search_key LIKE ?)" for _ in trigrams)
        self.cursor.execute(
            f"SELECT DISTINCT search_key FROM (SELECT search_key, {score} AS score FROM record ORDER BY score DESC,"
            f" abs(length(search_key) - {len(key)}) LIMIT 300)",
            [f"%{trigram}%" for trigram in trigrams],
        )
        return difflib.get_close_matches(key, [row[0] for row in self.cursor.fetchall()], n=3)


def same(one: Any, other: Any) -> None:
    """Raise where two sides found other things."""
    if one != other:
        raise AssertionError(f"{len(one)} and {len(other)} found")


def as_near(key: str) -> Callable[[Any, Any], None]:
    """Return what raises where the best of the first side is further from a text than that of the second."""

    def best(found: list[str]) -> float:
        return max((difflib.SequenceMatcher(None, fold(one), key).ratio() for one in found), default=0)

    def compare(one: Any, other: Any) -> None:
        if best(one) < best(other):
            raise AssertionError(f"{key}: {one} and {other}")

    return compare


def cases(
    connection: Connection, script: int, texts: int, chance: random.Random
) -> Iterator[tuple[str, Side, Side, Any]]:
    """Yield what is asked about a script: its name, both sides, and how what they find is compared."""
    scan = Scan(connection)
    cursor: Any = connection.connection.cursor()
    cursor.execute("SELECT max(id) FROM record")
    last = cursor.fetchone()[0]
    made = 0
    while made < texts:
        row = chance.randrange(last // 3) * 3 + script
        cursor.execute("SELECT search_key FROM record WHERE id = ?", (row,))
        key = (cursor.fetchone() or ("",))[0]
        cursor.execute(
            "SELECT (SELECT count(*) FROM record WHERE search_key = ?1)"
            " + (SELECT count(*) FROM claim WHERE field = 'name' AND search_key = ?1 AND record_id <> ?2)",
            (key, row),
        )
        if len(key) < 6 or cursor.fetchone()[0] != 1:
            continue
        made += 1
        yield "exact", partial(exact, connection, key), partial(scan.exact, key), same
        yield "prefix", partial(prefix, connection, key[:4]), partial(scan.prefix, key[:4]), same
        for length in (3, 4, 5):
            at = chance.randrange(len(key) - length + 1)
            part = key[at : at + length]
            yield f"infix of {length}", partial(infix, connection, part), partial(scan.infix, part), same
        at = chance.randrange(len(key))
        wrong = key[:at] + key[at + 1 :]
        yield "misspelt", partial(spelt_alike, connection, wrong), partial(scan.misspelt, wrong), as_near(wrong)


def measure(connection: Connection, texts: int) -> list[dict[str, Any]]:
    """Return the medians of each way of finding, by script."""
    chance = random.Random(2)  # noqa: S311 - only what is asked, and in which order
    figures = []
    for script, name in ((1, "Cyrillic"), (2, "Hangul"), (0, "Latin")):
        asked = list(cases(connection, script or 3, texts, chance))
        times: dict[str, dict[str, list[float]]] = {}
        numbers: dict[str, list[int]] = {}
        chance.shuffle(asked)
        for what, fast, scan, compare in asked:
            sides = [("search", fast), ("scan", scan)]
            chance.shuffle(sides)
            found = {}
            for side, ask in sides:
                start = time.perf_counter()
                found[side] = ask()
                times.setdefault(what, {}).setdefault(side, []).append(time.perf_counter() - start)
            compare(found["search"], found["scan"])
            numbers.setdefault(what, []).append(len(found["search"]))
        for what in ("exact", "prefix", "infix of 3", "infix of 4", "infix of 5", "misspelt"):
            medians = {side: statistics.median(values) for side, values in times[what].items()}
            figures.append(
                {
                    "script": name,
                    "question": what,
                    "found": statistics.median(numbers[what]),
                    "seconds": medians,
                    "ratio": medians["search"] / medians["scan"],
                    "limit": LIMITS.get(what.split()[0]),
                }
            )
    return figures


def main() -> None:
    """Measure, print a table, write JSON."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--names", type=int, default=1_000_000)
    options.add_argument("--texts", type=int, default=15, help="texts asked for in each script")
    options.add_argument("--db", help="a database made by this program, or a path without a file to make it at")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    made: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = database.locate(chosen.db or str(Path(folder) / "names.db"))
        if not database.exists(url):
            made = fill(url, chosen.names)
            print(f"rows {made['rows']:.1f} s, index {made['index']:.1f} s, ratio {made['index'] / made['rows']:.2f}")
        with database.reading(url) as connection:
            figures = measure(connection, chosen.texts)
    print(f"{'script':9} {'question':11} {'found':>6} {'seconds':>9} {'scan':>8} {'ratio':>7} {'limit':>6}")
    for one in figures:
        seconds, limit = one["seconds"], "" if one["limit"] is None else one["limit"]
        print(
            f"{one['script']:9} {one['question']:11} {one['found']:6.0f} {seconds['search']:9.4f}"
            f" {seconds['scan']:8.4f} {one['ratio']:7.3f} {limit:>6}"
        )
    if chosen.json:
        chosen.json.write_text(json.dumps({"names": chosen.names, "made": made, "figures": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
