"""A small likeness of one medium, for reports that people look at; no rule ever reads it."""

from __future__ import annotations

import msgspec


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker drew or read out of the bytes of one medium.

    ``image`` is a small picture of type ``image_type`` (``image/jpeg``, or ``image/png`` where something is
    transparent), ``width`` x ``height`` pixels: the picture itself, upright, or the first frame of a film.
    ``levels`` are the loudness of equal parts of a sound, 0 to 100. ``seconds`` is the length of sound or
    film. ``lines`` are what a contact, a calendar entry, a document or a pass says of itself, as label and
    value, cut to what fits a card. All come from hostile bytes: whoever shows them escapes them.
    """

    image: bytes = b""
    image_type: str = ""
    width: int = 0
    height: int = 0
    levels: tuple[int, ...] = ()
    seconds: float | None = None
    lines: tuple[tuple[str, str], ...] = ()
