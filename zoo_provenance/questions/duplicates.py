"""Records that may be one thing: what agrees and what differs, side by side; none is ever merged by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from zoo_provenance.counts import bound_text
from zoo_provenance.evidence.comparing import Meaning, compare, meaning_of
from zoo_provenance.fields import FIELDS, Shape, columns_of
from zoo_provenance.names import fold
from zoo_provenance.questions.answers import Ref
from zoo_provenance.questions.blocks import names_of, pairs_of
from zoo_provenance.tables import KIND_TABLES, judgement, record, transfer_line
from zoo_provenance.vocabulary import Kind, Verdict

NAMES, TAXA = "names", "taxa"
WEIGHTS: Mapping[Kind, Mapping[str, int]] = {
    Kind.INSTITUTION: {NAMES: 50, "country": 20, "city": 20, "kind": 10, "founded": 15},
    Kind.PERSON: {NAMES: 100},
    Kind.TAXON: {"scientific_name": 60, NAMES: 30, "rank": 10},
    Kind.SOURCE: {"url": 50, "title": 30, "published": 25, "publisher": 15, "kind": 5},
    Kind.ANIMAL: {NAMES: 45, "taxon": 20, "born": 20, "born_at": 10, "sex": 15, "died": 15},
    Kind.TRANSFER: {"from": 20, "to": 20, "date": 25, TAXA: 25, "kind": 10},
}
"""How much each fact counts, by kind."""
_WORTH = {Verdict.AGREE: 1.0, Verdict.REFINES: 0.9, Verdict.POSSIBLE: 0.6, Verdict.CONFLICT: 0.0}
_UNKNOWN = 0.5
_SLOW = frozenset({NAMES, "title"})
_ALIKE, _UNLIKE = 90, 60
_CHUNK = 500
_MANY = 5_000


_Told = tuple[str, Any, Any, str]


class Compared(NamedTuple):
    """A fact of both: the two values, and how they compare; `alike` of names that are nearly the same."""

    field: str
    value: str | None
    other: str | None
    verdict: str


@dataclass(frozen=True)
class Duplicate:
    """Two records that may be one, how alike they are (0 to 100), and what agrees and differs."""

    kind: str
    score: int
    record: Ref
    other: Ref
    agrees: tuple[Compared, ...]
    differs: tuple[Compared, ...]


class _Facts(NamedTuple):
    slug: str
    label: str
    names: dict[str, str]
    values: dict[str, tuple[Any, Meaning]]
    taxa: frozenset[int]


@cache
def _ratio() -> Callable[[str, str], float] | None:
    """Return what tells how alike two names are, 0 to 100, their words in any order; None where it is not installed."""
    try:
        from rapidfuzz.fuzz import token_sort_ratio
    except ModuleNotFoundError:
        return None
    return token_sort_ratio


def near_names_are_compared() -> bool:
    """Whether names that are nearly the same are found, or only those that are the same when folded."""
    return _ratio() is not None


def duplicates(
    connection: Connection, kinds: Sequence[Kind] = (), *, at_least: int = 80, limit: int = 0
) -> tuple[list[Duplicate], int]:
    """Return pairs that may be one, the likeliest first, and how many there are; all where limit is 0.

    Only records that share a block are compared; pairs that were judged before are left out. A dozen statements for
    each kind.
    """
    judged = {(one, other) for one, other in connection.execute(select(judgement.c.record_id, judgement.c.other_id))}
    found: list[tuple[int, str, str, Kind, tuple[_Facts, _Facts, list[_Told]]]] = []
    for kind in kinds or Kind:
        pairs = pairs_of(connection, kind) - judged
        facts = _facts(connection, kind, {one for pair in pairs for one in pair})
        for one, other in pairs:
            first, second = sorted((facts[one], facts[other]), key=lambda fact: fact.slug)
            told = _compared(kind, first, second, at_least)
            if told is not None:
                score, compared = told
                found.append((score, first.slug, second.slug, kind, (first, second, compared)))
    found.sort(key=lambda one: (-one[0], one[1], one[2]))
    shown = found[:limit] if limit else found
    slugs = _slugs(connection, shown)
    return [_made(kind, score, *pair, slugs) for score, _, _, kind, pair in shown], len(found)


def _facts(connection: Connection, kind: Kind, ids: set[int]) -> dict[int, _Facts]:
    """Return what is compared of records: names, columns, and the taxa of a transfer's lines."""
    table, names = KIND_TABLES[kind], names_of(kind)
    found: dict[int, _Facts] = {}
    columns = [column.name for column in table.c]
    readers = [(name, _reader(kind, name, columns)) for name in WEIGHTS[kind] if name in FIELDS[kind]]
    for row in _rows(connection, select(table, record.c.slug, record.c.label).join(record), table.c.id, ids):
        values = {name: value for name, read in readers if (value := read(row)) is not None}
        found[row[0]] = _Facts(row[-2], row[-1], {}, values, frozenset())
    for record_id, name, key in _rows(connection, select(names), names.c.id, ids):
        found[record_id].names[key] = name
    if kind is Kind.TRANSFER:
        taxa: dict[int, set[int]] = {}
        of = select(transfer_line.c.transfer_id, transfer_line.c.taxon_id).where(transfer_line.c.taxon_id.is_not(None))
        for transfer_id, taxon_id in _rows(connection, of, transfer_line.c.transfer_id, ids):
            taxa.setdefault(transfer_id, set()).add(taxon_id)
        found |= {one: found[one]._replace(taxa=frozenset(carried)) for one, carried in taxa.items()}
    return found


