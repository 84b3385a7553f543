"""How the files of a format begin, and what has become of one that begins otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.media.refusal import RefusedError

STARTS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "JPEG": (b"\xff\xd8\xff",),
        "PNG": (b"\x89PNG\r\n\x1a\n",),
        "GIF": (b"GIF89a", b"GIF87a"),
    }
)
"""The first bytes (ITU-T T.81, B.1.1; W3C PNG, 5.2; GIF89a, 17)."""

BINARY = "send it again in binary mode"

CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "89504e470a": f"a transfer as text has changed its line ends: {BINARY}",
        "89504e470d0d": f"a transfer as text has changed its line ends: {BINARY}",
        "89504e470d1a": f"a transfer as text has changed its line ends: {BINARY}",
        "09504e47": f"a transfer of 7 bits has changed it: {BINARY}",
        "7f587f": f"a transfer of 7 bits has changed it: {BINARY}",
        "efbfbd": "it was read as text and written again, and bytes got lost: upload the original",
        "3f504e47": "it was read as text and written again, and bytes got lost: upload the original",
        "3f3f3f": "it was read as text and written again, and bytes got lost: upload the original",
        "c3bfc398": "its bytes were taken for letters and written as UTF-8: upload the original",
        "c289504e47": "its bytes were taken for letters and written as UTF-8: upload the original",
        "00000000": "it begins with zeros, as after an upload that never finished: upload it again",
    }
)
"""What the first bytes (hexadecimal) of a file that was one of these tell of it."""

SHOWN = 4
"""Bytes that are told where nothing is known of them."""


def check(data: bytes, format_: str) -> None:
    """Refuse a file that does not begin as those of its format do."""
    starts = STARTS.get(format_, (b"",))
    if data.startswith(starts):
        return
    why = next((words for start, words in CAUSES.items() if data.startswith(bytes.fromhex(start))), None)
    begins = data[:SHOWN].hex(" ").upper()
    expected = starts[0].hex(" ").upper()
    raise RefusedError(f"it is no {format_}: {why or f'it begins with {begins} and not with {expected}'}")
