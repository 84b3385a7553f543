"""Checks and lints of a service: one set of workers, rules as asked for, and no way to the provider."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

import msgspec

from mmscheck.fetch import FetchPolicy
from mmscheck.fix.values import Result
from mmscheck.judge import gate
from mmscheck.judge.content import content_digest
from mmscheck.judge.documents import read_message
from mmscheck.judge.media_alone import check_urls
from mmscheck.judge.pipeline import CheckOptions, check_messages, load_rules
from mmscheck.media import MediaWorkers
from mmscheck.model.campaign import CampaignResult
from mmscheck.model.mms import Mms
from mmscheck.model.observation import Observation
from mmscheck.model.report import LINT, Report
from mmscheck.model.request import Changes, CustomText, SendResult
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType
from mmscheck.report import View
from mmscheck.report.view import decision_value
from mmscheck.ruleset import Config
from mmscheck.serve.uploads import lint_uploads
from mmscheck.serve.words import Kind, Options, Outcome
from mmscheck.serve.work import Work

Tell = Callable[[int, int | None], None]
"""Told how many media are done, of how many (None: nobody knows)."""

_KEPT_RULES = 32
"""Rule sets that are kept, each some hundred kilobytes."""

_PACKED = msgspec.msgpack.Decoder(tuple[Report, SendResult | None])
"""Made here, not where it is used: see ``mmscheck.base.resolved``."""

_PACKED_CAMPAIGN = msgspec.msgpack.Decoder(tuple[Report, SendResult, CampaignResult, int])
"""The report of one send, the whole as one call, what became of the rows, and the command's exit code."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How a job ended: its report, what a call came to, and what is told of both.

    A fix has ``mended`` in place of a report, and its ``files`` as a zip file. A campaign has the report of
    one send, and in ``campaign`` what became of all.
    """

    outcome: Outcome
    report: Report | None = None
    send: SendResult | None = None
    mended: Result | None = None
    files: bytes | None = None
    campaign: CampaignResult | None = None

    def packed(self) -> bytes:
        """As the store keeps it."""
        if self.mended is not None:
            return msgspec.msgpack.encode(self.mended)
        if self.campaign is not None:
            whole = (self.report, self.send, self.campaign, self.outcome.exit_code)
            return msgspec.msgpack.encode(whole)
        return msgspec.msgpack.encode((self.report, self.send))


def campaign_of(packed: bytes) -> CampaignResult:
    """What became of a campaign's rows."""
    return _PACKED_CAMPAIGN.decode(packed)[2]


def view_of(packed: bytes, kind: Kind = Kind.CHECK) -> View:
    """The report as formats take it, decided anew by the one function that decides."""
    if kind is Kind.CAMPAIGN:
        one, whole, campaign, code = _PACKED_CAMPAIGN.decode(packed)
        verdict = msgspec.structs.replace(gate.verdict(one), exit_code=code)
        return View(report=one, verdict=verdict, send=whole, campaign=campaign)
    report, send = _PACKED.decode(packed)
    verdict = gate.verdict(report)
    if send is not None:
        verdict = msgspec.structs.replace(verdict, exit_code=exit_code(send, verdict.exit_code))
    return View(report=report, verdict=verdict, send=send)


def exit_code(send: SendResult, decided: int) -> int:
    """What the command would have ended with (design section 6)."""
    if decided:
        return decided
    return {"accepted": 0, "refused": 5, "not-attempted": 5, "unknown": 6}[send.status.value]


