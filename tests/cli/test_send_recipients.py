"""A single send to a number that must not be texted: exit 1, no call, and the reason."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bound import send_bound
from tests.support.command import Ran, fields, message, mmscheck
from tests.support.raw_provider import ACCEPTED, RawProvider, answer

PHONE = "15551230001"


@pytest.fixture
async def provider() -> AsyncIterator[RawProvider]:
    async with RawProvider(answer(ACCEPTED)) as raw:
        yield raw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sale.xml").write_text(message("<message-text>See you</message-text>"))
    return tmp_path


async def send(provider: RawProvider, folder: Path, *more: str, **changes: str) -> Ran:
    return await send_bound("sale.xml", "--api-url", provider.url, *fields(**changes), *more, cwd=folder)


async def refused(provider: RawProvider, where: Path, *more: str) -> str:
    ran = await send(provider, where, "--format", "json", *more, to=PHONE)
    assert ran.code == 1, ran
    assert provider.connections == 0
    told = json.loads(ran.out)
    assert (told["exit_code"], told["send"]["status"]) == (1, "not-attempted")
    return str(told["send"]["detail"])


async def test_a_suppressed_number_gets_nothing(provider: RawProvider, folder: Path) -> None:
    await mmscheck("suppress", "add", PHONE, "--reason", "asked by phone", "--who", "ann", cwd=folder)
    assert "asked by phone (ann)" in await refused(provider, folder, "--dry-run"), "foreseen"
    detail = await refused(provider, folder)
    assert "This number is on the suppression list: asked by phone (ann). Nothing was sent" in detail
    done = await mmscheck("suppress", "remove", PHONE, "--reason", "signed again", cwd=folder)
    assert done.code == 0
    ran = await send(provider, folder, to=PHONE)
    assert (ran.code, provider.connections) == (0, 1)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--country", "AU"), "none of the wanted countries (AU)"),
        (("--require-consent",), "consent is required"),
        (("--require-consent", "--consent-source", "form", "--consent-at", "lately"), "no date or time"),
        (("--quiet-hours", "00:00-23:59"), "Quiet hours"),
    ],
)
async def test_terms_are_kept(
    provider: RawProvider,
    folder: Path,
    option: tuple[str, ...],
    told: str,
) -> None:
    assert told in await refused(provider, folder, *option)


async def test_the_configuration_holds_every_send(provider: RawProvider, folder: Path) -> None:
    (folder / "mmscheck.toml").write_text("[recipients]\nrequire-consent = true\nper-day = 2\n")
    assert "consent is required" in await refused(provider, folder)
    proof = ("--consent-source", "web form", "--consent-at", "2026-11-30")
    assert "(AU)" in await refused(provider, folder, *proof, "--country", "au")
    ran = await send(provider, folder, *proof, to=PHONE)
    assert (ran.code, provider.connections) == (0, 1)
    told = json.loads((await mmscheck("ledger", "export", PHONE, cwd=folder)).out)
    (sent,) = told["sends"]
    assert (sent["intent"]["consent_source"], sent["intent"]["consent_at"]) == ("web form", "2026-11-30")
    forgot = await mmscheck("ledger", "forget", PHONE, "--reason", "asked", cwd=folder)
    assert "forgotten in 1 send, 0 notifications, 0 suppressions" in forgot.out
    assert (await mmscheck("ledger", "verify", cwd=folder)).code == 0
    again = await send(provider, folder, *proof, to=PHONE)
    assert (again.code, provider.connections) == (0, 1), "recorded, and not sent twice"


@pytest.mark.parametrize(
    "words",
    [
        ("--quiet-hours", "21-8"),
        ("--country", "USA"),
        ("--min-gap", "soon"),
        ("--quiet-rows", "wait"),
        ("--per-day", "0"),
    ],
)
async def test_what_cannot_be_read_is_exit_2(
    provider: RawProvider,
    folder: Path,
    words: tuple[str, ...],
) -> None:
    ran = await send(provider, folder, *words, to=PHONE)
    assert (ran.code, provider.connections) == (2, 0)
