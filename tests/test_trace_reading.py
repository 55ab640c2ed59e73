"""How a life reads: notes where something is disputed, gaps as rows, the paragraph, and evidence in its own words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import URL

from conftest import ENGINES, Servers, WriteSeeds, load, zoo

LION = "2024-11-moscow-zoo-gift/lion"
WORLD = {
    "institutions.yaml": """
        alder-zoo: {names: [Alder Zoo], kind: zoo, sources: [ledger]}
        birch-zoo: {names: [Birch Zoo], kind: zoo, sources: [ledger]}
        cedar-park: {names: [Cedar Park], kind: park, sources: [ledger]}
        dune-wild: {names: [Dune Forest], kind: wild, sources: [ledger]}
        """,
    "people.yaml": "person-a: {names: [Person A]}\n",
    "taxa.yaml": "cat: {names: [Cats], rank: family}\nlion: {names: [Lion], rank: species, parent: cat}\n",
    "sources.yaml": """
        ledger: {kind: archive, language: en}
        diary: {kind: letter, language: de}
        ministry: {kind: press_release, language: ru}
        agency: {kind: agency, language: en, based_on: [ministry]}
        """,
}
BORN = "born: 1980-05-12, born_at: alder-zoo,"


def ask(url: URL, *arguments: str) -> dict[str, Any]:
    result = zoo(*arguments, "-f", "json", db=url)
    assert (result.exit_code, result.stderr) == (0, "")
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def page(url: URL, *arguments: str) -> str:
    result = zoo(*arguments, "-f", "table", db=url)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def joined(text: str) -> str:
    """Return text without the line breaks and columns of a page."""
    return " ".join(text.split())


def known(url: URL, seeds: WriteSeeds, animals: str, **transfers: str) -> URL:
    """Load animals (by slug, in the flow of a line) and transfers (`_` for `-`), vouched for by the ledger."""
    files = {
        f"transfers/{slug.replace('_', '-')}.yaml": f"{{{text}, sources: [ledger]}}\n"
        for slug, text in transfers.items()
    }
    loaded = load(url, seeds({**WORLD, "animals.yaml": animals, **files}))
    assert not loaded.problems, loaded.problems
    return url


def lion(slug: str, facts: str = "") -> str:
    return f"{slug}: {{names: [{slug.capitalize()}], taxon: lion, {facts} sources: [ledger]}}\n"


def told(url: URL, animal: str) -> str:
    return str(ask(url, "trace", animal)["paragraph"])


# -- the paragraph ---------------------------------------------------------------------------------------


def test_a_life_passed_on_directly_is_told_in_one_sentence(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", f"{BORN} died: 1995-02, died_at: cedar-park,"),
        a_gift="kind: gift, from: alder-zoo, to: birch-zoo, date: 1985-03, animals: [ash]",
        a_sale="kind: sale, from: birch-zoo, to: cedar-park, date: 1990, animals: [ash]",
    )
    golden = (
        "Born at Alder Zoo, 1980-05-12; by gift to Birch Zoo, 1985-03; by sale to Cedar Park, 1990;"
        " died at Cedar Park, 1995-02."
    )
    assert told(url, "ash") == golden
    assert f"Provenance: {golden}" in joined(page(url, "trace", "ash"))


def test_a_loan_is_told_with_its_end_and_followed_by_its_return(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN),
        lent="kind: loan, from: alder-zoo, to: birch-zoo, date: 1985-03, until: 1990, animals: [ash]",
        returned="kind: return, ends: lent, from: birch-zoo, to: alder-zoo, date: 1989-10, animals: [ash]",
        sold="kind: sale, passes: [title], from: alder-zoo, to: cedar-park, date: 1992, animals: [ash]",
        made_over="kind: ownership_transfer, from: cedar-park, to: birch-zoo, date: 1994, animals: [ash]",
    )
    assert told(url, "ash") == (
        "Born at Alder Zoo, 1980-05-12; on loan to Birch Zoo, 1985-03, until 1990; returned to Alder Zoo, 1989-10;"
        " by sale to Cedar Park, 1992; title to Birch Zoo, 1994."
    )


def test_holders_that_do_not_meet_are_parted_by_a_gap_and_the_sender_is_named(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN),
        a_gift="kind: gift, from: alder-zoo, to: birch-zoo, date: 1985, animals: [ash]",
        a_sale="kind: sale, from: cedar-park, to: alder-zoo, date: 1990~, animals: [ash]",
    )
    assert told(url, "ash") == (
        "Born at Alder Zoo, 1980-05-12; by gift to Birch Zoo, 1985. […] Cedar Park; by sale to Alder Zoo, 1990~."
    )


def test_an_unknown_start_is_a_gap_before_the_first_word(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash") + lion("elm") + lion("fir") + lion("yew", "died: 1990,"),
        capture="kind: capture, from: dune-wild, to: alder-zoo, date: 1975, animals: [fir]",
        from_alder="kind: gift, from: alder-zoo, to: birch-zoo, date: 1985, animals: [ash]",
        from_nobody="kind: gift, to: birch-zoo, animals: [elm]",
    )
    assert told(url, "ash") == "[…] Alder Zoo; by gift to Birch Zoo, 1985."
    assert told(url, "elm") == "[…] By gift to Birch Zoo, not dated."
    assert told(url, "fir") == "Dune Forest; captured and brought to Alder Zoo, 1975."
    assert told(url, "yew") == "[…] Died, 1990."


def test_an_end_nobody_knows_is_a_gap_after_the_last_word(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN) + lion("elm", BORN) + lion("fir", "born: 1980,"),
        escaped="kind: escape, from: alder-zoo, date: 1983-10-02, animals: [ash]",
        released="kind: release, from: alder-zoo, to: dune-wild, date: 1983, animals: [elm]",
    )
    assert told(url, "ash") == ("Born at Alder Zoo, 1980-05-12; escaped to a place not known, 1983-10-02. […]")
    assert told(url, "elm") == "Born at Alder Zoo, 1980-05-12; released to Dune Forest, 1983."
    assert told(url, "fir") == "Born, place not known, 1980. […]"


def test_what_was_planned_or_cancelled_is_left_out_of_the_paragraph_and_stays_a_step(
    url: URL, seeds: WriteSeeds
) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN) + lion("elm"),
        cancelled="kind: gift, status: cancelled, from: alder-zoo, to: cedar-park, date: 1984, animals: [ash]",
        given="kind: gift, from: alder-zoo, to: birch-zoo, date: 1985, animals: [ash]",
        planned="kind: gift, status: planned, from: birch-zoo, to: cedar-park, date: 1990, animals: [ash, elm]",
    )
    assert told(url, "ash") == "Born at Alder Zoo, 1980-05-12; by gift to Birch Zoo, 1985."
    assert told(url, "elm") == ""
    assert "Provenance:" not in page(url, "trace", "elm")
    statuses = [step["status"] for step in ask(url, "trace", "ash")["steps"]]
    assert statuses == [None, "cancelled", "completed", "planned"]


def test_what_a_source_only_supposes_is_told_as_probable_or_possible(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", "born: 1980, born_at: {value: alder-zoo, source: diary, certainty: possible},"),
        a_gift=(
            "kind: gift, from: alder-zoo, to: {value: birch-zoo, source: diary, certainty: probable}, date: 1985~,"
            " animals: [ash]"
        ),
        b_gift="""kind: gift, from: birch-zoo, date: 1990, animals: [ash], to: {claims: [
            {value: cedar-park, source: diary, certainty: possible}, {value: cedar-park, source: ledger}]}""",
    )
    found = ask(url, "trace", "ash")
    assert found["paragraph"] == (
        "Possibly born at Alder Zoo, 1980 (note 1); probably by gift to Birch Zoo, 1985~ (note 2);"
        " by gift to Cedar Park, 1990."
    )
    assert [step["doubt"] for step in found["steps"]] == ["possible", "probable", None]
    told_of = [(note["record"], note["field"], note["doubt"], note["sources"]) for note in found["notes"]]
    assert told_of == [("ash", "born_at", "possible", ["diary"]), ("a-gift", "to", "probable", ["diary"])]
    assert "2. a-gift, to: probable, by diary." in page(url, "trace", "ash")


def test_a_disputed_step_is_told_with_the_number_of_its_note(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion(
            "ash",
            "born: {claims: [{value: 1980, source: diary}, {value: 1982, source: ministry}]}, born_at: alder-zoo,",
        ),
        a_gift="""kind: gift, from: alder-zoo, to: birch-zoo, animals: [ash],
            date: {claims: [{value: 1985-03, source: diary}, {value: 1985-05, sources: [ministry, agency]}]}""",
        b_sale="kind: sale, from: birch-zoo, to: cedar-park, date: 1990, animals: [ash]",
    )
    found = ask(url, "trace", "ash")
    assert [(note["number"], note["record"], note["field"], note["verdict"]) for note in found["notes"]] == [
        (1, "ash", "born", "conflict"),
        (2, "a-gift", "date", "conflict"),
    ]
    assert found["paragraph"] == (
        "Born at Alder Zoo, [1980..1982] (note 1); by gift to Birch Zoo, [1985-03..1985-05] (note 2);"
        " by sale to Cedar Park, 1990."
    )
    printed = joined(page(url, "trace", "ash"))
    assert "disputed: born (note 1)" in printed
    assert "disputed: date (note 2)" in printed
    assert (
        "2. a-gift, date: 1985-03 (1 source, 1 origin) | 1985-05 (2 sources, 1 origin)."
        " They contradict one another, open." in printed
    )


# -- notes -----------------------------------------------------------------------------------------------


def test_a_life_without_a_dispute_has_no_notes(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN),
        gift="""kind: gift, from: alder-zoo, to: birch-zoo, animals: [ash],
            date: {claims: [{value: 1985, source: diary}, {value: 1985-05, source: ministry}]},
            statements: {price: {claims: [{value: much, source: diary}, {value: little, source: ministry}]}}""",
    )
    assert ask(url, "trace", "ash")["notes"] == []
    assert "note" not in page(url, "trace", "ash").replace("not known", "")


def test_a_settled_dispute_is_a_note_with_its_reason(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN),
        gift="""kind: gift, from: alder-zoo, to: birch-zoo, animals: [ash], date: {
            claims: [{value: 1985, source: diary}, {value: 1986, source: ministry}],
            settled: 1985, because: The diary was kept that day.}""",
    )
    (note,) = ask(url, "trace", "ash")["notes"]
    assert (note["settled"], note["concluded"], note["reason"]) == (True, "1985", "The diary was kept that day.")
    assert "Settled: The diary was kept that day." in joined(page(url, "trace", "ash"))
    assert told(url, "ash").endswith("by gift to Birch Zoo, 1985 (note 1).")


def test_a_disputed_part_of_a_person_is_a_note_of_the_step(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN),
        gift="""kind: gift, from: alder-zoo, to: birch-zoo, date: 1985, animals: [ash], participants: {a: {who: person-a,
            role: {claims: [{value: delivered, source: diary}, {value: escorted, source: ministry}]}}}""",
    )
    (note,) = ask(url, "trace", "ash")["notes"]
    assert (note["record"], note["field"]) == ("gift", "participants/a/role")
    assert "disputed: people (note 1)" in joined(page(url, "trace", "ash"))


def test_a_life_tells_the_disputes_of_its_own_line_only(url: URL, seeds: WriteSeeds) -> None:
    rivals = "claims: [{value: 5, source: diary}, {value: 6, source: ministry}]"
    known(
        url,
        seeds,
        lion("ash", BORN) + lion("elm", BORN),
        gift=f"""kind: gift, from: alder-zoo, to: birch-zoo, date: 1985, lines: {{
            a: {{taxon: lion, count: {{{rivals}}}, animals: [ash]}}, b: {{taxon: lion, count: 1, animals: [elm]}}}},
            totals: [{{value: 70, source: diary}}, {{value: 80, source: ministry}}]""",
    )
    notes = ask(url, "trace", "ash")["notes"]
    assert [(note["record"], note["line"], note["field"]) for note in notes] == [("gift", "a", "count")]
    assert ask(url, "trace", "elm")["notes"] == []
    assert ask(url, "trace", "gift/a")["notes"] == notes
    assert ask(url, "trace", "gift/b")["notes"] == []


def test_a_value_that_another_source_denies_is_disputed_in_the_life_as_in_conflicts(
    url: URL, seeds: WriteSeeds
) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN),
        gift="""kind: gift, from: alder-zoo, to: {value: birch-zoo, source: ministry, against: [diary]}, date: 1985,
            animals: [ash]""",
    )
    (conflict,) = ask(url, "conflicts")["conflicts"]
    assert (conflict["field"], conflict["verdict"]) == ("to", "conflict")
    found = ask(url, "trace", "ash")
    assert [step["disputed"] for step in found["steps"]] == [[], ["to"]]
    assert [(note["record"], note["field"]) for note in found["notes"]] == [("gift", "to")]
    assert [one["verdict"] for one in ask(url, "evidence", "gift", "to")["fields"]] == ["conflict"]


def test_rival_sires_are_a_note(url: URL, seeds: WriteSeeds) -> None:
    sires = "sire: [{value: elm, source: diary}, {value: fir, source: ministry}],"
    known(url, seeds, lion("ash", f"{BORN} {sires}") + lion("elm") + lion("fir"))
    notes = ask(url, "trace", "ash")["notes"]
    assert [(note["record"], note["field"], note["verdict"]) for note in notes] == [("ash", "sire", "conflict")]


def test_every_note_is_a_conflict_or_a_doubt_numbered_in_the_order_of_the_life(packaged: URL) -> None:
    everything = ask(packaged, "conflicts", "--all")["conflicts"]
    noted = 0
    for animal in ask(packaged, "list", "animals")["animals"]:
        found = ask(packaged, "trace", animal["slug"])
        numbers = [note.pop("number") for note in found["notes"]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert {note["doubt"] for note in found["notes"]} <= {None, "probable", "possible"}
        rivals = [note for note in found["notes"] if note["doubt"] is None]
        assert all({key: note[key] for key in note if key != "doubt"} in everything for note in rivals)
        assert {note["verdict"] for note in rivals} <= {"conflict", "possible"}
        order = [animal["slug"], *(step["transfer"]["slug"] for step in found["steps"] if step["transfer"])]
        places = [order.index(note["record"]) for note in found["notes"]]
        assert places == sorted(places)
        disputed = {
            (step["transfer"]["slug"], field)
            for step in found["steps"]
            if step["transfer"] and step["status"] in {"completed", None}
            for field in step["disputed"]
        }
        assert disputed <= {(note["record"], note["field"]) for note in found["notes"]}
        told_of = {
            int(number)
            for group in re.findall(r"\(notes? ([\d, ]+)\)", found["paragraph"])
            for number in group.split(", ")
        }
        assert told_of <= set(numbers)
        noted += bool(numbers)
    assert noted > 3


def test_the_lion_of_november_2024_reads_with_its_gap_and_four_notes(packaged: URL) -> None:
    found = ask(packaged, "trace", LION)
    assert [note["field"] for note in found["notes"]] == ["date", "transport", "count", "participants/kozlov/role"]
    assert found["paragraph"] == (
        "[…] Moscow Zoo; by gift to Korea Central Zoo, [2024-11-16..2024-11-20] (notes 1, 2, 3, 4)."
    )
    printed = page(packaged, "trace", LION)
    assert "… to 2024-11-20" in printed
    assert "disputed: date, transport, count (notes 1," in printed
    assert "1. 2024-11-moscow-zoo-gift, date: 2024-11-16 (1 source, 1 origin) | 2024-11-20" in printed


# -- gaps, dates and doubts in the table -----------------------------------------------------------------


def test_gaps_are_rows_of_their_own_between_the_steps(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash"),
        a_gift="kind: gift, from: alder-zoo, to: birch-zoo, date: 1985, animals: [ash]",
        b_gift="""kind: gift, from: cedar-park, to: alder-zoo, date: 1990-04, animals: [ash],
            searched: [{field: from, source: diary}]""",
        c_escape="kind: escape, from: alder-zoo, date: 1993, animals: [ash]",
    )
    rows = [line.split("\t") for line in zoo("trace", "ash", "-f", "plain", db=url).stdout.splitlines()]
    heading = rows[0]
    read = [dict(zip(heading, row, strict=True)) for row in rows[1:]]
    assert [(row["step"], row["kind"], row["date"], row["sources"]) for row in read] == [
        ("", "gap", "/1985-12-31", ""),
        ("a-gift", "gift", "1985", "ledger"),
        ("", "gap", "1985-01-01/1990-04-30", "diary"),
        ("b-gift", "gift", "1990-04", "ledger"),
        ("c-escape", "escape", "1993", "ledger"),
        ("", "gap", "1993-01-01/", ""),
    ]
    table = [
        line
        for line in page(url, "trace", "ash").splitlines()
        if re.match(r"\S+( to \S+)? +(\[gap\]|gift|escape)", line)
    ]
    assert [joined(line.partition("[gap]")[0] + line.partition("[gap]")[2]) for line in table if "[gap]" in line] == [
        "… to 1985-12-31 nobody has looked",
        "1985-01-01 to 1990-04-30 searched: diary",
        "1993-01-01 to … nobody has looked",
    ]
    assert ["[gap]" in line for line in table] == [True, False, True, False, False, True]


def test_approximate_dates_and_probable_steps_are_marked(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN),
        a_gift="kind: gift, from: alder-zoo, to: {value: birch-zoo, source: diary, certainty: probable}, date: 1985~, animals: [ash]",
        b_gift="kind: gift, from: birch-zoo, to: {value: cedar-park, source: diary, certainty: possible}, date: 1990?, animals: [ash]",
        c_gift="kind: gift, from: cedar-park, to: alder-zoo, date: 1992, animals: [ash]",
    )
    lines = page(url, "trace", "ash").splitlines()
    marks = {date: next(line for line in lines if line.startswith(f"{date} ")) for date in ("1985~", "1990?", "1992")}
    assert marks["1985~"].rstrip().endswith("date approximate; probable (note 1)")
    assert marks["1990?"].rstrip().endswith("date approximate; possible (note 2)")
    assert marks["1992"].rstrip().endswith("1 source, 1 origin")


def test_a_status_that_is_not_completed_and_the_end_of_a_loan_are_marked(url: URL, seeds: WriteSeeds) -> None:
    known(
        url,
        seeds,
        lion("ash", BORN),
        lent="kind: loan, from: alder-zoo, to: birch-zoo, date: 1985, until: 1990, animals: [ash]",
        planned="kind: gift, status: planned, from: birch-zoo, to: cedar-park, date: 1991, animals: [ash]",
    )
    lines = page(url, "trace", "ash").splitlines()
    assert next(line for line in lines if line.startswith("1985 ")).rstrip().endswith("until 1990")
    assert next(line for line in lines if line.startswith("1991 ")).rstrip().endswith("planned")


def test_a_trace_ends_with_what_its_signs_mean_and_what_to_ask_next(packaged: URL) -> None:
    last = page(packaged, "trace", "gomi").splitlines()[-3:]
    assert last[0].startswith("Origins: ")
    assert last[1] == "~ about, ? uncertain; […] nobody tells; ; passed directly; . not known to be direct."
    assert "zoo-provenance evidence gomi; zoo-provenance gaps gomi" in last[2]


@pytest.mark.parametrize("animal", ["gomi", "euttum-cubs-2009", "rangnim-32", LION])
@pytest.mark.parametrize("command", ["trace", "evidence"])
def test_both_engines_give_the_same_page(servers: Servers, command: str, animal: str) -> None:
    printed = [page(servers.shared(engine), command, animal) for engine in ENGINES]
    assert printed[0] == printed[1]


# -- evidence --------------------------------------------------------------------------------------------


@pytest.fixture
def quoted(url: URL, seeds: WriteSeeds) -> URL:
    """A gift with quotes in two languages, a dismissed date, and words of doubt."""
    return known(
        url,
        seeds,
        lion("ash", BORN),
        gift="""kind: gift, from: alder-zoo, to: birch-zoo, animals: [ash], notes: Nothing is known of the crate.,
            date: {claims: [
                {value: 1985-03, source: diary, at: page 4, quote: Heute kam der Löwe.},
                {value: 1985-03, source: ministry, quote: Лев прибыл., certainty: probable},
                {value: 1985-03, source: agency, own: true, note: seen by its reporter},
                {value: 1986, source: ledger, dismissed: The ledger was copied later.}]},
            transport: {value: by rail, source: diary, against: [agency]},
            searched: [{field: date.arrived, source: diary, note: only the month}]""",
    )


def test_quotes_are_printed_with_the_language_of_their_source(quoted: URL) -> None:
    printed = joined(page(quoted, "evidence", "gift", "date"))
    assert "diary: “Heute kam der Löwe.” [de]" in printed
    assert "ministry: “Лев прибыл.” [ru]" in printed
    (field,) = [one for one in ask(quoted, "evidence", "gift", "date")["fields"] if one["field"] == "date"]
    said = {one["source"]: (one["quote"], one["language"]) for claim in field["claims"] for one in claim["said"]}
    assert said["diary"] == ("Heute kam der Löwe.", "de")
    assert said["ministry"] == ("Лев прибыл.", "ru")
    assert said["agency"] == (None, "en")


def test_notes_are_numbered_through_and_each_is_referred_to(quoted: URL) -> None:
    printed = page(quoted, "evidence", "gift")
    notes = printed.partition("\nNotes\n")[2]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", notes, flags=re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 6
    body = printed.partition("\nNotes\n")[0]
    referred = {
        int(number)
        for line in body.splitlines()
        for number in re.findall(r"(?<=  )\d+(?:, \d+)*$", line)
        for number in number.split(", ")
    }
    assert set(numbers) <= referred
    for words in (
        "ministry: probable",
        "agency: its own word, not what it derives from",
        "agency: seen by its reporter",
    ):
        assert words in joined(notes)
    assert "diary: only the month" in joined(notes)


def test_a_dismissed_value_is_printed_with_its_reason(quoted: URL) -> None:
    printed = page(quoted, "evidence", "gift", "date")
    number = re.findall(r"(\d+)\. dismissed: The ledger was copied later\.", printed)[0]
    row = next(line for line in printed.splitlines() if line.startswith("1986 "))
    assert row.split() == ["1986", "ledger", "0", number]
    fields = {one["field"]: one for one in ask(quoted, "evidence", "gift", "date")["fields"]}
    dismissed = {claim["value"]: claim["dismissed"] for claim in fields["date"]["claims"]}
    assert dismissed == {"1985-03": None, "1986": "The ledger was copied later."}
    assert (fields["date"]["concluded"], fields["date"]["verdict"]) == ("1985-03", "agree")


def test_who_denies_who_was_searched_and_where_it_stands_is_printed(quoted: URL) -> None:
    printed = joined(page(quoted, "evidence", "gift"))
    assert "diary; against: agency" in printed or "against: agency; diary" in printed
    assert "diary (page 4)" in printed
    assert "(searched, nothing found) diary" in printed
    assert "Of the whole: Nothing is known of the crate." in printed


def test_a_settled_field_is_printed_with_the_reason_and_an_open_one_as_open(packaged: URL) -> None:
    settled = page(packaged, "evidence", "2024-11-moscow-zoo-gift/pheasants", "count")
    assert (
        "count: 25   (conflict)\nSettled: The copy is alone with 45; the chain of reports it belongs to has 25."
        in settled
    )
    opened = page(packaged, "evidence", "2024-11-moscow-zoo-gift", "date")
    assert "date: [2024-11-16..2024-11-20]   (conflict, open)" in opened
    refined = page(packaged, "evidence", "2024-11-moscow-zoo-gift/pheasants", "taxon")
    assert "taxon: pheasant   (one says more than the other)" in refined
