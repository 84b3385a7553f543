"""Films and sounds in, MP4, MP3 and WAV out."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from mmscheck.cli.main import main
from mmscheck.fix.likeness import ssim
from mmscheck.fix.mp4 import boxes, index_first
from mmscheck.fix.values import Aims, Job, Mended, Wishes
from mmscheck.fix.work import mend
from tests.fix.films import film, looked_at, tone, turned
from tests.fix.made import written

PHONE = {"codec": "h264", "form": "yuv420p", "sound": "aac"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fixed(capsys: pytest.CaptureFixture[str], name: str, data: bytes, *more: str) -> dict[str, Any]:
    written(Path("media"), **{name.replace(".", "__"): data})
    main(["fix", f"media/{name}", "--output", "out", "--sender", "toll-free", *more, "--format", "json"])
    (entry,) = json.loads(capsys.readouterr().out)["files"]
    return entry  # type: ignore[no-any-return]


def product(entry: dict[str, Any]) -> bytes:
    assert entry["action"] == "mended", entry["why_not"]
    assert main(["lint", "out", "--sender", "toll-free"]) == 0
    return Path(entry["target"]).read_bytes()


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("a.mp4", {"form": "yuv444p"}),
        ("a.mp4", {"codec": "libx265", "tag": "x"}),
        ("a.mp4", {"codec": "mpeg2video"}),
        ("a.mp4", {"sound": "mp3"}),
        ("a.mov", {"muxer": "mov", "codec": "mpeg4"}),
        ("a.mkv", {"muxer": "matroska"}),
    ],
)
def test_what_no_phone_plays_becomes_what_every_phone_plays(
    capsys: pytest.CaptureFixture[str], name: str, made: dict[str, Any]
) -> None:
    made.pop("tag", None)
    data = film(**made)
    if name.endswith(".mkv"):
        name = "a.mp4"  # lint reads no .mkv by itself
    entry = fixed(capsys, name, data)
    seen = looked_at(product(entry))
    assert {key: seen[key] for key in PHONE} == PHONE
    assert seen["profile"] in {"Main", "High", "Constrained Baseline"}
    assert 29 <= seen["frames"] <= 30
    assert seen["seconds"] == pytest.approx(2, abs=0.2)


def test_a_container_alone_is_changed_without_touching_the_tracks(capsys: pytest.CaptureFixture[str]) -> None:
    data = film("mov")
    entry = fixed(capsys, "a.mov", data)
    assert entry["done"] == ["put into MP4 without touching its tracks"]

    def packets(of: bytes) -> list[bytes]:
        container: Any
        with av.open(io.BytesIO(of)) as container:
            return [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]

    assert packets(product(entry)) == packets(data)


def test_the_turn_of_a_phone_is_applied(capsys: pytest.CaptureFixture[str]) -> None:
    straight = film("mov", form="yuv444p")
    entry = fixed(capsys, "a.mov", turned(straight))
    seen = looked_at(product(entry))
    assert seen["size"] == (240, 320)
    assert seen["rotation"] == 0
    upright = looked_at(straight)["picture"].rotate(-90, expand=True)
    assert ssim(upright, seen["picture"]) > 0.8


def test_size_and_pace_are_those_that_are_advised(capsys: pytest.CaptureFixture[str]) -> None:
    entry = fixed(capsys, "a.mp4", film(size=(1400, 800), rate=60, seconds=0.4, preset="ultrafast"))
    seen = looked_at(product(entry))
    assert seen["size"] == (1260, 720)
    assert 10 <= seen["frames"] <= 13
    assert entry["measure"]["value"] > 0.8


def test_the_bytes_are_kept_to_and_the_index_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    data = film(size=(480, 360), seconds=5, rate=20, preset="ultrafast", crf="1")
    assert len(data) > 740_000
    made = product(fixed(capsys, "a.mp4", data))
    assert len(made) <= 525_000
    kinds = [kind for kind, _, _ in boxes(made, 0, len(made))]
    assert kinds.index(b"moov") < kinds.index(b"mdat")


def test_too_long_says_how_long_it_may_be_and_is_cut_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    data = tone(seconds=240, rate=22_050)
    entry = fixed(capsys, "a.wav", data)
    assert entry["action"] == "left"
    assert "it lasts 240 seconds" in entry["why_not"]
    assert "--trim" in entry["why_not"]
    main(["fix", "media/a.wav", "--output", "cut", "--sender", "toll-free", "--trim", "--format", "json"])
    (again,) = json.loads(capsys.readouterr().out)["files"]
    assert again["action"] == "mended"
    assert again["after"]["facts"]["duration"] == pytest.approx(30, abs=0.2)


@pytest.mark.parametrize(
    ("name", "muxer", "codec"),
    [
        ("a.m4a", "ipod", "aac"),
        ("a.aac", "adts", "aac"),
        ("a.amr", "amr", "libopencore_amrnb"),
        ("a.wav", "wav", "adpcm_ima_wav"),
        ("a.wav", "wav", "pcm_s24le"),
    ],
)
def test_sounds_that_no_provider_lists_become_mp3(
    capsys: pytest.CaptureFixture[str], name: str, muxer: str, codec: str
) -> None:
    rate = 8000 if codec == "libopencore_amrnb" else 44_100
    entry = fixed(capsys, name, tone(muxer, codec, rate=rate))
    made = product(entry)
    container: Any
    with av.open(io.BytesIO(made), format="mp3") as container:
        assert container.streams.audio[0].codec_context.name in {"mp3", "mp3float"}
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert seconds == pytest.approx(2, abs=0.2)


def test_a_wav_of_a_pipe_gets_its_true_lengths(capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(tone())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff\xff\xff\xff"
    entry = fixed(capsys, "a.wav", bytes(data))
    assert entry["gone"] == ["audio-whole"]
    made = product(entry)
    assert struct.unpack_from("<I", made, 4)[0] == len(made) - 8
    assert made.endswith(bytes(data[at + 4 :]))


def test_what_is_there_of_an_mp3_that_states_more_is_taken_where_cuts_are_allowed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = tone("mp3", "libmp3lame")
    data = whole[: len(whole) // 2]
    entry = fixed(capsys, "a.mp3", data)
    assert entry["action"] == "left"
    assert "--trim" in entry["why_not"]
    made = product(entry := fixed(capsys, "a.mp3", data, "--trim"))
    assert re.search(r"with \d+ of the 7\d frames", entry["done"][0])
    assert "kept bit for bit" in entry["done"][1]
    assert made in data
    assert len(data) - len(made) < 2_000  # the note, a tag, and half a frame at the end
    container: Any
    with av.open(io.BytesIO(made), format="mp3") as container:
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert seconds == pytest.approx(1, abs=0.2)


def test_a_damaged_film_is_left_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    entry = fixed(capsys, "a.mov", film("mov", form="yuv444p")[:9000])
    assert entry["action"] == "left"
    assert not list(Path("out").glob("*.mp4"))


def test_the_index_moves_with_its_offsets() -> None:
    data = film()
    made = index_first(data)
    assert len(made) == len(data)
    kinds = [kind for kind, _, _ in boxes(made, 0, len(made))]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert looked_at(made)["frames"] == looked_at(data)["frames"]
    assert index_first(made) == made


def test_what_does_not_come_along_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for data in (film("mov", sounds=2), film("mov", form="yuv444p", sounds=2)):
        entry = fixed(capsys, "a.mov", data)
        assert "left out: another sound" in entry["done"], entry["done"]
        shutil.rmtree("out")


def test_a_sound_that_begins_late_still_does(capsys: pytest.CaptureFixture[str]) -> None:
    made = product(fixed(capsys, "a.mov", film("mov", form="yuv444p", late=1)))
    container: Any
    with av.open(io.BytesIO(made)) as container:
        heard = [
            abs(value)
            for frame in container.decode(audio=0)
            for (value,) in struct.iter_unpack("<f", bytes(frame.planes[0])[: frame.samples * 4])
        ]
    begins = next(at for at, value in enumerate(heard) if value > 0.05) / 44_100
    assert begins == pytest.approx(1, abs=0.1)
    assert len(heard) / 44_100 == pytest.approx(3, abs=0.2)


def test_wide_pixels_become_square_ones(capsys: pytest.CaptureFixture[str]) -> None:
    entry = fixed(capsys, "a.mp4", film(form="yuv444p", size=(160, 240), wide=Fraction(2, 1)))
    assert looked_at(product(entry))["size"] == (320, 240)


def test_what_an_edit_list_hides_stays_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    """A film cut on a phone: all of it is in the file, and a list says from where to where it is shown."""
    data = bytearray(film("mov", seconds=3, bf="0", g="15"))
    for clock in (15_360, 44_100):
        at = data.index(b"elst", data.index(b"elst") + 4 if clock == 44_100 else 0)
        (begin,) = struct.unpack_from(">i", data, at + 16)
        data[at + 12 : at + 20] = struct.pack(">Ii", 1500, begin + clock * 4 // 3)
    before = looked_at(bytes(data))
    after = looked_at(product(fixed(capsys, "a.mov", bytes(data))))
    assert after["frames"] == before["frames"] < 30
    assert after["seconds"] == pytest.approx(before["seconds"], abs=0.1)


@pytest.mark.parametrize(
    ("listed", "suffix", "codec", "rate"),
    [
        (("audio/mpeg", "audio/amr"), ".mp3", "mp3", 44_100),
        (("audio/mp4", "audio/amr"), ".m4a", "aac", 44_100),
        (("audio/aac",), ".aac", "aac", 44_100),
        (("audio/amr",), ".amr", "amr", 8_000),
    ],
)
def test_a_sound_becomes_what_is_listed(listed: tuple[str, ...], suffix: str, codec: str, rate: int) -> None:
    aims = Aims(accepted={"audio": listed})
    data = tone("wav", "pcm_s24le")
    made = mend(Job(data=data, type="audio/x-wav", name="a", aims=aims, wishes=Wishes(), most=100_000))
    assert isinstance(made, Mended), made
    assert made.suffix == suffix
    container: Any
    with av.open(io.BytesIO(made.data)) as container:
        context = container.streams.audio[0].codec_context
        assert context.name.startswith(codec)
        assert context.sample_rate == rate
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert seconds == pytest.approx(2, abs=0.2)
