"""The comparison as GitHub-flavoured Markdown, for a job summary or a pull-request comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mmscheck.diff import words
from mmscheck.diff.changes import Comparison
from mmscheck.diff.words import Section, sections
from mmscheck.report.escape import visible
from mmscheck.report.layout import Page
from mmscheck.report.markdown_text import cut, escaped

LIMIT = 25
"""Rows of one kind that are shown: a comment takes 65,536 characters (GitHub)."""


def render(comparison: Comparison, page: Page) -> str:  # noqa: ARG001 - every renderer is given the page
    """The whole document; untrusted text in it is neither markup nor a link, mention or image."""
    return "\n".join(_lines(comparison)) + "\n"


def _inert(text: str) -> str:
    return escaped(cut(visible(text)))


def _lines(comparison: Comparison) -> Iterator[str]:
    word, told = words.verdict(comparison)
    yield f"## mmscheck diff: {word.lower()}"
    yield ""
    yield f"**{word}**: {_inert(told)}"
    yield ""
    yield f"- old: {_inert(words.run_line(comparison.old))}"
    yield f"- new: {_inert(words.run_line(comparison.new))}"
    yield from _list("What differs between the runs", comparison.run_changes)
    yield from _list(words.messages_title(comparison), words.message_lines(comparison, LIMIT))
    yield from _list("Not comparable: evaluated in one run only", words.missed_lines(comparison))
    for section in sections(comparison, LIMIT):
        yield from _section(section)


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"- {_inert(item)}" for item in items]
    if lines:
        yield from ("", f"### {title}", "", *lines)


def _section(section: Section) -> Iterator[str]:
    yield from (
        "",
        f"### {section.heading}",
        "",
        "| where | rule | outcome | what |",
        "| --- | --- | --- | --- |",
    )
    for row in section.rows:
        cells = (row.where, row.rules, row.outcome, row.what)
        yield f"| {' | '.join(_inert(cell) for cell in cells)} |"
    if section.more:
        yield from ("", section.more)
