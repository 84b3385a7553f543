"""Many URLs to one observation each: all at once, each until it has an answer or the run has no time left."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import monotonic
from urllib.parse import urlsplit

import aiohttp

from mmscheck.base.http import OK
from mmscheck.base.spans import Span, SpanKind, span
from mmscheck.base.text import one_line
from mmscheck.fetch.failure import LONGEST, Failure
from mmscheck.fetch.guard import Networks
from mmscheck.fetch.names import Lookup, Names, system_lookup
from mmscheck.fetch.policy import FetchPolicy, Inspector, OnDone, check_policy
from mmscheck.fetch.probes import Probing
from mmscheck.fetch.proxy import parse_proxy
from mmscheck.fetch.reach import HostReach
from mmscheck.fetch.request import PLAIN, Asking, Attempt, Download, FetchTools
from mmscheck.fetch.sampling import Sampling
from mmscheck.fetch.slots import Pace, Slots, Turns
from mmscheck.fetch.status import pause_before_repeat
from mmscheck.fetch.wire import GuardedConnector, open_session
from mmscheck.model.observation import Fetched, Hop, Inspected, NotFetched, Observation, Reason, Sniffed

SHARE = 4
"""One message has at most this part of the places while there are others (a judgement)."""

_PAGE = Asking(headers=(("Accept", "text/html,*/*;q=0.8"),), read="head")
"""How a link of a text is asked for: whether a page comes is told by the head."""

_NOT_LOOKED_INTO = Inspected(sniffed=Sniffed(type=None))

_FRAMING = ("Content-Length", "Transfer-Encoding", "Content-Encoding", "Content-Type")


async def fetch_all(
    urls: Sequence[str],
    policy: FetchPolicy,
    inspect: Inspector,
    on_done: OnDone | None = None,
    *,
    lookup: Lookup = system_lookup,
    owners: Mapping[str, str] | None = None,
    links: Collection[str] = (),
    sampling: Sampling | None = None,
    reach: HostReach | None = None,
) -> dict[str, Observation]:
    """Fetch every distinct URL once, all at the same time, within the policy.

    Nothing that a server does raises: each URL gets exactly one `Observation`, in their order, before the
    deadline or at it, and ``on_done`` is told of it at once; what that raises ends the run and is raised.
    ``lookup`` answers for host names. URLs of several ``owners`` (messages' sources, say) share the places,
    so that those of one cannot use up the run. Those that are ``links`` in texts are asked for as pages, by
    their heads alone and without probes. ``sampling`` says which probes some files are asked in the place of
    all (None: none); ``reach`` which hosts redirects may lead to (None: any). Raises `UsageError`, before
    anything is fetched, for a policy that cannot be acted on. When cancelled it closes everything and lets
    the cancellation through.
    """
    allowed, context = check_policy(policy)
    if not urls:
        return {}
    turns = Turns(owners or {}, max(1, policy.max_concurrency // SHARE))
    async with _open_tools(policy, allowed, context, lookup, reach) as tools:
        ends, pages = monotonic() + policy.deadline, frozenset(links)
        jobs = {url: Job(tools, url, None if url in pages else inspect, ends, sampling) for url in urls}
        tasks = [asyncio.create_task(job.run(turns.of(url), on_done)) for url, job in jobs.items()]
        try:
            ended, _ = await asyncio.wait(tasks, timeout=policy.deadline, return_when=asyncio.FIRST_EXCEPTION)
            for task in ended:
                # Only on_done can have raised: that is the caller's own error, and goes back to it.
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return {url: job.observation or job.tell(on_done) for url, job in jobs.items()}


@asynccontextmanager
async def _open_tools(
    policy: FetchPolicy,
    allowed: Networks,
    context: ssl.SSLContext | None,
    lookup: Lookup,
    reach: HostReach | None = None,
) -> AsyncIterator[FetchTools]:
    """What a run shares; nothing of it is left open afterwards."""

    def fresh_session() -> aiohttp.ClientSession:
        return open_session(policy, GuardedConnector(allowed, context))

    names = Names(lookup, policy.connect_to, proxy=parse_proxy(policy.proxy), allowed=allowed)
    try:
        async with fresh_session() as session:
            pace = Pace(policy.rate, monotonic() + policy.deadline)
            most = (policy.per_host, policy.max_concurrency, policy.max_bytes)
            slots = Slots(*most, pace, own_hosts=dict(policy.own_hosts))
            yield FetchTools(policy, allowed, names, slots, session, fresh_session, reach)
    finally:
        await names.aclose()


def is_answer(hops: Sequence[Hop]) -> bool:
    """Whether a whole head of a file came."""
    return bool(hops) and hops[-1].status == OK


def framing_headers(hop: Hop) -> tuple[tuple[str, ...], ...]:
    """What the head says about the length, the codings and the type of the file."""
    return tuple(hop.values(name) for name in _FRAMING)


class Job:
    """All that is done for one URL: attempts, pauses, probes; can tell at any moment how far it got."""

    def __init__(
        self,
        tools: FetchTools,
        url: str,
        inspect: Inspector | None,
        ends: float,
        sampling: Sampling | None = None,
    ) -> None:
        """Fetch ``url`` before `time.monotonic` reads ``ends``, and have ``inspect`` look at its bytes.

        Without ``inspect`` it is the link of a text. ``sampling`` is the one of the run.
        """
        self.observation: Observation | None = None
        self._tools = tools
        self._url = url
        self._inspect = inspect
        self._ends = ends
        self._asking = PLAIN if inspect else _PAGE
        self._attempt = self._attempted(1)
        self._probing = Probing(tools, url, sampling)
        self._first: Observation | None = None
        self._interrupted: tuple[Attempt, Failure] | None = None

    async def run(self, turn: AbstractAsyncContextManager[None], on_done: OnDone | None) -> None:
        """Fetch in its turn, again where that may help, then wait for the probes, and tell.

        Only cancellation and what ``on_done`` raises get out of here.
        """
        async with turn:
            with self._traced():
                try:
                    with self._outcome_of_failures():
                        while self._first is None:
                            try:
                                self._first = self._whole_file(await self._attempt.run())
                            except Failure as failure:
                                await self._wait_before_repeat(failure)
                                self._attempt = self._attempted(self._attempt.number + 1)
                    if isinstance(self._first, NotFetched) and self._inspect is not None:
                        self._probing.after_refusal(self._first)
                    await self._probing.wait(self._first)
                finally:
                    await self._probing.stop()
        self.tell(on_done)

    @contextlib.contextmanager
    def _traced(self) -> Iterator[None]:
        """A span with what came, whatever ends it."""
        with span("fetch", {"server.address": _host(self._url)}, SpanKind.CLIENT) as told:
            try:
                yield
            finally:
                self._note(told)

    def _note(self, told: Span) -> None:
        first, hops = self._first, self._attempt.hops
        told.note(
            {
                "http.response.status_code": hops[-1].status if hops else None,
                "mmscheck.attempts": self._attempt.number,
                "mmscheck.bytes": first.size if isinstance(first, Fetched) else self._attempt.received,
                "mmscheck.not_fetched": first.reason.value if isinstance(first, NotFetched) else None,
            }
        )

    def _attempted(self, number: int) -> Attempt:
        return Attempt(self._tools, self._url, number, asking=self._asking, on_body=self._on_body)

    async def _on_body(self, body: bytes) -> Inspected:
        """Begin the probes, then have the bytes inspected: meanwhile the network would have nothing to do."""
        if self._inspect is None:
            return _NOT_LOOKED_INTO
        self._probing.after_file(tuple(self._attempt.hops), len(body))
        return await self._inspect(self._url, body)

    @contextlib.contextmanager
    def _outcome_of_failures(self) -> Iterator[None]:
        try:
            yield
        except Failure as failure:
            self._first = self._not_fetched(failure.reason, failure.detail)
        except Exception as error:  # noqa: BLE001 - a fault in one URL must not take the others' answers along
            self._first = self._not_fetched(
                Reason.INTERNAL, one_line(f"{type(error).__name__}: {error}", LONGEST)
            )

    def tell(self, on_done: OnDone | None) -> Observation:
        """The observation as it is now; without a first answer the deadline of the whole run came first."""
        first = self._first or self._not_fetched(
            Reason.DEADLINE, f"{self._tools.policy.deadline:g} s, while {self._attempt.phase}"
        )
        self.observation = self._probing.beside(first)
        if on_done is not None:
            on_done(self._url, self.observation)
        return self.observation

    def _not_fetched(self, reason: Reason, detail: str) -> NotFetched:
        """The outcome with what the latest attempt had seen."""
        attempt = self._attempt
        return NotFetched(
            url=self._url,
            reason=reason,
            detail=detail,
            hops=tuple(attempt.hops),
            received=attempt.received,
            timing_ms=attempt.timing if attempt.hops else None,
            attempts=attempt.number,
            excerpt=attempt.excerpt,
        )

    def _whole_file(self, download: Download) -> Fetched:
        """The latest attempt as an observation; raises `Failure` where an earlier one shows more.

        When an answer that broke off before was framed or typed differently, that one counts: otherwise the
        repeat, out of a cache that the first request filled, would take back what it showed.
        """
        attempt = self._attempt
        if self._interrupted is not None:
            earlier, failure = self._interrupted
            if framing_headers(earlier.hops[-1]) != framing_headers(attempt.hops[-1]):
                self._attempt = earlier
                detail = f"{failure.detail}; a repeat was answered with other headers"
                raise Failure(failure.reason, detail, transient=False)
        inspected = download.inspected
        if inspected is None:
            raise RuntimeError("the file was not inspected")
        return Fetched(
            url=self._url,
            hops=tuple(attempt.hops),
            size=download.size,
            sha256=download.sha256,
            timing_ms=attempt.timing,
            sniffed=inspected.sniffed,
            decoded=inspected.decoded,
            preview=inspected.preview,
            excess=download.excess,
            continuing=download.continuing,
            excerpt=attempt.excerpt,
            attempts=attempt.number,
        )

    async def _wait_before_repeat(self, failure: Failure) -> None:
        """Wait for as long as a repeat should; raises ``failure`` where none can help."""
        attempt, policy = self._attempt, self._tools.policy
        pause = pause_before_repeat(failure, attempt.number, policy.backoff)
        may_help = failure.transient and attempt.number <= policy.retries
        if not (may_help and monotonic() + pause < self._ends):
            raise failure
        if self._interrupted is None and is_answer(attempt.hops):
            self._interrupted = attempt, failure
        await asyncio.sleep(pause)


def _host(url: str) -> str:
    """The host alone: a path may name a customer, a query hold a key."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
