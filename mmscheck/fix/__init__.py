"""Media and messages mended, and judged by every rule of lint before they are kept.

The names below are imported when they are first used: a confined process needs none of them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmscheck.fix.media import Source as Source
    from mmscheck.fix.messages import Document as Document
    from mmscheck.fix.run import Outcome as Outcome
    from mmscheck.fix.run import Settings as Settings
    from mmscheck.fix.run import fix as fix
    from mmscheck.fix.values import Action as Action
    from mmscheck.fix.values import Entry as Entry
    from mmscheck.fix.values import Shape as Shape
    from mmscheck.fix.values import Wishes as Wishes

_HOMES = {
    "Action": "values",
    "Document": "messages",
    "Entry": "values",
    "Outcome": "run",
    "Settings": "run",
    "Shape": "values",
    "Source": "media",
    "Wishes": "values",
    "fix": "run",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mmscheck.fix' has no attribute {name!r}")
    return getattr(importlib.import_module(f"mmscheck.fix.{_HOMES[name]}"), name)
