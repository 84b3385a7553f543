"""The one place that joins the parts: messages or URLs in, a report out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from mmscheck import media
from mmscheck import ruleset as rulesets
from mmscheck.cache.reuse import Cache
from mmscheck.checks import CHECKS, READS_LINKS
from mmscheck.checks.links import asked_links
from mmscheck.errors import UsageError
from mmscheck.fetch import FetchPolicy, OnDone, plan
from mmscheck.judge.message_run import MessageRun, RunEnded
from mmscheck.judge.observe import ObserveOptions, needs_decoding, observe, usable, wanted_probes
from mmscheck.judge.sampling import sampling
from mmscheck.model.check import Binding
from mmscheck.model.ledger import NumberStanding
from mmscheck.model.mms import Mms
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.request import Changes, SendRequest, SendWindow
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType
from mmscheck.ruleset.compiled import kept_ruleset

SEND_WITHIN = 3600.0
"""Seconds from now in which a message is taken to go out when nobody says when (a judgement)."""


class CheckOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How messages are checked, beside the rules.

    ``policy`` is how their media are fetched. With a ``request`` the rules on its fields apply too, and its
    own changes are used in place of ``changes``; ``binding`` is what the ledger in use knows of its mms-id
    (``Ledger.binding``), ``first`` whether its number has had no message before (None: nobody knows), and
    ``standing`` why it is not texted (None: that is decided elsewhere). With ``strict`` warnings deny like
    errors. ``unread`` are sentences about inputs that could not be read: they deny. ``sending`` is when the
    messages are to go out (default: within an hour). ``deep`` makes every probe that a rule can use.
    ``sample_probes`` lets a few files of a large run stand for those like them, where advice alone asks
    for a probe; never with ``deep``, ``strict``, a ``request`` or one message. Without ``cache_bust`` no
    URL is asked for under a changed query. Results of earlier checks come from ``cache``. ``previews``
    has likenesses of the media made, for formats that show them. With ``fail_fast`` the first message
    that is denied ends the run, and the report names those that were not checked. ``columns`` names the
    merge data of a file of recipients, of which the ``request`` is one row. ``workers`` that are already
    running are used and left running.
    ``on_done`` is called with each URL as soon as its observation is there, ``on_judged`` with each message's
    report. With ``on_disk`` what was judged waits in a temporary file and not in memory: for many messages.
    """

    policy: FetchPolicy
    changes: Changes | None = None
    request: SendRequest | None = None
    binding: Binding | None = None
    first: bool | None = None
    standing: NumberStanding | None = None
    strict: bool = False
    unread: tuple[str, ...] = ()
    sending: SendWindow | None = None
    deep: bool = False
    sample_probes: bool = False
    cache_bust: bool = True
    cache: Cache | None = None
    previews: bool = False
    fail_fast: bool = False
    columns: tuple[str, ...] | None = None
    workers: media.MediaWorkers | None = None
    on_done: OnDone | None = None
    on_judged: Callable[[MessageReport], None] | None = None
    on_disk: bool = False

    def observing(self, ruleset: RuleSet, owners: Mapping[str, str], urls: Sequence[str]) -> ObserveOptions:
        """How ``urls`` of these ``owners`` are observed, so that the rules find what they look at."""
        every = self.deep or self.strict or self.request is not None or len(set(owners.values())) == 1
        probes = wanted_probes(ruleset, deep=self.deep, cache_bust=self.cache_bust)
        return ObserveOptions(
            policy=replace(self.policy, probes=probes),
            workers=self.workers,
            decode=needs_decoding(ruleset),
            previews=self.previews,
            cache=self.cache,
            owners=owners,
            usable=usable(ruleset),
            sampling=sampling(ruleset, len(urls)) if self.sample_probes and not every else None,
        )


