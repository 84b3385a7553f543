"""A baseline: what was there before is known and blocks nothing, and whatever is new still does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mmscheck.judge import gate
from mmscheck.model.report import Known
from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS, View
from tests.cli.test_lint import MEDIA, judged, lint, put
from tests.support.command import message
from tests.support.reports import MESSAGE, evaluation, report
from tests.support.reports import message as message_report

TEXT = "<message-text>Hello</message-text>"
ONE = '{"path": "a", "rule": "x", "digest": "0123456789abcdef"}'
BROKEN = "<request><name>half"


def subject(text: str) -> str:
    return message(TEXT, subject=text)


def known(tmp_path: Path, **files: str) -> None:
    """A repository whose faults are all in ``known.json``."""
    for name, text in files.items():
        put(tmp_path / "mms" / f"{name}.xml", text)
    lint(tmp_path, "mms", "--write-baseline", "known.json")


def effects(tmp_path: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    code, told = judged(tmp_path, *arguments)
    return code, {
        finding["rule"]: finding["effect"] for each in told["messages"] for finding in each["findings"]
    }


def faults(tmp_path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((tmp_path / "known.json").read_text())["faults"]
    return found


def test_what_was_there_blocks_nothing_and_is_shown_as_known(tmp_path: Path) -> None:
    known(tmp_path, old=subject("Gr\u00f6\u00dfe"), good=subject("Sale"))
    assert [(each["path"], each["rule"]) for each in faults(tmp_path)] == [("mms/old.xml", "subject-ascii")]
    assert lint(tmp_path, "mms").code == 1
    ran = lint(tmp_path, "mms", "--baseline", "known.json")
    assert ran.code == 0
    assert "KNOWN: subject-ascii" in ran.out
    assert "1 fault is known from the baseline known.json, and block" in ran.out.replace("blocks", "block")
    assert "PASS: every blocking rule passed or is known" in ran.out


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "text"])
def test_every_format_tells_a_known_fault_and_stops_nothing(tmp_path: Path, form: str) -> None:
    known(tmp_path, old=subject("Gr\u00f6\u00dfe"))
    ran = lint(tmp_path, "mms", "--baseline", "known.json", "--format", form)
    assert ran.code == 0
    assert "subject-ascii" in ran.out
    assert "::error" not in ran.out
    assert "<failure" not in ran.out
    assert '"blocker"' not in ran.out


def test_lines_and_places_may_change_and_a_new_fault_blocks(tmp_path: Path) -> None:
    known(tmp_path, old=subject("Gr\u00f6\u00dfe"))
    put(tmp_path / "mms/old.xml", subject("Gr\u00f6\u00dfe").replace("<name>", "\n\n<name>"))
    assert effects(tmp_path, "mms", "--baseline", "known.json") == (0, {"subject-ascii": "known"})
    put(tmp_path / "mms/old.xml", subject("Gr\u00f6\u00dfe \u4e2d"))
    code, found = effects(tmp_path, "mms", "--baseline", "known.json")
    assert (code, found["subject-ascii"]) == (1, "blocks")


def test_another_file_with_the_same_fault_is_new(tmp_path: Path) -> None:
    known(tmp_path, old=subject("Gr\u00f6\u00dfe"))
    put(tmp_path / "mms/new.xml", subject("Gr\u00f6\u00dfe"))
    assert lint(tmp_path, "mms/old.xml", "--baseline", "known.json").code == 0
    assert lint(tmp_path, "mms/new.xml", "--baseline", "known.json").code == 1


def test_a_picture_that_was_broken_is_known_until_its_bytes_change(tmp_path: Path) -> None:
    whole = (MEDIA / "photo-small.jpg").read_bytes()
    cut = whole[: len(whole) // 2]
    (tmp_path / "mms").mkdir()
    (tmp_path / "mms" / "a.jpg").write_bytes(cut)
    lint(tmp_path, "mms", "--write-baseline", "known.json")
    assert lint(tmp_path, "mms").code == 1
    assert lint(tmp_path, "mms", "--baseline", "known.json").code == 0
    (tmp_path / "mms" / "a.jpg").write_bytes(cut[:-500])
    assert lint(tmp_path, "mms", "--baseline", "known.json").code == 1


def test_behind_xml_that_cannot_be_read_nothing_is_known(tmp_path: Path) -> None:
    known(tmp_path, old=BROKEN)
    assert faults(tmp_path) == []
    assert lint(tmp_path, "mms", "--baseline", "known.json").code == 1


def test_the_paths_are_those_from_the_baseline_wherever_one_stands(tmp_path: Path) -> None:
    known(tmp_path, old=subject("Gr\u00f6\u00dfe"))
    assert lint(tmp_path / "mms", "old.xml", "--baseline", "../known.json").code == 0
    assert lint(tmp_path / "mms", tmp_path / "mms" / "old.xml", "--baseline", "../known.json").code == 0


def test_an_entry_that_fits_nothing_any_more_is_told_and_blocks_nothing(tmp_path: Path) -> None:
    known(tmp_path, old=subject("Gr\u00f6\u00dfe"), gone=subject("Gr\u00fc\u00dfe"), other=subject("\u00c4"))
    put(tmp_path / "mms/old.xml", subject("Sale"))
    (tmp_path / "mms/gone.xml").unlink()
    code, told = judged(tmp_path, "mms/old.xml", "--baseline", "known.json")
    assert code == 0
    (said,) = [each for each in told["allowances"] if "fit" in each]
    assert "2 entries fit nothing any more" in said
    assert "mms/old.xml" in said
    assert "mms/gone.xml" in said
    assert "other" not in said


def test_a_baseline_is_small_sorted_and_the_same_twice(tmp_path: Path) -> None:
    known(tmp_path, **{f"m{at}": subject("Gr\u00f6\u00dfe") for at in range(9, -1, -1)})
    text = (tmp_path / "known.json").read_text()
    assert [each["path"] for each in faults(tmp_path)] == [f"mms/m{at}.xml" for at in range(10)]
    assert len(text) < 120 * 10 + 60
    lint(tmp_path, "mms", "--write-baseline", "known.json")
    assert (tmp_path / "known.json").read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"mmscheck-baseline": 2, "faults": []}',
        '{"mmscheck-baseline": 1, "faults": [], "more": 1}',
        '{"mmscheck-baseline": 1, "faults": [{"path": "a", "rule": "x"}]}',
        '{"mmscheck-baseline": 1, "faults": [{"path": "a", "rule": "x", "digest": "?"}]}',
        f'{{"mmscheck-baseline": 1, "faults": [{ONE}, {ONE}]}}',
    ],
)
def test_what_is_no_baseline_stops_the_run_and_is_not_written_over(tmp_path: Path, text: str) -> None:
    put(tmp_path / "a.xml", subject("Sale"))
    put(tmp_path / "known.json", text)
    for option in ("--baseline", "--write-baseline"):
        ran = lint(tmp_path, "a.xml", option, "known.json")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("mmscheck: known.json: ")
    assert (tmp_path / "known.json").read_text() == text


def test_a_baseline_that_is_not_there_stops_the_run(tmp_path: Path) -> None:
    put(tmp_path / "a.xml", subject("Sale"))
    assert lint(tmp_path, "a.xml", "--baseline", "gone.json").code == 2
    assert lint(tmp_path, "a.xml", "--baseline", "a.json", "--write-baseline", "b.json").code == 2


@pytest.mark.parametrize("profile", ["send", "save"])
def test_the_gate_takes_nothing_for_known_outside_of_lint(profile: str) -> None:
    failed = evaluation("subject-ascii", Outcome.FAILED, MESSAGE)
    fine = evaluation("name-present", Outcome.PASSED, MESSAGE)
    run = report(message_report("a.xml", (failed, fine)), profile=profile)
    mark = Known(source="a.xml", rule="subject-ascii", target=MESSAGE, cause=("subject-ascii", MESSAGE))
    decided = gate.verdict(replace(run, known=(mark,), baseline="known.json"))
    assert not any(each.waiver.baseline for one in decided.messages for each in one.waived)
    assert not decided.permitted


def test_what_could_not_be_decided_or_crashed_is_known_by_nobody_alone() -> None:
    unsure = evaluation("subject-ascii", Outcome.CANT_TELL, MESSAGE)
    crashed = evaluation("name-present", Outcome.CANT_TELL, MESSAGE, crashed=True)
    run = report(message_report("a.xml", (unsure, crashed)), profile="lint")
    marks = tuple(
        Known(source="a.xml", rule=item.rule, target=MESSAGE, cause=(item.rule, MESSAGE))
        for item in (unsure, crashed)
    )
    decided = gate.verdict(replace(run, known=marks, baseline="known.json"))
    assert decided.messages[0].waived == ()
    assert FORMATS["text"](View(report=run, verdict=decided))
