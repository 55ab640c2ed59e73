"""From an entry in its shape to staged rows: the record and its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zoo_provenance.errors import quoted
from zoo_provenance.fields import FIELDS, field_named
from zoo_provenance.loading import staging
from zoo_provenance.loading.entry_fields import FieldScribe
from zoo_provenance.loading.problems import Mark, nearest
from zoo_provenance.loading.saying import Path, Place
from zoo_provenance.names import fold
from zoo_provenance.rules import RULES
from zoo_provenance.vocabulary import (
    LABEL_LENGTH,
    LOCATOR_LENGTH,
    NOTE_LENGTH,
    NOTES_LENGTH,
    QUOTE_LENGTH,
    SLUG,
    Kind,
    LinkKind,
)

_ITS_OWN = ("label", "notes", "animals", "based_on", *(kind.value for kind in LinkKind))


class Scribe(FieldScribe):
    """Writes the rows of one entry: the record, its lines, participants and links."""

    # -- records -------------------------------------------------------------------------------------

    def placeholder(self, kind: Kind, slug: str, mark: Mark) -> None:
        """Stage the slug of an entry that could not be read, so that nothing else complains of it."""
        self.staging.broken.add(slug)
        self.stage_row(
            staging.RECORD, {"kind": kind, "slug": slug, "label": slug, "search_key": fold(slug)}, {"": mark}
        )

    def entry(self, kind: Kind, slug: str, entry: Any, mark: Mark) -> None:
        """Stage a record that this data set defines."""
        sources = tuple(self.cited(entry, ()))
        place = Place(kind.value, slug, "", sources, self.flag(entry.unsourced, ("unsourced",)) or kind is Kind.SOURCE)
        label = self.text(entry.label, ("label",), LABEL_LENGTH)
        if label is None:
            label = next((said.value for said in entry.names or () if said.former is None), None)
        if label is None and kind is Kind.TAXON and entry.scientific_name is not None and entry.scientific_name.claims:
            label = entry.scientific_name.claims[0].value
        label = (label or slug)[:LABEL_LENGTH]
        notes = self.text(entry.notes, ("notes",), NOTES_LENGTH)
        self.stage_row(
            staging.RECORD,
            {"kind": kind, "slug": slug, "label": label, "search_key": fold(label), "notes": notes},
            {"": mark},
        )
        columns, marks = self.columns(place, entry)
        self.stage_row(staging.KINDS[kind], {"slug": slug, **columns}, {"": mark, **marks})
        self._everything(place, entry)
        self.sourced()

    def about(self, kind: Kind, slug: str, line: str, entry: Any) -> None:
        """Stage what this data set says about a record, or a line, that another one defines."""
        owner = "line" if line else kind.value
        place = Place(
            owner,
            slug,
            f"lines/{line}" if line else "",
            tuple(self.cited(entry, ())),
            self.flag(entry.unsourced, ("unsourced",)),
            about=True,
        )
        foreign = [name for name in _ITS_OWN if getattr(entry, name, None) is not None]
        for name in foreign:
            self._not_here((name,), name)
        if foreign:
            return
        self.part_marks[place.part] = self.mark(("about",))
        self.columns(place, entry)
        if line:
            self._notes_and_searches(place, entry)
        else:
            self._everything(place, entry)
        self.sourced()

    def _not_here(self, path: Path, name: str) -> None:
        what = "which animals a line has" if name == "animals" else repr(name)
        self.problem(path, name, "not-here", f"{what} is its own data set's to say", key=name != "animals")

    def _everything(self, place: Place, entry: Any) -> None:
        self._whole(place, entry, ())
        self._names(place, entry)
        self._notes_and_searches(place, entry)
        if entry.exists is not None:
            self.state(place, "exists", entry.exists, ("exists",))
        kind = Kind(place.owner)
        if kind is Kind.TRANSFER:
            self._transfer(place, entry)
        elif kind is Kind.SOURCE:
            for at, slug in enumerate(entry.based_on or ()):
                self.link(staging.BASIS, {"slug": place.slug, "based_on": slug}, ("based_on", at))
        elif kind is Kind.PERSON:
            for at, said in enumerate(entry.offices or ()):
                self.say(place, "office", said, ("offices", at), always=True)

    def _whole(self, place: Place, entry: Any, path: Path) -> None:
        """Stage who vouches for the whole of a record or part."""
        if place.about:
            return
        locator = self.text(entry.at, (*path, "at"), LOCATOR_LENGTH) or ""
        quote = self.text(entry.quote, (*path, "quote"), QUOTE_LENGTH)
        note = self.text(entry.note, (*path, "note"), NOTE_LENGTH)
        if not entry.cited and (quote or locator):
            self.problem(
                (*path, "quote" if quote else "at"), "quote", "quote-without-source", "a quote or place needs a source"
            )
            return
        for source, source_path in self.cited(entry, path):
            values = {**place.keys, "field": "", "source": source, "locator": locator, "quote": quote, "note": note}
            self.claim(values, source_path, source_path)

    def _names(self, place: Place, entry: Any) -> None:
        for at, said in enumerate(entry.names or ()):
            former = self.flag(said.former, ("names", at, "former"))
            self.say(place, "name.former" if former else "name", said, ("names", at), always=True)
        for scheme, several in (entry.ids or {}).items():
            if not SLUG.fullmatch(scheme):
                self.problem(
                    ("ids", scheme), scheme[:60], "bad-slug", f"{quoted(scheme)} is no scheme of identifiers", key=True
                )
                continue
            for at, said in enumerate(several.claims):
                self.say(place, f"id.{scheme}", said, ("ids", scheme, "claims", at), always=True)
        for at, old in enumerate(entry.formerly or ()):
            path = ("formerly", at)
            if not SLUG.fullmatch(old) or old == place.slug:
                self.problem(path, "formerly", "bad-slug", f"{quoted(old)} is no former slug")
                continue
            self.stage_row(staging.FORMERLY, {"slug": place.slug, "old": old}, {"": self.mark(path)})
            self.claim({**place.keys, "field": "formerly", "value": old, "search_key": fold(old)}, path, path)

    def _notes_and_searches(self, place: Place, entry: Any, path: Path = ()) -> None:
        for topic, stated in (entry.statements or {}).items():
            here = (*path, "statements", topic)
            if not SLUG.fullmatch(topic):
                self.problem(
                    here, topic, "bad-slug", f"{quoted(topic)} is no topic; expected a key such as 'payment'", key=True
                )
                continue
            self.state(place, f"statement.{topic}", stated, here)
        for at, searched in enumerate(entry.searched or ()):
            here = (*path, "searched", at)
            if field_named(place.owner, searched.field) is None:
                known = ", ".join(FIELDS[place.owner])
                self.problem(
                    (*here, "field"),
                    "field",
                    "unknown-field",
                    f"{quoted(searched.field)} is no field here",
                    f"expected one of {known}",
                )
            sources = self.cited(searched, here) or list(place.sources)
            if not sources:
                self.problem(here, "searched", "unsourced", "says not where it was searched; name a source")
            note = self.text(searched.note, (*here, "note"), NOTE_LENGTH)
            locator = self.text(searched.at, (*here, "at"), LOCATOR_LENGTH) or ""
            for source, source_path in sources:
                values = {**place.keys, "field": searched.field, "source": source, "stance": "silent"}
                self.claim({**values, "note": note, "locator": locator}, (*here, "field"), source_path)

        for at, waived in enumerate(entry.waive or ()):
            here = (*path, "waive", at)
            if waived.rule not in RULES:
                message = f"{quoted(waived.rule)} is no rule of the check"
                hint = nearest(waived.rule, RULES) or f"expected one of {', '.join(RULES)}"
                self.problem((*here, "rule"), "rule", "unknown-rule", message, hint)
            reason = None
            if waived.because.strip():
                reason = self.text(waived.because, (*here, "because"), NOTE_LENGTH)
            else:
                self.problem((*here, "because"), "because", "no-reason", "a waiver needs its reason in 'because'")
            values = {**place.keys, "rule": waived.rule, "reason": reason}
            mark = self.mark((*here, "rule"))
            self.stage_row(staging.WAIVER, values, {"": mark, "part": self.part_marks.get(place.part, mark)})

    # -- transfers -----------------------------------------------------------------------------------

    def _transfer(self, place: Place, entry: Any) -> None:
        for key, stated in (entry.dates or {}).items():
            if SLUG.fullmatch(key):
                self.state(place, f"date.{key}", stated, ("dates", key))
            else:
                self.problem(("dates", key), key, "bad-slug", f"{quoted(key)} is no key of a date", key=True)
        for at, said in enumerate(entry.totals or ()):
            self.say(place, "count", said, ("totals", at), always=True)
        for link in LinkKind:
            for at, slug in enumerate(getattr(entry, link.value) or ()):
                values = {"slug": place.slug, "kind": link.value, "to": slug}
                self.link(staging.LINK, values, (link.value, at))
        for at, slug in enumerate(entry.animals or ()):
            self.link(staging.SHORT_FORM, {"slug": place.slug, "animal": slug}, ("animals", at))
        if entry.animals and entry.lines:
            self.problem(("animals",), "animals", "two-forms", "either 'lines' or the short form 'animals', not both")
        for group, parts in (("lines", entry.lines), ("participants", entry.participants)):
            for key, part in (parts or {}).items():
                self._part(place, group, key, part)

    def _part(self, place: Place, group: str, key: str, part: Any) -> None:
        path: Path = (group, key)
        if not SLUG.fullmatch(key):
            self.problem(
                path,
                key,
                "bad-slug",
                f"{quoted(key)} is no key; expected small letters, digits, '.', '_' or '-'",
                key=True,
            )
            return
        here = replace(
            place,
            owner=group.removesuffix("s"),
            part=f"{group}/{key}",
            sources=tuple(self.cited(part, path)) or place.sources,
            unsourced=place.unsourced or self.flag(part.unsourced, (*path, "unsourced")),
        )
        mark = self.mark(path, key=True)
        self.part_marks[here.part] = mark
        columns, marks = self.columns(here, part, path)
        if not place.about:
            table = staging.owner_table(here.owner)
            notes = {"notes": self.text(part.notes, (*path, "notes"), NOTES_LENGTH)} if group == "lines" else {}
            self.stage_row(table, {"slug": place.slug, "key": key, **columns, **notes}, {"": mark, **marks})
        if group == "participants" and part.who is None and not place.about:
            self.problem(path, "who", "missing", "needs 'who': a person's or an institution's slug")
        self._whole(here, part, path)
        self._notes_and_searches(here, part, path)
        named = getattr(part, "animals", None)
        if place.about and (named is not None or part.notes is not None):
            name = "notes" if named is None else "animals"
            self._not_here((*path, name), name)
            return
        for at, animal in enumerate(named or ()):
            values = {"slug": place.slug, "line_key": key, "animal": animal}
            self.link(staging.LINE_ANIMAL, values, (*path, "animals", at))
        self.sourced()
