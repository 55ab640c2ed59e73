"""Independent origins: the fewest sources that could account for all reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo_provenance.evidence.origins import Origins, count_origins, roots_of
from zoo_provenance.evidence.support import Report, Support

laws = settings(max_examples=150, deadline=None)
reports = st.lists(st.frozensets(st.integers(0, 7), min_size=1, max_size=4), max_size=7)
# What each source is based on has a smaller number: no circles.
bases = st.dictionaries(st.integers(1, 9), st.lists(st.integers(0, 8), max_size=3)).map(
    lambda drawn: {source: [below for below in basis if below < source] for source, basis in drawn.items()}
)


def origins(basis: Mapping[int, Iterable[int]], sources: Iterable[int]) -> int:
    """The number of origins of reports by these sources, none of which speaks for itself."""
    given_by = list(sources)
    roots = roots_of(basis, given_by)
    return count_origins(roots[source] for source in given_by)


def fewest(sets: list[frozenset[int]]) -> int:
    """The size of a smallest set that meets all others, by trying every one."""
    universe = sorted(frozenset().union(*sets))
    return next(
        size
        for size in range(len(universe) + 1)
        if any(all(one & set(choice) for one in sets) for choice in combinations(universe, size))
    )


@laws
@given(reports)
def test_the_number_of_origins_is_the_size_of_a_minimum_hitting_set(sets: list[frozenset[int]]) -> None:
    assert count_origins(sets) == Origins(fewest(sets), exact=True)


@laws
@given(reports, st.frozensets(st.integers(0, 7), min_size=1, max_size=4))
def test_another_report_adds_at_most_one_origin_and_takes_none_away(
    sets: list[frozenset[int]], more: frozenset[int]
) -> None:
    before, after = count_origins(sets), count_origins([*sets, more])
    assert before <= after <= before + 1


@laws
@given(reports)
def test_the_same_report_twice_is_no_new_origin(sets: list[frozenset[int]]) -> None:
    assert count_origins([*sets, *sets]) == count_origins(sets)


def test_no_report_has_no_origin() -> None:
    assert count_origins([]) == Origins(0)


def test_ten_reports_of_one_statement_are_one_witness() -> None:
    basis = {report: [0] for report in range(1, 11)}
    assert origins(basis, range(1, 11)) == 1
    assert origins(basis, range(11)) == 1


def test_a_chain_of_copies_leads_to_its_first_link() -> None:
    assert roots_of({4: [3], 3: [2], 2: [1]}, [4, 1]) == {4: frozenset({1}), 1: frozenset({1})}


def test_sources_without_a_basis_are_each_a_witness() -> None:
    assert origins({}, [1, 2, 3]) == 3


def test_a_source_that_derives_from_two_others_is_not_two_witnesses() -> None:
    basis = {3: [1, 2]}
    assert roots_of(basis, [3]) == {3: frozenset({1, 2})}
    assert origins(basis, [3]) == 1
    assert origins(basis, [3, 1]) == 1
    assert origins(basis, [1, 2]) == 2
    assert origins(basis, [3, 1, 2]) == 2


def test_two_compilations_that_share_a_source_may_both_have_it_from_there() -> None:
    assert origins({4: [1, 2], 5: [2, 3]}, [4, 5]) == 1
    assert origins({4: [1], 5: [2, 3]}, [4, 5]) == 2


def support(basis: Mapping[int, Iterable[int]], sources: Iterable[int]) -> Support:
    return Support(claims={}, decisions={}, roots=roots_of(basis, sources), slugs={}, above={})


def test_a_source_that_speaks_for_itself_is_a_witness_of_its_own() -> None:
    known = support({2: [1], 3: [1]}, [2, 3])
    assert known.origins([Report(2, own=False), Report(3, own=False)]) == Origins(1)
    assert known.origins([Report(2, own=True), Report(3, own=False)]) == Origins(2)
    assert known.origins([Report(2, own=True), Report(3, own=True)]) == Origins(2)


def test_what_a_source_repeats_and_what_it_saw_itself_are_two_origins() -> None:
    known = support({2: [1]}, [2])
    assert known.origins([Report(2, own=False), Report(2, own=True)]) == Origins(2)


def test_a_source_alone_is_one_origin_whether_or_not_it_speaks_for_itself() -> None:
    known = support({}, [1])
    assert known.origins([Report(1, own=True), Report(1, own=False)]) == Origins(1)


@laws
@given(bases)
def test_roots_have_no_basis_and_are_reached(basis: dict[int, list[int]]) -> None:
    def leads_to(source: int) -> frozenset[int]:
        below = basis.get(source, [])
        return frozenset().union(*map(leads_to, below)) if below else frozenset({source})

    assert roots_of(basis, range(10)) == {source: leads_to(source) for source in range(10)}


@laws
@given(bases, st.frozensets(st.integers(0, 9)))
def test_there_are_never_more_origins_than_reports_or_roots(basis: dict[int, list[int]], by: frozenset[int]) -> None:
    roots = roots_of(basis, by)
    number = origins(basis, by)
    assert number <= len(by)
    assert number <= len(frozenset().union(*roots.values()))
    assert (number == 0) == (not by)


@pytest.mark.parametrize("circle", [{1: [2], 2: [1]}, {1: [2], 2: [3], 3: [1]}, {1: [1]}])
def test_a_circle_of_sources_is_one_witness(circle: dict[int, list[int]]) -> None:
    assert origins(circle, circle) == 1


def test_a_circle_that_leads_out_leads_to_where_it_leads() -> None:
    assert roots_of({1: [2], 2: [1, 9]}, [1, 2]) == {1: frozenset({9}), 2: frozenset({9})}


@pytest.mark.parametrize("outside", [0, 9])
def test_a_source_that_repeats_a_circle_is_no_second_witness(outside: int) -> None:
    circle = {1: [2], 2: [1], outside: [1]}
    assert origins(circle, [outside, 1]) == 1
    assert origins(circle, [outside, 1, 2]) == 1


def test_lone_roots_are_counted_exactly_however_many() -> None:
    assert count_origins(frozenset({root}) for root in range(40)) == Origins(40, exact=True)


def test_beyond_twenty_roots_the_number_is_an_upper_bound_and_says_so() -> None:
    ring = [frozenset({root, (root + 1) % 21}) for root in range(21)]
    found = count_origins(ring)
    assert not found.exact
    assert 11 <= found <= 21
    assert str(found) == f"≤ {int(found)}"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.frozensets(st.integers(0, 23), min_size=2, max_size=3), min_size=12, max_size=16))
def test_an_upper_bound_is_never_below_the_number_of_disjoint_reports(sets: list[frozenset[int]]) -> None:
    apart: set[int] = set()
    disjoint = 0
    for one in sets:
        if not one & apart:
            apart |= one
            disjoint += 1
    assert disjoint <= count_origins(sets) <= len(set(sets))


def test_an_exact_number_is_printed_bare() -> None:
    assert str(Origins(3)) == "3"
    assert str(Origins(3, exact=False)) == "≤ 3"
