"""What stands beside the sound in MP3 and WAV denies nothing, and what is missing in it does."""

from __future__ import annotations

import struct

import pytest

from mmscheck.media.decoding import decode
from mmscheck.media.mpeg_audio import rows
from mmscheck.model.facts import AudioFacts, Undecoded
from tests.support.playing import judged, sound, stopped

BARE = sound(seconds=3, write_xing="0", id3v2_version="0")
NOTED = sound(seconds=3, id3v2_version="0")
TAGGED = sound(seconds=3, id3v2_version="3")
WAVE = sound("wav", "pcm_s16le", seconds=2)

ID3V1 = b"TAG" + b"Title".ljust(125, b"\0")
APE = b"APETAGEX" + struct.pack("<4I8x", 2000, 32 + 20, 1, 0x80000000)
LYRICS = b"LYRICSBEGININD0000200LYR00030" + b"\xff\xe0 words " * 4 + b"000058LYRICS200"

TAILS = {
    "line feed": b"\n",
    "two line feeds": b"\r\n\r\n",
    "one zero": b"\0",
    "zeros": bytes(128),
    "many zeros": bytes(5000),
    "text": b"created with a free trial",
    "page": b"<!-- served by cache 7 -->\n",
    "ID3v1": ID3V1,
    "line feed and ID3v1": b"\n" + ID3V1,
    "APE": APE + b"\x05\0\0\0\0\0\0\0Title\0Sales" + APE,
    "Lyrics3": LYRICS + ID3V1,
    "noise": bytes((7 * each) % 255 for each in range(900)),
    "ones": b"\xff" * 300,
    "half a header": b"\xff\xfb",
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("data", [BARE, NOTED, TAGGED], ids=["bare", "noted", "tagged"])
def test_what_lies_behind_the_last_frame_of_an_mp3_denies_nothing(data: bytes, tail: str) -> None:
    assert stopped(data + TAILS[tail], "sound.mp3") == set()


@pytest.mark.parametrize("before", [b"", b"\0", bytes(1200), b"\n", BARE[300:417], b"noise " * 30])
def test_what_stands_before_the_first_frame_denies_nothing(before: bytes) -> None:
    found = decode("audio/mpeg", before + BARE)
    assert isinstance(found, AudioFacts), found
    assert found.duration == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize("between", ["", "ID3v1", "zeros and ID3v1", "line feed"])
@pytest.mark.parametrize("second", [BARE, NOTED, TAGGED], ids=["bare", "noted", "tagged"])
def test_files_that_were_joined_play_one_after_the_other(second: bytes, between: str) -> None:
    seam = {"": b"", "ID3v1": ID3V1, "zeros and ID3v1": bytes(200) + ID3V1, "line feed": b"\n"}[between]
    if between == "line feed" and second is BARE:
        seam = b""  # nothing tells it from damage
    found = decode("audio/mpeg", TAGGED + seam + second)
    assert isinstance(found, AudioFacts), found
    assert found.duration == pytest.approx(6, abs=0.3)


def damaged(data: bytes, place: float, size: int, kind: str) -> bytes:
    begin = int(len(data) * place)
    filling = {"hole": b"", "zeros": bytes(size), "text": b"moved " * (size // 6)}[kind]
    return data[:begin] + filling + data[begin + size :]


@pytest.mark.parametrize("kind", ["hole", "zeros", "text"])
@pytest.mark.parametrize("size", [600, 702, 3000])
@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("data", [BARE, NOTED, TAGGED], ids=["bare", "noted", "tagged"])
def test_damage_in_the_middle_of_an_mp3_is_found_and_told_by_its_second(
    data: bytes, place: float, size: int, kind: str
) -> None:
    found = decode("audio/mpeg", damaged(data, place, size, kind))
    assert isinstance(found, Undecoded), found
    assert not found.contained
    assert "it is damaged at second " in found.reason


@pytest.mark.parametrize("data", [NOTED, TAGGED], ids=["noted", "tagged"])
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_an_mp3_that_is_cut_is_refused_by_the_number_of_frames_it_states(data: bytes, part: float) -> None:
    found = decode("audio/mpeg", data[: int(len(data) * part)])
    assert isinstance(found, Undecoded)
    assert "frames it states" in found.reason


def test_an_mp3_of_hardly_any_frames_is_refused_by_the_number_it_states() -> None:
    (row,) = rows(NOTED)
    found = decode("audio/mpeg", NOTED[: 3 * row.longest])
    assert isinstance(found, Undecoded)
    assert f"of the {row.stated} frames it states" in found.reason


def test_half_a_frame_at_the_end_is_left_out_as_many_recorders_leave_one() -> None:
    (row,) = rows(BARE)
    for lacks in (1, 6, 100, row.longest - 5):
        assert stopped(BARE[:-lacks], "sound.mp3") == set()


def test_a_joined_file_whose_second_half_is_cut_at_a_frame_is_refused_by_its_note() -> None:
    end = list(rows(NOTED))[-1].end
    frame = end - list(rows(NOTED[: end - 1]))[-1].end
    found = decode("audio/mpeg", BARE + NOTED[: end - 3 * frame])
    assert isinstance(found, Undecoded)
    assert "frames it states" in found.reason


def resized(riff: int | None, data: int | None) -> bytes:
    """The sound with these sizes of the file and of its samples."""
    whole = bytearray(WAVE)
    place = whole.index(b"data") + 4
    for at, size in ((4, riff), (place, data)):
        if size is not None:
            struct.pack_into("<I", whole, at, size)
    return bytes(whole)


UNKNOWN = (0, 0xFFFFFFFF, 0xFFFFFFFF - 8, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0x7FFFF024)


@pytest.mark.parametrize("size", UNKNOWN)
@pytest.mark.parametrize("which", ["riff", "data", "both"])
def test_a_wav_whose_sizes_were_written_before_the_end_was_known_plays_whole(which: str, size: int) -> None:
    data = resized(size if which != "data" else None, size if which != "riff" else None)
    found = decode("audio/x-wav", data)
    assert isinstance(found, AudioFacts), found
    assert found.duration == pytest.approx(2, abs=0.1)
    assert stopped(data, "sound.wav") == set()
    advice = judged(data, "sound.wav")["audio-whole"]
    assert advice.outcome.value == "failed"
    assert f"0x{size:08X}" in advice.message
    assert judged(WAVE, "sound.wav")["audio-whole"].outcome.value == "passed"


@pytest.mark.parametrize("more", [1, 8, 44])
def test_a_wav_whose_sizes_count_their_own_header_plays(more: int) -> None:
    size = len(WAVE) - 8
    assert stopped(resized(size + more, None), "sound.wav") == set()
    samples = struct.unpack_from("<I", WAVE, WAVE.index(b"data") + 4)[0]
    assert stopped(resized(size + more, samples + more), "sound.wav") == set()


def test_a_wav_of_which_only_what_follows_the_samples_is_cut_plays() -> None:
    note = b"LIST" + struct.pack("<I", 26) + b"INFOINAM" + struct.pack("<I", 14) + b"Jingle"
    assert stopped(resized(len(WAVE) - 8 + 34, None) + note, "sound.wav") == set()


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("riff", [None, 0, 0xFFFFFFFF])
def test_a_wav_that_was_cut_is_refused(riff: int | None, part: float) -> None:
    data = resized(riff, None)
    found = decode("audio/x-wav", data[: int(len(data) * part)])
    assert isinstance(found, Undecoded)
    assert "it is cut short: its sound has " in found.reason
