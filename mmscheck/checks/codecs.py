"""How pictures and sound are coded, and in which container: what handsets play and what they do not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from mmscheck.base.text import quoted
from mmscheck.checks.facts import NOUNS, decoded, facts
from mmscheck.checks.media_types import canonical
from mmscheck.checks.mime import proven_type
from mmscheck.model.check import Check, MediaTarget, Result, failed, inapplicable, passed
from mmscheck.model.facts import AudioFacts, VideoFacts
from mmscheck.model.words import MediaKind, Outcome, TargetKind

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "aac": "AAC",
        "amr_nb": "AMR-NB",
        "amr_wb": "AMR-WB",
        "av1": "AV1",
        "flac": "FLAC",
        "h263": "H.263",
        "h264": "H.264",
        "hevc": "HEVC (H.265)",
        "mp2": "MPEG layer II",
        "mp3": "MP3",
        "mpeg1video": "MPEG-1",
        "mpeg2video": "MPEG-2",
        "mpeg4": "MPEG-4 Visual",
        "opus": "Opus",
        "pcm_s16le": "16-bit PCM",
        "pcm_u8": "8-bit PCM",
        "prores": "ProRes",
        "vc1": "VC-1",
        "vorbis": "Vorbis",
        "vp8": "VP8",
        "vp9": "VP9",
        "wmav1": "Windows Media Audio 1",
        "wmav2": "Windows Media Audio 2",
        "wmv1": "Windows Media Video 7",
        "wmv2": "Windows Media Video 8",
        "wmv3": "Windows Media Video 9",
    }
)
"""What people call the codecs that FFmpeg gives these names."""


class PicturesParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What moving pictures play, as FFmpeg names it: codecs, their profiles, and pixel formats.

    ``within`` has the codecs for containers in which not all of them play. A codec without an entry in
    ``profiles`` plays in each of them.
    """

    playable: tuple[str, ...]
    within: dict[str, tuple[str, ...]] = {}
    profiles: dict[str, tuple[str, ...]] = {}
    pixel_formats: tuple[str, ...]


class SoundParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The codecs that play, as FFmpeg names them, in each container, and in those that are not named.

    A codec without an entry in ``profiles`` plays in each of them.
    """

    playable: dict[str, tuple[str, ...]]
    others: tuple[str, ...]
    profiles: dict[str, tuple[str, ...]] = {}

    def within(self, container: str) -> tuple[str, ...]:
        """The codecs that play in one container."""
        return self.playable.get(container, self.others)


class ContainerParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Containers that do not play: by media type, and by the major brand in an ISO base media file."""

    types: tuple[str, ...]
    brands: tuple[str, ...]


def pictures_play(target: MediaTarget, params: PicturesParams) -> Result:
    """The moving pictures of a film are in one of the listed codecs, in a profile and format that plays."""
    found = facts(target, VideoFacts)
    if isinstance(found, Result):
        return found
    variant = Variant(codec=found.codec, profile=found.profile, pixel_format=found.pixel_format)
    playable = params.within.get(found.container, params.playable)
    return _listed(target, variant, playable, params.profiles, params.pixel_formats)


def sound_plays(target: MediaTarget, params: SoundParams) -> Result:
    """A sound, or the sound track of a film, is in a codec and profile that plays in its container."""
    found = _audible(target)
    if isinstance(found, Result):
        return found
    if isinstance(found, AudioFacts):
        variant = Variant(codec=found.codec, profile=found.profile)
    elif found.audio_codec is None:
        return inapplicable("the film has no sound")
    else:
        variant = Variant(codec=found.audio_codec, profile=found.audio_profile)
    return _listed(target, variant, params.within(found.container), params.profiles)


def container_plays(target: MediaTarget, params: ContainerParams) -> Result:
    """The container of a film is none of those that do not play."""
    found = facts(target, VideoFacts)
    if isinstance(found, Result):
        return found
    container, brand = _container(target), found.brand
    if container in {canonical(name) for name in params.types} or brand in params.brands:
        return failed({"type": container, "brand": brand}, container=_words(container, brand))
    return passed(type=container, brand=brand)


def _audible(target: MediaTarget) -> AudioFacts | VideoFacts | Result:
    """Whatever of the two the file holds; the answer of the rules about sounds where neither is known."""
    film = decoded(target, MediaKind.VIDEO)
    if isinstance(film, VideoFacts):
        return film
    sound = facts(target, AudioFacts)
    if isinstance(sound, AudioFacts) or sound.outcome is not Outcome.INAPPLICABLE:
        return sound
    about_film = facts(target, VideoFacts)
    if isinstance(about_film, Result) and about_film.outcome is Outcome.INAPPLICABLE:
        return inapplicable(f"it is neither {NOUNS[MediaKind.AUDIO]} nor {NOUNS[MediaKind.VIDEO]}")
    return about_film


class Variant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A codec with what makes it play or not; None for what it has not, or the file does not say."""

    codec: str
    profile: str | None = None
    pixel_format: str | None = None


def _listed(
    target: MediaTarget,
    found: Variant,
    codecs: tuple[str, ...],
    profiles: Mapping[str, tuple[str, ...]],
    formats: tuple[str, ...] = (),
) -> Result:
    """Whether all of it is listed; the first part that is not is told, with what would be."""
    name, variants = _name(found.codec), profiles.get(found.codec, ())
    seen = msgspec.to_builtins(found)
    if found.codec not in codecs:
        playable = ", ".join(_name(each) for each in codecs) or "no codec in this container"
        return _unplayable(target, seen, name, playable)
    coding = ", ".join(quoted(part) for part in (name, found.profile, found.pixel_format) if part)
    if variants and found.profile is not None and found.profile not in variants:
        return _unplayable(target, seen, coding, f"{name} of the profiles {', '.join(variants)}")
    if formats and found.pixel_format is not None and found.pixel_format not in formats:
        return _unplayable(target, seen, coding, f"{name} in {' or '.join(formats)}")
    return passed(**seen)


def _unplayable(target: MediaTarget, seen: dict[str, Any], codec: str, playable: str) -> Result:
    return failed(seen, codec=codec, container=_words(_container(target), None), playable=playable)


def _name(codec: str) -> str:
    return NAMES.get(codec, quoted(codec))


def _container(target: MediaTarget) -> str:
    actual = proven_type(target.observation)
    return canonical(actual) if isinstance(actual, str) else "unknown"


def _words(container: str, brand: str | None) -> str:
    return quoted(f"{container}, brand {brand}" if brand else container)


CHECKS: tuple[Check, ...] = (
    Check(
        name="pictures-play",
        target=TargetKind.MEDIA,
        run=pictures_play,
        params=PicturesParams,
        reports=frozenset({"codec", "container", "playable"}),
    ),
    Check(
        name="sound-plays",
        target=TargetKind.MEDIA,
        run=sound_plays,
        params=SoundParams,
        reports=frozenset({"codec", "container", "playable"}),
    ),
    Check(
        name="container-plays",
        target=TargetKind.MEDIA,
        run=container_plays,
        params=ContainerParams,
        reports=frozenset({"container"}),
    ),
)
"""Every check of the family."""
