"""The further requests for one URL: which are made and why others are not, and what came of them.

They are made side by side, and the first answer stands whatever becomes of them.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import parse_qsl

import msgspec

from mmscheck.base.text import one_line
from mmscheck.fetch.failure import LONGEST, Failure
from mmscheck.fetch.policy import FetchPolicy
from mmscheck.fetch.request import PLAIN, Asking, Attempt, Download, FetchTools, family
from mmscheck.fetch.sampling import NOT_ASKED, Sample, Sampling
from mmscheck.fetch.url import parse_url
from mmscheck.model.observation import Hop, NotFetched, Observation, Probe, ProbeName, Reason
from mmscheck.servers.caches import CacheState, by_luck, caching

BROWSER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/150.0.0.0 Safari/537.36"
)
"""What walls let through: the form that Chrome's User-Agent has had since 2022 (a reduced version number)."""

MARK = "mmscheck"
"""The query parameter that no cache has seen before."""

ASKINGS: Mapping[ProbeName, Asking] = MappingProxyType(
    {
        # The head alone tells how the answer is framed; a whole file more would double each check's load.
        ProbeName.GZIP: Asking(headers=(("Accept-Encoding", "gzip"),), read="head"),
        ProbeName.COLD: Asking(read="head"),
        ProbeName.BROWSER: Asking(headers=(("User-Agent", BROWSER_AGENT),), read="digest"),
        ProbeName.WEBP: Asking(headers=(("Accept", "image/webp,image/*"),), read="digest"),
        ProbeName.IPV4: Asking(read="digest", family=4),
        ProbeName.IPV6: Asking(read="digest", family=6),
        ProbeName.REPEAT: Asking(read="digest"),
    }
)
"""How each probe asks."""

COLD_TIMES = 3
"""How often a cache that may state a length by luck is asked past: a judgement (18 of 64 were by luck)."""

_MAY_BE_CACHED = frozenset({CacheState.HIT, CacheState.UNCLEAR})

_PICTURE = re.compile(r"\s*(image/|(application|binary)/octet-stream)", re.IGNORECASE)

_FIRST_REFUSAL = 400

_GONE = frozenset({404, 410})

_SIGNATURE_NAMES = re.compile(
    r"sig|sign|token|hmac|hash|md5|digest|polic|expire|credential|auth|access-?key|key-?pair|secret|verify"
    r"|hdnea|hdnts|acl|valid_?until",
    re.IGNORECASE,
)
"""Parts of query names of S3, Google, Azure, CloudFront, Akamai, nginx secure_link and the like."""

_SHORT_NAMES = frozenset({"s", "e", "st", "se", "sv", "key", "k", "h", "exp", "ex", "hm", "oe", "oh"})

_TOKEN = re.compile(r"[A-Za-z0-9+/_=.~-]{24,}")
"""A value as long as this may be the token of a scheme that is not known here (a judgement)."""


