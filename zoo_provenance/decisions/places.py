"""What a decision is about: a record, or a line or participant of a transfer, and a field of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from zoo_provenance.errors import NotDecided, UnknownThing
from zoo_provenance.fields import EVERYWHERE, FIELDS, Field, field_named, owner_of
from zoo_provenance.loading.problems import nearest
from zoo_provenance.questions.naming import Thing, thing_named
from zoo_provenance.tables import claim, participant, transfer_line
from zoo_provenance.vocabulary import Kind


@dataclass(frozen=True)
class Place:
    """A record or a part of it, as TRANSFER/LINE or TRANSFER/PARTICIPANT."""

    thing: Thing
    part: str = ""

    @property
    def name(self) -> str:
        """How it is named on the command line."""
        return f"{self.thing.slug}/{self.part.partition('/')[2]}" if self.part else self.thing.slug

    @property
    def owner(self) -> str:
        """Whose fields it has: a kind's, a line's or a participant's."""
        return owner_of(self.thing.kind.value, self.part)


def place_named(connection: Connection, text: str) -> Place:
    """Return what a text names. Raises UnknownThing, AmbiguousThing, or NotDecided for a key of two parts."""
    slug, slash, key = text.partition("/")
    if not slash:
        return Place(thing_named(connection, text))
    transfer = thing_named(connection, slug, (Kind.TRANSFER,))
    parts = []
    for group, table in (("lines", transfer_line), ("participants", participant)):
        keys = select(table.c.key).where(table.c.transfer_id == transfer.id).order_by(table.c.key)
        parts += [f"{group}/{one}" for one in connection.execute(keys).scalars()]
    found = [part for part in parts if key in {part, part.partition("/")[2]}]
    if len(found) == 1:
        return Place(transfer, found[0])
    if found:
        raise NotDecided(
            f"{text!r} is a line and a participant; write {' or '.join(f'{slug}/{one}' for one in found)}."
        )
    short = [part.partition("/")[2] for part in parts]
    named = [f"{slug}/{one if short.count(one) == 1 else part}" for one, part in zip(short, parts, strict=True)]
    raise UnknownThing("line or participant", text, named[:5])


def field_at(connection: Connection, place: Place, name: str) -> Field:
    """Return the field of a name. Raises NotDecided with the nearest one there is."""
    field = field_named(place.owner, name)
    if field is not None and field.name == "formerly":
        field = None
    if field is not None:
        return field
    claimed = select(claim.c.field).where(claim.c.record_id == place.thing.id, claim.c.part == place.part)
    said = set(connection.execute(claimed.distinct()).scalars()) - {""}
    known = [*FIELDS[place.owner], *sorted(said - {*FIELDS[place.owner]}), *EVERYWHERE]
    known = [one for one in known if one != "formerly"]
    hint = nearest(name, known) or f"it has {', '.join(FIELDS[place.owner])}"
    raise NotDecided(f"{place.name!r} has no field {name!r}; {hint}")
