"""What cannot be right or should be looked at: every rule asked set-based, and what was waived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from zoo_provenance.evidence.claims import Statement
from zoo_provenance.questions.histories import histories
from zoo_provenance.questions.life import breaks_of
from zoo_provenance.questions.naming import Thing
from zoo_provenance.questions.rules import descents, permits, records, sources, transfers
from zoo_provenance.questions.rules.asking import Asked, Queries
from zoo_provenance.questions.rules.columns import drifted
from zoo_provenance.rules import RULES, Rule, Scope, Severity
from zoo_provenance.tables import line_animal, record, waiver

QUERIES: Queries = {
    **transfers.QUERIES,
    **descents.QUERIES,
    **sources.QUERIES,
    **records.QUERIES,
    **permits.QUERIES,
}
"""The query of each rule that is one statement; the others take a pass in order."""
PASSES = ("two-places", "not-holder", "drift", "disputed", "one-origin")
OF_TRANSFERS = (
    *("before-birth", "after-death", "two-places", "not-holder", "lines-total", "more-animals", "same-house"),
    *("before-founding", "after-closing", "office-dates", "overdue-loan", "early-source", "uncited", "unsourced"),
    *("title-unstated", "no-permit", "no-importer-report"),
)
"""Rules that can be asked of some transfers alone, and belong into the file of who gave."""
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
    found = list(_found(connection, Asked(today), chosen))
    if thing is not None:
        name = f"{thing.slug}/{thing.line}" if thing.line else thing.slug
        found = [one for one in found if any(slug == name or slug.startswith(f"{name}/") for slug in one.records)]
    return in_order(found)


def findings_of(connection: Connection, today: str, given: Statement) -> list[Finding]:
    """Return the findings about the transfers a statement selects."""
    return in_order(_found(connection, Asked(today, given), OF_TRANSFERS))


def in_order(found: Any) -> list[Finding]:
    """Return findings gravest first, then by rule and record."""
    return sorted(found, key=lambda one: (_GRAVEST[one.severity], _ORDER[one.rule], one.records, one.message))


def _found(connection: Connection, asked: Asked, chosen: Sequence[str]) -> Iterator[Finding]:
    waived = waivers(connection)
    for name in chosen:
        query = QUERIES.get(name)
        if query is not None:
            rule = RULES[name]
            says = rule.says.format_map
            statement = query(asked)
            for row in connection.execute(statement).mappings():
                yield _finding(rule, says(row), row, waived)
    if {"two-places", "not-holder"} & {*chosen}:
        yield from _broken(connection, asked, chosen, waived)
    if "drift" in chosen:
        rule = RULES["drift"]
        for one in drifted(connection):
            values = {**one._asdict(), "held": one.held or "nothing", "concluded": one.concluded or "nothing"}
            reason = waived.get(("drift", one.record_id, one.part))
            yield Finding(rule.id, rule.severity.value, rule.says.format_map(values), (one.slug,), rule.clear, reason)


def _finding(rule: Rule, message: str, row: Any, waived: dict[tuple[str, int, str], str]) -> Finding:
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


def _waived(waived: dict[tuple[str, int, str], str], rule: str, record_id: int, part: str) -> str | None:
    """Return why a finding may stand: a waiver of the part, or of the whole record."""
    return waived.get((rule, record_id, part)) or waived.get((rule, record_id, ""))


def waivers(connection: Connection) -> dict[tuple[str, int, str], str]:
    """Return the reasons of all waivers, by rule, record and part."""
    rows = connection.execute(select(waiver.c.rule, waiver.c.record_id, waiver.c.part, waiver.c.reason))
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _broken(
    connection: Connection, asked: Asked, chosen: Sequence[str], waived: dict[tuple[str, int, str], str]
) -> Iterator[Finding]:
    """Yield the moves that start elsewhere than where an animal was: one linear pass over its life."""
    animals = None
    if asked.transfers is not None:
        animals = select(line_animal.c.animal_id).where(line_animal.c.transfer_id.in_(asked.transfers))
    for history in histories(connection, animals):
        if history.plain:
            continue
        for broken in breaks_of(history.steps):
            name = "two-places" if broken.twice else "not-holder"
            if name not in chosen:
                continue
            rule, event, before = RULES[name], broken.event, broken.previous
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


def slugs_of(connection: Connection, ids: Statement) -> dict[int, str]:
    """Return the slugs of records by id."""
    return {row[0]: row[1] for row in connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(ids)))}
