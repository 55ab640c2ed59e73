"""From an entry in its shape to staged rows: the record, its columns, its claims and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Table

from zoo_provenance.dates import parse_date
from zoo_provenance.errors import Unreadable
from zoo_provenance.loading import shapes, staging
from zoo_provenance.loading.problems import File, Mark, Problem
from zoo_provenance.loading.staging import Staging
from zoo_provenance.loading.values import NotAWord, Value, checked_text, read_flag, read_value
from zoo_provenance.loading.yaml_reader import Node
from zoo_provenance.names import fold
from zoo_provenance.vocabulary import (
    FIELDS,
    LABEL_LENGTH,
    LOCATOR_LENGTH,
    NOTE_LENGTH,
    NOTES_LENGTH,
    PASSES,
    QUOTE_LENGTH,
    SLUG,
    Certainty,
    Field,
    Kind,
    LinkKind,
    Shape,
    columns_of,
    field_named,
)

Path = tuple[str | int, ...]
_NAMELIKE = ("name", "name.former", "formerly")


@dataclass(frozen=True)
class Place:
    """Where values belong and who vouches for them: a record's or a part's, with the sources around it."""

    owner: str
    slug: str
    part: str = ""
    sources: tuple[str, ...] = ()
    unsourced: bool = False
    about: bool = False

    @property
    def keys(self) -> dict[str, str | None]:
        """The columns that say which part of the record a claim is about."""
        group, _, key = self.part.partition("/")
        return {
            "slug": self.slug,
            "part": self.part,
            "line_key": key if group == "lines" else None,
            "participant_key": key if group == "participants" else None,
        }


class Scribe:
    """Writes the rows of one entry, and every problem it meets on the way."""

    def __init__(self, stage: Staging, file: File, number: int, dataset_id: int, root: Node) -> None:
        """Take where rows go and where they come from."""
        self.staging = stage
        self.file = file
        self.number = number
        self.dataset_id = dataset_id
        self.root = root
        self.bare: list[tuple[str, Mark]] = []

    # -- records -------------------------------------------------------------------------------------

    def placeholder(self, kind: Kind, slug: str, mark: Mark) -> None:
        """Stage the slug of an entry that could not be read, so that nothing else complains of it."""
        self._row(staging.RECORD, {"kind": kind, "slug": slug, "label": slug, "search_key": fold(slug)}, {"": mark})

    def entry(self, kind: Kind, slug: str, entry: Any, mark: Mark) -> None:
        """Stage a record that this data set defines."""
        sources = tuple(entry.cited)
        place = Place(kind.value, slug, "", sources, self._flag(entry.unsourced, ("unsourced",)) or kind is Kind.SOURCE)
        label = next((said.value for said in entry.names or () if said.former is None), None)
        if label is None and kind is Kind.TAXON and entry.scientific_name is not None:
            label = entry.scientific_name.claims[0].value
        label = (label or slug)[:LABEL_LENGTH]
        notes = self._text(entry.notes, ("notes",), NOTES_LENGTH)
        self._row(
            staging.RECORD,
            {"kind": kind, "slug": slug, "label": label, "search_key": fold(label), "notes": notes},
            {"": mark},
        )
        columns, marks = self._columns(place, entry, {})
        self._row(staging.KINDS[kind], {"slug": slug, **columns}, {"": mark, **marks})
        self._everything(place, entry)
        self._sourced(place)

    def about(self, kind: Kind, slug: str, line: str, entry: Any, mark: Mark) -> None:
        """Stage what this data set says about a record, or a line, that another one defines."""
        owner = "line" if line else kind.value
        place = Place(
            owner,
            slug,
            f"lines/{line}" if line else "",
            tuple(entry.cited),
            self._flag(entry.unsourced, ("unsourced",)),
            about=True,
        )
        self._columns(place, entry, {})
        if line:
            self._notes_and_searches(place, entry)
            if entry.animals is not None:
                self._problem(
                    ("animals",), "animals", "not-here", "which animals a line has is its own data set's to say"
                )
        else:
            self._everything(place, entry)
        self._sourced(place)

    def _everything(self, place: Place, entry: Any) -> None:
        self._whole(place, entry, ())
        self._names(place, entry)
        self._notes_and_searches(place, entry)
        if entry.exists is not None:
            self._stated(place, "exists", entry.exists, ("exists",))
        kind = Kind(place.owner)
        if kind is Kind.TRANSFER:
            self._transfer(place, entry)
        elif kind is Kind.SOURCE:
            for at, slug in enumerate(entry.based_on or ()):
                self._link(staging.BASIS, {"slug": place.slug, "based_on": slug}, ("based_on", at))
        elif kind is Kind.PERSON:
            for at, said in enumerate(entry.offices or ()):
                self._said(place, "office", said, ("offices", at), always=True)

    def _whole(self, place: Place, entry: Any, path: Path) -> None:
        """Stage who vouches for the whole of a record or part."""
        if place.about:
            return
        locator = self._text(entry.at, (*path, "at"), LOCATOR_LENGTH) or ""
        quote = self._text(entry.quote, (*path, "quote"), QUOTE_LENGTH)
        note = self._text(entry.note, (*path, "note"), NOTE_LENGTH)
        if not entry.cited and (quote or locator):
            self._problem(
                (*path, "quote" if quote else "at"), "quote", "quote-without-source", "a quote or place needs a source"
            )
            return
        for at, source in enumerate(dict.fromkeys(entry.cited)):
            values = {**place.keys, "field": "", "source": source, "locator": locator, "quote": quote, "note": note}
            self._claim(values, self._source_path(entry, path, at))

    def _names(self, place: Place, entry: Any) -> None:
        for at, said in enumerate(entry.names or ()):
            former = self._flag(said.former, ("names", at, "former"))
            self._said(place, "name.former" if former else "name", said, ("names", at), always=True)
        for scheme, several in (entry.ids or {}).items():
            if not SLUG.fullmatch(scheme):
                self._problem(("ids", scheme), scheme, "bad-slug", f"{scheme!r} is no scheme of identifiers")
                continue
            for at, said in enumerate(several.claims):
                self._said(place, f"id.{scheme}", said, ("ids", scheme, "claims", at), always=True)
        for at, old in enumerate(entry.formerly or ()):
            path = ("formerly", at)
            if not SLUG.fullmatch(old) or old == place.slug:
                self._problem(path, "formerly", "bad-slug", f"{old[:60]!r} is no former slug")
                continue
            self._row(staging.FORMERLY, {"slug": place.slug, "old": old}, {"": self._mark(path)})
            self._claim({**place.keys, "field": "formerly", "value": old, "search_key": fold(old)}, path)

    def _notes_and_searches(self, place: Place, entry: Any, path: Path = ()) -> None:
        for topic, stated in (entry.statements or {}).items():
            here = (*path, "statements", topic)
            if not SLUG.fullmatch(topic):
                self._problem(here, topic, "bad-slug", f"{topic[:60]!r} is no topic; expected a key such as 'payment'")
                continue
            self._stated(place, f"statement.{topic}", stated, here)
        for at, searched in enumerate(entry.searched or ()):
            here = (*path, "searched", at)
            if field_named(place.owner, searched.field) is None:
                known = ", ".join(FIELDS[place.owner])
                self._problem(
                    (*here, "field"),
                    "field",
                    "unknown-field",
                    f"{searched.field!r} is no field here",
                    f"expected one of {known}",
                )
            sources = searched.cited or list(place.sources)
            if not sources:
                self._problem(here, "searched", "unsourced", "says not where it was searched; name a source")
            note = self._text(searched.note, (*here, "note"), NOTE_LENGTH)
            locator = self._text(searched.at, (*here, "at"), LOCATOR_LENGTH) or ""
            for number, source in enumerate(dict.fromkeys(sources)):
                values = {**place.keys, "field": searched.field, "source": source, "stance": "silent"}
                path_of = self._source_path(searched, here, number) if searched.cited else here
                self._claim({**values, "note": note, "locator": locator}, path_of)

    # -- transfers -----------------------------------------------------------------------------------

    def _transfer(self, place: Place, entry: Any) -> None:
        for key, stated in (entry.dates or {}).items():
            if SLUG.fullmatch(key):
                self._stated(place, f"date.{key}", stated, ("dates", key))
            else:
                self._problem(("dates", key), key, "bad-slug", f"{key[:60]!r} is no key of a date")
        for at, said in enumerate(entry.totals or ()):
            self._said(place, "count", said, ("totals", at), always=True)
        for link in LinkKind:
            for at, slug in enumerate(getattr(entry, link.value) or ()):
                values = {"slug": place.slug, "kind": link.value, "to": slug}
                self._link(staging.LINK, values, (link.value, at))
        for at, slug in enumerate(entry.animals or ()):
            self._link(staging.SHORT_FORM, {"slug": place.slug, "animal": slug}, ("animals", at))
        if entry.animals and entry.lines:
            self._problem(("animals",), "animals", "two-forms", "either 'lines' or the short form 'animals', not both")
        for group, parts in (("lines", entry.lines), ("participants", entry.participants)):
            for key, part in (parts or {}).items():
                self._part(place, group, key, part)

    def _part(self, place: Place, group: str, key: str, part: Any) -> None:
        path: Path = (group, key)
        if not SLUG.fullmatch(key):
            self._problem(
                path, key, "bad-slug", f"{key[:60]!r} is no key; expected small letters, digits, '.', '_' or '-'"
            )
            return
        here = replace(
            place,
            owner=group.removesuffix("s"),
            part=f"{group}/{key}",
            sources=tuple(part.cited) or place.sources,
            unsourced=place.unsourced or self._flag(part.unsourced, (*path, "unsourced")),
        )
        columns, marks = self._columns(here, part, {}, path)
        mark = self._mark(path, key=True)
        if not place.about:
            table = staging.owner_table(here.owner)
            notes = {"notes": self._text(part.notes, (*path, "notes"), NOTES_LENGTH)} if group == "lines" else {}
            self._row(table, {"slug": place.slug, "key": key, **columns, **notes}, {"": mark, **marks})
        if group == "participants" and part.who is None and not place.about:
            self._problem(path, "who", "missing", "needs 'who': a person's or an institution's slug")
        self._whole(here, part, path)
        self._notes_and_searches(here, part, path)
        for at, animal in enumerate(getattr(part, "animals", None) or ()):
            values = {"slug": place.slug, "line_key": key, "animal": animal}
            self._link(staging.LINE_ANIMAL, values, (*path, "animals", at))
        self._sourced(here)

    # -- values --------------------------------------------------------------------------------------

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
            value = self._stated(place, name, stated, here)
            if value is None:
                claimed.append(name)
                continue
            columns.update(_as_columns(place.owner, field, value))
            stem = "who" if name == "who" else (field.column or name).removesuffix("_id")
            marks[stem] = self._mark(here, "claims", 0, "value")
        if place.owner == "transfer":
            if entry.status is None and not place.about:
                columns["status"] = "completed"
            self._passes(entry, columns)
        if place.owner == "line":
            columns.setdefault("term", "LIV")
        columns["claimed"] = "," + "".join(f"{name}," for name in claimed)
        return columns, marks

    def _passes(self, entry: Any, columns: dict[str, Any]) -> None:
        """Set what a transfer passes: as written, else what every reported kind passes by default."""
        stated = entry.kind
        kinds = (
            []
            if stated is None
            else [stated.settled]
            if stated.settled not in {None, "open"}
            else [said.value for said in stated.claims if said.dismissed is None]
        )
        defaults = {PASSES.get(kind, (None, None)) for kind in kinds}
        custody, title = next(iter(defaults)) if len(defaults) == 1 else (None, None)
        columns.update(passes_custody=custody, passes_title=title)
        for what in ("custody", "title") if entry.passes is not None else ():
            written = getattr(entry.passes, what)
            if written is not None:
                columns[f"passes_{what}"] = None if written == "unstated" else self._flag(written, ("passes", what))

    def _descent(self, place: Place, role: str, stated: shapes.Stated, path: Path) -> None:
        """Stage the parents named for one role; where they are rivals each stands, with its probability if given."""
        candidates: dict[str, str | None] = {}
        for at, said in enumerate(stated.claims):
            value = self._said(place, role, said, (*path, "claims", at), always=not said.bare)
            if (
                value is not None
                and value.slug
                and said.dismissed is None
                and (said.value == stated.settled or stated.settled in {None, "open"})
            ):
                candidates.setdefault(value.slug, said.probability)
        self._decided(place, role, FIELDS["animal"][role], stated, path)
        if place.about:
            return
        for at, (slug, probability) in enumerate(candidates.items()):
            values = {
                "slug": place.slug,
                "parent": slug,
                "role": role,
                "probability": self._probability(probability, path),
            }
            if values["probability"] is None and (len(candidates) == 1 or role not in {"dam", "sire"}):
                values["probability"] = 1.0
            self._link(staging.DESCENT, values, (*path, "claims", at, "value"))

    def _probability(self, text: str | None, path: Path) -> float | None:
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 < number <= 1:
            self._problem(
                path, "probability", "unreadable", f"{text[:40]!r} is no probability; expected more than 0, at most 1"
            )
            return None
        return number

    def _stated(self, place: Place, name: str, stated: shapes.Stated, path: Path) -> Value | None:
        """Stage what is said of a field; return the value where it is plain and needs no claim."""
        field = field_named(place.owner, name)
        if field is None:
            raise AssertionError(name)
        first = stated.claims[0] if stated.claims else None
        if first is None:
            self._problem(path, name, "missing", f"{name!r} has no claims; leave the key out")
            return None
        plain = len(stated.claims) == 1 and first.bare and stated.settled is None and stated.because is None
        keeps = field.column is not None or name == "who"
        value: Value | None = None
        for at, said in enumerate(stated.claims):
            value = self._said(place, name, said, (*path, "claims", at), always=not (plain and keeps) or place.about)
        self._decided(place, name, field, stated, path)
        if not (plain and keeps) or place.about:
            return None
        if value is None or value.unknown:
            return Value(None)
        return value

    def _decided(self, place: Place, name: str, field: Field, stated: shapes.Stated, path: Path) -> None:
        if stated.settled is None and stated.because is None:
            return
        if stated.because is None or not stated.because.strip():
            self._problem((*path, "settled"), name, "no-reason", "a settled value needs its reason: add 'because'")
            return
        if stated.settled is None:
            self._problem(
                (*path, "because"), name, "no-decision", "a reason settles nothing: add 'settled', a value or 'open'"
            )
            return
        reason = self._text(stated.because, (*path, "because"), NOTE_LENGTH)
        values = {**_keys(place), "field": name, "language": "", "reason": reason}
        if stated.settled != "open":
            if self._read(field, name, stated.settled, (*path, "settled")) is None:
                return
            # The decision keeps the claim's own words, so that it is found among the claims.
            claimed = list(dict.fromkeys(said.value for said in stated.claims))
            chosen = next((said for said in claimed if _same(field, name, stated.settled, said)), None)
            if chosen is None:
                message = f"nobody claims {stated.settled!r}"
                self._problem((*path, "settled"), name, "not-claimed", message, f"claimed are: {', '.join(claimed)}")
                return
            value = read_value(field, name, chosen)
            values |= {"value": value.text, "value_record": value.slug}
        self._row(staging.DECISION, values, {"": self._mark((*path, "settled"))})

    def _said(self, place: Place, name: str, said: shapes.Said, path: Path, *, always: bool) -> Value | None:
        """Read one claimed value and stage a claim for each source of it; a plain value only if `always`."""
        field = field_named(place.owner, name)
        if field is None:
            raise AssertionError(name)
        value = self._read(field, name, said.value, (*path, "value"))
        unsourced = place.unsourced or self._flag(said.unsourced, (*path, "unsourced"))
        sources = said.cited or list(place.sources)
        if not sources and not unsourced and not field.identifies:
            self.bare.append((name, self._mark((*path, "value"))))
        if value is None or not (always or value.unknown):
            return value
        values = {**place.keys, "field": name, **self._details(said, path)}
        values |= {"value": value.text, "value_record": value.slug, "low": value.low, "high": value.high}
        if name in _NAMELIKE or name.startswith("id."):
            values["search_key"] = fold(value.text or "")
        if not sources and said.quote is not None:
            self._problem((*path, "quote"), "quote", "quote-without-source", "a quote needs a source")
        own = self._flag(said.own, (*path, "own"))
        for at, source in enumerate(dict.fromkeys(sources) or [None]):
            at_path = self._source_path(said, path, at) if said.cited else path
            self._claim({**values, "source": source, "own": own}, at_path)
        for at, source in enumerate(said.against or ()):
            against = {**values, "source": source, "stance": "contradicts", "dismissed": None, "quote": None}
            self._claim(against, (*path, "against", at))
        return value

    def _details(self, said: shapes.Said, path: Path) -> dict[str, Any]:
        """Return the columns of a claim beside its value: where, in which words, how sure, since when."""
        during = {"during": None, "during_earliest": None, "during_latest": None}
        if said.during is not None:
            try:
                date = parse_date(said.during)
                during = {"during": date.text, "during_earliest": date.earliest, "during_latest": date.latest}
            except Unreadable as fault:
                self._problem((*path, "during"), "during", "unreadable", str(fault))
        if said.certainty is not None and said.certainty not in set(Certainty):
            self._problem(
                (*path, "certainty"),
                "certainty",
                "bad-word",
                f"{said.certainty[:40]!r} is no certainty",
                f"expected one of {', '.join(Certainty)}",
            )
        return {
            **during,
            "language": self._text(said.language, (*path, "language"), 35) or "",
            "certainty": said.certainty if said.certainty in set(Certainty) else None,
            "locator": self._text(said.at, (*path, "at"), LOCATOR_LENGTH) or "",
            "quote": self._text(said.quote, (*path, "quote"), QUOTE_LENGTH),
            "note": self._text(said.note, (*path, "note"), NOTE_LENGTH),
            "dismissed": self._text(said.dismissed, (*path, "dismissed"), NOTE_LENGTH),
        }

    def _read(self, field: Field, name: str, text: str, path: Path) -> Value | None:
        try:
            return read_value(field, name, text)
        except NotAWord as fault:
            self._problem(path, name, "bad-word", str(fault), fault.suggestion)
        except Unreadable as fault:
            self._problem(path, name, "unreadable", f"{name}: {fault}")
        return None

    # -- rows ----------------------------------------------------------------------------------------

    def _claim(self, values: Mapping[str, Any], path: Path) -> None:
        mark = self._mark(path)
        full = {"stance": "supports", "locator": "", "language": "", "own": False, **values}
        self._row(staging.CLAIM, full, {"": mark, "source": mark, "value_record": self._mark((*path, "value"))})

    def _link(self, table: Table, values: Mapping[str, Any], path: Path) -> None:
        mark = self._mark(path)
        self._row(table, values, dict.fromkeys(("", "animal", "based_on", "parent", "to"), mark))

    def _row(self, table: Table, values: Mapping[str, Any], marks: Mapping[str, Mark]) -> None:
        self.staging.add(table, values, self.number, self.dataset_id, marks)

    def _sourced(self, place: Place) -> None:
        """Tell of the values of a place that nobody vouches for, once."""
        if self.bare:
            (name, mark), *others = self.bare
            more = f" and {len(others)} more value{'s' * (len(others) > 1)}" if others else ""
            message = f"no source for {name!r}{more}; name a source, or write unsourced: true"
            self.staging.problems.append(Problem(self.file, mark, name, "unsourced", message))
        self.bare = []

    # -- places --------------------------------------------------------------------------------------

    def _source_path(self, cited: shapes.Cited, path: Path, at: int) -> Path:
        singles = len(cited.source or ())
        return (*path, "source", at) if at < singles else (*path, "sources", at - singles)

    def _mark(self, path: Path, *more: str | int, key: bool = False) -> Mark:
        node = self.root.at(path[:-1]) if key else self.root.at((*path, *more))
        if key:
            node = node.keys.get(str(path[-1]), node)
        return node.mark

    def _problem(self, path: Path, name: str, code: str, message: str, suggestion: str = "") -> None:
        self.staging.problems.append(Problem(self.file, self._mark(path), name, code, message, suggestion))

    def _text(self, text: str | None, path: Path, longest: int) -> str | None:
        if text is None:
            return None
        try:
            return checked_text(text.rstrip("\n"), longest)
        except Unreadable as fault:
            self._problem(path, str(path[-1]), "too-long", f"{path[-1]}: {fault}")
            return None

    def _flag(self, text: str | None, path: Path) -> bool:
        if text is None:
            return False
        try:
            return read_flag(text)
        except Unreadable as fault:
            self._problem(path, str(path[-1]), "unreadable", f"{path[-1]}: {fault}")
            return False


def _keys(place: Place) -> dict[str, str]:
    return {"slug": place.slug, "part": place.part}


def _same(field: Field, name: str, one: str, other: str) -> bool:
    """Whether two texts mean the same value of a field; unreadable ones only when they are the same text."""
    try:
        a, b = read_value(field, name, one), read_value(field, name, other)
    except Unreadable:
        return one == other
    if field.shape in {Shape.DATE, Shape.COUNT}:
        sexes = (a.count.sexes if a.count else None) == (b.count.sexes if b.count else None)
        return (a.low, a.high) == (b.low, b.high) and sexes
    return (a.text, a.slug) == (b.text, b.slug)


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
