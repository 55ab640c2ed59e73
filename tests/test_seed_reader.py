"""The reader of seed files: what it refuses, and where it points."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth, wcwidth

from zoo_provenance.loading import shapes
from zoo_provenance.loading.problems import SHOWN, File, Mark, Problem, nearest, path_for_messages, tell_all
from zoo_provenance.loading.yaml_reader import DEEPEST, LARGEST, Rejected, read_file, read_yaml
from zoo_provenance.vocabulary import Kind


@dataclass(frozen=True)
class Spot:
    """A place in a file that a message must point at, written «so» in a test's seeds."""

    line: int
    column: int
    marked: str
    own_line: str


def without_marks(text: str) -> tuple[str, list[Spot]]:
    """Take the «marks» out of a text; return it with the places they stood at."""
    lines, spots = [], []
    for number, written in enumerate(text.split("\n"), 1):
        line, found = written, []
        while "«" in line:
            column = line.index("«")
            line = line.replace("«", "", 1)
            marked = line[column : line.index("»")]
            line = line.replace("»", "", 1)
            found.append((column + 1, marked))
        lines.append(line)
        spots += [Spot(number, column, marked, line.rstrip("\r")) for column, marked in found]
    return "\n".join(lines), spots


def under_the_caret(own_line: str, caret_line: str) -> str:
    """Return the characters of a line that stand over the carets of the next, by their width on a terminal."""
    start = caret_line.index("^")
    end = start + len(caret_line[start:]) - len(caret_line[start:].lstrip("^"))
    column, over = 0, ""
    for character in own_line:
        if start <= column < end:
            over += character
        column += max(0, wcwidth(character))
    return over


def read(text: str) -> list[Problem]:
    """Read a text as a seed file, as far as it goes, and as an institution where it is a mapping."""
    file = File("case.yaml", text)
    node, problems = read_yaml(file)
    if node is not None and isinstance(node.content, dict):
        for entry in node.content.values():
            shapes.read_shape(shapes.ENTRIES[Kind.INSTITUTION], entry, file, problems)
    return problems


def told_once(text: str) -> str:
    """Check that a marked text gives one problem, there, with its own line and a caret under the mark."""
    plain, spots = without_marks(text)
    problems = read(plain)
    assert len(problems) == len(spots) == 1, problems
    spot = spots[0]
    told = problems[0].tell()
    lines = told.split("\n")
    assert lines[0].startswith(f"case.yaml:{spot.line}:{spot.column}: "), told
    assert lines[1] == f"{spot.line:>5} | {spot.own_line}"
    assert lines[2].startswith("      | ")
    assert under_the_caret(lines[1], lines[2]) == spot.marked, told
    assert len(lines) == 3
    return told


# -- what YAML can hide --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cedar-zoo: {city: «&here Cedar»}", "anchors are not used"),
        ("cedar-zoo: «&»here {city: Cedar}", "anchors are not used"),
        ("cedar-zoo: {city: «*here»}", "aliases are not used"),
        ("cedar-zoo:\n  <<: «*base»", "aliases are not used"),
        ("cedar-zoo: {city: «!!str Cedar»}", "tags are not used"),
        ("cedar-zoo: «!»!python/object:os.system {city: Cedar}", "tags are not used"),
        ("cedar-zoo: {city: Cedar}\n«-»--\nbirch-zoo: {city: Birch}", "second document"),
        ("cedar-zoo: {}\n«cedar-zoo»: {}", "a second time; the first is on line 1"),
        ("cedar-zoo:\n  city: Cedar\n  kind: zoo\n  «city»: Birch", "a second time; the first is on line 2"),
        ('cedar-zoo: {city: Cedar, «"city"»: Birch}', "a second time"),
        ("«[»cedar-zoo]: {city: Cedar}", "a key must be a word"),
        ("«{»a: b}: {city: Cedar}", "a key must be a word"),
    ],
)
def test_what_yaml_can_hide_is_refused_where_it_stands(text: str, says: str) -> None:
    assert says in told_once(text)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\ufeff"])
