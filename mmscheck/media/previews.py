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

MODULES: Mapping[type[Any], str] = MappingProxyType(
    {
        ImageFacts: "previews_pictures",
        VideoFacts: "previews_films",
        AudioFacts: "previews_sounds",
        ContactFacts: "previews_cards",
        CalendarFacts: "previews_cards",
        DocumentFacts: "previews_cards",
        PassFacts: "previews_cards",
    }
)
"""The module that draws each family; it is loaded when the first file of its family comes."""

CPU_SECONDS = 5
"""CPU time for one likeness; a phone's worth of picture or sound takes a fiftieth of it."""


def preview(type_: str | None, data: bytes, decoded: Decoded | None) -> Preview | None:
    """A likeness of a whole file of that type with those facts; None where there is none.

    Nothing the bytes do raises, unless they end the process.
    """
    module = MODULES.get(type(decoded))
    if module is None or type_ is None:
        return None
    try:
        draw: Callable[[bytes, str, Any], Preview | None]
        draw = importlib.import_module(f"mmscheck.media.{module}").draw
        return draw(data, type_, decoded)
    except Exception:  # noqa: BLE001 - hostile bytes make libraries raise anything, and no rule reads a likeness
        return None
