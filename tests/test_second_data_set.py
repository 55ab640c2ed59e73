"""A second data set beside the packaged one: right answers, and neither does the other harm."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Engine, select

from conftest import ENGINES, Servers, WriteSeeds, load, name_of, zoo
from zoo_provenance import database, locations
from zoo_provenance.loading.load import Loaded
from zoo_provenance.loading.load import load as load_seeds
from zoo_provenance.questions.arrivals import Filter, arrivals
from zoo_provenance.questions.donors import GIVER, HOLDER, donors
from zoo_provenance.questions.evidence import evidence
from zoo_provenance.questions.finding import find
from zoo_provenance.questions.lookup import LISTED, animals_at, list_kind, show
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.questions.trace import trace
from zoo_provenance.rendering.arrivals import arrivals_document
from zoo_provenance.rendering.documents import FORMATS, Document, render
from zoo_provenance.rendering.donors import donors_document
from zoo_provenance.rendering.evidence import evidence_document
from zoo_provenance.rendering.lookups import find_document, list_document, show_document
from zoo_provenance.rendering.traces import trace_document
from zoo_provenance.tables import dataset, metadata, record, transfer_line
from zoo_provenance.vocabulary import Kind

ALDER = Path(__file__).parent / "data" / "alder_zoo"
PACKAGED = locations.packaged_seeds()
GIFT = "2024-11-moscow-zoo-gift"
SHARED = {GIFT, "moscow-zoo", "korea-central-zoo", "panthera-leo", "crane", "pheasant", "lion-2024"}
EVERY = 40
PHEASANTS = f"{GIFT}/pheasants"
ALDER_ANIMALS = (
    "ash",
    "bramble",
    "cedar-finches",
    "cedar-flock",
    "clover",
    "cobnut",
    "daisy",
    "elder",
    "fennel",
    "finches",
    "finches-east",
    "finches-west",
    "gorse",
    "hazel",
    "heather",
    "ivy",
)
ALDER_HOUSES = ("alder-zoo", "birch-zoo", "cedar-park", "dune-wild", "elm-museum", "fir-rescue")
CHOSEN = {*ALDER_ANIMALS, *ALDER_HOUSES, *SHARED, "1982-linde-gift", "1988-fennecs"}
Files = Mapping[str, str | None]
Alder = Callable[[Files], Path]


@pytest.fixture(scope="module")
def databases(servers: Servers) -> dict[str, URL]:
    """The packaged data set and then the Alder Zoo, on each engine; only read."""
    urls = {engine: servers.packaged(engine) for engine in ENGINES}
    for url in urls.values():
        assert not load(url, ALDER).problems
    return urls


@pytest.fixture(params=ENGINES)
def together(request: pytest.FixtureRequest, databases: dict[str, URL]) -> URL:
    return databases[request.param]


@pytest.fixture(scope="module")
def told(databases: dict[str, URL]) -> dict[str, dict[str, str]]:
    """Many answers in all formats, from each engine."""
    return {engine: answers(url, *FORMATS, every=EVERY) for engine, url in databases.items()}


@pytest.fixture
def alone(together: URL, servers: Servers) -> URL:
    """The packaged data set alone, on the same engine; only read."""
    return servers.shared(name_of(together))


@pytest.fixture
def alder(tmp_path: Path) -> Alder:
    """Copy the Alder Zoo with some of its files rewritten, or gone (None)."""

    def copy(files: Files) -> Path:
        folder = tmp_path / f"alder-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(ALDER, folder)
        for path, content in files.items():
            if content is None:
                (folder / path).unlink()
            else:
                (folder / path).write_text(content, encoding="utf-8")
        return folder

    return copy


def ask(url: URL, *arguments: str) -> Any:
    result = zoo(*arguments, "--format", "json", db=url)
    assert (result.exit_code, result.stderr) == (0, ""), arguments
    return json.loads(result.stdout)


def slug(ref: Mapping[str, str] | None) -> str | None:
    return None if ref is None else ref["slug"]


def life(url: URL, animal: str) -> list[tuple[str, str | None, str | None, str | None]]:
    """Return (step, date, holder after it, owner after it) of an animal's trace."""
    return [
        (
            slug(step["transfer"]) or step["kind"],
            step["date"] and step["date"]["edtf"],
            slug(step["holder"]),
            slug(step["owner"]),
        )
        for step in ask(url, "trace", animal)["steps"]
    ]


def gaps(url: URL, animal: str) -> list[tuple[str | None, str | None, str | None, str | None, list[str]]]:
    found = ask(url, "trace", animal)["gaps"]
    assert all(gap["examined"] == bool(gap["sources"]) for gap in found)
    return [(gap["after"], gap["before"], gap["since"], gap["until"], gap["sources"]) for gap in found]


def arrival(url: URL, transfer: str) -> Any:
    (found,) = ask(url, "arrivals", transfer)["transfers"]
    return found


def counted(url: URL, transfer: str) -> dict[str, tuple[str | None, str, str | None, list[str]]]:
    """Return for each line of a transfer its taxon, term, count and animals."""
    return {
        line["key"]: (slug(line["taxon"]), line["term"], line["count"] and line["count"]["text"], line["animals"])
        for line in arrival(url, transfer)["lines"]
    }


def ranking(url: URL, *options: str) -> dict[str | None, tuple[int, int, int, int, tuple[int, int | None], int]]:
    """Return for each donor: transfers, unstated, loans, not completed, animals (least, most), taxa."""
    return {
        row["donor"]["slug"]: (
            row["transfers"],
            row["unstated"],
            row["loans"],
            row["not_completed"],
            (row["animals"]["min"], row["animals"]["max"]),
            row["taxa"],
        )
        for row in ask(url, "donors", *options)["donors"]
    }


