"""Lines of a payload made fit to be shown: URLs as reports show them, texts, names, and no other value.

A payload can hold numbers of people, ids and keys: what is no URL of a file and no text of the message is
not shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmscheck.base.json_text import Kind
from mmscheck.base.redact import redact_text, redact_url
from mmscheck.base.text import escaped
from mmscheck.model.provider import Role
from mmscheck.payloads.leaf import Leaf

LONGEST_LINE = 300
"""Characters of a line that reports show."""

_SHOWN = frozenset({Role.MEDIA, Role.TEXT, Role.SUBJECT})


def shown_lines(text: str, values: Sequence[Leaf], roles: Mapping[str, Role]) -> dict[int, str]:
    """The lines on which values begin, by number; ``roles`` are by the paths of values, none hides one."""
    by_line: dict[int, list[Leaf]] = {}
    for leaf in values:
        by_line.setdefault(leaf.line, []).append(leaf)
    return {line: _line(text, found, roles) for line, found in by_line.items()}


def _line(text: str, values: Sequence[Leaf], roles: Mapping[str, Role]) -> str:
    at = text.rfind("\n", 0, values[0].at) + 1
    shown = ""
    for leaf in values:
        if len(shown) > LONGEST_LINE:
            break
        shown += _between(text[at : leaf.at]) + _value(leaf, roles.get(leaf.path))
        at = leaf.end
    else:
        end = text.find("\n", at)
        shown += _between(text[at : len(text) if end < 0 else end])
    return shown if len(shown) <= LONGEST_LINE else f"{shown[:LONGEST_LINE]}…"


def _between(piece: str) -> str:
    return redact_text(escaped(piece[: LONGEST_LINE * 2].rstrip("\r")))


def _value(leaf: Leaf, role: Role | None) -> str:
    if role not in _SHOWN or leaf.kind is not Kind.TEXT:
        said = "…"
    elif role is Role.MEDIA:
        said = escaped(redact_url(leaf.text))
    else:
        said = escaped(redact_text(leaf.text[: LONGEST_LINE * 2]))
    return f'"{said}"' if leaf.quoted else said
