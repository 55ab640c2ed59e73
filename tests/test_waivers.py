"""Waivers: what may stand nevertheless, said in a seed file or by command, each with its reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select, text

from conftest import ENGINES, Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import database
from zoo_provenance.loading.problems import Problem
from zoo_provenance.rules import RULES
from zoo_provenance.tables import batch, dataset, metadata, record, waiver
from zoo_provenance.vocabulary import NOTE_LENGTH

Files = dict[str, str]

MOVE = "transfers/move.yaml"
FAULTY: Files = {
    "taxa.yaml": "otter: {rank: species, sources: [ledger]}\n",
    "sources.yaml": "ledger: {kind: archive, url: https://zoo-a.example}\n",
    "institutions.yaml": "zoo-a: {kind: zoo, sources: [ledger]}\nzoo-b: {kind: zoo, sources: [ledger]}\n",
    "people.yaml": """\
ann:
  offices: [{value: Director, during: 2000, source: ledger}]
  sources: [ledger]
""",
    "animals.yaml": """\
pip: {taxon: otter, sources: [ledger]}
squeak: {taxon: otter, sources: [ledger]}
""",
    MOVE: """\
kind: gift
from: zoo-a
to: zoo-b
date: 2010
sources: [ledger]
totals: [{value: 9, source: ledger}]
lines:
  otters:
    taxon: otter
    count: 1
    animals: [pip, squeak]
  others: {taxon: otter, count: {value: 2, unsourced: true}}
participants:
  she: {who: ann, role: signed, as: Director}
""",
}
"""Every finding once: a total, a line with too many animals, a value without a source, an office, a page."""

RECORDS = {
    "lines-total": ["move"],
    "more-animals": ["move/otters"],
    "office-dates": ["move", "ann"],
    "unsourced": ["move/others"],
    "unarchived": ["ledger"],
}


def edited(path: str, old: str, new: str, files: Files = FAULTY) -> Files:
    assert files[path].count(old) == 1, (path, old)
    return {**files, path: files[path].replace(old, new)}


def waived(url: URL, *arguments: str) -> dict[str, str | None]:
    """Return why each finding may stand, by rule; None where it may not."""
    result = zoo("check", *arguments, "-f", "json", db=url)
    findings: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    assert all(RECORDS[one["rule"]] == one["records"] for one in findings)
    found = {one["rule"]: one["waived"] for one in findings}
    assert len(found) == len(findings)
    assert result.exit_code == (3 if None in found.values() else 0)
    return found


def loaded(url: URL, *folders: Path) -> None:
    assert [problem.tell() for problem in load(url, *folders).problems] == []


def stored(url: URL) -> list[tuple[str, str, str, str, str | None]]:
    """Return all waivers: rule, record, part, reason, and the data set that has them (None: by command)."""
    query = (
        select(waiver.c.rule, record.c.slug, waiver.c.part, waiver.c.reason, dataset.c.name)
        .join(record, record.c.id == waiver.c.record_id)
        .outerjoin(dataset, dataset.c.id == waiver.c.dataset_id)
        .order_by(waiver.c.rule, record.c.slug, waiver.c.part)
    )
    with database.reading(url) as connection:
        return [(row[0], row[1], row[2], row[3], row[4]) for row in connection.execute(query)]


def everything(url: URL) -> dict[str, list[Any]]:
    with database.reading(url) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


ON_RECORD = edited(MOVE, "date: 2010\n", "date: 2010\nwaive: [{rule: lines-total, because: the list is cut off}]\n")
ON_LINE = edited(
    MOVE, "    count: 1\n", "    count: 1\n    waive:\n      - {rule: more-animals, because: one is a cub}\n"
)
ON_PARTICIPANT = edited(
    MOVE, "as: Director}", "as: Director, waive: [{rule: office-dates, because: she was called so all her life}]}"
)
ABOUT: Files = {
    "about/move.yaml": "about: move\nwaive: [{rule: lines-total, because: seen elsewhere}]\n"
    "lines: {others: {waive: [{rule: unsourced, because: so it is told}]}}\n"
    "participants: {she: {waive: [{rule: office-dates, because: honorary}]}}\n",
    "about/otters.yaml": "about: move/otters\nwaive: [{rule: more-animals, because: two in one crate}]\n",
    "about/ledger.yaml": "about: ledger\nwaive: [{rule: unarchived, because: no archive takes it}]\n",
}


@pytest.fixture(scope="module")
def kepts(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], URL]:
    """Return the database of an engine with every finding once, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("kept")
    for path, content in {"dataset.yaml": "name: test-set\n", **FAULTY}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")

    @cache
    def made(engine: str) -> URL:
        url = servers.fresh(engine, lasting=True)
        assert load(url, folder).problems == ()
        return url

    return made