def said_of(url: URL, thing: str, field: str) -> tuple[str | None, str, dict[str, tuple[bool, set[str]]]]:
    """Return what is concluded of a field, its verdict, and for each value whether inherited and by whom."""
    (found,) = ask(url, "evidence", thing, field)["fields"]
    values = {
        claim["value"]: (any(said["inherited"] for said in claim["said"]), {said["source"] for said in claim["said"]})
        for claim in found["claims"]
    }
    return found["concluded"], found["verdict"], values


def documents(connection: Connection, every: int) -> Iterator[tuple[str, Document]]:
    """Yield questions by their command line, with the answer.

    They are about the animals of the Alder Zoo, its houses and what it shares, and about one in `every` others.
    """
    known = connection.execute(select(record.c.slug, record.c.kind).order_by(record.c.slug)).all()
    chosen = {row.slug: row.kind for row in known if row.slug in CHOSEN or sum(row.slug.encode()) % every == 0}
    for name, kind in chosen.items():
        thing = thing_named(connection, name)
        yield f"evidence {name}", evidence_document(evidence(connection, thing))
        yield f"show {name}", show_document(show(connection, thing))
        if kind == Kind.ANIMAL:
            yield f"trace {name}", trace_document(trace(connection, thing))
        if kind == Kind.INSTITUTION:
            for by in (HOLDER, GIVER):
                given = donors(connection, Filter(to_id=thing.id), by=by)
                yield f"donors --to {name} --by {by}", donors_document(given)
            yield f"list animals --at {name}", list_document("animals", animals_at(connection, thing))
    lines = select(record.c.slug, transfer_line.c.key).join(record, record.c.id == transfer_line.c.transfer_id)
    for transfer, key in connection.execute(lines.order_by(record.c.slug, transfer_line.c.key)):
        if transfer in chosen:
            thing = thing_named(connection, f"{transfer}/{key}", lines=True)
            yield f"evidence {transfer}/{key}", evidence_document(evidence(connection, thing))
            yield f"trace {transfer}/{key}", trace_document(trace(connection, thing))
    for found in arrivals(connection, Filter()):
        yield f"arrivals {found.slug}", arrivals_document([found])
    yield "donors", donors_document(donors(connection, Filter()))
    for plural, of_kind in LISTED.items():
        yield f"list {plural}", list_document(plural, list_kind(connection, of_kind))
    for text in ("zoo", "зоо", "동물원", "nothing at all"):
        yield f"find {text}", find_document(text, find(connection, text))


def answers(url: URL, *forms: str, every: int = 10_000) -> dict[str, str]:
    """Return answers in some formats, by command line and format."""
    with database.reading(url) as connection:
        return {
            f"{question} -f {form}": "".join(render(document, form))
            for question, document in documents(connection, every)
            for form in forms
        }


