"""Every file is judged by the configuration nearest to it, as in a repository of several projects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from mmscheck.errors import PermitError
from mmscheck.judge import gate
from mmscheck.judge.reports import join_reports
from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS
from tests.cli.test_lint import MEDIA, judged, lint, put, run
from tests.support.command import fields, message
from tests.support.reports import MESSAGE, evaluation, report
from tests.support.reports import message as message_report

LONG = "Summer sale: 20% off this week, all shops, all days"
HELLO = "<message-text>Hello</message-text>"
TWICE = '[assets]\n"http://media.example.com/" = "{}"\n'


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    """One folder that takes a long subject, one where advice about it blocks, one without a configuration."""
    put(tmp_path / "lax" / "a.xml", message(HELLO, subject=LONG))
    put(tmp_path / "lax" / "mmscheck.toml", "")
    put(tmp_path / "hard" / "b.xml", message(HELLO, subject=LONG))
    put(tmp_path / "hard" / "mmscheck.toml", '[rules.subject-length-advised]\nseverity = "error"\n')
    put(tmp_path / "none" / "c.xml", message(HELLO, subject=LONG))
    return tmp_path


@pytest.mark.parametrize("command", ["lint", "check"])
def test_each_message_is_judged_by_its_own(projects: Path, command: str) -> None:
    ran = run(command, projects, "lax", "hard", "none", "--format", "json")
    told = json.loads(ran.out)
    good = "pass-offline" if command == "lint" else "permit"
    assert (ran.code, told["verdict"]) == (1, "deny")
    assert {each["source"]: each["verdict"] for each in told["messages"]} == {
        "lax/a.xml": good,
        "hard/b.xml": "deny",
        "none/c.xml": good,
    }
    for name in ("lax", "hard"):
        assert str(projects / name / "mmscheck.toml") in told["ruleset"]["configuration"]


@pytest.mark.parametrize("command", ["lint", "check"])
def test_those_that_pass_alone_pass_together(projects: Path, command: str) -> None:
    assert run(command, projects, "lax", "none").code == 0
    assert run(command, projects, "none/c.xml", "lax/a.xml").code == 0
    assert run(command, projects, "hard").code == 1


def test_one_strict_project_blocks_nothing_elsewhere(projects: Path) -> None:
    put(projects / "hard" / "mmscheck.toml", "strict = true")
    code, told = judged(projects, "lax", "hard")
    assert (code, told["strict"]) == (1, False)
    assert [each["verdict"] for each in told["messages"]] == ["pass-offline", "deny"]
    assert any("Strict:" in each and "hard" in each for each in told["allowances"])
    assert judged(projects, "lax", "hard", "--strict")[0] == 1


def test_a_waiver_lets_through_in_its_own_project_only(projects: Path) -> None:
    waiver = '[[waivers]]\nrule = "subject-length-advised"\nreason = "x"\nwho = "y"\nexpires = 2099-01-01\n'
    put(projects / "lax" / "mmscheck.toml", f"strict = true\n{waiver}")
    put(projects / "hard" / "mmscheck.toml", "strict = true")
    _, told = judged(projects, "lax", "hard")
    assert [each["verdict"] for each in told["messages"]] == ["pass-offline", "deny"]
    assert [each["state"] for each in told["waivers"]] == ["used"]


def test_assets_are_those_of_the_own_project(tmp_path: Path) -> None:
    paper = "<pdf><url>http://media.example.com/a.pdf</url></pdf>"
    for name, file in (("one", "flyer-small.pdf"), ("two", "mystery.bin")):
        put(tmp_path / name / "sale.xml", message(paper))
        put(tmp_path / name / "mmscheck.toml", TWICE.format("media"))
        put(tmp_path / name / "media" / "a.pdf", MEDIA / file)
    code, told = judged(tmp_path, "one/sale.xml", "two/sale.xml")
    assert code == 3
    assert [each["verdict"] for each in told["messages"]] == ["pass-offline", "deny"]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_them_together(projects: Path, form: str) -> None:
    ran = lint(projects, "lax", "hard", "none", "--format", form)
    assert ran.code == 1
    assert "hard/b.xml" in ran.out.replace("\\", "")


def test_a_baseline_and_an_unreadable_file_count_across_projects(projects: Path) -> None:
    assert lint(projects, "lax", "hard", "--write-baseline", "known.json").code == 0
    assert lint(projects, "lax", "hard", "--baseline", "known.json").code == 0
    assert lint(projects, "lax", "hard", "gone.xml", "--baseline", "known.json").code == 2


def test_fail_fast_ends_with_the_first_denied_whoever_configures_it(projects: Path) -> None:
    ran = run("check", projects, "hard", "lax", "--fail-fast", "--format", "json")
    told = json.loads(ran.out)
    assert (ran.code, told["not_checked"]) == (1, ["lax/a.xml"])


def test_a_send_takes_one_configuration(projects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMSCHECK_API_KEY", "sandbox-key")
    put(projects / "mmscheck.toml", "")
    ran = run("send", projects, "lax", *fields())
    assert ran.code != 0


def test_a_joined_report_is_decided_by_its_parts_and_permits_no_send() -> None:
    good = report(message_report("a.xml", (evaluation("name-present", Outcome.PASSED, MESSAGE),)))
    bad = report(message_report("b.xml", (evaluation("subject-ascii", Outcome.FAILED, MESSAGE),)))
    joined = join_reports([good, bad])
    decided = gate.verdict(joined)
    assert not decided.permitted
    assert [each.source for each in decided.messages] == ["a.xml", "b.xml"]
    forged = replace(joined, messages=joined.messages[:1])
    assert "the report does not hold what its parts hold" in gate.verdict(forged).reasons
    with pytest.raises(PermitError, match="several configurations"):
        gate._permitted(replace(joined, parts=(good,), messages=good.messages))
