"""The query of a signed URL and the values in it that say when it holds: numbers, dates, JSON.

Whatever is given twice, is missing or has another form than its scheme documents raises `Unclear`; the
values themselves are never quoted, because some of them are secrets.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
from typing import Any
from urllib.parse import unquote, unquote_plus

import msgspec

from mmscheck.base.url import take_apart

_SECONDS = re.compile(r"[0-9]{1,12}")
_BASIC = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_EXTENDED = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,7})?)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?"
)
_WEB_TOKEN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2}(?:(?:\.[A-Za-z0-9_-]*){2})?")
_LAST = 253_402_300_799
"""Seconds: the end of the year 9999. Larger numbers are other units, such as milliseconds."""

_DAY = 86_400
_UNITS = (("year", 31_557_600), ("day", _DAY), ("hour", 3600), ("minute", 60), ("second", 1))
"""Seconds; a year is a Julian one."""


class Unclear(Exception):  # noqa: N818 - no error of the program: the URL does not say when it expires
    """When a URL expires cannot be read off it; the text says why, as the end of a sentence."""


class Validity(msgspec.Struct, frozen=True, kw_only=True):
    """What one signature says: seconds since the epoch, or None.

    ``session`` is set when it ends with a session whose end the URL does not tell, ``ends`` at the latest.
    ``doubt`` says why the times cannot be relied on.
    """

    scheme: str
    ends: float | None = None
    starts: float | None = None
    session: bool = False
    doubt: str = ""


class Parameter(msgspec.Struct, frozen=True):
    """A name and its value, both percent-decoded once."""

    name: str
    value: str


class Query:
    """The parameters of a URL, found without regard to case; ``tokens`` are these and the path's segments.

    Schemes document the case of their names, and servers differ in holding to it. ``misspelled`` collects the
    names that were asked for and are written otherwise.
    """

    def __init__(self, url: str) -> None:
        """Read the query of ``url`` as written, decoding it once."""
        pieces = (take_apart(url.strip()).query or "").split("&")
        pairs = (piece.partition("=") for piece in pieces if piece)
        self.parameters = tuple(Parameter(unquote_plus(n), unquote_plus(value)) for n, _, value in pairs)
        segments = (unquote(each) for each in take_apart(url.strip()).path.split("/") if each)
        self.tokens = (*self.parameters, *(Parameter("path", each) for each in segments))
        self.misspelled: list[str] = []

    def has(self, *names: str) -> bool:
        """Whether all of them are given."""
        return all(any(_same(name, each.name) for each in self.parameters) for name in names)

    def all(self, name: str) -> tuple[str, ...]:
        """The value of each parameter of this name."""
        return tuple(each.value for each in self.parameters if _same(name, each.name))

    def one(self, name: str) -> str:
        """The value of the parameter; raises `Unclear` when it is missing or given twice."""
        found = [each for each in self.parameters if _same(name, each.name)]
        if not found:
            raise Unclear(f"the parameter {name} is missing")
        if len(found) > 1:
            raise Unclear(f"the parameter {name} is given {len(found)} times")
        if found[0].name != name:
            self.misspelled.append(name)
        return found[0].value


def _same(name: str, written: str) -> bool:
    # A URL that was escaped for XML twice has names that begin with amp; and no server knows them.
    return written.removeprefix("amp;").lower() == name.lower()


def seconds(name: str, text: str) -> int:
    """A whole number of seconds as a moment or a duration. Raises `Unclear`."""
    if _SECONDS.fullmatch(text) is None or int(text) > _LAST:
        raise Unclear(f"{name} is no plain number of seconds")
    return int(text)


def basic_time(name: str, text: str) -> float:
    """A time such as 20261201T090000Z. Raises `Unclear`."""
    if _BASIC.fullmatch(text) is None:
        raise Unclear(f"{name} is no time such as 20261201T090000Z")
    return _moment(name, text)


def extended_time(name: str, text: str) -> float:
    """A time such as 2026-12-01T09:00:00Z, seconds optional, or a date alone (UTC). Raises `Unclear`."""
    if _EXTENDED.fullmatch(text) is None:
        raise Unclear(f"{name} is no time such as 2026-12-01T09:00:00Z")
    return _moment(name, text)


def _moment(name: str, text: str) -> float:
    try:
        moment = dt.datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Unclear(f"{name} is no time that exists") from None


def encoded_json(name: str, text: str) -> dict[str, Any]:
    """A JSON object in base64url (RFC 4648, section 5), padded or not. Raises `Unclear`."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = json.loads(data, object_pairs_hook=_once)
    except (binascii.Error, ValueError, RecursionError):
        raise Unclear(f"{name} holds no JSON in base64") from None
    if not isinstance(found, dict):
        raise Unclear(f"{name} holds no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def is_web_token(text: str) -> bool:
    """Whether this is a JSON web token (RFC 7519): three or five parts, of which the first has an ``alg``."""
    if _WEB_TOKEN.fullmatch(text) is None:
        return False
    try:
        return "alg" in encoded_json("the token", text.partition(".")[0])
    except Unclear:
        return False


def number(name: str, value: object) -> float:
    """A JSON number as seconds since the epoch. Raises `Unclear`."""
    if type(value) not in {int, float} or not 0 <= value <= _LAST:  # type: ignore[operator] # just asked
        raise Unclear(f"{name} is no number of seconds")
    return float(value)  # type: ignore[arg-type] # see above


def shown(moment: float, day_of: float = -1) -> str:
    """A moment in UTC, to the second, for people; without its date on the day of another one."""
    if not 0 <= moment <= _LAST:
        return "a time that no calendar has"
    form = "%H:%M:%S" if moment // _DAY == day_of // _DAY else "%Y-%m-%d %H:%M:%S"
    return f"{dt.datetime.fromtimestamp(int(moment), dt.UTC):{form}} UTC"


def duration(seconds_: float) -> str:
    """A duration for people, in the largest unit of which there are two or more, rounded down."""
    if not 0 <= seconds_ <= _LAST:
        return "an unknown time"
    for name, length in _UNITS:
        count = int(seconds_ // length)
        if count > 1 or (count == 1 and seconds_ == length):
            return f"{count:,} {name}{'' if count == 1 else 's'}"
    return "less than a second"
