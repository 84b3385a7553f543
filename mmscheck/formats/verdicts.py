"""Which part of the verdict belongs to which message."""

from __future__ import annotations

from mmscheck.formats.view import View
from mmscheck.model.verdict import MessageVerdict


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
