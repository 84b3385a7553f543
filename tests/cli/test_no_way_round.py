"""Ways round the gate that somebody found once, each through the installed command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.bound import bind_files, send_bound
from tests.support.command import PROGRAM, fields, image, message, mmscheck
from tests.support.raw_provider import ACCEPTED, RawProvider, answer, read_request

TEXT = "<message-text>Hello</message-text>"
ADVISED_AGAINST = "Summer sale: 20% off this week, all shops, all days"


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


def network(box: Sandbox) -> list[str]:
    return ["--connect-to", f"media.example.com:80:127.0.0.1:{box.media_port}", "--allow-net", "127.0.0.1/32"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--custom-subject", "Hi {$k|\U0001f600}", "--data", "\u212a=Ana"),  # the Kelvin sign is no k
        ("--custom-subject", "Hi {$a|\U0001f600}", "--data", "a="),  # the provider may take the default
    ],
)
async def test_merge_data_does_not_hide_a_default(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "sale.xml").write_text(message(TEXT))
    async with RawProvider(answer(ACCEPTED)) as provider:
        ran = await send_bound("sale.xml", "--api-url", provider.url, *fields(), *arguments, cwd=tmp_path)
    assert ran.code in {1, 2, 3}
    assert provider.connections == 0


async def test_a_url_in_an_attribute_is_not_merely_advice(box: Sandbox, tmp_path: Path) -> None:
    hidden = image("photo-small.jpg").replace(
        "<image>", '<image url="http://media.example.com/chunked/a.jpg">'
    )
    (tmp_path / "sale.xml").write_text(message(hidden))
    assert (await mmscheck("check", "sale.xml", *network(box), cwd=tmp_path)).code == 1


async def test_a_configuration_counts_whatever_its_folder_is_called(box: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "no\u00a0break"
    folder.mkdir()
    (folder / "sale.xml").write_text(message(image("redirect/photo-small.jpg")))
    (folder / "mmscheck.toml").write_text('[rules.no-redirect]\nseverity = "error"\n')
    ran = await mmscheck("check", folder / "sale.xml", *network(box), cwd=tmp_path)
    assert ran.code == 1, ran.out


async def test_the_order_of_inputs_does_not_choose_the_configuration(tmp_path: Path) -> None:
    for name, text in (("strict", "strict = true\n"), ("soft", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sale.xml").write_text(message(TEXT, subject=ADVISED_AGAINST))
        (tmp_path / name / "mmscheck.toml").write_text(text)
    for order in (("strict", "soft"), ("soft", "strict")):
        ran = await mmscheck("check", *order, "--format", "json", cwd=tmp_path)
        told = {each["source"]: each["verdict"] for each in json.loads(ran.out)["messages"]}
        assert (ran.code, told) == (1, {"strict/sale.xml": "deny", "soft/sale.xml": "permit"})


async def test_what_was_let_through_to_private_addresses_is_said(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(message(image("photo-small.jpg")))
    ran = await mmscheck("check", "sale.xml", *network(box), cwd=tmp_path)
    assert "127.0.0.1/32" in ran.out
    ran = await mmscheck("check", "sale.xml", "--format", "json", *network(box), cwd=tmp_path)
    assert len(json.loads(ran.out)["allowances"]) == 2


async def test_a_report_does_not_replace_an_input(tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(message(TEXT))
    (tmp_path / "key.txt").write_text("sandbox-key")
    ran = await mmscheck("check", "sale.xml", "--format", "json=./sale.xml", cwd=tmp_path)
    assert ran.code == 2
    assert (tmp_path / "sale.xml").read_text() == message(TEXT)
    key = ("--api-key-file", "key.txt", "--format", "json=key.txt")
    ran = await send_bound("sale.xml", *fields(), *key, cwd=tmp_path)
    assert (ran.code, (tmp_path / "key.txt").read_text()) == (2, "sandbox-key")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
async def test_a_send_that_is_stopped_during_the_call_never_looks_unsent(
    tmp_path: Path, how: signal.Signals
) -> None:
    (tmp_path / "sale.xml").write_text(message(TEXT))
    read = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        read.set()
        await reader.read()

    async with RawProvider(stall) as provider:
        await bind_files([tmp_path / "sale.xml"], at=provider.url)
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), "send", "sale.xml", "--api-url", provider.url),
            *(*fields(), "--format", "json=report.json"),
            cwd=tmp_path,
            env={**os.environ, "MMSCHECK_API_KEY": "sandbox-key"},
            stderr=asyncio.subprocess.PIPE,
        )
        await asyncio.wait_for(read.wait(), 180)
        process.send_signal(how)
        _, err = await process.communicate()
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["exit_code"], report["send"]["status"]) == (6, "unknown")
    assert process.returncode == (6 if how is not signal.SIGKILL else -signal.SIGKILL)
    assert b"Traceback" not in err
