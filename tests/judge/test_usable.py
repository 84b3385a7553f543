"""Sound and film that a rule refuses by type, size or codec is not decoded, and the report says so once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from mmscheck.cache.reuse import manner
from mmscheck.fetch import FetchPolicy
from mmscheck.judge.observe import usable
from mmscheck.media.decoding import DECODERS, decode
from mmscheck.model.facts import EVERYTHING, AudioFacts, Undecoded, Usable, VideoFacts
from mmscheck.model.rule import RuleSet
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Severity
from tests.support.command import mmscheck
from tests.support.playing import film, lint_rules, sound


def damaged(data: bytes) -> bytes:
    """The file with damage in its middle, which only decoding finds."""
    middle = len(data) // 2
    return data[:middle] + b"\xff" * 200 + data[middle + 200 :]


def test_what_no_element_takes_what_is_too_large_and_what_does_not_play_needs_no_decoding() -> None:
    wanted = usable(lint_rules())
    assert {"video/quicktime", "audio/mp4", "audio/amr", "video/webm", "audio/flac"} <= set(wanted.refused)
    taken = {"video/mp4", "video/3gpp", "video/mpeg", "video/x-msvideo", "video/x-ms-asf", "audio/mpeg"}
    assert not {*taken, "audio/x-wav", "audio/wav"}.intersection(wanted.refused)
    assert all(DECODERS[name].family in {"audio", "video"} for name in wanted.refused)
    assert wanted.most_bytes is not None
    assert wanted.codecs is not None
    assert "h264" in wanted.codecs


def changed(rules: RuleSet, rule: str, *, waive: bool) -> RuleSet:
    if waive:
        leave = Waiver(rule=rule, reason="agreed", who="Ana", expires=dt.date(2099, 1, 1), url="one.mov")
        return msgspec.structs.replace(rules, waivers=(leave,))
    weaker = tuple(
        msgspec.structs.replace(each, severity=Severity.WARNING) if each.id == rule else each
        for each in rules.rules
    )
    return msgspec.structs.replace(rules, rules=weaker)


@pytest.mark.parametrize("waive", [True, False], ids=["waived", "only advice"])
@pytest.mark.parametrize("rule", ["media-type-accepted", "media-size", "video-codec"])
def test_what_a_waiver_or_a_weaker_severity_may_let_through_is_decoded(rule: str, *, waive: bool) -> None:
    before, after = usable(lint_rules()), usable(changed(lint_rules(), rule, waive=waive))
    fields = {"media-type-accepted": "refused", "media-size": "most_bytes", "video-codec": "codecs"}
    for each, field in fields.items():
        expected = getattr(EVERYTHING if each == rule else before, field)
        assert getattr(after, field) == expected


@pytest.mark.parametrize(
    ("type_", "wanted", "why"),
    [
        ("video/quicktime", Usable(refused=("video/quicktime",)), "its type is refused"),
        ("video/mp4", Usable(most_bytes=1000), "it is too large"),
        ("video/mp4", Usable(codecs=("mpeg4",)), "in a coding that is refused"),
    ],
)
def test_of_a_film_that_is_refused_anyway_the_head_alone_is_read(
    type_: str, wanted: Usable, why: str
) -> None:
    data = damaged(film(seconds=3, sound="aac"))
    assert isinstance(decode(type_, data), Undecoded)
    found = decode(type_, data, wanted)
    assert isinstance(found, VideoFacts)
    assert found.extent.startswith("it was not decoded, as ")
    assert why in found.extent
    assert (found.codec, found.audio_codec, found.width, found.profile) == ("h264", "aac", 128, "High")
    assert found.duration == pytest.approx(3, abs=0.2)


def test_of_a_sound_that_is_refused_anyway_the_head_alone_is_read() -> None:
    found = decode("audio/mp4", sound("mp4", "aac", seconds=2), Usable(refused=("audio/mp4",)))
    assert isinstance(found, AudioFacts)
    assert found.extent.startswith("it was not decoded, as its type is refused")
    assert found.duration == pytest.approx(2, abs=0.1)


def test_what_is_worth_decoding_is_part_of_how_an_answer_came_about() -> None:
    assert manner(FetchPolicy(), decode=True, usable=Usable(most_bytes=1)) != manner(
        FetchPolicy(), decode=True
    )


@pytest.mark.parametrize(
    ("name", "data", "cause"),
    [
        ("long.mov", film("mov", "libx265", sound="aac"), "media-type-accepted"),
        ("codec.mp4", film(coding="libx265", sound="aac"), "video-codec"),
        ("voice.m4a", sound("mp4", "aac"), "media-type-accepted"),
    ],
)
async def test_a_file_that_is_refused_anyway_is_told_once(
    tmp_path: Path, name: str, data: bytes, cause: str
) -> None:
    (tmp_path / name).write_bytes(data)
    ran = await mmscheck("lint", name, cwd=tmp_path)
    words = " ".join(ran.out.split())
    assert ran.code == 1
    assert f"ERROR, blocks: {cause}" in words
    assert "CANNOT TELL" not in words
    assert "died" not in words
    assert "follow from it" in words or "follows from it" in words
