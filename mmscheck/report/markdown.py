"""The report as Markdown for a job summary or a comment on a pull request.

The verdict and the counts come first, then the messages and what the gate says beside the findings, then the
findings by who can fix them, then what to do, folded away. It never gets longer than a comment may be; what
does not fit is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mmscheck.base.text import count
from mmscheck.model.report import PERMITS_NOTHING, MessageReport, Report
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Outcome, Owner
from mmscheck.report.asides import configured
from mmscheck.report.decision import decision
from mmscheck.report.findings import all_evaluations
from mmscheck.report.layout import shown
from mmscheck.report.markdown_findings import Finding, fixes, numbered, table_row
from mmscheck.report.markdown_sheet import Sheet
from mmscheck.report.markdown_text import code, cut, escaped
from mmscheck.report.oneline import gate_reasons
from mmscheck.report.rows import Effect, Row
from mmscheck.report.rulings import CAMPAIGN, INPUT, SEND, WAIVER, run_rulings
from mmscheck.report.scrub import scrub
from mmscheck.report.summary import decision_word
from mmscheck.report.verdicts import message_verdicts
from mmscheck.report.view import View
from mmscheck.report.wording import OWNERS

MOST = 65_536
"""Bytes: a comment on GitHub may have 65,536 characters, and none is shorter than a byte."""

_SAID, _MESSAGES, _FINDINGS, _FIXES, _CHANGES = 12_000, 24_000, 48_000, 60_000, 64_000
"""Bytes up to which each part may fill the page, so that those after it have room."""

_CALLS = {SEND: "Send", CAMPAIGN: "Campaign"}
_HEAD = ("| | What | Rule | Where | What was seen |", "| ---: | --- | --- | --- | --- |")


def render(view: View) -> str:
    """The whole summary, at most `MOST` bytes of UTF-8, ending with a line feed."""
    safe = scrub(view, every=False)
    sheet = Sheet()
    said = list(run_rulings(safe))
    sheet.put(*_head(safe, said), upto=MOST)
    _list(sheet, list(_said(said)), upto=_SAID)
    _messages(sheet, safe)
    listed = list(_findings(sheet, safe))
    blocks = list(fixes(listed))
    told = next((at for at, block in enumerate(blocks) if not sheet.put(*block, upto=_FIXES)), len(blocks))
    if told < len(blocks):
        sheet.put("", f"And {count(len(blocks) - told, 'more fix', 'more fixes')}.", upto=MOST)
    _list(sheet, list(_shaped(safe.report)), upto=_CHANGES)
    return sheet.text()


def _head(view: View, said: Sequence[Row]) -> Iterator[str]:
    report = view.report
    word, _ = decision_word(view.verdict, offline=report.profile in PERMITS_NOTHING)
    seen = Counter(item.outcome for item in all_evaluations(report))
    media = sum(len(message.media) for message in report.messages)
    yield f"## mmscheck: {word}"
    yield from ("", f"**{word}:** {escaped(cut(decision(view)))} Exit status {view.verdict.exit_code}.")
    for row in said:
        if title := _CALLS.get(row.rule):
            yield from ("", f"**{title}:** {escaped(cut(' '.join([row.message, *row.details])))}")
    yield from ("", "| Messages | Media files | Passed | Failed | Cannot tell | Did not apply |")
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    numbers = (len(report.messages), media, *(seen[each] for each in Outcome))
    yield f"| {' | '.join(f'{number:,}' for number in numbers)} |"


def _said(said: Sequence[Row]) -> Iterator[str]:
    """What denies beside the messages, and waivers that somebody has to look at."""
    for row in said:
        if row.rule in (INPUT, WAIVER) and row.effect is not Effect.NONE:
            yield f"- {escaped(cut(row.message))}{f' {code(cut(shown(row.source)))}' if row.source else ''}"


def _shaped(report: Report) -> Iterator[str]:
    """What changed the rules, or was allowed."""
    if report.strict:
        yield "- Strict: warning rules block like errors."
    if told := configured(report):
        yield f"- {escaped(cut(told))}"
    for change in report.overrides:
        told = ", ".join(f"{name}: {value}" for name, value in change.items())
        yield f"- Changed rule: {escaped(cut(shown(told)))}"
    yield from (f"- {escaped(cut(shown(sentence)))}" for sentence in report.allowances)


def _list(sheet: Sheet, items: Sequence[str], *, upto: int) -> None:
    if left := len(items) - sheet.fill([""], items, upto=upto):
        sheet.put("", f"And {left:,} more of this kind.", upto=MOST)


def _messages(sheet: Sheet, view: View) -> None:
    """The messages, denied ones first, with what the gate says of them beside their findings."""
    pairs = list(zip(view.report.messages, message_verdicts(view), strict=True))
    pairs.sort(key=lambda pair: pair[1].passed)
    offline = view.report.profile in PERMITS_NOTHING
    lines = (_message_row(message, verdict, offline=offline) for message, verdict in pairs)
    head = ("", "| Verdict | Message | Subject |", "| --- | --- | --- |")
    if left := len(pairs) - sheet.fill(head, lines, upto=_MESSAGES):
        sheet.put("", f"And {count(left, 'more message')}.", upto=MOST)


def _message_row(message: MessageReport, verdict: MessageVerdict, *, offline: bool) -> str:
    word, _ = decision_word(verdict, offline=offline)
    reasons = "".join(f"<br>{escaped(cut(reason))}" for reason in gate_reasons(message, verdict))
    subject = escaped(cut(shown(message.subject or "")))
    return f"| {word} | {code(cut(shown(message.source)))}{reasons} | {subject} |"


def _findings(sheet: Sheet, view: View) -> Iterator[Finding]:
    """Lists findings by who can fix them as far as there is room, and yields those that were listed."""
    for title, chosen in _parts(numbered(view)):
        head = ("", f"### {title}", "", *_HEAD)
        lines = (table_row(each, strict=view.report.strict) for each in chosen)
        kept = sheet.fill(head, lines, upto=_FINDINGS)
        yield from chosen[:kept]
        if kept < len(chosen):
            more = count(len(chosen) - kept, "more finding")
            sheet.put("", f"**And {more}** ({title[0].lower()}{title[1:]}).", upto=MOST)


def _parts(found: Sequence[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    for owner in (*Owner, None):
        chosen = [each for each in found if each.entry.waiver is None and each.entry.owner is owner]
        if chosen:
            yield (f"To fix by {OWNERS[owner]}" if owner else "To fix, by whom is not clear"), chosen
    if waived := [each for each in found if each.entry.waiver is not None]:
        yield "Waived, which blocks nothing until the waiver expires", waived
