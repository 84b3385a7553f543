"""Text that can be shown: escaped, shortened, counted, listed.

Subjects, URLs, headers and provider's words come from strangers. What nobody would see, or a terminal would
obey, is written as an escape in Python's spelling: it is shorter than a name, and people who look for what is
wrong with a file know it. There is one spelling, so that one character is called the same in every message.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

LONGEST_SHOWN = 120
"""Characters of a text that a message quotes: about a line of a terminal, and enough to find it by."""

LONGEST_SENTENCE = 400
"""Characters of somebody else's explanation that are quoted: one line would cut off the point."""

MOST_LISTED = 20
"""Things one message lists before it only counts the rest."""

_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
"""Unicode's categories of separators, controls and format characters."""


def escaped(text: str) -> str:
    r"""The text on one line, with everything unprintable written as ``\n``, ``\x1b``, ``\u202e`` and so on.

    Unprintable is what Unicode calls control, format (bidi controls, zero-width characters), surrogate,
    private, unassigned, line or paragraph separator, or a space other than U+0020.
    """
    if text.isprintable():
        return text
    # ascii() of one character is its escape in quotes; those who are printable never get there.
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def shortened(text: str, longest: int = LONGEST_SHOWN) -> str:
    """At most so many characters of the text, with ``…`` behind them where some were left out."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def quoted(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The text as a message may quote it: escaped, and cut after ``longest`` characters of its own.

    It is cut first: escaping megabytes to show a line of them takes seconds.
    """
    head = escaped(text[:longest])
    return head if len(text) <= longest else f"{head}…"


def one_line(text: str, longest: int | None = None) -> str:
    """The text with each run of white space as one blank, cut to ``longest`` characters, and escaped."""
    return escaped(" ".join(text.split())[:longest])


def encodable(text: str) -> str:
    r"""The text with lone surrogates, which no UTF-8 can carry, written as ``\udcff`` and so on."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def code_point(char: str) -> str:
    """The character's code point as ``U+0041``, for messages that name a character beside showing it."""
    return f"U+{ord(char):04X}"


def is_blank(text: str | None) -> bool:
    """Whether there is nothing to see: no text, or only white space and invisible characters."""
    return not text or all(unicodedata.category(char) in _INVISIBLE for char in text)


def count(number: int, one: str, many: str = "") -> str:
    """The number with its noun: ``1 rule``, ``2,000 rules``; ``many`` where the plural is not just an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(items: Sequence[str], separator: str = "; ", most: int = MOST_LISTED) -> str:
    """The items in one line; beyond ``most`` the rest is counted."""
    rest = len(items) - most
    return separator.join([*items[:most], *([f"and {rest} more"] if rest > 0 else [])])


def enumerated(items: Sequence[str]) -> str:
    """The items as a sentence has them: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def xml_escaped(text: str) -> str:
    """The text as it stands between tags; ``xml.sax.saxutils`` would bring urllib and http for it: 10 ms."""
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")


def xml_unescaped(text: str) -> str:
    """The text with the five names that XML itself has for characters read; numbers stay as they are."""
    for name, char in (("gt", ">"), ("lt", "<"), ("quot", '"'), ("apos", "'"), ("amp", "&")):
        text = text.replace(f"&{name};", char)
    return text
