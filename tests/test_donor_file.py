"""The file on a donor: its numbers, what should be looked at, what was not checked, and how evidence is graded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import URL

from conftest import ENGINES, Servers, WriteSeeds, load, zoo
from zoo_provenance import database
from zoo_provenance.evidence.contested import Witnesses
from zoo_provenance.evidence.grading import Heard, credibility
from zoo_provenance.questions.arrivals import Filter
from zoo_provenance.questions.donor_file import donor_file, findings_by_donor
from zoo_provenance.questions.donors import GIVER, HOLDER, donors
from zoo_provenance.questions.naming import thing_named
from zoo_provenance.rendering.documents import render
from zoo_provenance.rendering.donor_file import donor_file_document
from zoo_provenance.rules import RULES
from zoo_provenance.vocabulary import Verdict

GIFT = "2024-11-moscow-zoo-gift"
APRIL = "2024-04-moscow-zoo-gift"
TODAY = "2025-06-01"
WORLD = {
    "institutions.yaml": """
        ireland: {names: [Ireland], kind: country, country: IE, sources: [convention], cites_party: {value: "yes", source: convention}}
        britain: {names: [Britain], kind: country, country: GB, sources: [convention], cites_party: {value: "yes", source: convention}}
        outside: {names: [Outside], kind: country, country: KP, sources: [convention], cites_party: {value: "no", source: convention}}
        alder-zoo: {names: [Alder Zoo], kind: zoo, country: IE, sources: [ledger]}
        ash-zoo: {names: [Ash Zoo], kind: zoo, country: IE, sources: [ledger]}
        birch-zoo: {names: [Birch Zoo], kind: zoo, country: GB, sources: [ledger]}
        cedar-park: {names: [Cedar Park], kind: park, country: KP, sources: [ledger]}
        fir-park: {names: [Fir Park], kind: park, country: FI, sources: [ledger]}
        """,
    "people.yaml": "person-a: {names: [Person A]}\nperson-b: {names: [Person B]}\n",
    "taxa.yaml": """
        parrot: {names: [Parrots], rank: family, cites_appendix: {value: II, source: convention}}
        macaw: {names: [Macaw], rank: genus, parent: parrot}
        blue-macaw: {names: [Blue macaw], rank: species, parent: macaw}
        budgerigar: {names: [Budgerigar], rank: species, parent: parrot, cites_appendix: {value: "N", source: convention}}
        finch: {names: [Finch], rank: species}
        """,
    "sources.yaml": """
        convention: {kind: law}
        ledger: {kind: archive, reliability: B}
        permit-7: {kind: permit}
        report-ie: {kind: importer_report}
        report-gb: {kind: exporter_report}
        ministry: {kind: press_release, reliability: C}
        agency: {kind: agency, based_on: [ministry], reliability: A}
        paper: {kind: news, based_on: [agency]}
        """,
}
Finding = tuple[str, list[str]]


def ask(url: URL, *arguments: str) -> dict[str, Any]:
    result = zoo("donors", *arguments, "-f", "json", db=url)
    assert (result.exit_code, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["schema"] == "zooprov/donors/1"
    return found


def findings(file: Mapping[str, Any], *rules: str) -> list[Finding]:
    return [(one["rule"], one["records"]) for one in file["findings"] if not rules or one["rule"] in rules]


def lines_of(file: Mapping[str, Any], rule: str) -> list[str]:
    return [records[0] for _, records in findings(file, rule)]


def known(url: URL, seeds: WriteSeeds, animals: str = "", **transfers: str) -> URL:
    """Load transfers (by slug, `_` for `-`), a gift from Birch Zoo to Alder Zoo in 1990 where nothing else is said."""
    files = {}
    for slug, text in transfers.items():
        given_by = {"kind": "gift", "from": "birch-zoo", "to": "alder-zoo", "date": "1990", "sources": "[ledger]"}
        head = text.partition("lines:")[0]
        usual = "".join(f"{key}: {value}, " for key, value in given_by.items() if not re.search(rf"\b{key}: ", head))
        files[f"transfers/{slug.replace('_', '-')}.yaml"] = f"{{{usual}{text}}}\n"
    if animals:
        files["animals.yaml"] = animals
    loaded = load(url, seeds({**WORLD, **files}))
    assert not loaded.problems, loaded.problems
    return url


# -- the packaged data set -------------------------------------------------------------------------------


def test_the_file_has_the_promised_fields(packaged: URL) -> None:
    file = ask(packaged, "moscow-zoo")
    assert {"donor", "findings", "transfers", "people", "evidence", "not_checked"} <= file.keys()
    assert {
        "slug", "label", "kind", "country", "transfers", "unstated", "loans", "animals", "taxa", "first", "last",
        "lines", "cited_lines", "origins", "findings",
    } <= file["donor"].keys()  # fmt: skip
    for finding in file["findings"]:
        assert {"rule", "severity", "message", "records", "clear", "waived"} <= finding.keys()
        assert (finding["severity"], finding["clear"]) == (
            RULES[finding["rule"]].severity,
            RULES[finding["rule"]].clear,
        )
    for transfer in file["transfers"]:
        assert {
            "slug", "label", "date", "kind", "status", "title", "from", "to", "sum", "lines", "taxa", "sources",
            "origins", "reliability", "credibility", "disputed",
        } <= transfer.keys()  # fmt: skip
    assert all({"who", "role", "as", "transfers"} <= one.keys() for one in file["people"])
    assert all({"by", "value", "sources", "transfers"} <= one.keys() for one in file["evidence"])
    assert all({"what", "number", "of", "why"} <= one.keys() for one in file["not_checked"])
    assert {
        "line", "taxon", "appendix", "sender", "receiver", "permit", "importer_report", "exporter_report",
    } == file["cites"][0].keys()  # fmt: skip
    assert all(isinstance(sentence, str) for sentence in file["method"])


def test_the_file_on_moscow_zoo_has_both_gifts_the_people_and_their_offices(packaged: URL) -> None:
    file = ask(packaged, "moscow-zoo")
    gifts = {one["slug"]: one for one in file["transfers"]}
    assert list(gifts) == [APRIL, GIFT]
    assert gifts[GIFT]["sum"] == {"min": 75, "max": 75}
    assert gifts[APRIL]["sum"] == {"min": 8, "max": None}
    assert {"date", "count", "transport"} <= set(gifts[GIFT]["disputed"])
    people = {(one["who"]["slug"], one["role"]): (one["as"], one["transfers"]) for one in file["people"]}
    assert people["vladimir-putin", "giver"] == ("President of Russia", [GIFT])
    assert people["svetlana-akulova", "delivered"] == ("General director of Moscow Zoo", [APRIL])
    origins = {one["value"]: len(one["sources"]) for one in file["evidence"] if one["by"] == "origin"}
    assert max(origins, key=lambda origin: origins[origin]) == "russian-environment-ministry-2024-11-20"


def test_the_stated_70_and_the_open_disputes_are_findings_and_settled_ones_are_none(packaged: URL) -> None:
    file = ask(packaged, "moscow-zoo")
    assert findings(file, "lines-total") == [("lines-total", [GIFT])]
    disputed = [one["message"] for one in file["findings"] if one["rule"] == "disputed"]
    assert any(GIFT in message and "date" in message for message in disputed)
    assert not any("pheasants" in message or "lion" in message or "kozlov" in message for message in disputed)


def test_a_person_is_asked_for_as_giver(packaged: URL) -> None:
    file = ask(packaged, "vladimir-putin")
    assert file == ask(packaged, "vladimir-putin", "--by", "giver")
    assert file["donor"]["kind"] == "person"
    assert {one["slug"] for one in file["transfers"]} == {GIFT, "2003-orlov-trotters"}


def test_by_giver_the_november_gift_is_not_the_zoos(packaged: URL) -> None:
    assert [one["slug"] for one in ask(packaged, "moscow-zoo", "--by", "giver")["transfers"]] == [APRIL]


@pytest.mark.parametrize(("donor", "by"), [("moscow-zoo", "holder"), ("vladimir-putin", "giver")])
def test_the_numbers_of_the_file_are_those_of_the_ranking(packaged: URL, donor: str, by: str) -> None:
    (row,) = [one for one in ask(packaged, "--by", by)["donors"] if one["donor"]["slug"] == donor]
    assert ask(packaged, donor)["donor"] == {**row.pop("donor"), **row}


@pytest.mark.parametrize("by", [HOLDER, GIVER])
def test_every_file_has_the_numbers_and_as_many_findings_as_the_ranking_says(packaged: URL, by: str) -> None:
    with database.reading(packaged) as connection:
        ranked = donors(connection, Filter(), by=by)
        counted = findings_by_donor(connection, Filter(), TODAY, by=by)
        named = [one for one in ranked if one.donor.slug is not None]
        assert len(named) > 15
        for one in named:
            file = donor_file(connection, thing_named(connection, str(one.donor.slug)), Filter(), TODAY, by=by)
            assert file.donor == one
            found = {"high": 0, "medium": 0, "low": 0}
            for finding in file.findings:
                found[finding.severity] += finding.waived is None
            assert counted.get(one.id, dict.fromkeys(found, 0)) == found, one.donor.slug
    assert any(counts["medium"] for counts in counted.values())


def test_lion_cockatoos_and_bears_are_listed_without_a_permit_and_no_report_is_expected(packaged: URL) -> None:
    file = ask(packaged, "moscow-zoo")
    papers = {one["line"]: one for one in file["cites"]}
    assert set(papers) == {f"{GIFT}/{line}" for line in ("bears", "cockatoos", "lion")}
    assert lines_of(file, "no-permit") == sorted(papers)
    assert lines_of(file, "no-importer-report") == []
    for one in papers.values():
        assert (one["sender"], one["receiver"]) == ("RU", "KP")
        assert (one["permit"], one["importer_report"], one["exporter_report"]) == (False, "not expected", False)
    assert papers[f"{GIFT}/bears"]["appendix"] == "I or II", "where sources differ both ends are told"


def test_no_word_accuses(servers: Servers) -> None:
    printed = []
    with database.reading(servers.shared("sqlite")) as connection:
        for by in (HOLDER, GIVER):
            for one in donors(connection, Filter(), by=by):
                if one.donor.slug is not None:
                    file = donor_file(connection, thing_named(connection, one.donor.slug), Filter(), TODAY, by=by)
                    printed += [
                        piece for form in ("table", "json") for piece in render(donor_file_document(file), form)
                    ]
    told = "".join(
        [*printed, *(rule.says + rule.clear for rule in RULES.values()), zoo("donors", "--help").stdout]
    ).lower()
    assert "no permit recorded" in told
    for word in ("illegal", "smuggl", "suspicious", "suspect", "traffick", "crim"):
        assert word not in told


@pytest.mark.parametrize(
    "arguments",
    [("moscow-zoo",), ("vladimir-putin",), ("seoul-grand-park", "--since", "2000"), ("--to", "korea-central-zoo")],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["json", "table"])
def test_both_engines_give_the_same_bytes(servers: Servers, arguments: tuple[str, ...], form: str) -> None:
    printed = [zoo("donors", *arguments, "-f", form, db=servers.shared(engine)) for engine in ENGINES]
    assert [result.exit_code for result in printed] == [0, 0]
    assert printed[0].stdout_bytes == printed[1].stdout_bytes


def test_a_period_a_kind_and_a_recipient_narrow_the_file(packaged: URL) -> None:
    def slugs(*options: str) -> list[str]:
        return [one["slug"] for one in ask(packaged, "moscow-zoo", *options)["transfers"]]

    assert slugs() == slugs("--to", "korea-central-zoo") == slugs("--kind", "gift") == [APRIL, GIFT]
    assert slugs("--since", "2024-06") == slugs("--since", "2024-11-18") == [GIFT]
    assert slugs("--until", "2024-06") == [APRIL]
    assert slugs("--since", "2024-05", "--until", "2024-10") == []
    assert slugs("--kind", "sale") == slugs("--kind", "loan") == []
    assert slugs("--kind", "sale", "--kind", "gift") == [APRIL, GIFT]
    assert slugs("--to", "seoul-grand-park") == []


def test_a_narrowed_file_has_only_the_findings_of_what_is_left(packaged: URL) -> None:
    file = ask(packaged, "moscow-zoo", "--until", "2024-06")
    assert all(records[0].startswith(APRIL) for _, records in findings(file))
    assert file["cites"] == []
    assert file["donor"]["animals"] == {"min": 8, "max": None}
    assert sum(file["donor"]["findings"].values()) == len(file["findings"]) > 0


@pytest.mark.parametrize(("grade", "code"), [("high", 0), ("medium", 3), ("low", 3)])
def test_fail_on_ends_with_3_where_a_finding_is_as_grave(packaged: URL, grade: str, code: int) -> None:
    assert zoo("donors", "moscow-zoo", "--fail-on", grade, db=packaged).exit_code == code


def test_fail_on_goes_with_a_donor_only(packaged: URL) -> None:
    result = zoo("donors", "--fail-on", "high", db=packaged)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--fail-on goes with a DONOR" in result.stderr


def test_a_ranking_without_findings_says_null(packaged: URL) -> None:
    rows = ask(packaged, "--no-findings")["donors"]
    assert rows
    assert all(one["findings"] is None for one in rows)
    counted = ask(packaged)["donors"]
    assert all(one["findings"].keys() == {"high", "medium", "low"} for one in counted)
    assert [{**one, "findings": None} for one in counted] == rows


def test_the_findings_stand_in_the_table_and_the_plain_ranking_too(packaged: URL) -> None:
    plain = zoo("donors", "-f", "plain", db=packaged).stdout.splitlines()
    heading, rows = plain[0].split("\t"), [line.split("\t") for line in plain[1:]]
    (moscow,) = [row for row in rows if row[0] == "moscow-zoo"]
    counts = ask(packaged, "moscow-zoo")["donor"]["findings"]
    assert {name: int(moscow[heading.index(name)]) for name in ("high", "medium", "low")} == counts
    table = zoo("donors", "-f", "table", db=packaged).stdout
    assert f"{counts['high']} / {counts['medium']} / {counts['low']}" in table
    assert "high / medium / low" not in zoo("donors", "--no-findings", "-f", "table", db=packaged).stdout


@pytest.mark.parametrize("donor", ["primorsky-aquarium", "svetlana-akulova"])
def test_a_donor_that_gave_nothing_has_an_empty_file(packaged: URL, donor: str) -> None:
    file = ask(packaged, donor)
    numbers = file["donor"]
    assert numbers["slug"] == donor
    assert [numbers[name] for name in ("transfers", "unstated", "loans", "taxa", "lines", "origins")] == [0] * 6
    assert (numbers["animals"], numbers["first"], numbers["last"]) == ({"min": 0, "max": 0}, None, None)
    assert numbers["findings"] == {"high": 0, "medium": 0, "low": 0}
    assert [file[name] for name in ("findings", "transfers", "people", "evidence", "cites")] == [[]] * 5
    page = zoo("donors", donor, "--fail-on", "low", "-f", "table", db=packaged)
    assert page.exit_code == 0
    assert "Nothing is recorded that it gave." in page.stdout


@pytest.mark.parametrize("donor", ["mosow-zoo", "panthera-leo", "gomi", GIFT])
def test_a_donor_that_is_unknown_or_cannot_give_ends_with_4(packaged: URL, donor: str) -> None:
    result = zoo("donors", donor, db=packaged)
    assert (result.exit_code, result.stdout) == (4, "")


def test_the_page_tells_the_grades_what_was_not_checked_and_the_method(packaged: URL) -> None:
    page = zoo("donors", "moscow-zoo", "-f", "table", db=packaged).stdout
    titles = ["File on Moscow Zoo", "Findings", "Transfers", "People and offices", "Evidence", "CITES-listed"]
    places = [page.index(title) for title in (*titles, "Not checked", "Method")]
    assert places == sorted(places)
    assert "not expected" in page
    assert "permits: 2 of 2" in page
    assert "completeness: whether these are all the transfers there were" in page
    assert "improbable" in page, "each grade used is explained"


# -- permits and reports ---------------------------------------------------------------------------------


def test_a_permit_cited_on_the_line_or_its_transfer_clears_the_finding_and_another_lines_does_not(
    url: URL, seeds: WriteSeeds
) -> None:
    known(
        url,
        seeds,
        none="lines: {a: {taxon: macaw, count: 2}}",
        on_line="lines: {a: {taxon: macaw, count: 2, sources: [ledger, permit-7]}, b: {taxon: macaw, count: 1}}",
        on_transfer="sources: [ledger, permit-7], lines: {a: {taxon: macaw, count: 2}}",
        on_value="lines: {a: {taxon: macaw, count: {value: 2, source: permit-7}}}",
        searched="lines: {a: {taxon: macaw, count: 2, searched: [{field: statement.permit, source: permit-7}]}}",
    )
    file = ask(url, "birch-zoo")
    assert lines_of(file, "no-permit") == ["none/a", "on-line/b", "searched/a"]
    permits = {one["line"]: one["permit"] for one in file["cites"]}
    assert permits == {
        "none/a": False, "on-line/a": True, "on-line/b": False, "on-transfer/a": True, "on-value/a": True,
        "searched/a": False,
    }  # fmt: skip


def test_a_report_is_missing_where_the_importer_is_a_party_and_not_expected_where_it_is_none(
    url: URL, seeds: WriteSeeds
) -> None:
    line = "lines: {a: {taxon: macaw, count: 2}}"
    known(
        url,
        seeds,
        not_said=f"to: fir-park, {line}",
        to_outside=f"to: cedar-park, {line}",
        party=line,
        reported="lines: {a: {taxon: macaw, count: 2, sources: [ledger, report-ie]}}",
        sent="lines: {a: {taxon: macaw, count: 2, sources: [ledger, report-gb]}}",
    )
    file = ask(url, "birch-zoo")
    assert {one["line"]: (one["importer_report"], one["exporter_report"]) for one in file["cites"]} == {
        "not-said/a": ("not known", False),
        "to-outside/a": ("not expected", False),
        "party/a": ("not recorded", False),
        "reported/a": ("recorded", False),
        "sent/a": ("not recorded", True),
    }
    missing = {one["records"][0]: one["message"] for one in file["findings"] if one["rule"] == "no-importer-report"}
    assert set(missing) == {"not-said/a", "party/a", "sent/a"}
    assert "IE, a Party to CITES" in missing["party/a"]
    assert "not recorded whether it is a Party" in missing["not-said/a"]
    assert lines_of(file, "no-permit") == ["not-said/a", "party/a", "reported/a", "sent/a", "to-outside/a"]


def test_only_what_crossed_a_border_alive_since_1975_is_asked_for_papers(url: URL, seeds: WriteSeeds) -> None:
    line = "lines: {a: {taxon: macaw, count: 2}}"
    known(
        url,
        seeds,
        at_home=f"from: ash-zoo, {line}",
        before=f"date: 1975-06-30, {line}",
        body="lines: {a: {taxon: macaw, count: 2, term: BOD}}",
        first_day=f"date: 1975-07-01, {line}",
        in_1975=f"date: 1975, {line}",
        on_paper=f"kind: sale, passes: [title], {line}",
        planned=f"status: planned, {line}",
        undated="date: '?', lines: {a: {taxon: macaw, count: 2}}",
    )
    file = ask(url, "birch-zoo")
    assert lines_of(file, "no-permit") == ["first-day/a", "in-1975/a", "undated/a"]
    assert [one["line"] for one in file["cites"]] == ["first-day/a", "in-1975/a", "undated/a"]
    assert findings(ask(url, "ash-zoo"), "no-permit", "no-importer-report") == []


def test_a_taxon_inherits_its_listing_from_the_nearest_above(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        gift="""lines: {a: {taxon: parrot, count: 1}, b: {taxon: macaw, count: 1}, c: {taxon: blue-macaw, count: 1},
            d: {taxon: budgerigar, count: 1}, e: {taxon: finch, count: 1}, f: {count: 1}}""",
    )
    file = ask(url, "birch-zoo")
    assert [(one["line"], one["appendix"]) for one in file["cites"]] == [
        ("gift/a", "II"),
        ("gift/b", "II"),
        ("gift/c", "II"),
    ]
    assert lines_of(file, "no-permit") == ["gift/a", "gift/b", "gift/c"]


# -- findings --------------------------------------------------------------------------------------------


def test_a_waived_finding_is_shown_with_its_reason_and_fails_nothing(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        gift="to: cedar-park, lines: {a: {taxon: macaw, count: 2}}",
        seeded="to: cedar-park, lines: {a: {taxon: macaw, count: 2, waive: [{rule: no-permit, because: Seen.}]}}",
    )
    assert [one["waived"] for one in ask(url, "birch-zoo")["findings"]] == [None, "Seen."]
    assert zoo("donors", "birch-zoo", "--fail-on", "medium", db=url).exit_code == 3
    assert zoo("donors", "birch-zoo", "--fail-on", "high", db=url).exit_code == 0
    waived = zoo("waive", "no-permit", "gift/a", "--because", "The permit was seen in the archive.", db=url)
    assert waived.exit_code == 0
    assert zoo("donors", "birch-zoo", "--fail-on", "low", db=url).exit_code == 0
    file = ask(url, "birch-zoo")
    assert [(one["records"][0], one["waived"]) for one in file["findings"]] == [
        ("gift/a", "The permit was seen in the archive."),
        ("seeded/a", "Seen."),
    ]
    assert file["donor"]["findings"] == {"high": 0, "medium": 0, "low": 0}
    assert ask(url)["donors"][0]["findings"] == {"high": 0, "medium": 0, "low": 0}
    assert "because: The permit was seen in the archive." in zoo("donors", "birch-zoo", "-f", "table", db=url).stdout


def test_fail_on_high_ends_with_3_where_an_animal_was_moved_before_it_was_born(url: URL, seeds: WriteSeeds) -> None:
    animals = "ash: {taxon: finch, born: 1995, born_at: birch-zoo, sources: [ledger]}\n"
    known(url, seeds, animals, gift="animals: [ash]")
    file = ask(url, "birch-zoo")
    assert ("before-birth", ["ash", "gift"]) in findings(file)
    assert file["donor"]["findings"]["high"] == 1
    assert file["findings"][0]["severity"] == "high", "the gravest come first"
    assert zoo("donors", "birch-zoo", "--fail-on", "high", db=url).exit_code == 3


def test_three_sources_with_one_origin_are_told_and_two_or_independent_ones_are_not(
    url: URL, seeds: WriteSeeds
) -> None:
    line = "lines: {a: {taxon: finch, count: 2}}"
    known(
        url,
        seeds,
        echoes=f"sources: [ministry, agency, paper], {line}",
        independent=f"sources: [ministry, agency, paper, ledger], {line}",
        own=f"sources: [ministry, agency], date: {{value: 1990, source: paper, own: true}}, {line}",
        two=f"sources: [agency, paper], {line}",
    )
    file = ask(url, "birch-zoo")
    assert findings(file) == [("one-origin", ["echoes"])]
    gifts = {one["slug"]: (one["sources"], one["origins"], one["credibility"]) for one in file["transfers"]}
    assert gifts == {"echoes": (3, 1, 3), "independent": (4, 2, 1), "own": (3, 2, 3), "two": (2, 1, 3)}
    assert file["donor"]["origins"] == 3


def test_a_title_nobody_speaks_of_is_told_and_counts_in_the_most_only(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        unstated="passes: {custody: yes, title: unstated}, lines: {a: {taxon: finch, count: 2}}",
        given="lines: {a: {taxon: finch, count: 3}}",
    )
    file = ask(url, "birch-zoo")
    assert findings(file) == [("title-unstated", ["unstated"])]
    assert (file["donor"]["transfers"], file["donor"]["unstated"]) == (1, 1)
    assert file["donor"]["animals"] == {"min": 3, "max": 5}


def test_what_was_planned_or_cancelled_is_listed_and_in_no_sum(url: URL, seeds: WriteSeeds) -> None:
    line = "lines: {a: {taxon: finch, count: 2}}"
    known(url, seeds, cancelled=f"status: cancelled, {line}", gift=line, planned=f"status: planned, {line}")
    file = ask(url, "birch-zoo")
    assert [one["status"] for one in file["transfers"]] == ["cancelled", "completed", "planned"]
    assert (file["donor"]["not_completed"], file["donor"]["animals"]) == (2, {"min": 2, "max": 2})


def test_two_givers_of_one_gift_each_have_it_in_their_file(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        gift="""to: cedar-park, lines: {a: {taxon: macaw, count: 2}},
            participants: {a: {who: person-a, role: giver}, b: {who: person-b, role: giver}}""",
    )
    files = [ask(url, person) for person in ("person-a", "person-b")]
    assert [findings(file) for file in files] == [[("no-permit", ["gift/a", "macaw"])]] * 2
    assert [file["donor"]["animals"] for file in files] == [{"min": 2, "max": 2}] * 2
    assert ask(url, "birch-zoo", "--by", "giver")["transfers"] == []
    assert len(ask(url, "birch-zoo")["transfers"]) == 1
    ranked = {one["donor"]["slug"]: one["findings"]["medium"] for one in ask(url, "--by", "giver")["donors"]}
    assert ranked == {"person-a": 1, "person-b": 1}


# -- grades ----------------------------------------------------------------------------------------------


class Known(Witnesses):
    """Witnesses of which is known what each is based on, without a database."""

    def __init__(self, basis: Mapping[int, list[int]]) -> None:
        self.slugs = {}
        self._basis = dict(basis)
        self._roots = {}


# Sources 0 to 3 are original; 4 to 7 each derive from one of them; 8 and 9 from two.
BASIS = {4: [0], 5: [0], 6: [1], 7: [4], 8: [0, 1], 9: [2, 3]}
WITNESSES = Known(BASIS)
AGREE, REFINES, POSSIBLE, CONFLICT = Verdict.AGREE, Verdict.REFINES, Verdict.POSSIBLE, Verdict.CONFLICT
SURE = (None, "probable", "possible")


def heard(*sources: int, certainty: str | None = None, own: bool = False) -> list[Heard]:
    return [Heard(source, own, certainty) for source in sources]


@pytest.mark.parametrize(
    ("reports", "verdict", "settled", "grade"),
    [
        ([], AGREE, False, 6),
        ([], CONFLICT, False, 6),
        (heard(0), AGREE, False, 3),
        (heard(0), REFINES, False, 3),
        (heard(0, certainty="certain"), AGREE, False, 3),
        (heard(0, 1), AGREE, False, 1),
        (heard(0, 1), REFINES, False, 1),
        (heard(0, 1, 2, 3), AGREE, False, 1),
        (heard(0, 4, 5, 7), AGREE, False, 3),
        (heard(4, 6), AGREE, False, 1),
        (heard(0, 1, 8), AGREE, False, 1),
        (heard(0, 8), AGREE, False, 3),
        (heard(0) + heard(4, own=True), AGREE, False, 1),
        (heard(0, certainty="probable"), AGREE, False, 4),
        (heard(0, certainty="possible"), AGREE, False, 5),
        (heard(0, 1, certainty="probable"), AGREE, False, 2),
        (heard(0, 1, certainty="possible"), AGREE, False, 3),
        (heard(0) + heard(1, certainty="probable"), AGREE, False, 2),
        (heard(0) + heard(4, certainty="probable"), AGREE, False, 3),
        (heard(0) + heard(1, certainty="possible"), AGREE, False, 3),
        (heard(0), POSSIBLE, False, 4),
        (heard(0), CONFLICT, False, 5),
        (heard(0), CONFLICT, True, 4),
        (heard(0), POSSIBLE, True, 4),
        (heard(0, 1), POSSIBLE, False, 2),
        (heard(0, 1), CONFLICT, False, 3),
        (heard(0, 1), CONFLICT, True, 2),
        (heard(0, certainty="possible"), CONFLICT, False, 5),
    ],
)
def test_information_is_graded_by_the_published_rule(
    reports: list[Heard], verdict: Verdict, *, settled: bool, grade: int
) -> None:
    assert credibility(reports, verdict, WITNESSES, settled=settled) == grade


def test_ten_echoes_confirm_nothing() -> None:
    echoes = Known({echo: [0] for echo in range(1, 11)})
    assert credibility(heard(*range(1, 11)), AGREE, echoes) == 3
    assert credibility(heard(*range(11)), AGREE, echoes) == 3
    assert credibility(heard(*range(1, 12)), AGREE, echoes) == 1, "the eleventh is no echo"


laws = settings(max_examples=150, deadline=None)
reports_drawn = st.lists(
    st.builds(Heard, st.integers(0, 9), st.booleans(), st.sampled_from([None, "certain", "probable", "possible"])),
    max_size=6,
)
verdicts_drawn = st.sampled_from([AGREE, REFINES, POSSIBLE, CONFLICT])


def graded(reports: list[Heard], verdict: Verdict, *, settled: bool) -> int:
    return credibility(reports, verdict, WITNESSES, settled=settled)


@laws
@given(reports=reports_drawn, verdict=verdicts_drawn, settled=st.booleans())
def test_a_grade_is_1_to_6_and_6_is_what_nobody_vouches_for(
    reports: list[Heard], verdict: Verdict, *, settled: bool
) -> None:
    grade = graded(reports, verdict, settled=settled)
    assert 1 <= grade <= 6
    assert (grade == 6) is (not reports)


@laws
@given(reports=reports_drawn, more=reports_drawn, verdict=verdicts_drawn, settled=st.booleans())
def test_more_reports_never_worsen_a_grade(
    reports: list[Heard], more: list[Heard], verdict: Verdict, *, settled: bool
) -> None:
    assert graded([*reports, *more], verdict, settled=settled) <= graded(reports, verdict, settled=settled)


@laws
@given(reports=reports_drawn.filter(bool), verdict=verdicts_drawn, settled=st.booleans(), data=st.data())
def test_more_doubt_never_improves_a_grade(
    reports: list[Heard], verdict: Verdict, *, settled: bool, data: st.DataObject
) -> None:
    grade = graded(reports, verdict, settled=settled)
    worse = data.draw(
        st.sampled_from([one for one in Verdict if list(Verdict).index(one) >= list(Verdict).index(verdict)])
    )
    assert graded(reports, worse, settled=settled) >= grade
    assert graded(reports, verdict, settled=False) >= graded(reports, verdict, settled=True)
    at = data.draw(st.integers(0, len(reports) - 1))
    sure = SURE.index(reports[at].certainty if reports[at].certainty in SURE else None)
    less_sure = [*reports]
    less_sure[at] = reports[at]._replace(certainty=data.draw(st.sampled_from(SURE[sure:])))
    assert graded(less_sure, verdict, settled=settled) >= grade


@laws
@given(reports=reports_drawn, verdict=verdicts_drawn, settled=st.booleans())
def test_confirmed_needs_two_independent_origins(reports: list[Heard], verdict: Verdict, *, settled: bool) -> None:
    if graded(reports, verdict, settled=settled) == 1:
        sure = {(one.source_id, one.own) for one in reports if one.certainty in {None, "certain"}}
        assert WITNESSES.origins(sure) >= 2
        assert verdict in {AGREE, REFINES}


@laws
@given(reports=reports_drawn.filter(bool), verdict=verdicts_drawn, settled=st.booleans(), data=st.data())
def test_an_echo_changes_no_grade(
    reports: list[Heard], verdict: Verdict, *, settled: bool, data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from(reports))
    echoes = Known({**BASIS, 20: [one.source_id]})
    before = credibility(reports, verdict, echoes, settled=settled)
    if not one.own:
        assert credibility([*reports, one._replace(source_id=20)], verdict, echoes, settled=settled) == before


@laws
@given(
    reports=reports_drawn,
    verdict=verdicts_drawn,
    settled=st.booleans(),
    chance=st.randoms(use_true_random=False),
)
def test_the_order_of_reports_makes_no_difference(
    reports: list[Heard], verdict: Verdict, *, settled: bool, chance: Random
) -> None:
    shuffled = [*reports]
    chance.shuffle(shuffled)
    assert graded(shuffled, verdict, settled=settled) == graded(reports, verdict, settled=settled)
