"""Calendar entries, read by our own reader: libraries refuse a file for what no phone looks at.

Judged is what an event cannot do without: when it begins, when it ends and how it recurs. What else is odd is
noted. Time zones are not judged: phones have their own.

Dates, lengths of time and recurrences are read as libical reads them (RFC 5545, sections 3.3.4 to 3.3.10),
which stands for what phones read: blanks and small letters are no fault.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from mmscheck.media.content_lines import BASE64, Component, ContentLine, Oddities, read
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import CalendarFacts

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

MOST_FAULTS = 3
"""Faults that a reason tells."""

CANCEL = "METHOD:CANCEL, which calls events off: phones add nothing"
_INTEGER = re.compile(r"[+-]?\d{1,10}")
_PLACE = re.compile(r"[+-]?\d+(\.\d*)?;[+-]?\d+(\.\d*)?")
_PACKED = re.compile(r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


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


def decode(data: bytes, _type: str) -> CalendarFacts:
    """The facts of an iCalendar file.

    RefusedError for one that is not whole, or with an event that no phone can place in time.
    """
    odd = Oddities()
    components = read(data, odd)
    calendars = [part for part in components if part.name == "VCALENDAR"]
    if not calendars:
        raise RefusedError("there is no calendar in it")
    events = [part for part in components if part.name == "VEVENT"]
    for part in (*calendars, *events):
        if not part.whole:
            what = "event" if part.name == "VEVENT" else "calendar"
            raise RefusedError(f"the {what} that begins in line {part.number} is cut off: its END is missing")
    faults = [fault for event in events for fault in _faults(event, odd)]
    if faults:
        raise RefusedError("; ".join(faults[:MOST_FAULTS]))
    for part in components:
        _note(part, odd)
    version = calendars[0].first("VERSION") or None
    return CalendarFacts(events=len(events), version=version, oddities=odd.told())


def _faults(event: Component, odd: Oddities) -> Iterator[str]:
    """Why an event cannot be placed in time."""
    starts, ends = event.all("DTSTART"), event.all("DTEND")
    if not starts:
        yield f"the event in line {event.number} has no DTSTART"
    yield from _unread(starts, lambda text: moment(text) is not None, "no date and no time")
    yield from _unread(ends, lambda text: moment(text) is not None, "no date and no time")
    yield from _unread(event.all("DURATION"), lambda text: duration(text) is not None, "no length of time")
    for line in event.all("RRULE"):
        why, oddities = recurrence(line.text)
        for what in oddities:
            odd.add(what, line.number)
        if why:
            yield f"RRULE in line {line.number} {why}"
    if starts and ends and _ends_before(starts[0], ends[0]):
        yield f"the event in line {event.number} ends before it begins"
    if any((duration(line.text) or 0) < 0 for line in event.all("DURATION")):
        yield f"the event in line {event.number} ends before it begins"


def _unread(lines: tuple[ContentLine, ...], reads: Callable[[str], bool], what: str) -> Iterator[str]:
    return (f"{line.name} in line {line.number} is {what}" for line in lines if not reads(line.text))


def _ends_before(start: ContentLine, end: ContentLine) -> bool:
    """Whether that is certain: between two time zones there may be a bit more than a day."""
    first, last = moment(start.text), moment(end.text)
    if first is None or last is None:
        return False
    if not (first.timed and last.timed):
        return last.when.date() < first.when.date()
    same = (first.utc, start.params.get("TZID")) == (last.utc, end.params.get("TZID"))
    return (first.when - last.when).total_seconds() > (0 if same else 26 * 3600)


def _reads_attachment(line: ContentLine) -> bool:
    return line.encoding != BASE64 or _PACKED.fullmatch("".join(line.raw.split())) is not None


def _text(reads: Callable[[str], object]) -> Callable[[ContentLine], bool]:
    return lambda line: bool(reads(line.text))


def _reads_moment(text: str) -> bool:
    return moment(text) is not None


def _reads_trigger(text: str) -> bool:
    return moment(text) is not None or duration(text) is not None


def _note(part: Component, odd: Oddities) -> None:
    """Note what some readers skip, or take for something else."""
    if part.name == "VCALENDAR":
        _note_calendar(part, odd)
    if part.within == "VTIMEZONE":
        return
    readers = TYPED.get(part.name, {})
    for line in part.lines:
        if not line.readable:
            odd.add("text that is neither in UTF-8 nor in the character set that it states", line.number)
        if line.name in readers and not readers[line.name](line):
            odd.add(f"{line.name} that is empty or cannot be read", line.number)
    ends = part.all("DTEND") + part.all("DURATION")
    if part.name == "VEVENT" and max(len(ends), len(part.all("DTSTART"))) > 1:
        odd.add("an event with more than one beginning or end", part.number)
    if not part.whole:
        odd.add("something that is never closed", part.number)


def _note_calendar(calendar: Component, odd: Oddities) -> None:
    version = calendar.first("VERSION")
    if version != "2.0":
        odd.add("a calendar without VERSION:2.0", calendar.number)
    for line in calendar.all("METHOD"):
        if line.text.upper() == "CANCEL":
            odd.add(CANCEL, line.number)


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
TYPED: Mapping[str, Mapping[str, Callable[[ContentLine], bool]]] = MappingProxyType(
    {
        "VEVENT": {
            **dict.fromkeys(("SEQUENCE", "PRIORITY", "PERCENT-COMPLETE"), _text(_INTEGER.fullmatch)),
            **dict.fromkeys(("DTSTAMP", "CREATED", "LAST-MODIFIED", "RECURRENCE-ID"), _text(_reads_moment)),
            **dict.fromkeys(("EXDATE", "RDATE"), _text(moments)),
            "EXRULE": lambda line: not recurrence(line.text)[0],
            "GEO": _text(_PLACE.fullmatch),
            "ATTACH": _reads_attachment,
        },
        "VALARM": {
            "TRIGGER": _text(_reads_trigger),
            "DURATION": _text(lambda text: duration(text) is not None),
            "REPEAT": _text(_INTEGER.fullmatch),
        },
    }
)
"""Properties of a component that readers skip where they cannot read them, and how each is read."""
