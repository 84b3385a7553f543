"""ISO base media files as cameras, phones and web services write them: brands, tracks, boxes, slips."""

from __future__ import annotations

import struct

import pytest

from mmscheck.media.audio_video import iso_type
from mmscheck.media.decoding import decode
from mmscheck.model.facts import AudioFacts, Undecoded, VideoFacts
from mmscheck.model.words import MediaKind
from tests.support.playing import NOT_BUILT, film, judged, observed, sound, stopped

FILM = film(sound="aac")
FIRST = film(sound="aac", muxing={"movflags": "faststart"})
SOUND = sound("mp4", "aac")


def branded(data: bytes, major: str, *compatible: str) -> bytes:
    """The file with these brands in place of its own."""
    size = struct.unpack_from(">I", data)[0]
    names = "".join(name.ljust(4) for name in compatible).encode()
    head = struct.pack(">I4s4sI", 16 + size - 16, b"ftyp", major.ljust(4).encode(), 512)
    return head + names.ljust(size - 16, b" ")[: size - 16] + data[size:]


MP4 = (
    "isom",
    "mp41",
    "mp42",
    "iso6",
    "avc1",
    "M4V",
    "MSNV",
    "XAVC",
    "NDSC",
    "ianb",
    "CAEP",
    "dash",
    "f4v",
    "",
)


@pytest.mark.parametrize("major", MP4)
@pytest.mark.parametrize(
    "compatible", [("isom", "iso2", "avc1", "mp41"), ("mp42",), ("mp42", "3gp5", "qt"), ()]
)
def test_a_film_of_whatever_brand_is_one(major: str, compatible: tuple[str, ...]) -> None:
    data = branded(FILM, major, *compatible)
    found = observed(data, "film.mp4")
    assert found.sniffed.type == "video/mp4"
    assert isinstance(found.decoded, VideoFacts)
    assert stopped(data, "film.mp4") == set()


@pytest.mark.parametrize("major", [*MP4, "M4A", "M4B"])
def test_a_file_with_sound_alone_is_a_sound_whatever_its_brand(major: str) -> None:
    data = branded(SOUND, major, "isom", "mp42")
    found = observed(data, "voice.mp4")
    assert found.sniffed.type == "audio/mp4"
    assert isinstance(found.decoded, AudioFacts)
    assert stopped(data, "voice.mp4") == {"media-type-accepted"}
    in_video = judged(data, "voice.mp4", MediaKind.VIDEO)
    assert "is audio/mp4, which is not among" in in_video["media-type-accepted"].message


@pytest.mark.parametrize(
    ("brands", "type_"),
    [
        (("3gp4", "isom"), "video/3gpp"),
        (("3gp5",), "video/3gpp"),
        (("3g2a",), "video/3gpp2"),
        (("KDDI", "3g2a"), "video/3gpp2"),
        (("XYZ1", "3gp4"), "video/3gpp"),
        (("qt",), "video/quicktime"),
        (("XYZ1", "qt"), "video/quicktime"),
        (("M4A", "isom"), "video/mp4"),
        (("heic", "mif1"), None),
        (("XYZ1", "mif1"), None),
    ],
)
def test_the_type_goes_by_the_brands(brands: tuple[str, ...], type_: str | None) -> None:
    assert iso_type(branded(FILM, *brands), film=True) == type_


@pytest.mark.parametrize(
    ("name", "brand"), [("film.mp4", "3gp5"), ("film.3gp", "mp42"), ("film.m4v", "isom")]
)
def test_mp4_and_3gp_may_have_each_others_name(name: str, brand: str) -> None:
    assert stopped(branded(FILM, brand), name) == set()


def test_a_file_without_brands_is_a_quicktime_movie_only_where_its_handlers_say_so() -> None:
    size = struct.unpack_from(">I", FIRST)[0]
    free = struct.pack(">I4s", size, b"free") + FIRST[8:size]
    assert observed(free + FIRST[size:], "film.mp4").sniffed.type == "video/mp4"
    movie = film("mov", sound="aac")
    size = struct.unpack_from(">I", movie)[0]
    old = struct.pack(">I4s", size, b"wide") + movie[8:size] + movie[size:]
    assert observed(old, "film.mov").sniffed.type == "video/quicktime"


@pytest.mark.parametrize("brand", ["MSNV", "XAVC", "isom"])
def test_a_film_that_is_cut_is_a_film_still(brand: str) -> None:
    data = branded(FILM, brand, "isom")
    found = observed(data[: len(data) // 2], "film.mp4")
    assert found.sniffed.type == "video/mp4"
    assert isinstance(found.decoded, Undecoded)
    assert "mdat lacks" in found.decoded.reason


@pytest.mark.parametrize(
    "movflags", ["", "faststart", "frag_keyframe+empty_moov", "frag_keyframe+default_base_moof"]
)
def test_where_the_index_lies_is_no_fault(movflags: str) -> None:
    data = film(sound="aac", muxing={"movflags": movflags} if movflags else {})
    assert stopped(data, "film.mp4") == set()
    assert stopped(data + b"\n", "film.mp4") == set()
    assert stopped(data + struct.pack(">I4s8x", 16, b"free"), "film.mp4") == set()


def slipped(data: bytes, more: int) -> bytes:
    """The file with a box of samples that says it is so much longer."""
    place = data.index(b"mdat") - 4
    size = struct.unpack_from(">I", data, place)[0]
    return data[:place] + struct.pack(">I", size + more) + data[place + 4 :]


@pytest.mark.parametrize("more", [1, 8, 16, 64])
def test_a_box_of_samples_that_is_a_little_too_long_is_no_fault_when_all_are_there(more: int) -> None:
    assert stopped(slipped(FIRST, more), "film.mp4") == set()


@pytest.mark.parametrize(
    "data",
    [FIRST, film("3gp", sound="aac" if NOT_BUILT else "libopencore_amrnb", muxing={"movflags": "faststart"})],
)
def test_a_film_that_lacks_a_byte_or_more_is_refused(data: bytes) -> None:
    for lacks in (*range(1, 66), 100, 300, 1000):
        for cut in (data[:-lacks], slipped(data, 8)[:-lacks]):
            found = decode("video/mp4", cut)
            assert isinstance(found, Undecoded), lacks
            assert not found.contained


def test_damage_is_told_by_its_track_and_its_second() -> None:
    data = bytearray(film(seconds=3, sound="aac", muxing={"movflags": "faststart"}))
    place = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[place : place + 200] = b"\xff" * 200
    found = decode("video/mp4", bytes(data))
    assert isinstance(found, Undecoded)
    assert found.reason.startswith(("its picture is damaged at second ", "its sound is damaged at second "))
