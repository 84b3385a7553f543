"""What a status other than 200 comes to: a redirect to follow, a pause before asking again, a failure."""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from mmscheck.fetch.failure import Failure
from mmscheck.fetch.head import Head
from mmscheck.fetch.proxy import Proxy
from mmscheck.fetch.url import Target, parse_url, refuse_characters
from mmscheck.model.observation import Reason

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

_BUSY = frozenset({429, 503})

_LONGEST_WAIT = 86_400.0
"""Seconds: a day. What asks for more asks not to be asked again in any run (a judgement)."""

_PASSING = frozenset({408, 502, 504})

_OF_PROXY = frozenset({407, 502, 504})


def status_failure(head: Head, proxy: Proxy | None = None) -> Failure:
    """The failure that a final status other than 200 is; a gateway's status may be the ``proxy``'s own."""
    if proxy is not None and head.status in _OF_PROXY:
        passing = head.status in _PASSING
        return Failure(Reason.PROXY_FAILED, f"{proxy.text} answered {head.summary}", transient=passing)
    if head.status in _BUSY:
        wait = retry_after(head)
        asked = "" if wait is None else f", Retry-After: {head.values('Retry-After')[0]}"
        return Failure(Reason.BUSY, head.summary + asked, transient=True, wait=wait)
    passing = head.status in _PASSING
    return Failure(Reason.BAD_STATUS, head.summary, transient=passing, wait=retry_after(head))


def retry_after(head: Head) -> float | None:
    """Seconds the server asks to be left alone, a day at most; None when neither form of Retry-After says."""
    text = next(iter(head.values("Retry-After")), "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max(0.0, (aware - datetime.now(UTC)).total_seconds()), _LONGEST_WAIT)


def pause_before_repeat(failure: Failure, attempts: int, backoff: float) -> float:
    """Seconds to wait after ``attempts`` failed: doubled each time, spread so that many do not meet again."""
    spread = random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, keeps no secret
    return max(failure.wait or 0.0, backoff * 2.0 ** (attempts - 1) * spread)


def next_target(head: Head, current: Target, visited: Collection[str], most: int) -> Target:
    """The target that ``head`` redirects to; raises `Failure` when it must not be followed.

    ``visited`` are the URLs requested so far, ``most`` the number of redirects allowed.
    """
    target = _target(_location(head), current)
    if current.scheme == "https" and target.scheme == "http":
        raise Failure(Reason.INSECURE_REDIRECT, f"to http://{target.authority}")
    if target.text in visited:
        raise Failure(Reason.REDIRECT_LOOP, f"after {len(visited)} requests")
    if len(visited) > most:
        raise Failure(Reason.TOO_MANY_REDIRECTS, f"more than {most}")
    return target


def _location(head: Head) -> str:
    stated = set(head.values("Location"))
    if len(stated) != 1 or stated == {""}:
        found = "two different Locations" if len(stated) > 1 else "no Location"
        raise Failure(Reason.BAD_REDIRECT, f"{head.summary} with {found}")
    raw = stated.pop().encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _target(location: str, current: Target) -> Target:
    try:
        # urljoin drops white space and control characters, so they are looked for first; and as it also
        # tidies what is absolute already, it only gets what is relative.
        refuse_characters(location)
        if _ABSOLUTE.match(location):
            return parse_url(location)
        return parse_url(urljoin(current.text, location))
    except ValueError as error:
        raise Failure(Reason.BAD_REDIRECT, f"bad Location: {error}") from error
