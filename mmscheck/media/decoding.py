"""Which decoder is for which type of bytes, and what becomes of a file that its decoder cannot take.

Runs in worker processes; the parent asks only which family a type belongs to. A decoder's module is loaded
when the first file of its family comes, and with it the library.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from mmscheck.media.refusal import REPORT_IT, RefusedError, trace
from mmscheck.model.facts import EVERYTHING, Decoded, Undecoded, Usable
from mmscheck.model.words import Because

MOST_REASON = 200
"""Characters of a reason: some quote a name out of the file."""

NO_ROOM = "decoding it took more memory than a worker may use"
"""The reason for a file that needs more memory than there is."""

FAULT = f"a fault of mmscheck, not of the file: what decodes it broke off; {REPORT_IT}"
"""The reason for a file that nobody could judge, as mmscheck itself is at fault."""

PLAYED = frozenset({"audio", "video"})
"""The families whose files take long to decode."""


class Decoder(msgspec.Struct, frozen=True):
    """A family of media, and the module and the function in it that decode its files."""

    family: str
    module: str
    function: str = "decode"


def _decoders() -> Mapping[str, Decoder]:
    """The decoder for each media type."""
    audio = Decoder("audio", "audio_video", "decode_audio")
    video = Decoder("video", "audio_video", "decode_video")
    types = {
        Decoder("image", "image"): "image/jpeg image/png image/apng image/gif image/webp image/avif "
        "image/bmp image/tiff",
        Decoder("image", "audio_video", "decode_heif"): "image/heic image/heif",
        audio: "audio/mpeg audio/mp4 audio/3gpp audio/3gpp2 audio/aac audio/amr audio/amr-wb audio/x-wav "
        "audio/wav audio/ogg audio/flac audio/x-flac audio/x-aiff audio/x-caf audio/webm audio/x-matroska "
        "audio/x-ms-wma",
        video: "video/mp4 video/3gpp video/3gpp2 video/quicktime video/x-msvideo video/mpeg video/mp2t "
        "video/ogg video/x-ms-asf video/x-ms-wmv video/webm video/x-matroska video/x-flv",
        Decoder("contact", "contacts"): "text/vcard",
        Decoder("calendar", "calendars"): "text/calendar",
        Decoder("document", "documents"): "application/pdf",
        Decoder("pass", "passes"): "application/vnd.apple.pkpass",
    }
    return MappingProxyType({name: decoder for decoder, names in types.items() for name in names.split()})


DECODERS = _decoders()
"""The decoder for each media type, by the names that sniffing gives."""


def decode(type_: str | None, data: bytes, usable: Usable = EVERYTHING) -> Decoded | None:
    """What a decoder finds in a whole file of that type; None where there is no decoder for it.

    Of sound and film that is not ``usable`` only the heads are read. Nothing the bytes do raises, unless they
    end the process.
    """
    decoder = DECODERS.get(type_ or "")
    if decoder is None or not data:
        return None
    try:
        return _decode(decoder, data, type_, usable)
    except RefusedError as refused:
        return Undecoded(expected=decoder.family, reason=str(refused)[:MOST_REASON], partial=refused.partial)
    except MemoryError:
        return Undecoded(expected=decoder.family, reason=NO_ROOM, contained=True, lost=Because.MEMORY)
    except Exception:  # noqa: BLE001 - what is no verdict on the file must not be told as one
        return Undecoded(expected=decoder.family, reason=FAULT, contained=True, fault=trace())


def _decode(decoder: Decoder, data: bytes, type_: str | None, usable: Usable) -> Decoded:
    function: Callable[..., Decoded]
    function = getattr(importlib.import_module(f"mmscheck.media.{decoder.module}"), decoder.function)
    return function(data, type_, usable) if decoder.family in PLAYED else function(data, type_)


def not_decoded(type_: str | None, why: str, lost: Because | None = None) -> Undecoded | None:
    """The answer for a file of that type whose worker gave none; None where there is no decoder for it."""
    decoder = DECODERS.get(type_ or "")
    if decoder is None:
        return None
    return Undecoded(expected=decoder.family, reason=why[:MOST_REASON], contained=True, lost=lost)
