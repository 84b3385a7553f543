"""Both stand-ins together, as an asynchronous context manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from mmscheck.errors import SandboxError
from mmscheck.sandbox.events import Event, EventLog
from mmscheck.sandbox.media_host import MediaHost
from mmscheck.sandbox.provider import MAX_CALL_BYTES, PATH, Provider
from mmscheck.sandbox.routes import Route, Routes, checked
from mmscheck.sandbox.server import LoopbackServer
from mmscheck.sandbox.store import Sent


class Sandbox:
    """A provider and a media host on this machine, for as long as the context lasts.

    Nothing outside this machine is ever dialled, and no name is looked up. Use one object once.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        provider_port: int = 0,
        media_port: int = 0,
        api_key: str = "sandbox-key",
        media_dir: Path | None = None,
        connect_to: Sequence[Route] = (),
        on_event: Callable[[str], None] | None = None,
        slow_seconds: float = 30.0,
    ) -> None:
        """Prepare, but open nothing yet; raises SandboxError for what cannot be used.

        Ports of 0 take any free one. ``media_dir`` None serves the sample files. ``connect_to`` says where
        the provider finds media hosts, as (host, port, address, port) with an empty host and a port None
        for any; a last port of 0 is the sandbox's own media host. ``on_event`` gets a line for each
        request. ``slow_seconds`` is how long the slow fault takes.
        """
        if not api_key.strip():
            raise SandboxError("the sandbox needs an API key to accept")
        self._host = host
        self._ports = (provider_port, media_port)
        self._api_key = api_key
        self._routes = checked(connect_to)
        self._log = EventLog(on_event)
        media = MediaHost(media_dir, self._log, slow_seconds)
        self._media_server = LoopbackServer("media host", media.handle)
        self._provider: Provider | None = None
        self._provider_server: LoopbackServer | None = None

    async def __aenter__(self) -> Self:
        """Start both servers; raises SandboxError when a port cannot be had."""
        if self._provider_server is not None:
            raise SandboxError("this sandbox has been used; make a new one")
        provider_port, media_port = self._ports
        await self._media_server.start(self._host, media_port)
        routes = Routes(routes=self._routes, own_port=self._media_server.port)
        self._provider = Provider(self._api_key, routes, self._log)
        self._provider_server = LoopbackServer("provider", self._provider.handle, max_body=MAX_CALL_BYTES)
        try:
            await self._provider_server.start(self._host, provider_port)
        except SandboxError:
            await self._media_server.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both servers and end every connection."""
        if self._provider_server is not None:
            await self._provider_server.close()
        await self._media_server.close()

    @property
    def provider_url(self) -> str:
        """The address of the XML service."""
        return f"http://{self._authority(self._started.port)}{PATH}"

    @property
    def media_port(self) -> int:
        """The port of the media host."""
        return self._media_server.port

    @property
    def media_url(self) -> str:
        """The address of the media host, where file and fault paths begin."""
        return f"http://{self._authority(self.media_port)}/"

    @property
    def events(self) -> list[Event]:
        """What was asked of both servers, oldest first."""
        return self._log.events

    @property
    def sent(self) -> list[Sent]:
        """The sends the provider accepted, oldest first."""
        return [] if self._provider is None else self._provider.store.sent

    @property
    def provider_connections(self) -> int:
        """How many connections the provider accepted, whether or not anything came over them."""
        return 0 if self._provider_server is None else self._provider_server.connections

    @property
    def _started(self) -> LoopbackServer:
        if self._provider_server is None:
            raise SandboxError("the sandbox has not been started")
        return self._provider_server

    def _authority(self, port: int) -> str:
        return f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
