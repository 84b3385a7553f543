"""Names that a person types and that mean something to the ledger: two that look alike are one name."""

from __future__ import annotations

import re
import unicodedata

from mmscheck.errors import UsageError

LONGEST_KEY = 200
"""Characters of an idempotency key."""

LONGEST_NAME = 100
"""Characters of a campaign's name."""

_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Characters without a shape that count as printable (joiners, fillers, the blank of Braille), and variation
selectors, which only choose how the character before them looks."""


def usable_name(what: str, text: str, longest: int) -> str:
    """The name in the one form in which it is kept (NFC).

    Raises UsageError for one that is blank or too long, or that holds what nobody sees: blanks at its ends or
    two in a row, control and format characters.
    """
    name = unicodedata.normalize("NFC", text)
    if not (name.isprintable() and 0 < len(name) <= longest) or _UNSEEN.search(name):
        raise UsageError(
            f"{what}: expected 1 to {longest} printable characters, and none that cannot be seen"
        )
    if name != name.strip() or "  " in name:
        raise UsageError(f"{what} {text!r}: it holds blanks at its ends or two in a row, which nobody sees")
    return name
