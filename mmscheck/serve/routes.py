"""What a route is, and how a request finds its own; the OpenAPI document is made of the same values."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec
from aiohttp import web

from mmscheck.serve.problem import ProblemError
from mmscheck.serve.room import Room
from mmscheck.serve.tokens import Caller, Right


class Body(Enum):
    """Bodies that no type of JSON describes."""

    XML = "xml"
    REPORT = "report"
    EVENTS = "events"
    TEXT = "text"
    PAGE = "page"
    OPENAPI = "openapi"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was let in: whose it is, what its path names, and the room that its body takes."""

    request: web.BaseRequest
    caller: Caller
    room: Room
    names: Mapping[str, str] = {}


Handler = Callable[[Asked], Awaitable[web.StreamResponse]]

Shape = type[msgspec.Struct] | Body


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be asked for.

    Any of ``rights`` will do; without one anybody may. ``takes`` are bodies by media type, ``gives`` bodies
    by status; ``problems`` are the names of what may go wrong here, beside what may go wrong everywhere.
    ``query`` and ``headers`` are what is looked at, with a description each.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    rights: frozenset[Right]
    gives: Mapping[int, Shape | None]
    takes: Mapping[str, Shape] = {}
    problems: Sequence[str] = ()
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Take them all."""
        self.routes = tuple(routes)
        self._patterns = [(re.compile(_pattern(route.path)), route) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route, and what the path names; raises the problem of none, or of none for this method."""
        fitting = [
            (route, found.groupdict())
            for pattern, route in self._patterns
            if (found := pattern.fullmatch(path))
        ]
        if not fitting:
            raise ProblemError("not-found", "No such path.")
        wanted = "GET" if method == "HEAD" else method
        for route, names in fitting:
            if route.method == wanted:
                return route, names
        allow = ", ".join(sorted({route.method for route, _ in fitting}))
        raise ProblemError("no-such-method", f"There is: {allow}.", allow=allow)


def _pattern(path: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[A-Za-z0-9_-]{1,64})", re.escape(path))


def json_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """A body that comes as JSON of this type alone."""
    return {"application/json": kind}
