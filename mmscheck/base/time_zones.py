"""Where the clock of a phone number stands: every time zone that it may be in, and when all of them allow it.

A number tells an area, and not where the phone is; so all zones of its area code count. Zones themselves are
the system's (zoneinfo), with their summer times.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LONGEST = 9
"""Digits of the longest prefix in the table."""

_NORTH_AMERICA = 4
"""Digits of country code 1 with an area code, by which the table has those."""


@cache
def _table() -> dict[str, tuple[str, ...]]:
    from importlib import resources  # noqa: PLC0415 - help and most sends read no table

    lines = (
        resources.files("mmscheck.base").joinpath("time_zones.txt").read_text(encoding="utf-8").split("\n")
    )
    pairs = (line.split(" ") for line in lines if line and not line.startswith("#"))
    return {prefix: tuple(zones.split("&")) for prefix, zones in pairs}


def area_codes() -> tuple[str, ...]:
    """Every area code of country code 1 that the table knows, with the 1."""
    return tuple(prefix for prefix in _table() if prefix[0] == "1" and len(prefix) == _NORTH_AMERICA)


@lru_cache(maxsize=4096)
def _of_prefix(digits: str) -> tuple[str, ...]:
    table = _table()
    for length in range(len(digits), 0, -1):
        if found := table.get(digits[:length]):
            return found
    return ()


def zones_of(number: str) -> tuple[str, ...]:
    """Every time zone in which a number with its country code may be; empty where nobody knows."""
    return _of_prefix(number[: _NORTH_AMERICA if number.startswith("1") else _LONGEST])


@lru_cache(maxsize=4096)
def country_of(number: str) -> str:
    """The country of a number with its country code (ISO code); empty where it cannot be told."""
    import phonenumbers  # noqa: PLC0415 - see base.phone

    from mmscheck.base.phone import parsed  # noqa: PLC0415 - it is as heavy

    whole = parsed(number)
    region = None if whole is None else phonenumbers.region_code_for_number(whole)
    if region or whole is None:
        return region or ""
    home = phonenumbers.region_code_for_country_code(whole.country_code or 0)
    # Country code 1 is of two dozen countries.
    return "" if number.startswith("1") or home in {"ZZ", "001"} else home


@cache
def _clock(zone: str) -> ZoneInfo | None:
    """None where the time zone data of this system are missing, or older than the zone."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return None


def without_clock(zones: tuple[str, ...]) -> tuple[str, ...]:
    """Those of which nobody here can tell the time; ``turns`` takes the others."""
    return tuple(zone for zone in zones if _clock(zone) is None)


QUARTER = 15 * 60
"""Seconds: every zone is so many quarters of an hour from UTC, and changes its time on one."""

HORIZON = 72 * 3600
"""Seconds that are looked ahead; no quiet hours are longer than a day, and no two zones further apart."""


def turns(
    zones: tuple[str, ...], quiet: Callable[[int], bool], minutes: tuple[int, ...], begin: int
) -> tuple[tuple[int, bool], ...]:
    """From ``begin`` on (seconds since the epoch) each moment at which it becomes quiet, or no longer is.

    ``quiet`` tells it of a minute of a day, and changes at ``minutes`` alone. It is where any zone has it;
    the first pair is ``begin`` itself.
    """
    clocks = [clock for zone in zones if (clock := _clock(zone)) is not None]
    steps = sorted({0, *(minute % 15 * 60 for minute in minutes)})
    first = begin // QUARTER * QUARTER
    moments = (at + step for at in range(first, begin + HORIZON, QUARTER) for step in steps)
    found: list[tuple[int, bool]] = []
    for moment in (begin, *(one for one in moments if one > begin)):
        held = any(quiet(_minute(moment, clock)) for clock in clocks)
        if not found or found[-1][1] is not held:
            found.append((moment, held))
    return tuple(found)


def _minute(moment: int, clock: ZoneInfo) -> int:
    local = dt.datetime.fromtimestamp(moment, clock)
    return local.hour * 60 + local.minute
