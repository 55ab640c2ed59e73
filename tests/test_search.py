"""Name search: the index finds what a scan finds, follows every change, and can be done without."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, Connection, delete, event, insert, select, text, update

from conftest import Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import database, schema, search_index
from zoo_provenance.backup import back_up
from zoo_provenance.names import fold
from zoo_provenance.questions.finding import Found, beginning, find, nearest, spelt_alike
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.tables import claim, dataset, record
from zoo_provenance.vocabulary import Kind

laws = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

# Few characters of many sorts, so that names share pieces: what is in one is often a part of another.
PIECES = st.sampled_from(
    [
        *("a", "b", "A", "z", "zoo", "0", "7", "é", "ß", "İ", "\u0301"),
        *("а", "Б", "й", "зоо", "парк", "가", "나", "동물", "원", "\u1112\u1161", "北", "京", "動物"),
        *(
            "𠀀",
            "𠀁",
            "🐘",
            "🦁",
            "👩‍🔬",
            "𝔄",
            "%",
            "_",
            "/",
            "\\",
            '"',
            "'",
            "*",
            "(",
            ")",
            ":",
            "-",
            ".",
            "^",
            " ",
            "AND",
        ),
        *("!", "?", "—", "★", "\U0010ffff", "\ufeff"),
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=7).map("".join)
NAMES = TEXTS.filter(lambda name: bool(name.strip()))
SLUGS = st.from_regex(r"\A[az07][az07._-]{0,7}\Z")


@contextmanager
def undone(url: URL) -> Iterator[Connection]:
    """A connection to write through, whose changes are taken back."""
    with database.engine_of(url).connect() as connection:
        connection.execute(insert(dataset).values(id=1, name="set"))
        yield connection
        connection.rollback()


def enter(connection: Connection, names: Iterable[tuple[str, str]], kind: str = "animal") -> None:
    connection.execute(
        insert(record),
        [
            {"kind": kind, "slug": slug, "label": name, "search_key": fold(name), "dataset_id": 1}
            for slug, name in names
        ],
    )


def call(connection: Connection, slug: str, name: str, field: str = "name", **more: Any) -> None:
    values = {"field": field, "value": name, "search_key": fold(name), "stance": "supports", "own": False, **more}
    named = select(record.c.id).where(record.c.slug == slug).scalar_subquery()
    connection.execute(insert(claim).values(record_id=named, dataset_id=1, **values))


def pairs(found: Found) -> set[tuple[str, str]]:
    assert found.more == 0
    return {(one.slug, one.name) for one in found.matches}


def trigrams(*texts: str | None) -> set[str]:
    return {one[at : at + 3] for one in texts if one for at in range(len(one) - 2)}


def expected_index(connection: Connection) -> dict[str, set[tuple[str, int]]]:
    """What the index is to hold, reckoned from the tables without SQLite's help."""
    plain = str.maketrans("", "", "._-")
    records = connection.execute(select(record.c.id, record.c.search_key, record.c.slug)).all()
    claims = connection.execute(select(claim.c.id, claim.c.search_key)).all()
    return {
        "record_trigram": {(one, row.id) for row in records for one in trigrams(row[1], row[2].translate(plain))},
        "claim_trigram": {(one, row.id) for row in claims for one in trigrams(row[1])},
    }


def index(connection: Connection) -> dict[str, set[tuple[str, int]]]:
    """What the index holds."""
    found = {}
    for name in ("record_trigram", "claim_trigram"):
        connection.exec_driver_sql(f"CREATE VIRTUAL TABLE temp.seen USING fts5vocab(main, {name}, 'instance')")
        found[name] = {(row[0], row[1]) for row in connection.exec_driver_sql("SELECT term, doc FROM temp.seen")}
        connection.exec_driver_sql("DROP TABLE temp.seen")
        connection.exec_driver_sql(f"INSERT INTO {name} ({name}) VALUES ('integrity-check')")
    return found


@pytest.fixture
def file(servers: Servers) -> URL:
    """A migrated, empty SQLite database."""
    return servers.fresh("sqlite")


@pytest.fixture
def packaged_file(servers: Servers) -> URL:
    """The packaged data set in an SQLite database of this test's own."""
    return servers.packaged("sqlite")


