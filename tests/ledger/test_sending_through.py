"""The Gate with a ledger: the library's sends happen at most once too, also when they are cancelled."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from mmscheck import FetchPolicy, Gate, PermitError, SendRequest, SendResult, SendStatus, SinchClient
from mmscheck.errors import LedgerError, UsageError
from mmscheck.judge import gate
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.model.report import Report
from mmscheck.model.request import Changes
from mmscheck.model.verdict import Permit
from mmscheck.send.order import Order, Retries
from mmscheck.send.send import send_through
from mmscheck.slidexml import parse
from tests.support.bound import bind
from tests.support.command import message
from tests.support.ledgers import raw
from tests.support.raw_provider import ACCEPTED, RawProvider, answer, read_request

DOCUMENT = message("<message-text>See you</message-text>").encode()
REQUEST = SendRequest(
    mms_id="100001", to="15551230001", from_="28444", service_id="s", fallback_sms_text="Sale today"
)
SOON = Retries(count=20, seconds=10, first=0.01, longest=0.1)


@pytest.fixture
async def provider() -> AsyncIterator[RawProvider]:
    async with RawProvider(answer(ACCEPTED)) as raw:
        yield raw


@pytest.fixture
async def report() -> Report:
    return await check([parse(DOCUMENT, "a.xml")], load_rules(), FetchPolicy(), request=REQUEST)


def order(report: Report, *, life: float = 600.0, key: str | None = None) -> Order[SendRequest]:
    permit = gate.permit(report, REQUEST, time.time(), life=life)
    return Order(report=report, request=REQUEST, permit=permit, key=key)


def client(provider: RawProvider) -> SinchClient:
    return SinchClient(api_key="sandbox-key", api_url=provider.url)


async def states(ledger: Ledger) -> dict[str, SendState]:
    return {one.intent.key: one.state async for one in ledger.sends()}


async def test_the_same_send_is_answered_out_of_the_ledger(provider: RawProvider, ledger: Ledger) -> None:
    await bind(ledger, DOCUMENT, at=provider.url)
    async with Gate(client=client(provider), ledger=ledger) as one:
        first = await one.send(await one.check(DOCUMENT, REQUEST))
    async with Gate(client=client(provider), ledger=ledger) as other:
        again = await other.send(await other.check(DOCUMENT, REQUEST))
        keyed = await other.send(await other.check(DOCUMENT, REQUEST), idempotency_key="job-7")
    assert (first.status, first.recorded) == (SendStatus.ACCEPTED, False)
    assert (again.status, again.recorded, again.tracking_id) == (SendStatus.ACCEPTED, True, "MMS_MT_test")
    assert (keyed.recorded, provider.connections) == (False, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "15551230002"},
        {"mms_id": "100002"},
        {"service_id": "t"},
        {"changes": Changes(custom_subject="Another sale")},
        {"changes": Changes(data=(("name", "Ana"),))},
    ],
)
async def test_whatever_a_phone_gets_is_in_the_key(ledger: Ledger, changes: dict[str, str | Changes]) -> None:
    other = SendRequest(
        **{name: changes.get(name, getattr(REQUEST, name)) for name in REQUEST.__struct_fields__}
    )
    accepted = Recorder(SendResult(status=SendStatus.ACCEPTED, detail="Accepted."))
    await bind(ledger, DOCUMENT, "100001", "100002", at=None)
    async with Gate(client=accepted, ledger=ledger) as one:
        for request in (REQUEST, other, REQUEST, other):
            await one.send(await one.check(DOCUMENT, request))
    assert accepted.requests == [REQUEST, other]


class Recorder:
    """A client that answers all the same."""

    def __init__(self, result: SendResult) -> None:
        self.result = result
        self.requests: list[SendRequest] = []

    async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
        permit.redeem(request.digest, time.time())
        self.requests.append(request)
        return self.result


async def test_the_permit_is_noted_with_the_digests_of_what_was_checked(
    provider: RawProvider, ledger: Ledger, report: Report, where: str
) -> None:
    await send_through(ledger, client(provider), order(report))
    ((body,),) = await raw(where, "SELECT body FROM history WHERE kind = 'permit'")
    for digest in (report.messages[0].digest, REQUEST.digest, report.ruleset_digest):
        assert digest in body
    assert (await ledger.verify()).rows == 3
    assert (await ledger.verify()).found == ()


async def test_many_tasks_with_one_key_make_one_post(
    provider: RawProvider, ledger: Ledger, report: Report
) -> None:
    results = await asyncio.gather(
        *(send_through(ledger, client(provider), order(report)) for _ in range(20))
    )
    assert provider.connections == 1
    assert [one.status for one in results].count(SendStatus.ACCEPTED) == 1
    assert {one.status for one in results} == {SendStatus.ACCEPTED, SendStatus.UNKNOWN}


async def test_a_hold_stops_the_library_too(provider: RawProvider, ledger: Ledger, report: Report) -> None:
    await ledger.hold(reason="wrong picture", who="ann")
    result = await send_through(ledger, client(provider), order(report))
    assert (result.status, provider.connections) == (SendStatus.NOT_ATTEMPTED, 0)
    assert "ann" in result.detail
    assert "wrong picture" in result.detail


async def test_a_connection_never_made_is_tried_again(ledger: Ledger, report: Report) -> None:
    async with RawProvider(answer(ACCEPTED)) as gone:
        port = gone.port
    sending = asyncio.create_task(send_through(ledger, client(gone), order(report), SOON))
    while SendState.NOT_SENT not in (await states(ledger)).values():  # noqa: ASYNC110 - nobody signals it
        await asyncio.sleep(0.005)
    async with await asyncio.start_server(accept, "127.0.0.1", port):
        result = await sending
    assert result.status is SendStatus.ACCEPTED


async def test_trying_again_ends_with_the_permit(ledger: Ledger, report: Report) -> None:
    later = Recorder(SendResult(status=SendStatus.REFUSED, detail="Later.", error_code="E106"))
    endless = Retries(count=10_000, seconds=60, first=0.01, longest=0.1)
    result = await send_through(ledger, later, order(report, life=0.5), endless)
    assert (result.status, len(later.requests) < 100) == (SendStatus.REFUSED, True)
    assert list((await states(ledger)).values()) == [SendState.NOT_SENT]


@pytest.mark.parametrize(
    "result",
    [
        SendResult(status=SendStatus.REFUSED, detail="Refused.", error_code="E110"),
        SendResult(status=SendStatus.UNKNOWN, detail="E503.", error_code="E503"),
        SendResult(status=SendStatus.UNKNOWN, detail="A server error.", error_code="E106", http_status=500),
        SendResult(status=SendStatus.UNKNOWN, detail="No answer."),
    ],
)
async def test_everything_else_is_never_tried_again(
    ledger: Ledger, report: Report, result: SendResult
) -> None:
    recorder = Recorder(result)
    ended = await send_through(ledger, recorder, order(report), SOON)
    assert (ended.status, ended.error_code) == (result.status, result.error_code)
    assert ("mmscheck ledger resolve 1 " in ended.detail) == (ended.status is SendStatus.UNKNOWN)
    assert len(recorder.requests) == 1
    assert list((await states(ledger)).values()) == [SendState(result.status.value)]


async def test_a_permit_that_ran_out_sends_nothing_and_blocks_nothing(
    provider: RawProvider, ledger: Ledger, report: Report
) -> None:
    with pytest.raises(PermitError, match="expired"):
        await send_through(ledger, client(provider), order(report, life=-1.0))
    assert list((await states(ledger)).values()) == [SendState.NOT_SENT]
    assert (await send_through(ledger, client(provider), order(report))).status is SendStatus.ACCEPTED
    assert provider.connections == 1


async def test_a_client_that_fails_leaves_an_unknown_send(ledger: Ledger, report: Report) -> None:
    class Broken:
        async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
            raise ZeroDivisionError

    result = await send_through(ledger, Broken(), order(report))
    assert result.status is SendStatus.UNKNOWN
    assert list((await states(ledger)).values()) == [SendState.UNKNOWN]


async def test_a_ledger_that_was_closed_sends_nothing(
    provider: RawProvider, report: Report, where: str
) -> None:
    async with await open_ledger(where) as ledger:
        pass
    with pytest.raises(LedgerError):
        await send_through(ledger, client(provider), order(report))
    assert provider.connections == 0


async def test_a_send_that_is_cancelled_at_any_moment_is_never_left_open(
    provider: RawProvider, ledger: Ledger, report: Report
) -> None:
    posted: set[str] = set()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        posted.add(key)
        await asyncio.sleep(0.005)
        await answered(writer)

    provider.act = note
    for number in range(30):
        key = f"key-{number}"
        task = asyncio.create_task(send_through(ledger, client(provider), order(report, key=key)))
        await asyncio.sleep(number / 1000)
        task.cancel()
        await asyncio.wait({task})
        state = (await states(ledger)).get(key)
        assert state in {None, SendState.NOT_SENT, SendState.UNKNOWN, SendState.ACCEPTED}, number
        assert key not in posted or state in {SendState.UNKNOWN, SendState.ACCEPTED}, number
    seen = list((await states(ledger)).values())
    assert SendState.NOT_SENT in seen


async def test_a_send_that_is_cancelled_during_the_call_is_unknown(
    provider: RawProvider, ledger: Ledger, report: Report
) -> None:
    read = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        read.set()
        await reader.read()

    provider.act = stall
    task = asyncio.create_task(send_through(ledger, client(provider), order(report)))
    await asyncio.wait_for(read.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((await states(ledger)).values()) == [SendState.UNKNOWN]


async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one request, say yes and close."""
    await answer(ACCEPTED)(reader, writer)
    writer.close()
    await writer.wait_closed()


async def answered(writer: asyncio.StreamWriter) -> None:
    """The provider's yes, without reading anything."""
    body = ACCEPTED.encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    await writer.drain()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda one: one(retries=Retries()),
        lambda one: one().send(None, idempotency_key="job-7"),
    ],
)
async def test_what_only_a_ledger_can_do_needs_one(
    provider: RawProvider, wrong: Callable[[Callable[..., Gate]], Awaitable[SendResult]]
) -> None:
    with pytest.raises(UsageError, match="ledger"):
        await wrong(lambda **given: Gate(client=client(provider), **given))


async def test_permits_that_nobody_holds_are_forgotten(provider: RawProvider) -> None:
    async with Gate(client=client(provider)) as one:
        first, second = await one.check(DOCUMENT, REQUEST), await one.check(DOCUMENT, REQUEST)
        del second
        gc.collect()
        assert [issued.permit() for issued in one._issued.values()] == [first]
