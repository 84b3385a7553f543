"""Findings on one line each, as compilers write them, and what the gate says beside them."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.formats.findings import Entry, entries, is_finding
from mmscheck.formats.layout import shown
from mmscheck.formats.wording import label, location, rule_names, seen
from mmscheck.model.report import MessageReport
from mmscheck.model.verdict import MessageVerdict


def one_liners(message: MessageReport, verdict: MessageVerdict, *, strict: bool) -> Iterator[str]:
    """``file:line: kind: slide: what was seen [rules]`` for each finding, then what else the gate says."""
    for entry in entries(message, verdict):
        yield _one_line(message.source, entry, strict=strict)
    for reason in gate_reasons(message, verdict):
        yield f"{shown(message.source)}: denied: {reason}"


def _one_line(source: str, entry: Entry, *, strict: bool) -> str:
    kind, _ = label(entry, strict=strict)
    slide = f" slide {entry.target.slide}:" if entry.target.slide else ""
    where = location(source, entry.first.line)
    return f"{where}: {kind}:{slide} {seen(entry)} [{_rules(entry)}]"


def _rules(entry: Entry) -> str:
    if entry.lead is None or len(entry.items) == 1:
        return rule_names(entry.items)
    return f"{shown(entry.lead.rule)}; so undecided: {rule_names(entry.items[1:])}"


def gate_reasons(message: MessageReport, verdict: MessageVerdict) -> list[str]:
    """The gate's reasons that no finding of the message tells already, such as a rule that never ran."""
    found = {item.rule for item in message.evaluations if is_finding(item)}
    return [shown(reason) for reason in verdict.reasons if not _is_told(reason, found)]


def _is_told(reason: str, found: set[str]) -> bool:
    rule, _, rest = reason.partition(" (")
    return rule in found and rest.endswith((") failed", ") could not be decided"))
