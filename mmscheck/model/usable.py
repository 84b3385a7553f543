"""What of sound and film is worth decoding: it takes seconds, and what is refused anyway stays refused."""

from __future__ import annotations

import msgspec


class Usable(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules in force refuse by what a file's first bytes say; by default nothing.

    ``refused`` are media types as determined from bytes, ``most_bytes`` is the largest size of a sound or
    film that passes, ``codecs`` are those of moving pictures that pass, as FFmpeg names them; None for any.
    """

    refused: tuple[str, ...] = ()
    most_bytes: int | None = None
    codecs: tuple[str, ...] | None = None

    def unneeded(self, type_: str | None, size: int) -> str:
        """Why such a file needs no decoding, as a clause about it; empty where it does."""
        if type_ in self.refused:
            return "it was not decoded, as its type is refused whatever it holds"
        if self.most_bytes is not None and size > self.most_bytes:
            return "it was not decoded, as it is too large whatever it holds"
        return ""

    def unplayed(self, codec: str) -> str:
        """Why moving pictures of this codec need no decoding, as a clause; empty where they do."""
        if self.codecs is None or codec in self.codecs:
            return ""
        return "it was not decoded, as its pictures are in a coding that is refused"


EVERYTHING = Usable()
"""Nothing is refused, so all is decoded."""
