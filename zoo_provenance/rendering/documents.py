"""A document: an answer ready for any format, and the formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoo_provenance.questions.answers import HowMany, Ref, Sum, When

FORMATS = ("table", "plain", "json", "jsonl", "csv", "md")
_WIDEST = 44
_FORMULA = frozenset(
    "=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


@dataclass(frozen=True)
class Table:
    """Rows under headings; `empty` is what is said where there are none."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: str = "Nothing found."


@dataclass(frozen=True)
class Document:
    """An answer: its JSON envelope, its flat rows for plain and csv, and its page for people.

    `items` is the key of the envelope whose members are the lines of jsonl; the page is text and tables.
    """

    schema: str
    body: Mapping[str, Any]
    items: str | None
    flat: Table
    page: Sequence[str | Table] = field(default=())


def render(document: Document, form: str) -> Iterator[str]:
    """Yield a document's text in a format, piece by piece."""
    if form == "json":
        yield _json({"schema": document.schema, **document.body}, indent=2) + "\n"
    elif form == "jsonl":
        members = document.body.get(document.items) if document.items else None
        for member in members if isinstance(members, list) else [document.body]:
            yield _json(member) + "\n"
    elif form == "csv":
        yield from _csv(document.flat)
    elif form == "plain":
        for row in (document.flat.headings, *document.flat.rows):
            yield "\t".join(one_line(cell) for cell in row) + "\n"
    else:
        blocks = document.page or (document.flat,)
        yield "\n\n".join(_block(block, form) for block in blocks) + "\n"


def _json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON: exactly it, with what would steer a terminal written as an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _csv(table: Table) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in (table.headings, *table.rows):
        writer.writerow([_no_formula(visible(cell)) for cell in row])
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _no_formula(cell: str) -> str:
    """Keep a spreadsheet from running a cell: what starts like a formula, after blanks too, gets an apostrophe."""
    return f"'{cell}" if cell.lstrip()[:1] in _FORMULA else cell


def _block(block: str | Table, form: str) -> str:
    if isinstance(block, str):
        return "\n".join(visible(line) for line in block.split("\n"))
    if not block.rows:
        return visible(block.empty)
    from tabulate import tabulate

    if form == "md":
        cells = [[one_line(cell).replace("|", "\\|") for cell in row] for row in block.rows]
        return str(tabulate(cells, headers=list(block.headings), tablefmt="github", disable_numparse=True))
    cells = [[_wrapped(one_line(cell)) for cell in row] for row in block.rows]
    return str(tabulate(cells, headers=list(block.headings), tablefmt="simple", disable_numparse=True))


def _wrapped(cell: str) -> str:
    if len(cell) * 2 <= _WIDEST:
        return cell
    from wcwidth import wcswidth, wrap

    return "\n".join(wrap(cell, _WIDEST)) if wcswidth(cell) > _WIDEST else cell


def visible(text: str) -> str:
    """Return text with control characters made visible, so that data never steers a terminal."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def one_line(text: str) -> str:
    """Return text on one line, for a cell."""
    return visible(" ".join(text.split("\n")).replace("\t", " "))


def as_json(value: Any) -> Any:
    """Return a value as JSON has it: a date, a count, a record, or what these are in."""
    if isinstance(value, Ref):
        return {"slug": value.slug, "label": value.label}
    if isinstance(value, When):
        return {"edtf": value.edtf, "earliest": value.earliest, "latest": value.latest}
    if isinstance(value, HowMany):
        return {"text": value.text, "min": value.min, "max": value.max}
    if isinstance(value, Sum):
        return {"min": value.min, "max": value.max}
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value


def text_of(value: Any) -> str:
    """Return a value as a cell has it; nothing for what is not recorded."""
    if value is None:
        return ""
    if isinstance(value, Ref):
        return value.label
    if isinstance(value, When):
        return value.edtf
    if isinstance(value, HowMany):
        return value.text
    if isinstance(value, Sum):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of(item) for item in value)
    return str(value)