def test_a_control_character_is_refused_and_never_shown(character: str) -> None:
    (problem,) = read(f"birch-zoo: {{}}\ncedar-zoo: {{city: Ce{character}dar}}\n")
    assert problem.tell() == (
        f"case.yaml:2:21: a control character (U+{ord(character):04X}) cannot stand here; remove it\n"
        "    2 | cedar-zoo: {city: Ce\N{REPLACEMENT CHARACTER}dar}\n"
        "      |                     ^"
    )


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
    problems = read("\n".join(["l0: &l0 [lol]", *levels]))
    assert [(problem.code, problem.mark.line) for problem in problems] == [("anchor", 1)]


@pytest.mark.parametrize("text", ["[" * 200_000, "a: " + "{a: " * 50_000, "- " * 50_000])
def test_deep_nesting_is_refused_at_once(text: str) -> None:
    assert [problem.code for problem in read(text)] == ["too-deep"]


def test_nesting_as_deep_as_allowed_is_read() -> None:
    node, problems = read_yaml(File("case.yaml", "[" * DEEPEST + "]" * DEEPEST))
    assert node is not None
    assert problems == []
    _, problems = read_yaml(File("case.yaml", "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)))
    assert [problem.code for problem in problems] == ["too-deep"]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but a comment\n", "---\n", "---\n...\n"])
def test_an_empty_file_is_told_as_one(text: str) -> None:
    (problem,) = read(text)
    assert problem.tell() == "case.yaml: the file is empty; fill it or remove it"


def test_scalars_stay_as_they_were_typed() -> None:
    typed = ["NO", "012", "12:30:00", "1.10", "1e3", "0x10", "~", "null", "2024-11-20", "=", "yes"]
    node, problems = read_yaml(File("case.yaml", "".join(f"- {word}\n" for word in typed)))
    assert problems == []
    assert node is not None
    assert node.plain() == typed


# -- slips that quoting mends --------------------------------------------------------------------------


@pytest.mark.parametrize("value", [">70", "?", "@x", "`x", "%x"])
@pytest.mark.parametrize(
    "text",
    [
        "cedar-zoo:\n  city: {0}\n  kind: zoo\n",
        "cedar-zoo: {{kind: zoo, city: {0}}}\n",
        "cedar-zoo: {{names: [{0}]}}\n",
        "cedar-zoo:\n  city: {{claims: [{{value: {0}, source: agency}}]}}\n",
    ],
)
def test_a_value_that_needs_quotes_is_told_with_its_quotes(text: str, value: str) -> None:
    (problem,) = read(text.format(value))
    line = next(number for number, line in enumerate(text.split("\n"), 1) if "{0}" in line)
    assert problem.mark.line == line
    assert problem.suggestion == f'quote it: "{value}"'


def test_an_unquoted_question_mark_in_a_list_is_told_with_its_quotes() -> None:
    (problem,) = read("cedar-zoo:\n  names:\n    - ?\n")
    assert problem.mark.line == 3
    assert '"?"' in problem.suggestion
    assert "''" not in problem.message


def test_an_unquoted_star_is_told_with_its_quotes() -> None:
    assert 'quote it: "*x"' in told_once("cedar-zoo: {city: «*x»}")
    assert 'quote it: "*x"' in told_once("cedar-zoo:\n  city: «*x»\n")


def test_an_unquoted_set_of_dates_is_told_with_its_quotes() -> None:
    told = told_once("cedar-zoo: {founded: «[»2024-11-19..2024-11-20], kind: zoo}")
    assert told.endswith('quote it: "[2024-11-19..2024-11-20]"')


# -- keys and types ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("cedar-zoo: {«cty»: Cedar}", "unknown key 'cty'", "did you mean 'city'?"),
        ("cedar-zoo:\n  kind: zoo\n  «foundd»: 1900", "unknown key 'foundd'", "did you mean 'founded'?"),
        ("cedar-zoo: {city: {value: Cedar, «qoute»: words}}", "unknown key 'qoute'", "did you mean 'quote'?"),
        ("cedar-zoo: {city: {«valeu»: Cedar, source: agency}}", "unknown key 'valeu'", "did you mean 'value'?"),
        (
            "cedar-zoo: {city: {«claim»: [{value: Cedar, source: agency}]}}",
            "unknown key 'claim'",
            "did you mean 'claims'?",
        ),
        ("cedar-zoo: {names: [{«Alder»: Zoo}]}", "unknown key 'Alder'", ""),
        ("cedar-zoo: {searched: [{«feild»: city, source: agency}]}", "unknown key 'feild'", "did you mean 'field'?"),
        ("cedar-zoo: {city: «[»a, b]}", "city: expected a value, or a mapping, found a list", "quote it"),
        ("cedar-zoo: {city: {value: «[»a]}}", "expected one value, found a list", "quote it"),
        ("cedar-zoo: {notes: «{»a: b}}", "notes: expected one value, found a mapping", ""),
        ("cedar-zoo: {names: «Alder»}", "names: expected a list, found the text 'Alder'", ""),
        ("cedar-zoo: {ids: «Q1»}", "ids: expected", ""),
        ("cedar-zoo: {city: {claims: «Cedar»}}", "claims: expected a list, found the text 'Cedar'", ""),
        ("cedar-zoo: {city: {claims: «{»value: Cedar}}}", "claims: expected a list, found a mapping", ""),
        ("cedar-zoo: {city: {value: x, source: «{»a: b}}}", "source: expected a list, found a mapping", ""),
        ("cedar-zoo: «zoo»", "found the text 'zoo'", ""),
        ("cedar-zoo: «[»zoo]", "found a list", ""),
        ("cedar-zoo:\n  «city»:\n  kind: zoo", "nothing stands after 'city'", '"?" says'),
        ("cedar-zoo:\n  city: {«value»: }\n  kind: zoo", "nothing stands after 'value'", '"?" says'),
        ("«cedar-zoo»:\nbirch-zoo: {kind: zoo}", "nothing stands after 'cedar-zoo'", ""),
    ],
)
def test_a_wrong_key_or_type_is_told_once_in_plain_words(text: str, says: str, hint: str) -> None:
    told = told_once(text)
    assert says in told
    assert hint in told
    assert not {"pydantic", "input", "validation"} & set(told.lower().split())