class Checker:
    """``async with Checker(...) as checker``: its worker processes start once."""

    def __init__(
        self,
        config: Config,
        policy: FetchPolicy,
        *,
        slots: int,
        on_inspected: Callable[[float], None] | None = None,
    ) -> None:
        """Take what the operator said of rules and networks; ``slots`` is how many jobs run at a time.

        ``on_inspected`` is told of each medium how many seconds its decoding took.
        """
        self._config = config
        self._policy = policy
        self._workers = MediaWorkers(workers=slots, on_inspected=on_inspected)
        self._rules: dict[tuple[object, ...], RuleSet] = {}
        self._reading = threading.Lock()

    async def __aenter__(self) -> Self:
        """Start the workers, and read the rules that most ask for."""
        for profile in (None, LINT):
            self.rules(profile)
        await self._workers.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """End them."""
        await self._workers.__aexit__(*failure)

    def rules(self, profile: str | None, options: Options = Options()) -> RuleSet:  # noqa: B008 - it is frozen
        """The rules for these options; raises RuleSetError and UsageError for names that there are not."""
        sender = options.sender or self._config.sender
        asked = (profile, sender, options.carriers, options.providers)
        with self._reading:  # threads that read rules at once would resolve one type at once
            if (known := self._rules.get(asked)) is not None:
                return known
            found = load_rules(
                profile,
                sender=SenderType(sender) if sender else None,
                carriers=options.carriers,
                providers=options.providers,
                config=self._config,
            )
            if len(self._rules) >= _KEPT_RULES:
                del self._rules[next(iter(self._rules))]
            self._rules[asked] = found
            return found

    def demand(self, work: Work) -> None:
        """Raise now for options that the job could not be done with; RuleSetError and UsageError."""
        if work.kind is Kind.FIX:
            self.mending_rules(work)
        elif work.kind in {Kind.CHECK, Kind.LINT}:
            self.rules(LINT if work.kind is Kind.LINT else None, work.options)

    def mending_rules(self, work: Work) -> RuleSet:
        """The rules that a fix mends by; raises as ``rules``."""
        asked = work.mending
        options = Options(sender=asked.sender, carriers=asked.carriers, providers=asked.providers)
        return self.rules(LINT, options)

    def is_strict(self, work: Work) -> bool:
        """Whether warnings count too."""
        return work.options.strict or work.mending.strict or self._config.strict

    async def do(self, work: Work, tell: Tell) -> Done:
        """Do a check or a lint."""
        messages = tuple(read_message(one.data, one.name) for one in work.documents)
        changes = changes_of(work.options)
        if work.kind is Kind.LINT:
            report = await self._lint(work, messages, changes, tell)
        elif work.urls:
            report = await self._urls(work, tell)
        else:
            report = await self._check(work, messages, changes, tell)
        content = content_digest(report, changes) if work.kind is Kind.CHECK and not work.urls else None
        return Done(report=report, outcome=outcome_of(report, content))

    async def _check(self, work: Work, messages: tuple[Mms, ...], changes: Changes, tell: Tell) -> Report:
        urls = {ref.url for message in messages for ref in message.media}
        how = msgspec.structs.replace(self._how(work, urls, tell), changes=changes)
        return await check_messages(messages, self.rules(None, work.options), how)

    async def _urls(self, work: Work, tell: Tell) -> Report:
        how = self._how(work, set(work.urls), tell)
        return await check_urls(work.urls, self.rules(None, work.options), how)

    def _how(self, work: Work, urls: set[str], tell: Tell) -> CheckOptions:
        return CheckOptions(
            policy=self._policy,
            strict=self.is_strict(work),
            on_done=_counted(urls, tell),
            workers=self._workers,
            deep=work.options.deep,
            previews=True,
        )

    async def _lint(self, work: Work, messages: tuple[Mms, ...], changes: Changes, tell: Tell) -> Report:
        done, total = 0, len(work.files)

        def one_more() -> None:
            nonlocal done
            done += 1
            tell(done, total)

        tell(0, total)
        return await lint_uploads(
            messages,
            work.files,
            self.rules(LINT, work.options),
            self._workers,
            changes=changes,
            strict=self.is_strict(work),
            on_done=one_more,
        )


def changes_of(options: Options) -> Changes:
    """What the options change of the stored message."""
    return Changes(
        custom_subject=options.custom_subject,
        custom_texts=tuple(CustomText(slide=text.slide, value=text.value) for text in options.custom_texts),
        data=tuple(options.data.items()),
    )


def outcome_of(report: Report, content: str | None, send: SendResult | None = None) -> Outcome:
    """What is told of a report without reading it."""
    verdict = gate.verdict(report)
    if send is None:
        return Outcome(verdict=decision_value(verdict), exit_code=verdict.exit_code, content=content)
    return Outcome(
        verdict=decision_value(verdict),
        exit_code=exit_code(send, verdict.exit_code),
        content=content,
        status=send.status,
        detail=send.detail,
        tracking_id=send.tracking_id,
        mms_id=send.mms_id,
        error_code=send.error_code,
        recorded=send.recorded,
    )


def _counted(urls: set[str], tell: Tell) -> Callable[[str, Observation], None]:
    done: set[str] = set()
    tell(0, len(urls))

    def came(url: str, _seen: Observation) -> None:
        done.add(url)
        tell(len(done), len(urls))

    return came
