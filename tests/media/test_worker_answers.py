"""What a worker answers that hostile bytes have taken over: data of the right shape, or it is none."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.media import MediaWorkers
from mmscheck.media.frames import MOST_ANSWER, Drawn, Failed, OddFrameError, Ready, Seen, answered, fit
from mmscheck.model.facts import ImageFacts, Preview, Undecoded
from mmscheck.model.observation import Inspected, Sniffed
from tests.media import hostile

ROOT = Path(__file__).parents[2]
MEDIA = ROOT / "fixtures" / "media"
PAGE = (MEDIA / "login-page.html").read_bytes()
JPEG = (MEDIA / "photo-small.jpg").read_bytes()
URL = "https://media.example.com/photo.jpg"
ODD = "the worker process gave an answer that is none"


@pytest.fixture
async def workers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MediaWorkers]:
    hostile.taken_over(monkeypatch)
    async with MediaWorkers(workers=1, timeout=10.0) as running:
        yield running


class Bomb:
    """Runs code in whoever unpickles it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


def packed(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


def map_of(pairs: dict[Any, Any], **more: Any) -> dict[Any, Any]:
    return {**pairs, **more}


HONEST: dict[str, Any] = msgspec.to_builtins(Seen(hostile.LIE))
DEEP = b"\x91" * 1_500 + b"\x90"


def changed(**of_found: Any) -> bytes:
    """An answer as one of ours, with something changed in it."""
    return packed({**HONEST, "found": {**HONEST["found"], **of_found}})


def facts(**changes: Any) -> dict[str, Any]:
    return {**HONEST["found"]["decoded"], **changes}


ODD_FRAMES = {
    "nothing": b"",
    "no map": packed([1, 2, 3]),
    "text": b"all is well",
    "no kind": packed({"found": None}),
    "another kind": packed({"type": "permit", "found": None}),
    "the first word again": packed({"type": "ready"}),
    "a likeness before the facts": packed({"type": "drawn", "preview": None}),
    "the whole file, which is there": packed({"type": "seen", "found": None}),
    "a likeness that nobody asked for": changed(preview=msgspec.to_builtins(Preview())),
    "a number for a word": changed(decoded=facts(format=7)),
    "a word for a number": changed(decoded=facts(width="640")),
    "a fraction for a number": changed(decoded=facts(width=640.5)),
    "a key too many": packed({**HONEST, "more": 1}),
    "a key too many inside": changed(decoded=facts(verdict="permit")),
    "a key missing": packed({"type": "seen"}),
    "a family that is none": changed(decoded=facts(family="code")),
    "a long spelling": packed(HONEST).replace(
        packed("width") + b"\xcd\x02\x80", packed("width") + b"\xd2\x00\x00\x02\x80"
    ),
    "something behind it": packed(HONEST) + b"\x00",
    "half of it": packed(HONEST)[:-3],
    "deep": DEEP,
    "deep inside": packed({"type": "seen", "found": 1})[:-1] + DEEP,
    "no UTF-8": changed(sniffed={"type": "xx"}).replace(b"\xa2xx", b"\xa2\xff\xfe"),
}


@pytest.mark.parametrize("name", ODD_FRAMES)
async def test_an_odd_answer_is_none_and_ends_its_worker(name: str, workers: MediaWorkers) -> None:
    evil = hostile.call(hostile.write_frames, [ODD_FRAMES[name].hex()])
    found = await workers.inspect(URL, evil)
    assert found.sniffed.problem == ODD
    assert found.decoded is None
    assert (await workers.inspect(URL, JPEG)).sniffed.type == "image/jpeg"


@pytest.mark.parametrize(
    "raw", [b"\xff" * 4, b"\x7f\xff\xff\xff" + b"x" * 100, (MOST_ANSWER + 1).to_bytes(4, "big")]
)
async def test_an_answer_longer_than_any_is_not_waited_for(raw: bytes, workers: MediaWorkers) -> None:
    found = await workers.sniff(URL, hostile.call(hostile.write_raw, raw.hex()))
    assert found.problem == ODD
    assert (await workers.sniff(URL, JPEG)).type == "image/jpeg"


@pytest.mark.parametrize("protocol", [0, 2, 5])
async def test_a_pickle_is_never_opened(protocol: int, workers: MediaWorkers, tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(str(tmp_path / "pwned")), protocol)
    for evil in (
        hostile.call(hostile.write_frames, [bomb.hex()]),
        hostile.call(hostile.write_frames, [packed({"type": "failed", "reason": bomb}).hex()]),
        hostile.call(hostile.write_frames, [changed(decoded=bomb).hex()]),
        hostile.call(hostile.write_raw, (len(bomb).to_bytes(4, "big") + bomb).hex()),
        hostile.call(hostile.write_raw, bomb.hex()),
    ):
        assert (await workers.inspect(URL, evil)).sniffed.problem is not None
    assert not (tmp_path / "pwned").exists()
    pickle.loads(bomb)  # and it is one
    assert (tmp_path / "pwned").exists()


def test_nothing_that_runs_in_the_parent_or_a_worker_knows_pickle() -> None:
    for path in (ROOT / "mmscheck" / "media").glob("*.py"):
        assert "pickle" not in path.read_text()
        assert "multiprocessing" not in path.read_text()


async def test_an_answer_before_the_question_is_taken_for_none(workers: MediaWorkers) -> None:
    """It would else be taken for the answer about the next file."""
    evil = hostile.call(
        hostile.write_frames,
        [packed(msgspec.to_builtins(Seen(Inspected(sniffed=Sniffed(type=None))))).hex(), changed().hex()],
    )
    first = await workers.inspect(URL, evil)
    assert first.sniffed.type is None
    found = await workers.inspect(URL, PAGE)
    assert (found.sniffed.type, found.decoded) == ("text/html", None)


async def test_a_worker_that_was_taken_over_lies_about_no_file_of_another_host(workers: MediaWorkers) -> None:
    assert hostile.said(await workers.inspect("https://evil.example/a.jpg", hostile.call(hostile.lie)))
    assert isinstance((await workers.inspect("https://evil.example/b.jpg", PAGE)).decoded, ImageFacts)
    for url in (
        "https://good.example/a.jpg",
        "https://evil.example.org/a.jpg",
        "https://evil.example:8443/a",
    ):
        found = await workers.inspect(url, PAGE)
        assert (found.sniffed.type, found.decoded) == ("text/html", None)


async def test_nor_for_long_about_those_of_its_own(workers: MediaWorkers) -> None:
    await workers.inspect(URL, hostile.call(hostile.lie))
    found = [(await workers.inspect(URL, PAGE)).sniffed.type for _ in range(40)]
    assert found == ["image/jpeg"] * 31 + ["text/html"] * 9


async def test_a_worker_that_floods_is_ended(workers: MediaWorkers) -> None:
    found = await workers.sniff(URL, hostile.call(hostile.flood))
    assert found.problem == ODD
    assert (await workers.sniff(URL, JPEG)).type == "image/jpeg"


@pytest.mark.parametrize(
    "answer",
    [
        Ready(),
        Seen(None),
        Seen(hostile.LIE),
        Seen(
            Inspected(
                sniffed=Sniffed(type="application/pdf"),
                decoded=Undecoded(expected="x", reason="y", partial={"a": 1}),
            )
        ),
        Drawn(Preview(image=b"x", levels=(1, 2), lines=(("a", "b"),), seconds=1.5)),
        Failed("words"),
    ],
)
def test_what_a_worker_writes_is_what_the_parent_reads(answer: Any) -> None:
    assert answered(fit(answer)[4:]) == answer


def test_facts_of_another_type_than_stated_are_a_fault_of_ours_and_are_not_sent() -> None:
    wrong = ImageFacts(format="JPEG", width="640", height=1, mode="RGB")  # type: ignore[arg-type] # the point
    with pytest.raises(msgspec.ValidationError):
        fit(Seen(Inspected(sniffed=Sniffed(type="image/jpeg"), decoded=wrong)))
    with pytest.raises(OddFrameError):
        answered(packed(msgspec.to_builtins(Seen(Inspected(sniffed=Sniffed(type="x"), decoded=wrong)))))
