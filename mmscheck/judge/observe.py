"""URLs to observations: what the rules in force need fetched, asked for and decoded, and how it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from mmscheck import fetch, media
from mmscheck.base.redact import redact_url
from mmscheck.cache.reuse import Cache, find_kept, manner
from mmscheck.checks import READS_FACTS, READS_PROBES
from mmscheck.checks.media import SizeParams
from mmscheck.checks.media_types import canonical
from mmscheck.checks.mime import AcceptedParams
from mmscheck.checks.playing import PicturesParams
from mmscheck.fetch import FetchPolicy, OnDone, Turns, check_policy
from mmscheck.fetch.reach import HostReach
from mmscheck.fetch.sampling import Sampling
from mmscheck.media.decoding import DECODERS, PLAYED
from mmscheck.model.facts import EVERYTHING, Usable
from mmscheck.model.observation import Inspected, Observation, ProbeName
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import MediaKind, Severity

DEEP = (ProbeName.BROWSER, ProbeName.WEBP, ProbeName.IPV4, ProbeName.IPV6, ProbeName.REPEAT)
"""What only a deep check asks for: some seven requests more for each URL."""


class ObserveOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How URLs are observed.

    ``workers`` that are already running are used and left running; without them some are started for the
    call. Without ``decode`` only the type of the bytes is determined, and rules on decoded facts cannot tell;
    audio and video that is not ``usable`` is not decoded either. ``previews`` asks for likenesses of the
    media, and for decoding with it. What ``cache`` has kept is not fetched. URLs of different ``owners`` (the
    sources of messages, say) share the slots and the workers. ``sampling`` leaves out probes where files are
    alike (None: nowhere); ``reach`` says which hosts redirects may lead to (None: any).
    """

    policy: FetchPolicy
    workers: media.MediaWorkers | None = None
    decode: bool = True
    previews: bool = False
    cache: Cache | None = None
    owners: Mapping[str, str] = msgspec.field(default_factory=dict)
    usable: Usable = EVERYTHING
    sampling: Sampling | None = None
    reach: HostReach | None = None

    @property
    def deep(self) -> bool:
        """Whether a decoder looks at the bytes: no likeness is made without one."""
        return self.decode or self.previews


async def observe(
    urls: Sequence[str],
    options: ObserveOptions,
    on_done: OnDone | None = None,
    *,
    links: Sequence[str] = (),
) -> dict[str, Observation]:
    """Fetch every distinct URL once, all at the same time, and have workers look at the bytes.

    ``links`` of texts are asked for beside them, where they are not among them: no worker looks at what is
    behind one. A cache keeps what came for one under a manner of its own: it is no medium's answer.

    ``on_done`` is called with each URL as soon as its observation is there. Raises UsageError for a policy
    that cannot be acted on, also where nothing is left to fetch.
    """
    distinct = tuple(dict.fromkeys(urls))
    pages = tuple(url for url in dict.fromkeys(links) if url not in distinct)
    cache, how = options.cache, _manner(options)
    manners = {**dict.fromkeys(distinct, how), **dict.fromkeys(pages, f"{how} link")}
    kept = {} if cache is None else find_kept(manners, cache, on_done)
    missing, unknown = ([url for url in some if url not in kept] for some in (distinct, pages))
    if not (missing or unknown):
        check_policy(options.policy)
        return dict(kept)
    async with _inspecting(options, wanted=bool(missing)) as inspect:
        fetched = await fetch.fetch_all(
            [*missing, *unknown],
            options.policy,
            inspect,
            on_done,
            owners=options.owners,
            links=unknown,
            sampling=options.sampling,
            reach=options.reach,
        )
    if cache is not None:
        for url in (*missing, *unknown):
            cache.keep(url, manners[url], fetched[url])
    return {url: kept[url] if url in kept else fetched[url] for url in manners}


