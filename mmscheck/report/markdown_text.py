"""Untrusted text inside GitHub Flavored Markdown: shown as it is, linking, naming and running nothing.

Backslashes and entities make Markdown itself harmless. Code hosts then look for names, issues and URLs in
what was rendered; an empty comment before their second half parts them and leaves nothing behind in a copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

_COMMENT = "<!-- -->"
_HTML: Mapping[str, str] = MappingProxyType(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&#39;",
        "$": "<span>$</span>",  # as GitHub's documentation writes one that begins no formula
    }
)
_MARKDOWN: Mapping[str, str] = MappingProxyType({**_HTML, **{char: f"\\{char}" for char in "\\`*_{}[]()|~"}})
_NAME = re.compile(r"@|[#!&](?=\w)|:(?=//)|www(?=\.)|\bGH(?=-\d)|\b(?:mailto|xmpp):", re.IGNORECASE)
_TICKS = re.compile(r"`+")
_LONGEST = 400


def escaped(text: str) -> str:
    """Shown text within a paragraph or a table's cell; never at the beginning of a line."""
    return _harmless(text, _MARKDOWN)


def in_html(text: str) -> str:
    """Shown text within a line of an HTML block, where Markdown is not read."""
    return _harmless(text, _HTML)


def _harmless(text: str, special: Mapping[str, str]) -> str:
    ends = {found.end() for found in _NAME.finditer(text)}
    return "".join(
        special.get(char, char) + (_COMMENT if at in ends else "") for at, char in enumerate(text, 1)
    )


def code(text: str) -> str:
    """The same as code. A code span would do, were it not for backslashes and bars in tables."""
    return f"<code>{escaped(text)}</code>" if text else ""


def fenced(lines: Iterable[str]) -> str:
    """Shown lines as a block to copy from, fenced by more backticks than any of them holds."""
    held = list(lines)
    longest = max((len(run) for line in held for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *held, fence])


def cut(text: str, most: int = _LONGEST) -> str:
    """Shown text of at most so many characters, and how many were left out."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"
