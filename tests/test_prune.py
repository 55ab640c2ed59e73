"""Pruning: what is gone from a data set's folder goes, unless something else refers to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, func, insert, select

from conftest import WriteSeeds, load, zoo
from zoo_provenance import database
from zoo_provenance.deciding import waive
from zoo_provenance.history.batches import batch_of
from zoo_provenance.loading.load import Loaded
from zoo_provenance.loading.load import load as load_seeds
from zoo_provenance.tables import batch, decision, metadata, record

Files = dict[str, str]
WORLD: Files = {
    "sources.yaml": "ledger: {kind: archive}\nnews: {kind: news, based_on: [ledger]}\n",
    "taxa.yaml": "cats: {rank: family}\nlion: {rank: species, parent: cats}\n",
    "institutions.yaml": "zoo-a: {kind: zoo}\nzoo-b: {kind: zoo}\nzoo-c: {kind: zoo}\n",
    "people.yaml": "ann: {offices: [{value: Director, source: news}]}\n",
    "animals.yaml": """\
leo: {taxon: lion, names: [{value: Leo, source: news}], sources: [ledger], waive: [{rule: unsourced, because: Old.}]}
lea: {taxon: lion, sources: [ledger]}
cub: {taxon: lion, sire: leo, dam: lea, sources: [ledger]}
""",
    "transfers/gift.yaml": """\
kind: gift
from: zoo-a
to: zoo-b
sources: [ledger]
lines:
  lions:
    taxon: lion
    count: {claims: [{value: 1, source: ledger}, {value: 2, source: news, dismissed: A slip.}], settled: 1, because: One.}
    animals: [cub]
