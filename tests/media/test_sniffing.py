from __future__ import annotations

import io
import struct
import sys
import time
import zipfile
import zlib
from pathlib import Path
from typing import NoReturn

import pytest

from mmscheck.base.extensions import BY_EXTENSION
from mmscheck.media import MediaWorkers
from mmscheck.media.refusal import RefusedError
from mmscheck.media.sample import Sample, WitnessFailedError, ask
from mmscheck.media.sniffing import FAULT, sniff
from mmscheck.media.witnesses import is_web_page, named_type, registered
from mmscheck.model.observation import Sniffed, Witness

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"

TYPES = {
    "banner-large.png": ("image/png", "libmagic"),
    "chime-large.wav": ("audio/x-wav", "libmagic"),
    "chime-small.wav": ("audio/x-wav", "libmagic"),
    "clip-large.3gp": ("video/3gpp", "libmagic"),
    "clip-large.mp4": ("video/mp4", "libmagic"),
    "clip-small.3gp": ("video/3gpp", "libmagic"),
    "clip-small.avi": ("video/x-msvideo", "libmagic"),
    "clip-small.mov": ("video/quicktime", "libmagic"),
    "clip-small.mp4": ("video/mp4", "libmagic"),
    "clip-small.mpg": ("video/mpeg", "libmagic"),
    "clip-small.wmv": ("video/x-ms-asf", "libmagic"),
    "contact-large.vcf": ("text/vcard", "libmagic"),
    "contact-small.vcf": ("text/vcard", "libmagic"),
    "dance-large.gif": ("image/gif", "libmagic"),
    "dance-small.gif": ("image/gif", "libmagic"),
    "empty.bin": (None, None),
    "event-large.ics": ("text/calendar", "libmagic"),
    "event-small.ics": ("text/calendar", "libmagic"),
    "flyer-large.pdf": ("application/pdf", "libmagic"),
    "flyer-small.pdf": ("application/pdf", "libmagic"),
    "jingle-large.mp3": ("audio/mpeg", "libmagic"),
    "jingle-odd.mp3": ("audio/mpeg", "ffmpeg"),
    "jingle-small.mp3": ("audio/mpeg", "libmagic"),
    "login-page.html": ("text/html", "libmagic"),
    "logo-small.png": ("image/png", "libmagic"),
    "mystery.bin": (None, None),
    "pass-large.pkpass": ("application/vnd.apple.pkpass", "content"),
    "pass-small.pkpass": ("application/vnd.apple.pkpass", "content"),
    "photo-large.jpg": ("image/jpeg", "libmagic"),
    "photo-small.avif": ("image/avif", "libmagic"),
    "photo-small.heic": ("image/heic", "libmagic"),
    "photo-small.jpg": ("image/jpeg", "libmagic"),
    "photo-small.webp": ("image/webp", "libmagic"),
}


def look(data: bytes, url: str = "https://media.example.com/file") -> Sniffed:
    """Sniff a whole file in this process."""
    found = sniff(Sample(data=data, size=len(data), named=named_type(url)))
    assert found is not None
    return found


def asked(found: Sniffed) -> list[str]:
    return [witness.name for witness in found.witnesses]


async def test_workers_find_the_type_of_every_fixture_whatever_its_url_says() -> None:
    seen = {}
    async with MediaWorkers() as workers:
        for path in MEDIA.iterdir():
            found = await workers.sniff("https://media.example.com/download?id=7", path.read_bytes())
            assert found.problem is None
            assert found.web_page is (path.name == "login-page.html")
            seen[path.name] = (found.type, found.witness)
    assert seen == TYPES


async def test_bytes_win_over_the_extension() -> None:
    async with MediaWorkers() as workers:
        heic = await workers.sniff("https://example.com/photo.jpg", (MEDIA / "photo-small.heic").read_bytes())
        page = await workers.sniff("https://example.com/photo.jpg", (MEDIA / "login-page.html").read_bytes())
    assert (heic.type, heic.witness) == ("image/heic", "libmagic")
    assert (page.type, page.web_page) == ("text/html", True)


def test_the_head_of_a_large_file_is_enough_when_it_tells() -> None:
    whole = (MEDIA / "photo-large.jpg").read_bytes()
    found = sniff(Sample(data=whole[:16384], size=len(whole)))
    assert found is not None
    assert found.witnesses == (
        Witness(name="libmagic", type="image/jpeg", detail=f"read the first 16384 of {len(whole)} bytes"),
    )


