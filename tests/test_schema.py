"""The schema: one migration for both engines, and constraints that refuse what they should."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, StaticPool, create_engine, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from conftest import load, name_of, zoo
from zoo_provenance import database, locations, schema, search_index
from zoo_provenance.errors import DatabaseNewer, DatabaseOutdated, MissingDatabase, NotADatabase
from zoo_provenance.tables import (
    animal,
    batch,
    claim,
    dataset,
    decision,
    descent,
    dismissal,
    institution,
    judgement,
    line_animal,
    metadata,
    participant,
    person,
    record,
    source,
    source_basis,
    taxon,
    transfer,
    transfer_line,
    transfer_link,
    waiver,
)

KINDS = {
    1: ("zoo", "institution"),
    2: ("lion", "animal"),
    3: ("gift", "transfer"),
    4: ("leo", "taxon"),
    5: ("minister", "person"),
    6: ("paper", "source"),
    7: ("cub", "animal"),
    8: ("copy", "source"),
    9: ("loan", "transfer"),
}
CLAIM = {"record_id": 3, "field": "kind", "value": "gift", "stance": "supports", "own": False, "dataset_id": 1}


@pytest.fixture
def filled(url: URL) -> Iterator[Connection]:
    """One record of each kind, a line and a participant; rolled back afterwards."""
    engine = database.engine_of(url)
    with engine.connect() as connection:
        connection.execute(insert(dataset).values(name="set"))
        connection.execute(insert(batch).values(at="2024", actor="a", command="load", digest="d"))
        # Ids are given out from 1 in a fresh database; naming them would leave PostgreSQL's sequence behind.
        for slug, kind in KINDS.values():
            values = {"kind": kind, "slug": slug, "label": slug, "search_key": slug, "dataset_id": 1}
            connection.execute(insert(record).values(values))
        for table, ids in (
            (institution, [1]),
            (animal, [2, 7]),
            (transfer, [3, 9]),
            (taxon, [4]),
            (person, [5]),
            (source, [6, 8]),
        ):
            connection.execute(insert(table), [{"id": number} for number in ids])
        connection.execute(insert(transfer_line).values(transfer_id=3, key="lions"))
        connection.execute(insert(participant).values(transfer_id=3, key="minister", person_id=5))
        connection.execute(insert(claim).values(**CLAIM, source_id=6))
        yield connection
        connection.rollback()


REFUSED: list[tuple[str, Any, dict[str, Any]]] = [
    ("an institution's id for an animal", animal, {"id": 1}),
    ("a kind that is not its table's", animal, {"id": 1, "record_kind": "institution"}),
    ("a kind of record there is none of", record, {"kind": "plant", "slug": "x", "label": "x", "search_key": "x", "dataset_id": 1}),
    ("a slug twice", record, {"kind": "animal", "slug": "lion", "label": "x", "search_key": "x", "dataset_id": 1}),
    ("a slug with a capital", record, {"kind": "animal", "slug": "Lion", "label": "x", "search_key": "x", "dataset_id": 1}),
    ("a slug with a slash", record, {"kind": "animal", "slug": "a/b", "label": "x", "search_key": "x", "dataset_id": 1}),
    ("a slug that starts with a dot", record, {"kind": "animal", "slug": ".a", "label": "x", "search_key": "x", "dataset_id": 1}),
    ("a slug too long", record, {"kind": "animal", "slug": "a" * 101, "label": "x", "search_key": "x", "dataset_id": 1}),
    ("an empty slug", record, {"kind": "animal", "slug": "", "label": "x", "search_key": "x", "dataset_id": 1}),
    ("a label too long", record, {"kind": "animal", "slug": "x", "label": "x" * 201, "search_key": "x", "dataset_id": 1}),
    ("a search key too long", record, {"kind": "animal", "slug": "x", "label": "x", "search_key": "x" * 401, "dataset_id": 1}),
    ("a record of no data set", record, {"kind": "animal", "slug": "x", "label": "x", "search_key": "x", "dataset_id": 9}),
    ("a survivor of another kind", record, {"kind": "animal", "slug": "x", "label": "x", "search_key": "x", "dataset_id": 1, "merged_into_id": 1}),
    ("a kind of institution there is none of", institution, {"id": 1, "kind": "circus-ish"}),
    ("a country in small letters", institution, {"id": 1, "country": "ru"}),
    ("a sex there is none of", animal, {"id": 2, "sex": "both"}),
    ("an origin there is none of", animal, {"id": 2, "origin": "zoo"}),
    ("a rank there is none of", taxon, {"id": 4, "rank": "tribe-ish"}),
    ("an appendix there is none of", taxon, {"id": 4, "cites_appendix": "IV"}),
    ("a Red List category there is none of", taxon, {"id": 4, "iucn": "XX"}),
    ("a reliability there is none of", source, {"id": 6, "reliability": "G"}),
    ("a kind of source there is none of", source, {"id": 6, "kind": "rumour"}),
    ("a kind of transfer there is none of", transfer, {"id": 3, "kind": "present"}),
    ("a status there is none of", transfer, {"id": 3, "status": "done"}),
    ("a date that ends before it begins", transfer, {"id": 3, "date": "x", "date_earliest": "2024-02-01", "date_latest": "2024-01-01"}),
    ("bounds that are no days", transfer, {"id": 3, "date": "x", "date_earliest": "2024-1-001"}),
    ("bounds of other than ten characters", transfer, {"id": 3, "date": "x", "date_earliest": "2024"}),
    ("bounds without a date", transfer, {"id": 3, "date_earliest": "2024-01-01"}),
    ("a count with its most below its least", animal, {"id": 2, "count": "x", "count_min": 3, "count_max": 2}),
    ("a count below nothing", animal, {"id": 2, "count": "x", "count_min": -1}),
    ("a most without a count", animal, {"id": 2, "count_max": 2}),
    ("a taxon that is its own parent", taxon, {"id": 4, "parent_id": 4}),
    ("an institution that is its own successor", institution, {"id": 1, "successor_id": 1}),
    ("a birth at an animal", animal, {"id": 2, "born_at_id": 7}),
    ("self-descent", descent, {"child_id": 2, "parent_id": 2, "role": "dam"}),
    ("a role of descent there is none of", descent, {"child_id": 2, "parent_id": 7, "role": "aunt"}),
    ("a probability above one", descent, {"child_id": 2, "parent_id": 7, "role": "sire", "probability": 1.5}),
    ("a probability of nothing", descent, {"child_id": 2, "parent_id": 7, "role": "sire", "probability": 0.0}),
    ("a source based on itself", source_basis, {"source_id": 6, "based_on_id": 6}),
    ("a transfer linked to itself", transfer_link, {"transfer_id": 3, "kind": "ends", "to_id": 3}),
    ("a kind of link there is none of", transfer_link, {"transfer_id": 3, "kind": "follows", "to_id": 9}),
    ("a line's key with a space", transfer_line, {"transfer_id": 3, "key": "two lions"}),
    ("a line twice", transfer_line, {"transfer_id": 3, "key": "lions"}),
    ("a term there is none of", transfer_line, {"transfer_id": 3, "key": "x", "term": "XXX"}),
    ("fewer males than none", transfer_line, {"transfer_id": 3, "key": "x", "males": -1}),
    ("an animal on a line that is not there", line_animal, {"transfer_id": 3, "line_key": "bears", "animal_id": 2}),
    ("a participant who is both", participant, {"transfer_id": 3, "key": "x", "person_id": 5, "institution_id": 1}),
    ("a role there is none of", participant, {"transfer_id": 3, "key": "x", "role": "clapped"}),
    ("a claim on a line that is not there", claim, {**CLAIM, "source_id": 8, "line_key": "bears", "part": "lines/bears"}),
    ("a claim on a participant that is not there", claim, {**CLAIM, "source_id": 8, "participant_key": "x", "part": "participants/x"}),
    ("a claim whose part is not its line's", claim, {**CLAIM, "source_id": 8, "line_key": "lions", "part": ""}),
    ("a claim on a line and a participant", claim, {**CLAIM, "source_id": 8, "line_key": "lions", "participant_key": "minister", "part": "lines/lions"}),
    ("a claim of the whole with a value", claim, {**CLAIM, "source_id": 8, "field": ""}),
    ("a claim of the whole by nobody", claim, {**CLAIM, "field": "", "value": None}),
    ("a claim without a value", claim, {**CLAIM, "source_id": 8, "value": None}),
    ("a claim with two values", claim, {**CLAIM, "source_id": 8, "value_record_id": 1}),
    ("silence with a value", claim, {**CLAIM, "source_id": 8, "stance": "silent"}),
    ("a stance there is none of", claim, {**CLAIM, "source_id": 8, "stance": "mumbles"}),
    ("a certainty there is none of", claim, {**CLAIM, "source_id": 8, "certainty": "sure"}),
    ("the same source saying the same twice", claim, {**CLAIM, "source_id": 6}),
    ("a claim by a zoo", claim, {**CLAIM, "source_id": 1}),
    ("a value too long for an index", claim, {**CLAIM, "source_id": 8, "value": "가" * 401}),
    ("a quote by nobody", claim, {**CLAIM, "quote": "said"}),
    ("a low bound above the high", claim, {**CLAIM, "source_id": 8, "low": "0000000002", "high": "0000000001"}),
    ("a bound of other than ten characters", claim, {**CLAIM, "source_id": 8, "low": "2"}),
    ("a decision without a reason", decision, {"record_id": 3, "field": "kind", "value": "gift", "reason": "  ", "batch_id": 1}),
    ("a decision on nothing", decision, {"record_id": 3, "field": "", "reason": "r", "batch_id": 1}),
    ("a decision for two values", decision, {"record_id": 3, "field": "x", "value": "x", "value_record_id": 1, "reason": "r", "batch_id": 1}),
    ("a dismissal without a reason", dismissal, {"claim_id": 1, "reason": "", "batch_id": 1}),
    ("a waiver without a reason", waiver, {"rule": "r", "record_id": 3, "reason": "", "batch_id": 1}),
    ("two records judged in the wrong order", judgement, {"record_id": 7, "other_id": 2, "kind": "animal", "same": False, "reason": "r", "batch_id": 1}),
    ("a record judged against itself", judgement, {"record_id": 2, "other_id": 2, "kind": "animal", "same": False, "reason": "r", "batch_id": 1}),
    ("records of two kinds judged", judgement, {"record_id": 1, "other_id": 2, "kind": "animal", "same": False, "reason": "r", "batch_id": 1}),
    ("a judgement without a reason", judgement, {"record_id": 2, "other_id": 7, "kind": "animal", "same": False, "reason": " ", "batch_id": 1}),
    ("a claim said of a record that is not there", claim, {**CLAIM, "source_id": 8, "said_of_id": 99}),
    ("a claim said by what is no source", claim, {**CLAIM, "source_id": 8, "said_by_id": 1}),
    ("a batch with another's digest", batch, {"at": "2024", "actor": "a", "command": "load", "digest": "d"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "table", "values"), REFUSED, ids=[what for what, _, _ in REFUSED])
def test_the_database_refuses(filled: Connection, what: str, table: Any, values: dict[str, Any]) -> None:
    update = "id" in values and table.name in {"animal", "institution", "taxon", "source", "transfer"}
    there = update and filled.execute(select(table.c.id).where(table.c.id == values["id"])).first() is not None
    statement = (
        table.update().where(table.c.id == values["id"]).values(values) if there else insert(table).values(values)
    )
    with pytest.raises(IntegrityError):
        filled.execute(statement)


ACCEPTED: list[tuple[str, Any, dict[str, Any]]] = [
    ("everything that may be unknown is", transfer_line, {"transfer_id": 3, "key": "more"}),
    ("a claim by another source", claim, {**CLAIM, "source_id": 8}),
    ("a claim at another place of the same source", claim, {**CLAIM, "source_id": 6, "locator": "p. 2"}),
    ("a claim nobody is named for", claim, {**CLAIM}),
    ("silence", claim, {**CLAIM, "source_id": 8, "stance": "silent", "value": None}),
    ("a claim of the whole of a line", claim, {**CLAIM, "source_id": 8, "line_key": "lions", "part": "lines/lions", "field": "", "value": None}),
    ("a value of the greatest length in letters of three bytes", claim, {**CLAIM, "source_id": 8, "value": "가" * 400, "locator": "가" * 100, "search_key": "가" * 400}),
    ("the same claim said of two records that are one", claim, {**CLAIM, "source_id": 6, "said_of_id": 9}),
    ("two records judged different", judgement, {"record_id": 2, "other_id": 7, "kind": "animal", "same": False, "reason": "r", "batch_id": 1}),
    ("a decision to leave open", decision, {"record_id": 3, "field": "date", "reason": "sources differ", "batch_id": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "table", "values"), ACCEPTED, ids=[what for what, _, _ in ACCEPTED])
def test_the_database_accepts(filled: Connection, what: str, table: Any, values: dict[str, Any]) -> None:
    before = len(filled.execute(select(table)).all())
    filled.execute(insert(table).values(values))
    assert len(filled.execute(select(table)).all()) == before + 1


def test_a_value_is_decided_once(filled: Connection) -> None:
    values = {"record_id": 3, "field": "kind", "value": "gift", "reason": "r", "batch_id": 1}
    filled.execute(insert(decision).values(values))
    with pytest.raises(IntegrityError):
        filled.execute(insert(decision).values({**values, "value": "sale"}))


@pytest.mark.parametrize(("table", "column", "value"), [(record, "id", 1), (claim, "id", 1), (source, "id", 6)])
def test_nothing_disappears_because_something_else_did(filled: Connection, table: Any, column: str, value: int) -> None:
    filled.execute(insert(dismissal).values(claim_id=1, reason="r", batch_id=1))
    with pytest.raises(IntegrityError):
        filled.execute(table.delete().where(table.c[column] == value))


def test_there_is_one_head_and_the_program_knows_it() -> None:
    config = Config()
    config.set_main_option("script_location", str(locations.migrations()).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [database.REVISIONS[-1]]
    assert [script.revision for script in reversed(list(scripts.walk_revisions()))] == list(database.REVISIONS)


def test_the_stairway_leads_up_down_and_up_again(bare_url: URL) -> None:
    schema.upgrade(bare_url)
    with database.reading(bare_url) as connection:
        first = sorted(inspect(connection).get_table_names())
    for _ in range(2):
        schema.downgrade(bare_url, "base")
        engine = database.engine_of(bare_url)
        with engine.connect() as connection:
            assert inspect(connection).get_table_names() == ["alembic_version"]
        schema.upgrade(bare_url)
    with database.reading(bare_url) as connection:
        assert sorted(inspect(connection).get_table_names()) == first
        assert schema.drift(connection) == []


def test_the_migrated_schema_is_the_declared_one(url: URL) -> None:
    with database.reading(url) as connection:
        assert schema.drift(connection) == []
        found = {name for name in inspect(connection).get_table_names() if not search_index.belongs(name, "table")}
        assert found == {*metadata.tables, "alembic_version"}


def test_drift_is_seen(url: URL) -> None:
    with database.engine_of(url).begin() as connection:
        connection.execute(text("ALTER TABLE dataset ADD COLUMN extra INTEGER"))
        connection.execute(text("DROP INDEX uq_claim_said"))
    with database.reading(url) as connection:
        found = " ".join(schema.drift(connection))
    assert "extra" in found
    assert "uq_claim_said" in found


def _clauses(connection: Connection) -> dict[str, list[str]]:
    query = "SELECT name, sql FROM sqlite_master WHERE type <> 'trigger' AND name NOT LIKE 'sqlite_%'"
    rows = connection.execute(text(query)).all()
    # A column that a migration added stands behind the others, on their last line.
    clauses = {row.name: re.split(r"\n|,(?![^(]*\))", row.sql.replace('"', "")) for row in rows if row.sql}
    return {name: sorted(clause.strip() for clause in found if clause.strip()) for name, found in clauses.items()}


def test_every_check_of_the_declared_tables_is_in_the_migrated_ones(url: URL) -> None:
    if name_of(url) == "sqlite":
        declared = create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(declared)
        with declared.connect() as made, database.reading(url) as migrated:
            expected = _clauses(made)
            found = _clauses(migrated)
        found.pop("alembic_version")
        for index in (one for table in metadata.tables.values() for one in table.indexes if "where" in one.info):
            # Declared for each engine alike, so that neither has to load the other's dialect.
            expected[str(index.name)] = [f"{expected[str(index.name)][0]} WHERE {index.info['where']}"]
        # The index of names is told of in tests/test_search.py.
        assert {name: sql for name, sql in found.items() if "_trigram" not in name} == expected
    else:
        names = {
            str(constraint.name)
            for table in metadata.tables.values()
            for constraint in table.constraints
            if constraint.name is not None
        }
        with database.reading(url) as connection:
            query = text(
                "SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE relnamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u') AND relname <> 'alembic_version'"
            )
            assert set(connection.execute(query).scalars()) == names


def test_a_database_outlives_going_down_and_up_only_as_an_empty_one(own_packaged: URL) -> None:
    schema.downgrade(own_packaged, "base")
    with pytest.raises(DatabaseOutdated), database.reading(own_packaged):
        pass
    schema.upgrade(own_packaged)
    loaded = load(own_packaged, locations.packaged_seeds())
    assert loaded.created["institution"] > 0


def test_a_newer_database_is_refused(url: URL) -> None:
    with database.engine_of(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer), database.reading(url):
        pass
    with pytest.raises(DatabaseNewer):
        schema.upgrade(url)


def test_a_missing_database_is_not_made_by_reading(bare_url: URL) -> None:
    with pytest.raises(MissingDatabase), database.reading(bare_url):
        pass
    if name_of(bare_url) == "sqlite":
        assert not database.exists(bare_url)


def test_other_tables_are_left_alone(bare_url: URL) -> None:
    if name_of(bare_url) == "sqlite":
        with closing(sqlite3.connect(str(bare_url.database))) as other:
            other.execute("CREATE TABLE cats (id INTEGER)")
            other.commit()
    else:
        with database.engine_of(bare_url).begin() as connection:
            connection.execute(text("CREATE TABLE cats (id INTEGER)"))
    with pytest.raises(NotADatabase):
        schema.upgrade(bare_url)
    with pytest.raises(NotADatabase), database.reading(bare_url):
        pass


def test_dangling_references_are_seen(own_packaged: URL) -> None:
    with pytest.raises(IntegrityError), database.engine_of(own_packaged).begin() as connection:
        connection.execute(text("DELETE FROM person"))
    with database.engine_of(own_packaged, foreign_keys=False).begin() as connection:
        if name_of(own_packaged) == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("DELETE FROM person"))
    with database.reading(own_packaged) as connection:
        assert any("to no row of person" in one for one in schema.dangling(connection))
    assert zoo("db", "check", db=own_packaged).exit_code == 3


def test_a_failed_migration_leaves_nothing(bare_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_left_dangling", lambda _connection: ["something dangles"])
    with pytest.raises(Exception, match="something dangles"):
        schema.upgrade(bare_url)
    with database.engine_of(bare_url).connect() as connection:
        assert inspect(connection).get_table_names() == []
