"""Statements in an engine's own words: what SQLAlchemy writes for PostgreSQL, with its parameters kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.base import PGDialect

if TYPE_CHECKING:
    from sqlglot import exp

WRITTEN_FOR = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]
"""The dialect statements are first written for: native booleans, NULLs at the end, one name for each parameter."""


class Written(NamedTuple):
    """A statement as text, with the values of its parameters, which are never part of the text."""

    text: str
    parameters: Mapping[str, Any]


def write(statement: Executable, parameters: Mapping[str, Any]) -> Written:
    """Return a statement as text for `WRITTEN_FOR`; each list of values becomes as many parameters."""
    compiled = statement.compile(dialect=WRITTEN_FOR)  # type: ignore[attr-defined]
    expanded = compiled.construct_expanded_state(dict(parameters))
    return Written(expanded.statement, expanded.parameters)


def parsed(text: str) -> exp.Expr:
    """Return a written statement as a tree."""
    import sqlglot

    return sqlglot.parse_one(text, read="postgres")


def told(tree: exp.Expr, engine: str) -> str:
    """Return a tree as an engine reads it; every name in quotes, since `count` and `date` are names here."""
    return tree.sql(engine, identify=True, comments=False)


@lru_cache(maxsize=512)
def translated(text: str, engine: str) -> str:
    """Return a written statement as an engine reads it."""
    return told(parsed(text), engine)
