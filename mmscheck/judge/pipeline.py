"""The one place that joins the parts: messages in, a report out."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version

import msgspec

from mmscheck.cache.reuse import Cache, about_kept, observe_kept
from mmscheck.checks import CHECKS, READS_FACTS, READS_PROBES
from mmscheck.errors import UsageError
from mmscheck.fetch import (
    FetchPolicy,
    Inspector,
    Turns,
    default_user_agent,
    fetch_all,
    parse_proxy,
    plan,
)
from mmscheck.judge import gate
from mmscheck.judge.engine import judge
from mmscheck.judge.in_order import InOrder
from mmscheck.judge.usable import usable as usable_under
from mmscheck.media import ISOLATED, MediaWorkers, offered
from mmscheck.model.check import Binding
from mmscheck.model.facts import EVERYTHING, Usable
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Fetched, Inspected, Observation, ProbeName
from mmscheck.model.report import MessageReport, Report, RuleKey
from mmscheck.model.request import Changes, SendRequest, SendWindow
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType
from mmscheck.ruleset import Config, load_ruleset

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
    previews: bool = False,
    cache: Cache | None = None,
    owners: Mapping[str, str] | None = None,
    usable: Usable = EVERYTHING,
) -> dict[str, Observation]:
    """Fetch every distinct URL once, all at the same time, and have workers look at the bytes.

    ``workers`` that are already running are used and left running; otherwise some are started for this call.
    Without ``decode`` only the type of the bytes is determined, and rules on decoded facts cannot tell.
    Sound and film that is not ``usable`` is not decoded either.
    ``previews`` asks for likenesses of the media, and for decoding with it. What ``cache`` has kept is not
    fetched. URLs of different ``owners`` share the slots and the workers.
    """
    decode = decode or previews
    shares = Turns(owners or {}, 1)

    async def fetch(missing: Sequence[str]) -> dict[str, Observation]:
        if workers is not None or not missing:
            look = _look(workers or MediaWorkers(), shares, usable if decode else None, previews=previews)
            return await fetch_all(missing, policy, look, on_done, owners=owners)
        async with MediaWorkers(workers=2 if decode else 1, decode=decode) as own:
            look = _look(own, shares, usable if decode else None, previews=previews)
            return await fetch_all(missing, policy, look, on_done, owners=owners)

    distinct = tuple(dict.fromkeys(urls))
    if cache is None:
        return await fetch(distinct)
    return await observe_kept(
        distinct, policy, cache, fetch, on_done, decode=decode, previews=previews, usable=usable
    )


def _look(workers: MediaWorkers, shares: Turns, wanted: Usable | None, *, previews: bool) -> Inspector:
    """Looks at bytes: at what is ``wanted`` whole, and where that is None for the type alone."""

    async def only_type(url: str, body: bytes) -> Inspected:
        return Inspected(sniffed=await workers.sniff(url, body))

    async def whole(url: str, body: bytes) -> Inspected:
        # One file of each message at a time: a message of slow pictures keeps no worker from the others.
        async with shares.of(url):
            return await workers.inspect(url, body, preview=previews, usable=wanted or EVERYTHING)

    return only_type if wanted is None else whole


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
    binding: Binding | None = None,
    strict: bool = False,
    unread: tuple[str, ...] = (),
    on_done: Progress | None = None,
    workers: MediaWorkers | None = None,
    sending: SendWindow | None = None,
    deep: bool = False,
    cache_bust: bool = True,
    cache: Cache | None = None,
    previews: bool = False,
    fail_fast: bool = False,
    on_judged: Callable[[MessageReport], None] | None = None,
    columns: tuple[str, ...] | None = None,
) -> Report:
    """Check messages as they would be sent with these changes.

    With a ``request`` the rules on its fields apply too, and its own changes are used; ``binding`` is what
    the ledger in use knows of its mms-id (``Ledger.binding``). ``unread`` are
    sentences about inputs that could not be read: they deny. ``sending`` is when they are to go out (default:
    within an hour). ``deep`` makes every probe that a rule can use; without ``cache_bust`` no URL is
    asked for under a changed query. Results of earlier checks come from ``cache``; raises UsageError for one
    beside a ``request``, because a send is decided on what is there now. ``previews`` has likenesses of the
    media made, for formats that show them. With ``fail_fast`` the first message that is denied ends the run,
    and the report names those that were not checked. ``on_judged`` is told of each message. ``columns`` names
    the merge data of a file of recipients, of which the ``request`` is one row.
    """
    if request is not None and cache is not None:
        raise UsageError("a send is not decided on kept results: give no cache beside a request")
    clock = start_clock()
    applied = request.changes if request else changes or Changes()
    turns = plan(messages)
    probing = msgspec.structs.replace(policy, probes=wanted_probes(ruleset, deep=deep, cache_bust=cache_bust))
    decode, sent = needs_decoding(ruleset), sending or window()

    def judge_one(message: Mms, seen: Mapping[str, Observation]) -> MessageReport:
        how = partial(judge, ruleset, message, seen, changes=applied, request=request, binding=binding)
        return how(window=sent, columns=columns)

    def denied(message: MessageReport) -> bool:
        alone = make_report(ruleset, (message,), clock, strict=strict, unread=())
        return not gate.verdict(alone).messages[0].permitted

    async def look(urls: Sequence[str], tell: Progress | None) -> dict[str, Observation]:
        if tell is not None:
            for url, left in turns.beyond.items():
                tell(url, left)
        found = await observe(
            urls,
            probing,
            tell,
            workers,
            decode=decode,
            previews=previews,
            cache=cache,
            owners=turns.owners,
            usable=usable_under(ruleset),
        )
        return {**turns.beyond, **found}

    order = InOrder(messages, judge_one, ends=denied if fail_fast else None, on_judged=on_judged)
    seen = await order.follow(look, turns.urls, on_done)
    return make_report(
        ruleset,
        order.judged,
        clock,
        strict=strict,
        unread=unread,
        allowances=(*allowances(policy), *about_kept(seen, dt.datetime.now(dt.UTC))),
        not_checked=order.not_checked,
    )


def allowances(policy: FetchPolicy) -> tuple[str, ...]:
    """What this policy shows that the provider may not see: nobody may overlook it in a report."""
    return (
        *(f"Media may live in the network {net} (allow-net)." for net in policy.allow_net),
        *(
            f"Connections for {item.host or 'any host'}:{item.port or 'any port'} went to"
            f" {item.to_host}:{item.to_port} (connect-to)."
            for item in policy.connect_to
        ),
        *_on_our_side(policy),
    )


def _on_our_side(policy: FetchPolicy) -> Iterator[str]:
    if policy.ca_file is not None:
        yield (
            f"Certificates of the authorities in {policy.ca_file} were trusted as well (ca-file);"
            " the provider does not know them."
        )
    if policy.user_agent != default_user_agent():
        name = repr(policy.user_agent)
        yield f"Requests called themselves {name} (user-agent); others may be answered otherwise."
    if (proxy := parse_proxy(policy.proxy)) is not None:
        yield (
            f"Requests went through the proxy {proxy.text}: which addresses it reaches is guarded by it,"
            " not by mmscheck."
        )


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
    not_checked: tuple[str, ...] = (),
    left_out: int = 0,
) -> Report:
    """What was judged and by which rules, as one report that ends now."""
    return Report(
        tool_version=version("mmscheck"),
        ruleset_digest=ruleset.digest,
        profile=ruleset.profile,
        rules=tuple(
            RuleKey(id=rule.id, severity=rule.severity, target=rule.target, title=rule.title)
            for rule in ruleset.rules
        ),
        overrides=tuple(msgspec.to_builtins(override) for override in ruleset.overrides),
        started=clock.started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        messages=messages,
        duration_ms=round((time.monotonic() - clock.ticks) * 1000),
        strict=strict,
        unread=unread,
        allowances=(*allowances, *_unconfined(messages)),
        waivers=ruleset.waivers,
        not_checked=not_checked,
        left_out=left_out,
        configuration=ruleset.configuration,
        confinement=offered(),
    )


def _unconfined(messages: Sequence[MessageReport]) -> Iterator[str]:
    """What keeps workers in elsewhere and not here, if they were needed."""
    opened = any(isinstance(seen, Fetched) for each in messages for seen in each.observations.values())
    if opened and (missing := [name for name in ISOLATED if name not in offered()]):
        yield (
            f"Media were opened in processes without {' and '.join(missing)}, which this system does not"
            " offer; --require-confinement checks nothing on such a system."
        )
