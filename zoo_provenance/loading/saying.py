"""What is said of a field: values and their sources, turned into staged claims and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from zoo_provenance.dates import parse_date
from zoo_provenance.errors import Unreadable, quoted
from zoo_provenance.fields import Field, Shape, field_named
from zoo_provenance.loading import shapes, staging
from zoo_provenance.loading.problems import File, Mark, Problem
from zoo_provenance.loading.staging import Staging
from zoo_provenance.loading.values import NotAWord, Value, checked_text, read_flag, read_value
from zoo_provenance.loading.yaml_reader import Node
from zoo_provenance.names import fold
from zoo_provenance.vocabulary import LABEL_LENGTH, LOCATOR_LENGTH, NOTE_LENGTH, QUOTE_LENGTH, VALUE_LENGTH, Certainty

Path = tuple[str | int, ...]
_NAMELIKE = ("name", "name.former", "formerly")


@dataclass(frozen=True)
class Place:
    """Where values belong and who vouches for them: a record's or a part's, with the sources around it.

    A source stands with the path at which the file names it.
    """

    owner: str
    slug: str
    part: str = ""
    sources: tuple[tuple[str, Path], ...] = ()
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


class Sayer:
    """Reads what is said of fields and stages it: claims, decisions, and every problem on the way."""

    def __init__(self, stage: Staging, file: File, number: int, dataset_id: int, root: Node) -> None:
        """Take where rows go and where they come from."""
        self.staging = stage
        self.file = file
        self.number = number
        self.dataset_id = dataset_id
        self.root = root
        self.part_marks: dict[str, Mark] = {}
        self.bare: list[tuple[str, Mark]] = []

    # -- values --------------------------------------------------------------------------------------

    def state(self, place: Place, name: str, stated: shapes.Stated, path: Path) -> Value | None:
        """Stage what is said of a field; return the value where it is plain and needs no claim."""
        field = field_named(place.owner, name)
        if field is None:
            raise AssertionError(name)
        first = stated.claims[0] if stated.claims else None
        if first is None:
            self.problem(path, name, "missing", f"{name!r} has no claims; leave the key out")
            return None
        plain = len(stated.claims) == 1 and first.bare and stated.settled is None and stated.because is None
        keeps = field.column is not None or name == "who"
        value: Value | None = None
        for at, said in enumerate(stated.claims):
            value = self.say(place, name, said, (*path, "claims", at), always=not (plain and keeps) or place.about)
        self.decided(place, name, field, stated, path)
        if not (plain and keeps) or place.about:
            return None
        if value is None or value.unknown:
            return Value(None)
        return value

    def decided(self, place: Place, name: str, field: Field, stated: shapes.Stated, path: Path) -> None:
        """Stage the choice between a field's claims, with its reason."""
        if stated.settled is None and stated.because is None:
            return
        if stated.because is None or not stated.because.strip():
            self.problem((*path, "settled"), name, "no-reason", "a settled value needs its reason: add 'because'")
            return
        if stated.settled is None:
            self.problem(
                (*path, "because"), name, "no-decision", "a reason settles nothing: add 'settled', a value or 'open'"
            )
            return
        reason = self.text(stated.because, (*path, "because"), NOTE_LENGTH)
        values = {**_keys(place), "field": name, "language": "", "reason": reason}
        if stated.settled != "open":
            if self._read(field, name, stated.settled, (*path, "settled")) is None:
                return
            # The decision keeps the claim's own words, so that it is found among the claims.
            claimed = list(dict.fromkeys(said.value for said in stated.claims if said.dismissed is None))
            chosen = next((said for said in claimed if _same(field, name, stated.settled, said)), None)
            if chosen is None:
                message = f"nobody claims {quoted(stated.settled)}"
                self.problem(
                    (*path, "settled"), name, "not-claimed", message, f"claimed are: {', '.join(claimed)}"[:200]
                )
                return
            value = read_value(field, name, chosen)
            values |= {"value": value.text, "value_record": value.slug}
        self.stage_row(staging.DECISION, values, {"": self.mark((*path, "settled"))})

    def say(self, place: Place, name: str, said: shapes.Said, path: Path, *, always: bool) -> Value | None:
        """Read one claimed value and stage a claim for each source of it; a plain value only if `always`."""
        field = field_named(place.owner, name)
        if field is None:
            raise AssertionError(name)
        value = self._read(field, name, said.value, (*path, "value"))
        on_purpose = self.flag(said.unsourced, (*path, "unsourced"))
        unsourced = place.unsourced or on_purpose
        sources = self.cited(said, path) or ([] if on_purpose else list(place.sources))
        if not sources and not unsourced and not field.identifies:
            self.bare.append((name, self.mark((*path, "value"))))
        if value is None or not (always or value.unknown):
            return value
        values = {**place.keys, "field": name, **self._details(said, path)}
        values |= {"value": value.text, "value_record": value.slug, "low": value.low, "high": value.high}
        if name in _NAMELIKE or name.startswith("id."):
            values["search_key"] = fold(value.text or "")
        if not sources and (unsourced or field.identifies) and said.quote is not None:
            self.problem((*path, "quote"), "quote", "quote-without-source", "a quote needs a source")
        own = self.flag(said.own, (*path, "own"))
        if len(value.text or "") > VALUE_LENGTH:
            message = (
                f"{name}: is {len(value.text or ''):,} characters long; at most {VALUE_LENGTH:,} fit where it is cited"
            )
            self.problem((*path, "value"), name, "too-long", message)
            return value
        by: list[tuple[str | None, Path]] = [*sources] or [(None, path)]
        for source, source_path in by:
            self.claim({**values, "source": source, "own": own}, (*path, "value"), source_path)
        for at, source in enumerate(said.against or ()):
            against = {**values, "source": source, "stance": "contradicts", "dismissed": None, "quote": None}
            self.claim(against, (*path, "value"), (*path, "against", at))
        return value

    def _details(self, said: shapes.Said, path: Path) -> dict[str, Any]:
        """Return the columns of a claim beside its value: where, in which words, how sure, since when."""
        during: dict[str, str | None] = {"during": None, "during_earliest": None, "during_latest": None}
        if said.during is not None:
            try:
                date = parse_date(said.during)
                if len(date.text) > LABEL_LENGTH:
                    raise Unreadable(f"is longer than {LABEL_LENGTH} characters")  # noqa: TRY301 - told as any other
                during = {"during": date.text, "during_earliest": date.earliest, "during_latest": date.latest}
            except Unreadable as fault:
                self.problem((*path, "during"), "during", "unreadable", str(fault))
        if said.certainty is not None and said.certainty not in set(Certainty):
            self.problem(
                (*path, "certainty"),
                "certainty",
                "bad-word",
                f"{said.certainty[:40]!r} is no certainty",
                f"expected one of {', '.join(Certainty)}",
            )
        return {
            **during,
            "language": self.text(said.language, (*path, "language"), 35) or "",
            "certainty": said.certainty if said.certainty in set(Certainty) else None,
            "locator": self.text(said.at, (*path, "at"), LOCATOR_LENGTH) or "",
            "quote": self.text(said.quote, (*path, "quote"), QUOTE_LENGTH),
            "note": self.text(said.note, (*path, "note"), NOTE_LENGTH),
            "dismissed": self.text(said.dismissed, (*path, "dismissed"), NOTE_LENGTH),
        }

    def _read(self, field: Field, name: str, text: str, path: Path) -> Value | None:
        try:
            return read_value(field, name, text)
        except NotAWord as fault:
            self.problem(path, name, "bad-word", str(fault), fault.suggestion)
        except Unreadable as fault:
            self.problem(path, name, "unreadable", f"{name}: {fault}")
        return None

    # -- rows ----------------------------------------------------------------------------------------

    def claim(self, values: Mapping[str, Any], path: Path, source_path: Path) -> None:
        """Stage one source's claim; the paths are where the value and the source stand."""
        full = {"stance": "supports", "locator": "", "language": "", "own": False, **values}
        mark, source = self.mark(path), self.mark(source_path)
        part = self.part_marks.get(full["part"], mark)
        self.stage_row(staging.CLAIM, full, {"": mark, "source": source, "value_record": mark, "part": part})

    def link(self, table: Table, values: Mapping[str, Any], path: Path) -> None:
        """Stage a row that does nothing but refer to a record."""
        mark = self.mark(path)
        self.stage_row(table, values, dict.fromkeys(("", "animal", "based_on", "parent", "to"), mark))

    def stage_row(self, table: Table, values: Mapping[str, Any], marks: Mapping[str, Mark]) -> None:
        """Stage a row of this entry's file and data set."""
        self.staging.add(table, values, self.number, self.dataset_id, marks)

    def sourced(self) -> None:
        """Tell of the values of a place that nobody vouches for, once."""
        if self.bare:
            (name, mark), *others = self.bare
            more = f" and {len(others)} more value{'s' * (len(others) > 1)}" if others else ""
            message = f"no source for {name!r}{more}; name a source, or write unsourced: true"
            self.staging.problems.append(Problem(self.file, mark, name, "unsourced", message))
        self.bare = []

    # -- places --------------------------------------------------------------------------------------

    def cited(self, cited: shapes.Cited, path: Path) -> list[tuple[str, Path]]:
        """Return the sources named at a path, each once, with where it stands."""
        named: dict[str, Path] = {}
        for key, slugs in (("source", cited.source), ("sources", cited.sources)):
            for at, slug in enumerate(slugs or ()):
                named.setdefault(slug, (*path, key, at))
        return list(named.items())

    def mark(self, path: Path, *more: str | int, key: bool = False) -> Mark:
        """Return the place of a value, or of a key."""
        node = self.root.at(path[:-1]) if key else self.root.at((*path, *more))
        if key:
            node = node.keys.get(str(path[-1]), node)
        return node.mark

    def problem(
        self, path: Path, name: str, code: str, message: str, suggestion: str = "", *, key: bool = False
    ) -> None:
        """Tell of a problem with the value at a path, or with the key itself."""
        self.staging.problems.append(Problem(self.file, self.mark(path, key=key), name, code, message, suggestion))

    def text(self, text: str | None, path: Path, longest: int) -> str | None:
        """Return text that is neither blank nor too long; else tell of it."""
        if text is None:
            return None
        try:
            return checked_text(text.rstrip("\n"), longest)
        except Unreadable as fault:
            self.problem(path, str(path[-1]), "too-long", f"{path[-1]}: {fault}")
            return None

    def flag(self, text: str | None, path: Path) -> bool:
        """Return yes or no, no where nothing is written; else tell of it."""
        if text is None:
            return False
        try:
            return read_flag(text)
        except Unreadable as fault:
            self.problem(path, str(path[-1]), "unreadable", f"{path[-1]}: {fault}")
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
