"""When aiohttp never tells how far it came, nothing but ``unknown`` can be said.

The transport is replaced by aioresponses, which raises or answers without any of the trace signals by which
the client tells a connection that was never made from a request that may have been read.
"""

from __future__ import annotations

import time

import aiohttp
import pytest
from aioresponses import aioresponses

from mmscheck.model.request import SendRequest, SendStatus
from mmscheck.model.verdict import mint_permit
from mmscheck.sinch import SinchClient
from tests.support.raw_provider import ACCEPTED

URL = "https://provider.example/ep/v1/"
REQUEST = SendRequest(mms_id="100001", to="15551230001", from_="28444", service_id="s", fallback_sms_text="t")


async def sent(**reply: object) -> SendStatus:
    permit = mint_permit(
        message_digest="",
        media_digests=(),
        request_digest=REQUEST.digest,
        ruleset_digest="",
        expires=time.time() + 60,
    )
    with aioresponses() as network:
        network.post(URL, **reply)
        result = await SinchClient(api_key="k", api_url=URL).send_saved_mms(permit, REQUEST)
        assert sum(len(calls) for calls in network.requests.values()) == 1
    return result.status


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ServerDisconnectedError(),
        aiohttp.ServerTimeoutError(),
        aiohttp.ClientPayloadError(),
        aiohttp.ClientOSError(104, "reset"),
        aiohttp.ClientConnectionError(),
        TimeoutError(),
        OSError("odd"),
        RuntimeError("odder"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_exception_without_a_signal_is_unknown(error: Exception) -> None:
    assert await sent(exception=error) is SendStatus.UNKNOWN


@pytest.mark.usefixtures("streamed_responses")
async def test_an_answer_counts_by_what_it_says() -> None:
    assert await sent(body=ACCEPTED) is SendStatus.ACCEPTED
    assert await sent(body=ACCEPTED, status=502) is SendStatus.UNKNOWN
