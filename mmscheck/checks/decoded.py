"""What a decoder found in a file, for the checks that judge it by its inside, and whether it read all.

A file is judged by what its bytes are. Only where nobody knows what they are does the slide element say
which rules have to answer, and then with cant-tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from mmscheck.base.text import LONGEST_SENTENCE, quoted
from mmscheck.checks.content_type import declared_type
from mmscheck.checks.evidence import file_head, shown_type
from mmscheck.checks.media_types import canonical, kinds
from mmscheck.checks.mime import proven_type
from mmscheck.model.check import Check, MediaTarget, Result, broken, cant_tell, failed, inapplicable, passed
from mmscheck.model.facts import (
    WHOLE,
    AudioFacts,
    CalendarFacts,
    ContactFacts,
    Decoded,
    DocumentFacts,
    ImageFacts,
    PassFacts,
    Undecoded,
    VideoFacts,
)
from mmscheck.model.observation import Fetched
from mmscheck.model.words import Because, MediaKind, Outcome, TargetKind

Facts = ImageFacts | AudioFacts | VideoFacts | ContactFacts | CalendarFacts | DocumentFacts | PassFacts
"""What a decoder found in a file it could open."""

F = TypeVar("F", ImageFacts, AudioFacts, VideoFacts, ContactFacts, CalendarFacts, DocumentFacts, PassFacts)

FAMILIES: Mapping[type[Facts], MediaKind] = MappingProxyType(
    {
        ImageFacts: MediaKind.IMAGE,
        AudioFacts: MediaKind.AUDIO,
        VideoFacts: MediaKind.VIDEO,
        ContactFacts: MediaKind.VCARD,
        CalendarFacts: MediaKind.ICAL,
        DocumentFacts: MediaKind.PDF,
        PassFacts: MediaKind.PASSBOOK,
    }
)
"""The kind of medium that each type of facts is about."""

NOUNS: Mapping[MediaKind, str] = MappingProxyType(
    {
        MediaKind.IMAGE: "a picture",
        MediaKind.AUDIO: "a sound",
        MediaKind.VIDEO: "a film",
        MediaKind.VCARD: "a contact card",
        MediaKind.ICAL: "a calendar",
        MediaKind.PDF: "a PDF document",
        MediaKind.PASSBOOK: "a pass",
    }
)
"""What a medium of each kind is called in texts for people."""

UNMISTAKABLE: Mapping[str, str] = MappingProxyType(
    {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF"}
)
"""Types whose every file begins with the same bytes, so that one that nobody knows is none of them."""

PICTURES_WITNESS = "pillow"
"""Who has seen the whole file and knows every picture's first bytes."""

_GIF = "image/gif"


def decoded(target: MediaTarget, kind: MediaKind) -> Decoded | Result:
    """What came of decoding a file whose bytes are of this kind.

    Otherwise the answer of every rule about that kind: inapplicable for bytes of another kind, and
    cant-tell where the kind of the bytes is not known or nobody decoded them.
    """
    actual = proven_type(target.observation)
    if isinstance(actual, Result):
        if target.ref.kind is kind:
            return _misshapen(target) or actual
        return inapplicable(f"the slide element is for {NOUNS[target.ref.kind]}, and no bytes say otherwise")
    possible = kinds(actual)
    if kind not in possible:
        return inapplicable(f"the bytes are {quoted(actual)}, not {NOUNS[kind]}")
    content = target.observation.decoded if isinstance(target.observation, Fetched) else None
    if kind not in _meant(target, actual, possible, content):
        return inapplicable(f"it is not {NOUNS[kind]}")
    return cant_tell("nothing has decoded it", Because.NOT_DECODED) if content is None else content


def _misshapen(target: MediaTarget) -> Undecoded | None:
    """Why bytes that nobody knows are not what name or Content-Type calls them; None if unsure."""
    observation, kind = target.observation, target.ref.kind
    if (
        not isinstance(observation, Fetched)
        or observation.sniffed.problem is not None
        or shown_type(observation.sniffed)
    ):
        return None
    content = observation.decoded
    if isinstance(content, Undecoded):
        return content if content.expected == kind.value and not content.contained else None
    hop = file_head(observation)
    name = UNMISTAKABLE.get(canonical(declared_type(hop) or "")) if hop else None
    looked = any(witness.name == PICTURES_WITNESS for witness in observation.sniffed.witnesses)
    if name is None or kind is not MediaKind.IMAGE or observation.sniffed.type is not None or not looked:
        return None
    why = f"it is no {name}, as its Content-Type says: it begins neither as one nor as another picture"
    return Undecoded(expected=kind.value, reason=why)


