"""The one place that joins the parts: messages or URLs in, a report out."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
from msgspec.structs import replace

from mmscheck import media
from mmscheck import ruleset as rulesets
from mmscheck.cache.reuse import Cache, about_kept
from mmscheck.checks import CHECKS, READS_LINKS
from mmscheck.checks.links import asked_links
from mmscheck.errors import UsageError
from mmscheck.fetch import FetchPolicy, OnDone, plan
from mmscheck.judge import gate
from mmscheck.judge.engine import judge
from mmscheck.judge.observe import ObserveOptions, needs_decoding, observe, usable, wanted_probes
from mmscheck.judge.reports import allowances, make_report, start_clock
from mmscheck.judge.sampling import about_sampled, sampling
from mmscheck.judge.shared import SharedMedia
from mmscheck.model.check import Binding
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Observation
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
    (``Ledger.binding``), ``first`` whether its number has had no message before (None: nobody knows). With
    ``strict`` warnings deny like errors. ``unread`` are sentences about inputs
    that could not be read: they deny. ``sending`` is when the messages are to go out (default: within an
    hour). ``deep`` makes every probe that a rule can use. ``sample_probes`` lets a few files of a large run
    stand for those like them, where advice alone asks for a probe; never with ``deep``, ``strict``, a
    ``request`` or one message. Without ``cache_bust`` no URL is asked for under a changed query. Results of
    earlier checks come from ``cache``. ``previews`` has likenesses of the media made, for formats that show
    them. With ``fail_fast`` the first message that is denied ends the run, and the report names those that
    were not checked. ``columns`` names the merge data of a file of recipients, of which the ``request`` is
    one row. ``workers`` that are already running are used and left running.
    ``on_done`` is called with each URL as soon as its observation is there, ``on_judged`` with each message's
    report.
    """

    policy: FetchPolicy
    changes: Changes | None = None
    request: SendRequest | None = None
    binding: Binding | None = None
    first: bool | None = None
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
    run = MessageRun(messages, ruleset, options, turns.beyond, links)
    try:
        run.judge_complete()
        urls = () if run.ended else turns.urls
        pages = () if run.ended else tuple(dict.fromkeys(link for one in links or () for link in one))
        sources = (message.source for message in messages)
        owners = {link: source for source, one in zip(sources, links or (), strict=False) for link in one}
        how = options.observing(ruleset, {**owners, **turns.owners}, urls)
        run.observations |= await observe(urls, how, run.came, links=pages)
    except _Ended:
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


class _Ended(Exception):  # noqa: N818 - no error: it ends the fetching when there is nothing left to fetch for
    """Raised while an observation is handed over, once the last message of the run is judged."""


class MessageRun:
    """Messages judged once each, in their order; where a denied one ends the run, while media still come in.

    The order of the messages decides where such a run ends, and not which server is quick: the same inputs
    and answers always give the same report.
    """

    def __init__(
        self,
        messages: Sequence[Mms],
        ruleset: RuleSet,
        options: CheckOptions,
        observations: Mapping[str, Observation],
        links: Sequence[tuple[str, ...]] | None = None,
    ) -> None:
        """Begin with what is known of URLs before any is fetched; ``links`` are those of each message."""
        self.ended = False
        self.observations = dict(observations)
        self._messages, self._ruleset, self._options = messages, ruleset, options
        self._clock, self._sending = start_clock(), options.sending or window()
        self._judged: list[MessageReport] = []
        self._shared = SharedMedia(messages)
        self._waiting: set[str] = set()
        self._links = links
        media = {ref.url for message in messages for ref in message.media}
        self._pages = {link for one in links or () for link in one} - media
        if options.on_done is not None:
            for url, observation in observations.items():
                options.on_done(url, observation)

    def came(self, url: str, observation: Observation) -> None:
        """Take an observation; raises `_Ended` when it decides that the run ends."""
        if self._options.on_done is not None and url not in self._pages:
            self._options.on_done(url, observation)
        if not self._options.fail_fast:
            return
        self.observations[url] = observation
        if url in self._waiting:
            self._waiting.discard(url)
            self.judge_complete()
        if self.ended:
            raise _Ended

    def judge_complete(self) -> None:
        """Judge on up to the first message whose media are not all there; without ``fail_fast`` none yet."""
        if not self._options.fail_fast:
            return
        while not (self._waiting or self.ended) and len(self._judged) < len(self._messages):
            message = self._messages[len(self._judged)]
            wanted = {ref.url for ref in message.media}.union(self._links_of(len(self._judged)) or ())
            self._waiting = {url for url in wanted if url not in self.observations}
            if not self._waiting:
                self._judge_next()

    def judge_rest(self) -> None:
        """Judge every message that is left, unless the run has ended or ends with one of them."""
        while not self.ended and len(self._judged) < len(self._messages):
            self._judge_next()

    def _judge_next(self) -> None:
        options, request = self._options, self._options.request
        links = self._links_of(len(self._judged))
        judged = judge(
            self._ruleset,
            self._messages[len(self._judged)],
            self.observations,
            changes=request.changes if request else options.changes or Changes(),
            request=request,
            binding=options.binding,
            window=self._sending,
            columns=options.columns,
            shared=self._shared,
            first=options.first,
            links=None if links is None else {url: self.observations[url] for url in links},
        )
        self._judged.append(judged)
        self.ended = options.fail_fast and not self.is_permitted(judged)
        if options.on_judged is not None:
            options.on_judged(judged)

    def _links_of(self, at: int) -> tuple[str, ...] | None:
        return None if self._links is None else self._links[at]

    def is_permitted(self, message: MessageReport) -> bool:
        """Whether the gate lets this message of the run through by itself."""
        return gate.verdict(replace(self._empty_report, messages=(message,))).messages[0].permitted

    @cached_property
    def _empty_report(self) -> Report:
        return make_report(self._ruleset, (), self._clock, strict=self._options.strict, unread=())

    def report(self) -> Report:
        """Everything that was judged, and the sources of the messages that were not."""
        now = dt.datetime.now(dt.UTC)
        media = {url: seen for url, seen in self.observations.items() if url not in self._pages}
        return make_report(
            self._ruleset,
            tuple(self._judged),
            self._clock,
            strict=self._options.strict,
            unread=self._options.unread,
            allowances=(
                *allowances(self._options.policy),
                *about_kept(media, now),
                *about_sampled(media.values()),
            ),
            not_checked=tuple(message.source for message in self._messages[len(self._judged) :]),
        )
