"""Whether sounds, films and animations play on a handset: codecs, containers, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from mmscheck.base.text import quoted
from mmscheck.checks.decoded import NOUNS, decoded, facts, picture
from mmscheck.checks.media_types import canonical
from mmscheck.checks.mime import proven_type
from mmscheck.model.check import Check, MediaTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.facts import AudioFacts, ImageFacts, VideoFacts
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
    film = facts(target, VideoFacts)
    if isinstance(film, Result):
        return film
    variant = Variant(codec=film.codec, profile=film.profile, pixel_format=film.pixel_format)
    playable = params.within.get(film.container, params.playable)
    return _listed(target, variant, playable, params.profiles, params.pixel_formats)


def sound_plays(target: MediaTarget, params: SoundParams) -> Result:
    """A sound, or the sound track of a film, is in a codec and profile that plays in its container."""
    sound = _audible(target)
    if isinstance(sound, Result):
        return sound
    if isinstance(sound, AudioFacts):
        variant = Variant(codec=sound.codec, profile=sound.profile)
    elif sound.audio_codec is None:
        return inapplicable("the film has no sound")
    else:
        variant = Variant(codec=sound.audio_codec, profile=sound.audio_profile)
    return _listed(target, variant, params.within(sound.container), params.profiles)


def container_plays(target: MediaTarget, params: ContainerParams) -> Result:
    """The container of a film is none of those that do not play."""
    film = facts(target, VideoFacts)
    if isinstance(film, Result):
        return film
    container, brand = _container(target), film.brand
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
    variant: Variant,
    codecs: tuple[str, ...],
    profiles: Mapping[str, tuple[str, ...]],
    formats: tuple[str, ...] = (),
) -> Result:
    """Whether all of it is listed; the first part that is not is told, with what would be."""
    name, variants = _name(variant.codec), profiles.get(variant.codec, ())
    evidence = msgspec.to_builtins(variant)
    if variant.codec not in codecs:
        playable = ", ".join(_name(each) for each in codecs) or "no codec in this container"
        return _unplayable(target, evidence, name, playable)
    coding = ", ".join(quoted(part) for part in (name, variant.profile, variant.pixel_format) if part)
    if variants and variant.profile is not None and variant.profile not in variants:
        return _unplayable(target, evidence, coding, f"{name} of the profiles {', '.join(variants)}")
    if formats and variant.pixel_format is not None and variant.pixel_format not in formats:
        return _unplayable(target, evidence, coding, f"{name} in {' or '.join(formats)}")
    return passed(**evidence)


def _unplayable(target: MediaTarget, evidence: dict[str, Any], codec: str, playable: str) -> Result:
    return failed(evidence, codec=codec, container=_words(_container(target), None), playable=playable)


def _name(codec: str) -> str:
    return NAMES.get(codec, quoted(codec))


def _container(target: MediaTarget) -> str:
    actual = proven_type(target.observation)
    return canonical(actual) if isinstance(actual, str) else "unknown"


def _words(container: str, brand: str | None) -> str:
    return quoted(f"{container}, brand {brand}" if brand else container)


class PlayingTimeParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most seconds, to the nearest whole one; ``hd`` for films of at least ``hd_from`` pixels a side.

    The shorter side counts: 720 for films of 1280 x 720 and larger.
    """

    subject: Literal["sound", "film"]
    maximum: int
    hd: int | None = None
    hd_from: int | None = None

    def __post_init__(self) -> None:
        """Refuse half of what makes a film HD, and HD sounds."""
        if (self.hd is None) != (self.hd_from is None) or (self.hd is not None and self.subject == "sound"):
            raise ValueError("expected hd and hd_from together, and for films only")


class RateParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fewest and the most frames a second, both fine, to the nearest tenth."""

    subject: Literal["animation", "film"]
    minimum: float = 0
    maximum: float


def lasts_at_most(target: MediaTarget, params: PlayingTimeParams) -> Result:
    """It plays no longer than that; one whose length is not stated is undecided."""
    content = facts(target, AudioFacts) if params.subject == "sound" else facts(target, VideoFacts)
    if isinstance(content, Result):
        return content
    if content.duration is None:
        return cant_tell("the file does not say how long it plays")
    maximum = _seconds(content, params)
    evidence = {"duration": content.duration, "maximum": maximum}
    if int(content.duration + 0.5) <= maximum:
        return passed(**evidence)
    return failed(evidence, seconds=f"{content.duration:.1f}", limit=maximum)


def _seconds(content: AudioFacts | VideoFacts, params: PlayingTimeParams) -> int:
    if params.hd is None or params.hd_from is None or isinstance(content, AudioFacts):
        return params.maximum
    return params.hd if min(content.width, content.height) >= params.hd_from else params.maximum


def frame_rate_within(target: MediaTarget, params: RateParams) -> Result:
    """It shows that many frames a second; one whose rate is not stated is undecided."""
    content = _moving(target, params)
    if isinstance(content, Result):
        return content
    if content.frame_rate is None:
        return cant_tell("the file does not say how many frames a second it shows")
    rate = round(content.frame_rate, 1)
    evidence = {"frame_rate": content.frame_rate, "minimum": params.minimum, "maximum": params.maximum}
    if params.minimum <= rate <= params.maximum:
        return passed(**evidence)
    return failed(evidence, rate=f"{rate:g}", minimum=f"{params.minimum:g}", maximum=f"{params.maximum:g}")


def _moving(target: MediaTarget, params: RateParams) -> ImageFacts | VideoFacts | Result:
    return facts(target, VideoFacts) if params.subject == "film" else picture(target, animated=True)


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
    Check(
        name="lasts-at-most",
        target=TargetKind.MEDIA,
        run=lasts_at_most,
        params=PlayingTimeParams,
        reports=frozenset({"seconds", "limit"}),
    ),
    Check(
        name="frame-rate-within",
        target=TargetKind.MEDIA,
        run=frame_rate_within,
        params=RateParams,
        reports=frozenset({"rate", "minimum", "maximum"}),
    ),
)
"""Every check of the family."""
