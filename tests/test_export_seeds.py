"""Seeds exported: files that load into an equal database, and change nothing in the one they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Table, exists, insert, select

from conftest import Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import database, locations
from zoo_provenance.deciding import waive
from zoo_provenance.exporting import folders
from zoo_provenance.history.batches import batch_of
from zoo_provenance.tables import (
    batch,
    change,
    claim,
    dataset,
    decision,
    dismissal,
    judgement,
    metadata,
    record,
    transfer,
)

PACKAGED = locations.packaged_seeds()
ALDER = Path(__file__).parent / "data" / "alder_zoo"
NUMBERED = {record: "slug", dataset: "name"}


def everything(url: URL) -> dict[str, list[str]]:
    """Return all rows of all tables but the history's, every id told as what it stands for."""
    with database.reading(url) as connection:
        return everything_in(connection)


def everything_in(connection: Connection) -> dict[str, list[str]]:
    """Return what `everything` returns, of a connection's database."""
    names = {
        table.name: dict(connection.execute(select(table.c.id, table.c[name])).all())
        for table, name in NUMBERED.items()
    }
    found: dict[str, list[str]] = {}
    said: dict[int, str] = {}
    for table in metadata.sorted_tables:
        if table in {batch, change}:
            continue
        rows = []
        for row in connection.execute(select(table)).mappings():
            plain = _told(row, table, names, said)
            if table is judgement:  # a pair has no order of its own
                plain["record_id"], plain["other_id"] = sorted((plain["record_id"], plain["other_id"]))
            rows.append(json.dumps(plain, ensure_ascii=False, sort_keys=True))
            if table is claim:
                said[row["id"]] = rows[-1]
        found[table.name] = sorted(rows)
    return found


def _told(
    row: Mapping[Any, Any], table: Table, names: Mapping[str, Mapping[int, str]], said: Mapping[int, str]
) -> dict[str, Any]:
    """Return a row with every id as what it stands for, and without the numbers that only count."""
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
    return plain


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


def judged(url: URL) -> None:
    """Decide by command on the packaged data set: settle, leave open, dismiss, waive, call the same and different."""
    with database.writing(url) as connection:
        ids = dict(connection.execute(select(record.c.slug, record.c.id)).all())
        with batch_of(connection, "prefer", "Looked at again.") as batch:
            gift = {"record_id": ids["2024-11-moscow-zoo-gift"], "reason": "Looked at again.", "batch_id": batch.id}
            connection.execute(insert(decision).values(field="transport", value="Il-76", **gift))
            connection.execute(insert(decision).values(field="date", **gift))
            connection.execute(
                insert(decision).values(part="lines/pheasants", field="taxon", value_record_id=ids["birds"], **gift)
            )
            first, last = sorted((ids["san-xing"], ids["lin-lin"]))
            pandas = {"record_id": first, "other_id": last, "kind": "animal", "same": False}
            connection.execute(insert(judgement).values(reason="Two pandas.", batch_id=batch.id, **pandas))
            live = ~exists().where(dismissal.c.claim_id == claim.c.id)
            wrong = select(claim.c.id).where(live, claim.c.record_id == ids["korea-central-zoo"]).limit(40)
            for one in connection.execute(wrong).scalars().all():
                connection.execute(insert(dismissal).values(claim_id=one, reason="A slip: no.", batch_id=batch.id))
        waive(connection, "unsourced", ids["2024-11-moscow-zoo-gift"], "lines/bears", "Nobody knows.")


def test_what_was_decided_by_command_comes_round_and_stays_decided_by_command(
    own_packaged: URL, servers: Servers, tmp_path: Path
) -> None:
    judged(own_packaged)
    # What the columns conclude of it is written by the next load.
    assert not load(own_packaged, PACKAGED).problems
    folder = exported(own_packaged, tmp_path / "first")
    assert not load(own_packaged, folder).problems
    told = json.loads(zoo("export", "seeds", tmp_path / "told", "-f", "json", db=own_packaged).stdout)
    assert told["judgements"] == {"settled": 3, "dismissed": 40, "waived": 1, "merged": 0, "different": 1}
    comes_round(own_packaged, servers.fresh(name_of(own_packaged)), tmp_path / "out")