def test_an_entry_names_one_source_as_a_line_may() -> None:
    assert read("cedar-zoo: {city: Cedar, source: agency}") == []
    assert read("cedar-zoo: {city: Cedar, sources: agency}") == []


_words = st.sampled_from(
    [
        "value",
        "claims",
        "settled",
        "because",
        "source",
        "sources",
        "names",
        "kind",
        "lines",
        "a",
        "?",
        "",
        "2024",
        "former",
    ]
)
_nested = st.recursive(
    _words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3), max_leaves=12
)


@settings(deadline=None)
@given(
    st.sampled_from(list(Kind)),
    st.dictionaries(st.sampled_from(list(shapes.ENTRIES[Kind.TRANSFER].model_fields)), _nested),
)
def test_any_shape_is_read_or_told(kind: Kind, entry: dict[str, Any]) -> None:
    file = File("case.yaml", json.dumps(entry))
    node, problems = read_yaml(file)
    assert node is not None
    found = shapes.read_shape(shapes.ENTRIES[kind], node, file, problems)
    assert (found is None) == bool(problems)
    for problem in problems:
        assert problem.mark.line == 1
        assert 1 <= problem.mark.column <= len(file.text)


_pieces = st.sampled_from(
    [
        *"abz09:-?,[]{}#&*!|>'\"%@` \n\t\r~<=.",
        "\r\n",
        "\n  ",
        ": ",
        "- ",
        "\u2028",
        "\u0085",
        "\ufeff",
        "평",
        "é",
        "😀",
        "\x00",
    ]
)


