"""What a file is where it is none, in the words of the program, offline as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.model.report import Evaluation, TargetKey
from mmscheck.model.words import Outcome, Owner, Severity, TargetKind
from mmscheck.report.deciding import decision
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
    ("reason", "owner", "told"),
    [
        ("the bytes do not show their type; extension alone suggests image/jpeg", Owner.CONTENT, "damaged"),
        ("it could not be decoded: stopped after 20 s", Owner.CONTENT, "less busy"),
        ("the decoder died on it: the worker process died: SIGSEGV", Owner.CONTENT, "another program"),
        ("it could not be decoded: it took more memory than a worker may use", Owner.CONTENT, "smaller"),
        ("the file was not read to its end: timed out", Owner.HOSTING, "in time"),
        ("it was not asked for with gzip accepted", Owner.SENDER, "further requests"),
        ("for a reason that nobody listed", Owner.HOSTING, "Serve it whole."),
    ],
)
def test_every_reason_has_something_that_decides_it(reason: str, owner: Owner, told: str) -> None:
    item = Evaluation(
        rule="content-length",
        severity=Severity.ERROR,
        outcome=Outcome.CANT_TELL,
        target=TargetKey(kind=TargetKind.MEDIA, slide=1, media=1),
        message="It is not known.",
        reason=reason,
        fix="Serve it whole.\nFor nginx: other words",
        owner=Owner.HOSTING,
    )
    words, who = decision(item)
    assert told in words
    assert "nginx" not in words
    assert who is owner
