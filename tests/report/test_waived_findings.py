"""Findings that a waiver let through, and the waivers themselves, in both formats."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from mmscheck.report import FORMATS, View
from tests.support import reports
from tests.support.reports import SIGNED


def flat(view: View) -> str:
    """The text report with its wrapping undone."""
    return " ".join(FORMATS["text"](view).split())


def document(view: View) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FORMATS["json"](view))
    return found


def denied_beside() -> View:
    """The waived findings beside those of another message, which denies."""
    let, bad = reports.let_through(), reports.denied()
    run = replace(let.report, messages=(*let.report.messages, *bad.report.messages), rules=bad.report.rules)
    messages = (*let.verdict.messages, *bad.verdict.messages)
    return View(report=run, verdict=replace(let.verdict, permitted=False, exit_code=1, messages=messages))


def test_a_waived_finding_is_marked_and_says_who_until_when_and_why() -> None:
    found = flat(reports.let_through())
    for part in (
        "Waived, which blocks nothing until the waiver expires",
        "[2] WAIVED: image-dimensions (waived.xml:7) The picture is 4,000 pixels wide",
        "By A. Person, until 2027-01-31: seen on phones",
    ):
        assert part in found
    assert "blocks:" not in found
    assert "To fix before" not in found


def test_a_waived_finding_is_nobodys_work_and_is_no_advice() -> None:
    found = flat(reports.let_through())
    assert "Who can fix what" not in found
    assert "Advice, which blocks nothing" not in found


def test_the_verdict_counts_what_was_waived_apart_from_what_failed() -> None:
    assert "passed or was waived (2 checks passed, 0 did not apply, 1 failed and was waived)." in flat(
        reports.let_through()
    )
    assert "DENY: 4 faults block, 1 finding could not be decided, 2 other rules follow from them." in flat(
        denied_beside()
    )


def test_a_waiver_of_one_message_says_nothing_of_another() -> None:
    found = document(denied_beside())
    waived = [[item["rule"] for item in each["evaluations"] if item["waived"]] for each in found["messages"]]
    assert waived == [["image-dimensions", "subject-length-advised"], []]
    assert flat(denied_beside()).count("WAIVED: ") == 2


def test_every_waiver_is_told_with_what_became_of_it() -> None:
    found = flat(reports.let_through())
    for part in (
        "Waived: image-dimensions on slide 1, 1 finding (A. Person, until 2027-01-31: seen on phones)",
        "WARNING: waiver not used: image-dimensions in other.xml on slide 1 for https://cdn.example.net/clip.mp4?…",
        "WARNING: waiver expired: image-dimensions no longer holds, and matches 1 finding;",
        "WARNING: waiver refused: content-length can be waived by nobody;",
    ):
        assert part in found
    states = [(each["state"], each["matches"]) for each in document(reports.let_through())["waivers"]]
    assert states == [("used", 1), ("used", 1), ("unused", 0), ("expired", 1), ("refused", 0)]


def test_quiet_still_tells_what_somebody_has_to_look_at() -> None:
    found = flat(replace(reports.let_through(), quiet=True))
    assert "Waived: " not in found
    assert found.count("WARNING: waiver ") == 3
    assert "waived.xml:7: WAIVED: slide 1: The picture is" in found


def test_a_waivers_url_is_redacted_under_the_name_that_it_has_elsewhere() -> None:
    (url,) = {each["url"] for each in document(reports.let_through())["waivers"]} - {None}
    (same,) = {
        each["url"] for each in document(reports.denied())["messages"][0]["media"] if "clip" in each["url"]
    }
    assert url == same != SIGNED


def test_an_evaluation_that_nobody_waived_says_so() -> None:
    found = document(reports.denied())
    assert found["waivers"] == []
    assert {item["waived"] for each in found["messages"] for item in each["evaluations"]} == {None}


def test_a_waiver_of_a_rule_that_the_profile_leaves_out_is_no_warning() -> None:
    view = reports.let_through()
    assert "waiver not used" in flat(view)
    rules = tuple(rule for rule in view.report.rules if rule.id != "image-dimensions")
    assert "waiver not used" not in flat(replace(view, report=replace(view.report, rules=rules)))
