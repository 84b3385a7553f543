"""Mending over HTTP: what comes back is mended, judged, packed harmlessly, and its owner's alone."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox
from mmscheck.serve import Caps
from tests.support.command import image, message
from tests.support.serving import TOKENS, Answer, Client, form, serving

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
PHOTO = (MEDIA / "photo-small.jpg").read_bytes()
HEIC = (MEDIA / "photo-small.heic").read_bytes()
BROKEN = message(image("photo-small.heic?a=1"), subject="Fish \U0001f31e & more").encode()
FIXER = {"fixer": ("fixer-token-0123456789abcdef", ["check", "fix"]), **TOKENS}


def packed(answer: Answer) -> dict[str, bytes]:
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as pack:
        assert pack.testzip() is None
        return {name: pack.read(name) for name in pack.namelist()}


async def mended(client: Client, *parts: tuple[str, str, bytes], **options: object) -> Answer:
    data = form(*parts, options=json.dumps(options))
    return await client.post("/v1/fix", data=data, headers={"Prefer": "wait=100"})


async def test_a_message_and_its_picture_are_mended_and_then_pass(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False) as client:
        parts = ("document", "a/sale.xml", BROKEN), ("file", "a/photo-small.heic", HEIC)
        before = await client.post("/v1/lint", data=form(*parts))
        assert before.status == 422
        answer = await mended(client, *parts)
        assert (answer.status, answer.json()["passed"]) == (200, True), answer.text
        assert [one["action"] for one in answer.json()["files"]] == ["mended", "mended"]
        place = answer.headers["Content-Location"]
        files = packed(await client.get(f"{place}/files"))
        assert sorted(files) == ["a/photo-small.jpg", "a/sale.xml"]
        assert b"photo-small.jpg?a=1" in files["a/sale.xml"]
        assert files["a/photo-small.jpg"].startswith(b"\xff\xd8")
        again = await client.post(f"{place}/check", headers={"Prefer": "wait=100"})
        assert (again.status, again.json()["verdict"]) == (200, "pass-offline")
        assert len(again.json()["messages"]) == 2
        page = await client.get(place, headers={"Accept": "text/html"})
        assert page.text.count("data:image/") >= 2
        assert "sandbox" in page.headers["Content-Security-Policy"]
        share = await client.post(f"{place.replace('fixes', 'checks')}/share", {"seconds": 60})
        assert "Before and after" in (await client.get(f"{share.json()['path']}?format=html")).text
        assert (await client.get(place.replace("fixes", "checks"))).problem == "not-found"


async def test_what_cannot_be_mended_is_told_and_is_not_in_the_files(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False) as client:
        answer = await mended(client, ("file", "cut.jpg", PHOTO[:200]), ("file", "whole.jpg", PHOTO))
        assert (answer.status, answer.json()["passed"]) == (422, False)
        place = answer.headers["Content-Location"]
        assert list(packed(await client.get(f"{place}/files"))) == ["whole.jpg"]
        only = await mended(client, ("file", "cut.jpg", PHOTO[:200]))
        assert (await client.post(f"{only.headers['Content-Location']}/check")).problem == "not-found"
        notes = await mended(client, ("file", "notes.txt", b"only words, and no medium"))
        assert (notes.status, "notes.txt" in notes.json()["unread"][0]) == (422, True)


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("../../../etc/passwd.jpg", "etc/passwd.jpg"),
        ("/abs/photo.jpg", "abs/photo.jpg"),
        ("C:\\temp\\photo.jpg", "C_/temp/photo.jpg"),
        ("a/./../b/photo.jpg", "a/b/photo.jpg"),
        ("<script>.jpg", "_script_.jpg"),
        ("x" * 400 + ".jpg", "x" * 116 + ".jpg"),
    ],
)
async def test_whoever_unpacks_gets_files_below_his_folder(tmp_path: Path, name: str, becomes: str) -> None:
    async with serving(tmp_path, tokens=False) as client:
        answer = await mended(client, ("file", name, PHOTO))
        assert list(packed(await client.get(f"{answer.headers['Content-Location']}/files"))) == [becomes]


async def test_two_of_one_name_are_both_kept(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False) as client:
        heic = ("file", "photo.heic", HEIC)
        answer = await mended(client, ("file", "photo.jpg", PHOTO), heic, heic)
        files = packed(await client.get(f"{answer.headers['Content-Location']}/files"))
        assert len(files) == 3
        assert files["photo.jpg"] == PHOTO


async def test_mending_needs_its_right_and_is_the_owners_alone(tmp_path: Path) -> None:
    async with serving(tmp_path, known=FIXER) as anybody:
        for name in TOKENS:
            assert (await anybody.by(name).post("/v1/fix", data=form(("file", "a.jpg", PHOTO)))).problem == (
                "no-right"
            )
        answer = await mended(anybody.by("fixer"), ("file", "a.jpg", PHOTO))
        place = answer.headers["Content-Location"]
        other = {"other": ("other-token-0123456789abcdef", ["check", "fix"]), **FIXER}
    async with serving(tmp_path, known=other) as anybody:
        assert (await anybody.by("fixer").get(f"{place}/files")).status == 200
        for path in (place, f"{place}/files", place.replace("fixes", "jobs")):
            assert (await anybody.by("other").get(path)).problem == "not-found"
        assert (await anybody.by("other").post(f"{place}/check")).problem == "not-found"


async def test_a_mended_message_is_checked_with_what_its_host_has(tmp_path: Path) -> None:
    named = message(image("photo-small.png"), subject="Fish \U0001f31e").encode()
    host = Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)])
    async with host as box, serving(tmp_path, box=box, tokens=False) as client:
        wait = {"Prefer": "wait=100"}
        answer = await mended(client, ("document", "sale.xml", named), ("file", "photo-small.png", PHOTO))
        place = answer.headers["Content-Location"]
        files = packed(await client.get(f"{place}/files"))
        assert b"photo-small.jpg" in files["sale.xml"]
        there = await client.post(f"{place}/check?hosted=yes", headers=wait)
        assert (there.status, there.json()["verdict"]) == (200, "permit"), there.text
        (checked,) = there.json()["messages"]
        assert checked["media"][0]["observation"]["status"] == "fetched"
        offline = await client.post(f"{place}/check?hosted=no", headers=wait)
        assert offline.json()["verdict"] == "pass-offline"
        assert (await client.post(f"{place}/check?hosted=perhaps")).problem == "malformed"
        alone = await mended(client, ("file", "a.heic", HEIC))
        none = await client.post(f"{alone.headers['Content-Location']}/check?hosted=yes")
        assert none.problem == "not-found"


async def test_options_are_those_of_the_command_and_others_are_refused(tmp_path: Path) -> None:
    async with Sandbox() as box, serving(tmp_path, box=box, tokens=False) as client:
        parts = (("file", "a.gif", (MEDIA / "dance-small.gif").read_bytes()),)
        still = await mended(client, *parts, still=True, strict=True)
        assert still.json()["files"][0]["target"].endswith((".jpg", ".png")), still.text
        for wrong in ({"stil": True}, {"background": "red"}, {"shape": "round"}, {"carriers": ["nobody"]}):
            assert (await mended(client, *parts, **wrong)).problem == "malformed"
        assert (await client.post("/v1/fix", data=form(options="{}"))).problem == "malformed"


async def test_a_fix_has_its_time_and_its_size(tmp_path: Path) -> None:
    async with serving(tmp_path, tokens=False, caps=Caps(mend_seconds=0.0)) as client:
        late = await mended(client, ("file", "a.heic", HEIC))
        assert (late.status, late.problem) == (500, "ended")
        place = f"/v1/fixes/{late.headers['Content-Location'].rpartition('/')[2]}"
        assert (await client.get(place)).problem == "ended"
        assert (await client.get(f"{place}/files")).problem == "not-found"
