"""Where sources disagree: what is a conflict and what is none, who says it, and how it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import URL

from conftest import ENGINES, Servers, WriteSeeds, load, zoo

GIFT = "2024-11-moscow-zoo-gift"
TROTTERS = "2024-08-orlov-trotters"
WORST_FIRST = ("conflict", "possible", "refines")
WORLD = {
    "institutions.yaml": """
        alder-zoo: {names: [Alder Zoo], kind: zoo, country: IE, sources: [ministry]}
        birch-zoo: {names: [Birch Zoo], kind: zoo, country: GB, sources: [ministry]}
        """,
    "taxa.yaml": """
        bird: {names: [Birds], rank: class}
        pheasant: {names: [Pheasants], rank: family, parent: bird}
        lion: {names: [Lion], rank: species}
        """,
    "sources.yaml": """
        ministry: {kind: press_release}
        diary: {kind: letter}
        agency: {kind: agency, based_on: [ministry]}
        paper: {kind: news, based_on: [agency]}
        digest: {kind: news, based_on: [ministry, diary]}
        """,
}
TRANSFER = "kind: gift\nfrom: alder-zoo\nto: birch-zoo\ndate: 1990\nsources: [ministry]\n"


def ask(url: URL, *arguments: str) -> list[dict[str, Any]]:
    result = zoo("conflicts", *arguments, "-f", "json", db=url)
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert found["schema"] == "zooprov/conflicts/1"
    return list(found["conflicts"])


def one(url: URL, *arguments: str) -> dict[str, Any]:
    (found,) = ask(url, *arguments)
    return found


def place(row: dict[str, Any]) -> tuple[str, str | None, str]:
    return row["record"], row["line"], row["field"]


def rivals(row: dict[str, Any]) -> dict[str, tuple[list[str], int]]:
    """Return who says each value and how many origins it has; what no source says is left out."""
    return {rival["value"]: (rival["sources"], rival["origins"]) for rival in row["values"] if rival["note"] is None}


def known(url: URL, seeds: WriteSeeds, files: dict[str, str]) -> URL:
    loaded = load(url, seeds({**WORLD, **files}))
    assert not loaded.problems, loaded.problems
    return url


def counted(claims: str) -> dict[str, str]:
    """Return a transfer of one line, whose count is what is given."""
    return {"transfers/gift.yaml": f"{TRANSFER}lines:\n  lions: {{taxon: lion, count: {claims}}}\n"}


def each_counted(cases: Iterable[str]) -> dict[str, str]:
    """Return a transfer for each of some claims of a count, named by their place."""
    return {f"transfers/gift-{at:02}.yaml": counted(claims)["transfers/gift.yaml"] for at, claims in enumerate(cases)}


def carried(lines: str, totals: str) -> str:
    """Return a transfer with lines and stated totals."""
    return f"{TRANSFER}lines: {{{lines}}}\ntotals: [{totals}]\n"


# -- the packaged data set -------------------------------------------------------------------------------


def test_the_stated_70_of_november_2024_conflicts_with_the_sum_of_its_lines(packaged: URL) -> None:
    row = one(packaged, GIFT, "--field", "count", "--verdict", "conflict")
    assert (place(row), row["verdict"], row["settled"]) == ((GIFT, None, "count"), "conflict", False)
    (total,) = [rival for rival in row["values"] if rival["note"] == "sum of the lines"]
    assert (total["value"], total["sources"], total["origins"]) == ("75", [], 0)
    assert set(rivals(row)) == {"70", ">70", "75"}


def test_over_70_and_75_agree_with_the_sum_of_november_2024(packaged: URL) -> None:
    result = zoo("arrivals", GIFT, "-f", "json", db=packaged)
    (found,) = json.loads(result.stdout)["transfers"]
    assert found["sum"] == {"min": 75, "max": 75}
    verdicts = {stated["count"]["text"]: stated["verdict"] for stated in found["stated"]}
    assert verdicts == {"70": "conflict", ">70": "agree", "75": "agree"}


def test_the_otters_of_august_2024_are_a_settled_conflict_of_one_source(packaged: URL) -> None:
    field = ("--field", "statement.animals-named")
    assert ask(packaged, TROTTERS, *field) == []
    row = one(packaged, TROTTERS, *field, "--all")
    assert (row["verdict"], row["settled"], row["concluded"]) == ("conflict", True, "24 Orlov Trotters")
    assert "otters are in no other source read" in row["reason"]
    assert rivals(row)["otters and horses"] == (["washington-examiner-2024-11"], 1)
    assert rivals(row)["24 Orlov Trotters"] == (
        ["koreadaily-horses-2024-08", "krone-2024-11-20", "moscow-times-2024-11-20"],
        2,
    )


def test_the_three_great_disagreements_are_listed_without_any_filter(packaged: URL) -> None:
    found = {place(row): row for row in ask(packaged)}
    first = found["1999-01-pyongyang-to-seoul", None, "statement.first-exchange"]
    assert set(rivals(first)) == {"1999", "July 2004", "14 April 2005"}
    animals = found["seoul-grand-park", None, "statement.animals-from-pyongyang"]
    assert set(rivals(animals)) == {"43", "41 until 2005, so 50 with the nine of December 2006"}
    ordinal = found[GIFT, None, "statement.exchange-ordinal"]
    assert {"fourth of 2024", "second transfer of animals"} < set(rivals(ordinal))
    assert {row["verdict"] for row in (first, animals, ordinal)} == {"conflict"}
    assert not any(row["settled"] for row in (first, animals, ordinal))


def test_25_birds_and_25_pheasants_agree_in_count_and_refine_in_taxon(packaged: URL) -> None:
    taxon = one(packaged, f"{GIFT}/pheasants", "--field", "taxon")
    assert (taxon["verdict"], taxon["concluded"]) == ("refines", "pheasant")
    assert set(rivals(taxon)) == {"birds", "pheasant"}
    count = one(packaged, f"{GIFT}/pheasants", "--field", "count", "--all")
    assert "sputnik-arabic-2024-11-20" in rivals(count)["25"][0], "who says birds says 25 as well"
    assert rivals(count)["25"][1] == 1
    assert rivals(count)["45"] == (["sahebkhabar-guardian-copy-2024-11-21"], 1)


def test_years_of_the_founding_refine_to_their_day(packaged: URL) -> None:
    row = one(packaged, "korea-central-zoo", "--field", "founded")
    assert (row["verdict"], row["concluded"]) == ("refines", "1959-04-30")
    assert {"195X", "1959", "1959-04", "1959-04-30"} <= set(rivals(row))


def test_the_sex_of_the_lion_is_not_in_dispute(packaged: URL) -> None:
    assert ask(packaged, "lion-2024", "--all") == []
    found = json.loads(zoo("evidence", "lion-2024", "sex", "-f", "json", db=packaged).stdout)["fields"]
    assert [(field["concluded"], field["verdict"]) for field in found] == [("female", "agree")]


def test_a_dismissed_value_is_listed_with_its_reason_and_counts_for_no_origin(packaged: URL) -> None:
    row = one(packaged, "1999-01-pyongyang-to-seoul", "--field", "statement.nangrim-arrival")
    dismissed = {rival["value"]: rival for rival in row["values"] if rival["dismissed"]}
    assert set(dismissed) == {"1993"}
    assert (dismissed["1993"]["origins"], dismissed["1993"]["reason"]) == (0, "1993 is the year of her capture.")


@pytest.mark.parametrize("options", [(), ("--all",)])
def test_the_worst_come_first_then_the_open_then_by_record(packaged: URL, options: tuple[str, ...]) -> None:
    rows = ask(packaged, *options)
    order = [(WORST_FIRST.index(row["verdict"]), row["settled"], row["record"]) for row in rows]
    assert order == sorted(order)
    assert {verdict for verdict, _, _ in order} == {0, 1, 2}


def test_all_adds_what_was_settled_and_nothing_else(packaged: URL) -> None:
    rows, everything = ask(packaged), ask(packaged, "--all")
    assert not any(row["settled"] for row in rows)
    assert [row for row in everything if not row["settled"]] == rows
    settled = [row for row in everything if row["settled"]]
    assert settled
    assert all(row["reason"] or any(rival["reason"] for rival in row["values"]) for row in settled)


def test_every_row_has_the_promised_fields(packaged: URL) -> None:
    for row in ask(packaged, "--all"):
        assert {"record", "line", "field", "verdict", "settled", "values"} <= row.keys()
        assert row["verdict"] in WORST_FIRST
        assert isinstance(row["settled"], bool)
        for rival in row["values"]:
            assert {"value", "sources", "origins", "dismissed"} <= rival.keys()
            assert isinstance(rival["dismissed"], bool)
            assert rival["origins"] <= len(rival["sources"])
            assert (rival["origins"] > 0) is (rival["sources"] != [] and not rival["dismissed"])


def test_every_row_has_a_rival(packaged: URL) -> None:
    for row in ask(packaged, "--all"):
        told = {(rival["value"], rival["during"], rival["note"]) for rival in row["values"]}
        assert len(told) > 1 or any(rival["against"] for rival in row["values"]), place(row)


def test_a_record_has_its_own_and_a_line_only_the_lines(packaged: URL) -> None:
    everything = ask(packaged, "--all")
    assert ask(packaged, GIFT, "--all") == [row for row in everything if row["record"] == GIFT]
    of_line = [row for row in everything if (row["record"], row["line"]) == (GIFT, "pheasants")]
    assert ask(packaged, f"{GIFT}/pheasants", "--all") == of_line
    assert {row["field"] for row in of_line} == {"count", "taxon"}
    assert ask(packaged, f"{GIFT}/yaks", "--all") == []


def test_a_record_can_be_given_by_its_name(packaged: URL) -> None:
    assert ask(packaged, "조선중앙동물원") == ask(packaged, "korea-central-zoo")


def test_a_field_is_chosen_by_its_name_by_its_stem_or_with_its_part(packaged: URL) -> None:
    everything = ask(packaged, "--all")
    assert ask(packaged, "--all", "--field", "date") == [row for row in everything if row["field"] == "date"]
    statements = ask(packaged, "--all", "--field", "statement")
    assert statements == [row for row in everything if row["field"].startswith("statement.")]
    role = one(packaged, "--all", "--field", "participants/kozlov/role")
    assert place(role) == (GIFT, None, "participants/kozlov/role")
    assert role in ask(packaged, "--all", "--field", "role")


def test_the_verdicts_part_the_list(packaged: URL) -> None:
    parts = [ask(packaged, "--all", "--verdict", verdict) for verdict in WORST_FIRST]
    assert all({row["verdict"] for row in rows} == {verdict} for rows, verdict in zip(parts, WORST_FIRST, strict=True))
    assert [row for rows in parts for row in rows] == ask(packaged, "--all")


@pytest.mark.parametrize(
    ("name", "told"), [("mosow-zoo", "'moscow-zoo'"), (f"{GIFT}/lyon", "lyon"), ("no-gift/lion", "no-gift")]
)
def test_an_unknown_record_or_line_ends_with_4(packaged: URL, name: str, told: str) -> None:
    result = zoo("conflicts", name, db=packaged)
    assert (result.exit_code, result.stdout) == (4, "")
    assert told in result.stderr


def test_a_verdict_that_is_none_of_a_conflict_ends_with_2(packaged: URL) -> None:
    assert zoo("conflicts", "--verdict", "agree", db=packaged).exit_code == 2


@pytest.mark.parametrize(
    "options",
    [("--all",), ("--all", "--field", "count"), (GIFT, "--verdict", "conflict"), ("seoul-grand-park", "--all")],
    ids=" ".join,
)
def test_both_engines_give_the_same_bytes(servers: Servers, options: tuple[str, ...]) -> None:
    printed = [zoo("conflicts", *options, "-f", "json", db=servers.shared(engine)) for engine in ENGINES]
    assert [result.exit_code for result in printed] == [0, 0]
    assert printed[0].stdout_bytes == printed[1].stdout_bytes
    assert json.loads(printed[0].stdout)["conflicts"]


def test_a_page_tells_what_it_is_and_where_to_go_on(packaged: URL) -> None:
    page = zoo("conflicts", GIFT, "--all", "-f", "table", db=packaged).stdout
    titles = [page.index(title) for title in ("Conflict: both cannot be", "Refines: one says more")]
    assert all(one < other for one, other in pairwise(titles))
    assert "sum of the lines" in page
    assert f"zoo-provenance evidence {GIFT}" in page


# -- what is a conflict ----------------------------------------------------------------------------------


def test_counts_conflict_overlap_or_refine(url: URL, seeds: WriteSeeds) -> None:
    cases = {
        "{claims: [{value: 5, source: diary}, {value: 6, source: paper}]}": "conflict",
        "{claims: [{value: 4-6, source: diary}, {value: 5-7, source: paper}]}": "possible",
        '{claims: [{value: "~4", source: diary}, {value: 5, source: paper}]}': "possible",
        '{claims: [{value: ">4", source: diary}, {value: 5, source: paper}]}': "refines",
    }
    rows = ask(known(url, seeds, each_counted(cases)))
    assert [(*place(row), row["verdict"], row["settled"]) for row in rows] == [
        (f"gift-{at:02}", "lions", "count", verdict, False) for at, verdict in enumerate(cases.values())
    ]


def test_who_says_the_same_or_that_it_is_unknown_is_no_rival(url: URL, seeds: WriteSeeds) -> None:
    cases = [
        "{claims: [{value: 5, source: diary}, {value: 5, source: paper}]}",
        '{claims: [{value: ">4", source: diary}, {value: 5+, source: paper}]}',
        '{claims: [{value: 5, source: diary}, {value: "?", source: paper}]}',
    ]
    assert ask(known(url, seeds, each_counted(cases)), "--all") == []


def test_a_source_that_was_searched_and_says_nothing_is_no_rival(url: URL, seeds: WriteSeeds) -> None:
    files = {
        "transfers/gift.yaml": f"{TRANSFER}lines: {{lions: {{taxon: lion, count: {{value: 5, source: paper}},"
        " searched: [{field: count, source: diary}]}}\n"
    }
    assert ask(known(url, seeds, files), "--all") == []


def test_a_value_that_another_source_denies_is_a_conflict(url: URL, seeds: WriteSeeds) -> None:
    row = one(known(url, seeds, counted("{value: 5, source: paper, against: [diary]}")))
    assert (row["verdict"], row["settled"], row["concluded"]) == ("conflict", False, "5")
    (rival,) = row["values"]
    assert (rival["value"], rival["sources"], rival["against"], rival["origins"]) == ("5", ["paper"], ["diary"], 1)


def test_a_denial_of_what_was_not_chosen_leaves_what_was_chosen_settled(url: URL, seeds: WriteSeeds) -> None:
    claims = (
        "{claims: [{value: 5, source: paper}, {value: 9, source: agency, against: [diary]}],"
        " settled: 5, because: The keeper counted five.}"
    )
    known(url, seeds, counted(claims))
    assert ask(url) == []
    row = one(url, "--all")
    assert (row["settled"], row["concluded"], row["reason"]) == (True, "5", "The keeper counted five.")
    assert {rival["value"]: rival["against"] for rival in row["values"]} == {"5": [], "9": ["diary"]}


def test_that_a_thing_never_happened_is_a_conflict_with_those_who_vouch_for_it(url: URL, seeds: WriteSeeds) -> None:
    files = {
        "transfers/gift.yaml": TRANSFER.replace("[ministry]", "[ministry, paper]")
        + 'exists: {value: "no", source: diary}\n'
    }
    row = one(known(url, seeds, files))
    assert (place(row), row["verdict"], row["settled"]) == (("gift", None, "exists"), "conflict", False)
    told = {rival["value"]: (rival["sources"], rival["origins"]) for rival in row["values"]}
    assert told == {"no": (["diary"], 1), "yes": (["ministry", "paper"], 1)}


def test_a_dismissed_rival_is_settled_by_its_dismissal(url: URL, seeds: WriteSeeds) -> None:
    claims = "{claims: [{value: 5, source: paper}, {value: 9, source: diary, dismissed: A slip of the pen.}]}"
    known(url, seeds, counted(claims))
    assert ask(url) == []
    row = one(url, "--all")
    assert (row["verdict"], row["settled"], row["concluded"]) == ("conflict", True, "5")
    assert {rival["value"]: (rival["dismissed"], rival["reason"], rival["origins"]) for rival in row["values"]} == {
        "5": (False, None, 1),
        "9": (True, "A slip of the pen.", 0),
    }


def test_what_is_left_open_on_purpose_is_listed_and_not_settled(url: URL, seeds: WriteSeeds) -> None:
    claims = (
        "{claims: [{value: 5, source: paper}, {value: 9, source: diary}],"
        " settled: open, because: Neither of them counted.}"
    )
    row = one(known(url, seeds, counted(claims)))
    assert (row["verdict"], row["settled"], row["concluded"]) == ("conflict", False, "5-9")
    assert row["reason"] == "Neither of them counted."
    assert ask(url, "--all") == [row]


def test_what_is_settled_is_listed_only_when_asked(url: URL, seeds: WriteSeeds) -> None:
    claims = "{claims: [{value: 5, source: paper}, {value: 9, source: diary}], settled: 9, because: The diary counts.}"
    known(url, seeds, counted(claims))
    assert ask(url) == []
    row = one(url, "--all")
    assert (row["verdict"], row["settled"], row["concluded"], row["reason"]) == (
        "conflict",
        True,
        "9",
        "The diary counts.",
    )


def test_values_that_hold_at_different_times_are_no_conflict(url: URL, seeds: WriteSeeds) -> None:
    listed = "{{names: [{0}], cites_appendix: {{claims: [{{value: II, during: {1}, source: diary}}, {2}]}}}}"
    then = "{value: I, during: 1990/1999, source: ministry}"
    taxa = {
        "apart": listed.format("Apart", "1980/1989", then),
        "meeting": listed.format("Meeting", "1980/1990", then),
        "undated": listed.format("Undated", "1980/1989", "{value: I, source: ministry}"),
    }
    files = {"taxa.yaml": "".join(f"{slug}: {taxon}\n" for slug, taxon in taxa.items())}
    rows = ask(known(url, seeds, files), "--all")
    assert [(*place(row), row["verdict"]) for row in rows] == [
        ("meeting", None, "cites_appendix", "conflict"),
        ("undated", None, "cites_appendix", "conflict"),
    ]


# -- parents ---------------------------------------------------------------------------------------------


def test_two_sires_of_one_animal_are_rivals_and_of_a_group_are_not(url: URL, seeds: WriteSeeds) -> None:
    two = "{value: ash, source: diary}, {value: elm, source: ministry}"
    likely = "{value: ash, source: diary, certainty: probable}, "
    cubs = {
        "of-a-group": ("count: 6,", two, None),
        "of-an-animal": ("", two, "conflict"),
        "of-one": ("count: 1,", two, "conflict"),
        "one-likely": ("", likely + "{value: elm, source: ministry}", "conflict"),
        "the-same": ("", "{value: ash, source: diary}, {value: ash, source: ministry}", None),
        "two-likely": ("", likely + "{value: elm, source: ministry, certainty: possible}", "possible"),
    }
    animals = "ash: {taxon: lion, sources: [diary]}\nelm: {taxon: lion, sources: [diary]}\n" + "".join(
        f"{slug}: {{taxon: lion, {count} sire: [{sires}], sources: [diary]}}\n"
        for slug, (count, sires, _) in cubs.items()
    )
    rows = ask(known(url, seeds, {"animals.yaml": animals}), "--all")
    assert {row["record"]: (row["field"], row["verdict"]) for row in rows} == {
        slug: ("sire", verdict) for slug, (_, _, verdict) in cubs.items() if verdict is not None
    }


def test_candidate_sires_with_their_probabilities_are_possible(url: URL, seeds: WriteSeeds) -> None:
    animals = """
        ash: {taxon: lion, sex: male, sources: [diary]}
        elm: {taxon: lion, sex: male, sources: [diary]}
        cub:
          taxon: lion
          sire: [{value: ash, probability: 0.6, source: diary}, {value: elm, probability: 0.4, source: diary}]
          sources: [diary]
        """
    assert one(known(url, seeds, {"animals.yaml": animals}), "--all")["verdict"] == "possible"


# -- witnesses -------------------------------------------------------------------------------------------


def test_a_source_derived_from_two_others_is_not_a_third_witness(url: URL, seeds: WriteSeeds) -> None:
    cases = {
        "[ministry]": 1,
        "[ministry, agency, paper]": 1,
        "[agency, paper]": 1,
        "[ministry, diary]": 2,
        "[digest]": 1,
        "[ministry, digest]": 1,
        "[ministry, diary, digest]": 2,
    }
    files = each_counted(
        f"{{claims: [{{value: 5, sources: {sources}}}, {{value: 9, source: diary, at: page 2}}]}}" for sources in cases
    )
    rows = ask(known(url, seeds, files))
    assert [rivals(row)["5"][1] for row in rows] == list(cases.values())


def test_a_sources_own_word_counts_for_itself(url: URL, seeds: WriteSeeds) -> None:
    files = each_counted(
        f"{{claims: [{{value: 5, source: ministry}}, {{value: 5, source: paper{own}}}, {{value: 9, source: diary}}]}}"
        for own in ("", ", own: true")
    )
    rows = ask(known(url, seeds, files))
    assert [rivals(row)["5"] for row in rows] == [(["ministry", "paper"], 1), (["ministry", "paper"], 2)]


# -- stated totals ---------------------------------------------------------------------------------------


def test_a_stated_total_beside_an_uncounted_line_is_no_conflict_by_mistake(url: URL, seeds: WriteSeeds) -> None:
    eight, uncounted = "a: {taxon: lion, count: 8}", "b: {taxon: bird}"
    several, skins = "b: {taxon: bird, count: several}", "b: {taxon: bird, count: 2, term: SKI}"
    cases = {
        (eight, "8"): None,
        (eight, ">5"): None,
        (eight, "~9"): "possible",
        (eight, "9"): "conflict",
        (f"{eight}, {uncounted}", ">5"): None,
        (f"{eight}, {uncounted}", "9+"): None,
        (f"{eight}, {uncounted}", "9"): "possible",
        (f"{eight}, {uncounted}", "70"): "possible",
        (f"{eight}, {uncounted}", "8"): "conflict",
        (f"{eight}, {several}", "10"): "possible",
        (uncounted, "1"): "possible",
        (f"{eight}, {skins}", "8"): None,
        (f"{eight}, {skins}", "10"): "conflict",
        (skins, "7"): None,
    }
    slugs = {case: f"gift-{at:02}" for at, case in enumerate(cases)}
    files = {
        f"transfers/{slug}.yaml": carried(lines, f'{{value: "{total}", source: paper}}')
        for (lines, total), slug in slugs.items()
    }
    rows = ask(known(url, seeds, files), "--all", "--field", "count")
    assert {row["record"]: (row["line"], row["verdict"]) for row in rows} == {
        slugs[case]: (None, verdict) for case, verdict in cases.items() if verdict is not None
    }


def test_a_total_without_lines_has_nothing_to_agree_with(url: URL, seeds: WriteSeeds) -> None:
    files = {"transfers/gift.yaml": f"{TRANSFER}totals: [{{value: 70, source: paper}}]\n"}
    assert ask(known(url, seeds, files), "--all") == []


def test_a_dismissed_total_conflicts_with_no_sum(url: URL, seeds: WriteSeeds) -> None:
    totals = "{value: 8, source: paper}, {value: 70, source: diary, dismissed: Another year.}"
    known(url, seeds, {"transfers/gift.yaml": carried("a: {taxon: lion, count: 8}", totals)})
    assert ask(url) == []
    assert one(url, "--all")["settled"]


def test_small_data_sets_give_the_same_bytes_on_both_engines(servers: Servers, seeds: WriteSeeds) -> None:
    folder = seeds(
        {
            **WORLD,
            "animals.yaml": """
                ash: {taxon: lion, sex: male, sources: [diary]}
                elm: {taxon: lion, sources: [diary]}
                cub: {taxon: lion, sire: [{value: elm, source: diary}, {value: ash, source: digest}], sources: [diary]}
                """,
            "transfers/gift.yaml": f"""
{TRANSFER}
exists: {{value: "no", source: diary}}
lines:
  b: {{taxon: {{claims: [{{value: bird, source: paper}}, {{value: pheasant, source: diary}}]}}, count: 3}}
  a: {{taxon: lion, count: {{claims: [{{value: 9, source: paper, against: [digest]}}, {{value: "~8", source: diary}}]}}}}
totals: [{{value: 70, source: paper}}, {{value: ">2", source: diary}}]
statements:
  name: {{claims: [{{value: Zoé, source: paper}}, {{value: Ägir, source: diary}}, {{value: zorn, source: digest}}]}}
""",
        }
    )
    printed = []
    for engine in ENGINES:
        db = servers.fresh(engine)
        assert not load(db, folder).problems
        printed.append(zoo("conflicts", "--all", "-f", "json", db=db).stdout_bytes)
    assert printed[0] == printed[1]
    assert {row["field"] for row in json.loads(printed[0])["conflicts"]} == {
        "count", "exists", "sire", "statement.name", "taxon",
    }  # fmt: skip
