"""Likenesses of media for people who read a report: made when the facts are known, never at their expense.

A file that its decoder refused has none: nobody knows what a phone would make of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mmscheck.model.facts import (
    AudioFacts,
    CalendarFacts,
    ContactFacts,
    Decoded,
    DocumentFacts,
    ImageFacts,
    PassFacts,
    Preview,
    VideoFacts,
)

DRAWERS: Mapping[type[Any], tuple[str, str]] = MappingProxyType(
    {
        ImageFacts: ("previews_image", "draw"),
        VideoFacts: ("previews_played", "draw_video"),
        AudioFacts: ("previews_played", "draw_audio"),
        ContactFacts: ("previews_cards", "draw"),
        CalendarFacts: ("previews_cards", "draw"),
        DocumentFacts: ("previews_cards", "draw"),
        PassFacts: ("previews_cards", "draw"),
    }
)
"""Module and function that draw each family; a module is loaded when the first file of its family comes."""

BY_FFMPEG = frozenset({"image/heic", "image/heif"})
"""The images that are drawn like the first frame of a video: Pillow does not read them."""

CPU_SECONDS = 5
"""CPU time for one likeness; a phone's worth of picture or sound takes a fiftieth of it."""


def preview(type_: str | None, data: bytes, decoded: Decoded | None) -> Preview | None:
    """A likeness of a whole file of that type with those facts; None where there is none.

    Nothing the bytes do raises, unless they end the process.
    """
    module, function = DRAWERS.get(type(decoded), ("", ""))
    if not module or type_ is None:
        return None
    if type_ in BY_FFMPEG:
        module, function = "previews_played", "draw_heif"
    try:
        draw: Callable[[bytes, str, Any], Preview | None]
        draw = getattr(importlib.import_module(f"mmscheck.media.{module}"), function)
        return draw(data, type_, decoded)
    except Exception:  # noqa: BLE001 - hostile bytes make libraries raise anything, and no rule reads a likeness
        return None
