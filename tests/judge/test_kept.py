"""Judged messages that wait on disk: the same reports, in a fraction of the memory."""

from __future__ import annotations

import os
import sys
import tempfile
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from mmscheck.errors import ReportError
from mmscheck.judge import gate, kept
from mmscheck.judge.kept import KeptMessages
from mmscheck.judge.reports import join_reports
from mmscheck.model.observation import Observation
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.series import ChangedSeries, JoinedSeries
from mmscheck.report import FORMATS, View, pieces
from tests.support import html_reports


def on_disk(messages: Sequence[MessageReport]) -> KeptMessages:
    seen: dict[str, Observation] = {}
    for message in messages:
        seen |= {**message.observations, **(message.links or {})}
    made = KeptMessages(seen)
    for message in messages:
        made.append(message)
    return made


def several() -> tuple[MessageReport, ...]:
    """Thirty messages, of which ten are broken in several ways; one was asked for links."""
    three = html_reports.three().report.messages
    made = [replace(three[at % 3], source=f"mms/{at}.xml") for at in range(30)]
    seen = made[0].observations
    return (replace(made[0], links=dict(seen)), *made[1:])


def view_of(report: Report) -> View:
    return View(report=report, verdict=gate.verdict(report))


def test_what_is_read_again_equals_what_was_put_in() -> None:
    messages = several()
    found = on_disk(messages)
    assert len(found) == len(messages)
    assert tuple(found) == messages
    assert found[3] == messages[3]
    assert found[-1] == messages[-1]
    assert found[1:3] == messages[1:3]
    assert tuple(found.heads()) == tuple(replace(each, evaluations=()) for each in messages)


def test_texts_beyond_those_kept_once_stand_where_they_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_WORDS", 5)
    messages = several()
    assert tuple(on_disk(messages)) == messages


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_is_the_same_to_the_byte(name: str) -> None:
    held = replace(html_reports.three().report, messages=several())
    waiting = replace(held, messages=on_disk(held.messages))
    assert "".join(pieces(name, view_of(waiting))) == "".join(pieces(name, view_of(held)))


def test_the_gate_decides_the_same_on_joined_configurations() -> None:
    messages = several()
    base = html_reports.three().report
    parts = [
        replace(base, messages=messages[:12], strict=True, configuration="a"),
        replace(base, messages=messages[12:], configuration="b"),
    ]
    waiting = [replace(part, messages=on_disk(part.messages)) for part in parts]
    one, other = join_reports(parts), join_reports(waiting)
    assert isinstance(other.messages, JoinedSeries)
    assert isinstance(other.parts[0].messages, ChangedSeries)
    assert gate.verdict(other) == gate.verdict(one)
    assert tuple(other.messages) == one.messages
    assert other.messages[13] == one.messages[13]
    assert other.outcomes == one.outcomes


def test_a_joined_report_that_lacks_a_message_of_its_parts_denies() -> None:
    base = html_reports.three().report
    good = replace(base, messages=on_disk(base.messages[:1]))
    assert gate.verdict(good).permitted
    joined = replace(good, parts=(good, good))
    assert "the report does not hold what its parts hold" in gate.verdict(joined).reasons


def test_a_path_that_is_no_utf_8_and_a_number_that_no_encoding_holds_are_kept_too() -> None:
    first = several()[0]
    path = replace(first, source=os.fsdecode(b"m\xff.xml"))
    item = replace(first.evaluations[0], evidence={"length": 10**30})
    number = replace(first, evaluations=(item, *first.evaluations[1:]))
    assert tuple(on_disk((path, number, first))) == (path, number, first)


def test_what_cannot_be_read_again_is_an_error_and_never_a_pass() -> None:
    found = on_disk(several())
    assert list(found)
    os.ftruncate(found._file, 2_000)
    report = replace(html_reports.three().report, messages=found)
    with pytest.raises(ReportError, match="temporary file"):
        gate.verdict(report)


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = KeptMessages({})
    full = os.open("/dev/full", os.O_RDWR)
    monkeypatch.setattr(found, "_file", full)
    found.append(several()[0])
    try:
        with pytest.raises(ReportError, match="No space left"):
            list(found)
    finally:
        os.close(full)


def test_without_a_place_for_the_file_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(ReportError, match="gone"):
        KeptMessages({})


def test_the_file_has_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = on_disk(several())
    assert list(found)
    assert os.fstat(found._file).st_size > 10_000
    assert os.fstat(found._file).st_mode & 0o077 == 0
    assert not list(tmp_path.iterdir())


def test_messages_take_a_twentieth_of_the_memory_or_less() -> None:
    """Measured as Python counts it: what 200 judged messages hold, and what is left of it on disk."""
    base = html_reports.judged_message
    document = html_reports.document("broken", "Sale \U0001f31e", html_reports.BROKEN)
    base(document)
    tracemalloc.start()
    try:
        held = [base(document) for _ in range(200)]
        in_memory, _ = tracemalloc.get_traced_memory()
        tracemalloc.clear_traces()
        waiting = KeptMessages(held[0].observations)
        while held:
            waiting.append(held.pop())
        list(waiting.heads())
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(waiting) == 200
    assert left < in_memory / 20, (left, in_memory, sys.version)
