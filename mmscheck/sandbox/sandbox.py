"""Both stand-ins together, as an asynchronous context manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from mmscheck.errors import SandboxError
from mmscheck.sandbox.carrier import Phones
from mmscheck.sandbox.control import MAX_BODY_BYTES, Control
from mmscheck.sandbox.events import Chores, Event, EventLog
from mmscheck.sandbox.loopback import Route, Routes, checked_routes
from mmscheck.sandbox.media_host import MediaHost
from mmscheck.sandbox.messages import Sent
from mmscheck.sandbox.provider import JSON_PATH, MAX_CALL_BYTES, PATH, Provider
from mmscheck.sandbox.raw_server import RawServer
from mmscheck.sandbox.ways import Ways
from mmscheck.sandbox.web_server import WebServer


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
        ways: Ways | None = None,
        control_port: int | None = None,
    ) -> None:
        """Prepare, but open nothing yet; raises SandboxError for what cannot be used.

        Ports of 0 take any free one. ``media_dir`` None serves the sample files. ``connect_to`` says where
        the provider finds media hosts, as (host, port, address, port) with an empty host and a port None
        for any; a last port of 0 is the sandbox's own media host. ``on_event`` gets a line for each
        request. ``slow_seconds`` is how long the slow fault takes. ``ways`` are those of the provider; None
        is one that answers at once and never fails. ``control_port`` None runs no control service.
        """
        if not api_key.strip():
            raise SandboxError("the sandbox needs an API key to accept")
        self._host = host
        self._ports = (provider_port, media_port)
        self._api_key = api_key
        self._routes = checked_routes(connect_to)
        self._log = EventLog(on_event)
        media = MediaHost(media_dir, self._log, slow_seconds)
        self._media_server = RawServer("media host", media.handle)
        self._provider: Provider | None = None
        self._provider_server: WebServer | None = None
        self._ways = ways or Ways()
        self._chores = Chores(self._log)
        self._control_port = control_port
        self._control_server: WebServer | None = None

    async def __aenter__(self) -> Self:
        """Start both servers; raises SandboxError when a port cannot be had."""
        if self._provider_server is not None:
            raise SandboxError("this sandbox has been used; make a new one")
        provider_port, media_port = self._ports
        await self._media_server.start(self._host, media_port)
        routes = Routes(routes=self._routes, own_port=self._media_server.port)
        provider = Provider(self._api_key, routes, self._log, self._chores, self._ways)
        self._provider = provider
        self._provider_server = WebServer(
            "provider", provider.handle, max_body=MAX_CALL_BYTES, rejects=provider.mishaps.rejects
        )
        try:
            await self._provider_server.start(self._host, provider_port)
            await self._start_control(provider)
        except SandboxError:
            await self._close()
            raise
        return self

    async def _start_control(self, provider: Provider) -> None:
        if self._control_port is None:
            return
        control = Control(provider.network.phones, provider.mishaps.plan)
        self._control_server = WebServer("control service", control.handle, max_body=MAX_BODY_BYTES)
        await self._control_server.start(self._host, self._control_port)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the servers, end every connection, and drop what was still to come."""
        await self._close()

    async def _close(self) -> None:
        for server in (self._control_server, self._provider_server):
            if server is not None:
                await server.close()
        await self._chores.close()
        await self._media_server.close()

    async def settled(self) -> None:
        """Wait until nothing is being encoded, delivered or posted any more."""
        await self._chores.settled()

    def plan(self, *names: str | None) -> None:
        """Fix what goes wrong with the next calls of the actions that mishaps are for.

        One name of MISHAPS for each call, None for one that goes well; plans go before chances. Raises
        SandboxError for an unknown name, and before the start.
        """
        self._running.mishaps.plan(*names)

    @property
    def provider_url(self) -> str:
        """The address of the XML service."""
        return f"http://{self._authority(self._started.port)}{PATH}"

    @property
    def json_url(self) -> str:
        """The address of the JSON service."""
        return f"http://{self._authority(self._started.port)}{JSON_PATH}"

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
    def phones(self) -> Phones:
        """What each phone received, by mms-id and digest."""
        return self._running.network.phones

    @property
    def control_url(self) -> str | None:
        """The address of the control service, or None when there is none."""
        return (
            None if self._control_server is None else f"http://{self._authority(self._control_server.port)}/"
        )

    @property
    def provider_connections(self) -> int:
        """How many connections the provider accepted, whether or not anything came over them."""
        return 0 if self._provider_server is None else self._provider_server.accepted

    @property
    def _started(self) -> WebServer:
        if self._provider_server is None:
            raise SandboxError("the sandbox has not been started")
        return self._provider_server

    @property
    def _running(self) -> Provider:
        if self._provider is None:
            raise SandboxError("the sandbox has not been started")
        return self._provider

    def _authority(self, port: int) -> str:
        return f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"
