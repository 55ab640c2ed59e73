"""Seeds exported: files that load into an equal database, and change nothing in the one they came from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select

from conftest import ENGINES, Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import database, locations
from zoo_provenance.tables import batch, change, claim, dataset, metadata, record

PACKAGED = locations.packaged_seeds()
ALDER = Path(__file__).parent / "data" / "alder_zoo"
NUMBERED = {record: "slug", dataset: "name"}


def everything(url: URL) -> dict[str, list[str]]:
    """Return all rows of all tables but the history's, every id told as what it stands for."""
    with database.reading(url) as connection:
        names = {
            table.name: dict(connection.execute(select(table.c.id, table.c[name])).all())
            for table, name in NUMBERED.items()
        }
        found: dict[str, list[str]] = {}
        said = {}
        for table in metadata.sorted_tables:
            if table in {batch, change}:
                continue
            rows = []
            for row in connection.execute(select(table)).mappings():
                plain: dict[str, Any] = {}
                for name, value in row.items():
                    if name == "claim_id":
                        plain[name] = said[value]
                    elif name == "dataset_id" or (table is dataset and name == "id"):
                        plain[name] = names["dataset"].get(value)
                    elif name.endswith("_id") or name == "id":
                        plain[name] = names["record"].get(value)
                    else:
                        plain[name] = value
                for name in {"batch_id"} | ({"id"} if table is claim else set()):
                    plain.pop(name, None)
                rows.append(json.dumps(plain, ensure_ascii=False, sort_keys=True))
                if table is claim:
                    said[row["id"]] = rows[-1]
            found[table.name] = sorted(rows)
    return found


def exported(url: URL, folder: Path, *more: str) -> Path:
    result = zoo("export", "seeds", folder, *more, db=url)
    assert result.exit_code == 0, result.output
    return folder


def files_of(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in sorted(folder.rglob("*.yaml"))}


def comes_round(url: URL, empty: URL, folder: Path) -> Path:
    """Export, load into an empty database and over the first: both hold what the first held."""
    held = everything(url)
    exported(url, folder)
    made = load(empty, folder)
    assert not made.problems, [problem.tell() for problem in made.problems]
    assert everything(empty) == held
    again = load(url, folder)
    assert (again.problems, again.batch, again.created, again.updated) == ((), None, {}, {})
    assert everything(url) == held
    assert files_of(exported(empty, folder.with_name(f"{folder.name}-again"))) == files_of(folder)
    return folder


def test_the_packaged_data_set_comes_round(own_packaged: URL, servers: Servers, tmp_path: Path) -> None:
    comes_round(own_packaged, servers.fresh(name_of(own_packaged)), tmp_path / "out")


def test_two_data_sets_that_speak_of_the_same_come_round(own_packaged: URL, servers: Servers, tmp_path: Path) -> None:
    assert not load(own_packaged, ALDER).problems
    comes_round(own_packaged, servers.fresh(name_of(own_packaged)), tmp_path / "out")
