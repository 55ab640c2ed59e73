"""Columns of tables: which a table may have, and how its cells become what is staged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress
from typing import Any

from zoo_provenance.counts import parse_count
from zoo_provenance.dates import parse_date
from zoo_provenance.errors import Unreadable, quoted
from zoo_provenance.fields import FIELDS, Field, Shape, columns_of
from zoo_provenance.loading.values import UNKNOWN, NotAWord, read_flag, read_value
from zoo_provenance.loading.yaml_reader import INVISIBLE_LETTERS
from zoo_provenance.vocabulary import LABEL_LENGTH, NOTES_LENGTH, SLUG, DescentRole, Kind, LinkKind, passed_by

_REMEMBERED = 50_000
_LONGEST_NUMBER = 40
_LIST = re.compile(r"[\s;,|]+")
_PROBABILITY = re.compile(r"[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?")

Cells = Sequence[str]
Tell = Callable[[int, str, str, str], None]
"""Is told of a bad cell: its place in the chunk, a code, a message, a suggestion."""


class Memo(dict[str, Any]):
    """What texts mean, each read once; forgotten when there are too many. `bad` are those that mean nothing."""

    def __init__(self, read: Callable[[str], Any], nothing: Any = None) -> None:
        super().__init__({"": nothing})
        self.read = read
        self.nothing = nothing
        self.bad: dict[str, tuple[str, str, str]] = {}

    def __missing__(self, text: str) -> Any:
        if len(self) > _REMEMBERED:
            self.clear()
            self[""] = self.nothing
        try:
            value = self.read(text)
        except NotAWord as fault:
            self.bad[text] = ("bad-word", str(fault), fault.suggestion)
            value = self.nothing
        except Unreadable as fault:
            self.bad[text] = ("unreadable", str(fault), "")
            value = self.nothing
        self[text] = value
        return value

    def all(self, cells: Cells, tell: Tell) -> list[Any]:
        """Return what each cell means; the bad ones are told of and mean nothing."""
        values = [self[cell] for cell in cells]
        if self.bad:
            for at, cell in enumerate(cells):
                if cell in self.bad:
                    tell(at, *self.bad[cell])
            if len(self.bad) > _REMEMBERED:
                self.bad.clear()
                self.clear()
                self[""] = self.nothing
        return values


def folded_slug(text: str) -> str:
    """Return a text as the slug that a table or its settings mean, capitals folded. Raises Unreadable."""
    slug = text if SLUG.fullmatch(text) else text.strip().lower()
    if not SLUG.fullmatch(slug):
        raise Unreadable(f"{quoted(text)} is not a slug; expected letters, digits, '.', '_' or '-', at most 100")
    return slug


def slugs_read(cells: Cells, tell: Tell, *, required: bool) -> list[str | None]:
    """Return cells as slugs, capitals folded; None where a cell is empty, or is no slug and told of."""
    if all(map(SLUG.fullmatch, cells)):
        return list(cells)
    found: list[str | None] = []
    for at, cell in enumerate(cells):
        slug = None
        try:
            slug = folded_slug(cell) if cell.strip() else None
            if slug is None and required:
                tell(at, "missing", "the cell is empty; every row needs one", "")
        except Unreadable as fault:
            tell(at, "bad-slug", str(fault), "")
        found.append(slug)
    return found


def texts_read(cells: Cells, tell: Tell, longest: int) -> list[str | None]:
    """Return cells as text, None where empty; text with control characters, or too long, is told of."""
    if "".join(cells).isprintable() and max(map(len, cells)) <= longest and not any(map(str.isspace, cells)):
        return [cell or None for cell in cells]
    found: list[str | None] = []
    for at, cell in enumerate(cells):
        fits = len(cell) <= longest
        bad = next((c for c in cell if not (c.isprintable() or c in INVISIBLE_LETTERS)), None) if fits else None
        fine = bad is None and fits and not cell.isspace()
        if bad is not None and "\ud800" <= bad <= "\udfff":
            tell(at, "encoding", "is not UTF-8; save the file as UTF-8", "")
        elif bad is not None:
            tell(at, "control", f"a control character (U+{ord(bad):04X}) cannot stand here; remove it", "")
        elif cell.isspace():
            tell(at, "unreadable", "is blank; leave the cell empty", "")
        elif not fine:
            tell(at, "too-long", f"is {len(cell):,} characters long; at most {longest:,} fit", "")
        found.append(cell if fine and cell else None)
    return found


def lists_read(cells: Cells, tell: Tell) -> Iterator[tuple[int, list[str]]]:
    """Yield (place, slugs) of the cells that hold slugs: apart by spaces, commas, semicolons or bars, each once."""
    for at in compress(range(len(cells)), cells):
        named = [one for one in _LIST.split(cells[at].strip()) if one]
        slugs = slugs_read(named, lambda _place, *said, at=at: tell(at, *said), required=False) if named else []
        yield at, list(dict.fromkeys(one for one in slugs if one))


def flags_read(cells: Cells, tell: Tell) -> list[bool]:
    """Return cells as yes or no, no where empty."""
    return _flags().all(cells, tell)


@cache
def _flags() -> Memo:
    return Memo(read_flag, nothing=False)


def probabilities_read(cells: Cells, tell: Tell) -> list[float | None]:
    """Return cells as probabilities: more than 0, at most 1, and 1 where empty; None where told of."""
    found: list[float | None] = []
    for at, cell in enumerate(cells):
        # A long one would be tried from each of its digits.
        plain = len(cell) <= _LONGEST_NUMBER and _PROBABILITY.fullmatch(cell)
        number = float(cell) if plain else -1.0 if cell else 1.0
        if not 0 < number <= 1:
            tell(at, "unreadable", f"{cell[:40]!r} is no probability; expected more than 0, at most 1", "")
        found.append(number if 0 < number <= 1 else None)
    return found


# -- fields --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FieldColumn:
    """A column that holds a field: its header, and what it fills of the staging table."""

    name: str
    field: Field
    staged: tuple[str, ...]

    def read(self, cells: Cells, tell: Tell) -> list[Sequence[Any]]:
        """Return the staged columns of some cells."""
        if not any(cells):
            nothing = [None] * len(cells)
            return [nothing for _ in self.staged]
        if self.field.shape is Shape.TEXT and self.name != "country":
            if UNKNOWN in cells:
                cells = ["" if cell == UNKNOWN else cell for cell in cells]
            return [texts_read(cells, tell, _longest(self.name))]
        if self.field.shape is Shape.RECORD:
            return [_references().all(cells, tell)]
        values = _memo(self.name, self.field).all(cells, tell)
        return list(zip(*values, strict=True)) if len(self.staged) > 1 else [values]


def _longest(name: str) -> int:
    from zoo_provenance.loading.values import LONGEST

    return LONGEST.get(name, LABEL_LENGTH)


def _unknown(text: str) -> bool:
    """Whether a source calls the value unknown. Raises Unreadable where blanks stand around the mark."""
    if text != UNKNOWN and text.strip() == UNKNOWN:
        raise Unreadable(f"{quoted(text)} has blanks around {UNKNOWN!r}; leave them out")
    return text == UNKNOWN


@cache
def _references() -> Memo:
    def read(text: str) -> str | None:
        if _unknown(text):
            return None
        return folded_slug(text)

    return Memo(read)


@cache
def _memo(name: str, field: Field) -> Memo:
    """Return what texts mean as values of a field: as many things as the field has staged columns."""
    if field.shape is Shape.DATE:

        def day(text: str) -> tuple[str | None, str | None, str | None]:
            if _unknown(text):
                return None, None, None
            date = parse_date(text.strip())
            return date.text, date.earliest, date.latest

        return Memo(day, (None, None, None))
    if field.shape is Shape.COUNT:

        def number(text: str) -> tuple[Any, ...]:
            if _unknown(text):
                return (None,) * 6
            count = parse_count(text.strip())
            return count.text, count.least, count.most, *(count.sexes or (None,) * 3)

        return Memo(number, (None,) * 6)

    def word(text: str) -> str | None:
        return None if _unknown(text) else read_value(field, name, text.strip()).text

    return Memo(word)


@cache
def fields_of(owner: str) -> Mapping[str, FieldColumn]:
    """Return the columns of an owner's fields (a kind's, a line's, a participant's), by their headers."""
    found = {}
    for name, field in FIELDS[owner].items():
        columns = columns_of(owner, field)
        if name == "who":
            found[name] = FieldColumn(name, field, ("who",))
        elif columns and field.shape is Shape.COUNT and owner != "line":
            found[name] = FieldColumn(name, field, (*columns, "_males", "_females", "_unsexed"))
        elif columns and field.shape is not Shape.FLAG:
            stems = columns if field.shape is not Shape.RECORD else (columns[0].removesuffix("_id"),)
            found[name] = FieldColumn(name, field, stems)
    return found


@cache
def passes_memo() -> Memo:
    """Return what cells of `passes` say: custody and title as yes, no or unstated."""

    def read(text: str) -> tuple[str, str]:
        words = {word for word in _LIST.split(text.strip().lower()) if word}
        if words == {"unstated"}:
            return UNKNOWN, UNKNOWN
        if not words or not words <= {"custody", "title"}:
            raise Unreadable(f"{quoted(text)} is none of: custody, title, custody title, unstated")
        return "yes" if "custody" in words else "no", "yes" if "title" in words else "no"

    return Memo(read, None)


@cache
def passed_memo() -> Memo:
    """Return what transfers of a kind pass by default: custody and title."""
    return Memo(lambda kind: passed_by([kind]), (None, None))


# -- tables --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TableShape:
    """A table: whose rows it holds, the columns each row needs, and those it may have beside its fields."""

    owner: str
    required: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All names its header may have; one that ends in a dot stands for those that begin so."""
        fields = tuple(fields_of(self.owner)) if self.owner in FIELDS else ()
        return (*self.required, *fields, *self.others)