@pytest.mark.parametrize("name", ["pass-large.pkpass", "mystery.bin"])
def test_the_whole_file_is_asked_for_when_the_head_tells_too_little(name: str) -> None:
    whole = (MEDIA / name).read_bytes()
    assert sniff(Sample(data=whole[:2048], size=len(whole))) is None


def test_an_extension_alone_decides_only_when_the_bytes_told_nobody_anything() -> None:
    found = look((MEDIA / "mystery.bin").read_bytes(), "https://example.com/a/photo.JPG?size=2")
    assert (found.type, found.witness) == ("image/jpeg", "extension")
    assert asked(found) == ["libmagic", "pillow", "ffmpeg", "mutagen", "content", "extension"]
    assert [witness.type for witness in found.witnesses[:-1]] == [None] * 5


@pytest.mark.parametrize(
    "url", ["https://example.com/card.vcf", "https://example.com/x", "http://[::1/x.jpg"]
)
def test_an_extension_of_a_text_or_none_says_nothing_about_bytes_that_are_no_text(url: str) -> None:
    found = look((MEDIA / "mystery.bin").read_bytes(), url)
    assert (found.type, found.witness) == (None, None)


@pytest.mark.parametrize(
    ("data", "type_"),
    [(b"Not found\n", "text/plain"), (b'{"error": "expired"}', "application/json")],
)
def test_a_text_stays_what_it_is_behind_any_extension(data: bytes, type_: str) -> None:
    for url in ("https://example.com/a.jpg", "https://example.com/a.vcf", "https://example.com/a.pkpass"):
        found = look(data, url)
        assert (found.type, found.witness) == (type_, "libmagic")
        assert "extension" not in asked(found)


@pytest.mark.parametrize(
    ("data", "type_"),
    [
        (b"\xef\xbb\xbf\r\n begin:vcard\r\nVERSION:3.0\r\n", "text/vcard"),
        (b"\n\nBEGIN:VCALENDAR\nVERSION:2.0\n", "text/calendar"),
    ],
)
def test_an_object_behind_blank_lines_is_known_by_its_first_words(data: bytes, type_: str) -> None:
    found = look(data)
    assert (found.type, found.witness) == (type_, "content")


@pytest.mark.parametrize(
    "page",
    [
        b"<!doctype html><title>x</title>",
        b"\xef\xbb\xbf \r\n\t<HTML lang=en>",
        b"<!-- one --> <!-- two\n -->\n<html>",
        b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x">\n<html>',
        b"<script>location='/login'</script>",
        b"<!doctype html>\x00\x01\x02\xff",
        "<!DOCTYPE html><html>".encode("utf-16"),
    ],
)
def test_a_web_page_is_known_however_it_begins(page: bytes) -> None:
    found = look(page, "https://example.com/a.jpg")
    assert found.web_page
    assert found.type == "text/html"


def test_a_page_of_many_comments_costs_no_time() -> None:
    started = time.process_time()
    assert not is_web_page(b"<!---->" * 9000 + b"<no page")
    assert time.process_time() - started < 1


@pytest.mark.parametrize("data", [b"<pre-release notes", b'<?xml version="1.0"?><slide/>', b"<!-- only"])
def test_other_markup_is_no_web_page(data: bytes) -> None:
    assert not look(data).web_page


def test_a_picture_that_libmagic_does_not_know_is_known_by_pillow() -> None:
    png = (MEDIA / "logo-small.png").read_bytes()
    body = b"tEXtTitle\x00moved"
    note = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    found = look(png[:8] + note + png[8:])
    assert (found.type, found.witness) == ("image/png", "pillow")
    assert found.witnesses[0].type is None


