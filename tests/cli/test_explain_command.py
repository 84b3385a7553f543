"""``mmscheck explain``: a code of the provider, its class, the rules that foresee it, what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmscheck.cli.main import main
from mmscheck.model.ledger import PostbackMeaning
from mmscheck.sinch.codes import ERROR_CODES, POSTBACK_CODES, CodeClass

pytestmark = pytest.mark.usefixtures("rules_read_once")


def _told(capsys: pytest.CaptureFixture[str], *call: str) -> str:
    assert main(["explain", *call]) == 0
    return " ".join(capsys.readouterr().out.split())


def _value(capsys: pytest.CaptureFixture[str], code: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(_told(capsys, code, "--format", "json"))
    return value


def test_a_code_of_an_answer_is_told_with_its_class_and_its_rule(capsys: pytest.CaptureFixture[str]) -> None:
    text = _told(capsys, "e620")
    assert "The mms-id is missing." in text
    assert "nothing was done" in text
    assert "request-mms-id" in text


def test_what_may_have_been_done_is_not_to_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert "mmscheck ledger resolve" in _told(capsys, "E503")
    assert "tries again by itself" in _told(capsys, "E113")


def test_answer_and_notification_of_one_code_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    value = _value(capsys, "E102")
    assert value["answer"]["class"] == CodeClass.FIX
    assert value["notification"]["class"] == PostbackMeaning.FAILED
    assert value["answer"]["meaning"] != value["notification"]["meaning"]
    assert "subject-ascii" in {rule["id"] for rule in value["rules"]}


def test_replies_and_subscriptions_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = {code: _value(capsys, code)["notification"]["class"] for code in ("N401", "N301", "N302")}
    assert kinds == {"N401": "inbound", "N301": "subscribed", "N302": "unsubscribed"}


def test_every_code_of_both_tables_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    codes = {row.code for row in ERROR_CODES} | {row.code for row in POSTBACK_CODES}
    for code in sorted(codes):
        value = _value(capsys, code)
        for part in (value["answer"], value["notification"]):
            assert part is None or part["do"], code


@pytest.mark.parametrize(
    ("code", "told"), [("E987", "list no such code"), ("content-length", "mmscheck rules explain RULE")]
)
def test_what_is_no_code_is_refused(code: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 2
    assert told in capsys.readouterr().err
