"""Findings as rows of a Markdown table, and what to do about them as folded blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from mmscheck.model.report import Evaluation, MessageReport
from mmscheck.report.findings import Entry, entries
from mmscheck.report.layout import shown, shown_lines
from mmscheck.report.markdown_text import code, cut, escaped, fenced, in_html
from mmscheck.report.rows import place_name
from mmscheck.report.verdicts import message_verdicts
from mmscheck.report.view import View
from mmscheck.report.waived import leave
from mmscheck.report.wording import label, location, seen

_LONGEST_FIX = 4_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to fix with its number in the report, from 1."""

    number: int
    message: MessageReport
    entry: Entry


def numbered(view: View) -> list[Finding]:
    """Every entry of every message of a scrubbed view, what blocks first in each message."""
    pairs = zip(view.report.messages, message_verdicts(view), strict=True)
    found = [(message, entry) for message, verdict in pairs for entry in entries(message, verdict)]
    return [Finding(number=at, message=message, entry=entry) for at, (message, entry) in enumerate(found, 1)]


def table_row(finding: Finding, *, strict: bool) -> str:
    """Number, kind, rule, place, and what was seen with what follows from it."""
    entry, source = finding.entry, finding.message.source
    kind, _ = label(entry, strict=strict)
    where = f"{code(cut(location(source, entry.first.line)))}, {place_name(entry.target)}"
    told = [escaped(cut(seen(source, entry)))]
    if entry.waiver is not None:
        told.append(f"By {escaped(cut(leave(entry.waiver)))}")
    lead = entry.first.rule if entry.lead else ""
    others = [item for item in entry.items if item is not entry.lead]
    told += _by_kind(others, strict=strict)
    return f"| {finding.number} | {kind} | {code(shown(lead)) or 'several'} | {where} | {'<br>'.join(told)} |"


def _by_kind(items: Sequence[Evaluation], *, strict: bool) -> Iterator[str]:
    """What is told with a finding: every rule by name, under what it does."""
    grouped: dict[str, list[str]] = {}
    for item in items:
        kind, _ = label(Entry(lead=item), strict=strict)
        grouped.setdefault(kind, []).append(code(shown(item.rule)))
    for kind, names in grouped.items():
        yield f"{kind} as well: {', '.join(names)}"


def fixes(found: Sequence[Finding]) -> Iterator[tuple[str, ...]]:
    """One folded block for each distinct way to fix something, with the findings it is for."""
    grouped: dict[tuple[str, str, str], list[Finding]] = {}
    for each in found:
        item = each.entry.lead
        if each.entry.waiver is None and item is not None and not item.crashed and not each.entry.unfetched:
            grouped.setdefault((item.rule, item.why, item.fix), []).append(each)
    for (rule, why, fix), chosen in grouped.items():
        yield _block(rule, why, fix, chosen)


def _block(rule: str, why: str, fix: str, chosen: Sequence[Finding]) -> tuple[str, ...]:
    numbers = ", ".join(f"[{each.number}]" for each in chosen)
    lead = chosen[0].entry.first
    codes = (
        f" Provider codes: {escaped(shown(', '.join(lead.provider_codes)))}." if lead.provider_codes else ""
    )
    about = f"Why: {escaped(cut(shown(why)))}{codes}" if why else codes.strip()
    lines = fenced(shown_lines(cut(fix, _LONGEST_FIX))).split("\n") if fix else ["No fix is known."]
    summary = f"<summary>Fix of {numbers}: <code>{in_html(shown(rule))}</code></summary>"
    return "", "<details>", summary, "", *((about, "") if about else ()), *lines, "", "</details>"
