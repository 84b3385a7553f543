"""Requests through the proxy that the user named, and what it means when the proxy fails."""

from __future__ import annotations

from typing import Any

import aiohttp
from yarl import URL

from mmscheck.fetch.exchange import Exchange
from mmscheck.fetch.failure import Failure
from mmscheck.fetch.proxy import Proxy
from mmscheck.fetch.url import Target
from mmscheck.model.observation import Reason

_PASSING = frozenset({502, 503, 504})

Headers = tuple[tuple[str, str], ...]


def request_options(proxy: Proxy | None, target: Target, headers: Headers, user_agent: str) -> dict[str, Any]:
    """How the library is told of ``headers`` and of the proxy.

    The login is for the proxy: it goes with the demand for a tunnel, or where there is none with the request.
    """
    if proxy is None:
        return {"headers": headers}
    url = URL.build(scheme="http", host=proxy.host, port=proxy.port)
    login = () if proxy.authorization is None else (("Proxy-Authorization", proxy.authorization),)
    if target.scheme == "http":
        return {"headers": (*headers, *login), "proxy": url}
    return {"headers": headers, "proxy": url, "proxy_headers": dict((("User-Agent", user_agent), *login))}


def proxy_failure(error: Exception, exchange: Exchange) -> Failure | None:
    """What the proxy did wrong, or None when ``error`` is not of its making."""
    proxy = exchange.route.proxy
    if proxy is None:
        return None
    if isinstance(error, aiohttp.ClientHttpProxyError):
        detail = f"{proxy.text} answered CONNECT with HTTP {error.status} {error.message}".rstrip()
        return Failure(Reason.PROXY_FAILED, detail, transient=error.status in _PASSING)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        # A space behind the URL: redaction would take a mark there for a part of it.
        detail = f"{proxy.text} could not be reached: {error.os_error.strerror or error.os_error}"
        return Failure(Reason.PROXY_FAILED, detail, transient=True)
    if exchange.connected or isinstance(error, aiohttp.ClientConnectorError):
        return None
    return Failure(Reason.PROXY_FAILED, f"{proxy.text} gave no usable answer to CONNECT", transient=True)
