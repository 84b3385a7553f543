"""Every coding that FFmpeg can write here, in every container: which of them handsets play."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.playing import NOT_BUILT, film, judged, sound, stopped

PIXELS = (
    *("yuv420p", "yuvj420p", "nv12", "nv21"),
    *("yuv422p", "yuvj422p", "nv16", "yuv444p", "yuvj444p", "gray"),
    *("yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le"),
)
"""What libx264 takes."""

PLAYABLE = frozenset({"yuv420p", "yuvj420p", "nv12", "nv21", "gray"})
"""4:2:0 in 8 bits, however the encoder is given it; without colours it is of profile High too (table A-2)."""


@pytest.mark.parametrize("container", ["mp4", "3gp", "avi"])
@pytest.mark.parametrize("pixels", PIXELS)
def test_h264_plays_in_8_bits_of_4_2_0_and_in_nothing_else(pixels: str, container: str) -> None:
    found = judged(film(container, pixels=pixels, seconds=0.5), f"film.{container}")["video-codec"]
    assert found.outcome.value == ("passed" if pixels in PLAYABLE else "failed"), found.message


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_the_profiles_of_handsets_play(profile: str) -> None:
    found = judged(film(options={"profile": profile}), "film.mp4")["video-codec"]
    assert found.outcome.value == "passed"
    assert profile in str(found.evidence["profile"]).lower()


@pytest.mark.parametrize(
    ("coding", "pixels", "options"),
    [
        ("libx264rgb", "bgr24", {}),
        ("libx264rgb", "rgb24", {"qp": "0"}),
        ("libx264", "yuv420p", {"qp": "0"}),
        ("libx264", "yuv444p", {"qp": "0"}),
    ],
)
def test_rgb_and_lossless_pictures_do_not_play_and_the_report_names_how_they_are_sampled(
    coding: str, pixels: str, options: dict[str, str]
) -> None:
    found = judged(film(coding=coding, pixels=pixels, options=options), "film.mp4")["video-codec"]
    assert found.outcome.value == "failed"
    assert str(found.evidence["pixel_format"]) in found.message
    assert "-pix_fmt yuv420p" in found.fix


def test_mpeg_2_of_studios_does_not_play() -> None:
    found = judged(film("mpeg", "mpeg2video", "yuv422p", rate=25), "film.mpg")["video-codec"]
    assert found.outcome.value == "failed"
    assert "yuv422p" in found.message


FILMS = {
    ("mp4", "libx264"): True,
    ("mp4", "mpeg4"): True,
    ("mp4", "libx265"): False,
    ("mp4", "libsvtav1"): False,
    ("mp4", "libvpx-vp9"): False,
    ("mp4", "mjpeg"): False,
    ("mp4", "mpeg2video"): False,
    ("3gp", "h263"): True,
    ("3gp", "libx264"): True,
    ("avi", "mpeg4"): True,
    ("avi", "mjpeg"): False,
    ("avi", "rawvideo"): False,
    ("avi", "ffv1"): False,
    ("mpeg", "mpeg1video"): True,
    ("mpeg", "mpeg2video"): True,
    ("asf", "wmv2"): True,
    ("asf", "msmpeg4"): False,
}


@pytest.mark.parametrize(("container", "coding"), FILMS)
def test_a_film_plays_by_its_codec(container: str, coding: str) -> None:
    pixels = {"mjpeg": "yuvj420p"}.get(coding, "yuv420p")
    seconds, rate = (1.0, 25) if container == "mpeg" else (0.5, 10)
    ending = {"mpeg": "mpg", "asf": "wmv"}.get(container, container)
    data = film(container, coding, pixels, seconds=seconds, rate=rate)
    found = judged(data, f"film.{ending}")["video-codec"]
    assert found.outcome.value == ("passed" if FILMS[container, coding] else "failed"), found.message


def written(table: Mapping[tuple[str, str], bool]) -> list[tuple[str, str]]:
    """The rows of a table that this build of FFmpeg can write."""
    return [row for row in table if row[1] not in NOT_BUILT]


TRACKS = {
    ("mp4", "aac"): True,
    ("mp4", "libmp3lame"): False,
    ("mp4", "mp2"): False,
    ("mp4", "ac3"): False,
    ("mp4", "eac3"): False,
    ("mp4", "alac"): False,
    ("mp4", "libopus"): False,
    ("3gp", "aac"): True,
    ("3gp", "libopencore_amrnb"): True,
    ("avi", "libmp3lame"): True,
    ("avi", "mp2"): True,
    ("avi", "pcm_s16le"): True,
    ("avi", "pcm_s24le"): False,
    ("avi", "ac3"): False,
    ("mpeg", "mp2"): True,
    ("mpeg", "ac3"): False,
}


@pytest.mark.parametrize(("container", "coding"), written(TRACKS))
def test_the_sound_of_a_film_plays_by_its_codec_in_its_container(container: str, coding: str) -> None:
    pictures = {"mpeg": "mpeg1video", "avi": "mpeg4"}.get(container, "libx264")
    data = film(container, pictures, sound=coding, rate=25)
    ending = {"mpeg": "mpg"}.get(container, container)
    assert stopped(data, f"film.{ending}") == (set() if TRACKS[container, coding] else {"audio-codec"})


SOUNDS = {
    ("mp3", "libmp3lame"): True,
    ("wav", "pcm_s16le"): True,
    ("wav", "pcm_u8"): True,
    ("wav", "pcm_s24le"): False,
    ("wav", "pcm_s32le"): False,
    ("wav", "pcm_f32le"): False,
    ("wav", "pcm_mulaw"): False,
    ("wav", "pcm_alaw"): False,
    ("wav", "adpcm_ima_wav"): False,
    ("wav", "adpcm_ms"): False,
    ("wav", "libmp3lame"): False,
    ("wav", "aac"): False,
    ("wav", "libopencore_amrnb"): False,
    ("wav", "ac3"): False,
    ("wav", "mp2"): False,
}


@pytest.mark.parametrize(("container", "coding"), written(SOUNDS))
def test_a_sound_plays_by_its_codec_in_its_container(container: str, coding: str) -> None:
    found = stopped(sound(container, coding), f"sound.{container}")
    assert found == (set() if SOUNDS[container, coding] else {"audio-codec"})


def test_wav_with_sizes_of_64_bits_is_none_that_handsets_play() -> None:
    assert stopped(sound("wav", "pcm_s16le", rf64="always"), "sound.wav") == {"audio-codec"}