def test_what_contains_a_text_is_found_whatever_is_asked_of_whatever_is_called_so(url: URL) -> None:
    with undone(url) as connection:

        @laws
        @given(
            st.dictionaries(SLUGS, NAMES, min_size=1, max_size=8),
            st.lists(st.tuples(NAMES, st.sampled_from(["name", "formerly", "id.gan"])), max_size=4),
            st.lists(TEXTS, max_size=4),
            st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 9)), max_size=8),
        )
        def law(
            called: dict[str, str], also: list[tuple[str, str]], texts: list[str], cuts: list[tuple[int, int, int]]
        ) -> None:
            again = connection.begin_nested()
            enter(connection, called.items())
            slugs = list(called)
            for number, (name, field) in enumerate(also):
                call(connection, slugs[number % len(slugs)], name, field, locator=str(number))
            known = [(slug, name, fold(name), slug) for slug, name in called.items()]
            known += [(slugs[at % len(slugs)], name, fold(name), "") for at, (name, _) in enumerate(also)]
            for which, start, length in cuts:
                _, name, _, slug = known[which % len(known)]
                texts.extend(whole[start % (len(whole) or 1) :][:length] for whole in (name, slug))
            for asked in texts:
                key, slug_key = fold(asked), asked.strip().lower()
                scanned = {
                    (slug, name) for slug, name, folded, own in known if key and (key in folded or slug_key in own)
                }
                found = find(connection, asked)
                assert pairs(found) == scanned, asked
                ranks: dict[tuple[str, str], int] = {}
                for slug, name, folded, own in known:
                    whole, begins = (
                        key == folded or slug_key == own,
                        folded.startswith(key) or own[: len(slug_key)] == slug_key,
                    )
                    rank = 0 if whole else 1 if begins else 2
                    ranks[slug, name] = min(rank, ranks.get((slug, name), 2))
                order = [(ranks[one.slug, one.name], one.slug) for one in found.matches]
                assert order == sorted(order)
                if name_of(url) == "sqlite":
                    with connection.begin_nested() as part:
                        search_index.suspend(connection)
                        assert find(connection, asked) == found
                        part.rollback()
            again.rollback()

        law()


def test_the_index_follows_every_insert_update_and_delete(file: URL) -> None:
    with undone(file) as connection:

        @laws
        @given(
            st.dictionaries(SLUGS, NAMES, min_size=1, max_size=6),
            st.lists(st.tuples(st.sampled_from(["name", "slug", "claim", "unclaim", "drop", "forget"]), NAMES, SLUGS)),
        )
        def law(called: dict[str, str], changes: list[tuple[str, str, str]]) -> None:
            again = connection.begin_nested()
            enter(connection, called.items())
            first = next(iter(called))
            here = record.c.slug == first
            for at, (change, name, slug) in enumerate(changes):
                if change == "name":
                    connection.execute(update(record).where(here).values(search_key=fold(name)))
                elif change == "slug" and slug not in called and f"{slug}0" not in called:
                    connection.execute(update(record).where(here).values(slug=f"{slug}0"))
                    connection.execute(update(record).where(record.c.slug == f"{slug}0").values(slug=first))
                elif change == "claim":
                    call(connection, first, name, locator=str(at))
                elif change == "unclaim":
                    connection.execute(update(claim).values(search_key=None))
                elif change == "drop":
                    connection.execute(delete(claim))
                else:
                    connection.execute(delete(record).where(record.c.slug != first))
            assert index(connection) == expected_index(connection)
            again.rollback()

        law()


