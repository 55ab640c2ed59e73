"""Surroundings that fail: full disks, read-only files, damaged pages, servers cut off: one line, nothing lost."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import URL, Engine, create_engine, event, text

from conftest import Servers, WriteSeeds, load, reachable, zoo
from test_bad_input import contents
from zoo_provenance import database

SEEDS = {
    "taxa.yaml": "".join(f"taxon-{number}: {{rank: genus, unsourced: true}}\n" for number in range(300)),
    "institutions.yaml": "alder-zoo: {kind: zoo, unsourced: true}\n",
}
ROWS = "slug,name,notes\n" + "".join(f"keeper-{number},Keeper {number},{'x' * 300}\n" for number in range(3000))


@pytest.fixture(params=["seeds", "tables"])
def given(request: pytest.FixtureRequest, seeds: WriteSeeds, tmp_path: Path) -> Path:
    """A data set, as seed files and as tables."""
    if request.param == "seeds":
        return seeds(SEEDS)
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "people.csv").write_text(ROWS, encoding="utf-8")
    return folder


def said_in_a_line(result: Result) -> str:
    """Return the one line that a command which failed has said."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    (said,) = result.stderr.splitlines()
    assert said.startswith("Error: ")
    return str(said)


# -- a full disk -------------------------------------------------------------------------------------------

_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from zoo_provenance.cli import main
size = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
main(sys.argv[2:])
"""


def limited(size: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process none of whose files may grow beyond a size: writing more fails as on a full disk."""
    command = [sys.executable, "-c", _LIMITED, str(size), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_a_file_that_cannot_grow_loses_nothing(servers: Servers, given: Path, share: float) -> None:
    url, whole = servers.packaged("sqlite"), servers.packaged("sqlite")
    path = Path(str(url.database))
    small = path.stat().st_size
    assert load(whole, given).problems == ()
    grown = Path(str(whole.database)).stat().st_size
    before = contents(url)
    done = limited(int(share * (grown - small)) + 64_000, "--db", path, "load", given)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith(f"Error: {path} cannot be")
    assert contents(url) == before
    assert load(url, given).problems == ()
    assert contents(url).keys() == contents(whole).keys()


def test_a_database_that_may_have_no_more_pages_loses_nothing(
    servers: Servers, given: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = servers.packaged("sqlite")
    before = contents(url)
    plain = database.engine_of

    def engine_of(url: URL, **options: bool) -> Engine:
        engine = plain(url, **options)

        @event.listens_for(engine, "connect")
        def _cap(connection: sqlite3.Connection, _record: object) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

        return engine

    with monkeypatch.context() as patch:
        patch.setattr(database, "engine_of", engine_of)
        said = said_in_a_line(zoo("load", given, db=url))
    assert "cannot be written: the disk is full" in said
    assert contents(url) == before
    assert load(url, given).problems == ()


def test_a_new_database_without_room_is_told_and_taken_away(tmp_path: Path, given: Path) -> None:
    path = tmp_path / "new" / "zoo.db"
    done = limited(40_000, "--db", path, "load", given)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert str(path) in said
    assert zoo("load", given, db=str(path)).exit_code == 0


def test_output_to_a_full_disk_is_told(packaged: URL) -> None:
    database_given = packaged.render_as_string(hide_password=False)
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "zoo_provenance", "--db", database_given, "list", "transfers"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=240,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "Error: No space left on device\n")
    result = zoo("list", "transfers", "-o", "/dev/full", db=packaged)
    assert said_in_a_line(result) == "Error: /dev/full cannot be written: No space left on device"


def test_a_backup_without_room_leaves_nothing(servers: Servers, tmp_path: Path) -> None:
    url = servers.shared("sqlite")
    target = tmp_path / "copy.db"
    done = limited(100_000, "--db", str(url.database), "db", "backup", target)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be copied" in done.stderr
    assert list(tmp_path.iterdir()) == []


# What a server reports, raised by a trigger of the server itself while rows go in.
STATES = {
    "53100": "could not extend file: No space left on device",
    "53200": "out of memory",
    "58030": "could not write to file: Input/output error",
    "57P01": "terminating connection due to administrator command",
    "57014": "canceling statement due to statement timeout",
    "40P01": "deadlock detected",
    "XX001": "invalid page in block 0 of relation base/1/2",
    "XX002": "index contains unexpected zero page",
    "25006": "cannot execute INSERT in a read-only transaction",
    "42501": "permission denied for table record",
}


@pytest.mark.parametrize("state", STATES)
def test_what_fails_on_the_server_is_told_in_a_line_and_loses_nothing(
    servers: Servers, given: Path, state: str
) -> None:
    url = servers.packaged("postgresql")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = '{STATES[state]}'; END $$"
            )
        )
        connection.execute(text("CREATE TRIGGER fail AFTER INSERT ON record EXECUTE FUNCTION fail()"))
    before = contents(url)
    assert STATES[state] in said_in_a_line(zoo("load", given, db=url))
    assert contents(url) == before
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION fail CASCADE"))
    engine.dispose()
    assert load(url, given).problems == ()


