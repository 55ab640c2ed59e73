"""Statements that go straight to the driver: the same rows as SQLAlchemy's own way gives, on both engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import URL, Connection, bindparam, literal, select

from zoo_provenance import database, direct
from zoo_provenance.questions.arrivals import Filter, arrivals
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.questions.trace import trace
from zoo_provenance.tables import claim, descent, record, transfer

NAMED = select(record.c.slug, literal("100 % of :it").label("said")).where(record.c.slug == bindparam("slug"))


def _sqlalchemys(
    connection: Connection, statement: direct.Statement, given: Mapping[str, Any] | None = None
) -> Sequence[Any]:
    return connection.execute(statement, dict(given or {})).all()


@pytest.mark.parametrize("table", [transfer, claim, descent], ids=lambda table: table.name)
def test_values_are_of_the_types_their_columns_say(packaged: URL, table: Any) -> None:
    statement = select(table).order_by(*table.primary_key.columns)
    with database.reading(packaged) as connection:
        found, plain = direct.rows(connection, statement), direct.tuples(connection, statement)
        expected = _typed(_sqlalchemys(connection, statement))
    assert _typed(found) == _typed(plain) == expected
    assert found[0]._fields == tuple(table.c.keys())


def _typed(rows: Sequence[Any]) -> list[list[tuple[Any, type]]]:
    return [[(value, type(value)) for value in row] for row in rows]


def test_a_statement_keeps_its_own_values_and_takes_those_it_is_given(packaged: URL) -> None:
    with database.reading(packaged) as connection:
        for slug in ("gomi", "lion-2024", "gomi"):
            assert [tuple(row) for row in direct.rows(connection, NAMED, {"slug": slug})] == [(slug, "100 % of :it")]
        assert direct.rows(connection, NAMED, {"slug": "'; DROP TABLE record; --"}) == []


def test_questions_are_answered_the_same_either_way(packaged: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers() -> list[Any]:
        with database.reading(packaged) as connection:
            lives = [trace(connection, thing_named(connection, slug)) for slug in ("gomi", "mideum", "rangnim-32")]
            return [*lives, *arrivals(connection, Filter())]

    straight = answers()
    for name in ("rows", "tuples"):
        monkeypatch.setattr(direct, name, _sqlalchemys)
    assert answers() == straight
