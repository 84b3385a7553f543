"""A message that is sent at once, from check to notification, by the installed command and ``Gate``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck import Gate, OneShotRequest, SinchClient
from mmscheck.errors import DeniedError, UsageError
from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.model.request import SendStatus
from mmscheck.model.words import Dialect
from mmscheck.sandbox import Postbacks, Sandbox, Ways
from tests.sandbox.receiver import receiving
from tests.support.command import Ran, fields, mmscheck
from tests.support.listener import post, running
from tests.support.serving import policy_to

HOST = "media.example.com"
CONNECT = [(HOST, 80, "127.0.0.1", 0)]
TEXT = "Sale today, this is Acme. Reply STOP to opt out."
PHOTO = f"http://{HOST}/photo-small.jpg"
OF_JSON = {"action": "sendmms", "slide": [{"image": {"url": PHOTO}, "message-text": TEXT}]}
OF_XML = (
    "<request>\n<action>sendMMS</action>\n<name>sale</name>\n<slide>"
    f"<image><url>{PHOTO}</url></image><message-text>{TEXT}</message-text></slide>\n</request>\n"
)
NUMBER = "15551230001"
BOTH = pytest.mark.parametrize("name", ["sale.json", "sale.xml"])


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(connect_to=CONNECT) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path, box: Sandbox) -> Path:
    return filled(tmp_path, box)


def filled(folder: Path, box: Sandbox) -> Path:
    (folder / "sale.json").write_text(json.dumps(OF_JSON, indent=2))
    (folder / "sale.xml").write_text(OF_XML)
    (folder / "mmscheck.toml").write_text(
        f'allow-net = ["127.0.0.1/32"]\nconnect-to = ["{HOST}:80:127.0.0.1:{box.media_port}"]\n'
    )
    return folder


def at(box: Sandbox, name: str) -> tuple[str, str]:
    return "--api-url", box.json_url if name.endswith(".json") else box.provider_url


async def run(box: Sandbox, folder: Path, name: str, *more: str, **changes: object) -> Ran:
    given = fields(mms_id=None, **changes)
    return await mmscheck("send", name, "--one-shot", *at(box, name), *given, *more, cwd=folder)


async def sent(
    box: Sandbox, folder: Path, name: str, *more: str, **changes: object
) -> tuple[int, dict[str, str]]:
    ran = await run(box, folder, name, "--format", "json", *more, **changes)
    assert ran.out, ran.err
    return ran.code, json.loads(ran.out)["send"]


async def state_of(where: str | None = None) -> SendState:
    async with await open_ledger(where) as ledger:
        (one,) = [send async for send in ledger.sends()]
        assert (await ledger.verify()).found == ()
        return one.state


@BOTH
async def test_it_goes_out_in_one_call_and_is_answered_from_the_ledger_after(
    box: Sandbox, folder: Path, name: str
) -> None:
    code, first = await sent(box, folder, name)
    assert (code, first["status"]) == (0, "accepted")
    (one,) = box.sent
    assert (one.to, one.sender, first["mms_id"]) == (NUMBER, "28444", one.mms_id)
    assert first["tracking_id"] == one.tracking_id
    code, again = await sent(box, folder, name)
    assert (code, bool(again["recorded"]), len(box.sent)) == (0, True, 1)
    assert again["tracking_id"] == one.tracking_id
    shown = await mmscheck("ledger", "list", cwd=folder)
    assert "at-once" in shown.out, shown.out


@BOTH
async def test_other_words_for_the_same_content_are_no_second_message(
    box: Sandbox, folder: Path, name: str
) -> None:
    assert (await sent(box, folder, name))[0] == 0
    text = (folder / name).read_text()
    (folder / name).write_text(text + "\n")
    code, refused = await sent(box, folder, name)
    assert (code, refused["status"], len(box.sent)) == (5, "not-attempted", 1)
    (folder / name).write_text(text)
    assert (await sent(box, folder, name, to="15551230002"))[0] == 0
    assert (await sent(box, folder, name, "--idempotency-key", "twice"))[0] == 0
    (folder / name).write_text(text.replace("Sale today", "Sale tomorrow"))
    assert (await sent(box, folder, name))[0] == 0
    assert len(box.sent) == 4


@BOTH
async def test_the_media_are_judged_anew_each_time(box: Sandbox, folder: Path, name: str) -> None:
    assert (await sent(box, folder, name))[0] == 0
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("photo-small.jpg", "no-such.jpg"))
    ran = await run(box, folder, name)
    assert (ran.code in {1, 3}, len(box.sent)) == (True, 1)


@BOTH
async def test_an_unknown_one_is_never_repeated(box: Sandbox, folder: Path, name: str) -> None:
    box.plan("close-after")
    code, lost = await sent(box, folder, name)
    assert (code, lost["status"], len(box.sent)) == (6, "unknown", 1)
    code, again = await sent(box, folder, name)
    assert (code, again["status"], len(box.sent)) == (6, "unknown", 1)
    assert await state_of() is SendState.UNKNOWN


@BOTH
async def test_a_refusal_and_an_answer_that_is_none(box: Sandbox, folder: Path, name: str) -> None:
    box.plan("garbage")
    assert (await sent(box, folder, name))[0] == 6
    box.plan("e618")
    code, result = await sent(box, folder, name, "--retries", "0", to="15551230002")
    assert (code, result["error_code"]) == (5, "E618")
    assert (await sent(box, folder, name, to="15551230002"))[0] == 0
    assert [one.to for one in box.sent].count("15551230002") == 1


@BOTH
async def test_what_protects_a_number_protects_it_here(box: Sandbox, folder: Path, name: str) -> None:
    await mmscheck("suppress", "add", NUMBER, "--reason", "asked by phone", cwd=folder)
    assert (await sent(box, folder, name, "--dry-run"))[0] == 1
    code, result = await sent(box, folder, name)
    assert (code, box.sent) == (1, []), result
    assert (await sent(box, folder, name, "--require-consent", to="15551230002"))[0] == 1
    held = await mmscheck("hold", "--new", "wrong picture", cwd=folder)
    assert held.code == 0, held.err
    assert (await sent(box, folder, name, to="15551230003"))[0] == 5
    assert box.sent == []


@BOTH
async def test_no_number_gets_more_in_a_day_than_it_may(box: Sandbox, folder: Path, name: str) -> None:
    with (folder / "mmscheck.toml").open("a") as file:
        file.write("[recipients]\nper-day = 1\n")
    assert (await sent(box, folder, name))[0] == 0
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("Sale today", "Sale tomorrow"))
    code, result = await sent(box, folder, name)
    assert (code, len(box.sent)) == (1, 1), result
    assert "1 is the most" in result["detail"]


async def test_a_field_that_the_document_gives_twice_is_refused(box: Sandbox, folder: Path) -> None:
    for twice in ("<to>15551230001</to><to>15551230002</to>", "<from>28444</from><FROM>28444</FROM>"):
        (folder / "sale.xml").write_text(OF_XML.replace("<name>", f"{twice}<name>"))
        ran = await run(box, folder, "sale.xml", to=None)
        assert (ran.code, box.provider_connections) == (2, 0), ran.out + ran.err
        assert "twice" in ran.err


@BOTH
async def test_the_dry_run_shows_the_document_without_the_key(box: Sandbox, folder: Path, name: str) -> None:
    ran = await run(box, folder, name, "--dry-run")
    assert (ran.code, box.provider_connections) == (5, 0), ran.out
    assert TEXT in ran.out
    assert NUMBER in ran.out
    assert "sandbox-key" not in ran.out + ran.err


async def test_a_recipient_in_the_document_is_the_one(box: Sandbox, folder: Path) -> None:
    (folder / "sale.json").write_text(json.dumps({**OF_JSON, "to": NUMBER, "from": "28444"}))
    (folder / "sale.xml").write_text(OF_XML.replace("<name>", f"<to>{NUMBER}</to><name>"))
    for number, name in enumerate(("sale.json", "sale.xml"), start=1):
        key = ("--idempotency-key", name)
        assert (await sent(box, folder, name, *key, to=None))[0] == 0
        assert [one.to for one in box.sent] == [NUMBER] * number
        ran = await run(box, folder, name, to="15551230002")
        assert ran.code == 2
        assert "gives another to than was asked for" in ran.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--mms-id", "1"), "--mms-id: not with --one-shot"),
        (("--recipients", "people.csv"), "--one-shot: to one number"),
        (("--custom-subject", "Other"), "no other texts than its document"),
    ],
)
@BOTH
async def test_what_does_not_go_with_it(
    box: Sandbox, folder: Path, name: str, arguments: tuple[str, ...], says: str
) -> None:
    (folder / "people.csv").write_text("to\n15551230001\n")
    ran = await run(box, folder, name, *arguments, to=None if "--recipients" in arguments else NUMBER)
    assert (ran.code, box.provider_connections) == (2, 0)
    assert says in ran.err


async def test_each_kind_says_how_it_is_sent(box: Sandbox, folder: Path) -> None:
    for name, other in (("sale.json", ("sendmms", "savemms")), ("sale.xml", ("sendMMS", "saveMMS"))):
        ran = await mmscheck("send", name, *at(box, name), *fields(), cwd=folder)
        assert (ran.code, "--one-shot" in ran.err) == (2, True), ran.err
        (folder / name).write_text((folder / name).read_text().replace(*other))
        ran = await run(box, folder, name)
        assert (ran.code, "save it with mmscheck save" in ran.err) == (2, True), ran.err
    (folder / "sale.json").write_text(json.dumps({**OF_JSON, "client-reference": "mine"}))
    ran = await run(box, folder, "sale.json")
    assert (ran.code, "take it out" in ran.err) == (2, True), ran.err
    (folder / "sale.json").write_text("{")
    assert (await run(box, folder, "sale.json")).code in {1, 3}
    assert box.sent == []


@BOTH
async def test_its_notifications_settle_it(tmp_path: Path, name: str) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    async with receiving() as receiver:
        ways = Ways(postbacks=Postbacks(url=receiver.url))
        async with Sandbox(ways=ways, connect_to=CONNECT) as box:
            folder = filled(tmp_path, box)
            assert (await sent(box, folder, name, "--ledger", where))[0] == 0
            await box.settled()
    async with running(where, "--api-url", box.provider_url) as listener:
        for one in receiver.posts:
            assert await post(listener.port, one.body) == 200
    assert await state_of(where) is SendState.DELIVERED


async def test_an_unknown_one_is_settled_by_its_reference_and_by_nothing_weaker(tmp_path: Path) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    async with receiving() as receiver:
        ways = Ways(postbacks=Postbacks(url=receiver.url))
        async with Sandbox(ways=ways, connect_to=CONNECT) as box:
            folder = filled(tmp_path, box)
            box.plan("close-after")
            assert (await sent(box, folder, "sale.json", "--ledger", where))[0] == 6
            await box.settled()
    told = [json.loads(one.body) for one in receiver.posts]
    assert [one["code"] for one in told] == ["N013", "N101", "N102"]
    last = told[-1]
    without = {key: value for key, value in last.items() if key != "client-reference"}
    async with running(where, "--api-url", box.provider_url) as listener:
        for weak in (without, {**last, "client-reference": "0" * 64}, {**last, "to": "15559999999"}):
            assert await post(listener.port, json.dumps(weak).encode()) == 200
        await mmscheck(
            *("ledger", "resolve", "--from-postbacks", "--reason", "looked", "--ledger", where), cwd=folder
        )
        assert await state_of(where) is SendState.UNKNOWN
        assert await post(listener.port, receiver.posts[-1].body) == 200
    assert await state_of(where) is SendState.DELIVERED
    shown = await mmscheck("ledger", "list", "--ledger", where, "--format", "json", cwd=folder)
    (number,) = [str(one["id"]) for one in json.loads(shown.out)]
    shown = await mmscheck("ledger", "show", number, "--ledger", where, cwd=folder)
    assert "came with its client-reference" in shown.out, shown.out


@BOTH
async def test_the_library_sends_it_once(box: Sandbox, folder: Path, tmp_path: Path, name: str) -> None:
    document = (folder / name).read_bytes()
    request = OneShotRequest(
        document=document, to=NUMBER, from_="28444", service_id="demo", fallback_sms_text="Sale today"
    )
    api = Dialect.JSON if name.endswith(".json") else Dialect.XML
    client = SinchClient(api_key="sandbox-key", api_url=at(box, name)[1], api=api)
    policy = policy_to(box)
    async with (
        await open_ledger(str(tmp_path / "ledger.sqlite3")) as ledger,
        Gate(client=client, policy=policy, ledger=ledger) as gate,
    ):
        for _ in range(2):
            result = await gate.send(await gate.check(document, request))
            assert result.status is SendStatus.ACCEPTED, result.detail
        assert len(box.sent) == 1
        with pytest.raises(UsageError, match="another than that of the request"):
            await gate.check(document + b" ", request)
        broken = document.replace(b"photo-small.jpg", b"no-such.jpg")
        with pytest.raises(DeniedError):
            await gate.check(broken, OneShotRequest(document=broken, to=NUMBER, from_="28444"))
    async with Gate(client=client, policy=policy) as gate:
        result = await gate.send(await gate.check(document, request))
    assert (result.status, len(box.sent)) == (SendStatus.ACCEPTED, 2)
