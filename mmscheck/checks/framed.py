"""What the lines that frame a body come down to: a length, and the codings of the content."""

from __future__ import annotations

import re

from mmscheck.checks.observed import values
from mmscheck.model.observation import Hop

_NUMBER = re.compile(r"[0-9]{1,18}")


def members(hop: Hop, name: str) -> tuple[str, ...]:
    """The comma-separated members of all lines of a header, as one list (RFC 9110, section 5.3)."""
    return tuple(part.strip(" \t") for value in values(hop, name) for part in value.split(","))


def stated_length(hop: Hop) -> int | None:
    """The one number of bytes that Content-Length comes down to, or None when it is no such number.

    Said twice alike, as in ``3, 3``, it is still a number (RFC 9110, section 8.6); a sign, other
    characters, or two different numbers are none.
    """
    stated = members(hop, "Content-Length")
    if not all(_NUMBER.fullmatch(member) for member in stated):
        return None
    numbers = {int(member) for member in stated}
    return numbers.pop() if len(numbers) == 1 else None


def codings(hop: Hop) -> tuple[str, ...]:
    """The content codings stated, lower case, without the word for none."""
    stated = (member.lower() for member in members(hop, "Content-Encoding"))
    return tuple(member for member in stated if member not in {"", "identity"})
