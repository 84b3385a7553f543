"""Where a redirect leads, and whether it may be followed."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urljoin

from mmscheck.fetch.failure import Failure
from mmscheck.fetch.head import Head
from mmscheck.fetch.url import Target, parse_url, refuse_characters
from mmscheck.model.observation import Reason

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


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
