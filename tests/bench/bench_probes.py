"""What further probes cost: run ``python tests/bench/bench_probes.py``; prints ratios.

One message with 8 media, every answer 50 ms late, checked with 1 probe (the first answer alone) and with 4
(with gzip accepted, past the cache, and once more as well), in turn in one run. The server is a process of
its own; its answers say that they came out of a cache, so that all 4 are made. Twice: the media on 8 hosts,
and all on one host, where 4 slots (``--per-host``) let no more than 4 requests go on at once.

Then what ``--sample-probes`` saves: the same messages checked with it and without it, counted at the server.
"""

from __future__ import annotations

import asyncio
import io
import multiprocessing as mp
import random
import statistics
import time
from multiprocessing.connection import Connection

from PIL import Image

from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.judge.engine import judge
from mmscheck.judge.gate import verdict
from mmscheck.judge.media_alone import check_urls
from mmscheck.judge.observe import ObserveOptions, observe
from mmscheck.judge.pipeline import CheckOptions, load_rules, window
from mmscheck.judge.reports import make_report, start_clock
from mmscheck.media import MediaWorkers
from mmscheck.model.mms import Mms
from mmscheck.model.observation import ProbeName
from mmscheck.model.request import Changes
from mmscheck.slidexml import parse

WAIT = 0.05
MEDIA = 8
ROUNDS = 9
MANY = 400
TARGET = 2.2
FOUR = (ProbeName.GZIP, ProbeName.COLD, ProbeName.REPEAT)


def jpeg(seed: int) -> bytes:
    """A real JPEG of about 45 KB that no other seed gives: 8 of them fit into one message."""
    noise = random.Random(seed).randbytes(160 * 120 * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (160, 120), noise).resize((640, 480)).save(buffer, "JPEG", quality=40)
    return buffer.getvalue()


async def serve(pipe: Connection) -> None:
    """Answer GET /N.jpg with the N-th picture after the wait, with keep-alive, and count, until killed."""
    bodies = [jpeg(seed) for seed in range(MEDIA)]
    count = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        while head := await reader.readuntil(b"\r\n\r\n"):
            if head.startswith(b"GET /count "):
                text = str(count).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
                continue
            count += 1
            body = bodies[int(head.split(b" ", 2)[1].strip(b"/").partition(b".")[0])]
            await asyncio.sleep(WAIT)
            cached = b"MISS" if b"mmscheck=" in head.partition(b"\r\n")[0] else b"HIT"
            told = b"Content-Type: image/jpeg\r\nCF-Cache-Status: %b\r\nContent-Length: %d"
            fields = told % (cached, len(body))
            writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (fields, body))
            await writer.drain()

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0, backlog=512)
    pipe.send(server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


def run_server(pipe: Connection) -> None:
    """The server process."""
    asyncio.run(serve(pipe))


async def requests(port: int) -> int:
    """How many media were asked for so far."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /count HTTP/1.1\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    number = int(await reader.read(20))
    writer.close()
    return number


def message(hosts: int) -> Mms:
    """One message with its media on so many hosts."""
    slides = "".join(
        f"<slide><image><url>http://host-{n % hosts}.example/{n}.jpg</url></image></slide>"
        for n in range(MEDIA)
    )
    text = f"<request><name>eight</name><message-subject>Sale</message-subject>{slides}</request>"
    return parse(text.encode(), "eight.xml")


async def checked(port: int, hosts: int, probes: tuple[ProbeName, ...], workers: MediaWorkers) -> float:
    """Seconds of one check with these probes; stops the program when it was not what is to be measured."""
    before, item, ruleset = await requests(port), message(hosts), load_rules()
    policy = FetchPolicy(
        allow_net=("127.0.0.1/32",),
        connect_to=(ConnectTo(host="", port=None, to_host="127.0.0.1", to_port=port),),
        probes=probes,
        repeats=1,
    )
    # As `pipeline.check` does, but with probes chosen by number and not by what the rules read.
    clock = start_clock()
    seen = await observe([ref.url for ref in item.media], ObserveOptions(policy=policy, workers=workers))
    judged = judge(ruleset, item, seen, changes=Changes(), window=window())
    report = make_report(ruleset, (judged,), clock, strict=False, unread=())
    seconds = time.monotonic() - clock.ticks
    made = await requests(port) - before
    if made != MEDIA * (1 + len(probes)) or not verdict(report).permitted:
        raise SystemExit(f"{made} requests were made, or the benchmark's own pictures were denied")
    return seconds


async def compare(port: int, hosts: int, workers: MediaWorkers) -> None:
    """Rounds of one after the other, and the ratio."""
    pairs = []
    for _ in range(ROUNDS):
        one = await checked(port, hosts, (), workers)
        pairs.append((one, await checked(port, hosts, FOUR, workers)))
    ratios = [four / one for one, four in pairs]
    ones, fours = ([pair[side] * 1000 for pair in pairs] for side in (0, 1))
    where = "one host" if hosts == 1 else f"{hosts} hosts"
    print(
        f"{MEDIA} media on {where}, {WAIT * 1000:.0f} ms each: 4 probes cost"
        f" {statistics.median(ratios):.2f} times 1 probe (min {min(ratios):.2f}, max {max(ratios):.2f};"
        f" {ROUNDS} rounds), {statistics.median(ones):.0f} ms (min {min(ones):.0f}, max {max(ones):.0f}) and"
        f" {statistics.median(fours):.0f} ms (min {min(fours):.0f}, max {max(fours):.0f});"
        f" target: at most {TARGET}"
    )


async def sampled(port: int, workers: MediaWorkers) -> None:
    """One run over many URLs of four hosts, each file asked in every way and then three of a kind."""
    urls = [f"http://host-{n % 4}.example/{n % MEDIA}.jpg?v={n}" for n in range(MANY)]
    policy = FetchPolicy(
        allow_net=("127.0.0.1/32",),
        connect_to=(ConnectTo(host="", port=None, to_host="127.0.0.1", to_port=port),),
        per_host=16,
    )
    made, spent = [], []
    for sample_probes in (False, True):
        before, start = await requests(port), time.monotonic()
        how = CheckOptions(policy=policy, workers=workers, sample_probes=sample_probes)
        report = await check_urls(urls, load_rules(), how)
        spent.append(time.monotonic() - start)
        made.append(await requests(port) - before)
        if not verdict(report).passed_media:
            raise SystemExit("the benchmark's own pictures were denied")
    print(
        f"{MANY} URLs on 4 hosts: {made[0]} requests in {spent[0]:.1f} s, with --sample-probes {made[1]} in"
        f" {spent[1]:.1f} s: {1 - made[1] / made[0]:.0%} of the requests saved"
    )


async def main() -> None:
    """All arrangements, with worker processes that are running already, as a gate has them."""
    ours, theirs = mp.Pipe()
    process = mp.Process(target=run_server, args=(theirs,), daemon=True)
    process.start()
    port = ours.recv()
    async with MediaWorkers() as workers:
        await checked(port, MEDIA, (), workers)
        for hosts in (MEDIA, 1):
            await compare(port, hosts, workers)
        await sampled(port, workers)
    process.kill()


if __name__ == "__main__":
    asyncio.run(main())
