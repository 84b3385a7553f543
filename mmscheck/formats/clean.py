"""Strings and JSON values as they may leave: without secrets, and always encodable.

Some parts of a report are redacted before they get here. Redacting a redacted URL again would change its
digest, and one URL would show under two names; so what is already redacted is left alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from mmscheck.formats.escape import encodable
from mmscheck.model.redact import redact_header, redact_text, redact_url

_REDACTED = re.compile(
    r"""(https?://[^\s"'<>?\#@/]+(?:/[^\s"'<>?\#]*)?\?…[0-9a-f]{12}(?:\#[\w.…-]*)?)(?=[.,;:!?)\]]*(?:[\s"'<>]|$))""",
    re.IGNORECASE | re.VERBOSE,
)


def clean_url(url: str) -> str:
    """The URL without secrets; one that is redacted already stays as it is."""
    return encodable(url if _REDACTED.fullmatch(url) else redact_url(url))


def clean_text(text: str) -> str:
    """The text with every URL in it redacted once."""
    if "://" not in text and "?" not in text:
        return encodable(text)
    parts = _REDACTED.split(text)
    return encodable("".join(part if at % 2 else redact_text(part) for at, part in enumerate(parts)))


def optional(text: str | None) -> str | None:
    """Clean text, or None where there is none."""
    return None if text is None else clean_text(text)


def clean_header(name: str, value: str) -> tuple[str, str]:
    """A header line as it may be shown."""
    return encodable(name), encodable(redact_header(name, value))


def clean_value(value: Any) -> Any:
    """A JSON value with every string in it clean; whatever JSON cannot hold becomes text."""
    if isinstance(value, str):
        return clean_text(str(value))
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_value(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return clean_text(str(value))
