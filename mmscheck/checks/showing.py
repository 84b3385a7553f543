"""Text as it can be shown to people: bounded, and free of what a terminal or an encoder chokes on.

Nothing a check reports may hold a lone surrogate (no encoder takes it) or a character that moves the
cursor or turns the direction of writing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

LONGEST_SHOWN = 120
"""Characters of a text that a message quotes."""

MOST_LISTED = 20
"""Things one message lists before it only counts the rest; the evidence holds more."""

MOST_KEPT = 200
"""Things the evidence holds; a document of megabytes must not make a report of megabytes."""

_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


def code(char: str) -> str:
    """The code point as ``U+0041``."""
    return f"U+{ord(char):04X}"


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The text with every unprintable character written as ``<U+200B>``, cut to ``longest`` characters."""
    head = text[:longest]
    if not head.isprintable():
        head = "".join(char if char.isprintable() else f"<{code(char)}>" for char in head)
    return head if len(text) <= longest else f"{head}…"


def is_blank(text: str | None) -> bool:
    """Whether there is nothing to see: no text, or only white space and invisible characters."""
    return not text or all(unicodedata.category(char) in _INVISIBLE for char in text)


def listed(items: Sequence[str], separator: str = "; ", most: int = MOST_LISTED) -> str:
    """The items in one line; beyond ``most`` the rest is counted."""
    rest = len(items) - most
    more = [f"and {rest} more"] if rest > 0 else []
    return separator.join([*items[:most], *more])


def both(items: Sequence[str]) -> str:
    """The items as people enumerate them: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def plural(count: int, one: str, many: str | None = None) -> str:
    """The count with its noun: ``1 slide``, ``2 slides``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
