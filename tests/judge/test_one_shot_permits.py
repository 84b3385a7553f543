"""A permit for what is stored is none for what is sent at once, and none is for another document."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mmscheck.errors import PermitError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge import gate
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.report import Report
from mmscheck.model.request import Changes, OneShotRequest, SaveRequest, SendRequest
from mmscheck.slidexml import parse

AT_ONCE = b'{"action": "sendmms", "slide": [{"message-text": "Hello, this is Acme. Reply STOP to opt out."}]}'
STORED = (
    b'{"action": "savemms", "name": "sale", "slide": [{"message-text": "Hello, this is Acme. Reply STOP."}]}'
)
FIELDS = SendRequest(to="14045550123", from_="28444", service_id="1", fallback_sms_text="Hello")


def at_once(document: bytes = AT_ONCE) -> OneShotRequest:
    return OneShotRequest(
        document=document, to="14045550123", from_="28444", service_id="1", fallback_sms_text="Hello"
    )


async def judged(document: bytes, request: SendRequest) -> Report:
    report = await check([parse(document, "a.json")], load_rules(), FetchPolicy(), request=request)
    assert gate.verdict(report).permitted, gate.verdict(report).all_reasons
    return report


async def test_a_send_at_once_gets_a_permit_that_lives_as_long_as_its_files_are_fresh() -> None:
    report = await judged(AT_ONCE, at_once())
    permit = gate.permit(report, at_once(), 1000.0)
    assert (permit.expires, permit.request_digest) == (1000.0 + gate.ONE_SHOT_LIFE, at_once().digest)
    assert gate.ONE_SHOT_LIFE < gate.PERMIT_LIFE


async def test_no_rule_holds_an_id_to_a_document_that_is_sent_at_once_so_it_permits_none() -> None:
    request = replace(FIELDS, mms_id="35674")
    report = await judged(AT_ONCE, request)
    with pytest.raises(PermitError, match="sent at once, and not about a stored one"):
        gate.permit(report, request, 0.0)


async def test_a_stored_message_is_not_sent_at_once() -> None:
    request = replace(at_once(STORED), mms_id="35674")
    report = await judged(STORED, request)
    with pytest.raises(PermitError, match="a stored message, and not about one sent at once"):
        gate.permit(report, request, 0.0)


async def test_what_was_judged_is_what_goes_out() -> None:
    report = await judged(AT_ONCE, at_once())
    other = at_once(AT_ONCE + b" ")
    for request in (other, replace(at_once(), to="14045550124"), FIELDS, SaveRequest(document=AT_ONCE)):
        with pytest.raises(PermitError):
            gate.permit(report, request, 0.0)
    changed = replace(at_once(), changes=Changes(custom_subject="Another"))
    with pytest.raises(PermitError, match="no other texts than its document"):
        gate.permit(await judged(AT_ONCE, changed), changed, 0.0)


def test_no_two_calls_have_one_digest() -> None:
    digests = {
        FIELDS.digest,
        at_once().digest,
        at_once(STORED).digest,
        replace(at_once(), to="14045550124").digest,
        SaveRequest(document=AT_ONCE).digest,
    }
    assert len(digests) == 5
