"""The beginning of a body, for recognising pages that were answered in place of a file."""

from __future__ import annotations

import re

LENGTH = 2048
"""Bytes of body that are kept."""

_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""The "binary data bytes" of the WHATWG MIME Sniffing standard, section 3 (November 2026)."""


def excerpt_text(begin: bytes | bytearray) -> str:
    """``begin`` as ISO-8859-1 when it may be text, else nothing."""
    return "" if _BINARY.search(begin) else begin.decode("latin-1")
