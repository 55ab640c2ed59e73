"""What a data set says at one place, in the words of its files: values, who says them, what was settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zoo_provenance.exporting.yaml_writer import TRUE
from zoo_provenance.fields import FIELDS, Field, field_named, owner_of
from zoo_provenance.vocabulary import DescentRole, Stance

Content = dict[str, Any]


class _Said(NamedTuple):
    """What the sources of one entry among the claims of a field have in common."""

    value: str
    language: str
    during: str | None
    certainty: str | None
    own: bool
    unsourced: bool
    locator: str
    quote: str | None
    note: str | None
    dismissed: str | None

    @classmethod
    def of(cls, row: Any) -> _Said:
        """Return what a row says, but for who says it."""
        return cls(
            row.said,
            row.language,
            row.during,
            row.certainty,
            row.own,
            row.source is None,
            row.locator,
            row.quote,
            row.note,
            row.dismissed,
        )

    @property
    def order(self) -> tuple[str | bool, ...]:
        """The order of entries, which depends on nothing but what they say."""
        return tuple(one if one is not None else "" for one in self)

    @property
    def contradicted(self) -> tuple[str | None, ...]:
        """What is contradicted by who is against it."""
        return self.value, self.language, self.during, self.certainty, self.locator, self.note


@dataclass
class Entry:
    """One value, who says it and who is against it."""

    said: _Said
    sources: list[str] = field(default_factory=list)
    against: list[str] = field(default_factory=list)


class Around(NamedTuple):
    """Who vouches for what names no source of its own; `free`: it needs none."""

    sources: tuple[str, ...] = ()
    free: bool = False


@dataclass
class Said:
    """All that a data set says of one record: its claims by part and field, its decisions and its waivers.

    `claimed` are the (part, field) that somebody supports a value of: their columns are concluded, and no plain word.
    `carried` are the (field, value) that count for it since another was merged into it.
    """

    kind: str
    claims: Mapping[tuple[str, str], list[Any]]
    claimed: set[tuple[str, str]]
    decisions: Mapping[tuple[str, str], Any]
    waivers: Sequence[Any]
    carried: set[tuple[str, str]]

    @classmethod
    def of(cls, kind: str, claims: Iterable[Any], decisions: Iterable[Any], waivers: Sequence[Any]) -> Said:
        """Sort the rows of a record."""
        mine: dict[tuple[str, str], list[Any]] = defaultdict(list)
        claimed, carried = set(), set()
        for row in claims:
            if row.carried:
                carried.add((row.field, row.now))
            if row.ours:
                mine[row.part, row.field].append(row)
            if row.stance == Stance.SUPPORTS:
                claimed.add((row.part, row.field))
        return cls(kind, mine, claimed, {(one.part, one.field): one for one in decisions}, waivers, carried)

    def keys(self, group: str) -> list[str]:
        """Return the keys of the lines or participants spoken of."""
        parts = {part for part, _ in (*self.claims, *self.decisions)} | {one.part for one in self.waivers}
        return sorted(part.partition("/")[2] for part in parts if part.startswith(f"{group}/"))

    def says_nothing(self, part: str) -> bool:
        """Whether nothing is said of a part beyond its columns."""
        others = {at for at, _ in (*self.claims, *self.decisions)} | {one.part for one in self.waivers}
        return part not in others

    def vouchers(self, part: str) -> Content:
        """Return who vouches for the whole of a record or a part."""
        rows = self.claims.get((part, ""), [])
        if not rows:
            return {}
        first = rows[0]
        found: Content = {"sources": sorted({row.source for row in rows})}
        return found | _present(at=first.locator, quote=first.quote, note=first.note)

    def fields(self, part: str, stem: str) -> list[str]:
        """Return the fields below a stem (`statement.`) of which something is claimed at a part."""
        return sorted(
            name
            for (at, name), rows in self.claims.items()
            if at == part and name.startswith(stem) and any(row.stance != Stance.SILENT for row in rows)
        )

    def entries(self, part: str, name: str) -> list[Entry]:
        """Return what is claimed of a field, value by value; the settled one first."""
        found: dict[_Said, Entry] = {}
        rows = self.claims.get((part, name), [])
        for row in rows:
            if row.stance == Stance.SUPPORTS:
                said = _Said.of(row)
                one = found.setdefault(said, Entry(said))
                if row.source is not None:
                    one.sources.append(row.source)
        first = self._chosen(part, name)
        entries = sorted(found.values(), key=lambda one: (one.said.value != first, one.said.order))
        for row in rows:
            if row.stance == Stance.CONTRADICTS:
                meant = _Said.of(row).contradicted
                next(one for one in entries if one.said.contradicted == meant).against.append(row.source)
        for one in entries:
            one.sources.sort()
            one.against.sort()
        return entries

    def stated(self, part: str, name: str, around: Around, *, about: bool) -> Any:
        """Return what stands after a field's key where values are claimed; None where none is."""
        entries = self.entries(part, name)
        if not entries:
            return None
        named = _field(self.kind, part, name)
        alone = len(entries) == 1 and (part, name) not in self.decisions
        keeps = named.column is not None or name == "who"
        bare = about or not (alone and keeps)
        return self.settled(part, name, [_written(one, named, around, bare=bare) for one in entries])

    def several(self, part: str, name: str, around: Around) -> list[Any]:
        """Return the entries of a field of which there may be many, such as names."""
        named = _field(self.kind, part, name)
        return [_written(one, named, around, bare=True) for one in self.entries(part, name)]

    def descended(self, role: str, rows: Sequence[Any], around: Around, *, about: bool) -> Any:
        """Return the parents of one role: those of whom nothing is claimed, and what is claimed of the others."""
        parents = {row.other: row.probability for row in rows}
        entries = self.entries("", role)
        chosen = self._chosen("", role)
        live = [one.said.value for one in entries if not one.said.dismissed and one.said.value != "?"]
        # Parents stand as what they were merged into, those claimed under the slugs they had.
        led = {row.said: row.now for row in self.claims.get(("", role), ())}
        plain = {slug for slug in parents if (role, slug) not in self.carried} - {led[value] for value in live}
        candidates = {value for value in live if chosen in {None, value} or led[value] in parents} | plain
        silent = None if len(candidates) > 1 and role in {DescentRole.DAM, DescentRole.SIRE} else 1.0
        unlikely = {slug: number for slug, number in parents.items() if number is not None and number != silent}
        written: list[Any] = []
        for one in entries:
            content = _written(one, FIELDS["animal"][role], around, bare=about)
            if not one.said.dismissed and led[one.said.value] in unlikely:
                content["probability"] = _number(unlikely.pop(led[one.said.value]))
            written.append(content)
        for slug in sorted(plain):
            number = unlikely.get(slug)
            written.append(slug if number is None else {"value": slug, "probability": _number(number)})
        return self.settled("", role, written) if written else None

    def settled(self, part: str, name: str, written: list[Any]) -> Any:
        """Return entries as they stand after a key: one alone, several, and what was settled, with its reason."""
        decision = self.decisions.get((part, name))
        if decision is None:
            if len(written) == 1:
                return written[0]
            named = _field(self.kind, part, name)
            return written if named.many else {"claims": written}
        value = self._chosen(part, name)
        chosen = {"settled": "open" if value is None else value, "because": decision.reason}
        if len(written) == 1:
            return (written[0] if isinstance(written[0], dict) else {"value": written[0]}) | chosen
        return {"claims": written, **chosen}

    def _chosen(self, part: str, name: str) -> str | None:
        """Return the value settled on, a record by the slug that a claim names it by."""
        decision = self.decisions.get((part, name))
        if decision is None or decision.now is None:
            return None
        rows = [row for row in self.claims.get((part, name), ()) if row.stance == Stance.SUPPORTS]
        if any(row.said == decision.now for row in rows):
            return str(decision.now)
        return next((str(row.said) for row in rows if row.now == decision.now), str(decision.now))

    def searched(self, part: str, around: Around) -> list[Content]:
        """Return what was looked for and not found."""
        found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for (at, name), rows in self.claims.items():
            for row in rows if at == part else ():
                if row.stance == Stance.SILENT:
                    found[name, row.locator, row.note or ""].append(row.source)
        return [
            {
                "field": name,
                **({} if set(sources) == set(around.sources) else _cited(sorted(sources))),
                **_present(at=locator, note=note),
            }
            for (name, locator, note), sources in sorted(found.items())
        ]

    def waived(self, part: str) -> list[Content]:
        """Return the findings that are let stand."""
        return [{"rule": one.rule, "because": one.reason} for one in self.waivers if one.part == part]


