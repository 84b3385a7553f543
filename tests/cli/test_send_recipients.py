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
"""In no area that was ever assigned: nobody knows its country."""

NEW_YORK = "12125550100"


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


async def refused(
    provider: RawProvider, where: Path, rule: str, *more: str, to: str = PHONE, outcome: str = "failed"
) -> str:
    """Why a send is denied by this rule alone, by its report and without a call."""
    ran = await send(provider, where, "--format", "json", *more, to=to)
    assert ran.code == (1 if outcome == "failed" else 3), ran
    assert provider.connections == 0
    told = json.loads(ran.out)
    assert (told["verdict"], told["exit_code"], told["send"]["status"]) == ("deny", ran.code, "not-attempted")
    denying = {
        each["rule"]: each["outcome"]
        for each in told["messages"][0]["evaluations"]
        if each["outcome"] in {"failed", "cant-tell"} and each["severity"] == "error"
    }
    assert denying == {rule: outcome}
    return str(told["send"]["detail"])


async def test_a_suppressed_number_gets_nothing(provider: RawProvider, folder: Path) -> None:
    await mmscheck("suppress", "add", PHONE, "--reason", "asked by phone", "--who", "ann", cwd=folder)
    rule = "recipient-not-suppressed"
    assert "asked by phone (ann)" in await refused(provider, folder, rule, "--dry-run"), "foreseen"
    detail = await refused(provider, folder, rule)
    assert "This number is on the suppression list: asked by phone (ann). Nothing was sent" in detail
    done = await mmscheck("suppress", "remove", PHONE, "--reason", "signed again", cwd=folder)
    assert done.code == 0
    ran = await send(provider, folder, to=PHONE)
    assert (ran.code, provider.connections) == (0, 1)


async def test_a_rule_that_only_warns_lets_nothing_out(provider: RawProvider, folder: Path) -> None:
    """The claim refuses the number all the same, and a dry run says so."""
    (folder / "mmscheck.toml").write_text('[rules.recipient-not-suppressed]\nseverity = "warning"\n')
    await mmscheck("suppress", "add", PHONE, "--reason", "asked by phone", cwd=folder)
    for more in (("--dry-run",), ()):
        ran = await send(provider, folder, "--format", "json", *more, to=PHONE)
        told = json.loads(ran.out)
        assert (ran.code, told["send"]["status"]) == (1, "not-attempted"), told["send"]
        assert "asked by phone" in told["send"]["detail"]
    assert provider.connections == 0


async def test_a_number_that_was_texted_waits(provider: RawProvider, folder: Path) -> None:
    """Of the very send that was made, the recorded answer is told: a repetition texts nobody."""
    assert (await send(provider, folder, to=PHONE)).code == 0
    provider.connections = 0
    other = ("--idempotency-key", "another", "--again")
    for rule, option, told in (
        ("recipient-gap", ("--min-gap", "2h"), "the gap is not over"),
        ("recipient-daily-most", ("--per-day", "1"), "1 is the most"),
    ):
        assert (await send(provider, folder, *option, to=PHONE)).code == 0, "recorded"
        assert provider.connections == 0
        assert told in await refused(provider, folder, rule, *option, *other)
    assert (
        await send(provider, folder, "--per-day", "2", "--idempotency-key", "k", "--again", to=PHONE)
    ).code == 0


@pytest.mark.parametrize(
    ("rule", "option", "told"),
    [
        ("recipient-country", ("--country", "AU"), "none of the wanted countries (AU): it is in US"),
        ("recipient-consent", ("--require-consent",), "consent is required"),
        (
            "recipient-consent",
            ("--require-consent", "--consent-source", "form", "--consent-at", "lately"),
            "no date or time",
        ),
        ("recipient-quiet-hours", ("--quiet-hours", "00:00-23:59"), "Quiet hours"),
    ],
)
async def test_terms_are_kept(
    provider: RawProvider, folder: Path, rule: str, option: tuple[str, ...], told: str
) -> None:
    assert told in await refused(provider, folder, rule, *option, to=NEW_YORK)


async def test_what_nobody_can_tell_of_a_number_denies(provider: RawProvider, folder: Path) -> None:
    detail = await refused(provider, folder, "recipient-country", "--country", "AU", outcome="cant-tell")
    assert "its country cannot be told" in detail


async def test_the_configuration_holds_every_send(provider: RawProvider, folder: Path) -> None:
    (folder / "mmscheck.toml").write_text("[recipients]\nrequire-consent = true\nper-day = 2\n")
    assert "consent is required" in await refused(provider, folder, "recipient-consent")
    proof = ("--consent-source", "web form", "--consent-at", "2026-11-30")
    wanted = await refused(provider, folder, "recipient-country", *proof, "--country", "au", to=NEW_YORK)
    assert "(AU)" in wanted
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
