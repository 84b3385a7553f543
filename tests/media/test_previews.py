from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from mmscheck.media import MediaWorkers, previews_image
from mmscheck.media.previews import DRAWERS, preview
from mmscheck.model.facts import Decoded, ImageFacts, Preview, Undecoded
from mmscheck.model.observation import Fetched, Inspected, Observation, Sniffed, Timing
from tests.media import bombs, hostile
from tests.media.test_mutations import mutations

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = [path for folder in ("media", "odd-media") for path in sorted((FIXTURES / folder).iterdir())]
JPEG = (FIXTURES / "media" / "photo-small.jpg").read_bytes()
FACTS = ImageFacts(format="JPEG", width=160, height=284, mode="RGB")
URL = "https://media.example.com/x"
NUMBER = int(os.environ.get("MMSCHECK_MUTATIONS", "99"))
WITHOUT = {"empty.bin", "login-page.html", "mystery.bin"}


def told(found: Inspected) -> tuple[Sniffed, Decoded | None]:
    return found.sniffed, found.decoded


def is_fit(found: Preview) -> bool:
    """Whether it is within what a report can take."""
    return found.width <= 320 and found.height <= 569 and len(found.image) <= 40_000 and len(found.lines) <= 8


async def test_every_sound_fixture_has_a_likeness_and_its_facts_are_the_same_with_and_without() -> None:
    async with MediaWorkers() as workers:
        for path in FILES:
            data = path.read_bytes()
            plain = await workers.inspect(path.name, data)
            drawn = await workers.inspect(path.name, data, preview=True)
            assert plain.preview is None
            assert told(drawn) == told(plain)
            without = path.name in WITHOUT or isinstance(plain.decoded, Undecoded)
            assert (drawn.preview is None) == without, path.name
            assert drawn.preview is None or is_fit(drawn.preview)


async def test_what_a_likeness_shows_depends_on_the_family() -> None:
    shows = {
        "photo-small.heic": ("image/jpeg", 0, 0),
        "logo-small.png": ("image/png", 0, 0),
        "clip-small.mp4": ("image/jpeg", 0, 0),
        "jingle-small.mp3": ("", 64, 0),
        "film-without-pictures.mp4": ("", 64, 0),
        "contact-small.vcf": ("", 0, 4),
        "event-small.ics": ("", 0, 3),
        "flyer-small.pdf": ("", 0, 1),
        "pass-small.pkpass": ("", 0, 4),
    }
    seen = {}
    async with MediaWorkers() as workers:
        for path in FILES:
            if path.name in shows:
                drawn = (await workers.inspect(URL, path.read_bytes(), preview=True)).preview or Preview()
                seen[path.name] = (drawn.image_type, len(drawn.levels), len(drawn.lines))
    assert seen == shows


async def test_no_mutated_file_has_other_facts_for_being_drawn() -> None:
    files = list(mutations(NUMBER))
    async with MediaWorkers() as workers:
        plain = await asyncio.gather(*[workers.inspect(URL, data) for _, data in files])
        drawn = await asyncio.gather(*[workers.inspect(URL, data, preview=True) for _, data in files])
    assert [name for (name, _), a, b in zip(files, plain, drawn, strict=True) if told(a) != told(b)] == []
    likenesses = [one.preview for one in drawn if one.preview is not None]
    assert all(map(is_fit, likenesses))
    assert len(likenesses) > NUMBER / 10


@pytest.mark.parametrize(
    "bomb", [bombs.wide_png(), bombs.text_png(), bombs.gif(501), bombs.pkpass(), bombs.pdf()]
)
async def test_a_bomb_has_the_same_facts_for_being_drawn(bomb: bytes) -> None:
    async with MediaWorkers(workers=1) as workers:
        assert told(await workers.inspect(URL, bomb, preview=True)) == told(await workers.inspect(URL, bomb))


@pytest.mark.parametrize("end", [hostile.POISON, hostile.TAR])
async def test_a_worker_lost_over_a_likeness_costs_neither_type_nor_facts(
    end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.taken_over(monkeypatch)
    async with MediaWorkers(workers=1, timeout=6.0) as workers:
        bodies = [JPEG, JPEG + end + hostile.PREVIEWS_ONLY, JPEG]
        found = await asyncio.gather(*[workers.inspect(URL, body, preview=True) for body in bodies])
    assert [one.decoded for one in found] == [FACTS] * 3
    assert [one.sniffed.type for one in found] == ["image/jpeg"] * 3
    assert [one.preview is None for one in found] == [False, True, False]


@pytest.mark.parametrize("error", [MemoryError(), ValueError("no"), RecursionError(), ImportError("none")])
def test_whatever_a_drawer_raises_is_no_likeness(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(previews_image, "draw", fail)
    assert preview("image/jpeg", JPEG, FACTS) is None


def test_bytes_of_no_known_type_and_refused_files_have_no_likeness() -> None:
    assert preview(None, JPEG, FACTS) is None
    assert preview("image/jpeg", JPEG, None) is None
    assert preview("image/jpeg", JPEG, Undecoded(expected="image", reason="broken")) is None


def test_every_family_of_facts_has_a_drawer() -> None:
    families = {each for each in Decoded.__args__ if each is not Undecoded}
    assert set(DRAWERS) == families


def test_an_observation_with_a_likeness_goes_into_json_and_back() -> None:
    drawn = preview("image/jpeg", JPEG, FACTS)
    assert drawn is not None
    seen = Fetched(
        url=URL,
        hops=(),
        size=len(JPEG),
        sha256="",
        timing_ms=Timing(total=1),
        sniffed=Sniffed(type="image/jpeg"),
        decoded=FACTS,
        preview=drawn,
    )
    assert msgspec.json.decode(msgspec.json.encode(seen), type=Observation) == seen
