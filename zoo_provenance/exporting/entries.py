"""A record as an entry of its data set's files, and what another data set says about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from zoo_provenance.exporting.rows import value_of
from zoo_provenance.exporting.saying import Around, Content, Said
from zoo_provenance.exporting.yaml_writer import TRUE, Tall, Word
from zoo_provenance.fields import FIELDS, Shape
from zoo_provenance.vocabulary import LABEL_LENGTH, DescentRole, Kind, LinkKind, Stance, Status, Term

_PASSED = ("custody", "title")
_DEFAULTS = {("transfer", "status"): Status.COMPLETED.value, ("line", "term"): Term.LIVE.value}


class Writer:
    """Writes one record: what its columns hold that nobody claims, and what is said."""

    def __init__(self, said: Said, *, about: bool = False) -> None:
        self.said = said
        self.about = about
        self.kind = Kind(said.kind)

    def entry(self, row: Any, parts: Mapping[str, Sequence[Any]]) -> Content:
        """Return the entry of a record that the data set defines; `parts` are the rows of what belongs to it."""
        plain = self._plain(self.kind.value, "", row)
        vouchers = self.said.vouchers("")
        if row.merged_into_id is not None or self.said.carried:
            parts = self._own(parts)
        around = self._around(self.kind.value, vouchers, plain, list(parts.get("parents", ())))
        whole = self._everything(around, plain, parts)
        whole.get("names", []).sort(key=lambda one: _is_former(one) or _value(one) != row.label)
        if around.free and self.kind is not Kind.SOURCE and not around.sources:
            vouchers = {"unsourced": TRUE}
        label = {"label": row.label} if _label_of(self.kind, row.slug, whole) != row.label else {}
        notes = {"notes": row.notes} if row.notes is not None else {}
        return _ordered({**whole, **vouchers, **label, **notes})

    def _own(self, parts: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Return parts without the lines and participants that came with a record when it was merged into this one.

        What stood in those of its own was written out as claims by then.
        """
        own = {group: {*self.said.keys(group)} for group in ("lines", "participants")}
        found = dict(parts)
        for name, group in (("lines", "lines"), ("participants", "participants"), ("line_animals", "lines")):
            found[name] = [row for row in parts.get(name, ()) if row.key in own[group]]
        return found

    def about_it(self, slug: str) -> Content:
        """Return what a data set says about a record that another one defines."""
        return _ordered({"about": slug, **self._everything(Around(), {}, {})})

    # -- what stands in an entry -----------------------------------------------------------------------

    def _everything(self, around: Around, plain: Content, parts: Mapping[str, Sequence[Any]]) -> Content:
        said, kind = self.said, self.kind
        found: Content = {
            "names": said.several("", "name", around)
            + [_former(one) for one in said.several("", "name.former", around)],
            "ids": {
                name[3:]: said.settled("", name, said.several("", name, around)) for name in said.fields("", "id.")
            },
            "formerly": sorted({row.said for row in said.claims.get(("", "formerly"), ())}),
            "exists": said.stated("", "exists", around, about=self.about),
            **self._fields(kind.value, "", around, plain),
            **self._remarks("", around),
        }
        if kind is Kind.PERSON:
            found["offices"] = said.several("", "office", around)
        elif kind is Kind.ANIMAL:
            by_role = {role: [row for row in parts.get("parents", ()) if row.role == role] for role in DescentRole}
            for role, rows in by_role.items():
                key = "parents" if role is DescentRole.PARENT else role.value
                found[key] = said.descended(role.value, rows, around, about=self.about)
        elif kind is Kind.SOURCE:
            found["based_on"] = [row.other for row in parts.get("bases", ())]
        elif kind is Kind.TRANSFER:
            found |= self._transfer(around, parts)
        return {key: value for key, value in found.items() if value not in (None, [], {})}

    def _fields(self, owner: str, part: str, around: Around, plain: Content) -> Content:
        found: Content = {}
        for name, field in FIELDS[owner].items():
            if field.shape is Shape.FLAG or field.many or (owner, name) == ("transfer", "count"):
                continue
            value = plain.get(name)
            found[name] = value if value is not None else self.said.stated(part, name, around, about=self.about)
        return found

    def _remarks(self, part: str, around: Around) -> Content:
        stem = "statement."
        return {
            "statements": {
                name.removeprefix(stem): self.said.stated(part, name, around, about=self.about)
                for name in self.said.fields(part, stem)
            },
            "searched": self.said.searched(part, around),
            "waive": self.said.waived(part),
        }

    def _transfer(self, around: Around, parts: Mapping[str, Sequence[Any]]) -> Content:
        said = self.said
        dates = {name[5:]: said.stated("", name, around, about=self.about) for name in said.fields("", "date.")}
        found: Content = {"passes": self._passes(around), "dates": dates, "totals": said.several("", "count", around)}
        for link in LinkKind:
            others = [row.other for row in parts.get("links", ()) if row.link == link]
            found[link.value] = others[0] if len(others) == 1 else others
        short = self._short_form(parts)
        if short:
            found["animals"] = short
        else:
            found["lines"] = self._parts("line", around, parts)
        found["participants"] = self._parts("participant", around, parts)
        return found

    def _passes(self, around: Around) -> Any:
        """Return what a transfer is said to pass, as short as it may be said."""
        stated = {what: self.said.stated("", what, around, about=True) for what in _PASSED}
        stated = {what: _passed(value) for what, value in stated.items() if value is not None}
        yes = [what for what, value in stated.items() if value == "yes"]
        if len(stated) == len(_PASSED):
            if all(value == "unstated" for value in stated.values()):
                return "unstated"
            if yes and all(value in {"yes", "no"} for value in stated.values() if isinstance(value, str)):
                return yes if all(isinstance(value, str) for value in stated.values()) else stated
        return stated

    def _short_form(self, parts: Mapping[str, Sequence[Any]]) -> list[str] | None:
        """Return the animals of a transfer where its lines say no more than they do."""
        lines, travellers = parts.get("lines", ()), parts.get("line_animals", ())
        on = {key: list(group) for key, group in groupby(travellers, key=lambda row: row.key)}
        for line in lines:
            animals = on.get(line.key, [])
            plain = line.value_taxon == line.key and line.value_term == Term.LIVE and line.notes is None
            counted = animals and line.value_count == str(len(animals)) and all(row.plain for row in animals)
            if not (plain and counted and self.said.says_nothing(f"lines/{line.key}")):
                return None
            if any((f"lines/{line.key}", name) in self.said.claimed for name in FIELDS["line"]):
                return None
        return [row.animal for row in travellers]

    # -- lines and participants ------------------------------------------------------------------------

    def _parts(self, owner: str, around: Around, parts: Mapping[str, Sequence[Any]]) -> Tall:
        group = f"{owner}s"
        if self.about:
            return Tall({key: self._part(owner, f"{group}/{key}", around, None, ()) for key in self.said.keys(group)})
        travellers = parts.get("line_animals", ()) if owner == "line" else ()
        on = {key: [row.animal for row in some] for key, some in groupby(travellers, key=lambda row: row.key)}
        return Tall(
            {
                row.key: self._part(owner, f"{group}/{row.key}", around, row, on.get(row.key, ()))
                for row in parts.get(group, ())
            }
        )

    def _part(self, owner: str, part: str, around: Around, row: Any, animals: Sequence[str]) -> Content:
        plain = {} if row is None else self._plain(owner, part, row)
        vouchers = self.said.vouchers(part)
        here = around._replace(sources=tuple(vouchers["sources"])) if vouchers else around
        needs = not here.sources and not here.free and bool(plain)
        if needs and row is not None:
            here, vouchers = here._replace(free=True), {"unsourced": TRUE}
        found = {**self._fields(owner, part, here, plain), "animals": list(animals), **vouchers}
        found |= self._remarks(part, here)
        found["notes"] = getattr(row, "notes", None)
        return {key: value for key, value in found.items() if value not in (None, [], {})}

    # -- what the columns hold -------------------------------------------------------------------------

    def _plain(self, owner: str, part: str, row: Any) -> Content:
        """Return the values of columns that are the data set's plain word: of what is claimed, they are conclusions."""
        found: Content = {}
        for name, field in FIELDS[owner].items():
            if (field.column is None and name != "who") or field.shape is Shape.FLAG:
                continue
            value = value_of(row, name)
            if value is None or value == _DEFAULTS.get((owner, name)) or (part, name) in self.said.claimed:
                continue
            found[name] = value
        return found

    def _around(self, owner: str, vouchers: Content, plain: Content, parents: Iterable[Any]) -> Around:
        if owner == Kind.SOURCE:
            return Around(tuple(vouchers.get("sources", ())), free=True)
        if vouchers:
            return Around(tuple(vouchers["sources"]))
        needs = any(not FIELDS[owner][name].identifies for name in plain)
        bare = {(row.role, row.other) for row in parents} - self.said.carried
        bare -= {
            (role.value, row.now)
            for role in DescentRole
            for row in self.said.claims.get(("", role.value), ())
            if row.stance == Stance.SUPPORTS
        }
        return Around(free=needs or bool(bare))


