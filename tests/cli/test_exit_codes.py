"""Exit codes 0 to 6, each from the installed command over real sockets; and one POST or none."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.bound import send_bound
from tests.support.command import fields, image, message, mmscheck, shell
from tests.support.raw_provider import ACCEPTED, REFUSED, Act, RawProvider, answer, raw, read_request

GOOD = message(image("photo-small.jpg"), "<message-text>See you</message-text>")
BROKEN = message(image("chunked/photo-small.jpg"))


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


def network(box: Sandbox) -> list[str]:
    return ["--connect-to", f"media.example.com:80:127.0.0.1:{box.media_port}", "--allow-net", "127.0.0.1/32"]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nowhere() -> list[str]:
    return ["--connect-to", f"media.example.com:80:127.0.0.1:{closed_port()}", "--allow-net", "127.0.0.1/32"]


def write(folder: Path, text: str, name: str = "sale.xml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


async def test_0_a_good_message_is_permitted(box: Sandbox, tmp_path: Path) -> None:
    ran = await mmscheck("check", write(tmp_path, GOOD), *network(box), cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert "PERMIT" in ran.out


async def test_0_a_good_message_is_sent_with_exactly_one_post(box: Sandbox, tmp_path: Path) -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        ran = await send_bound(
            *(write(tmp_path, GOOD), "--api-url", provider.url, *fields(), *network(box)),
            *("--format", "json"),
            cwd=tmp_path,
        )
    assert ran.code == 0, ran.out + ran.err
    assert (provider.connections, provider.received.count(b"POST ")) == (1, 1)
    assert b"<mms-id>100001</mms-id>" in provider.received
    sent = json.loads(ran.out)["send"]
    assert (sent["status"], sent["tracking_id"]) == ("accepted", "MMS_MT_test")
    assert "sandbox-key" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BROKEN, 1),
        (message(image("no-length/photo-small.jpg")), 1),
        (message(image("photo-small.jpg"), subject="Sommer ☀ sale"), 1),
        ("<request><name>half", 1),
        (message(image("photo-small.jpg", host="nowhere.invalid")), 1),
    ],
)
async def test_1_a_broken_message_is_denied_and_no_connection_reaches_the_provider(
    box: Sandbox, tmp_path: Path, text: str, code: int
) -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        ran = await send_bound(
            *(write(tmp_path, text), "--api-url", provider.url, *fields(), *network(box)),
            cwd=tmp_path,
        )
    assert (ran.code, provider.connections) == (code, 0), ran.out
    assert "DENY" in ran.out


async def test_2_nothing_was_checked(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for arguments in (
        ("check",),
        ("check", "gone.xml"),
        ("check", "empty"),
        ("check", "-"),
        ("check", "--nope"),
    ):
        ran = await mmscheck(*arguments, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert "othing was checked" in ran.err


async def test_3_an_undecided_message_is_denied_and_not_sent(tmp_path: Path) -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        ran = await send_bound(
            *(write(tmp_path, GOOD), "--api-url", provider.url, *fields(), *nowhere()), cwd=tmp_path
        )
    assert (ran.code, provider.connections) == (3, 0), ran.out
    assert "could not be decided" in ran.out


@pytest.mark.parametrize("redirect", [">&-", ">/dev/full", "| true"])
async def test_4_a_closed_full_or_broken_standard_output_is_no_permit(
    box: Sandbox, tmp_path: Path, redirect: str
) -> None:
    write(tmp_path, GOOD)
    for form in ("text", "json"):
        async with RawProvider(answer(ACCEPTED)) as provider:
            arguments = " ".join([*fields(fallback_sms_text="Sale"), *network(box)])
            pause = "sleep 0.2; " if redirect == "| true" else ""
            command = f"mmscheck send sale.xml --format {form} --api-url {provider.url} {arguments}"
            ran = await shell(f"({pause}{command}; echo $? >code) {redirect}", cwd=tmp_path)
        assert (tmp_path / "code").read_text().strip() == "4", ran.err
        assert provider.connections == 0
        assert "could not be written" in ran.err


async def test_4_a_report_file_that_cannot_be_written_is_no_permit(box: Sandbox, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    async with RawProvider(answer(ACCEPTED)) as provider:
        ran = await send_bound(
            *("sale.xml", "--format", "json=gone/report.json", "--api-url", provider.url),
            *(*fields(), *network(box)),
            cwd=tmp_path,
        )
    assert (ran.code, provider.connections) == (4, 0)
    assert "gone/report.json" in ran.err


async def test_5_the_provider_refuses_or_is_never_reached(box: Sandbox, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    async with RawProvider(answer(REFUSED)) as provider:
        ran = await send_bound("sale.xml", "--api-url", provider.url, *fields(), *network(box), cwd=tmp_path)
    assert (ran.code, provider.received.count(b"POST ")) == (5, 1)
    assert "E241" in ran.out
    gone = f"http://127.0.0.1:{closed_port()}/ep/v1/"
    ran = await send_bound("sale.xml", "--api-url", gone, *fields(), *network(box), cwd=tmp_path)
    assert ran.code == 5
    assert "never" in ran.out


async def close_after_reading(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await read_request(reader)


@pytest.mark.parametrize(
    "act",
    [
        close_after_reading,
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        answer(ACCEPTED, "500 Oops"),
        answer(ACCEPTED.replace("100001", "100002")),
    ],
    ids=["closed", "garbage", "500", "another id"],
)
async def test_6_an_unknown_outcome_is_said_and_never_repeated(
    box: Sandbox, tmp_path: Path, act: Act
) -> None:
    write(tmp_path, GOOD)
    async with RawProvider(act) as provider:
        ran = await send_bound("sale.xml", "--api-url", provider.url, *fields(), *network(box), cwd=tmp_path)
    assert (ran.code, provider.connections) == (6, 1), ran.out
    assert provider.received.count(b"POST ") == 1
    assert "not repeat" in ran.out.lower()


async def test_the_worst_of_several_inputs_wins(box: Sandbox, tmp_path: Path) -> None:
    good, broken = write(tmp_path, GOOD), write(tmp_path, BROKEN, "broken.xml")
    ran = await mmscheck("check", good, broken, *network(box), cwd=tmp_path)
    assert ran.code == 1
    ran = await mmscheck("check", good, broken, "gone.xml", *network(box), cwd=tmp_path)
    assert ran.code == 2
    assert "gone.xml" in ran.out


async def test_a_dry_run_prints_the_request_and_sends_nothing(box: Sandbox, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    async with RawProvider(answer(ACCEPTED)) as provider:
        ran = await send_bound(
            *("sale.xml", "--dry-run", "--api-url", provider.url, *fields(), *network(box)),
            cwd=tmp_path,
            key=None,
        )
    assert (ran.code, provider.connections) == (5, 0)
    assert "<api-key>REDACTED</api-key>" in ran.out


async def test_a_missing_key_is_told_before_anything_is_fetched(box: Sandbox, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    ran = await send_bound("sale.xml", *fields(), *network(box), cwd=tmp_path, key=None)
    assert ran.code == 2
    assert "MMSCHECK_API_KEY" in ran.err
    assert not [event for event in box.events if "photo-small" in str(event)]


async def test_a_bad_recipient_and_an_unknown_slide_deny(box: Sandbox, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    async with RawProvider(answer(ACCEPTED)) as provider:
        for wrong in (fields(to="+1 555"), [*fields(), "--custom-text", "9=hello"]):
            ran = await send_bound("sale.xml", "--api-url", provider.url, *wrong, *network(box), cwd=tmp_path)
            assert ran.code == 1, ran.out
    assert provider.connections == 0
