"""Strings and JSON values as they may leave: without secrets, of bounded length, and always encodable.

Some parts of a report are redacted before they get here. Redacting twice changes nothing: what is redacted
already is left alone, and one URL never shows under two names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mmscheck.base.redact import redact_header, redact_text, redact_url
from mmscheck.base.text import encodable

LONGEST_TEXT = 20_000
"""Characters of one text that a report holds; what a phone can show is a quarter of it."""

_TAIL = 60


def clean_url(url: str) -> str:
    """The URL without secrets; one that is redacted already stays as it is."""
    return encodable(redact_url(url))


def clean_text(text: str) -> str:
    """The text with every URL in it redacted once, cut where it is too long for any reader."""
    return encodable(_cut(redact_text(text)))


def _cut(text: str) -> str:
    # Some more may stand, so that a text that was cut before is not cut again.
    if len(text) <= LONGEST_TEXT + _TAIL:
        return text
    return f"{text[:LONGEST_TEXT]}… and {len(text) - LONGEST_TEXT:,} more characters"


def optional(text: str | None) -> str | None:
    """Clean text, or None where there is none."""
    return None if text is None else clean_text(text)


def clean_header(name: str, value: str) -> tuple[str, str]:
    """A header line as it may be shown."""
    return encodable(_cut(redact_text(name))), encodable(_cut(redact_header(name, value)))


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
