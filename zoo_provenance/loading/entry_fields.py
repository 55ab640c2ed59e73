"""From the fields of an entry to its columns: plain values stand there, of all others claims speak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from zoo_provenance.fields import FIELDS, Field, Shape, columns_of
from zoo_provenance.loading import shapes, staging
from zoo_provenance.loading.problems import Mark
from zoo_provenance.loading.saying import Path, Place, Sayer
from zoo_provenance.loading.values import Value
from zoo_provenance.vocabulary import passed_by

_FLAGS = {"unstated": "?", "true": "yes", "false": "no"}


class FieldScribe(Sayer):
    """Writes the fields of a record or part: their columns, their claims, and the parents of an animal."""

    def columns(self, place: Place, entry: Any, path: Path = ()) -> tuple[dict[str, Any], dict[str, Mark]]:
        """Stage claims of all fields of an owner; return the columns that hold plain values, and their places."""
        columns: dict[str, Any] = {}
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
