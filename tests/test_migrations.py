"""Migrations: a full database goes down and up again, and answers as before."""

from __future__ import annotations

import pytest
from sqlalchemy import URL, text

from conftest import zoo
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


def test_an_older_program_refuses_a_newer_database(own_packaged: URL) -> None:
    with database.engine_of(own_packaged).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for words in (("donors",), ("load",), ("undo", "1", "--because", "x"), ("db", "upgrade"), ("db", "check")):
        result = zoo(*words, db=own_packaged)
        assert (result.exit_code, "newer" in result.stderr, result.stdout) == (5, True, "")
