"""Host names to addresses: each name is looked up once per run and keeps its answer.

A name server that answers with a public address first and a private one later can therefore not
get the second dialled: what was judged is what is dialled.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address

import msgspec

from mmscheck.fetch.failure import Failure
from mmscheck.fetch.guard import Networks
from mmscheck.fetch.policy import ConnectTo, first_match
from mmscheck.fetch.proxy import Proxy, refuse_written
from mmscheck.fetch.url import Target, canonical_host
from mmscheck.model.observation import Reason

Lookup = Callable[[str], Sequence[str]]
"""A host name to its numeric addresses, best first; blocking; raises OSError as getaddrinfo does."""

AT_ONCE = 32
"""Lookups under way at the same time: each needs a thread while the name server thinks."""

_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class Route(msgspec.Struct, frozen=True):
    """The addresses and the port to dial for one target; ``mapped`` when ``connect_to`` chose them.

    With a ``proxy`` they are the proxy's, and ``tunnel`` says that a tunnel through it is wanted.
    """

    addresses: tuple[str, ...]
    port: int
    mapped: bool = False
    proxy: Proxy | None = None
    tunnel: bool = False

    @property
    def resolved(self) -> tuple[str, ...]:
        """The addresses of the target itself; behind a proxy nobody here knows them."""
        return () if self.proxy else self.addresses


def system_lookup(host: str) -> Sequence[str]:
    """Every address the operating system knows for ``host``, also of families not in use here."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class Names:
    """The lookups of one run."""

    def __init__(
        self,
        lookup: Lookup,
        connect_to: tuple[ConnectTo, ...] = (),
        *,
        proxy: Proxy | None = None,
        allowed: Networks = (),
    ) -> None:
        """Ask ``lookup``, after applying ``connect_to``; with a ``proxy`` for its own name alone.

        ``allowed`` are the networks that a URL may name although they are not public.
        """
        self._lookup = lookup
        self._connect_to = connect_to
        self._proxy = proxy
        self._allowed = allowed
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._answers: dict[str, asyncio.Task[tuple[str, ...]]] = {}
        self._admitted: dict[str, Route] = {}

    def admitted(self, target: Target) -> Route | None:
        """The route that was found and judged fit for the same host and port before."""
        return self._admitted.get(_place(target))

    def admit(self, target: Target, route: Route) -> None:
        """Keep ``route``, found fit to be dialled, for the next target on the same host and port."""
        self._admitted[_place(target)] = route

    async def route(self, target: Target) -> Route:
        """Where to dial for ``target``; raises `Failure` when the name has no address."""
        if self._proxy is not None:
            return await self._route_by_proxy(target, self._proxy)
        rule = first_match(self._connect_to, target.host, target.port)
        if rule is None:
            return Route(await self._addresses(target.host), target.port)
        return Route(await self._addresses(rule.to_host), rule.to_port, mapped=True)

    async def aclose(self) -> None:
        """Stop waiting for lookups still under way."""
        for task in self._answers.values():
            task.cancel()
        await asyncio.gather(*self._answers.values(), return_exceptions=True)

    async def _route_by_proxy(self, target: Target, proxy: Proxy) -> Route:
        refuse_written(target, self._allowed)
        try:
            addresses = await self._addresses(proxy.host)
        except Failure as failure:
            detail = f"{proxy.text} could not be reached: {failure.reason.value}"
            raise Failure(Reason.PROXY_FAILED, detail, transient=failure.transient) from failure
        return Route(addresses, proxy.port, proxy=proxy, tunnel=target.scheme == "https")

    async def _addresses(self, host: str) -> tuple[str, ...]:
        with contextlib.suppress(ValueError):
            return (str(ip_address(host)),)
        name = canonical_host(host)
        task = self._answers.get(name)
        if task is None or _may_ask_again(task):
            task = self._answers[name] = asyncio.create_task(self._ask(host))
        # Shielded: one URL that gives up must not take the answer away from its neighbours.
        return await asyncio.shield(task)

    async def _ask(self, host: str) -> tuple[str, ...]:
        async with self._slots:
            try:
                addresses = tuple(await _in_thread(lambda: self._lookup(host)))
            except OSError as error:
                raise _failure(host, error) from error
            except UnicodeError as error:
                raise Failure(Reason.INVALID_URL, f"{host} is not a host name") from error
        if not addresses:
            raise Failure(Reason.DNS_NOT_FOUND, f"{host} has no address")
        return addresses


def _place(target: Target) -> str:
    # The scheme too: only https goes through a proxy in a tunnel.
    return f"{target.scheme}:{target.key}"


def _may_ask_again(task: asyncio.Task[tuple[str, ...]]) -> bool:
    if not task.done():
        return False
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    return isinstance(error, Failure) and error.transient


def _failure(host: str, error: OSError) -> Failure:
    if isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME:
        return Failure(Reason.DNS_NOT_FOUND, host)
    return Failure(Reason.DNS_FAILED, f"{host}: {error.strerror or error}")


async def _in_thread(work: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Run ``work`` in a daemon thread.

    The loop's executor waits at exit for lookups nobody waits for any more, which would make the deadline of
    a check as long as the patience of the slowest name server.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(result: Sequence[str] | None, error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result or ())
        else:
            done.set_exception(error)

    def run() -> None:
        result, problem = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - raised again where the result is awaited
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it whoever asked
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=run, name="mmscheck-lookup", daemon=True).start()
    return await done
