"""Uncertain counts: what was typed is kept, ends stay open, sums are honest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo_provenance.counts import EXPECTED, MOST, bound_text, format_range, parse_count, sum_counts
from zoo_provenance.errors import Unreadable

laws = settings(max_examples=80, deadline=None)
numbers = st.integers(0, 400)


def bounds(text: str) -> tuple[int, int | None]:
    count = parse_count(text)
    return count.least, count.most


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("75", 75, 75),
        ("0", 0, 0),
        ("007", 7, 7),
        (">70", 71, None),
        (">=70", 70, None),
        ("70+", 70, None),
        ("<100", 0, 99),
        ("<=100", 0, 100),
        ("<1", 0, 0),
        ("10-12", 10, 12),
        ("10–12", 10, 12),
        ("10 - 12", 10, 12),
        ("~70", 70, 70),
        ("~10-12", 10, 12),
        ("~>70", 71, None),
        ("several", 2, None),
        ("1.2.0", 3, 3),
        ("0.0.6", 6, 6),
        ("4.4", 8, 8),
        ("~1.2.0", 3, 3),
        (str(MOST), MOST, MOST),
    ],
)
def test_a_count_has_the_bounds_it_states_and_keeps_its_text(text: str, least: int, most: int | None) -> None:
    count = parse_count(text)
    assert (count.least, count.most, count.text) == (least, most, text)


def test_males_females_and_unsexed_are_told_apart() -> None:
    assert parse_count("1.2.4").sexes == (1, 2, 4)
    assert parse_count("19.5").sexes == (19, 5, 0)
    assert parse_count("24").sexes is None


def test_about_widens_nothing() -> None:
    assert bounds("~70") == bounds("70")


def test_a_stated_unknown_is_no_count() -> None:
    with pytest.raises(Unreadable):
        parse_count("?")


@pytest.mark.parametrize("text", ["12-10", "~12-10", "<0"])
def test_a_count_that_allows_no_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="allows no number"):
        parse_count(text)


@pytest.mark.parametrize("text", ["10000000000", ">9999999999", "9999999999.1.0", "5000000000.5000000000"])
def test_a_count_beyond_the_column_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_count(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "75 ",
        " 75",
        "75\n",
        "-5",
        "+5",
        "1,000",
        "1e3",
        "1..2",
        "1.2.3.4",
        "70~",
        ">~70",
        "10-",
        "-10",
        "10--12",
        "10-12-14",
        "about 70",
        "seventy",
        "Several",
        "several lions",
        "more than 70",
        "70마리",
        "70 animals",
        "x",
        "²",
        "½",
    ],
)
def test_prose_and_slips_are_not_guessed_at(text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_count(text)
    assert EXPECTED in str(caught.value)


@pytest.mark.parametrize("text", ["１０", "٧٥", "७५", "１–２", "٣–٥"])
def test_digits_of_other_scripts_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_count(text)


@pytest.mark.parametrize("text", ["10\n-12", "10-\n12", "10\t-12"])
def test_a_range_is_written_on_one_line(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_count(text)


@laws
@given(st.one_of(st.text(max_size=30), st.text(alphabet="0123456789~<>=+-–.? several", max_size=14)))
def test_any_text_is_a_count_or_unreadable_and_nothing_else(text: str) -> None:
    try:
        count = parse_count(text)
    except Unreadable:
        return
    assert count.text == text
    assert 0 <= count.least <= (MOST if count.most is None else count.most) <= MOST


@laws
@given(numbers, numbers)
def test_a_number_is_within_the_bounds_just_when_it_is_what_the_words_say(number: int, named: int) -> None:
    meant = {
        f"{named}": number == named,
        f"~{named}": number == named,
        f">{named}": number > named,
        f">={named}": number >= named,
        f"{named}+": number >= named,
        f"<={named}": number <= named,
        f"<{named + 1}": number < named + 1,
        f"{named}-{named + 5}": named <= number <= named + 5,
    }
    for text, holds in meant.items():
        least, most = bounds(text)
        assert (least <= number and (most is None or number <= most)) == holds, text


@laws
@given(numbers, numbers, numbers)
def test_the_sexes_add_up_to_the_count(males: int, females: int, unsexed: int) -> None:
    count = parse_count(f"{males}.{females}.{unsexed}")
    assert count.sexes == (males, females, unsexed)
    assert count.least == count.most == males + females + unsexed


ranges = st.tuples(numbers, st.one_of(st.none(), st.integers(0, 400))).map(
    lambda pair: (pair[0], None if pair[1] is None else pair[0] + pair[1])
)


@laws
@given(st.lists(st.tuples(ranges, st.integers(0, 400)), max_size=6))
def test_whatever_the_true_numbers_are_their_sum_is_within_the_sum(
    counted: list[tuple[tuple[int, int | None], int]],
) -> None:
    least, most = sum_counts(bound for bound, _ in counted)
    true = sum(low + (more if high is None else min(more, high - low)) for (low, high), more in counted)
    assert least <= true
    assert most is None or true <= most


@laws
@given(st.lists(ranges, max_size=6))
def test_a_sum_is_open_just_when_one_of_its_counts_is(counted: list[tuple[int, int | None]]) -> None:
    least, most = sum_counts(counted)
    assert (most is None) == any(high is None for _, high in counted)
    assert least == sum(low for low, _ in counted)


@laws
@given(st.lists(ranges, max_size=5), st.lists(ranges, max_size=5))
def test_a_sum_of_sums_is_the_sum(some: list[tuple[int, int | None]], others: list[tuple[int, int | None]]) -> None:
    assert sum_counts([sum_counts(some), sum_counts(others)]) == sum_counts([*some, *others])


def test_the_sum_of_nothing_is_zero() -> None:
    assert sum_counts([]) == (0, 0)


def test_an_uncounted_line_is_at_least_one_and_opens_the_sum() -> None:
    assert sum_counts([(2, 2), (None, None)]) == (3, None)


def test_an_open_end_keeps_a_sum_open() -> None:
    assert sum_counts([(71, None), (5, 5)]) == (76, None)
    assert sum_counts([(10, 12), (5, 5)]) == (15, 17)


@pytest.mark.parametrize(("least", "most", "text"), [(75, 75, "75"), (71, None, "71+"), (10, 12, "10-12"), (0, 0, "0")])
def test_a_range_is_printed_as_it_is_read(least: int, most: int | None, text: str) -> None:
    assert format_range(least, most) == text


@laws
@given(ranges)
def test_a_printed_range_reads_back_as_the_same_range(pair: tuple[int, int | None]) -> None:
    assert bounds(format_range(*pair)) == pair


@laws
@given(st.integers(0, MOST), st.integers(0, MOST))
def test_bounds_as_text_stand_in_the_order_of_numbers(one: int, other: int) -> None:
    first, second = bound_text(one), bound_text(other)
    assert first is not None
    assert second is not None
    assert len(first) == len(second) == 10
    assert (first < second) == (one < other)


def test_no_bound_is_no_text() -> None:
    assert bound_text(None) is None
