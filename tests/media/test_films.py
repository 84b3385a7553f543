from __future__ import annotations

import io
import socket
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mmscheck.media import playing
from mmscheck.media.decoding import decode
from mmscheck.media.mpeg_audio import rows
from mmscheck.media.refusal import RefusedError
from mmscheck.model.facts import AudioFacts, Undecoded, VideoFacts

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"


def encoded(
    times: Sequence[int], *, coding: str = "mpeg4", format_: str = "mp4", rate: int = 10, movflags: str = ""
) -> bytes:
    """A film of 64 by 48 pixels with a frame at each of these tenths of a second (of ``rate``)."""
    file = io.BytesIO()
    with av.open(
        file, "w", format=format_, container_options={"movflags": movflags} if movflags else {}
    ) as container:
        stream = container.add_stream(coding, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.thread_count = 1
        for time in times:
            frame = picture(time % 256)
            frame.pts, frame.time_base = time, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def picture(shade: int) -> VideoFrame:
    frame = VideoFrame(64, 48, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([shade]) * plane.buffer_size)
    return frame


def seen(data: bytes, type_: str = "video/mp4") -> VideoFacts:
    found = decode(type_, data)
    assert isinstance(found, VideoFacts), found
    return found


def refused(type_: str, data: bytes) -> str:
    found = decode(type_, data)
    assert isinstance(found, Undecoded), found
    assert not found.contained
    return found.reason


@pytest.mark.parametrize(
    ("coding", "format_", "movflags"),
    [
        ("libx264", "mp4", ""),
        ("libx264", "mp4", "frag_keyframe+empty_moov"),
        ("libx265", "mp4", ""),
        ("mpeg4", "mov", ""),
        ("mpeg4", "avi", ""),
    ],
)
def test_sound_films_of_all_makes_are_decoded_to_the_end(coding: str, format_: str, movflags: str) -> None:
    type_ = {"mp4": "video/mp4", "mov": "video/quicktime", "avi": "video/x-msvideo"}[format_]
    found = seen(encoded(range(20), coding=coding, format_=format_, movflags=movflags), type_)
    names = {"libx264": "h264", "libx265": "hevc"}
    assert (found.codec, found.extent) == (names.get(coding, coding), "whole")
    assert found.duration == pytest.approx(2.0, abs=0.11)


def test_a_film_of_uneven_frames_is_sound() -> None:
    found = seen(encoded([0, 1, 5, 6, 20, 21], coding="libx264"))
    assert found.extent == "whole"
    assert found.duration == pytest.approx(2.2, abs=0.11)


def test_a_film_is_decoded_to_its_end_however_long_it_is_and_of_however_many_frames() -> None:
    found = seen(encoded(range(0, 1500, 5)))
    assert found.extent == "whole"
    assert found.duration == pytest.approx(150, abs=1)
    found = seen(encoded(range(1900), rate=60))
    assert found.extent == "whole"


def test_a_film_that_takes_too_long_is_told_as_far_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "time_limit", lambda: lambda: True)
    found = seen(encoded(range(20), coding="libx264"))
    assert found.extent.startswith(
        "it is too slow to be judged here: when the time for one file was up, 0.1 s"
    )
    assert (found.codec, found.width) == ("h264", 64)