class Probing:
    """The probes of one URL; can tell at any moment what has come of them."""

    def __init__(self, tools: FetchTools, url: str, sampling: Sampling | None = None) -> None:
        """Have nothing to ask yet about ``url``."""
        self._tools = tools
        self._url = url
        self._sampling = sampling
        self._owed: list[Sample] = []
        self._requests: tuple[_ProbeRequest, ...] = ()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def after_file(self, hops: tuple[Hop, ...], size: int) -> None:
        """Begin what the policy wants to know after these hops led to a whole file of ``size`` bytes."""
        self._begin(
            lambda: plan_after_file(self._url, hops, self._tools.policy),
            lambda name: self._sampling.of(hops, size, name) if self._sampling else None,
        )

    def after_refusal(self, first: NotFetched) -> None:
        """Begin what may tell who refused the file; nothing where a whole file came before it was lost."""
        if not self._requests:
            self._begin(lambda: plan_after_refusal(first, self._tools.policy))

    async def wait(self, first: Observation) -> None:
        """Wait for all that was begun after the answer ``first``; only cancellation gets out of here."""
        if self._tasks:
            await asyncio.gather(*self._tasks)
        for sample in self._owed:
            sample.add(self.beside(first))

    async def stop(self) -> None:
        """End what is still under way."""
        if not all(task.done() for task in self._tasks):
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(
        self,
        planning: Callable[[], tuple[Planned, ...]],
        sampled: Callable[[ProbeName], Sample | None] = lambda _name: None,
    ) -> None:
        samples: dict[ProbeName, Sample] = {}
        try:
            planned = planning()
            asked = {each.name for each in planned if not each.skipped}
            found = {name: sample for name in asked if (sample := sampled(name)) is not None}
            self._owed = [sample for sample in found.values() if sample.takes()]
            samples = {name: sample for name, sample in found.items() if sample not in self._owed}
        except Exception as error:  # noqa: BLE001 - told as the reason; the first answer must stand
            why = one_line(f"internal error: {type(error).__name__}: {error}", LONGEST)
            names = self._tools.policy.probes
            planned = tuple(
                Planned(name=name, url=self._url, asking=PLAIN, skipped=why, broken=True) for name in names
            )
        self._requests = tuple(_ProbeRequest(self._tools, each, samples.get(each.name)) for each in planned)
        # What is left out needs no task of its own.
        begun = (one for one, each in zip(self._requests, planned, strict=True) if not each.skipped)
        self._tasks = tuple(asyncio.create_task(request.run()) for request in begun)

    def beside(self, first: Observation) -> Observation:
        """The first answer with every probe as it is now; one still under way has met the deadline."""
        if not self._requests:
            return first
        return msgspec.structs.replace(first, probes=tuple(request.probe() for request in self._requests))


