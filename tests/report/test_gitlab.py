from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS, View
from tests.support.agreeing import EVERY
from tests.support.reports import (
    SECRETS,
    advised,
    evaluation,
    judged,
    message,
    permitted,
    report,
    slide,
)


def issues(view: View) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FORMATS["gitlab"](view))
    return found


def test_a_permitted_run_without_findings_has_no_issue() -> None:
    assert issues(permitted()) == []


@pytest.mark.parametrize("name", EVERY)
def test_an_empty_report_means_that_the_run_went_well(name: str) -> None:
    assert issues(EVERY[name]) or EVERY[name].verdict.exit_code == 0


@pytest.mark.parametrize("name", EVERY)
def test_fingerprints_are_unique_and_paths_relative(name: str) -> None:
    found = issues(EVERY[name])
    assert len({each["fingerprint"] for each in found}) == len(found)
    assert not [each for each in found if each["location"]["path"].startswith(("/", "./"))]


def test_severities_tell_what_blocks_from_what_is_unsure_advised_or_waived() -> None:
    found = {each["check_name"]: each["severity"] for each in issues(EVERY["lax"])}
    assert found["e-failed"] == "blocker"
    assert found["g-unsure"] == "major"
    assert found["f-failed"] == found["h-unsure"] == found["mmscheck-waiver"] == "minor"
    assert found["j-waived"] == "info"
    assert not {"mmscheck-gate", "mmscheck-verdict"} & set(found)


def test_advice_is_an_issue_of_a_permitted_run() -> None:
    (issue,) = issues(advised())
    assert issue["description"] == "The subject has 52 characters; many phones show 40. (message)"
    assert issue["location"] == {"path": "advised.xml", "lines": {"begin": 3}}


def test_what_the_gate_says_keeps_its_fingerprint_while_its_reasons_change() -> None:
    def marks(view: View) -> set[str]:
        found = {each["fingerprint"] for each in issues(view) if each["check_name"] == "mmscheck-gate"}
        assert found
        return found

    before = EVERY["incomplete"]
    (verdict,) = before.verdict.messages
    shorter = replace(before.verdict, messages=(replace(verdict, reasons=verdict.reasons[:1]),))
    assert marks(before) == marks(replace(before, verdict=shorter))


def test_absolute_paths_are_named_from_the_folder_of_the_run() -> None:
    run = report(message("/builds/group/repo/mms/a.xml", (evaluation("x", Outcome.FAILED, slide(1)),)))
    view = View(report=run, verdict=judged(run, 1), root="/builds/group/repo")
    assert {each["location"]["path"] for each in issues(view)} == {"mms/a.xml"}


@pytest.mark.parametrize("name", EVERY)
def test_no_secret_and_no_hidden_character_gets_in(name: str) -> None:
    output = FORMATS["gitlab"](EVERY[name])
    assert not [secret for secret in SECRETS if secret in output]
    assert all(each.isprintable() for issue in issues(EVERY[name]) for each in issue["description"])
