"""Who comes in: the host that was asked for, the page that asks, the token, and how often.

A page in somebody's browser can call any address that the browser reaches, and by DNS rebinding under a name
of its own. So every request must name this service in ``Host``, and one that a page makes must come from the
service's own page, unless the page's origin was named.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from aiohttp import web

from mmscheck.serve.problem import ProblemError
from mmscheck.serve.tokens import ANYBODY, Caller, Right, Tokens

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")

_BURST = 5.0
"""Seconds of a token's rate that it may use at once."""

OPEN = frozenset({"/healthz", "/readyz"})
"""What probes ask for by whatever address they have; nothing is told there."""

_NAVIGABLE = re.compile(r"/|/s/[A-Za-z0-9_-]+")
"""Pages that a link may lead to from elsewhere."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _place(origin: str) -> str | None:
    """Host and port of an origin; None for what is none, such as ``null`` and ``http://[``."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc if parts.scheme in {"http", "https"} else None


class Door:
    """Lets requests in, or raises the problem that turns them away."""

    def __init__(
        self,
        *,
        tokens: Tokens | None,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        loopback: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take who may come.

        ``hosts`` are names, with or without a port, that the service is called by beside loopback ones;
        ``origins`` those of pages that may call it. ``loopback``: nobody but this machine reaches it.
        """
        self._tokens = tokens
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)
        self._loopback = loopback
        self._clock = clock
        self._spent: dict[str, tuple[float, float]] = {}

    def look(self, request: web.BaseRequest) -> str | None:
        """Turn away what is addressed to another, or comes from another's page.

        Returns the origin of a page that is named and may read the answer, else None.
        """
        if request.path in OPEN:
            return None
        host = request.headers.getall("Host", [])
        if len(host) != 1 or not self._is_ours(host[0]):
            raise ProblemError(
                "other-host", "The Host header names no address of this service; --host NAME adds one."
            )
        return self._origin(request, host[0])

    def _origin(self, request: web.BaseRequest, host: str) -> str | None:
        origin = request.headers.get("Origin")
        if origin is not None:
            plain = origin.lower().rstrip("/")
            if plain in self._origins:
                return origin
            if _place(plain) == host.lower():
                return None
            raise ProblemError("other-origin", "--cors ORIGIN names pages that may call this service.")
        site = request.headers.get("Sec-Fetch-Site", "none")
        link = request.headers.get("Sec-Fetch-Mode") == "navigate" and _NAVIGABLE.fullmatch(request.path)
        if site not in {"none", "same-origin"} and not link:
            raise ProblemError("other-origin", "--cors ORIGIN names pages that may call this service.")
        return None

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = found[1]
        return name in _LOOPBACK_NAMES or name in self._hosts or host.lower() in self._hosts

    def caller(self, request: web.BaseRequest) -> Caller:
        """Whose request this is; raises the problem of no token or a wrong one."""
        if self._tokens is None:
            if not self._loopback:
                raise ProblemError("no-token", "This service has no tokens.")
            return ANYBODY
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        caller = self._tokens.caller(presented.strip())
        if scheme.lower() != "bearer" or caller is None:
            raise ProblemError("no-token", "Send it as Authorization: Bearer TOKEN.")
        self._pace(caller)
        return caller

    def demand(self, request: web.BaseRequest, rights: frozenset[Right]) -> Caller:
        """The caller, who has one of these rights; raises the problem otherwise."""
        caller = self.caller(request)
        if not rights & caller.rights:
            named = " or ".join(right.value for right in Right if right in rights)
            why = (
                f"It needs a token with the right {named}, and this service has no tokens."
                if self._tokens is None
                else f"It needs the right {named}."
            )
            raise ProblemError("no-right", why)
        return caller

    def has(self, name: str, right: Right) -> bool:
        """Whether who is called so has this right here and now: a job may be older than its owner's leave."""
        if self._tokens is None:
            return name == ANYBODY.name and right in ANYBODY.rights
        return self._tokens.has(name, right)

    def _pace(self, caller: Caller) -> None:
        """A bucket that fills at the token's rate and holds some seconds of it, at least one request."""
        if caller.rate is None:
            return
        now, holds = self._clock(), max(1.0, caller.rate * _BURST)
        left, then = self._spent.get(caller.name, (holds, now))
        left = min(holds, left + (now - then) * caller.rate)
        if left < 1.0:
            raise ProblemError("too-many", "This token's rate is used up.", after=(1.0 - left) / caller.rate)
        self._spent[caller.name] = (left - 1.0, now)
