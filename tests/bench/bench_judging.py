"""What judging costs: run ``python tests/bench/bench_judging.py``; prints ratios of CPU time.

100 messages with 4 pictures each, 25 pictures in all. (a) One picture judged by all rules, beside Pillow
decoding it at reduced scale. (b) All messages with each picture judged once, beside judging every reference.
All in the same run; what came for a picture came from a server, once.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Mapping, Sequence

from bench_check import jpeg, message, server
from msgspec.structs import replace
from PIL import Image

from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.judge.engine import judge
from mmscheck.judge.pipeline import check, load_rules, window
from mmscheck.judge.shared import SharedMedia
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.report import MessageReport
from mmscheck.model.request import Changes
from mmscheck.model.rule import RuleSet

MESSAGES, EACH, PICTURES = 100, 4, 25
ROUNDS = 3


async def seen_once(rules: RuleSet) -> Fetched:
    """What comes for one picture, with every request that the rules look at."""
    process, port, _ = server(1, 0)
    url = "http://host.example/0.jpg"
    policy = FetchPolicy(
        allow_net=("127.0.0.1/32",),
        connect_to=(ConnectTo(host="", port=None, to_host="127.0.0.1", to_port=port),),
    )
    report = await check([message([url], "one")], rules, policy)
    process.kill()
    found = report.messages[0].observations[url]
    if not isinstance(found, Fetched):
        raise SystemExit(f"the picture did not come: {found}")
    return found


def at(observation: Fetched, url: str) -> Observation:
    """The same as it would have come for another URL."""
    hops = tuple(replace(hop, url=url) for hop in observation.hops)
    return replace(observation, url=url, hops=hops)


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that ``work`` took, the least of several times."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def decode(picture: bytes, times: int) -> None:
    """Decode it as far as a reduced scale needs, so many times."""
    for _ in range(times):
        with Image.open(io.BytesIO(picture)) as opened:
            opened.draft("RGB", (opened.width // 8, opened.height // 8))
            opened.load()


def main() -> None:
    """Measure and print."""
    rules, when, picture = load_rules(), window(), jpeg(0)
    came = asyncio.run(seen_once(rules))
    urls = [f"http://host-{n % 20}.example/{n}.jpg" for n in range(PICTURES)]
    seen = {url: at(came, url) for url in urls}
    given = [message([urls[(n + k) % PICTURES] for k in range(EACH)], f"m{n}") for n in range(MESSAGES)]
    empty = [message([], f"m{n}") for n in range(MESSAGES)]

    def judged(
        messages: Sequence[Mms], observations: Mapping[str, Observation], shared: SharedMedia
    ) -> list[MessageReport]:
        return [
            judge(rules, each, observations, changes=Changes(), window=when, shared=shared)
            for each in messages
        ]

    if judged(given, seen, SharedMedia(given)) != judged(given, seen, SharedMedia(())):
        raise SystemExit("the reports differ")
    decoding = cpu(lambda: decode(picture, 100)) / 100
    bare = cpu(lambda: judged(empty, {}, SharedMedia(())))
    apart = cpu(lambda: judged(given, seen, SharedMedia(())))
    once = cpu(lambda: judged(given, seen, SharedMedia(given)))
    references = MESSAGES * EACH
    print(f"a picture, by all rules: {(apart - bare) / references / decoding:.2f} of decoding it")
    print(f"{references} references to {PICTURES} pictures: {once / apart:.2f} of judging every reference")
    print(f"a reference to a picture that is judged: {(once - bare) / (apart - bare):.2f} of judging it")


if __name__ == "__main__":
    main()
