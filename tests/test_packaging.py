"""The wheel and the sdist: what they hold, and that they work in an empty place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from test_house import CHECKOUT

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis"
)


def run(*command: str | Path, **options: Any) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wheel and an sdist of this checkout, built in a copy of it whose path has a space and a percent sign."""
    folder = tmp_path_factory.mktemp("a 100% copy")
    shutil.copytree(CHECKOUT, folder / "zoo", ignore=LEFT_OUT)
    backend = "import setuptools.build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    run(sys.executable, "-c", backend, cwd=folder / "zoo")
    made = {path.name.rsplit(".", 1)[1]: path for path in (folder / "zoo" / "dist").iterdir()}
    return {"wheel": made["whl"], "sdist": made["gz"], "copy": folder / "zoo"}


def test_the_wheel_holds_the_migrations_and_the_seeds_and_nothing_beside_its_package(built: dict[str, Path]) -> None:
    names = zipfile.ZipFile(built["wheel"]).namelist()
    assert {name.split("/")[0] for name in names} == {
        "zoo_provenance",
        next(n for n in names if "dist-info" in n).split("/")[0],
    }
    assert "zoo_provenance/migrations/env.py" in names
    assert "zoo_provenance/migrations/script.py.mako" in names
    assert "zoo_provenance/migrations/versions/0001_first_tables.py" in names
    assert "zoo_provenance/py.typed" in names
    seeds = sorted((CHECKOUT / "seeds" / "korea_central_zoo").rglob("*.yaml"))
    packed = {name for name in names if name.startswith("zoo_provenance/seeds/")}
    assert {f"zoo_provenance/seeds/{path.relative_to(CHECKOUT / 'seeds').as_posix()}" for path in seeds} <= packed
    assert not any("alembic/__init__" in name for name in names)


def test_the_sdist_holds_what_the_tests_need(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "alembic/env.py", "tests/conftest.py"} <= names
    assert "seeds/korea_central_zoo/dataset.yaml" in names
    assert "docs/seed-files.md" in names


def _house(folder: Path) -> Path:
    """Make a fresh environment that sees this one's libraries but not its zoo-provenance."""
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    libraries = folder / "libraries"
    libraries.mkdir()
    for entry in (Path(entry) for entry in sys.path if entry.endswith("site-packages")):
        for library in entry.iterdir():
            if not library.name.startswith(("zoo_provenance", "__editable__")):
                (libraries / library.name).symlink_to(library)
    (site / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    return site


def _ask(python: Path, place: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "ZOOPROV_DB"}}
    zoo: list[str | Path] = [python, "-m", "zoo_provenance", "--db", place / "zoo.db"]
    run(*zoo, "db", "upgrade", cwd=place, env=environment)
    run(*zoo, "load", cwd=place, env=environment)
    assert '"max": 75' in run(*zoo, "arrivals", "2024-11-moscow-zoo-gift", "-f", "json", cwd=place, env=environment)
    where = run(python, "-c", "import zoo_provenance; print(zoo_provenance.__file__)", cwd=place, env=environment)
    assert not Path(where).is_relative_to(CHECKOUT)


def test_the_wheel_works_in_an_empty_directory(built: dict[str, Path], tmp_path: Path) -> None:
    site = _house(tmp_path / "environment")
    shutil.unpack_archive(built["wheel"], site, "zip")
    (tmp_path / "empty").mkdir()
    _ask(tmp_path / "environment" / "bin" / "python", tmp_path / "empty")


def test_a_bare_checkout_works_without_being_installed(built: dict[str, Path], tmp_path: Path) -> None:
    site = _house(tmp_path / "environment")
    (site / "checkout.pth").write_text(f"{built['copy']}\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    _ask(tmp_path / "environment" / "bin" / "python", tmp_path / "empty")


def test_an_editable_install_works(built: dict[str, Path], tmp_path: Path) -> None:
    site = _house(tmp_path / "environment")
    (tmp_path / "wheels").mkdir()
    backend = "import sys, setuptools.build_meta as b; b.build_editable(sys.argv[1])"
    run(sys.executable, "-c", backend, tmp_path / "wheels", cwd=built["copy"])
    shutil.unpack_archive(next((tmp_path / "wheels").iterdir()), site, "zip")
    (tmp_path / "empty").mkdir()
    _ask(tmp_path / "environment" / "bin" / "python", tmp_path / "empty")
