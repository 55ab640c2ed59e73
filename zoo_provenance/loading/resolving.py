"""Slugs to ids: former names renamed, new records entered, references followed."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, literal, select, union_all, update

from zoo_provenance.errors import quoted
from zoo_provenance.fields import FIELDS, field_named, owner_of
from zoo_provenance.loading import merging, staging
from zoo_provenance.loading.problems import nearest
from zoo_provenance.loading.staging import CLAIM, FORMERLY, RECORD, Reference, Staging
from zoo_provenance.tables import claim, participant, record, transfer_line
from zoo_provenance.vocabulary import DescentRole, Kind

_SUGGESTED = 20
_CHOICES = 20_000


_UPWARDS = ("parent", "successor", *DescentRole)
_TO_ITS_OWN_KIND = (
    (staging.KINDS[Kind.TAXON], "parent", "parent_id", "come round to itself through 'parent'"),
    (staging.KINDS[Kind.INSTITUTION], "parent", "parent_id", "come round to itself through 'parent'"),
    (staging.KINDS[Kind.INSTITUTION], "successor", "successor_id", "come round to itself through 'successor'"),
    (staging.DESCENT, "parent", "parent_id", "descend from itself"),
    (staging.BASIS, "based_on", "based_on_id", "be based on itself"),
    (staging.LINK, "to", "to_id", "be linked to itself"),
)


def kinds_of(connection: Connection, slugs: list[str]) -> Mapping[str, Kind]:
    """Return what the database knows of these slugs, also by their former ones."""
    former = select(claim.c.value, record.c.kind).join(record, record.c.id == claim.c.record_id)
    former = former.where(claim.c.field == "formerly", claim.c.value.in_(slugs))
    rows = connection.execute(select(record.c.slug, record.c.kind).where(record.c.slug.in_(slugs)).union(former)).all()
    return {slug: Kind(kind) for slug, kind in rows}


def rename(stage: Staging) -> None:
    """Give records their new slugs where the seeds say what they were formerly."""
    if not stage.is_filled(FORMERLY):
        return
    connection = stage.connection
    old, new = record.alias("old"), record.alias("new")
    both = (
        select(FORMERLY)
        .join(old, old.c.slug == FORMERLY.c.old)
        .join(new, new.c.slug == FORMERLY.c.slug)
        .where(~exists().where(RECORD.c.slug == FORMERLY.c.old))
    )
    for row in connection.execute(both).mappings():
        message = f"{row['old']!r} is still a record of its own; two records cannot become one by renaming"
        stage.problem(row["row"], row["file"], row["line"], "", "not-renamed", message)
    defined_still = select(FORMERLY).where(exists().where(RECORD.c.slug == FORMERLY.c.old))
    other_kind = (
        select(FORMERLY, old.c.kind)
        .join(old, old.c.slug == FORMERLY.c.old)
        .join(RECORD, RECORD.c.slug == FORMERLY.c.slug)
        .where(old.c.kind != RECORD.c.kind)
    )
    first = FORMERLY.alias("first")
    twice = select(FORMERLY).where(
        exists().where(first.c.old == FORMERLY.c.old, first.c.slug != FORMERLY.c.slug, first.c.row < FORMERLY.c.row)
    )
    for query, says in (
        (defined_still, "is still a record of its own; two records cannot become one by renaming"),
        (other_kind, "is a record of another kind"),
        (twice, "is given as the former slug of two records"),
    ):
        for row in connection.execute(query).mappings():
            stage.problem(row["row"], row["file"], row["line"], "", "not-renamed", f"{row['old']!r} {says}")
    if any(problem.code == "not-renamed" for problem in stage.problems):
        return
    renamed = select(FORMERLY.c.slug).where(FORMERLY.c.old == record.c.slug).limit(1).scalar_subquery()
    of_these = exists().where(FORMERLY.c.old == record.c.slug)
    connection.execute(insert(staging.TOUCHED).from_select(["record_id"], select(record.c.id).where(of_these)))
    connection.execute(update(record).where(of_these).values(slug=renamed))


def enter_records(stage: Staging) -> None:
    """Enter the records that are new, and mark whose definitions the others are; a merged one only makes claims."""
    connection = stage.connection
    there = exists().where(record.c.slug == RECORD.c.slug)
    first = select(func.min(RECORD.c.row)).group_by(RECORD.c.slug)
    new = and_(~there, RECORD.c.row.in_(first))
    connection.execute(update(RECORD).where(new).values(creates=True))
    columns = ["kind", "slug", "label", "search_key", "notes", "dataset_id"]
    connection.execute(
        insert(record).from_select(
            columns, select(*(RECORD.c[name] for name in columns)).where(RECORD.c.creates).order_by(RECORD.c.slug)
        )
    )
    mine = select(record.c.id).where(record.c.slug == RECORD.c.slug).scalar_subquery()
    owner = select(record.c.dataset_id).where(record.c.slug == RECORD.c.slug).scalar_subquery()
    connection.execute(update(RECORD).values(record_id=mine))
    merged = exists().where(record.c.slug == RECORD.c.slug, record.c.merged_into_id.is_not(None))
    connection.execute(update(RECORD).values(defines=and_(owner == RECORD.c.dataset_id, ~merged)))


def resolve(stage: Staging, unreadable: frozenset[Kind]) -> None:
    """Fill in the ids of all references, and tell of those that lead nowhere.

    A slug that was merged means its survivor, a former one its successor. References to a kind whose registry
    could not be read are passed over: that problem is told already.
    """
    connection = stage.connection
    by_slug = {"record_id": (record.c.id, "slug")}
    for table in filter(stage.is_filled, staging.OF_RECORD):
        mine = select(by_slug["record_id"][0]).where(record.c.slug == table.c.slug).scalar_subquery()
        connection.execute(update(table).values(record_id=mine))
    former = union_all(
        select(claim.c.value.label("old"), func.coalesce(claim.c.said_of_id, claim.c.record_id).label("id")).where(
            claim.c.field == "formerly"
        ),
        select(FORMERLY.c.old, record.c.id).join(record, record.c.slug == FORMERLY.c.slug),
    ).subquery()
    renamed = connection.execute(select(exists().select_from(former))).scalar()
    if renamed:
        for table in filter(stage.is_filled, staging.OF_RECORD):
            now = select(func.min(former.c.id)).where(former.c.old == table.c.slug).scalar_subquery()
            connection.execute(update(table).where(table.c.record_id.is_(None)).values(record_id=now))
    for reference in staging.REFERENCES:
        if not stage.is_filled(reference.table):
            continue
        column, target = reference.table.c[reference.column], reference.table.c[reference.id_column]
        allowed = record.c.kind.in_(reference.kinds) if reference.kinds else literal(value=True)
        survivor = func.coalesce(record.c.merged_into_id, record.c.id)
        found = select(survivor).where(record.c.slug == column, allowed).scalar_subquery()
        connection.execute(update(reference.table).where(column.is_not(None)).values({target: found}))
        if renamed:
            lost = and_(column.is_not(None), target.is_(None))
            successor = select(func.min(survivor)).select_from(record.join(former, former.c.id == record.c.id))
            by_former = successor.where(former.c.old == column, allowed).scalar_subquery()
            connection.execute(update(reference.table).where(lost).values({target: by_former}))
    merging.follow(stage)
    _tell_lost(stage, unreadable)


def _tell_lost(stage: Staging, unreadable: frozenset[Kind]) -> None:
    """Tell of references that lead nowhere, or to the record itself."""
    for reference in staging.REFERENCES:
        if reference.table is staging.DECISION or not stage.is_filled(reference.table):
            continue  # a decision is on a claimed value: the claim is told of
        kinds = (Kind.PERSON, Kind.INSTITUTION) if reference.column == "who" else reference.kinds or tuple(Kind)
        if not unreadable.intersection(kinds):
            _tell_unknown(stage, reference)
    for table, named, id_column, says in _TO_ITS_OWN_KIND:
        if not stage.is_filled(table):
            continue
        itself = select(table.c.row, table.c.file, table.c.line, table.c.slug).where(
            table.c[id_column] == table.c.record_id
        )
        for row in stage.connection.execute(itself):
            stage.problem(row.row, row.file, row.line, named, "circle", f"{row.slug!r} would {says}")


def _tell_unknown(stage: Staging, reference: Reference) -> None:
    if reference.id_column == "institution_id" and reference.column == "who":
        return  # told with person_id: either will do
    table, column = reference.table, reference.table.c[reference.column]
    missing: ColumnElement[bool] = table.c[reference.id_column].is_(None)
    kinds = reference.kinds
    if reference.column == "who":
        missing, kinds = and_(missing, table.c.institution_id.is_(None)), (Kind.PERSON, Kind.INSTITUTION)
    lost = (
        select(table.c.row, table.c.file, table.c.line, column.label("named"), record.c.kind.label("other"))
        .outerjoin(record, record.c.slug == column)
        .where(column.is_not(None), missing)
        .order_by(table.c.row)
    )
    if table is CLAIM and reference.column == "value_record":
        of = record.alias("of")
        lost = lost.add_columns(CLAIM.c.field, CLAIM.c.part, of.c.kind.label("owner")).outerjoin(
            of, of.c.id == CLAIM.c.record_id
        )
    choices: dict[tuple[Kind, ...], list[str]] = {}
    told: set[tuple[int, int, int]] = set()
    for row in stage.connection.execute(lost):
        # One value may be staged for several sources; it stood in the file once.
        mark = stage.marks.get(row.row, {}).get(reference.column)
        place = (row.file, mark.line if mark else row.line, mark.column if mark else row.row)
        if place in told:
            continue
        told.add(place)
        if hasattr(row, "owner") and row.owner is not None:
            field = field_named(owner_of(row.owner, row.part), row.field)
            kinds = field.kinds if field else kinds
        called = " or ".join(kind.value for kind in kinds) or "record"
        if row.other is not None:
            article = "an" if row.other[0] in "ai" else "a"
            message = f"{row.named!r} is {article} {row.other}, not {'an' if called[0] in 'ai' else 'a'} {called}"
            stage.problem(row.row, row.file, row.line, reference.column, "wrong-kind", message)
            continue
        suggestion = ""
        if len(told) <= _SUGGESTED:
            if kinds not in choices:
                choices[kinds] = slugs_of(stage.connection, kinds)
            suggestion = nearest(row.named, choices[kinds])
        message = f"no {called} {quoted(row.named)}"
        stage.problem(row.row, row.file, row.line, reference.column, "unknown-slug", message, suggestion)


def slugs_of(connection: Connection, kinds: tuple[Kind, ...] = ()) -> list[str]:
    """Return the slugs there are of some kinds, for suggestions."""
    query = select(record.c.slug).order_by(record.c.slug).limit(_CHOICES)
    return list(connection.execute(query.where(record.c.kind.in_(kinds)) if kinds else query).scalars())


def tell_wrong_claims(stage: Staging) -> None:
    """Tell of claims whose value is a record of the wrong kind, or whose line or participant does not exist."""
    fields = {
        named.name: named.kinds
        for owner in FIELDS.values()
        for named in owner.values()
        if named.kinds and named.name != "parent"
    }
    for name, kinds in fields.items() if stage.is_filled(CLAIM) else ():
        wrong = (
            select(CLAIM.c.row, CLAIM.c.file, CLAIM.c.line, CLAIM.c.value_record, record.c.kind)
            .join(record, record.c.id == CLAIM.c.value_record_id)
            .where(CLAIM.c.field == name, record.c.kind.not_in(kinds))
        )
        for row in stage.connection.execute(wrong):
            expected = " or ".join(kind.value for kind in kinds)
            message = f"{row.value_record!r} is of kind {row.kind}; expected {expected}"
            stage.problem(row.row, row.file, row.line, "value_record", "wrong-kind", message)
    itself = select(CLAIM.c.row, CLAIM.c.file, CLAIM.c.line, CLAIM.c.slug, CLAIM.c.field).where(
        CLAIM.c.value_record_id == CLAIM.c.record_id, CLAIM.c.field.in_(_UPWARDS)
    )
    for row in stage.connection.execute(itself):
        descends = row.field in set(DescentRole) and row.field != "parent"
        says = "descend from itself" if descends else f"come round to itself through {row.field!r}"
        stage.problem(row.row, row.file, row.line, "value_record", "circle", f"{row.slug!r} would {says}")
    for said, column, staged, kept, noun in (
        (CLAIM, "line_key", staging.LINE, transfer_line, "line"),
        (CLAIM, "participant_key", staging.PARTICIPANT, participant, "participant"),
        (staging.WAIVER, "line_key", staging.LINE, transfer_line, "line"),
        (staging.WAIVER, "participant_key", staging.PARTICIPANT, participant, "participant"),
    ):
        if not stage.is_filled(said):
            continue
        key = said.c[column]
        nowhere = (
            select(func.min(said.c.row), said.c.file, func.min(said.c.line), said.c.slug, key.label("key"))
            .where(
                key.is_not(None),
                said.c.record_id.is_not(None),
                ~exists().where(staged.c.record_id == said.c.record_id, staged.c.key == key),
                ~merging.has_part(kept, said.c.record_id, key),
            )
            .group_by(said.c.file, said.c.slug, key)
        )
        for row, file, line, slug, name in stage.connection.execute(nowhere).all():
            if slug in stage.broken:
                continue
            keys = stage.connection.execute(
                select(kept.c.key).join(record, record.c.id == kept.c.transfer_id).where(record.c.slug == slug)
            ).scalars()
            message = f"{slug!r} has no {noun} {name!r}"
            stage.problem(row, file, line, "part", "unknown-" + noun, message, nearest(name, keys))
