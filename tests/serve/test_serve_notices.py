"""Webhooks, Slack and Teams: who is told of what, signed, kept until it was taken, and not for ever."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from mmscheck.errors import RuleSetError, UsageError
from mmscheck.ledger import Filter, Ledger
from mmscheck.ruleset import load_config
from mmscheck.ruleset.config import NotifyEvent, NotifyFormat
from mmscheck.sandbox import Sandbox
from mmscheck.serve import courier as couriers
from mmscheck.serve import targets_of
from mmscheck.serve.notify import Notice, Target, body_for
from tests.serve.test_serve_campaigns import asked as campaign
from tests.serve.test_serve_campaigns import ended
from tests.support.campaigns import numbers
from tests.support.serving import BAD, FIELDS, GOOD, serving

XML = {"Content-Type": "application/xml"}
SECRET = b"a-secret-of-at-least-sixteen"
EVERYTHING = frozenset(NotifyEvent)


class Receiver:
    """Takes what is posted; ``answers`` are the statuses of the first ones, then 204."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""
        self._came = asyncio.Event()

    async def take(self, request: web.BaseRequest) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        self._came.set()
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers={"Location": self.url} if status == 302 else {})

    async def until(self, number: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(60):
            while len(self.got) < number:
                self._came.clear()
                await self._came.wait()
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    monkeypatch.setattr(couriers, "_EVERY", 0.05)
    monkeypatch.setattr(couriers, "_FIRST", 0.05)
    monkeypatch.setattr(couriers, "_LOOK_BACK", 0.1)
    found = Receiver()
    runner = web.ServerRunner(web.Server(found.take))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


def target(receiver: Receiver, **changes: Any) -> Target:
    usual = {
        "name": "ops",
        "url": receiver.url,
        "format": NotifyFormat.WEBHOOK,
        "events": EVERYTHING,
        "secret": SECRET,
        "tries": 4,
    }
    return Target(**{**usual, **changes})


async def test_a_report_is_told_signed_and_once(tmp_path: Path, receiver: Receiver) -> None:
    async with serving(tmp_path, tokens=False, notify=(target(receiver),)) as client:
        answer = await client.post("/v1/lint", data=BAD, headers=XML)
        (body,) = await receiver.until(1)
    headers, raw = receiver.got[0]
    assert body["type"] == "report"
    assert body["data"]["report"] == answer.headers["Content-Location"]
    assert body["data"]["verdict"] == "deny"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    wanted = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert b"Sale" not in raw
    assert len(receiver.got) == 1


async def test_what_was_not_taken_is_tried_again_under_the_same_id(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.answers = [500, 302, 429]
    async with serving(tmp_path, tokens=False, notify=(target(receiver),)) as client:
        await client.post("/v1/lint", data=BAD, headers=XML)
        await receiver.until(4)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


async def test_it_is_tried_so_often_and_no_more(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [500] * 100
    one, other = target(receiver, tries=2), target(receiver, name="other", tries=3)
    async with serving(tmp_path, tokens=False, notify=(one, other)) as client:
        await client.post("/v1/lint", data=BAD, headers=XML)
        await receiver.until(5)
        await client.post("/v1/lint", data=GOOD, headers=XML)
        await receiver.until(10)
    by_id = [headers["webhook-id"] for headers, _ in receiver.got]
    assert sorted(by_id.count(one) for one in set(by_id)) == [2, 2, 3, 3]


async def test_what_was_not_told_is_told_by_the_next_process(tmp_path: Path, receiver: Receiver) -> None:
    away = target(receiver, url="http://127.0.0.1:1/nobody")
    async with serving(tmp_path, tokens=False, notify=(away,)) as client:
        await client.post("/v1/lint", data=BAD, headers=XML)
    async with serving(tmp_path, tokens=False, notify=(target(receiver),)):
        (body,) = await receiver.until(1)
    assert body["type"] == "report"


async def test_a_denied_send_and_a_false_permit_are_told(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = target(receiver, events=frozenset({NotifyEvent.DENIED_SEND, NotifyEvent.FALSE_PERMIT}))
    async with (
        Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as box,
        serving(tmp_path, box=box, notify=(wanted,)) as anybody,
    ):
        client = anybody.by("sender")
        await client.post("/v1/lint", data=BAD, headers=XML)
        denied = await client.post("/v1/send", {"document": GOOD.decode(), "request": FIELDS})
        assert denied.status == 422
        (body,) = await receiver.until(1)
        assert body["type"] == "denied-send"
        saved = (await client.post("/v1/save", data=GOOD, headers=XML)).json()["send"]["mms_id"]
        request = {**FIELDS, "mms_id": saved}
        assert (await client.post("/v1/send", {"document": GOOD.decode(), "request": request})).status == 200
        newest = Ledger.newest

        async def failed(self: Ledger, limit: int, wanted: Filter | None = None) -> object:
            return await newest(self, limit)

        monkeypatch.setattr(Ledger, "newest", failed)
        bodies = await receiver.until(2)
        assert (bodies[1]["type"], bodies[1]["data"]["mms_id"]) == ("false-permit", saved)
        assert FIELDS["to"] not in json.dumps(bodies)


async def test_a_stopped_campaign_is_told(tmp_path: Path, receiver: Receiver) -> None:
    wanted = target(receiver, events=frozenset({NotifyEvent.STOPPED_CAMPAIGN}))
    async with (
        Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as box,
        serving(tmp_path, box=box, notify=(wanted,)) as anybody,
    ):
        client = anybody.by("sender")
        mms_id = (await client.post("/v1/save", data=GOOD, headers=XML)).json()["send"]["mms_id"]
        fine = await client.post("/v1/campaigns", campaign(mms_id, numbers(1)))
        assert (await ended(client, fine.headers["Location"]))["state"] == "done"
        assert (await client.by("holder").post("/v1/hold", {"reason": "wrong price"})).status == 201
        stopped = await client.post("/v1/campaigns", campaign(mms_id, numbers(3)))
        (body,) = await receiver.until(1)
    assert (body["type"], body["data"]["job"]) == ("stopped-campaign", stopped.json()["id"])
    assert "stopped before its end" in body["text"]
    assert not any(number in json.dumps(body) for number in numbers(3))


def test_slack_and_teams_find_no_markup_of_a_strangers() -> None:
    notice = Notice(
        id="1", event=NotifyEvent.REPORT, title="<!channel> *x*", text="<http://evil|x> [a](b)", at="t"
    )
    usual = Target(name="a", url="", format=NotifyFormat.SLACK, events=EVERYTHING, secret=b"", tries=1)
    slack = json.loads(body_for(usual, notice))["text"]
    assert "<" not in slack
    assert "&lt;!channel&gt;" in slack
    teams = Target(name="a", url="", format=NotifyFormat.TEAMS, events=EVERYTHING, secret=b"", tries=1)
    card = json.loads(body_for(teams, notice))["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert card["body"][1]["inlines"][0]["text"] == notice.text


def test_the_configuration_names_them(tmp_path: Path) -> None:
    file = tmp_path / "mmscheck.toml"
    (tmp_path / "hook").write_bytes(SECRET + b"\n")
    table = '[notify.ops]\nurl = "https://hooks.example.com/x"\nevents = ["denied-send"]\n'
    file.write_text(f'{table}secret-file = "hook"\n')
    (found,) = targets_of(load_config(file))
    assert (found.name, found.secret, found.tries) == ("ops", SECRET, 8)
    assert "hooks.example.com" not in repr(found)
    file.write_text(f'{table}format = "slack"\n')
    assert targets_of(load_config(file))[0].format is NotifyFormat.SLACK
    for text, told in (
        (table, "a webhook is signed"),
        (f'{table}secret-file = "missing"\n', "cannot be read"),
    ):
        file.write_text(text)
        with pytest.raises(UsageError, match=told):
            targets_of(load_config(file))
    for text in (table.replace("https", "http"), table.replace("denied-send", "denied"), f"{table}x = 1\n"):
        file.write_text(text)
        with pytest.raises(RuleSetError):
            load_config(file)
