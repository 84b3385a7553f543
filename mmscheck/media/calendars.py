"""Calendar entries, by icalendar."""

from __future__ import annotations

from icalendar import Calendar

from mmscheck.media.refusal import RefusedError, Verdicts, judging
from mmscheck.model.facts import CalendarFacts

ICALENDAR = Verdicts(
    inside={ValueError: "a line of it cannot be read, or an entry in it is never closed"},
    modules=("icalendar.",),
)
"""How icalendar refuses a calendar."""


def decode(data: bytes, _type: str) -> CalendarFacts:
    """The facts of an iCalendar file.

    RefusedError for a broken one.
    """
    with judging(ICALENDAR):
        calendars = Calendar.from_ical(data, multiple=True)
    if not calendars or any(calendar.name != "VCALENDAR" for calendar in calendars):
        raise RefusedError("there is no whole calendar in it")
    broken = [error for calendar in calendars for part in calendar.walk() for error in part.errors]
    if broken:
        raise RefusedError(f"{broken[0][0] or 'a line'} cannot be read")
    version = calendars[0].get("VERSION")
    return CalendarFacts(
        events=sum(len(calendar.walk("VEVENT")) for calendar in calendars),
        version=None if version is None else str(version),
    )
