"""Uncertain dates: EDTF text as written, and the bounds its digits state."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass

from zoo_provenance.errors import Unreadable, quoted

_PLAIN = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?([~?%]?)")
_SEASON = re.compile(r"(\d{4})-(2[1-9]|3[0-9]|4[01])")
_SHAPE = re.compile(r"[0-9XTZ:+.~?%-]+")
_MARKS = "~?%"
LONGEST = 200
EXPECTED = "a date such as 2024, 2024-11, 2024-11-20, 195X, 2024-11~ or 2024-11-19/2024-11-20"

# ISO 8601-2 gives 21-24 no hemisphere: only their year is stated. 25-28 are northern, 29-32 southern,
# 33-36 quarters, 37-39 quadrimesters, 40-41 semesters: first month and length in months.
_SEASONS: dict[int, tuple[int, int]] = {
    **dict.fromkeys((21, 22, 23, 24), (1, 12)),
    25: (3, 3),
    26: (6, 3),
    27: (9, 3),
    28: (12, 3),
    29: (9, 3),
    30: (12, 3),
    31: (3, 3),
    32: (6, 3),
    33: (1, 3),
    34: (4, 3),
    35: (7, 3),
    36: (10, 3),
    37: (1, 4),
    38: (5, 4),
    39: (9, 4),
    40: (1, 6),
    41: (7, 6),
}


@dataclass(frozen=True)
class UncertainDate:
    """A date as written, with the first and last day it can mean.

    Bounds are ISO days of ten characters, so that text order is time order; None is unknown or open.
    Of an event an interval means some time within; of a period, throughout.
    """

    text: str
    earliest: str | None
    latest: str | None

    @property
    def approximate(self) -> bool:
        """Whether the writer marked it as about or uncertain; the mark widens nothing."""
        return is_approximate(self.text)


def is_approximate(text: str | None) -> bool:
    """Whether a date or count as written carries a mark of approximation or doubt."""
    return text is not None and ("~" in text or "?" in text or "%" in text)


def parse_date(text: str) -> UncertainDate:
    """Read an EDTF date (ISO 8601-2, levels 0 to 2, years 0001 to 9999).

    Raises Unreadable for prose, impossible days, reversed intervals and years out of range.
    """
    if len(text) > LONGEST:
        raise Unreadable(f"{quoted(text)} is longer than {LONGEST} characters")
    if text in {"", "..", "/", "../..", "/..", "../"}:
        raise Unreadable(f"{quoted(text)} states no date; expected {EXPECTED}")
    if text[0] in "[{" or text[-1] in "]}":
        earliest, latest = _set(text)
    elif "/" in text:
        earliest, latest = _interval(text)
    else:
        earliest, latest = _single(text)
    return UncertainDate(text, earliest, latest)


def _interval(text: str) -> tuple[str | None, str | None]:
    start, _, end = text.partition("/")
    if "/" in end:
        raise Unreadable(f"{quoted(text)} has more than two ends; expected {EXPECTED}")
    first = _single(start) if start not in {"", ".."} else (None, None)
    last = _single(end) if end not in {"", ".."} else (None, None)
    if first[0] and last[1] and first[0] > last[1]:
        raise Unreadable(f"{quoted(text)} ends before it begins; write the earlier date first")
    return first[0], last[1]


def _set(text: str) -> tuple[str | None, str | None]:
    if (text[0], text[-1]) not in {("[", "]"), ("{", "}")}:
        raise Unreadable(f"{quoted(text)} has a bracket without its partner; expected {EXPECTED}")
    lows: list[str | None] = []
    highs: list[str | None] = []
    for member in text[1:-1].split(","):
        start, dots, end = member.strip().partition("..")
        first = _single(start) if start else (None, None)
        last = (_single(end) if end else (None, None)) if dots else first
        if not start and not end:
            raise Unreadable(f"{quoted(text)} has an empty member; expected {EXPECTED}")
        if first[0] and last[1] and first[0] > last[1]:
            raise Unreadable(f"{quoted(text)} ends before it begins; write the earlier date first")
        lows.append(first[0])
        highs.append(last[1])
    earliest = None if None in lows else min(low for low in lows if low)
    latest = None if None in highs else max(high for high in highs if high)
    return earliest, latest


def _single(text: str) -> tuple[str | None, str | None]:
    plain = _PLAIN.fullmatch(text) if text.isascii() else None
    if plain:
        year, month, day = int(plain[1]), int(plain[2] or 0), int(plain[3] or 0)
        if plain[2] is None or 1 <= month <= 12:
            return _days(text, year, month, day, day_given=plain[3] is not None)
    season = _SEASON.fullmatch(text.rstrip(_MARKS)) if text.isascii() else None
    if season:
        return _season(text, int(season[1]), int(season[2]))
    return _by_library(text)


def _days(text: str, year: int, month: int, day: int, *, day_given: bool) -> tuple[str, str]:
    if not 1 <= year <= 9999:
        raise Unreadable(f"{quoted(text)} is outside the years 0001 to 9999")
    if not month:
        return f"{year:04}-01-01", f"{year:04}-12-31"
    last = calendar.monthrange(year, month)[1]
    if not day_given:
        return f"{year:04}-{month:02}-01", f"{year:04}-{month:02}-{last:02}"
    if not 1 <= day <= last:
        raise Unreadable(f"{quoted(text)} is a day that does not exist; {year:04}-{month:02} has {last} days")
    return (f"{year:04}-{month:02}-{day:02}",) * 2


def _season(text: str, year: int, code: int) -> tuple[str, str]:
    month, length = _SEASONS[code]
    earliest, _ = _days(text, year, month, 0, day_given=False)
    years, last = divmod(month + length - 2, 12)
    _, latest = _days(text, year + years, last + 1, 0, day_given=False)
    return earliest, latest


def _by_library(text: str) -> tuple[str | None, str | None]:
    """Bounds of the rarer forms, by the `edtf` package behind guards.

    Its printing on odd input, its exceptions of many types, its padded and invented years never get out:
    the text is checked first, only strict bounds are taken, and a year with no digit has no bounds.
    """
    if not _SHAPE.fullmatch(text):
        raise Unreadable(f"{quoted(text)} is not a date; expected {EXPECTED}")
    import contextlib
    import io

    from edtf import parse_edtf

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            parsed = parse_edtf(text)
            bounds = [
                tuple(int(part) for part in bound[:3]) for bound in (parsed.lower_strict(), parsed.upper_strict())
            ]
    except Exception as fault:
        raise Unreadable(f"{quoted(text)} is not a date; expected {EXPECTED}") from fault
    (y1, m1, d1), (y2, m2, d2) = bounds
    if "X" in text:
        # The masked years that have the day: 190X-02-29 is in 1904 or 1908.
        stated = re.search(r"-(\d\d)-(\d\d)", text)
        day = int(stated[2]) if stated else 1
        years = [year for year in range(max(1, y1), min(y2, 9999) + 1) if day <= calendar.monthrange(year, m1)[1]]
        if not years:
            raise Unreadable(f"{quoted(text)} is a day that does not exist")
        y1, y2 = years[0], years[-1]
        d2 = min(d2, calendar.monthrange(y2, m2)[1])
        if text.lstrip(_MARKS)[:4] == "XXXX":
            return None, None
    earliest, _ = _days(text, y1, m1, d1, day_given=True)
    _, latest = _days(text, y2, m2, d2, day_given=True)
    if earliest > latest:
        raise Unreadable(f"{quoted(text)} ends before it begins; write the earlier date first")
    return earliest, latest
