"""From an entry in its shape to staged rows: the record, its columns, its parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from zoo_provenance.errors import quoted
from zoo_provenance.fields import FIELDS, Field, Shape, columns_of, field_named
from zoo_provenance.loading import shapes, staging
from zoo_provenance.loading.problems import Mark, nearest
from zoo_provenance.loading.saying import Path, Place, Sayer
from zoo_provenance.loading.values import Value
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
    passed_by,
)

_ITS_OWN = ("label", "notes", "animals", "based_on", *(kind.value for kind in LinkKind))
_FLAGS = {"unstated": "?", "true": "yes", "false": "no"}


class Scribe(Sayer):
    """Writes the rows of one entry: the record with its columns, lines, participants and links."""

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
        columns, marks = self._columns(place, entry, {})
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
        self._columns(place, entry, {})
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
        columns, marks = self._columns(here, part, {}, path)
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

    # -- columns -------------------------------------------------------------------------------------

    def _columns(
        self, place: Place, entry: Any, columns: dict[str, Any], path: Path = ()
    ) -> tuple[dict[str, Any], dict[str, Mark]]:
        """Stage claims of all fields of an owner; return the columns that hold plain values, and their places."""
        marks: dict[str, Mark] = {}
        claimed: list[str] = []
        for name, field in FIELDS[place.owner].items():
            key = "parents" if (place.owner, name) == ("animal", "parent") else name
            if (place.owner == "transfer" and name in {"count", "custody", "title"}) or name == "office":
                continue
            stated = getattr(entry, key)
            if stated is None:
                continue
            here = (*path, key)
            if field.many:
                self._descent(place, name, stated, here)
                continue
            value = self.state(place, name, stated, here)
            if value is None:
                claimed.append(name)
                continue
            columns.update(_as_columns(place.owner, field, value))
            stem = "who" if name == "who" else (field.column or name).removesuffix("_id")
            marks[stem] = self.mark(here, "claims", 0, "value")
        if place.owner == "transfer":
            if entry.status is None and not place.about:
                columns["status"] = "completed"
            claimed += self._passes(place, entry, columns, kind_claimed="kind" in claimed)
        if place.owner == "line":
            columns.setdefault("term", "LIV")
        columns["claimed"] = "," + "".join(f"{name}," for name in claimed)
        return columns, marks

    def _passes(self, place: Place, entry: Any, columns: dict[str, Any], *, kind_claimed: bool) -> list[str]:
        """Set what a transfer passes by default of its kind; return the fields that claims conclude instead."""
        stated = entry.kind
        kinds = [] if stated is None else [said.value for said in stated.claims if said.dismissed is None]
        if stated is not None and stated.settled not in {None, "open"}:
            kinds = [stated.settled]
        custody, title = passed_by(kinds)
        columns.update(passes_custody=custody, passes_title=title)
        for what in ("custody", "title") if entry.passes is not None else ():
            written = getattr(entry.passes, what)
            if written is not None:
                meant = [
                    said.model_copy(update={"value": _FLAGS.get(said.value, said.value)}) for said in written.claims
                ]
                for at, said in enumerate(meant):
                    self.say(place, what, said, ("passes", what, "claims", at), always=True)
                field = FIELDS["transfer"][what]
                self.decided(place, what, field, written.model_copy(update={"claims": meant}), ("passes", what))
        written_out = [what for what in ("custody", "title") if getattr(entry.passes, what, None) is not None]
        return ["custody", "title"] if kind_claimed else written_out

    def _descent(self, place: Place, role: str, stated: shapes.Stated, path: Path) -> None:
        """Stage the parents named for one role; where they are rivals each stands, with its probability if given."""
        candidates: dict[str, tuple[int, str | None]] = {}
        for at, said in enumerate(stated.claims):
            value = self.say(place, role, said, (*path, "claims", at), always=not said.bare or place.about)
            chosen = stated.settled in {None, "open", said.value}
            if value is not None and value.slug and said.dismissed is None and chosen:
                candidates.setdefault(value.slug, (at, said.probability))
        if not stated.claims:
            self.problem(path, role, "missing", f"{role!r} has no claims; leave the key out")
        self.decided(place, role, FIELDS["animal"][role], stated, path)
        if place.about:
            return
        for slug, (at, written) in candidates.items():
            probability = self._probability(written, (*path, "claims", at, "probability"))
            if probability is None and (len(candidates) == 1 or role not in {"dam", "sire"}):
                probability = 1.0
            values = {"slug": place.slug, "parent": slug, "role": role, "probability": probability}
            self.link(staging.DESCENT, values, (*path, "claims", at, "value"))

    def _probability(self, text: str | None, path: Path) -> float | None:
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 < number <= 1:
            self.problem(
                path, "probability", "unreadable", f"{text[:40]!r} is no probability; expected more than 0, at most 1"
            )
            return None
        return number


def _as_columns(owner: str, field: Field, value: Value) -> dict[str, Any]:
    """Return the columns that conclude a plain value."""
    names: Sequence[str] = columns_of(owner, field)
    if field.name == "who":
        return {"who": value.slug}
    contents: Iterable[Any]
    if field.shape is Shape.DATE:
        contents = (value.text, value.low, value.high)
    elif field.shape is Shape.COUNT:
        count = value.count
        contents = (value.text, count and count.least, count and count.most, *((count and count.sexes) or (None,) * 3))
    elif field.shape is Shape.RECORD:
        names, contents = (names[0].removesuffix("_id"),), (value.slug,)
    elif field.shape is Shape.FLAG:
        contents = (None if value.text is None else value.text == "yes",)
    else:
        contents = (value.text,)
    return dict(zip(names, contents, strict=False))
