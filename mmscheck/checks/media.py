"""The media file as such: that it holds anything, and that it is not too large."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import unquote

import msgspec

from mmscheck.base.extensions import BY_EXTENSION
from mmscheck.base.text import LONGEST_SENTENCE, quoted
from mmscheck.checks.evidence import bytes_received, explanation, file_head, shown_type
from mmscheck.checks.media_types import canonical, same_type
from mmscheck.checks.mime import proven_type
from mmscheck.model.check import (
    Check,
    MediaTarget,
    NoParams,
    Result,
    advising,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.observation import Fetched, Observation, Reason
from mmscheck.model.words import Because, MediaKind, Owner, TargetKind


class SizeParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most bytes a file of each kind may have; a kind without a number has no limit here.

    ``gif`` is for GIF files in image elements, which otherwise fall under ``image``.
    """

    image: int | None = None
    gif: int | None = None
    audio: int | None = None
    video: int | None = None
    vcard: int | None = None
    ical: int | None = None
    pdf: int | None = None
    passbook: int | None = None

    def __post_init__(self) -> None:
        """Refuse a number for GIF without one for other images: it could not be applied surely."""
        if self.gif is not None and self.image is None:
            raise ValueError("gif needs image beside it")

    def of(self, kind: MediaKind) -> int | None:
        """The number for one kind."""
        number: int | None = getattr(self, kind.value)
        return number


class _Size(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a size: at least ``bytes``, exactly that when ``whole``; and how to say it."""

    bytes: int
    whole: bool
    words: str


_LOCAL = (
    "Export or save the file again: it has no bytes here, so what wrote it was broken off. In a checkout, see"
    " that the file was committed whole."
)


def not_empty(target: MediaTarget, _params: NoParams) -> Result:
    """At least one byte came, or an empty body was announced."""
    observation = target.observation
    came = bytes_received(observation)
    if came:
        return passed(bytes=came)
    hop = file_head(observation)
    if isinstance(observation, Fetched) and not observation.hops:  # nobody has served it yet
        return advising(failed(size=0), _LOCAL, Owner.CONTENT)
    if isinstance(observation, Fetched) or (hop is not None and hop.framing.stated_length == 0):
        return failed(size=0)
    return cant_tell(f"no byte of the file came: {explanation(observation)}")


def size_within(target: MediaTarget, params: SizeParams) -> Result:
    """The file has at most the number of bytes for its kind; exactly that number is fine.

    A file that was not read whole fails on what did come or on what its Content-Length announces,
    and is never passed.
    """
    limits = _limits(target, params)
    if not limits:
        return inapplicable(f"there is no such number for {target.ref.kind.value} files")
    size = _size(target.observation)
    if size is None:
        return cant_tell(f"nothing says how large it is: {explanation(target.observation)}")
    maximum = max(limits)
    if size.bytes > maximum:
        return failed({"bytes": size.bytes, "maximum": maximum}, size=size.words, limit=_bytes(maximum))
    if not size.whole:
        return cant_tell(
            f"the file did not come whole (known: {size.words}): {explanation(target.observation)}"
        )
    if size.bytes > min(limits):
        why = "the limit for GIF is another, and the type of the bytes is not known"
        return cant_tell(why, Because.LIMIT)
    return passed(bytes=size.bytes, maximum=maximum)


def _limits(target: MediaTarget, params: SizeParams) -> frozenset[int]:
    """The numbers that may apply: two when it is not known whether an image is a GIF."""
    usual = params.of(target.ref.kind)
    if target.ref.kind is not MediaKind.IMAGE or params.gif is None:
        return frozenset() if usual is None else frozenset({usual})
    is_gif = _is_gif(target.observation)
    numbers = {usual} if is_gif is False else {params.gif} if is_gif else {usual, params.gif}
    return frozenset(number for number in numbers if number is not None)


def _is_gif(observation: Observation) -> bool | None:
    shown = shown_type(observation.sniffed) if isinstance(observation, Fetched) else None
    return None if shown is None else shown == "image/gif"


def _size(observation: Observation) -> _Size | None:
    if isinstance(observation, Fetched):
        return _Size(bytes=observation.size, whole=True, words=_bytes(observation.size))
    came, hop = bytes_received(observation), file_head(observation)
    stated = hop.framing.stated_length if hop else None
    if stated is not None and stated >= (came or 0):
        return _Size(bytes=stated, whole=False, words=f"{_bytes(stated)} by its Content-Length")
    if came is None:
        return None
    return _Size(bytes=came, whole=False, words=f"at least {_bytes(came)}")


def _bytes(number: int) -> str:
    return f"{number:,} byte" if number == 1 else f"{number:,} bytes"


_ONE_NAME = (frozenset({"image/heic", "image/heif"}), frozenset({"image/png", "image/apng"}))
"""Types whose files go by one another's extension, and rightly."""


def present(target: MediaTarget, _params: NoParams) -> Result:
    """A URL whose folder is mapped to a local one has its file there, under exactly that name."""
    seen = target.observation
    if seen.hops:
        return inapplicable("a server was asked, and no local folder")
    if isinstance(seen, Fetched):
        return passed(bytes=seen.size)
    if seen.reason is Reason.TOO_LARGE:
        return passed(bytes=seen.received)
    if seen.reason is Reason.OFFLINE:
        return inapplicable("no local folder is mapped to this URL")
    if seen.reason is Reason.NO_LOCAL_FILE:
        return failed(problem=quoted(seen.detail or "no file", LONGEST_SENTENCE))
    return cant_tell(explanation(seen), Because.FILE)


def named_right(target: MediaTarget, _params: NoParams) -> Result:
    """The extension of the file's name is one for the type of its bytes."""
    extension = _extension(target)
    promised = BY_EXTENSION.get(extension.lower())
    if promised is None:
        return inapplicable("its name says nothing of its type")
    actual = proven_type(target.observation)
    if isinstance(actual, Result):
        return actual
    if same_type(promised, actual) or _share_a_name(promised, actual):
        return passed(extension=extension, actual=actual)
    return failed({"promised": promised}, extension=quoted(extension), actual=quoted(actual))


def _extension(target: MediaTarget) -> str:
    if target.ref.is_file:
        return PurePosixPath(target.ref.url).suffix
    path = target.ref.url.strip().partition("#")[0].partition("?")[0]
    return PurePosixPath(unquote(path)).suffix


def _share_a_name(one: str, other: str) -> bool:
    both = {canonical(one), canonical(other)}
    return any(both <= group for group in _ONE_NAME)


CHECKS: tuple[Check, ...] = (
    Check(name="not-empty", target=TargetKind.MEDIA, run=not_empty, reports=frozenset({"size"})),
    Check(
        name="size-within",
        target=TargetKind.MEDIA,
        run=size_within,
        params=SizeParams,
        reports=frozenset({"size", "limit"}),
    ),
    Check(
        name="asset-present",
        target=TargetKind.MEDIA,
        run=present,
        reports=frozenset({"problem"}),
        static=True,
    ),
    Check(
        name="extension-matches",
        target=TargetKind.MEDIA,
        run=named_right,
        reports=frozenset({"extension", "actual"}),
    ),
)
"""Every check of the family."""
