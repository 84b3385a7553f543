"""POSTs to the provider: where it is, each on a connection of its own, and what it means when one breaks off.

A connection is never used again: what breaks off on one that stood before says nothing about whether the
request was read, while one that was never made certainly carried nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
from collections.abc import Mapping
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
import yarl

from mmscheck.base.redact import redact_url
from mmscheck.errors import UsageError
from mmscheck.model.request import CallKind, SendResult, SendStatus
from mmscheck.sinch.answers import MAX_ANSWER_BYTES
from mmscheck.sinch.outcome import tidy, unknown


def provider_url(text: str) -> yarl.URL:
    """The parsed address; raises UsageError for anything but plain https, or http on this machine.

    The key is an element of the document, so over http it would travel in clear.
    """
    shown = ascii(redact_url(text))
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
        url = yarl.URL(text)
    except ValueError:
        raise UsageError(f"the provider's address {shown} is not a URL") from None
    if parts.scheme not in {"http", "https"} or not host or not text.isascii():
        raise UsageError(f"the provider's address {shown} is not an http or https URL with a host")
    if "@" in parts.netloc or parts.fragment or any(character.isspace() for character in text):
        raise UsageError(f"the provider's address {shown} must not hold user, fragment or white space")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(f"the provider's address {shown} must be https: the API key would travel in clear")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ConnectionStage:
    """How far one exchange has come; aiohttp's own trace signals move it on.

    A connection counts as never made only when it was seen to begin and was not seen to stand, so that a
    signal that fails to come can only make an outcome more uncertain.
    """

    def __init__(self) -> None:
        """Nothing has begun."""
        self._began = False
        self._stands = False

    @property
    def never_connected(self) -> bool:
        """Whether it is certain that no byte of the request was written."""
        return self._began and not self._stands

    def begin(self) -> None:
        """A connection is about to be made."""
        self._began = True

    def stand(self) -> None:
        """The connection stands, or more than that."""
        self._stands = True


def tracing() -> aiohttp.TraceConfig:
    """The trace configuration that reports each request to the stage given as its ``trace_request_ctx``."""
    config = aiohttp.TraceConfig()
    config.on_connection_create_start.append(_begin)
    config.on_connection_create_end.append(_stand)
    config.on_connection_reuseconn.append(_stand)
    config.on_request_headers_sent.append(_stand)
    return config


async def _begin(_session: object, given: SimpleNamespace, _signal: object) -> None:
    given.trace_request_ctx.begin()


async def _stand(_session: object, given: SimpleNamespace, _signal: object) -> None:
    given.trace_request_ctx.stand()


def broken_off(
    error: Exception, stage: ConnectionStage, timeout: float, api_key: str, call: CallKind
) -> SendResult:
    """The result of a call that ended in this exception; ``timeout`` is in seconds."""
    why = tidy(why_broken_off(error, stage, timeout), api_key)
    if stage.never_connected:
        return SendResult(
            status=SendStatus.NOT_ATTEMPTED,
            detail=f"The provider was never reached: {why}. Nothing was {call.done}.",
        )
    return unknown(call, f"The request was on its way when {why}.")


def why_broken_off(error: Exception, stage: ConnectionStage, timeout: float) -> str:
    """What ended an exchange before its answer, as a clause; ``timeout`` is in seconds."""
    return _unreached(error, timeout) if stage.never_connected else _interrupted(error, timeout)


def _unreached(error: Exception, timeout: float) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            problem = error.certificate_error
            return f"the TLS certificate of {error.host} is not valid ({_certificate(problem)})"
        case aiohttp.ClientConnectorSSLError():
            return f"the TLS handshake with {error.host} failed"
        case aiohttp.ClientConnectorDNSError():
            return f"the host name {error.host} could not be looked up"
        case aiohttp.ClientConnectorError():
            return f"no connection to {error.host}:{error.port} ({_system(error)})"
        case TimeoutError():
            return f"no connection within {timeout:g} seconds"
        case _:
            return f"no connection ({type(error).__name__})"


def _system(error: OSError) -> str:
    """The system's own words for an error number; what asyncio puts into strerror is not them."""
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__


def _certificate(problem: Exception) -> str:
    return str(getattr(problem, "verify_message", "") or type(problem).__name__)


def _interrupted(error: Exception, timeout: float) -> str:
    match error:
        case TimeoutError():
            return f"the time limit of {timeout:g} seconds passed"
        case aiohttp.ClientPayloadError():
            return "the answer broke off"
        case aiohttp.ClientResponseError():
            return "something that is not HTTP came back"
        case aiohttp.ClientConnectionError() | OSError():
            return "the connection was closed before an answer came"
        case _:
            return f"the answer could not be taken in ({type(error).__name__})"


_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "mmscheck"}


class Transport:
    """Makes POSTs to one address; while it is open they share a session, else each has one."""

    def __init__(
        self, url: yarl.URL, tls: ssl.SSLContext, timeout: float, headers: Mapping[str, str]
    ) -> None:
        """``timeout`` is seconds for one whole exchange; ``headers`` say what is posted and taken."""
        self._url = url
        self._headers = {**_HEADERS, **headers}
        self._tls = tls
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._users = 0

    async def open(self) -> None:
        """Share a session from now on, until ``close`` has been called as often as this."""
        if self._session is None:
            self._session, self._loop = self._new(), asyncio.get_running_loop()
        self._users += 1

    async def close(self) -> None:
        """Share no session any more; the outcome of what is still on its way in it is unknown."""
        self._users -= 1
        if not self._users and self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def post(self, document: bytes, stage: ConnectionStage, longest: int) -> tuple[int, bytes]:
        """One request; its status and at most one byte more of the answer than ``longest``."""
        if self._session is not None and self._loop is asyncio.get_running_loop():
            return await self._exchange(self._session, document, stage, longest)
        async with self._new() as session:
            return await self._exchange(session, document, stage, longest)

    def _new(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0, force_close=True, happy_eyeballs_delay=None)
        return aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            trace_configs=[tracing()],
        )

    async def _exchange(
        self, session: aiohttp.ClientSession, document: bytes, stage: ConnectionStage, longest: int
    ) -> tuple[int, bytes]:
        asked = session.post(
            self._url, data=document, headers=self._headers, allow_redirects=False, trace_request_ctx=stage
        )
        async with asked as response:
            return response.status, await _capped(response, longest)


async def _capped(response: aiohttp.ClientResponse, longest: int) -> bytes:
    parts = bytearray()
    async for part in response.content.iter_chunked(MAX_ANSWER_BYTES):
        parts += part
        if len(parts) > longest:
            break
    return bytes(parts[: longest + 1])
