"""The Gate of the library: permits are for one gate, one request and one send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

import mmscheck
from mmscheck import (
    ConnectTo,
    CustomText,
    DeniedError,
    FetchPolicy,
    Gate,
    MmscheckError,
    PermitError,
    SendRequest,
    SendStatus,
    SinchClient,
    UsageError,
)
from mmscheck.model.request import Changes
from mmscheck.sandbox import Sandbox
from tests.support.command import image, message
from tests.support.raw_provider import ACCEPTED, RawProvider, answer

GOOD = message(image("photo-small.jpg")).encode()
REQUEST = SendRequest(
    mms_id="100001", to="15551230001", from_="28444", service_id="s", fallback_sms_text="Sale today"
)


@pytest.fixture
async def provider() -> AsyncIterator[RawProvider]:
    async with RawProvider(answer(ACCEPTED)) as raw:
        yield raw


@pytest.fixture
async def policy() -> AsyncIterator[FetchPolicy]:
    async with Sandbox() as box:
        yield FetchPolicy(
            allow_net=("127.0.0.1/32",),
            connect_to=(ConnectTo("media.example.com", 80, "127.0.0.1", box.media_port),),
        )


def gate_to(provider: RawProvider, policy: FetchPolicy) -> Gate:
    return Gate(client=SinchClient(api_key="k", api_url=provider.url), policy=policy)


async def test_a_permit_is_one_send_and_for_no_other_gate(provider: RawProvider, policy: FetchPolicy) -> None:
    async with gate_to(provider, policy) as gate, gate_to(provider, policy) as other:
        permit = await gate.check(GOOD, REQUEST)
        await other.check(GOOD, REQUEST)
        with pytest.raises(PermitError):
            await other.send(permit)
        assert provider.connections == 0
        result = await gate.send(permit)
        with pytest.raises(PermitError):
            await gate.send(permit)
    assert (result.status, result.tracking_id) == (SendStatus.ACCEPTED, "MMS_MT_test")
    assert provider.connections == 1


async def test_a_denied_message_gives_no_permit_and_says_why(
    provider: RawProvider, policy: FetchPolicy
) -> None:
    broken = message(image("chunked/photo-small.jpg")).encode()
    async with gate_to(provider, policy) as gate:
        with pytest.raises(DeniedError, match="not-chunked"):
            await gate.check(broken, REQUEST)
    assert provider.connections == 0


async def test_what_denies_is_told_with_what_was_found(provider: RawProvider, policy: FetchPolicy) -> None:
    broken = message("<message-text>Hello {$name}</message-text>", subject="\u00e9t\u00e9").encode()
    async with gate_to(provider, policy) as gate:
        with pytest.raises(DeniedError) as denied:
            await gate.check(broken, REQUEST)
    told = str(denied.value)
    assert "merge-data-complete: Merge tags are not complete" in told
    assert "LATIN SMALL LETTER E WITH ACUTE" in told
    assert told.index("subject-ascii") < told.index("slide-text-length"), "what follows comes last"


async def test_merge_data_may_be_a_mapping(provider: RawProvider, policy: FetchPolicy) -> None:
    assert Changes(data={"name": "Ana"}) == Changes(data=(("name", "Ana"),))  # type: ignore[arg-type] # on purpose
    with_tag = message("<message-text>Hello {$name}</message-text>").encode()
    changed = msgspec.structs.replace(REQUEST, changes=Changes(data=(("name", "Ana"),)))
    async with gate_to(provider, policy) as gate:
        await gate.check(with_tag, changed)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"to": 15551230001}, "SendRequest.to must be text, not int"),
        ({"changes": Changes(data=(("name", 7),))}, "pairs of texts"),  # type: ignore[arg-type] # on purpose
    ],
)
async def test_a_field_of_another_type_is_named(
    provider: RawProvider, policy: FetchPolicy, changes: dict[str, Any], told: str
) -> None:
    async with gate_to(provider, policy) as gate:
        with pytest.raises(UsageError, match=told):
            await gate.check(GOOD, msgspec.structs.replace(REQUEST, **changes))


def test_a_gate_may_demand_confinement(
    provider: RawProvider, policy: FetchPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = SinchClient(api_key="k", api_url=provider.url)
    Gate(client=client, policy=policy, require_confinement=True)
    monkeypatch.setattr("mmscheck.media.confinement.offered", lambda: ("limits",))
    with pytest.raises(UsageError, match="no landlock and no seccomp"):
        Gate(client=client, policy=policy, require_confinement=True)


@pytest.mark.parametrize(
    ("document", "request_"),
    [
        ("<request/>", REQUEST),
        (GOOD, None),
        (GOOD, SendRequest(to="1\udcff")),
        (GOOD, SendRequest(fallback_sms_text="a\x01b")),
        (GOOD, SendRequest(changes=Changes(custom_texts=(CustomText(slide=True, value="x"),)))),
    ],
)
async def test_what_could_never_be_sent_is_a_plain_error(
    provider: RawProvider, policy: FetchPolicy, document: bytes, request_: SendRequest
) -> None:
    async with gate_to(provider, policy) as gate:
        with pytest.raises(MmscheckError):
            await gate.check(document, request_)


async def test_a_gate_that_was_not_entered_says_so(provider: RawProvider, policy: FetchPolicy) -> None:
    with pytest.raises(MmscheckError, match="async with"):
        await gate_to(provider, policy).check(GOOD, REQUEST)


def test_every_public_name_is_there() -> None:
    for name in mmscheck.__all__:
        assert getattr(mmscheck, name) is not None
