from __future__ import annotations

import pytest

from mmscheck.model.request import SendRequest, SendResult, SendStatus
from mmscheck.sinch import ProviderAnswer, Unparseable, parse_answer
from mmscheck.sinch.answers import MAX_ANSWER_BYTES
from mmscheck.sinch.outcome import judge

REQUEST = SendRequest(mms_id="35674", to="14044790000", from_="28444")
ACCEPTED = """<response>
    <status>Success</status><mms-id>35674</mms-id><tracking-id>TU1TXzU5Nzg3OQ==</tracking-id>
    <to>14044790000</to><from>28444</from>
    <status-details>MMS request accepted and queued for delivery</status-details>
</response>"""
ACCEPTED_2015 = """<RESPONSE><STATUS>Success</STATUS><MMSID>35674</MMSID>
    <TRACKINGID>TU1TXzU5Nzg3OQ==</TRACKINGID><TO>14044790000</TO><FROM>28444</FROM></RESPONSE>"""
REFUSED = """<response><status>Failure</status><error-code>E713</error-code><to>14044790000</to>
    <error-info>There is billing problem on your account</error-info></response>"""
REFUSED_2015 = """<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E713</ERRORCODE><TO>14044790000</TO>
    <ERRORINFO>There is billing problem on your account</ERRORINFO></RESPONSE>"""


def outcome(body: str, http_status: int = 200, key: str = "the-key") -> SendResult:
    return judge(parse_answer(body.encode()), http_status, REQUEST, key)


def failure(code: str) -> str:
    return f"<response><status>Failure</status><error-code>{code}</error-code></response>"


@pytest.mark.parametrize("body", [ACCEPTED, ACCEPTED_2015, ACCEPTED.replace("mms-id", "mmsId")])
def test_a_success_is_accepted_in_every_spelling(body: str) -> None:
    result = outcome(body)
    assert result.status is SendStatus.ACCEPTED
    assert result.tracking_id == "TU1TXzU5Nzg3OQ=="
    assert result.mms_id == "35674"
    assert result.http_status == 200


@pytest.mark.parametrize("body", [REFUSED, REFUSED_2015])
@pytest.mark.parametrize("http_status", [200, 400, 403])
def test_a_failure_with_a_known_code_is_refused_with_any_status(body: str, http_status: int) -> None:
    result = outcome(body, http_status)
    assert result.status is SendStatus.REFUSED
    assert result.error_code == "E713"
    assert result.error_info == "There is billing problem on your account"
    assert "billing problem" in result.detail
    assert "Nothing was sent" in result.detail


@pytest.mark.parametrize("code", ["E101", "E102"])
def test_a_call_without_action_or_key_was_refused(code: str) -> None:
    result = outcome(f"<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>{code}</ERRORCODE></RESPONSE>")
    assert result.status is SendStatus.REFUSED
    assert "Nothing was sent" in result.detail
    assert "until 2015-03 only" in result.detail


def test_an_answer_with_empty_errors_inside_is_accepted() -> None:
    body = ACCEPTED.replace(
        "</response>", "<sending><error-code/><status>Success</status></sending></response>"
    )
    assert outcome(body).status is SendStatus.ACCEPTED


def test_the_refusal_says_what_to_do() -> None:
    assert "Mend that first" in outcome(failure("E110")).detail
    assert "safe to send again a little later" in outcome(failure("E626")).detail
    assert outcome(failure("E626")).status is SendStatus.REFUSED


def test_an_acceptance_without_tracking_id_is_still_one_and_says_so() -> None:
    result = outcome("<response><status>Success</status><mms-id>35674</mms-id></response>")
    assert result.status is SendStatus.ACCEPTED
    assert result.tracking_id is None
    assert "no tracking id" in result.detail
    assert "do not repeat" in result.detail


