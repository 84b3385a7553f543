"""The service: requests to routes, every answer safe and counted, every failure a problem."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping

import msgspec
from aiohttp import web

from mmscheck.base.spans import Span, SpanKind, traced
from mmscheck.errors import LedgerError, MmscheckError
from mmscheck.serve import openapi
from mmscheck.serve.answers import Answers, Parts
from mmscheck.serve.api import Api
from mmscheck.serve.api_calls import CallApi
from mmscheck.serve.api_campaigns import CampaignApi
from mmscheck.serve.api_fix import FixApi
from mmscheck.serve.door import Door
from mmscheck.serve.page import Page
from mmscheck.serve.problem import ProblemError
from mmscheck.serve.room import Hall
from mmscheck.serve.route_table import Handlers, table
from mmscheck.serve.routes import Asked, Router
from mmscheck.serve.shown import SAFE
from mmscheck.serve.tokens import ANYBODY

Log = Callable[[Mapping[str, object]], None]
"""Takes one line of the log, as keys and values; no secret is ever among them."""

_ALLOWED = "Authorization, Content-Type, Idempotency-Key, Prefer, Accept"
_EXPOSED = "Location, Content-Location, Retry-After, Mmscheck-Verdict, Mmscheck-Exit-Code"


class Service:
    """Answers requests; whoever listens hands them to ``answer``."""

    def __init__(self, parts: Parts, door: Door, log: Log) -> None:
        """Take what is running, who may come in, and where lines of the log go."""
        self._parts = parts
        self._door = door
        self._log = log
        self._hall = Hall(parts.caps.held)
        answers = Answers(parts)
        api = Api(parts, answers)
        self.router = Router(
            table(
                Handlers(
                    api=api,
                    fixes=FixApi(parts, answers),
                    calls=CallApi(parts, answers),
                    campaigns=CampaignApi(parts, answers, api),
                    page=Page(),
                    openapi=self._openapi,
                )
            )
        )
        self._document = msgspec.json.encode(openapi.document(self.router.routes))

    async def _openapi(self, _asked: Asked) -> web.StreamResponse:
        return web.Response(body=self._document, headers={**SAFE, "Content-Type": "application/json"})

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request; nothing is raised but being cancelled."""
        method, number = _method(request.method), secrets.token_hex(4)
        known = {"http.request.method": method, "mmscheck.request": number}
        with traced(self._parts.tracing, method, known, SpanKind.SERVER, headers=request.headers) as span:
            return await self._counted(request, number, span)

    async def _counted(self, request: web.BaseRequest, number: str, span: Span) -> web.StreamResponse:
        begun, seen = time.monotonic(), _Seen()
        try:
            response = await self._foreseen(request, seen)
        except ProblemError as error:
            response = web.Response(
                body=error.body, status=error.problem.status, headers={**SAFE, **error.headers}
            )
            seen.problem = error.kind
        if seen.origin is not None and not response.prepared:
            response.headers["Access-Control-Allow-Origin"] = seen.origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            response.headers.add("Vary", "Origin")
        if not response.prepared:
            response.headers["Mmscheck-Request"] = number
        span.rename(f"{_method(request.method)} {seen.route}")
        span.note(
            {
                "http.route": seen.route,
                "http.response.status_code": response.status,
                "mmscheck.token": seen.caller,
                "mmscheck.problem": seen.problem or None,
            }
        )
        took = time.monotonic() - begun
        self._parts.metrics.answered(seen.route, _method(request.method), response.status, took)
        self._log(
            {
                "event": "request",
                "request": number,
                "method": _method(request.method),
                "route": seen.route,
                "status": response.status,
                "ms": round(took * 1000, 1),
                "token": seen.caller,
                **({"problem": seen.problem} if seen.problem else {}),
            }
        )
        return response

    async def _foreseen(self, request: web.BaseRequest, seen: _Seen) -> web.StreamResponse:
        try:
            return await self._answered(request, seen)
        except ProblemError:
            raise
        except LedgerError as error:
            raise ProblemError("no-ledger", f"{error}.", after=5) from None
        except MmscheckError as error:
            raise ProblemError("malformed", f"{error}.") from None
        except (ConnectionError, web.RequestPayloadError):
            raise ProblemError("malformed", "The connection ended before the body did.") from None
        except Exception as error:  # noqa: BLE001 - no client ever sees what a library says
            self._log({"event": "internal", "route": seen.route, "error": type(error).__name__})
            raise ProblemError(
                "internal", f"An error that nobody foresaw ({type(error).__name__})."
            ) from None

    async def _answered(self, request: web.BaseRequest, seen: _Seen) -> web.StreamResponse:
        seen.origin = self._door.look(request)
        if request.method == "OPTIONS" and seen.origin is not None:
            return _preflight()
        route, names = self.router.find(request.method, request.path)
        seen.route = route.path
        caller = self._door.demand(request, route.rights) if route.rights else ANYBODY
        seen.caller = caller.name if route.rights else None
        with self._hall.room() as room:
            return await route.handler(Asked(request=request, caller=caller, room=room, names=names))


class _Seen:
    """What is known of a request by the time that it is answered."""

    def __init__(self) -> None:
        self.route = "none"
        self.caller: str | None = None
        self.problem = ""
        self.origin: str | None = None


def _method(method: str) -> str:
    return method if method in {"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT"} else "other"


def _preflight() -> web.Response:
    return web.Response(
        status=204,
        headers={
            **SAFE,
            "Access-Control-Allow-Methods": "GET, POST, DELETE",
            "Access-Control-Allow-Headers": _ALLOWED,
            "Access-Control-Max-Age": "600",
        },
    )
