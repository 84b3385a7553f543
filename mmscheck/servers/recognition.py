"""Who answered, and what helps there: a pure function of an observation and the data of ``rules/servers``.

Only answers are looked at: a URL that nobody answered names nobody. What is looked at is cut, and the loader
admits only simple patterns, so that no answer can make this slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from mmscheck.model.observation import BYTE_WITNESSES, Fetched, Observation, ProbeName
from mmscheck.model.report import ServerAdvice
from mmscheck.model.server import IN_PLACE_OF_THE_FILE, Detected, Mark, Remedy, Server, ServerKind
from mmscheck.servers.conditions import ServerAnswer, answer_of, answers, holds, linked

SEEN_IN: Mapping[str, ProbeName] = MappingProxyType(
    {
        "length-under-gzip": ProbeName.GZIP,
        "not-compressed-under-gzip": ProbeName.GZIP,
        "length-when-cold": ProbeName.COLD,
    }
)
"""Rules about another answer than the first, and the probe whose answer they are about."""

_MEDIUM = re.compile(
    r"(?:image|audio|video)/|text/(?:vcard|calendar)\Z|application/(?:pdf|vnd\.apple\.pkpass)\Z"
)
"""Types that slides may hold."""

_LABELS: Mapping[Mark, str] = MappingProxyType({Mark.KNOWLEDGE: "Likely: ", Mark.REPORTED: "As reported: "})
_FRONT = (ServerKind.CDN, ServerKind.IMAGE_CDN)
_BACK = (ServerKind.SERVER, ServerKind.STORAGE)
_ORDER = tuple(ServerKind)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was recognised, in the answers of which hops (from 0)."""

    server: Server
    hops: tuple[int, ...]


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """Everything recognised behind one URL, with the observation it was recognised in."""

    observation: Observation
    found: tuple[Found, ...] = ()

    @property
    def last(self) -> frozenset[str]:
        """The ids of what gave the last answer, and of whatever answers in place of the file."""
        end = len(self.observation.hops) - 1
        return frozenset(
            each.server.id
            for each in self.found
            if end in each.hops or each.server.kind in IN_PLACE_OF_THE_FILE
        )


def recognise(servers: Sequence[Server], observation: Observation) -> Recognised:
    """What the answers show: in the order of the kinds (a CDN before what is behind it), then of the data."""
    seen = answers(observation)
    if _is_medium(observation):
        servers = [server for server in servers if server.kind is not ServerKind.PAGE]
    hops = _where(servers, seen)
    found = [Found(server=server, hops=hops[server.id]) for server in servers if server.id in hops]
    if any(each.server.kind in IN_PLACE_OF_THE_FILE and not each.server.fallback for each in found):
        found = [each for each in found if not each.server.fallback]
    found.sort(key=lambda each: _ORDER.index(each.server.kind))
    return Recognised(observation=observation, found=tuple(found))


def _is_medium(observation: Observation) -> bool:
    """Whether the bytes show that they are a medium, so that no page came in place of it."""
    if not isinstance(observation, Fetched) or observation.size == 0:
        return False
    sniffed = observation.sniffed
    proven = sniffed.witness in BYTE_WITNESSES and not sniffed.web_page and sniffed.problem is None
    return proven and _MEDIUM.match(sniffed.type or "") is not None


def page_at(servers: Iterable[Server], url: str) -> tuple[str, str]:
    """What a URL is known to lead to in place of a file, and what helps; both empty where it is not known."""
    server = linked(servers, url)
    if server is None:
        return "", ""
    fixes = [remedy.fix for remedy in server.remedies if not remedy.when]
    return server.looks_like, fixes[0] if fixes else ""


def _where(servers: Sequence[Server], seen: tuple[ServerAnswer, ...]) -> dict[str, tuple[int, ...]]:
    """The answers that show each, by its id; who shows in none is left out."""
    hops: dict[str, tuple[int, ...]] = {}
    for at, answer in enumerate(seen):
        for server in servers:
            for sign in server.signs:
                if holds(sign, answer):
                    hops[server.id] = (*hops.get(server.id, ()), at)
                    break
    return hops


