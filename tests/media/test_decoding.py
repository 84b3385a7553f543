from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.media import MediaWorkers
from mmscheck.media.decoding import DECODERS, decode
from mmscheck.model.facts import (
    AudioFacts,
    CalendarFacts,
    ContactFacts,
    Decoded,
    DocumentFacts,
    ImageFacts,
    PassFacts,
    Undecoded,
    VideoFacts,
)
from mmscheck.model.observation import Inspected, Sniffed
from tests.media import hostile

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
URL = "https://media.example.com/download?id=7"
JPEG = (MEDIA / "photo-small.jpg").read_bytes()


def photo(format_: str, *, width: int = 160, height: int = 284, progressive: bool = False) -> ImageFacts:
    return ImageFacts(format=format_, width=width, height=height, mode="RGB", progressive=progressive)


def dance(width: int, height: int, frames: int) -> ImageFacts:
    return ImageFacts(
        format="GIF", width=width, height=height, mode="P", frames=frames, frame_rate=4.0, duration=frames / 4
    )


def sound(container: str, codec: str, duration: float, bit_rate: int, sample_rate: int) -> AudioFacts:
    return AudioFacts(
        container=container,
        codec=codec,
        duration=duration,
        bit_rate=bit_rate,
        sample_rate=sample_rate,
        channels=1,
    )


PROFILES = {
    ("mp4", 480): "Main",
    ("mp4", 128): "Constrained Baseline",
    ("mov", 128): "Constrained Baseline",
    ("avi", 128): "Simple Profile",
}
"""By container and width."""


def film(
    container: str,
    codecs: tuple[str, str],
    size: tuple[int, int],
    timing: tuple[float, float],
    brand: str | None = None,
) -> VideoFacts:
    return VideoFacts(
        container=container,
        codec=codecs[0],
        audio_codec=codecs[1],
        width=size[0],
        height=size[1],
        frame_rate=timing[0],
        duration=timing[1],
        brand=brand,
        profile=PROFILES.get((container, size[0])),
        pixel_format="yuv420p",
        audio_profile="LC" if codecs[1] == "aac" else None,
    )


FACTS: dict[str, Decoded | None] = {
    "banner-large.png": photo("PNG", width=480, height=240),
    "chime-large.wav": sound("wav", "pcm_s16le", 3.0, 352_800, 22_050),
    "chime-small.wav": sound("wav", "pcm_s16le", 0.5, 128_000, 8_000),
    "clip-large.3gp": film("3gp", ("h263", "amr_nb"), (176, 144), (10.0, 8.006), "3gp4"),
    "clip-large.mp4": film("mp4", ("h264", "aac"), (480, 270), (15.0, 5.023), "isom"),
    "clip-small.3gp": film("3gp", ("h263", "amr_nb"), (176, 144), (10.0, 1.006), "3gp4"),
    "clip-small.avi": film("avi", ("mpeg4", "mp3"), (128, 96), (10.0, 1.1)),
    "clip-small.mov": film("mov", ("h264", "aac"), (128, 96), (12.0, 1.046), "qt"),
    "clip-small.mp4": film("mp4", ("h264", "aac"), (128, 96), (12.0, 1.046), "mp42"),
    "clip-small.mpg": film("mpeg", ("mpeg1video", "mp2"), (128, 96), (25.0, 1.019)),
    "clip-small.wmv": film("asf", ("wmv2", "wmav2"), (128, 96), (10.0, 1.021)),
    "contact-large.vcf": ContactFacts(contacts=1, version="3.0", named=True, largest_photo=93_486),
    "contact-small.vcf": ContactFacts(contacts=1, version="3.0", named=True),
    "dance-large.gif": dance(270, 360, 16),
    "dance-small.gif": dance(96, 128, 6),
    "empty.bin": None,
    "event-large.ics": CalendarFacts(events=300, version="2.0"),
    "event-small.ics": CalendarFacts(events=1, version="2.0"),
    "flyer-large.pdf": DocumentFacts(version="1.3", encrypted=False, pages=1),
    "flyer-small.pdf": DocumentFacts(version="1.3", encrypted=False, pages=1),
    "jingle-large.mp3": sound("mp3", "mp3", 12.0, 64_226, 44_100),
    "jingle-odd.mp3": sound("mp3", "mp3", 1.5, 25_077, 22_050),
    "jingle-small.mp3": sound("mp3", "mp3", 1.5, 25_077, 22_050),
    "login-page.html": None,
    "logo-small.png": ImageFacts(format="PNG", width=96, height=96, mode="RGBA", transparent=True),
    "mystery.bin": None,
    "pass-large.pkpass": PassFacts(entries=6, unpacked=80_937, signed_until=253402214400.0),
    "pass-small.pkpass": PassFacts(entries=4, unpacked=4_178, signed_until=253402214400.0),
    "photo-large.jpg": photo("JPEG", width=640, height=1138, progressive=True),
    "photo-small.avif": photo("AVIF"),
    "photo-small.heic": photo("HEIC"),
    "photo-small.jpg": photo("JPEG"),
    "photo-small.webp": photo("WEBP"),
}


