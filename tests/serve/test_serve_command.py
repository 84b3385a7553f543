"""``mmscheck serve`` as a process: what it says, that it ends well, that it takes its work up again."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from mmscheck.sandbox import Sandbox
from tests.support.command import image, message, mmscheck
from tests.support.serving import GOOD, Client, process, tokens_file

XML = {"Content-Type": "application/xml"}


def configured(folder: Path, box: Sandbox) -> Path:
    """A configuration by which media come from the sandbox."""
    file = folder / "mmscheck.toml"
    file.write_text(
        'allow-net = ["127.0.0.1/32"]\n'
        f'connect-to = ["media.example.com:80:127.0.0.1:{box.media_port}"]\ntimeout = 60.0\n'
    )
    return file


async def test_it_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    async with Sandbox() as box:
        config = configured(tmp_path, box)
        async with (
            process(tmp_path, "--config", config, "--ledger", tmp_path / "l.sqlite3") as service,
            aiohttp.ClientSession() as session,
        ):
            client = Client(session, service.url, None, [])
            answer = await client.post("/v1/check", data=GOOD, headers=XML)
            assert (answer.status, answer.json()["verdict"]) == (200, "permit")
            assert await service.end() == 0
        logged = [json.loads(line) for line in service.lines if line.startswith("{")]
        assert {"request", "job"} == {line["event"] for line in logged}
        assert service.lines[-1] == "served"
        assert (tmp_path / "l.sqlite3.serve").stat().st_mode & 0o777 == 0o600


async def test_what_runs_when_it_is_told_to_end_is_answered(tmp_path: Path) -> None:
    slow = message(image("slow/photo-small.jpg")).encode()
    async with Sandbox(slow_seconds=3.0) as box:
        config = configured(tmp_path, box)
        async with process(tmp_path, "--config", config) as service, aiohttp.ClientSession() as session:
            client = Client(session, service.url, None, [])
            asked = asyncio.create_task(client.post("/v1/check", data=slow, headers=XML))
            while '"/v1/check"' not in (await client.get("/metrics")).text and not asked.done():
                if "mmscheck_jobs_running 1" in (await client.get("/metrics")).text:
                    break
            code = await service.end()
            answer = await asked
        assert code == 0
        assert answer.json()["version"] == 1


async def test_a_job_that_was_taken_is_done_by_the_next_process(tmp_path: Path) -> None:
    slow = message(image("slow/photo-small.jpg")).encode()
    async with Sandbox(slow_seconds=2.0) as box:
        config = configured(tmp_path, box)
        given = ("--config", config, "--ledger", tmp_path / "l.sqlite3")
        async with process(tmp_path, *given) as service, aiohttp.ClientSession() as session:
            client = Client(session, service.url, None, [])
            later = {**XML, "Prefer": "respond-async"}
            places = [
                (await client.post("/v1/check", data=slow, headers=later)).headers["Location"]
                for _ in range(3)
            ]
            assert await service.end(signal.SIGKILL) == -signal.SIGKILL
        async with process(tmp_path, *given) as service, aiohttp.ClientSession() as session:
            client = Client(session, service.url, None, [])
            for place in places:
                events = (await client.get(f"{place}/events")).text
                assert "event: done" in events, events
                report = await client.get(place.replace("jobs", "checks"))
                assert report.json()["version"] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--listen", "nowhere"), "must be HOST:PORT"),
        (("--listen", "0.0.0.0:0"), "without --tokens"),
        (("--tokens", "missing.toml"), "cannot be read"),
        (("--cors", "*"), "expected an origin"),
        (("--listen", "127.0.0.1:TAKEN"), "nobody can listen on 127.0.0.1:TAKEN: Address already in use"),
    ],
)
async def test_what_cannot_be_served_is_told(arguments: tuple[str, ...], told: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [argument.replace("TAKEN", port) for argument in arguments]
        ran = await mmscheck("serve", *given, cwd=tmp_path)
    assert (ran.code, told.replace("TAKEN", port) in ran.err) == (2, True), ran.err


async def test_tokens_and_their_file_are_spared(tmp_path: Path) -> None:
    file = tokens_file(tmp_path)
    ran = await mmscheck("serve", "--tokens", file, "--ledger", file, cwd=tmp_path)
    assert (ran.code, "this would overwrite" in ran.err) == (2, True), ran.err
