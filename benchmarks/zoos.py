"""A federation of zoos as tables: as many animals as asked for, shuffled, the same for the same seed.

To a million animals belong 200,000 transfers, a million lines of them, and two million links of descent within
families of 400, whose youngest have some 300 ancestors.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

FAMILY = 400
FOUNDERS = 40
_SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ra",
    "tu",
    "ven",
    "sha",
    "no",
    "ri",
    "be",
    "dan",
    "gol",
    "su",
    "pem",
    "yor",
    "al",
    "ix",
]
_TAXA = 500


class Zoos:
    """Writes the tables of a number of animals into a folder."""

    def __init__(self, folder: Path, animals: int, seed: int = 1) -> None:
        """Take where to write, how much, and from which seed."""
        self.folder = folder
        self.number = animals
        self.chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self.houses = [f"house-{number}" for number in range(max(20, animals // 1000))]

    def write(self, *, named: bool = False) -> Path:
        """Write institutions, taxa, animals, transfers and lines; `named`: each line names its animal."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "dataset.yaml").write_text("name: zoos\nunsourced: true\n", encoding="utf-8")
        self._table("taxa", "slug,scientific_name,rank", (f"taxon-{n},Genus species-{n},species" for n in range(_TAXA)))
        self._table(
            "institutions", "slug,name,kind,country", (f"{house},House {house},zoo,DE" for house in self.houses)
        )
        header = "slug,name,taxon,sex,born,born_at,owner_at_birth,died,died_at"
        self._table("animals", header, map(self._animal, self._shuffled(self.number)))
        self._table("transfers", "slug,kind,status,from,to,date", map(self._transfer, self._shuffled(self.number // 5)))
        lines = map(self._line, self._shuffled(self.number))
        if named:
            self._table("lines", "transfer,key,taxon,count,animals", map(self._named, self._shuffled(self.number)))
        else:
            self._table("lines", "transfer,key,taxon,count", lines)
        return self.folder

    def write_descent(self) -> None:
        """Write two parents for each animal but the founders of families."""
        self._table("descent", "child,parent,role", self._descent())

    def change(self, folder: Path, part: int = 100) -> Path:
        """Write the tables again into another folder, one row in `part` with another value."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            is_changed = path.stem in {"animals", "lines"}
            with path.open(encoding="utf-8") as old, (folder / path.name).open("w", encoding="utf-8") as new:
                for number, line in enumerate(old):
                    if is_changed and number and number % part == 0:
                        cells = line.rstrip("\n").split(",")
                        # A sex or a count: what a registrar corrects.
                        cells[3] = {"male": "female", "female": "male", "": "male"}.get(cells[3], "21")
                        new.write(",".join(cells) + "\n")
                    else:
                        new.write(line)
        return folder

    def _shuffled(self, number: int) -> list[int]:
        numbers = list(range(number))
        self.chance.shuffle(numbers)
        return numbers

    def _table(self, name: str, header: str, rows: Iterator[str]) -> None:
        with (self.folder / f"{name}.csv").open("w", encoding="utf-8") as file:
            file.write(header + "\n")
            file.writelines(row + "\n" for row in rows)

    def _day(self, year: int) -> str:
        return f"{year}-{self.chance.randint(1, 12):02}-{self.chance.randint(1, 28):02}"

    def _born(self, number: int) -> int:
        return 1900 + (number % FAMILY) // 4

    def _animal(self, number: int) -> str:
        chance = self.chance
        house = chance.choice(self.houses)
        name = "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))).capitalize()
        owner = house if chance.random() < 0.2 else ""
        grave = house if chance.random() < 0.3 else ""
        sex = chance.choice(("male", "female", ""))
        born = self._day(self._born(number))
        return f"animal-{number},{name},taxon-{number % _TAXA},{sex},{born},{house},{owner},,{grave}"

    def _transfer(self, number: int) -> str:
        origin, destination = self.chance.sample(self.houses, 2)
        kind = self.chance.choice(("gift", "sale", "loan", "exchange"))
        return f"transfer-{number},{kind},completed,{origin},{destination},{self._day(2000 + number % 25)}"

    def _line(self, number: int) -> str:
        count, taxon = self.chance.randint(1, 20), self.chance.randrange(_TAXA)
        return f"transfer-{number // 5},line-{number % 5},taxon-{taxon},{count}"

    def _named(self, number: int) -> str:
        # Animals travel some five times, each on lines of its own: one in five does.
        animal = (number * 7919) % max(1, self.number // 5)
        return f"transfer-{number // 5},line-{number % 5},taxon-{animal % _TAXA},1,animal-{animal}"

    def _descent(self) -> Iterator[str]:
        for number in range(self.number):
            place = number % FAMILY
            if place >= FOUNDERS:
                first = number - place
                for role in ("dam", "sire"):
                    parent = first + self.chance.randrange(max(0, place - 80), place - place % 4)
                    yield f"animal-{number},animal-{parent},{role}"