def rows(url: URL) -> dict[str, list[Any]]:
    """Return everything that is stored, by table."""
    with database.reading(url) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Return the questions whose answer is another one."""
    return {question.removesuffix(" -f json") for question in before if before[question] != after.get(question)}


def unordered(text: str) -> str:
    """Return a JSON answer with all its lists sorted; whether a value is a claim of its own is not told."""

    def sort(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: sort(item) for key, item in value.items() if key != "inherited"}
        return sorted((sort(item) for item in value), key=json.dumps) if isinstance(value, list) else value

    return json.dumps(sort(json.loads(text)), sort_keys=True)


# -- lives -----------------------------------------------------------------------------------------------


def test_a_loan_passes_custody_and_its_return_gives_it_back_while_the_lender_owns(together: URL) -> None:
    assert life(together, "ash") == [
        ("birth", "1980-05-12", "birch-zoo", "birch-zoo"),
        ("1985-ash-lent", "1985-03-01", "alder-zoo", "birch-zoo"),
        ("1989-ash-returned", "1989-10", "birch-zoo", "birch-zoo"),
        ("death", "1995-02", "birch-zoo", "birch-zoo"),
    ]
    assert gaps(together, "ash") == []
    passed = [(step["custody"], step["title"]) for step in ask(together, "trace", "ash")["steps"]]
    assert passed == [(None, None), (True, False), (True, False), (None, None)]
    assert [one["slug"] for one in ask(together, "show", "1989-ash-returned")["record"]["related"]["ends"]] == [
        "1985-ash-lent"
    ]


def test_a_loan_past_its_end_that_nothing_ends_leaves_the_animal_where_it_is_and_is_no_gap(together: URL) -> None:
    assert life(together, "bramble") == [("1986-bramble-lent", "1986-02", "alder-zoo", "birch-zoo")]
    assert gaps(together, "bramble") == [(None, "1986-bramble-lent", None, "1986-02-28", ["lion-studbook"])]
    assert "bramble" in {one["slug"] for one in ask(together, "list", "animals", "--at", "alder-zoo")["animals"]}


def test_a_cub_of_lent_parents_is_the_lenders_and_its_body_travels_after_its_death(together: URL) -> None:
    assert life(together, "clover") == [
        ("birth", "1987-06-03", "alder-zoo", "birch-zoo"),
        ("death", "1999-11-30", "alder-zoo", "birch-zoo"),
        ("1999-museum", "1999-12", "elm-museum", "elm-museum"),
    ]
    assert gaps(together, "clover") == []


def test_a_title_sold_on_paper_moves_nobody(together: URL) -> None:
    assert life(together, "daisy") == [
        ("birth", "1987-06-03", "alder-zoo", "birch-zoo"),
        ("1990-daisy-sold", "1990-01", "alder-zoo", "alder-zoo"),
        ("1992-daisy-made-over", "1992", "alder-zoo", "cedar-park"),
    ]
    assert gaps(together, "daisy") == []
    passed = [(step["custody"], step["title"]) for step in ask(together, "trace", "daisy")["steps"]]
    assert passed == [(None, None), (False, True), (False, True)]


def test_an_undated_transfer_finds_its_place_by_the_chain_and_a_planned_one_moves_nobody(together: URL) -> None:
    assert life(together, "elder") == [
        ("birth", "1984-07", "alder-zoo", "alder-zoo"),
        ("1990-elder-to-cedar", "1990-05", "cedar-park", "cedar-park"),
        ("elder-to-fir", None, "fir-rescue", "cedar-park"),
        ("1996-elder-to-birch", "1996-09", "birch-zoo", "birch-zoo"),
        ("1997-fennec-and-caracal-lent", "1997", "birch-zoo", "birch-zoo"),
    ]
    assert gaps(together, "elder") == []


def test_a_life_begins_with_a_capture_and_leaves_with_a_release_without_a_gap(together: URL) -> None:
    steps = life(together, "fennel")
    assert [step[:3] for step in steps] == [
        ("1975-fennel-captured", "1975-09", "alder-zoo"),
        ("1978-fennel-released", "1978~", "dune-wild"),
    ]
    assert steps[0][3] == "alder-zoo"
    assert steps[1][3] not in ALDER_HOUSES
    assert gaps(together, "fennel") == []


def test_gaps_lie_where_holders_do_not_meet_and_are_examined_where_somebody_searched(together: URL) -> None:
    assert life(together, "gorse") == [
        ("1965-gorse-to-alder", "1965", "alder-zoo", "alder-zoo"),
        ("1969-gorse-to-birch", "1969-04", "birch-zoo", "birch-zoo"),
    ]
    assert gaps(together, "gorse") == [
        (None, "1965-gorse-to-alder", None, "1965-12-31", []),
        ("1965-gorse-to-alder", "1969-gorse-to-birch", "1965-01-01", "1969-04-30", ["alder-ledger"]),
    ]
    assert gaps(together, "hazel") == [
        (None, "1982-linde-gift", None, "1982-06-01", []),
        ("1983-hazel-escaped", None, "1983-10-02", None, ["alder-report"]),
    ]


def test_a_search_that_found_nothing_leaves_the_value_another_source_gives(together: URL) -> None:
    moved = arrival(together, "1969-gorse-to-birch")
    assert slug(moved["from"]) == "cedar-park"
    assert moved["disputed"] == []
    concluded, verdict, values = said_of(together, "1969-gorse-to-birch", "from")
    assert (concluded, verdict) == ("cedar-park", "agree")
    assert values["cedar-park"][1] == {"alder-report"}


def test_a_part_of_a_group_shares_its_life_before_the_split(together: URL) -> None:
    assert life(together, "finches-east") == [
        ("1970-finches", "1970-03/1970-04", "alder-zoo", "alder-zoo"),
        ("1972-finches-to-cedar", "1972", "cedar-park", "cedar-park"),
    ]
    assert life(together, "finches-west") == [("1970-finches", "1970-03/1970-04", "alder-zoo", "alder-zoo")]


def test_a_death_without_a_date_is_the_end_of_a_life(together: URL) -> None:
    steps = life(together, "ivy")
    assert steps[0] == ("birth", "1990", "alder-zoo", "alder-zoo")
    assert steps[-1] == ("death", None, "alder-zoo", "alder-zoo")
    assert "ivy" not in {one["slug"] for one in ask(together, "list", "animals", "--at", "alder-zoo")["animals"]}


def test_the_animals_at_a_place_are_those_whose_trace_ends_there_alive(together: URL) -> None:
    last: dict[str | None, set[str]] = {house: set() for house in ALDER_HOUSES}
    for name in ALDER_ANIMALS:
        steps = ask(together, "trace", name)["steps"]
        if steps and all(step["kind"] != "death" for step in steps):
            last.setdefault(slug(steps[-1]["holder"]), set()).add(name)
    listed = {
        house: {one["slug"] for one in ask(together, "list", "animals", "--at", house)["animals"]}
        for house in ALDER_HOUSES
    }
    last.pop(None, None)
    assert listed == last


def test_animals_are_listed_with_the_day_they_came(together: URL) -> None:
    since = {
        one["slug"]: one["since"] and one["since"]["edtf"]
        for one in ask(together, "list", "animals", "--at", "birch-zoo")["animals"]
    }
    assert since == {"cobnut": "1981", "elder": "1996-09", "gorse": "1969-04"}


def test_a_line_is_traced_to_its_own_transfer(together: URL) -> None:
    found = ask(together, "trace", "1999-museum/body")
    assert found["animal"]["animals"] == ["clover"]
    assert [(slug(step["transfer"]), slug(step["holder"])) for step in found["steps"]] == [
        ("1999-museum", "elm-museum")
    ]


def test_an_animal_is_found_by_its_studbook_number_and_a_zoo_by_its_russian_name(together: URL) -> None:
    assert ask(together, "trace", "studbook:101")["animal"]["slug"] == "ash"
    assert [one["slug"] for one in ask(together, "find", "эльховый")["matches"]] == ["alder-zoo"]


# -- descent ---------------------------------------------------------------------------------------------


def shares(url: URL, animal: str) -> dict[str | None, tuple[str | None, int | None, float]]:
    found = ask(url, "trace", animal)["ancestors"]
    return {one["slug"]: (one["role"], one["generation"], one["share"]) for one in found}


def test_two_candidate_sires_share_half_a_cub_and_the_rest_is_unknown(together: URL) -> None:
    assert shares(together, "clover") == {
        "ash": ("dam", 1, 0.5),
        "bramble": ("sire", 1, pytest.approx(0.3)),
        "cobnut": ("sire", 1, pytest.approx(0.15)),
        "heather": ("dam", 2, pytest.approx(0.15)),
        None: (None, None, pytest.approx(0.2)),
    }


def test_a_parent_whose_role_is_not_said_gives_half(together: URL) -> None:
    assert shares(together, "daisy") == {
        "ash": ("dam", 1, 0.5),
        "bramble": ("parent", 1, 0.5),
        "heather": ("dam", 2, 0.25),
        None: (None, None, 0.25),
    }


def test_a_part_is_all_of_its_group_and_a_pooled_flock_descends_by_head(together: URL) -> None:
    assert shares(together, "finches-west") == {"finches": ("split_from", 1, 1.0)}
    assert shares(together, "cedar-flock") == {
        "cedar-finches": ("merged_from", 1, 0.75),
        "finches-east": ("merged_from", 1, 0.25),
        "finches": ("split_from", 2, 0.25),
    }


def test_the_shares_of_founders_and_of_what_is_unknown_add_up_to_one(together: URL) -> None:
    animals = [one["slug"] for one in ask(together, "list", "animals")["animals"]]
    sums = {}
    with database.reading(together) as connection:
        for name in animals:
            found = trace(connection, thing_named(connection, name)).ancestors
            if found:
                sums[name] = sum(one.share or 0.0 for one in found if one.founder)
    assert set(sums) > {"clover", "daisy", "bramble", "cedar-flock", "finches-east", "finches-west"}
    assert sums == dict.fromkeys(sums, pytest.approx(1.0))


# -- arrivals --------------------------------------------------------------------------------------------


def test_a_body_and_skins_are_lines_and_in_no_count_of_arrivals(together: URL) -> None:
    assert counted(together, "1999-museum") == {
        "body": ("panthera-leo", "BOD", "1", ["clover"]),
        "fennecs": ("fennec", "LIV", "3", []),
        "skins": ("fennec", "SKI", "2", []),
    }
    found = arrival(together, "1999-museum")
    assert found["sum"] == {"min": 3, "max": 3}
    verdicts = {stated["count"]["text"]: (stated["verdict"], stated["sources"]) for stated in found["stated"]}
    assert verdicts == {"3": ("agree", ["alder-ledger"]), "6": ("conflict", ["alder-leaflet"])}


def test_live_eggs_are_in_no_sum_and_open_ends_stay_open(together: URL) -> None:
    found = arrival(together, "1982-linde-gift")
    assert found["sum"] == {"min": 73, "max": None}
    assert {stated["count"]["text"]: stated["verdict"] for stated in found["stated"]} == {
        ">72": "agree",
        "60": "conflict",
    }
    assert [(slug(one["who"]), one["role"], one["as"], slug(one["on_behalf_of"])) for one in found["participants"]] == [
        ("linde-state", "giver", None, None),
        ("keeper-one", "received", "Head keeper of Alder Zoo", "alder-zoo"),
    ]


def test_the_short_form_makes_a_line_for_each_taxon_with_the_counts_it_implies(together: URL) -> None:
    assert counted(together, "1997-fennec-and-caracal-lent") == {
        "caracal": ("caracal", "LIV", "1", ["elder"]),
        "fennec": ("fennec", "LIV", "1", ["ivy"]),
    }
    assert counted(together, "1970-finches") == {"zebra-finch": ("zebra-finch", "LIV", "12", ["finches"])}


def test_rivals_left_open_make_a_range(together: URL) -> None:
    (line,) = arrival(together, "1988-fennecs")["lines"]
    assert (line["count"]["min"], line["count"]["max"]) == (25, 45)
    assert (line["disputed"], line["rivals"]) == (["count"], ["25", "45"])


def test_a_title_that_is_not_stated_is_neither_yes_nor_no(together: URL) -> None:
    found = arrival(together, "1979-cranes")
    assert (found["kind"], found["custody"], found["title"]) == ("sale", True, None)


def test_a_taxon_of_one_data_set_takes_in_those_below_it_of_another(together: URL) -> None:
    cranes = {one["slug"] for one in ask(together, "arrivals", "--taxon", "crane")["transfers"]}
    assert {"1979-cranes", "1982-linde-gift"} < cranes
    below = {one["slug"] for one in ask(together, "arrivals", "--taxon", "common-crane")["transfers"]}
    assert below == {"1979-cranes", "1982-linde-gift"}


def test_arrivals_from_a_short_form_are_found_by_their_taxon(together: URL) -> None:
    found = {one["slug"] for one in ask(together, "arrivals", "--taxon", "zebra-finch")["transfers"]}
    assert found == {"1970-finches", "1972-finches-to-cedar"}


# -- donors ----------------------------------------------------------------------------------------------


def test_donors_are_ranked_with_loans_unstated_titles_and_open_ends_told_apart(together: URL) -> None:
    assert ranking(together, "--to", "alder-zoo") == {
        "linde-station": (1, 0, 0, 0, (73, None), 2),
        "cedar-park": (1, 0, 0, 0, (25, 45), 1),
        "union-animal-trade": (1, 1, 0, 0, (12, None), 1),
        "birch-zoo": (1, 0, 2, 1, (1, 1), 1),
        "dune-wild": (1, 0, 0, 0, (1, 1), 1),
        None: (1, 0, 0, 0, (1, 1), 1),
    }
    order = list(ranking(together, "--to", "alder-zoo"))
    assert order == ["linde-station", "cedar-park", "union-animal-trade", "birch-zoo", "dune-wild", None]


def test_in_whose_name_a_gift_came_is_another_question_than_who_held_it(together: URL) -> None:
    given = ranking(together, "--to", "alder-zoo", "--by", "giver")
    assert given["linde-state"] == (1, 0, 0, 0, (73, None), 2)
    assert "linde-station" not in given


def test_cancelled_and_unconfirmed_gifts_are_in_no_sum(together: URL) -> None:
    assert ranking(together, "--to", "korea-central-zoo")["alder-zoo"] == (0, 0, 0, 2, (0, 0), 0)
    given = {one["slug"]: one["status"] for one in ask(together, "arrivals", "--from", "alder-zoo")["transfers"]}
    assert (given["2001-caracals-to-pyongyang"], given["2002-fennecs-to-pyongyang"]) == ("cancelled", "unconfirmed")


def test_what_donors_gave_to_the_packaged_zoo_is_as_before(together: URL, alone: URL) -> None:
    before = {
        row["donor"]["slug"]: {**row, "taxa": None, "origins": None}
        for row in ask(alone, "donors", "--to", "korea-central-zoo")["donors"]
    }
    after = {
        row["donor"]["slug"]: {**row, "taxa": None, "origins": None}
        for row in ask(together, "donors", "--to", "korea-central-zoo")["donors"]
    }
    assert after.pop("alder-zoo")
    assert after == before


def test_countries_that_are_no_more_keep_their_codes(together: URL) -> None:
    countries = {
        row["donor"]["slug"]: row["donor"]["country"] for row in ask(together, "donors", "--to", "alder-zoo")["donors"]
    }
    assert (countries["union-animal-trade"], countries["linde-station"]) == ("SUHH", "DDDE")
    shown = ask(together, "show", "union-animal-trade")["record"]["fields"]
    assert (shown["country"], slug(shown["successor"])) == ("SUHH", "eastern-animal-trade")


# -- two data sets ---------------------------------------------------------------------------------------


def test_loading_beside_each_other_changes_nothing_the_next_time(own_packaged: URL) -> None:
    first = load(own_packaged, ALDER)
    assert first.problems == ()
    assert first.created == {"taxon": 5, "institution": 10, "person": 2, "source": 6, "animal": 16, "transfer": 22}
    assert first.updated == {"institution": 1, "transfer": 1}
    stored = rows(own_packaged)
    for seeds in (PACKAGED, ALDER):
        again = load(own_packaged, seeds)
        assert (again.problems, again.created, again.updated, again.batch) == ((), {}, {}, None)
        assert sum(again.unchanged.values()) > 60
        assert rows(own_packaged) == stored


def test_the_packaged_answers_about_other_records_are_the_same_bytes(
    alone: URL, told: dict[str, dict[str, str]]
) -> None:
    before, after = answers(alone, "json", every=EVERY), told[name_of(alone)]
    about_both = {
        # What the second data set speaks of.
        *(f"{question} moscow-zoo" for question in ("evidence", "show")),
        *(f"{question} {GIFT}" for question in ("evidence", "show", "arrivals")),
        *(f"{question} {PHEASANTS}" for question in ("evidence", "trace")),
        # What it refers to.
        *(f"show {name}" for name in ("korea-central-zoo", "panthera-leo", "crane", "pheasant")),
        *(f"donors --to korea-central-zoo --by {by}" for by in (HOLDER, GIVER)),
        # Everything there is.
        *("donors", "find zoo", "find зоо"),
        *(f"list {plural}" for plural in LISTED),
    }
    assert len(before) > 100
    assert changed(before, after) <= about_both


def test_a_rival_meets_the_plain_value_which_keeps_the_sources_it_inherited(together: URL, alone: URL) -> None:
    concluded, verdict, values = said_of(alone, "moscow-zoo", "founded")
    assert (concluded, verdict, list(values)) == ("1864", "agree", ["1864"])
    inherited, sources = values["1864"]
    assert inherited
    assert len(sources) > 1
    assert said_of(together, "moscow-zoo", "founded") == (
        "[1861..1864]",
        "conflict",
        {"1864": (False, sources), "1861": (False, {"alder-report"})},
    )
    shown = ask(together, "show", "moscow-zoo")["record"]
    assert (shown["fields"]["founded"]["earliest"], shown["fields"]["founded"]["latest"]) == (
        "1861-01-01",
        "1864-12-31",
    )
    assert shown["disputed"] == ["founded"]


def test_a_finer_taxon_from_another_data_set_is_concluded_and_a_settled_count_stands(together: URL, alone: URL) -> None:
    concluded, _, before = said_of(alone, PHEASANTS, "taxon")
    assert (concluded, set(before)) == ("pheasant", {"birds", "pheasant"})
    assert said_of(together, PHEASANTS, "taxon") == (
        "golden-pheasant",
        "refines",
        {**before, "golden-pheasant": (False, {"alder-leaflet"})},
    )
    line = next(line for line in arrival(together, GIFT)["lines"] if line["key"] == "pheasants")
    assert slug(line["taxon"]) == "golden-pheasant"
    assert (line["count"]["text"], line["disputed"]) == ("25", ["count"])
    assert "30" in line["rivals"]


def test_a_second_definition_vouches_for_what_it_says_and_for_nothing_else(together: URL, alone: URL) -> None:
    _, _, before = said_of(alone, "moscow-zoo", "city")
    concluded, _, after = said_of(together, "moscow-zoo", "city")
    assert concluded == "Moscow"
    assert after["Moscow"][1] == before["Moscow"][1]
    assert "alder-ledger" in said_of(together, "moscow-zoo", "country")[2]["RU"][1]


def test_a_rival_gone_from_its_file_brings_the_old_conclusion_back(own_packaged: URL, alder: Alder) -> None:
    founded, taxon = said_of(own_packaged, "moscow-zoo", "founded"), said_of(own_packaged, PHEASANTS, "taxon")
    load(own_packaged, ALDER)
    left = f"about: {PHEASANTS}\ncount: {{value: 30, source: alder-leaflet}}\n"
    gone = load(own_packaged, alder({"about/moscow-zoo.yaml": None, "about/pheasants.yaml": left}))
    assert (gone.problems, gone.created, gone.updated) == ((), {}, {"institution": 1, "transfer": 1})
    for thing, field, before in (("moscow-zoo", "founded", founded), (PHEASANTS, "taxon", taxon)):
        concluded, verdict, values = said_of(own_packaged, thing, field)
        assert (concluded, verdict) == before[:2]
        assert {value: sources for value, (_, sources) in values.items()} == {
            value: sources for value, (_, sources) in before[2].items()
        }
    assert ask(own_packaged, "show", "moscow-zoo")["record"]["disputed"] == []
    line = next(line for line in arrival(own_packaged, GIFT)["lines"] if line["key"] == "pheasants")
    assert (slug(line["taxon"]), "30" in line["rivals"]) == ("pheasant", True)


@pytest.mark.parametrize("order", [(PACKAGED, ALDER), (ALDER, PACKAGED)], ids=["packaged first", "alder first"])
def test_both_data_sets_load_at_once_in_either_order(
    url: URL, told: dict[str, dict[str, str]], order: tuple[Path, Path]
) -> None:
    loaded = load(url, *order)
    assert loaded.problems == ()
    found = {question: unordered(text) for question, text in answers(url, "json").items()}
    expected = {question: unordered(told[name_of(url)][question]) for question in found}
    assert len(found) > 200
    # Whoever comes first defines the record both define; that much may differ.
    assert changed(expected, found) <= ({"show moscow-zoo"} if order[0] == ALDER else set())
    if order[0] == ALDER:
        again = load(url, PACKAGED)
        assert (again.problems, again.created, again.updated, again.batch) == ((), {}, {}, None)


def test_the_database_knows_both_data_sets_by_name(together: URL) -> None:
    with database.reading(together) as connection:
        rows = connection.execute(select(dataset.c.name, dataset.c.title).order_by(dataset.c.name)).all()
    assert [row.name for row in rows] == ["alder-zoo", "korea-central-zoo"]
    assert rows[0].title == "Alder Zoo (invented)"
    assert ask(together, "show", "moscow-zoo")["record"]["dataset"] == "korea-central-zoo"
    assert ask(together, "show", "ash")["record"]["dataset"] == "alder-zoo"


# -- third data sets, small ones -------------------------------------------------------------------------

ORCHARD = {
    "sources.yaml": "ledger: {kind: archive}\nletter: {kind: letter}\n",
    "taxa.yaml": "otter: {names: [otter], rank: species}\n",
    "institutions.yaml": """
        quince-zoo: {kind: zoo, country: IE, founded: 1901, names: [Quince Zoo], sources: [ledger, letter]}
        rowan-zoo: {kind: zoo, country: IE, names: [Rowan Zoo], sources: [ledger]}
        """,
    "transfers/otters.yaml": """\
