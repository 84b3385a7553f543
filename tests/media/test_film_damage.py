"""A film with a part of it missing, changed or overwritten is refused, in every container and coding."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache
from hashlib import sha256

import av
import pytest

from mmscheck.media.decoding import decode
from mmscheck.model.facts import Undecoded, VideoFacts
from tests.support.playing import NOT_BUILT, film

FILMS = {
    "MP4, H.264 and AAC": ("mp4", "libx264", "aac", {}),
    "MP4, index first": ("mp4", "libx264", "aac", {"movflags": "faststart"}),
    "MP4, in fragments": ("mp4", "libx264", "aac", {"movflags": "frag_keyframe+empty_moov"}),
    "MP4, H.264": ("mp4", "libx264", None, {}),
    "MP4, MPEG-4": ("mp4", "mpeg4", None, {}),
    "3GP, H.263": ("3gp", "h263", None, {}),
    "3GP, MPEG-4 and AMR": ("3gp", "mpeg4", "libopencore_amrnb", {}),
    "AVI, MPEG-4 and MP3": ("avi", "mpeg4", "libmp3lame", {}),
    "AVI, MPEG-4": ("avi", "mpeg4", None, {}),
    "AVI, H.264": ("avi", "libx264", None, {}),
    "MPEG-1": ("mpeg", "mpeg1video", None, {}),
    "MPEG-2 and layer II": ("vob", "mpeg2video", "mp2", {}),
    "WMV": ("asf", "wmv2", None, {}),
    "WMV and MP3": ("asf", "wmv2", "libmp3lame", {}),
}
TYPES = {"mp4": "video/mp4", "3gp": "video/3gpp", "avi": "video/x-msvideo", "asf": "video/x-ms-asf"}
LENGTH = 900


def overwritten(value: bytes) -> Callable[[bytes, int], bytes]:
    return lambda data, at: data[:at] + (value * LENGTH)[:LENGTH] + data[at + LENGTH :]


def missing(data: bytes, at: int) -> bytes:
    return data[:at] + data[at + LENGTH :]


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + random.Random(at).randbytes(LENGTH) + data[at + LENGTH :]


def tail_of_zeros(data: bytes, at: int) -> bytes:
    return data[:at] + bytes(len(data) - at)


DAMAGES: dict[str, Callable[[bytes, int], bytes]] = {
    "zeros": overwritten(b"\0"),
    "ones": overwritten(b"\xff"),
    "letters": overwritten(b"<html>502 Bad Gateway</html>"),
    "a hole": missing,
    "noise": changed,
    "a tail of zeros": tail_of_zeros,
}


@cache
def made(name: str) -> tuple[str, bytes]:
    container, coding, sound, muxing = FILMS[name]
    rate = 25 if container in {"mpeg", "vob"} else 10
    data = film(container, coding, sound=sound, seconds=2.0, rate=rate, muxing=muxing)
    return TYPES.get(container, "video/mpeg"), data


@cache
def played(data: bytes) -> tuple[str, ...]:
    """The digest of every picture."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(video=0))
    return tuple(sha256(b"".join(map(bytes, frame.planes))).hexdigest() for frame in frames)


WRITTEN = [name for name, row in FILMS.items() if row[2] not in NOT_BUILT]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", WRITTEN)
def test_damage_anywhere_in_a_film_is_found(name: str, damage: str) -> None:
    type_, data = made(name)
    for at in (len(data) * part // 10 for part in (3, 5, 7)):
        spoilt = DAMAGES[damage](data, at)
        found = decode(type_, spoilt)
        if isinstance(found, Undecoded):
            assert not found.contained
        else:  # between pictures MPEG and WMV are filled up, and layer II has no checks of its own
            assert played(spoilt) == played(data), f"{damage} at byte {at} of {len(data)}"


@pytest.mark.parametrize("behind", [b"", bytes(500), b"<html></html>", b"\n"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_sound_film_passes_whatever_stands_behind_it(name: str, behind: bytes) -> None:
    type_, data = made(name)
    assert isinstance(decode(type_, data + behind), VideoFacts)


@pytest.mark.parametrize("container", ["mp4", "3gp"])
@pytest.mark.parametrize("coding", ["libx264", "mpeg4"])
def test_a_film_whose_pictures_have_no_durations_is_refused(container: str, coding: str) -> None:
    data = bytearray(film(container, coding, seconds=2.0))
    table = data.index(b"stts") + 8
    for entry in range(int.from_bytes(data[table : table + 4])):
        data[table + 8 + 8 * entry : table + 12 + 8 * entry] = bytes(4)
    found = decode(TYPES[container], bytes(data))
    assert isinstance(found, Undecoded)
    assert "20 samples of a track have no durations" in found.reason


def test_a_head_of_a_sound_that_is_none_is_the_films_fault() -> None:
    """FFmpeg's parser of AAC answers with a number that has no name."""
    type_, data = made("MP4, H.264 and AAC")
    marks = (at for at in range(len(data) // 3, len(data) * 2 // 3, 60))
    for at in marks:
        found = decode(type_, data[:at] + b"\xff" * 60 + data[at + 60 :])
        assert not isinstance(found, Undecoded) or not found.fault
