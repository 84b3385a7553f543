"""Report to text: pure functions, one file each, that decide nothing and touch nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.formats import json_v1, text
from mmscheck.formats.view import Formatter, View

FORMATS: Mapping[str, Formatter] = MappingProxyType({"text": text.render, "json": json_v1.render})
"""Every output format by the name that ``--format`` takes."""

__all__ = ["FORMATS", "Formatter", "View"]
