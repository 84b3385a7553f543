"""Make visible what a terminal, a CI runner or a reader's eye would otherwise obey or miss.

Subjects, URLs, headers and file names come from strangers. A control character in them could clear the
screen or forge a verdict line, a bidi control could turn a name around. And what a job prints is read by its
runner: GitHub's obeys ``::command …::`` at the beginning of a line, blanks before it or not, and
``##[command]`` anywhere; Azure's obeys ``##vso[…]``, TeamCity ``##teamcity[…]``.
"""

from __future__ import annotations

import json
import re

from mmscheck.base.text import escaped

_BEYOND_ASCII = re.compile(r"[^\x20-\x7e\n]")
_ADDRESS = r"(?![0-9A-Fa-f:.%/]*(?:[\s,;)\]'\"]|\Z))"  # an IPv6 address, such as ::1
_OF_A_WORD = re.compile(rf"(?<!\S)::{_ADDRESS}")
_OF_A_LINE = re.compile(rf"^([^\S\n]*)::{_ADDRESS}", re.MULTILINE)
_ANYWHERE = re.compile(r"##(\w*)\[")
_IN_JSON = re.compile(r"##(?=\w*\[)")


def visible(text: str) -> str:
    """The text escaped on one line, and so that no line it may be wrapped into commands a CI runner."""
    text = escaped(text)
    if "::" in text:
        text = _OF_A_WORD.sub(": :", text)
    return _ANYWHERE.sub(r"##\1 [", text) if "##" in text else text


def muted(output: str) -> str:
    """Whole lines of output without commands to a CI runner; a blank breaks each, so that JSON stays JSON."""
    if "::" in output:
        output = _OF_A_LINE.sub(r"\1: :", output)
    return _ANYWHERE.sub(r"##\1 [", output) if "##" in output else output


def visible_lines(text: str) -> str:
    r"""The same line by line: only line feeds are left as they are, and tabs."""
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def visible_json(document: str) -> str:
    """The same JSON with every unprintable character inside its strings written as a JSON escape.

    JSON itself leaves DEL, the C1 controls and bidi controls as they are, and reports get read on terminals.
    What a CI runner would obey is written with an escape, too.
    """
    return _IN_JSON.sub(r"#\\u0023", _BEYOND_ASCII.sub(_json_escaped, document))


def _json_escaped(match: re.Match[str]) -> str:
    char = match.group()
    return char if char.isprintable() else json.dumps(char)[1:-1]


_SIGNS = "=+\\-@＝＋－＠"  # noqa: RUF001 - spreadsheets take the full-width signs too
# The beginning of a cell, and of what a spreadsheet with another list separator takes for a cell. What stands
# between them is taken first, so that each character is looked at once.
_BEFORE = r"(^|[;|\t])((?:(?![\t])[\s\"])*+)"
_FORMULA = re.compile(rf"{_BEFORE}(?=[{_SIGNS}])")
_TAKEN_FOR_TEXT = re.compile(rf"{_BEFORE}'(?=[{_SIGNS}])")


def plain(cell: str) -> str:
    """The cell, with an apostrophe before whatever a spreadsheet would take for a formula."""
    return _FORMULA.sub(r"\1'\2", cell)


def unquoted(cell: str) -> str:
    """The cell that ``plain`` was given."""
    return _TAKEN_FOR_TEXT.sub(r"\1\2", cell)
