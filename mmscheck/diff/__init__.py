"""Two reports of version 1 into what became better, worse, stayed, or cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.diff import as_html, as_markdown, as_text
from mmscheck.diff.changes import Comparison, new_alone
from mmscheck.diff.compare import compare
from mmscheck.diff.words import Renderer
from mmscheck.report.escape import visible_json
from mmscheck.report.layout import Page


def _json(comparison: Comparison, page: Page) -> str:  # noqa: ARG001 - every renderer is given the page
    """All of it as JSON, version 1, indented by two, in a stable order, ending with a line feed."""
    encoded = msgspec.json.format(msgspec.json.encode(comparison), indent=2)
    return visible_json(encoded.decode("utf-8")) + "\n"


DIFF_FORMATS: Mapping[str, Renderer] = MappingProxyType(
    {
        "text": as_text.render,
        "markdown": as_markdown.render,
        "html": as_html.render,
        "json": _json,
    }
)
"""Every output format of a comparison by the name that ``--format`` takes."""

__all__ = ["DIFF_FORMATS", "Comparison", "compare", "new_alone"]
