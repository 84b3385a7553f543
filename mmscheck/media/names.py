"""Names of media types: what libraries call them, and what the end of a URL's path suggests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from mmscheck.base.extensions import BY_EXTENSION

REGISTERED: Mapping[str, str] = MappingProxyType(
    {
        "audio/mp3": "audio/mpeg",
        "audio/x-m4a": "audio/mp4",
        "audio/x-hx-aac-adts": "audio/aac",
        "image/jpg": "image/jpeg",
        "image/mpo": "image/jpeg",
        "image/vnd.mozilla.apng": "image/apng",
        "image/x-ms-bmp": "image/bmp",
        "text/x-vcard": "text/vcard",
        "text/x-vcalendar": "text/calendar",
        "video/x-m4v": "video/mp4",
    }
)
"""Names that libmagic, Pillow and mutagen give, and the registered name of the same type (IANA, 2026)."""


def registered(name: str) -> str:
    """The registered name of a type that a library named; lower case."""
    lower = name.lower()
    return REGISTERED.get(lower, lower)


def named_type(url: str) -> str | None:
    """The type that the last part of the URL's path suggests, or None."""
    try:
        path = urlsplit(url).path
    except ValueError:  # an unclosed bracket in the host
        return None
    return BY_EXTENSION.get(PurePosixPath(unquote(path)).suffix.lower())
