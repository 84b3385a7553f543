"""The comparison as one self-contained HTML page: no script, nothing from elsewhere, light, dark, print."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from html import escape

from mmscheck.diff import words
from mmscheck.diff.changes import Comparison
from mmscheck.diff.words import ChangeRow, Section, sections
from mmscheck.report.escape import visible
from mmscheck.report.layout import Page

LIMIT = 2000
"""Rows of one kind that are shown."""

STYLE = """
:root { color-scheme: light dark; --line: #767676; --faint: #f2f2f2 }
:root { --bad: #a40000; --good: #00601f; --doubt: #6a3a9c }
@media (prefers-color-scheme: dark) {
  :root { --faint: #2a2a2a; --bad: #ff9c9c; --good: #8fe0a5; --doubt: #d2b3ff }
}
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin-top: 2rem }
.verdict { border-left: .4rem solid; padding: .5rem 1rem; background: var(--faint) }
.verdict strong { display: block } .exit-0 { border-color: var(--good) } .exit-1 { border-color: var(--bad) }
.exit-3 { border-color: var(--doubt) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; min-width: 44rem; table-layout: fixed }
th { width: 18% } th + th + th { width: 21% } th + th + th + th { width: 43% }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top }
td, dd, li { overflow-wrap: anywhere } td.rule { overflow-wrap: normal }
th { background: var(--faint) } dt { font-weight: bold }
pre { white-space: pre-wrap; margin: .3rem 0 0; font: .875rem/1.4 ui-monospace, monospace }
@media screen and (max-width: 44rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  table, tbody, tr, td { display: block; min-width: 0 }
  tr { border: 1px solid var(--line); padding: .3rem .5rem; margin-bottom: .6rem }
  td { border: 0; padding: 0 0 .3rem }
  td.rule { font-weight: bold }
}
@media print {
  body { max-width: none; padding: 0 }
  .scroll { overflow: visible } table { min-width: 0 } tr { break-inside: avoid }
}
"""


def render(comparison: Comparison, page: Page) -> str:  # noqa: ARG001 - every renderer is given the page
    """The whole page; untrusted text in it is text."""
    return "\n".join(_lines(comparison)) + "\n"


def _text(text: str) -> str:
    return escape(visible(text), quote=True)


def _lines(comparison: Comparison) -> Iterator[str]:
    word, told = words.verdict(comparison)
    yield from _head(word)
    yield f'<p class="verdict exit-{comparison.exit_code}"><strong>{word}</strong> {_text(told)}</p>'
    yield "<dl>"
    for label, run in (("Old", comparison.old), ("New", comparison.new)):
        yield f"<dt>{label}</dt><dd>{_text(words.run_line(run))}</dd>"
    yield "</dl>"
    yield from _list("What differs between the runs", comparison.run_changes)
    yield from _list(words.messages_title(comparison), words.message_lines(comparison, LIMIT))
    yield from _list("Not comparable: evaluated in one run only", words.missed_lines(comparison))
    for section in sections(comparison, LIMIT):
        yield from _section(section)
    yield "</main></body></html>"


def _head(word: str) -> Iterator[str]:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>mmscheck diff: {word.lower()}</title>\n<style>{STYLE}</style></head>"
    yield "<body><main>\n<h1>What changed between two reports</h1>"


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"<li>{_text(item)}</li>" for item in items]
    if lines:
        yield from (f"<h2>{title}</h2>", "<ul>", *lines, "</ul>")


def _section(section: Section) -> Iterator[str]:
    title = _text(section.heading)
    yield f'<h2>{title}</h2>\n<div class="scroll" role="region" tabindex="0" aria-label="{title}"><table>'
    yield (
        '<thead><tr><th scope="col">Where</th><th scope="col">Rule</th>'
        '<th scope="col">Outcome</th><th scope="col">What</th></tr></thead>\n<tbody>'
    )
    yield from map(_row, section.rows)
    yield "</tbody></table></div>"
    if section.more:
        yield f"<p>{_text(section.more)}</p>"


def _row(row: ChangeRow) -> str:
    fix = "\n".join(visible(line) for line in row.fix.split("\n"))
    shown = f"<pre>{escape(fix, quote=True)}</pre>" if fix else ""
    return (
        f"<tr><td>{_text(row.source)}<br>{_text(row.place)}</td>"
        f'<td class="rule">{_text(row.rules)}</td>'
        f"<td>{_text(row.outcome)}</td>"
        f"<td>{_text(row.what)}{shown}</td></tr>"
    )
