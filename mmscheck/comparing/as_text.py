"""The comparison for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.comparing import shown as words
from mmscheck.comparing.changes import Change, Comparison, Kind
from mmscheck.formats.layout import Page, Style, shown, shown_lines

LIMIT = 50
"""Changes of one kind that are shown."""

_STYLES = {0: Style.GOOD, 1: Style.BAD}


def render(comparison: Comparison, page: Page) -> str:
    """The whole text; its last line is the verdict."""
    return "\n".join(_lines(comparison, page)) + "\n"


def _lines(comparison: Comparison, page: Page) -> Iterator[str]:
    for label, run in (("Old: ", comparison.old), ("New: ", comparison.new)):
        yield from page.block(shown(words.run_line(run)), indent=0, label=label)
    yield from _list("What differs between the runs", comparison.run_changes, page)
    yield from _list("Messages", words.message_lines(comparison, LIMIT), page)
    yield from _list(
        "Not comparable: evaluated in one run only", map(words.missed_line, comparison.not_compared), page
    )
    for section in words.sections(comparison, LIMIT):
        yield ""
        yield page.paint(section.heading, Style.STRONG)
        for change in section.changes:
            yield from _change(change, page)
        if section.more:
            yield f"  {section.more}"
    yield ""
    word, told = words.verdict(comparison)
    style = _STYLES.get(comparison.exit_code, Style.DOUBT)
    yield from page.block(shown(told), indent=0, label=f"{word}: ", style=style, hang=2)


def _list(title: str, items: Iterator[str] | list[str] | map[str], page: Page) -> Iterator[str]:
    lines = [shown(item) for item in items]
    if lines:
        yield ""
        yield page.paint(title, Style.STRONG)
        for line in lines:
            yield from page.block(line, indent=2, hang=2)


def _change(change: Change, page: Page) -> Iterator[str]:
    said = f"{words.outcomes(change)}{words.effect(change)}"
    head = f"{words.source(change)} {words.place(change)}, {change.rule}: {said}"
    yield from page.block(shown(head), indent=2, hang=4)
    yield from page.block(shown(change.message), indent=6)
    if words.helps(change) and change.kind is not Kind.REMAINS:
        first, *rest = shown_lines(change.fix) or [""]
        yield from page.block(first, indent=6, label="Fix: ")
        for line in rest:
            yield f"           {line}"