kind: gift
from: quince-zoo
to: rowan-zoo
date: 1950
sources: [ledger]
lines: {otters: {taxon: otter, count: 3}}
""",
}
KINDLESS = ORCHARD["transfers/otters.yaml"].replace("kind: gift\n", "")
NOTEBOOK = {"sources.yaml": "notebook: {kind: book}\n"}


@pytest.fixture(scope="module")
def engines(servers: Servers) -> dict[str, Engine]:
    """An empty database on each engine, for what is rolled back in the end."""
    return {
        # Hundreds of statements, compiled once.
        name: database.engine_of(servers.fresh(name)).execution_options(compiled_cache={})
        for name in ENGINES
    }


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Iterator[Connection]:
    """An empty database in a transaction of this test's own, on each engine."""
    with engines[request.param].connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def put(connection: Connection, *folders: Path) -> Loaded:
    """Load in a transaction that goes on."""
    return load_seeds(lambda: nullcontext(connection), folders)


def claimed(
    connection: Connection, thing: str, field: str
) -> tuple[str | None, str, dict[str | None, set[str | None]]]:
    """Return what is concluded of a field, its verdict, and for each value who says it."""
    (found,) = evidence(connection, thing_named(connection, thing, lines=True), field).fields
    return found.concluded, found.verdict, {one.value: {said.source for said in one.said} for one in found.claims}


