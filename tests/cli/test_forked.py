"""Commands that tests fork from a loaded process end, and say, what the installed program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import command
from tests.support.command import Ran, image, installed, message, mmscheck, surroundings

FINE = message("<message-text>See you</message-text>")
SIGNED = message(image("photo.jpg?X-Amz-Signature=0123456789abcdef0123456789abcdef"))
CLOSED = ("--connect-to", "media.example.com:80:127.0.0.1:1", "--allow-net", "127.0.0.1/32")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("--help",),
        ("send", "--help"),
        ("nonsense",),
        ("check", "fine.xml"),
        ("check", "-", "--format", "json"),
        ("check", "broken.xml", "--format", "sarif"),
        ("check", "missing.xml"),
        ("lint", "fine.xml", "broken.xml", "photo.jpg"),
        ("ledger", "list"),
        ("rules", "explain", "subject-present"),
    ],
)
async def test_a_forked_command_does_what_the_installed_one_does(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "fine.xml").write_text(FINE)
    (tmp_path / "broken.xml").write_text(message("<message-text>Hi</message-text>", subject=""))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    ours = await mmscheck(*arguments, cwd=tmp_path, stdin=FINE.encode())
    assert timeless(ours) == timeless(
        await installed(*arguments, cwd=tmp_path, env=surroundings(), stdin=FINE.encode())
    )


def timeless(ran: Ran) -> Ran:
    out = re.sub(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z|\b[\d.]+ m?s\b|\"duration_ms\": \d+", "", ran.out)
    return Ran(code=ran.code, out=out, err=ran.err)


async def test_every_forked_command_digests_secrets_with_a_key_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(SIGNED)
    runs = [await mmscheck("check", "sale.xml", *CLOSED, cwd=tmp_path) for _ in range(2)]
    one, other = (set(re.findall(r"photo\.jpg\?…(\w{12})", ran.out)) for ran in runs)
    assert len(one) == len(other) == 1
    assert one != other


async def test_what_an_interpreter_reads_at_its_start_starts_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('from the start')", encoding="utf-8")
    ran = await mmscheck("--version", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert ran.out.startswith("from the start\n")
    monkeypatch.setattr(command, "_loaded", None)
    ran = await mmscheck("--version", cwd=tmp_path, LC_ALL="C")
    assert ran.code == 0
