"""A message in JSON from the check to its notification, with the installed command and with ``Gate``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from mmscheck import Gate, SendRequest, SinchClient
from mmscheck.base.reference import client_reference
from mmscheck.errors import UsageError
from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import SendState
from mmscheck.model.request import SendStatus
from mmscheck.model.words import Dialect
from mmscheck.sandbox import Postbacks, Sandbox, Ways
from tests.sandbox.receiver import receiving
from tests.support.command import fields, image, message, mmscheck
from tests.support.listener import post, running
from tests.support.serving import policy_to

HOST = "media.example.com"
CONNECT = [(HOST, 80, "127.0.0.1", 0)]
MESSAGE = {
    "action": "savemms",
    "name": "sale",
    "message-subject": "Sale this week",
    "slide": [{"image": {"url": f"http://{HOST}/photo-small.jpg"}, "message-text": "Sale today"}],
}
REQUEST = SendRequest(to="15551230001", from_="28444", service_id="demo", fallback_sms_text="Sale today")


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(connect_to=CONNECT) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path, box: Sandbox) -> Path:
    (tmp_path / "sale.json").write_text(json.dumps(MESSAGE, indent=2))
    (tmp_path / "sale.xml").write_text(message(image("photo-small.jpg")))
    (tmp_path / "mmscheck.toml").write_text(
        f'allow-net = ["127.0.0.1/32"]\nconnect-to = ["{HOST}:80:127.0.0.1:{box.media_port}"]\n'
    )
    return tmp_path


async def saved(box: Sandbox, folder: Path) -> str:
    ran = await mmscheck("save", "sale.json", "--api-url", box.json_url, "--format", "json", cwd=folder)
    assert ran.code == 0, ran.out + ran.err
    return str(json.loads(ran.out)["send"]["mms_id"])


async def send(box: Sandbox, folder: Path, mms_id: str, *more: str) -> tuple[int, dict[str, str]]:
    arguments = ("--api-url", box.json_url, *fields(mms_id=mms_id), "--format", "json", *more)
    ran = await mmscheck("send", "sale.json", *arguments, cwd=folder)
    return ran.code, json.loads(ran.out)["send"]


async def test_saved_bound_and_sent_once(box: Sandbox, folder: Path) -> None:
    mms_id = await saved(box, folder)
    assert (await send(box, folder, mms_id))[0] == 0
    code, again = await send(box, folder, mms_id)
    assert (code, len(box.sent)) == (0, 1)
    assert again["recorded"]
    (sent,) = box.sent
    assert len(sent.client_reference or "") == 64


async def test_what_changed_since_it_was_saved_is_denied(box: Sandbox, folder: Path) -> None:
    mms_id = await saved(box, folder)
    other = {**MESSAGE, "message-subject": "Another sale"}
    (folder / "sale.json").write_text(json.dumps(other))
    assert ((await send(box, folder, mms_id))[0], box.sent) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("sale.json", "--api", "xml"), "--api xml: this message is written for the JSON API"),
        (("sale.xml", "--api", "json"), "--api json: this message is written for the XML API"),
        (("sale.json", "--data", "name=x"), "the JSON API documents no merge data"),
        (("sale.json", "--custom-text", "1=x"), "custom-slides"),
        (("sale.json", "--operator-id", "31002"), "the JSON API documents no operator-id"),
    ],
)
async def test_what_the_api_cannot_take_is_an_error_before_any_call(
    box: Sandbox, folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    ran = await mmscheck("send", *arguments, "--api-url", box.json_url, *fields(), cwd=folder)
    assert (ran.code, box.provider_connections) == (2, 0)
    assert says in ran.err


async def test_the_dry_run_shows_json_without_the_key(box: Sandbox, folder: Path) -> None:
    mms_id = await saved(box, folder)
    ran = await mmscheck(
        "send", *("sale.json", "--dry-run", "--api-url", box.json_url), *fields(mms_id=mms_id), cwd=folder
    )
    assert (ran.code, len(box.sent)) == (5, 0)
    assert '"action": "sendsavedmms"' in ran.out
    assert "sandbox-key" not in ran.out + ran.err


async def test_an_unknown_send_is_settled_by_the_notification_with_its_reference(
    folder: Path, tmp_path: Path
) -> None:
    where = str(tmp_path / "ledger.sqlite3")
    at = ("--ledger", where)
    async with receiving() as receiver:
        ways = Ways(postbacks=Postbacks(url=receiver.url))
        async with Sandbox(ways=ways, connect_to=CONNECT) as box:
            (folder / "mmscheck.toml").write_text(
                f'allow-net = ["127.0.0.1/32"]\nconnect-to = ["{HOST}:80:127.0.0.1:{box.media_port}"]\n'
            )
            ran = await mmscheck(
                *("save", "sale.json", "--api-url", box.json_url, *at, "--format", "json"), cwd=folder
            )
            mms_id = str(json.loads(ran.out)["send"]["mms_id"])
            box.plan("close-after")
            code, _ = await send(box, folder, mms_id, *at)
            assert (code, len(box.sent)) == (6, 1)
            await box.settled()
    told = [json.loads(one.body) for one in receiver.posts]
    assert [one["code"] for one in told] == ["N003", "N101", "N102"]
    async with running(where, "--api-url", box.provider_url) as listener:
        strange = {**told[-1], "client-reference": "0" * 64}
        for one in (strange, {**told[-1], "to": "15559999999"}):
            assert await post(listener.port, json.dumps(one).encode()) == 200
        assert await state_of(where) is SendState.UNKNOWN
        assert await post(listener.port, receiver.posts[-1].body) == 200
    assert await state_of(where) is SendState.DELIVERED
    shown = await mmscheck("ledger", "list", *at, "--format", "json", cwd=folder)
    (number,) = [str(one["id"]) for one in json.loads(shown.out)]
    shown = await mmscheck("ledger", "show", number, *at, cwd=folder)
    assert "came with its client-reference" in shown.out, shown.out


async def state_of(where: str) -> SendState:
    async with await open_ledger(where) as ledger:
        (one,) = [send async for send in ledger.sends()]
        return one.state


async def test_the_library_saves_and_sends_json(box: Sandbox, folder: Path, tmp_path: Path) -> None:
    document = (folder / "sale.json").read_bytes()
    client = SinchClient(api_key="sandbox-key", api_url=box.json_url, api=Dialect.JSON)
    async with (
        await open_ledger(str(tmp_path / "l.sqlite3")) as ledger,
        Gate(client=client, policy=policy_to(box), ledger=ledger) as gate,
    ):
        kept = await gate.save(document)
        request = msgspec.structs.replace(REQUEST, mms_id=kept.result.mms_id)
        permit = await gate.check(document, request)
        result = await gate.send(permit, idempotency_key="order-1")
        assert result.status is SendStatus.ACCEPTED
        with pytest.raises(UsageError, match="written for the XML API"):
            await gate.check((folder / "sale.xml").read_bytes(), request)
    assert [one.client_reference for one in box.sent] == [client_reference("order-1")]
