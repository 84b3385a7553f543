"""What vCalendar 1.0 (versit Consortium, 1996) writes otherwise than RFC 5545: recurrences and alarms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

ALARMS = frozenset({"AALARM", "DALARM", "MALARM", "PALARM"})
"""Its alarms, which no reader of RFC 5545 looks at."""

_HEAD = re.compile(r"(MP|MD|YM|YD|[DW])(\d{1,4})", re.ASCII)
_DAY = re.compile(r"SU|MO|TU|WE|TH|FR|SA", re.ASCII)
_PLACE = re.compile(r"([1-5])([+-])", re.ASCII)
_NUMBER = re.compile(r"(\d{1,3})([+-]?)", re.ASCII)
_UNTIL = re.compile(r"\d{8}(?:T\d{6}Z?)?", re.ASCII)

FREQUENCIES: Mapping[str, str] = MappingProxyType(
    {"D": "DAILY", "W": "WEEKLY", "MP": "MONTHLY", "MD": "MONTHLY", "YM": "YEARLY", "YD": "YEARLY"}
)

NUMBERED: Mapping[str, str] = MappingProxyType({"MD": "BYMONTHDAY", "YM": "BYMONTH", "YD": "BYYEARDAY"})

UNSAID = 2
"""How often an event takes place where a recurrence does not say it (section 2.3.2 of its specification)."""


def recurrence(text: str) -> str:
    """A rule of vCalendar 1.0 as one of RFC 5545; empty for what is none, or has no counterpart."""
    head, *words = text.upper().split() or [""]
    found = _HEAD.fullmatch(head)
    if found is None:
        return ""
    count = f"COUNT={UNSAID}"
    while words and (words[-1].startswith("#") or _UNTIL.fullmatch(words[-1])):
        count = _end(words.pop())
    which = _which(found[1], words)
    if which is None:
        return ""
    parts = (f"FREQ={FREQUENCIES[found[1]]}", f"INTERVAL={int(found[2]) or 1}", which, count)
    return ";".join(part for part in parts if part)


def _end(word: str) -> str:
    """How a recurrence ends; ``#0`` is for ever."""
    if not word.startswith("#"):
        return f"UNTIL={word}"
    return f"COUNT={int(word[1:])}" if word[1:].isdecimal() and int(word[1:]) else ""


def _which(kind: str, words: Sequence[str]) -> str | None:
    """The days, months or places in a month; None for what cannot be said."""
    if not words:
        return ""
    if kind == "W":
        return f"BYDAY={','.join(words)}" if all(map(_DAY.fullmatch, words)) else None
    if kind == "MP":
        return _placed(words)
    numbers = [_number(word) for word in words]
    if kind not in NUMBERED or "" in numbers:
        return None
    return f"{NUMBERED[kind]}={','.join(numbers)}"


def _number(word: str) -> str:
    if word == "LD":
        return "-1"
    found = _NUMBER.fullmatch(word)
    return "" if found is None else f"{'-' if found[2] == '-' else ''}{found[1]}"


def _placed(words: Sequence[str]) -> str | None:
    days: list[str] = []
    place = ""
    for word in words:
        if found := _PLACE.fullmatch(word):
            place = f"{'-' if found[2] == '-' else ''}{found[1]}"
        elif place and _DAY.fullmatch(word):
            days.append(place + word)
        else:
            return None
    return f"BYDAY={','.join(days)}" if days else None
