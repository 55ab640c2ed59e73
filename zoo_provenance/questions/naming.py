"""Naming a thing by slug, identifier, or name in any script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, or_, select

from zoo_provenance.errors import AmbiguousThing, UnknownThing
from zoo_provenance.names import fold, readable
from zoo_provenance.questions.answers import Ref
from zoo_provenance.tables import claim, record, transfer_line
from zoo_provenance.vocabulary import SLUG, Kind

NAME_FIELDS = ("name", "name.former", "formerly")


@dataclass(frozen=True)
class Thing:
    """A record, or one line of a transfer; `merged` is the slug it was asked for by, of one merged into it."""

    id: int
    kind: Kind
    slug: str
    label: str
    line: str = ""
    merged: str | None = None

    @property
    def ref(self) -> Ref:
        """The record as answers name it."""
        return Ref(self.slug, self.label)


def thing_named(connection: Connection, text: str, kinds: Sequence[Kind] = (), *, lines: bool = False) -> Thing:
    """Return the one record (or line, as TRANSFER/LINE) that a text names.

    A slug comes first, then `scheme:identifier`, then names, all folded alike. Raises UnknownThing with the
    nearest names, or AmbiguousThing with all matches: none is ever picked.
    """
    text = readable(text).strip()
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
    from zoo_provenance.questions.finding import nearest

    called = " or ".join(kind.value for kind in kinds) or "record"
    raise UnknownThing(called, text, nearest(connection, text, kinds))


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
        return Thing(transfer.id, transfer.kind, transfer.slug, transfer.label, key, transfer.merged)
    import difflib

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
    by_slug = _things(connection, record.c.slug == text, kinds)
    if by_slug and by_slug[0].slug != text:
        return [replace(by_slug[0], merged=text)]
    return by_slug or _things(connection, record.c.id.in_(former), kinds)


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
        claim.c.field.in_(NAME_FIELDS), claim.c.search_key == key, claim.c.stance == "supports"
    )
    return _things(connection, or_(record.c.search_key == key, record.c.id.in_(named)), kinds)
