"""The JSON API over sockets: what goes out, and that no damaged answer is ever an acceptance."""

from __future__ import annotations

import json
import random

import pytest

from mmscheck.errors import UsageError
from mmscheck.model.request import Changes, CustomText, SaveRequest, SendRequest, SendResult, SendStatus
from mmscheck.model.words import Dialect
from mmscheck.sinch import DEFAULT_JSON_URL, ProviderAnswer, SinchClient
from mmscheck.sinch.answers import parse_json_answer
from mmscheck.sinch.json_documents import request_json, save_json
from tests.sinch.test_sinch_client import KEY, REQUEST, a_permit
from tests.support.raw_provider import Act, RawProvider, answer, hang_up_at_once, raw

ACCEPTED = {"status": "Success", "mms-id": "35674", "tracking-id": "T1", "to": "14044790000"}
SAVE = b'{"action": "savemms",\n "slide": [{"message-text": "Hi"}]}'


async def sent(act: Act, reference: str | None = "r" * 64) -> tuple[SendResult, RawProvider]:
    async with RawProvider(act) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY, timeout=20, api=Dialect.JSON)
        result = await client.send_saved_mms(a_permit(), REQUEST, reference=reference)
    assert KEY not in repr(result)
    return result, provider


async def test_a_send_is_one_post_with_the_key_in_its_header_alone() -> None:
    result, provider = await sent(answer(json.dumps(ACCEPTED)))
    assert (result.status, result.tracking_id, provider.connections) == (SendStatus.ACCEPTED, "T1", 1)
    head, _, body = bytes(provider.received).partition(b"\r\n\r\n")
    assert f"x-api-key: {KEY}".encode() in head
    assert b"Content-Type: application/json; charset=utf-8" in head
    assert json.loads(body) == {
        "action": "sendsavedmms",
        "mms-id": "35674",
        "to": "14044790000",
        "from": "28444",
        "service-id": "s",
        "fallback-sms-text": "t",
        "client-reference": "r" * 64,
    }


async def test_a_save_is_the_document_byte_for_byte() -> None:
    async with RawProvider(answer('{"status": "Success", "mms-id": 35674}')) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY, api=Dialect.JSON)
        save = SaveRequest(document=SAVE)
        result = await client.save_mms(a_permit(save), save)
    assert (result.status, result.mms_id) == (SendStatus.ACCEPTED, "35674")
    assert bytes(provider.received).endswith(b"\r\n\r\n" + SAVE)


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
async def test_a_documented_failure_is_a_refusal(status: str) -> None:
    said = '{"status": "Failure", "error-code": "E110", "error-info": "no such recipient"}'
    result, _ = await sent(answer(said, status))
    assert (result.status, result.error_code) == (SendStatus.REFUSED, "E110")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ('{"status": "Success", "status": "Success", "mms-id": "35674"}', "200 OK"),
        ('{"status": "Success", "Status": "Success"}', "200 OK"),
        ('{"status": true}', "200 OK"),
        ('{"status": ["Success"]}', "200 OK"),
        ('{"status": "Success", "to": ["14044790000"]}', "200 OK"),
        ('{"status": "Success", "tracking-id": {"id": "T1"}}', "200 OK"),
        ('{"status": "Success", "tracking-id": 1.5}', "200 OK"),
        ('{"status": "Success", "error-code": "E100"}', "200 OK"),
        ('{"status": "Success", "results": [{"status": "Failed"}]}', "200 OK"),
        ('{"status": "Success", "errors": {"code": "E1"}}', "200 OK"),
        ('{"status": "Success", "mms-id": "1"}', "200 OK"),
        ('{"status": "Success", "to": "15550009999"}', "200 OK"),
        ('{"status": "Success"', "200 OK"),
        ('[{"status": "Success"}]', "200 OK"),
        ('"Success"', "200 OK"),
        ("NaN", "200 OK"),
        ('{"status": "Success", "x": NaN}', "200 OK"),
        ("[" * 100_000, "200 OK"),
        ('{"status": "\\ud800"}', "200 OK"),
        ("", "200 OK"),
        ("<response><status>Success</status></response>", "200 OK"),
        (json.dumps(ACCEPTED), "302 Found"),
        (json.dumps(ACCEPTED), "404 Not Found"),
        (json.dumps(ACCEPTED), "500 Internal Server Error"),
        ('{"status": "Failure"}', "200 OK"),
        ('{"status": "Failure", "error-code": "E9999"}', "200 OK"),
    ],
)
async def test_what_is_no_plain_answer_leaves_the_send_unknown(said: str, status: str) -> None:
    result, provider = await sent(answer(said, status))
    assert (result.status, provider.connections) == (SendStatus.UNKNOWN, 1)


@pytest.mark.parametrize("act", [hang_up_at_once, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{")])
async def test_a_connection_that_breaks_off_leaves_it_unknown(act: Act) -> None:
    result, provider = await sent(act)
    assert (result.status, provider.connections) == (SendStatus.UNKNOWN, 1)


def test_an_answer_may_stand_in_an_object_of_its_own() -> None:
    assert parse_json_answer(b'{"response": {"status": "success", "mmsId": "7"}}') == ProviderAnswer(
        success=True, mms_id="7"
    )


def test_no_damaged_answer_is_an_acceptance() -> None:
    whole, chance = json.dumps(ACCEPTED).encode(), random.Random(20261201)
    expected = parse_json_answer(whole)
    for _ in range(3_000):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        end = parse_json_answer(bytes(broken[: chance.randint(0, len(broken))]))
        # Cut or changed inside it is no answer, unless the change is in a value or a name.
        assert not (end == expected and bytes(broken) != whole and b'"status": "Success"' not in broken)
        if broken and not broken.rstrip().endswith(b"}"):
            assert not isinstance(end, ProviderAnswer)


@pytest.mark.parametrize(
    "request_",
    [
        SendRequest(operator_id="31002"),
        SendRequest(ddm_force="1"),
        SendRequest(changes=Changes(custom_texts=(CustomText(slide=1, value="x"),))),
        SendRequest(changes=Changes(data=(("name", "x"),))),
    ],
)
def test_what_the_json_api_does_not_list_is_refused_and_never_left_out(request_: SendRequest) -> None:
    with pytest.raises(UsageError, match="the JSON API documents no"):
        request_json(request_)


@pytest.mark.parametrize(
    "document",
    [
        b'{"slide": []}',
        b'{"action": "sendmms"}',
        b'{"action": "savemms", "to": "1"}',
        b'{"action": "savemms", "x-api-key": "k"}',
        b'{"action": "savemms", "action": "savemms"}',
        b'{"action": "savemms"',
        b'"savemms"',
        b"\xff",
    ],
)
def test_a_document_that_is_no_save_is_not_posted(document: bytes) -> None:
    with pytest.raises(UsageError):
        save_json(document)


async def test_the_list_of_stored_messages_is_of_the_xml_api() -> None:
    client = SinchClient(api_key=KEY, api=Dialect.JSON)
    assert client.api_url == DEFAULT_JSON_URL
    with pytest.raises(UsageError, match="XML API alone"):
        await client.template("1")
