from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from mmscheck.errors import SandboxError
from mmscheck.sandbox import Phones, Received, Sandbox, message_digest
from mmscheck.sandbox.mishaps import MAX_PLANNED
from tests.sandbox.raw_http import call, exchange, get, response, save_xml, send_xml, slide, text


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(control_port=0) as sandbox:
        yield sandbox


async def saved(box: Sandbox) -> str:
    slides = (slide(text("Hi {$name|you}")), slide(text("Bye")))
    return (await call(box, save_xml(*slides, subject="For {$Name|all}")))["mms-id"]


def control_port(box: Sandbox) -> int:
    port = urlsplit(box.control_url or "").port
    assert port is not None
    return port


async def test_a_phone_has_what_was_sent_to_it_by_id_and_final_words(box: Sandbox) -> None:
    mms_id = await saved(box)
    await call(box, send_xml(mms_id))
    await call(box, send_xml(mms_id, "<data><NAME>Bo</NAME></data>", to="14044790001"))
    text_2 = "<custom-text><value>X {$name|z}</value><slide>2</slide></custom-text>"
    custom = f"<custom-subject>S</custom-subject>{text_2}"
    await call(box, send_xml(mms_id, custom, to="14044790001"))
    await call(box, send_xml("1", to="14044790002"))
    plain = message_digest("For all", ["Hi you", "Bye"])
    merged = message_digest("For Bo", ["Hi Bo", "Bye"])
    replaced = message_digest("S", ["Hi you", "X z"])
    assert box.phones.counts == {"14044790000": 1, "14044790001": 2}
    assert box.phones.received("14044790000") == (Received(mms_id=mms_id, digest=plain, times=1),)
    assert [one.digest for one in box.phones.received("14044790001")] == [merged, replaced]
    assert box.phones.received("14044790002") == ()
    assert (box.phones.total, box.phones.repeated) == (3, {})
    assert [sent.digest for sent in box.sent] == [plain, merged, replaced]


async def test_a_message_that_comes_twice_is_named(box: Sandbox) -> None:
    mms_id = await saved(box)
    for to in ("14044790000", "14044790000", "14044790001"):
        await call(box, send_xml(mms_id, to=to))
    await call(box, send_xml(mms_id, "<custom-subject>Other</custom-subject>"))
    assert box.phones.counts == {"14044790000": 3, "14044790001": 1}
    digest = message_digest("For all", ["Hi you", "Bye"])
    assert box.phones.repeated == {"14044790000": (Received(mms_id=mms_id, digest=digest, times=2),)}


def test_the_digest_is_of_the_documented_form() -> None:
    form = json.dumps(["S\u00e9", ["a", ""]], separators=(",", ":"))
    assert message_digest("S\u00e9", ["a", ""]) == hashlib.sha256(form.encode()).hexdigest()
    assert message_digest("ab", ["c"]) != message_digest("a", ["bc"])


def test_what_is_too_much_to_keep_is_numbered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmscheck.sandbox.carrier.COUNTED", 2)
    phones = Phones()
    for number in ("1", "2", "3", "1", "3"):
        phones.deliver(number, "9", "d")
    assert phones.counts == {"1": 2, "2": 1}
    assert (phones.total, phones.uncounted) == (5, 2)


async def test_other_processes_can_ask_what_phones_have(box: Sandbox) -> None:
    mms_id = await saved(box)
    for to in ("14044790000", "14044790000", "14044790001"):
        await call(box, send_xml(mms_id, to=to))
    before = box.provider_connections
    digest = message_digest("For all", ["Hi you", "Bye"])
    twice, once = ({"mms-id": mms_id, "digest": digest, "times": times} for times in (2, 1))
    answer = await get(control_port(box), "/phones", host="localhost")
    assert answer.values("content-type") == ["application/json"]
    assert json.loads(answer.body) == {
        "total": 3,
        "uncounted": 0,
        "phones": {"14044790000": [twice], "14044790001": [once]},
        "repeated": {"14044790000": [twice]},
    }
    assert json.loads((await get(control_port(box), "/phones/14044790001", host="localhost")).body) == [once]
    assert json.loads((await get(control_port(box), "/phones/1", host="localhost")).body) == []
    assert box.provider_connections == before


async def put(box: Sandbox, body: bytes, path: str = "/mishaps") -> tuple[int, bytes]:
    lines = (f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", f"Content-Length: {len(body)}")
    head = "\r\n".join((*lines, "", ""))
    answer = response(await exchange(control_port(box), head.encode() + body))
    return answer.status, answer.body


async def test_other_processes_can_plan_mishaps(box: Sandbox) -> None:
    mms_id = await saved(box)
    assert await put(box, b'[null, "e618"]') == (200, b'{"planned": 2}\n')
    codes = [(await call(box, send_xml(mms_id))).get("error-code") for _ in range(3)]
    assert codes == [None, "E618", None]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"[[]]", b'["fire"]', b"\xff", b'["e618", "fire"]', b"[" * 60_000]
)
async def test_a_plan_that_is_none_changes_nothing(box: Sandbox, body: bytes) -> None:
    status, reason = await put(box, body)
    assert status == 400
    assert reason
    assert "error-code" not in await call(box, send_xml(await saved(box)))


async def test_the_control_service_says_what_there_is(box: Sandbox) -> None:
    assert b"/phones/NUMBER" in (await get(control_port(box), "/", host="localhost")).body
    assert (await get(control_port(box), "/nowhere", host="localhost")).status == 404
    assert (await get(control_port(box), "/mishaps", host="localhost")).status == 404
    assert (await put(box, b"[]", "/phones"))[0] == 404


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Host: 127.0.0.1:8803", 200),
        ("Host: localhost", 200),
        ("Host: [::1]:8803", 200),
        ("Host: evil.example:8803", 403),
        ("Host: 10.0.0.7", 403),
        ("Host: [::1", 403),
        ("Host: 127.0.0.1\r\nOrigin: http://evil.example", 403),
        ("Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site", 403),
    ],
)
async def test_a_web_page_neither_asks_nor_plans(box: Sandbox, head: str, status: int) -> None:
    body = b"[null]"
    lines = f"POST /mishaps HTTP/1.1\r\n{head}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    assert response(await exchange(control_port(box), lines.encode() + body)).status == status
    asked = f"GET /phones HTTP/1.1\r\n{head}\r\nConnection: close\r\n\r\n"
    assert response(await exchange(control_port(box), asked.encode())).status == status


async def test_plans_are_bounded(box: Sandbox) -> None:
    box.plan(*([None] * MAX_PLANNED))
    with pytest.raises(SandboxError, match="at most 100000 calls"):
        box.plan(None)


async def test_there_is_no_control_service_unless_asked_for() -> None:
    async with Sandbox() as box:
        assert box.control_url is None
        assert box.phones.counts == {}
        with pytest.raises(SandboxError, match="the control service cannot listen on"):
            await Sandbox(control_port=box.media_port).__aenter__()
    with pytest.raises(SandboxError, match="not been started"):
        _ = Sandbox().phones
