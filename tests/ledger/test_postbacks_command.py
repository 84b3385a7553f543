"""The installed ``mmscheck postbacks``: real postbacks of the sandbox end in the ledger, whatever happens."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from mmscheck.ledger import Filter, Ledger, Save, open_ledger
from mmscheck.model.ledger import MmsState, PostbackMeaning, SendState
from mmscheck.sandbox import Carrier, Encoding, Postbacks, Sandbox, Ways
from mmscheck.send.order import provider_account
from mmscheck.sinch import DEFAULT_API_URL
from mmscheck.sinch.codes import POSTBACK_CODES
from tests.sandbox.raw_http import call, save_xml, send_xml, slide, text
from tests.support.command import mmscheck
from tests.support.ledgers import accepted, claimed, intent, raw, unknown
from tests.support.listener import SECRET, post, postback, running
from tests.support.postgres import cluster


def talking(port: int, path: str = "/", **ways: object) -> Sandbox:
    """A sandbox that sends its postbacks there, tries often, twice, and out of order."""
    told = Postbacks(
        url=f"http://127.0.0.1:{port}{path}",
        retry_seconds=0.3,
        retries=30,
        duplicates=0.5,
        disorder=0.3,
        tags=str(ways.pop("tags", "documented")),
    )
    return Sandbox(ways=Ways(postbacks=told, **ways))  # type: ignore[arg-type]  # each test names real fields


async def sent(box: Sandbox, ledger: Ledger, key: str, mms_id: str, extra: str = "") -> int:
    """Send through the sandbox as the program would; returns the send's number."""
    claim = await claimed(ledger, key, mms_id=mms_id)
    answer = await call(box, send_xml(mms_id, extra, to=intent(key).to))
    await ledger.answer(claim, accepted(answer["tracking-id"]))
    return claim.send_id


async def settled(box: Sandbox) -> None:
    async with asyncio.timeout(20):
        await box.settled()


SINCH = provider_account(DEFAULT_API_URL)
"""Whose the notifications are, unless the listener is told otherwise."""


@pytest.mark.parametrize("tags", ["documented", "lower", "upper"])
async def test_postbacks_of_a_provider_move_sends_and_saves_on(where: str, ledger: Ledger, tags: str) -> None:
    async with (
        running(where, MMSCHECK_POSTBACK_SECRET=SECRET) as listener,
        talking(listener.port, f"/x/{SECRET}", tags=tags, encoding=Encoding(seconds=0.1)) as box,
    ):
        mms_id = (await call(box, save_xml(slide(text()))))["mms-id"]
        await ledger.record_save(Save(mms_id=mms_id, digest="sha256:a", account=SINCH))
        await settled(box)
        ids = [await sent(box, ledger, f"key-{number}", mms_id) for number in range(5)]
        await settled(box)
        assert await listener.end() == 0
        assert not [line for line in listener.lines if SECRET in line]
    found = [send async for send in ledger.sends()]
    assert [(send.id, send.state) for send in found] == [(one, SendState.DELIVERED) for one in ids]
    saved = await ledger.mms(mms_id, SINCH)
    assert saved is not None
    assert saved.state is MmsState.READY
    assert len(await ledger.postbacks(found[0])) == 2
    assert (await ledger.verify()).found == ()


async def test_a_late_refusal_is_listed_as_passed_and_refused(
    where: str, ledger: Ledger, tmp_path: Path
) -> None:
    """An accent in the subject: the provider takes it, the carrier drops it."""
    async with (
        running(where) as listener,
        talking(listener.port, carrier=Carrier(unreachable=frozenset({"15550000009"}))) as box,
    ):
        mms_id = (await call(box, save_xml(slide(text()))))["mms-id"]
        fine = await sent(box, ledger, "key-1", mms_id)
        bad = await sent(box, ledger, "key-2", mms_id, "<custom-subject>Sal\u00e9</custom-subject>")
        await settled(box)
    assert [send.id async for send in ledger.sends(Filter(false_permits=True))] == [bad]
    listed = await mmscheck("ledger", "list", "--false-permits", "--ledger", where, cwd=tmp_path)
    assert listed.code == 0
    (line,) = [line for line in listed.out.splitlines() if " failed " in line]
    assert "E102 Message Sent/Rejected" in line
    shown = await mmscheck("ledger", "show", bad, "--ledger", where, cwd=tmp_path)
    assert "E102" in shown.out
    assert fine != bad


