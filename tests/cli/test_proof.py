"""``send --proof`` and ``--approve`` as people type them: exit codes, what is told, and what is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.campaigns import DOCUMENT, QUICK, named, stored, write_recipients
from tests.support.command import Ran, mmscheck

COMMON = ("--from", "28444", "--service-id", "demo", "--fallback-sms-text", "Sale today")
APPROVE = ("--approve", "Ana Lima")


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(ways=QUICK) as running:
        yield running


@pytest.fixture
async def mms_id(box: Sandbox) -> str:
    return await stored(box)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    write_recipients(tmp_path / "all.csv", named(3))
    write_recipients(tmp_path / "phones.csv", [("15559990001", "Ana"), ("15559990002", "Bo")])
    return tmp_path


async def send(box: Sandbox, mms_id: str, folder: Path, *more: str) -> Ran:
    given = ("--recipients", "all.csv", "--api-url", box.provider_url, "--mms-id", mms_id, *COMMON)
    return await mmscheck("send", "sale.xml", *given, *more, cwd=folder)


async def test_the_proof_ends_with_5_and_the_approval_sends(box: Sandbox, mms_id: str, folder: Path) -> None:
    (folder / "mmscheck.toml").write_text("[recipients]\nrequire-proof = true\n")
    without = await send(box, mms_id, folder)
    assert (without.code, box.phones.total) == (5, 0)
    assert "there is no proof of it as it is now: the same command with --proof FILE sends one" in " ".join(
        without.out.split()
    )
    plan = await send(box, mms_id, folder, "--proof", "phones.csv", "--dry-run")
    assert (plan.code, box.phones.total) == (5, 0)
    assert "line 2 (name filled, name longest) stand for all rows" in " ".join(plan.out.split())
    shown = await send(box, mms_id, folder, "--proof", "phones.csv", "--format", "json=report.json")
    assert (shown.code, box.phones.total) == (5, 2)
    proof = json.loads((folder / "report.json").read_text())["send"]["campaign"]["proof"]
    assert (proof["variants"], proof["phones"], proof["accepted"], proof["approved-by"]) == (
        [{"line": 2, "kinds": ["name filled", "name longest"]}],
        ["Ana", "Bo"],
        2,
        None,
    )
    listed = await mmscheck("ledger", "proofs", cwd=folder)
    assert "2 of 2 messages went out" in listed.out
    assert "nobody has approved it" in listed.out
    sent = await send(box, mms_id, folder, *APPROVE)
    assert (sent.code, box.phones.total) == (0, 5)
    assert "Approved by Ana Lima." in " ".join(sent.out.split())
    listed = await mmscheck("ledger", "proofs", "--campaign", mms_id, "--format", "json", cwd=folder)
    (one,) = json.loads(listed.out)
    assert [(each["name"], each["via"]) for each in one["approvals"]] == [("Ana Lima", "mmscheck send")]
    assert (await mmscheck("ledger", "verify", cwd=folder)).code == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--proof", "phones.csv", *APPROVE), "--approve: after the proof has come, in place of --proof"),
        (("--despite", "so"), "--despite: a reason, and only together with --approve"),
        (("--approve", " "), "--approve: expected the name"),
        (("--dry-run", *APPROVE), "--approve: not with --dry-run"),
        (("--proof", "none.csv"), "none.csv: no such file"),
        (("--proof", "phones.csv", "--format", "text=phones.csv"), "this would overwrite"),
    ],
)
async def test_what_does_not_go_together_is_refused_before_anything_is_asked(
    box: Sandbox, mms_id: str, folder: Path, options: tuple[str, ...], told: str
) -> None:
    ran = await send(box, mms_id, folder, *options)
    assert (ran.code, box.phones.total) == (2, 0), ran
    assert told in ran.err


async def test_only_a_campaign_has_a_proof(box: Sandbox, mms_id: str, folder: Path) -> None:
    given = ("--to", "15551230001", "--api-url", box.provider_url, "--mms-id", mms_id, *COMMON)
    ran = await mmscheck("send", "sale.xml", *given, "--proof", "phones.csv", cwd=folder)
    assert (ran.code, "--proof: only together with --recipients" in ran.err) == (2, True)