participants: {ann: {who: ann, role: giver}}
""",
    "transfers/thanks.yaml": "kind: gift\nfrom: zoo-b\nto: zoo-a\nanswers: gift\nsources: [ledger]\n",
}
TABLES: Files = {
    "taxa.csv": "slug\nlion\n",
    "institutions.csv": "slug,kind\nzoo-a,zoo\nzoo-b,zoo\n",
    "animals.csv": "slug,taxon\nleo,lion\nlea,lion\ncub,lion\n",
    "descent.csv": "child,parent,role\ncub,leo,sire\ncub,lea,dam\n",
}


def without(*paths: str, **entries: str) -> Files:
    """Return the world without some files, and without the entries of registries that begin so."""
    files = {path: text for path, text in WORLD.items() if path not in paths}
    for stem, slug in entries.items():
        name = f"{stem}.yaml"
        files[name] = "".join(line for line in files[name].splitlines(True) if not line.startswith(f"{slug}:"))
    return files


def pruned(url: URL, *folders: Path, dry_run: bool = False) -> Loaded:
    loaded = load_seeds(lambda: database.writing(url), folders, prune=True, dry_run=dry_run)
    assert not loaded.problems, [problem.tell() for problem in loaded.problems]
    return loaded


def slugs(url: URL) -> set[str]:
    with database.reading(url) as connection:
        return set(connection.execute(select(record.c.slug)).scalars())


def rows(url: URL) -> dict[str, int]:
    with database.reading(url) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name not in {"batch", "change"}
        }


@pytest.fixture
def world(url: URL, seeds: WriteSeeds) -> URL:
    assert not load(url, seeds(WORLD)).problems
    return url


def test_a_record_gone_from_the_folder_stays_without_prune(world: URL, seeds: WriteSeeds) -> None:
    loaded = load(world, seeds(without("transfers/thanks.yaml")))
    assert (loaded.batch, loaded.pruned) == (None, {})
    assert "thanks" in slugs(world)


def test_a_record_gone_from_the_folder_keeps_all_that_was_said_of_it(world: URL, seeds: WriteSeeds) -> None:
    before = rows(world)
    files = without("transfers/gift.yaml", "transfers/thanks.yaml", "people.yaml", animals="leo")
    assert load(world, seeds(files)).batch is None
    assert rows(world) == before


def test_a_record_gone_from_the_folder_goes_with_prune_and_all_that_was_said_of_it(
    world: URL, seeds: WriteSeeds, url: URL
) -> None:
    files = without("transfers/thanks.yaml", "transfers/gift.yaml", "people.yaml", animals="cub", institutions="zoo-c")
    loaded = pruned(world, seeds(files))
    assert loaded.pruned == {"institution": 1, "person": 1, "animal": 1, "transfer": 2}
    assert (loaded.created, loaded.updated, loaded.kept) == ({}, {}, ())
    assert not slugs(world) & {"thanks", "gift", "ann", "cub", "zoo-c"}
    left = rows(world)
    assert {
        name for name in ("transfer_line", "line_animal", "descent", "participant", "decision") if left[name]
    } == set()
    again = pruned(world, seeds(files))
    assert (again.pruned, again.batch) == ({}, None)


def test_what_is_left_is_what_the_folder_alone_would_have_made(world: URL, seeds: WriteSeeds, servers: Any) -> None:
    from conftest import name_of
    from test_export_seeds import everything

    files = without("transfers/thanks.yaml", "transfers/gift.yaml", "people.yaml", animals="cub", institutions="zoo-c")
    pruned(world, seeds(files))
    alone = servers.fresh(name_of(world))
    assert not load(alone, seeds(files)).problems
    assert everything(world) == everything(alone)


def test_a_circle_of_records_that_are_all_gone_goes(url: URL, seeds: WriteSeeds) -> None:
    circle = {
        "transfers/a.yaml": "{exchanged_for: b, status: planned, unsourced: true}",
        "transfers/b.yaml": "exchanged_for: a\n",
    }
    assert not load(url, seeds(circle)).problems
    assert pruned(url, seeds({})).pruned == {"transfer": 2}


def test_a_record_that_another_one_refers_to_stays_and_says_by_what(world: URL, seeds: WriteSeeds) -> None:
    loaded = pruned(world, seeds(without(animals="leo", institutions="zoo-a", sources="news")))
    assert {one.slug: one.by for one in loaded.kept} == {
        "leo": ("animal cub",),
        "zoo-a": ("transfer gift", "transfer thanks"),
        "news": ("person ann", "transfer gift"),
    }
    assert (loaded.pruned, loaded.batch) == ({}, None)


def test_what_stays_keeps_what_it_refers_to(url: URL, seeds: WriteSeeds) -> None:
    chain = "a: {}\nb: {parents: [a], unsourced: true}\nc: {parents: [b], unsourced: true}\n"
    last = "d: {parents: [c], unsourced: true}\n"
    assert not load(url, seeds({"animals.yaml": chain + last})).problems
    loaded = pruned(url, seeds({"animals.yaml": last}))
    assert [(one.slug, one.by) for one in loaded.kept] == [
        ("a", ("animal b",)),
        ("b", ("animal c",)),
        ("c", ("animal d",)),
    ]


OTHERS: dict[str, Files] = {
    "speaks of it": {"about/leo.yaml": "about: leo\nsex: {value: male, source: theirs}\n"},
    "names it": {"animals.yaml": "theirs-2: {taxon: {value: lion, unsourced: true}, sire: leo, unsourced: true}\n"},
    "claims it": {"about/cub.yaml": "about: cub\nsire: {value: leo, source: theirs}\n"},
    "waives a finding of it": {"about/leo.yaml": "about: leo\nwaive: [{rule: unsourced, because: Old.}]\n"},
}


@pytest.mark.parametrize("files", OTHERS.values(), ids=list(OTHERS))
def test_a_record_that_another_data_set_speaks_of_stays(world: URL, seeds: WriteSeeds, files: Files) -> None:
    others = seeds({"sources.yaml": "theirs: {kind: news}\n", **files}, name="others")
    assert not load(world, others).problems
    loaded = pruned(world, seeds(without("transfers/gift.yaml", "transfers/thanks.yaml", animals="leo", taxa="lion")))
    assert "leo" in slugs(world)
    kept = {one.slug: one.by for one in loaded.kept}
    assert kept["leo"]
    assert "animal cub" in kept["lion"]


def test_a_record_that_was_decided_on_by_command_stays(world: URL, seeds: WriteSeeds) -> None:
    with database.writing(world) as connection:
        ids = dict(connection.execute(select(record.c.slug, record.c.id)).all())
        waive(connection, "unsourced", ids["zoo-c"], "", "Nobody knows.")
        with batch_of(connection, "prefer", "Said so.") as batch:
            values = {"field": "sex", "value": "female", "reason": "Said so.", "batch_id": batch.id}
            connection.execute(insert(decision).values(record_id=ids["lea"], **values))
    files = without("transfers/gift.yaml", "transfers/thanks.yaml", animals="lea", institutions="zoo-c")
    files["animals.yaml"] = files["animals.yaml"].replace(", dam: lea", "")
    assert {one.slug: one.by for one in pruned(world, seeds(files)).kept} == {
        "lea": ("a decision by command",),
        "zoo-c": ("a decision by command",),
    }


def test_only_the_data_set_that_is_loaded_is_pruned(world: URL, seeds: WriteSeeds) -> None:
    others = {"institutions.yaml": "elm-zoo: {kind: zoo}\n"}
    assert not load(world, seeds(others, name="others")).problems
    assert pruned(world, seeds(WORLD)).pruned == {}
    assert pruned(world, seeds({}, name="others")).pruned == {"institution": 1}
    assert "zoo-a" in slugs(world)


def test_a_dry_run_says_what_would_go_and_leaves_it(world: URL, seeds: WriteSeeds) -> None:
    before = rows(world)
    loaded = pruned(world, seeds(without("transfers/thanks.yaml")), dry_run=True)
    assert (loaded.pruned, loaded.batch) == ({"transfer": 1}, None)
    assert rows(world) == before


def test_a_pruned_record_comes_back_with_its_file(world: URL, seeds: WriteSeeds) -> None:
    before = rows(world)
    pruned(world, seeds(without("transfers/thanks.yaml")))
    assert pruned(world, seeds(WORLD)).created == {"transfer": 1}
    assert rows(world) == before


def test_rows_gone_from_a_table_go_and_a_table_that_is_not_there_says_nothing(url: URL, tmp_path: Path) -> None:
    def tables(name: str, files: Files) -> Path:
        folder = tmp_path / name / "test-set"
        folder.mkdir(parents=True)
        for path, text in {"dataset.yaml": "name: test-set\nunsourced: true\n", **files}.items():
            (folder / path).write_text(text)
        return folder

    assert not load(url, tables("first", TABLES)).problems
    fewer = {"animals.csv": "slug,taxon\nleo,lion\nlea,lion\n"}
    loaded = pruned(url, tables("second", fewer))
    assert (loaded.pruned, loaded.kept) == ({"animal": 1}, ())
    assert loaded.unchanged == {"animal": 2}
    assert slugs(url) == {"lion", "zoo-a", "zoo-b", "leo", "lea"}
    assert rows(url)["descent"] == 0
    emptied = pruned(url, tables("third", {"animals.csv": "slug,taxon\nleo,lion\n", "taxa.csv": "slug\n"}))
    assert emptied.pruned == {"animal": 1}
    assert [(one.slug, one.by) for one in emptied.kept] == [("lion", ("animal leo",))]


def test_the_command_tells_what_went_and_what_stayed(world: URL, seeds: WriteSeeds) -> None:
    folder = seeds(without("transfers/thanks.yaml", animals="leo"))
    result = zoo("load", "--prune", "-f", "json", folder, db=world)
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["pruned"] == {"transfer": 1}
    assert told["kept"] == [{"record": {"slug": "leo", "label": "Leo", "kind": "animal"}, "by": ["animal cub"]}]
    assert "leo is gone and stays: animal cub refers to it." in result.stderr
    shown = zoo(
        "load", "--prune", "-f", "table", seeds(without("transfers/thanks.yaml", "transfers/gift.yaml")), db=world
    )
    assert [line.split() for line in shown.stdout.splitlines() if line.startswith(("Kind", "transfer"))] == [
        ["Kind", "Created", "Updated", "Unchanged", "Pruned"],
        ["transfer", "0", "0", "0", "1"],
    ]


def test_pruning_needs_the_whole_folder(world: URL, seeds: WriteSeeds) -> None:
    folder = seeds(without("transfers/thanks.yaml"))
    result = zoo("load", "--prune", folder / "animals.yaml", db=world)
    assert result.exit_code == 2
    assert "needs a data set's whole folder" in result.stderr
    assert "thanks" in slugs(world)


def test_pruning_is_logged_as_a_batch_of_its_own(world: URL, seeds: WriteSeeds) -> None:
    loaded = pruned(world, seeds(without("transfers/thanks.yaml")))
    with database.reading(world) as connection:
        last = connection.execute(select(func.max(batch.c.id))).scalar_one()
    assert loaded.batch == last
