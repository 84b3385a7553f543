"""The address that those who run the listener ask whether it is well."""

from __future__ import annotations

import aiohttp
import pytest

from mmscheck.errors import LedgerError
from mmscheck.postbacks import Listener, ListenerLimits, Secret, listening
from tests.postbacks.test_postback_listener import Memory

SECRET = "0123456789abcdef"


async def asked(method: str, path: str, *, broken: bool) -> tuple[int, str]:
    async def healthy() -> None:
        if broken:
            raise LedgerError("the ledger /home/ana/ledger.sqlite3 cannot be read")

    memory, limits = Memory(), ListenerLimits()
    listener = Listener(
        memory,
        secret=Secret(SECRET),
        limits=limits,
        kept=memory.said.append,
        failed=memory.said.append,
        healthy=healthy,
    )
    async with (
        listening(listener, "127.0.0.1", 0, limits) as ((_, port),),
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}") as response,
    ):
        assert memory.kept == []
        return response.status, await response.text()


@pytest.mark.parametrize("broken", [False, True])
async def test_health_is_told_and_nothing_more(broken: bool) -> None:  # noqa: FBT001 - a parameter of the test
    status, text = await asked("GET", "/healthz", broken=broken)
    assert (status, text.strip()) == ((503, "the ledger does not answer") if broken else (200, "ok"))
    assert (await asked("HEAD", "/healthz", broken=broken))[0] == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/healthz/x", 404), ("POST", "/healthz", 404), ("GET", f"/{SECRET}", 405)],
)
async def test_everything_else_is_answered_as_before(method: str, path: str, status: int) -> None:
    assert (await asked(method, path, broken=False))[0] == status
