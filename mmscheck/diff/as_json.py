"""The comparison as JSON, version 1: all of it."""

from __future__ import annotations

import msgspec

from mmscheck.diff.changes import Comparison
from mmscheck.report.escape import visible_json
from mmscheck.report.layout import Page


def render(comparison: Comparison, page: Page) -> str:  # noqa: ARG001 - every renderer is given the page
    """The whole document, indented by two, in a stable order, ending with a line feed."""
    encoded = msgspec.json.format(msgspec.json.encode(comparison), indent=2)
    return visible_json(encoded.decode("utf-8")) + "\n"