TWINS = {
    "sources.yaml": "book: {kind: book}\nreprint: {kind: book}\n",
    "taxa.yaml": "lion: {scientific_name: Panthera leo}\nlions: {scientific_name: Panthera leo}\n",
    "institutions.yaml": """
        alder: {kind: zoo, founded: 1900, sources: [book]}
        birch: {kind: zoo, founded: 1905, sources: [reprint]}
        cedar: {kind: zoo, parent: birch, sources: [reprint]}
        """,
    "animals.yaml": """
        leo: {names: [Leo], taxon: lion, sire: old, sources: [book]}
        leon: {names: [Leon], taxon: lions, sex: male, unsourced: true}
        lea: {taxon: lion}
        old: {taxon: lion}
        cub: {sire: [{value: leo, probability: 0.25}, {value: leon, probability: 0.75}], sources: [reprint]}
        """,
    "transfers/gift.yaml": """
        from: birch
        sources: [reprint]
        lines: {lions: {taxon: lions, count: 2, animals: [leon]}, tigers: {count: 1}}
        participants: {giver: {who: birch, role: giver, waive: [{rule: unsourced, because: known}]}}
        """,
    "transfers/gift-again.yaml": """
        sources: [book]
        lines: {lions: {taxon: lion, count: {claims: [3, {value: 4, source: reprint}], settled: 3, because: counted}}}
        """,
}
MERGES = (
    ("lions", "lion"),
    ("birch", "cedar"),
    ("leon", "leo"),
    ("gift", "gift-again", "--take-lines"),
    ("reprint", "book"),
)


def test_what_was_merged_comes_round_and_can_be_taken_back(
    url: URL, seeds: WriteSeeds, servers: Servers, tmp_path: Path
) -> None:
    folder = seeds({**TWINS, "institutions.yaml": TWINS["institutions.yaml"].replace("parent: birch, ", "")})
    assert not load(url, folder).problems
    unmerged = everything(url)
    for names in (("birch", "alder"), ("alder", "cedar"), *MERGES[:1], *MERGES[2:]):
        assert zoo("merge", *names, "--because", "one under two names", db=url).exit_code == 0
    assert zoo("unmerge", "lea", "leo", "--because", "a lioness", db=url).exit_code == 0
    assert zoo("dismiss", "gift-again/lions", "count", "2", "--because", "a slip", db=url).exit_code == 0
    assert zoo("prefer", "cedar", "founded", "1905", "--because", "its own word", db=url).exit_code == 0
    other = servers.fresh(name_of(url))
    comes_round(url, other, tmp_path / "out")
    for words in (("evidence", "leo"), ("list", "animals"), ("find", "Leon"), ("trace", "leon"), ("donors",)):
        assert zoo(*words, "-f", "json", db=other).stdout == zoo(*words, "-f", "json", db=url).stdout
    assert "are judged different: a lioness" in zoo("merge", "lea", "leo", "--because", "x", db=other).stderr
    for slug in ("reprint", "gift", "leon", "alder", "birch", "lions"):
        told = zoo("unmerge", slug, "--because", "two", db=other)
        assert (told.exit_code, told.stderr.count("is taken back")) == (0, 1), told.stderr
    # What referred to a merged record in a column is exported as referring to its survivor.
    apart = everything(other)
    assert [json.loads(row)["slug"] for row in apart["record"] if json.loads(row)["merged_into_id"]] == []
    assert apart["record"] == unmerged["record"]


JUDGEMENTS = {
    "no such record": ("settled: [{record: nobody, field: sex, value: male, because: So.}]", "no record 'nobody'"),
    "no such data set": (
        "dismissed: [{record: leo, field: name, value: Leo, dataset: theirs, because: So.}]",
        "no data set 'theirs'",
    ),
    "no such claim": (
        "dismissed: [{record: leo, field: name, value: Lea, dataset: test-set, because: So.}]",
        "nobody says this of 'leo'",
    ),
    "no such rule": ("waived: [{record: leo, rule: unsorced, because: So.}]", "'unsorced' is no rule of the check"),
    "no reason": ('waived: [{record: leo, rule: unsourced, because: " "}]', "because: is blank"),
    "a key of its own": ("settled: [{record: leo, feild: sex, because: So.}]", "unknown key 'feild'"),
    "a record merged into itself": (
        "merged: [{record: lea, into: lea, because: So.}]",
        "'lea' can only be compared with another record of its kind",
    ),
    "a merged record that descends from the other": (
        "merged: [{record: cub, into: leo, because: So.}]",
        "'cub' descends from 'leo': they cannot be one",
    ),
    "two that are merged and different": (
        "merged: [{record: lea, into: leo, because: So.}]\ndifferent: [{record: lea, into: leo, because: So.}]",
        "'lea' and 'leo' are judged different: So.",
    ),
}


@pytest.mark.parametrize(("text", "told"), JUDGEMENTS.values(), ids=list(JUDGEMENTS))
def test_a_judgement_that_cannot_be_made_is_told_with_its_place(
    url: URL, seeds: WriteSeeds, tmp_path: Path, text: str, told: str
) -> None:
    lions = "leo: {names: [Leo]}\nlea: {}\ncub: {sire: leo, unsourced: true}\n"
    assert not load(url, seeds({"animals.yaml": lions})).problems
    path = tmp_path / "judgements.yaml"
    path.write_text(f"# By hand.\n{text}\n")
    loaded = load(url, path)
    assert loaded.batch is None
    (problem,) = loaded.problems
    assert problem.one_line().startswith(f"{path}:2:")
    assert told in problem.one_line()


