"""What differs between two runs as such: rules, profile, program, inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from mmscheck.diff.changes import Run
from mmscheck.report.clean import clean_text
from mmscheck.report.json_read import ReadReport


def run(report: ReadReport, file: str) -> Run:
    """One run in short."""
    return Run(
        file=clean_text(file),
        started=clean_text(report.started),
        tool_version=clean_text(report.tool.version),
        profile=clean_text(report.ruleset.profile),
        ruleset=clean_text(report.ruleset.digest),
        rules=report.ruleset.rules,
        strict=report.strict,
        verdict=report.verdict,
        messages=len(report.messages),
    )


def run_changes(old: ReadReport, new: ReadReport) -> list[str]:
    """Sentences, each about one thing that can change outcomes without any message having changed."""
    return [clean_text(sentence) for sentence in _sentences(old, new)]


def _sentences(old: ReadReport, new: ReadReport) -> Iterator[str]:
    if old.tool.version != new.tool.version:
        yield f"mmscheck: {old.tool.version} before, {new.tool.version} now."
    if old.ruleset.profile != new.ruleset.profile:
        yield f"Profile: {old.ruleset.profile} before, {new.ruleset.profile} now."
    if old.ruleset.rules != new.ruleset.rules:
        yield f"Rules selected: {old.ruleset.rules:,} before, {new.ruleset.rules:,} now."
    if old.ruleset.digest != new.ruleset.digest:
        yield "The rule sets differ (digest): a rule, number, severity or waiver changed; so can outcomes."
    if old.strict != new.strict:
        before, after = ("yes" if report.strict else "no" for report in (old, new))
        yield f"Strict (warnings block): {before} before, {after} now."
    yield from _overrides(old, new)
    yield from _only("Let through only", new.allowances, old.allowances, "now")
    yield from _only("Let through only", old.allowances, new.allowances, "before")
    yield from _unread(old, new)


def _only(label: str, here: Iterable[str], there: Iterable[str], when: str) -> Iterator[str]:
    yield from (f"{label} {when}: {text}" for text in sorted((Counter(here) - Counter(there)).elements()))


def _overrides(old: ReadReport, new: ReadReport) -> Iterator[str]:
    before, after = (
        [msgspec.json.encode(item, order="sorted").decode() for item in report.ruleset.overrides]
        for report in (old, new)
    )
    yield from _only("Changed rule, only", after, before, "now")
    yield from _only("Changed rule, only", before, after, "before")


def _unread(old: ReadReport, new: ReadReport) -> Iterator[str]:
    before, after = Counter(old.unread), Counter(new.unread)
    yield from (f"Not read now: {text}" for text in sorted((after - before).elements()))
    yield from (
        f"Not read before, and read or left out now: {text}" for text in sorted((before - after).elements())
    )
    yield from (f"Not read in both runs: {text}" for text in sorted((before & after).elements()))
