"""This machine and nothing else: which addresses and routes are taken, and the bounds of all servers."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from mmscheck.errors import SandboxError

MAX_CONNECTIONS = 256
"""Connections open at once; for one more, the one that has been longest without a whole request goes."""

IDLE_SECONDS = 15.0
"""Longest wait for a whole request, counted from the end of the one before."""

LINGER_SECONDS = 2.0
"""How long the rest of a refused request is read and thrown away."""

MAX_HEAD_BYTES = 16_384
"""Request line and headers together; servers in use take 8 to 16 KiB."""

SERVER = "mmscheck-sandbox"
"""What the servers call themselves."""

Route = tuple[str, int | None, str, int]
"""Host, port, address, port, as in curl's --connect-to: an empty host and a port None match any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The routes in order of precedence; a target port of 0 stands for ``own_port``."""

    routes: tuple[Route, ...]
    own_port: int

    def find(self, host: str, port: int) -> tuple[str, int] | None:
        """The loopback address and port to dial, or None when the host is not on this machine.

        No name is ever looked up: a name that no route maps is nowhere.
        """
        for route_host, route_port, address, target in self.routes:
            if route_host.lower() in {"", host.lower()} and route_port in {None, port}:
                return _literal(address), target or self.own_port
        literal = _literal(host)
        return (literal, port) if is_loopback(literal) else None


def checked_routes(routes: Sequence[Route]) -> tuple[Route, ...]:
    """The routes as they are; raises SandboxError for one that leads off this machine."""
    for host, _port, address, target in routes:
        if not is_loopback(_literal(address)):
            raise SandboxError(f"the sandbox dials loopback addresses only; {host} is mapped to {address}")
        if not 0 <= target <= 65535:  # noqa: PLR2004 - the range of TCP ports
            raise SandboxError(f"{host} is mapped to port {target}, which is no port")
    return tuple(routes)


def is_loopback(address: str) -> bool:
    """Whether this is a literal loopback address; names are not looked up."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _literal(host: str) -> str:
    return "127.0.0.1" if host.lower() == "localhost" else host.removeprefix("[").removesuffix("]")


async def listen(
    name: str, host: str, port: int, start: Callable[[], Awaitable[asyncio.Server]]
) -> tuple[asyncio.Server, int]:
    """The server that ``start`` makes on this loopback address, and its port; raises SandboxError.

    ``name`` is for error texts; port 0 takes any free one.
    """
    if not is_loopback(host):
        raise SandboxError(f"the {name} listens on loopback addresses only, and {host} is none")
    try:
        server = await start()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SandboxError(f"the {name} cannot listen on {host} port {port}: {reason}") from None
    return server, server.sockets[0].getsockname()[1]


class Connections:
    """The open connections of one server; ``accepted`` counts every one there was."""

    def __init__(self, rejects: Callable[[], bool] | None = None) -> None:
        """``rejects`` is asked at each connection whether to close it with nothing read."""
        self._rejects = rejects
        self._open: set[asyncio.WriteTransport] = set()
        self._waiting: dict[asyncio.WriteTransport, None] = {}
        self.accepted = 0

    def admit(self, transport: asyncio.WriteTransport) -> bool:
        """Take a new connection in, cutting another one where all places are taken; or cut it: False."""
        self.accepted += 1
        if self._rejects is not None and self._rejects():
            transport.abort()
            return False
        if len(self._open) >= MAX_CONNECTIONS:
            # Whoever opens connections and says nothing keeps nobody out.
            slowest = next(iter(self._waiting), transport)
            slowest.abort()
            if slowest is transport:
                return False
            self.forget(slowest)
        self._open.add(transport)
        self._waiting[transport] = None
        return True

    def asked(self, transport: asyncio.WriteTransport) -> None:
        """A whole request is here: from now on the connection is being answered, and stays."""
        self._waiting.pop(transport, None)

    def answered(self, transport: asyncio.WriteTransport) -> None:
        """The connection waits for its next request."""
        if transport in self._open:
            self._waiting[transport] = None

    def forget(self, transport: asyncio.WriteTransport) -> None:
        """The connection has ended."""
        self._open.discard(transport)
        self._waiting.pop(transport, None)
