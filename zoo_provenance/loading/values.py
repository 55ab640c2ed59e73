"""Values as written, read by the shape of their field."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zoo_provenance.counts import Count, bound_text, parse_count
from zoo_provenance.dates import parse_date
from zoo_provenance.errors import Unreadable
from zoo_provenance.fields import Field, Shape
from zoo_provenance.loading.problems import nearest
from zoo_provenance.vocabulary import LABEL_LENGTH, SLUG, VALUE_LENGTH

UNKNOWN = "?"
_COUNTRY = re.compile(r"[A-Z]{2}|[A-Z]{4}")
_SHORT_WORDS = {"m": "male", "f": "female", "true": "yes", "false": "no"}
LONGEST = {
    "url": 2000,
    "archived_url": 2000,
    "language": 35,
    "title": VALUE_LENGTH,
    "transport": VALUE_LENGTH,
    "as": VALUE_LENGTH,
}


@dataclass(frozen=True)
class Value:
    """A value read: its text, its bounds as text (ten characters), or the slug of the record it is."""

    text: str | None
    low: str | None = None
    high: str | None = None
    slug: str | None = None
    count: Count | None = None

    @property
    def unknown(self) -> bool:
        """Whether a source says that it is unknown."""
        return self.text == UNKNOWN


class NotAWord(Unreadable):
    """A word that is not in its list."""

    def __init__(self, message: str, suggestion: str) -> None:
        """Take the message and what to try."""
        super().__init__(message)
        self.suggestion = suggestion


def read_value(field: Field, name: str, text: str) -> Value:
    """Read a text as a value of a field. Raises Unreadable with what was expected."""
    if text == UNKNOWN:
        return Value(UNKNOWN)
    if field.shape is Shape.DATE:
        date = parse_date(text)
        return Value(text, date.earliest, date.latest)
    if field.shape is Shape.COUNT:
        count = parse_count(text)
        return Value(text, bound_text(count.least), bound_text(count.most), count=count)
    if field.shape is Shape.RECORD:
        if not SLUG.fullmatch(text):
            raise Unreadable(f"{text[:60]!r} is not a slug; expected small letters, digits, '.', '_' or '-'")
        return Value(None, slug=text)
    if field.shape in {Shape.WORD, Shape.FLAG}:
        return Value(_word(field, name, text))
    if name == "country" and not _COUNTRY.fullmatch(text):
        raise NotAWord(
            f"{text[:40]!r} is not a country code; expected two letters of ISO 3166-1, or four of 3166-3",
            f"did you mean {text.upper()!r}?" if _COUNTRY.fullmatch(text.upper()) else "",
        )
    longest = LONGEST.get(name) or (LABEL_LENGTH if field.column or name.startswith("name") else VALUE_LENGTH)
    return Value(checked_text(text, longest))


def checked_text(text: str, longest: int) -> str:
    """Return text that is neither blank nor too long. Raises Unreadable."""
    if not text.strip():
        raise Unreadable("is blank; leave the key out")
    if len(text) > longest:
        raise Unreadable(f"is {len(text):,} characters long; at most {longest:,} fit")
    return text


def read_flag(text: str) -> bool:
    """Read yes or no. Raises Unreadable."""
    if text.lower() not in {"yes", "no", "true", "false"}:
        raise Unreadable(f"{text[:40]!r} is neither yes nor no")
    return text.lower() in {"yes", "true"}


def _word(field: Field, name: str, text: str) -> str:
    words = [word.value for word in field.words or ()]
    if text in words:
        return text
    close = _SHORT_WORDS.get(text.lower())
    hint = f"did you mean {close!r}?" if close in words else nearest(text.lower(), words) or nearest(text, words)
    listed = ", ".join(words) if len(words) <= 12 else ""
    raise NotAWord(
        f"{text[:40]!r} is no {name.replace('_', ' ')}", hint or (f"expected one of {listed}" if listed else "")
    )
