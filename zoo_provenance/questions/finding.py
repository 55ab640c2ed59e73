"""Names that contain a text, and names spelt like it, among any number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from zoo_provenance import search_index
from zoo_provenance.names import fold, readable
from zoo_provenance.questions import names_asked as asked
from zoo_provenance.vocabulary import VALUE_LENGTH, Kind

T = TypeVar("T")

_TRIGRAM = 3
_SEVERAL = 20
_PIECES = 40
_PIECES_SCANNED = 12
_LONGEST_PIECE = 7
_MANY = 2_000
_MOST_ROWS = 30_000
_LAST_CHARACTER = "\U0010ffff"
_SLUG_LENGTH = 100
_SLUG_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_SEPARATORS = str.maketrans("", "", "._-")


@dataclass(frozen=True)
class Match:
    """A name that was found, and the record it belongs to."""

    slug: str
    label: str
    kind: str
    name: str
    language: str


@dataclass(frozen=True)
class Found:
    """The first of the names found, and how many more there are."""

    matches: tuple[Match, ...] = ()
    more: int = 0


def find(connection: Connection, text: str, kinds: Sequence[Kind] = (), limit: int = 0) -> Found:
    """Return the records whose slug, names or identifiers contain a text, in any script; all where limit is 0.

    Whole names come first, then names that begin with the text. Case, marks, width, punctuation and spaces make
    no difference.
    """
    text = readable(text)
    key = fold(text)
    if not key or "\N{REPLACEMENT CHARACTER}" in text:
        return Found()
    slug = text.strip().lower()
    in_slugs = len(slug) <= _SLUG_LENGTH and _SLUG_CHARACTERS.issuperset(slug)
    # The index knows slugs without separators, and nothing shorter than three characters.
    indexed = len(key) >= _TRIGRAM and (not in_slugs or slug.translate(_SEPARATORS) == key)
    indexed = indexed and search_index.is_kept(connection)
    given: dict[str, Any] = {"key": key, "length": len(key), "pattern": _containing(key)}
    if in_slugs:
        given |= {"slug": slug, "slug_length": len(slug), "slug_pattern": _containing(slug)}
    if indexed:
        given["trigrams"] = _every(key, _TRIGRAM)
    if kinds:
        given["kinds"] = list(kinds)
    if limit:
        given["limit"] = limit
    statement = asked.containing(indexed=indexed, in_slugs=in_slugs, of_kinds=bool(kinds), limited=bool(limit))
    rows = connection.execute(statement, given).all()
    return Found(
        tuple(Match(*row[:5]) for row in rows),
        rows[0].number - len(rows) if rows else 0,
    )


def beginning(connection: Connection, text: str, kinds: Sequence[Kind] = (), limit: int = _SEVERAL) -> list[str]:
    """Return the slugs of records with a name that begins with a text, the first in the alphabet of each."""
    key = fold(readable(text))
    if not key:
        return []
    given = {"key": key, "after": _after(key), "kinds": list(kinds or Kind), "limit": limit}
    return list(dict.fromkeys(connection.execute(asked.beginning(), given).scalars()))


def nearest(connection: Connection, text: str, kinds: Sequence[Kind] = ()) -> list[str]:
    """Return the slugs and names nearest to a text: those that contain it, else those spelt alike.

    A text of one or two characters is in too many names: those that begin with it come first.
    """
    near = beginning(connection, text, kinds) if len(fold(readable(text))) < _TRIGRAM else []
    if not near:
        near = [match.slug for match in find(connection, text, kinds, _SEVERAL).matches]
    return list(dict.fromkeys(near))[:3] or spelt_alike(connection, text, kinds)


def spelt_alike(connection: Connection, text: str, kinds: Sequence[Kind] = ()) -> list[str]:
    """Return up to three slugs and names that are spelt like a text, the nearest first.

    Looked through are its neighbours in the alphabet and the names that share the most pieces with it: pieces of
    three characters or more, and of two where nothing else is near.
    """
    text = readable(text).strip()
    key = fold(text)
    if not key:
        return []
    of_kinds = frozenset(kinds or Kind)
    known: dict[str, str] = {}
    for row in connection.execute(asked.neighbours(), {"key": key, "slug": text.lower()}):
        if row.kind in of_kinds:
            _learn(known, row)
    for row in _sharing(connection, key, of_kinds):
        _learn(known, row)
    near = _closest(text, key, known)
    if not near:
        for row in _sharing_scanned(connection, _pieces(key, 2), len(key), of_kinds):
            _learn(known, row)
        near = _closest(text, key, known)
    return near


def _learn(known: dict[str, str], row: Any) -> None:
    if row.slug is not None:
        known.setdefault(row.slug, row.slug)
    known.setdefault(row.key, row.name)


def _closest(text: str, key: str, known: dict[str, str]) -> list[str]:
    import difflib

    near = [*difflib.get_close_matches(text, known, n=3), *difflib.get_close_matches(key, known, n=3)]
    return list(dict.fromkeys(known[word] for word in near))[:3]


def _sharing(connection: Connection, key: str, kinds: frozenset[Kind]) -> Iterator[Any]:
    """Yield the names that share the most pieces with a key."""
    if not search_index.is_kept(connection):
        yield from _sharing_scanned(connection, _pieces(key, _TRIGRAM), len(key), kinds)
        return
    pieces = _rare_pieces(connection, key)
    if pieces:
        trigrams = _spread(_pieces(key, _TRIGRAM), _PIECES)
        given = {"pieces": _listed(connection, pieces), "trigrams": _listed(connection, trigrams)}
        given |= {"length": len(key), "kinds": sorted(kinds)}
        yield from connection.execute(asked.sharing_indexed(), given)


def _sharing_scanned(
    connection: Connection, pieces: Sequence[str], length: int, kinds: frozenset[Kind]
) -> Iterator[Any]:
    if pieces:
        patterns = [_containing(piece) for piece in _spread(pieces, _PIECES_SCANNED)]
        given = {"pieces": _listed(connection, patterns), "length": length, "kinds": sorted(kinds)}
        yield from connection.execute(asked.sharing_scanned(connection.dialect.name), given)


def _rare_pieces(connection: Connection, key: str) -> list[str]:
    """Return what to ask the index for: pieces of a key that are in some names, the rarest first, not in too many.

    A trigram that is in many is lengthened until it is not: a million names may have few syllables.
    """
    often: dict[str, int] = {}
    places: Sequence[int] = _spread(range(len(key)), _PIECES)
    for length in range(_TRIGRAM, _LONGEST_PIECE + 1):
        pieces = {at: _every(key[at : at + length], 1) for at in places if at + length <= len(key)}
        if not pieces:
            break
        given = {"pieces": _listed(connection, list(dict.fromkeys(pieces.values())))}
        often |= {row.piece: row.number for row in connection.execute(asked.frequency(), given)}
        places = [at for at, piece in pieces.items() if often[piece] > _MANY]
    chosen: list[str] = []
    rows = 0
    for piece, number in sorted(often.items(), key=lambda found: found[1]):
        rows += number
        if number > asked.TOO_MANY or (chosen and rows > _MOST_ROWS):
            break
        chosen += [piece] if number else []
    return chosen


def _pieces(key: str, length: int) -> list[str]:
    return list(dict.fromkeys(key[at : at + length] for at in range(len(key) - length + 1)))


def _spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most so many of the items, from all over them."""
    return [items[at * len(items) // most] for at in range(most)] if len(items) > most else list(items)


def _listed(connection: Connection, texts: Sequence[str]) -> Any:
    """Return texts as the engine takes a list of them in one parameter."""
    if connection.dialect.name != "sqlite":
        return list(texts)
    import json

    return json.dumps(texts)


def _every(key: str, step: int) -> str:
    """Return what asks the index for all names that have the trigrams of a key, or every third: they cover it too."""
    last = len(key) - _TRIGRAM
    trigrams = dict.fromkeys(key[at : at + _TRIGRAM] for at in (*range(0, last, step), last))
    return " AND ".join('"' + trigram.replace('"', '""') + '"' for trigram in trigrams)


def _containing(text: str) -> str:
    """Return a LIKE pattern for texts that contain a text; it is escaped with a slash."""
    return "%" + text.replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"


def _after(key: str) -> str:
    """Return the first text after all those that begin with a key."""
    kept = key.rstrip(_LAST_CHARACTER)
    if not kept:
        return _LAST_CHARACTER * (VALUE_LENGTH + 1)
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)
