"""Names folded for searching, in any script."""

from __future__ import annotations

import unicodedata

from zoo_provenance.vocabulary import VALUE_LENGTH

_KEPT_OF_ASCII = {code: None for code in range(128) if not chr(code).isalnum()}

_READ = 8 * VALUE_LENGTH
"""No name is so long, and putting many thousand marks on one letter in order takes as many steps squared."""


def fold(text: str) -> str:
    """Return the search key of a name: no case, marks, width, punctuation or spaces.

    >>> fold("Ch'osŏn Chung'ang"), fold("Центральный зоопарк"), fold("중앙 동물원")
    ('chosonchungang', 'центральныизоопарк', '중앙동물원')

    Folding merges й with и and ё with е, so the original is always kept beside it. A text of nothing but
    punctuation is its own key.
    """
    text = text[:_READ]
    if text.isascii():
        return (text.casefold().translate(_KEPT_OF_ASCII) or text.strip())[:VALUE_LENGTH].strip()
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(character for character in unicodedata.normalize("NFKD", plain) if character.isalnum())
    return (unicodedata.normalize("NFC", kept) or text.strip())[:VALUE_LENGTH].strip()


def readable(text: str) -> str:
    """Return text as it may be looked up: what is no text (stray bytes of an argument) is in no name."""
    return "".join("\N{REPLACEMENT CHARACTER}" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)