TWIN = postback("E102", upper=True, tracking_id="T1", status="Message Sent/Rejected")
FORMS = {
    "json": (b'{"code": "E102", "tracking-id": "T1", "status": "Message Sent/Rejected"}', "application/json"),
    "form": (b"xml=" + quote_plus(TWIN).encode(), "application/x-www-form-urlencoded"),
    "raw, labelled as a form": (TWIN, "application/x-www-form-urlencoded"),
    "multipart": (
        b'--x\r\nContent-Disposition: form-data; name="XML"\r\n\r\n%b\r\n--x--\r\n' % TWIN,
        "multipart/form-data; boundary=x",
    ),
    "wrapped": (TWIN.replace(b"POSTBACK>", b"NOTIFICATION>"), "text/xml"),
}


@pytest.mark.parametrize(("body", "kind"), FORMS.values(), ids=FORMS)
async def test_a_notification_in_another_form_moves_its_send(
    where: str, ledger: Ledger, body: bytes, kind: str
) -> None:
    claim = await claimed(ledger)
    await ledger.answer(claim, accepted("T1"))
    async with running(where, MMSCHECK_POSTBACK_SECRET=SECRET) as listener:
        assert await post(listener.port, body, f"/{SECRET}", f"Content-Type: {kind}\r\n") == 200
    send = await ledger.send(claim.send_id)
    assert send is not None
    assert send.state is SendState.FAILED
    assert [one.status for one in await ledger.postbacks(send)] == ["Message Sent/Rejected"]


async def test_a_killed_listener_has_lost_nothing_that_it_answered(where: str, ledger: Ledger) -> None:
    for number in range(3):
        async with running(where, "--quiet") as listener:
            assert await post(listener.port, postback("N101", tracking_id=f"T{number}")) == 200
            await listener.end(signal.SIGKILL)
        kept = await raw(where, "SELECT tracking_id FROM postbacks ORDER BY id")
        assert [row[0] for row in kept] == [f"T{one}" for one in range(number + 1)]
    assert (await ledger.verify()).found == ()


async def test_a_hundred_at_once_are_all_kept(where: str, ledger: Ledger) -> None:
    async with running(where) as listener:
        bodies = [postback("N101", tracking_id=f"T{number}", to=f"1555{number:07}") for number in range(100)]
        answers = await asyncio.gather(*(post(listener.port, body) for body in bodies + bodies[:50]))
        assert answers == [200] * 150
        assert await listener.end(signal.SIGINT) == 0
    assert await raw(where, "SELECT count(*), count(DISTINCT tracking_id) FROM postbacks") == [(100, 100)]
    assert (await ledger.verify()).rows == 100


async def test_every_documented_code_is_kept_with_its_meaning_and_unknown_ones_too(
    where: str, ledger: Ledger
) -> None:
    codes = [row.code for row in POSTBACK_CODES]
    assert len(codes) == 27
    async with running(where, "--quiet") as listener:
        for code in [*codes, "N777"]:
            for upper in (False, True):
                body = postback(code, upper=upper, tracking_id="T1", status="é<![CDATA[<&]]>")
                assert await post(listener.port, body) == 200
        assert await post(listener.port, b"\xff\0 broken") == 400
        assert await post(listener.port, b"\xff\0 broken") == 400
        assert listener.lines == []
    kept = await raw(where, "SELECT code, meaning, status FROM postbacks ORDER BY id")
    wanted = [(row.code, row.kind.value, "é<&") for row in POSTBACK_CODES]
    assert kept[:-2] == wanted, "the same in another case is the same"
    assert kept[-2:] == [("N777", "unknown", "é<&"), ("(unreadable)", "unknown", None)]
    assert "broken" in (await raw(where, "SELECT fields FROM postbacks ORDER BY id"))[-1][0]


async def test_what_may_be_about_an_unknown_send_is_proposed_and_not_decided(
    where: str, ledger: Ledger, tmp_path: Path
) -> None:
    claim = await claimed(ledger, "key-7")
    await ledger.answer(claim, unknown())
    async with running(where) as listener:
        body = postback("N101", tracking_id="T9", mms_id="100001", to="+1 555 000 0007", status="\x85Sent")
        assert await post(listener.port, body) == 200
        line = await listener.until("N101")
        assert f"may be about send {claim.send_id} (unknown): not decided" in line
        assert "to …0007" in line
        assert "5550000" not in line
        assert "\x85" not in line
        assert (
            await post(listener.port, postback("N101", tracking_id="T9", mms_id="2", to="15550000007")) == 200
        )
        await listener.until("matches no send")
    send = await ledger.send(claim.send_id)
    assert send is not None
    assert send.state is SendState.UNKNOWN
    assert [one.meaning for one in await ledger.proposals(send)] == [PostbackMeaning.SENT]
    shown = await mmscheck("ledger", "show", claim.send_id, "--ledger", where, cwd=tmp_path)
    assert "not decided" in shown.out
    assert "T9" in shown.out


