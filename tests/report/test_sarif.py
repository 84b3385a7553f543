from __future__ import annotations

import json
import re
import zlib
from typing import Any

import pytest
from msgspec.structs import replace

from mmscheck.model.report import RuleKey
from mmscheck.model.words import Outcome, Severity, TargetKind
from mmscheck.report import FORMATS, View, sarif
from tests.support.agreeing import EVERY
from tests.support.reports import (
    SECRETS,
    SIGNED,
    denied,
    evaluation,
    judged,
    message,
    report,
    several,
    slide,
)


def run_of(view: View) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FORMATS["sarif"](view))["runs"][0]
    return found


@pytest.mark.parametrize("name", EVERY)
def test_every_result_is_what_the_standard_asks_for(name: str) -> None:
    run = run_of(EVERY[name])
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        # 3.27.10: a kind other than "fail" has the level "none".
        assert (result["kind"] == "open") is (result["level"] == "none")
        (place,) = result["locations"]
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:[\w./~-]|%[0-9A-F]{2})+", uri)


@pytest.mark.parametrize("name", EVERY)
def test_nothing_that_passed_is_a_result_since_github_would_alarm(name: str) -> None:
    assert {each["kind"] for each in run_of(EVERY[name])["results"]} <= {"fail", "open"}


@pytest.mark.parametrize("name", EVERY)
def test_no_secret_and_no_hidden_character_gets_in(name: str) -> None:
    output = FORMATS["sarif"](EVERY[name])
    assert not [secret for secret in SECRETS if secret in output]
    assert not [char for char in output if not char.isprintable() and char != "\n"]


def test_rules_bring_their_title_and_help() -> None:
    view = denied()
    rules = (
        RuleKey(id="content-length", severity=Severity.ERROR, target=TargetKind.MEDIA, title="It is stated"),
    )
    run = run_of(replace(view, report=replace(view.report, rules=rules)))
    rule = run["tool"]["driver"]["rules"][0]
    assert rule["shortDescription"]["text"] == "It is stated"
    assert "The provider fetches the file itself" in rule["help"]["text"]
    assert "remove sub_filter" in rule["help"]["text"]
    assert "```text\nServe the file as a static file." in rule["help"]["markdown"]
    assert rule["defaultConfiguration"]["level"] == "error"


def test_a_result_names_line_target_and_redacted_url() -> None:
    result = next(
        each for each in run_of(denied())["results"] if each["properties"].get("url", "").startswith("https")
    )
    place = result["locations"][0]
    assert place["physicalLocation"]["region"]["startLine"] == 12
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "slide 2, medium 2"
    assert re.fullmatch(r"https://cdn\.example\.net/clip\.mp4\?…[0-9a-f]{12}", result["properties"]["url"])