def test_the_index_is_true_after_a_load_a_changed_load_and_a_renaming(file: URL, seeds: WriteSeeds) -> None:
    zoos = "alder-zoo: {{kind: zoo, names: [{{value: {name}, language: en}}, {{value: {russian}, language: ru}}]}}\ncedar-zoo: {{kind: zoo}}\n"
    for name, russian in (("Alder Zoo", "Ольховый зоопарк"), ("Alder Park", "Ольховый парк")):
        assert not load(file, seeds({"institutions.yaml": zoos.format(name=name, russian=russian)})).problems
        with undone_of(file) as connection:
            assert index(connection) == expected_index(connection)
            assert [one.slug for one in find(connection, name).matches] == ["alder-zoo"]
            assert [one.slug for one in find(connection, russian[2:]).matches] == ["alder-zoo"]
    renamed = "elder-zoo: {kind: zoo, formerly: alder-zoo}\ncedar-zoo: {kind: zoo}\n"
    assert not load(file, seeds({"institutions.yaml": renamed})).problems
    with undone_of(file) as connection:
        assert index(connection) == expected_index(connection)
        assert pairs(find(connection, "lder-z")) == {("elder-zoo", "elder-zoo"), ("elder-zoo", "alder-zoo")}
        assert [one.name for one in find(connection, "alderzoo").matches] == ["alder-zoo"]
        assert not find(connection, "Alder Park").matches


@contextmanager
def undone_of(url: URL) -> Iterator[Connection]:
    with database.engine_of(url).connect() as connection:
        yield connection
        connection.rollback()


def answers(url: URL) -> list[Any]:
    with database.reading(url) as connection:
        return [
            [find(connection, asked) for asked in ("zoo", "зоо", "동물원", "원", "2024-11", "gomi", "a", "ы", "-zoo")],
            [nearest(connection, asked) for asked in ("moskow zoo", "gmoi", "중앙동뮬원", "зопарк")],
        ]


def test_going_down_and_up_again_on_a_full_database_changes_no_answer(own_packaged: URL) -> None:
    before = answers(own_packaged)
    assert all(found.matches for found in before[0])
    schema.downgrade(own_packaged, "0002")
    with database.engine_of(own_packaged).connect() as connection:
        assert not search_index.is_kept(connection)
        # A program of that revision writes without the index.
        named = select(record.c.slug).order_by(record.c.id).limit(1).scalar_subquery()
        connection.execute(update(record).where(record.c.slug == named).values(notes="seen"))
    schema.upgrade(own_packaged)
    assert answers(own_packaged) == before
    with database.engine_of(own_packaged).connect() as connection:
        assert schema.drift(connection) == []
        if name_of(own_packaged) == "sqlite":
            assert index(connection) == expected_index(connection)


@pytest.mark.parametrize("asked", ["중", "중앙", "зо", "з", "k", "원", "a-"])
def test_one_or_two_characters_are_found_in_any_script(packaged: URL, asked: str) -> None:
    with database.reading(packaged) as connection:
        found = pairs(find(connection, asked))
        keys = connection.execute(select(record.c.slug, record.c.label, record.c.search_key)).all()
    scanned = {(row.slug, row.label) for row in keys if fold(asked) in row.search_key or asked in row.slug}
    assert scanned <= found
    assert found


def test_whole_names_come_first_then_beginnings_then_the_rest(url: URL) -> None:
    called = {"a1": "Old Alder Zoo", "b1": "Alder Zoo East", "c1": "Alder Zoo", "d1": "The Alder Zoo", "e1": "Alder"}
    with undone(url) as connection:
        enter(connection, called.items())
        assert [one.slug for one in find(connection, "alder zoo").matches] == ["c1", "b1", "a1", "d1"]
        first = find(connection, "alder", limit=2)
        assert ([one.slug for one in first.matches], first.more) == (["e1", "b1"], 3)
        assert find(connection, "alder", [Kind.PERSON]) == Found()


def test_a_name_said_twice_is_found_once(url: URL) -> None:
    with undone(url) as connection:
        enter(connection, [("alder", "Alder Zoo"), ("elder", "Elder Zoo")])
        call(connection, "alder", "Alder Zoo", language="en")
        call(connection, "alder", "Alder Zoo", language="")
        call(connection, "alder", "Elder Zoo", stance="contradicts", locator="2")
        found = find(connection, "der zoo", limit=1)
        assert [(one.slug, one.language) for one in found.matches] == [("alder", "en")]
        assert found.more == 1


