"""Names folded for searching, in any script."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zoo_provenance.names import fold
from zoo_provenance.vocabulary import LABEL_LENGTH, VALUE_LENGTH

laws = settings(max_examples=150, deadline=None)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Alder Zoo", "alderzoo"),
        ("Ch'osŏn Chung'ang", "chosonchungang"),
        ("Центральный зоопарк", "центральныизоопарк"),
        ("Ёлка", "елка"),
        ("중앙 동물원", "중앙동물원"),
        ("北京動物園", "北京動物園"),
        ("حديقة الحيوان", "حديقةالحيوان"),
        ("גן חיות", "גןחיות"),
        ("Ζωολογικός Κήπος", "ζωολογικοσκηποσ"),
        ("Tierpark Straße", "tierparkstrasse"),
        ("Zoo ﬁeld Ⅷ", "zoofieldviii"),
        ("ＡＬＤＥＲ　ＺＯＯ", "alderzoo"),
        ("ﾄｳｷｮｳ", "トウキョウ"),
        ("Nº 23-a (old)", "no23aold"),
    ],
)
def test_a_key_has_no_case_marks_width_punctuation_or_spaces(name: str, key: str) -> None:
    assert fold(name) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alder-Zoo", "ALDER ZOO"),
        ("Zoo de Ñire", "zoo de nire"),
        ("Zoo de N\u0303ire", "Zoo de \u00d1ire"),
        ("STRASSE", "straße"),
        ("중앙동물원", unicodedata.normalize("NFD", "중앙동물원")),
        ("зоопарк", "ЗООПАРК"),
        ("ΚΗΠΟΣ", "κήπος"),
        ("İzmir", "izmir"),
    ],
)
def test_ways_of_writing_one_name_have_one_key(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_scripts_are_not_bridged() -> None:
    assert len({fold("Pyongyang"), fold("Пхеньян"), fold("평양"), fold("平壤")}) == 4


@pytest.mark.parametrize("name", ["!!!", "?", "—", "★"])
def test_a_name_of_nothing_but_punctuation_is_its_own_key(name: str) -> None:
    assert fold(name) == fold(f"  {name} ") == name


def test_a_blank_name_has_an_empty_key() -> None:
    assert fold("") == fold(" \t\n") == ""


@laws
@given(st.text(max_size=LABEL_LENGTH))
@example("\u0345")
@example("\u1fb3")
@example("İ")
@example("\u1112\u1161\u11ab")
@example("\u0130\u0307")
@example("𝔄")
@example("\ud800")
def test_folding_a_key_changes_nothing(name: str) -> None:
    key = fold(name)
    assert fold(key) == key


@laws
@given(st.text(max_size=60), st.sampled_from([" ", "-", "'", ".", "\u2014", "\u3000", "\u00b7"]))
def test_punctuation_and_spaces_between_letters_make_no_difference(name: str, between: str) -> None:
    if any(character.isalnum() for character in fold(name)):
        assert fold(f"{between}{name}{between}") == fold(name)


@laws
@given(st.text(alphabet=st.characters(categories=("L", "N")), max_size=60))
def test_the_two_normal_forms_of_a_name_have_one_key(name: str) -> None:
    assert fold(unicodedata.normalize("NFD", name)) == fold(unicodedata.normalize("NFC", name)) == fold(name)


@laws
@given(st.text(max_size=40), st.integers(1, 60))
def test_a_key_fits_its_column(name: str, times: int) -> None:
    assert len(fold(name * times)) <= VALUE_LENGTH


@pytest.mark.parametrize("name", ["a" * 500, "ﷺ" * 100, "가" * 500, "!" * 399 + " !"])
def test_a_key_cut_to_its_length_still_folds_to_itself(name: str) -> None:
    assert fold(fold(name)) == fold(name)
