from __future__ import annotations

import asyncio
import sys
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

import pytest

from mmscheck.errors import SandboxError
from mmscheck.sandbox import Encoding, Postbacks, Sandbox, Ways
from tests.sandbox.raw_http import call, medium, save_xml, send_xml, slide, text
from tests.sandbox.receiver import Receiver, receiving

MEDIA = resources.files("mmscheck.fixtures") / "media"


@asynccontextmanager
async def boxed(
    encoding: Encoding | None, media_dir: Path | None = None
) -> AsyncIterator[tuple[Sandbox, Receiver]]:
    async with receiving() as receiver:
        ways = Ways(encoding=encoding, postbacks=Postbacks(url=receiver.url))
        async with Sandbox(ways=ways, media_dir=media_dir) as box:
            yield box, receiver


async def save(box: Sandbox, *media: tuple[str, str]) -> str:
    slides = [slide(medium(kind, box.media_url + file)) for kind, file in media]
    answer = await call(box, save_xml(slide(text()), *slides))
    assert answer["status"] == "Success", answer
    return answer["mms-id"]


async def send_code(box: Sandbox, mms_id: str) -> str | None:
    return (await call(box, send_xml(mms_id))).get("error-code")


async def settled(box: Sandbox) -> None:
    async with asyncio.timeout(60):
        await box.settled()


@pytest.mark.parametrize(
    "media", [(), (("image", "photo-small.jpg"),), (("pdf", "flyer-small.pdf"), ("image", "dance-small.gif"))]
)
async def test_without_audio_and_video_a_message_is_ready_and_told_so_at_once(
    media: tuple[tuple[str, str], ...],
) -> None:
    async with boxed(Encoding(seconds=60)) as (box, receiver):
        mms_id = await save(box, *media)
        assert await send_code(box, mms_id) is None
        await receiver.until(1)
        assert receiver.posts[0].root == "POSTBACK"
        assert receiver.posts[0].fields == {"ORIGIN": "MMS_MT", "CODE": "N003", "MMSID": mms_id}


@pytest.mark.parametrize(("kind", "file"), [("audio", "jingle-small.mp3"), ("video", "clip-small.mp4")])
async def test_audio_and_video_can_be_sent_only_after_n003(kind: str, file: str) -> None:
    async with boxed(Encoding(seconds=0.5)) as (box, receiver):
        began = time.monotonic()
        mms_id = await save(box, (kind, file))
        assert await send_code(box, mms_id) == "E626"
        assert (box.sent, receiver.posts) == ([], [])
        await receiver.until(1)
        assert (receiver.codes, receiver.posts[0].fields["MMSID"]) == (["N003"], mms_id)
        assert receiver.posts[0].at - began >= 0.5
        assert await send_code(box, mms_id) is None
        assert len(box.sent) == 1


async def test_every_sample_of_audio_and_video_is_decodable() -> None:
    files = [
        ("audio", "jingle-odd.mp3"),
        ("audio", "chime-small.wav"),
        ("video", "clip-small.3gp"),
        ("video", "clip-small.avi"),
        ("video", "clip-small.mpg"),
        ("video", "clip-small.wmv"),
    ]
    async with boxed(Encoding()) as (box, receiver):
        await save(box, *files)
        await settled(box)
        assert receiver.codes == ["N003"]