@pytest.fixture(params=ENGINES)
def kept(request: pytest.FixtureRequest, kepts: Callable[[str], URL]) -> URL:
    """The data set with every finding once, on each engine; only read it."""
    return kepts(request.param)


# -- in seed files -----------------------------------------------------------------------------------


def test_without_a_waiver_every_finding_stands(kept: URL) -> None:
    assert waived(kept) == dict.fromkeys(RECORDS)


@pytest.mark.parametrize(
    ("files", "rule", "because", "part"),
    [
        pytest.param(ON_RECORD, "lines-total", "the list is cut off", "", id="record"),
        pytest.param(ON_LINE, "more-animals", "one is a cub", "lines/otters", id="line"),
        pytest.param(
            ON_PARTICIPANT, "office-dates", "she was called so all her life", "participants/she", id="participant"
        ),
    ],
)
def test_a_waiver_is_shown_with_its_reason_and_gone_from_the_file_it_is_gone(
    url: URL, seeds: WriteSeeds, files: Files, rule: str, because: str, part: str
) -> None:
    loaded(url, seeds(files))
    assert waived(url) == {**dict.fromkeys(RECORDS), rule: because}
    assert stored(url) == [(rule, "move", part, because, "test-set")]
    result = zoo("check", "--rule", rule, "-f", "table", db=url)
    assert f"because: {because}" in result.stdout
    assert "Waived: 1." in result.stdout
    loaded(url, seeds(FAULTY))
    assert waived(url) == dict.fromkeys(RECORDS)
    assert stored(url) == []


def test_a_waiver_can_be_given_in_a_file_about_what_another_data_set_defines(url: URL, seeds: WriteSeeds) -> None:
    loaded(url, seeds(FAULTY))
    loaded(url, seeds(ABOUT, name="second"))
    assert waived(url) == {
        "lines-total": "seen elsewhere",
        "more-animals": "two in one crate",
        "office-dates": "honorary",
        "unsourced": "so it is told",
        "unarchived": "no archive takes it",
    }
    assert {one[4] for one in stored(url)} == {"second"}
    less = {path: content for path, content in ABOUT.items() if path != "about/move.yaml"}
    loaded(url, seeds(less, name="second"))
    assert waived(url) == {
        **dict.fromkeys(RECORDS),
        "more-animals": "two in one crate",
        "unarchived": "no archive takes it",
    }


def test_a_second_data_set_loaded_together_with_the_first_waives_too(url: URL, seeds: WriteSeeds) -> None:
    loaded(url, seeds(ABOUT, name="second"), seeds(FAULTY))
    assert None not in waived(url).values()


def test_another_data_sets_waiver_stays_when_the_first_is_loaded_without_one(url: URL, seeds: WriteSeeds) -> None:
    loaded(url, seeds(FAULTY), seeds(ABOUT, name="second"))
    before = stored(url)
    loaded(url, seeds(FAULTY))
    loaded(url, seeds(edited(MOVE, "date: 2010\n", "date: 2011\n")))
    assert stored(url) == before


def test_of_two_data_sets_that_waive_the_same_the_first_stays_until_it_is_gone(url: URL, seeds: WriteSeeds) -> None:
    loaded(url, seeds(ON_RECORD))
    loaded(url, seeds(ABOUT, name="second"))
    assert waived(url)["lines-total"] == "the list is cut off"
    loaded(url, seeds(FAULTY))
    loaded(url, seeds(ABOUT, name="second"))
    assert waived(url)["lines-total"] == "seen elsewhere"


def test_a_commands_waiver_stays_whatever_is_loaded(url: URL, seeds: WriteSeeds) -> None:
    loaded(url, seeds(FAULTY))
    assert zoo("waive", "lines-total", "move", "--because", "by hand", db=url).exit_code == 0
    for files in (FAULTY, ON_RECORD, FAULTY):
        loaded(url, seeds(files))
        assert stored(url) == [("lines-total", "move", "", "by hand", None)]
    assert waived(url)["lines-total"] == "by hand"


