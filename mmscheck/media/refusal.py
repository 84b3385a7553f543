"""How a decoder says that a file is not fit to be used."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class RefusedError(Exception):
    """A file that its decoder refuses; the text says why, ``partial`` what was read before."""

    def __init__(self, reason: str, partial: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Take the reason in plain words and JSON values by name."""
        super().__init__(reason)
        self.partial = dict(partial)
