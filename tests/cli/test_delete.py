"""``mmscheck delete``: one POST, and nothing is sent under that id from before it on."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.ledger import open_ledger
from mmscheck.model.ledger import DeletionState
from mmscheck.sandbox import Mishaps, Sandbox, Ways
from tests.support.bound import bind_files
from tests.support.command import PROGRAM, Ran, fields, message, mmscheck, surroundings
from tests.support.raw_provider import REFUSED, RawProvider, answer, hang_up_at_once, raw, read_request

ID = "35674"
DELETED = f"<response><status>Success</status><mms-id>{ID}</mms-id></response>"
DENIED = "<response><status>Failure</status><error-code>E104</error-code></response>"
RESET = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<response>"


@pytest.fixture
async def provider() -> AsyncIterator[RawProvider]:
    async with RawProvider(answer(DELETED)) as running:
        yield running


@pytest.fixture
async def folder(tmp_path: Path, provider: RawProvider) -> Path:
    (tmp_path / "sale.xml").write_text(message("<message-text>See you</message-text>"))
    await bind_files([tmp_path / "sale.xml"], ID, at=provider.url)
    return tmp_path


async def delete(provider: RawProvider, folder: Path, *more: str) -> Ran:
    return await mmscheck("delete", ID, "--api-url", provider.url, *more, cwd=folder)


async def ends() -> list[DeletionState]:
    async with await open_ledger() as ledger:
        return [one.state for one in await ledger.deletions()]


async def dry_send(provider: RawProvider, folder: Path) -> int:
    """5 when the gate permits, 1 when it denies."""
    given = ("--dry-run", "--api-url", provider.url, *fields(mms_id=ID))
    return (await mmscheck("send", "sale.xml", *given, cwd=folder)).code


async def test_it_is_one_post_and_no_send_is_permitted_then(provider: RawProvider, folder: Path) -> None:
    assert await dry_send(provider, folder) == 5
    ran = await delete(provider, folder, "--yes", "--who", "Ana", "--reason", "wrong picture")
    assert (ran.code, ran.out) == (0, f"The provider deleted the message (mms-id {ID}).\n"), ran
    assert provider.connections == 1
    posted = bytes(provider.received).partition(b"\r\n\r\n")[2]
    assert b"<action>deleteMMSID</action>" in posted
    assert f"<mms-id>{ID}</mms-id>".encode() in posted
    assert b"<api-key>sandbox-key</api-key>" in posted
    given = ("--api-url", provider.url, *fields(mms_id=ID))
    denied = await mmscheck("send", "sale.xml", *given, cwd=folder)
    words = " ".join(denied.out.split())
    assert (denied.code, provider.connections) == (1, 1)
    assert f'The mms-id "{ID}" was deleted at the provider.' in words
    assert "mmscheck save sale.xml" in words
    assert f"{ID}  deleted" in (await mmscheck("ledger", "saves", cwd=folder)).out
    listed = (await mmscheck("ledger", "deletions", cwd=folder)).out
    assert f"{ID}  deleted" in listed
    assert "Ana" in listed
    assert "wrong picture" in listed
    (row,) = json.loads((await mmscheck("ledger", "deletions", "--format", "json", cwd=folder)).out)
    assert (row["state"], row["who"], row["lifted_at"]) == ("deleted", "Ana", None)
    table = (await mmscheck("ledger", "deletions", "--format", "csv", cwd=folder)).out.splitlines()
    assert table[0].startswith("id,mms_id,state,begun_at")
    assert len(table) == 2
    assert (await mmscheck("ledger", "verify", cwd=folder)).code == 0


@pytest.mark.parametrize(
    ("reply", "code", "state", "permits"),
    [
        (answer(DENIED), 5, DeletionState.REFUSED, True),
        (answer(REFUSED), 5, DeletionState.DELETED, False),
        (answer(DELETED, status="500 Oops"), 6, DeletionState.UNKNOWN, False),
        (answer("nonsense"), 6, DeletionState.UNKNOWN, False),
        (answer(DELETED.replace(ID, "99999")), 6, DeletionState.UNKNOWN, False),
        (answer("<response><status>Failure</status></response>"), 6, DeletionState.UNKNOWN, False),
        (raw(RESET.encode()), 6, DeletionState.UNKNOWN, False),
        (hang_up_at_once, 6, DeletionState.UNKNOWN, False),
    ],
)
async def test_each_end_has_its_code_and_its_place_in_the_ledger(
    provider: RawProvider, folder: Path, reply: object, code: int, state: DeletionState, *, permits: bool
) -> None:
    provider.act = reply  # type: ignore[assignment] # one of the acts
    ran = await delete(provider, folder, "--yes", "--format", "json")
    assert ran.code == code, ran
    told = json.loads(ran.out)
    assert (told["exit_code"], told["deletion"]["state"]) == (code, state)
    assert "sandbox-key" not in ran.out + ran.err
    assert await ends() == [state]
    assert await dry_send(provider, folder) == (5 if permits else 1)


async def test_a_provider_that_is_not_reached_deletes_nothing(provider: RawProvider, folder: Path) -> None:
    provider._server.close()
    await provider._server.wait_closed()
    ran = await delete(provider, folder, "--yes")
    assert (ran.code, await ends()) == (5, [DeletionState.NOT_MADE])
    assert "Nothing was deleted." in ran.err
    assert await dry_send(provider, folder) == 5


async def test_it_asks_on_a_terminal_and_only_there(provider: RawProvider, folder: Path) -> None:
    refused = await delete(provider, folder)
    assert (refused.code, provider.connections, await ends()) == (2, 0, [])
    assert "--yes" in refused.err
    for said, code in (("n", 5), ("", 5), ("y", 0)):
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, "delete", ID, "--api-url", provider.url),
            cwd=folder,
            env=surroundings("sandbox-key"),
            stdin=theirs,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        os.write(ours, f"{said}\n".encode())
        out, err = await asyncio.wait_for(process.communicate(), 120)
        os.close(ours)
        os.close(theirs)
        assert process.returncode == code, (out, err)
        assert f'Delete mms-id {ID} ("sale", saved ' in err.decode()
    assert (provider.connections, await ends()) == (1, [DeletionState.DELETED])


async def test_the_json_api_has_no_such_call(provider: RawProvider, folder: Path) -> None:
    for more in (("--api", "json"), ("--config", "json.toml")):
        (folder / "json.toml").write_text('[send]\napi = "json"\n')
        ran = await delete(provider, folder, "--yes", *more)
        assert (ran.code, provider.connections, await ends()) == (2, 0, [])
        assert "the JSON API documents no call that deletes a stored message" in ran.err


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
async def test_whatever_stops_it_during_the_call_nothing_is_permitted(
    provider: RawProvider, folder: Path, stop: signal.Signals
) -> None:
    asked = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        asked.set()
        await reader.read()

    provider.act = stall
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, "delete", ID, "--yes", "--api-url", provider.url),
        cwd=folder,
        env=surroundings("sandbox-key"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await asyncio.wait_for(asked.wait(), 120)
    async with await open_ledger() as ledger:
        assert [one.state for one in await ledger.deletions()] == [DeletionState.BEGUN]
    assert await dry_send(provider, folder) == 1
    process.send_signal(stop)
    code = await asyncio.wait_for(process.wait(), 120)
    assert code == (-signal.SIGKILL if stop is signal.SIGKILL else 6)
    assert await ends() == [DeletionState.UNKNOWN]
    given = ("--dry-run", "--api-url", provider.url, *fields(mms_id=ID))
    denied = await mmscheck("send", "sale.xml", *given, cwd=folder)
    assert denied.code == 1
    words = " ".join(denied.out.split())
    assert "may be deleted at the provider" in words
    assert f"mmscheck delete {ID}` again finds out" in words
    provider.act = answer(REFUSED)
    again = await delete(provider, folder, "--yes")
    assert (again.code, await ends()) == (5, [DeletionState.UNKNOWN, DeletionState.DELETED])
    assert "nothing is sent under this id" in again.err


async def test_the_sandbox_deletes_it_and_a_new_save_and_bind_work(tmp_path: Path) -> None:
    sale = tmp_path / "sale.xml"
    sale.write_text(message("<message-text>See you</message-text>"))
    async with Sandbox() as box:
        at = ("--api-url", box.provider_url)

        async def save() -> str:
            ran = await mmscheck("save", "sale.xml", *at, "--format", "json", cwd=tmp_path)
            assert ran.code == 0, ran
            return str(json.loads(ran.out)["send"]["mms_id"])

        async def send(mms_id: str) -> Ran:
            given = fields(mms_id=mms_id)
            return await mmscheck("send", "sale.xml", *at, *given, "--format", "json", cwd=tmp_path)

        first = await save()
        assert (await send(first)).code == 0
        assert (await mmscheck("delete", first, "--yes", *at, cwd=tmp_path)).code == 0
        assert (await send(first)).code == 1
        async with await open_ledger() as ledger:
            (sent,) = [one.id async for one in ledger.sends()]
        shown = await mmscheck("ledger", "show", str(sent), cwd=tmp_path)
        assert "deleted" in shown.out.split("history:")[0]
        # The provider does not list it any more, so nobody can bind it.
        refused = await mmscheck("bind", first, "sale.xml", *at, cwd=tmp_path)
        assert refused.code == 1
        assert "lists no message" in refused.err
        second = await save()
        assert second != first
        assert (await send(second)).code == 0
        # Whoever sends past the ledger is refused by the provider, with the documented code.
        away = ("--ledger", str(tmp_path / "other.sqlite3"))
        await bind_files([sale], first, at=box.provider_url, where=away[1])
        ran = await mmscheck("send", "sale.xml", *at, *away, *fields(mms_id=first), cwd=tmp_path)
        assert ran.code == 5
        assert "E241" in ran.out


async def test_a_list_that_still_has_it_settles_an_unknown_deletion(tmp_path: Path) -> None:
    sale = tmp_path / "sale.xml"
    sale.write_text(message("<message-text>See you</message-text>"))
    ways = Ways(mishaps=Mishaps(actions=("deletemmsid",)))
    async with Sandbox(ways=ways) as box:
        at = ("--api-url", box.provider_url)
        saved = await mmscheck("save", "sale.xml", *at, "--format", "json", cwd=tmp_path)
        mms_id = json.loads(saved.out)["send"]["mms_id"]
        for mishap, code in (("close-before", 0), ("close-after", 1)):
            box.plan(mishap)
            assert (await mmscheck("delete", mms_id, "--yes", *at, cwd=tmp_path)).code == 6
            given = ("--dry-run", *at, *fields(mms_id=mms_id))
            assert (await mmscheck("send", "sale.xml", *given, cwd=tmp_path)).code == 1
            bound = await mmscheck("bind", mms_id, "sale.xml", *at, cwd=tmp_path)
            assert bound.code == code, bound
            sent = await mmscheck("send", "sale.xml", *given, cwd=tmp_path)
            assert sent.code == (1 if code else 5)
