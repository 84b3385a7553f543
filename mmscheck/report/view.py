"""What a format is given, and what a format is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from mmscheck.model.campaign import CampaignResult
from mmscheck.model.report import PERMITS_NOTHING, MessageReport, Report
from mmscheck.model.request import SendResult
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.report.json_types import Decision


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One run as it is to be shown.

    The verdict and the exit code are shown as given and never worked out again. ``send`` is None when no
    send was asked for. ``color``, ``width`` (columns) and ``quiet`` concern formats for people only. ``root``
    is the folder, absolute, that formats for code hosts name paths from; empty: paths stand as given.
    ``links`` is the URL of the working folder, with a slash at its end, for a terminal that can follow links
    to files; empty: no links. ``campaign`` is set beside ``send`` when one message was sent to many.
    ``all_evaluations``: lines of JSON list what passed as well.
    """

    report: Report
    verdict: Verdict
    send: SendResult | None = None
    color: bool = False
    width: int = 100
    quiet: bool = False
    root: str = ""
    links: str = ""
    campaign: CampaignResult | None = None
    all_evaluations: bool = False

    @property
    def offline(self) -> bool:
        """Whether even a good end permits nothing, so that it has words of its own."""
        return self.report.profile in PERMITS_NOTHING

    @property
    def pairs(self) -> Iterator[tuple[MessageReport, MessageVerdict]]:
        """Each message of the report, in its order, with what the gate decided on it.

        The gate judges messages in the report's order; a message that it did not judge is shown as denied.
        """
        return self._with_verdicts(self.report.messages)

    @property
    def heads(self) -> Iterator[tuple[MessageReport, MessageVerdict]]:
        """The same of messages without their evaluations."""
        return self._with_verdicts(self.report.heads)

    def _with_verdicts(
        self, messages: Iterable[MessageReport]
    ) -> Iterator[tuple[MessageReport, MessageVerdict]]:
        return ((message, self._verdict(at, message)) for at, message in enumerate(messages))

    def pair(self, at: int) -> tuple[MessageReport, MessageVerdict]:
        """One of ``pairs``, by its place from 0."""
        message = self.report.messages[at]
        return message, self._verdict(at, message)

    def _verdict(self, at: int, message: MessageReport) -> MessageVerdict:
        judged = self.verdict.messages
        known = at < len(judged) and judged[at].source == message.source
        return judged[at] if known else _unjudged(message.source)


def _unjudged(source: str) -> MessageVerdict:
    reasons = ("the gate did not judge it",)
    return MessageVerdict(source=source, permitted=False, reasons=reasons, untold=reasons)


def decision_value(verdict: Verdict | MessageVerdict) -> Decision:
    """``permit``, ``pass-offline``, ``pass-media`` or ``deny``: the gate's decision in JSON's words."""
    if verdict.permitted:
        return "permit"
    if verdict.passed_media:
        return "pass-media"
    return "pass-offline" if verdict.passed_offline else "deny"


Formatter = Callable[[View], str]
"""Turns a view into the whole output, which ends with a line feed."""
