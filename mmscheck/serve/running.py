"""Everything of a service put together, for as long as a block runs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType

import msgspec

from mmscheck.errors import UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.ledger import open_ledger
from mmscheck.ledger.where import place_of
from mmscheck.ruleset import Config
from mmscheck.serve.answers import Parts
from mmscheck.serve.calls import Caller
from mmscheck.serve.campaigns import Campaigns
from mmscheck.serve.checker import Checker, Done
from mmscheck.serve.clients import Clients, keys_of
from mmscheck.serve.courier import Courier
from mmscheck.serve.doing import Doer
from mmscheck.serve.door import Door, is_loopback
from mmscheck.serve.jobs import Jobs
from mmscheck.serve.lane import open_lane
from mmscheck.serve.listening import listening
from mmscheck.serve.metrics import Metrics
from mmscheck.serve.notify import Target
from mmscheck.serve.route_table import NEEDED
from mmscheck.serve.service import Log, Service
from mmscheck.serve.settings import Caps
from mmscheck.serve.store import Store
from mmscheck.serve.tokens import Right, Tokens
from mmscheck.serve.traces import tracing
from mmscheck.serve.words import Problem
from mmscheck.serve.work import Row


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a service is started with.

    ``where`` is the ledger's address. ``tokens`` None: only this machine may come, and nobody sends.
    ``hosts`` and ``origins`` are for ``Door``. Without ``clients`` no calls are made. With ``reuse_port``
    several processes share the port. ``notify`` are the places that are told.
    """

    host: str
    port: int
    where: str | None
    config: Config
    policy: FetchPolicy
    tokens: Tokens | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    clients: Clients = MappingProxyType({})
    require_approval: bool = False
    reuse_port: bool = False
    notify: tuple[Target, ...] = ()
    caps: Caps = Caps()


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A service that listens at these addresses; ``sends`` tells whether it can call the provider."""

    addresses: tuple[tuple[str, int], ...]
    shown: str
    sends: bool


@asynccontextmanager
async def running(setup: Setup, log: Log) -> AsyncIterator[Running]:
    """Serve while the block runs; afterwards nothing new is begun, and what runs has its time to end.

    Raises UsageError for what cannot be served, LedgerError where the ledger or the jobs cannot be kept.
    """
    if setup.tokens is None and not is_loopback(setup.host):
        raise UsageError(
            f"without --tokens only this machine may come: listen on 127.0.0.1, not on {setup.host}"
        )
    rights = frozenset[Right]() if setup.tokens is None else setup.tokens.rights
    clients = setup.clients if Right.SEND in rights else {}
    place = place_of(setup.where)
    async with AsyncExitStack() as stack:
        traces = await stack.enter_async_context(tracing(os.environ, log))
        ledger = None
        if rights & {Right.SEND, Right.HOLD, Right.APPROVE}:
            secrets = keys_of(clients)
            ledger = await stack.enter_async_context(await open_ledger(setup.where, secrets=secrets))
        elif place.file is not None:
            place.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = keys_of(setup.clients)
        lane = await open_lane(place)
        store = Store(lane, known=known)
        stack.push_async_callback(store.close)
        metrics = Metrics()
        checker = await stack.enter_async_context(
            Checker(setup.config, setup.policy, slots=setup.caps.slots, on_inspected=metrics.decoded)
        )
        calls, campaigns = None, None
        if clients and ledger is not None:
            for client in clients.values():
                await stack.enter_async_context(client)
            calls = await stack.enter_async_context(
                Caller(
                    clients=clients,
                    ledger=ledger,
                    config=setup.config,
                    policy=setup.policy,
                    require_approval=setup.require_approval,
                )
            )
            campaigns = Campaigns(
                clients=clients,
                ledger=ledger,
                store=store,
                checker=checker,
                config=setup.config,
                policy=setup.policy,
                require_approval=setup.require_approval,
            )

        courier = await stack.enter_async_context(Courier(lane, setup.notify, ledger))

        async def ended(row: Row, done: Done | None, problem: Problem | None, seconds: float) -> None:
            metrics.ended(row.kind, done, seconds)
            await courier.ended(row, done, problem)
            log(
                {
                    "event": "job",
                    "job": row.id,
                    "kind": row.kind.value,
                    "token": row.owner,
                    "ms": round(seconds * 1000, 1),
                    "verdict": None if done is None else done.outcome.verdict,
                    "status": None if done is None or done.send is None else done.send.status.value,
                    "problem": None if problem is None else problem.type.rpartition(":")[2],
                }
            )

        door = Door(
            tokens=setup.tokens,
            hosts=setup.hosts,
            origins=setup.origins,
            loopback=is_loopback(setup.host),
        )
        doer = Doer(
            store,
            checker,
            calls,
            campaigns,
            setup.caps,
            may=lambda name, kind: door.has(name, NEEDED[kind]),
        )
        jobs = await stack.enter_async_context(Jobs(store, doer, setup.caps, ended=ended, tracing=traces))
        parts = Parts(
            store=store,
            checker=checker,
            jobs=jobs,
            caps=setup.caps,
            config=setup.config,
            metrics=metrics,
            ledger=ledger,
            calls=calls,
            campaigns=campaigns,
            require_approval=setup.require_approval,
            tracing=traces,
        )
        service = Service(parts, door, log)
        addresses = await stack.enter_async_context(
            listening(service.answer, setup.host, setup.port, setup.caps, reuse_port=setup.reuse_port)
        )
        try:
            yield Running(addresses=addresses, shown=place.shown, sends=calls is not None)
        finally:
            # First the jobs: whoever waits for one gets its end before the sockets are closed.
            await jobs.drain()
