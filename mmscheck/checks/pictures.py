"""Emoji in a text: whole sequences (families, flags, keycaps, skin tones), each under one name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import msgspec

SIGNS = frozenset("\u00a9\u00ae\u203c\u2049\u2122\u2139")
"""Signs of ordinary writing that Unicode lists as emoji too: pictures only before U+FE0F."""

FLAG_LETTERS = range(0x1F1E6, 0x1F200)
"""Regional indicators; one without its partner is a picture that is in no emoji list."""

PICTURE_BLOCKS = range(0x1F300, 0x1FB00)
"""Blocks that new emoji come from, so that an unassigned code point here is a newer emoji."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """One emoji: ``start`` and ``end`` are its slice of the text, ``name`` its Unicode or CLDR name."""

    start: int
    end: int
    name: str


def pictures(text: str) -> tuple[Picture, ...]:
    """Every emoji of the text in order; digits, ``#``, ``*`` and plain copyright signs are none."""
    if text.isascii():
        return ()
    listed = tuple(_listed(text))
    taken = {index for picture in listed for index in range(picture.start, picture.end)}
    others = (
        Picture(start=index, end=index + 1, name=_name_unlisted(char))
        for index, char in enumerate(text)
        if index not in taken and _is_unlisted(char)
    )
    return tuple(sorted((*listed, *others), key=lambda picture: picture.start))


def _listed(text: str) -> Iterator[Picture]:
    import emoji  # noqa: PLC0415 - its table takes 50 ms to load, and a plain subject never needs it

    for match in emoji.emoji_list(text):
        found = str(match["emoji"])
        if found in SIGNS:
            continue
        # The table's names are written :thumbs_up:.
        name = str(emoji.EMOJI_DATA[found]["en"]).strip(":").replace("_", " ")
        if len(found) == 1:
            name = unicodedata.name(found, name)
        yield Picture(start=int(match["match_start"]), end=int(match["match_end"]), name=name)


def _is_unlisted(char: str) -> bool:
    point = ord(char)
    return point in FLAG_LETTERS or (point in PICTURE_BLOCKS and unicodedata.category(char) == "Cn")


def _name_unlisted(char: str) -> str:
    return unicodedata.name(char, "emoji newer than this program")
