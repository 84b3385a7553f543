"""Calendars as every reader takes them (RFC 5545): UTF-8, CR LF, folded, with the zones that events name."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator, Sequence

from mmscheck.fix.lines import BASE64, Line, read, written
from mmscheck.fix.values import Answer, Job, Mended, Unmended
from mmscheck.fix.vcalendar import ALARMS, recurrence
from mmscheck.media.calendars import moment
from mmscheck.media.refusal import RefusedError

ZONED = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "DUE"})

OPTIONAL = frozenset(
    {
        *("SEQUENCE", "PRIORITY", "PERCENT-COMPLETE", "CREATED", "LAST-MODIFIED", "EXDATE", "RDATE", "GEO"),
        *("RRULE", "EXRULE"),
    }
)
"""Properties that an event does without; an empty one is left out."""

YEARS = 8
"""Years whose changes of the clock are looked at: enough to tell a month's last Sunday from its fourth."""

NONE = dt.timedelta()

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

Change = tuple[dt.datetime, dt.timedelta]
"""A change of the clock: its moment in the zone, and the offset before it."""

_YEAR = re.compile(r"(\d{4})\d{4}")


def mend(job: Job) -> Answer:
    """The calendar of a job; RefusedError when there is none."""
    done: list[str] = ["written in UTF-8 with lines as RFC 5545 has them"]
    lines = _kept(read(job.data), done)
    if not any(line.key == "BEGIN" and line.value.strip().upper() == "VCALENDAR" for line in lines):
        raise RefusedError("there is no calendar in it")
    data = written(_written(lines, done))
    if len(data) > job.most:
        return Unmended(why=f"the calendar comes to {len(data):,} bytes; at most {job.most:,} fit")
    return Mended(data=data, suffix=".ics", done=tuple(dict.fromkeys(done)))


def _kept(lines: Iterator[Line], done: list[str]) -> list[Line]:
    """The lines that say something, and an END for each component that has none."""
    kept: list[Line] = []
    open_: list[str] = []
    for line in lines:
        value = line.value.strip().upper()
        if not line.name:
            done.append(f"line {line.number} left out, as it is no property")
            continue
        if line.key in OPTIONAL and not value:
            done.append(f"an empty {line.key} left out")
            continue
        if line.key == "BEGIN":
            open_.append(value)
        elif line.key == "END":
            if value not in open_:
                done.append(f"line {line.number} left out, as it ends nothing")
                continue
            while open_ and open_[-1] != value:
                kept.append(_end(open_.pop(), done))
            open_.pop()
        kept.append(line)
    kept += [_end(name, done) for name in reversed(open_)]
    return kept


def _end(name: str, done: list[str]) -> Line:
    done.append(f"END:{name} added")
    return Line(number=0, name="END", params=(), value=name)


def _written(lines: Sequence[Line], done: list[str]) -> Iterator[str]:
    stated = next((line.text().strip() for line in lines if line.key == "VERSION"), "")
    zones = _missing(lines)
    for at, line in enumerate(lines):
        if line.key == "VERSION" and stated != "2.0":
            continue
        if at and line.key == "BEGIN":
            while zones:
                name, year = zones.popitem()
                done.append(f"the time zone {name} added")
                yield from _zone(name, year)
        yield from _modern(line, done) if stated == "1.0" else (_one(line),)
        if at or line.key != "BEGIN":
            continue
        if stated != "2.0":
            done.append("turned from vCalendar 1.0 into 2.0" if stated == "1.0" else "VERSION:2.0 added")
            yield "VERSION:2.0"
        if not any(each.key == "PRODID" for each in lines):
            yield "PRODID:-//mmscheck//fix//EN"


def _modern(line: Line, done: list[str]) -> Iterator[str]:
    """A property of vCalendar 1.0 as RFC 5545 has it."""
    value = line.text().strip()
    if line.key in ALARMS:
        done.append(f"left out: the alarm in line {line.number}, which only vCalendar 1.0 has")
    elif line.key in {"RRULE", "EXRULE"} and (rule := recurrence(value)):
        done.append(f"a recurrence of vCalendar 1.0 written as RFC 5545 has it: {rule}")
        yield f"{line.name.upper()}:{rule}"
    elif line.key in {"EXDATE", "RDATE", "CATEGORIES", "RESOURCES"}:
        yield _one(line).replace(";", ",") if not line.params else _one(line)
    else:
        yield _one(line)


