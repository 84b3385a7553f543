"""How many SMS a text takes: GSM 7-bit where it can, else UCS-2.

3GPP TS 23.038. Code 0x09 is taken as capital C with cedilla, as Sinch and Telnyx print the table; the
small letter, to which the Unicode consortium's table maps it, counts as outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

import msgspec

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet without ESC: one septet each."""

EXTENSION = frozenset("\f^{}\\[~]|€")
"""Characters written as ESC and another code: two septets each."""

ROOM: Mapping[str, tuple[int, int]] = MappingProxyType({"GSM-7": (160, 153), "UCS-2": (70, 67)})
"""Units of an SMS that stands alone, and of each one of several (3GPP TS 23.038 and 23.040)."""

_ASTRAL = 0x10000


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """A text as an SMS would carry it.

    ``widths`` is the septets (GSM-7) or UTF-16 units (UCS-2) of each character; ``outside`` the
    characters that forced UCS-2, each once, in order.
    """

    alphabet: str
    widths: tuple[int, ...]
    outside: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """The length in the alphabet's own units."""
        return sum(self.widths)


def encode(text: str) -> Encoded:
    """The text in the smallest alphabet that holds all of it."""
    outside = tuple(dict.fromkeys(char for char in text if char not in BASIC and char not in EXTENSION))
    if outside:
        widths = tuple(2 if ord(char) >= _ASTRAL else 1 for char in text)
        return Encoded(alphabet="UCS-2", widths=widths, outside=outside)
    return Encoded(alphabet="GSM-7", widths=tuple(2 if char in EXTENSION else 1 for char in text))


def parts(encoded: Encoded, more: int, single: int, part: int) -> int:
    """How many SMS the text and ``more`` further units take.

    ``single`` is the units of an SMS that stands alone, ``part`` of each one of several. A character of
    two units is never cut in half, so a part may end one unit short.
    """
    if encoded.units + more <= single:
        return 1
    count, room = 1, part
    for width in chain(encoded.widths, [1] * more):
        if width > room:
            count, room = count + 1, part
        room -= width
    return count
