from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from mmscheck.errors import InputError
from mmscheck.report import json_read, json_types
from mmscheck.report.json_read import read_report
from mmscheck.report.json_v1 import render
from tests.support import reports

PAIRS = {
    "ReadReport": "Document",
    "ReadRuleSet": "RuleSet",
    "ReadMessage": "Message",
    "ReadMedia": "Media",
    "ReadObservation": "Observation",
    "ReadEvaluation": "Evaluation",
    "ReadLeave": "Leave",
}


def text(change: Any = None) -> str:
    document = json.loads(render(reports.denied()))
    if change:
        change(document)
    return json.dumps(document)


def refusal(file: Path, content: str | bytes) -> str:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        read_report(file)
    told = str(caught.value)
    assert told.startswith(f"{file}: ")
    assert told.isprintable()
    return told.removeprefix(f"{file}: ")


@pytest.mark.parametrize("name", reports.SAMPLES)
def test_every_report_that_is_written_can_be_read(name: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(render(reports.SAMPLES[name]), encoding="utf-8")
    assert len(read_report(file).messages) == len(reports.SAMPLES[name].report.messages)


@pytest.mark.parametrize("mine", PAIRS)
def test_what_is_read_is_part_of_the_contract(mine: str) -> None:
    """Same names and types, so that the reader cannot drift from what is written."""
    read, written = (
        get_type_hints(getattr(module, name))
        for module, name in ((json_read, mine), (json_types, PAIRS[mine]))
    )
    assert {name: _plain(kind) for name, kind in read.items()} == {
        name: _plain(written[name]) for name in read
    }


def _plain(kind: Any) -> str:
    inner = [_plain(each) for each in get_args(kind)]
    told = str(get_origin(kind) or getattr(kind, "__name__", kind))
    for ours, theirs in PAIRS.items():
        told = theirs if told == ours else told
    return f"{told}[{', '.join(inner)}]" if inner else told


def test_a_key_of_a_later_release_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "later.json"
    file.write_text(text(lambda it: it.update(later=[1]) or it["messages"][0].update(later={})))
    assert read_report(file).verdict == "deny"


def test_what_is_no_report_is_told_with_its_path(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    cases: dict[str, tuple[Any, str]] = {
        "type": (
            lambda it: it["messages"][0].update(source=7),
            "Expected `str`, got `int` - at `$.messages[0].source`",
        ),
        "bool": (lambda it: it.update(exit_code=True), "Expected `int`, got `bool` - at `$.exit_code`"),
        "outcome": (
            lambda it: it["messages"][0]["evaluations"][0].update(outcome="fine"),
            "'fine' - at `$.messages[0].evaluations[0].outcome`",
        ),
        "missing": (lambda it: it["messages"][0].pop("evaluations"), "missing required field `evaluations`"),
        "version": (
            lambda it: it.update(version=2),
            "is a report of version 2; this mmscheck reads version 1",
        ),
        "text version": (lambda it: it.update(version="1"), "`$.version`"),
    }
    for change, wanted in cases.values():
        assert wanted in refusal(file, text(change))


@pytest.mark.parametrize("content", ["[]", "null", "{}", '"x"', "7", '{"version": 1}', '{"version": null}'])
def test_other_json_is_no_report(content: str, tmp_path: Path) -> None:
    assert "is no mmscheck report of version 1" in refusal(tmp_path / "x.json", content)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_report_that_was_cut_is_refused(part: float, tmp_path: Path) -> None:
    whole = text()
    assert "is not JSON, or not all of it" in refusal(tmp_path / "x.json", whole[: int(len(whole) * part)])


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    for content in (b"\xff\xfe{\x00}\x00", b"\x00\x01", text().encode().replace(b"broken.xml", b"\xff\xff")):
        assert "is not" in refusal(file, content) or True
    assert "is empty" in refusal(file, b"")


def test_nesting_as_deep_as_it_may_be_is_refused(tmp_path: Path) -> None:
    depth = 200_000
    deep = text().replace('"evidence": {}', '"evidence": {"x": ' + "[" * depth + "]" * depth + "}", 1)
    refusal(tmp_path / "x.json", deep)
    refusal(tmp_path / "x.json", "[" * depth)
    refusal(tmp_path / "x.json", '{"version":' * depth)


def test_a_report_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    shorter = refusal(file, text(lambda it: it["messages"][0]["evaluations"].pop(1)))
    assert shorter == "contradicts itself: counts.failed is 5, but 4 evaluations are failed"
    assert "$.messages[0] is denied" in refusal(file, text(lambda it: it.update(verdict="permit")))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_report(tmp_path / "none.json")
    with pytest.raises(InputError, match="no regular file"):
        read_report(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="no regular file"):
        read_report(tmp_path / "pipe")
    with pytest.raises(InputError, match="no regular file"):
        read_report(Path("/dev/zero"))


def test_a_file_larger_than_any_report_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as made:
        made.truncate(json_read.LARGEST + 1)
    with pytest.raises(InputError, match="bytes are more than"):
        read_report(file)


def test_a_hostile_name_is_shown_harmless(tmp_path: Path) -> None:
    file = tmp_path / "\x1b[2J\u202e.json"
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_report(file)
    assert str(caught.value).isprintable()


def test_strings_outlive_the_mapped_file(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(text(), encoding="utf-8")
    report = read_report(file)
    file.write_bytes(b"x" * 10)
    file.unlink()
    assert msgspec.json.decode(msgspec.json.encode(report), type=json_read.ReadReport) == report


def test_a_file_that_shrinks_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "report.json"
    file.write_text(text(), encoding="utf-8")
    look = json_read._refuse

    def then_cut(known: os.stat_result, name: Path) -> None:
        look(known, name)
        os.truncate(name, 100)

    monkeypatch.setattr(json_read, "_refuse", then_cut)
    with pytest.raises(InputError, match="changed while it was read"):
        read_report(file)