def load_rules(
    profile: str | None = None,
    *,
    sender: SenderType | None = None,
    carriers: Sequence[str] = (),
    providers: Sequence[str] = (),
    transcoding: bool | None = None,
    config: rulesets.Config | None = None,
) -> RuleSet:
    """The packaged rules selected by a profile and shaped by a configuration; raises RuleSetError.

    Without a profile the configuration's counts, and without that ``send``; carriers, providers and
    transcoding likewise.
    """
    return rulesets.load_ruleset(
        checks=CHECKS,
        profile=profile,
        sender=sender,
        carriers=carriers,
        providers=providers,
        transcoding=transcoding,
        config=config,
    )


def load_kept_rules(
    profile: str | None,
    *,
    sender: SenderType | None,
    carriers: Sequence[str],
    providers: Sequence[str],
    transcoding: bool | None,
    config: rulesets.Config | None,
) -> RuleSet:
    """What `load_rules` gives, from the user's cache folder where nothing has changed since."""
    asked: dict[str, Any] = {
        "checks": CHECKS,
        "profile": profile,
        "sender": sender,
        "carriers": carriers,
        "providers": providers,
        "transcoding": transcoding,
        "config": config,
    }
    return kept_ruleset(lambda: rulesets.load_ruleset(**asked), **asked)


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
    first: bool | None = None,
    standing: NumberStanding | None = None,
    strict: bool = False,
    unread: tuple[str, ...] = (),
    on_done: OnDone | None = None,
    workers: media.MediaWorkers | None = None,
    sending: SendWindow | None = None,
    deep: bool = False,
    sample_probes: bool = False,
    cache_bust: bool = True,
    cache: Cache | None = None,
    previews: bool = False,
    fail_fast: bool = False,
    on_judged: Callable[[MessageReport], None] | None = None,
    columns: tuple[str, ...] | None = None,
    on_disk: bool = False,
) -> Report:
    """Check messages as they would be sent with these changes: the library's way to say `check_messages`.

    `CheckOptions` says what each keyword is for. Raises UsageError for a ``cache`` beside a ``request``.
    """
    options = CheckOptions(
        policy=policy,
        changes=changes,
        request=request,
        binding=binding,
        first=first,
        standing=standing,
        strict=strict,
        unread=unread,
        on_done=on_done,
        workers=workers,
        sending=sending,
        deep=deep,
        sample_probes=sample_probes,
        cache_bust=cache_bust,
        cache=cache,
        previews=previews,
        fail_fast=fail_fast,
        on_judged=on_judged,
        columns=columns,
        on_disk=on_disk,
    )
    return await check_messages(messages, ruleset, options)


async def check_messages(messages: Sequence[Mms], ruleset: RuleSet, options: CheckOptions) -> Report:
    """Fetch the media of these messages, judge each by the rules, and report.

    Raises UsageError for a cache beside a request: a send is decided on what is there now.
    """
    if options.request is not None and options.cache is not None:
        raise UsageError("a send is not decided on kept results: give no cache beside a request")
    turns = plan(messages)
    links = _links(messages, ruleset, options)
    sending = options.sending or window()
    run = MessageRun(messages, ruleset, options, turns.beyond, sending=sending, links=links)
    try:
        run.judge_complete()
        urls = () if run.ended else turns.urls
        pages = () if run.ended else tuple(dict.fromkeys(link for one in links or () for link in one))
        sources = (message.source for message in messages)
        owners = {link: source for source, one in zip(sources, links or (), strict=False) for link in one}
        how = options.observing(ruleset, {**owners, **turns.owners}, urls)
        run.observations |= await observe(urls, how, run.came, links=pages)
    except RunEnded:
        pass
    run.judge_rest()
    return run.report()


def _links(
    messages: Sequence[Mms], ruleset: RuleSet, options: CheckOptions
) -> tuple[tuple[str, ...], ...] | None:
    """For each message the links in its texts that are asked for; None where no rule wants to know."""
    if not any(rule.check.name in READS_LINKS for rule in ruleset.rules):
        return None
    request = options.request
    changes = request.changes if request else options.changes or Changes()
    beside = () if request is None else request.texts
    # Where rows of a file fill the message, a custom text may be one row's own.
    custom = options.columns is None
    return tuple(asked_links(message, changes, beside, custom=custom) for message in messages)
