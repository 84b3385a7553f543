"""``mmscheck bind``: an id saved elsewhere is bound only when the provider's message is this one."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.ledger import default_file, open_ledger
from mmscheck.model.ledger import MmsRecord, MmsState
from mmscheck.sandbox import Sandbox
from tests.sandbox.raw_http import call
from tests.support.bound import digest_of
from tests.support.command import Ran, fields, image, message, mmscheck
from tests.support.raw_provider import RawProvider, answer

DOCUMENT = message(image("photo-small.jpg"), "<message-text>See you</message-text>")
FILM = message("<video><url>http://media.example.com/clip-small.mp4</url></video>")
CALL = "<request><action>saveMMS</action><api-key>sandbox-key</api-key>"


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(connect_to=(("media.example.com", 80, "127.0.0.1", 0),)) as sandbox:
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    (tmp_path / "film.xml").write_text(FILM)
    return tmp_path


async def saved_elsewhere(box: Sandbox, document: str = DOCUMENT) -> str:
    return str((await call(box, document.replace("<request>", CALL).encode()))["mms-id"])


def around(box: Sandbox) -> list[str]:
    way = f"media.example.com:80:127.0.0.1:{box.media_port}"
    return ["--api-url", box.provider_url, "--connect-to", way, "--allow-net", "127.0.0.1/32"]


async def bind(box: Sandbox, folder: Path, mms_id: str, *more: str, name: str = "sale.xml") -> Ran:
    return await mmscheck("bind", mms_id, name, "--who", "ann", *more, *around(box), cwd=folder)


async def known(mms_id: str) -> MmsRecord | None:
    async with await open_ledger() as ledger:
        return await ledger.mms(mms_id)


async def test_a_bound_id_may_be_sent(box: Sandbox, folder: Path) -> None:
    mms_id = await saved_elsewhere(box)
    ran = await bind(box, folder, mms_id)
    assert ran.code == 0, ran.out + ran.err
    assert "Not compared, because the provider does not tell: texts" in ran.err
    record = await known(mms_id)
    assert record is not None
    url = "http://media.example.com/photo-small.jpg"
    assert (record.state, record.media) == (MmsState.READY, ((url, digest_of(url)),))
    sent = await mmscheck("send", "sale.xml", *fields(mms_id=mms_id), *around(box), cwd=folder)
    assert (sent.code, len(box.sent)) == (0, 1)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            DOCUMENT.replace("Summer", "Winter"),
            'subject: the file has "Summer sale", the provider "Winter sale"',
        ),
        (DOCUMENT.replace(">sale<", ">other<"), 'name: the file has "sale", the provider "other"'),
        (message(image("photo-small.jpg")), 'number of slides: the file has "2", the provider "1"'),
    ],
)
async def test_another_message_under_the_id_is_refused_naming_each_difference(
    box: Sandbox, folder: Path, changed: str, told: str
) -> None:
    mms_id = await saved_elsewhere(box, changed)
    ran = await bind(box, folder, mms_id)
    assert (ran.code, await known(mms_id)) == (1, None)
    assert told in ran.err
    assert "Nothing was bound." in ran.err


async def test_an_id_the_provider_does_not_list_is_refused(box: Sandbox, folder: Path) -> None:
    ran = await bind(box, folder, "1")
    assert (ran.code, await known("1")) == (1, None)
    assert "lists no message with mms-id 1" in ran.err


async def test_a_film_waits_for_n003_or_for_a_person_who_saw_it(box: Sandbox, folder: Path) -> None:
    mms_id = await saved_elsewhere(box, FILM)
    assert (await bind(box, folder, mms_id, name="film.xml")).code == 0
    denied = await mmscheck("send", "film.xml", *fields(mms_id=mms_id), *around(box), cwd=folder)
    assert (denied.code, box.sent) == (1, [])
    assert f"`mmscheck bind {mms_id} film.xml --encoded --reason ...`" in " ".join(denied.out.split())
    assert (await bind(box, folder, mms_id, "--encoded", name="film.xml")).code == 2
    seen = ("--encoded", "--reason", "it played on my phone")
    assert (await bind(box, folder, mms_id, *seen, name="film.xml")).code == 0
    sent = await mmscheck("send", "film.xml", *fields(mms_id=mms_id), *around(box), cwd=folder)
    assert (sent.code, len(box.sent)) == (0, 1)
    with sqlite3.connect(default_file()) as database:
        rows = database.execute("SELECT body FROM history WHERE kind = 'bound-by-hand'").fetchall()
    body = json.loads(rows[-1][0])
    assert (body["who"], body["why"]) == ("ann", "it played on my phone")


async def test_an_id_bound_to_other_content_needs_replace_and_a_reason(box: Sandbox, folder: Path) -> None:
    mms_id = await saved_elsewhere(box)
    assert (await bind(box, folder, mms_id)).code == 0
    (folder / "sale.xml").write_text(DOCUMENT.replace("See you", "See us"))
    refused = await bind(box, folder, mms_id)
    assert refused.code == 2
    assert "is bound to other content" in refused.err
    assert refused.err.endswith("already; --replace --reason ... binds it anew\nNothing was bound.\n")
    assert (await bind(box, folder, mms_id, "--replace")).code == 2
    assert (await bind(box, folder, mms_id, "--replace", "--reason", "text was corrected there")).code == 0


@pytest.mark.parametrize("upper", [False, True])
async def test_a_list_in_either_case_and_on_several_pages_is_read(folder: Path, upper: bool) -> None:  # noqa: FBT001 - parametrised
    (folder / "sale.xml").write_text(message("<message-text>See you</message-text>"))
    row = (
        "<mms-template><mms-id>{}</mms-id><mms-name>sale</mms-name>"
        "<mms-subject>Summer sale</mms-subject><total-slides>1</total-slides></mms-template>"
    )
    pages = [
        f"<response><status>Success</status><total-results>2</total-results>{row.format(number)}</response>"
        for number in ("1", "2")
    ]
    replies = iter([answer(_legacy(page) if upper else page) for page in pages])

    async def in_turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(replies)(reader, writer)

    async with RawProvider(in_turn) as provider:
        ran = await mmscheck("bind", "2", "sale.xml", "--api-url", provider.url, cwd=folder)
    assert ran.code == 0, ran.err
    assert provider.received.count(b"<page-number>2</page-number>") == 1


def _legacy(page: str) -> str:
    for name in ("total-results", "mms-template", "mms-id", "mms-name", "mms-subject", "total-slides"):
        page = page.replace(name, name.replace("-", "").upper())
    return page.replace("response>", "RESPONSE>").replace("status>", "STATUS>")


@pytest.mark.parametrize(
    "reply", ["garbage", "<response><status>Failure</status><error-code>E104</error-code></response>"]
)
async def test_without_a_list_nothing_is_bound(folder: Path, reply: str) -> None:
    async with RawProvider(answer(reply)) as provider:
        ran = await mmscheck("bind", "2", "sale.xml", "--api-url", provider.url, cwd=folder)
    assert ran.code == 5
    assert "Nothing was bound." in ran.err
    assert await known("2") is None