def _rows(connection: Connection, query: Any, owner: Any, ids: set[int]) -> Iterator[Any]:
    """Yield the rows of some records: asked for in chunks, or read from all where they are many."""
    if len(ids) > _MANY:
        yield from (row for row in connection.execute(query) if row[0] in ids)
        return
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield from connection.execute(query.where(owner.in_(ordered[start : start + _CHUNK])))


def _reader(kind: Kind, name: str, columns: Sequence[str]) -> Callable[[Any], tuple[Any, Meaning] | None]:
    """Return what reads a field's value and its meaning from a row of the columns named."""
    field = FIELDS[kind][name]
    places = [columns.index(column) for column in columns_of(kind, field)]
    first = places[0]

    def read(row: Any) -> tuple[Any, Meaning] | None:
        value = row[first]
        if value is None:
            return None
        if field.shape is Shape.DATE:
            return value, meaning_of(field.shape, *(row[place] for place in places))
        if field.shape is Shape.COUNT:
            return value, meaning_of(field.shape, value, bound_text(row[places[1]]), bound_text(row[places[2]]))
        if field.shape is Shape.RECORD:
            return value, meaning_of(field.shape, None, record=value)
        return value, meaning_of(field.shape, value)

    return read


def _compared(kind: Kind, one: _Facts, other: _Facts, at_least: int) -> tuple[int, list[_Told]] | None:
    """Return how alike two records are, and each fact that both have; None as soon as they cannot be alike enough."""
    weights = WEIGHTS[kind]
    reached = possible = 0.0
    left = sum(weights.values())
    told: dict[str, _Told] = {}
    # Names take the longest, and are mostly not needed any more.
    for name in sorted(weights, key=_SLOW.__contains__):
        weight = weights[name]
        worth, compared = _fact(name, one, other)
        left -= weight
        if compared is None:
            # What nobody knows of one of them says little either way.
            reached, possible = reached + weight / 2 * _UNKNOWN, possible + weight / 2
        else:
            reached, possible = reached + weight * worth, possible + weight
            told[name] = compared
        if round(100 * (reached + left) / (possible + left)) < at_least:
            return None
    return round(100 * reached / possible), [told[name] for name in weights if name in told]


def _fact(name: str, one: _Facts, other: _Facts) -> tuple[float, _Told | None]:
    if name == NAMES:
        return _named(one.names, other.names)
    if name == TAXA:
        if not one.taxa or not other.taxa:
            return 0.0, None
        share = len(one.taxa & other.taxa) / len(one.taxa | other.taxa)
        verdict = "agree" if share == 1 else "possible" if share else "conflict"
        return share, (name, sorted(one.taxa), sorted(other.taxa), verdict)
    if name not in one.values or name not in other.values:
        return 0.0, None
    (value, meaning), (another, its_meaning) = one.values[name], other.values[name]
    verdict = compare(meaning, its_meaning)
    if verdict is Verdict.CONFLICT and name == "title":
        worth, compared = _named({fold(value): value}, {fold(another): another})
        return worth, compared and (name, *compared[1:])
    return _WORTH[verdict], (name, value, another, verdict.value)


def _named(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[float, _Told | None]:
    """Return how alike the nearest names of two records are: the same when folded, or by their words in any order."""
    same = sorted(one.keys() & other.keys())
    if same:
        return 1.0, (NAMES, one[same[0]], other[same[0]], "agree")
    alikeness = _ratio()
    if alikeness is None:
        return 0.0, None
    ratio, value, another = max((alikeness(_words(a), _words(b)), a, b) for a in one.values() for b in other.values())
    # Names that share no more than any two do say that they are two, and so do those that differ in a number.
    alike = re.findall(r"\d+", value) == re.findall(r"\d+", another)
    worth = max(0.0, (ratio - _UNLIKE) / (100 - _UNLIKE)) if alike else 0.0
    verdict = "alike" if worth and ratio >= _ALIKE else "possible" if worth else "conflict"
    return worth, (NAMES, value, another, verdict)


def _words(name: str) -> str:
    """Return a name's words, each folded."""
    return " ".join(fold(word) for word in name.split())


def _slugs(connection: Connection, shown: Iterable[Any]) -> dict[int, str]:
    """Return the slugs of the records that are values of what is shown."""
    ids: set[int] = set()
    for _, _, _, _, (_, _, compared) in shown:
        for _, value, other, _ in compared:
            for one in (value, other):
                ids.update(one if isinstance(one, list) else [one] if isinstance(one, int) else [])
    slugs: dict[int, str] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        some = ordered[start : start + _CHUNK]
        slugs |= {
            row[0]: row[1]
            for row in connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(some)))
        }
    return slugs


def _made(
    kind: Kind, score: int, one: _Facts, other: _Facts, compared: Sequence[Any], slugs: Mapping[int, str]
) -> Duplicate:
    def text(value: Any) -> str | None:
        if isinstance(value, list):
            return ", ".join(sorted(slugs[one] for one in value))
        return slugs[value] if isinstance(value, int) else value

    told = [Compared(name, text(value), text(another), verdict) for name, value, another, verdict in compared]
    differs = tuple(one for one in told if one.verdict in {"conflict", "possible"})
    agrees = tuple(one for one in told if one not in differs)
    return Duplicate(kind.value, score, Ref(one.slug, one.label), Ref(other.slug, other.label), agrees, differs)
