"""When a message is planned to go out, as written on the command line."""

from __future__ import annotations

import datetime as dt
import re
import time
from decimal import Decimal

import click

from mmscheck import judge
from mmscheck.errors import UsageError
from mmscheck.model.request import SendWindow

_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
HOUR = _SECONDS["h"]
CENTURY = 36_500 * _SECONDS["d"]
"""Seconds: the longest duration; a moment and longer ones make no moment of the calendar (a judgement)."""

_SKEW = 60
"""Seconds by which a moment may miss the present and still mean it: clocks differ (a judgement)."""

_CALLED = {HOUR: "1h", CENTURY: "36500d"}


def sending(at: str | None, within: str | None) -> SendWindow:
    """The window of ``--send-at`` and ``--send-within``. Raises UsageError naming what was expected."""
    opens = None if at is None else _moment(at)
    return judge.window(opens, None if within is None else duration("--send-within", within))


def refuse_later(at: str | None) -> None:
    """Raise UsageError for a ``--send-at`` to come: who gives one to a send takes it to be waited for."""
    if at is not None and _moment(at) > time.time() + _SKEW:
        raise UsageError(
            f"--send-at {at}: it says when, and does not wait: run the send then. mmscheck check takes it, "
            "to see whether signed URLs will still work"
        )


def _moment(text: str) -> float:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"--send-at {text!r}: expected a time with its zone, as in 2026-12-01T09:00Z")
    if moment.timestamp() < time.time() - _SKEW:
        raise UsageError(f"--send-at {text!r}: that time is past")
    return moment.timestamp()


def since(option: str, text: str) -> float:
    """Seconds since the epoch of a time that is past, or of one so long ago: ``7d``.

    A time without a zone, and the day of a date alone, are in UTC, in which all times are shown. Raises
    UsageError.
    """
    if _DURATION.fullmatch(text):
        return max(0.0, dt.datetime.now(dt.UTC).timestamp() - duration(option, text))
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r}: expected a date, a time or how long ago: 2026-11-30, 2026-11-30T09:00Z, 7d"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def duration(option: str, text: str, like: str = "90m, 4h or 2d", longest: int = CENTURY) -> float:
    """Seconds of a text such as 90m, 4h or 2d.

    ``longest`` is `HOUR` or `CENTURY`. Raises UsageError naming the option, and durations ``like`` the ones
    expected.
    """
    shape = _DURATION.fullmatch(text)
    seconds = float(shape[1]) * _SECONDS[shape[2]] if shape else 0.0
    if shape is None or seconds > longest:
        most = f", at most {_CALLED[longest]}" if shape else ""
        raise UsageError(f"{option} {text!r}: expected a duration such as {like}{most}")
    return seconds


class _Seconds(click.ParamType[float]):
    """Seconds above 0: a number, or a duration such as 90s or 2m."""

    name = "seconds"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; raises click's BadParameter."""
        try:
            seconds = float(value)
        except ValueError:
            shape = _DURATION.fullmatch(str(value))
            seconds = float(shape[1]) * _SECONDS[shape[2]] if shape else 0.0
        # Not a number compares as false.
        if not 0 < seconds <= CENTURY:
            self.fail(f"{value!r}: expected seconds above 0, or a duration such as 10s or 2m", param, ctx)
        return seconds


_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?")


class _Money(click.ParamType[Decimal]):
    """An amount as it is written, and never a binary fraction."""

    name = "amount"

    def convert(
        self, value: str | Decimal, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """The amount; raises click's BadParameter."""
        if not isinstance(value, Decimal) and not _AMOUNT.fullmatch(value):
            self.fail(f"{value!r}: expected an amount such as 25 or 25.00", param, ctx)
        return Decimal(value)


MONEY = _Money()
"""The type of options that take an amount of money."""

SECONDS = _Seconds()
"""The type of options that take either."""
