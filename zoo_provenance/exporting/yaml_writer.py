"""A writer of YAML for people who read it: on one line what fits there, the rest below one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from textwrap import wrap
from typing import Any

WIDTH = 110
_INDENT = "  "
_PLAIN = re.compile(r"[\w(](?:[^,\[\]{}#:\"&*!|>%@`?\\\t\n]*[^,\[\]{}#:\"&*!|>%@`?\\\s])?")
_READ_AS_TYPED = re.compile(r"0|[1-9][0-9]*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_JOINERS = "\u200c\u200d"
"""Letters of Persian and of Indian scripts that are seen only by what they do to their neighbours."""


class Word(str):
    """A word that is written as it is: yes, true."""

    __slots__ = ()


class Tall(dict[str, Any]):
    """A mapping whose entries always stand below one another."""


TRUE = Word("true")


def document(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a mapping, each key on a line of its own. Values are text, lists and mappings."""
    for key, value in content.items():
        yield from _keyed(key, value, "")


def entry(slug: str, content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of one entry of a registry: its slug, and below it a line for each key."""
    if not content:
        yield f"{_scalar(slug)}: {{}}\n"
        return
    yield f"{_scalar(slug)}:\n"
    for key, value in content.items():
        yield from _keyed(key, value, _INDENT)


def _keyed(key: str, value: Any, indent: str) -> Iterator[str]:
    start = f"{indent}{_scalar(key)}:"
    if isinstance(value, str):
        yield from _text(start, value, indent)
    elif _is_short(value) and len(start) + 1 + len(flowed := _flow(value)) <= WIDTH:
        yield f"{start} {flowed}\n"
    else:
        yield f"{start}\n"
        yield from _block(value, indent + _INDENT)


def _block(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _keyed(key, inner, indent)
        return
    for item in value:
        if isinstance(item, str):
            yield from _text(f"{indent}-", item, indent)
        elif _is_short(item) and len(indent) + 2 + len(flowed := _flow(item)) <= WIDTH:
            yield f"{indent}- {flowed}\n"
        else:
            first, *rest = _block(item, indent + _INDENT)
            yield f"{indent}- {first[len(indent) + len(_INDENT) :]}"
            yield from rest


def _is_short(value: Any) -> bool:
    """Whether a list or mapping reads well on one line: it holds at most one that holds more than words."""
    if isinstance(value, Tall):
        return False
    inner = list(value.values()) if isinstance(value, Mapping) else list(value)
    full = [one for one in inner if not isinstance(one, str) and not _is_words(one)]
    return not full or (len(full) == 1 and _is_short(full[0]) and (len(inner) == 1 or isinstance(value, Mapping)))


def _is_words(value: Any) -> bool:
    return not isinstance(value, Mapping) and all(isinstance(one, str) for one in value)


def _flow(value: Any) -> str:
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    return "[" + ", ".join(_flow(inner) for inner in value) + "]"


def _text(start: str, text: str, indent: str) -> Iterator[str]:
    """Yield a text after what it belongs to: on its line, or folded below it where it is long."""
    on_one_line = f"{start} {_scalar(text)}\n"
    if isinstance(text, Word) or (len(on_one_line) <= WIDTH and "\n" not in text):
        yield on_one_line
        return
    below = indent + _INDENT
    if _folds(text):
        yield f"{start} >-\n"
        yield from (f"{below}{line}\n" for line in _wrapped(text, WIDTH - len(below)))
    elif "\n" in text and _stands(text):
        yield f"{start} |-\n"
        yield from (f"{below}{line}\n" if line else "\n" for line in text.split("\n"))
    else:
        yield on_one_line


def _folds(text: str) -> bool:
    """Whether a text is the same after its lines were broken at spaces and joined again."""
    return _is_visible(text) and " " in text and "  " not in text and text == text.strip()


def _wrapped(text: str, width: int) -> Sequence[str]:
    return wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _stands(text: str) -> bool:
    """Whether a text of several lines is the same below its key, line by line."""
    lines = text.split("\n")
    return bool(lines[-1]) and all(_is_visible(line) and line == line.strip() for line in lines) and bool(lines[0])


def _is_visible(text: str) -> bool:
    return all(letter.isprintable() or letter in _JOINERS for letter in text)


def _scalar(text: str) -> str:
    if isinstance(text, Word):
        return str(text)
    if _PLAIN.fullmatch(text) and _is_visible(text) and _is_text(text):
        return text
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable() or letter in _JOINERS:
        return letter
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(letter)
    if short:
        return short
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_text(text: str) -> bool:
    """Whether other readers of YAML than ours take a word as text, or as the number or day that it is."""
    if _READ_AS_TYPED.fullmatch(text):
        return True
    return bool(_resolver().resolve(_scalar_node(), text, (True, False)) == "tag:yaml.org,2002:str")


@cache
def _resolver() -> Any:
    from yaml.resolver import Resolver

    return Resolver()


@cache
def _scalar_node() -> Any:
    from yaml import ScalarNode

    return ScalarNode
