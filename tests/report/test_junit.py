from __future__ import annotations

import pytest
from lxml import etree

from mmscheck.model.request import SendStatus
from mmscheck.report import FORMATS
from tests.support.agreeing import EVERY, RUNS
from tests.support.reports import SECRETS, sent


def suites(name: str) -> etree._Element:
    return etree.fromstring(FORMATS["junit"](EVERY[name]).encode())


def result(root: etree._Element, case: str) -> tuple[str, str]:
    found = [each for each in root.iter("testcase") if each.get("name") == case]
    assert len(found) == 1
    inner = next(iter(found[0]), None)
    return ("passed", "") if inner is None else (inner.tag, inner.get("type", ""))


def test_every_rule_on_every_target_is_a_case_of_its_message() -> None:
    root = suites("lax")
    assert [suite.get("name") for suite in root] == ["mmscheck", "mms/good.xml", "mms/mixed.xml"]
    for suite, message in zip(list(root)[1:], RUNS["lax"].report.messages, strict=True):
        assert len(suite.findall("testcase")) == len(message.evaluations) + 1


@pytest.mark.parametrize(
    ("case", "tag", "kind"),
    [
        ("a-passed: message", "passed", ""),
        ("c-not: slide 1", "skipped", "inapplicable"),
        ("e-failed: message", "failure", "failed"),
        ("f-failed: slide 1", "skipped", "advice-failed"),
        ("g-unsure: slide 1, medium 1", "error", "cant-tell"),
        ("h-unsure: message", "skipped", "advice-cant-tell"),
        ("i-crashed: slide 2", "error", "crashed"),
        ("j-waived: slide 2, medium 2", "skipped", "waived"),
    ],
)
def test_a_case_says_what_the_table_of_the_module_promises(case: str, tag: str, kind: str) -> None:
    assert result(suites("lax"), case) == (tag, kind)


def test_advice_fails_where_it_blocks() -> None:
    root = suites("strict")
    assert result(root, "f-failed: slide 1") == ("failure", "failed")
    assert result(root, "h-unsure: message") == ("error", "cant-tell")


@pytest.mark.parametrize("name", EVERY)
def test_the_numbers_of_the_suites_are_those_of_their_cases(name: str) -> None:
    root = suites(name)
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        for count, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
            assert int(suite.get(count, "")) == len(suite.findall(f"testcase/{tag}"))
    for count in ("tests", "failures", "errors"):
        assert int(root.get(count, "")) == sum(int(suite.get(count, "")) for suite in root)


def test_a_denial_without_a_finding_is_red_in_its_message_and_in_the_run() -> None:
    root = suites("incomplete")
    assert result(root, "mmscheck-gate: message") == ("error", "cant-tell")
    assert result(root, "The gate permits the whole run") == ("skipped", "told")
    assert "not-chunked was not evaluated" in etree.tostring(root, encoding="unicode")


def test_an_input_that_was_not_read_is_a_case() -> None:
    assert result(suites("several"), "Every input was read and checked") == ("error", "cant-tell")


@pytest.mark.parametrize(
    ("status", "tag"),
    [
        (SendStatus.ACCEPTED, "passed"),
        (SendStatus.REFUSED, "failure"),
        (SendStatus.UNKNOWN, "error"),
        (SendStatus.NOT_ATTEMPTED, "failure"),
    ],
)
def test_the_end_of_a_send_is_a_case(status: SendStatus, tag: str) -> None:
    root = etree.fromstring(FORMATS["junit"](sent(status)).encode())
    assert result(root, "The provider accepted the call")[0] == tag
    assert result(root, "The gate permits the whole run")[0] == "passed"


def test_a_send_that_the_gate_stopped_is_skipped() -> None:
    assert result(suites("denied-send"), "The provider accepted the call") == ("skipped", "inapplicable")


@pytest.mark.parametrize("name", EVERY)
def test_nothing_breaks_out_and_no_secret_gets_in(name: str) -> None:
    output = FORMATS["junit"](EVERY[name])
    assert not [char for char in output if not char.isprintable() and char != "\n"]
    assert not [secret for secret in SECRETS if secret in output]
    tags = {element.tag for element in etree.fromstring(output.encode()).iter()}
    assert tags <= {
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
        "error",
        "skipped",
    }
