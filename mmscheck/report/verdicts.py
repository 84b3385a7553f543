"""Which part of the verdict belongs to which message and evaluation."""

from __future__ import annotations

from collections.abc import Mapping

from mmscheck.model.report import TargetKey
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.model.waiver import Waiver
from mmscheck.report.json_types import Decision
from mmscheck.report.view import View


def message_verdicts(view: View) -> tuple[MessageVerdict, ...]:
    """One verdict for each message of the report, in its order.

    The gate judges messages in the report's order; a message it did not judge is shown as denied.
    """
    messages, judged = view.report.messages, view.verdict.messages
    return tuple(
        judged[at]
        if at < len(judged) and judged[at].source == message.source
        else MessageVerdict(source=message.source, permitted=False, reasons=("the gate did not judge it",))
        for at, message in enumerate(messages)
    )


def waivers_of(verdict: MessageVerdict) -> Mapping[tuple[str, TargetKey], Waiver]:
    """The waiver of each evaluation of one message that was let through, by rule and target."""
    return {(item.rule, item.target): item.waiver for item in verdict.waived}


def decision_value(verdict: Verdict | MessageVerdict) -> Decision:
    """``permit``, ``pass-offline``, ``pass-media`` or ``deny``: the gate's decision in JSON's words."""
    if verdict.permitted:
        return "permit"
    if verdict.passed_media:
        return "pass-media"
    return "pass-offline" if verdict.passed_offline else "deny"
