"""A run of mending for people and machines, one module for each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mmscheck.fix.report import as_html, as_json, as_text
from mmscheck.fix.values import Result

FIX_FORMATS: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {"text": as_text.render, "json": as_json.render, "html": as_html.render}
)
"""Each format with what writes it."""

__all__ = ["FIX_FORMATS"]
