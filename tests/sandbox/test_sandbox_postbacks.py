from __future__ import annotations

import asyncio
import datetime as dt
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mmscheck.errors import SandboxError
from mmscheck.sandbox import Carrier, Postbacks, Sandbox, Ways
from tests.sandbox.raw_http import call, medium, save_xml, send_xml, slide, text
from tests.sandbox.receiver import CLOSE, ERROR, MOVED, SILENCE, Receiver, receiving


@asynccontextmanager
async def boxed(
    receiver: Receiver, carrier: Carrier | None = None, **fields: Any
) -> AsyncIterator[tuple[Sandbox, str]]:
    """A sandbox with one saved message, whose N003 has arrived and is put away."""
    usual: dict[str, Any] = {"answer_seconds": 10.0, "retry_seconds": 0.1}
    ways = Ways(
        carrier=carrier or Carrier(),
        postbacks=Postbacks(url=receiver.url, **{**usual, **fields}),
    )
    async with Sandbox(ways=ways) as box:
        mms_id = (await call(box, save_xml(slide(text()), subject="Sale {$x|now}")))["mms-id"]
        await settled(box)
        receiver.posts.clear()
        yield box, mms_id


async def settled(box: Sandbox) -> None:
    async with asyncio.timeout(30):
        await box.settled()


async def test_a_delivered_message_is_reported_sent_and_delivered() -> None:
    async with receiving() as receiver, boxed(receiver) as (box, mms_id):
        answer = await call(box, send_xml(mms_id))
        await settled(box)
        sent, delivered = receiver.posts
        assert sent.head.startswith("POST /postbacks/secret?a=b HTTP/1.1\r\n")
        assert f"Host: 127.0.0.1:{receiver.port}\r\n" in sent.head
        assert (sent.root, delivered.root) == ("postback", "postback")
        stamp = dt.datetime.fromisoformat(sent.fields["timestamp"])
        assert abs(dt.datetime.now(dt.UTC) - stamp) < dt.timedelta(seconds=10)
        assert sent.fields == {
            "origin": "MMS_MT",
            "code": "N101",
            "sent-as": "MMS",
            "status": "Message Sent",
            "mms-id": mms_id,
            "from": "28444",
            "to": "14044790000",
            "tracking-id": answer["tracking-id"],
            "operator-id": "31002",
            "timestamp": sent.fields["timestamp"],
        }
        assert (delivered.fields["code"], delivered.fields["status"]) == ("N102", "Message Sent/Delivered")
        assert delivered.fields["handset"]
        assert delivered.fields["tracking-id"] == answer["tracking-id"]


async def test_a_carrier_takes_its_time() -> None:
    async with receiving() as receiver, boxed(receiver, Carrier(seconds=0.2)) as (box, mms_id):
        began = time.monotonic()
        await call(box, send_xml(mms_id))
        assert box.phones.total == 1
        await settled(box)
        assert [post.at - began >= wait for post, wait in zip(receiver.posts, (0.2, 0.4), strict=True)]
        assert receiver.posts[0].at - began >= 0.2
        assert receiver.posts[1].at - began >= 0.4


@pytest.mark.parametrize(
    "extra", ["<custom-subject>Sal\u00e9</custom-subject>", "<data><x>\U0001f389</x></data>"]
)
async def test_a_non_ascii_subject_ends_in_a_late_e102_and_on_no_phone(extra: str) -> None:
    async with receiving() as receiver, boxed(receiver) as (box, mms_id):
        assert (await call(box, send_xml(mms_id, extra)))["status"] == "Success"
        await settled(box)
        assert receiver.codes == ["N101", "E102"]
        assert receiver.posts[1].fields["status"] == "Message Sent/Rejected"
        assert "the subject holds U+" in receiver.posts[1].fields["status-details"]
        assert box.phones.counts == {}


