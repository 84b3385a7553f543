"""From a judgement to what is to be done: nothing, another name, or a job for a confined process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

import msgspec

from mmscheck.base.extensions import BY_EXTENSION
from mmscheck.fix.proof import Judged
from mmscheck.fix.values import Aims, Job, Shape, Wishes
from mmscheck.fix.work import MODULES
from mmscheck.model.observation import Fetched

MENDABLE = frozenset(
    {
        *("media-type-accepted", "media-type-known", "media-kind-matches", "extension-matches"),
        *("media-size", "media-size-advised"),
        *("image-decodes", "image-dimensions-advised", "image-no-transparency", "image-upright"),
        *("image-screen-colours", "image-whole", "gif-frame-rate", "gif-dimensions-advised"),
        *("audio-codec", "audio-decodes", "audio-whole", "video-codec", "video-container", "video-decodes"),
        *("video-dimensions-advised", "video-frame-rate-advised"),
        *("vcard-valid", "vcard-advised", "vcard-photo-advised", "ical-valid", "ical-advised", "pdf-valid"),
    }
)
"""The rules whose failure a product can be free of; others are judged, and not worked for."""

LENGTHS = frozenset({"audio-duration-advised", "video-duration-advised"})
"""Worked for only where films and sounds may be cut."""

UNSOUND = frozenset(
    {
        "image-decodes",
        "audio-decodes",
        "video-decodes",
        "audio-codec",
        "video-codec",
        "vcard-valid",
        "vcard-advised",
        "ical-valid",
        "ical-advised",
        "pdf-valid",
    }
)
"""What is wrong with these may take more bytes to mend than it had."""

SHAPES = frozenset({"image-aspect-advised"})
"""Worked for only where the shape of pictures may be changed."""

ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "image/jpeg": ".jpg",
        "image/png": ".png",
        "image/gif": ".gif",
        "audio/mpeg": ".mp3",
        "audio/mp4": ".m4a",
        "audio/aac": ".aac",
        "audio/amr": ".amr",
        "audio/x-wav": ".wav",
        "video/mp4": ".mp4",
        "video/3gpp": ".3gp",
        "text/vcard": ".vcf",
        "text/calendar": ".ics",
        "application/pdf": ".pdf",
        "application/vnd.apple.pkpass": ".pkpass",
    }
)
"""The usual ending of each type that a message can hold."""


OWNED = "application/vnd.apple.pkpass"

SIGNED = (
    "a pass is signed by its owner, and every change breaks the signature: have its owner make and sign it"
    " anew, and upload the .pkpass as it comes"
)


NO_WORKER = (
    "no process that looks at media could be started here, so that nothing could be judged and nothing"
    " is written; it need not be the fault of the file: run mmscheck where it may start processes, with"
    " memory for them"
)

SMALL = 2_000
"""Bytes that a product may have however few its input has: the heads of files alone take hundreds."""


class Rename(msgspec.Struct, frozen=True):
    """The bytes are right and the ending of the name is not."""

    suffix: str


class Keep(msgspec.Struct, frozen=True):
    """Nothing to do; ``why`` says why not, where something is wrong that cannot be mended here."""

    why: str = ""
    owner: str = ""


Step = Job | Rename | Keep


def step(
    judged: Judged, name: str, data: bytes, *, aims: Aims, wishes: Wishes, most: int | None = None
) -> Step:
    """What to do with a file; ``most`` are bytes that its message leaves it, where those are fewer."""
    if judged.unseen is not None:
        return _unseen(judged)
    wanted = MENDABLE | (SHAPES if wishes.shape is not Shape.KEEP else frozenset())
    wanted |= LENGTHS if wishes.trim else frozenset()
    faults = tuple(each.rule for each in judged.side.findings if each.rule in wanted)
    tight = most is not None and len(data) > most
    moving = wishes.still and judged.side.facts.get("frames", 1) != 1
    type_ = _type(judged)
    if not (faults or tight or moving):
        return _untouched(judged, name)
    if set(faults) == {"extension-matches"} and not (tight or moving):
        ending = ENDINGS.get(type_ or "")
        if ending is not None:
            return Rename(ending)
    if type_ is None or type_ not in MODULES:
        return _no_way(judged, type_, name)
    limit = _limit(judged, type_, data, aims, most)
    return Job(data=data, type=type_, name=name, aims=aims, wishes=wishes, most=limit, findings=faults)


def _unseen(judged: Judged) -> Keep:
    """Nothing is done to bytes that nobody looked at."""
    if judged.unstarted:
        return Keep(why=NO_WORKER, owner="sender")
    first = next(each for each in judged.side.findings if each.rule == "media-type-known")
    return Keep(why=f"its bytes could not be looked at: {judged.unseen}. {first.fix}", owner=first.owner)


def _type(judged: Judged) -> str | None:
    return judged.side.type


def _untouched(judged: Judged, name: str) -> Keep:
    blocking = [each for each in judged.side.findings if each.severity == "error"]
    if not blocking:
        return Keep()
    if judged.kind == "passbook":
        return _no_way(judged, OWNED, name)
    first = blocking[0]
    return Keep(why=first.fix, owner=first.owner)


def _no_way(judged: Judged, type_: str | None, name: str) -> Keep:
    if OWNED in {type_, BY_EXTENSION.get(PurePath(name).suffix.lower())}:
        return Keep(why=SIGNED, owner="content")
    first = judged.side.findings[0] if judged.side.findings else None
    if type_ is None:
        why = "nothing in its bytes tells what it is, so that nothing can be made of it; export it again"
        return Keep(why=why, owner="content")
    if first is not None and (judged.other or not type_.startswith(("image/", "audio/", "video/"))):
        return Keep(why=first.fix, owner=first.owner)
    return Keep(why=f"nothing here mends {type_}; export it again as a listed type", owner="content")


def _limit(judged: Judged, type_: str, data: bytes, aims: Aims, most: int | None) -> int:
    """The bytes that a product may have: within every limit, and no more than a sound input has."""
    kind = "gif" if type_ == "image/gif" else judged.kind
    known = [aims.bytes_for(kind), most]
    if (
        type_ in {"image/apng", "image/png", "image/webp", "image/avif"}
        and judged.side.facts.get("frames", 1) != 1
    ):
        known.append(aims.bytes_for("gif"))
    accepted = any(type_ in types for types in aims.accepted.values())
    if accepted and isinstance(judged.seen, Fetched) and not UNSOUND & judged.failed:
        known.append(max(len(data), SMALL))
    return min((each for each in known if each is not None), default=len(data))


def suffix_fits(name: str, suffix: str) -> bool:
    """Whether the ending that a file has already says the type of this one (``.jpeg`` is ``.jpg``)."""
    own = PurePath(name).suffix.lower()
    return BY_EXTENSION.get(own) is not None and BY_EXTENSION.get(own) == BY_EXTENSION.get(suffix)
