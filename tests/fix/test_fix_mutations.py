"""Mutated files through the real processes: an answer for each, no fault of ours, no product that fails."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from mmscheck.fix.aims import aims
from mmscheck.fix.confined import Forge
from mmscheck.fix.plan import step
from mmscheck.fix.proof import Judge
from mmscheck.fix.values import Broken, Job, Mended, Unmended, Wishes
from mmscheck.judge.pipeline import load_rules
from tests.fix.films import film, tone
from tests.fix.made import moving, photo, saved, see_through, turned

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
SMALL = (90, 160)


def seeds() -> dict[str, tuple[str, bytes]]:
    """A file of each kind that is wrong and can be mended, by its type."""
    picture = photo(SMALL)
    return {
        "a.jpg": ("image/jpeg", turned(picture, 6)),
        "a.png": ("image/png", see_through(SMALL)),
        "a.gif": ("image/gif", moving(SMALL, frames=6)),
        "a.webp": ("image/webp", saved(picture, "WEBP")),
        "a.avif": ("image/avif", saved(picture, "AVIF")),
        "a.bmp": ("image/bmp", saved(picture, "BMP")),
        "a.tif": ("image/tiff", saved(picture, "TIFF", compression="tiff_lzw")),
        "a.heic": ("image/heic", (MEDIA / "photo-small.heic").read_bytes()),
        "a.mov": ("video/quicktime", film("mov", size=(64, 48), seconds=0.4)),
        "a.mp4": ("video/mp4", film(form="yuv444p", size=(64, 48), seconds=0.4)),
        "a.aac": ("audio/aac", tone("adts", "aac", seconds=0.3)),
        "a.wav": ("audio/x-wav", tone("wav", "pcm_s24le", seconds=0.3)),
        "a.vcf": ("text/vcard", b"BEGIN:VCARD\nVERSION:2.1\nFN:J\xc3\xb6rg\nTEL;CELL:+1555\nEND:VCARD\n"),
        "a.ics": ("text/calendar", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260701T090000Z\nEND:VEVENT"),
        "a.pdf": ("application/pdf", (MEDIA / "flyer-small.pdf").read_bytes().replace(b"xref", b"xerf")),
    }


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The bytes with a few changed, a piece cut out, doubled or zeroed, or the end missing."""
    made = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(made))
        piece = slice(at, at + dice.randrange(1, 64))
        match dice.randrange(6):
            case 0:
                made[at] = dice.randrange(256)
            case 1:
                made[piece] = bytes(len(made[piece]))
            case 2:
                made[piece] = dice.randbytes(len(made[piece]))
            case 3:
                made[piece] = made[piece] * 2
            case 4:
                del made[piece]
            case _:
                del made[max(at, 40) :]
        if not made:
            made = bytearray(b"\0")
    return bytes(made)


async def _hold(count: int) -> None:
    dice = random.Random(20261130)
    ruleset = load_rules("lint")
    wanted = aims(ruleset)
    files = [(name, type_, data) for name, (type_, data) in seeds().items()]
    async with Judge(ruleset, strict=False) as judge, Forge(timeout=60) as forge:
        turn = asyncio.Semaphore(8)

        async def one(name: str, type_: str, data: bytes) -> bool:
            async with turn:
                before = await judge.medium(name, data)
                todo = step(before, name, data, aims=wanted, wishes=Wishes())
                job = Job(data=data, type=type_, name=name, aims=wanted, wishes=Wishes(), most=525_000)
                answer = await forge.work(todo if isinstance(todo, Job) else job)
                if isinstance(answer, Broken):
                    assert not answer.fault, (name, answer.fault)
                    return False
                if isinstance(answer, Unmended):
                    assert answer.why
                    return False
                assert isinstance(answer, Mended)
                after = await judge.medium(f"a{answer.suffix}", answer.data)
                assert "image-decodes" not in after.failed, (name, data)
                return after.passed

        made = [
            (name, type_, mutated(data, dice))
            for _ in range(-(-count // len(files)))
            for name, type_, data in files
        ]
        kept = await asyncio.gather(*(one(*each) for each in made[:count]))
    assert any(kept)
    assert not all(kept)


async def test_mutated_files_end_as_answers() -> None:
    await _hold(120)


@pytest.mark.long
async def test_two_thousand_mutated_files_end_as_answers() -> None:
    await _hold(2000)
