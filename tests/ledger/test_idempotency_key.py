"""The default key: the same message to the same phone, and nothing else, has the same one."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mmscheck.ledger import idempotency_key
from mmscheck.model.request import CustomText, SendRequest, SendResult
from mmscheck.model.verdict import Permit
from mmscheck.send.order import account_of

BASE: dict[str, Any] = {
    "account": "main",
    "to": "15551230001",
    "mms_id": "100001",
    "subject": "Sale",
    "custom_texts": (CustomText(slide=1, value="a"), CustomText(slide=2, value="b")),
    "data": (("name", "Ann"), ("city", "Bonn")),
    "campaign": "c1",
}


@pytest.mark.parametrize(
    "change",
    [
        {"account": None},
        {"to": "15551230002"},
        {"mms_id": "100002"},
        {"subject": "sale"},
        {"subject": None},
        {"custom_texts": ()},
        {"custom_texts": (CustomText(slide=1, value="b"), CustomText(slide=2, value="a"))},
        {"data": (("name", "Bob"), ("city", "Bonn"))},
        {"campaign": "c2"},
        {"campaign": None},
    ],
)
def test_whatever_reaches_the_phone_changes_the_key(change: dict[str, Any]) -> None:
    assert idempotency_key(**{**BASE, **change}) != idempotency_key(**BASE)


@pytest.mark.parametrize(
    "change",
    [
        {"to": "+1 (555) 123-0001"},
        {"mms_id": " 100001\n"},
        {"custom_texts": (CustomText(slide=2, value="b"), CustomText(slide=1, value="a"))},
        {"custom_texts": (CustomText(slide=1, value="x"), *BASE["custom_texts"])},
        {"data": (("CITY", "Bonn"), ("Name", "Ann"))},
        {"data": (("name", "Bob"), *BASE["data"])},
    ],
)
def test_ways_to_write_the_same_do_not(change: dict[str, Any]) -> None:
    assert idempotency_key(**{**BASE, **change}) == idempotency_key(**BASE)


def test_the_key_is_stable_over_releases() -> None:
    assert (
        idempotency_key(**BASE) == "sha256:20db30cc6c830e3dee6e6ceccad4b7bd85fec7989783c911ae6efb0da297394a"
    )


class _At(msgspec.Struct):
    """A client, as far as an account is concerned."""

    api_url: str

    async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
        raise NotImplementedError


@pytest.mark.parametrize(
    "url",
    [
        "https://api.ci.mblox.com/ep/v1/",
        "https://api.ci.mblox.com:443/ep/v1/",
        "HTTPS://API.ci.mblox.com./ep/v1",
        "https://api.ci.mblox.com:0443",
    ],
)
def test_however_the_providers_address_is_written_it_is_one_account(url: str) -> None:
    assert account_of(SendRequest(service_id="7"), _At(url)) == "api.ci.mblox.com/7"


def test_another_port_is_another_account() -> None:
    assert account_of(SendRequest(), _At("http://[::1]:8801/ep/v1/")) == "[::1]:8801/"
