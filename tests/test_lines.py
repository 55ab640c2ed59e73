"""Rows written out for a digest: all that is in them, and alike on both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Float, String, cast, literal, null, select, union_all

from conftest import ENGINES, Servers
from zoo_provenance import database
from zoo_provenance.history import lines

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.none() | st.floats(0, 1) | st.sampled_from([0.1 + 0.2, 1e-7, 1.0, 1e15, 1e16, 123456789.0])


@pytest.fixture(scope="module")
def both(servers: Servers) -> Iterator[Mapping[str, Connection]]:
    with ExitStack() as stack:
        yield {engine: stack.enter_context(database.reading(servers.fresh(engine, lasting=True))) for engine in ENGINES}


def written_out(connection: Connection, rows: Sequence[tuple[str, Sequence[float | None]]]) -> str:
    """Return the lines of rows of a text, nothing, a number, a truth and some floats."""
    selected = [
        select(
            literal(words, String).label("words"),
            null().label("unsaid"),
            literal(place).label("place"),
            literal(value=True).label("truth"),
            *(cast(literal(one, Float), Float).label(f"float_{at}") for at, one in enumerate(floats)),
        )
        for place, (words, floats) in enumerate(rows)
    ]
    table = union_all(*selected).subquery()
    pieces: list[bytes] = []
    digest = SimpleNamespace(update=lambda piece: pieces.append(bytes(piece)))
    with connection.begin_nested():
        assert lines.add(digest, connection, select(table).order_by(table.c.place)) == len(rows)
    return b"".join(pieces).decode()


@settings(deadline=None)
@given(
    st.integers(0, 2).flatmap(lambda n: st.lists(st.tuples(WORDS, st.tuples(*[NUMBERS] * n)), min_size=1, max_size=3))
)
def test_a_row_is_written_out_whole_and_alike_on_both_engines(
    both: Mapping[str, Connection], rows: list[tuple[str, tuple[float | None, ...]]]
) -> None:
    written = {engine: written_out(connection, rows) for engine, connection in both.items()}
    assert written["sqlite"] == written["postgresql"]
    for place, (line, (words, floats)) in enumerate(zip(written["sqlite"].split("\n"), rows, strict=False)):
        array, end = json.JSONDecoder().raw_decode(line)
        assert array == [words, None, place, 1]
        assert [None if one == "None" else float(one) for one in line[end:].split()] == list(floats)
    assert written["sqlite"].count("\n") == len(rows)
