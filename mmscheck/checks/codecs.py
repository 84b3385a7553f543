"""How pictures and sound are coded, and in which container: what handsets play and what they do not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.checks.facts import NOUNS, decoded, facts
from mmscheck.checks.media_types import canonical
from mmscheck.checks.mime import proven_type
from mmscheck.checks.observed import printable
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
    """The codecs of moving pictures that play, as FFmpeg names them."""

    playable: tuple[str, ...]


class SoundParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The codecs that play, as FFmpeg names them: in sound files, and on the sound tracks of films."""

    sound: tuple[str, ...]
    track: tuple[str, ...]


class ContainerParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Containers that do not play: by media type, and by the major brand in an ISO base media file."""

    types: tuple[str, ...]
    brands: tuple[str, ...]


def pictures_play(target: MediaTarget, params: PicturesParams) -> Result:
    """The moving pictures of a film are in one of the listed codecs."""
    found = facts(target, VideoFacts)
    if isinstance(found, Result):
        return found
    return _listed(target, found.codec, params.playable)


def sound_plays(target: MediaTarget, params: SoundParams) -> Result:
    """A sound, or the sound track of a film, is in one of the listed codecs."""
    found = _audible(target)
    if isinstance(found, Result):
        return found
    if isinstance(found, AudioFacts):
        return _listed(target, found.codec, params.sound)
    if found.audio_codec is None:
        return inapplicable("the film has no sound")
    return _listed(target, found.audio_codec, params.track)


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


def _listed(target: MediaTarget, codec: str, playable: tuple[str, ...]) -> Result:
    if codec in playable:
        return passed(codec=codec)
    return failed(
        {"codec_name": codec, "playable_names": list(playable)},
        codec=_name(codec),
        container=_words(_container(target), None),
        playable=", ".join(_name(each) for each in playable),
    )


def _name(codec: str) -> str:
    return NAMES.get(codec, printable(codec))


def _container(target: MediaTarget) -> str:
    actual = proven_type(target.observation)
    return canonical(actual) if isinstance(actual, str) else "unknown"


def _words(container: str, brand: str | None) -> str:
    return printable(f"{container}, brand {brand}" if brand else container)


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
