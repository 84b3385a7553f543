"""``check --fail-fast``, installed: what is not checked is told, and exit codes mean the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.command import image, message, mmscheck

GOOD = message(image("photo-small.jpg"), "<message-text>See you</message-text>")
CHUNKED = message(image("chunked/photo-small.jpg"))
GONE = message(image("photo-small.jpg", host="nothing.example.com"))


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


def network(box: Sandbox) -> list[str]:
    ports = {"media.example.com": box.media_port, "nothing.example.com": 1}
    mapped = [f"--connect-to={host}:80:127.0.0.1:{port}" for host, port in ports.items()]
    return [*mapped, "--allow-net", "127.0.0.1/32"]


def folder(tmp_path: Path, *texts: str) -> Path:
    place = tmp_path / "mms"
    place.mkdir()
    for at, text in enumerate(texts):
        (place / f"{at}.xml").write_text(text, encoding="utf-8")
    return place


async def test_it_ends_at_the_first_denied_and_names_what_was_not_checked(
    box: Sandbox, tmp_path: Path
) -> None:
    place = folder(tmp_path, GOOD, CHUNKED, GOOD, CHUNKED)
    report = tmp_path / "report.json"
    ran = await mmscheck(
        *("check", place, "--fail-fast", "--format", "text", "--format", f"json={report}"),
        *network(box),
        cwd=tmp_path,
    )
    assert (ran.code, ran.err) == (1, "")
    assert "PERMIT  mms/0.xml" in ran.out.replace(str(tmp_path) + "/", "")
    assert ran.out.count("blocks: not-chunked") == 1
    told = " ".join(ran.out.split())
    assert "NOT CHECKED: 2 messages after the first that was denied: " in told
    assert "2 messages were not checked, because the run ended at the first that was denied." in told
    document = json.loads(report.read_text(encoding="utf-8"))
    assert [Path(each["source"]).name for each in document["messages"]] == ["0.xml", "1.xml"]
    assert [Path(each).name for each in document["not_checked"]] == ["2.xml", "3.xml"]
    assert document["exit_code"] == 1
    assert document["reasons"] == [
        "2 messages were not checked, because the run ended at the first that was denied"
    ]


async def test_an_undecided_message_that_ends_it_exits_3(box: Sandbox, tmp_path: Path) -> None:
    ran = await mmscheck("check", folder(tmp_path, GONE, CHUNKED), "--fail-fast", *network(box), cwd=tmp_path)
    assert ran.code == 3
    assert "blocks: not-chunked" not in ran.out


async def test_where_all_is_well_it_changes_nothing(box: Sandbox, tmp_path: Path) -> None:
    ran = await mmscheck("check", folder(tmp_path, GOOD, GOOD), "--fail-fast", *network(box), cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert "NOT CHECKED" not in ran.out


async def test_inputs_that_could_not_be_read_still_decide_the_exit_code(box: Sandbox, tmp_path: Path) -> None:
    place = folder(tmp_path, CHUNKED, GOOD)
    ran = await mmscheck("check", place, tmp_path / "missing.xml", "--fail-fast", *network(box), cwd=tmp_path)
    assert ran.code == 2
    assert "NOT READ: " in ran.out


async def test_the_last_message_being_denied_leaves_nothing_unchecked(box: Sandbox, tmp_path: Path) -> None:
    ran = await mmscheck("check", folder(tmp_path, GOOD, CHUNKED), "--fail-fast", *network(box), cwd=tmp_path)
    assert ran.code == 1
    assert "NOT CHECKED" not in ran.out