@settings(deadline=None)
@given(st.lists(_pieces, max_size=40).map("".join))
def test_any_text_is_read_or_told_within_its_own_lines(text: str) -> None:
    file = File("case.yaml", text)
    node, problems = read_yaml(file)
    assert node is not None or problems
    for problem in problems:
        assert problem.mark.line <= len(file.lines)
        assert problem.tell()


# -- files ---------------------------------------------------------------------------------------------


def rejected(path: Path) -> Problem:
    with pytest.raises(Rejected) as caught:
        read_file(path)
    return caught.value.problem


def test_a_file_that_is_not_utf_8_is_told_at_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "institutions.yaml"
    path.write_bytes("birch-zoo: {kind: zoo}\nčedar: {names: [".encode() + b"\xe9]}\n")
    problem = rejected(path)
    assert (problem.mark.line, problem.mark.column) == (2, 17)
    assert "is not UTF-8 (byte 0xe9)" in problem.message


def test_a_line_that_could_not_be_read_is_not_shown_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "institutions.yaml"
    path.write_bytes(b"cedar-zoo: {names: [\xe9]}\n")
    shown = rejected(path).tell().split("\n")[1:]
    assert not shown or "cedar-zoo" in shown[0]


def test_utf_16_is_told_as_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "institutions.yaml"
    path.write_bytes("cedar-zoo: {kind: zoo}\n".encode("utf-16"))
    assert "is not UTF-8" in rejected(path).message


def test_a_byte_order_mark_and_line_ends_of_windows_shift_nothing(tmp_path: Path) -> None:
    path = tmp_path / "institutions.yaml"
    path.write_bytes(b"\xef\xbb\xbfcedar-zoo: {kind: zoo}\r\nbirch-zoo:\r\n  cty: Birch\r\n")
    file, _ = read_file(path)
    node, problems = read_yaml(file)
    assert problems == []
    assert node is not None
    assert list(node.content) == ["cedar-zoo", "birch-zoo"]
    (problem,) = read(file.text)
    assert problem.tell().split("\n")[1:] == ["    3 |   cty: Birch", "      |   ^^^ did you mean 'city'?"]


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "institutions.yaml"
    path.touch()
    os.truncate(path, LARGEST + 1)
    assert rejected(path).tell() == f"{path}: is larger than 16 MiB; split it"


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "institutions.yaml"
    path.mkdir()
    assert "cannot be read" in rejected(path).tell()


def test_a_path_is_told_relative_to_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_for_messages(tmp_path / "seeds" / "taxa.yaml") == str(Path("seeds", "taxa.yaml"))
    assert path_for_messages(tmp_path.parent / "taxa.yaml") == str(tmp_path.parent / "taxa.yaml")


# -- carets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "cedar-zoo: {names: [평양 중앙동물원], «cty»: Cedar}",
        "cedar-zoo: {names: [Zoologický], «cty»: Cedar}",
        "cedar-zoo: {names: [Zoologicky\u0301], «cty»: Cedar}",
        "cedar-zoo: {names: [😀], «cty»: Cedar}",
        "cedar-zoo: {kind: zoo, «평양동물원»: Cedar}",
        "cedar-zoo: {names: «평양동물원»}",
        "cedar-zoo:\n  # 中央動物園\n  «cty»: 中央",
        "cedar-zoo: {names: «'Alder, Zoo'»}",
    ],
)
def test_the_caret_stands_under_the_right_characters_in_every_script(text: str) -> None:
    told_once(text)


def test_the_caret_is_as_wide_as_what_it_marks() -> None:
    told = told_once("cedar-zoo: {names: «평양»}")
    assert told.count("^") == wcswidth("평양") == 4