def _meant(
    target: MediaTarget, actual: str, possible: frozenset[MediaKind], content: Decoded | None
) -> frozenset[MediaKind]:
    """The kinds that are to be judged: what the slide element is for, and what was found in a container."""
    if len(possible) == 1:
        return possible
    wanted = target.ref.kind
    if isinstance(content, AudioFacts | VideoFacts):
        return frozenset({FAMILIES[type(content)], *({wanted} & possible)})
    by_name = MediaKind.AUDIO if canonical(actual).startswith("audio/") else MediaKind.VIDEO
    return frozenset({wanted if wanted in possible else by_name})


def facts(target: MediaTarget, family: type[F]) -> F | Result:
    """The facts of one type, or the answer of every rule that needs them."""
    kind = FAMILIES[family]
    content = decoded(target, kind)
    if isinstance(content, Result | family):
        return content
    if isinstance(content, Undecoded) and content.fault:
        return broken(reason(content), content.fault)
    if isinstance(content, Undecoded):
        return cant_tell(f"it could not be decoded: {reason(content)}", content.lost or Because.NOT_DECODABLE)
    if isinstance(content, AudioFacts | VideoFacts):
        return inapplicable(f"what it holds is {NOUNS[FAMILIES[type(content)]]}")
    return cant_tell(f"the decoder took it for {NOUNS[FAMILIES[type(content)]]}", Because.OTHER_KIND)


def picture(target: MediaTarget, *, animated: bool) -> ImageFacts | Result:
    """The facts of an animated GIF, or those of any other picture; or the answer of every rule about it."""
    image = facts(target, ImageFacts)
    if isinstance(image, ImageFacts):
        if is_animated_gif(image) is animated:
            return image
        return inapplicable("it is not an animated GIF" if animated else "it is an animated GIF")
    if animated and image.outcome is Outcome.CANT_TELL and _is_other_image(target):
        return inapplicable("it is not an animated GIF")
    return image


def is_animated_gif(image: ImageFacts) -> bool:
    """Whether it is a GIF of more than one frame."""
    return image.format.upper() == "GIF" and image.frames > 1


def _is_other_image(target: MediaTarget) -> bool:
    actual = proven_type(target.observation)
    return isinstance(actual, str) and canonical(actual) != _GIF


def reason(content: Undecoded) -> str:
    """Why there are no facts, fit to be shown."""
    return quoted(content.reason, LONGEST_SENTENCE)


SLOW = frozenset({Because.TIME, Because.CPU_TIME})
"""What becomes of a worker that runs out of time."""


class DecodesParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The kind of medium whose decoder has to get through."""

    kind: MediaKind


def decodes(target: MediaTarget, params: DecodesParams) -> Result:
    """The decoder for this kind read the file to its end.

    What a decoder died on, or did not read to its end, is not known to be sound: cant-tell.
    """
    content = decoded(target, params.kind)
    if isinstance(content, Result):
        return content
    if isinstance(content, Undecoded):
        return undecoded(content)
    actual = FAMILIES[type(content)]
    if actual is not params.kind:
        return failed(_evidence(content), problem=f"what it holds is {NOUNS[actual]}")
    if isinstance(content, ImageFacts | AudioFacts | VideoFacts) and content.extent != WHOLE:
        return cant_tell(_partly(content.extent), **_evidence(content))
    return passed(**_evidence(content))


def _partly(extent: str) -> str:
    """Why what was not decoded whole is undecided: how far it came, or a clause that says so itself."""
    said = quoted(extent, LONGEST_SENTENCE)
    return said if extent.startswith("it ") else f"only a part of it was decoded: {said}"


def undecoded(content: Undecoded) -> Result:
    """A file that its decoder refused has failed; one that the decoder died on, nobody can tell."""
    if content.fault:
        return broken(reason(content), content.fault)
    if content.contained:
        because = content.lost or Because.NOT_DECODABLE
        return cant_tell(f"{_lost(content.lost)}: {reason(content)}", because, **_evidence(content))
    return failed(_evidence(content), problem=reason(content))


def _lost(lost: Because | None) -> str:
    """What became of the decoder: it was slow, or it died."""
    if lost in SLOW:
        return (
            "it is too slow to be judged here; a smaller file would tell, and so may another try while the"
            " machine is less busy"
        )
    return "it could not be decoded to its end here"


def _evidence(content: Decoded) -> dict[str, Any]:
    decoded = msgspec.to_builtins(content)
    decoded.pop("lost", None)
    return {"decoded": decoded}


CHECKS: tuple[Check, ...] = (
    Check(
        name="decodes",
        target=TargetKind.MEDIA,
        run=decodes,
        params=DecodesParams,
        reports=frozenset({"problem"}),
    ),
)
"""Every check of the family."""