async def test_a_listener_that_is_told_to_stop_finishes_what_it_has(where: str, ledger: Ledger) -> None:
    async with running(where) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        body = postback("N101", tracking_id="T1")
        head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        writer.write(head + body[:9])
        await asyncio.sleep(0.3)
        ending = asyncio.create_task(listener.end())
        await asyncio.sleep(0.3)
        writer.write(body[9:])
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 200")
        writer.close()
        assert await ending == 0
        assert listener.lines[-1] == "postbacks stopped"
    assert await raw(where, "SELECT tracking_id FROM postbacks") == [("T1",)]


async def test_a_file_that_is_gone_is_answered_503_until_it_is_back(tmp_path: Path) -> None:
    where = tmp_path / "ledger.sqlite3"
    async with running(str(where)) as listener:
        assert await post(listener.port, postback("N101")) == 200
        where.rename(tmp_path / "away")
        assert await post(listener.port, postback("N102")) == 503
        assert await post(listener.port, postback("N102")) == 503
        await listener.until("could not be kept")
        assert not where.exists(), "an empty ledger in its place would hide the loss"
        (tmp_path / "away").rename(where)
        assert await post(listener.port, postback("N102")) == 200


@pytest.mark.servers
async def test_a_server_that_stops_is_answered_503_and_the_provider_comes_again() -> None:
    with cluster(durable=True) as own:
        where = own.fresh()
        async with (
            await open_ledger(where) as ledger,
            running(where) as listener,
            talking(listener.port) as box,
        ):
            mms_id = (await call(box, save_xml(slide(text()))))["mms-id"]
            await settled(box)
            send_id = await sent(box, ledger, "key-1", mms_id)
            await asyncio.to_thread(own.stop)
            answer = await call(box, send_xml(mms_id))
            await listener.until("could not be kept")
            began = asyncio.get_running_loop().time()
            assert await post(listener.port, postback("N102", tracking_id="T")) == 503
            assert asyncio.get_running_loop().time() - began < 10
            await asyncio.to_thread(own.start)
            await settled(box)
        async with await open_ledger(where) as again:
            kept = await raw(
                where, f"SELECT count(*) FROM postbacks WHERE tracking_id = '{answer['tracking-id']}'"
            )
            assert kept == [(2,)]
            send = await again.send(send_id)
            assert send is not None
            assert send.state is SendState.DELIVERED


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--listen", "8803"), 2, "must be HOST:PORT"),
        (("--listen", "127.0.0.1:99999"), 2, "must be HOST:PORT"),
        (("--listen", "256.1.1.1:0", "--secret-file", "long"), 2, "nobody can listen on"),
        (("--listen", "127.0.0.1:0"), 2, "a secret is needed"),
        (("--listen", "0.0.0.0:0"), 2, "a secret is needed"),
        (("--listen", "0.0.0.0:0", "--no-secret"), 2, "anybody could come"),
        (("--listen", "[::]:0", "--no-secret"), 2, "anybody could come"),
        (("--listen", "example.com:0", "--no-secret"), 2, "anybody could come"),
        (("--listen", "127.0.0.1:0", "--secret-file", "long", "--no-secret"), 2, "take one away"),
        (("--listen", "127.0.0.1:0", "--secret-file", "missing"), 2, "cannot be read"),
        (("--listen", "127.0.0.1:0", "--secret-file", "short"), 2, "at least 16 characters"),
        (("--listen", "127.0.0.1:0", "--no-secret", "--ledger", "."), 4, "No postback was taken"),
        ((), 2, "--listen"),
    ],
)
async def test_what_cannot_be_done_is_told_at_once(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "short").write_text("s3cret\n")
    (tmp_path / "long").write_text(f"{SECRET}\n")
    ran = await mmscheck("postbacks", *arguments, cwd=tmp_path)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert "s3cret" not in ran.err