def test_a_value_only_another_data_set_gives_is_never_put_in_the_first_ones_mouth(
    empty: Connection, seeds: WriteSeeds
) -> None:
    orchard = seeds(ORCHARD, "orchard")
    about = "about: quince-zoo\ncity: {value: Quince Town, source: notebook}\n"
    notes = seeds({**NOTEBOOK, "about/quince.yaml": about}, "notes")
    put(empty, orchard)
    assert put(empty, notes).updated == {"institution": 1}
    for again in (notes, orchard, notes):
        assert claimed(empty, "quince-zoo", "city") == ("Quince Town", "agree", {"Quince Town": {"notebook"}})
        assert put(empty, again).batch is None
    assert claimed(empty, "quince-zoo", "city") == ("Quince Town", "agree", {"Quince Town": {"notebook"}})


def test_a_data_set_that_says_less_may_come_first_and_define_what_both_define(
    empty: Connection, seeds: WriteSeeds
) -> None:
    less = "quince-zoo: {kind: zoo, country: IE, names: [Quince Zoo], sources: [notebook]}\n"
    about = "about: quince-zoo\nfounded: {value: 1899, source: notebook}\n"
    start = seeds({**NOTEBOOK, "institutions.yaml": less}, "notes")
    notes = seeds({**NOTEBOOK, "institutions.yaml": less, "about/quince.yaml": about}, "notes")
    orchard = seeds(ORCHARD, "orchard")
    for folder in (start, orchard, notes):
        assert put(empty, folder).problems == ()
    for _ in range(2):
        assert claimed(empty, "quince-zoo", "founded") == (
            "[1899..1901]",
            "conflict",
            {"1901": {"ledger", "letter"}, "1899": {"notebook"}},
        )
        assert claimed(empty, "quince-zoo", "kind") == ("zoo", "agree", {"zoo": {"notebook", "ledger", "letter"}})
        for folder in (orchard, notes):
            again = put(empty, folder)
            assert (again.problems, again.created, again.updated, again.batch) == ((), {}, {}, None)


