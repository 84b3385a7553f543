from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mmscheck.cli.commands import from_values
from mmscheck.cli.sandbox import WaysOptions, command, read_ways
from mmscheck.sandbox import MISHAPS, Carrier, Encoding, Mishaps, Postbacks, Throttle, Ways
from tests.sandbox.raw_http import exchange, get, medium, response, save_xml, send_xml, slide
from tests.sandbox.receiver import receiving
from tests.support.command import PROGRAM, mmscheck


@asynccontextmanager
async def running(*options: str) -> AsyncIterator[dict[str, int]]:
    """The ports of a sandbox in a process of its own, by name; it must end with Ctrl-C and no complaint."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("sandbox", "--provider-port", "0", "--media-port", "0", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            begun = (await process.stdout.readuntil(b"Ctrl-C")).decode()
        yield {name: int(port) for name, port in re.findall(r"(?m)^(\w+) +http://127.0.0.1:(\d+)/", begun)}
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert process.returncode == 0
    assert b"sandbox stopped" in errors
    assert b"Traceback" not in errors


async def post(port: int, body: str) -> bytes:
    data = body.encode()
    head = f"POST /ep/v1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
    return await exchange(port, head.encode() + data)


def field(answer: bytes, name: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", response(answer).body.decode())
    assert found, answer
    return found[1]


async def test_a_sandbox_in_another_process_encodes_drops_posts_and_counts() -> None:
    options = ("--control-port", "0", "--encode-seconds", "0.4", "--mishap", "close-after=1", "--seed", "7")
    async with (
        receiving() as receiver,
        running(*options, "--postback-url", receiver.url, "--postback-tags", "lower") as ports,
    ):
        audio = f"http://127.0.0.1:{ports['media']}/jingle-small.mp3"
        mms_id = field(await post(ports["provider"], save_xml(slide(medium("audio", audio)))), "mms-id")
        assert await post(ports["provider"], send_xml(mms_id)) == b""
        assert json.loads((await get(ports["control"], "/phones", host="localhost")).body)["total"] == 0
        await receiver.until(1)
        assert await post(ports["provider"], send_xml(mms_id)) == b""
        await receiver.until(3)
        assert receiver.codes == ["N003", "N101", "N102"]
        assert {post.root for post in receiver.posts} == {"postback"}
        (row,) = json.loads((await get(ports["control"], "/phones/14044790000", host="localhost")).body)
        assert (row["mms-id"], row["times"]) == (mms_id, 1)


async def test_a_sandbox_without_options_has_no_ways() -> None:
    async with running() as ports:
        assert set(ports) == {"provider", "media"}
        video = f"http://127.0.0.1:{ports['media']}/clip-small.mp4"
        mms_id = field(await post(ports["provider"], save_xml(slide(medium("video", video)))), "mms-id")
        answers = [await post(ports["provider"], send_xml(mms_id)) for _ in range(20)]
        assert {field(answer, "status") for answer in answers} == {"Success"}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--mishap", "fire=1", "there is no mishap 'fire'"),
        ("--mishap", "close-after", "must be NAME=PROBABILITY"),
        ("--mishap", "close-after=often", "must be NAME=PROBABILITY"),
        ("--mishap", "close-after=2", "must be a probability"),
        ("--postback-url", "http://example.com/", "this machine only"),
        ("--call-gap", "nan", "must be 0 seconds or more"),
        ("--max-rate", "nan", "the rate of calls must be above 0"),
        ("--carrier-bytes", "0", "--carrier-bytes"),
        ("--encode-images", None, "--encode-images needs --encode-seconds"),
    ],
)
async def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, option: str, value: str | None, words: str
) -> None:
    ran = await mmscheck("sandbox", option, *([] if value is None else [value]), cwd=tmp_path)
    assert ran.code == 2
    assert words in ran.err


async def test_the_help_lists_every_mishap(tmp_path: Path) -> None:
    ran = await mmscheck("sandbox", "--help", cwd=tmp_path)
    assert ran.code == 0
    for name, sentence in MISHAPS.items():
        assert re.search(f"{name} +{re.escape(sentence)}", ran.out), name


def ways_of(*arguments: str) -> Ways:
    return read_ways(from_values(WaysOptions, command.make_context("sandbox", [*arguments]).params))


def test_every_option_goes_where_it_belongs() -> None:
    assert ways_of() == Ways()
    assert ways_of(
        *("--answer-seconds", "0.1", "--encode-seconds", "0.2", "--encode-images"),
        *("--carrier-seconds", "0.3", "--carrier-bytes", "4", "--unreachable", "5", "--unreachable", "6"),
        *("--failures", "0.7", "--call-gap", "0.8", "--max-rate", "0.9", "--seed", "10"),
        *("--mishap", "e618=0.11", "--mishap", "garbage=0.12"),
        *("--mishap-action", "saveMMS", "--mishap-action", "deleteMMSID", "--late-seconds", "13"),
        *("--postback-url", "http://[::1]:14/", "--postback-tags", "upper", "--postback-timeout", "15"),
        *("--postback-retry", "16", "--postback-retries", "17", "--postback-duplicates", "0.18"),
        *("--postback-disorder", "0.19", "--postback-loss", "0.2"),
    ) == Ways(
        answer_seconds=0.1,
        encoding=Encoding(seconds=0.2, images=True),
        carrier=Carrier(seconds=0.3, max_bytes=4, unreachable=frozenset({"5", "6"}), failures=0.7, seed=10),
        throttle=Throttle(gap=0.8, rate=0.9),
        mishaps=Mishaps(
            chances={"e618": 0.11, "garbage": 0.12},
            actions=("saveMMS", "deleteMMSID"),
            seed=10,
            late_seconds=13,
        ),
        postbacks=Postbacks(
            url="http://[::1]:14/",
            tags="upper",
            answer_seconds=15,
            retry_seconds=16,
            retries=17,
            duplicates=0.18,
            disorder=0.19,
            loss=0.2,
            seed=10,
        ),
    )
