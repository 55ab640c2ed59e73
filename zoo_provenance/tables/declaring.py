"""What tables are declared with: their names for keys, words compared by bytes, and the checks of their columns."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, MetaData, String, text

from zoo_provenance.vocabulary import LABEL_LENGTH, Kind

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The same order and comparison on every engine: bytes, not the server's language.
Words = String().with_variant(String(collation="C"), "postgresql")

_SLUG_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def check(sql: str, name: str) -> CheckConstraint:
    """Return a check of a table, named after what it is about."""
    return CheckConstraint(text(sql), name=name)


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """Return the check that a column holds one of the words of a list, or nothing."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return check(f"{column} IN ({listed})", column)


def key(column: str) -> CheckConstraint:
    """Return the check that a column holds a slug: a to z, digits and . _ -, beginning with no sign, at most 100."""
    return check(
        f"length({column}) <= 100 AND length({column}) > 0"
        f" AND ltrim({column}, '{_SLUG_CHARACTERS}._-') = ''"
        f" AND ltrim(substr({column}, 1, 1), '{_SLUG_CHARACTERS}') = ''",
        column,
    )


def lengths(**longest: int) -> Iterable[CheckConstraint]:
    """Return the checks that columns are not empty, nor longer than so many characters."""
    return [
        check(f"length({column}) > 0 AND length({column}) <= {most}", f"{column}_length")
        for column, most in longest.items()
    ]


def _day(column: str) -> str:
    return (
        f"({column} IS NULL OR ({column} LIKE '____-__-__' AND length(replace({column}, '-', '')) = 8"
        f" AND ltrim(replace({column}, '-', ''), '0123456789') = ''))"
    )


def dates(*columns: str) -> Iterable[CheckConstraint]:
    """Yield the checks of dates: an EDTF text, and the ISO days that bound it, in order."""
    for column in columns:
        earliest, latest = f"{column}_earliest", f"{column}_latest"
        yield check(
            f"{_day(earliest)} AND {_day(latest)} AND ({earliest} IS NULL OR {latest} IS NULL OR {earliest} <= {latest})"
            f" AND ({column} IS NOT NULL OR ({earliest} IS NULL AND {latest} IS NULL))"
            f" AND ({column} IS NULL OR length({column}) <= {LABEL_LENGTH})",
            column,
        )


def counted() -> CheckConstraint:
    """Return the check of a count: its text, and the least and the most it can be, in order."""
    return check(
        "(count_min IS NULL OR count_min >= 0) AND (count_min IS NULL OR count_max IS NULL OR count_min <= count_max)"
        " AND ((count IS NULL) = (count_min IS NULL)) AND (count_max IS NULL OR count IS NOT NULL)"
        f" AND (count IS NULL OR length(count) <= {LABEL_LENGTH})",
        "count",
    )


def of_kind(kind: Kind) -> tuple[CheckConstraint | ForeignKeyConstraint, ...]:
    """Return what ties a kind's table to the spine: each row is a record of that kind."""
    return (
        check(f"record_kind = '{kind.value}'", "record_kind"),
        ForeignKeyConstraint(["id", "record_kind"], ["record.id", "record.kind"]),
    )


def kind_column(kind: Kind) -> Column[str]:
    """Return the column of a kind's table that holds the kind itself, for the key to the spine."""
    return Column("record_kind", Words, nullable=False, server_default=text(f"'{kind.value}'"))
