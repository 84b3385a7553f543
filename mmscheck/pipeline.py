"""The one place that joins the parts: messages in, a report out, and a send that needs a permit."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Protocol, Self

import msgspec

from mmscheck import gate
from mmscheck.checks import CHECKS, READS_FACTS, READS_PROBES
from mmscheck.engine import judge
from mmscheck.errors import DeniedError, PermitError, UsageError
from mmscheck.fetch import FetchPolicy, Inspector, fetch_all, parse_proxy
from mmscheck.media import MediaWorkers
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Inspected, Observation, ProbeName
from mmscheck.model.report import MessageReport, Report, RuleKey
from mmscheck.model.request import Changes, SendRequest, SendWindow
from mmscheck.model.rule import RuleSet
from mmscheck.model.send import SendResult
from mmscheck.model.verdict import Permit
from mmscheck.model.words import SenderType
from mmscheck.reuse import Cache, about_kept, observe_kept
from mmscheck.ruleset import Config, load_ruleset
from mmscheck.slidexml import parse

Progress = Callable[[str, Observation], None]
"""Called with each URL as soon as its observation is there."""


def load_rules(
    profile: str | None = None,
    *,
    sender: SenderType | None = None,
    carriers: Sequence[str] = (),
    providers: Sequence[str] = (),
    transcoding: bool | None = None,
    config: Config | None = None,
) -> RuleSet:
    """The packaged rules selected by a profile and shaped by a configuration; raises RuleSetError.

    Without a profile the configuration's counts, and without that ``send``; carriers, providers and
    transcoding likewise.
    """
    return load_ruleset(
        checks=CHECKS,
        profile=profile,
        sender=sender,
        carriers=carriers,
        providers=providers,
        transcoding=transcoding,
        config=config,
    )


async def observe(
    urls: Sequence[str],
    policy: FetchPolicy,
    on_done: Progress | None = None,
    workers: MediaWorkers | None = None,
    *,
    decode: bool = True,
    cache: Cache | None = None,
) -> dict[str, Observation]:
    """Fetch every distinct URL once, all at the same time, and have workers look at the bytes.

    ``workers`` that are already running are used and left running; otherwise some are started for this call.
    Without ``decode`` only the type of the bytes is determined, and rules on decoded facts cannot tell. What
    ``cache`` has kept is not fetched.
    """

    async def fetch(missing: Sequence[str]) -> dict[str, Observation]:
        if workers is not None or not missing:
            return await fetch_all(missing, policy, _look(workers or MediaWorkers(), decode=decode), on_done)
        async with MediaWorkers(workers=2 if decode else 1, decode=decode) as own:
            return await fetch_all(missing, policy, _look(own, decode=decode), on_done)

    distinct = tuple(dict.fromkeys(urls))
    if cache is None:
        return await fetch(distinct)
    return await observe_kept(distinct, policy, cache, fetch, on_done, decode=decode)


def _look(workers: MediaWorkers, *, decode: bool) -> Inspector:
    async def only_type(url: str, body: bytes) -> Inspected:
        return Inspected(sniffed=await workers.sniff(url, body))

    return workers.inspect if decode else only_type


def needs_decoding(ruleset: RuleSet) -> bool:
    """Whether any rule of the set asks for what a decoder finds."""
    return any(rule.check.name in READS_FACTS for rule in ruleset.rules)


DEEP = (ProbeName.BROWSER, ProbeName.WEBP, ProbeName.IPV4, ProbeName.IPV6, ProbeName.REPEAT)
"""What only a deep check asks for: some seven requests more for each URL."""


def wanted_probes(ruleset: RuleSet, *, deep: bool = False, cache_bust: bool = True) -> tuple[ProbeName, ...]:
    """The further requests whose answers some rule of the set looks at."""
    read = {name for rule in ruleset.rules for name in READS_PROBES.get(rule.check.name, ())}
    if not deep:
        read.difference_update(DEEP)
    if not cache_bust:
        read.discard(ProbeName.COLD)
    return tuple(name for name in ProbeName if name in read)


SEND_WITHIN = 3600.0
"""Seconds from now in which a message is taken to go out when nobody says when (a judgement)."""


def window(opens: float | None = None, within: float | None = None) -> SendWindow:
    """The time of the send: from ``opens`` (seconds since the epoch; None: now) for ``within`` seconds."""
    start = time.time() if opens is None else opens
    return SendWindow(opens=start, closes=start + (SEND_WITHIN if within is None else within))


async def check(
    messages: Sequence[Mms],
    ruleset: RuleSet,
    policy: FetchPolicy,
    *,
    changes: Changes | None = None,
    request: SendRequest | None = None,
    strict: bool = False,
    unread: tuple[str, ...] = (),
    on_done: Progress | None = None,
    workers: MediaWorkers | None = None,
    sending: SendWindow | None = None,
    deep: bool = False,
    cache_bust: bool = True,
    cache: Cache | None = None,
) -> Report:
    """Check messages as they would be sent with these changes.

    With a ``request`` the rules on its fields apply too, and its own changes are used. ``unread`` are
    sentences about inputs that could not be read: they deny. ``sending`` is when they are to go out (default:
    within an hour). ``deep`` makes every probe that a rule can use; without ``cache_bust`` no URL is
    asked for under a changed query. Results of earlier checks come from ``cache``; raises UsageError for one
    beside a ``request``, because a send is decided on what is there now.
    """
    if request is not None and cache is not None:
        raise UsageError("a send is not decided on kept results: give no cache beside a request")
    clock = start_clock()
    applied = request.changes if request else changes or Changes()
    urls = [ref.url for message in messages for ref in message.media]
    probing = msgspec.structs.replace(policy, probes=wanted_probes(ruleset, deep=deep, cache_bust=cache_bust))
    seen = await observe(urls, probing, on_done, workers, decode=needs_decoding(ruleset), cache=cache)
    sent = sending or window()
    return make_report(
        ruleset,
        tuple(
            judge(ruleset, message, seen, changes=applied, request=request, window=sent)
            for message in messages
        ),
        clock,
        strict=strict,
        unread=unread,
        allowances=(*allowances(policy), *about_kept(seen, dt.datetime.now(dt.UTC))),
    )


def allowances(policy: FetchPolicy) -> tuple[str, ...]:
    """What this policy lets past the rule that media must be public: nobody may overlook it in a report."""
    nets = (f"Media may live in the network {net} (allow-net)." for net in policy.allow_net)
    elsewhere = (
        f"Connections for {item.host or 'any host'}:{item.port or 'any port'} went to"
        f" {item.to_host}:{item.to_port} (connect-to)."
        for item in policy.connect_to
    )
    return (*nets, *elsewhere, *_proxied(policy))


def _proxied(policy: FetchPolicy) -> tuple[str, ...]:
    proxy = parse_proxy(policy.proxy)
    if proxy is None:
        return ()
    # No colon or full stop right behind the URL: redaction would take it for a part of it.
    guard = "which addresses it reaches is guarded by it, not by mmscheck"
    return (f"Requests went through the proxy {proxy.text} ({guard}).",)


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """When a run began: the time of day, and seconds of a clock that nobody sets."""

    started: dt.datetime
    ticks: float


def start_clock() -> Clock:
    """Begin a run."""
    return Clock(started=dt.datetime.now(dt.UTC), ticks=time.monotonic())


def make_report(
    ruleset: RuleSet,
    messages: tuple[MessageReport, ...],
    clock: Clock,
    *,
    strict: bool,
    unread: tuple[str, ...],
    allowances: tuple[str, ...] = (),
) -> Report:
    """What was judged and by which rules, as one report that ends now."""
    return Report(
        tool_version=version("mmscheck"),
        ruleset_digest=ruleset.digest,
        profile=ruleset.profile,
        rules=tuple(
            RuleKey(id=rule.id, severity=rule.severity, target=rule.target) for rule in ruleset.rules
        ),
        overrides=tuple(msgspec.to_builtins(override) for override in ruleset.overrides),
        started=clock.started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        messages=messages,
        duration_ms=round((time.monotonic() - clock.ticks) * 1000),
        strict=strict,
        unread=unread,
        allowances=allowances,
        waivers=ruleset.waivers,
    )


MOST_REASONS = 5
"""Reasons in the text of a DeniedError; the verdict it carries has them all."""


class Client(Protocol):
    """What makes the one call; ``mmscheck.SinchClient`` is one."""

    async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
        """Redeem the permit, then make one POST."""


class Gate:
    """The gate for a publishing pipeline: ``async with Gate(...) as gate``, then check, then send.

    One gate serves many messages; its worker processes start once. It may be used by several tasks at a time.
    """

    def __init__(
        self,
        *,
        client: Client,
        policy: FetchPolicy | None = None,
        ruleset: RuleSet | None = None,
        strict: bool = False,
    ) -> None:
        """Take the provider's client, how to fetch, and the rules (default: profile ``send``)."""
        self._client = client
        self._policy = policy or FetchPolicy()
        self._ruleset = ruleset or load_rules()
        self._strict = strict
        self._workers = MediaWorkers()
        self._issued: dict[int, tuple[Permit, SendRequest]] = {}
        self._running = False

    async def __aenter__(self) -> Self:
        """Start the worker processes."""
        await self._workers.__aenter__()
        self._running = True
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop them."""
        self._running = False
        await self._workers.__aexit__(*failure)

    async def check(self, document: bytes, request: SendRequest, *, source: str = "<document>") -> Permit:
        """Check slide XML as this request would send it; DeniedError carries the report that denies.

        Raises UsageError for arguments that are none: text instead of bytes, or fields that XML cannot carry.
        """
        self._usable(document, request)
        message = parse(document, source)
        report = await check(
            [message],
            self._ruleset,
            self._policy,
            request=request,
            strict=self._strict,
            workers=self._workers,
        )
        verdict = gate.verdict(report)
        if not verdict.permitted:
            reasons = [*verdict.reasons, *(reason for item in verdict.messages for reason in item.reasons)]
            more = f" and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
            raise DeniedError("; ".join(reasons[:MOST_REASONS]) + more, report=report, verdict=verdict)
        permit = gate.permit(report, request, time.time())
        self._issued[id(permit)] = (permit, request)
        return permit

    def _usable(self, document: object, request: object) -> None:
        from mmscheck.sinch import redacted_xml  # noqa: PLC0415 - the provider's package brings the HTTP client

        if not self._running:
            raise UsageError("a gate works inside `async with Gate(...) as gate:`")
        if not isinstance(document, bytes) or not isinstance(request, SendRequest):
            raise UsageError("Gate.check takes the document as bytes and a SendRequest")
        if any(type(text.slide) is not int for text in request.changes.custom_texts):
            raise UsageError("CustomText.slide must be a whole number")
        redacted_xml(request)

    async def send(self, permit: Permit) -> SendResult:
        """Make the one ``sendSavedMMS`` call this permit is for.

        Raises PermitError when the permit was used, has expired or came from another gate; whatever the
        provider or the network does is a SendResult.
        """
        issued, request = self._issued.pop(id(permit), (None, None))
        if issued is not permit or request is None:
            raise PermitError("this permit was used, or came from another gate")
        return await gate.guarded_send(permit, request, self._client.send_saved_mms)
