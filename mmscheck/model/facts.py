"""What a decoder found in the bytes of a file, one type for each family of media.

Sizes are bytes, dimensions pixels, durations seconds, rates per second. None is what the file does not say.
``extent`` says how far the decoder went: ``whole``, or up to which stated cap.
"""

from __future__ import annotations

import msgspec

from mmscheck.model.words import Because

WHOLE = "whole"
"""The extent of a file that was decoded from its first byte to its last."""


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="family", tag="image"):
    """A picture; ``orientation`` is the EXIF tag (1 is upright), ``mode`` Pillow's colour mode.

    ``flaws`` are what is broken in the file and does not show, each a clause.
    """

    format: str
    width: int
    height: int
    mode: str
    frames: int = 1
    frame_rate: float | None = None
    duration: float | None = None
    transparent: bool = False
    orientation: int = 1
    progressive: bool = False
    extent: str = WHOLE
    flaws: tuple[str, ...] = ()


class AudioFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="family", tag="audio"):
    """A sound; ``codec`` as FFmpeg names it (mp3, aac, amr_nb, pcm_s16le), ``bit_rate`` bits per second.

    ``profile`` is FFmpeg's name of the codec's variant (LC, HE-AAC, xHE-AAC), where the codec has any.
    ``flaws`` are what is broken in the file and is not heard, each a clause.
    """

    container: str
    codec: str
    profile: str | None = None
    duration: float | None = None
    bit_rate: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    extent: str = WHOLE
    flaws: tuple[str, ...] = ()


class VideoFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="family", tag="video"):
    """A film. ``brand`` is the ISO base media major brand, without padding, where there is one.

    ``profile`` and ``audio_profile`` are FFmpeg's names of the codecs' variants (High, High 4:4:4 Predictive;
    LC), ``pixel_format`` its name of how pictures are sampled (yuv420p is 4:2:0 in 8 bits).
    """

    container: str
    codec: str
    width: int
    height: int
    brand: str | None = None
    frame_rate: float | None = None
    duration: float | None = None
    audio_codec: str | None = None
    profile: str | None = None
    pixel_format: str | None = None
    audio_profile: str | None = None
    extent: str = WHOLE


class ContactFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="family", tag="contact"):
    """A vCard file, ``named`` where a contact in it is; ``largest_photo`` is bytes of a picture, unpacked.

    ``oddities`` says in plain words, with lines, what some phones do not read as it is meant.
    """

    contacts: int
    version: str | None = None
    named: bool = False
    largest_photo: int | None = None
    oddities: tuple[str, ...] = ()


class CalendarFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="family", tag="calendar"):
    """An iCalendar file; ``oddities`` says in plain words, with lines, what some readers skip."""

    events: int
    version: str | None = None
    oddities: tuple[str, ...] = ()


class DocumentFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="family", tag="document"):
    """A PDF; ``pages`` is None when it is encrypted and cannot be opened without a password.

    One that is ``encrypted`` and has pages only restricts what may be done with it. ``repaired`` is one whose
    objects had to be found without its own table of them, and were.
    """

    version: str
    encrypted: bool
    pages: int | None = None
    repaired: bool = False


class PassFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="family", tag="pass"):
    """A pass; ``faults`` says in plain words what is missing, or disagrees with manifest or signature.

    ``signed_until`` is when the signer's certificate ends: seconds since the epoch.
    """

    entries: int
    unpacked: int
    faults: tuple[str, ...] = ()
    signed_until: float | None = None


class Undecoded(msgspec.Struct, frozen=True, kw_only=True, tag_field="family", tag="undecoded"):
    """No facts: the decoder refused the file, or died on it.

    ``contained`` is set when the worker was killed, crashed or ran out of time or memory: then nobody knows
    whether the file is sound; otherwise the file is at fault. ``fault`` is the traceback where mmscheck
    itself is at fault, and ``contained`` is set with it. ``partial`` holds what was read before that.
    ``lost`` is what became of the worker, where that is known; it is in no report.
    """

    expected: str
    reason: str
    contained: bool = False
    fault: str = ""
    partial: dict[str, str | int | float | bool | None] = {}
    lost: Because | None = None


Decoded = (
    ImageFacts
    | AudioFacts
    | VideoFacts
    | ContactFacts
    | CalendarFacts
    | DocumentFacts
    | PassFacts
    | Undecoded
)
"""What came of decoding one file."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker drew or read out of the bytes of one medium.

    ``image`` is a small picture of type ``image_type`` (``image/jpeg``, or ``image/png`` where something is
    transparent), ``width`` x ``height`` pixels: the picture itself, upright, or the first frame of a film.
    ``levels`` are the loudness of equal parts of a sound, 0 to 100. ``seconds`` is the length of sound or
    film. ``lines`` are what a contact, a calendar entry, a document or a pass says of itself, as label and
    value, cut to what fits a card. All come from hostile bytes: whoever shows them escapes them.
    """

    image: bytes = b""
    image_type: str = ""
    width: int = 0
    height: int = 0
    levels: tuple[int, ...] = ()
    seconds: float | None = None
    lines: tuple[tuple[str, str], ...] = ()


class Usable(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules in force refuse by what a file's first bytes say; by default nothing.

    ``refused`` are media types as determined from bytes, ``most_bytes`` is the largest size of a sound or
    film that passes, ``codecs`` are those of moving pictures that pass, as FFmpeg names them; None for any.
    """

    refused: tuple[str, ...] = ()
    most_bytes: int | None = None
    codecs: tuple[str, ...] | None = None

    def unneeded(self, type_: str | None, size: int) -> str:
        """Why such a file needs no decoding, as a clause about it; empty where it does."""
        if type_ in self.refused:
            return "it was not decoded, as its type is refused whatever it holds"
        if self.most_bytes is not None and size > self.most_bytes:
            return "it was not decoded, as it is too large whatever it holds"
        return ""

    def unplayed(self, codec: str) -> str:
        """Why moving pictures of this codec need no decoding, as a clause; empty where they do."""
        if self.codecs is None or codec in self.codecs:
            return ""
        return "it was not decoded, as its pictures are in a coding that is refused"


EVERYTHING = Usable()
"""Nothing is refused, so all is decoded."""
