"""Make visible what a terminal or a reader's eye would otherwise obey or miss.

Subjects, URLs, headers and file names come from strangers. A control character in them could clear the
screen or forge a verdict line, a bidi control could turn a name around.
"""

from __future__ import annotations

import json
import re

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BYTE, _BASIC_PLANE = 0xFF, 0xFFFF
_BEYOND_ASCII = re.compile(r"[^\x20-\x7e\n]")


def visible(text: str) -> str:
    r"""The text on one line, with everything unprintable written as ``\n``, ``\x1b``, ``\u202e`` and so on.

    Unprintable is what Unicode calls control, format (bidi controls, zero-width characters), surrogate,
    private, unassigned, line or paragraph separator, or a space other than U+0020.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def visible_lines(text: str) -> str:
    r"""The same line by line: only line feeds are left as they are, and tabs."""
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def _escaped(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code <= _BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _BASIC_PLANE else f"\\U{code:08x}"


def encodable(text: str) -> str:
    r"""The text with lone surrogates, which no UTF-8 can carry, written as ``\udcff`` and so on."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def visible_json(document: str) -> str:
    """The same JSON with every unprintable character inside its strings written as a JSON escape.

    JSON itself leaves DEL, the C1 controls and bidi controls as they are, and reports get read on terminals.
    """
    return _BEYOND_ASCII.sub(_json_escaped, document)


def _json_escaped(match: re.Match[str]) -> str:
    char = match.group()
    return char if char.isprintable() else json.dumps(char)[1:-1]
