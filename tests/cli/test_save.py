"""``mmscheck save``: one POST of the checked document, and an id that never gets lost."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path

import pytest

from mmscheck.errors import PermitError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge import gate
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.ledger import Ledger, default_file, open_ledger
from mmscheck.model.ledger import MmsState
from mmscheck.model.request import Changes, SaveRequest
from mmscheck.sandbox import Sandbox
from mmscheck.send.order import provider_account
from mmscheck.send.save import binding_of
from mmscheck.sinch import POSTBACK_MEANINGS
from mmscheck.slidexml import parse
from tests.support.command import PROGRAM, fields, message, mmscheck, surroundings
from tests.support.raw_provider import REFUSED, RawProvider, answer, hang_up_at_once, read_request

SAVED = "<response><status>Success</status><mms-id>35674</mms-id></response>"
LEGACY = "<RESPONSE><STATUS>Success</STATUS><MMSID>35674</MMSID></RESPONSE>"
HOST = "media.example.com"
DOCUMENT = message("<message-text>See you</message-text>")


@pytest.fixture
async def provider() -> AsyncIterator[RawProvider]:
    async with RawProvider(answer(SAVED)) as raw:
        yield raw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    return tmp_path


async def known(mms_id: str = "35674") -> MmsState | None:
    async with await open_ledger() as ledger:
        record = await ledger.mms(mms_id)
    return None if record is None else record.state


def notes() -> list[tuple[str, dict[str, object]]]:
    with sqlite3.connect(default_file()) as database:
        rows = database.execute("SELECT kind, body FROM history WHERE target = '' ORDER BY seq").fetchall()
    return [(kind, json.loads(body)) for kind, body in rows]


@pytest.mark.parametrize("reply", [SAVED, LEGACY])
async def test_a_save_is_one_post_and_binds_the_id(provider: RawProvider, folder: Path, reply: str) -> None:
    provider.act = answer(reply)
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, "--format", "json", cwd=folder)
    told = json.loads(ran.out)
    assert (ran.code, told["exit_code"], provider.connections) == (0, 0, 1)
    assert (told["send"]["status"], told["send"]["mms_id"]) == ("accepted", "35674")
    assert told["ruleset"]["profile"] == "save"
    assert b"<action>saveMMS</action>" in provider.received
    assert b"<api-key>sandbox-key</api-key>" in provider.received
    assert b"<message-text>See you</message-text>" in provider.received
    assert await known() is MmsState.READY
    assert "35674  ready" in (await mmscheck("ledger", "saves", cwd=folder)).out
    assert [kind for kind, _ in notes()] == ["save-begun", "save-ended"]
    assert "sandbox-key" not in ran.out + ran.err
    assert b"sandbox-key" not in default_file().read_bytes()


@pytest.mark.parametrize(
    ("code", "said", "state"),
    [
        (None, "It can be sent at once.", MmsState.READY),
        ("N003", "It can be sent at once.", MmsState.READY),
        ("E002", "It can never be sent", MmsState.CORRUPT),
    ],
)
async def test_the_last_line_says_whether_the_message_can_be_sent(
    provider: RawProvider, folder: Path, code: str | None, said: str, state: MmsState
) -> None:
    async def told_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if code is not None:
            async with await open_ledger(meanings=POSTBACK_MEANINGS) as ledger:
                await ledger.record_postback({"code": code, "mms-id": "35674"})
        await answer(SAVED)(reader, writer)

    provider.act = told_first
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, cwd=folder)
    words = " ".join(ran.out.split())
    assert (ran.code, await known()) == (0, state)
    assert said in words
    assert "N003" not in words


@pytest.mark.parametrize("early", [True, False])
async def test_a_film_waits_for_its_notification_unless_that_has_come(folder: Path, *, early: bool) -> None:
    async with Sandbox(connect_to=((HOST, 80, "127.0.0.1", 0),)) as box, RawProvider(answer(SAVED)) as raw:
        if early:
            async with await open_ledger(meanings=POSTBACK_MEANINGS) as ledger:
                await ledger.record_postback({"code": "N003", "mms-id": "35674"}, provider_account(raw.url))
        sample = resources.files("mmscheck.fixtures") / "mms" / "summer-sale.xml"
        (folder / "film.xml").write_bytes(sample.read_bytes())
        reach = ("--connect-to", f"{HOST}:80:127.0.0.1:{box.media_port}", "--allow-net", "127.0.0.1/32")
        ran = await mmscheck("save", "film.xml", "--api-url", raw.url, *reach, cwd=folder)
    words = " ".join(ran.out.split())
    assert ran.code == 0, ran
    assert ("can be sent at once" in words, "notification N003" in words) == (early, not early)


async def test_a_denied_message_is_not_saved_and_the_ledger_notes_it(
    provider: RawProvider, folder: Path
) -> None:
    (folder / "sale.xml").write_text(DOCUMENT.replace("Summer", "S\u00fcmmer"))
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, cwd=folder)
    assert (ran.code, provider.connections) == (1, 0)
    ((kind, body),) = notes()
    assert (kind, body["call"]) == ("deny", "save")
    assert "subject-ascii (message) failed" in str(body["reasons"])


async def test_a_dry_run_prints_the_document_without_the_key(provider: RawProvider, folder: Path) -> None:
    (folder / "sale.xml").write_text(DOCUMENT.replace("<name>", "<api-key>their-own-key</api-key><name>"))
    ran = await mmscheck("save", "sale.xml", "--dry-run", "--api-url", provider.url, cwd=folder)
    assert (ran.code, provider.connections) == (5, 0)
    assert "<api-key>REDACTED</api-key>" in ran.out
    assert "their-own-key" not in ran.out + ran.err


async def test_a_refusal_is_exit_5_and_binds_nothing(provider: RawProvider, folder: Path) -> None:
    provider.act = answer(REFUSED)
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, "--format", "json", cwd=folder)
    told = json.loads(ran.out)["send"]
    assert (ran.code, told["status"], told["error_code"]) == (5, "refused", "E241")
    assert "Nothing was saved" in told["detail"]
    assert await known() is None


@pytest.mark.parametrize("reply", ["garbage", "<response><status>Success</status></response>", None])
async def test_what_nobody_can_tell_is_exit_6_and_may_be_made_again(
    provider: RawProvider, folder: Path, reply: str | None
) -> None:
    provider.act = hang_up_at_once if reply is None else answer(reply)
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, cwd=folder)
    assert (ran.code, provider.connections) == (6, 1)
    words = " ".join(ran.out.split())
    assert "it may be made again" in words
    assert "do not repeat it" not in words
    assert [body.get("status") for _, body in notes()] == [None, "unknown"]


async def test_an_id_the_ledger_cannot_take_is_told_with_the_command_that_binds_it(
    provider: RawProvider, folder: Path
) -> None:
    async def break_it(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        with sqlite3.connect(default_file()) as database:
            database.execute("ALTER TABLE mms RENAME TO gone")
        await answer(SAVED)(_Fed(), writer)

    provider.act = break_it
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, "--format", "json", cwd=folder)
    told = json.loads(ran.out)["send"]
    assert (ran.code, told["status"], told["mms_id"]) == (4, "accepted", "35674")
    assert "mmscheck bind 35674 sale.xml" in told["detail"]
    assert "mmscheck bind 35674 sale.xml" in ran.err


class _Fed(asyncio.StreamReader):
    """A request that was read already."""

    def __init__(self) -> None:
        super().__init__()
        self.feed_data(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
async def test_a_save_cut_off_in_the_call_is_visible(
    provider: RawProvider, folder: Path, stop: signal.Signals
) -> None:
    begun = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        begun.set()
        await reader.read()

    provider.act = stall
    arguments = ("save", "sale.xml", "--api-url", provider.url, "--format", "json=report.json")
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, *arguments), cwd=folder, env=surroundings(), stderr=asyncio.subprocess.DEVNULL
    )
    await asyncio.wait_for(begun.wait(), 120)
    process.send_signal(stop)
    code = await asyncio.wait_for(process.wait(), 120)
    assert code == (6 if stop is signal.SIGINT else -signal.SIGKILL)
    told = json.loads((folder / "report.json").read_text())
    assert (told["exit_code"], told["send"]["status"]) == (6, "unknown")
    kinds = [kind for kind, _ in notes()]
    assert kinds == ["save-begun", "save-ended"][: 2 if stop is signal.SIGINT else 1]
    listed = await mmscheck("ledger", "saves", cwd=folder)
    assert listed.code == 0
    assert ("unfinished" in listed.out) == (stop is signal.SIGKILL)


async def test_a_hold_stops_no_save_because_a_save_reaches_no_phone(
    provider: RawProvider, folder: Path
) -> None:
    assert (await mmscheck("hold", "wrong picture", "--who", "ann", "--new", cwd=folder)).code == 0
    assert (await mmscheck("save", "sale.xml", "--api-url", provider.url, cwd=folder)).code == 0


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ("<action>sendMMS</action>", "only a saveMMS can be saved"),
        ("<to>15551230001</to>", "belongs to a send"),
        ("<api-key>a</api-key><API_KEY>b</API_KEY>", "more than once"),
        ("<Action>saveMMS</Action>", "must be one plain <action>"),
    ],
)
async def test_a_document_that_is_no_save_is_exit_2(
    provider: RawProvider, folder: Path, inside: str, told: str
) -> None:
    (folder / "sale.xml").write_text(DOCUMENT.replace("<name>", f"{inside}<name>"))
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, cwd=folder)
    assert (ran.code, provider.connections) == (2, 0)
    assert told in ran.err


async def test_an_unusable_ledger_is_exit_4_before_anything(provider: RawProvider, folder: Path) -> None:
    (folder / "no-ledger").write_text("this is no database, whatever its name")
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, "--ledger", "no-ledger", cwd=folder)
    assert (ran.code, provider.connections) == (4, 0)


def test_the_type_of_a_ledger_is_public() -> None:
    import mmscheck  # noqa: PLC0415 - only here

    assert mmscheck.Ledger is Ledger


CHANGES = (("--custom-subject", "Sale"), ("--custom-text", "1=short"), ("--data", "name=Ana"))


@pytest.mark.parametrize("changes", CHANGES, ids=lambda pair: pair[0])
@pytest.mark.parametrize("command", [("save",), ("bind", "35674")])
async def test_nothing_is_put_in_place_of_what_is_saved(
    provider: RawProvider, folder: Path, command: tuple[str, ...], changes: tuple[str, str]
) -> None:
    (folder / "sale.xml").write_text(message("<message-text>Hi</message-text>", subject="\u00e9t\u00e9"))
    ran = await mmscheck(*command, "sale.xml", "--api-url", provider.url, *changes, cwd=folder)
    assert (ran.code, provider.connections, await known()) == (2, 0, None)
    assert f"No such option '{changes[0]}'" in ran.err
    assert changes[0] not in (await mmscheck(command[0], "--help", cwd=folder)).out


@pytest.mark.parametrize(
    ("subject", "text", "code"),
    [
        ("Hi {$name}", "Hello {$name}, {$code}", 0),
        ("{$headline}", "{$all}", 0),
        ("Hi {$name|you}", "Hello", 0),
        ("\u00e9t\u00e9 for {$name}", "Hello", 1),
        ("Hi {$name|Zo\u00eb}", "Hello", 1),
        (f"{'x' * 81}{{$name}}", "Hello", 1),
        ("Hi", f"{'x' * 5001}{{$name}}", 1),
        ("Hi {$name", "Hello", 1),
        ("Hi {$ name}", "Hello", 1),
        ("Hi", "Hello {{name}}", 1),
    ],
)
async def test_a_template_is_judged_by_what_is_written_in_it(
    provider: RawProvider, folder: Path, subject: str, text: str, code: int
) -> None:
    document = message(f"<message-text>{text}</message-text>", subject=subject)
    (folder / "sale.xml").write_text(document)
    ran = await mmscheck("save", "sale.xml", "--api-url", provider.url, cwd=folder)
    assert (ran.code, provider.connections) == (code, 1 - code), ran
    if not code:
        async with await open_ledger() as ledger:
            record = await ledger.mms("35674")
        assert record is not None
        assert record.subject == subject.replace("{$name|you}", "you"), "no stand-in is kept"


async def test_each_send_is_judged_with_its_own_merge_data(provider: RawProvider, folder: Path) -> None:
    (folder / "sale.xml").write_text(message("<message-text>Hello {$name}</message-text>"))
    assert (await mmscheck("save", "sale.xml", "--api-url", provider.url, cwd=folder)).code == 0
    given = ("send", "sale.xml", "--dry-run", "--api-url", provider.url, *fields(mms_id="35674"))
    without = await mmscheck(*given, cwd=folder)
    assert (without.code, "has neither a value nor a default" in " ".join(without.out.split())) == (1, True)
    assert (await mmscheck(*given, "--data", "name=Ana", cwd=folder)).code == 5


async def test_no_permit_and_no_binding_come_of_a_report_on_other_texts() -> None:
    data = message("<message-text>Hi</message-text>", subject="\u00e9t\u00e9").encode()
    parsed, rules = parse(data, "a.xml"), load_rules("save")
    for changes in (Changes(custom_subject="Sale"), Changes(custom_subject="Sale", data=(("a", "b"),))):
        report = await check([parsed], rules, FetchPolicy(), changes=changes)
        assert gate.verdict(report).permitted
        with pytest.raises(PermitError, match="not about what is saved"):
            gate.permit(report, SaveRequest(document=data), time.time())
        with pytest.raises(UsageError, match="nothing can be bound"):
            binding_of(report.messages[0], "35674", MmsState.READY, "provider.example.com")
