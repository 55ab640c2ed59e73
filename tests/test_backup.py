"""Backups: a whole copy, made while others write, that restores to an equal database."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from conftest import Servers, name_of, zoo
from reliability.crashes import programs
from test_history import answers_of, state_at
from test_migrations import QUESTIONS
from zoo_provenance import database
from zoo_provenance.history.verifying import verify


@pytest.fixture(autouse=True)
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PostgreSQL be copied by the programs that came with the server."""
    monkeypatch.setenv("PATH", programs(), prepend=":")


def restored(url: URL, copy: Path, servers: Servers) -> URL:
    """Return the database that a backup makes of an empty one."""
    target = servers.bare(name_of(url))
    if name_of(url) == "sqlite":
        shutil.copyfile(copy, str(target.database))
        return target
    address = target.set(drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run(["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={address}", str(copy)], check=True)
    return target


def test_a_backup_restores_to_an_equal_database(own_packaged: URL, servers: Servers, tmp_path: Path) -> None:
    zoo("undo", "1", "--because", "to have something to tell", db=own_packaged)
    zoo("undo", "2", "--because", "all of it", db=own_packaged)
    result = zoo("db", "backup", tmp_path / "copy", db=own_packaged)
    assert result.exit_code == 0, result.stderr
    again = restored(own_packaged, tmp_path / "copy", servers)
    assert state_at(again) == state_at(own_packaged)
    assert answers_of(again, QUESTIONS) == answers_of(own_packaged, QUESTIONS)
    with database.reading(again) as connection:
        assert verify(connection).broken == ()
    assert zoo("db", "check", db=again).exit_code == 0
    assert zoo("undo", "3", "--because", "and on it goes", db=again).exit_code == 0


def test_a_backup_does_not_wait_for_a_writer_nor_see_what_it_has_not_finished(
    own_packaged: URL, servers: Servers, tmp_path: Path
) -> None:
    before = state_at(own_packaged)
    with database.writing(own_packaged) as connection:
        connection.execute(text("UPDATE record SET notes = 'half done'"))
        result = zoo("db", "backup", tmp_path / "copy", db=own_packaged)
        assert result.exit_code == 0, result.stderr
    assert state_at(restored(own_packaged, tmp_path / "copy", servers)) == before
    assert state_at(own_packaged) != before


def test_a_backup_never_replaces_a_file_and_leaves_nothing_half_done(
    own_packaged: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copy").write_text("another's")
    result = zoo("db", "backup", tmp_path / "copy", db=own_packaged)
    assert (result.exit_code, "exists already" in result.stderr) == (1, True)
    assert (tmp_path / "copy").read_text() == "another's"
    assert zoo("db", "backup", tmp_path / "nowhere" / "copy", db=own_packaged).exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
    monkeypatch.setattr(Path, "exists", lambda _path, **_options: False)
    result = zoo("db", "backup", tmp_path / "copy", db=own_packaged)
    assert (result.exit_code, "exists already" in result.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
    assert (tmp_path / "copy").read_text() == "another's"


def test_a_backup_is_not_put_beside_the_log_of_another_database(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "copy-wal").write_text("another's")
    result = zoo("db", "backup", tmp_path / "copy", db=servers.shared("sqlite"))
    assert (result.exit_code, "copy-wal is there already" in result.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["copy-wal"]


def test_a_program_that_fails_without_a_word_is_told(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pg_dump").write_text("#!/bin/sh\nkill -9 $$\n")
    (tmp_path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    result = zoo("db", "backup", tmp_path / "copy", db=servers.shared("postgresql"))
    assert (result.exit_code, "pg_dump ended with -9" in result.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["pg_dump"]