def test_a_value_its_own_data_set_drops_leaves_the_other_ones_alone(empty: Connection, seeds: WriteSeeds) -> None:
    orchard = seeds(ORCHARD, "orchard")
    about = "about: quince-zoo\nfounded: {value: 1899, source: notebook}\n"
    notes = seeds({**NOTEBOOK, "about/quince.yaml": about}, "notes")
    put(empty, orchard)
    put(empty, notes)
    assert claimed(empty, "quince-zoo", "founded")[0] == "[1899..1901]"
    dropped = {**ORCHARD, "institutions.yaml": ORCHARD["institutions.yaml"].replace("founded: 1901, ", "")}
    shorter = seeds(dropped, "orchard")
    assert put(empty, shorter).updated == {"institution": 1}
    for again in (notes, shorter, notes):
        assert claimed(empty, "quince-zoo", "founded") == ("1899", "agree", {"1899": {"notebook"}})
        assert put(empty, again).batch is None
    assert claimed(empty, "quince-zoo", "founded") == ("1899", "agree", {"1899": {"notebook"}})


def test_a_changed_plain_value_changes_the_claim_it_was_written_out_as(empty: Connection, seeds: WriteSeeds) -> None:
    notes = seeds(
        {**NOTEBOOK, "about/q.yaml": "about: quince-zoo\nfounded: {value: 1899, source: notebook}\n"}, "notes"
    )
    put(empty, seeds(ORCHARD, "orchard"))
    put(empty, notes)
    moved = {**ORCHARD, "institutions.yaml": ORCHARD["institutions.yaml"].replace("1901", "1905")}
    assert put(empty, seeds(moved, "orchard")).updated == {"institution": 1}
    assert claimed(empty, "quince-zoo", "founded") == (
        "[1899..1905]",
        "conflict",
        {"1905": {"ledger", "letter"}, "1899": {"notebook"}},
    )


