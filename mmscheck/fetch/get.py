"""One GET of one URL, without following anything."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable

import aiohttp
import msgspec
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from mmscheck.base.http import REDIRECTS
from mmscheck.fetch.asking import PLAIN, Asking
from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.head import Head, framing_fault
from mmscheck.fetch.patience import least_throughput
from mmscheck.fetch.policy import FetchPolicy
from mmscheck.fetch.reasons import DroppedError, explain, reset_in_body
from mmscheck.fetch.through import proxy_failure, request_options
from mmscheck.fetch.url import Target
from mmscheck.fetch.wire import GuardedConnector
from mmscheck.model.observation import Reason

SMALL = 4 * 1024 * 1024
"""Bytes of body that need no permission to be kept in memory."""

GLANCE = 2.0
"""Seconds for the beginning of an answer that is no file."""

_OK = 200
_FIRST_ERROR = 400
_LINE_LIMIT = 64 * 1024


class Body(msgspec.Struct, frozen=True):
    """A whole body with its digest (hexadecimal); without ``data`` where only the digest was asked for."""

    data: bytes
    sha256: str
    size: int


def open_session(policy: FetchPolicy, connector: GuardedConnector) -> aiohttp.ClientSession:
    """A session that asks as the provider would, remembers nothing and repeats nothing by itself."""
    return aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": policy.user_agent, "Accept": "*/*", "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(),
        auto_decompress=False,
        trust_env=False,
        middlewares=(_never_repeat,),
        # Exchange.feed sets the limit, so that a large head gets a reason of its own.
        max_line_size=_LINE_LIMIT,
        max_field_size=_LINE_LIMIT,
        max_headers=_LINE_LIMIT,
    )


async def get(
    session: aiohttp.ClientSession,
    target: Target,
    exchange: Exchange,
    *,
    max_bytes: int,
    least: int,
    on_large: Callable[[], Awaitable[None]],
    asking: Asking = PLAIN,
) -> tuple[Head, Body | None]:
    """The head of the answer, and its body (empty where only the head is asked for) when the status is 200.

    ``least`` is bytes of body per second. ``on_large`` is awaited before more than `SMALL` bytes are kept.
    Raises `Failure`.
    """
    try:
        options = request_options(exchange.route.proxy, target, asking.headers, session.headers["User-Agent"])
        async with session.get(_exactly(target), allow_redirects=False, **options) as response:
            head = _seen(exchange, response)
            if head.status != _OK:
                await _glance(response, exchange)
                return head, None
            fault = framing_fault(head)
            if fault is not None:
                raise fault
            if asking.read == "head":
                # The rest is not waited for: leaving a body unread closes its connection.
                return head, Body(b"", "", 0)
            keep = asking.read == "whole"
            if response.content.is_eof():
                # All of it is here, so that there is nothing to measure.
                return head, await _read(response, exchange, max_bytes, on_large if keep else None)
            async with least_throughput(lambda: exchange.body_so_far, least) as meter:
                hold = meter.apart(on_large) if keep else None
                return head, await _read(response, exchange, max_bytes, hold)
    except (aiohttp.ClientError, DroppedError) as error:
        if exchange.head is not None and (exchange.head.status or 0) >= _FIRST_ERROR:
            return exchange.head, None
        raise proxy_failure(error, exchange) or explain(error, exchange) from error


def _exactly(target: Target) -> URL:
    # Given in parts and as encoded, nothing is decoded, reordered or dropped (as an empty query else is).
    return URL.build(scheme=target.scheme, authority=target.authority, path=target.path, encoded=True)


def _seen(exchange: Exchange, response: aiohttp.ClientResponse) -> Head:
    """The head from the wire, which must be the one that the library read."""
    if exchange.head is None:
        raise RuntimeError("the connection was not listened to")
    if exchange.head.status != response.status:
        raise Failure(Reason.MALFORMED_HTTP, f"the status line is {exchange.head.line!r}")
    return exchange.head


async def _glance(response: aiohttp.ClientResponse, exchange: Exchange) -> None:
    """Let the beginning of an answer that is no file come in, so that a page can be recognised by it.

    Whatever happens to it changes nothing about the answer. Of a redirect nobody needs it.
    """
    if exchange.head is None or (exchange.head.status or 0) in REDIRECTS:
        return
    with contextlib.suppress(aiohttp.ClientError, DroppedError, TimeoutError):
        async with asyncio.timeout(GLANCE):
            while exchange.wants_excerpt and not exchange.broken and await response.content.readany():
                pass


async def _read(
    response: aiohttp.ClientResponse,
    exchange: Exchange,
    max_bytes: int,
    on_large: Callable[[], Awaitable[None]] | None,
) -> Body:
    """The body; without ``on_large`` nothing of it is kept."""
    if exchange.length is not None and exchange.length > max_bytes:
        raise Failure(Reason.TOO_LARGE, f"declared {exchange.length} bytes, the cap is {max_bytes}")
    digest, chunks, asked = hashlib.sha256(), [], False
    async for chunk in response.content.iter_any():
        exchange.decoded += len(chunk)
        if exchange.decoded > max_bytes:
            raise Failure(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
        digest.update(chunk)
        if on_large is None:
            continue
        if exchange.decoded > SMALL and not asked:
            asked = True
            await on_large()
        chunks.append(chunk)
    await _settle(exchange)
    return Body(b"".join(chunks), digest.hexdigest(), exchange.decoded)


async def _settle(exchange: Exchange) -> None:
    """Make sure that the end of the body was its end."""
    if exchange.length is not None or exchange.chunked:
        # One turn of the loop lets bytes be counted that arrived just behind the end.
        await asyncio.sleep(0)
    elif exchange.lost is not None:
        # The library takes a broken connection for the end of a body that only a close delimits.
        raise reset_in_body(exchange)


async def _never_repeat(request: aiohttp.ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep the library from repeating a GET on its own: every request made must be counted."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise DroppedError(str(error)) from error
