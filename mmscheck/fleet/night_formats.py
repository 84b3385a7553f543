"""What changed between two runs over a fleet, as text, Markdown, HTML or CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mmscheck.fleet.formats import RunTable, Sheet, as_html, as_markdown, as_text, csv_lines
from mmscheck.fleet.nights import ENDED, FIXED, LEFT, NEW, UNDECIDED, NightChanges, NightReader

MOST = 50
"""Rows of each table for people; csv has all."""

TITLES: Mapping[str, str] = {
    NEW: "New",
    UNDECIDED: "Not known any more",
    LEFT: "Left",
    ENDED: "Gone with their messages",
    FIXED: "Fixed",
}


def pieces(form: str, reader: NightReader, *, only_new: bool) -> Iterator[str]:
    """The comparison in one of `NIGHT_FORMATS`."""
    if form == "csv":
        return csv_lines(*reader.rows(only_new=only_new))
    return SHEETS[form](_sheet(reader.changes(only_new=only_new, most=MOST)))


def _sheet(changes: NightChanges) -> Sheet:
    word = {0: "NOT WORSE", 1: "WORSE"}.get(changes.exit_code, "NOT KNOWN")
    counts = ", ".join(f"{changes.counts[kind]:,} {title.lower()}" for kind, title in TITLES.items())
    messages = (
        f"Messages: {changes.added:,} added, {changes.gone:,} gone, {changes.newly_denied:,} that nothing"
        " blocked before and something does now."
    )
    missed = f"Not comparable, as one run alone evaluated them: {', '.join(changes.not_compared)}."
    return Sheet(
        title="Two runs over many messages",
        line=f"{word}: findings: {counts} (exit {changes.exit_code})",
        notes=(*changes.worse, messages, *((missed,) if changes.not_compared else ()), *changes.notes),
        tables=tuple(_table(changes, kind, title) for kind, title in TITLES.items()),
    )


def _table(changes: NightChanges, kind: str, title: str) -> RunTable:
    return RunTable(
        title=title,
        columns=("rule", "effect", "findings", "messages", "hosts", "for example"),
        rows=tuple(
            (
                each.rule,
                "blocks" if each.blocks else "advises",
                f"{each.findings:,}",
                f"{each.messages:,}",
                f"{each.hosts:,}",
                f"{each.source}: {each.example}",
            )
            for each in changes.rules
            if each.change == kind
        ),
    )


SHEETS: Mapping[str, Callable[[Sheet], Iterator[str]]] = {
    "text": as_text,
    "markdown": as_markdown,
    "html": as_html,
}
NIGHT_FORMATS = (*SHEETS, "csv")
"""By name; ``csv`` has a row for each finding."""