@pytest.mark.parametrize("files", [ON_RECORD, ON_LINE, ON_PARTICIPANT], ids=["record", "line", "participant"])
def test_loading_waivers_twice_changes_nothing(url: URL, seeds: WriteSeeds, files: Files) -> None:
    folders = [seeds(files), seeds(ABOUT, name="second")]
    loaded(url, *folders)
    before = everything(url)
    again = load(url, *folders)
    assert (again.problems, again.created, again.updated, again.batch) == ((), {}, {}, None)
    assert everything(url) == before


def test_a_waiver_that_is_new_or_reads_otherwise_or_is_gone_is_a_change_of_its_record(
    url: URL, seeds: WriteSeeds
) -> None:
    loaded(url, seeds(FAULTY))
    other = edited(MOVE, "the list is cut off", "another reason", ON_RECORD)
    for files, reasons in ((ON_RECORD, ["the list is cut off"]), (other, ["another reason"]), (FAULTY, [])):
        done = load(url, seeds(files))
        assert (done.created, done.updated) == ({}, {"transfer": 1})
        assert [one[3] for one in stored(url)] == reasons


def test_a_dry_run_waives_nothing(url: URL, seeds: WriteSeeds) -> None:
    loaded(url, seeds(FAULTY))
    assert load(url, seeds(ON_RECORD), dry_run=True).updated == {"transfer": 1}
    assert stored(url) == []


def test_a_waiver_of_a_whole_record_covers_its_lines_and_participants(url: URL, seeds: WriteSeeds) -> None:
    rules = ("more-animals", "office-dates", "unsourced")
    whole = ", ".join(f"{{rule: {rule}, because: known}}" for rule in rules)
    loaded(url, seeds(edited(MOVE, "date: 2010\n", f"date: 2010\nwaive: [{whole}]\n")))
    assert waived(url) == {**dict.fromkeys(RECORDS), **dict.fromkeys(rules, "known")}


def test_a_waiver_of_a_whole_record_covers_the_drift_of_its_lines(url: URL, seeds: WriteSeeds) -> None:
    claimed = edited(MOVE, "count: 1\n", "count: {value: 1, source: ledger}\n")
    loaded(url, seeds(claimed))
    with database.writing(url) as connection:
        connection.execute(text("UPDATE transfer_line SET count = '2', count_min = 2, count_max = 2"))
    assert zoo("waive", "drift", "move", "--because", "being looked into", db=url).exit_code == 0
    result = zoo("check", "--rule", "drift", "-f", "json", db=url)
    assert [one["waived"] for one in json.loads(result.stdout)["findings"]] == ["being looked into"]
    assert result.exit_code == 0


def test_a_waiver_of_a_line_covers_neither_its_record_nor_another_line_nor_another_rule(
    url: URL, seeds: WriteSeeds
) -> None:
    waive = "waive: [{rule: unsourced, because: no}, {rule: lines-total, because: no}, {rule: unarchived, because: no}]"
    loaded(url, seeds(edited(MOVE, "    count: 1\n", f"    count: 1\n    {waive}\n")))
    assert waived(url) == dict.fromkeys(RECORDS)


def test_the_reason_of_a_part_is_told_before_that_of_its_record(url: URL, seeds: WriteSeeds) -> None:
    files = edited(MOVE, "date: 2010\n", "date: 2010\nwaive: [{rule: more-animals, because: in general}]\n", ON_LINE)
    loaded(url, seeds(files))
    assert waived(url)["more-animals"] == "one is a cub"


# -- what is wrong with one ----------------------------------------------------------------------------


def problems_of(url: URL, *folders: Path) -> tuple[Problem, ...]:
    """Return the problems of a load that wrote nothing."""
    before = everything(url)
    problems = load(url, *folders).problems
    assert problems
    assert everything(url) == before
    return problems


def told(problem: Problem, folder: Path) -> str:
    """Return a problem as it is printed, from its folder on."""
    return problem.tell().replace(f"{folder}/", "")


def one_problem(url: URL, folder: Path) -> tuple[str, Problem]:
    (problem,) = problems_of(url, folder)
    return told(problem, folder), problem


