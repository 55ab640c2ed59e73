"""What cannot be right or should be looked at: every rule asked set-based, and what was waived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from zoo_provenance.direct import Statement
from zoo_provenance.questions.histories import histories
from zoo_provenance.questions.life import DEATH, breaks_of
from zoo_provenance.questions.naming import Thing
from zoo_provenance.questions.rules import descents, permits, records, sources, transfers
from zoo_provenance.questions.rules.asking import Asked, Queries
from zoo_provenance.questions.rules.circles import circles
from zoo_provenance.questions.rules.columns import drifted
from zoo_provenance.rules import RULES, Rule, Scope, Severity
from zoo_provenance.tables import line_animal, waiver

QUERIES: Queries = {
    **transfers.QUERIES,
    **descents.QUERIES,
    **sources.QUERIES,
    **records.QUERIES,
    **permits.QUERIES,
}
"""The query of each rule that is one statement; the others take a pass in order."""
PASSES = (
    "circular-descent",
    "circular-sources",
    "two-places",
    "not-holder",
    "died-elsewhere",
    "drift",
    "disputed",
    "disputed-statement",
    "one-origin",
)
OF_TRANSFERS = (
    *("before-birth", "after-death", "two-places", "not-holder", "lines-total", "more-animals", "same-house"),
    *("before-founding", "after-closing", "office-dates", "overdue-loan", "early-source", "uncited", "unsourced"),
    *("title-unstated", "no-permit", "no-importer-report"),
)
"""Rules that can be asked of some transfers alone, and belong into the file of who gave."""
Waived = dict[tuple[str, int, str], str]
"""The reasons of waivers, by rule, record and part."""
_GRAVEST = {severity.value: place for place, severity in enumerate(Severity)}
_ORDER = {rule: place for place, rule in enumerate(RULES)}


class Finding(NamedTuple):
    """What a rule found: `records` are slugs, the one it is about first; `waived` is the reason it may stand."""

    rule: str
    severity: str
    message: str
    records: tuple[str, ...]
    clear: str
    waived: str | None
    transfers: tuple[int, ...] = ()


def check(
    connection: Connection, today: str, *, rules: Sequence[str] = (), thing: Thing | None = None
) -> list[Finding]:
    """Return the findings of rules, or of all, the gravest first: for the whole database, or about one record.

    A statement for each rule, two passes in order; `today` (an ISO day) decides which loans are overdue.
    """
    chosen = [rule for rule in rules or RULES if rules or RULES[rule].scope is Scope.CHECK]
    found = list(_found(connection, Asked(), chosen, {"today": today}))
    if thing is not None:
        name = f"{thing.slug}/{thing.line}" if thing.line else thing.slug
        found = [one for one in found if any(slug == name or slug.startswith(f"{name}/") for slug in one.records)]
    return in_order(found)


def findings_of(
    connection: Connection, today: str, transfers: Statement, given: Mapping[str, Any] | None = None
) -> Iterator[Finding]:
    """Yield the findings about the transfers a statement selects, its parameters `given`."""
    return _found(connection, Asked(transfers), OF_TRANSFERS, {**(given or {}), "today": today})


def in_order(found: Iterable[Finding]) -> list[Finding]:
    """Return findings gravest first, then by rule and record."""
    return sorted(found, key=lambda one: (_GRAVEST[one.severity], _ORDER[one.rule], one.records, one.message))


@lru_cache(maxsize=256)
def _statement(rule: str, asked: Asked) -> Statement:
    return QUERIES[rule](asked)


def _found(connection: Connection, asked: Asked, chosen: Sequence[str], given: Mapping[str, Any]) -> Iterator[Finding]:
    waived = waivers(connection)
    for name in chosen:
        if name in QUERIES:
            rule = RULES[name]
            says = rule.says.format_map
            for row in connection.execute(_statement(name, asked), dict(given)).mappings():
                yield _finding(rule, says(row), row, waived)
    if {"two-places", "not-holder", "died-elsewhere"} & {*chosen}:
        yield from _broken(connection, asked, chosen, given, waived)
    for name, links in (("circular-descent", descents.own_ancestors), ("circular-sources", sources.own_bases)):
        if name in chosen:
            for circle in circles(connection.execute(links())):
                slugs = (circle.slug, circle.other)
                yield found_by(name, circle._asdict(), slugs, circle.record_id, "", waived)._replace(transfers=())
    if "drift" in chosen:
        for one in drifted(connection):
            group, _, key = one.part.partition("/")
            slug = f"{one.slug}/{key}" if group == "lines" else one.slug
            field = f"{one.part}/{one.field}" if group == "participants" else one.field
            values = {
                "slug": slug,
                "field": field,
                "held": one.held or "nothing",
                "concluded": one.concluded or "nothing",
            }
            yield found_by("drift", values, (slug,), one.record_id, one.part, waived)._replace(transfers=())


def _finding(rule: Rule, message: str, row: Any, waived: Waived) -> Finding:
    other = row["other"]
    transfer_id = row.get("transfer_id")
    return Finding(
        rule.id,
        rule.severity.value,
        message,
        (row["slug"],) if other is None else (row["slug"], other),
        rule.clear,
        _waived(waived, rule.id, row["record_id"], row["part"]) if waived else None,
        () if transfer_id is None else (transfer_id,),
    )


def found_by(
    rule_id: str,
    values: Mapping[str, Any],
    slugs: tuple[str, ...],
    record_id: int,
    part: str,
    waived: Waived,
) -> Finding:
    """Return a finding, about a transfer, of a rule that no single statement finds."""
    rule = RULES[rule_id]
    reason = _waived(waived, rule_id, record_id, part)
    message = rule.says.format_map(values)
    return Finding(rule_id, rule.severity.value, message, slugs, rule.clear, reason, (record_id,))


def _waived(waived: Waived, rule: str, record_id: int, part: str) -> str | None:
    """Return why a finding may stand: a waiver of the part, or of the whole record."""
    return waived.get((rule, record_id, part)) or waived.get((rule, record_id, ""))


def waivers(connection: Connection) -> Waived:
    """Return the reasons of all waivers, by rule, record and part."""
    rows = connection.execute(select(waiver.c.rule, waiver.c.record_id, waiver.c.part, waiver.c.reason))
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _broken(
    connection: Connection,
    asked: Asked,
    chosen: Sequence[str],
    given: Mapping[str, Any],
    waived: Waived,
) -> Iterator[Finding]:
    """Yield the moves that start elsewhere than where an animal was: one linear pass over its life."""
    animals = None if asked.transfers is None else _on(asked.transfers)
    for history in histories(connection, animals, given):
        if history.plain:
            continue
        for broken in breaks_of(history.steps):
            event, before = broken.event, broken.previous
            name = "died-elsewhere" if event.kind == DEATH else "two-places" if broken.twice else "not-holder"
            if name not in chosen:
                continue
            rule = RULES[name]
            place = event.origin.slug if event.origin else ""
            first, second = (before.key, event.key) if broken.twice else (event.key, before.key)
            keys = [key for key in (first, second) if key in history.transfers]
            message = rule.says.format(
                slug=history.slug, place=place, other=first, another=second, holder=broken.holder.slug
            )
            yield Finding(
                rule.id,
                rule.severity.value,
                message,
                (history.slug, *keys),
                rule.clear,
                _waived(waived, name, history.animal_id, ""),
                tuple(history.transfers[key] for key in (event.key,) if key in history.transfers),
            )


@lru_cache(maxsize=64)
def _on(transfers: Statement) -> Statement:
    """Return the animals that were on transfers."""
    return select(line_animal.c.animal_id).where(line_animal.c.transfer_id.in_(transfers))
