"""Where sources disagree: every disputed value with its rivals, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, func, select

from zoo_provenance.counts import format_range
from zoo_provenance.evidence.claims import Statement
from zoo_provenance.evidence.comparing import compare_total
from zoo_provenance.evidence.concluding import conclude
from zoo_provenance.evidence.contested import Contest, Witnesses, contested, shape_of
from zoo_provenance.questions.naming import Thing
from zoo_provenance.tables import claim, record, transfer_line
from zoo_provenance.vocabulary import Kind, Verdict

_WORST_FIRST = (Verdict.CONFLICT, Verdict.POSSIBLE, Verdict.REFINES)
SUM = "sum of the lines"
_Total = tuple[int, int | None]


class Rival(NamedTuple):
    """A value of a disputed field, who says it and who denies it; `note` where no source says it."""

    value: str
    during: str | None
    sources: tuple[str, ...]
    against: tuple[str, ...]
    origins: int
    dismissed: str | None
    note: str | None = None


class Conflict(NamedTuple):
    """A field whose sources differ, with what is concluded and why."""

    record: str
    line: str | None
    field: str
    verdict: str
    settled: bool
    concluded: str | None
    reason: str | None
    values: tuple[Rival, ...]
    record_id: int


def conflicts(
    connection: Connection,
    *,
    thing: Thing | None = None,
    field: str | None = None,
    verdict: str | None = None,
    settled: bool = False,
    records: Statement | None = None,
) -> list[Conflict]:
    """Return disputed fields, conflicts first: of one record or line, of some records, or of all.

    Open ones only, unless `settled`. A handful of statements, whatever the number of records.
    """
    given: dict[str, Any] = {}
    if thing is not None:
        given = {"record": thing.id}
        records = select(record.c.id).where(record.c.id == bindparam("record"))
    contests = [one for one in contested(connection, records, given) if _asked(one, thing, field)]
    witnesses = Witnesses(connection)
    sums = _sums(connection, records, given)
    vouching = _vouching(connection, [one.record_id for one in contests if one.name == "exists"])
    reasons = _reasons(connection, records, given)
    named = _named(connection, contests)
    found = []
    for contest in contests:
        total = sums.get(contest.record_id, (0, 0)) if _is_total(contest) else None
        one = _conflict(contest, witnesses, total, vouching, reasons, named)
        if one is not None and (settled or not one.settled) and verdict in {None, one.verdict}:
            found.append(one)
    rank = {verdict.value: place for place, verdict in enumerate(_WORST_FIRST)}
    # Contests come by slug and field already: only the verdict decides, and what is open comes first.
    found.sort(key=lambda one: (rank[one.verdict], one.settled))
    return found


def _asked(contest: Contest, thing: Thing | None, field: str | None) -> bool:
    if thing is not None and thing.line and contest.part != f"lines/{thing.line}":
        return False
    return field is None or field in {contest.name, f"{contest.part}/{contest.name}"} or (
        contest.name.startswith(f"{field}.")
    )


def _is_total(contest: Contest) -> bool:
    return contest.name == "count" and not contest.part and contest.kind == Kind.TRANSFER.value


def _conflict(
    contest: Contest,
    witnesses: Witnesses,
    total: _Total | None,
    vouching: Mapping[int, set[tuple[int, bool]]],
    reasons: Mapping[tuple[int, str, str], str],
    named: Mapping[int, str],
) -> Conflict | None:
    verdict, settled = contest.verdict, contest.conclusion.settled is True
    if total is not None:
        verdict = max(verdict, _against_sum(contest, total), key=_badness)
    if verdict is Verdict.AGREE:
        # What was dismissed is no rival any more, but it is how the rest came to agree.
        verdict, settled = _before_dismissal(contest), True
        if verdict is Verdict.AGREE:
            return None
    values = list(_rivals(contest, witnesses, named))
    if contest.name == "exists":
        reports = vouching.get(contest.record_id, set())
        sources = tuple(sorted({witnesses.slugs[source_id] for source_id, _ in reports}))
        values.append(Rival("yes", None, sources, (), witnesses.origins(reports), None, "said of the whole record"))
    if total is not None and total != (0, 0):
        values.append(Rival(format_range(*total), None, (), (), 0, None, SUM))
    group, _, key = contest.part.partition("/")
    conclusion = contest.conclusion
    return Conflict(
        contest.slug,
        key if group == "lines" else None,
        f"{contest.part}/{contest.name}" if group == "participants" else contest.name,
        verdict.value,
        settled,
        named.get(conclusion.record) if conclusion.record is not None else conclusion.value,
        reasons.get((contest.record_id, contest.part, contest.name)),
        tuple(values),
        contest.record_id,
    )


def _before_dismissal(contest: Contest) -> Verdict:
    field = shape_of(contest.kind, contest.part, contest.name)
    claimed = [one._replace(dismissed=False) for one in contest.claimed]
    return Verdict.AGREE if field is None else conclude(field.shape, claimed).verdict


def _badness(verdict: Verdict) -> int:
    return list(Verdict).index(verdict)


def _against_sum(contest: Contest, total: _Total) -> Verdict:
    """Return how the stated totals compare with the sum of the lines; nothing to compare where there are none."""
    if total == (0, 0):
        return Verdict.AGREE
    verdicts = [
        compare_total(
            *total,
            None if one.low is None else int(one.low),
            None if one.high is None else int(one.high),
            approximate="~" in (one.value or ""),
        )
        for one in contest.claimed
        if one.live
    ]
    return max(verdicts, key=_badness, default=Verdict.AGREE)


def _rivals(contest: Contest, witnesses: Witnesses, named: Mapping[int, str]) -> Iterator[Rival]:
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for word in contest.words:
        groups.setdefault(word[:3], []).append(word)
    for (value, value_record_id, during), words in groups.items():
        reports = {
            (word.source_id, word.own)
            for word in words
            if word.stance == "supports" and word.source_id is not None and word.dismissed is None
        }
        gone = [word.dismissed for word in words if word.stance == "supports"]
        dismissed = gone[0] if gone and all(reason is not None for reason in gone) else None
        slugs = witnesses.slugs
        yield Rival(
            named[value_record_id] if value_record_id is not None else value or "",
            during,
            tuple(
                dict.fromkeys(
                    slugs[word.source_id]
                    for word in words
                    if word.stance == "supports" and word.source_id is not None
                )
            ),
            tuple(
                dict.fromkeys(
                    slugs[word.source_id]
                    for word in words
                    if word.stance == "contradicts" and word.source_id is not None
                )
            ),
            witnesses.origins(reports),
            dismissed,
        )


def _sums(connection: Connection, records: Statement | None, given: Mapping[str, Any]) -> dict[int, _Total]:
    """Return the sum of living lines of each transfer of which a total is stated."""
    stated = select(claim.c.record_id).where(claim.c.field == "count", claim.c.part == "")
    if records is not None:
        stated = stated.where(claim.c.record_id.in_(records))
    rows = connection.execute(
        select(
            transfer_line.c.transfer_id,
            func.sum(func.coalesce(transfer_line.c.count_min, 1)),
            func.sum(func.coalesce(transfer_line.c.count_max, 0)),
            func.max(case((transfer_line.c.count_max.is_(None), 1), else_=0)),
        )
        .where(transfer_line.c.term == "LIV", transfer_line.c.transfer_id.in_(stated))
        .group_by(transfer_line.c.transfer_id),
        dict(given),
    )
    return {row[0]: (int(row[1]), None if row[3] else int(row[2])) for row in rows}


def _vouching(connection: Connection, ids: list[int]) -> dict[int, set[tuple[int, bool]]]:
    """Return who vouches for the whole of records whose existence is denied."""
    found: dict[int, set[tuple[int, bool]]] = {}
    if ids:
        for record_id, source_id, own in connection.execute(
            select(claim.c.record_id, claim.c.source_id, claim.c.own).where(
                claim.c.record_id.in_(ids), claim.c.part == "", claim.c.field == ""
            )
        ):
            found.setdefault(record_id, set()).add((int(source_id or 0), own))
    return found


def _reasons(
    connection: Connection, records: Statement | None, given: Mapping[str, Any]
) -> dict[tuple[int, str, str], str]:
    from zoo_provenance.tables import decision

    query = select(decision.c.record_id, decision.c.part, decision.c.field, decision.c.reason)
    if records is not None:
        query = query.where(decision.c.record_id.in_(records))
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query, dict(given))}


def _named(connection: Connection, contests: Iterable[Contest]) -> dict[int, str]:
    """Return the slugs of records that are values here."""
    if not any(word.value_record_id is not None for contest in contests for word in contest.words):
        return {}
    values = select(claim.c.value_record_id).where(claim.c.value_record_id.is_not(None))
    rows = connection.execute(select(record.c.id, record.c.slug).where(record.c.id.in_(values)))
    return {row[0]: row[1] for row in rows}
