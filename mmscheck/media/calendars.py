"""Calendar entries, read by our own reader: libraries refuse a file for what no phone looks at.

Judged is what an event cannot do without: when it begins, when it ends and how it recurs. What else is odd is
noted. Time zones are not judged: phones have their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from mmscheck.media.content_lines import BASE64, Component, ContentLine, read
from mmscheck.media.moments import duration, moment, moments, recurrence
from mmscheck.media.oddities import Oddities
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import CalendarFacts

MOST_FAULTS = 3
"""Faults that a reason tells."""

CANCEL = "METHOD:CANCEL, which calls events off: phones add nothing"

_INTEGER = re.compile(r"[+-]?\d{1,10}")
_PLACE = re.compile(r"[+-]?\d+(\.\d*)?;[+-]?\d+(\.\d*)?")
_PACKED = re.compile(r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


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
