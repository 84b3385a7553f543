"""Who is asked for the type of the bytes, in which order, and who decides.

libmagic first. Where it has nothing, or nothing that tells (text, archive, sound, film), those are asked who
can look closer: FFmpeg sees the tracks of a file, which libmagic guesses from its first bytes. The URL's
extension is the weakest witness: it decides only when the bytes told nobody anything, and never against what
the bytes are.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

from mmscheck.media.refusal import REPORT_IT, trace
from mmscheck.media.sample import Sample, WitnessFailedError
from mmscheck.media.witnesses import (
    archive_says,
    frames_say,
    is_web_page,
    libmagic_says,
    mutagen_says,
    pillow_says,
    text_says,
)
from mmscheck.model.observation import Sniffed, Witness

EXTENSION = "extension"

START = 1024
"""Bytes from the start that are kept as they are."""

FAULT = f"a fault of mmscheck, not of the file: what determines its type broke off; {REPORT_IT}"
"""The problem with bytes that nobody could judge, as mmscheck itself is at fault."""

TELLING_TEXT = frozenset({"text/html", "text/vcard", "text/calendar"})
"""Texts that libmagic knows by their first line; its other names for texts are guesses at a language."""

PLAYED = ("audio/", "video/")
"""How the types of sound and film begin."""

MARKUP = frozenset({"application/xml", "application/xhtml+xml"})
"""Markup that may be a web page."""


def sniff(sample: Sample) -> Sniffed | None:
    """The type of the bytes and what every witness said; None asks for the whole file."""
    first, fault = _asked(libmagic_says, sample)
    if fault:
        return failed((first,), fault)
    closer = _closer(first.type, sample.named)
    if not closer:
        return _decided(sample, (first,), first)
    if not sample.whole:
        return None
    witnesses = [first]
    for says in closer:
        witness, failure = _asked(says, sample)
        witnesses.append(witness)
        if witness.type is not None:
            return _decided(sample, tuple(witnesses), first if first.type == witness.type else witness)
        fault = fault or failure
    if fault:  # the one that failed might have known
        return failed(tuple(witnesses), fault)
    if first.type is None:
        witnesses.append(extension_says(sample))
    return _decided(sample, tuple(witnesses), first if first.type else witnesses[-1])


def _asked(says: Callable[[Sample], Witness], sample: Sample) -> tuple[Witness, str]:
    """The witness's answer; and the traceback where mmscheck itself is at fault that it has none."""
    try:
        return says(sample), ""
    except WitnessFailedError as failure:
        return Witness(name=failure.name, type=None, detail="broke off: a fault of mmscheck"), trace()


def failed(witnesses: tuple[Witness, ...], fault: str) -> Sniffed:
    """The answer for bytes that could not be judged; ``fault`` is the traceback of our fault."""
    return Sniffed(type=None, witnesses=witnesses, problem=FAULT, fault=fault)


def _closer(type_: str | None, named: str | None) -> tuple[Callable[[Sample], Witness], ...]:
    """Who can look closer at what libmagic called this; nobody when that says enough.

    Of two bytes libmagic makes a program or an archive, and the middle of an MP3's frame may be any two.
    """
    if named == "audio/mpeg" and type_ is not None and not type_.startswith(PLAYED):
        return (frames_say, *_closer(type_, None))
    if type_ is None:
        return (pillow_says, _ffmpeg_says, mutagen_says, text_says)
    if type_ == "application/zip":
        return (archive_says,)
    if type_.startswith(PLAYED) or type_ == "application/ogg":
        return (_ffmpeg_says,)
    if type_ in MARKUP or (type_.startswith("text/") and type_ not in TELLING_TEXT):
        return (text_says,)
    return ()


def _ffmpeg_says(sample: Sample) -> Witness:
    """What FFmpeg says, which is loaded when the first file comes that may be sound or film."""
    says: Callable[[Sample], Witness] = importlib.import_module("mmscheck.media.audio_video").ffmpeg_says
    return says(sample)


def extension_says(sample: Sample) -> Witness:
    """What the URL's extension suggests for bytes that are no text, unless it suggests a text."""
    if sample.named is None:
        return Witness(name=EXTENSION, type=None, detail="no extension of a known type")
    if sample.named.startswith("text/"):
        return Witness(name=EXTENSION, type=None, detail=f"suggests {sample.named}, but these bytes are none")
    return Witness(name=EXTENSION, type=sample.named, detail="nothing in the bytes confirms it")


def _decided(sample: Sample, witnesses: tuple[Witness, ...], decider: Witness) -> Sniffed:
    return Sniffed(
        type=decider.type,
        witness=decider.name if decider.type else None,
        witnesses=witnesses,
        web_page=is_web_page(sample.data) or decider.type == "text/html",
        start=sample.data[:START].decode("iso-8859-1"),
    )
