"""The shape of seed files, made from the registry of fields; only the shape, no meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, create_model, field_validator, model_validator

from zoo_provenance.errors import quoted
from zoo_provenance.fields import FIELDS
from zoo_provenance.loading.problems import File, Problem, nearest
from zoo_provenance.loading.yaml_reader import Node
from zoo_provenance.vocabulary import Kind, LinkKind

S = TypeVar("S", bound=BaseModel)


class Shape(BaseModel):
    """A mapping with known keys and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cited(Shape):
    """Something with sources of its own, or none on purpose."""

    sources: list[str] | None = None
    source: list[str] | None = None
    unsourced: str | None = None
    at: str | None = None
    quote: str | None = None
    note: str | None = None

    @field_validator("sources", "source", mode="before", check_fields=False)
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @property
    def cited(self) -> list[str]:
        """The slugs of the sources named here."""
        return [*(self.source or []), *(self.sources or [])]


class Said(Cited):
    """One value and who says it."""

    value: str
    against: list[str] | None = None
    certainty: str | None = None
    during: str | None = None
    own: str | None = None
    language: str | None = None
    former: str | None = None
    dismissed: str | None = None
    probability: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"value": value} if isinstance(value, str) else value

    @field_validator("against", mode="before")
    @classmethod
    def _against(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @property
    def bare(self) -> bool:
        """Whether the value stands alone, vouched for by what is around it; how likely a parent is says no source."""
        return self.model_fields_set <= {"value", "probability"}


class Stated(Shape):
    """A value as it stands in a file: alone, with its source, or with its rivals."""

    claims: list[Said]
    settled: str | None = None
    because: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _any_form(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"claims": [value]}
        if isinstance(value, dict) and "claims" not in value:
            settling = {key: value[key] for key in ("settled", "because") if key in value}
            return {"claims": [{key: item for key, item in value.items() if key not in settling}], **settling}
        return value


class Several(Stated):
    """A value there may be several of: a list of them, or what one value may be."""

    @model_validator(mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return {"claims": value} if isinstance(value, list) else value


class Searched(Cited):
    """Looked for and not found."""

    field: str


class Waived(Shape):
    """A finding of a rule that is let stand, and why."""

    rule: str
    because: str


class Passes(Shape):
    """What a transfer passes, each told apart."""

    custody: Stated | None = None
    title: Stated | None = None

    @model_validator(mode="before")
    @classmethod
    def _any_form(cls, value: Any) -> Any:
        if value == "unstated":
            return {"custody": "unstated", "title": "unstated"}
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list) and all(item in ("custody", "title") for item in value):
            return {what: "yes" if what in value else "no" for what in ("custody", "title")}
        return value


def _stated(owner: str) -> dict[str, Any]:
    """Fields of an owner as pydantic wants them: name to type and default."""
    return {
        name: ((Several if field.many else Stated) | None, None)
        for name, field in FIELDS[owner].items()
        if not (owner == "transfer" and name in {"count", "custody", "title"})
    }


class _Common(Cited):
    statements: dict[str, Stated] | None = None
    searched: list[Searched] | None = None
    waive: list[Waived] | None = None
    notes: str | None = None


class Entry(_Common):
    """What every record may have."""

    label: str | None = None
    names: list[Said] | None = None
    ids: dict[str, Several] | None = None
    exists: Stated | None = None
    formerly: list[str] | None = None

    @field_validator("formerly", mode="before")
    @classmethod
    def _formerly(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


Line: type[_Common] = create_model("Line", __base__=_Common, animals=(list[str] | None, None), **_stated("line"))
Participant: type[_Common] = create_model("Participant", __base__=_Common, **_stated("participant"))


class _Transfer(Entry):
    dates: dict[str, Stated] | None = None
    totals: list[Said] | None = None
    lines: dict[str, Line] | None = None  # type: ignore[valid-type]
    animals: list[str] | None = None
    participants: dict[str, Participant] | None = None  # type: ignore[valid-type]
    passes: Passes | None = None
    ends: list[str] | None = None
    answers: list[str] | None = None
    exchanged_for: list[str] | None = None

    @field_validator(*(kind.value for kind in LinkKind), mode="before")
    @classmethod
    def _links(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class _Source(Entry):
    based_on: list[str] | None = None

    @field_validator("based_on", mode="before")
    @classmethod
    def _basis(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class _Person(Entry):
    offices: list[Said] | None = None


class _Animal(Entry):
    parents: Several | None = None


def _renamed(kind: Kind) -> dict[str, Any]:
    """Fields that a list in the plural writes: an office in `offices`, a parent of an animal in `parents`."""
    fields = _stated(kind.value)
    fields.pop("office", None)
    if kind is Kind.ANIMAL:
        fields.pop("parent")
    return fields


_BASES: dict[Kind, type[Entry]] = {
    Kind.TRANSFER: _Transfer,
    Kind.SOURCE: _Source,
    Kind.PERSON: _Person,
    Kind.ANIMAL: _Animal,
}

ENTRIES: dict[Kind, type[Entry]] = {
    kind: create_model(kind.value.capitalize(), __base__=_BASES.get(kind, Entry), **_renamed(kind)) for kind in Kind
}
"""The shape of an entry of each kind."""

ABOUT: dict[Kind | str, type[BaseModel]] = {
    **{kind: create_model(f"About{kind.value}", __base__=shape, about=(str, ...)) for kind, shape in ENTRIES.items()},
    "line": create_model("Aboutline", __base__=Line, about=(str, ...)),
}
"""The shape of a file about a record of each kind, or about a line."""


class Dataset(Shape):
    """What a data set is called and is."""

    name: str
    title: str | None = None
    description: str | None = None
    about: str | None = None
    licence: str | None = None
    license: str | None = None
    version: str | None = None
    language: str | None = None
    notes: str | None = None
    sources: list[str] | None = None
    unsourced: str | None = None

    @field_validator("sources", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


def read_shape(shape: type[S], node: Node, file: File, problems: list[Problem]) -> S | None:
    """Return a node in its shape, or None with every problem told in the project's own words."""
    hollow = node.content == "" and not node.quoted and node.key is not None
    empty = [(str(node.key.content), node.key)] if hollow and node.key is not None else list(_empty(node))
    if empty:
        for path, hole in empty:
            problems.append(
                Problem(
                    file,
                    hole.mark,
                    path,
                    "empty",
                    f"nothing stands after {quoted(path)}; leave the key out" if path else "nothing stands here",
                    '"?" says a source calls it unknown',
                )
            )
        return None
    try:
        return shape.model_validate(node.plain())
    except ValidationError as fault:
        told: set[tuple[int, int]] = set()
        misspelt = {error["loc"][:-1] for error in fault.errors() if error["type"] == "extra_forbidden"}
        for error in fault.errors():
            if error["type"] == "missing" and error["loc"][:-1] in misspelt:
                continue  # the key is there, by another name
            problem = _told(shape, node, file, error)
            if (problem.mark.line, problem.mark.column) not in told:
                told.add((problem.mark.line, problem.mark.column))
                problems.append(problem)
        return None


def _empty(node: Node) -> Iterator[tuple[str, Node]]:
    if isinstance(node.content, dict):
        for key, value in node.content.items():
            if value.content == "" and not value.quoted:
                yield key, node.keys[key]
            else:
                yield from _empty(value)
    elif isinstance(node.content, list):
        for value in node.content:
            yield from _empty(value)


def _told(shape: type[BaseModel], root: Node, file: File, error: Any) -> Problem:
    path, kind = tuple(error["loc"]), error["type"]
    node = root.at(path)
    name = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
    if kind == "extra_forbidden":
        known = _keys_at(shape, path[:-1])
        parent = root.at(path[:-1])
        key = parent.keys.get(name, node)
        expected = f"expected one of {', '.join(sorted(known))}" if len(known) <= 8 else ""
        hint = nearest(name, known) or (nearest(name, Stated.model_fields) if "claims" in path else "") or expected
        return Problem(file, key.mark, name[:60], "unknown-key", f"unknown key {quoted(name)}", hint)
    if kind == "missing":
        return Problem(file, node.mark, name, "missing", f"needs {name!r}")
    if name == "passes":
        expected = "[custody], [title], [custody, title], unstated, or {custody: yes, title: unstated}"
    elif kind == "string_type":
        expected = "one value"
    elif kind == "list_type":
        expected = "a list"
    else:
        expected = "a value, or a mapping"
    suggestion = ""
    if (isinstance(node.content, list) and kind == "string_type") or (
        isinstance(node.content, list) and expected == "a value, or a mapping"
    ):
        line = file.lines[node.mark.line - 1][node.mark.column - 1 :]
        suggestion = f'to mean it as text, quote it: "{line[: line.find("]") + 1]}"' if "]" in line else ""
    return Problem(
        file, node.mark, name, "wrong-type", f"{name or 'this'}: expected {expected}, found {_found(node)}", suggestion
    )


def _found(node: Node) -> str:
    if isinstance(node.content, dict):
        return "a mapping"
    return "a list" if isinstance(node.content, list) else f"the text {node.content[:40]!r}"


def _keys_at(shape: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the keys allowed at a path, for suggestions."""
    here: Any = shape
    for step in path:
        if isinstance(here, type) and issubclass(here, BaseModel) and step in here.model_fields:
            here = here.model_fields[str(step)].annotation
        inner = [argument for argument in get_args(here) if argument is not type(None)]
        while inner and not (isinstance(here, type) and issubclass(here, BaseModel)):
            here = inner[-1]
            inner = [argument for argument in get_args(here) if argument is not type(None)]
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []
