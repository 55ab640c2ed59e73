"""The order of an animal's life: steps by date where dates decide, by the chain of holders where they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from zoo_provenance.questions.answers import Ref, When

BIRTH, DEATH = "birth", "death"
_NOT_YET, _TOO_LATE = "0000-00-00", "9999-99-99"


class Event(NamedTuple):
    """A birth, a transfer or a death, before it has found its place.

    `to_owner` is who title passes to; `known_owner` who must have owned it before, as a lender does.
    `after` are the keys of transfers that came before it whatever the dates say: the loan it ends.
    """

    key: str
    kind: str
    date: When | None
    origin: Ref | None
    destination: Ref | None
    custody: bool | None = None
    title: bool | None = None
    status: str | None = "completed"
    to_owner: Ref | None = None
    known_owner: Ref | None = None
    to_wild: bool = False
    from_wild: bool = False
    dead: bool = False
    after: frozenset[str] = frozenset()

    @property
    def happened(self) -> bool:
        """Whether it moved anything: only what was completed does."""
        return self.status == "completed"

    @property
    def moves(self) -> bool:
        """Whether custody went from one house to another."""
        return self.happened and self.kind not in {BIRTH, DEATH} and self.custody is not False


class Step(NamedTuple):
    """An event in its place, with who held and who owned the animal after it."""

    event: Event
    holder: Ref | None
    owner: Ref | None


class Gap(NamedTuple):
    """A time nobody accounts for, between two steps (None at the ends); ISO days bound it."""

    after: Event | None
    before: Event | None
    since: str | None
    until: str | None


def in_order(events: Iterable[Event]) -> list[Event]:
    """Return events in the order of a life: by bounds, then by the chain of holders, then by slug."""
    waiting = sorted(events, key=_by_date)
    if _decided(waiting):
        return waiting
    placed: list[Event] = []
    holder: Ref | None = None
    while waiting:
        ready = [
            event for event in waiting if not any(_before(other, event) for other in waiting if other is not event)
        ]
        event = _next(ready or waiting, waiting, holder)
        placed.append(event)
        waiting.remove(event)
        if event.happened and event.destination is not None and event.custody is not False:
            holder = event.destination
    return placed


def _decided(events: Sequence[Event]) -> bool:
    """Whether the bounds alone put events, sorted by date, in order: each ends before the next begins."""
    return all(
        one.date is not None
        and other.date is not None
        and (one.date.latest or _TOO_LATE) < (other.date.earliest or _NOT_YET)
        and other.kind != BIRTH
        and one.kind != DEATH
        and not (one.after or other.after or one.dead or other.dead)
        for one, other in pairwise(events)
    )


def _by_date(event: Event) -> tuple[str, str, str]:
    date = event.date
    return (date and date.earliest) or _TOO_LATE, (date and date.latest) or _TOO_LATE, event.key


def _before(one: Event, other: Event) -> bool:
    """Whether one event must come before another."""
    if other.kind == BIRTH or one.key == other.key:
        return False
    if one.kind == BIRTH or one.key in other.after:
        return True
    if other.key in one.after:
        return False
    if DEATH in {one.kind, other.kind}:
        # Only a body travels after death.
        return one.kind == DEATH if other.dead or one.dead else other.kind == DEATH
    if one.dead != other.dead:
        return other.dead
    return bool(one.date and other.date and (one.date.latest or _TOO_LATE) < (other.date.earliest or _NOT_YET))


def _next(ready: Sequence[Event], waiting: Sequence[Event], holder: Ref | None) -> Event:
    """Choose among events that dates leave free: one that starts from the holder, else one that no other leads to."""
    if holder is not None:
        chained = [event for event in ready if event.origin == holder]
        if chained:
            # A house left more than once: first the way that leads back to it.
            return next((event for event in chained if _comes_back(event, waiting, holder)), chained[0])
    free = [event for event in ready if not _led_to(event, waiting)]
    if free:
        return free[0]
    begins = _sending_more(ready, waiting) or list(ready)
    return next((event for event in begins if event.origin and _comes_back(event, waiting, event.origin)), begins[0])


def _led_to(event: Event, waiting: Sequence[Event]) -> bool:
    """Whether another move, that dates do not put after it, leads to where an event starts."""
    if event.origin is None or event.origin == event.destination:
        return False
    return any(
        other.moves and other.destination == event.origin and not _before(event, other)
        for other in waiting
        if other is not event
    )


def _sending_more(ready: Sequence[Event], waiting: Sequence[Event]) -> list[Event]:
    """Return the events from a house that is left more often than it is reached: there a round begins."""
    left = Counter(event.origin for event in waiting if event.moves)
    reached = Counter(event.destination for event in waiting if event.moves)
    return [event for event in ready if event.origin is not None and left[event.origin] > reached[event.origin]]


def _comes_back(first: Event, waiting: Sequence[Event], holder: Ref) -> bool:
    """Whether the other events lead from where one goes back to the house it left."""
    moves = [event for event in waiting if event is not first and event.moves]
    reached, further = {first.destination}, {first.destination}
    while further:
        further = {event.destination for event in moves if event.origin in further} - reached
        reached |= further
    return holder in reached


def steps_of(events: Iterable[Event], owner: Ref | None = None) -> list[Step]:
    """Return the steps of a life in order; `owner` is who owned the animal at birth. One linear pass."""
    holder: Ref | None = None
    steps = []
    for event in in_order(events):
        if event.happened:
            holder, owner = _after(event, holder, owner)
        steps.append(Step(event, holder, owner))
    return steps


def _after(event: Event, holder: Ref | None, owner: Ref | None) -> tuple[Ref | None, Ref | None]:
    if event.kind == BIRTH:
        return event.destination, owner
    if event.kind == DEATH:
        return event.destination or holder, owner
    if event.custody is not False:
        holder = event.destination
    if event.title is None:
        owner = None
    elif event.title:
        owner = None if event.to_wild else event.to_owner
    elif owner is None:
        owner = event.known_owner
    return holder, owner


def gaps_of(steps: Sequence[Step]) -> list[Gap]:
    """Return the gaps of a life: before its first step, between holders that do not meet, after the last."""
    gaps: list[Gap] = []
    last: Step | None = None
    for step in steps:
        event = step.event
        if event.kind in {BIRTH, DEATH} or event.moves:
            if _gap_between(last, event):
                gaps.append(Gap(last.event if last else None, event, _start(last), _end(event)))
            last = step
    if last is not None and last.event.kind != DEATH and last.holder is None:
        gaps.append(Gap(last.event, None, _start(last), None))
    return gaps


class Break(NamedTuple):
    """A move, or a death, elsewhere than where the animal last was known to be."""

    holder: Ref
    previous: Event
    event: Event

    @property
    def twice(self) -> bool:
        """Whether it left the same house before, and nothing brought it back."""
        return self.event.moves and self.previous.moves and self.previous.origin == self.event.origin


def breaks_of(steps: Sequence[Step]) -> Iterator[Break]:
    """Yield the moves of a life, and the death, that are at another house than the last known holder's."""
    last: Step | None = None
    for step in steps:
        event = step.event
        if event.kind not in {BIRTH, DEATH} and not event.moves:
            continue
        known = last.holder if last is not None and event.kind != BIRTH else None
        if last is not None and known is not None and event.origin not in {None, known}:
            yield Break(known, last.event, event)
        last = step


