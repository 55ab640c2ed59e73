"""A strict subset of YAML, read as nodes that know their place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from zoo_provenance.errors import quoted
from zoo_provenance.loading.opening import opened
from zoo_provenance.loading.problems import File, Mark, Problem, path_for_messages

LARGEST = 16 * 1024 * 1024
DEEPEST = 20
MOST = 500_000
"""The most values and keys one file may hold: each takes a thousand times the room of its letter."""
_TOO_DEEP = f"nested more than {DEEPEST} deep"
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_UNQUOTED = re.compile(r"(?:^|[:\-,\[{])\s*(?P<value>[>|?@`%&*!~][^,\]}]*)")
INVISIBLE_LETTERS = "\n\t\r\u00a0\u00ad\u200b\u200c\u200d\u2028\u2029\u3000"


@dataclass(slots=True)
class Node:
    """A scalar, list or mapping with its place. Scalars are text as typed; keys keep their own nodes."""

    mark: Mark
    content: str | list[Node] | dict[str, Node]
    keys: dict[str, Node] = field(default_factory=dict)
    quoted: bool = False
    key: Node | None = None

    def plain(self) -> object:
        """Return the content without places, as a validator wants it."""
        if isinstance(self.content, dict):
            return {key: value.plain() for key, value in self.content.items()}
        if isinstance(self.content, list):
            return [value.plain() for value in self.content]
        return self.content

    def at(self, path: tuple[str | int, ...]) -> Node:
        """Return the deepest node along a path, passing over steps that are not there."""
        node = self
        for step in path:
            if isinstance(node.content, dict) and str(step) in node.content:
                node = node.content[str(step)]
            elif isinstance(node.content, list) and isinstance(step, int) and step < len(node.content):
                node = node.content[step]
        return node


class Rejected(Exception):
    """A file that is not even read: its problem."""

    def __init__(self, problem: Problem) -> None:
        """Take the one problem."""
        super().__init__(problem.message)
        self.problem = problem


def read_file(path: Path) -> tuple[File, bytes]:
    """Return a text file and its bytes; raises Rejected for what is not UTF-8, too large, or cannot be read."""
    name = path_for_messages(path)
    try:
        with opened(path) as open_file:
            raw = open_file.read(LARGEST + 1)
            if len(raw) > LARGEST:
                message = f"is larger than {LARGEST >> 20} MiB; split it"
                raise Rejected(Problem(File(name), Mark(0, 0), "", "too-large", message))
    except OSError as fault:
        reason = fault.strerror or str(fault)
        raise Rejected(Problem(File(name), Mark(0, 0), "", "unreadable-file", f"cannot be read: {reason}")) from fault
    try:
        return File(name, raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")), raw
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, fault.start) + 1 : fault.start].decode("utf-8-sig", "replace")) + 1
        message = f"is not UTF-8 (byte 0x{raw[fault.start]:02x}); save the file as UTF-8"
        file = File(name, raw.decode("utf-8", "replace"))
        raise Rejected(Problem(file, Mark(line, column), "", "encoding", message)) from fault


def read_yaml(file: File) -> tuple[Node | None, list[Problem]]:
    """Return the file's one document and the problems met on the way; no document where it cannot be parsed."""
    problems: list[Problem] = []
    bad = next((at for at, c in enumerate(file.text) if not (c.isprintable() or c in INVISIBLE_LETTERS)), None)
    if bad is not None:
        line = file.text.count("\n", 0, bad) + 1
        column = bad - (file.text.rfind("\n", 0, bad) + 1) + 1
        message = f"a control character (U+{ord(file.text[bad]):04X}) cannot stand here; remove it"
        return None, [Problem(file, Mark(line, column), "", "control-character", message)]
    try:
        root = _Composer(file, problems).compose()
    except yaml.MarkedYAMLError as fault:
        return None, [*problems, _syntax(file, fault)]
    except yaml.YAMLError as fault:
        return None, [*problems, Problem(file, Mark(0, 0), "", "yaml", f"cannot be read as YAML: {fault}")]
    except Rejected as fault:
        return None, [*problems, fault.problem]
    if root is None:
        return None, [*problems, Problem(file, Mark(0, 0), "", "empty", "the file is empty; fill it or remove it")]
    return root, problems


def _syntax(file: File, fault: yaml.MarkedYAMLError) -> Problem:
    place = fault.problem_mark or fault.context_mark
    mark = _mark_of(file, place) if place else Mark(0, 0)
    if "nesting depth" in str(fault.problem):
        # The parser looks ahead, and some of its versions give up before what they have read is handed on.
        return Problem(file, mark, "", "too-deep", _TOO_DEEP)
    reason = str(fault.problem or "").split("\n")[0].replace('"', "'") or "it breaks off"
    return Problem(file, mark, "", "yaml", f"cannot be read as YAML: {reason}", _quotes_for(file, mark))


