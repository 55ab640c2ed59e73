"""The history: nothing is forgotten, everything can be taken back, and asked of as it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Connection, func, select, text

from conftest import ENGINES, Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import database, locations
from zoo_provenance.deciding import undo, waive
from zoo_provenance.errors import CannotUndo, NotThen
from zoo_provenance.history import content
from zoo_provenance.history.as_of import look_back, moment_of
from zoo_provenance.history.batches import batch_of
from zoo_provenance.history.tracked import TRACKED
from zoo_provenance.history.verifying import verify
from zoo_provenance.questions.history import batches, done_by, done_to
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.tables import batch, change, dataset, record, transfer

SOURCES = "paper: {kind: news, publisher: The Paper}\nletter: {kind: letter}\n"
TAXA = "panthera: {rank: genus, sources: [paper]}\npanthera-leo: {rank: species, parent: panthera, sources: [paper]}\n"
ZOOS = "here: {kind: zoo, country: KP, sources: [paper]}\nthere: {kind: zoo, country: RU, sources: [paper]}\n"
ANIMALS = (
    "leo: {taxon: panthera-leo, sex: male, sources: [paper]}\ncub: {taxon: panthera-leo, sire: leo, sources: [paper]}\n"
)
GIFT = """\
kind: gift
from: there
to: here
date: 2024-11
sources: [paper]
lines:
  lions: {taxon: panthera-leo, count: 2, animals: [leo]}
  bears: {taxon: panthera, count: ">3"}
participants:
  m: {who: minister, role: giver}