class _ProbeRequest:
    """One probe under way: one attempt, never repeated."""

    def __init__(self, tools: FetchTools, planned: Planned, sample: Sample | None = None) -> None:
        """Be ready to ask; of a file beyond a ``sample`` only where that shows something."""
        self._tools = tools
        self._planned = planned
        self._sample = sample
        self._attempt = Attempt(tools, planned.url, asking=planned.asking)
        self._done: Probe | None = None

    async def run(self) -> None:
        if self._sample is not None and not await self._sample.shows():
            self._done = Probe(name=self._planned.name, skipped=NOT_ASKED, sampled=True)
            return
        self._done = await self._ask()

    def probe(self) -> Probe:
        planned = self._planned
        if planned.skipped:
            return Probe(name=planned.name, skipped=planned.skipped, broken=planned.broken)
        if self._done is not None:
            return self._done
        limit = self._tools.policy.deadline
        return self._unanswered(Reason.DEADLINE, f"{limit:g} s, while {self._attempt.phase}")

    async def _ask(self) -> Probe:
        try:
            return self._answered(await self._attempted())
        except Failure as failure:
            return self._unanswered(failure.reason, failure.detail)
        except Exception as error:  # noqa: BLE001 - whatever a probe meets must not cost the first answer
            return self._unanswered(Reason.INTERNAL, one_line(f"{type(error).__name__}: {error}", LONGEST))

    async def _attempted(self) -> Download:
        if self._planned.asking.family is None:
            return await self._attempt.run()
        # A connection that was kept may be one to the other family: these ask over one of their own.
        async with self._tools.fresh_session() as session:
            own = msgspec.structs.replace(self._tools, session=session)
            self._attempt = Attempt(own, self._planned.url, asking=self._planned.asking)
            return await self._attempt.run()

    def _answered(self, download: Download) -> Probe:
        whole = self._planned.asking.read != "head"
        return Probe(
            name=self._planned.name,
            hops=tuple(self._attempt.hops),
            size=download.size if whole else None,
            sha256=download.sha256 if whole else None,
            timing_ms=self._attempt.timing,
        )

    def _unanswered(self, reason: Reason, detail: str) -> Probe:
        attempt = self._attempt
        return Probe(
            name=self._planned.name,
            hops=tuple(attempt.hops),
            timing_ms=attempt.timing if attempt.hops else None,
            reason=reason,
            detail=detail,
        )


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One probe: the URL to ask for and how, or why it is left out; ``broken`` by a fault of mmscheck."""

    name: ProbeName
    url: str
    asking: Asking
    skipped: str = ""
    broken: bool = False


def plan_after_file(url: str, hops: Sequence[Hop], policy: FetchPolicy) -> tuple[Planned, ...]:
    """The probes that the policy asks for, in its order, of a URL whose last hop answered with the file."""
    return tuple(planned for name in policy.probes for planned in _asked(url, hops, name, policy))


def plan_after_refusal(first: NotFetched, policy: FetchPolicy) -> tuple[Planned, ...]:
    """The one probe that may tell who refused, where the policy asks for it."""
    wanted = [name for name in policy.probes if name is ProbeName.BROWSER and _refused(first)]
    return tuple(_planned(name, first.url, _told_to_wait(first)) for name in wanted)


def _planned(name: ProbeName, url: str, skipped: str) -> Planned:
    return Planned(name=name, url=url, asking=ASKINGS[name], skipped=skipped)


def _asked(url: str, hops: Sequence[Hop], name: ProbeName, policy: FetchPolicy) -> tuple[Planned, ...]:
    """One probe as often as it is to be made."""
    one = _after_file(url, hops, name, policy)
    if name is ProbeName.REPEAT:
        return (one,) * policy.repeats
    if name is ProbeName.COLD and not one.skipped and by_luck(hops[-1]):
        # Each under a URL of its own: the second would find in the cache what the first had fetched.
        return tuple(_planned(name, unseen_url(hops[-1].url), "") for _ in range(COLD_TIMES))
    return (one,)


def _refused(first: NotFetched) -> bool:
    """Whether the server answered and would not: a file that is not there was refused by nobody."""
    status = first.final.status if first.final else None
    if first.reason not in {Reason.BAD_STATUS, Reason.BUSY} or status is None:
        return False
    return status >= _FIRST_REFUSAL and status not in _GONE


def _told_to_wait(first: NotFetched) -> str:
    asked = first.final is not None and first.final.values("Retry-After")
    return "the server asked to be left alone for a while (Retry-After)" if asked else ""


def _after_file(url: str, hops: Sequence[Hop], name: ProbeName, policy: FetchPolicy) -> Planned:
    if name is ProbeName.COLD:
        why = _not_past_the_cache(hops)
        return _planned(name, url if why else unseen_url(hops[-1].url), why)
    if name is ProbeName.WEBP:
        return _planned(name, url, _no_picture(hops[-1]))
    if name in {ProbeName.IPV4, ProbeName.IPV6}:
        return _planned(name, url, _one_family(hops, policy))
    return _planned(name, url, "")


def _not_past_the_cache(hops: Sequence[Hop]) -> str:
    state = caching(hops[-1]).state
    if state not in _MAY_BE_CACHED and not _may_be_luck(hops[-1]):
        return f"the first answer {state.value}"
    # Every hop's URL counts: a redirect may hand the further parameter on to where it does harm.
    signature = next((name for hop in hops if (name := signed_by(hop.url))), None)
    if signature is None:
        return ""
    return f"the URL is signed ({signature}), and would not be valid with a further parameter"


def _may_be_luck(final: Hop) -> bool:
    """Whether an answer from the origin states a length that another one may lack."""
    return by_luck(final) and bool(final.framing.lengths) and not final.framing.transfer_codings


def unseen_url(url: str) -> str:
    """The URL with a query parameter that no cache has seen before."""
    text = parse_url(url).text
    joint = "" if text.endswith(("?", "&")) else "&" if "?" in text else "?"
    return f"{text}{joint}{MARK}={secrets.token_hex(8)}"


def _no_picture(final: Hop) -> str:
    declared = final.values("Content-Type")
    maybe = not declared or any(_PICTURE.match(text) for text in declared)
    return "" if maybe else "the file is said to be no picture"


def _one_family(hops: Sequence[Hop], policy: FetchPolicy) -> str:
    if policy.proxy is not None:
        return "the proxy chooses the address"
    families = [{family(address) for address in hop.resolved} for hop in hops]
    if any(len(found) > 1 for found in families):
        return ""
    only = " and ".join(f"IPv{number}" for number in sorted(set().union(*families)))
    return f"the host has addresses of one family alone ({only})" if only else "no address was looked up"


def signed_by(url: str) -> str | None:
    """The name of the query parameter that looks like part of a signature, or None."""
    query = url.partition("#")[0].partition("?")[2]
    for name, value in parse_qsl(query, keep_blank_values=True):
        if _SIGNATURE_NAMES.search(name) or name.lower() in _SHORT_NAMES or _TOKEN.fullmatch(value):
            return name
    return None
