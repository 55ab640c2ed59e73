"""Who vouches for what: the evidence of many records at once, inherited downwards, the nearest level speaking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from zoo_provenance import direct
from zoo_provenance.direct import Statement
from zoo_provenance.evidence.claims import as_claimed, claimed_from, taxa_above
from zoo_provenance.evidence.comparing import Meaning
from zoo_provenance.evidence.concluding import Chosen, Claimed, Conclusion, conclude, verdict_of
from zoo_provenance.evidence.origins import Origins, count_origins, roots_of
from zoo_provenance.fields import FIELDS, Shape, columns_of, field_named, owner_of
from zoo_provenance.tables import claim, decision, record, source_basis
from zoo_provenance.vocabulary import Certainty, Kind, Verdict

Key = tuple[int, str, str]


class Report(NamedTuple):
    """A source vouching for a value; `own`: for itself, not for what it derives from."""

    source_id: int
    own: bool


class Doubt(NamedTuple):
    """A field whose concluded value nobody is certain of: how sure the surest are, who they are, their notes."""

    field: str
    certainty: str
    sources: tuple[str, ...]
    note: str


@dataclass
class Support:
    """The claims about a set of records, and what follows from them."""

    claims: dict[Key, list[Any]]
    decisions: Mapping[Key, Any]
    roots: Mapping[int, frozenset[int]]
    slugs: Mapping[int, str]
    above: Mapping[int, frozenset[int]]
    _concluded: dict[Key, tuple[Conclusion, list[Claimed]]] = field(default_factory=dict)
    _wholes: dict[tuple[int, str], frozenset[Report]] = field(default_factory=dict)
    _vouched: dict[frozenset[Report], tuple[tuple[str, ...], Origins]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note the records and parts any field of which is spoken of by itself: of most, none is."""
        self._spoken = {(record_id, part) for record_id, part, name in self.claims if name}

    @classmethod
    def of(cls, connection: Connection, records: Statement, parameters: Mapping[str, Any] | None = None) -> Support:
        """Read the evidence of the records a statement selects: three statements, however many records."""
        given = dict(parameters or {})
        asked = _asked(records)
        rows = direct.rows(connection, asked.claims, given)
        claims: dict[Key, list[Any]] = {}
        for row in rows:
            claims.setdefault((row.record_id, row.part, row.field), []).append(row)
        decisions = {
            (row.record_id, row.part, row.field): row for row in direct.rows(connection, asked.decisions, given)
        }
        sources = {row.source_id for row in rows if row.source_id is not None}
        slugs: dict[int, str] = {}
        basis: dict[int, list[int]] = {}
        if sources:
            basis, slugs = _basis(connection, asked.basis, given)
        refining = any(row.value_record_id is not None for row in rows)
        if refining:
            slugs.update((row.id, row.slug) for row in direct.rows(connection, asked.values, given))
        return cls(claims, decisions, roots_of(basis, sources), slugs, taxa_above(connection) if refining else {})

    def concluded(self, record_id: int, kind: str, part: str, name: str) -> tuple[Conclusion, list[Claimed]]:
        """Return the conclusion of a field from its own claims, and those claims in the order of their rows."""
        key = (record_id, part, name)
        if key not in self._concluded:
            named = field_named(owner_of(kind, part), name)
            shape = named.shape if named else Shape.TEXT
            claimed = [as_claimed(row, shape, self.above) for row in self.claims.get(key, ())]
            decided = self.decisions.get(key)
            chosen = Chosen(decided.value, decided.value_record_id) if decided else None
            self._concluded[key] = conclude(shape, claimed, chosen), claimed
        return self._concluded[key]

    def disputed(self, record_id: int, kind: str, part: str, names: Iterable[str]) -> tuple[str, ...]:
        """Return the fields whose live values contradict one another, settled or not.

        A value that stands is disputed as soon as one source denies it, and so is that a thing exists at all.
        """
        if (record_id, part) not in self._spoken:
            return ()
        found = []
        for name in names:
            if (record_id, part, name) in self.claims:
                conclusion, claimed = self.concluded(record_id, kind, part, name)
                verdict = verdict_of(name, claimed, conclusion)
                found.extend([name] if verdict in {Verdict.POSSIBLE, Verdict.CONFLICT} else [])
        return tuple(found)

    def reports(self, record_id: int, kind: str, part: str, names: Sequence[str]) -> frozenset[Report]:
        """Return who vouches for the concluded values of some fields, each at its nearest level."""
        if names and (record_id, part) not in self._spoken:
            return self._whole(record_id, part)
        spoken = [name for name in names if (record_id, part, name) in self.claims]
        found = [self.reports_of(record_id, kind, part, name) for name in spoken]
        if len(spoken) < len(names):
            found.append(self._whole(record_id, part))
        return found[0] if len(found) == 1 else frozenset().union(*found)

    def reports_of(self, record_id: int, kind: str, part: str, name: str) -> frozenset[Report]:
        """Return who vouches for the concluded value of a field: its own claims, else the part's, else the record's."""
        rows = self.claims.get((record_id, part, name), [])
        if any(row.stance == "supports" for row in rows):
            conclusion, claimed = self.concluded(record_id, kind, part, name)
            return _reports(rows, claimed, conclusion.standing)
        return self._whole(record_id, part)

    def _whole(self, record_id: int, part: str) -> frozenset[Report]:
        """Return who vouches for the whole of a part, else for the whole of its record."""
        found = self._wholes.get((record_id, part))
        if found is None:
            rows = self.claims.get((record_id, part, ""))
            if rows or not part:
                found = frozenset(Report(row.source_id, row.own) for row in rows or ())
            else:
                found = self._whole(record_id, "")
            self._wholes[record_id, part] = found
        return found

    def doubts(self, record_id: int, kind: str, part: str, names: Iterable[str]) -> Iterator[Doubt]:
        """Yield the fields whose surest source calls the concluded value no more than probable, or possible."""
        order = [Certainty.CERTAIN.value, Certainty.PROBABLE.value, Certainty.POSSIBLE.value]
        for name in names:
            rows = self.claims.get((record_id, part, name), [])
            if not any(row.certainty for row in rows):
                continue
            conclusion, claimed = self.concluded(record_id, kind, part, name)
            standing = [
                row
                for row, said in zip(rows, claimed, strict=True)
                if said.live and said.meaning in conclusion.standing
            ]
            surest = min((order.index(row.certainty or order[0]) for row in standing), default=0)
            if surest:
                sources = sorted({self.slugs[row.source_id] for row in standing if row.source_id is not None})
                notes = dict.fromkeys(row.note for row in standing if row.note)
                yield Doubt(name, order[surest], tuple(sources), "; ".join(notes))

    def silent(self, record_id: int, part: str, names: Iterable[str]) -> tuple[str, ...]:
        """Return the sources that were searched for some fields and say nothing."""
        rows = (row for name in names for row in self.claims.get((record_id, part, name), ()))
        return tuple(sorted({self.slugs[row.source_id] for row in rows if row.stance == "silent"}))

    def origins(self, reports: Iterable[Report]) -> Origins:
        """Return the least number of original sources that could account for all these reports."""
        return count_origins(
            frozenset({report.source_id}) if report.own else self.roots[report.source_id] for report in reports
        )

    def vouched(self, reports: frozenset[Report]) -> tuple[tuple[str, ...], Origins]:
        """Return the slugs of reports' sources, in order, and their least number of origins."""
        found = self._vouched.get(reports)
        if found is None:
            slugs = sorted({self.slugs[report.source_id] for report in reports})
            found = self._vouched[reports] = tuple(slugs), self.origins(reports)
        return found


