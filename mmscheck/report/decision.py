"""The verdict as a sentence: the numbers explain what the gate decided, they decide nothing."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.base.text import count
from mmscheck.model.report import Evaluation, Report
from mmscheck.model.send import SendStatus
from mmscheck.model.words import Outcome, Severity
from mmscheck.report.asides import not_looked_at
from mmscheck.report.findings import all_evaluations, entries, standing
from mmscheck.report.layout import shown
from mmscheck.report.oneline import gate_reasons
from mmscheck.report.verdicts import message_verdicts, waivers_of
from mmscheck.report.view import View


def decision(view: View) -> str:
    """Why it is permitted or denied, and when a send was denied that nothing was sent."""
    if view.verdict.permitted:
        return _permitted(view)
    aside = "".join(f"; {clause}" for clause in not_looked_at(view.report))
    if view.verdict.passed_offline:
        return f"{_permitted(view).rstrip('.')}{aside}; offline, so nothing is permitted by lint."
    if view.verdict.passed_media:
        return f"{_permitted(view).rstrip('.')}; there is no message, so nothing is permitted."
    told = ("; ".join(_clauses(view)) or "the gate gave no reason") + aside
    untouched = view.send is not None and view.send.status is SendStatus.NOT_ATTEMPTED
    return f"{told}. Nothing was sent." if untouched else f"{told}."


def _permitted(view: View) -> str:
    guards = _guards(view)
    passed = sum(1 for item in guards if item.outcome is Outcome.PASSED)
    rest = sum(1 for item in guards if item.outcome is Outcome.INAPPLICABLE)
    counted = f"{count(passed, 'check')} passed, {rest:,} did not apply"
    known = _known_guards(view)
    if known:
        counted += f", {known:,} known from the baseline"
    let = sum(1 for item in all_evaluations(view.report) if _blocks(item, view.report)) - len(guards)
    if (waived := let - known) > 0:
        return f"every blocking rule passed or was waived ({counted}, {waived:,} failed and was waived)."
    if known:
        return f"every blocking rule passed or is known ({counted})."
    return f"every blocking rule passed ({counted})."


def _known_guards(view: View) -> int:
    pairs = zip(view.report.messages, message_verdicts(view), strict=True)
    return sum(
        _blocks(item, view.report)
        for message, verdict in pairs
        for item in message.evaluations
        if (let := waivers_of(verdict).get((item.rule, item.target))) is not None and let.baseline
    )


def _guards(view: View) -> list[Evaluation]:
    return [item for item in standing(view) if _blocks(item, view.report)]


def _blocks(item: Evaluation, report: Report) -> bool:
    return report.strict or item.severity is Severity.ERROR


def _clauses(view: View) -> Iterator[str]:
    if told := _findings(view):
        yield told
    elif others := _gate_reasons(view):
        yield f"{count(others, 'reason')} of the gate, named above"
    if unread := view.report.unread:
        yield f"{count(len(unread), 'input')} could not be read"
    for reason in view.verdict.reasons:
        if not any(sentence in reason for sentence in unread):
            yield shown(reason).rstrip(".")


def _gate_reasons(view: View) -> int:
    pairs = zip(view.report.messages, message_verdicts(view), strict=True)
    return sum(len(gate_reasons(message, verdict)) for message, verdict in pairs)


def _findings(view: View) -> str:
    """What blocks, counted as the text report numbers it, with how many rules follow from that."""
    pairs = zip(view.report.messages, message_verdicts(view), strict=True)
    blocking = [
        entry
        for message, verdict in pairs
        for entry in entries(message, verdict)
        if entry.waiver is None and (view.report.strict or entry.severity is Severity.ERROR)
    ]
    failed = sum(entry.first.outcome is Outcome.FAILED for entry in blocking)
    undecided = len(blocking) - failed
    told = [count(failed, "fault blocks", "faults block")] if failed else []
    if undecided:
        told.append(count(undecided, "finding") + " could not be decided")
    guards = [item for entry in blocking for item in entry.items if _blocks(item, view.report)]
    if below := len(guards) - len(blocking):
        them = "it" if len(blocking) == 1 else "them"
        told.append(count(below, "other rule follows", "other rules follow") + f" from {them}")
    return ", ".join(told)