@pytest.mark.parametrize(
    ("waive", "position", "says", "suggests"),
    [
        (
            "{rule: line-total, because: cut off}",
            "5:16",
            "'line-total' is no rule of the check",
            "did you mean 'lines-total'?",
        ),
        ("{rule: xyz, because: cut off}", "5:16", "'xyz' is no rule of the check", "expected one of before-birth, "),
        ("{rule: lines-total}", "5:9", "needs 'because'", ""),
        ("{because: cut off}", "5:9", "needs 'rule'", ""),
        ('{rule: lines-total, because: ""}', "5:38", "a waiver needs its reason in 'because'", ""),
        ('{rule: lines-total, because: "  "}', "5:38", "a waiver needs its reason in 'because'", ""),
        ("{rule: lines-total, because: }", "5:29", "nothing stands after 'because'; leave the key out", ""),
        (
            "{rule: lines-total, becuase: cut off}",
            "5:29",
            "unknown key 'becuase'",
            "did you mean 'because'?",
        ),
        (
            f"{{rule: lines-total, because: {'x' * (NOTE_LENGTH + 1)}}}",
            "5:38",
            "because: is 1,001 characters long; at most 1,000 fit",
            "",
        ),
    ],
    ids=["misspelt", "unlike", "no-because", "no-rule", "empty", "blank", "nothing", "misspelt-key", "too-long"],
)
def test_a_waiver_that_cannot_be_is_told_where_it_stands(
    kept: URL, seeds: WriteSeeds, waive: str, position: str, says: str, suggests: str
) -> None:
    folder = seeds(edited(MOVE, "date: 2010\n", f"date: 2010\nwaive: [{waive}]\n"))
    message, problem = one_problem(kept, folder)
    assert message.startswith(f"{MOVE}:{position}: {says}"), message
    assert suggests in problem.suggestion
    assert f"    5 | waive: [{waive[:40]}" in message


def test_several_problems_with_waivers_are_told_together_in_file_order(kept: URL, seeds: WriteSeeds) -> None:
    wrong = "waive: [{rule: more-animls, because: ''}]"
    folder = seeds(edited(MOVE, "    count: 1\n", f"    count: 1\n    {wrong}\n"))
    messages = [told(problem, folder).split("\n")[0] for problem in problems_of(kept, folder)]
    assert messages == [
        f"{MOVE}:11:20: 'more-animls' is no rule of the check",
        f"{MOVE}:11:42: a waiver needs its reason in 'because'",
    ]


@pytest.mark.parametrize(
    ("content", "position", "says", "suggests"),
    [
        (
            "about: move/otter\nwaive: [{rule: more-animals, because: crate}]\n",
            "1:8",
            "'move' has no line 'otter'",
            "did you mean 'otters'?",
        ),
        (
            "about: move\nlines:\n  otter:\n    waive: [{rule: more-animals, because: crate}]\n",
            "3:3",
            "'move' has no line 'otter'",
            "did you mean 'otters'?",
        ),
        (
            "about: move\nparticipants:\n  he:\n    waive: [{rule: office-dates, because: so}]\n",
            "3:3",
            "'move' has no participant 'he'",
            "did you mean 'she'?",
        ),
        (
            "about: pip/otters\nwaive: [{rule: more-animals, because: crate}]\n",
            "1:8",
            "'pip' is no transfer and has no lines",
            "",
        ),
        ("about: mve\nwaive: [{rule: lines-total, because: so}]\n", "1:8", "nothing is called 'mve'", "'move'"),
    ],
    ids=["line", "line-below", "participant", "no-transfer", "no-record"],
)
def test_a_waiver_of_what_does_not_exist_is_told_where_the_file_about_it_names_it(
    kept: URL, seeds: WriteSeeds, content: str, position: str, says: str, suggests: str
) -> None:
    message, problem = one_problem(kept, seeds({"about/it.yaml": content}, name="second"))
    assert f"about/it.yaml:{position}: {says}" in message
    assert suggests in problem.suggestion


# -- the command ---------------------------------------------------------------------------------------


@pytest.fixture
def faulty(url: URL, seeds: WriteSeeds) -> URL:
    loaded(url, seeds(FAULTY))
    return url


