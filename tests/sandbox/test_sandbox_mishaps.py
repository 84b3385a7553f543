from __future__ import annotations

import asyncio
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest

from mmscheck.errors import SandboxError
from mmscheck.sandbox import MISHAPS, Mishaps, Sandbox, Throttle, Ways
from mmscheck.sandbox.refusals import Refusal
from mmscheck.sandbox.ways import Gatekeeper
from tests.sandbox.raw_http import call, exchange, response, save_xml, send_xml, slide, text
from tests.support.rawserver import until

ACTED = [name for name, sentence in MISHAPS.items() if sentence.endswith(" Acted.")]
NOT_ACTED = [name for name, sentence in MISHAPS.items() if sentence.endswith(" Not acted.")]
LATE = Ways(mishaps=Mishaps(late_seconds=0.4))


async def saved(box: Sandbox) -> str:
    return (await call(box, save_xml(slide(text()))))["mms-id"]


async def send(box: Sandbox, mms_id: str, to: str = "14044790000") -> bytes | type[Exception]:
    """Everything that comes back, or how the connection ended."""
    body = send_xml(mms_id, to=to).encode()
    head = f"POST /ep/v1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    port = urlsplit(box.provider_url).port
    assert port is not None
    try:
        return await exchange(port, head.encode() + body)
    except ConnectionError as error:
        return type(error)


def test_each_mishap_says_whether_the_phone_has_the_message() -> None:
    assert sorted(ACTED + NOT_ACTED) == sorted(MISHAPS)
    assert {"late-before", "close-after", "half-answer", "garbage", "late-answer"} <= set(ACTED)
    assert {"close-unread", "close-before", "e618", "status-503-before"} <= set(NOT_ACTED)


@pytest.mark.parametrize("name", ACTED)
async def test_after_acting_the_phone_has_the_message_whatever_comes_back(name: str) -> None:
    async with Sandbox(ways=LATE) as box:
        mms_id = await saved(box)
        box.plan(name)
        await send(box, mms_id)
        assert box.phones.counts == {"14044790000": 1}
        assert len(box.sent) == 1
        assert any(event.outcome == f"mishap {name}" for event in box.events)


@pytest.mark.parametrize("name", NOT_ACTED)
async def test_before_acting_no_phone_has_anything(name: str) -> None:
    async with Sandbox(ways=LATE) as box:
        mms_id = await saved(box)
        box.plan(name)
        await send(box, mms_id)
        assert box.phones.counts == {}
        assert box.sent == []
        answer = await send(box, mms_id)
        assert isinstance(answer, bytes)
        assert b"Success" in answer


@pytest.mark.parametrize("name", ["close-before", "close-after"])
async def test_a_closed_connection_ends_without_a_byte(name: str) -> None:
    async with Sandbox() as box:
        mms_id = await saved(box)
        box.plan(name)
        assert await send(box, mms_id) == b""


@pytest.mark.parametrize("name", ["reset-before", "reset-after"])
async def test_a_reset_is_a_reset(name: str) -> None:
    async with Sandbox() as box:
        mms_id = await saved(box)
        box.plan(name)
        assert await send(box, mms_id) is ConnectionResetError


async def test_a_connection_closed_unread_makes_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sandbox() as box:
        mms_id = await saved(box)
        calls = len(box.events)
        box.plan("close-unread")
        assert await send(box, mms_id) in {b"", ConnectionResetError, BrokenPipeError}
        assert len(box.events) == calls
        assert box.provider_connections == 2


async def test_answers_break_off_or_are_none() -> None:
    async with Sandbox() as box:
        mms_id = await saved(box)
        box.plan("half-head", "half-answer", "garbage", "not-http", "status-500-after", "status-502-after")
        head, half, garbage, no_http, failed, gateway = [await send(box, mms_id) for _ in range(6)]
    assert head == b"HTTP/1.1 200"
    assert isinstance(half, bytes)
    begun = response(half)
    assert begun.status == 200
    assert 0 < len(begun.body) < int(begun.values("content-length")[0])
    assert b"</response>" not in half
    assert isinstance(garbage, bytes)
    assert response(garbage).status == 200
    assert b"</response>" not in garbage
    assert isinstance(no_http, bytes)
    assert not no_http.startswith(b"HTTP")
    assert isinstance(failed, bytes)
    assert isinstance(gateway, bytes)
    assert (response(failed).status, response(gateway).status) == (500, 502)
    assert b"<response>" not in failed


@pytest.mark.parametrize(
    ("name", "code"), [("e503-before", "E503"), ("e503-after", "E503"), ("e618", "E618")]
)
async def test_some_mishaps_are_answers_with_a_code(name: str, code: str) -> None:
    async with Sandbox() as box:
        mms_id = await saved(box)
        box.plan(name)
        answer = await call(box, send_xml(mms_id))
        assert (answer["status"], answer["error-code"]) == ("Failure", code)


@pytest.mark.parametrize("name", ["late-before", "late-answer"])
async def test_a_late_call_is_acted_on_even_when_the_sender_has_gone(name: str) -> None:
    async with Sandbox(ways=LATE) as box:
        mms_id = await saved(box)
        box.plan(name)
        task = asyncio.create_task(send(box, mms_id))
        await until(
            lambda: box.phones.total == 1 or (name == "late-before" and box.provider_connections == 2)
        )
        await asyncio.sleep(0.05)
        assert box.phones.total == (1 if name == "late-answer" else 0)
        task.cancel()
        await until(lambda: box.phones.total == 1)
        box.plan(name)
        began = time.monotonic()
        assert b"Success" in bytes(await send(box, mms_id))  # type: ignore[arg-type] # an exception type fails
        assert time.monotonic() - began >= 0.4


