"""Dates, lengths of time and recurrences as calendars write them (RFC 5545, sections 3.3.4 to 3.3.10).

Read as libical reads them, which stands for what phones read: blanks and small letters are no fault.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.IGNORECASE | re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?=T?\d)((?:\d{1,6}[WD])*(?:T(?:\d{1,6}[WDHMS])*)?)", re.IGNORECASE | re.ASCII
)
_LENGTH = re.compile(r"(\d{1,9})([WDHMS])", re.ASCII)
_SECONDS = {"W": 7 * 86400, "D": 86400, "H": 3600, "M": 60, "S": 1}
_MONTHS, _LAST_HOUR, _LAST_MINUTE, _LEAP_SECOND = 12, 23, 59, 60

FREQUENCIES = frozenset({"SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_DAY = re.compile(r"[+-]?\d{0,3} ?(?:SU|MO|TU|WE|TH|FR|SA)", re.ASCII)
_NUMBER = re.compile(r"([+-]?\d{1,3})L?", re.ASCII)
_COUNT = re.compile(r"\+?0*[1-9]\d{0,9}", re.ASCII)
_VCALENDAR_1 = re.compile(r"(?:D|W|MP|MD|YM|YD|M)\d+(?: .*)?", re.ASCII)
"""The other grammar of vCalendar 1.0: ``W1 MO #0``."""


_TWICE = ("RRULE that says the same thing twice",)
_UNKNOWN = ("RRULE with a part that does not exist",)


class Moment(msgspec.Struct, frozen=True):
    """A day, or a day and a time, which is in UTC or in the zone that the property states."""

    when: dt.datetime
    timed: bool
    utc: bool


def moment(text: str) -> Moment | None:
    """A date or a date and a time; None for what is neither."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(each or 0) for each in found.groups()[:6])
    if not (year and 1 <= month <= _MONTHS and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    if hour > _LAST_HOUR or minute > _LAST_MINUTE or second > _LEAP_SECOND:
        return None
    time = dt.time(hour, minute, min(second, _LAST_MINUTE))
    when = dt.datetime.combine(dt.date(year, month, day), time)
    return Moment(when=when, timed=found[4] is not None, utc=bool(found[7]))


def moments(text: str) -> bool:
    """Whether it is a list of moments, or of periods, which begin with one."""
    return all(moment(each.partition("/")[0]) is not None for each in text.split(","))


def duration(text: str) -> int | None:
    """Seconds of a length of time; None for what is none."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _LENGTH.findall(found[2].upper()))
    return -seconds if found[1] == "-" else seconds


def recurrence(text: str) -> tuple[str, tuple[str, ...]]:
    """Why a rule of recurrence cannot be read, empty where it can be; and what is odd in it."""
    if not text.strip():
        return "is empty", ()
    if _VCALENDAR_1.fullmatch(text.strip().upper()):
        return "", ()
    parts = [
        tuple(side.strip().upper() for side in part.partition("=")[::2])
        for part in text.split(";")
        if part.strip()
    ]
    names = [name for name, _value in parts]
    if "FREQ" not in names:
        return "does not say how often: FREQ is missing", ()
    unread = [name for name, value in parts if name in _PARTS and not _PARTS[name](value)]
    if unread:
        return f"cannot be read: its {unread[0]} is none", ()
    twice = len(set(names)) < len(names) or {"COUNT", "UNTIL"} <= set(names)
    unknown = not _PARTS.keys() >= set(names)
    return "", (*_TWICE[:twice], *_UNKNOWN[:unknown])


def _numbers(least: int, most: int) -> Callable[[str], bool]:
    """Whether a text is a list of numbers in that range; below zero they count from the end."""

    def read(text: str) -> bool:
        found = [_NUMBER.fullmatch(each.strip()) for each in text.split(",")]
        return all(each is not None and least <= abs(int(each[1])) <= most for each in found)

    return read


def _days(text: str) -> bool:
    return all(_DAY.fullmatch(each.strip()) for each in text.split(","))


_PARTS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "FREQ": FREQUENCIES.__contains__,
        "INTERVAL": lambda text: _COUNT.fullmatch(text) is not None,
        "COUNT": lambda text: _COUNT.fullmatch(text) is not None,
        "UNTIL": lambda text: moment(text) is not None,
        "WKST": _days,
        "BYSECOND": _numbers(0, 60),
        "BYMINUTE": _numbers(0, 59),
        "BYHOUR": _numbers(0, 23),
        "BYDAY": _days,
        "BYMONTHDAY": _numbers(1, 31),
        "BYYEARDAY": _numbers(1, 366),
        "BYWEEKNO": _numbers(1, 53),
        "BYMONTH": _numbers(1, 12),
        "BYSETPOS": _numbers(1, 366),
        "RSCALE": bool,
        "SKIP": bool,
    }
)
"""The parts of a rule (RFC 5545, 3.3.10; RFC 7529, 4.1), and whether a value in capitals can be read."""