def test_a_waiver_is_an_accepted_external_suppression() -> None:
    waived = [each for each in run_of(EVERY["let-through"])["results"] if "suppressions" in each]
    assert {each["ruleId"] for each in waived} == {"image-dimensions", "subject-length-advised"}
    (suppression,) = next(each for each in waived if each["ruleId"] == "image-dimensions")["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "A. Person, until 2027-01-31: seen on phones" in suppression["justification"]


def test_waivers_that_are_not_in_force_are_notified() -> None:
    notes = run_of(EVERY["let-through"])["invocations"][0]["toolExecutionNotifications"]
    assert [each["message"]["text"].partition(":")[0] for each in notes] == [
        "waiver not used",
        "waiver expired",
        "waiver refused",
    ]


@pytest.mark.parametrize(
    ("name", "whole"), [("denied", True), ("several", False), ("crashed", False), ("nothing", False)]
)
def test_only_a_run_that_read_and_judged_everything_was_successful(name: str, whole: bool) -> None:  # noqa: FBT001 - a column of the table
    invocation = run_of(EVERY[name])["invocations"][0]
    assert invocation["executionSuccessful"] is whole
    assert invocation["exitCode"] == EVERY[name].verdict.exit_code


def fingerprints(view: View) -> dict[str, str]:
    results = run_of(view)["results"]
    marks = {
        each["partialFingerprints"]["mmscheck/v1"]: f"{each['ruleId']} {each['locations'][0]}"
        for each in results
    }
    assert len(marks) == len(results)
    return marks


def test_fingerprints_outlive_another_line_wording_folder_and_signature() -> None:
    view = several()
    again = SIGNED.replace("c0ffee5ec2e7", "deadbeef0001")

    def moved(source: str) -> str:
        return f"/build/42/{source}"

    messages = tuple(
        replace(
            each,
            source=moved(each.source),
            media=tuple(replace(ref, url=ref.url.replace(SIGNED, again)) for ref in each.media),
            observations={url.replace(SIGNED, again): seen for url, seen in each.observations.items()},
            evaluations=tuple(
                replace(
                    item,
                    line=item.line and item.line + 40,
                    message=f"Now: {item.message.replace(SIGNED, again)}",
                    url=item.url and item.url.replace(SIGNED, again),
                )
                for item in each.evaluations
            ),
        )
        for each in view.report.messages
    )
    verdict = replace(
        view.verdict,
        messages=tuple(replace(each, source=moved(each.source)) for each in view.verdict.messages),
    )
    later = View(report=replace(view.report, messages=messages), verdict=verdict, root="/build/42")
    assert set(fingerprints(view)) == set(fingerprints(later))


def test_two_findings_of_one_rule_on_one_target_have_two_fingerprints() -> None:
    twice = evaluation("content-length", Outcome.FAILED, slide(1))
    run = report(message("a.xml", (twice, twice)))
    assert len(fingerprints(View(report=run, verdict=judged(run, 1)))) == 2


def test_what_github_would_refuse_is_left_out_advice_first_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [each["properties"]["effect"] for each in run_of(denied())["results"]]
    most = whole.count("blocks")
    assert 1 < most < len(whole)
    monkeypatch.setattr(sarif, "MOST_RESULTS", most)
    run = run_of(denied())
    assert len(run["results"]) == most
    assert {each["properties"]["effect"] for each in run["results"]} == {"blocks"}
    left = len(whole) - most
    assert run["properties"]["mmscheck/resultsLeftOut"] == left
    (note,) = run["invocations"][0]["toolExecutionNotifications"][-1:]
    assert note["level"] == "error"
    assert note["message"]["text"].startswith(f"{left} results were left out")


def test_the_limit_is_the_number_that_github_names() -> None:
    assert sarif.MOST_RESULTS == 25_000


def test_a_rule_that_was_never_evaluated_is_described_all_the_same() -> None:
    view = denied()
    never = RuleKey(id="never-ran", severity=Severity.WARNING, target=TargetKind.SLIDE, title="It never ran")
    run = run_of(replace(view, report=replace(view.report, rules=(*view.report.rules, never))))
    rule = run["tool"]["driver"]["rules"][len(view.report.rules)]
    assert (rule["id"], rule["help"]["text"]) == ("never-ran", "It never ran.")
    assert rule["defaultConfiguration"]["level"] == "warning"


def test_a_file_that_github_would_refuse_for_its_size_is_cut_and_says_by_how_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = sarif.render(denied())
    monkeypatch.setattr(sarif, "MOST_BYTES", 2_500)
    text = sarif.render(denied())
    (run,) = json.loads(text)["runs"]
    assert len(zlib.compress(text.encode())) <= 2_500 or not run["results"]
    assert run["properties"]["mmscheck/evaluated"] == []
    assert run["properties"]["mmscheck/evaluatedLeftOut"] > 0
    kept, before = len(run["results"]), len(json.loads(whole)["runs"][0]["results"])
    assert run["properties"]["mmscheck/resultsLeftOut"] == before - kept > 0
    notes = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert any(f"{before - kept:,} results were left out" in each for each in notes)


def test_a_file_of_ordinary_size_keeps_everything() -> None:
    (run,) = json.loads(sarif.render(denied()))["runs"]
    assert run["properties"]["mmscheck/resultsLeftOut"] == 0
    assert "mmscheck/evaluatedLeftOut" not in run["properties"]
    assert run["properties"]["mmscheck/evaluated"] != []
