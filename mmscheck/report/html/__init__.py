"""The report as a page for people: one self-contained file, or an index with a page for each message."""

from __future__ import annotations

from mmscheck.report.html.site import LARGEST, MOST_IN_ONE, Put, single, write
from mmscheck.report.view import View


def render(view: View) -> str:
    """The whole run in one page that needs nothing from elsewhere; ends with a line feed."""
    return single(view)


__all__ = ["LARGEST", "MOST_IN_ONE", "Put", "render", "write"]
