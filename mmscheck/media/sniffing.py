"""Who is asked for the type of the bytes, in which order, and who decides.

libmagic first. Where it has nothing, or nothing that tells (text, archive), those are asked who can look
closer. The URL's extension is the weakest witness: it decides only when the bytes told nobody anything,
and never against what the bytes are.
"""

from __future__ import annotations

from collections.abc import Callable

from mmscheck.media.content import archive_says, is_web_page, text_says
from mmscheck.media.libraries import libmagic_says, mutagen_says, pillow_says
from mmscheck.media.sample import Sample
from mmscheck.model.observation import Sniffed, Witness

EXTENSION = "extension"

TELLING_TEXT = frozenset({"text/html", "text/vcard", "text/calendar"})
"""Texts that libmagic knows by their first line; its other names for texts are guesses at a language."""

MARKUP = frozenset({"application/xml", "application/xhtml+xml"})
"""Markup that may be a web page."""


def sniff(sample: Sample) -> Sniffed | None:
    """The type of the bytes and what every witness said; None asks for the whole file."""
    first = libmagic_says(sample)
    closer = _closer(first.type)
    if not closer:
        return _decided(sample, (first,), first)
    if not sample.whole:
        return None
    witnesses = [first]
    for ask in closer:
        witnesses.append(ask(sample))
        if witnesses[-1].type is not None:
            return _decided(sample, tuple(witnesses), witnesses[-1])
    if first.type is None:
        witnesses.append(extension_says(sample))
    return _decided(sample, tuple(witnesses), first if first.type else witnesses[-1])


def _closer(type_: str | None) -> tuple[Callable[[Sample], Witness], ...]:
    """Who can look closer at what libmagic called this; nobody when that says enough."""
    if type_ is None:
        return (pillow_says, mutagen_says, text_says)
    if type_ == "application/zip":
        return (archive_says,)
    if type_ in MARKUP or (type_.startswith("text/") and type_ not in TELLING_TEXT):
        return (text_says,)
    return ()


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
    )
