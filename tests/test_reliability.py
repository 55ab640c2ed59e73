"""Crashes and races, a few of each; the harnesses make as many as are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ENGINES, Servers
from reliability.crashes import COMMANDS, Databases, campaign
from reliability.races import race


@pytest.fixture(params=ENGINES)
def databases(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> Iterator[Databases]:
    """Databases to spoil, on each engine."""
    server = servers.address() if request.param == "postgresql" else None
    made = Databases(request.param, tmp_path, server, animals=200)
    yield made
    made.close()


def test_a_command_that_is_killed_leaves_a_whole_database_as_it_was_or_as_it_would_be(databases: Databases) -> None:
    report = campaign(databases, kills=len(COMMANDS), seed=1)
    assert report.faults == []
    assert report.kills.total() == len(COMMANDS)
    assert {*report.kills} == {command.name for command in COMMANDS}


def test_no_write_is_lost_and_no_batch_half_seen_while_many_work_at_once(databases: Databases) -> None:
    report = race(databases, seconds=3)
    assert report.faults == []
    assert report.writes >= 4
    assert report.reads >= 8