def _quotes_for(file: File, mark: Mark) -> str:
    """Return what to put in quotes on a line or the one before it, where that is what YAML reads otherwise."""
    for number in (mark.line, mark.line - 1):
        line = file.lines[number - 1] if 0 < number <= len(file.lines) else ""
        unquoted = _UNQUOTED.search(line.split(" #")[0])
        if unquoted and unquoted["value"].rstrip() not in {">", "|", ">-", "|-"}:
            return f'quote it: "{unquoted["value"].rstrip()}"'
    return ""


def _mark_of(file: File, place: Any) -> Mark:
    """Return YAML's place as editors count it: YAML breaks lines at separators where editors do not."""
    if not file.separated:
        last = min(place.line + 1, len(file.lines))
        return Mark(last, place.column + 1 if last == place.line + 1 else len(file.lines[-1]) + 1)
    line = bisect_right(file.starts, place.index)
    return Mark(line, place.index - file.starts[line - 1] + 1)


class _Composer:
    """Builds nodes from parser events, without recursion and without anything YAML can hide in them."""

    def __init__(self, file: File, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.stack: list[tuple[Node, Node | None]] = []
        self.root: Node | None = None
        self.number = 0

    def compose(self) -> Node | None:
        documents = 0
        for event in self._events():
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._reject(event, "several-documents", "a second document starts here; one file is one document")
            elif isinstance(event, yaml.AliasEvent):
                self._reject(
                    event,
                    "alias",
                    "YAML aliases are not used here; write the value out",
                    f'or quote it: "*{event.anchor}"',
                )
            elif isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
                self._open(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                self.stack.pop()
        return self.root

    def _events(self) -> Iterator[yaml.Event]:
        return yaml.parse(self.file.text, Loader=_LOADER)

    def _reject(self, event: yaml.Event, code: str, message: str, suggestion: str = "") -> None:
        raise Rejected(Problem(self.file, self._mark(event), "", code, message, suggestion))

    def _mark(self, event: yaml.Event) -> Mark:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return Mark(0, 0)
        first = _mark_of(self.file, start)
        one_line = isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)) and start.line == end.line
        return Mark(first.line, first.column, max(1, end.column - start.column) if one_line else 1)

    def _open(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor:
            self._reject(event, "anchor", "YAML anchors are not used here; write the value out where it is needed")
        self.number += 1
        if self.number > MOST:
            self._reject(event, "too-many", f"holds more than {MOST:,} values and keys; split the file here")
        if event.tag and event.tag != "!":
            self._reject(event, "tag", f"YAML tags are not used here: {quoted(event.tag)}")
        if isinstance(event, yaml.ScalarEvent):
            if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in event.value):
                self._reject(event, "control-character", "what is escaped here is no character; remove it")
            node = Node(self._mark(event), event.value, quoted=event.style in {"'", '"', "|", ">"})
            self._place(node)
            return
        node = Node(self._mark(event), {} if isinstance(event, yaml.MappingStartEvent) else [])
        self._place(node)
        self.stack.append((node, None))
        if len(self.stack) > DEEPEST:
            self._reject(event, "too-deep", _TOO_DEEP)

    def _place(self, node: Node) -> None:
        if not self.stack:
            empty = node.content == "" and not node.quoted
            self.root = None if empty else node
            return
        parent, key = self.stack[-1]
        if isinstance(parent.content, list):
            parent.content.append(node)
        elif isinstance(parent.content, dict):
            if key is None:
                self.stack[-1] = (parent, node)
                return
            self.stack[-1] = (parent, None)
            self._enter(parent, parent.content, key, node)

    def _enter(self, parent: Node, content: dict[str, Node], key: Node, node: Node) -> None:
        if not isinstance(key.content, str):
            self.problems.append(Problem(self.file, key.mark, "", "yaml", "a key must be a word"))
        elif not key.content and not key.quoted:
            # A bare question mark opens a key that is not there.
            hint = _quotes_for(self.file, key.mark)
            raise Rejected(Problem(self.file, key.mark, "", "yaml", "cannot be read as YAML: a key has no word", hint))
        elif key.content in content:
            first = parent.keys[key.content].mark.line
            message = f"{quoted(key.content)} stands here a second time; the first is on line {first}"
            self.problems.append(Problem(self.file, key.mark, key.content, "duplicate", message))
        else:
            content[key.content] = node
            node.key = key
            parent.keys[key.content] = key
