"""The comparison for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.diff import words
from mmscheck.diff.changes import Comparison, Kind
from mmscheck.diff.words import ChangeRow, sections
from mmscheck.report.layout import Page, Style, shown, shown_lines

LIMIT = 50
"""Rows of one kind that are shown."""

_STYLES = {0: Style.GOOD, 1: Style.BAD}


def render(comparison: Comparison, page: Page) -> str:
    """The whole text; its last line is the verdict."""
    return "\n".join(_lines(comparison, page)) + "\n"


def _lines(comparison: Comparison, page: Page) -> Iterator[str]:
    for label, run in (("Old: ", comparison.old), ("New: ", comparison.new)):
        yield from page.block(shown(words.run_line(run)), indent=0, label=label)
    yield from _list("What differs between the runs", comparison.run_changes, page)
    yield from _list(words.messages_title(comparison), words.message_lines(comparison, LIMIT), page)
    yield from _list("Not comparable: evaluated in one run only", words.missed_lines(comparison), page)
    for section in sections(comparison, LIMIT):
        yield ""
        yield page.paint(section.heading, Style.STRONG)
        for row in section.rows:
            yield from _row(row, page, helps=section.kind is not Kind.REMAINS)
        if section.more:
            yield f"  {section.more}"
    yield ""
    word, told = words.verdict(comparison)
    style = _STYLES.get(comparison.exit_code, Style.DOUBT)
    yield from page.block(shown(told), indent=0, label=f"{word}: ", style=style, hang=2)


def _list(title: str, items: list[str], page: Page) -> Iterator[str]:
    lines = [shown(item) for item in items]
    if lines:
        yield ""
        yield page.paint(title, Style.STRONG)
        for line in lines:
            yield from page.block(line, indent=2, hang=2)


def _row(row: ChangeRow, page: Page, *, helps: bool) -> Iterator[str]:
    yield from page.block(shown(f"{row.where}, {row.rules}: {row.outcome}"), indent=2, hang=4)
    if row.what:
        yield from page.block(shown(row.what), indent=6)
    if helps and row.fix:
        first, *rest = shown_lines(row.fix) or [""]
        yield from page.block(first, indent=6, label="Fix: ")
        for line in rest:
            yield f"           {line}"
