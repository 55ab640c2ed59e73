"""The steps and gaps of a life as a trace tells them: what passed, who was there, and on whose word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoo_provenance.evidence.support import (
    ANIMAL,
    BIRTH_COLUMNS,
    BIRTH_FIELDS,
    DEATH_COLUMNS,
    DEATH_FIELDS,
    EXISTS,
    LINE_COLUMNS,
    LINE_FIELDS,
    TRANSFER,
    TRANSFER_COLUMNS,
    TRANSFER_FIELDS,
    Doubt,
    Support,
    held,
)
from zoo_provenance.questions.answers import Ref, When, when
from zoo_provenance.questions.arrivals import Participant
from zoo_provenance.questions.life import BIRTH, DEATH, Gap, Step


@dataclass(frozen=True)
class TraceStep:
    """A step of a life: what it passed, who held and owned the animal after it, and on whose word."""

    kind: str | None
    date: When | None
    status: str | None
    origin: Ref | None
    destination: Ref | None
    transfer: Ref | None
    custody: bool | None
    title: bool | None
    holder: Ref | None
    owner: Ref | None
    participants: tuple[Participant, ...]
    sources: tuple[str, ...]
    origins: int
    disputed: tuple[str, ...]
    until: When | None = None
    doubts: tuple[Doubt, ...] = ()

    @property
    def doubt(self) -> str | None:
        """How unsure the least sure of its fields is: `probable`, `possible`, or None."""
        words = {one.certainty for one in self.doubts}
        return "possible" if "possible" in words else "probable" if words else None

    @property
    def title_alone(self) -> bool:
        """Whether it changed the owner and not the holder."""
        return self.custody is False and self.title is True


@dataclass(frozen=True)
class TraceGap:
    """A gap: after and before are a step's transfer slug, `birth` or `death`; None at the ends."""

    after: str | None
    before: str | None
    since: str | None
    until: str | None
    examined: bool
    sources: tuple[str, ...]


def told_step(
    step: Step, row: Any, travels: dict[str, Any], people: dict[int, tuple[Participant, ...]], support: Support
) -> TraceStep:
    """Return a step with what it passed and who says so; `row` is the animal's own or, for its birth, that of its whole."""
    event = step.event
    if event.kind in {BIRTH, DEATH}:
        names, columns = (BIRTH_FIELDS, BIRTH_COLUMNS) if event.kind == BIRTH else (DEATH_FIELDS, DEATH_COLUMNS)
        reports = support.reports(row.id, ANIMAL, "", held(row, columns))
        disputed = support.disputed(row.id, ANIMAL, "", names)
        return TraceStep(
            event.kind,
            event.date,
            None,
            None,
            event.destination,
            None,
            None,
            None,
            step.holder,
            step.owner,
            (),
            *support.vouched(reports),
            disputed,
            doubts=tuple(support.doubts(row.id, ANIMAL, "", names)),
        )
    travel = travels[event.key]
    part = f"lines/{travel.key}"
    whole, line = held(travel, TRANSFER_COLUMNS), held(travel, LINE_COLUMNS)
    reports = support.reports(travel.id, TRANSFER, "", whole) | support.reports(travel.id, TRANSFER, part, line)
    disputed = (
        *support.disputed(travel.id, TRANSFER, "", (EXISTS, *TRANSFER_FIELDS)),
        *support.disputed(travel.id, TRANSFER, part, LINE_FIELDS),
    )
    return TraceStep(
        travel.kind,
        event.date,
        travel.status,
        event.origin,
        event.destination,
        Ref(travel.slug, travel.label),
        travel.passes_custody,
        travel.passes_title,
        step.holder,
        step.owner,
        people.get(travel.id, ()),
        *support.vouched(reports),
        disputed,
        when(travel.until, travel.until_earliest, travel.until_latest),
        tuple(support.doubts(travel.id, TRANSFER, "", ("kind", "status", "from", "to", "date"))),
    )


def told_gap(gap: Gap, row: Any, travels: dict[str, Any], support: Support) -> TraceGap:
    """Return a gap, examined where somebody searched for what would fill it."""
    silent: set[str] = set()
    for event, names in ((gap.before, ("from", "date")), (gap.after, ("to", "date"))):
        travel = travels.get(event.key) if event is not None else None
        if travel is not None:
            silent.update(support.silent(travel.id, "", names))
    if row is not None and (gap.after is None or gap.after.kind == BIRTH):
        silent.update(
            support.silent(row.id, "", ("born", "born_at", "owner_at_birth", "origin", "dam", "sire", "parent"))
        )
    if row is not None and (gap.before is None or gap.before.kind == DEATH):
        silent.update(support.silent(row.id, "", DEATH_FIELDS))
    sources = tuple(sorted(silent))
    return TraceGap(
        gap.after.key if gap.after else None,
        gap.before.key if gap.before else None,
        gap.since,
        gap.until,
        bool(sources),
        sources,
    )
