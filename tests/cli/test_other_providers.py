"""Messages for other providers by the installed command: judged by their own numbers, and never sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.command import message as slide_xml
from tests.support.command import mmscheck

HOST = "http://media.example.com"
GOOD, CHUNKED = f"{HOST}/photo-small.jpg", f"{HOST}/chunked/photo-small.jpg"
GONE = f"{HOST}/status/404/photo-small.jpg"
SENT = ("--to", "15551230001", "--from", "60856", "--service-id", "1", "--fallback-sms-text", "x")


def twilio(*urls: str, body: str = "Hi") -> str:
    return json.dumps({"To": "+14155550100", "From": "+14155550199", "Body": body, "MediaUrl": list(urls)})


def plivo(url: str) -> str:
    return json.dumps(
        {"src": "14155550199", "dst": "14155550100", "type": "mms", "text": "Hi", "media_urls": [url]}
    )


@pytest.fixture
async def network() -> AsyncIterator[tuple[str, ...]]:
    async with Sandbox() as box:
        where = f"media.example.com:80:127.0.0.1:{box.media_port}"
        yield ("--allow-net", "127.0.0.1/32", "--connect-to", where)


async def judged(text: str, network: tuple[str, ...], folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    (folder / "message.json").write_text(text)
    ran = await mmscheck("check", "message.json", *network, *more, "--format", "json", cwd=folder)
    return ran.code, json.loads(ran.out)


def findings(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (message,) = told["messages"]
    open_ = ("failed", "cant-tell")
    return {each["rule"]: each for each in message["evaluations"] if each["outcome"] in open_}


def blocking(told: dict[str, Any]) -> set[str]:
    return {rule for rule, each in findings(told).items() if each["severity"] == "error"}


async def test_what_only_sinch_refuses_is_fine_for_another(network: tuple[str, ...], tmp_path: Path) -> None:
    code, told = await judged(twilio(CHUNKED), network, tmp_path)
    assert (code, told["verdict"], blocking(told)) == (0, "permit", set())


async def test_what_another_states_too_blocks_with_its_codes(
    network: tuple[str, ...], tmp_path: Path
) -> None:
    code, told = await judged(plivo(CHUNKED), network, tmp_path)
    assert (code, blocking(told)) == (1, {"content-length"})
    assert findings(told)["content-length"]["provider_codes"] == []
    code, told = await judged(twilio(GONE), network, tmp_path)
    assert code != 0
    assert findings(told)["media-reachable"]["provider_codes"] == ["11200"]


async def test_its_own_numbers_block(network: tuple[str, ...], tmp_path: Path) -> None:
    code, told = await judged(twilio(GOOD, body="x" * 1601), network, tmp_path)
    assert (code, blocking(told)) == (1, {"payload-limits"})
    assert "21617" in findings(told)["payload-limits"]["provider_codes"]


async def test_what_may_be_for_two_asks_and_is_judged_when_told(
    network: tuple[str, ...], tmp_path: Path
) -> None:
    text = json.dumps({"to": "+14155550100", "from": "+14155550199", "text": "Hi", "media": [GOOD]})
    code, told = await judged(text, network, tmp_path)
    assert (code, blocking(told) >= {"xml-well-formed"}) == (1, True)
    assert "--as bandwidth or --as telnyx" in findings(told)["xml-well-formed"]["message"]
    code, told = await judged(text, network, tmp_path, "--as", "bandwidth")
    assert (code, blocking(told)) == (1, {"payload-whole"})


async def test_a_list_is_held_to_every_rule_on_media_and_permits_nothing(
    network: tuple[str, ...], tmp_path: Path
) -> None:
    code, told = await judged(f"{GOOD}\n", network, tmp_path)
    assert (code, told["verdict"]) == (0, "pass-media")
    code, told = await judged(f"{GOOD}\n# next\n{CHUNKED}\n", network, tmp_path)
    assert (code, told["verdict"]) == (1, "deny")
    assert blocking(told) >= {"not-chunked"}
    assert findings(told)["not-chunked"]["line"] == 3
    code, told = await judged(f"{CHUNKED}\n", network, tmp_path, "--as", "twilio")
    assert (code, told["verdict"]) == (0, "permit")


async def test_a_list_beside_a_message_permits_nothing(network: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text(GOOD)
    (tmp_path / "sale.xml").write_text(slide_xml(""))
    ran = await mmscheck("check", "urls.txt", "sale.xml", *network, "--format", "json", cwd=tmp_path)
    assert json.loads(ran.out)["verdict"] != "permit"


@pytest.mark.parametrize(
    "text",
    [
        twilio(GOOD),
        plivo(GOOD),
        GOOD,
        "To=1&From=2&Body=a",
        '{"to": "1", "from": "2", "text": "a", "media": ["b"]}',
    ],
    ids=["twilio", "plivo", "list", "form", "several"],
)
@pytest.mark.parametrize(
    "command",
    [
        ("save", "message"),
        ("send", "message", "--mms-id", "1", *SENT),
        ("send", "message", "--mms-id", "1", *SENT, "--dry-run"),
        ("bind", "1", "message"),
    ],
    ids=["save", "send", "dry", "bind"],
)
async def test_nothing_of_another_provider_is_sent(
    text: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "message").write_text(text)
    ran = await mmscheck(*command, cwd=tmp_path)
    assert ran.code == 2
    assert "is for Sinch alone" in " ".join(ran.err.split())
    assert ran.out == ""


async def test_lint_reads_files_of_any_name_that_hold_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(twilio(GOOD, body="x" * 1601))
    ran = await mmscheck("lint", "a.txt", cwd=tmp_path)
    assert (ran.code, "payload-limits" in ran.out) == (1, True)
    (tmp_path / "b.txt").write_text("To: somebody")
    ran = await mmscheck("lint", "--as", "twilio", "b.txt", cwd=tmp_path)
    assert (ran.code, "no JSON, no form" in " ".join(ran.out.split())) == (1, True)


@pytest.mark.parametrize("command", ["check", "lint"])
async def test_what_is_said_and_cannot_be_is_refused(command: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(twilio(GOOD))
    for more in (("--as", "sinch"), ("--as", ""), ("--data", "name=Ana"), ("--custom-subject", "Sale")):
        ran = await mmscheck(command, "a.json", *more, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, ""), more
        assert more[0] in ran.err
