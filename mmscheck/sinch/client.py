"""The one POST: a permit in, the answer out, and never a second try.

What cannot be known is ``unknown``; only a connection that was never made is ``not-attempted``. Which of
the two an exception means is not guessed from its type but from how far the connection had come.
"""

from __future__ import annotations

import math
import os
import ssl
import time
from dataclasses import dataclass, field

import aiohttp
import yarl

from mmscheck.errors import PermitError, UsageError
from mmscheck.model.request import SendRequest
from mmscheck.model.send import SendResult
from mmscheck.model.verdict import Permit
from mmscheck.sinch.address import provider_url
from mmscheck.sinch.answers import MAX_ANSWER_BYTES, parse_answer
from mmscheck.sinch.documents import request_xml
from mmscheck.sinch.failures import Stage, broken_off
from mmscheck.sinch.outcome import judge

DEFAULT_API_URL = "https://api.ci.mblox.com/ep/v1/"
"""The XML service (Sinch XML API introduction, 2021)."""

_HEADERS = {
    "Content-Type": "text/xml; charset=utf-8",
    "Accept": "text/xml, application/xml",
    "Accept-Encoding": "identity",
    "User-Agent": "mmscheck",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SinchClient:
    """A caller of the XML service; holds the key, and shows it nowhere.

    ``timeout`` is seconds for the whole exchange; ``ca_file`` names certificates (PEM) that are trusted
    beside the system's. Raises UsageError for an unusable address, key, time or file.
    """

    api_key: str = field(repr=False)
    api_url: str = DEFAULT_API_URL
    timeout: float = 30.0
    ca_file: str | os.PathLike[str] | None = None
    _url: yarl.URL = field(init=False, repr=False, compare=False)
    _tls: ssl.SSLContext = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse now what would otherwise be found out after a permit is spent."""
        _usable_key(self.api_key)
        if not (math.isfinite(self.timeout) and self.timeout > 0):
            raise UsageError(f"the provider's time limit must be above 0 seconds, not {self.timeout}")
        object.__setattr__(self, "_url", provider_url(self.api_url))
        object.__setattr__(self, "_tls", _trust(self.ca_file))

    async def send_saved_mms(
        self, permit: Permit, request: SendRequest, now: float | None = None
    ) -> SendResult:
        """Spend the permit on this request and make exactly one POST.

        ``now`` is seconds since the epoch, by default the clock. Raises UsageError when the request cannot
        be written as XML and PermitError when the permit does not allow it; then no socket was opened.
        Cancelling this leaves the outcome unknown.
        """
        # A look-alike's redeem() would prove nothing.
        if type(permit) is not Permit:
            raise PermitError("a send needs a permit from the gate")
        document = request_xml(request, self.api_key)
        permit.redeem(request.digest, time.time() if now is None else now)
        stage = Stage()
        try:
            http_status, body = await self._post(document, stage)
        except Exception as error:  # noqa: BLE001 - raising would invite a second try of what may have been sent
            return broken_off(error, stage, self.timeout, self.api_key)
        return judge(parse_answer(body), http_status, request, self.api_key)

    async def _post(self, document: bytes, stage: Stage) -> tuple[int, bytes]:
        """One request on a connection of its own; the status and at most one byte more than is allowed."""
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=1, force_close=True, happy_eyeballs_delay=None)
        async with (
            aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self.timeout, sock_connect=self.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                trace_configs=[stage.tracing()],
            ) as session,
            session.post(self._url, data=document, headers=_HEADERS, allow_redirects=False) as response,
        ):
            return response.status, await _capped(response)


async def _capped(response: aiohttp.ClientResponse) -> bytes:
    parts = bytearray()
    async for part in response.content.iter_chunked(MAX_ANSWER_BYTES):
        parts += part
        if len(parts) > MAX_ANSWER_BYTES:
            break
    return bytes(parts[: MAX_ANSWER_BYTES + 1])


def _usable_key(key: str) -> None:
    """Refuse a key that is no key, in words that do not repeat it."""
    if not key.strip():
        raise UsageError("the API key is empty")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError("the API key holds white space, control or non-ASCII characters")


def _trust(ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(ca_file)
    except ssl.SSLError:
        raise UsageError(f"{os.fspath(ca_file)}: holds no certificate in PEM form") from None
    except OSError as error:
        raise UsageError(f"{os.fspath(ca_file)}: cannot be read: {error.strerror}") from None
    return context
