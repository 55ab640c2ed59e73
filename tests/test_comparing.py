"""How two values compare: agree, refines, possible, conflict."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo_provenance.counts import bound_text, parse_count, sum_counts
from zoo_provenance.dates import parse_date
from zoo_provenance.evidence.comparing import Meaning, ancestors, compare, compare_total, meaning_of, refines, weigh
from zoo_provenance.fields import Shape
from zoo_provenance.vocabulary import Verdict

AGREE, REFINES, POSSIBLE, CONFLICT = Verdict.AGREE, Verdict.REFINES, Verdict.POSSIBLE, Verdict.CONFLICT
laws = settings(max_examples=150, deadline=None)


def count(text: str) -> Meaning:
    read = parse_count(text)
    return meaning_of(Shape.COUNT, text, bound_text(read.least), bound_text(read.most))


def day(text: str) -> Meaning:
    read = parse_date(text)
    return meaning_of(Shape.DATE, text, read.earliest, read.latest)


def text(words: str) -> Meaning:
    return meaning_of(Shape.TEXT, words)


# Birds and what is below them, and a cat beside them.
BIRDS, PHEASANTS, PEACOCK, SILVER, CAT = 1, 2, 3, 4, 5
TAXA = ancestors({BIRDS: None, PHEASANTS: BIRDS, PEACOCK: PHEASANTS, SILVER: PHEASANTS, CAT: None})


def taxon(number: int) -> Meaning:
    return meaning_of(Shape.RECORD, None, record=number, above=TAXA[number])


small = st.integers(0, 6)
plain_counts = st.one_of(
    small.map(str),
    small.map(lambda n: f">{n}"),
    small.map(lambda n: f"{n}+"),
    small.map(lambda n: f"<={n}"),
    st.tuples(small, small).map(lambda pair: f"{min(pair)}-{max(pair)}"),
    st.just("several"),
)
count_texts = st.one_of(
    plain_counts,
    st.tuples(small, small, small).map(lambda sexes: "{}.{}.{}".format(*sexes)),
    small.map(lambda n: f"~{n}"),
    st.tuples(small, small).map(lambda pair: f"~{min(pair)}-{max(pair)}"),
)
month_days = st.integers(10, 16).map(lambda n: f"2024-11-{n}")
ends = st.one_of(month_days, st.sampled_from(["2024-11", "2024", "2023-12", "2024-10"]))
date_texts = st.one_of(
    ends,
    ends.map(lambda end: f"{end}~"),
    ends.map(lambda end: f"../{end}"),
    ends.map(lambda end: f"{end}/.."),
    st.tuples(month_days, month_days).map(lambda pair: f"{min(pair)}/{max(pair)}"),
    st.tuples(month_days, month_days).map(lambda pair: f"[{min(pair)}..{max(pair)}]"),
)
forests = st.lists(st.one_of(st.none(), st.integers(0, 6)), min_size=1, max_size=7).map(
    # Each taxon's parent, if any, has a smaller number: no circles.
    lambda drawn: {child: None if above is None or above >= child else above for child, above in enumerate(drawn)}
)
record_triples = forests.flatmap(
    lambda parents: st.tuples(*[st.sampled_from(sorted(parents))] * 3).map(
        lambda chosen: [
            meaning_of(Shape.RECORD, None, record=number, above=ancestors(parents)[number]) for number in chosen
        ]
    )
)
text_triples = st.lists(
    st.sampled_from(["Alder", "ALDER ", "alder-", "Birch", "birch"]).map(text), min_size=3, max_size=3
)
triples = st.one_of(
    st.lists(count_texts.map(count), min_size=3, max_size=3),
    st.lists(date_texts.map(day), min_size=3, max_size=3),
    record_triples,
    text_triples,
)


@laws
@given(triples)
def test_the_order_of_two_values_makes_no_difference(values: list[Meaning]) -> None:
    for one, other in combinations(values, 2):
        assert compare(one, other) == compare(other, one)


@laws
@given(triples)
def test_refining_is_a_strict_partial_order(values: list[Meaning]) -> None:
    one, other, third = values
    assert not refines(one, one)
    assert not (refines(one, other) and refines(other, one))
    if refines(one, other) and refines(other, third):
        assert refines(one, third)


@laws
@given(triples)
def test_values_agree_just_when_they_mean_the_same(values: list[Meaning]) -> None:
    for one, other in combinations(values, 2):
        assert (compare(one, other) is AGREE) == (one == other)
        assert (compare(one, other) is REFINES) == (refines(one, other) or refines(other, one))


@laws
@given(triples)
def test_a_value_refines_whatever_a_value_of_the_same_meaning_refines(values: list[Meaning]) -> None:
    one, other, third = values
    if compare(one, other) is AGREE:
        assert refines(one, third) == refines(other, third)
        assert compare(one, third) == compare(other, third)


def numbers_of(written: str) -> frozenset[int]:
    """The numbers a plain count allows, where all beyond the highest written one stand for infinity."""
    read = parse_count(written)
    return frozenset(n for n in range(12) if read.least <= n and (read.most is None or n <= read.most))


@laws
@given(plain_counts, plain_counts)
def test_counts_compare_as_the_sets_of_numbers_they_allow(one: str, other: str) -> None:
    first, second = numbers_of(one), numbers_of(other)
    if first == second:
        expected = AGREE
    elif first < second or second < first:
        expected = REFINES
    else:
        expected = POSSIBLE if first & second else CONFLICT
    assert compare(count(one), count(other)) is expected
    assert refines(count(one), count(other)) == (first < second)


@laws
@given(date_texts, date_texts)
def test_dates_that_share_no_day_conflict_unless_one_is_about(one: str, other: str) -> None:
    first, second = parse_date(one), parse_date(other)
    apart = (first.latest or "9999-99-99") < (second.earliest or "") or (second.latest or "9999-99-99") < (
        first.earliest or ""
    )
    verdict = compare(day(one), day(other))
    assert (verdict is CONFLICT) == (apart and not first.approximate and not second.approximate)
    if apart:
        assert verdict in {POSSIBLE, CONFLICT}


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("75", "75", AGREE),
        ("70+", ">69", AGREE),
        ("70+", ">=70", AGREE),
        ("<100", "0-99", AGREE),
        ("10-12", "10–12", AGREE),
        ("several", "2+", AGREE),
        ("75", ">70", REFINES),
        ("75", "70-80", REFINES),
        (">75", ">70", REFINES),
        ("71-75", ">70", REFINES),
        ("10-12", "11-14", POSSIBLE),
        (">70", "<100", POSSIBLE),
        ("75", "70", CONFLICT),
        (">70", "70", CONFLICT),
        ("25", "45", CONFLICT),
        ("0", "several", CONFLICT),
    ],
)
def test_counts_agree_refine_overlap_or_conflict(one: str, other: str, verdict: Verdict) -> None:
    assert compare(count(one), count(other)) is verdict


def test_75_refines_over_70_and_not_the_reverse() -> None:
    assert refines(count("75"), count(">70"))
    assert not refines(count(">70"), count("75"))


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("2024", "2024-01-01/2024-12-31", AGREE),
        ("2024-11", "[2024-11-01..2024-11-30]", AGREE),
        ("2024", "2024-21", AGREE),
        ("195X", "1950/1959", AGREE),
        ("2024-11-20", "2024-11", REFINES),
        ("2024-11-20", "2024", REFINES),
        ("2024-11", "2024", REFINES),
        ("2024-11-20", "../2024-11-20", REFINES),
        ("2024-11-20", "2024/..", REFINES),
        ("1955", "195X", REFINES),
        ("2024", "XXXX", REFINES),
        ("2024-11-16/2024-11-20", "2024-11-18/2024-11-22", POSSIBLE),
        ("../2024", "2024/..", POSSIBLE),
        ("2024-11-16", "2024-11-20", CONFLICT),
        ("2023", "2024", CONFLICT),
        ("../2023", "2024/..", CONFLICT),
    ],
)
def test_dates_agree_refine_overlap_or_conflict(one: str, other: str, verdict: Verdict) -> None:
    assert compare(day(one), day(other)) is verdict


def test_a_day_refines_its_month_and_a_month_its_year() -> None:
    assert refines(day("2024-11-20"), day("2024-11"))
    assert refines(day("2024-11"), day("2024"))
    assert refines(day("2024-11-20"), day("2024"))


@pytest.mark.parametrize(("one", "other"), [("~70", "75"), ("70", "~75"), ("~70", "~75"), ("~10-12", "20+")])
def test_about_makes_a_disjoint_pair_of_counts_possible(one: str, other: str) -> None:
    assert compare(count(one), count(other)) is POSSIBLE


@pytest.mark.parametrize(("one", "other"), [("2023~", "2024"), ("2024-11-16?", "2024-11-20"), ("2023%", "2024~")])
def test_about_makes_a_disjoint_pair_of_dates_possible(one: str, other: str) -> None:
    assert compare(day(one), day(other)) is POSSIBLE


def test_an_exact_value_refines_the_same_one_said_to_be_about() -> None:
    assert refines(count("70"), count("~70"))
    assert refines(day("2024"), day("2024~"))
    assert not refines(count("~70"), count("70"))
    assert compare(count("~70"), count("~70")) is AGREE


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("1.2.0", "1.2", AGREE),
        ("1.2.0", "3", REFINES),
        ("1.2.0", "1.1.1", REFINES),
        ("1.1.1", "3", REFINES),
        ("1.2.0", "2+", REFINES),
        ("1.0.5", "0.1.5", POSSIBLE),
        ("1.2.0", "2.1.0", CONFLICT),
        ("1.2.0", "4", CONFLICT),
        ("2.0.1", "0.2.1", CONFLICT),
    ],
)
def test_males_and_females_are_compared_and_the_unsexed_may_be_either(one: str, other: str, verdict: Verdict) -> None:
    assert compare(count(one), count(other)) is verdict


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (PHEASANTS, PHEASANTS, AGREE),
        (PEACOCK, PHEASANTS, REFINES),
        (PEACOCK, BIRDS, REFINES),
        (PEACOCK, SILVER, CONFLICT),
        (PEACOCK, CAT, CONFLICT),
    ],
)
def test_a_taxon_refines_those_above_it_and_conflicts_with_others(one: int, other: int, verdict: Verdict) -> None:
    assert compare(taxon(one), taxon(other)) is verdict


def test_a_species_refines_its_family_and_not_the_reverse() -> None:
    assert refines(taxon(PEACOCK), taxon(BIRDS))
    assert not refines(taxon(BIRDS), taxon(PEACOCK))


def test_records_without_anything_above_them_refine_nothing() -> None:
    alder, birch = (meaning_of(Shape.RECORD, None, record=number) for number in (11, 12))
    assert compare(alder, birch) is CONFLICT
    assert compare(alder, alder) is AGREE


def test_texts_agree_whatever_their_case_marks_and_spaces() -> None:
    assert compare(text("Cargo aircraft"), text("cargo-AIRCRAFT")) is AGREE
    assert compare(text("Cargo aircraft"), text("Train")) is CONFLICT


def test_words_of_a_list_are_compared_as_written() -> None:
    split, second = meaning_of(Shape.WORD, "I/II"), meaning_of(Shape.WORD, "III")
    assert compare(split, second) is CONFLICT
    assert compare(second, meaning_of(Shape.WORD, "III")) is AGREE


def test_the_ancestors_of_a_taxon_are_all_those_above_it() -> None:
    assert TAXA[PEACOCK] == {PHEASANTS, BIRDS}
    assert TAXA[BIRDS] == frozenset()


def test_a_circle_of_taxa_ends_the_walk() -> None:
    above = ancestors({1: 2, 2: 3, 3: 2, 4: 4})
    assert above[1] == {2, 3}
    assert above[4] == frozenset()


@laws
@given(st.lists(count_texts.map(count), max_size=5))
def test_the_verdict_on_many_is_the_worst_of_all_pairs(values: list[Meaning]) -> None:
    order = [AGREE, REFINES, POSSIBLE, CONFLICT]
    verdicts = [compare(one, other) for one, other in combinations(values, 2)]
    assert weigh(values)[1] is order[max((order.index(verdict) for verdict in verdicts), default=0)]


def test_a_value_alone_agrees() -> None:
    assert weigh([count("75")])[1] is AGREE
    assert weigh([])[1] is AGREE


@pytest.mark.parametrize(("stated", "verdict"), [(">70", AGREE), ("75", AGREE), ("70", CONFLICT), ("70-80", AGREE)])
def test_75_lines_agree_with_over_70_and_75_and_conflict_with_70(stated: str, verdict: Verdict) -> None:
    total = parse_count(stated)
    assert compare_total(75, 75, total.least, total.most) is verdict


@pytest.mark.parametrize(
    ("least", "most", "stated", "verdict"),
    [
        (40, None, "75", POSSIBLE),
        (80, None, "75", CONFLICT),
        (80, None, ">70", AGREE),
        (70, 80, "75", POSSIBLE),
        (70, 80, ">80", CONFLICT),
        (5, 5, "<10", AGREE),
    ],
)
def test_an_open_sum_may_still_come_to_a_stated_total(
    least: int, most: int | None, stated: str, verdict: Verdict
) -> None:
    total = parse_count(stated)
    assert compare_total(least, most, total.least, total.most) is verdict


def test_a_total_said_to_be_about_is_never_in_conflict() -> None:
    assert compare_total(75, 75, 70, 70, approximate=True) is POSSIBLE
    assert compare_total(70, 70, 70, 70, approximate=True) is AGREE


@laws
@given(st.lists(plain_counts, max_size=3), plain_counts)
def test_totals_compare_as_the_sets_of_numbers_they_allow(lines: list[str], stated: str) -> None:
    least, most = sum_counts((read.least, read.most) for read in map(parse_count, lines))
    total = parse_count(stated)
    reach = range(40)
    sums = {n for n in reach if least <= n and (most is None or n <= most)}
    allowed = {n for n in reach if total.least <= n and (total.most is None or n <= total.most)}
    expected = AGREE if sums <= allowed else POSSIBLE if sums & allowed else CONFLICT
    assert compare_total(least, most, total.least, total.most) is expected