def test_a_misspelt_name_is_found_among_twenty_thousand(url: URL) -> None:
    syllables = ["ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "ru"]
    many = [
        (f"animal-{number}", "".join(syllables[int(digit)] for digit in f"{number:05}")) for number in range(20_000)
    ]
    sought = [("z-moscow", "Moscow Zoo"), ("z-leningrad", "Ленинградский зоопарк"), ("z-pyongyang", "조선중앙동물원")]
    with undone(url) as connection:
        enter(connection, many)
        enter(connection, sought, "institution")
        call(connection, "z-leningrad", "Saint Petersburg Zoo")
        for asked, name in (
            *(("Moskow Zoo", "Moscow Zoo"), ("Mosow Zoo", "Moscow Zoo"), ("zMoscow-Zoo", "Moscow Zoo")),
            *(("ленинградскй зопарк", "Ленинградский зоопарк"), ("조선중앙둥물원", "조선중앙동물원")),
            *(
                ("Sankt Petersburg Zoo", "Saint Petersburg Zoo"),
                ("debagofihux", "debagofihu"),
                ("roscow zqo", "Moscow Zoo"),
            ),
        ):
            assert name in nearest(connection, asked), asked
        assert nearest(connection, "Moskow Zoo", [Kind.INSTITUTION]) == ["Moscow Zoo"]
        assert nearest(connection, "Moskow Zoo", [Kind.PERSON]) == []
        assert nearest(connection, "조선") == ["z-pyongyang"]
        assert spelt_alike(connection, "??") == spelt_alike(connection, " ") == []


def test_an_index_rebuilt_is_the_one_that_was_kept(packaged_file: URL) -> None:
    with undone_of(packaged_file) as connection:
        kept = index(connection)
        clauses = connection.execute(text("SELECT name, sql FROM sqlite_master ORDER BY name")).all()
        search_index.suspend(connection)
        assert not search_index.is_kept(connection)
        connection.execute(update(record).values(search_key=record.c.search_key + "zzz"))
        assert find(connection, "zzz").matches
        search_index.rebuild(connection)
        assert find(connection, "zzz").matches
        connection.execute(update(record).values(search_key=text("replace(search_key, 'zzz', '')")))
        assert not find(connection, "zzz").matches
        search_index.rebuild(connection)
        assert index(connection) == kept == expected_index(connection)
        # What rebuilds it makes the same triggers as the migration.
        assert connection.execute(text("SELECT name, sql FROM sqlite_master ORDER BY name")).all() == clauses


def test_suspending_and_rebuilding_say_nothing_to_postgresql(servers: Servers) -> None:
    said: list[str] = []
    with database.engine_of(servers.shared("postgresql")).connect() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: said.append(given[2]))
        search_index.suspend(connection)
        search_index.rebuild(connection)
        assert not search_index.is_kept(connection)
    assert said == []


def test_an_index_without_its_triggers_is_drift_and_is_not_used(packaged_file: URL) -> None:
    with database.engine_of(packaged_file).begin() as connection:
        connection.execute(text("DROP TRIGGER record_trigram_put"))
    with database.reading(packaged_file) as connection:
        assert schema.drift(connection) == ["not as declared: the index of names has lost its triggers"]
        assert not search_index.is_kept(connection)
        assert find(connection, "동물원").matches


def test_a_database_of_an_sqlite_without_trigrams_is_scanned(packaged_file: URL, seeds: WriteSeeds) -> None:
    before = answers(packaged_file)
    with database.engine_of(packaged_file).begin() as connection:
        search_index.suspend(connection)
        connection.execute(text("DROP TABLE record_trigram"))
        connection.execute(text("DROP TABLE claim_trigram"))
        search_index.rebuild(connection)
    with database.reading(packaged_file) as connection:
        assert schema.drift(connection) == []
    assert answers(packaged_file)[0] == before[0]
    assert "Moscow Zoo" in answers(packaged_file)[1][0]
    assert not load(packaged_file, seeds({"institutions.yaml": "alder-zoo: {kind: zoo}\n"})).problems
    schema.downgrade(packaged_file, "0002")
    schema.upgrade(packaged_file)
    with database.reading(packaged_file) as connection:
        assert search_index.is_kept(connection)
        assert find(connection, "alder").matches