async def test_an_oversize_message_ends_in_a_late_e102_as_the_estimate_says() -> None:
    size = 4922  # jingle-small.mp3
    wire = -(-size * 137 // 100) + 814
    for limit, code in ((wire, "N102"), (wire - 1, "E102")):
        async with receiving() as receiver, boxed(receiver, Carrier(max_bytes=limit)) as (box, _):
            body = save_xml(slide(medium("audio", box.media_url + "jingle-small.mp3")))
            mms_id = (await call(box, body))["mms-id"]
            assert (await call(box, send_xml(mms_id)))["status"] == "Success"
            await settled(box)
            assert receiver.codes[-1] == code
            assert box.phones.total == (1 if code == "N102" else 0)


async def test_unreachable_phones_and_failures_end_in_e102() -> None:
    carrier = Carrier(unreachable=frozenset({"14044790001"}))
    async with receiving() as receiver, boxed(receiver, carrier) as (box, mms_id):
        for number in ("14044790001", "14044790002"):
            await call(box, send_xml(mms_id, to=number))
        await settled(box)
        ends = {post.fields["to"]: post.fields["code"] for post in receiver.posts if post.code != "N101"}
        assert ends == {"14044790001": "E102", "14044790002": "N102"}
        assert box.phones.counts == {"14044790002": 1}
    async with receiving() as receiver, boxed(receiver, Carrier(failures=0.5, seed=1)) as (box, mms_id):
        for _ in range(40):
            await call(box, send_xml(mms_id))
        await settled(box)
        assert 8 < receiver.codes.count("E102") < 32
        assert receiver.codes.count("N102") == box.phones.total == 40 - receiver.codes.count("E102")


@pytest.mark.parametrize("answer", [ERROR, MOVED, CLOSE, SILENCE, b"HTTP/1.1 204 No Content\r\n\r\n", b"\0"])
async def test_a_postback_not_answered_200_in_time_comes_again(answer: bytes | None) -> None:
    # A receiver that is heard out has all the time it wants: it may be slow on a busy machine.
    seconds = 0.3 if answer is SILENCE else 10.0
    async with receiving() as receiver, boxed(receiver, answer_seconds=seconds) as (box, mms_id):
        receiver.answers = [answer, answer]
        await call(box, send_xml(mms_id))
        await settled(box)
        assert sorted(receiver.codes) == ["N101", "N101", "N102", "N102"]
        first = [post for post in receiver.posts if post.code == "N101"]
        assert first[0].body == first[1].body
        # The receiver may come late to the first, which takes some of the time off.
        assert (0.25 if answer is SILENCE else 0.05) <= first[1].at - first[0].at < 10


async def test_a_postback_is_given_up_after_its_retries() -> None:
    async with receiving() as receiver, boxed(receiver, retries=2, retry_seconds=0.02) as (box, mms_id):
        receiver.answers = [ERROR] * 6
        await call(box, send_xml(mms_id))
        await settled(box)
        assert sorted(receiver.codes) == ["N101"] * 3 + ["N102"] * 3
    assert Postbacks(url="http://localhost/").retries == 5
    assert Postbacks(url="http://localhost/").retry_seconds == 300
    assert Postbacks(url="http://localhost/").answer_seconds == 10


async def test_a_receiver_that_is_not_there_yet_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ways = Ways(postbacks=Postbacks(url=f"http://localhost:{port}/", retry_seconds=1.0))
    async with Sandbox(ways=ways) as box:
        await call(box, save_xml(slide(text())))
        receiver = Receiver()
        await asyncio.sleep(0.1)
        async with await asyncio.start_server(receiver.serve, "127.0.0.1", port):
            await settled(box)
        assert receiver.codes == ["N003"]
        told = [event.outcome for event in box.events if event.source == "postback"]
        assert told == ["no answer (ConnectionRefusedError)", "200"]


async def test_duplicates_come_on_request() -> None:
    async with receiving() as receiver, boxed(receiver, duplicates=1.0) as (box, mms_id):
        await call(box, send_xml(mms_id))
        await settled(box)
        assert sorted(receiver.codes) == ["N101", "N101", "N102", "N102"]


async def test_disorder_comes_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscheck.sandbox.postbacks.HOLD_SECONDS", 1.0)
    async with receiving() as receiver, boxed(receiver, disorder=1.0) as (box, mms_id):
        for _ in range(3):
            await call(box, send_xml(mms_id))
            await settled(box)
        assert receiver.codes == ["N102", "N101"] * 3


async def test_what_nothing_overtakes_is_not_held_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscheck.sandbox.postbacks.HOLD_SECONDS", 0.2)
    async with receiving() as receiver, boxed(receiver, disorder=1.0) as (box, _):
        await call(box, save_xml(slide(text())))
        await settled(box)
        assert receiver.codes == ["N003"]


async def test_loss_comes_on_request() -> None:
    async with receiving() as receiver, boxed(receiver, loss=1.0) as (box, mms_id):
        await call(box, send_xml(mms_id))
        await settled(box)
        assert receiver.posts == []
        assert box.phones.total == 1
        assert box.events[-1].outcome == "lost on request"


@pytest.mark.parametrize(
    ("tags", "save", "send"),
    [
        ("documented", "POSTBACK", "postback"),
        ("lower", "postback", "postback"),
        ("upper", "POSTBACK", "POSTBACK"),
    ],
)
async def test_tags_come_in_either_case(tags: str, save: str, send: str) -> None:
    async with receiving() as receiver, boxed(receiver, tags=tags) as (box, mms_id):
        await call(box, save_xml(slide(text())))
        await settled(box)
        await call(box, send_xml(mms_id))
        await settled(box)
        assert [post.root for post in receiver.posts] == [save, send, send]
        upper = {"ORIGIN", "CODE", "SENTAS", "STATUS", "MMSID", "FROM", "TO", "TRACKINGID", "SPID"}
        if tags == "upper":
            assert set(receiver.posts[1].fields) == {*upper, "TIMESTAMP"}
        if tags == "lower":
            assert set(receiver.posts[0].fields) == {"origin", "code", "mms-id"}


async def test_a_sandbox_that_ends_drops_what_was_still_to_come() -> None:
    before = asyncio.all_tasks()
    async with receiving() as receiver:
        async with boxed(receiver, Carrier(seconds=60)) as (box, mms_id):
            await call(box, send_xml(mms_id))
            began = time.monotonic()
        assert time.monotonic() - began < 15
        assert receiver.posts == []
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"url": "https://127.0.0.1/"}, "must be an http URL"),
        ({"url": "http://192.0.2.1/"}, "go to this machine only; 192.0.2.1 is not a loopback"),
        ({"url": "http://example.com/"}, "go to this machine only"),
        ({"url": "http:///x"}, "go to this machine only"),
        ({"url": "http://127.0.0.1:99999/"}, "is not a URL"),
        ({"url": "http://127.0.0.1/a b"}, "must be an http URL"),
        ({"url": "http://127.0.0.1/\u00e9"}, "must be an http URL"),
        ({"tags": "Title"}, "one of documented, lower, upper, not 'Title'"),
        ({"answer_seconds": -1}, "the time for answering a postback must be 0 seconds or more"),
        ({"retry_seconds": float("nan")}, "the time between tries of a postback"),
        ({"retries": -1}, "the number of further tries of a postback must be 0 or more"),
        ({"duplicates": 2.0}, "the duplicates of postbacks must be a probability"),
        ({"disorder": -0.1}, "the disorder of postbacks"),
        ({"loss": float("nan")}, "the loss of postbacks"),
    ],
)
def test_impossible_postbacks_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(SandboxError, match=words):
        Postbacks(**{"url": "http://127.0.0.1/", **fields})


@pytest.mark.parametrize("fields", [{"seconds": -1.0}, {"max_bytes": 0}, {"failures": 1.1}])
def test_an_impossible_carrier_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(SandboxError, match=r"of a carrier|a carrier takes"):
        Carrier(**fields)
