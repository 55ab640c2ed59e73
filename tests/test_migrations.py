"""Migrations: a full database goes down and up again, and answers as before."""

from __future__ import annotations

import pytest
from sqlalchemy import URL, text

from conftest import WriteSeeds, zoo
from test_history import answers_of, state_at
from zoo_provenance import database, schema

QUESTIONS = (
    ("arrivals",),
    ("donors",),
    ("trace", "gomi"),
    ("evidence", "2024-11-moscow-zoo-gift"),
    ("conflicts",),
    ("list", "animals"),
)


@pytest.mark.parametrize("revision", database.REVISIONS[:-1])
def test_a_full_database_goes_down_and_up_and_answers_as_before(own_packaged: URL, revision: str) -> None:
    told, was = answers_of(own_packaged, QUESTIONS), state_at(own_packaged)
    assert all(told)
    schema.downgrade(own_packaged, revision)
    assert zoo("donors", db=own_packaged).exit_code == 5
    schema.upgrade(own_packaged)
    assert state_at(own_packaged) == was
    assert answers_of(own_packaged, QUESTIONS) == told
    assert zoo("db", "check", db=own_packaged).exit_code == 0
    result = zoo("waive", "no-permit", "2024-11-moscow-zoo-gift", "--because", "no Party", db=own_packaged)
    assert result.exit_code == 0, result.stderr


MERGE = ("merge", "jirisan-wild", "jirisan", "--because", "one place")


def test_the_history_can_still_be_read_after_going_down_and_up_which_is_told_to_end_it(own_packaged: URL) -> None:
    assert zoo(*MERGE, db=own_packaged).exit_code == 0
    told = answers_of(own_packaged, (*QUESTIONS, ("history", "jirisan"), ("history", "2"), ("show", "jirisan-wild")))
    result = zoo("db", "downgrade", "0004", db=own_packaged)
    assert "The 2 batches so far stay in the history, but can neither be taken back" in result.stderr
    schema.upgrade(own_packaged)
    again = answers_of(own_packaged, (*QUESTIONS, ("history", "jirisan"), ("history", "2"), ("show", "jirisan-wild")))
    assert again == told
    assert zoo("db", "check", db=own_packaged).exit_code == 0


@pytest.mark.parametrize(
    ("revision", "done", "says"),
    [
        ("0003", MERGE, "1 judgements of two records"),
        ("head-4", ("unmerge", "jirisan-wild", "jirisan", "--because", "two"), "1 judgements of two records"),
        ("0001", None, "1 annual reports to CITES, 1 waivers of data sets"),
    ],
)
def test_what_an_older_schema_cannot_hold_is_not_lost(
    own_packaged: URL, seeds: WriteSeeds, revision: str, done: tuple[str, ...] | None, says: str
) -> None:
    report = "report: {kind: importer_report, waive: [{rule: unarchived, because: never online}]}\n"
    result = zoo(*(done or ("load", seeds({"sources.yaml": report}))), db=own_packaged)
    assert result.exit_code == 0, result.stderr
    was = state_at(own_packaged)
    result = zoo("db", "downgrade", revision, db=own_packaged)
    assert (result.exit_code, says in result.stderr, result.stderr.count("\n")) == (1, True, 1), result.stderr
    assert schema.current(own_packaged) == database.REVISIONS[-1]
    assert state_at(own_packaged) == was
    assert zoo("db", "downgrade", "base", db=own_packaged).exit_code == 0


def test_an_older_program_refuses_a_newer_database(own_packaged: URL) -> None:
    with database.engine_of(own_packaged).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for words in (("donors",), ("load",), ("undo", "1", "--because", "x"), ("db", "upgrade"), ("db", "check")):
        result = zoo(*words, db=own_packaged)
        assert (result.exit_code, "newer" in result.stderr, result.stdout) == (5, True, "")
