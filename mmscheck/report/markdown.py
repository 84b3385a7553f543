"""The report as Markdown for a job summary or a comment on a pull request.

The verdict and the counts come first, then the messages and what the gate says beside the findings, then the
findings by who can fix them, then what to do, folded away. It never gets longer than a comment may be; what
does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from mmscheck.base.text import count
from mmscheck.model.report import Evaluation, MessageReport, Report
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Outcome, Owner
from mmscheck.report.finding_words import OWNERS, label, leave, location, seen
from mmscheck.report.findings import Effect, Finding, judged_one_by_one
from mmscheck.report.layout import shown, shown_lines
from mmscheck.report.markdown_text import code, cut, escaped, fenced, in_html
from mmscheck.report.rows import FlatRow
from mmscheck.report.rulings import CAMPAIGN, INPUT, SEND, WAIVER, run_rulings
from mmscheck.report.run_words import configured, decision, decision_word, gate_reasons
from mmscheck.report.view import View

MOST = 65_536
"""Bytes: a comment on GitHub may have 65,536 characters, and none is shorter than a byte."""

_SAID, _MESSAGES, _FINDINGS, _FIXES, _CHANGES = 12_000, 24_000, 48_000, 60_000, 64_000
"""Bytes up to which each part may fill the page, so that those after it have room."""

_CALLS = {SEND: "Send", CAMPAIGN: "Campaign"}
_HEAD = ("| | What | Rule | Where | What was seen |", "| ---: | --- | --- | --- | --- |")


def render(view: View) -> str:
    """The whole summary, at most `MOST` bytes of UTF-8, ending with a line feed."""
    sheet = Sheet()
    said = list(run_rulings(view))
    sheet.put(*_head(view, said), upto=MOST)
    _list(sheet, list(_said(said)), upto=_SAID)
    _messages(sheet, view)
    listed = list(_findings(sheet, view))
    blocks = list(_fixes(listed))
    told = next((at for at, block in enumerate(blocks) if not sheet.put(*block, upto=_FIXES)), len(blocks))
    if told < len(blocks):
        sheet.put("", f"And {count(len(blocks) - told, 'more fix', 'more fixes')}.", upto=MOST)
    _list(sheet, list(_shaped(view.report)), upto=_CHANGES)
    return sheet.text()


def _head(view: View, said: Sequence[FlatRow]) -> Iterator[str]:
    report = view.report
    word, _ = decision_word(view.verdict, offline=view.offline)
    seen = report.outcomes
    media = sum(len(message.media) for message in report.heads)
    yield f"## mmscheck: {word}"
    yield from ("", f"**{word}:** {escaped(cut(decision(view)))} Exit status {view.verdict.exit_code}.")
    for row in said:
        if title := _CALLS.get(row.rule):
            yield from ("", f"**{title}:** {escaped(cut(' '.join([row.message, *row.details])))}")
    yield from ("", "| Messages | Media files | Passed | Failed | Cannot tell | Did not apply |")
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    numbers = (len(report.messages), media, *(seen[each] for each in Outcome))
    yield f"| {' | '.join(f'{number:,}' for number in numbers)} |"


def _said(said: Sequence[FlatRow]) -> Iterator[str]:
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
    lines = (
        _message_row(message, verdict, offline=view.offline)
        for passed in (False, True)
        for message, verdict in view.heads
        if verdict.passed is passed
    )
    head = ("", "| Verdict | Message | Subject |", "| --- | --- | --- |")
    if left := len(view.report.messages) - sheet.fill(head, lines, upto=_MESSAGES):
        sheet.put("", f"And {count(left, 'more message')}.", upto=MOST)


def _message_row(message: MessageReport, verdict: MessageVerdict, *, offline: bool) -> str:
    word, _ = decision_word(verdict, offline=offline)
    reasons = "".join(f"<br>{escaped(cut(reason))}" for reason in gate_reasons(verdict))
    subject = escaped(cut(shown(message.subject or "")))
    return f"| {word} | {code(cut(shown(message.source)))}{reasons} | {subject} |"


def _findings(sheet: Sheet, view: View) -> Iterator[Numbered]:
    """Lists findings by who can fix them as far as there is room, and yields those that were listed."""
    for title, chosen in _parts(_numbered(view)):
        head = ("", f"### {title}", "", *_HEAD)
        lines = map(_table_row, chosen)
        kept = sheet.fill(head, lines, upto=_FINDINGS)
        yield from chosen[:kept]
        if kept < len(chosen):
            more = count(len(chosen) - kept, "more finding")
            sheet.put("", f"**And {more}** ({title[0].lower()}{title[1:]}).", upto=MOST)


def _parts(found: Sequence[Numbered]) -> Iterator[tuple[str, list[Numbered]]]:
    for owner in (*Owner, None):
        chosen = [each for each in found if each.finding.waiver is None and each.finding.owner is owner]
        if chosen:
            yield (f"To fix by {OWNERS[owner]}" if owner else "To fix, by whom is not clear"), chosen
    if waived := [each for each in found if each.finding.waiver is not None]:
        yield "Waived, which blocks nothing until the waiver expires", waived


_LONGEST_FIX = 4_000


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to fix with its number in the report, from 1."""

    number: int
    source: str
    finding: Finding


