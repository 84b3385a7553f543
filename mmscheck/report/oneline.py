"""Findings on one line each, as compilers write them, and what the gate says beside them."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.model.report import MessageReport
from mmscheck.model.verdict import MessageVerdict
from mmscheck.report.findings import Entry, entries, is_finding
from mmscheck.report.layout import shown
from mmscheck.report.wording import MOST_NAMED, follower_names, label, location, rule_names, seen

NOTHING_PASSED = "no blocking rule passed"
"""What the gate says as well where every rule failed or could not be decided; with findings it is no news."""


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
    return f"{where}: {kind}:{slide} {seen(source, entry)} [{_rules(entry, strict=strict)}]"


def _rules(entry: Entry, *, strict: bool) -> str:
    if entry.lead is None:
        return rule_names(entry.items)
    told = [rule_names([entry.lead])]
    if entry.follows:
        told.append(f"also {follower_names(entry.follows, strict=strict)}")
    if len(entry.undecided) > MOST_NAMED:
        told.append(f"{len(entry.undecided)} rules undecided because of it")
    elif entry.undecided:
        told.append(f"so undecided: {rule_names(entry.undecided)}")
    return "; ".join(told)


def gate_reasons(message: MessageReport, verdict: MessageVerdict) -> list[str]:
    """The gate's reasons that no finding of the message tells already, such as a rule that never ran."""
    found = {item.rule for item in message.evaluations if is_finding(item)}
    untold = [reason for reason in verdict.reasons if not _is_told(reason, found)]
    told = len(untold) < len(verdict.reasons)
    return [shown(reason) for reason in untold if not (told and reason == NOTHING_PASSED)]


def _is_told(reason: str, found: set[str]) -> bool:
    rule, _, rest = reason.partition(" (")
    return rule in found and rest.endswith((") failed", ") could not be decided"))
