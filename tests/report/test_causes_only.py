"""Machine formats tell causes, each once, as the text report numbers them, and of every file one first."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from mmscheck.model.report import TargetKey
from mmscheck.model.words import Outcome, Severity, TargetKind
from mmscheck.report import FORMATS
from mmscheck.report.rollup import rollup
from tests.cli.test_lint import lint
from tests.support.agreeing import EVERY
from tests.support.many_reports import view_of
from tests.support.reports import evaluation, fetched, message

GOOD = """<request>
  <name>Sale</name>
  <message-subject>Sale</message-subject>
  <slide><message-text>Hi</message-text></slide>
</request>
"""
ODD = GOOD.replace("Sale</message-subject>", "Gr\u00f6\u00dfe</message-subject>")


def _numbered(name: str) -> int:
    view = EVERY[name]
    return len(re.findall(r"^ *\[\d+\] ", FORMATS["text"](view), re.MULTILINE))


def _json(name: str) -> list[dict[str, Any]]:
    told = json.loads(FORMATS["json"](EVERY[name]))
    return [finding for each in told["messages"] for finding in each["findings"]]


def _told(form: str, output: str) -> list[str]:
    """The rule of every finding in a format, without what is said of the run and its waivers."""
    if form == "sarif":
        rules = [each["ruleId"] for each in json.loads(output)["runs"][0]["results"]]
    elif form == "gitlab":
        rules = [each["check_name"] for each in json.loads(output)]
    elif form == "csv":
        rules = [row["rule"] for row in csv.DictReader(io.StringIO(output, newline=""))]
    else:
        effect = r"\((?:cannot tell(?:%2C|,) )?(?:blocks|advises|waived)"
        rules = re.findall(rf"^(?:::)?(?:error|warning|notice)[: ].*?([\w-]+) {effect}", output, re.MULTILINE)
    return sorted(rule for rule in rules if not rule.startswith("mmscheck"))


@pytest.mark.parametrize("form", ["sarif", "gitlab", "csv", "github"])
@pytest.mark.parametrize("name", EVERY)
def test_a_format_has_one_entry_for_each_finding_that_the_text_numbers(name: str, form: str) -> None:
    assert _told(form, FORMATS[form](EVERY[name])) == sorted(each["rule"] for each in _json(name))


@pytest.mark.parametrize("name", EVERY)
def test_the_findings_of_the_json_report_are_those_that_the_text_numbers(name: str) -> None:
    found = _json(name)
    assert [each["number"] for each in found] == list(range(1, len(found) + 1))
    assert len(found) == _numbered(name)


def test_json_tells_what_follows_from_what() -> None:
    (gone,) = [each for each in _json("folded") if each["rule"] == "tls-valid"]
    assert gone["effect"] == "blocks"
    followers = {each["rule"] for each in gone["follows"]}
    assert {"media-reachable", "content-length", "message-size", "message-size-advised"} <= followers
    whole = next(each for each in gone["follows"] if each["rule"] == "message-size")
    assert whole == {
        "rule": "message-size",
        "outcome": "cant-tell",
        "target": "message",
        "slide": None,
        "media": None,
    }


@pytest.mark.parametrize("name", EVERY)
def test_every_finding_of_the_evaluations_is_in_the_findings_once(name: str) -> None:
    told = json.loads(FORMATS["json"](EVERY[name]))
    for each in told["messages"]:
        keys = [
            (item["rule"], item["target"], item["slide"], item["media"])
            for finding in each["findings"]
            for item in (finding, *finding["follows"])
        ]
        expected = [
            (item["rule"], item["target"], item["slide"], item["media"])
            for item in each["evaluations"]
            if item["outcome"] in ("failed", "cant-tell")
        ]
        assert sorted(map(str, keys)) == sorted(map(str, expected))


@pytest.mark.parametrize("name", EVERY)
def test_junit_fails_once_for_each_finding_that_blocks(name: str) -> None:
    root = etree.fromstring(FORMATS["junit"](EVERY[name]).encode())
    blocking = sum(each["effect"] == "blocks" for each in _json(name))
    _, *suites = root.iter("testsuite")
    cases = [case for suite in suites for case in suite.iterfind("testcase")]
    rules = [case for case in cases if not case.get("name", "").startswith("mmscheck-")]
    assert (
        sum(case.find("failure") is not None or case.find("error") is not None for case in rules) == blocking
    )


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """One file that is no XML, and eleven with a fault of their own."""
    (tmp_path / "m000.xml").write_text("<request><name>Sale</name><subject>x</subject")
    for at in range(1, 12):
        (tmp_path / f"m{at:03}.xml").write_text(ODD)
    return tmp_path


def test_each_file_has_an_annotation_before_any_has_a_second(mixed: Path) -> None:
    ran = lint(mixed, ".", "--format", "github")
    files = re.findall(r"^::error file=([^,]+),", ran.out, re.MULTILINE)
    assert ran.code == 1
    assert len(files) == len(set(files)) == 9


def test_one_fault_is_one_result(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(ODD)
    forms = ("sarif", "gitlab", "csv", "junit")
    ran = lint(tmp_path, "a.xml", *(f"--format={form}=out.{form}" for form in forms))
    assert ran.code == 1
    told = {form: (tmp_path / f"out.{form}").read_text() for form in forms}
    assert {form: _told(form, told[form]) for form in forms if form != "junit"} == {
        form: ["subject-ascii"] for form in forms if form != "junit"
    }
    assert not [name for name in ("gitlab", "csv") if "mmscheck-" in told[name]]
    (run,) = json.loads(told["sarif"])["runs"]
    assert not [each for each in run["results"] if each["ruleId"].startswith("mmscheck-")]
    assert run["invocations"][0]["exitCode"] == 1
    assert run["properties"]["mmscheck/verdict"] == "deny"
    root = etree.fromstring(told["junit"].encode())
    assert (root.get("failures"), root.get("errors")) == ("1", "0")


def test_a_denial_that_no_finding_tells_stays_a_row_of_its_own() -> None:
    for form in ("sarif", "gitlab", "csv", "github"):
        assert "mmscheck-gate" in FORMATS[form](EVERY["incomplete"])


def test_what_blocks_by_rule_names_no_advice() -> None:
    key = TargetKey(kind=TargetKind.MEDIA, slide=0, media=1)
    url = "a.mov"
    undecided = [
        evaluation(
            rule, Outcome.CANT_TELL, key, severity=severity, url=url, reason="the decoder stopped after 20 s"
        )
        for rule, severity in (
            ("video-decodes", Severity.ERROR),
            ("video-dimensions-advised", Severity.WARNING),
            ("video-duration-advised", Severity.WARNING),
        )
    ]
    tables = rollup(view_of(message(url, tuple(undecided), (), {url: fetched(url)})))
    assert {row.rule: row.blocks for row in tables.rules} == {
        "video-decodes": True,
        "video-dimensions-advised": False,
        "video-duration-advised": False,
    }
