"""A signal that a process was started to ignore (``nohup``, a shell's background job) stops no command."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox, Ways
from tests.support.campaigns import DOCUMENT, bind, named, stored, until, write_recipients
from tests.support.command import PROGRAM, fields, surroundings
from tests.support.raw_provider import ACCEPTED, RawProvider, read_request

IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
DEAF = "trap '' HUP INT TERM; exec \"$@\""
ROOT = Path(__file__).resolve().parents[2]


@contextlib.asynccontextmanager
async def deaf(folder: Path, *arguments: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, started by a shell that ignores all three."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", DEAF, "bash", str(PROGRAM), *map(str, arguments)),
        cwd=folder,
        env=surroundings(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def stop(process: asyncio.subprocess.Process) -> None:
    for number in IGNORED:
        process.send_signal(number)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    return tmp_path


async def test_a_campaign_goes_on(folder: Path) -> None:
    async with Sandbox(ways=Ways(answer_seconds=0.2)) as box:
        mms_id = await stored(box)
        write_recipients(folder / "all.csv", named(30))
        common = fields(mms_id=mms_id, to=None)
        given = ("--recipients", "all.csv", "--in-flight", "2", "--api-url", box.provider_url, *common)
        async with deaf(folder, "send", "sale.xml", *given, "--format", "json") as process:
            await until(lambda: box.phones.total >= 2)
            stop(process)
            out, _ = await asyncio.wait_for(process.communicate(), 180)
        campaign = json.loads(out)["send"]["campaign"]
        assert (process.returncode, campaign["accepted"], campaign["stopped"]) == (0, 30, None)


@pytest.mark.parametrize("command", ["send", "save"])
async def test_a_call_is_waited_for(folder: Path, command: str) -> None:
    reached, stopped = asyncio.Event(), asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        reached.set()
        await stopped.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(ACCEPTED) + ACCEPTED.encode())
        await writer.drain()

    async with RawProvider(late) as provider:
        if more := (fields() if command == "send" else []):
            await bind("100001", at=provider.url)
        async with deaf(folder, command, "sale.xml", "--api-url", provider.url, *more) as process:
            await asyncio.wait_for(reached.wait(), 180)
            stop(process)
            stopped.set()
            out, err = await asyncio.wait_for(process.communicate(), 180)
        assert process.returncode == 0, (out, err)


async def test_a_listener_stays(folder: Path) -> None:
    async with deaf(folder, "postbacks", "--listen", "127.0.0.1:0", "--no-secret") as process:
        assert process.stderr is not None
        await process.stderr.readline()
        port = int((await process.stderr.readline()).decode().split(":")[2].split("/")[0])
        stop(process)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = b"<postback><code>N003</code><mms-id>1</mms-id></postback>"
        writer.write(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert (await asyncio.wait_for(reader.readline(), 60)).split()[1] == b"200"
        writer.close()
        assert process.returncode is None


def test_only_one_place_sets_handlers_of_signals() -> None:
    setting = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "mmscheck").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "add_signal_handler"
    }
    assert setting == {"mmscheck/cli/running.py"}