"""
LONG = f"{'x' * 500} in the middle {'x' * 500}"
BASE = {
    "sources.yaml": SOURCES,
    "taxa.yaml": TAXA,
    "institutions.yaml": ZOOS,
    "people.yaml": f"minister: {{sources: [paper], notes: {LONG}}}\n",
    "animals.yaml": ANIMALS,
    "transfers/gift.yaml": GIFT,
}


def state(connection: Connection) -> dict[str, list[Any]]:
    """Return every row of every tracked table."""
    return {
        tracked.name: sorted((tuple(row) for row in connection.execute(select(tracked.table))), key=repr)
        for tracked in TRACKED
    }


def state_at(url: URL) -> dict[str, list[Any]]:
    with database.reading(url) as connection:
        return state(connection)


def take_back(url: URL, number: int) -> int:
    with database.writing(url) as connection:
        return undo(connection, number, "it was wrong")


def newest(url: URL) -> int:
    with database.reading(url) as connection:
        return int(connection.execute(select(func.max(batch.c.id))).scalar_one())


def execute(url: URL, *statements: str) -> None:
    """Write past the program."""
    with database.engine_of(url, foreign_keys=False).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def edited(**files: str) -> dict[str, str]:
    """Return the base files with some replaced; `transfers__loan` stands for transfers/loan.yaml."""
    return BASE | {f"{name.replace('__', '/')}.yaml": content for name, content in files.items()}


@pytest.fixture
def base(url: URL, seeds: WriteSeeds) -> URL:
    """A database with the base files, loaded as batch 1."""
    assert load(url, seeds(BASE)).problems == ()
    return url


# -- what is logged ----------------------------------------------------------------------------------------


def test_a_batch_says_who_did_what_when_and_why(base: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOOPROV_ACTOR", "registrar")
    with database.writing(base) as connection:
        gift = thing_named(connection, "gift")
        waive(connection, "no-permit", gift.id, "", "both are no Parties")
    with database.reading(base) as connection:
        (last, first), more = batches(connection)
    assert more == 0
    assert (first.command, first.made, first.changed, first.removed) == (
        "load",
        {"taxon": 2, "institution": 2, "person": 1, "source": 2, "animal": 2, "transfer": 1},
        0,
        0,
    )
    assert first.input_digest
    assert (last.actor, last.command, last.reason) == ("registrar", "waive", "both are no Parties")
    assert last.at > first.at


def test_what_a_batch_made_is_not_copied(base: URL) -> None:
    with database.reading(base) as connection:
        rows = connection.execute(select(change).where(change.c.table_name != dataset.name)).all()
    assert [(row.table_name, row.row_id, row.before) for row in rows] == [("record", 1, None), ("claim", 1, None)]


def test_a_changed_row_keeps_its_image_before_and_after(base: URL, seeds: WriteSeeds) -> None:
    load(base, seeds(edited(transfers__gift=GIFT.replace("count: 2", "count: 4"))))
    with database.reading(base) as connection:
        (row,) = connection.execute(select(change).where(change.c.batch_id == 2)).all()
    assert (row.table_name, row.row_key) == ("transfer_line", "lions")
    before, after = json.loads(row.before), json.loads(row.after)
    assert (before["count"], before["count_min"]) == ("2", 2)
    assert {**before, "count": "4", "count_min": 4, "count_max": 4} == after


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer_line SET count = '9', count_min = 9, count_max = 9 WHERE key = 'lions'",
        "DELETE FROM participant",
        "INSERT INTO transfer_link VALUES (9, 'answers', 10)",
        "UPDATE transfer_line SET key = 'cats' WHERE key = 'bears'",
    ],
)
def test_what_is_written_past_the_program_is_logged_too_and_the_chain_shows_it(
    base: URL, seeds: WriteSeeds, statement: str
) -> None:
    loan = GIFT.replace("gift", "loan")
    load(base, seeds(edited(transfers__loan=loan)))
    load(base, seeds(edited(transfers__loan=loan, people="minister: {notes: x, sources: [paper]}\n")))
    before = state_at(base)
    with database.reading(base) as connection:
        assert verify(connection).broken == ()
        ids = [thing_named(connection, slug).id for slug in ("gift", "loan")]
    execute(base, statement.replace("(9,", f"({ids[0]},").replace(" 10)", f" {ids[1]})"))
    with database.reading(base) as connection:
        assert [one.batch for one in verify(connection).broken] == [3]
        assert state(connection) != before
    with database.reading(base, shadowing=True) as connection:
        look_back(connection, "3")


def test_a_table_as_it_was_has_the_merged_alone_in_their_index(base: URL, seeds: WriteSeeds) -> None:
    load(base, seeds(edited(people="minister: {notes: x, sources: [paper]}\n")))
    made = (
        "SELECT sql FROM sqlite_temp_master WHERE type = 'index'"
        if name_of(base) == "sqlite"
        else "SELECT indexdef FROM pg_indexes WHERE schemaname LIKE 'pg_temp%'"
    )
    with database.reading(base, shadowing=True) as connection:
        look_back(connection, "1")
        of_merged = [one for one in connection.execute(text(made)).scalars() if "(merged_into_id)" in one]
    assert len(of_merged) == 1
    assert "merged_into_id IS NOT NULL" in of_merged[0]


def test_a_row_is_logged_under_its_old_key_and_its_new_one(base: URL, seeds: WriteSeeds) -> None:
    load(base, seeds(edited(people="minister: {notes: x, sources: [paper]}\n")))
    execute(base, "UPDATE transfer_line SET key = 'cats' WHERE key = 'bears'")
    with database.reading(base) as connection:
        query = select(change.c.row_key, change.c.before.is_(None)).where(change.c.table_name == "transfer_line")
        assert connection.execute(query.order_by(change.c.id)).all() == [("bears", False), ("cats", True)]


def test_batches_are_numbered_without_gaps_though_some_change_nothing(base: URL, seeds: WriteSeeds) -> None:
    folder = seeds(BASE)
    assert load(base, folder).batch is None
    assert load(base, seeds({**BASE, "people.yaml": "x y: {}"})).problems
    assert load(base, seeds(edited(people="minister: {notes: x, sources: [paper]}\n"))).batch == 2


def test_every_tracked_table_is_logged_and_every_table_is_tracked(url: URL) -> None:
    with database.reading(url) as connection:
        assert verify(connection).broken == ()
    names = {tracked.name for tracked in TRACKED}
    assert {table.name for table in record.metadata.sorted_tables} - names == {"batch", "change"}


# -- the chain ---------------------------------------------------------------------------------------------

TAMPERED = {
    "a name": "UPDATE record SET label = 'another' WHERE slug = 'gift'",
    "a line": "UPDATE transfer_line SET count = '75', count_min = 75, count_max = 75 WHERE key = 'lions'",
    "the middle of a long text": "UPDATE record SET notes = replace(notes, 'middle', 'fiddle')",
    "the last digit of a probability": "UPDATE descent SET probability = 0.9999999999999999",
    "a claim": "DELETE FROM claim WHERE id = (SELECT max(id) FROM claim)",
    "a reason": "UPDATE batch SET reason = 'another' WHERE id = 2",
    "an author": "UPDATE batch SET actor = 'nobody' WHERE id = 1",
    "a batch's own digest": "UPDATE batch SET digest = 'x' WHERE id = 1",
    "an image": "UPDATE change SET before = replace(before, '2024', '2023') WHERE batch_id = 2",
    "a row of the log": "DELETE FROM change WHERE batch_id = 2",
    "a row that a batch had changed": "UPDATE transfer SET date = '2020', date_earliest = NULL, date_latest = NULL",
    "a row that a batch had removed": "INSERT INTO participant (transfer_id, key)"
    " SELECT id, 'm' FROM record WHERE slug = 'gift'",
    "a row below all numbers": "INSERT INTO record (id, kind, slug, label, search_key, dataset_id)"
    " VALUES (-1, 'person', 'nobody', 'nobody', 'nobody', 1)",
    "a judgement that nobody made": "INSERT INTO judgement (record_id, other_id, kind, same, reason, batch_id)"
    " SELECT min(id), max(id), 'animal', 1 = 0, 'so', 1 FROM animal",
    "a data set that nobody loaded": "INSERT INTO dataset (id, name) VALUES (99, 'another')",
    "a batch made to look older than the log": "UPDATE batch SET content_digest = NULL, actor = 'nobody' WHERE id = 1",
    "a row that nobody entered": "INSERT INTO record (kind, slug, label, search_key, dataset_id)"
    " VALUES ('person', 'nobody', 'nobody', 'nobody', 1)",
}


@pytest.mark.parametrize("tampered", TAMPERED)
def test_the_chain_shows_what_was_tampered_with_even_without_triggers(
    base: URL, seeds: WriteSeeds, tampered: str
) -> None:
    later = GIFT.replace("2024-11", "2024-12").replace("participants:\n  m: {who: minister, role: giver}\n", "")
    load(base, seeds(edited(transfers__gift=later)))
    with database.reading(base) as connection:
        assert verify(connection).broken == ()
        triggers = _triggers(connection)
    silence = (
        [f"DROP TRIGGER {name}" for name, _ in triggers]
        if name_of(base) == "sqlite"
        else [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in {table for _, table in triggers}]
    )
    speak = (
        []
        if name_of(base) == "sqlite"
        else [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in {table for _, table in triggers}]
    )
    execute(base, *silence, TAMPERED[tampered], *speak)
    with database.reading(base) as connection:
        broken = verify(connection).broken
        told = [one for one in broken if "not logged" not in one.message]
    assert told
    assert zoo("history", "--verify", db=base).exit_code == 3


@pytest.mark.parametrize(("note", "bytes_"), [("words", "CAST(notes AS BLOB)"), ("\"X'61'\"", "CAST('a' AS BLOB)")])
def test_the_chain_shows_bytes_in_place_of_words(servers: Servers, seeds: WriteSeeds, note: str, bytes_: str) -> None:
    sqlite = servers.fresh("sqlite")
    assert load(sqlite, seeds(edited(people=f"minister: {{sources: [paper], notes: {note}}}\n"))).problems == ()
    execute(sqlite, "DROP TRIGGER record_updated", f"UPDATE record SET notes = {bytes_} WHERE slug = 'minister'")
    with database.reading(sqlite) as connection:
        told = [one.message for one in verify(connection).broken]
    assert "rows it made with numbers of records are not what they were" in told


@pytest.mark.parametrize("form", [None, "json"])
def test_the_chain_of_a_database_whose_rows_were_written_out_otherwise_still_holds(
    url: URL, seeds: WriteSeeds, monkeypatch: pytest.MonkeyPatch, form: str | None
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(content, "FORM", form)
        assert load(url, seeds(BASE)).problems == ()
    assert load(url, seeds(edited(transfers__gift=GIFT.replace("2024-11", "2024-12")))).updated
    with database.reading(url) as connection:
        kept = select(change.c.after).where(change.c.row_id_last.is_not(None), change.c.batch_id == 1)
        assert {json.loads(row.after).get("form") for row in connection.execute(kept)} == {form}
        assert verify(connection).broken == ()
    execute(url, "UPDATE record SET label = 'another' WHERE slug = 'gift'")
    assert zoo("history", "--verify", db=url).exit_code == 3


def _triggers(connection: Connection) -> list[Any]:
    names = {f"{tracked.name}_{event}" for tracked in TRACKED for event in ("inserted", "updated", "deleted")}
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    )
    return [row for row in connection.execute(text(query)) if row[0] in names]


def test_a_log_that_was_switched_off_is_told_of(base: URL) -> None:
    on = "" if name_of(base) == "sqlite" else " ON claim"
    execute(base, f"DROP TRIGGER claim_updated{on}")
    result = zoo("history", "--verify", "-f", "json", db=base)
    assert result.exit_code == 3
    assert json.loads(result.stdout)["problems"] == [
        {"batch": None, "message": "claim: its changes are not logged: its triggers are gone or switched off"}
    ]
    assert zoo("db", "check", db=base).exit_code == 3
    execute(
        base,
        "CREATE TRIGGER claim_updated AFTER UPDATE ON dataset "
        + ("BEGIN SELECT 1; END" if not on else "FOR EACH ROW EXECUTE FUNCTION log_change('id', '', '')"),
    )
    assert zoo("history", "--verify", db=base).exit_code == 3


def test_a_row_of_the_log_that_is_of_no_batch_is_told_of(base: URL) -> None:
    unasked = [] if name_of(base) == "sqlite" else ["SET session_replication_role = replica"]
    execute(base, *unasked, "INSERT INTO change (batch_id, table_name, row_id, before) VALUES (99, 'person', 99, '{}')")
    with database.reading(base) as connection:
        assert "1 rows of the log are of no batch" in [one.message for one in verify(connection).broken]


def test_the_newest_digest_is_shown_to_be_kept_elsewhere(base: URL) -> None:
    result = zoo("history", "--verify", "-f", "json", db=base)
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    with database.reading(base) as connection:
        assert told["digest"] == connection.execute(select(batch.c.digest)).scalar_one()
    assert (told["verified"], told["batches"], told["uncovered"]) == (True, 1, 0)


def test_batches_from_before_the_log_are_not_covered_and_cannot_be_taken_back(base: URL, seeds: WriteSeeds) -> None:
    execute(
        base, "DELETE FROM change", "UPDATE batch SET first_record = NULL, first_claim = NULL, content_digest = NULL"
    )
    load(base, seeds(edited(transfers__gift=GIFT.replace("2024-11", "2024-12"))))
    with database.reading(base) as connection:
        found = verify(connection)
        assert (found.uncovered, found.broken) == (1, ())
    with pytest.raises(CannotUndo, match="before changes were logged"):
        take_back(base, 1)
    take_back(base, 2)
    with database.reading(base, shadowing=True) as connection:
        look_back(connection, "1")
        assert connection.execute(select(transfer.c.date)).scalar() == "2024-11"


# -- taking back -------------------------------------------------------------------------------------------

LOAN = GIFT.replace("kind: gift", "kind: loan").replace("from: there", "from: here").replace("to: here", "to: there")
EDITS: dict[str, dict[str, str]] = {
    "nothing new": {},
    "a count": {"transfers__gift": GIFT.replace("count: 2", "count: 3")},
    "a rival": {
        "transfers__gift": GIFT.replace(
            "count: 2", "count: {claims: [{value: 2, source: paper}, {value: 5, source: letter}]}"
        )
    },
    "a settled rival": {
        "transfers__gift": GIFT.replace(
            "count: 2",
            "count: {claims: [{value: 2, source: paper}, {value: 5, source: letter}], settled: 5, because: it was there}",
        )
    },
    "a dismissed rival": {
        "transfers__gift": GIFT.replace(
            "date: 2024-11",
            "date: {claims: [{value: 2024-11, source: paper}, {value: 2023, source: letter, dismissed: misread}]}",
        )
    },
    "a line less": {"transfers__gift": GIFT.replace('  bears: {taxon: panthera, count: ">3"}\n', "")},
    "a line renamed": {"transfers__gift": GIFT.replace("bears:", "cats:")},
    "another transfer": {"transfers__loan": LOAN.replace("kind: loan", "kind: loan\nends: gift")},
    "another zoo": {
        "institutions": ZOOS + "third: {kind: zoo, sources: [letter]}\n",
        "transfers__gift": GIFT.replace("to: here", "to: third"),
    },
    "a dam": {
        "animals": ANIMALS.replace("sire: leo", "sire: {value: leo, certainty: probable}, dam: lea")
        + "lea: {taxon: panthera-leo, sex: female, names: [Lea, {value: 레아, language: ko}], sources: [letter]}\n"
    },
    "two sires": {
        "animals": ANIMALS.replace("sire: leo", "sire: [{value: leo, probability: 0.3333333333333333}, tom]")
        + "tom: {taxon: panthera-leo, sex: male, sources: [letter]}\n"
    },
    "a waiver": {"transfers__gift": GIFT + "waive: [{rule: no-permit, because: none was needed}]\n"},
    "a name": {"people": "minister: {names: [The Minister, {value: Министр, language: ru}], sources: [letter]}\n"},
}


def _loaded(url: URL, seeds: WriteSeeds, edit: str) -> int | None:
    loaded = load(url, seeds(edited(**EDITS[edit])))
    assert loaded.problems == (), loaded.problems
    return loaded.batch


@pytest.mark.parametrize("edit", EDITS)
def test_taking_a_batch_back_leaves_exactly_what_was_there(base: URL, seeds: WriteSeeds, edit: str) -> None:
    before = state_at(base)
    number = _loaded(base, seeds, edit)
    after = state_at(base)
    if number is None:
        assert after == before
        return
    undone = take_back(base, number)
    assert state_at(base) == before
    again = take_back(base, undone)
    assert state_at(base) == after
    take_back(base, again)
    assert state_at(base) == before
    with database.reading(base) as connection:
        assert verify(connection).broken == ()


ANSWERS = (
    ("arrivals",),
    ("donors",),
    ("trace", "leo"),
    ("trace", "cub"),
    ("evidence", "gift"),
    ("list", "animals"),
)


def answers_of(url: URL, questions: Sequence[Sequence[str]], *options: str) -> list[str]:
    return [zoo(*words, "-f", "json", *options, db=url).stdout for words in questions]


def answers(url: URL, *options: str) -> list[str]:
    return answers_of(url, ANSWERS, *options)


@pytest.mark.parametrize("engine", ENGINES)
@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(edits=st.lists(st.sampled_from([*EDITS]), min_size=2, max_size=5))
def test_any_work_is_seen_as_of_any_batch_and_taken_back_to_the_beginning(
    engine: str, edits: list[str], servers: Servers, seeds: WriteSeeds
) -> None:
    url = servers.fresh(engine)
    load(url, seeds(BASE))
    moments = [(1, answers(url), state_at(url))]
    for edit in edits:
        number = _loaded(url, seeds, edit)
        if number is not None:
            moments.append((number, answers(url), state_at(url)))
    for number, told, was in moments:
        assert answers(url, "--as-of", str(number)) == told
        with database.reading(url, shadowing=True) as connection:
            look_back(connection, str(number))
            assert state(connection) == was
    for (number, _, _), (_, _, was) in zip(reversed(moments[1:]), reversed(moments[:-1]), strict=True):
        take_back(url, number)
        assert state_at(url) == was
    take_back(url, 1)
    assert not any(state_at(url).values())
    for number, told, _ in moments:
        assert answers(url, "--as-of", str(number)) == told
    with database.reading(url) as connection:
        assert verify(connection).broken == ()


def test_a_whole_collection_is_taken_back_and_had_again(own_packaged: URL) -> None:
    before = state_at(own_packaged)
    undone = take_back(own_packaged, 1)
    assert not any(state_at(own_packaged).values())
    take_back(own_packaged, undone)
    assert state_at(own_packaged) == before
    assert load(own_packaged, locations.packaged_seeds()).batch is None


def test_numbers_that_were_given_once_are_not_given_again(base: URL, seeds: WriteSeeds, tmp_path: Path) -> None:
    load(base, seeds(edited(**EDITS["another transfer"])))
    undone = take_back(base, 2)
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "dataset.yaml").write_text("name: tables\nunsourced: true\n")
    (folder / "people.csv").write_text("slug,name\n" + "".join(f"p{n},P {n}\n" for n in range(30)))
    load(base, folder)
    take_back(base, undone)
    with database.reading(base) as connection:
        assert verify(connection).broken == ()
        assert thing_named(connection, "loan").slug == "loan"
        assert thing_named(connection, "p7").slug == "p7"


def test_a_bulk_load_is_taken_back_exactly(base: URL, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "dataset.yaml").write_text("name: tables\nunsourced: true\n")
    number = 21_000
    animals = "".join(f"a{n},panthera-leo,Animal {n}\n" for n in range(number))
    (folder / "animals.csv").write_text("slug,taxon,name\n" + animals)
    (folder / "descent.csv").write_text("child,parent,role\n" + "".join(f"a{n},a{n - 1},dam\n" for n in range(1, 500)))
    before = state_at(base)
    loaded = load(base, folder)
    assert loaded.problems == ()
    after = state_at(base)
    with database.reading(base) as connection:
        spans = connection.execute(select(change).where(change.c.batch_id == loaded.batch)).all()
        assert len(spans) < 5
        assert verify(connection).broken == ()
    undone = take_back(base, loaded.batch or 0)
    assert state_at(base) == before
    take_back(base, undone)
    assert state_at(base) == after
    assert zoo("find", "Animal 20999", db=base).exit_code == 0


# -- what cannot be taken back -----------------------------------------------------------------------------


def refused(url: URL, number: int) -> str:
    before = state_at(url), newest(url)
    with pytest.raises(CannotUndo) as told:
        take_back(url, number)
    assert (state_at(url), newest(url)) == before
    return str(told.value)


def test_a_batch_whose_rows_were_changed_since_is_not_taken_back(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "a count")
    load(base, seeds(edited(transfers__gift=GIFT.replace("count: 2", "count: 7"))))
    assert refused(base, 2) == (
        "Batch 2 cannot be taken back: batch 3 changed what it left: gift/lions. Take batch 3 back first."
    )
    assert "batch 2 changed what it left: gift/lions" in refused(base, 1) or "batches 2, 3" in refused(base, 1)
    take_back(base, 3)
    take_back(base, 2)


def test_a_batch_that_later_rows_refer_to_is_not_taken_back(base: URL, seeds: WriteSeeds, tmp_path: Path) -> None:
    load(base, seeds({"sources.yaml": "other: {kind: book}\n", "people.yaml": "aide: {sources: [other]}\n"}, "second"))
    load(
        base,
        seeds(
            {
                "sources.yaml": "third: {kind: book}\n",
                "transfers/sent.yaml": (
                    "kind: gift\nfrom: there\nto: here\nsources: [third]\nparticipants:\n  a: {who: aide, role: escorted}\n"
                ),
            },
            "third",
        ),
    )
    assert refused(base, 2) == (
        "Batch 2 cannot be taken back: batch 3 refers to what it made: sent (participant). Take batch 3 back first."
    )
    assert "batch 3 refers to what it made: sent" in refused(base, 1).replace("batches 2, 3", "batch 3")


def test_a_batch_whose_removed_rows_lean_on_what_is_gone_is_not_taken_back(base: URL, seeds: WriteSeeds) -> None:
    load(base, seeds(edited(transfers__gift=GIFT.replace("participants:\n  m: {who: minister, role: giver}\n", ""))))
    execute(base, "DELETE FROM claim WHERE record_id = (SELECT id FROM record WHERE slug = 'minister')")
    with database.writing(base) as connection, batch_of(connection, "prune", "gone") as pruning:
        for name in ("person", "record"):
            connection.execute(text(f"DELETE FROM {name} WHERE id = (SELECT id FROM record WHERE slug = 'minister')"))
    assert pruning.id == 3
    told = refused(base, 2)
    assert told.startswith("Batch 2 cannot be taken back: batch 3 removed what these refer to: gift (participant),")


def test_a_batch_that_others_have_spoken_beside_is_not_taken_back_if_columns_would_lie(
    base: URL, seeds: WriteSeeds
) -> None:
    claims = "about: gift\ndate: {claims: [{value: %s, source: paper2}]}\n"
    sources = {"sources.yaml": "paper2: {kind: news}\n"}
    load(base, seeds({**sources, "about/gift.yaml": claims % "2024-11-20"}, "second"))
    other = {
        "sources.yaml": "paper3: {kind: news}\n",
        "about/gift.yaml": (claims % "2024-11-20").replace("paper2", "paper3"),
    }
    load(base, seeds(other, "third"))
    assert "later batches (3) said more of the same: gift (date)" in refused(base, 2)
    take_back(base, 3)
    take_back(base, 2)


def test_a_batch_is_taken_back_once(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "a count")
    take_back(base, 2)
    assert refused(base, 2) == "Batch 2 is taken back already, by batch 3; to have it again, undo 3."
    for number in (9, 10**30):
        assert refused(base, number) == f"There is no batch {number}; see: zoo-provenance history"


def test_who_and_why_are_kept_on_one_line_whatever_bytes_they_hold(base: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    for actor, kept in (("\udcff\n Zoë", "\ufffd Zoë"), ("a" * 300, "a" * 200), (" ", "keeper"), (None, "keeper")):
        monkeypatch.delenv("ZOOPROV_ACTOR") if actor is None else monkeypatch.setenv("ZOOPROV_ACTOR", actor)
        monkeypatch.setattr("getpass.getuser", lambda: "keeper")
        result = zoo("undo", str(newest(base)), "--because", "so\udcff\nit is", db=base)
        assert result.exit_code == 0, result.stderr
        (last, *_), _ = _batches(base)
        assert (last.actor, last.reason) == (kept, "so\ufffd it is")


def _batches(url: URL) -> Any:
    with database.reading(url) as connection:
        return batches(connection)


def test_undo_needs_a_reason(base: URL) -> None:
    assert zoo("undo", "1", db=base).exit_code == 2
    result = zoo("undo", "1", "--because", " ", db=base)
    assert (result.exit_code, "needs its reason" in result.stderr) == (2, True)
    assert newest(base) == 1


# -- as of -------------------------------------------------------------------------------------------------


def test_a_date_means_the_last_batch_of_that_day(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "a count")
    _loaded(base, seeds, "another zoo")
    for number, day in ((1, "2024-03-01"), (2, "2024-03-02"), (3, "2024-03-04")):
        execute(base, f"UPDATE batch SET at = '{day}T23:00:00.000000+00:00' WHERE id = {number}")
    with database.reading(base) as connection:
        assert [moment_of(connection, day).id for day in ("2024-03-01", "2024-03-03", "2024-03", "2025")[:3]] == [
            1,
            2,
            3,
        ]
        assert moment_of(connection, "2024-03-02T22:00").id == 1
        for moment in ("T23:00", "T23:00:00.000000+00:00", "T23:00Z", "T23:00:00.0"):
            assert moment_of(connection, f"2024-03-02{moment}").id == 2
        assert moment_of(connection, "2024-03-03T07:59+09:00").id == 1
        assert moment_of(connection, "2024-03-03T08:00+09:00").id == 2
        assert moment_of(connection, "3").id == 3
        for said in ("2024-02", "2023-01-01"):
            with pytest.raises(NotThen, match="held nothing by"):
                moment_of(connection, said)
        for said in ("2024-03-02T25:00", "2024-03-02T23:00 or so", "2024-02-30T12:00"):
            with pytest.raises(NotThen, match="is no moment"):
                moment_of(connection, said)
        for said in ("2024", "17", "soon", "2024-03-01/..", ""):
            with pytest.raises(NotThen):
                moment_of(connection, said)


def test_looking_back_finds_names_as_they_were(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "a name")
    assert zoo("find", "Министр", db=base).exit_code == 0
    assert zoo("find", "Министр", "--as-of", "1", db=base).exit_code == 4
    assert zoo("show", "minister", "--as-of", "1", db=base).exit_code == 0


def test_looking_back_writes_nothing(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "a rival")
    before = state_at(base)
    assert zoo("evidence", "gift", "--as-of", "1", db=base).exit_code == 0
    assert state_at(base) == before


def test_a_moment_that_is_not_known_is_refused_in_one_line(base: URL) -> None:
    result = zoo("trace", "leo", "--as-of", "5", db=base)
    assert (result.exit_code, result.stderr) == (
        4,
        "Error: There is no batch 5; the newest is 1. A day is written as 2024-11-20.\n",
    )


# -- reading it --------------------------------------------------------------------------------------------


def test_the_history_of_a_record_tells_its_fields_before_and_after(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "a count")
    _loaded(base, seeds, "another zoo")
    with database.reading(base) as connection:
        found = done_to(connection, thing_named(connection, "gift").id)
    changed = [(one.batch, one.what, one.key, one.fields) for one in found if one.done == "changed"]
    assert changed[0][:3] == (2, "line", "lions")
    assert changed[0][3]["count"] == ("2", "3")
    assert (3, "transfer", "", {"destination": ("here", "third")}) in changed
    assert [one.batch for one in found if one.what == "record"] == [1]


def test_the_history_of_what_was_removed_or_merged_can_still_be_asked_for(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "another zoo")
    assert zoo("merge", "third", "there", "--because", "one house", db=base).exit_code == 0
    result = zoo("history", "third", "-f", "json", db=base)
    told = json.loads(result.stdout)
    assert (told["record"]["slug"], result.stderr) == ("third", "'third' was merged into 'there'.\n")
    assert {(one["batch"], one["done"]) for one in told["changes"]} >= {(2, "made"), (3, "changed")}
    take_back(base, 3)
    take_back(base, 2)
    result = zoo("history", "third", "-f", "json", db=base)
    assert (result.exit_code, result.stderr) == (0, "'third' is not there any more.\n")
    assert {(one["batch"], one["done"]) for one in json.loads(result.stdout)["changes"]} >= {
        (2, "made"),
        (5, "removed"),
    }
    _loaded(base, seeds, "another zoo")
    result = zoo("history", "third", "-f", "json", db=base)
    assert ({one["batch"] for one in json.loads(result.stdout)["changes"]}, result.stderr) == ({2, 3, 4, 5, 6}, "")


def test_what_a_batch_did_is_told_records_first_and_as_much_as_is_asked_for(base: URL, seeds: WriteSeeds) -> None:
    more = {
        "sources.yaml": "diary: {kind: letter}\nledger: {kind: letter}\n",
        "about/leo.yaml": "about: leo\nborn: {value: 2009, source: diary}\ndied: {value: 2019, source: ledger}\n",
    }
    assert load(base, seeds(more, name="other")).problems == ()
    with database.reading(base) as connection:
        everything, _ = done_by(connection, 2)
        assert [one.what for one in everything[:2]] == ["record", "record"]
        assert {one.what for one in everything[2:]} >= {"claim"}
        for limit in range(1, len(everything) + 2):
            told, beyond = done_by(connection, 2, limit=limit)
            assert (told, beyond) == (everything[:limit], max(0, len(everything) - limit))


def test_the_history_of_a_batch_tells_what_it_made_and_removed(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "a dam")
    _loaded(base, seeds, "nothing new")
    with database.reading(base) as connection:
        second, _ = done_by(connection, 2)
        third, more = done_by(connection, 3)
        assert done_by(connection, 3, limit=1)[1] == len(third) - 1
    assert more == 0
    assert [one.record.slug for one in second if one.what == "record" and one.record] == ["lea"]
    assert any((one.what, one.key, one.done) == ("descent", "lea dam", "made") for one in second)
    assert any((one.what, one.key, one.done) == ("descent", "lea dam", "removed") for one in third)


@pytest.mark.parametrize("form", ["table", "plain", "json", "jsonl", "csv", "md"])
def test_the_history_reads_in_every_format(base: URL, seeds: WriteSeeds, form: str) -> None:
    _loaded(base, seeds, "a rival")
    take_back(base, 2)
    for words in ((), ("2",), ("gift",), ("--verify",)):
        result = zoo("history", *words, "-f", form, db=base)
        assert result.exit_code == 0, result.stderr
        if form == "json":
            assert json.loads(result.stdout)["schema"] == "zooprov/history/1"
    assert "it was wrong" in zoo("history", "-f", form, db=base).stdout


def test_the_history_of_what_is_not_there_is_told(base: URL) -> None:
    assert zoo("history", "7", db=base).exit_code == 4
    assert zoo("history", "nobody", db=base).exit_code == 4
    assert zoo("history", "gift", "--verify", db=base).exit_code == 2


def test_db_check_shows_a_column_that_drifted_from_its_claims(base: URL, seeds: WriteSeeds) -> None:
    _loaded(base, seeds, "a settled rival")
    assert zoo("db", "check", db=base).exit_code == 0
    execute(base, "UPDATE transfer_line SET count = '2', count_min = 2, count_max = 2 WHERE key = 'lions'")
    result = zoo("db", "check", db=base)
    assert result.exit_code == 3
    assert "drift: gift lines/lions count holds '2', its claims conclude '5'" in result.stdout
    assert "history: batch 2 its changes are not what they were" in result.stdout
