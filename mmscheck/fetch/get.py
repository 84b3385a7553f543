"""One GET of one URL, without following anything."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import aiohttp
import msgspec
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.head import Head, framing_fault
from mmscheck.fetch.policy import FetchPolicy
from mmscheck.fetch.reasons import DroppedError, explain, reset_in_body
from mmscheck.fetch.url import Target
from mmscheck.fetch.wire import GuardedConnector
from mmscheck.model.observation import Reason

SMALL = 4 * 1024 * 1024
"""Bytes of body that need no permission to be kept in memory."""

_OK = 200
_FIRST_ERROR = 400
_LINE_LIMIT = 64 * 1024


class Body(msgspec.Struct, frozen=True):
    """A whole body with its digest (hexadecimal)."""

    data: bytes
    sha256: str


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
    on_large: Callable[[], Awaitable[None]],
) -> tuple[Head, Body | None]:
    """The head of the answer, and its body when the status is 200.

    ``on_large`` is awaited before more than `SMALL` bytes are kept. Raises `Failure`.
    """
    try:
        async with session.get(_exactly(target), allow_redirects=False) as response:
            head = _seen(exchange, response)
            if head.status != _OK:
                return head, None
            fault = framing_fault(head)
            if fault is not None:
                raise fault
            return head, await _read(response, exchange, max_bytes, on_large)
    except (aiohttp.ClientError, DroppedError) as error:
        if exchange.head is not None and (exchange.head.status or 0) >= _FIRST_ERROR:
            return exchange.head, None
        raise explain(error, exchange) from error


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


async def _read(
    response: aiohttp.ClientResponse,
    exchange: Exchange,
    max_bytes: int,
    on_large: Callable[[], Awaitable[None]],
) -> Body:
    if exchange.length is not None and exchange.length > max_bytes:
        raise Failure(Reason.TOO_LARGE, f"declared {exchange.length} bytes, the cap is {max_bytes}")
    digest, chunks, asked = hashlib.sha256(), [], False
    async for chunk in response.content.iter_any():
        exchange.decoded += len(chunk)
        if exchange.decoded > max_bytes:
            raise Failure(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
        if exchange.decoded > SMALL and not asked:
            asked = True
            await on_large()
        digest.update(chunk)
        chunks.append(chunk)
    await _settle(exchange)
    return Body(b"".join(chunks), digest.hexdigest())


async def _settle(exchange: Exchange) -> None:
    """Make sure that the end of the body was its end."""
    if exchange.length is not None:
        # One turn of the loop lets bytes be counted that arrived just behind the stated end.
        await asyncio.sleep(0)
    elif exchange.lost is not None and not (exchange.head and exchange.head.chunked):
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
