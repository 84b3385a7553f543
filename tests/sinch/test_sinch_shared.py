"""A client that is open around many calls keeps every promise of single ones."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter

from mmscheck.model.request import SendStatus
from mmscheck.sinch import SinchClient
from tests.sinch.test_sinch_client import ACCEPTED, KEY, REQUEST, a_permit
from tests.support.raw_provider import RawProvider, answer, hang_up_at_once, raw, stall

KEPT = "Connection: keep-alive\r\n"


async def test_each_send_has_a_connection_of_its_own() -> None:
    async with RawProvider(answer(ACCEPTED, headers=KEPT)) as provider:
        async with SinchClient(api_url=provider.url, api_key=KEY) as client:
            for count in range(1, 4):
                result = await client.send_saved_mms(a_permit(), REQUEST)
                assert (result.status, provider.connections) == (SendStatus.ACCEPTED, count)
        assert bytes(provider.received).count(b"POST ") == 3


async def test_many_at_once_are_as_many_posts() -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        async with SinchClient(api_url=provider.url, api_key=KEY) as client:
            sends = [client.send_saved_mms(a_permit(), REQUEST) for _ in range(150)]
            results = await asyncio.gather(*sends)
        assert {result.status for result in results} == {SendStatus.ACCEPTED}
        assert provider.connections == 150


async def test_what_breaks_off_is_unknown_and_not_posted_again() -> None:
    for act in (hang_up_at_once, raw(b""), raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<response>")):
        async with RawProvider(act) as provider:
            async with SinchClient(api_url=provider.url, api_key=KEY) as client:
                results = [await client.send_saved_mms(a_permit(), REQUEST) for _ in range(3)]
                await asyncio.sleep(0.05)
            assert {result.status for result in results} == {SendStatus.UNKNOWN}
            assert provider.connections == 3


async def test_after_sends_that_went_out_one_that_reached_nobody_was_not_attempted() -> None:
    async with RawProvider(answer(ACCEPTED, headers=KEPT)) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY)
        await client.__aenter__()
        first = await client.send_saved_mms(a_permit(), REQUEST)
    second = await client.send_saved_mms(a_permit(), REQUEST)
    await client.__aexit__()
    assert (first.status, second.status) == (SendStatus.ACCEPTED, SendStatus.NOT_ATTEMPTED)


async def test_the_stages_of_sends_in_one_session_are_not_mixed_up() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        # One or two get into the queue of the server that takes nobody; the others never connect.
        async with SinchClient(api_url=url, api_key=KEY, timeout=1.0) as client:
            sends = [client.send_saved_mms(a_permit(), REQUEST) for _ in range(8)]
            ends = Counter(result.status for result in await asyncio.gather(*sends))
    assert ends.keys() == {SendStatus.NOT_ATTEMPTED, SendStatus.UNKNOWN}
    assert ends[SendStatus.UNKNOWN] <= 2


async def test_what_is_on_its_way_when_the_client_closes_is_unknown() -> None:
    async with RawProvider(stall) as provider:
        async with SinchClient(api_url=provider.url, api_key=KEY, timeout=20) as client:
            task = asyncio.create_task(client.send_saved_mms(a_permit(), REQUEST))
            await asyncio.sleep(0.3)  # it is on its way by then
            assert provider.received
        assert (await task).status is SendStatus.UNKNOWN
        assert provider.connections == 1


async def test_a_client_is_usable_before_between_and_after() -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY)
        results = [await client.send_saved_mms(a_permit(), REQUEST)]
        async with client:
            async with client:
                results.append(await client.send_saved_mms(a_permit(), REQUEST))
            results.append(await client.send_saved_mms(a_permit(), REQUEST))
        results.append(await client.send_saved_mms(a_permit(), REQUEST))
        assert [result.status for result in results] == [SendStatus.ACCEPTED] * 4


def test_another_event_loop_does_not_use_what_this_one_opened() -> None:
    async def three() -> None:
        async with RawProvider(answer(ACCEPTED)) as provider:
            client = SinchClient(api_url=provider.url, api_key=KEY)
            async with client:
                other = asyncio.to_thread(lambda: asyncio.run(client.send_saved_mms(a_permit(), REQUEST)))
                assert (await other).status is SendStatus.ACCEPTED

    asyncio.run(three())
