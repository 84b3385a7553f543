"""Texts as both databases can hold them, and without what must never be kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmscheck.base.known_secret import KnownSecret

_SHORTEST_SECRET = 4
"""Characters: to take out anything shorter would spoil texts that merely hold it."""


class Cleaner:
    """Takes known secrets, NUL and lone surrogates out of everything on its way into a column."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """``secrets`` are such as the API key: wherever one stands in a text, an ellipsis is kept instead."""
        self._secrets = tuple(KnownSecret(secret) for secret in secrets if len(secret) >= _SHORTEST_SECRET)

    def text(self, value: str) -> str:
        """The text as it is kept."""
        for secret in self._secrets:
            value = secret.hidden(value, "…")
        if value.isascii() and "\0" not in value:
            return value
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")

    def row(self, values: dict[str, Any]) -> dict[str, Any]:
        """A row with every text in it clean."""
        whole = "".join([value for value in values.values() if isinstance(value, str)])
        if not self._secrets and whole.isascii() and "\0" not in whole:
            return dict(values)
        return {name: self.text(value) if isinstance(value, str) else value for name, value in values.items()}
