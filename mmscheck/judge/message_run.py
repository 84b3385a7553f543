"""The messages of one run, judged one after the other, and the report they make up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from mmscheck.cache.reuse import about_kept
from mmscheck.judge import gate
from mmscheck.judge.engine import judge
from mmscheck.judge.kept import JudgedMessages, KeptMessages
from mmscheck.judge.reports import allowances, make_report, start_clock
from mmscheck.judge.sampling import about_sampled
from mmscheck.judge.shared import SharedMedia
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Observation
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.request import Changes, SendWindow
from mmscheck.model.rule import RuleSet

if TYPE_CHECKING:
    from mmscheck.judge.pipeline import CheckOptions


class RunEnded(Exception):  # noqa: N818 - no error: it ends the fetching when there is nothing left to fetch for
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
        *,
        sending: SendWindow,
        links: Sequence[tuple[str, ...]] | None = None,
    ) -> None:
        """Begin with what is known of URLs before any is fetched.

        ``sending`` is the time of the sends, ``links`` are those of each message.
        """
        self.ended = False
        self.observations = dict(observations)
        self._messages, self._ruleset, self._options = messages, ruleset, options
        self._clock, self._sending = start_clock(), sending
        self._judged = KeptMessages(self.observations) if options.on_disk else JudgedMessages()
        self._shared = SharedMedia(messages)
        self._waiting: set[str] = set()
        self._links = links
        media = {ref.url for message in messages for ref in message.media}
        self._pages = {link for one in links or () for link in one} - media
        if options.on_done is not None:
            for url, observation in observations.items():
                options.on_done(url, observation)

    def came(self, url: str, observation: Observation) -> None:
        """Take an observation; raises `RunEnded` when it decides that the run ends."""
        if self._options.on_done is not None and url not in self._pages:
            self._options.on_done(url, observation)
        if not self._options.fail_fast:
            return
        self.observations[url] = observation
        if url in self._waiting:
            self._waiting.discard(url)
            self.judge_complete()
        if self.ended:
            raise RunEnded

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
            standing=options.standing,
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
        links = {url: seen for url, seen in self.observations.items() if url in self._pages}
        return make_report(
            self._ruleset,
            self._judged.messages,
            self._clock,
            strict=self._options.strict,
            unread=self._options.unread,
            allowances=(
                *allowances(self._options.policy),
                *about_kept(media, now),
                *about_kept(links, now, "links of texts"),
                *about_sampled(media.values()),
            ),
            not_checked=tuple(message.source for message in self._messages[len(self._judged) :]),
        )
