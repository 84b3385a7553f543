"""What a file is where it is none, in the words of the program, offline as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.model.report import Evaluation, TargetKey
from mmscheck.model.words import Because, Outcome, Owner, Severity, TargetKind
from mmscheck.report.findings import Finding
from tests.support.command import mmscheck

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


async def lint(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return " ".join((await mmscheck("lint", path, cwd=folder)).out.split())


async def test_a_git_lfs_pointer_is_named_with_the_command_that_fetches_the_file(tmp_path: Path) -> None:
    told = await lint(tmp_path, "sale.jpg", POINTER)
    assert "it is a Git LFS pointer" in told
    assert "git lfs pull" in told
    assert "Who can fix what: content [1]." in told


async def test_an_empty_local_file_is_for_whoever_made_it_and_not_for_the_web_server(tmp_path: Path) -> None:
    told = await lint(tmp_path, "empty.png", b"")
    assert "Export or save the file again: it has no bytes here" in told
    assert "Who can fix what: content [1]." in told
    assert "hosting" not in told


async def test_the_bytes_are_called_a_type_only_when_they_show_it(tmp_path: Path) -> None:
    told = await lint(tmp_path, "sale.jpg", b"\x7f\x01 no picture " * 40)
    assert "the bytes are image/jpeg" not in told
    assert "the bytes are of no known type (its name suggests image/jpeg)" in told


async def test_what_nobody_could_decide_names_what_would_decide_it_and_who_can(tmp_path: Path) -> None:
    told = await lint(tmp_path, "sale.pdf", b"\x7f\x01 no picture " * 40)
    assert "Remove what stopped them" not in told
    assert "Open the file in a program for what its name says." in told
    assert "not clear" not in told


@pytest.mark.parametrize(
    ("because", "owner", "told"),
    [
        (Because.UNPROVEN_TYPE, Owner.CONTENT, "damaged"),
        (Because.TIME, Owner.CONTENT, "less busy"),
        (Because.CPU_TIME, Owner.CONTENT, "shorter"),
        (Because.WORKER_DIED, Owner.CONTENT, "another program"),
        (Because.NOT_LOOKED_AT, Owner.CONTENT, "another program"),
        (Because.MEMORY, Owner.CONTENT, "smaller"),
        (Because.NOT_DECODABLE, Owner.CONTENT, "plain JPEG"),
        (Because.FILE, Owner.HOSTING, "try its URL with curl"),
        (Because.NOT_ASKED, Owner.SENDER, "further requests"),
        (Because.PROXY, Owner.HOSTING, "Serve it whole."),
        (None, Owner.HOSTING, "Serve it whole."),
    ],
)
def test_what_nothing_leads_has_something_that_decides_it(
    because: Because | None, owner: Owner, told: str
) -> None:
    item = Evaluation(
        rule="content-length",
        severity=Severity.ERROR,
        outcome=Outcome.CANT_TELL,
        target=TargetKey(kind=TargetKind.MEDIA, slide=1, media=1),
        message="It is not known.",
        reason="for some reason",
        because=because,
        fix="Serve it whole.\nFor nginx: other words",
        owner=Owner.HOSTING,
    )
    found = Finding(lead=None, undecided=(item, item))
    assert told in found.deciding
    assert "nginx" not in found.deciding
    assert found.owner is owner
