"""Media types as tables: the forms of a header value, aliases, containers, and the kinds they are.

Pure data and the few questions asked of it; which types a provider accepts stands in the rules.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

from mmscheck.base.extensions import BY_EXTENSION
from mmscheck.model.facts import AudioFacts, VideoFacts
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.words import MediaKind

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_STRICT = re.compile(rf"{_WORD}/{_WORD}(?:[ \t]*;(?:[ \t]*{_WORD}=(?:{_WORD}|{_QUOTED}))?)*[ \t]*", re.ASCII)
_ESSENCE = re.compile(rf"{_WORD}/{_WORD}", re.ASCII)

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "image/jpg": "image/jpeg",
        "image/pjpeg": "image/jpeg",
        "image/x-jpeg": "image/jpeg",
        "image/jfif": "image/jpeg",
        "image/x-png": "image/png",
        "image/x-gif": "image/gif",
        "image/x-webp": "image/webp",
        "image/x-ms-bmp": "image/bmp",
        "image/x-bmp": "image/bmp",
        "image/x-tiff": "image/tiff",
        "audio/mp3": "audio/mpeg",
        "audio/x-mp3": "audio/mpeg",
        "audio/mpeg3": "audio/mpeg",
        "audio/x-mpeg-3": "audio/mpeg",
        "audio/x-mpeg": "audio/mpeg",
        "audio/mpg": "audio/mpeg",
        "audio/x-wav": "audio/wav",
        "audio/wave": "audio/wav",
        "audio/x-pn-wav": "audio/wav",
        "audio/m4a": "audio/mp4",
        "audio/x-m4a": "audio/mp4",
        "audio/x-aac": "audio/aac",
        "audio/3gp": "audio/3gpp",
        "video/3gp": "video/3gpp",
        "video/x-mp4": "video/mp4",
        "video/mpg": "video/mpeg",
        "video/x-mpg": "video/mpeg",
        "video/x-mpeg": "video/mpeg",
        "video/avi": "video/x-msvideo",
        "video/msvideo": "video/x-msvideo",
        "video/x-avi": "video/x-msvideo",
        "text/x-vcard": "text/vcard",
        "text/directory": "text/vcard",
        "application/vcard": "text/vcard",
        "text/ical": "text/calendar",
        "text/x-vcalendar": "text/calendar",
        "application/ics": "text/calendar",
        "application/x-pdf": "application/pdf",
        "application/pkpass": "application/vnd.apple.pkpass",
        "application/x-zip-compressed": "application/zip",
    }
)
"""Names that mean another name's type, and that other name: registered, or what everybody uses."""

ALSO_REGISTERED: Mapping[str, str] = MappingProxyType(
    {
        "audio/vnd.wave": "audio/wav",
        "video/vnd.avi": "video/x-msvideo",
        "application/vnd.ms-asf": "video/x-ms-asf",
    }
)
"""Second names that are no worse than the first: RFC 2361 for WAVE and AVI, the IANA list for ASF."""

CONTAINERS = (
    frozenset({"video/mp4", "audio/mp4", "application/mp4", "video/3gpp", "audio/3gpp"}),
    frozenset({"video/3gpp2", "audio/3gpp2"}),
    frozenset({"video/x-ms-asf", "video/x-ms-wmv", "audio/x-ms-wma"}),
    frozenset({"video/ogg", "audio/ogg", "application/ogg"}),
    frozenset({"video/webm", "audio/webm"}),
)
"""Types in one container: what is inside says which it is. What plays MP4 plays 3GP, and vice versa."""

NO_TYPES = frozenset({"application/octet-stream", "application/x-empty", "inode/x-empty"})
"""What tools say instead of a type when they found none."""

_OBJECTS: Mapping[str, MediaKind] = MappingProxyType(
    {
        "text/vcard": MediaKind.VCARD,
        "text/calendar": MediaKind.ICAL,
        "application/pdf": MediaKind.PDF,
        "application/vnd.apple.pkpass": MediaKind.PASSBOOK,
    }
)
_FAMILIES: Mapping[str, MediaKind] = MappingProxyType(
    {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}
)


def is_well_formed(value: str) -> bool:
    """Whether a header value is one media type by the grammar of RFC 9110, section 8.3.1."""
    return _STRICT.fullmatch(value) is not None


def essence(value: str) -> str | None:
    """The lower-case ``type/subtype`` before any parameters, or None when there is none."""
    name = value.partition(";")[0].strip(" \t")
    return name.lower() if _ESSENCE.fullmatch(name) else None


def canonical(name: str) -> str:
    """One name for all names of a type."""
    known = ALIASES.get(name, name)
    return ALSO_REGISTERED.get(known, known)


def same_type(one: str, other: str) -> bool:
    """Whether two names mean one type, or types that only the inside of their container tells apart."""
    first, second = canonical(one), canonical(other)
    return first == second or any(first in group and second in group for group in CONTAINERS)


@functools.lru_cache(maxsize=256)
def kinds(name: str) -> frozenset[MediaKind]:
    """The kinds of slide element that bytes of this type may be meant for; empty when none is."""
    known = canonical(name)
    if known in _OBJECTS:
        return frozenset({_OBJECTS[known]})
    if any(known in group for group in CONTAINERS):
        return frozenset({MediaKind.AUDIO, MediaKind.VIDEO})
    kind = _FAMILIES.get(known.partition("/")[0])
    return frozenset({kind} if kind else ())


def kind_of(path: str, seen: Observation) -> MediaKind:
    """By its inside, else by its type, else by the ending of its path, else an image."""
    if isinstance(seen, Fetched):
        if isinstance(seen.decoded, AudioFacts):
            return MediaKind.AUDIO
        if isinstance(seen.decoded, VideoFacts):
            return MediaKind.VIDEO
        if seen.sniffed.type is not None and (kind := _of_type(seen.sniffed.type)):
            return kind
    return _of_type(BY_EXTENSION.get(PurePath(path).suffix.lower(), "")) or MediaKind.IMAGE


def is_other(path: str, seen: Observation) -> bool:
    """Whether it is known to be something that no message holds, and is not called a medium either."""
    if not isinstance(seen, Fetched) or seen.sniffed.type is None:
        return False
    return _of_type(seen.sniffed.type) is None and PurePath(path).suffix.lower() not in BY_EXTENSION


def _of_type(name: str) -> MediaKind | None:
    possible = kinds(name)
    family = canonical(name).partition("/")[0]
    return next((kind for kind in sorted(possible) if kind.value == family), min(possible, default=None))
