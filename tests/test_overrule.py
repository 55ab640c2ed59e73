"""What was decided by command stands until somebody says otherwise: a load that would overturn it stops and says so."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import URL, insert, select

from conftest import WriteSeeds, load, zoo
from zoo_provenance import database
from zoo_provenance.deciding import waive
from zoo_provenance.history.batches import batch_of
from zoo_provenance.loading.load import Loaded
from zoo_provenance.loading.load import load as load_seeds
from zoo_provenance.tables import claim, decision, dismissal, institution, record, transfer_line, waiver

Files = dict[str, str]
GIFT = "transfers/gift.yaml"
RIVALS = "{value: 25, source: news}, {value: 45, source: copy}"


def world(count: str, more: str = "") -> Files:
    return {
        "sources.yaml": "news: {kind: news}\ncopy: {kind: news_copy}\nblog: {kind: blog}\n",
        "taxa.yaml": "ducks: {rank: family}\n",
        "institutions.yaml": "zoo-a: {kind: zoo}\nzoo-b: {kind: zoo}\n",
        GIFT: f"""\
kind: gift
from: {{claims: [{{value: zoo-a, source: news}}, {{value: zoo-b, source: copy}}]}}
sources: [news]
lines:
  ducks:
    taxon: ducks
    count: {count}
{more}""",
    }


OPEN = world(f"{{claims: [{RIVALS}]}}")


def settled(value: str) -> Files:
    return world(f"{{claims: [{RIVALS}], settled: {value}, because: The files say so.}}")


def ids(connection: Any) -> dict[str, int]:
    return dict(connection.execute(select(record.c.slug, record.c.id)).all())


def prefer(url: URL, value: str | None, *, field: str = "count", part: str = "lines/ducks") -> None:
    """Settle a field as a command would."""
    with database.writing(url) as connection:
        known = ids(connection)
        chosen = {"value_record_id": known[value]} if field == "from" and value else {"value": value}
        with batch_of(connection, "prefer", "I counted them.") as batch:
            values = {"part": part, "field": field, "reason": "I counted them.", "batch_id": batch.id, **chosen}
            connection.execute(insert(decision).values(record_id=known["gift"], **values))


def dismiss(url: URL, value: str) -> None:
    """Judge the claims of a value wrong, as a command would."""
    with database.writing(url) as connection:
        wrong = select(claim.c.id).where(claim.c.field == "count", claim.c.value == value)
        with batch_of(connection, "dismiss", "A slip.") as batch:
            for one in connection.execute(wrong).all():
                connection.execute(insert(dismissal).values(claim_id=one.id, reason="A slip.", batch_id=batch.id))


def overruled(url: URL, *folders: Any) -> Loaded:
    loaded = load_seeds(lambda: database.writing(url), folders, overrule=True)
    assert not loaded.problems
    return loaded


def decided(url: URL) -> list[tuple[str | None, str, bool]]:
    """Return (value, reason, by command) of each decision on the count."""
    with database.reading(url) as connection:
        rows = connection.execute(select(decision).where(decision.c.field == "count")).all()
    return [(row.value, row.reason, row.dataset_id is None) for row in rows]


def counted(url: URL) -> str | None:
    with database.reading(url) as connection:
        return connection.execute(select(transfer_line.c.count)).scalar_one()


def refused(url: URL, folder: Any) -> list[str]:
    loaded = load(url, folder)
    assert loaded.batch is None
    assert {problem.code for problem in loaded.problems} == {"overturned"}
    return [problem.one_line().replace(f"{folder}/", "") for problem in loaded.problems]


@pytest.fixture
def filled(url: URL, seeds: WriteSeeds) -> URL:
    assert not load(url, seeds(OPEN)).problems
    return url


BY = "by command on 20"
ASKS = "(--overrule replaces it)"


@pytest.mark.parametrize("value", ["25", "open"])
def test_settling_otherwise_than_by_command_stops_and_says_what_was_decided_when_and_why(
    filled: URL, seeds: WriteSeeds, value: str
) -> None:
    prefer(filled, "45")
    (told,) = refused(filled, seeds(settled(value)))
    assert told.startswith(f"{GIFT}:7:")
    assert f"'count' was settled as '45' {BY}" in told
    assert "(batch 2): I counted them." in told
    assert told.endswith(ASKS)
    assert decided(filled) == [("45", "I counted them.", True)]


def test_the_place_told_is_that_of_settled(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, "45")
    (problem,) = load(filled, seeds(settled("25"))).problems
    line = problem.own_line
    assert line[problem.mark.column - 1 :].startswith("25, because")


def test_settling_what_was_left_open_by_command_stops(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, None)
    (told,) = refused(filled, seeds(settled("25")))
    assert f"'count' was left open {BY}" in told


def test_a_record_settled_on_otherwise_stops(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, "zoo-b", field="from", part="")
    files = dict(OPEN)
    files[GIFT] = files[GIFT].replace("source: copy}]}", "source: copy}], settled: zoo-a, because: So.}", 1)
    folder = seeds(files)
    (told,) = refused(filled, folder)
    assert f"'from' was settled as 'zoo-b' {BY}" in told
    assert overruled(filled, folder).updated == {"transfer": 1}


def test_overruling_replaces_the_decision_by_the_files(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, "45")
    folder = seeds(settled("25"))
    assert overruled(filled, folder).updated == {"transfer": 1}
    assert decided(filled) == [("25", "The files say so.", False)]
    assert counted(filled) == "25"
    assert load(filled, folder).batch is None


def test_settling_alike_leaves_the_decision_as_it_was_taken(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, "25")
    folder = seeds(settled("25"))
    assert not load(filled, folder).problems
    assert decided(filled) == [("25", "I counted them.", True)]
    again = load(filled, folder)
    assert (again.problems, again.batch) == ((), None)


def test_claims_beside_a_decision_leave_it_ruling(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, "45")
    loaded = load(filled, seeds(world(f"{{claims: [{RIVALS}, {{value: 60, source: blog}}]}}")))
    assert (loaded.problems, loaded.updated) == ((), {"transfer": 1})
    assert counted(filled) == "45"
    assert decided(filled) == [("45", "I counted them.", True)]


def test_taking_away_the_only_claim_of_the_decided_value_stops(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, "45")
    folder = seeds(world("{value: 25, source: news}"))
    (told,) = refused(filled, folder)
    assert "nobody claims '45' any more, as which 'count' of 'gift' was settled by command" in told
    overruled(filled, folder)
    assert (decided(filled), counted(filled)) == ([], "25")


def test_a_value_all_of_whose_claims_were_dismissed_is_not_settled_on(filled: URL, seeds: WriteSeeds) -> None:
    dismiss(filled, "45")
    folder = seeds(settled("45"))
    (told,) = refused(filled, folder)
    assert told.startswith(f"{GIFT}:7:")
    assert f"'45' was dismissed {BY}" in told
    assert "A slip." in told
    overruled(filled, folder)
    assert counted(filled) == "45"
    with database.reading(filled) as connection:
        assert connection.execute(select(dismissal)).all() == []


def test_a_value_that_another_source_says_too_is_settled_on_though_one_was_dismissed(
    filled: URL, seeds: WriteSeeds
) -> None:
    dismiss(filled, "45")
    more = world(f"{{claims: [{RIVALS}, {{value: 45, source: blog}}], settled: 45, because: Two say so.}}")
    assert not load(filled, seeds(more)).problems
    assert counted(filled) == "45"


def test_a_claim_reworded_in_the_files_stays_dismissed(filled: URL, seeds: WriteSeeds) -> None:
    dismiss(filled, "45")
    rivals = RIVALS.replace("source: copy", "source: copy, certainty: possible, note: a hasty one, quote: 45 ducks")
    folder = seeds(world(f"{{claims: [{rivals}]}}"))
    loaded = load(filled, folder)
    assert (loaded.problems, loaded.updated) == ((), {"transfer": 1})
    with database.reading(filled) as connection:
        (row,) = connection.execute(
            select(claim.c.note, claim.c.certainty, claim.c.quote, dismissal.c.reason).join(
                dismissal, dismissal.c.claim_id == claim.c.id
            )
        ).all()
    assert tuple(row) == ("a hasty one", "possible", "45 ducks", "A slip.")
    assert load(filled, folder).batch is None


def test_a_line_that_was_decided_on_is_not_dropped_in_silence(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, "45")
    with database.writing(filled) as connection:
        waive(connection, "unsourced", ids(connection)["gift"], "lines/ducks", "Nobody knows.")
    files = dict(OPEN)
    files[GIFT] = files[GIFT].replace("  ducks:\n", "  birds:\n")
    folder = seeds(files)
    told = refused(filled, folder)
    assert len(told) == 2
    assert "line 'ducks' is gone, whose 'count' was settled by command" in told[0]
    assert "line 'ducks' is gone, whose 'unsourced' was waived by command" in told[1]
    overruled(filled, folder)
    with database.reading(filled) as connection:
        assert connection.execute(select(waiver)).all() == []
    assert decided(filled) == []


def test_each_overturned_decision_has_its_line_and_the_command_leaves_with_one(filled: URL, seeds: WriteSeeds) -> None:
    prefer(filled, "45")
    prefer(filled, "zoo-b", field="from", part="")
    files = settled("25")
    files[GIFT] = files[GIFT].replace(
        "source: copy}]}\nsources", "source: copy}], settled: zoo-a, because: So.}\nsources"
    )
    folder = seeds(files)
    assert len(refused(filled, folder)) == 2
    result = zoo("load", folder, db=filled)
    assert result.exit_code == 1
    assert "2 problems in 1 file. Nothing was written." in result.stderr
    assert zoo("load", folder, "--overrule", db=filled).exit_code == 0
    with database.reading(filled) as connection:
        assert connection.execute(select(institution.c.id)).all()
        assert {row.dataset_id for row in connection.execute(select(decision)).all()} == {1}
