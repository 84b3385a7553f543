"""What the gate and the provider said, as rows: on each message, on the run, on waivers, and on a send.

A denial without a finding, an input that nobody could read, a send that was refused: no rule tells of these,
and a format that lists only findings would look as if all were well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from mmscheck.model.campaign import CampaignResult
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.waiver import WaiverState, WaiverUse
from mmscheck.model.words import Outcome
from mmscheck.report.finding_words import about_waiver
from mmscheck.report.findings import Effect, Judged, judged_one_by_one
from mmscheck.report.layout import shown
from mmscheck.report.rows import FlatRow, message_rows
from mmscheck.report.run_words import campaign_sentence, configured, decision, decision_word
from mmscheck.report.view import View

GATE, VERDICT = "mmscheck-gate", "mmscheck-verdict"
INPUT, WAIVER = "mmscheck-input", "mmscheck-waiver"
SEND, CAMPAIGN = "mmscheck-send", "mmscheck-campaign"

MOST_REASONS = 3
"""Reasons of the gate that a message names; the rest is counted there, and is in the details."""

ABOUT = {
    GATE: "The gate permits this message",
    VERDICT: "The gate permits the whole run",
    INPUT: "Every input was read and checked",
    SEND: "The provider accepted the call",
    CAMPAIGN: "Every recipient of the campaign was served",
    WAIVER: "Every waiver is in force and used",
}
"""Titles of what is no rule of the rule set, by the name that stands in place of a rule's."""


def rulings(view: View) -> Iterator[FlatRow]:
    """One row for each message, input that was not read and waiver, the run, and the send or campaign."""
    for _, verdict in view.heads:
        yield message_ruling(view, verdict)
    yield from run_rulings(view)


def run_rulings(view: View) -> Iterator[FlatRow]:
    """The rows about the run, and none about a message.

    Nothing here quotes an evaluation, so the view need not be scrubbed.
    """
    for sentence in view.report.unread:
        yield FlatRow(
            rule=INPUT,
            outcome=Outcome.CANT_TELL,
            effect=Effect.BLOCKS,
            message=f"An input could not be read: {shown(sentence)}",
        )
    for source in view.report.not_checked:
        yield FlatRow(
            rule=INPUT,
            outcome=Outcome.CANT_TELL,
            effect=Effect.BLOCKS,
            message="Not checked: the run ended before this message.",
            source=source,
            place="message",
        )
    for use in view.verdict.waivers:
        yield _waiver(view, use)
    yield _verdict(view)
    if view.campaign is not None:
        yield _campaign(view, view.campaign)
    elif view.send is not None:
        yield _send(view, view.send)


def found_rows(view: View) -> tuple[FlatRow, ...]:
    """All that somebody has to look at, each once: findings, causes only, and what nothing else tells.

    A verdict has a row of its own only where no finding, no input and no message tells why it denies.
    """
    found = [row for one in judged_one_by_one(view) for row in told_rows(view, one)]
    return (*run_rows(view, found), *found)


def told_rows(view: View, one: Judged) -> tuple[FlatRow, ...]:
    """The findings of one scrubbed message, after the gate's word where they do not tell it."""
    found = tuple(message_rows(one))
    said = message_ruling(view, one.verdict)
    if said.effect is Effect.NONE or is_told(one):
        return found
    return (said, *found)


def is_told(one: Judged) -> bool:
    """Whether the findings of a denied message say all that the gate has against it."""
    return bool(one.blocking and one.verdict.reasons) and not one.verdict.untold


def run_rows(view: View, found: Iterable[FlatRow]) -> Iterator[FlatRow]:
    """What is to be looked at in the run itself, its verdict only where nothing that was found denies."""
    said = [row for row in run_rulings(view) if row.effect is not Effect.NONE]
    blocked = any(row.effect is Effect.BLOCKS for row in (*said, *found) if row.rule != VERDICT)
    yield from (row for row in said if not (blocked and row.rule == VERDICT))