def wholes_above(part: int, wholes: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the groups a part was split from, the nearest first; `wholes` gives those of each."""
    above: list[int] = []
    waiting = list(wholes.get(part, ()))
    while waiting:
        whole = waiting.pop(0)
        if whole not in above and whole != part:
            above.append(whole)
            waiting.extend(wholes.get(whole, ()))
    return above


def shared_life(own: Sequence[Event], whole: Iterable[Event]) -> list[Event]:
    """Return a part's own events after those of the group it was split from that end before its own begin."""
    first = min((event.date.earliest for event in own if event.date and event.date.earliest), default=None)
    keys = {event.key for event in own}
    shared = [event for event in whole if event.key not in keys]
    before = [event for event in shared if first is None or event.date is None or (event.date.latest or first) <= first]
    return [*before, *own]


def _gap_between(last: Step | None, event: Event) -> bool:
    if event.kind == BIRTH:
        return False
    if last is None:
        return not event.from_wild
    if event.kind == DEATH:
        return last.holder is None or (event.origin is not None and event.origin != last.holder)
    return event.origin is None or event.origin != last.holder


def _start(step: Step | None) -> str | None:
    return step.event.date.earliest if step and step.event.date else None


def _end(event: Event) -> str | None:
    return event.date.latest if event.date else None
