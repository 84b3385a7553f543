from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from mmscheck.model.request import SendStatus
from mmscheck.report import FORMATS, View
from mmscheck.report.clean import clean_url
from tests.support import reports
from tests.support.reports import PHOTO, SAMPLES, SIGNED, SLOW
from tools.report_schema import schema

# Written out from the contract, not from the types: these keys must be there whatever else is added.
DOCUMENT = "version tool ruleset started duration_ms verdict exit_code counts messages waivers"
MESSAGE = "source digest name subject verdict media evaluations"
MEDIA = "url kind slide line observation"
OBSERVATION = "status reason hops size sha256 declared_type sniffed_type timing_ms facts"
EVALUATION = (
    "rule severity outcome target slide url line message why fix owner provider_codes evidence waived"
)


def rendered(view: View) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FORMATS["json"](view))
    return found


def test_the_committed_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(json.loads(schema()))


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_real_output_validates_against_the_committed_schema(sample: str) -> None:
    Draft202012Validator(json.loads(schema())).validate(rendered(SAMPLES[sample]))


def test_the_schema_refuses_wrong_documents() -> None:
    validator = Draft202012Validator(json.loads(schema()))
    good = rendered(reports.denied())
    for wrong in (
        {**good, "version": 2},
        {**good, "verdict": "fine"},
        {**good, "exit_code": "1"},
        {key: value for key, value in good.items() if key != "counts"},
    ):
        assert not validator.is_valid(wrong)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_key_of_the_contract_is_there(sample: str) -> None:
    found = rendered(SAMPLES[sample])
    assert set(DOCUMENT.split()) <= found.keys()
    assert found["version"] == 1
    assert found["tool"] == {"name": "mmscheck", "version": "0.1.0"}
    assert {"digest", "profile", "rules", "overrides"} <= found["ruleset"].keys()
    assert found["counts"].keys() == {"passed", "failed", "cant-tell", "inapplicable"}
    for message in found["messages"]:
        assert set(MESSAGE.split()) <= message.keys()
        for media in message["media"]:
            assert set(MEDIA.split()) <= media.keys()
            assert set(OBSERVATION.split()) <= media["observation"].keys()
        for evaluation in message["evaluations"]:
            assert set(EVALUATION.split()) <= evaluation.keys()


def test_counts_and_rules_are_those_of_the_report() -> None:
    found = rendered(reports.denied())
    assert found["counts"] == {"passed": 2, "failed": 5, "cant-tell": 4, "inapplicable": 1}
    assert found["ruleset"]["rules"] == 10
    assert len(found["messages"][0]["evaluations"]) == 12


def test_verdict_and_exit_code_are_the_gates_and_never_worked_out_again() -> None:
    view = reports.denied()
    lenient = replace(
        view.verdict,
        permitted=True,
        exit_code=0,
        messages=tuple(replace(item, permitted=True, reasons=()) for item in view.verdict.messages),
    )
    found = rendered(replace(view, verdict=lenient))
    assert (found["verdict"], found["exit_code"], found["messages"][0]["verdict"]) == ("permit", 0, "permit")
    found = rendered(view)
    assert (found["verdict"], found["exit_code"], found["messages"][0]["verdict"]) == ("deny", 1, "deny")


def test_a_message_that_the_gate_did_not_judge_is_denied() -> None:
    view = reports.permitted()
    found = rendered(replace(view, verdict=replace(view.verdict, messages=())))
    assert found["messages"][0]["verdict"] == "deny"
    assert found["messages"][0]["reasons"] == ["the gate did not judge it"]


def test_each_of_several_messages_has_its_own_verdict_in_the_reports_order() -> None:
    found = rendered(reports.several())
    assert [(item["source"], item["verdict"]) for item in found["messages"]] == [
        ("mms/good.xml", "permit"),
        ("mms/broken.xml", "deny"),
    ]
    assert found["strict"] is True
    assert found["unread"] == ["mms/locked.xml: permission denied"]
    assert found["ruleset"]["overrides"][0] == {
        "rule": "subject-length",
        "key": "maximum",
        "old": 80,
        "new": 60,
        "by": "mmscheck.toml",
    }


