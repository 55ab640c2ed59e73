"""A synthetic zoo world of any size: the same seed gives the same rows, and every column what its claims conclude."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Table, insert

from zoo_provenance.counts import bound_text, parse_count
from zoo_provenance.dates import parse_date
from zoo_provenance.evidence.comparing import meaning_of
from zoo_provenance.evidence.concluding import Claimed, conclude
from zoo_provenance.fields import Shape
from zoo_provenance.loading.bulk import keys
from zoo_provenance.names import fold
from zoo_provenance.tables import (
    animal,
    batch,
    claim,
    dataset,
    decision,
    descent,
    institution,
    line_animal,
    participant,
    person,
    record,
    source,
    source_basis,
    taxon,
    transfer,
    transfer_line,
)

_CHUNK = 5_000
_COUNTRIES = ("RU", "KP", "KR", "CN", "DE", "US", "GB", "JP", "ZW", "VN")
_APPENDICES = ("I", "II", "III", "N", None, None)
_LANGUAGES = ("en", "ru", "ko", "de", "zh")


class World:
    """Writes a world of a given number of transfers into an empty database.

    Houses, people, taxa, sources and animals grow with the transfers. One transfer in five has a field in
    dispute; one move in fifty starts elsewhere than where the animal was; one animal in twenty has no birth.
    """

    def __init__(self, connection: Connection, transfers: int, seed: int = 1) -> None:
        """Take where to write and how much."""
        self.connection = connection
        self.random = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self.number = transfers
        self.waiting: dict[Table, list[dict[str, Any]]] = {}
        self.ids = 0

    def write(self) -> None:
        """Write it all, parents first, indexes afterwards."""
        again = keys.set_aside(self.connection)
        self.connection.execute(insert(dataset), [{"id": 1, "name": "synthetic"}])
        self.connection.execute(
            insert(batch), [{"id": 1, "at": "2026-01-01", "actor": "nobody", "command": "made", "digest": "0"}]
        )
        self.houses = [self._house(number) for number in range(max(20, self.number // 100))]
        self.people = [self._person(number) for number in range(max(20, self.number // 300))]
        self.taxa = [self._taxon(number) for number in range(550)]
        self._flush()
        self.sources = self._sources(max(50, self.number // 20))
        self._flush()
        self._lives()
        self._flush()
        keys.make_again(self.connection, again)

    # -- registries ----------------------------------------------------------------------------------

    def _record(self, kind: str, slug: str) -> int:
        self.ids += 1
        row = {"id": self.ids, "kind": kind, "slug": slug, "label": slug, "search_key": fold(slug), "dataset_id": 1}
        self._add(record, row)
        return self.ids

    def _house(self, number: int) -> int:
        house = self._record("institution", f"zoo-{number}")
        founded = f"{self.random.randint(1850, 1960)}"
        bounds = parse_date(founded)
        self._add(
            institution,
            {
                "id": house,
                "kind": "zoo",
                "country": self.random.choice(_COUNTRIES),
                "founded": founded,
                "founded_earliest": bounds.earliest,
                "founded_latest": bounds.latest,
            },
        )
        return house

    def _person(self, number: int) -> int:
        found = self._record("person", f"official-{number}")
        self._add(person, {"id": found})
        return found

    def _taxon(self, number: int) -> int:
        found = self._record("taxon", f"taxon-{number}")
        genus = number < 50
        self._add(
            taxon,
            {
                "id": found,
                "rank": "genus" if genus else "species",
                "parent_id": None if genus else found - number + number % 50,
                "cites_appendix": None if genus else self.random.choice(_APPENDICES),
            },
        )
        return found

    def _sources(self, number: int) -> list[int]:
        found: list[int] = []
        for place in range(number):
            slug = f"source-{place}"
            made = self._record("source", slug)
            self._add(
                source,
                {
                    "id": made,
                    "kind": "news",
                    "publisher": f"Publisher {place % 97}",
                    "language": self.random.choice(_LANGUAGES),
                    "reliability": self.random.choice("BBCCCDF"),
                    "archived_url": None,
                    "url": f"https://example.org/{place}" if place % 10 == 0 else None,
                },
            )
            if found and self.random.random() < 0.6:
                for basis in {self.random.choice(found) for _ in range(self.random.choice((1, 1, 2)))}:
                    self._add(source_basis, {"source_id": made, "based_on_id": basis})
            found.append(made)
        return found

    # -- animals and their moves -------------------------------------------------------------------------

    def _lives(self) -> None:
        made = 0
        eldest: dict[int, int] = {}
        number = 0
        while made < self.number:
            number += 1
            moves = min(self.random.choice((1, 1, 2, 2, 3)), self.number - made)
            made += moves
            self._animal(number, moves, eldest)
            if number % _CHUNK == 0:
                self._flush()

    def _animal(self, number: int, moves: int, eldest: dict[int, int]) -> None:
        chance = self.random
        made = self._record("animal", f"animal-{number}")
        born = date(1970 + number * 40 // max(1, self.number), 1, 1) + timedelta(days=chance.randrange(365))
        home, species = chance.choice(self.houses), self.taxa[50 + number % 500]
        known = chance.random() > 0.05
        self._add(
            animal,
            {
                "id": made,
                "taxon_id": species,
                "sex": chance.choice(("male", "female")),
                "born": born.isoformat() if known else None,
                "born_earliest": born.isoformat() if known else None,
                "born_latest": born.isoformat() if known else None,
                "born_at_id": home if known else None,
            },
        )
        self._said(made, "", "")
        if species in eldest and chance.random() < 0.3:
            self._add(descent, {"child_id": made, "parent_id": eldest[species], "role": "parent"})
        eldest[species] = made
        day, place = born, home
        for move in range(moves):
            day += timedelta(days=chance.randint(200, 1500))
            start = place if chance.random() > 0.02 else chance.choice(self.houses)
            place = chance.choice([house for house in chance.sample(self.houses, 2) if house != start])
            self._transfer(f"move-{number}-{move}", day, start, place, species, made)

    def _transfer(self, slug: str, day: date, start: int, end: int, species: int, moved: int) -> None:
        chance = self.random
        made = self._record("transfer", slug)
        kind = chance.choice(("gift", "gift", "sale", "exchange", "loan"))
        row = {
            "id": made,
            "kind": kind,
            "status": "completed" if chance.random() > 0.03 else "planned",
            "passes_custody": True,
            "passes_title": None if chance.random() < 0.05 else kind != "loan",
            "origin_id": start,
            "destination_id": end,
            "date": day.isoformat(),
            "date_earliest": day.isoformat(),
            "date_latest": day.isoformat(),
        }
        line = {
            "transfer_id": made,
            "key": "animals",
            "taxon_id": species,
            "count": "1",
            "count_min": 1,
            "count_max": 1,
        }
        for _ in range(chance.choice((1, 1, 2, 3))):
            self._said(made, "", "")
        disputed = chance.random()
        if disputed < 0.1:
            self._rivals(made, "", "date", Shape.DATE, row, [day.isoformat(), f"{day:%Y-%m}", f"{day.year}"])
        elif disputed < 0.2:
            values = chance.choice((["1", "~1"], ["1", "2"], ["1", "1+", "3"]))
            self._rivals(made, "lines/animals", "count", Shape.COUNT, line, values)
        if chance.random() < 0.05:
            self._said(made, "", "count", chance.choice(("1", ">0", "2")))
        self._add(transfer, row)
        self._add(transfer_line, line)
        self._add(line_animal, {"transfer_id": made, "line_key": "animals", "animal_id": moved})
        if chance.random() < 0.2:
            self._add(
                participant,
                {
                    "transfer_id": made,
                    "key": "signed",
                    "person_id": chance.choice(self.people),
                    "role": "signed",
                    "capacity": "director",
                },
            )

    # -- claims ------------------------------------------------------------------------------------------

    def _rivals(self, made: int, part: str, field: str, shape: Shape, row: dict[str, Any], values: list[str]) -> None:
        """Claim rival values and set the columns to what they conclude; one in five is settled."""
        said = [self._said(made, part, field, value) for value in values for _ in range(self.random.choice((1, 2)))]
        found = conclude(
            shape,
            [
                Claimed(
                    one["value"],
                    one["low"],
                    one["high"],
                    None,
                    meaning_of(shape, one["value"], one["low"], one["high"]),
                )
                for one in said
            ],
        )
        value, low, high = found.value, found.low, found.high
        if self.random.random() < 0.2:
            self._add(
                decision,
                {
                    "record_id": made,
                    "part": part,
                    "field": field,
                    "value": values[0],
                    "reason": "chosen",
                    "batch_id": 1,
                },
            )
            value, low, high = said[0]["value"], said[0]["low"], said[0]["high"]
        if shape is Shape.DATE:
            row |= {"date": value, "date_earliest": low, "date_latest": high}
        else:
            bounds = [None if bound is None else int(bound) for bound in (low, high)]
            row |= {"count": value, "count_min": bounds[0], "count_max": bounds[1]}

    def _said(self, made: int, part: str, field: str, value: str | None = None) -> dict[str, Any]:
        low = high = None
        if value is not None and field == "count":
            count = parse_count(value)
            low, high = bound_text(count.least), bound_text(count.most)
        elif value is not None:
            bounds = parse_date(value)
            low, high = bounds.earliest, bounds.latest
        self.locator = getattr(self, "locator", 0) + 1
        row = {
            "record_id": made,
            "line_key": part.removeprefix("lines/") or None,
            "part": part,
            "field": field,
            "value": value,
            "low": low,
            "high": high,
            "source_id": self.random.choice(self.sources),
            "stance": "supports",
            "own": self.random.random() < 0.02,
            "locator": str(self.locator),
            "dataset_id": 1,
        }
        self._add(claim, row)
        return row

    # -- rows --------------------------------------------------------------------------------------------

    def _add(self, table: Table, row: dict[str, Any]) -> None:
        self.waiting.setdefault(table, []).append(row)

    def _flush(self) -> None:
        order: Iterator[Table] = iter(
            (
                *(record, institution, person, taxon, source, source_basis, animal, descent, transfer, transfer_line),
                *(line_animal, participant, claim, decision),
            )
        )
        for table in order:
            rows = self.waiting.pop(table, [])
            if rows:
                self.connection.execute(insert(table), rows)
