"""One service, both of the provider's APIs: each document goes out by the one that it is written for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mmscheck.base.reference import client_reference
from mmscheck.model.words import Dialect
from mmscheck.sandbox import Sandbox
from tests.support.serving import FIELDS, GOOD, Client, form, process, serving, tokens_file

HOST = "media.example.com"
MESSAGE = {
    "action": "savemms",
    "name": "sale",
    "message-subject": "Sale this week",
    "slide": [{"image": {"url": f"http://{HOST}/photo-small.jpg"}, "message-text": "Sale today"}],
}
JSON = json.dumps(MESSAGE, indent=2).encode()
BAD = JSON.replace(b"Sale this week", b"Sale caf\xc3\xa9")
DOCUMENTS = {Dialect.JSON: JSON, Dialect.XML: GOOD}
OTHER = {Dialect.JSON: Dialect.XML, Dialect.XML: Dialect.JSON}

both = pytest.mark.parametrize("api", list(Dialect))


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(connect_to=[(HOST, 80, "127.0.0.1", 0)]) as found:
        yield found


@pytest.fixture
async def client(tmp_path: Path, box: Sandbox) -> AsyncIterator[Client]:
    async with serving(tmp_path, box=box) as found:
        yield found.by("sender")


async def saved(client: Client, document: bytes = JSON) -> str:
    answer = await client.post("/v1/save", {"document": document.decode(), "source": "sale"})
    assert (answer.status, answer.json()["send"]["status"]) == (200, "accepted"), answer.text
    return str(answer.json()["send"]["mms_id"])


def send(client: Client, mms_id: str, document: bytes = JSON, **changes: Any) -> Any:
    fields = {**FIELDS, "mms_id": mms_id, **changes}
    given = {"document": document.decode(), "request": fields}
    return client.post("/v1/send", given, headers={"Idempotency-Key": f"order-{fields['to'][-1]}"})


@pytest.mark.parametrize("path", ["/v1/check", "/v1/lint"])
async def test_a_json_document_is_judged(client: Client, path: str) -> None:
    for answer in (
        await client.post(path, {"document": BAD.decode(), "source": "sale.json"}),
        await client.post(path, data=form(("document", "sale.json", BAD))),
    ):
        assert answer.status == 422, answer.text
        assert answer.headers["Mmscheck-Verdict"] == "deny"
        assert "sale.json" in answer.text
        assert "message-subject" in answer.text


async def test_a_json_document_is_permitted(client: Client) -> None:
    answer = await client.post("/v1/check", data=form(("document", "sale.json", JSON)))
    assert (answer.status, answer.headers["Mmscheck-Verdict"]) == (200, "permit"), answer.text


@both
async def test_each_document_is_saved_and_sent_by_its_own_api(
    client: Client, box: Sandbox, api: Dialect
) -> None:
    document = DOCUMENTS[api]
    mms_id = await saved(client, document)
    answer = await send(client, mms_id, document)
    assert (answer.status, answer.json()["send"]["status"]) == (200, "accepted"), answer.text
    (sent,) = box.sent
    assert sent.to == FIELDS["to"]
    # The JSON API alone tells the provider whose send it is.
    assert sent.client_reference == (client_reference("order-1") if api is Dialect.JSON else None)


async def test_both_at_once_are_kept_apart(client: Client, box: Sandbox) -> None:
    ids = {api: await saved(client, document) for api, document in DOCUMENTS.items()}
    for api, document in DOCUMENTS.items():
        assert (await send(client, ids[api], document, to=f"1555123000{len(box.sent) + 1}")).status == 200
    assert len(box.sent) == 2
    wrong = await send(client, ids[Dialect.XML], JSON, to="15551230009")
    assert (wrong.status, wrong.problem, len(box.sent)) == (422, "denied", 2)


async def test_a_denied_json_document_calls_nobody(client: Client, box: Sandbox) -> None:
    before = box.provider_connections
    answer = await client.post("/v1/save", data=form(("document", "sale.json", BAD)))
    assert (answer.status, answer.problem) == (422, "denied")
    assert box.provider_connections == before


@both
async def test_a_service_for_one_api_says_so_of_the_other(tmp_path: Path, box: Sandbox, api: Dialect) -> None:
    other, before = DOCUMENTS[OTHER[api]], box.provider_connections
    async with serving(tmp_path, box=box, apis=(api,)) as found:
        client = found.by("sender")
        campaign = form(
            ("document", "sale", other),
            ("file", "rows.csv", b"to\n15551230001\n"),
            request=json.dumps({"mms_id": "100001", "campaign": "spring"}),
        )
        for answer in (
            await client.post("/v1/save", data=form(("document", "sale", other))),
            await send(client, "100001", other),
            await client.post("/v1/campaigns", data=campaign),
        ):
            assert (answer.status, answer.problem) == (409, "other-api"), answer.text
            detail = answer.json()["detail"]
            assert f"written for the {OTHER[api].upper()} API" in detail
            assert f"started with --api {api}" in detail
        checked = await client.post("/v1/check", data=form(("document", "sale", other)))
        assert checked.status == 200, checked.text
        assert box.provider_connections == before
        await saved(client, DOCUMENTS[api])


@both
async def test_the_command_chooses_by_the_document_unless_told(
    tmp_path: Path, box: Sandbox, api: Dialect
) -> None:
    # One address for both, as the command has it: the sandbox tells by the call which it is.
    config = tmp_path / "mmscheck.toml"
    config.write_text(
        f'allow-net = ["127.0.0.1/32"]\nconnect-to = ["{HOST}:80:127.0.0.1:{box.media_port}"]\n'
    )
    url = {Dialect.XML: box.provider_url, Dialect.JSON: box.json_url}[api]
    arguments = ("--tokens", tokens_file(tmp_path), "--config", config, "--api-url", url, "--quiet")
    for more in ((), ("--api", api), ("--api", OTHER[api])):
        async with process(tmp_path, *arguments, *more) as one, aiohttp.ClientSession() as session:
            client = Client(session, one.url, "sender", [])
            answer = await client.post("/v1/save", data=form(("document", "sale", DOCUMENTS[api])))
            expected = (409, "other-api") if OTHER[api] in more else (200, None)
            assert (answer.status, answer.problem if answer.status != 200 else None) == expected, answer.text
