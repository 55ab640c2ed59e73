"""Uncertain dates: what was typed is kept, and bounds come from stated digits alone."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zoo_provenance.dates import EXPECTED, is_approximate, parse_date
from zoo_provenance.errors import Unreadable

laws = settings(max_examples=60, deadline=None)
days = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31))
# Of years from 1000 on every digit but the first can be masked and leave a year that exists.
later_days = st.dates(min_value=date(1000, 1, 1), max_value=date(9999, 12, 31))
edtf_like = st.text(alphabet="0123456789X~?%-/.[]{},TZ:+YSE ", max_size=24)


def bounds(text: str) -> tuple[str | None, str | None]:
    read = parse_date(text)
    return read.earliest, read.latest


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-11", "2024-11-01", "2024-11-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-11-20", "2024-11-20", "2024-11-20"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2000-02-29", "2000-02-29", "2000-02-29"),
        ("0001", "0001-01-01", "0001-12-31"),
        ("9999-12-31", "9999-12-31", "9999-12-31"),
        ("2024-11-20T12:30:00", "2024-11-20", "2024-11-20"),
    ],
)
def test_a_date_spans_the_days_its_digits_state(text: str, earliest: str, latest: str) -> None:
    assert bounds(text) == (earliest, latest)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("195X", "1950-01-01", "1959-12-31"),
        ("19XX", "1900-01-01", "1999-12-31"),
        ("1XXX", "1000-01-01", "1999-12-31"),
        ("2024-XX", "2024-01-01", "2024-12-31"),
        ("2024-XX-XX", "2024-01-01", "2024-12-31"),
        ("2024-11-XX", "2024-11-01", "2024-11-30"),
        ("2024-02-XX", "2024-02-01", "2024-02-29"),
        ("2023-02-XX", "2023-02-01", "2023-02-28"),
        ("156X-12-25", "1560-12-25", "1569-12-25"),
        ("2024-XX-15", "2024-01-15", "2024-12-15"),
    ],
)
def test_a_masked_digit_may_be_any_digit(text: str, earliest: str, latest: str) -> None:
    assert bounds(text) == (earliest, latest)


@pytest.mark.parametrize("text", ["XXXX", "XXXX-12", "XXXX-12-25", "XXXX-XX-XX"])
def test_a_year_without_a_digit_has_no_bounds(text: str) -> None:
    assert bounds(text) == (None, None)


@pytest.mark.parametrize("text", ["190X-02-29", "19XX-02-29"])
def test_a_leap_day_of_a_masked_year_is_readable_when_one_of_its_years_has_it(text: str) -> None:
    earliest, latest = bounds(text)
    assert earliest is not None
    assert latest is not None
    assert earliest <= "1904-02-29" <= latest


@settings(max_examples=15, deadline=None)
@given(later_days)
def test_masking_digits_only_widens(day: date) -> None:
    text = day.isoformat()
    for masked in (f"{text[:8]}XX", f"{text[:5]}XX-XX", f"{text[:5]}XX", f"{text[:3]}X", f"{text[:2]}XX"):
        earliest, latest = bounds(masked)
        assert earliest is not None
        assert latest is not None
        assert earliest <= text <= latest


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2024-11-19/2024-11-20", "2024-11-19", "2024-11-20"),
        ("2024-11/2024", "2024-11-01", "2024-12-31"),
        ("2024/2024-03", "2024-01-01", "2024-03-31"),
        ("195X/1955", "1950-01-01", "1955-12-31"),
        ("2024-11-20/2024-11-20", "2024-11-20", "2024-11-20"),
    ],
)
def test_an_interval_runs_from_its_first_day_to_its_last(text: str, earliest: str, latest: str) -> None:
    assert bounds(text) == (earliest, latest)


@pytest.mark.parametrize("text", ["/2024", "../2024", "[..2024]", "{..2024}", "XXXX/2024"])
def test_an_unknown_or_open_start_is_no_day_and_no_invented_year(text: str) -> None:
    assert bounds(text) == (None, "2024-12-31")


@pytest.mark.parametrize("text", ["2024/", "2024/..", "[2024..]", "{2024..}", "2024/XXXX"])
def test_an_unknown_or_open_end_is_no_day_and_no_infinity(text: str) -> None:
    assert bounds(text) == ("2024-01-01", None)


@laws
@given(days, days)
def test_a_reversed_interval_is_refused_however_it_is_written(one: date, other: date) -> None:
    first, last = sorted((one.isoformat(), other.isoformat()))
    assert bounds(f"{first}/{last}") == bounds(f"[{first}..{last}]") == (first, last)
    if first != last:
        for reversed_ in (f"{last}/{first}", f"[{last}..{first}]", f"{{{last}..{first}}}", f"{last}~/{first}?"):
            with pytest.raises(Unreadable, match="ends before it begins"):
                parse_date(reversed_)


def test_an_interval_has_two_ends() -> None:
    with pytest.raises(Unreadable, match="more than two ends"):
        parse_date("2024/2025/2026")


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("[2024-11-19..2024-11-20]", "2024-11-19", "2024-11-20"),
        ("[2024,2026]", "2024-01-01", "2026-12-31"),
        ("[2026,2024]", "2024-01-01", "2026-12-31"),
        ("{2024-11-19,2024-11-20}", "2024-11-19", "2024-11-20"),
        ("[2024..2025,2027]", "2024-01-01", "2027-12-31"),
        ("[..2020,2024]", None, "2024-12-31"),
        ("[2020,2024..]", "2020-01-01", None),
    ],
)
def test_a_set_spans_its_members_in_any_order(text: str, earliest: str | None, latest: str | None) -> None:
    assert bounds(text) == (earliest, latest)


@pytest.mark.parametrize(
    "text", ["[2024", "2024]", "[2024}", "{2024]", "[]", "{}", "[,]", "[..]", "[..,2024]", "[", "]"]
)
def test_a_broken_set_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_date(text)


@pytest.mark.parametrize("season", ["2024-21", "2024-22", "2024-23", "2024-24"])
def test_a_season_without_a_hemisphere_states_its_year_only(season: str) -> None:
    assert bounds(season) == ("2024-01-01", "2024-12-31")


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2024-25", "2024-03-01", "2024-05-31"),
        ("2024-28", "2024-12-01", "2025-02-28"),
        ("2023-28", "2023-12-01", "2024-02-29"),
        ("2024-29", "2024-09-01", "2024-11-30"),
        ("2024-30", "2024-12-01", "2025-02-28"),
        ("2024-32", "2024-06-01", "2024-08-31"),
        ("2024-33", "2024-01-01", "2024-03-31"),
        ("2024-36", "2024-10-01", "2024-12-31"),
        ("2024-37", "2024-01-01", "2024-04-30"),
        ("2024-39", "2024-09-01", "2024-12-31"),
        ("2024-40", "2024-01-01", "2024-06-30"),
        ("2024-41", "2024-07-01", "2024-12-31"),
        ("2024-25~", "2024-03-01", "2024-05-31"),
        ("2024-25/2024-26", "2024-03-01", "2024-08-31"),
    ],
)
def test_seasons_of_a_hemisphere_quarters_and_halves_have_their_months(text: str, earliest: str, latest: str) -> None:
    assert bounds(text) == (earliest, latest)


@laws
@given(st.integers(1, 9998), st.integers(21, 41))
def test_every_season_runs_over_whole_months(year: int, code: int) -> None:
    earliest, latest = bounds(f"{year:04}-{code}")
    assert earliest is not None
    assert latest is not None
    last = date.fromisoformat(latest)
    assert earliest.endswith("-01")
    assert last.day == monthrange(last.year, last.month)[1]
    assert earliest < latest


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("2024~", "2024"),
        ("2024-11~", "2024-11"),
        ("2024-11-20~", "2024-11-20"),
        ("2024?", "2024"),
        ("2024%", "2024"),
        ("~2024", "2024"),
        ("2024-~11-20", "2024-11-20"),
        ("2024?-11", "2024-11"),
        ("195X~", "195X"),
        ("2024-11-19~/2024-11-20", "2024-11-19/2024-11-20"),
        ("[2024~..2025]", "[2024..2025]"),
    ],
)
def test_a_mark_of_doubt_is_told_and_widens_nothing(marked: str, plain: str) -> None:
    assert bounds(marked) == bounds(plain)
    assert parse_date(marked).approximate
    assert not parse_date(plain).approximate


def test_no_text_carries_no_mark() -> None:
    assert not is_approximate(None)
    assert not is_approximate("70")
    assert is_approximate("~70")


@pytest.mark.parametrize(
    "text",
    ["2024-11-19/2024-11-20", "../2024-11-20", "2024/..", "/2024", "[2024, 2026]", "2024-11~", "~2024", "2024-21"],
)
def test_what_was_typed_is_kept_and_not_spaced_anew(text: str) -> None:
    assert parse_date(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "2024년 11월",
        "2024年11月",
        "November 2024",
        "20 Nov 2024",
        "about 2024",
        "circa 1950",
        "1950s",
        "spring 2024",
        "unknown",
        "open",
        "20/11/2024",
        "11/2024",
        "2024/12",
        "20.11.2024",
        "20241120",
        "2024-1-1",
        "24-11-20",
        "ноябрь 2024",
    ],
)
def test_prose_and_other_calendars_are_not_guessed_at(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_date(text)


@pytest.mark.parametrize("text", ["２０２４", "٢٠٢٤", "2024-１１", "२०२४-११-२०"])
def test_digits_of_other_scripts_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_date(text)


@pytest.mark.parametrize("text", [" 2024", "2024 ", "2024\n", "2024-11-20\t", "2024\x00", "2024 - 11", "2024-11 /2025"])
def test_a_date_has_no_stray_space(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_date(text)


@pytest.mark.parametrize("text", ["", "/", "..", "../..", "../", "/..", "~", "?", "%", "-", "X", "T", "Z", ":"])
def test_what_states_no_date_is_none(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "2023-02-29",
        "1900-02-29",
        "2024-11-31",
        "2024-11-00",
        "2024-13",
        "2024-00",
        "2024-42",
        "2024-02-30~",
        "2024-02-30T12:00:00",
        "2024-11-20T99:99:99",
        "2024-11-20/2024-11-31",
        "[2024-02-30..2024-03-01]",
        "2023-02-3X",
        "2024-XX-32",
        "XXXX-13-01",
    ],
)
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_date(text)


@pytest.mark.parametrize("text", ["XXXX-02-30", "XXXX-04-31"])
def test_a_day_that_exists_in_no_year_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_date(text)


@pytest.mark.parametrize("text", ["0000", "-2024", "10000", "Y17E7", "Y-20240", "9999-28", "-0001-01-01"])
def test_years_before_1_and_after_9999_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_date(text)


def test_the_message_names_what_was_typed_and_what_was_expected() -> None:
    with pytest.raises(Unreadable) as caught:
        parse_date("November 2024")
    assert "'November 2024'" in str(caught.value)
    assert EXPECTED in str(caught.value)


@laws
@given(st.one_of(st.text(max_size=40), edtf_like))
@example("\ud800")
@example("9" * 5000)
@example("X" * 5000)
@example("[" * 200)
@example("2024-" * 500)
@example("--------")
@example("2024-11-20T")
@example("~XXXX")
def test_any_text_is_a_date_or_unreadable_and_nothing_else(text: str) -> None:
    try:
        read = parse_date(text)
    except Unreadable:
        return
    assert read.text == text
    for bound in (read.earliest, read.latest):
        assert bound is None or date.fromisoformat(bound).isoformat() == bound
    assert read.earliest is None or read.latest is None or read.earliest <= read.latest


def test_odd_input_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    for text in ("2024-X20", "2024-W05", "2024-11-3X", "Y17E7", "1950S2", "XXXX-13"):
        try:
            parse_date(text)
        except Unreadable:
            continue
    assert capfd.readouterr() == ("", "")


@laws
@given(st.lists(days, min_size=2, max_size=8))
def test_the_order_of_bounds_as_text_is_the_order_in_time(several: list[date]) -> None:
    in_time = [day.isoformat() for day in sorted(several)]
    assert sorted(str(parse_date(day.isoformat()).earliest) for day in several) == in_time


@laws
@given(days)
def test_a_year_holds_its_months_and_a_month_its_days(day: date) -> None:
    text = day.isoformat()
    year, month, exact = parse_date(text[:4]), parse_date(text[:7]), parse_date(text)
    for wider, narrower in ((year, month), (month, exact)):
        assert str(wider.earliest) <= str(narrower.earliest) <= str(narrower.latest) <= str(wider.latest)


@laws
@given(days)
def test_a_day_is_its_own_bounds(day: date) -> None:
    assert bounds(day.isoformat()) == (day.isoformat(), day.isoformat())


@laws
@given(days, days)
def test_some_time_within_and_one_of_a_range_have_the_same_bounds(one: date, other: date) -> None:
    first, last = sorted((one.isoformat(), other.isoformat()))
    assert bounds(f"{first}/{last}") == bounds(f"{{{first},{last}}}") == bounds(f"[{last},{first}]")