async def test_workers_find_the_facts_of_every_fixture_and_the_type_that_sniffing_alone_finds() -> None:
    seen, sniffed = {}, {}
    async with MediaWorkers() as workers:
        for path in sorted(MEDIA.iterdir()):
            found = await workers.inspect(URL, path.read_bytes())
            seen[path.name] = found.decoded
            sniffed[path.name] = found.sniffed == await workers.sniff(URL, path.read_bytes())
    assert seen == FACTS
    assert all(sniffed.values())


def test_every_type_with_a_decoder_has_one_that_knows_it() -> None:
    for type_ in DECODERS:
        found = decode(type_, b"these bytes are none of it")
        assert isinstance(found, Undecoded), type_
        assert (found.expected, found.contained) == (DECODERS[type_].family, False)
        assert "KeyError" not in found.reason


def test_no_type_and_no_bytes_have_no_decoder() -> None:
    assert decode(None, b"x") is None
    assert decode("text/html", b"<html>") is None
    assert decode("image/jpeg", b"") is None


async def test_the_bytes_choose_the_decoder_whatever_the_url_says() -> None:
    async with MediaWorkers(workers=1) as workers:
        found = await workers.inspect(
            "https://example.com/photo.jpg", (MEDIA / "photo-small.heic").read_bytes()
        )
    assert found.decoded == FACTS["photo-small.heic"]


@pytest.mark.parametrize(
    ("bytes_", "told"), [(hostile.POISON, "SIGABRT"), (hostile.TAR, "stopped after 6 s")]
)
async def test_a_decoder_that_dies_is_contained_and_the_type_is_still_found(
    monkeypatch: pytest.MonkeyPatch, bytes_: bytes, told: str
) -> None:
    hostile.taken_over(monkeypatch)
    async with MediaWorkers(workers=2, timeout=6.0) as workers:
        found = await workers.inspect(URL, JPEG + bytes_ + hostile.DECODERS_ONLY)
        other = await workers.inspect(URL, JPEG)
    assert found.sniffed.type == "image/jpeg"
    assert isinstance(found.decoded, Undecoded)
    assert (found.decoded.expected, found.decoded.contained) == ("image", True)
    assert told in found.decoded.reason
    assert other.decoded == FACTS["photo-small.jpg"]


async def test_a_file_too_large_for_a_worker_is_not_decoded_but_its_type_is_found() -> None:
    async with MediaWorkers(workers=1, memory_bytes=512 * 1024 * 1024) as workers:
        found = await workers.inspect(URL, JPEG + bytes(64 * 1024 * 1024))
    assert found.sniffed.type == "image/jpeg"
    assert isinstance(found.decoded, Undecoded)
    assert found.decoded.contained
    assert "too many to decode" in found.decoded.reason


async def test_workers_that_have_been_stopped_say_so() -> None:
    workers = MediaWorkers(workers=1)
    found = await workers.inspect(URL, JPEG)
    assert found == Inspected(sniffed=Sniffed(type=None, problem="the workers have been stopped"))


def test_lack_of_memory_while_decoding_is_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    def choke(*_given: object) -> None:
        raise MemoryError

    monkeypatch.setattr("mmscheck.media.image.decode", choke)
    found = decode("image/jpeg", JPEG)
    assert isinstance(found, Undecoded)
    assert (found.contained, "memory" in found.reason) == (True, True)


async def test_a_run_with_nothing_but_jpegs_loads_no_other_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.taken_over(monkeypatch)
    which = hostile.call(hostile.loaded)
    async with MediaWorkers(workers=1, recycle_after=1000) as workers:
        await workers.inspect(URL, JPEG)
        before = hostile.said(await workers.inspect(URL, which))
        for path in MEDIA.iterdir():
            await workers.inspect(URL, path.read_bytes())
        after = hostile.said(await workers.inspect(URL, which))
    assert before == ["PIL", "pikepdf"]  # QPDF hears what is wrong with a JPEG
    assert after == ["PIL", "av", "pikepdf"]


async def test_the_pool_still_refuses_after_its_end() -> None:
    async with MediaWorkers(workers=1) as workers:
        await workers.inspect(URL, JPEG)
    assert (await workers.inspect(URL, JPEG)).sniffed.problem == "the workers have been stopped"