def one_of_each_first(found: Iterable[FlatRow]) -> list[FlatRow]:
    """One row of each file before the second of any; what is about no file comes first."""
    seen: Counter[str] = Counter()
    turns: list[tuple[int, FlatRow]] = []
    for row in found:
        turns.append((seen[row.source] if row.source else -1, row))
        seen[row.source] += 1
    return [row for _, row in sorted(turns, key=lambda turn: turn[0])]


def message_ruling(view: View, verdict: MessageVerdict) -> FlatRow:
    """What the gate says of one message."""
    word, _ = decision_word(verdict, offline=view.offline)
    good = verdict.passed
    reasons = tuple(map(shown, verdict.reasons))
    return FlatRow(
        rule=GATE,
        outcome=_outcome(good=good, undecided=verdict.undecided),
        effect=Effect.NONE if good else Effect.BLOCKS,
        message=f"{word}: {_told(reasons, good=good)}",
        source=verdict.source,
        place="message",
        details=reasons,
    )


def _told(reasons: tuple[str, ...], *, good: bool) -> str:
    if not reasons:
        return "nothing stands against this message." if good else "the gate gave no reason."
    more = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    return f"{'; '.join(reasons[:MOST_REASONS])}{more}."


def _verdict(view: View) -> FlatRow:
    verdict = view.verdict
    word, _ = decision_word(verdict, offline=view.offline)
    # An exit status that is not explained by a send must not look like a run that went well.
    told = verdict.exit_code == 0 or view.send is not None or view.campaign is not None
    good = verdict.passed and told
    return FlatRow(
        rule=VERDICT,
        outcome=_outcome(good=good, undecided=verdict.exit_code != 1),
        effect=Effect.NONE if good else Effect.BLOCKS,
        message=" ".join(filter(None, (f"{word}: {decision(view)}", configured(view.report)))),
        details=tuple(map(shown, verdict.reasons)),
    )


def _outcome(*, good: bool, undecided: bool) -> Outcome:
    if good:
        return Outcome.PASSED
    return Outcome.CANT_TELL if undecided else Outcome.FAILED


def _send(view: View, result: SendResult) -> FlatRow:
    accepted = result.status is SendStatus.ACCEPTED and view.verdict.exit_code == 0
    outcome = _outcome(good=accepted, undecided=result.status is SendStatus.UNKNOWN)
    if result.status is SendStatus.NOT_ATTEMPTED and not view.verdict.permitted:
        outcome = Outcome.INAPPLICABLE
    facts = {"tracking id": result.tracking_id, "MMS id": result.mms_id, "provider code": result.error_code}
    ids = tuple(f"{name}: {shown(value)}" for name, value in facts.items() if value)
    final = result.status is SendStatus.UNKNOWN and not result.may_repeat
    return FlatRow(
        rule=SEND,
        outcome=outcome,
        effect=Effect.NONE if outcome.settled else Effect.BLOCKS,
        message=f"{result.status.value}: {shown(result.detail)}{' Do not repeat it.' if final else ''}",
        details=ids,
    )


def _campaign(view: View, result: CampaignResult) -> FlatRow:
    served = view.verdict.exit_code == 0
    return FlatRow(
        rule=CAMPAIGN,
        outcome=_outcome(good=served, undecided=result.unknown > 0),
        effect=Effect.NONE if served else Effect.BLOCKS,
        message=f"{shown(result.name)}, {shown(campaign_sentence(result))}",
        details=tuple(
            shown(f"{result.file}, line {note.line} ({note.fate.value}, to {note.to}): {note.detail}")
            for note in result.notes
        ),
    )


def _waiver(view: View, use: WaiverUse) -> FlatRow:
    label, text = about_waiver(use)
    selected = any(rule.id == use.waiver.rule for rule in view.report.rules)
    idle = use.state is WaiverState.UNUSED and not selected
    outcome = Outcome.PASSED if use.state is WaiverState.USED else Outcome.FAILED
    if idle:
        outcome = Outcome.INAPPLICABLE
    return FlatRow(
        rule=WAIVER,
        outcome=outcome,
        effect=Effect.ADVISES if outcome is Outcome.FAILED else Effect.NONE,
        message=f"{label}{text}",
    )
