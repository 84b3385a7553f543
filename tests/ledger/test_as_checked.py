"""What is claimed is what was checked: whatever became of the stored message since refuses the claim."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mmscheck.ledger import Ledger, Save
from mmscheck.model.ledger import (
    Claim,
    ClaimRefused,
    Expected,
    MmsState,
    Recorded,
    RefusalReason,
    SendIntent,
    SendState,
)
from tests.support.ledgers import accepted, intent

ACCOUNT = "provider.example#0123456789ab"
URL, SIGNED = "https://media.example.com/a.jpg", "https://media.example.com/b.jpg?token=abcdefghijklmnopqrst"
MEDIA = ((URL, "sha256:a"), (SIGNED, "sha256:b"))


def save(state: MmsState = MmsState.READY, **changes: Any) -> Save:
    given = {
        "mms_id": "100001",
        "digest": "sha256:message",
        "media": MEDIA,
        "account": ACCOUNT,
        "replace": True,
    }
    return Save(state=state, **{**given, **changes})


def asked(key: str = "key-1", **changes: Any) -> SendIntent:
    return intent(key, expects=Expected(account=ACCOUNT, media=MEDIA), **changes)


def bound(**changes: Any) -> Callable[[Ledger], Awaitable[object]]:
    return lambda ledger: ledger.record_save(save(**changes))


def told(code: str, account: str) -> Callable[[Ledger], Awaitable[object]]:
    return lambda ledger: ledger.record_postback({"code": code, "mms-id": "100001"}, account)


CHANGES = {
    "other content": bound(digest="sha256:other"),
    "other content that is not ready": bound(digest="sha256:other", state=MmsState.SAVED),
    "other bytes": bound(media=((URL, "sha256:a"), (SIGNED, "sha256:c"))),
    "fewer media": bound(media=MEDIA[:1]),
    "more media": bound(media=(*MEDIA, ("https://media.example.com/c.jpg", "sha256:c"))),
    "no media": bound(media=()),
    "another state": bound(name="new", state=MmsState.SAVED),
    "encoding": bound(name="new", state=MmsState.ENCODING),
    "another account": bound(account="provider.example#ffffffffffff"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("tried", [False, True])
async def test_whatever_changed_since_the_check_refuses_the_claim(
    ledger: Ledger, change: Callable[[Ledger], Awaitable[object]], *, tried: bool
) -> None:
    await ledger.record_save(save())
    if tried:
        first = await ledger.claim(asked())
        assert isinstance(first, Claim)
        await ledger.not_sent(first, "no connection")
    await change(ledger)
    outcome = await ledger.claim(asked())
    assert isinstance(outcome, ClaimRefused), outcome
    assert outcome.reason is RefusalReason.NOT_AS_CHECKED
    assert "when the message was checked" in outcome.text
    assert await ledger.counts() == ({SendState.NOT_SENT: 1} if tried else {})
    await ledger.record_save(save())
    assert isinstance(await ledger.claim(asked()), Claim)


@pytest.mark.parametrize("held", [MmsState.SAVED, MmsState.ENCODING])
async def test_what_never_was_ready_is_refused(ledger: Ledger, held: MmsState) -> None:
    assert isinstance(await ledger.claim(asked()), ClaimRefused)
    await ledger.record_save(save(held))
    outcome = await ledger.claim(asked())
    assert isinstance(outcome, ClaimRefused)
    assert outcome.reason is RefusalReason.NOT_AS_CHECKED
    await told("N003", "provider.example")(ledger)


async def test_corruption_of_this_provider_refuses_and_of_another_does_not(ledger: Ledger) -> None:
    await ledger.record_save(save())
    await ledger.record_postback({"code": "E002", "mms-id": "100001"}, "other.example")
    assert isinstance(await ledger.claim(asked()), Claim)
    await ledger.record_postback({"code": "E002", "mms-id": "100001"}, "provider.example")
    outcome = await ledger.claim(asked("key-2"))
    assert isinstance(outcome, ClaimRefused)
    assert outcome.reason is RefusalReason.CORRUPT


async def test_what_was_answered_stays_answered_whatever_is_bound_since(ledger: Ledger) -> None:
    await ledger.record_save(save())
    claim = await ledger.claim(asked())
    assert isinstance(claim, Claim)
    await ledger.answer(claim, accepted("T1"))
    await ledger.record_save(save(digest="sha256:other"))
    assert isinstance(await ledger.claim(asked()), Recorded)


async def test_a_permit_that_was_made_without_a_ledger_is_excepted(ledger: Ledger) -> None:
    await ledger.record_save(save(digest="sha256:other"))
    assert isinstance(await ledger.claim(intent()), Claim)