def _field(kind: str, part: str, name: str) -> Field:
    named = field_named(owner_of(kind, part), name)
    if named is None:
        raise AssertionError(name)
    return named


def _written(one: Entry, named: Field, around: Around, *, bare: bool) -> Any:
    """Return an entry as short as it may be; `bare`: a value alone is still a claim, and not the column's plain word."""
    said = one.said
    inherited = set(one.sources) == set(around.sources) if not said.unsourced else not around.sources
    if said.unsourced:
        inherited = inherited and (around.free or named.identifies)
    by: Content = {"unsourced": TRUE} if said.unsourced else _cited(one.sources)
    content: Content = {"value": said.value}
    content |= _present(language=said.language, during=said.during, certainty=said.certainty)
    content |= {"own": TRUE} if said.own else {}
    content |= {} if inherited else by
    if one.against:
        content["against"] = one.against[0] if len(one.against) == 1 else one.against
    content |= _present(at=said.locator, quote=said.quote, note=said.note, dismissed=said.dismissed)
    if len(content) == 1:
        return said.value if bare else content | by
    return content


def _cited(sources: list[str]) -> Content:
    return {"source": sources[0]} if len(sources) == 1 else {"sources": sources}


def _present(**texts: str | None) -> Content:
    return {name: text for name, text in texts.items() if text}


def _number(probability: float) -> str:
    return repr(probability).removesuffix(".0")
