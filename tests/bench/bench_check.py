"""What a check costs beside the network: run ``python tests/bench/bench_check.py``; prints ratios.

(a) One message with 16 media on 16 loopback hosts that each wait 300 ms before they answer: what the check
    adds to the slowest answer.
(b) 1,000 images in one run, header and type checks, beside aiohttp fetching the same bytes and doing nothing,
    in turn, in the same run. The server is a process of its own.
"""

from __future__ import annotations

import asyncio
import io
import multiprocessing as mp
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import msgspec
from PIL import Image

from mmscheck.checks import READS_PROBES
from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.mms import Mms
from mmscheck.model.rule import RuleSet
from mmscheck.slidexml import parse

ROOT = Path(__file__).parents[2]
WAIT = 0.3
IMAGES = 1000
ROUNDS = 3


def jpeg(seed: int) -> bytes:
    """A real JPEG of about 100 KB that no other seed gives."""
    noise = random.Random(seed).randbytes(160 * 120 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (160, 120), noise).resize((640, 480)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


async def serve(pipe: Connection, count: int, wait: float) -> None:
    """Answer GET /N.jpg with the N-th picture after ``wait`` seconds, with keep-alive, until killed."""
    bodies = [jpeg(seed) for seed in range(count)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            body = bodies[int(head.split(b" ", 2)[1].strip(b"/").partition(b".")[0]) % count]
            if wait:
                await asyncio.sleep(wait)
            fields = b"Content-Type: image/jpeg\r\nContent-Length: %d" % len(body)
            writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (fields, body))
            await writer.drain()

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0, backlog=512)
    pipe.send((server.sockets[0].getsockname()[1], sum(map(len, bodies))))
    await asyncio.Event().wait()


def run_server(pipe: Connection, count: int, wait: float) -> None:
    """The server process."""
    asyncio.run(serve(pipe, count, wait))


def server(count: int, wait: float) -> tuple[mp.Process, int, int]:
    """Start it; returns the process, its port and the bytes of all pictures together."""
    ours, theirs = mp.Pipe()
    process = mp.Process(target=run_server, args=(theirs, count, wait), daemon=True)
    process.start()
    port, size = ours.recv()
    return process, port, size


def message(urls: list[str], name: str) -> Mms:
    """One message with a slide for each URL, or two slides' worth of pictures beyond eight."""
    slides = "".join(f"<slide><image><url>{url}</url></image></slide>" for url in urls)
    text = f"<request><name>{name}</name><message-subject>Sale</message-subject>{slides}</request>"
    return parse(text.encode(), f"{name}.xml")


def header_and_type_rules() -> RuleSet:
    """The rules of the families http and mime that look at nothing but one response to one request."""
    families = {file.stem for family in ("http", "mime") for file in (ROOT / "rules" / family).glob("*.toml")}
    ruleset = load_rules()
    rules = (rule for rule in ruleset.rules if not READS_PROBES.get(rule.check.name))
    return msgspec.structs.replace(ruleset, rules=tuple(rule for rule in rules if rule.id in families))


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds that ``work`` took."""
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


async def sixteen_hosts() -> None:
    """(a): what is added to the slowest answer."""
    process, port, _ = server(16, WAIT)
    urls = [f"http://host-{n}.example/{n}.jpg" for n in range(16)]
    every = load_rules()
    once = tuple(rule for rule in every.rules if not READS_PROBES.get(rule.check.name))
    policy = FetchPolicy(
        allow_net=("127.0.0.1/32",),
        connect_to=(ConnectTo(host="", port=None, to_host="127.0.0.1", to_port=port),),
    )
    for told, ruleset, waits in (
        ("one request each", msgspec.structs.replace(every, rules=once), 1),
        ("all rules, so that gzip is asked for too", every, 2),
    ):
        added = []
        for _ in range(5):
            seconds = await timed(lambda ruleset=ruleset: check([message(urls, "sixteen")], ruleset, policy))  # type: ignore[misc] # bound here
            added.append((seconds - waits * WAIT) * 1000)
        print(
            f"(a) 16 media on 16 hosts, {WAIT * 1000:.0f} ms each, {told}: the check adds"
            f" {statistics.median(added):.0f} ms (min {min(added):.0f}, max {max(added):.0f}) to"
            f" {waits * WAIT * 1000:.0f} ms of waiting; target: below 150 ms"
        )
    process.kill()


async def plain(urls: list[str], port: int) -> str:
    """The peer: aiohttp fetching the same bytes at the same concurrency and doing nothing with them."""
    gate_ = asyncio.Semaphore(64)
    async with aiohttp.ClientSession() as session:

        async def one(url: str) -> int:
            async with gate_, session.get(f"http://127.0.0.1:{port}/{url.rpartition('/')[2]}") as response:
                return len(await response.read())

        return str(sum(await asyncio.gather(*map(one, urls))))


async def thousand_images() -> None:
    """(b): the rate beside plain aiohttp."""
    process, port, size = server(IMAGES, 0)
    urls = [f"http://host-{n % 16}.example/{n}.jpg" for n in range(IMAGES)]
    messages = [message(urls[at : at + 5], f"m{at}") for at in range(0, IMAGES, 5)]
    ruleset = header_and_type_rules()
    policy = FetchPolicy(
        allow_net=("127.0.0.1/32",),
        connect_to=(ConnectTo(host="", port=None, to_host="127.0.0.1", to_port=port),),
    )
    ratios = []
    for _ in range(ROUNDS):
        theirs = await timed(lambda: plain(urls, port))
        start = time.perf_counter()
        report = await check(messages, ruleset, policy)
        ours = time.perf_counter() - start
        judged = [item.outcome for each in report.messages for item in each.evaluations]
        if len(judged) != IMAGES * len(ruleset.rules) or not {*judged} <= {"passed", "inapplicable"}:
            raise SystemExit("the benchmark's own pictures were not all judged to be fine")
        ratios.append(theirs / ours)
        print(f"    round: aiohttp {IMAGES / theirs:.0f}/s, mmscheck {IMAGES / ours:.0f}/s")
    process.kill()
    print(
        f"(b) {IMAGES} images, {size / 1e6:.0f} MB: mmscheck runs at {statistics.median(ratios):.2f} of the"
        f" rate of plain aiohttp (min {min(ratios):.2f}, max {max(ratios):.2f}); target: at least 0.50"
    )


if __name__ == "__main__":
    asyncio.run(sixteen_hosts())
    asyncio.run(thousand_images())