def _manner(options: ObserveOptions) -> str:
    """What the cache files results of such a run under; empty where there is none."""
    if options.cache is None:
        return ""
    return manner(options.policy, decode=options.deep, previews=options.previews, usable=options.usable)


@asynccontextmanager
async def _inspecting(options: ObserveOptions, *, wanted: bool) -> AsyncIterator[fetch.Inspector]:
    """What looks at the bytes of files; where none is ``wanted``, no worker is started for it."""
    if options.workers is not None:
        yield _Inspector(options.workers, options).inspect
    elif not wanted:
        yield _nobody
    else:
        async with media.MediaWorkers(workers=None if options.deep else 1, decode=options.deep) as own:
            yield _Inspector(own, options).inspect


async def _nobody(url: str, _: bytes) -> Inspected:
    raise RuntimeError(f"nobody looks at the bytes of a link ({redact_url(url)})")


class _Inspector:
    """Hands the bytes of a file to the workers, which look as deep as the options say."""

    def __init__(self, workers: media.MediaWorkers, options: ObserveOptions) -> None:
        self._workers, self._options = workers, options
        self._turns = Turns(options.owners, 1)

    async def inspect(self, url: str, body: bytes) -> Inspected:
        options = self._options
        if not options.deep:
            return Inspected(sniffed=await self._workers.sniff(url, body))
        # One file of each message at a time: a message of slow images keeps no worker from the others.
        async with self._turns.of(url):
            return await self._workers.inspect(url, body, preview=options.previews, usable=options.usable)


def needs_decoding(ruleset: RuleSet) -> bool:
    """Whether any rule of the set asks for what a decoder finds."""
    return any(rule.check.name in READS_FACTS for rule in ruleset.rules)


def wanted_probes(ruleset: RuleSet, *, deep: bool = False, cache_bust: bool = True) -> tuple[ProbeName, ...]:
    """The further requests whose answers some rule of the set looks at."""
    read = {name for rule in ruleset.rules for name in READS_PROBES.get(rule.check.name, ())}
    if not deep:
        read.difference_update(DEEP)
    if not cache_bust:
        read.discard(ProbeName.COLD)
    return tuple(name for name in ProbeName if name in read)


def usable(ruleset: RuleSet) -> Usable:
    """What audio and video is worth decoding under these rules: whatever no rule denies for sure.

    A rule that only advises denies nothing, and one that somebody waives anywhere may let a file through.
    """
    waived = {waiver.rule for waiver in ruleset.waivers}
    denying = [rule for rule in ruleset.rules if rule.severity is Severity.ERROR and rule.id not in waived]
    params = [rule.params for rule in denying]
    # One rule for each kind of document: what one of them lets through is worth decoding.
    accepting = [
        set(_refused_types(rule.params)) if rule in denying else set()
        for rule in ruleset.rules
        if isinstance(rule.params, AcceptedParams)
    ]
    sizes = (_most_bytes(each) for each in _of_type(params, SizeParams))
    return Usable(
        refused=tuple(sorted(set.intersection(*accepting))) if accepting else (),
        most_bytes=min((size for size in sizes if size is not None), default=None),
        codecs=next((each.playable for each in _of_type(params, PicturesParams)), None),
    )


def _of_type(params: list[Any], kind: type[Any]) -> list[Any]:
    return [each for each in params if isinstance(each, kind)]


def _refused_types(accepted: AcceptedParams) -> tuple[str, ...]:
    """The types of audio and video that no slide element takes."""
    listed = {canonical(name) for kind in MediaKind for name in accepted.of(kind)}
    played = [name for name, decoder in DECODERS.items() if decoder.family in PLAYED]
    return tuple(name for name in played if canonical(name) not in listed)


def _most_bytes(sizes: SizeParams) -> int | None:
    """The most bytes of an audio or video file; None where one of the two has no limit."""
    both = (sizes.of(MediaKind.AUDIO), sizes.of(MediaKind.VIDEO))
    return max(size for size in both if size is not None) if None not in both else None
