"""Which answers are worth asking again for, and how long to wait before."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from mmscheck.fetch.failure import Failure
from mmscheck.fetch.head import Head
from mmscheck.fetch.proxy import Proxy
from mmscheck.model.observation import Reason

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
