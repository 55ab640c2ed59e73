"""The targets of the fuzzers, a few seconds each: their corpus, and what hypothesis makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile_targets import TARGETS

CORPUS = Path(__file__).parent / "fuzzing" / "corpus"
# The whole way of a load costs a thousand times what a date costs.
EXAMPLES = {"seed_files": 40, "table_files": 30, "thing": 60}
KEPT = {name: [path.read_bytes() for path in sorted((CORPUS / name).iterdir())] for name in TARGETS}


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_once_is_read_or_told(target: str) -> None:
    assert KEPT[target]
    for data in KEPT[target]:
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_comes_is_read_or_told(target: str) -> None:
    @settings(
        max_examples=EXAMPLES.get(target, 250), deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(data=st.one_of(st.binary(max_size=300), mutations(target)))
    def run(data: bytes) -> None:
        TARGETS[target](data)

    run()


@st.composite
def mutations(draw: Any, target: str) -> bytes:
    """A kept input with a piece taken out, and another put there: of another, of letters, or of bytes that mean much."""
    data = draw(st.sampled_from(KEPT[target]))
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 20)))
    other = draw(st.sampled_from(KEPT[target]))
    cut = draw(st.integers(0, len(other)))
    pieces = (
        st.binary(max_size=8),
        st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.sampled_from(
            [b"\n", b"\r", b'"', b"'", b"{", b"[", b"]", b": ", b"? ", b"&a ", b"*a", b"!!x ", b"\x00", b"%"]
        ),
        st.just(other[cut : cut + 30]),
    )
    return bytes(data[:start] + draw(st.one_of(*pieces)) + data[end:])
