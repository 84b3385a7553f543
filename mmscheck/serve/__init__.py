"""The gate behind HTTP, and a page for people without a terminal."""

from __future__ import annotations

from mmscheck.serve.door import Door, is_loopback
from mmscheck.serve.notify import targets_of
from mmscheck.serve.running import Running, Setup, running
from mmscheck.serve.settings import Caps
from mmscheck.serve.tokens import Right, Tokens, read_tokens

__all__ = [
    "Caps",
    "Door",
    "Right",
    "Running",
    "Setup",
    "Tokens",
    "is_loopback",
    "read_tokens",
    "running",
    "targets_of",
]