def test_the_time_for_a_film_is_what_the_process_has_left() -> None:
    for limit, late in (("int(time.process_time()) + 1", True), ("most", False)):
        code = (
            "import resource, time\n"
            "from mmscheck.media.playing import time_limit\n"
            "most = resource.getrlimit(resource.RLIMIT_CPU)[1]\n"
            f"resource.setrlimit(resource.RLIMIT_CPU, ({limit}, most))\n"
            "late = time_limit()\n"
            "end = time.monotonic() + 1\n"
            "while time.monotonic() < end and not late(): pass\n"
            "print(late())\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == str(late)


@pytest.mark.parametrize("path", sorted(MEDIA.glob("clip-*")), ids=lambda path: str(path.name))
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_film_cut_short_is_refused(path: Path, part: float) -> None:
    types = {
        ".3gp": "video/3gpp",
        ".avi": "video/x-msvideo",
        ".mov": "video/quicktime",
        ".mp4": "video/mp4",
        ".mpg": "video/mpeg",
        ".wmv": "video/x-ms-asf",
    }
    data = path.read_bytes()
    assert refused(types[path.suffix], data[: int(len(data) * part)])


def test_a_box_cut_off_is_named() -> None:
    data = (MEDIA / "clip-small.mov").read_bytes()
    assert refused("video/quicktime", data[:-10]) == "it is cut short: moov lacks 10 bytes"


def test_a_sound_cut_short_is_refused_where_its_length_is_stated() -> None:
    wav, mp3 = (MEDIA / "chime-small.wav").read_bytes(), (MEDIA / "jingle-small.mp3").read_bytes()
    samples = len(wav) - wav.index(b"data") - 8
    told = f"it is cut short: its sound has {samples - 100} of {samples} bytes"
    assert refused("audio/x-wav", wav[:-100]) == told
    (row,) = rows(mp3)
    assert row.stated == row.frames
    assert f"of the {row.stated} frames it states" in refused("audio/mpeg", mp3[: len(mp3) // 2])


def test_damage_in_the_middle_of_a_film_is_found() -> None:
    data = bytearray((MEDIA / "clip-large.mp4").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    assert refused("video/mp4", bytes(data))


def test_a_file_for_films_with_nothing_but_sound_has_the_facts_of_a_sound() -> None:
    file = io.BytesIO()
    with av.open(io.BytesIO((MEDIA / "clip-small.mp4").read_bytes()), "r") as source:
        sound = source.streams.audio[0]
        with av.open(file, "w", format="mp4") as container:
            stream = container.add_stream_from_template(sound)
            for packet in source.demux(sound):
                if packet.dts is not None:
                    packet.stream = stream
                    container.mux(packet)
    found = decode("video/mp4", file.getvalue())
    assert isinstance(found, AudioFacts)
    assert (found.container, found.codec, found.sample_rate) == ("mp4", "aac", 22_050)


def test_a_title_in_another_encoding_is_no_fault() -> None:
    sound = (MEDIA / "chime-small.wav").read_bytes()
    title = b"INFOINAM" + (8).to_bytes(4, "little") + b"Caf\xe9 \xff \0"
    note = b"LIST" + len(title).to_bytes(4, "little") + title
    whole = len(sound) + len(note) - 8
    found = decode("audio/x-wav", b"RIFF" + whole.to_bytes(4, "little") + sound[8:12] + note + sound[12:])
    assert isinstance(found, AudioFacts), found


def test_a_playlist_reaches_no_host_even_where_it_is_taken_for_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n".encode()
        assert refused("video/mp4", text)
        with pytest.raises((RefusedError, PermissionError)), playing.opened(text, "hls") as container:
            list(container.demux())
        with pytest.raises(TimeoutError):
            server.accept()


def test_flipped_bits_that_ffmpeg_would_paint_over_are_found() -> None:
    whole = (MEDIA / "clip-large.3gp").read_bytes()
    found = 0
    for place in range(20_000, 120_000, 5_000):
        data = bytearray(whole)
        data[place] ^= 0x10
        found += isinstance(decode("video/3gpp", bytes(data)), Undecoded)
    assert found >= 8


@pytest.mark.parametrize("name", ["clip-large.mp4", "clip-small.mov", "clip-small.avi", "photo-small.heic"])
def test_no_decoder_starts_a_thread(name: str) -> None:
    data = (MEDIA / name).read_bytes()
    before = len(list(Path("/proc/self/task").iterdir()))
    with playing.opened(data, "avi" if name.endswith("avi") else "mov") as container:
        streams = playing.known(container.streams.video)
        for packet in container.demux(streams):
            packet.decode()
        assert len(list(Path("/proc/self/task").iterdir())) <= before