def broken(folder: Path) -> Path:
    """Files that look right from outside and cannot be decoded."""
    (folder / "a.mp3").write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(5000))
    (folder / "silent.wav").write_bytes((MEDIA / "chime-small.wav").read_bytes()[:36] + b"junk" * 9)
    (folder / "a.mp4").write_bytes((MEDIA / "clip-small.mp4").read_bytes()[:3000])
    with wave.open(str(folder / "empty.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
    photo = (MEDIA / "photo-small.jpg").read_bytes()
    (folder / "a.jpg").write_bytes(photo[:4] + b"\x00" * 500 + photo[-2:])
    (folder / "good.mp3").write_bytes((MEDIA / "jingle-small.mp3").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("kind", "file", "code", "name"),
    [
        ("audio", "a.mp3", "E002", "AUDIONAME"),
        ("audio", "silent.wav", "E002", "AUDIONAME"),
        ("audio", "empty.wav", "E002", "AUDIONAME"),
        ("video", "a.mp4", "E003", "VIDEONAME"),
    ],
)
async def test_what_cannot_be_decoded_makes_the_id_unusable(
    tmp_path: Path, kind: str, file: str, code: str, name: str
) -> None:
    async with boxed(Encoding(seconds=0.3), broken(tmp_path)) as (box, receiver):
        mms_id = await save(box, ("audio", "good.mp3"), (kind, file))
        assert await send_code(box, mms_id) == "E626"
        await settled(box)
        (post,) = receiver.posts
        assert post.fields == {
            "ORIGIN": "MMS_MT",
            "CODE": code,
            "MMSID": mms_id,
            name: box.media_url + file,
        }
        answer = await call(box, send_xml(mms_id))
        assert answer["error-code"] == "E241"
        assert f"the {kind} in slide 3 cannot be decoded" in answer["error-info"]
        assert box.sent == []


async def test_images_are_encoded_on_request_only(tmp_path: Path) -> None:
    async with boxed(Encoding(), broken(tmp_path)) as (box, receiver):
        await save(box, ("image", "a.jpg"))
        await settled(box)
        assert receiver.codes == ["N003"]
    async with boxed(Encoding(images=True), tmp_path) as (box, receiver):
        mms_id = await save(box, ("image", "a.jpg"))
        await settled(box)
        assert receiver.codes == ["E004"]
        assert await send_code(box, mms_id) == "E241"
    async with boxed(Encoding(images=True)) as (box, receiver):
        await save(box, ("image", "photo-small.jpg"))
        await settled(box)
        assert receiver.codes == ["N003"]


async def test_without_encoding_nothing_is_decoded_and_everything_ready(tmp_path: Path) -> None:
    async with boxed(None, broken(tmp_path)) as (box, receiver):
        mms_id = await save(box, ("video", "a.mp4"))
        assert await send_code(box, mms_id) is None
        await receiver.until(1)
        assert receiver.posts[0].code == "N003"


async def test_a_decoder_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "hangs.py"
    program.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr("mmscheck.sandbox.encoding._PROGRAM", program)
    monkeypatch.setattr("mmscheck.sandbox.encoding.DECODE_SECONDS", 0.3)
    async with boxed(Encoding()) as (box, receiver):
        began = time.monotonic()
        await save(box, ("audio", "jingle-small.mp3"))
        await settled(box)
        assert time.monotonic() - began < 30
        assert receiver.codes == ["E002"]


async def test_a_sandbox_that_ends_ends_its_decoders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "hangs.py"
    program.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr("mmscheck.sandbox.encoding._PROGRAM", program)
    before = asyncio.all_tasks()
    async with boxed(Encoding()) as (box, _receiver):
        await save(box, ("audio", "jingle-small.mp3"))
        await asyncio.sleep(0.2)
        began = time.monotonic()
    assert time.monotonic() - began < 15
    assert asyncio.all_tasks() == before


async def test_without_a_decoder_nothing_is_said_about_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    async with boxed(Encoding()) as (box, receiver):
        mms_id = await save(box, ("audio", "jingle-small.mp3"))
        await settled(box)
        outcome = "broke down: the sandbox cannot start its decoder: No such file or directory"
        assert [event.outcome for event in box.events if event.source == "sandbox"] == [outcome]
        assert receiver.posts == []
        assert await send_code(box, mms_id) == "E626"


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_an_impossible_time_is_refused(seconds: float) -> None:
    with pytest.raises(SandboxError, match="the time for encoding must be 0 seconds or more"):
        Encoding(seconds=seconds)
