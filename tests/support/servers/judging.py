"""URLs on real servers, judged by the whole program over real sockets."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import msgspec

from mmscheck.judge import gate
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.report import Evaluation
from mmscheck.model.words import Outcome
from mmscheck.slidexml import parse
from tests.support.servers.daemon import HOME
from tests.support.servers.world import World

KINDS: Mapping[str, str] = {
    "": "image",
    ".jpg": "image",
    ".wav": "audio",
    ".vcf": "vcard",
    ".ics": "ical",
    ".pkpass": "passbook",
}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a message with one medium: if it may go out, who serves it, and each rule on it."""

    permitted: bool
    servers: tuple[str, ...]
    rules: dict[str, Evaluation]

    def that(self, *outcomes: Outcome) -> set[str]:
        """The rules with one of these outcomes."""
        return {rule for rule, item in self.rules.items() if item.outcome in outcomes}


def document(url: str) -> str:
    """Slide XML of one slide that holds this URL in the element for its extension."""
    kind = KINDS[PurePosixPath(urlsplit(url).path).suffix]
    return (
        "<request><name>sale</name><message-subject>Summer sale</message-subject>"
        f"<slide><{kind}><url>{url}</url></{kind}></slide></request>"
    )


def judge(world: World, urls: Sequence[str]) -> dict[str, Said]:
    """What the profile ``send`` says of each URL, in one run, with each in a message of its own."""
    messages = [parse(document(url).encode(), url) for url in urls]
    hosts = [urlsplit(url).netloc for url in urls]
    made = asyncio.run(check(messages, load_rules(), world.policy(hosts)))
    return {
        message.source: Said(
            permitted=verdict.permitted,
            servers=tuple(name for each in message.servers.values() for name in each.names),
            rules={item.rule: item for item in message.evaluations if item.target.media},
        )
        for message, verdict in zip(made.messages, gate.verdict(made).messages, strict=True)
    }


def get(world: World, url: str, accept: str = "identity") -> http.client.HTTPResponse:
    """GET it as another client would, and read it to its end."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(HOME, world.port(parts.netloc), timeout=10)
    connection.request("GET", parts.path, headers={"Host": parts.netloc, "Accept-Encoding": accept})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def warm(world: World, url: str) -> None:
    """GET it once, as an earlier visitor did, so that a cache has it."""
    assert get(world, url).status == 200, url