def test_a_command_waives_a_record_with_its_reason_as_a_batch_of_its_own(faulty: URL) -> None:
    result = zoo("waive", "lines-total", "move", "--because", "  the list\n is cut off ", db=faulty)
    assert (result.exit_code, result.stdout) == (0, "")
    with database.reading(faulty) as connection:
        last = connection.execute(select(batch).order_by(batch.c.id.desc())).first()
        assert last is not None
        assert (last.command, last.reason) == ("waive", "the list is cut off")
    assert result.stderr == f"lines-total is waived for move (batch {last.id}). See: zoo-provenance check move\n"
    assert waived(faulty) == {**dict.fromkeys(RECORDS), "lines-total": "the list is cut off"}


def test_a_command_waives_a_line(faulty: URL) -> None:
    result = zoo("waive", "more-animals", "move/otters", "--because", "one is a cub", db=faulty)
    assert (result.exit_code, "move/otters" in result.stderr) == (0, True)
    assert stored(faulty) == [("more-animals", "move", "lines/otters", "one is a cub", None)]
    assert waived(faulty, "move/otters") == {"more-animals": "one is a cub"}


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (("line-total", "move", "--because", "so"), 2, "'line-total' is no rule of the check"),
        (("lines-total", "move", "--because", ""), 2, "needs its reason"),
        (("lines-total", "move", "--because", " \n\t"), 2, "needs its reason"),
        (("lines-total", "move"), 2, "--because"),
        (("lines-total", "move", "--because", "x" * (NOTE_LENGTH + 1)), 2, "1,001 characters long; at most 1,000"),
        (("lines-total", "moves", "--because", "so"), 4, "'move'"),
        (("lines-total", "move/otter", "--because", "so"), 4, "'move/otters'"),
        (("lines-total", "nothing-like-it", "--because", "so"), 4, "'nothing-like-it'"),
    ],
    ids=["rule", "empty", "blank", "none", "too-long", "record", "line", "unlike"],
)
def test_what_cannot_be_waived_is_told_in_one_line_and_nothing_is_written(
    kept: URL, arguments: tuple[str, ...], exit_code: int, says: str
) -> None:
    before = everything(kept)
    result = zoo("waive", *arguments, db=kept)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert says in result.stderr
    assert isinstance(result.exception, SystemExit)
    assert everything(kept) == before


def test_an_unknown_rule_names_the_rules_there_are(kept: URL) -> None:
    result = zoo("waive", "xyz", "move", "--because", "so", db=kept)
    assert all(rule in result.stderr for rule in RULES)


def test_the_longest_reason_is_kept_whole(faulty: URL) -> None:
    reason = "x" * NOTE_LENGTH
    assert zoo("waive", "lines-total", "move", "--because", reason, db=faulty).exit_code == 0
    assert waived(faulty)["lines-total"] == reason


def test_what_is_waived_already_is_not_waived_again_but_its_lines_may_be(faulty: URL) -> None:
    assert zoo("waive", "more-animals", "move", "--because", "known", db=faulty).exit_code == 0
    before = everything(faulty)
    result = zoo("waive", "more-animals", "move", "--because", "another reason", db=faulty)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "waived here already: known" in result.stderr
    assert everything(faulty) == before
    assert zoo("waive", "more-animals", "move/otters", "--because", "a cub", db=faulty).exit_code == 0
    assert waived(faulty)["more-animals"] == "a cub"


def test_what_a_seed_file_waives_is_not_waived_again_by_command(url: URL, seeds: WriteSeeds) -> None:
    loaded(url, seeds(ON_RECORD))
    result = zoo("waive", "lines-total", "move", "--because", "so", db=url)
    assert (result.exit_code, "the list is cut off" in result.stderr) == (2, True)


def test_waiving_without_a_database_makes_none(bare_url: URL) -> None:
    result = zoo("waive", "lines-total", "move", "--because", "so", db=bare_url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "zoo-provenance" in result.stderr
    assert "load" in result.stderr
    if name_of(bare_url) == "sqlite":
        assert not Path(str(bare_url.database)).exists()
    with pytest.raises(Exception, match=r"There is no database|is empty"), database.reading(bare_url):
        pass


@pytest.mark.parametrize("folder", ["", "missing/"])
def test_waiving_beside_a_database_that_is_missing_leaves_the_folder_as_it_was(tmp_path: Path, folder: str) -> None:
    result = zoo("waive", "lines-total", "move", "--because", "so", db=str(tmp_path / f"{folder}none.db"))
    assert result.exit_code == 1
    assert "There is no database" in result.stderr
    assert list(tmp_path.iterdir()) == []
