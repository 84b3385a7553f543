"""Calendar entries, by icalendar."""

from __future__ import annotations

from icalendar import Calendar

from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import CalendarFacts


def decode(data: bytes, _type: str) -> CalendarFacts:
    """The facts of an iCalendar file.

    RefusedError, or whatever icalendar raises, for a broken one.
    """
    calendars = Calendar.from_ical(data, multiple=True)
    if not calendars or any(calendar.name != "VCALENDAR" for calendar in calendars):
        raise RefusedError("there is no whole calendar in it")
    broken = [error for calendar in calendars for part in calendar.walk() for error in part.errors]
    if broken:
        name, why = broken[0]
        raise RefusedError(f"{name or 'a line'} cannot be read: {why}")
    version = calendars[0].get("VERSION")
    return CalendarFacts(
        events=sum(len(calendar.walk("VEVENT")) for calendar in calendars),
        version=None if version is None else str(version),
    )