def test_a_standing_date_meets_its_rival_although_another_source_is_silent_on_it(
    empty: Connection, seeds: WriteSeeds
) -> None:
    searched = ORCHARD["transfers/otters.yaml"] + "searched: [{field: date, source: letter}]\n"
    orchard = seeds({**ORCHARD, "transfers/otters.yaml": searched}, "orchard")
    notes = seeds({**NOTEBOOK, "about/o.yaml": "about: otters\ndate: {value: 1953, source: notebook}\n"}, "notes")
    put(empty, orchard)
    assert claimed(empty, "otters", "date")[0] == "1950"
    put(empty, notes)
    concluded, verdict, values = claimed(empty, "otters", "date")
    assert (concluded, verdict) == ("[1950..1953]", "conflict")
    assert (values["1950"], values["1953"]) == ({"ledger"}, {"notebook"})
    assert [put(empty, again).batch for again in (orchard, notes)] == [None, None]


def test_a_transfer_that_another_data_set_calls_a_loan_passes_no_title_for_certain(
    empty: Connection, seeds: WriteSeeds
) -> None:
    put(empty, seeds(ORCHARD, "orchard"))
    notes = seeds({**NOTEBOOK, "about/o.yaml": "about: otters\nkind: {value: loan, source: notebook}\n"}, "notes")
    put(empty, notes)
    (found,) = arrivals(empty, Filter())
    assert (found.kind, found.disputed) == (None, ("kind",))
    assert (found.custody, found.title) == (True, None)


def test_a_kind_that_only_another_data_set_gives_takes_what_it_passes_along_when_it_goes(
    empty: Connection, seeds: WriteSeeds
) -> None:
    put(empty, seeds({**ORCHARD, "transfers/otters.yaml": KINDLESS}, "orchard"))
    about = "about: otters\nkind: {value: gift, source: notebook}\n"
    for kind, passed in ((None, None), ("gift", True), (None, None)):
        put(empty, seeds({**NOTEBOOK, **({"about/o.yaml": about} if kind else {})}, "notes"))
        (found,) = arrivals(empty, Filter())
        assert (found.kind, found.custody, found.title) == (kind, passed, passed)


def test_a_line_of_the_short_form_is_the_same_in_whatever_steps_it_was_loaded(
    empty: Connection, seeds: WriteSeeds
) -> None:
    animals = "raft: {names: [Raft], taxon: otter, sources: [ledger]}\n"
    moved = "kind: gift\nto: rowan-zoo\nsources: [ledger]\nanimals: [raft]\n"
    orchard = seeds({**ORCHARD, "animals.yaml": animals, "transfers/moved.yaml": moved}, "orchard")
    notes = seeds({**NOTEBOOK, "about/raft.yaml": "about: raft\ncount: {value: 3, source: notebook}\n"}, "notes")
    counts = set()
    for steps in ([orchard, notes], [orchard, notes, orchard], [orchard, notes, orchard / "transfers" / "moved.yaml"]):
        with empty.begin_nested() as savepoint:
            loaded = [put(empty, step) for step in steps]
            assert [one.problems for one in loaded] == [()] * len(steps)
            assert [one.batch for one in loaded[2:]] == [None] * len(steps[2:])
            counts.add(claimed(empty, "moved/otter", "count")[0])
            savepoint.rollback()
    put(empty, orchard, notes)
    assert counts == {claimed(empty, "moved/otter", "count")[0]}