def _one(line: Line) -> str:
    """The property; what is decoded by now says no more that it is encoded."""
    gone = {"CHARSET", "QUOTED-PRINTABLE", *(() if line.encoding == BASE64 else ("ENCODING",))}
    kept = (piece for piece in line.params if piece.partition("=")[0].strip().upper() not in gone)
    params = "".join(f";{piece}" for piece in kept)
    value = line.text().strip().replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")
    return f"{line.name.upper()}{params}:{value}"


def _missing(lines: Sequence[Line]) -> dict[str, int]:
    """The zones that events name and nobody defines, as far as they are known, each with its first year."""
    defined = {line.text().strip() for line in lines if line.key == "TZID"}
    found: dict[str, int] = {}
    for line in lines:
        name = line.param("TZID")
        if line.key in ZONED and name and name not in defined and _known(name):
            year = _YEAR.match(line.text().strip())
            if year is not None and moment(line.text().strip()) is not None:
                found[name] = min(int(year[1]), found.get(name, 9999))
    return found


def _known(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # the first is zoneinfo's own for names that it does not have
        return False
    return True


def _zone(name: str, year: int) -> Iterator[str]:
    """A VTIMEZONE from the year before on: each change of the clock, the last of each kind with its rule."""
    zone = zoneinfo.ZoneInfo(name)
    begin = dt.datetime(max(year - 1, 1971), 1, 1, tzinfo=dt.UTC)
    changes = [*_changes(zone, begin)]
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{name}"
    first = begin.astimezone(zone)
    yield from _observance(first, first.utcoffset() or NONE)
    rules = {summer: _rule(group) for summer, group in _alike(changes)}
    ruled: set[bool] = set()
    for now, before in changes:
        rule = rules.get(_is_summer(now), "")
        if _is_summer(now) in ruled:
            continue
        ruled |= {_is_summer(now)} if rule else set()
        yield from _observance(now, before, rule)
    yield "END:VTIMEZONE"


def _changes(zone: zoneinfo.ZoneInfo, begin: dt.datetime) -> Iterator[Change]:
    """Each change of the clock in those years, to the minute."""
    step = dt.timedelta(days=1)
    for day in range((YEARS + 1) * 366):
        low, high = begin + day * step, begin + (day + 1) * step
        before = low.astimezone(zone).utcoffset() or NONE
        if high.astimezone(zone).utcoffset() == before:
            continue
        while high - low > dt.timedelta(minutes=1):
            middle = low + (high - low) // 2
            low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
        yield (high.replace(second=0, microsecond=0)).astimezone(zone), before


def _alike(changes: Sequence[Change]) -> Iterator[tuple[bool, list[Change]]]:
    """Those to summer time, and those from it."""
    for summer in (True, False):
        if group := [change for change in changes if _is_summer(change[0]) is summer]:
            yield summer, group


def _is_summer(now: dt.datetime) -> bool:
    return bool(now.dst())


def _rule(group: Sequence[Change]) -> str:
    """The recurrence that all of them follow; empty where they follow none, or are not one a year."""
    onsets = [_onset(*change) for change in group]
    first = onsets[0]
    if len(onsets) < YEARS or [each.year for each in onsets] != [
        *range(first.year, first.year + len(onsets))
    ]:
        return ""
    if len({(each.month, each.weekday(), each.time()) for each in onsets}) > 1:
        return ""
    place = {(each.day - 1) // 7 + 1 for each in onsets}
    if all((each + dt.timedelta(days=7)).month != each.month for each in onsets):
        place = {-1}
    if len(place) > 1:
        return ""
    return f"RRULE:FREQ=YEARLY;BYMONTH={first.month};BYDAY={place.pop()}{DAYS[first.weekday()]}"


def _onset(now: dt.datetime, old: dt.timedelta) -> dt.datetime:
    """The moment of a change, in the time that was in force before it (RFC 5545, 3.6.5)."""
    return (now.astimezone(dt.UTC) + old).replace(tzinfo=None)


def _observance(now: dt.datetime, old: dt.timedelta, rule: str = "") -> Iterator[str]:
    kind = "DAYLIGHT" if _is_summer(now) else "STANDARD"
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{_onset(now, old):%Y%m%dT%H%M%S}"
    if rule:
        yield rule
    yield f"TZOFFSETFROM:{_offset(old)}"
    yield f"TZOFFSETTO:{_offset(now.utcoffset() or NONE)}"
    yield f"TZNAME:{now.tzname()}"
    yield f"END:{kind}"


def _offset(offset: dt.timedelta) -> str:
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
