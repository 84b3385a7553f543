"""Where the stand-in finds a media host: by the given routes, and never beyond this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmscheck.errors import SandboxError
from mmscheck.sandbox.server import is_loopback

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


def checked(routes: Sequence[Route]) -> tuple[Route, ...]:
    """The routes as they are; raises SandboxError for one that leads off this machine."""
    for host, _port, address, target in routes:
        if not is_loopback(_literal(address)):
            raise SandboxError(f"the sandbox dials loopback addresses only; {host} is mapped to {address}")
        if not 0 <= target <= 65535:  # noqa: PLR2004 - the range of TCP ports
            raise SandboxError(f"{host} is mapped to port {target}, which is no port")
    return tuple(routes)


def _literal(host: str) -> str:
    return "127.0.0.1" if host.lower() == "localhost" else host.removeprefix("[").removesuffix("]")