def test_postgresql_has_an_index_where_the_server_has_trigrams(servers: Servers) -> None:
    with database.reading(servers.shared("postgresql")) as connection:
        offered = connection.execute(text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")).first()
        there = set(
            connection.execute(text("SELECT indexname FROM pg_indexes WHERE indexname LIKE '%trigram'")).scalars()
        )
        assert there == (search_index.POSTGRESQL_INDEXES if offered else set())
        assert schema.drift(connection) == []


def plan(connection: Connection, ask: Any) -> str:
    """SQLite's plans of all statements that are run by a question."""
    said: list[tuple[str, Any]] = []
    event.listen(connection, "before_cursor_execute", lambda *given: said.append((given[2], given[3])))
    ask(connection)
    steps = [
        row[3]
        for statement, given in list(said)
        for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
    ]
    return "\n".join(steps)


def test_whole_names_and_beginnings_are_looked_up_in_the_tables_own_indexes(servers: Servers) -> None:
    with database.reading(servers.shared("sqlite")) as connection:
        exact = plan(connection, lambda connection: thing_named(connection, "조선중앙동물원"))
        assert "ix_record_search_key (search_key=?)" in exact
        assert "ix_claim_field_search_key (field=? AND search_key=?)" in exact
        assert "SCAN record" not in exact
        assert "SCAN claim" not in exact
    with database.reading(servers.shared("sqlite")) as connection:
        prefix = plan(connection, lambda connection: beginning(connection, "조선"))
        assert "ix_record_search_key (search_key>? AND search_key<?)" in prefix
        assert "ix_claim_field_search_key (field=? AND search_key>? AND search_key<?)" in prefix
        assert "SCAN record" not in prefix
    with database.reading(servers.shared("sqlite")) as connection:
        infix = plan(connection, lambda connection: find(connection, "중앙동"))
        assert "SCAN record_trigram VIRTUAL TABLE" in infix
        assert "SCAN record\n" not in infix


@pytest.mark.parametrize("name", ["a", "a\U0010ffff", "\U0010ffff", "a\ud7ff", "!"])
def test_a_beginning_has_no_name_beyond_it(url: URL, name: str) -> None:
    with undone(url) as connection:
        enter(connection, [("one", name), ("two", f"{name}\U0010ffff"), ("three", f"{name}b"), ("four", f"b{name}")])
        keys = connection.execute(select(record.c.slug, record.c.search_key)).all()
        assert set(beginning(connection, name)) == {slug for slug, key in keys if key.startswith(fold(name))}


def test_a_read_only_file_is_searched(packaged_file: URL) -> None:
    path = Path(str(packaged_file.database))
    path.chmod(0o444)
    with database.reading(packaged_file) as connection:
        assert search_index.is_kept(connection)
        assert find(connection, "동물원").matches
        assert nearest(connection, "moskow zoo")
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as plain:
        asked = "SELECT count(*) FROM record_trigram WHERE record_trigram MATCH '\"동물원\"'"
        assert plain.execute(asked).fetchone()[0] > 0


def test_a_backup_is_searched_and_checked_like_its_original(packaged_file: URL, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(packaged_file, copy)
    url = database.locate(str(copy))
    assert answers(url) == answers(packaged_file)
    assert zoo("db", "check", db=url).exit_code == 0


def test_the_command_says_how_many_more_there_are(packaged: URL) -> None:
    everything = zoo("find", "zoo", "--limit", "0", "-f", "json", db=packaged)
    some = zoo("find", "zoo", "--limit", "3", "-f", "json", db=packaged)
    every = json.loads(everything.stdout)
    assert every["more"] == 0
    assert everything.stderr == ""
    more = len(every["matches"]) - 3
    assert json.loads(some.stdout) == {**every, "matches": every["matches"][:3], "more": more}
    assert some.stderr == f"There are {more:,} more; --limit 0 shows all.\n"
    assert zoo("find", "zoo", "--limit", "-1", db=packaged).exit_code == 2


def test_the_command_answers_a_misspelling_with_the_nearest_names(packaged: URL) -> None:
    result = zoo("find", "moskow zoo", db=packaged)
    assert result.exit_code == 4
    assert "Did you mean 'Moscow Zoo'" in result.stderr


def test_a_text_as_long_as_may_be_given_finds_nothing_and_does_no_harm(packaged: URL) -> None:
    with database.reading(packaged) as connection:
        for asked in ("a" * 100_000, "动物" * 5000, '"' * 70, "a%_" * 500, '"zoo" OR', "NEAR(zoo moscow)"):
            assert find(connection, asked) == Found()
