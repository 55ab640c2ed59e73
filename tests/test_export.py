"""An export is whole or not there, and each mistake is told in one line."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, func, select

from conftest import Servers, zoo
from zoo_provenance import database
from zoo_provenance.engines import swapping, writing
from zoo_provenance.tables import batch, metadata, record

WRITING = (
    ("load",),
    ("waive", "lines-total", "moscow-zoo", "--because", "x"),
    ("db", "upgrade"),
    ("db", "current"),
    ("db", "backup", "copy.db"),
    ("export", "parquet", "further"),
)


@pytest.fixture
def export(servers: Servers, tmp_path: Path) -> Path:
    """An export of the packaged data set."""
    folder = tmp_path / "export"
    assert zoo("export", "parquet", folder, db=servers.shared("sqlite")).exit_code == 0
    return folder


def _one_line(*arguments: str | Path, db: str | URL | None = None, code: int = 1) -> str:
    result = zoo(*arguments, db=db)
    assert result.exit_code == code, (result.stdout, result.stderr)
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    return result.stderr


def _manifest(folder: Path) -> Any:
    return json.loads((folder / "zooprov.json").read_text())


def test_the_manifest_says_what_was_exported_and_from_which_batch(packaged: URL, tmp_path: Path) -> None:
    result = zoo("export", "parquet", tmp_path / "export", "-f", "json", db=packaged)
    assert result.exit_code == 0, result.stderr
    told, manifest = json.loads(result.stdout), _manifest(tmp_path / "export")
    with database.reading(packaged) as connection:
        digest = connection.execute(select(batch.c.digest)).scalar_one()
        records = connection.execute(select(func.count()).select_from(record)).scalar_one()
    assert told["schema"] == "zooprov/export/1"
    assert told["batch"] == manifest["batch"] == {"id": 1, "digest": digest}
    assert told["revision"] == manifest["revision"] == database.REVISIONS[-1]
    assert {one["table"] for one in told["tables"]} == set(metadata.tables) == set(manifest["tables"])
    assert {"table": "record", "rows": records, "files": 1} in told["tables"]


def test_a_table_lies_in_files_of_bounded_size_in_order_of_its_key(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet

    monkeypatch.setattr(writing, "ROWS_PER_FILE", 100)
    monkeypatch.setattr(writing, "ROWS_PER_GROUP", 50)
    monkeypatch.setattr(writing, "_ROWS_AT_ONCE", 50)
    url = servers.shared("sqlite")
    assert zoo("export", "parquet", tmp_path / "export", db=url).exit_code == 0
    parts = sorted((tmp_path / "export" / "claim").iterdir())
    read = [pyarrow.parquet.read_table(part, partitioning=None)["id"].to_pylist() for part in parts]
    assert [part.name for part in parts][:2] == ["part-00000.parquet", "part-00001.parquet"]
    assert {len(ids) for ids in read[:-1]} == {100}
    ids = [one for part in read for one in part]
    assert ids == sorted(ids)
    told = [zoo("arrivals", "-f", "json", db=one).stdout for one in (url, f"parquet:{tmp_path / 'export'}")]
    assert told[0] == told[1] != ""


@pytest.mark.parametrize("at_once", [True, False])
def test_an_export_takes_the_place_of_an_earlier_one(
    servers: Servers, export: Path, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(swapping, "_exchanged", lambda *_: False)
    (export / "record" / "part-00009.parquet").write_text("left over")
    assert zoo("export", "parquet", export, db=servers.shared("sqlite")).exit_code == 0
    assert [path.name for path in (export / "record").iterdir()] == ["part-00000.parquet"]
    assert [path.name for path in export.parent.iterdir()] == ["export"]


def test_what_fails_on_the_way_leaves_the_earlier_export(
    servers: Servers, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _manifest(export)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_manifest", fail)
    told = _one_line("export", "parquet", export, db=servers.shared("sqlite"))
    assert told == f"Error: {export} cannot be written: No space left on device.\n"
    assert _manifest(export) == before
    assert [path.name for path in export.parent.iterdir()] == ["export"]


def test_a_full_disk_is_told_in_one_line(servers: Servers, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zoo_provenance", "--db", str(servers.shared("sqlite").database)]
    done = subprocess.run(
        [*command, "export", "parquet", str(tmp_path / "export")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {tmp_path / 'export'} cannot be written: ")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_export_is_never_replaced(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("dear")
    (tmp_path / "file").write_text("text")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    url = servers.shared("sqlite")
    for name in ("letters", "file", "link"):
        assert "is no export; choose a new or an empty folder" in _one_line(
            "export", "parquet", tmp_path / name, db=url
        )
    assert (tmp_path / "letters" / "one.txt").read_text() == "dear"
    assert "No such file" in _one_line("export", "parquet", tmp_path / "no" / "folder", db=url)
    assert "Not a directory" in _one_line("export", "parquet", tmp_path / "file" / "export", db=url)
    assert zoo("export", "parquet", tmp_path / "empty", db=url).exit_code == 0


def test_a_strange_name_is_a_name(servers: Servers, tmp_path: Path) -> None:
    folder = tmp_path / "a 100% [copy] {x,y} it's *"
    url = servers.shared("sqlite")
    assert zoo("export", "parquet", folder, db=url).exit_code == 0
    assert zoo("list", "taxa", db=f"parquet:{folder}").stdout == zoo("list", "taxa", db=url).stdout


def test_the_export_may_be_named_by_the_environment_or_the_settings(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(export.parent)
    (export.parent / "zooprov.toml").write_text('db = "parquet:export"\n')
    told = zoo("list", "taxa").stdout
    assert "panthera-leo" in told
    monkeypatch.chdir("/")
    monkeypatch.setenv("ZOOPROV_DB", f"parquet:{export}")
    assert zoo("list", "taxa").stdout == told
    assert zoo("db", "path").stdout == f"parquet:{export}\n"


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_an_export_is_only_read(export: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(export.parent)
    assert "is an export, which is only read" in _one_line(*command, db=f"parquet:{export}")
    assert [path.name for path in export.parent.iterdir()] == ["export"]


def test_what_is_no_export_is_told_in_one_line(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text")
    for name, content in (("list", "[]"), ("text", "{"), ("other", '{"schema": "x"}'), ("bytes", "\udcff")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "zooprov.json").write_text(content, errors="surrogateescape")
        assert "is no export" in _one_line("donors", db=f"parquet:{tmp_path / name}")
    assert "is no export: it has no zooprov.json" in _one_line("donors", db=f"parquet:{tmp_path / 'empty'}")
    assert "is no folder" in _one_line("donors", db=f"parquet:{tmp_path / 'file'}")
    assert "export parquet" in _one_line("donors", db=f"parquet:{tmp_path / 'nothing'}")
    assert "needs the folder" in _one_line("donors", db="parquet:")
    assert zoo("donors", "--engine", "duckdb", db=servers.shared("sqlite")).exit_code == 2


@pytest.mark.parametrize(("revision", "told"), [("0001", "older schema"), ("0999", "newer zoo-provenance")])
def test_an_export_of_another_revision_is_not_read(export: Path, revision: str, told: str) -> None:
    (export / "zooprov.json").write_text(json.dumps({**_manifest(export), "revision": revision}))
    assert told in _one_line("donors", db=f"parquet:{export}", code=5)


def test_a_file_that_is_missing_cut_or_damaged_is_told_in_one_line(export: Path) -> None:
    part = export / "transfer" / "part-00000.parquet"
    whole = part.read_bytes()
    for content in (b"\xff" * len(whole), whole[:4] + b"\xff" * (len(whole) - 204) + whole[-200:]):
        part.write_bytes(content)
        assert "cannot be read" in _one_line("arrivals", db=f"parquet:{export}")
    part.write_bytes(whole[:-10])
    assert "transfer/part-00000.parquet is not whole" in _one_line("arrivals", db=f"parquet:{export}")
    part.unlink()
    assert "lacks transfer/part-00000.parquet" in _one_line("arrivals", db=f"parquet:{export}")


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("duckdb", "duckdb", ("donors",)),
        ("sqlglot", "duckdb", ("donors",)),
        ("pyspark.errors", "spark", ("donors", "--engine", "spark")),
        ("pyarrow.parquet", "parquet", ("export", "parquet", "further")),
    ],
)
def test_a_missing_library_is_told_with_what_to_install(
    servers: Servers,
    export: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    extra: str,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(export.parent)
    for name in list(sys.modules):
        if name.startswith("zoo_provenance.engines.") and name.rsplit(".", 1)[1] in {"duck", "spark"}:
            monkeypatch.delitem(sys.modules, name)
            monkeypatch.delattr(f"{name}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    db = servers.shared("sqlite") if extra == "parquet" else f"parquet:{export}"
    assert f"pip install 'zoo-provenance[{extra}]'" in _one_line(*arguments, db=db)


@pytest.mark.parametrize("java", [None, "#!/bin/sh\nexit 1\n"])
def test_missing_or_failing_java_is_told_in_one_line(export: Path, java: str | None) -> None:
    if java is not None:
        (export.parent / "java").write_text(java)
        (export.parent / "java").chmod(0o755)
    search = f"{export.parent}:/usr/bin:/bin" if java is not None else str(export)
    done = subprocess.run(
        [sys.executable, "-m", "zoo_provenance", "--db", f"parquet:{export}", "donors", "--engine", "spark"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": search, "HOME": str(export.parent)},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Spark needs Java 17" in done.stderr