@pytest.mark.parametrize(
    ("body", "http_status"),
    [
        (failure("E503"), 200),
        (failure("E201"), 200),
        (failure("E998"), 200),
        (ACCEPTED.replace("</response>", "<sending><error-code>E110</error-code></sending></response>"), 200),
        (ACCEPTED.replace("</response>", "<part><status>Failure</status></part></response>"), 200),
        (ACCEPTED.replace("</response>", "<to2 error-code='E110'/></response>"), 200),
        (ACCEPTED_2015.replace("</RESPONSE>", "<A><B><ERRORINFO>no</ERRORINFO></B></A></RESPONSE>"), 200),
        (failure(""), 200),
        ("<response><status>Failure</status></response>", 200),
        ("<response><status>Pending</status></response>", 200),
        ("<response><status/></response>", 200),
        ("<response><mms-id>35674</mms-id></response>", 200),
        (ACCEPTED, 500),
        (ACCEPTED, 400),
        (ACCEPTED, 302),
        (REFUSED, 302),
        (REFUSED, 502),
        (ACCEPTED.replace("</mms-id>", "</mms-id><error-code>E110</error-code>"), 200),
        (ACCEPTED.replace("</mms-id>", "</mms-id><error-info>no</error-info>"), 200),
        (REFUSED.replace("</to>", "</to><tracking-id>T</tracking-id>"), 200),
        (ACCEPTED.replace("35674", "35675"), 200),
        (ACCEPTED.replace("14044790000", "14044790001"), 200),
        (REFUSED.replace("14044790000", "14044790001"), 200),
        (ACCEPTED.replace("<mms-id>", "<status>Failure</status><mms-id>"), 200),
        (ACCEPTED.replace("response>", "postback>"), 200),
        ("", 200),
        ("   ", 200),
        ("Success", 200),
        ("<html><body>Success</body></html>", 200),
        (ACCEPTED[:-3], 200),
        ("<!DOCTYPE response>" + ACCEPTED, 200),
        ('<!DOCTYPE response [<!ENTITY s "Success">]><response><status>&s;</status></response>', 200),
        ('<!DOCTYPE r SYSTEM "file:///etc/passwd"><response><status>Success</status></response>', 200),
        ("<response><status><b>Success</b></status></response>", 200),
    ],
)
def test_whatever_proves_nothing_is_unknown(body: str, http_status: int) -> None:
    result = outcome(body, http_status)
    assert result.status is SendStatus.UNKNOWN
    assert "do not repeat it" in result.detail
    assert result.http_status == http_status


def test_a_number_without_its_country_code_is_the_same_number() -> None:
    assert outcome(ACCEPTED.replace("14044790000", "4044790000")).status is SendStatus.ACCEPTED


def test_a_number_as_it_is_dialled_at_home_is_the_same_number() -> None:
    request = SendRequest(mms_id="35674", to="61412345678")
    for told in ("0412345678", "61412345678", "+61 412 345 678"):
        answer = parse_answer(ACCEPTED.replace("14044790000", told).encode())
        assert judge(answer, 200, request, "a-key").status is SendStatus.ACCEPTED
    other = parse_answer(ACCEPTED.replace("14044790000", "0412345679").encode())
    assert judge(other, 200, request, "a-key").status is SendStatus.UNKNOWN


def test_an_oversized_answer_is_no_answer() -> None:
    padding = "<x>" + "a" * MAX_ANSWER_BYTES + "</x>"
    body = ACCEPTED.replace("</response>", padding + "</response>").encode()
    assert parse_answer(body) == Unparseable(reason=f"it is longer than {MAX_ANSWER_BYTES} bytes")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<response><status>Failure</status><status>Success</status></response>", "it gives status twice"),
        ("<RESPONSE><STATUS>Success</STATUS><status>Success</status></RESPONSE>", "it gives status twice"),
        ("<response><status>Success<b/></status></response>", "its status holds elements"),
    ],
)
def test_an_answer_that_could_be_read_two_ways_is_not_read(body: str, reason: str) -> None:
    assert parse_answer(body.encode()) == Unparseable(reason=reason)


def test_comments_and_declared_encodings_are_read_over() -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><response><!-- x --><status>Suc<!-- -->cess</status>'
    parsed = parse_answer((body + "<status-details>caf\xe9</status-details></response>").encode("latin-1"))
    assert parsed == ProviderAnswer(success=True, status_details="café")


def test_the_key_and_control_characters_never_come_back() -> None:
    body = f"""<response><status>Failure</status><error-code>E104</error-code>
        <error-info>bad key the-key &#x9b;31m\n\u202e{"x" * 1000}</error-info></response>"""
    result = outcome(body)
    assert result.error_info is not None
    assert "the-key" not in result.error_info + result.detail
    assert "REDACTED" in result.error_info
    assert result.error_info.isprintable()
    assert result.detail.isprintable()
    assert len(result.detail) < 600
