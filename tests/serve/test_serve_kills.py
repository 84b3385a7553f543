"""kill -9 at any moment: no accepted send is lost or made twice, and every job ends or says why."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mmscheck.sandbox import Sandbox, Ways
from tests.serve.test_serve_campaigns import asked as campaign
from tests.serve.test_serve_campaigns import ended
from tests.serve.test_serve_sends import asked, saved
from tests.support.campaigns import numbers, until
from tests.support.launching import Launcher, launching
from tests.support.serving import Client, tokens_file

KILLS = 50
NUMBERS = 60
SEED = 20261130


@contextmanager
def held_port() -> Iterator[int]:
    """A port that is nobody else's meanwhile: bound here without listening, and shared by --reuse-port."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


async def answered(client: Client) -> None:
    """Wait until the service answers."""
    async with asyncio.timeout(120):
        while True:
            try:
                if (await client.get("/readyz")).status == 200:
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


async def sent(client: Client, mms_id: str, number: int) -> tuple[int, Any]:
    """Send to one number under one key, again and again until there is an end."""
    body = asked(mms_id, to=f"1555123{number:04}")
    headers = {"Idempotency-Key": f"order-{number}", "Prefer": "wait=60"}
    while True:
        try:
            answer = await client.post("/v1/send", body, headers=headers)
        except (aiohttp.ClientError, OSError):
            await asyncio.sleep(0.05)
            continue
        if answer.status == 200:
            return 200, answer.json()["send"]
        if answer.status != 202 and answer.problem not in {"draining", "too-many"}:
            return answer.status, answer.json()


async def killed(
    launcher: Launcher, arguments: list[str], client: Client, over: asyncio.Event, seed: int
) -> int:
    """Start the service again and again, and kill it at random; the last one is left running."""
    chance, kills = random.Random(seed), 0
    while kills < KILLS and not over.is_set():
        process = await launcher.begin(arguments)
        await answered(client)
        try:
            async with asyncio.timeout(chance.uniform(0.0, 0.6)):
                await over.wait()
        except TimeoutError:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                raise AssertionError(f"it ended by itself: {await launcher.ended()}") from None
            kills += 1
        else:
            os.kill(process, signal.SIGTERM)
        await launcher.ended()
    return kills


def serve(folder: Path, box: Sandbox, port: int) -> list[str]:
    """The arguments of a service before the sandbox, on a port that is held."""
    (folder / "mmscheck.toml").write_text(
        'allow-net = ["127.0.0.1/32"]\n'
        f'connect-to = ["media.example.com:80:127.0.0.1:{box.media_port}"]\ntimeout = 30.0\n'
    )
    return [
        *("serve", "--listen", f"127.0.0.1:{port}", "--ledger", str(folder / "l.sqlite3"), "--quiet"),
        *("--tokens", str(tokens_file(folder)), "--config", str(folder / "mmscheck.toml")),
        *("--api-url", box.provider_url, "--queue", "200", "--reuse-port"),
    ]


@pytest.mark.long
async def test_kills_at_random_lose_and_double_nothing(tmp_path: Path) -> None:
    (tmp_path / "mmscheck-state").mkdir(exist_ok=True)
    stack = AsyncExitStack()
    async with (
        Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as box,
        aiohttp.ClientSession() as session,
        stack,
    ):
        port = stack.enter_context(held_port())
        arguments = serve(tmp_path, box, port)
        client = Client(session, f"http://127.0.0.1:{port}", "sender", [])
        over = asyncio.Event()
        async with launching(tmp_path) as launcher:
            process = await launcher.begin(arguments)
            await answered(client)
            mms_id = await saved(client)
            os.kill(process, signal.SIGKILL)
            await launcher.ended()
            killing = asyncio.create_task(killed(launcher, arguments, client, over, SEED))
            ends = asyncio.gather(*(sent(client, mms_id, number) for number in range(NUMBERS)))
            kills = 0
            while not ends.done():
                both: set[asyncio.Future[Any]] = {ends, killing}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                if killing.done() and not ends.done():
                    kills += killing.result()
                    process = await launcher.begin(arguments)
                    await ends
                    os.kill(process, signal.SIGTERM)
                    await launcher.ended()
            over.set()
            kills = kills or await killing
    told = await ends
    numbers = [one.to for one in box.sent]
    assert len(numbers) == len(set(numbers)), "a number got it twice"
    for number, (status, end) in enumerate(told):
        reached = f"1555123{number:04}" in numbers
        assert status in {200, 503, 504}, end
        if status == 200:
            assert reached, end
        if status == 503:
            assert not reached, end
    assert kills > 0


async def test_a_campaign_goes_on_after_kills_and_reaches_each_number_once(tmp_path: Path) -> None:
    (tmp_path / "mmscheck-state").mkdir(exist_ok=True)
    to, kills, ways = numbers(80), 3, Ways(answer_seconds=0.05)
    async with (
        Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)], ways=ways) as box,
        aiohttp.ClientSession() as session,
        launching(tmp_path) as launcher,
    ):
        with held_port() as port:
            arguments = serve(tmp_path, box, port)
            client = Client(session, f"http://127.0.0.1:{port}", "sender", [])
            process = await launcher.begin(arguments)
            await answered(client)
            body = campaign(await saved(client), to, in_flight=3)
            taken = await client.post("/v1/campaigns", body, headers={"Idempotency-Key": "spring"})
            place = taken.headers["Location"]
            for kill in range(1, kills + 1):
                await until(lambda enough=kill * 12: len(box.sent) >= enough)  # type: ignore[misc] # its own number
                os.kill(process, signal.SIGKILL)
                await launcher.ended()
                process = await launcher.begin(arguments)
                await answered(client)
            told = await ended(client, place)
            os.kill(process, signal.SIGTERM)
            assert await launcher.ended() == 0
    reached = [one.to for one in box.sent]
    assert len(reached) == len(set(reached)), "a number got it twice"
    result = told["result"]
    assert result["accepted"] + result["recorded"] + result["unknown"] == len(to), told
    assert result["unknown"] <= kills * 3, "only what was in flight at a kill is not known"
    # What is unknown has been called or not; all others have it.
    assert len(to) - result["unknown"] <= len(reached) <= len(to)
    assert told["state"] == ("failed" if result["unknown"] else "done")