def test_a_judgement_that_differs_from_the_one_made_asks_to_overrule(own_packaged: URL, tmp_path: Path) -> None:
    judged(own_packaged)
    path = tmp_path / "judgements.yaml"
    path.write_text(
        "settled: [{record: 2024-11-moscow-zoo-gift, field: transport, value: helicopter, because: Heard it.}]\n"
    )
    (problem,) = load(own_packaged, path).problems
    assert "'transport' was settled otherwise by command: Looked at again. (--overrule" in problem.one_line()
    assert zoo("load", "--overrule", path, db=own_packaged).exit_code == 0
    with database.reading(own_packaged) as connection:
        assert (
            connection.execute(
                select(transfer.c.transport)
                .join(record, record.c.id == transfer.c.id)
                .where(record.c.slug == "2024-11-moscow-zoo-gift")
            ).scalar()
            == "helicopter"
        )


def test_a_folder_that_holds_something_is_left_alone(own_packaged: URL, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    result = zoo("export", "seeds", tmp_path, db=own_packaged)
    assert result.exit_code == 1
    assert "holds something already" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_unknown_data_set_is_told_and_leaves_no_folder(own_packaged: URL, tmp_path: Path) -> None:
    result = zoo("export", "seeds", tmp_path / "out", "--dataset", "corea", db=own_packaged)
    assert result.exit_code == 4
    assert "No data set is called 'corea'" in result.stderr
    assert not (tmp_path / "out").exists()


def test_one_data_set_may_be_chosen_and_judgements_are_then_left_out(own_packaged: URL, tmp_path: Path) -> None:
    assert not load(own_packaged, ALDER).problems
    judged(own_packaged)
    folder = exported(own_packaged, tmp_path / "out", "--dataset", "alder-zoo")
    assert [path.name for path in folder.iterdir()] == ["alder-zoo"]


def test_names_of_data_sets_that_are_no_folders_names_are_made_so(
    url: URL, seeds: WriteSeeds, servers: Servers, tmp_path: Path
) -> None:
    names = ["../Über: Zoo", "über: zoo", "judgements.yaml", "…"]
    for name in names:
        assert not load(url, seeds({"dataset.yaml": f"name: {json.dumps(name)}\n"}, name="one")).problems
    folder = comes_round(url, servers.fresh(name_of(url)), tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == ["ber-zoo", "ber-zoo-2", "data-set", "judgements.yaml-2"]


def test_a_registry_that_grows_large_goes_on_in_the_next_file(
    own_packaged: URL, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "LARGEST", 10_000)
    folder = comes_round(own_packaged, servers.fresh(name_of(own_packaged)), tmp_path / "out")
    assert len(list(folder.glob("*/sources*.yaml"))) > 4


TABLES = {
    "taxa.csv": "slug,name,rank\nlion,the lion,species\n",
    "institutions.csv": "slug,kind\nzoo-a,zoo\nzoo-b,zoo\n",
    "sources.csv": "slug,kind,based_on\nledger,archive,\nnews,news,ledger\n",
    "animals.csv": (
        "slug,name,taxon,sex,count,born,dam,sire,id.gan,sources,notes\n"
        'leo,Leo,lion,male,,2010,,,G-1,ledger,"First.\n\nThen: more."\nlea,Léa  ,lion,?,,~2011,,,,ledger news,\n'
        "cub,,lion,,1.2.0,2019-04/2019-06,lea,,007,,\n"
    ),
    "descent.csv": "child,parent,role,probability\ncub,leo,sire,0.25\ncub,lea,parent,\n",
    "names.csv": "record,name,language,former,source\nleo,Лео,ru,,ledger\nleo,Leopold,,yes,\n",
    "transfers.csv": (
        "slug,kind,status,from,to,date,passes,sources\ngift,gift,,zoo-a,zoo-b,2024,,news\n"
        "loan,loan,planned,zoo-b,?,,title,ledger\nodd,,?,,,,unstated,\n"
    ),
    "lines.csv": "transfer,key,taxon,term,count,animals,notes,sources\ngift,lion,lion,,2,leo lea,,\ngift,skins,lion,SKI,>3,,Dry.,ledger\n",
    "participants.csv": "transfer,key,who,role,as\ngift,zoo,zoo-a,giver,\n",
}


def test_what_was_loaded_from_tables_comes_out_as_seed_files(url: URL, servers: Servers, tmp_path: Path) -> None:
    tables = tmp_path / "herd"
    tables.mkdir()
    for name, text in {"dataset.yaml": "name: herd\nunsourced: true\nsources: [news]\n", **TABLES}.items():
        (tables / name).write_text(text.replace("~2011", "2011~"))
    loaded = load(url, tables)
    assert not loaded.problems, [problem.tell() for problem in loaded.problems]
    comes_round(url, servers.fresh(name_of(url)), tmp_path / "out")
