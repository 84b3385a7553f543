"""Calendars as every reader takes them (RFC 5545): UTF-8, CR LF, folded, with the zones that events name."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator, Sequence

from mmscheck.fix.lines import Line, read, written
from mmscheck.fix.values import Answer, Job, Mended, Unmended
from mmscheck.media.calendars import moment
from mmscheck.media.refusal import RefusedError

ZONED = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "DUE"})

OPTIONAL = frozenset(
    {"SEQUENCE", "PRIORITY", "PERCENT-COMPLETE", "CREATED", "LAST-MODIFIED", "EXDATE", "RDATE", "GEO"}
)
"""Properties that an event does without; an empty one is left out."""

YEARS = 3
"""Years from an event on whose changes of the clock are written; for ever would have to be guessed."""

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
    version = any(line.key == "VERSION" and line.text().strip() == "2.0" for line in lines)
    zones = _missing(lines)
    for at, line in enumerate(lines):
        if line.key == "VERSION" and not version:
            continue
        yield _one(line)
        if at or line.key != "BEGIN":
            continue
        if not version:
            done.append("VERSION:2.0 added")
            yield "VERSION:2.0"
        if not any(each.key == "PRODID" for each in lines):
            yield "PRODID:-//mmscheck//fix//EN"
        for name, year in zones.items():
            done.append(f"the time zone {name} added")
            yield from _zone(name, year)


def _one(line: Line) -> str:
    params = "".join(
        f";{piece}" for piece in line.params if piece.partition("=")[0].strip().upper() != "CHARSET"
    )
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
    except (OSError, ValueError):
        return False
    return True


def _zone(name: str, year: int) -> Iterator[str]:
    """A VTIMEZONE with every change of the clock from the year before on."""
    zone = zoneinfo.ZoneInfo(name)
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{name}"
    begin = dt.datetime(max(year - 1, 1971), 1, 1, tzinfo=dt.UTC)
    before = begin.astimezone(zone)
    yield from _observance(before, before.utcoffset() or dt.timedelta())
    for hour in range((YEARS + 1) * 366 * 24):
        now = (begin + dt.timedelta(hours=hour)).astimezone(zone)
        if now.utcoffset() != before.utcoffset():
            yield from _observance(now, before.utcoffset() or dt.timedelta())
        before = now
    yield "END:VTIMEZONE"


def _observance(now: dt.datetime, old: dt.timedelta) -> Iterator[str]:
    kind = "DAYLIGHT" if now.dst() else "STANDARD"
    new = now.utcoffset() or dt.timedelta()
    # The moment of a change is written in the time that was in force before it (RFC 5545, 3.6.5).
    onset = (now.astimezone(dt.UTC) + old).strftime("%Y%m%dT%H%M%S")
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{onset}"
    yield f"TZOFFSETFROM:{_offset(old)}"
    yield f"TZOFFSETTO:{_offset(new)}"
    yield f"TZNAME:{now.tzname()}"
    yield f"END:{kind}"


def _offset(offset: dt.timedelta) -> str:
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