async def test_a_plan_is_for_the_chosen_actions_and_in_order() -> None:
    async with Sandbox() as box:
        box.plan(None, "e618", None)
        mms_id = await saved(box)
        codes = [(await call(box, send_xml(mms_id))).get("error-code") for _ in range(5)]
        assert codes == [None, "E618", None, None, None]
    async with Sandbox(ways=Ways(mishaps=Mishaps(actions=("saveMMS",)))) as box:
        box.plan("e503-after")
        assert (await call(box, save_xml(slide(text()))))["error-code"] == "E503"


async def drawn(seed: int, chances: dict[str, float], calls: int) -> list[str]:
    async with Sandbox(ways=Ways(mishaps=Mishaps(chances=chances, seed=seed))) as box:
        mms_id = await saved(box)
        answers = [await call(box, send_xml(mms_id)) for _ in range(calls)]
        return [answer.get("error-code", "ok") for answer in answers]


async def test_chances_hold_and_a_seed_repeats_them() -> None:
    chances = {"e618": 0.3, "e503-before": 0.3}
    first, again, other = [await drawn(seed, chances, 150) for seed in (1, 1, 2)]
    assert first == again != other
    counts = Counter(first)
    assert all(20 < counts[code] < 85 for code in ("ok", "E618", "E503")), counts
    assert await drawn(1, {"e618": 1.0}, 5) == ["E618"] * 5
    assert await drawn(1, {}, 5) == ["ok"] * 5


async def test_connections_are_closed_unread_by_chance() -> None:
    async with Sandbox(ways=Ways(mishaps=Mishaps(chances={"close-unread": 0.5}, seed=3))) as box:
        ends = [await send(box, "1") for _ in range(40)]
        refused = [end for end in ends if isinstance(end, bytes) and b"E241" in end]
        assert 8 < len(refused) < 32
        assert box.provider_connections == 40
        assert len(box.events) == len(refused)


@pytest.mark.parametrize(
    ("chances", "words"),
    [
        ({"fire": 0.1}, "there is no mishap 'fire'; there are close-unread, close-before"),
        ({"e618": 1.5}, "the mishap e618 must be a probability from 0 to 1, not 1.5"),
        ({"e618": -0.1}, "must be a probability"),
        ({"e618": float("nan")}, "must be a probability"),
        ({"e618": 0.6, "garbage": 0.6}, "together must be at most 1"),
    ],
)
def test_impossible_chances_are_refused(chances: dict[str, float], words: str) -> None:
    with pytest.raises(SandboxError, match=words):
        Mishaps(chances=chances)


def test_chances_that_make_one_on_paper_make_one_here() -> None:
    parts = (0.05, 0.55, 0.3, 0.1)
    assert sum(parts) > 1
    Mishaps(chances=dict(zip(MISHAPS, parts, strict=False)))


async def test_a_plan_needs_known_names_and_a_running_sandbox() -> None:
    with pytest.raises(SandboxError, match="not been started"):
        Sandbox().plan("e618")
    async with Sandbox() as box:
        with pytest.raises(SandboxError, match="there is no mishap"):
            box.plan("fire")


async def test_calls_too_close_together_are_refused() -> None:
    async with Sandbox(ways=Ways(throttle=Throttle(gap=1.0))) as box:
        mms_id = await saved(box)
        for _ in range(2):
            assert (await call(box, send_xml(mms_id)))["error-code"] == "E106"
        await asyncio.sleep(1.05)
        assert (await call(box, send_xml(mms_id)))["status"] == "Success"
        assert (await call(box, send_xml(mms_id)))["error-code"] == "E106"
        assert box.phones.total == 1


async def test_more_calls_of_one_action_than_its_rate_are_refused() -> None:
    async with Sandbox(ways=Ways(throttle=Throttle(rate=5))) as box:
        mms_id = await saved(box)
        began = time.monotonic()
        answers = [await call(box, send_xml(mms_id)) for _ in range(8)]
        assert time.monotonic() - began < 0.9
        assert [answer.get("error-code") for answer in answers] == [None] * 5 + ["E113"] * 3
        await saved(box)
        await asyncio.sleep(1.05 - (time.monotonic() - began))
        assert (await call(box, send_xml(mms_id)))["status"] == "Success"
        assert box.phones.total == 6


async def test_a_rate_below_one_is_kept_too() -> None:
    async with Sandbox(ways=Ways(throttle=Throttle(rate=0.5))) as box:
        await saved(box)
        assert (await call(box, save_xml(slide(text()))))["error-code"] == "E113"


def test_a_rate_holds_over_any_stretch_of_time() -> None:
    for rate, burst in ((0.5, 1), (2.5, 2), (10.0, 10)):
        now, taken = 0.0, []
        keeper = Gatekeeper(Throttle(rate=rate), clock=lambda: now)  # noqa: B023 - used in this round only
        while now < 60:
            try:
                keeper.admit("sendSavedMMS")
                taken.append(now)
            except Refusal:
                pass
            now += 0.01
        assert taken[:burst] == pytest.approx([0.01 * number for number in range(burst)])
        assert rate * 60 - 3 <= len(taken) <= rate * 60 + burst


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_rate_is_refused(rate: float) -> None:
    with pytest.raises(SandboxError, match="the rate of calls must be above 0"):
        Throttle(rate=rate)


async def test_each_answer_can_take_its_time() -> None:
    async with Sandbox(ways=Ways(answer_seconds=0.2)) as box:
        began = time.monotonic()
        await saved(box)
        assert 0.2 <= time.monotonic() - began < 10
