"""A picture whose first bytes are wrong is refused as what it is not, with the cause where that is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.checks import CHECKS
from mmscheck.judge.engine import judge_alone
from mmscheck.media import worker
from mmscheck.media.image import BINARY
from mmscheck.media.sample import Sample
from mmscheck.model.report import Evaluation
from mmscheck.model.words import MediaKind, Outcome
from mmscheck.report.finding_words import came_back
from mmscheck.ruleset import load_ruleset
from tests.support.media_targets import JPEG as SAYS_JPEG
from tests.support.media_targets import fetched, judge, sniffed

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
PHOTO = (MEDIA / "photo-small.jpg").read_bytes()
LOGO = (MEDIA / "logo-small.png").read_bytes()
DANCE = (MEDIA / "dance-small.gif").read_bytes()

HEADS = {
    "line ends to LF": ("image/png", LOGO.replace(b"\r\n", b"\n"), BINARY),
    "line ends to CR LF": ("image/png", LOGO.replace(b"\n", b"\r\n"), BINARY),
    "line ends to CR": ("image/png", LOGO.replace(b"\r\n", b"\r"), BINARY),
    "seven bits": ("image/png", bytes(byte & 127 for byte in LOGO), BINARY),
    "a PNG read as text": ("image/png", LOGO.decode("utf-8", "replace").encode(), "bytes got lost"),
    "a JPEG read as text": ("image/jpeg", PHOTO.decode("utf-8", "replace").encode(), "bytes got lost"),
    "a PNG read as ASCII": (
        "image/png",
        LOGO.decode("ascii", "replace").encode("ascii", "replace"),
        "got lost",
    ),
    "a JPEG as letters": ("image/jpeg", PHOTO.decode("latin-1").encode(), "written as UTF-8"),
    "a PNG as letters": ("image/png", LOGO.decode("latin-1").encode(), "written as UTF-8"),
    "zeros": ("image/jpeg", bytes(64) + PHOTO[64:], "begins with zeros"),
    "another byte": ("image/png", b"\x88" + LOGO[1:], "it begins with 88 50 4E 47 and not with 89 50 4E 47"),
    "the head cut off": ("image/jpeg", PHOTO[100:], "and not with FF D8 FF"),
    "no marker behind the first": ("image/jpeg", PHOTO[:2] + b"\0\0" + PHOTO[4:], "FF D8 00 00"),
    "another version": ("image/gif", b"GIF99a" + DANCE[6:], "it is no GIF"),
    "half a signature": ("image/gif", DANCE[3:], "it is no GIF"),
}


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker does is done in this process, whose CPU time is nobody's to limit."""
    monkeypatch.setattr("mmscheck.media.worker.grant_cpu", lambda _seconds: None)


def judged(type_: str, data: bytes) -> tuple[tuple[Evaluation, ...], str]:
    """What lint says of a file whose name suggests that type, and how the report calls its bytes."""
    found = worker.inspect(Sample(data=data, size=len(data), named=type_, decode=True))
    assert found is not None
    rules = load_ruleset(checks=CHECKS, profile="lint", sender=None, config=None)
    seen = fetched((), sniffed=found.sniffed, decoded=found.decoded, size=len(data))
    return judge_alone(rules, f"x.{type_.rpartition('/')[2]}", MediaKind.IMAGE, seen).evaluations, came_back(
        seen
    )


def explains(cause: Evaluation, item: Evaluation) -> bool:
    return (cause.rule, cause.target) in item.causes


@pytest.mark.parametrize("name", HEADS)
def test_a_wrong_head_fails_once_with_its_cause_and_the_rest_follows(name: str) -> None:
    type_, data, words = HEADS[name]
    evaluations, looks = judged(type_, data)
    decodes = next(item for item in evaluations if item.rule == "image-decodes")
    assert decodes.outcome is Outcome.FAILED
    assert f"it is no {type_.rpartition('/')[2].upper()}" in decodes.message
    assert words in decodes.message
    others = [
        item
        for item in evaluations
        if item.outcome in {Outcome.FAILED, Outcome.CANT_TELL} and item is not decodes
    ]
    # What was put around a file explains the decoder's refusal in its turn.
    wrapped = next((item for item in others if item.rule == "file-itself"), None)
    assert wrapped is None or explains(wrapped, decodes)
    assert all(explains(decodes, item) for item in others if item is not wrapped)
    assert "of no known type" in looks


def test_a_damaged_picture_of_a_known_type_does_not_explain_its_wrong_name() -> None:
    evaluations, _looks = judged("image/png", PHOTO[:3000])
    decodes = next(item for item in evaluations if item.rule == "image-decodes")
    named = next(item for item in evaluations if item.rule == "extension-matches")
    assert (decodes.outcome, named.outcome) == (Outcome.FAILED, Outcome.FAILED)
    assert not explains(decodes, named)


@pytest.mark.parametrize("declared", ["image/jpeg", "image/jpg", "image/png", "image/gif; x=y"])
def test_bytes_that_nobody_knows_are_not_the_picture_that_content_type_says(declared: str) -> None:
    looked = sniffed(None, "pillow")
    seen = fetched((("Content-Type", declared), *SAYS_JPEG[1:]), sniffed=looked)
    assert judge("image-decodes", seen).outcome is Outcome.FAILED
    unsure = fetched((("Content-Type", declared),), sniffed=sniffed(None, "libmagic"))
    assert judge("image-decodes", unsure).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize("declared", ["application/octet-stream", "image/heic", "video/mp4", ""])
def test_they_may_be_anything_else(declared: str) -> None:
    seen = fetched((("Content-Type", declared),), sniffed=sniffed(None, "pillow"))
    assert judge("image-decodes", seen).outcome is Outcome.CANT_TELL