def test_loading_another_file_of_its_folder_keeps_what_is_said_about_a_record(
    empty: Connection, seeds: WriteSeeds
) -> None:
    about = "about: quince-zoo\nfounded: {value: 1899, source: notebook}\n"
    notes = seeds({**NOTEBOOK, "about/quince.yaml": about}, "notes")
    put(empty, seeds(ORCHARD, "orchard"), notes)
    said = claimed(empty, "quince-zoo", "founded")
    assert said[0] == "[1899..1901]"
    for path in ("sources.yaml", "about/quince.yaml"):
        assert put(empty, notes / path).batch is None
        assert claimed(empty, "quince-zoo", "founded") == said


def test_a_record_renamed_by_its_own_data_set_is_still_spoken_of_by_its_former_slug(
    empty: Connection, seeds: WriteSeeds
) -> None:
    notes = seeds(
        {**NOTEBOOK, "about/q.yaml": "about: quince-zoo\nfounded: {value: 1899, source: notebook}\n"}, "notes"
    )
    put(empty, seeds(ORCHARD, "orchard"))
    put(empty, notes)
    renamed = {
        path: text.replace("quince-zoo: {", "quince-park: {formerly: quince-zoo, ").replace(
            "from: quince-zoo", "from: quince-park"
        )
        for path, text in ORCHARD.items()
    }
    assert put(empty, seeds(renamed, "orchard")).problems == ()
    again = put(empty, notes)
    assert (again.problems, again.created, again.updated) == ((), {}, {})
    assert claimed(empty, "quince-park", "founded")[0] == "[1899..1901]"


@pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "at once"])
def test_a_second_definition_that_differs_is_refused_and_names_both_places(
    empty: Connection, seeds: WriteSeeds, *, at_once: bool
) -> None:
    orchard = seeds(ORCHARD, "orchard")
    park = "quince-zoo: {kind: park, country: IE, sources: [notebook]}\n"
    other = seeds({**NOTEBOOK, "institutions.yaml": park}, "notes")
    loaded = put(empty, orchard, other) if at_once else put(empty, orchard) and put(empty, other)
    (problem,) = loaded.problems
    assert (problem.code, problem.mark.line) == ("second-definition", 1)
    assert "'orchard'" in problem.message
    assert "kind" in problem.message
    assert ("institutions.yaml:2" in problem.message) == at_once


@pytest.mark.parametrize("left", ["about: quince-zoo\n", None], ids=["an empty file", "no file"])
def test_nothing_is_left_of_a_file_about_a_record_that_says_nothing_any_more(
    empty: Connection, seeds: WriteSeeds, left: str | None
) -> None:
    put(empty, seeds(ORCHARD, "orchard"))
    about = "about: quince-zoo\nfounded: {value: 1899, source: notebook}\n"
    put(empty, seeds({**NOTEBOOK, "about/quince.yaml": about}, "notes"))
    assert claimed(empty, "quince-zoo", "founded")[0] == "[1899..1901]"
    shorter = NOTEBOOK if left is None else {**NOTEBOOK, "about/quince.yaml": left}
    assert put(empty, seeds(shorter, "notes")).updated == {"institution": 1}
    concluded, verdict, values = claimed(empty, "quince-zoo", "founded")
    assert (concluded, verdict, list(values)) == ("1901", "agree", ["1901"])
    assert put(empty, seeds(shorter, "notes")).batch is None


# -- engines ---------------------------------------------------------------------------------------------


def test_every_answer_in_every_format_is_the_same_bytes_from_both_engines(told: dict[str, dict[str, str]]) -> None:
    lite, post = (told[engine] for engine in ENGINES)
    assert len(lite) > 1000
    assert [question for question, text in lite.items() if post.get(question) != text] == []
    assert lite.keys() == post.keys()


@pytest.mark.parametrize("form", FORMATS)
def test_every_command_prints_the_same_bytes_from_both_engines(databases: dict[str, URL], form: str) -> None:
    commands = [
        ("trace", "clover"),
        ("trace", PHEASANTS),
        ("arrivals", GIFT),
        ("arrivals", "--to", "alder-zoo", "--since", "1970", "--until", "1989", "--undated"),
        ("donors", "--to", "alder-zoo", "--by", "giver"),
        ("evidence", PHEASANTS),
        ("show", "moscow-zoo"),
        ("find", "зоопарк"),
        ("list", "animals", "--at", "alder-zoo"),
    ]
    for command in commands:
        lite, post = (zoo(*command, "-f", form, db=databases[engine]) for engine in ENGINES)
        assert lite.exit_code == 0, command
        assert lite.stdout_bytes == post.stdout_bytes, command
        assert lite.stderr == post.stderr, command


def test_unknown_names_are_answered_alike_by_both_engines(databases: dict[str, URL]) -> None:
    for command in (("trace", "clowver"), ("show", "zoo-that-is-not"), ("find", "nothing at all"), ("trace", GIFT)):
        lite, post = (zoo(*command, db=databases[engine]) for engine in ENGINES)
        assert (lite.exit_code, lite.stdout, lite.stderr) == (post.exit_code, post.stdout, post.stderr)
        assert lite.exit_code == 4, command