# -- a connection that is cut --------------------------------------------------------------------------------


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[URL, int], list[str]]:
    """Has the server end the connection that writes before its n-th statement; returns the statements that were made."""

    def prepare(url: URL, number: int) -> list[str]:
        plain = database.engine_of
        made: list[str] = []

        def engine_of(asked: URL, **options: bool) -> Engine:
            engine = plain(asked, **options)
            if options:
                return engine

            @event.listens_for(engine, "before_cursor_execute")
            def _count(connection: object, cursor: object, statement: str, *_: object) -> None:
                made.append(statement)
                if len(made) == number:
                    _end(url, connection.connection.driver_connection.info.backend_pid)  # type: ignore[attr-defined]

            return engine

        monkeypatch.setattr(database, "engine_of", engine_of)
        return made

    return prepare


def _end(url: URL, process: int) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    engine.dispose()


@pytest.mark.parametrize("share", [0.02, 0.35, 0.7, 0.99])
def test_a_connection_cut_in_the_middle_of_a_load_loses_nothing(
    servers: Servers,
    given: Path,
    cut: Callable[[URL, int], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    share: float,
) -> None:
    url, other = servers.packaged("postgresql"), servers.packaged("postgresql")
    before = contents(url)
    with monkeypatch.context():
        statements = cut(other, 0)
        assert load(other, given).problems == ()
    number = max(4, int(share * len(statements)))
    monkeypatch.undo()
    cut(url, number)
    said = said_in_a_line(zoo("load", given, db=url))
    assert said.startswith(f"Error: {database.describe(url)}: ")
    monkeypatch.undo()
    assert contents(url) == before
    assert load(url, given).problems == ()


def test_a_connection_cut_while_rows_are_copied_loses_nothing(servers: Servers, tmp_path: Path) -> None:
    url = servers.packaged("postgresql")
    (tmp_path / "people.csv").write_text(ROWS, encoding="utf-8")
    before = contents(url)
    from zoo_provenance.errors import DatabaseUnavailable
    from zoo_provenance.loading.load import load as load_seeds

    def end(what: str, read: int) -> None:
        if read:
            engine = create_engine(url)
            with engine.begin() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            engine.dispose()

    with pytest.raises(DatabaseUnavailable, match=str(url.database)):
        load_seeds(lambda: database.writing(url), [tmp_path], progress=end)
    assert contents(url) == before
    assert load(url, tmp_path).problems == ()


# -- what may not be written -----------------------------------------------------------------------------------


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Becomes somebody who is not root, where the tests run as root, who may write everything."""

    def become() -> None:
        if os.geteuid() == 0:
            reachable(tmp_path)
            os.seteuid(65534)

    mine = os.geteuid()
    zoo("list", "animals", db=str(tmp_path / "none.db"))  # what is imported late is imported now
    yield become
    os.seteuid(mine)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_or_folder_that_may_not_be_written_is_read_and_told_of_when_written(
    servers: Servers, tmp_path: Path, given: Path, nobody: Callable[[], None], what: str
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    path = folder / "zoo.db"
    shutil.copyfile(str(servers.shared("sqlite").database), path)
    assert zoo("donors", db=str(path)).exit_code == 0
    assert zoo("load", "--dry-run", given, db=str(path)).exit_code == 0
    raw = path.read_bytes()
    path.chmod(0o444 if what == "file" else 0o666)
    folder.chmod(0o555)
    nobody()
    assert zoo("donors", db=str(path)).exit_code == 0
    said = said_in_a_line(zoo("load", given, db=str(path)))
    assert "cannot be written" in said or "cannot be opened" in said
    assert path.read_bytes() == raw


def test_a_file_that_may_not_be_read_is_told(
    servers: Servers, tmp_path: Path, given: Path, nobody: Callable[[], None]
) -> None:
    path = tmp_path / "zoo.db"
    shutil.copyfile(str(servers.shared("sqlite").database), path)
    assert zoo("donors", db=str(path)).exit_code == 0
    path.chmod(0)
    nobody()
    for command in (("donors",), ("load", given), ("db", "current")):
        assert "cannot be opened" in said_in_a_line(zoo(*command, db=str(path)))


@pytest.mark.parametrize("made", ["pipe", "device"])
def test_what_is_no_file_is_no_database(tmp_path: Path, given: Path, made: str) -> None:
    path = tmp_path / "zoo.db" if made == "pipe" else Path("/dev/null")
    if made == "pipe":
        os.mkfifo(path)
    for command in (("donors",), ("load", given), ("db", "upgrade")):
        assert said_in_a_line(zoo(*command, db=str(path))) == (
            f"Error: {path} is no file; name one, or the path of a new one."
        )


# -- files that are damaged ------------------------------------------------------------------------------------

READING = (("donors",), ("arrivals",), ("trace", "gomi"), ("check",), ("find", "gomi"), ("show", "moscow-zoo"))


@pytest.fixture
def copy(servers: Servers, tmp_path: Path) -> Path:
    """A copy of the packaged data set's file, to be damaged."""
    path = tmp_path / "zoo.db"
    shutil.copyfile(str(servers.shared("sqlite").database), path)
    return path


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_told(copy: Path, given: Path, share: float) -> None:
    os.truncate(copy, int(copy.stat().st_size * share))
    for command in (("donors",), ("load", given)):
        said = said_in_a_line(zoo(*command, db=str(copy)))
        assert "is damaged" in said or "is not a database" in said


@pytest.mark.parametrize("seed", range(4))
def test_pages_overwritten_are_told_or_not_asked_for(copy: Path, given: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a damage that can be done again
    pages = copy.stat().st_size // database.PAGE_SIZE
    with copy.open("r+b") as file:
        for page in chance.sample(range(1, pages), pages // 3):
            file.seek(page * database.PAGE_SIZE)
            file.write(chance.randbytes(database.PAGE_SIZE))
    told = 0
    for command in (*READING, ("load", given)):
        result = zoo(*command, db=str(copy))
        if result.exit_code not in {0, 3, 4}:
            assert "damaged" in said_in_a_line(result) or "is not a database" in said_in_a_line(result)
            told += 1
    assert told
    assert zoo("db", "check", db=str(copy)).exit_code in {1, 3}


@pytest.mark.parametrize("seed", range(6))
def test_bits_flipped_anywhere_end_in_an_answer_or_in_a_line(copy: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    raw = bytearray(copy.read_bytes())
    for _ in range(4000):
        raw[chance.randrange(100, len(raw))] ^= 1 << chance.randrange(8)
    copy.write_bytes(raw)
    for command in READING:
        result = zoo(*command, db=str(copy))
        if result.exit_code not in {0, 3, 4}:
            said_in_a_line(result)


def test_a_file_replaced_by_another_is_told(copy: Path, given: Path) -> None:
    for garbage in (b"", b"\0" * 100_000, b"SQLite format 3\0" + b"\xff" * 100_000, random.Random(1).randbytes(90_000)):  # noqa: S311
        copy.write_bytes(garbage)
        said = said_in_a_line(zoo("donors", db=str(copy)))
        assert "is not a database" in said or "is damaged" in said or "There is no database" in said
    copy.unlink()
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("CREATE TABLE ledger (entry)")
    assert "holds tables, but none of zoo-provenance" in said_in_a_line(zoo("load", given, db=str(copy)))


def test_a_table_that_is_gone_is_told(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'claim'")
        connection.commit()
    said = said_in_a_line(zoo("evidence", "gomi", db=str(copy)))
    assert "is damaged" in said or "lacks a table it should have" in said


def test_nothing_is_lost_with_the_log_and_its_index(servers: Servers, given: Path) -> None:
    url = servers.packaged("sqlite")
    assert load(url, given).problems == ()
    before = contents(url)
    for suffix in ("-wal", "-shm"):
        Path(f"{url.database}{suffix}").unlink(missing_ok=True)
    assert contents(url) == before
    for suffix in ("-wal", "-shm"):
        Path(f"{url.database}{suffix}").write_bytes(b"junk" * 20_000)
    assert contents(url) == before
    assert load(url, given).created == {}


def test_a_load_is_done_though_a_reader_keeps_the_log_from_being_emptied(servers: Servers, given: Path) -> None:
    url = servers.packaged("sqlite")
    with closing(sqlite3.connect(str(url.database))) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM record").fetchone()
        result = zoo("load", given, db=url)
        assert result.exit_code == 0, result.output
    assert load(url, given).created == {}
