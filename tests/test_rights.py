"""Least privilege: reading needs a role that can only read; more is refused in one line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, create_engine, text

from conftest import Servers, WriteSeeds, zoo
from test_bad_input import contents

READING = (
    ("trace", "gomi"),
    ("arrivals",),
    ("arrivals", "2024-11-moscow-zoo-gift"),
    ("donors",),
    ("donors", "moscow-zoo"),
    ("evidence", "gomi"),
    ("conflicts", "--all"),
    ("gaps",),
    ("check",),
    ("show", "moscow-zoo"),
    ("find", "Московский"),
    ("find", "Moskow Zo"),
    ("list", "animals", "--at", "korea-central-zoo"),
    ("list", "transfers"),
    ("db", "current"),
    ("db", "check"),
)


@pytest.fixture(scope="module")
def owned(servers: Servers) -> URL:
    """The packaged data set on PostgreSQL, in a database that nobody else may use unless told."""
    return servers.packaged("postgresql")


@pytest.fixture(scope="module")
def reader(owned: URL) -> Iterator[URL]:
    """The same, for a role with CONNECT, USAGE and SELECT and nothing else."""
    name = f"reader_of_{owned.database}"
    engine = create_engine(owned, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in (
            f"CREATE ROLE {name} LOGIN PASSWORD 'a password' NOINHERIT",
            f"REVOKE ALL ON DATABASE {owned.database} FROM PUBLIC",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {owned.database} TO {name}",
            f"GRANT USAGE ON SCHEMA public TO {name}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}",
        ):
            connection.execute(text(statement))
    yield owned.set(username=name, password="a password")  # noqa: S106 - of a role made for this test
    with engine.connect() as connection:
        connection.execute(text(f"DROP OWNED BY {name}"))
        connection.execute(text(f"DROP ROLE {name}"))
    engine.dispose()


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_reading_command_answers_a_role_that_can_only_read(owned: URL, reader: URL, command: tuple[str, ...]) -> None:
    asked, answered = zoo(*command, db=reader), zoo(*command, db=owned)
    assert asked.exception is None or isinstance(asked.exception, SystemExit), repr(asked.exception)
    assert (asked.exit_code, asked.stdout) == (answered.exit_code, answered.stdout)
    assert "permission" not in asked.stderr


def test_an_export_needs_no_more_than_reading(reader: URL, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("export") / "parquet"
    assert zoo("export", "parquet", folder, db=reader).exit_code == 0


@pytest.mark.parametrize(
    "command",
    [("load",), ("load", "--dry-run"), ("waive", "a", "gomi", "--because", "x"), ("db", "downgrade", "0001")],
    ids=" ".join,
)
def test_a_role_that_can_only_read_changes_nothing_and_is_told_so(
    owned: URL, reader: URL, command: tuple[str, ...]
) -> None:
    if command[0] == "waive":
        from zoo_provenance.rules import RULES

        command = ("waive", next(iter(RULES)), *command[2:])
    before = contents(owned)
    result = zoo(*command, db=reader)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1
    (said,) = result.stderr.splitlines()
    assert "permission denied" in said or "must be owner" in said
    assert "a password" not in said
    assert contents(owned) == before


def test_a_role_without_any_right_is_told_so(owned: URL, reader: URL) -> None:
    engine = create_engine(owned, isolation_level="AUTOCOMMIT")
    name = reader.username

    def refused_after(statement: str, undo: str) -> str:
        with engine.connect() as connection:
            connection.execute(text(statement))
        try:
            result = zoo("list", "animals", db=reader)
        finally:
            with engine.connect() as connection:
                connection.execute(text(undo))
        assert isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code == 1
        (said,) = result.stderr.splitlines()
        return said

    of_tables = "ALL TABLES IN SCHEMA public"
    said = refused_after(f"REVOKE SELECT ON {of_tables} FROM {name}", f"GRANT SELECT ON {of_tables} TO {name}")
    assert "permission denied for table" in said
    assert "Reading needs SELECT on every table" in said
    of_schema = "USAGE ON SCHEMA public"
    said = refused_after(f"REVOKE {of_schema} FROM {name}", f"GRANT {of_schema} TO {name}")
    assert "may not use" in said
    of_database = f"CONNECT ON DATABASE {owned.database}"
    said = refused_after(f"REVOKE {of_database} FROM {name}", f"GRANT {of_database} TO {name}")
    assert "permission denied for database" in said
    engine.dispose()


def test_a_database_that_is_read_only_is_read_and_not_written(servers: Servers, seeds: WriteSeeds) -> None:
    url = servers.packaged("postgresql")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {url.database} SET default_transaction_read_only = on"))
    engine.dispose()
    assert zoo("donors", db=url).exit_code == 0
    result = zoo("load", seeds({"taxa.yaml": "felis: {}\n"}), db=url)
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    (said,) = result.stderr.splitlines()
    assert "cannot be written" in said
    assert "read-only transaction" in said
