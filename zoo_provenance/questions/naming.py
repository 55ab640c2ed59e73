"""Finding a thing by slug, identifier, or name in any script."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, func, literal, or_, select, union_all

from zoo_provenance.errors import AmbiguousThing, UnknownThing
from zoo_provenance.names import fold
from zoo_provenance.questions.answers import Ref
from zoo_provenance.tables import claim, record, transfer_line
from zoo_provenance.vocabulary import SLUG, Kind

_NEAREST_FROM = 5000
_NAME_FIELDS = ("name", "name.former", "formerly")


@dataclass(frozen=True)
class Thing:
    """A record, or one line of a transfer."""

    id: int
    kind: Kind
    slug: str
    label: str
    line: str = ""

    @property
    def ref(self) -> Ref:
        """The record as answers name it."""
        return Ref(self.slug, self.label)


@dataclass(frozen=True)
class Match:
    """A name that was found, and the record it belongs to."""

    slug: str
    label: str
    kind: str
    name: str
    language: str


def thing_named(connection: Connection, text: str, kinds: Sequence[Kind] = (), *, lines: bool = False) -> Thing:
    """Return the one record (or line, as TRANSFER/LINE) that a text names.

    A slug comes first, then `scheme:identifier`, then names, all folded alike. Raises UnknownThing with the
    nearest names, or AmbiguousThing with all matches: none is ever picked.
    """
    text = _readable(text).strip()
    slug, slash, key = text.partition("/")
    if slash and lines and SLUG.fullmatch(slug):
        return _line(connection, text, slug, key)
    found = (
        _by_slug(connection, text, kinds)
        or _by_identifier(connection, text, kinds)
        or _by_name(connection, text, kinds)
    )
    if len(found) == 1:
        return found[0]
    if found:
        raise AmbiguousThing(text, [(thing.slug, thing.kind.value, thing.label) for thing in found])
    called = " or ".join(kind.value for kind in kinds) or "record"
    raise UnknownThing(called, text, nearest(connection, text, kinds))


def _readable(text: str) -> str:
    """Return text as it may be looked up: what is no text (stray bytes of an argument) is in no name."""
    return "".join("\N{REPLACEMENT CHARACTER}" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


def _line(connection: Connection, text: str, slug: str, key: str) -> Thing:
    transfer = thing_named(connection, slug, (Kind.TRANSFER,))
    keys = (
        connection.execute(
            select(transfer_line.c.key).where(transfer_line.c.transfer_id == transfer.id).order_by(transfer_line.c.key)
        )
        .scalars()
        .all()
    )
    if key in keys:
        return Thing(transfer.id, transfer.kind, transfer.slug, transfer.label, key)
    near = difflib.get_close_matches(key, keys, n=3, cutoff=0.5) or keys[:5]
    raise UnknownThing("line", text, [f"{transfer.slug}/{other}" for other in near])


def _things(connection: Connection, where: Any, kinds: Sequence[Kind]) -> list[Thing]:
    """Return the records that match, survivors in place of those merged into them."""
    survivor = record.alias("survivor")
    query = (
        select(survivor.c.id, survivor.c.kind, survivor.c.slug, survivor.c.label)
        .select_from(record)
        .join(survivor, survivor.c.id == func.coalesce(record.c.merged_into_id, record.c.id))
        .where(where)
        .distinct()
        .order_by(survivor.c.slug)
    )
    if kinds:
        query = query.where(survivor.c.kind.in_(kinds))
    return [Thing(row.id, Kind(row.kind), row.slug, row.label) for row in connection.execute(query)]


def _by_slug(connection: Connection, text: str, kinds: Sequence[Kind]) -> list[Thing]:
    if not SLUG.fullmatch(text):
        return []
    former = select(claim.c.record_id).where(claim.c.field == "formerly", claim.c.value == text)
    return _things(connection, record.c.slug == text, kinds) or _things(connection, record.c.id.in_(former), kinds)


def _by_identifier(connection: Connection, text: str, kinds: Sequence[Kind]) -> list[Thing]:
    scheme, colon, value = text.partition(":")
    if not colon or not SLUG.fullmatch(scheme.lower()):
        return []
    bearing = select(claim.c.record_id).where(
        claim.c.field == f"id.{scheme.lower()}", claim.c.search_key == fold(value), claim.c.stance == "supports"
    )
    return _things(connection, record.c.id.in_(bearing), kinds)


def _by_name(connection: Connection, text: str, kinds: Sequence[Kind]) -> list[Thing]:
    key = fold(text)
    if not key:
        return []
    named = select(claim.c.record_id).where(
        claim.c.field.in_(_NAME_FIELDS), claim.c.search_key == key, claim.c.stance == "supports"
    )
    return _things(connection, or_(record.c.search_key == key, record.c.id.in_(named)), kinds)


def nearest(connection: Connection, text: str, kinds: Sequence[Kind] = ()) -> list[str]:
    """Return the slugs and names nearest to a text: those that contain it, else those spelt alike."""
    containing = [match.slug for match in find(connection, text) if not kinds or match.kind in kinds]
    if containing:
        return list(dict.fromkeys(containing))[:3]
    query = select(record.c.slug, record.c.label, record.c.search_key).order_by(record.c.slug).limit(_NEAREST_FROM)
    if kinds:
        query = query.where(record.c.kind.in_(kinds))
    known: dict[str, str] = {}
    for slug, label, key in connection.execute(query):
        known.setdefault(slug, slug)
        known.setdefault(key, label)
    near = [*difflib.get_close_matches(text, known, n=3), *difflib.get_close_matches(fold(text), known, n=3)]
    return list(dict.fromkeys(known[word] for word in near))[:3]


def find(connection: Connection, text: str) -> list[Match]:
    """Return all records whose slug, names or identifiers contain a text, in any script; whole names first.

    Case, marks, width, punctuation and spaces make no difference.
    """
    text = _readable(text)
    key = fold(text)
    if not key or "\N{REPLACEMENT CHARACTER}" in text:
        return []
    slug_key = text.strip().lower()
    labels = select(
        record.c.id, record.c.label.label("name"), literal("").label("language"), record.c.search_key.label("key")
    ).where(or_(record.c.search_key.contains(key, autoescape=True), record.c.slug.contains(slug_key, autoescape=True)))
    claimed = select(claim.c.record_id, claim.c.value, claim.c.language, claim.c.search_key).where(
        or_(claim.c.field.in_(_NAME_FIELDS), claim.c.field.startswith("id.", autoescape=True)),
        claim.c.stance == "supports",
        claim.c.search_key.contains(key, autoescape=True),
    )
    names = union_all(labels, claimed).subquery()
    survivor = record.alias("survivor")
    exact = case((and_(names.c.key == key), 0), else_=1)
    rows = connection.execute(
        select(survivor.c.slug, survivor.c.label, survivor.c.kind, names.c.name, names.c.language, exact.label("rank"))
        .select_from(names)
        .join(record, record.c.id == names.c.id)
        .join(survivor, survivor.c.id == func.coalesce(record.c.merged_into_id, record.c.id))
        .distinct()
        .order_by("rank", survivor.c.slug, names.c.language.desc(), names.c.name)
    )
    found: dict[tuple[str, str], Match] = {}
    for row in rows:
        # A label without a language is one of the names again.
        found.setdefault((row.slug, row.name), Match(row.slug, row.label, row.kind, row.name, row.language))
    return list(found.values())