def test_a_fetched_file_is_told_with_every_hop_and_header() -> None:
    found = rendered(reports.denied())["messages"][0]["media"][1]
    assert (found["url"], found["kind"], found["slide"], found["line"]) == (clean_url(SIGNED), "video", 2, 12)
    seen = found["observation"]
    assert (seen["status"], seen["reason"], seen["size"]) == ("fetched", None, 63143)
    assert (seen["declared_type"], seen["sniffed_type"]) == ("video/mp4", "video/mp4")
    assert seen["timing_ms"] == {"first_byte": 12, "total": 30}
    assert seen["hops"] == [
        {
            "url": "https://media.example.com/clip",
            "status": 302,
            "headers": [["Location", clean_url(SIGNED)]],
            "address": "203.0.113.7",
        },
        {
            "url": clean_url(SIGNED),
            "status": 200,
            "headers": [["content-type", "video/mp4"], ["Transfer-Encoding", "chunked"]],
            "address": "2001:db8::7",
        },
    ]


def test_facts_are_told_and_cookies_are_not() -> None:
    seen = rendered(reports.permitted())["messages"][0]["media"][0]["observation"]
    assert (seen["facts"]["family"], seen["facts"]["width"], seen["facts"]["height"]) == ("image", 640, 1138)
    assert seen["hops"][0]["headers"][2] == ["Set-Cookie", "\u2026"]


def test_a_file_that_did_not_come_has_a_reason_and_no_invented_values() -> None:
    found = rendered(reports.denied())["messages"][0]["media"][2]
    assert found["url"] == SLOW
    assert found["observation"] == {
        "status": "not-fetched",
        "reason": "timed out",
        "detail": "no answer within 10 s",
        "hops": [{"url": SLOW, "status": None, "headers": [], "address": "203.0.113.9"}],
        "size": None,
        "sha256": None,
        "declared_type": None,
        "sniffed_type": None,
        "timing_ms": {"first_byte": None, "total": 10_000},
        "facts": {},
        "probes": [],
        "server": [],
        "attempts": 1,
        "cached_at": None,
    }


def test_a_url_without_an_observation_is_told_as_not_fetched() -> None:
    found = rendered(reports.incomplete())["messages"][0]["media"][0]
    assert found["url"] == PHOTO
    assert (found["observation"]["status"], found["observation"]["reason"]) == (
        "not-fetched",
        "not looked at",
    )


def test_an_evaluation_says_where_and_carries_its_evidence() -> None:
    found = rendered(reports.denied())["messages"][0]["evaluations"]
    emoji, length = found[1], found[7]
    assert (emoji["target"], emoji["slide"], emoji["url"], emoji["line"]) == ("message", None, None, 3)
    assert (length["rule"], length["target"], length["slide"], length["media"]) == (
        "content-length",
        "media",
        2,
        2,
    )
    assert length["url"] == clean_url(SIGNED)
    assert length["evidence"]["asked"] == [clean_url(SIGNED), {"nested": clean_url(SIGNED)}]
    assert length["provider_codes"] == ["E351", "E352"]


def test_a_crash_is_marked_and_keeps_its_traceback() -> None:
    found = rendered(reports.crashed())["messages"][0]["evaluations"][-1]
    assert (found["outcome"], found["crashed"]) == ("cant-tell", True)
    assert "ZeroDivisionError" in found["evidence"]["traceback"]


def test_only_a_send_has_a_send() -> None:
    assert "send" not in rendered(reports.denied())
    assert rendered(reports.sent())["send"] == {
        "status": "accepted",
        "tracking_id": "MMS-7F3A",
        "mms_id": None,
        "error_code": None,
        "error_info": None,
        "http_status": 200,
        "detail": "The provider accepted the message.",
        "recorded": False,
    }
    refused = rendered(reports.sent(SendStatus.REFUSED))
    assert (refused["exit_code"], refused["send"]["error_code"]) == (5, "E620")


def test_text_that_is_no_valid_unicode_is_escaped_and_nothing_reaches_a_terminal_raw() -> None:
    output = FORMATS["json"](reports.hostile())
    assert all(line.isprintable() for line in output.split("\n"))
    message = json.loads(output)["messages"][0]
    assert message["subject"] == reports.HOSTILE.replace("\udcff", "\\udcff")
    assert message["evaluations"][0]["evidence"]["bytes"] == "b'\\xff\\x1b'"
