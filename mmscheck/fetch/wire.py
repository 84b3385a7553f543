"""Sockets, connections and sessions: guarded when they are made, listened to while they are used."""

from __future__ import annotations

import errno
import functools
import socket
import ssl
from collections.abc import Sequence
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import AddrInfoType
from yarl import URL

from mmscheck.fetch.exchange import CURRENT, Exchange
from mmscheck.fetch.guard import Networks, classify
from mmscheck.fetch.policy import FetchPolicy
from mmscheck.fetch.proxy import Proxy
from mmscheck.fetch.url import Target
from mmscheck.model.observation import Certificate

_LINE_LIMIT = 64 * 1024


class AddressDeniedError(OSError):
    """A socket was asked for with an address that may not be dialled."""


def open_session(policy: FetchPolicy, connector: GuardedConnector) -> aiohttp.ClientSession:
    """A session that asks as the provider would, remembers nothing and repeats nothing by itself."""
    session = aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": policy.user_agent, "Accept": "*/*", "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(),
        auto_decompress=False,
        trust_env=False,
        # Exchange.feed sets the limit, so that a large head gets a reason of its own.
        max_line_size=_LINE_LIMIT,
        max_field_size=_LINE_LIMIT,
        max_headers=_LINE_LIMIT,
    )
    # Every request made must be counted. The library has no public way to keep it from repeating a GET by
    # itself but a middleware around each request; should this one go away, nothing is fetched.
    if not hasattr(session, "_retry_connection"):
        raise RuntimeError("the HTTP library cannot be kept from repeating requests")
    session._retry_connection = False  # noqa: SLF001 - see above
    return session


def request_options(
    proxy: Proxy | None, target: Target, headers: tuple[tuple[str, str], ...], user_agent: str
) -> dict[str, Any]:
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


def exact_url(target: Target) -> URL:
    """The URL as it is to be asked for, to the letter."""
    # Given in parts and as encoded, nothing is decoded, reordered or dropped (as an empty query else is).
    return URL.build(scheme=target.scheme, authority=target.authority, path=target.path, encoded=True)


class TappedHandler(ResponseHandler):
    """The library's protocol, telling the current `Exchange` what goes by."""

    _exchange: Exchange | None = None
    _certificate: Certificate | None = None

    @property
    def should_close(self) -> bool:
        """Whether the connection ends with this response; asked when the response is over."""
        exchange = self._exchange
        return super().should_close or exchange is None or exchange.spoiled or not exchange.keep()

    def set_response_params(self, **params: Any) -> None:
        """Bind the connection to the exchange of the task that is about to send on it."""
        exchange = CURRENT.get()
        if exchange.route.tunnel and not (self.transport and self.transport.get_extra_info("ssl_object")):
            # This connection carries CONNECT: what the proxy answers is no answer about the file.
            super().set_response_params(**params)
            return
        exchange.reused = self._exchange is not None
        exchange.connected = True
        peer = self.transport.get_extra_info("peername") if self.transport else None
        exchange.dialled = peer[0] if peer else exchange.dialled
        if self._certificate is None and self.transport is not None:
            self._certificate = shortest(self.transport.get_extra_info("ssl_object"))
        exchange.certificate = self._certificate
        self._exchange = exchange
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        """Note the bytes, and pass on those that belong to the response."""
        exchange = self._exchange
        if exchange is None or not data:
            super().data_received(data)
            return
        passed = exchange.feed(data)
        if passed:
            super().data_received(passed)
        if self.transport is None:
            return
        if exchange.broken:
            self.transport.abort()
        elif exchange.excess and (self._payload is None or self._payload.is_eof()):
            # Perhaps back in the pool already, where nothing else would stop it from being used again.
            self.transport.close()

    def eof_received(self) -> None:
        """Note that the server closed its side in good order."""
        if self._exchange is not None:
            self._exchange.ended = True
        super().eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note how the connection ended: the library takes a reset for a clean end in some cases."""
        if self._exchange is not None and isinstance(exc, Exception):
            self._exchange.lost = exc
        payload = self._payload
        super().connection_lost(exc)
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            # After a chunk that it cannot read, the library forgets to tell whoever waits for more.
            payload.set_exception(aiohttp.ClientPayloadError("the body is not well formed"))


class RouteResolver(AbstractResolver):
    """Answers with the addresses that were looked up and judged before the request was begun."""

    async def resolve(
        self,
        host: str,
        port: int = 0,  # noqa: ARG002 - the library's signature
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        """The route of the current exchange; name and port are those of the URL and need no reading."""
        route = CURRENT.get().route
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=route.port,
                family=family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in route.addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


class GuardedConnector(aiohttp.TCPConnector):
    """Connections to allowed addresses only, each with a tap."""

    def __init__(self, allowed: Networks, context: ssl.SSLContext | None) -> None:
        """Let through public addresses and ``allowed``; ``context`` instead of the default trust."""
        resolver = RouteResolver()
        super().__init__(
            resolver=resolver,
            use_dns_cache=False,
            limit=0,
            socket_factory=functools.partial(open_socket, allowed),
            ssl=context or True,
        )
        self._routes = resolver
        # The library offers no public way to choose the protocol; should it go away, every
        # fetch ends as an internal error and none as a file.
        self._factory = functools.partial(  # type: ignore[assignment] # inferred there as one class only
            TappedHandler, loop=self._loop
        )

    async def _resolve_host(
        self,
        host: str,
        port: int,
        traces: Sequence[Any] | None = None,  # noqa: ARG002 - the library's signature
    ) -> list[ResolveResult]:
        # The original skips the resolver for numeric hosts, which connect_to may map as well.
        return await self._routes.resolve(host, port)


def open_socket(allowed: Networks, info: AddrInfoType) -> socket.socket:
    """The one place where sockets are made; raises `AddressDeniedError` for a denied address."""
    family, kind, protocol, _, address = info
    host = str(address[0])
    why = _why_not(host, address[1], allowed)
    if why is not None:
        raise AddressDeniedError(errno.EACCES, f"{host} is {why}")
    CURRENT.get().dialled = host
    return socket.socket(family, kind, protocol)


def _why_not(host: str, port: int, allowed: Networks) -> str | None:
    exchange = CURRENT.get(None)
    if exchange is None or exchange.route.proxy is None:
        return classify(host, allowed)
    is_proxy = host in exchange.route.addresses and port == exchange.route.port
    return None if is_proxy else "not the proxy that was named"


def shortest(connection: Any) -> Certificate | None:
    """Of the certificates that were verified the one that ends first; that of the authority is not counted.

    None where the connection has none to show.
    """
    own = connection.getpeercert() if connection is not None else None
    if not own:
        return None
    # Public from Python 3.13 on as encoded bytes; the parsed form has been in this place since 3.10.
    read = getattr(getattr(connection, "_sslobj", None), "get_verified_chain", None)
    chain = [item.get_info() for item in (read() if read else None) or () if hasattr(item, "get_info")]
    infos = [own, *chain[1:-1]]
    place = min(range(len(infos)), key=lambda at: ssl.cert_time_to_seconds(infos[at]["notAfter"]))
    return Certificate(
        begins=ssl.cert_time_to_seconds(infos[place]["notBefore"]),
        ends=ssl.cert_time_to_seconds(infos[place]["notAfter"]),
        intermediate=place > 0,
    )
