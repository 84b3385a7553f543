# ruff: noqa: RUF001 - characters that look like others are what these tests are about

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mmscheck.model.check import Binding
from mmscheck.model.request import Changes, CustomText, SendRequest
from mmscheck.model.words import Outcome
from tests.support.message_targets import DIGEST, message, on_message, on_request, send_rules, slide

GOOD = SendRequest(
    mms_id="35674",
    to="14045550123",
    from_="28444",
    service_id="12345",
    fallback_sms_text="See our summer sale",
)
REQUEST_RULES = [
    "request-to",
    "request-from",
    "request-mms-id",
    "request-service-id",
    "request-fallback-text",
    "request-operator-id",
    "request-ddm",
    "fallback-text-segments",
    "request-country",
    "mms-id-bound",
]
ANY = st.none() | st.text(st.characters(exclude_categories=())) | st.from_regex(r"\+?[0-9 -]{1,16}")


@given(
    st.builds(
        SendRequest,
        mms_id=ANY,
        to=ANY,
        from_=ANY,
        service_id=ANY,
        fallback_sms_text=ANY,
        operator_id=ANY,
        ddm_force=ANY,
        ddm_message_text=ANY,
        ddm_message_subject=ANY,
        ddm_message_timeout=ANY,
    )
)
def test_every_request_check_answers_whatever_the_fields_hold(request: SendRequest) -> None:
    for rule in REQUEST_RULES:
        on_request(rule, request)
    for state in ("ready", "encoding", "corrupt", "\ud83d"):
        on_request("mms-id-bound", request, Binding(mms_id=request.mms_id or "", content=DIGEST, state=state))


def test_a_complete_send_passes_every_rule_that_applies() -> None:
    outcomes = {rule: on_request(rule, GOOD).outcome for rule in REQUEST_RULES}
    skipped = {"request-operator-id", "request-ddm", "request-country", "mms-id-bound"}
    assert {rule for rule, outcome in outcomes.items() if outcome is Outcome.INAPPLICABLE} == skipped
    assert set(outcomes.values()) == {Outcome.PASSED, Outcome.INAPPLICABLE}


@pytest.mark.parametrize("field", ["mms_id", "service_id"])
@pytest.mark.parametrize("value", [None, "", " ", "35 674", " 35674", "35674\n", "３５", "a\u200bb", "é"])
def test_an_id_is_one_word_of_plain_characters(field: str, value: str | None) -> None:
    rule = f"request-{field.replace('_', '-')}"
    assert on_request(rule, replace(GOOD, **{field: value})).outcome is Outcome.FAILED
    assert on_request(rule, replace(GOOD, **{field: "28444mms"})).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("text", "outcome"),
    [(None, "failed"), ("", "failed"), (" \u200b\n", "failed"), ("{$a}", "cant-tell"), ("x {$a}", "passed")],
)
def test_a_fallback_text_is_there_when_people_can_see_it(text: str | None, outcome: str) -> None:
    assert on_request("request-fallback-text", replace(GOOD, fallback_sms_text=text)).outcome == outcome


@pytest.mark.parametrize(
    ("value", "outcome"), [("31002", "passed"), ("٣", "failed"), ("", "failed"), ("1\n", "failed")]
)
def test_an_operator_id_is_digits(value: str, outcome: str) -> None:
    assert on_request("request-operator-id", replace(GOOD, operator_id=value)).outcome == outcome


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"ddm_message_text": "Hi"}, 0),
        ({"ddm_message_text": "Hi", "ddm_message_timeout": "010", "ddm_force": "false"}, 0),
        ({"ddm_message_text": ""}, 1),
        ({"ddm_message_subject": "Hi"}, 1),
        ({"ddm_message_timeout": "5"}, 1),
        ({"ddm_force": "true"}, 1),
        ({"ddm_message_text": "Hi", "ddm_message_timeout": "00"}, 1),
        ({"ddm_message_text": "Hi", "ddm_message_timeout": "٥"}, 1),
        ({"ddm_message_text": "Hi", "ddm_message_timeout": "5\n"}, 1),
        ({"ddm_message_text": "Hi", "ddm_force": "TRUE"}, 1),
        ({"ddm_message_timeout": "-1", "ddm_force": ""}, 3),
    ],
)
def test_device_discovery_is_complete_or_absent(fields: dict[str, str], faults: int) -> None:
    result = on_request("request-ddm", replace(GOOD, **fields))
    assert len(result.evidence.get("faults", ())) == faults
    assert (result.outcome is Outcome.PASSED) == (faults == 0)


def test_custom_texts_are_matched_with_the_slides_there_are() -> None:
    stored = message(slide(1, "a"), slide(2, "b"))

    def faults(*texts: tuple[int, str]) -> list[str]:
        changes = Changes(custom_texts=tuple(CustomText(slide=n, value=value) for n, value in texts))
        return list(on_message("request-custom-text", stored, changes).evidence.get("faults", ()))

    assert faults((1, "x"), (2, "{$a}")) == []
    assert faults((3, "x")) == ["there is no slide 3: the message has 2 slides, counted from 1"]
    assert len(faults((0, "x"), (-1, "x"))) == 2
    assert faults((1, "x"), (1, "y")) == ["slide 1 is given 2 custom texts"]
    assert faults((2, "")) == ["the custom text for slide 2 is empty"]
    assert on_message("request-custom-text", stored).outcome is Outcome.INAPPLICABLE


READY = Binding(mms_id="35674", content=DIGEST, state="ready")


def bound(request: SendRequest = GOOD, binding: Binding = READY) -> tuple[Outcome, str]:
    result = on_request("mms-id-bound", request, binding)
    return result.outcome, str(result.wording.get("what", ""))


def test_only_a_ready_mms_id_with_this_very_content_is_bound() -> None:
    assert bound() == (Outcome.PASSED, "")
    assert on_request("mms-id-bound", GOOD).outcome is Outcome.INAPPLICABLE


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"mms_id": "1"}, "is not the one the ledger was asked for"),
        ({"content": None}, "is not in the ledger"),
        ({"content": "sha256:" + "b" * 64}, "was saved with other content"),
        ({"state": "encoding"}, "is still being encoded"),
        ({"state": "corrupt"}, "was not encoded successfully"),
        ({"state": "Ready"}, "is in a state that is not known"),
        ({"state": ""}, "is in a state that is not known"),
    ],
)
def test_anything_else_the_ledger_says_denies(changed: dict[str, str | None], what: str) -> None:
    outcome, words = bound(binding=replace(READY, **changed))
    assert outcome is Outcome.FAILED
    assert words.startswith(what)


def test_what_denies_says_which_ledger_was_asked() -> None:
    place = "/state/" + "x" * 200 + "/ledger.sqlite3"
    unbound = replace(READY, content=None, ledger=place)
    assert bound(binding=unbound)[1].startswith(f"is not in the ledger {place}, so nobody knows")
    for binding in (unbound, replace(unbound, content="sha256:b"), replace(READY, ledger=place)):
        assert on_request("mms-id-bound", GOOD, binding).evidence["ledger"] == place


def test_a_send_without_an_mms_id_is_bound_to_nothing() -> None:
    assert bound(replace(GOOD, mms_id=None))[0] is Outcome.FAILED


def test_codes_are_those_of_the_provider() -> None:
    codes = {rule: send_rules()[rule].provider_codes for rule in REQUEST_RULES[:6]}
    assert codes == {
        "request-to": ("E110",),
        "request-from": ("E111",),
        "request-mms-id": ("E620",),
        "request-service-id": ("E627",),
        "request-fallback-text": ("E622",),
        "request-operator-id": ("E650",),
    }
