"""Concluding a column from its claims: never more than the evidence says."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo_provenance.counts import bound_text, parse_count
from zoo_provenance.dates import is_approximate, parse_date
from zoo_provenance.evidence.comparing import ancestors, meaning_of
from zoo_provenance.evidence.concluding import Chosen, Claimed, Conclusion, conclude
from zoo_provenance.fields import Shape
from zoo_provenance.vocabulary import Verdict

AGREE, REFINES, POSSIBLE, CONFLICT = Verdict.AGREE, Verdict.REFINES, Verdict.POSSIBLE, Verdict.CONFLICT
OPEN = Chosen(None, None)
laws = settings(max_examples=120, deadline=None)


def count(value: str) -> Claimed:
    if value == "?":
        return Claimed(value, None, None, None, meaning_of(Shape.COUNT, value))
    read = parse_count(value)
    low, high = bound_text(read.least), bound_text(read.most)
    return Claimed(value, low, high, None, meaning_of(Shape.COUNT, value, low, high))


def day(value: str) -> Claimed:
    if value == "?":
        return Claimed(value, None, None, None, meaning_of(Shape.DATE, value))
    read = parse_date(value)
    meaning = meaning_of(Shape.DATE, value, read.earliest, read.latest)
    return Claimed(value, read.earliest, read.latest, None, meaning)


def text(value: str) -> Claimed:
    return Claimed(value, None, None, None, meaning_of(Shape.TEXT, value))


def word(value: str) -> Claimed:
    return Claimed(value, None, None, None, meaning_of(Shape.WORD, value))


BIRDS, PHEASANTS, PEACOCK, SILVER = 1, 2, 3, 4
TAXA = ancestors({BIRDS: None, PHEASANTS: BIRDS, PEACOCK: PHEASANTS, SILVER: PHEASANTS})


def taxon(number: int) -> Claimed:
    return Claimed(None, None, None, number, meaning_of(Shape.RECORD, None, record=number, above=TAXA[number]))


def during(claim: Claimed, period: str) -> Claimed:
    read = parse_date(period)
    return claim._replace(during=(read.earliest, read.latest))


def counted(*values: str, decision: Chosen | None = None) -> Conclusion:
    return conclude(Shape.COUNT, map(count, values), decision)


def dated(*values: str, decision: Chosen | None = None) -> Conclusion:
    return conclude(Shape.DATE, map(day, values), decision)


small = st.integers(0, 8)
count_claims = st.one_of(
    small.map(str),
    small.map(lambda n: f">{n}"),
    small.map(lambda n: f"<={n}"),
    small.map(lambda n: f"~{n}"),
    st.tuples(small, small).map(lambda pair: f"{min(pair)}-{max(pair)}"),
    st.tuples(small, small, small).map(lambda sexes: "{}.{}.{}".format(*sexes)),
    st.just("several"),
).map(count)
month_days = st.integers(10, 20).map(lambda n: f"2024-11-{n}")
ends = st.one_of(month_days, st.sampled_from(["2024-11", "2024-12", "2023", "2024", "2024-01-01", "2024-12-31"]))
date_claims = st.one_of(
    ends,
    ends.map(lambda end: f"{end}~"),
    ends.map(lambda end: f"../{end}"),
    ends.map(lambda end: f"{end}/.."),
    st.tuples(month_days, month_days).map(lambda pair: f"{min(pair)}/{max(pair)}"),
).map(day)
taxon_claims = st.sampled_from(sorted(TAXA)).map(taxon)
text_claims = st.sampled_from(["Alder", "ALDER", "Birch", "birch ", "Cedar"]).map(text)
evidence = st.one_of(
    st.tuples(st.just(Shape.COUNT), st.lists(count_claims, min_size=1, max_size=5)),
    st.tuples(st.just(Shape.DATE), st.lists(date_claims, min_size=1, max_size=5)),
    st.tuples(st.just(Shape.RECORD), st.lists(taxon_claims, min_size=1, max_size=5)),
    st.tuples(st.just(Shape.TEXT), st.lists(text_claims, min_size=1, max_size=5)),
)
Evidence = tuple[Shape, list[Claimed]]


def meant(found: Conclusion) -> tuple[object, ...]:
    """What a conclusion says, whichever of several ways of writing it was met first."""
    return found.low, found.high, found.record, found.verdict, found.settled, frozenset(found.standing)


@pytest.mark.parametrize(
    ("values", "concluded", "verdict"),
    [
        (["75"], "75", AGREE),
        (["75", "75"], "75", AGREE),
        ([">70", "75"], "75", REFINES),
        (["75", ">70", "several"], "75", REFINES),
        ([">70", "70+"], ">70", REFINES),
        (["~70", "70"], "70", REFINES),
        (["~70"], "~70", AGREE),
        (["3", "1.2.0"], "1.2.0", REFINES),
        (["25", "45"], "25-45", CONFLICT),
        (["25", "45", ">20"], "25-45", CONFLICT),
        (["10-12", "11-14"], "10-14", POSSIBLE),
        ([">70", "60"], "60+", CONFLICT),
        (["<10", "20"], "0-20", CONFLICT),
        ([">70", "<100"], "0+", POSSIBLE),
        (["1.2.0", "2.1.0"], "3", CONFLICT),
    ],
)
def test_counts_are_concluded_from_what_no_other_refines(values: list[str], concluded: str, verdict: Verdict) -> None:
    found = counted(*values)
    assert (found.value, found.verdict, found.settled) == (concluded, verdict, None)


@pytest.mark.parametrize(
    ("values", "concluded", "verdict"),
    [
        (["2024-11-16", "2024-11"], "2024-11-16", REFINES),
        (["2024", "2024-11", "2024-11-20"], "2024-11-20", REFINES),
        (["2024-11", "2024-11-16", "2024-11-20"], "[2024-11-16..2024-11-20]", CONFLICT),
        (["2024-11-20", "2024", "2024-11-16"], "[2024-11-16..2024-11-20]", CONFLICT),
        (["2023", "2024"], "[2023..2024]", CONFLICT),
        (["2024-12", "2024-11"], "[2024-11..2024-12]", CONFLICT),
        (["2024-02", "2023-12"], "[2023-12..2024-02]", CONFLICT),
        (["2024-11-16", "2024-12"], "[2024-11-16..2024-12-31]", CONFLICT),
        (["2024-11-16/2024-11-20", "2024-11-18/2024-11-22"], "[2024-11-16..2024-11-22]", POSSIBLE),
        (["2024-01-01/2024-06", "2024-03/2024-12-31"], "2024", POSSIBLE),
        (["../2020", "2024"], "[..2024]", CONFLICT),
        (["2020/..", "2019-11-20"], "[2019-11-20..]", CONFLICT),
        (["../2020", "2024/.."], None, CONFLICT),
        (["/2024", "2024-11"], "2024-11", REFINES),
    ],
)
def test_dates_are_concluded_from_what_no_other_refines(
    values: list[str], concluded: str | None, verdict: Verdict
) -> None:
    found = dated(*values)
    assert (found.value, found.verdict, found.settled) == (concluded, verdict, None)


def test_only_values_that_contradict_one_another_are_disputed() -> None:
    assert not counted("75", ">70").disputed
    assert not counted("75", "75").disputed
    assert counted("75", "70").disputed
    assert counted("10-12", "11-14").disputed


@pytest.mark.parametrize("values", [["75", ">70", "70-80"], [">70", "75", "<100"]])
def test_values_that_overlap_and_give_way_to_one_are_not_disputed(values: list[str]) -> None:
    found = counted(*values)
    assert (found.value, found.disputed) == ("75", False)


def test_values_of_one_meaning_are_one_value() -> None:
    found = counted("70+", ">69", ">=70")
    assert (found.value, found.verdict, len(found.standing)) == ("70+", AGREE, 1)


def test_the_lowest_taxon_is_concluded_and_rival_taxa_leave_the_column_empty() -> None:
    assert conclude(Shape.RECORD, [taxon(BIRDS), taxon(PEACOCK)]).record == PEACOCK
    rivals = conclude(Shape.RECORD, [taxon(BIRDS), taxon(PEACOCK), taxon(SILVER)])
    assert (rivals.record, rivals.value, rivals.verdict) == (None, None, CONFLICT)
    assert set(rivals.standing) == {taxon(PEACOCK).meaning, taxon(SILVER).meaning}


def test_rival_words_leave_the_column_empty_and_disputed() -> None:
    found = conclude(Shape.WORD, [word("male"), word("female")])
    assert (found.value, found.low, found.high, found.disputed) == (None, None, None, True)


def test_texts_that_differ_in_case_alone_are_one() -> None:
    found = conclude(Shape.TEXT, [text("Cargo aircraft"), text("CARGO AIRCRAFT")])
    assert (found.value, found.disputed) == ("Cargo aircraft", False)


def test_no_claim_concludes_nothing() -> None:
    for shape in Shape:
        assert conclude(shape, []) == Conclusion()


def test_a_stated_unknown_is_never_a_value() -> None:
    assert counted("?") == Conclusion()
    assert dated("?", "2024").value == "2024"
    assert conclude(Shape.WORD, [word("?"), word("male")]).value == "male"
    assert not counted("?", "75").disputed


@pytest.mark.parametrize("shape", [Shape.COUNT, Shape.DATE, Shape.WORD])
def test_a_decision_for_unknown_leaves_the_column_empty(shape: Shape) -> None:
    claims = {Shape.COUNT: [count("?"), count("75")], Shape.DATE: [day("?"), day("2024")]}
    found = conclude(shape, claims.get(shape, [word("?"), word("male")]), Chosen("?", None))
    assert (found.value, found.low, found.high, found.settled) == (None, None, None, True)


@laws
@given(evidence, st.data())
def test_dismissed_contradicted_silent_and_unknown_claims_never_count(given_: Evidence, data: st.DataObject) -> None:
    shape, claims = given_
    one = data.draw(st.sampled_from(claims))
    # A value that would otherwise conflict with the rest, or be all there is.
    idle = [
        one._replace(dismissed=True),
        one._replace(stance="contradicts"),
        one._replace(stance="silent"),
        one._replace(value="?", low=None, high=None, record=None, meaning=meaning_of(shape, "?")),
    ]
    assert conclude(shape, [*idle, *claims[1:]]) == conclude(shape, claims[1:])
    assert conclude(shape, idle) == Conclusion()


@laws
@given(evidence)
def test_a_conclusion_holds_every_value_that_stands(given_: Evidence) -> None:
    shape, claims = given_
    found = conclude(shape, claims)
    standing = [claim for claim in claims if claim.meaning in found.standing]
    assert standing
    if shape in {Shape.COUNT, Shape.DATE}:
        for claim in standing:
            assert found.low is None or (claim.low is not None and found.low <= claim.low)
            assert found.high is None or (claim.high is not None and claim.high <= found.high)
        assert found.low in {claim.low for claim in standing}
        assert found.high in {claim.high for claim in standing}


@laws
@given(evidence)
def test_what_is_not_a_range_of_rivals_is_one_of_the_claimed_values(given_: Evidence) -> None:
    shape, claims = given_
    found = conclude(shape, claims)
    concluded = (found.value, found.low, found.high, found.record)
    if len(found.standing) == 1:
        assert concluded in {(claim.value, claim.low, claim.high, claim.record) for claim in claims}
    elif shape in {Shape.TEXT, Shape.RECORD}:
        assert concluded == (None, None, None, None)


@laws
@given(evidence)
def test_a_value_that_does_not_stand_is_refined_by_one_that_does(given_: Evidence) -> None:
    shape, claims = given_
    found = conclude(shape, claims)
    for claim in claims:
        if claim.meaning not in found.standing:
            assert any(
                conclude(shape, [claim, other]).standing == (other.meaning,)
                for other in claims
                if other.meaning in found.standing
            )


@laws
@given(st.lists(count_claims, min_size=1, max_size=5))
def test_a_concluded_count_reads_back_with_its_own_bounds(claims: list[Claimed]) -> None:
    found = conclude(Shape.COUNT, claims)
    read = parse_count(str(found.value))
    assert (bound_text(read.least), bound_text(read.most)) == (found.low, found.high)


@laws
@given(st.lists(date_claims, min_size=1, max_size=5))
def test_a_concluded_date_reads_back_with_its_own_bounds(claims: list[Claimed]) -> None:
    found = conclude(Shape.DATE, claims)
    if found.value is None:
        assert (found.low, found.high) == (None, None)
    else:
        read = parse_date(found.value)
        assert (read.earliest, read.latest) == (found.low, found.high)


@laws
@given(evidence, st.randoms(use_true_random=False))
def test_the_order_of_claims_makes_no_difference(given_: Evidence, chance: Random) -> None:
    shape, claims = given_
    shuffled = [*claims]
    chance.shuffle(shuffled)
    assert meant(conclude(shape, shuffled)) == meant(conclude(shape, claims))


@laws
@given(evidence)
def test_a_second_source_for_the_same_value_changes_no_conclusion(given_: Evidence) -> None:
    shape, claims = given_
    assert conclude(shape, [*claims, *claims]) == conclude(shape, claims)


@pytest.mark.parametrize("values", [["~70", "80"], ["~70", "75", ">60"], ["~10-12", "20+"]])
def test_a_range_with_an_end_that_is_about_is_about(values: list[str]) -> None:
    assert is_approximate(counted(*values).value)


@pytest.mark.parametrize("values", [["2024-11-16~", "2024-11-20"], ["2023?", "2024"]])
def test_a_range_of_dates_with_an_end_that_is_about_is_about(values: list[str]) -> None:
    assert is_approximate(dated(*values).value)


def test_a_decision_rules_over_what_comparing_would_choose() -> None:
    found = counted("25", "45", decision=Chosen("25", None))
    assert (found.value, found.settled) == ("25", True)
    assert (found.low, found.high) == (bound_text(25), bound_text(25))
    assert counted("75", ">70", decision=Chosen(">70", None)).value == ">70"


def test_a_decided_field_is_still_shown_as_disputed() -> None:
    found = counted("25", "45", decision=Chosen("25", None))
    assert (found.verdict, found.disputed) == (CONFLICT, True)


def test_only_the_chosen_value_stands_after_a_decision() -> None:
    assert counted("25", "45", decision=Chosen("25", None)).standing == (count("25").meaning,)


def test_a_decision_chooses_a_record() -> None:
    found = conclude(Shape.RECORD, [taxon(PEACOCK), taxon(SILVER)], Chosen(None, SILVER))
    assert (found.record, found.value, found.settled) == (SILVER, None, True)


@laws
@given(evidence, st.data())
def test_a_decision_for_a_claimed_value_concludes_that_value_with_its_bounds(
    given_: Evidence, data: st.DataObject
) -> None:
    shape, claims = given_
    chosen = data.draw(st.sampled_from(claims))
    found = conclude(shape, claims, Chosen(chosen.value, chosen.record))
    assert (found.value, found.low, found.high, found.record) == (chosen.value, chosen.low, chosen.high, chosen.record)
    assert found.settled
    assert found.verdict == conclude(shape, claims).verdict


def test_a_decision_for_a_dismissed_value_leaves_no_count_without_its_bounds() -> None:
    found = conclude(Shape.COUNT, [count("45")._replace(dismissed=True), count("75")], Chosen("45", None))
    assert (found.value is None) == (found.low is None)


def test_left_open_on_purpose_keeps_the_range_and_says_so() -> None:
    found = counted("25", "45", decision=OPEN)
    assert (found.value, found.settled, found.disputed) == ("25-45", False, True)
    assert conclude(Shape.WORD, [word("male"), word("female")], OPEN).value is None


def test_a_single_word_left_open_on_purpose_is_not_concluded() -> None:
    found = conclude(Shape.WORD, [word("male")], OPEN)
    assert (found.value, found.settled, found.standing) == (None, False, (word("male").meaning,))


def test_a_single_count_left_open_on_purpose_keeps_its_range() -> None:
    assert (counted(">70", decision=OPEN).low, counted(">70", decision=OPEN).high) == (bound_text(71), None)


def test_nothing_claimed_and_left_open_is_empty() -> None:
    assert conclude(Shape.COUNT, [], OPEN) == Conclusion(settled=False)


def test_values_of_times_that_do_not_meet_are_history_and_the_latest_holds() -> None:
    claims = [during(word("I"), "2010/2019"), during(word("II"), "1990/2009")]
    for found in (conclude(Shape.WORD, claims), conclude(Shape.WORD, claims[::-1])):
        assert (found.value, found.verdict, found.disputed) == ("I", AGREE, False)


def test_values_of_times_that_meet_are_rivals() -> None:
    claims = [during(word("I"), "2009/2019"), during(word("II"), "1990/2010")]
    found = conclude(Shape.WORD, claims)
    assert (found.value, found.verdict) == (None, CONFLICT)


def test_a_time_without_an_end_is_the_latest() -> None:
    claims = [during(word("I"), "2020/.."), during(word("II"), "../2019")]
    assert conclude(Shape.WORD, claims).value == "I"
    assert not conclude(Shape.WORD, claims).disputed


def test_times_that_share_a_day_meet() -> None:
    claims = [during(word("I"), "2010-05-01/2012"), during(word("II"), "2008/2010-05-01")]
    assert conclude(Shape.WORD, claims).disputed


def test_a_value_without_a_time_is_a_rival_of_the_latest() -> None:
    claims = [during(word("I"), "2010/2019"), word("II")]
    assert conclude(Shape.WORD, claims).disputed
    assert conclude(Shape.WORD, [during(word("I"), "2010/2019"), word("I")]).value == "I"


def test_a_finer_value_of_an_earlier_time_does_not_displace_the_latest() -> None:
    claims = [during(count("75"), "2010"), during(count(">70"), "2020")]
    found = conclude(Shape.COUNT, claims)
    assert (found.value, found.verdict) == (">70", AGREE)


def test_a_decision_rules_over_the_latest() -> None:
    claims = [during(word("I"), "2010/2019"), during(word("II"), "1990/2009")]
    assert conclude(Shape.WORD, claims, Chosen("II", None)).value == "II"


@laws
@given(st.lists(st.tuples(st.integers(1900, 2020), small), min_size=1, max_size=6, unique_by=lambda drawn: drawn[0]))
def test_of_one_value_a_year_the_last_year_holds(years: list[tuple[int, int]]) -> None:
    found = conclude(Shape.COUNT, [during(count(str(number)), str(year)) for year, number in years])
    assert found.value == str(max(years)[1])
    assert found.verdict is AGREE