def describe(recognised: Recognised) -> Detected:
    """The names, and a phrase such as ``Cloudflare in front of nginx, then Amazon S3`` (one part a host)."""
    phrases = []
    for hop in range(len(recognised.observation.hops)):
        here = [each.server for each in recognised.found if hop in each.hops]
        if (phrase := _phrase(here)) and phrase not in phrases:
            phrases.append(phrase)
    return Detected(
        names=tuple(_name(each.server) for each in recognised.found), phrase=", then ".join(phrases)
    )


def _phrase(servers: list[Server]) -> str:
    parts = [
        " and ".join(_name(each) for each in servers if each.kind in kinds)
        for kinds in (_FRONT, _BACK, (ServerKind.FRAMEWORK,))
    ]
    front, back, app = parts
    behind = " with ".join(part for part in (back, app) if part)
    phrase = " in front of ".join(part for part in (front, behind) if part)
    likeness = " and ".join(each.looks_like for each in servers if each.kind in IN_PLACE_OF_THE_FILE)
    return ": ".join(part for part in (phrase, likeness) if part)


def _name(server: Server) -> str:
    return f"{server.name} (likely)" if server.evidence is Mark.KNOWLEDGE else server.name


def likeness(recognised: Recognised, rule: str) -> str:
    """``It looks like a login page.``, when what answered in place of the file has to do with the rule."""
    likely = [
        each.server.looks_like
        for each in recognised.found
        if each.server.kind in IN_PLACE_OF_THE_FILE
        and any(rule in remedy.rules for remedy in each.server.remedies)
    ]
    return f"It looks like {' and '.join(likely)}." if likely else ""


def advice(recognised: Recognised, rule: str, *, decided: bool = True) -> tuple[ServerAdvice, ...]:
    """What helps with this rule on what was recognised, one for each remedy.

    Without ``decided`` (the rule could not tell) only what answers in place of the file is spoken of.
    """
    if not recognised.found:
        return ()
    return tuple(
        ServerAdvice(name=_name(server), words=_words(remedy))
        for server, remedy in _fitting(recognised, rule, _pertinent(recognised, rule))
        if decided or server.kind in IN_PLACE_OF_THE_FILE
    )


def join_fix(general: str, advised: Iterable[ServerAdvice]) -> str:
    """A rule's own fix with what is advised below it."""
    return "\n".join((general, *(f"For {each}" for each in advised)))


def _fitting(
    recognised: Recognised, rule: str, answer: ServerAnswer | None
) -> Iterator[tuple[Server, Remedy]]:
    last = recognised.last
    for each in recognised.found:
        for remedy in each.server.remedies if each.server.id in last else ():
            if rule in remedy.rules and _applies(remedy, answer, last):
                yield each.server, remedy


def _words(remedy: Remedy) -> str:
    """Cause and fix, each marked as likely or reported where it is no more than that."""
    cause = _LABELS.get(remedy.cause_evidence, "") + remedy.cause if remedy.cause else ""
    fix = _LABELS.get(remedy.fix_evidence, "") + remedy.fix.strip()
    return f"{cause} {fix}" if cause else fix


def _applies(remedy: Remedy, answer: ServerAnswer | None, beside: frozenset[str]) -> bool:
    if not remedy.when:
        return True
    return answer is not None and any(
        beside.issuperset(each.beside) and beside.isdisjoint(each.apart) and holds(each, answer)
        for each in remedy.when
    )


def _pertinent(recognised: Recognised, rule: str) -> ServerAnswer | None:
    """The answer that the rule is about."""
    observation = recognised.observation
    asked = [each for each in observation.probes if each.name is SEEN_IN.get(rule)]
    # Of several, the one that the rule does not hold for: lengths that come and go are missed in one of them.
    probe = next(
        (each for each in asked if each.final is not None and not each.final.values("Content-Length")),
        asked[0] if asked else None,
    )
    if probe is not None and probe.final is not None:
        return answer_of(probe.final, observation)
    return answer_of(observation.hops[-1], observation) if observation.hops else None