_VOUCHED = ("sources", "source", "unsourced", "notes")
_RECORD = ("name", *_VOUCHED, "id.")

LISTS = frozenset({"sources", "source", "based_on", "animals", "passes", *(kind.value for kind in LinkKind)})
"""Columns whose cells may name several."""

TABLES: Mapping[str, TableShape] = {
    "taxa": TableShape(Kind.TAXON, ("slug",), _RECORD),
    "institutions": TableShape(Kind.INSTITUTION, ("slug",), _RECORD),
    "people": TableShape(Kind.PERSON, ("slug",), _RECORD),
    "sources": TableShape(Kind.SOURCE, ("slug",), (*_RECORD, "based_on")),
    "animals": TableShape(Kind.ANIMAL, ("slug",), (*_RECORD, "dam", "sire")),
    "transfers": TableShape(Kind.TRANSFER, ("slug",), (*_RECORD, "passes", *(kind.value for kind in LinkKind))),
    "lines": TableShape("line", ("transfer", "key"), (*_VOUCHED, "animals")),
    "participants": TableShape("participant", ("transfer", "key", "who"), ("sources", "source", "unsourced")),
    "descent": TableShape("descent", ("child", "parent", "role"), ("probability",)),
    "names": TableShape("name", ("record", "name"), ("language", "former", "source", "sources")),
}
"""The tables of a data set, in the order in which they are entered."""

ROLES = frozenset(role.value for role in DescentRole)
NOTES = NOTES_LENGTH
