"""What the queries of rules share: the transfers asked of, slugs of parts, sources that speak."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, exists, func, literal, null, or_, true

from zoo_provenance.direct import Statement
from zoo_provenance.tables import claim, dismissal, record, transfer

LIVING = ("LIV", "EGL", "FIG")
"""CITES terms of what is alive."""


@dataclass(frozen=True)
class Asked:
    """What a rule is asked of: the transfers a statement selects, or all."""

    transfers: Statement | None = None

    def of(self, column: ColumnElement[Any] | None = None) -> ColumnElement[bool]:
        """Return the condition that a transfer is asked of."""
        column = transfer.c.id if column is None else column
        return true() if self.transfers is None else column.in_(self.transfers)


Query = Callable[[Asked], Statement]
Queries = Mapping[str, Query]


def part_slug(part: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the slug of a record's part: a line as TRANSFER/LINE, anything else as its record."""
    key = func.substr(part, len("lines/") + 1)
    return case((part.like("lines/%"), record.c.slug + literal("/") + key), else_=record.c.slug)


def speaks() -> ColumnElement[bool]:
    """Return the condition that a claim is live: it supports a value, is not dismissed, and no stated unknown."""
    return (
        (claim.c.stance == "supports")
        & ~exists().where(dismissal.c.claim_id == claim.c.id)
        & or_(claim.c.value.is_(None), claim.c.value != "?")
    )


def text(column: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a number as words."""
    return cast(column, String)


def whole() -> ColumnElement[str]:
    """Return the part of a finding about a whole record."""
    return literal("")


def nobody() -> ColumnElement[Any]:
    """Return the absence of a second record."""
    return null()
