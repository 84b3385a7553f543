from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from mmscheck.model.words import Outcome, Severity
from mmscheck.report import FORMATS, View
from tests.support.agreeing import EVERY
from tests.support.reports import (
    SECRETS,
    deny,
    evaluation,
    judged,
    message,
    permitted,
    report,
    several,
    slide,
)

COMMAND = re.compile(r"^::(error|warning|notice) (?:file=([^,:]*),)?(?:line=(\d+),)?title=([^,:]*)::(.*)$")


def lines(view: View) -> list[str]:
    return FORMATS["github"](view).splitlines()


def many(errors: int, warnings: int) -> View:
    found = [
        evaluation(
            f"rule-{at}", Outcome.FAILED, slide(at), severity=severity, message=f"100 % of {at}, so: no"
        )
        for severity, count in ((Severity.ERROR, errors), (Severity.WARNING, warnings))
        for at in range(1, count + 1)
    ]
    run = report(message("sale.xml", tuple(found)))
    return View(report=run, verdict=judged(run, 1, deny("sale.xml", "rule-1 (slide 1) failed")))


@pytest.mark.parametrize("name", EVERY)
def test_every_line_is_one_command_or_plainly_part_of_the_group(name: str) -> None:
    output = lines(EVERY[name])
    grouped = False
    for line in output:
        if line.startswith("::group::"):
            grouped = True
        elif line == "::endgroup::":
            grouped = False
        elif grouped:
            assert re.match(r"(error|warning|notice): ", line)
            assert "##[" not in line
        else:
            assert COMMAND.match(line), line
    assert not grouped


@pytest.mark.parametrize("name", EVERY)
def test_github_shows_every_annotation_that_is_written_as_one(name: str) -> None:
    for kind in ("error", "warning", "notice"):
        assert sum(1 for line in lines(EVERY[name]) if line.startswith(f"::{kind} ")) <= 10


def test_what_goes_beyond_the_limits_is_counted_and_kept_in_the_log() -> None:
    output = lines(many(errors=34, warnings=15))
    assert sum(line.startswith("::error") for line in output) == 10
    assert sum(line.startswith("::warning") for line in output) == 10
    # 34 errors less 9; 15 warnings less 10. What the gate says of the message is what they say.
    assert "::group::and 30 more findings" in output
    plain = [line for line in output if re.match(r"(error|warning): ", line)]
    assert len(plain) == 30
    assert any(
        line.startswith("::notice title=mmscheck::and 30 more findings. GitHub shows") for line in output
    )
    assert "error: sale.xml:1: rule-34 (blocks, slide 34): 100 % of 34, so: no" in plain


def test_the_verdict_is_the_last_line_and_always_an_annotation() -> None:
    assert lines(many(errors=34, warnings=0))[-1].startswith("::error title=mmscheck::DENY: ")
    assert lines(permitted()) == [
        "::notice title=mmscheck::PERMIT: every blocking rule passed (4 checks passed, 1 did not apply)."
    ]


def test_data_and_properties_are_escaped_as_the_runner_reads_them() -> None:
    run = report(
        message("a,b:c%.xml", (evaluation("x", Outcome.FAILED, slide(1), line=3, message="50 %: a, b"),))
    )
    first = lines(View(report=run, verdict=judged(run, 1)))[0]
    assert first == "::error file=a%2Cb%3Ac%25.xml,line=3,title=x (blocks%2C slide 1)::50 %25: a, b"


def test_nobody_can_forge_a_command() -> None:
    for name in ("hostile", "lax", "strict", "unread"):
        output = lines(EVERY[name])
        assert len([line for line in output if line.startswith("::error")]) <= 10
        assert not [line for line in output if line.startswith(("::set-output", "##["))]
        forged = [line for line in output if "forged" in line]
        assert all(
            line.startswith(("::error file=", "::error title=mmscheck", "::notice file=")) for line in forged
        )


def test_no_plain_line_holds_a_command_of_the_old_form() -> None:
    view = many(errors=12, warnings=0)
    (one,) = view.report.messages
    forged = tuple(replace(item, message="##[add-mask]x") for item in one.evaluations)
    output = lines(replace(view, report=replace(view.report, messages=(replace(one, evaluations=forged),))))
    assert [line for line in output if line.startswith("error: ")]
    assert not [line for line in output if line.startswith("error: ") and "##[" in line]


def test_paths_are_those_of_the_repository() -> None:
    run = report(message("/home/ci/repo/mms/sale.xml", (evaluation("x", Outcome.FAILED, slide(1)),)))
    view = View(report=run, verdict=judged(run, 1), root="/home/ci/repo")
    assert lines(view)[0].startswith("::error file=mms/sale.xml,title=")
    dotted = report(message("./mms/sale.xml", (evaluation("x", Outcome.FAILED, slide(1)),)))
    assert lines(View(report=dotted, verdict=judged(dotted, 1)))[0].startswith(
        "::error file=mms/sale.xml,title="
    )


def test_no_secret_gets_in() -> None:
    for view in EVERY.values():
        assert not [secret for secret in SECRETS if secret in FORMATS["github"](view)]


def test_an_input_that_was_not_read_is_an_error_without_a_file() -> None:
    assert lines(several())[0].startswith(
        "::error title=mmscheck-input (cannot tell%2C blocks)::An input could not"
    )
