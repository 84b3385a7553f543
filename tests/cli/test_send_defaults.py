"""What ``[send]`` and variables spare somebody to type, and where a file may not send the API key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.errors import RuleSetError
from mmscheck.ruleset import load_config
from tests.support.bound import bind_files
from tests.support.campaigns import DOCUMENT
from tests.support.command import FIELDS, mmscheck
from tests.support.raw_provider import ACCEPTED, RawProvider, answer

SEND = """[send]
from = "28444"
service-id = "from-file"
fallback-sms-text = "Sale today"
"""
ONE = ("send", "sale.xml", "--mms-id", FIELDS["--mms-id"], "--to", FIELDS["--to"])


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    (tmp_path / "mmscheck.toml").write_text(SEND)
    await bind_files([tmp_path / "sale.xml"])
    return tmp_path


async def test_fields_of_the_send_come_from_the_configuration(folder: Path) -> None:
    ran = await mmscheck(*ONE, "--dry-run", cwd=folder)
    assert ran.code == 5
    for field in ("<from>28444<", "<service-id>from-file<", "<fallback-sms-text>Sale today<"):
        assert field in ran.out


async def test_a_flag_goes_before_a_variable_and_that_before_the_file(folder: Path) -> None:
    by_variable = await mmscheck(*ONE, "--dry-run", cwd=folder, MMSCHECK_SERVICE_ID="by-variable")
    assert "<service-id>by-variable<" in by_variable.out
    flagged = await mmscheck(
        *ONE, "--dry-run", "--service-id", "by-flag", cwd=folder, MMSCHECK_SERVICE_ID="by-variable"
    )
    assert "<service-id>by-flag<" in flagged.out


async def test_fields_of_a_campaign_come_from_the_configuration(folder: Path) -> None:
    (folder / "people.csv").write_text("to\n15551230001\n")
    campaign = ("send", "sale.xml", "--mms-id", FIELDS["--mms-id"], "--recipients", "people.csv")
    ran = await mmscheck(*campaign, "--dry-run", cwd=folder)
    assert ran.code == 5, ran
    assert "request-service-id" not in ran.out


@pytest.mark.parametrize("command", ["send", "save", "bind"])
@pytest.mark.parametrize("way", ["found", "named", "variable"])
async def test_the_key_goes_where_a_named_file_says_and_never_where_a_found_one_does(
    folder: Path, command: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {"send": ONE[2:], "save": (), "bind": ()}[command]
    which = ("100001",) if command == "bind" else ()
    async with RawProvider(answer(ACCEPTED)) as provider:
        url = f"http://127.0.0.1:{provider.port}/"
        await bind_files([folder / "sale.xml"], at=url)
        if way != "variable":
            (folder / "mmscheck.toml").write_text(f'{SEND}api-url = "{url}"\n')
        named = ("--config", "mmscheck.toml") if way == "named" else ()
        if way == "variable":
            monkeypatch.setenv("MMSCHECK_API_URL", url)
        ran = await mmscheck(command, *which, "sale.xml", *more, *named, cwd=folder)
        reached = b"sandbox-key" in provider.received
    assert reached is (way != "found"), ran
    if way == "found":
        assert ran.code == 2
        assert "the API key goes to that address, so it counts only in a file that is named" in ran.err


async def test_a_flag_makes_the_address_in_a_found_file_count_for_nothing(folder: Path) -> None:
    async with RawProvider(answer(ACCEPTED)) as hostile, RawProvider(answer(ACCEPTED)) as ours:
        (folder / "mmscheck.toml").write_text(f'[send]\napi-url = "http://127.0.0.1:{hostile.port}/"\n')
        ran = await mmscheck("save", "sale.xml", "--api-url", f"http://127.0.0.1:{ours.port}/", cwd=folder)
        assert (ran.code, hostile.connections, b"sandbox-key" in ours.received) == (0, 0, True), ran


@pytest.mark.parametrize(
    "name",
    ["MMSCHECK_API_URL", "MMSCHECK_FROM", "MMSCHECK_SERVICE_ID", "MMSCHECK_FALLBACK_SMS_TEXT"],
)
async def test_a_variable_that_is_empty_is_no_default(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")
    ran = await mmscheck(*ONE, "--dry-run", cwd=folder)
    assert ran.code == 2
    assert f"{name} is empty" in ran.err


async def test_what_takes_notifications_knows_the_variable_too(tmp_path: Path) -> None:
    ran = await mmscheck(
        *("postbacks", "--listen", "127.0.0.1:0", "--no-secret"), cwd=tmp_path, MMSCHECK_API_URL="ftp://x/"
    )
    assert (ran.code, "the provider's address 'ftp://x/'" in ran.err) == (2, True)


def test_a_ledger_is_no_key_of_it_since_hold_and_postbacks_read_no_file(tmp_path: Path) -> None:
    (tmp_path / "mmscheck.toml").write_text('[send]\nledger = "other.sqlite3"\n')
    with pytest.raises(RuleSetError, match="unknown key 'ledger'"):
        load_config(tmp_path / "mmscheck.toml")