def _reports(rows: Iterable[Any], claimed: Iterable[Claimed], standing: Iterable[Meaning]) -> frozenset[Report]:
    stands = set(standing)
    return frozenset(
        Report(row.source_id, row.own)
        for row, said in zip(rows, claimed, strict=True)
        if said.live and said.meaning in stands and row.source_id is not None
    )


class _Asked(NamedTuple):
    """The statements that read the evidence of some records."""

    claims: Statement
    decisions: Statement
    basis: Statement
    values: Statement


@lru_cache(maxsize=64)
def _asked(records: Statement) -> _Asked:
    """Return what is asked of the records a statement selects, built once for it."""
    of_these = claim.c.record_id.in_(records)
    start = select(claim.c.source_id.label("id")).where(of_these, claim.c.source_id.is_not(None))
    reached = start.cte("reached", recursive=True)
    reached = reached.union(select(source_basis.c.based_on_id).join(reached, source_basis.c.source_id == reached.c.id))
    basis = (
        select(record.c.id, record.c.slug, source_basis.c.based_on_id)
        .join(reached, reached.c.id == record.c.id)
        .outerjoin(source_basis, source_basis.c.source_id == record.c.id)
    )
    values = select(claim.c.value_record_id).where(of_these, claim.c.value_record_id.is_not(None))
    return _Asked(
        claimed_from(of_these),
        select(decision).where(decision.c.record_id.in_(records)),
        basis,
        select(record.c.id, record.c.slug).where(record.c.id.in_(values)),
    )


def _basis(
    connection: Connection, asked: Statement, given: Mapping[str, Any]
) -> tuple[dict[int, list[int]], dict[int, str]]:
    """Return what the sources of these records' claims are based on, all the way down, and all their slugs."""
    basis: dict[int, list[int]] = {}
    slugs: dict[int, str] = {}
    for source_id, slug, based_on_id in direct.tuples(connection, asked, given):
        slugs[source_id] = slug
        if based_on_id is not None:
            basis.setdefault(source_id, []).append(based_on_id)
    return basis, slugs


EXISTS = "exists"
TRANSFER_FIELDS = ("kind", "status", "custody", "title", "from", "to", "date", "until", "transport")
LINE_FIELDS = ("taxon", "term", "count")
BIRTH_FIELDS = ("born", "born_at", "owner_at_birth")
DEATH_FIELDS = ("died", "died_at")
TRANSFER, ANIMAL, LINE = Kind.TRANSFER.value, Kind.ANIMAL.value, "line"
Columns = Sequence[tuple[str, str]]
"""Fields, and the columns that hold them."""


def _columns(owner: str, names: Iterable[str]) -> Columns:
    return [(name, columns_of(owner, FIELDS[owner][name])[0]) for name in names]


TRANSFER_COLUMNS, LINE_COLUMNS = _columns(TRANSFER, TRANSFER_FIELDS), _columns(LINE, LINE_FIELDS)
BIRTH_COLUMNS, DEATH_COLUMNS = _columns(ANIMAL, BIRTH_FIELDS), _columns(ANIMAL, DEATH_FIELDS)


def held(row: Any, columns: Columns) -> list[str]:
    """Return those fields that a row holds a value of: what is worth vouching for."""
    return [name for name, column in columns if getattr(row, column) is not None]
