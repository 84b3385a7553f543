"""Two reports of version 1 into what became better, worse, stayed, or cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.diff import as_html, as_json, as_markdown, as_text
from mmscheck.diff.changes import Comparison, new_alone
from mmscheck.diff.compare import compare
from mmscheck.diff.shown import Renderer

DIFF_FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {
        "text": as_text.render,
        "markdown": as_markdown.render,
        "html": as_html.render,
        "json": as_json.render,
    }
)
"""Every output format of a comparison by the name that ``--format`` takes."""

__all__ = ["DIFF_FORMATS", "Comparison", "compare", "new_alone"]
