from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from mmscheck.model.request import Changes, CustomText, SendRequest, SendResult, SendStatus
from mmscheck.model.verdict import mint_permit
from mmscheck.sandbox import MISHAPS, Mishaps, Sandbox, Ways
from mmscheck.sinch import SinchClient
from tests.sandbox.raw_http import call, save_xml, slide, text


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(api_key="the key of <the> sandbox".replace(" ", "-")) as sandbox:
        yield sandbox


def a_send(mms_id: str, **fields: str) -> SendRequest:
    usual = {"to": "14044790000", "from_": "28444", "service_id": "12345", "fallback_sms_text": "a & b"}
    changes = Changes(
        custom_subject="A & B",
        custom_texts=(CustomText(slide=1, value="<custom>"),),
        data=(("firstname", "Zoë"),),
    )
    return SendRequest(mms_id=mms_id, changes=changes, **{**usual, **fields})


async def send(
    box: Sandbox, request: SendRequest, key: str = "the-key-of-<the>-sandbox", limit: float = 30.0
) -> SendResult:
    permit = mint_permit(
        message_digest="m",
        media_digests=(),
        request_digest=request.digest,
        ruleset_digest="r",
        expires=time.time() + 60,
    )
    client = SinchClient(api_url=box.provider_url, api_key=key, timeout=limit)
    return await client.send_saved_mms(permit, request)


async def saved(box: Sandbox) -> str:
    key = "the-key-of-&lt;the&gt;-sandbox"
    return (await call(box, save_xml(slide(text()), key=key)))["mms-id"]


async def test_a_saved_message_is_sent_over_one_connection(box: Sandbox) -> None:
    mms_id = await saved(box)
    before = box.provider_connections
    result = await send(box, a_send(mms_id))
    assert result.status is SendStatus.ACCEPTED
    assert (result.tracking_id, result.mms_id) == (box.sent[0].tracking_id, mms_id)
    assert box.sent[0].subject == "A & B"
    assert box.provider_connections == before + 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "x"}, "E110"),
        ({"from_": "x"}, "E111"),
        ({"mms_id": "1"}, "E241"),
        ({"service_id": ""}, "E627"),
    ],
)
async def test_refusals_come_through_with_their_codes(
    box: Sandbox, fields: dict[str, str], code: str
) -> None:
    request = a_send(**{"mms_id": await saved(box), **fields})
    result = await send(box, request)
    assert (result.status, result.error_code) == (SendStatus.REFUSED, code)
    assert box.sent == []


async def test_a_wrong_key_is_refused(box: Sandbox) -> None:
    result = await send(box, a_send(await saved(box)), key="another-key")
    assert (result.status, result.error_code) == (SendStatus.REFUSED, "E104")
    assert "another-key" not in repr(result)


@pytest.mark.parametrize("name", MISHAPS)
async def test_no_mishap_makes_the_client_sure_of_what_is_not_so(name: str) -> None:
    async with Sandbox(ways=Ways(mishaps=Mishaps(late_seconds=1.0))) as box:
        mms_id = (await call(box, save_xml(slide(text()))))["mms-id"]
        request = a_send(mms_id)
        box.plan(name)
        result = await send(box, request, key="sandbox-key", limit=0.5)
        if name.startswith("late-"):
            await asyncio.sleep(0.8)
        had_it = box.phones.counts == {request.to: 1}
        assert had_it == MISHAPS[name].endswith(" Acted.")
        wanted = SendStatus.REFUSED if name == "e618" else SendStatus.UNKNOWN
        assert (result.status, result.tracking_id) == (wanted, None)
