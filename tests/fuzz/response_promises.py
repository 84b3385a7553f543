"""Answers served over real sockets, fetched, judged, and held against the second reading."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Mapping, Sequence

import msgspec

from mmscheck.fetch import FetchPolicy, fetch_all
from mmscheck.judge.engine import judge
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.mms import MediaRef, Mms, Slide
from mmscheck.model.observation import Fetched, NotFetched, Observation, ProbeName, Reason
from mmscheck.model.request import Changes
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import MediaKind, Outcome
from mmscheck.ruleset.folder import packaged_root
from tests.fuzz.response_oracle import is_plain, read, unexplained
from tests.fuzz.responses import SOUND, Answer
from tests.support.rawserver import RawServer, policy, reset, serve, sniff

BOUND = 90.0
"""Seconds for one batch; the deadline given to the program is less."""

DEADLINE = 60.0
REDIRECTED = frozenset({301, 302, 303, 307, 308})


@functools.cache
def framing_rules() -> RuleSet:
    """The rules of the http and mime families in the send profile."""
    ruleset = load_rules("send")
    ids = {file.stem for family in ("http", "mime") for file in (packaged_root() / family).glob("*.toml")}
    return msgspec.structs.replace(ruleset, rules=tuple(rule for rule in ruleset.rules if rule.id in ids))


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one answer: what was observed, how each rule ended, what did not hold (sentences)."""

    observation: Observation
    outcomes: dict[str, Outcome]
    told: tuple[str, ...]


async def try_answers(
    answers: Sequence[Answer], *, probing: bool = False, patience: float = 2.0
) -> list[Tried]:
    """Serve each answer under a path of its own, and fetch all of them at once.

    ``patience`` is seconds until a server that says nothing is given up: it decides how long a batch takes.
    """
    began = time.monotonic()
    async with serve(functools.partial(_respond, answers)) as raw:
        urls = [raw.url(f"/{number}.jpg") for number in range(len(answers))]
        async with asyncio.timeout(BOUND):
            seen = await fetch_all(urls, _policy(raw, probing=probing, patience=patience), sniff)
        outcomes, crashed = _judged(urls, seen)
    took = time.monotonic() - began
    late = [f"the batch took {took:.1f} s"] if took > BOUND else []
    return [
        Tried(
            observation=seen[url],
            outcomes=outcomes[url],
            told=(*late, *crashed[url], *_broken(answer, seen[url], outcomes[url])),
        )
        for answer, url in zip(answers, urls, strict=True)
    ]


def _policy(raw: RawServer, *, probing: bool, patience: float) -> FetchPolicy:
    return policy(
        raw,
        timeout=2 * patience,
        first_byte=patience,
        deadline=DEADLINE,
        max_bytes=60_000,
        per_host=32,
        probes=(ProbeName.GZIP, ProbeName.COLD) if probing else (),
    )


async def _respond(answers: Sequence[Answer], head: bytes, writer: asyncio.StreamWriter) -> None:
    path = head.split(b" ")[1].partition(b"?")[0]
    if path == b"/sound.jpg":
        writer.write(SOUND)
        writer.close()
        return
    answer = answers[int(path.removeprefix(b"/").partition(b".")[0])]
    for part in answer.parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(answer.gap)
    if answer.end == "reset":
        reset(writer)
    elif answer.end == "close":
        writer.close()


def _judged(
    urls: Sequence[str], seen: Mapping[str, Observation]
) -> tuple[dict[str, dict[str, Outcome]], dict[str, list[str]]]:
    """How each rule ended for each URL, and sentences about those that crashed."""
    refs = tuple(
        MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=index, line=1)
        for index, url in enumerate(urls, start=1)
    )
    message = Mms(source="fuzz.xml", digest="sha256:0", slides=(Slide(number=1, line=1, media=refs),))
    report = judge(framing_rules(), message, seen, changes=Changes())
    outcomes: dict[str, dict[str, Outcome]] = {url: {} for url in urls}
    crashed: dict[str, list[str]] = {url: [] for url in urls}
    for item in report.evaluations:
        url = urls[item.target.media - 1] if item.target.media else urls[0]
        outcomes[url][item.rule] = item.outcome
        if item.crashed:
            crashed[url].append(f"{item.rule} crashed")
    return outcomes, crashed


def _broken(answer: Answer, seen: Observation, outcomes: Mapping[str, Outcome]) -> list[str]:
    if isinstance(seen, NotFetched) and seen.reason is Reason.INTERNAL:
        return [f"internal error: {seen.detail}"]
    told = [f"probe {probe.name}: {probe.detail}" for probe in seen.probes if probe.reason is Reason.INTERNAL]
    if len(seen.hops) > 1 and seen.hops[0].status in REDIRECTED:
        # What is said is said of another answer, which is sound.
        return told
    if is_plain(answer) and not (_fine(seen, outcomes) or _given_up(seen)):
        told.append(f"nothing was wrong, and it said {getattr(seen, 'reason', 'that something was')}")
    if outcomes["response-well-formed"] is Outcome.FAILED and read(answer.sent) is None:
        # Denied already, and for the right reason: what else is said of it is said of one reading of many.
        return told
    passed = frozenset(rule for rule in CLAIMS if outcomes[rule] is Outcome.PASSED)
    if outcomes["response-well-formed"] is Outcome.FAILED and outcomes["not-chunked"] is Outcome.FAILED:
        # Denied twice for its chunks: that a lenient reading reached their end says nothing of a strict one.
        passed -= {"media-reachable"}
    return [*told, *unexplained(answer, passed)]


def _fine(seen: Observation, outcomes: Mapping[str, Outcome]) -> bool:
    return isinstance(seen, Fetched) and all(
        outcomes[rule] is Outcome.PASSED for rule in (*CLAIMS, "response-well-formed", "response-plain")
    )


def _given_up(seen: Observation) -> bool:
    """For its size, or because this machine was busy."""
    return isinstance(seen, NotFetched) and seen.reason in {
        *(Reason.TOO_LARGE, Reason.TIMED_OUT, Reason.TOO_SLOW, Reason.DEADLINE, Reason.RESET),
    }


CLAIMS = frozenset({"media-reachable", "content-length", "content-length-true", "not-chunked"})
"""The rules whose passing is held against the second reading."""