@pytest.mark.parametrize("before", [100, 500, 5000])
def test_of_a_long_line_the_part_with_the_fault_is_shown(before: int) -> None:
    plain, (spot,) = without_marks(f"cedar-zoo: {{notes: {'x' * before}, «cty»: Cedar, city: {'y' * 5000}}}")
    (problem,) = read(plain)
    head, own, caret = problem.tell().split("\n")
    assert head.startswith(f"case.yaml:1:{spot.column}: ")
    assert under_the_caret(own, caret) == "cty"
    assert len(own) < 160
    assert own.removeprefix("    1 | ") in plain


def test_lines_that_end_as_on_old_machines_are_counted() -> None:
    (problem,) = read("cedar-zoo: {kind: zoo}\rbirch-zoo: {cty: Birch}\r")
    assert (problem.mark.line, problem.mark.column) == (2, 13)
    assert "    2 | birch-zoo: {cty: Birch}" in problem.tell()


@pytest.mark.parametrize("separator", ["\u2028", "\u2029"])
def test_separators_inside_a_text_do_not_shift_the_lines_below(separator: str) -> None:
    (problem,) = read(f"cedar-zoo: {{notes: 'one{separator}two'}}\nbirch-zoo: {{cty: Birch}}\n")
    assert (problem.mark.line, problem.mark.column) == (2, 13)
    assert "    2 | birch-zoo: {cty: Birch}" in problem.tell()


# -- messages ------------------------------------------------------------------------------------------


def test_no_message_carries_a_control_character_to_the_terminal() -> None:
    texts = ["cedar-zoo: {names: [!<%1B[31m> x]}", 'cedar-zoo: {"\\e[31m": x}', 'cedar-zoo: {names: "\\e[31mAlder"}']
    for text in texts:
        (problem,) = read(text)
        assert "\x1b" not in problem.tell()


@pytest.mark.parametrize(
    "text",
    [
        f"cedar-zoo: {{{'x' * 90_000}: Cedar}}",
        f"cedar-zoo: {{a: 1, {'a' * 900}: 2, {'a' * 900}: 3}}",
        f"cedar-zoo: {{names: {'x' * 90_000}}}",
    ],
)
def test_a_message_stays_short_whatever_was_written(text: str) -> None:
    for problem in read(text):
        assert len(problem.message) < 300


def test_fifty_problems_are_shown_and_the_rest_are_counted() -> None:
    file = File("case.yaml", "\n".join(f"line {number}" for number in range(1, 101)))
    problems = [Problem(file, Mark(number, 1), "", "first", "is wrong") for number in range(1, 61)]
    problems += [Problem(file, Mark(number, 1), "", "second", "is wrong") for number in range(61, 71)]
    lines = tell_all(list(reversed(problems))).split("\n")
    assert lines[0] == "case.yaml:1:1: is wrong"
    assert sum(line.endswith("is wrong") for line in lines) == SHOWN == 50
    assert lines[-3:] == [
        "… and 10 more of kind 'first'",
        "… and 10 more of kind 'second'",
        "70 problems in 1 file. Nothing was written.",
    ]


def test_one_problem_and_several_are_counted_in_words_that_agree() -> None:
    one = Problem(File("a.yaml"), Mark(0, 0), "", "x", "is wrong")
    other = Problem(File("b.yaml"), Mark(0, 0), "", "x", "is wrong", "mend it")
    assert tell_all([one]) == "a.yaml: is wrong\n1 problem in 1 file. Nothing was written."
    assert tell_all([other, one]) == (
        "a.yaml: is wrong\nb.yaml: is wrong (mend it)\n2 problems in 2 files. Nothing was written."
    )


def test_only_a_near_word_is_suggested() -> None:
    assert nearest("cty", ["city", "kind"]) == "did you mean 'city'?"
    assert nearest("zzz", ["city", "kind"]) == ""
    assert nearest("", ["city"]) == ""