def test_pillow_refuses_a_picture_of_too_many_pixels() -> None:
    head = struct.pack(">II", 30_000, 30_000) + b"\x08\x02\x00\x00\x00"
    note, ihdr = b"tEXta\x00b", b"IHDR" + head
    chunks = [
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (note, ihdr, b"IDAT")
    ]
    found = look(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    assert found.type is None
    assert "more than 64 million pixels" in found.witnesses[1].detail


@pytest.mark.parametrize(
    "head", [b"MZ", b"\x1f\x8b", b"BZh", b"#!/bin/sh\n", struct.pack("<5i6s", 0, 10, 10, 0, 6, b"hello")]
)
def test_a_sound_that_begins_in_a_frame_is_no_program(head: bytes) -> None:
    sound = (MEDIA / "jingle-large.mp3").read_bytes()
    rest = sound[sound.index(b"\xff\xfb", 4000) + 200 :]
    data = head + rest
    found = sniff(Sample(data=data, size=len(data), named="audio/mpeg"))
    assert found is not None
    assert found.type == "audio/mpeg"
    # What is a program with a sound behind it stays one, and so does a program that is only called a sound.
    for other in (head + bytes(4000) + rest, head + bytes(range(256)) * 40):
        found = sniff(Sample(data=other, size=len(other), named="audio/mpeg"))
        assert found is not None
        assert found.type != "audio/mpeg"


def test_a_few_stray_frames_make_no_mp3() -> None:
    odd = (MEDIA / "jingle-odd.mp3").read_bytes()
    starts = [place for place in range(len(odd)) if odd[place : place + 2] == b"\xff\xf3"]
    found = look(bytes(1024) + odd[starts[10] : starts[13]] + bytes(1024))
    assert found.type is None
    assert "hardly any" in found.witnesses[3].detail


def test_an_archive_is_a_pass_also_when_it_lacks_something() -> None:
    for names, type_ in (
        (["pass.json", "manifest.json"], "application/vnd.apple.pkpass"),
        (["pass.json"], "application/vnd.apple.pkpass"),
        (["old/pass.json", "old/manifest.json"], "application/vnd.apple.pkpass"),
        (["old/pass.json"], "application/zip"),
        (["manifest.json"], "application/zip"),
    ):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(name, "{}")
        assert look(file.getvalue(), "https://example.com/a.pkpass").type == type_


def test_half_an_archive_is_no_pass() -> None:
    whole = (MEDIA / "pass-large.pkpass").read_bytes()
    found = look(whole[: len(whole) // 2], "https://example.com/a.pkpass")
    assert (found.type, found.witness) == ("application/zip", "libmagic")
    assert found.witnesses[1].detail == "it is no whole ZIP archive"


def test_a_witness_that_breaks_off_is_our_fault_unless_another_knows_the_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("PIL.Image.open", broken)
    found = look((MEDIA / "jingle-odd.mp3").read_bytes())
    assert (found.type, found.witness, found.fault) == ("audio/mpeg", "ffmpeg", "")
    monkeypatch.setattr("av.open", broken)
    found = look((MEDIA / "jingle-odd.mp3").read_bytes())
    assert (found.type, found.witness, found.fault) == ("audio/mpeg", "mutagen", "")
    monkeypatch.setitem(sys.modules, "mutagen", None)
    found = look((MEDIA / "jingle-odd.mp3").read_bytes(), "https://example.com/odd.mp3")
    assert (found.type, found.problem) == (None, FAULT)
    assert "TypeError: open() got" in found.fault


def broken(*_given: object, **_named: object) -> NoReturn:
    raise TypeError("open() got an unexpected keyword argument 'formats'")


def test_a_witness_whose_library_refuses_could_not_tell_and_one_that_breaks_off_is_named() -> None:
    def refuse(sample: Sample) -> tuple[str | None, str]:
        raise RefusedError(f"{sample.size} is bad")

    def stumble(sample: Sample) -> tuple[str | None, str]:
        raise ValueError(f"bad {sample.size}")

    def choke(sample: Sample) -> tuple[str | None, str]:
        raise MemoryError

    sample = Sample(data=b"x", size=1)
    assert ask("w", refuse, sample) == Witness(name="w", type=None, detail="1 is bad")
    with pytest.raises(WitnessFailedError) as failure:
        ask("w", stumble, sample)
    assert failure.value.name == "w"
    with pytest.raises(MemoryError):
        ask("w", choke, sample)


def test_names_of_libraries_are_told_by_their_registered_names() -> None:
    assert registered("text/x-vcard") == "text/vcard"
    assert registered("Audio/AMR") == "audio/amr"
    assert all(registered(name) == name for name in BY_EXTENSION.values())
