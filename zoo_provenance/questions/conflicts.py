"""Where sources disagree: every disputed value with its rivals, worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, func, select

from zoo_provenance.counts import format_range
from zoo_provenance.direct import Statement
from zoo_provenance.evidence.comparing import compare_total
from zoo_provenance.evidence.concluding import conclude
from zoo_provenance.evidence.contested import Contest, Witnesses, contested, reports_of, shape_of
from zoo_provenance.questions.naming import Thing
from zoo_provenance.tables import claim, record, transfer_line
from zoo_provenance.vocabulary import Kind, Verdict

_WORST_FIRST = (Verdict.CONFLICT, Verdict.POSSIBLE, Verdict.REFINES)
SUM = "sum of the lines"
_Total = tuple[int, int | None]
_VALUE, _DURING, _NAMED = 5, 9, 14  # places in a row of a contest, which has no quicker way in


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
    given: Mapping[str, Any] | None = None,
) -> list[Conflict]:
    """Return disputed fields, conflicts first: of one record or line, of some records, or of all.

    Open ones only, unless `settled`. A handful of statements, whatever the number of records.
    """
    given = dict(given or {})
    if thing is not None:
        given = {"record": thing.id}
        records = select(record.c.id).where(record.c.id == bindparam("record"))
    witnesses = Witnesses(connection, records, given)
    sums = _sums(connection, records, given)
    vouching = _vouching(connection, records, given)
    reasons = _reasons(connection, records, given)
    found = []
    for contest in contested(connection, records, given, undecided=not settled):
        if (thing is not None or field is not None) and not _asked(contest, thing, field):
            continue
        total = sums.get(contest.record_id, (0, 0)) if _is_total(contest) else None
        stands, closed = _weighed(contest, total)
        if stands is not Verdict.AGREE and (settled or not closed) and verdict in {None, stands.value}:
            reason = reasons.get((contest.record_id, contest.part, contest.name))
            found.append(_conflict(contest, stands, closed, reason, witnesses, total, vouching))
    # Contests come by slug and field already: only the verdict decides, and what is open comes first.
    places: dict[tuple[str, bool], list[Conflict]] = {}
    for one in found:
        places.setdefault((one.verdict, one.settled), []).append(one)
    return [one for worst in _WORST_FIRST for closed in (False, True) for one in places.get((worst.value, closed), ())]


def _asked(contest: Contest, thing: Thing | None, field: str | None) -> bool:
    if thing is not None and thing.line and contest.part != f"lines/{thing.line}":
        return False
    return (
        field is None
        or field in {contest.name, f"{contest.part}/{contest.name}"}
        or (contest.name.startswith(f"{field}."))
    )


def _is_total(contest: Contest) -> bool:
    return contest.name == "count" and not contest.part and contest.kind == Kind.TRANSFER.value


def _weighed(contest: Contest, total: _Total | None) -> tuple[Verdict, bool]:
    """Return how what is told compares, the sum of the lines too, and whether it is settled."""
    verdict = contest.verdict
    if total is not None:
        verdict = max(verdict, _against_sum(contest, total), key=_badness)
    if verdict is Verdict.AGREE and any(one.dismissed for one in contest.claimed):
        # What was dismissed is no rival any more, but it is how the rest came to agree.
        return _before_dismissal(contest), True
    return verdict, contest.conclusion.settled is True


def _conflict(
    contest: Contest,
    verdict: Verdict,
    settled: bool,  # noqa: FBT001 - one of two things a conflict is
    reason: str | None,
    witnesses: Witnesses,
    total: _Total | None,
    vouching: Mapping[int, set[tuple[int, bool]]],
) -> Conflict:
    values = _rivals(contest, witnesses)
    if contest.name == "exists":
        reports = vouching.get(contest.record_id, set())
        sources = witnesses.named({source_id for source_id, _ in reports})
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
        conclusion.value if conclusion.record is None else _named(contest, conclusion.record),
        reason,
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


def _named(contest: Contest, record_id: int) -> str | None:
    return next((word.named for word in contest.words if word.value_record_id == record_id), None)


def _rivals(contest: Contest, witnesses: Witnesses) -> list[Rival]:
    told: dict[tuple[str, str | None], list[Any]] = {}
    for word in contest.words:
        told.setdefault((word[_VALUE] or word[_NAMED], word[_DURING]), []).append(word)
    return [_rival(value, during, words, witnesses) for (value, during), words in told.items()]


def _rival(value: str, during: str | None, words: Sequence[Any], witnesses: Witnesses) -> Rival:
    _, _, _, _, _, _, _, _, _, _, _, _, stance, gone, _, _, by = words[0]
    if len(words) == 1 and stance == "supports":
        if by is not None and by.isdecimal():
            return Rival(value, during, (witnesses.slugs[int(by)],), (), 0 if gone is not None else 1, gone)
        said = reports_of(by)
        sources_of_it = witnesses.named({source_id for source_id, _ in said})
        return Rival(value, during, sources_of_it, (), 0 if gone is not None else witnesses.origins(said), gone)
    sources: set[int] = set()
    against: set[int] = set()
    reports: set[tuple[int, bool]] = set()
    dismissed: list[str | None] = []
    for *_, stance, reason, _, _, by in words:
        found = reports_of(by)
        if stance == "supports":
            dismissed.append(reason)
            sources.update([source_id for source_id, _ in found])
            reports.update(found if reason is None else ())
        else:
            against.update([source_id for source_id, _ in found])
    return Rival(
        value,
        during,
        witnesses.named(sources),
        witnesses.named(against),
        witnesses.origins(reports),
        dismissed[0] if dismissed and None not in dismissed else None,
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


def _vouching(
    connection: Connection, records: Statement | None, given: Mapping[str, Any]
) -> dict[int, set[tuple[int, bool]]]:
    """Return who vouches for the whole of records whose existence is denied."""
    denied = select(claim.c.record_id).where(claim.c.field == "exists", claim.c.value == "no")
    if records is not None:
        denied = denied.where(claim.c.record_id.in_(records))
    found: dict[int, set[tuple[int, bool]]] = {}
    rows = connection.execute(
        select(claim.c.record_id, claim.c.source_id, claim.c.own).where(
            claim.c.record_id.in_(denied), claim.c.part == "", claim.c.field == ""
        ),
        dict(given),
    )
    for record_id, source_id, own in rows:
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
