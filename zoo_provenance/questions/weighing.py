"""What the evidence for transfers is worth: who vouches for each, and the grade of its weakest field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Integer as Number
from sqlalchemy import and_, or_, select, type_coerce

from zoo_provenance.direct import Statement
from zoo_provenance.evidence.contested import Contest, Witnesses
from zoo_provenance.evidence.grading import Heard, credibility
from zoo_provenance.evidence.support import LINE_FIELDS, TRANSFER_FIELDS
from zoo_provenance.tables import claim, dismissal, source
from zoo_provenance.vocabulary import Verdict

_GRADED, _GRADED_OF_LINES = ("kind", "status", "from", "to", "date"), ("taxon", "count")


class Weighed(NamedTuple):
    """Who vouches for a transfer: all its reports, and the grade of its weakest field."""

    reports: set[tuple[int, bool]]
    credibility: int


class Witnessed(NamedTuple):
    """How much of the evidence is of one publisher, language, reliability or origin."""

    by: str
    value: str | None
    sources: tuple[str, ...]
    transfers: int


@lru_cache(maxsize=64)
def claims_about(ids: Statement) -> Statement:
    """Return the statement of live claims about transfers and their lines."""
    return (
        select(
            claim.c.record_id,
            claim.c.part,
            claim.c.field,
            claim.c.source_id,
            type_coerce(claim.c.own, Number),
            claim.c.certainty,
            claim.c.value,
            claim.c.value_record_id,
        )
        .outerjoin(dismissal, dismissal.c.claim_id == claim.c.id)
        .where(
            claim.c.record_id.in_(ids),
            claim.c.stance == "supports",
            claim.c.participant_key.is_(None),
            claim.c.source_id.is_not(None),
            claim.c.field.in_(("", *TRANSFER_FIELDS, *LINE_FIELDS)),
            ~and_(claim.c.field == "count", claim.c.part == ""),
            dismissal.c.claim_id.is_(None),
            or_(claim.c.value.is_(None), claim.c.value != "?"),
        )
        .order_by(claim.c.record_id, claim.c.part, claim.c.field)
    )


def weighed(
    claims: Iterable[Any],
    contests: Mapping[int, Sequence[Contest]],
    lines: Mapping[int, Sequence[Any]],
    witnesses: Witnesses,
) -> dict[int, Weighed]:
    """Return the evidence of each transfer: the nearest level speaks, field by field."""
    found = {}
    for record_id, group in groupby(claims, key=itemgetter(0)):
        heard: dict[tuple[str, str], list[Any]] = {}
        for _, part, name, source_id, own, certainty, value, named in group:
            heard.setdefault((part, name), []).append((Heard(source_id, bool(own), certainty), value, named))
        found[record_id] = _evidence(heard, contests.get(record_id, ()), lines.get(record_id, ()), witnesses)
    return found


def _evidence(
    heard: Mapping[tuple[str, str], Sequence[Any]],
    contests: Sequence[Contest],
    lines: Sequence[Any],
    witnesses: Witnesses,
) -> Weighed:
    at_odds = {(one.part, one.name): one for one in contests}
    whole = [one[0] for one in heard.get(("", ""), ())]
    reports = {(one.source_id, one.own) for one in whole}
    grades: dict[tuple[str, ...], int] = {}
    for part, names in (("", _GRADED), *((f"lines/{line.key}", _GRADED_OF_LINES) for line in lines)):
        own = heard.get((part, "")) if part else None
        level = [one[0] for one in own] if own else whole
        if own:
            reports |= {(one.source_id, one.own) for one in level}
        if (own or not part) and any((part, name) not in heard for name in names):
            grades[part, ""] = credibility(level, Verdict.AGREE, witnesses)
    for (part, name), said in heard.items():
        if not name:
            continue
        contest = at_odds.get((part, name))
        standing = [one for one, value, named in said if contest is None or _stands(contest, value, named)]
        reports |= {(one.source_id, one.own) for one in standing}
        if name in (_GRADED_OF_LINES if part else _GRADED):
            verdict = Verdict.AGREE if contest is None else contest.verdict
            settled = contest is not None and contest.conclusion.settled is True
            grades[part, name] = credibility(standing, verdict, witnesses, settled=settled)
    return Weighed(reports, max(grades.values(), default=6))


def _stands(contest: Contest, value: str | None, named: int | None) -> bool:
    """Whether a claimed value is among those concluded."""
    standing = contest.conclusion.standing
    return any(one.meaning in standing for one in contest.claimed if (one.value, one.record) == (value, named))


@lru_cache(maxsize=64)
def cited_for(ids: Statement) -> Statement:
    """Return the statement of sources cited for transfers: publisher, language, reliability."""
    cited = select(claim.c.source_id).where(claim.c.record_id.in_(ids), claim.c.source_id.is_not(None))
    columns = (source.c.id, source.c.publisher, source.c.language, source.c.reliability)
    return select(*columns).where(source.c.id.in_(cited))


def witnessed(graded: Mapping[int, Weighed], witnesses: Witnesses, papers: Mapping[int, Any]) -> Iterator[Witnessed]:
    """Yield how much of the evidence is of each publisher, language, reliability and origin, the most first."""
    transfers_of: dict[int, set[int]] = {}
    own: set[int] = set()
    for transfer_id, found in graded.items():
        for source_id, for_itself in found.reports:
            transfers_of.setdefault(source_id, set()).add(transfer_id)
            if for_itself:
                own.add(source_id)
    for by in ("publisher", "language", "reliability", "origin"):
        groups: dict[str | None, list[int]] = {}
        for source_id in transfers_of:
            if by == "origin":
                roots = {source_id} if source_id in own else witnesses.roots(source_id)
                values: list[str | None] = [witnesses.slugs[root] for root in roots]
            else:
                values = [getattr(papers[source_id], by)]
            for value in values:
                groups.setdefault(value, []).append(source_id)
        rows = [
            Witnessed(
                by,
                value,
                tuple(sorted(witnesses.slugs[one] for one in sources)),
                len(set().union(*(transfers_of[one] for one in sources))),
            )
            for value, sources in groups.items()
        ]
        yield from sorted(rows, key=lambda one: (-one.transfers, -len(one.sources), one.value is None, one.value or ""))
