"""The order of a life, who held and owned the animal, what nobody accounts for, and shares of descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo_provenance.dates import parse_date
from zoo_provenance.questions.answers import Ref, When
from zoo_provenance.questions.descent import _generations, _Parents, _parents, _shares
from zoo_provenance.questions.life import BIRTH, DEATH, Event, Gap, Step, gaps_of, in_order, steps_of

laws = settings(max_examples=80, deadline=None)

ALDER, BIRCH, CEDAR, PALM, ELM = (
    Ref(f"{name.lower()}-zoo", f"{name} Zoo") for name in ("Alder", "Birch", "Cedar", "Palm", "Elm")
)
FOREST = Ref("north-forest", "North Forest")
MUSEUM = Ref("fir-museum", "Fir Museum")
MINISTRY = Ref("oak-ministry", "Oak Ministry")
PLACES = [Ref(f"zoo-{number}", f"Zoo {number}") for number in range(8)]
UNFINISHED = ["planned", "cancelled", "unconfirmed", None]


def when(text: str | None) -> When | None:
    if text is None:
        return None
    read = parse_date(text)
    return When(text, read.earliest, read.latest)


def move(
    key: str,
    origin: Ref | None,
    destination: Ref | None,
    date: str | None = None,
    *,
    kind: str = "gift",
    custody: bool | None = True,
    title: bool | None = True,
    status: str | None = "completed",
    to_owner: Ref | None = None,
    known_owner: Ref | None = None,
    to_wild: bool = False,
    from_wild: bool = False,
    dead: bool = False,
    ends: str | None = None,
) -> Event:
    return Event(
        key,
        kind,
        when(date),
        origin,
        destination,
        custody,
        title,
        status,
        to_owner or destination,
        known_owner,
        to_wild,
        from_wild,
        dead,
        frozenset({ends} if ends else ()),
    )


def loan(key: str, origin: Ref, destination: Ref, date: str | None = None, *, ends: str | None = None) -> Event:
    """A loan or what ends one: custody passes, title does not."""
    return move(key, origin, destination, date, kind="return" if ends else "loan", title=False, ends=ends)


def born(place: Ref | None, date: str | None = None) -> Event:
    return Event(BIRTH, BIRTH, when(date), None, place)


def died(place: Ref | None = None, date: str | None = None) -> Event:
    return Event(DEATH, DEATH, when(date), place, place)


def keys(events: Sequence[Event | Step]) -> list[str]:
    return [one.event.key if isinstance(one, Step) else one.key for one in events]


def ordered(*events: Event) -> list[str]:
    """The keys in the order of a life, which must not depend on the order they came in."""
    found = keys(in_order(events))
    assert keys(in_order(events[::-1])) == found
    return found


def gaps(*events: Event) -> list[tuple[str | None, str | None]]:
    return [
        (one.after.key if one.after else None, one.before.key if one.before else None) for one in found_gaps(*events)
    ]


def found_gaps(*events: Event) -> list[Gap]:
    return gaps_of(steps_of(events))


# -- order by dates ----------------------------------------------------------------------------------


def test_dates_decide_where_one_ends_before_the_other_begins() -> None:
    first, second = move("z", CEDAR, PALM, "2010"), move("a", ALDER, BIRCH, "2011")
    assert ordered(first, second) == ["z", "a"]


def test_dates_decide_even_against_the_chain() -> None:
    assert ordered(move("early", BIRCH, CEDAR, "2010"), move("late", ALDER, BIRCH, "2012")) == ["early", "late"]


def test_open_ends_decide_where_they_can() -> None:
    until, since = move("z", ALDER, BIRCH, "../2010"), move("a", BIRCH, CEDAR, "2011/..")
    assert ordered(until, since) == ["z", "a"]


@laws
@given(st.lists(st.integers(1900, 2020), min_size=1, max_size=7, unique=True), st.randoms(use_true_random=False))
def test_dated_steps_come_in_the_order_of_their_dates_wherever_they_led(years: list[int], chance: Random) -> None:
    events = [
        move(f"{chance.randrange(1000)}-{year}", chance.choice(PLACES), chance.choice(PLACES), str(year))
        for year in years
    ]
    found = [event.date.edtf for event in in_order(events) if event.date]
    assert found == sorted(map(str, years))


events_of_any_sort = st.lists(
    st.tuples(
        st.sampled_from(PLACES[:4]),
        st.sampled_from(PLACES[:4]),
        st.sampled_from([None, "2010", "2011", "2010/2012", "2011-05", "../2011", "2011/.."]),
        st.sampled_from(["completed", "planned"]),
    ),
    max_size=6,
).map(lambda drawn: [move(f"t{number}", *one[:3], status=one[3]) for number, one in enumerate(drawn)])


@laws
@given(events_of_any_sort, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_the_steps_came_in(events: list[Event], chance: Random) -> None:
    life = [born(PLACES[0]), *events, died()]
    shuffled = [*life]
    chance.shuffle(shuffled)
    assert in_order(shuffled) == in_order(life)


@laws
@given(events_of_any_sort)
def test_no_step_is_lost_or_doubled_and_none_comes_before_one_that_ended_earlier(events: list[Event]) -> None:
    found = in_order(events)
    assert sorted(keys(found)) == sorted(keys(events))
    for place, later in enumerate(found):
        for earlier in found[:place]:
            if earlier.date and later.date and earlier.date.earliest and later.date.latest:
                assert later.date.latest >= earlier.date.earliest


# -- order by the chain of holders -------------------------------------------------------------------


def test_steps_of_one_day_follow_the_chain_of_holders() -> None:
    day = "2024-11-20"
    stop, leg, arrival = move("c", ALDER, BIRCH, day), move("b", BIRCH, CEDAR, day), move("a", CEDAR, ELM, day)
    assert ordered(arrival, stop, leg) == ["c", "b", "a"]
    assert gaps(born(ALDER, "2019"), arrival, stop, leg) == []


def test_steps_of_dates_that_overlap_follow_the_chain_of_holders() -> None:
    first, second = move("z", ALDER, BIRCH, "2024-11-16/2024-11-20"), move("a", BIRCH, CEDAR, "2024-11")
    assert ordered(first, second) == ["z", "a"]


def test_a_day_that_ends_one_span_and_begins_another_decides_nothing() -> None:
    day, span = move("a", BIRCH, CEDAR, "2010-05-01"), move("b", ALDER, BIRCH, "2010-05-01/2010-05-03")
    assert ordered(day, span) == ["b", "a"]


def test_an_undated_step_finds_its_place_by_the_chain() -> None:
    events = [move("a", BIRCH, CEDAR), move("z", ALDER, BIRCH, "2010"), move("m", CEDAR, ELM, "2015")]
    assert ordered(*events) == ["z", "a", "m"]
    assert gaps(born(ALDER), *events) == []


def test_an_undated_step_that_leads_to_the_first_holder_comes_first() -> None:
    assert ordered(move("z", FOREST, ALDER), move("a", ALDER, BIRCH, "2010")) == ["z", "a"]


def test_a_step_that_nothing_orders_comes_by_its_slug() -> None:
    assert ordered(move("b", ALDER, BIRCH, "2010"), move("a", CEDAR, ELM, "2010")) == ["a", "b"]


@laws
@given(st.integers(1, 7), st.randoms(use_true_random=False))
def test_undated_steps_through_different_houses_come_out_as_one_chain(length: int, chance: Random) -> None:
    names = [f"t{number}" for number in range(length)]
    chance.shuffle(names)
    chain = [move(name, PLACES[at], PLACES[at + 1]) for at, name in enumerate(names)]
    came_in = [*chain]
    chance.shuffle(came_in)
    assert keys(in_order(came_in)) == names
    assert gaps(born(PLACES[0]), *came_in) == []


@pytest.mark.parametrize("date", [None, "2010", "2010-05-01"])
def test_a_house_that_is_left_twice_is_left_for_good_last(date: str | None) -> None:
    away, back, gift = loan("b", ALDER, BIRCH, date), loan("c", BIRCH, ALDER, date), move("a", ALDER, CEDAR, date)
    assert ordered(born(ALDER, "2001"), gift, back, away) == [BIRTH, "b", "c", "a"]
    assert gaps(born(ALDER, "2001"), gift, back, away) == []


def test_a_return_comes_after_the_loan_it_ends_whatever_the_dates_say() -> None:
    lent, returned = loan("z", ALDER, BIRCH, "2015"), loan("a", BIRCH, ALDER, "2012", ends="z")
    assert ordered(lent, returned) == ["z", "a"]


def test_an_undated_return_comes_after_the_loan_it_ends() -> None:
    lent, returned = loan("z", ALDER, BIRCH), loan("a", BIRCH, ALDER, ends="z")
    assert ordered(lent, returned) == ["z", "a"]


# -- birth, death and bodies -------------------------------------------------------------------------


def test_birth_comes_first_and_death_last_with_or_without_dates() -> None:
    events = [move("a", ALDER, BIRCH, "2010"), died(BIRCH), born(ALDER)]
    assert ordered(*events) == [BIRTH, "a", DEATH]
    assert ordered(died(), born(ALDER, "2012"), move("a", BIRCH, CEDAR)) == [BIRTH, "a", DEATH]


def test_birth_and_death_of_one_year_keep_their_order() -> None:
    assert ordered(died(ALDER, "2010"), born(ALDER, "2010")) == [BIRTH, DEATH]


def test_a_body_travels_after_death() -> None:
    body = move("a", BIRCH, MUSEUM, "2010", kind="custody_transfer", dead=True)
    life = [born(ALDER, "2000"), move("z", ALDER, BIRCH, "2010"), died(BIRCH, "2010"), body]
    assert ordered(*life) == [BIRTH, "z", DEATH, "a"]
    assert gaps(*life) == []
    assert steps_of(life)[-1].holder == MUSEUM


def test_an_undated_body_travels_after_an_undated_death() -> None:
    body = move("a", BIRCH, MUSEUM, dead=True)
    assert ordered(body, died(BIRCH), move("z", ALDER, BIRCH, "2010")) == ["z", DEATH, "a"]


def test_a_body_travels_after_the_living_animal_where_no_death_is_recorded() -> None:
    body, living = move("a", BIRCH, ALDER, dead=True), move("z", ALDER, BIRCH)
    assert ordered(body, living) == ["z", "a"]


def test_a_body_that_nobody_sent_leaves_a_gap_after_death() -> None:
    body = move("a", None, MUSEUM, "2012", dead=True)
    assert gaps(born(ALDER), died(ALDER, "2010"), body) == [(DEATH, "a")]


# -- holder and owner --------------------------------------------------------------------------------


def test_a_gift_passes_custody_and_title_and_a_loan_custody_alone() -> None:
    birth, gift, lent = steps_of(
        [born(ALDER, "2000"), move("g", ALDER, BIRCH, "2005"), loan("l", BIRCH, CEDAR, "2010")], ALDER
    )
    assert (birth.holder, birth.owner) == (ALDER, ALDER)
    assert (gift.holder, gift.owner) == (BIRCH, BIRCH)
    assert (lent.holder, lent.owner) == (CEDAR, BIRCH)


def test_a_returned_animal_is_back_with_its_owner() -> None:
    life = [born(ALDER), loan("l", ALDER, BIRCH, "2010"), loan("r", BIRCH, ALDER, "2012", ends="l")]
    last = steps_of(life, ALDER)[-1]
    assert (last.event.key, last.holder, last.owner) == ("r", ALDER, ALDER)
    assert gaps(*life) == []


def test_a_sale_on_paper_moves_the_owner_and_not_the_animal() -> None:
    paper = move("p", ALDER, CEDAR, "2011", kind="ownership_transfer", custody=False)
    life = [born(ALDER, "2000"), loan("l", ALDER, BIRCH, "2010"), paper, move("m", BIRCH, ELM, "2012", title=False)]
    steps = steps_of(life, ALDER)
    assert [(step.holder, step.owner) for step in steps[2:]] == [(BIRCH, CEDAR), (ELM, CEDAR)]
    assert gaps(*life) == []


def test_title_goes_to_the_recipient_that_is_named_and_not_to_the_house() -> None:
    (step,) = steps_of([move("g", ALDER, BIRCH, to_owner=MINISTRY)])
    assert (step.holder, step.owner) == (BIRCH, MINISTRY)


def test_after_a_transfer_that_does_not_state_title_nobody_is_known_to_own() -> None:
    last = steps_of([born(ALDER), move("x", ALDER, BIRCH, title=None)], ALDER)[-1]
    assert (last.holder, last.owner) == (BIRCH, None)


def test_a_lender_is_known_to_own_what_it_lends() -> None:
    (lent,) = steps_of([move("l", ALDER, BIRCH, kind="loan", title=False, known_owner=MINISTRY)])
    assert (lent.holder, lent.owner) == (BIRCH, MINISTRY)


def test_a_lender_does_not_displace_an_owner_that_is_known() -> None:
    lent = steps_of([born(ALDER), move("l", ALDER, BIRCH, title=False, known_owner=MINISTRY)], CEDAR)[-1]
    assert lent.owner == CEDAR


def test_what_is_released_belongs_to_nobody() -> None:
    last = steps_of([born(ALDER), move("r", ALDER, FOREST, kind="release", to_wild=True)], ALDER)[-1]
    assert (last.holder, last.owner) == (FOREST, None)


def test_an_escaped_animal_has_no_holder_and_keeps_its_owner() -> None:
    escape = move("e", ALDER, None, "2010", kind="escape", title=False)
    last = steps_of([born(ALDER), escape], ALDER)[-1]
    assert (last.holder, last.owner) == (None, ALDER)
    assert gaps(born(ALDER), escape) == [("e", None)]


def test_death_changes_no_owner_and_leaves_the_body_where_it_was() -> None:
    last = steps_of([born(ALDER), died()], BIRCH)[-1]
    assert (last.holder, last.owner) == (ALDER, BIRCH)


@pytest.mark.parametrize("status", UNFINISHED)
def test_what_was_not_completed_moves_nothing(status: str | None) -> None:
    life = [
        born(ALDER, "2000"),
        move("x", ALDER, CEDAR, "2005", status=status),
        move("g", ALDER, BIRCH, "2010"),
        move("y", BIRCH, CEDAR, "2015", status=status),
    ]
    steps = steps_of(life, ALDER)
    assert keys(steps) == [BIRTH, "x", "g", "y"]
    assert [(step.holder, step.owner) for step in steps] == [(ALDER, ALDER)] * 2 + [(BIRCH, BIRCH)] * 2
    assert gaps(*life) == []


@pytest.mark.parametrize("status", UNFINISHED)
def test_what_was_not_completed_fills_no_gap(status: str | None) -> None:
    life = [born(ALDER, "2000"), move("x", ALDER, BIRCH, "2005", status=status), move("g", BIRCH, CEDAR, "2010")]
    assert gaps(*life) == [(BIRTH, "g")]


@laws
@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_what_was_not_completed_leaves_the_chain_of_the_others_as_it_is(length: int, chance: Random) -> None:
    names = [f"t{number}" for number in range(length + 2)]
    chance.shuffle(names)
    chain = [move(name, PLACES[at], PLACES[at + 1]) for at, name in enumerate(names[:length])]
    idle = [
        move(name, chance.choice(PLACES), chance.choice(PLACES), status=chance.choice(UNFINISHED))
        for name in names[length:]
    ]
    found = [event.key for event in in_order([*idle, *chain]) if event.happened]
    assert found == names[:length]


@laws
@given(events_of_any_sort)
def test_after_the_last_completed_move_its_destination_holds(events: list[Event]) -> None:
    holder = None
    for step in steps_of(events):
        if step.event.happened:
            holder = step.event.destination
        assert step.holder == holder


# -- gaps --------------------------------------------------------------------------------------------


def test_a_life_without_steps_has_no_gaps() -> None:
    assert gaps_of([]) == []


def test_nothing_is_missing_before_a_birth() -> None:
    assert gaps(born(ALDER), move("a", ALDER, BIRCH, "2010")) == []


def test_nothing_is_missing_before_a_capture() -> None:
    assert gaps(move("c", FOREST, ALDER, "2010", kind="capture", from_wild=True)) == []
    assert gaps(move("c", None, ALDER, "2010", kind="capture", from_wild=True)) == []


def test_what_came_before_a_first_gift_is_a_gap() -> None:
    (gap,) = found_gaps(move("a", ALDER, BIRCH, "2010"))
    assert (gap.after, gap.before and gap.before.key, gap.since, gap.until) == (None, "a", None, "2010-12-31")


def test_what_came_before_a_death_alone_is_a_gap() -> None:
    assert gaps(died(ALDER, "2010")) == [(None, DEATH)]


def test_a_holder_that_is_not_the_next_one_leaves_a_gap_with_the_bounds_around_it() -> None:
    life = [born(ALDER, "2000"), move("a", ALDER, BIRCH, "2010-05"), move("b", CEDAR, ELM, "2015/2016")]
    (gap,) = found_gaps(*life)
    assert (gap.after and gap.after.key, gap.before and gap.before.key) == ("a", "b")
    assert (gap.since, gap.until) == ("2010-05-01", "2016-12-31")


def test_a_gap_beside_an_undated_step_has_no_bound_on_that_side() -> None:
    (gap,) = found_gaps(born(ALDER), move("b", CEDAR, ELM, "2015"))
    assert (gap.since, gap.until) == (None, "2015-12-31")


def test_a_birth_elsewhere_than_the_first_holder_leaves_a_gap() -> None:
    assert gaps(born(ALDER, "2000"), move("a", BIRCH, CEDAR, "2010")) == [(BIRTH, "a")]


def test_a_step_from_an_unknown_house_leaves_a_gap() -> None:
    assert gaps(born(ALDER, "2000"), move("a", None, CEDAR, "2010")) == [(BIRTH, "a")]


def test_an_unknown_destination_leaves_a_gap_to_the_next_step_and_after_the_last() -> None:
    lost = move("a", ALDER, None, "2010")
    assert gaps(born(ALDER), lost) == [("a", None)]
    assert gaps(born(ALDER), lost, move("b", CEDAR, ELM, "2012")) == [("a", "b")]


def test_an_animal_that_is_held_somewhere_has_no_gap_after_its_last_step() -> None:
    assert gaps(born(ALDER), move("a", ALDER, BIRCH, "2010")) == []


def test_a_birth_at_no_known_place_leaves_a_gap() -> None:
    assert gaps(born(None, "2000")) == [(BIRTH, None)]


def test_a_death_elsewhere_leaves_a_gap_and_a_death_at_no_stated_place_does_not() -> None:
    life = [born(ALDER), move("a", ALDER, BIRCH, "2010")]
    assert gaps(*life, died(CEDAR, "2012")) == [("a", DEATH)]
    assert gaps(*life, died(BIRCH, "2012")) == []
    assert gaps(*life, died(None, "2012")) == []


def test_a_death_while_nobody_is_known_to_hold_leaves_a_gap() -> None:
    assert gaps(born(ALDER), move("a", ALDER, None, "2010"), died(None, "2012")) == [("a", DEATH)]


@laws
@given(events_of_any_sort)
def test_two_moves_that_meet_have_no_gap_and_two_that_do_not_have_one(events: list[Event]) -> None:
    steps = [step for step in steps_of([born(PLACES[0]), *events]) if step.event.kind == BIRTH or step.event.moves]
    expected = [
        (before.event.key, after.event.key) for before, after in pairwise(steps) if before.holder != after.event.origin
    ]
    assert gaps(born(PLACES[0]), *events) == expected


# -- descent -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    child_id: int
    parent_id: int
    role: str
    probability: float = 1.0
    count_min: int | None = None
    count_max: int | None = None


def pedigree(*links: Link) -> _Parents:
    return _parents(astuple(link) for link in links)


def test_dam_and_sire_give_half_each_and_grandparents_a_quarter() -> None:
    parents = pedigree(Link(1, 2, "dam"), Link(1, 3, "sire"), Link(2, 4, "dam"), Link(2, 5, "sire"))
    shares, unknown = _shares(1, parents)
    assert shares == {1: 1.0, 2: 0.5, 3: 0.5, 4: 0.25, 5: 0.25}
    assert unknown == 0.0


def test_an_ancestor_on_both_sides_has_both_shares() -> None:
    parents = pedigree(Link(1, 2, "dam"), Link(1, 3, "sire"), Link(2, 4, "sire"), Link(3, 4, "sire"))
    shares, unknown = _shares(1, parents)
    assert shares[4] == 0.5
    assert unknown == 0.5


def test_an_ancestor_at_two_distances_is_counted_in_full_before_its_own_parents() -> None:
    parents = pedigree(Link(1, 2, "dam"), Link(1, 3, "sire"), Link(2, 3, "sire"), Link(3, 4, "dam"))
    shares, _ = _shares(1, parents)
    assert shares[3] == 0.75
    assert shares[4] == 0.375


def test_a_parent_that_is_not_known_leaves_its_half_unknown() -> None:
    assert _shares(1, pedigree(Link(1, 2, "dam"))) == ({1: 1.0, 2: 0.5}, 0.5)
    assert _shares(1, pedigree(Link(1, 2, "parent"))) == ({1: 1.0, 2: 0.5}, 0.5)


def test_two_possible_sires_share_one_half_by_their_probabilities() -> None:
    shares, unknown = _shares(1, pedigree(Link(1, 2, "dam"), Link(1, 3, "sire", 0.75), Link(1, 4, "sire", 0.25)))
    assert (shares[3], shares[4], unknown) == (0.375, 0.125, 0.0)


def test_what_is_split_from_a_group_comes_from_it_whole() -> None:
    assert _shares(1, pedigree(Link(1, 2, "split_from"))) == ({1: 1.0, 2: 1.0}, 0.0)


def test_groups_that_were_pooled_share_by_head() -> None:
    parents = pedigree(Link(1, 2, "merged_from", 1.0, 30, 30), Link(1, 3, "merged_from", 1.0, 10, 10))
    assert _shares(1, parents) == ({1: 1.0, 2: 0.75, 3: 0.25}, 0.0)


@pytest.mark.parametrize(("least", "most"), [(None, None), (71, None), (10, 12)])
def test_a_pooled_group_without_an_exact_count_leaves_the_shares_unknown(least: int | None, most: int | None) -> None:
    parents = pedigree(Link(1, 2, "merged_from", 1.0, 30, 30), Link(1, 3, "merged_from", 1.0, least, most))
    shares, unknown = _shares(1, parents)
    assert (shares[2], shares[3], unknown) == (0.0, 0.0, 1.0)


def test_the_generation_of_an_ancestor_is_the_fewest_steps_to_it() -> None:
    parents = pedigree(Link(1, 2, "dam"), Link(1, 3, "sire"), Link(2, 3, "sire"), Link(3, 4, "dam"), Link(2, 5, "dam"))
    assert _generations(1, parents) == {2: (1, "dam"), 3: (1, "sire"), 4: (2, "dam"), 5: (2, "dam")}


def test_a_circle_of_descent_ends() -> None:
    circle = pedigree(Link(1, 2, "dam"), Link(2, 3, "dam"), Link(3, 1, "dam"))
    assert _generations(1, circle) == {2: (1, "dam"), 3: (2, "dam")}
    assert set(_shares(1, circle)[0]) == {1, 2, 3}


@st.composite
def pedigrees(draw: st.DrawFn) -> _Parents:
    """Descent without circles: the parents of each have higher numbers."""
    links: list[Link] = []
    for child in range(1, 7):
        older = st.integers(child + 1, 9)
        sort = draw(st.sampled_from(["none", "pair", "sires", "split", "pooled"]))
        if sort == "pair":
            links += [Link(child, draw(older), role) for role in draw(st.sampled_from([("dam", "sire"), ("dam",)]))]
        elif sort == "sires":
            first, second = draw(st.lists(older, min_size=2, max_size=2, unique=True))
            chance = draw(st.sampled_from([0.25, 0.5, 0.75]))
            links += [Link(child, first, "sire", chance), Link(child, second, "sire", 1 - chance)]
        elif sort == "split":
            links.append(Link(child, draw(older), "split_from"))
        elif sort == "pooled":
            for parent in draw(st.lists(older, min_size=2, max_size=2, unique=True)):
                heads = draw(st.one_of(st.none(), st.integers(1, 50)))
                links.append(Link(child, parent, "merged_from", 1.0, heads, heads))
    reached, waiting = {1}, [1]
    while waiting:
        child = waiting.pop()
        above = {link.parent_id for link in links if link.child_id == child} - reached
        reached |= above
        waiting += above
    return pedigree(*(link for link in links if link.child_id in reached))


@laws
@given(pedigrees())
def test_the_shares_of_founders_and_of_what_is_unknown_make_one_animal(parents: _Parents) -> None:
    shares, unknown = _shares(1, parents)
    founders = sum(share for animal, share in shares.items() if animal not in parents)
    assert founders + unknown == pytest.approx(1.0)
    assert all(-1e-9 <= share <= 1 + 1e-9 for share in shares.values())


@laws
@given(pedigrees())
def test_a_share_is_what_all_ways_up_to_an_ancestor_add_up_to(parents: _Parents) -> None:
    added: dict[int, float] = {}
    ways = [(1, 1.0)]
    while ways:
        child, share = ways.pop()
        added[child] = added.get(child, 0.0) + share
        ways += [(parent, share * weight) for parent, _, weight in parents.get(child, ())]
    assert _shares(1, parents)[0] == pytest.approx(added)


@laws
@given(pedigrees())
def test_a_generation_is_one_more_than_that_of_the_nearest_child(parents: _Parents) -> None:
    found = _generations(1, parents)
    depth = {1: 0, **{animal: generation for animal, (generation, _) in found.items()}}
    for animal, (generation, _) in found.items():
        children = [child for child, links in parents.items() if any(parent == animal for parent, _, _ in links)]
        assert generation == 1 + min(depth[child] for child in children)