def _numbered(view: View) -> list[Numbered]:
    """Every finding of every message, what blocks first in each message."""
    found = [(one.message.source, each) for one in judged_one_by_one(view) for each in one.found]
    return [Numbered(number=at, source=source, finding=each) for at, (source, each) in enumerate(found, 1)]


def _table_row(numbered: Numbered) -> str:
    """Number, kind, rule, place, and what was seen with what follows from it."""
    entry, source = numbered.finding, numbered.source
    kind, _ = label(entry)
    where = f"{code(cut(location(source, entry.first)))}, {entry.target}"
    told = [escaped(cut(seen(source, entry)))]
    if entry.waiver is not None:
        told.append(f"By {escaped(cut(leave(entry.waiver)))}")
    lead = entry.first.rule if entry.lead else ""
    others = [item for item in entry.items if item is not entry.lead]
    told += _by_kind(others, strict=entry.strict)
    return (
        f"| {numbered.number} | {kind} | {code(shown(lead)) or 'several'} | {where} | {'<br>'.join(told)} |"
    )


def _by_kind(items: Sequence[Evaluation], *, strict: bool) -> Iterator[str]:
    """What is told with a finding: every rule by name, under what it does."""
    grouped: dict[str, list[str]] = {}
    for item in items:
        kind, _ = label(Finding(lead=item, strict=strict))
        grouped.setdefault(kind, []).append(code(shown(item.rule)))
    for kind, names in grouped.items():
        yield f"{kind} as well: {', '.join(names)}"


def _fixes(found: Sequence[Numbered]) -> Iterator[tuple[str, ...]]:
    """One folded block for each distinct way to fix something, with the findings it is for."""
    grouped: dict[tuple[str, str, str], list[Numbered]] = {}
    for each in found:
        item = each.finding.lead
        if each.finding.waiver is None and item and each.finding.explained and not item.crashed:
            grouped.setdefault((item.rule, item.why, item.fix), []).append(each)
    for (rule, why, fix), chosen in grouped.items():
        yield _block(rule, why, fix, chosen)


def _block(rule: str, why: str, fix: str, chosen: Sequence[Numbered]) -> tuple[str, ...]:
    numbers = ", ".join(f"[{each.number}]" for each in chosen)
    lead = chosen[0].finding.first
    codes = (
        f" Provider codes: {escaped(shown(', '.join(lead.provider_codes)))}." if lead.provider_codes else ""
    )
    about = f"Why: {escaped(cut(shown(why)))}{codes}" if why else codes.strip()
    lines = fenced(shown_lines(cut(fix, _LONGEST_FIX))).split("\n") if fix else ["No fix is known."]
    summary = f"<summary>Fix of {numbers}: <code>{in_html(shown(rule))}</code></summary>"
    return "", "<details>", summary, "", *((about, "") if about else ()), *lines, "", "</details>"


class Sheet:
    """Lines and how many bytes of UTF-8 they are; one sheet serves one report."""

    def __init__(self) -> None:
        """Start empty."""
        self._lines: list[str] = []
        self._size = 0

    def put(self, *lines: str, upto: int) -> bool:
        """Add all of the lines, or none where the page would get longer than ``upto`` bytes."""
        size = sum(len(line.encode()) + 1 for line in lines)
        if self._size + size > upto:
            return False
        self._lines += lines
        self._size += size
        return True

    def fill(self, head: Sequence[str], lines: Iterable[str], *, upto: int) -> int:
        """Add the head and as many of the lines as fit below it; returns how many those are.

        The head is left out where not even the first line fits. No line is asked for after one that did not.
        """
        kept = 0
        for line in lines:
            if not self.put(*(() if kept else head), line, upto=upto):
                break
            kept += 1
        return kept

    def text(self) -> str:
        """The whole page, ending with a line feed."""
        return "\n".join(self._lines) + "\n"