def _former(written: Any) -> Content:
    content = written if isinstance(written, dict) else {"value": written}
    return content | {"former": TRUE}


def _passed(written: Any) -> Any:
    words = {"?": "unstated", "yes": Word("yes"), "no": Word("no")}
    return words.get(written, written) if isinstance(written, str) else written


def _label_of(kind: Kind, slug: str, content: Content) -> str:
    """Return how a reader of the entry would call the record."""
    label = next((_value(one) for one in content.get("names", ()) if not _is_former(one)), None)
    scientific = content.get("scientific_name")
    if label is None and kind is Kind.TAXON and scientific is not None:
        claims = scientific.get("claims") if isinstance(scientific, dict) else None
        label = _value(claims[0] if claims else scientific)
    return (label or slug)[:LABEL_LENGTH]


def _value(written: Any) -> str:
    return str(written["value"] if isinstance(written, dict) else written)


def _is_former(written: Any) -> bool:
    return isinstance(written, dict) and "former" in written


_ORDER = (
    *("about", "label", "names", "formerly", "ids"),
    *("scientific_name", "taxon", "kind", "status", "passes", "from", "to", "date", "until", "dates", "transport"),
    *("rank", "publisher", "title", "url", "archived_url", "language", "published", "accessed", "reliability"),
    *("based_on", "parent", "country", "city", "founded", "closed", "successor", "cites_party"),
    *("cites_appendix", "iucn", "sex", "count", "born", "born_at", "owner_at_birth", "dam", "sire", "parents"),
    *("split_from", "merged_from", "died", "died_at", "origin", "offices", "exists", "sources", "unsourced"),
    *("at", "quote", "note", "ends", "answers", "exchanged_for", "animals", "lines", "totals", "participants"),
    *("statements", "searched", "waive", "notes"),
)
_PLACES = {key: place for place, key in enumerate(_ORDER)}


def _ordered(content: Content) -> Content:
    """Return the keys of an entry in their order."""
    return {key: content[key] for key in sorted(content, key=lambda key: _PLACES[key])}
