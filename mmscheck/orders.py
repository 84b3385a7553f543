"""What one send is: the request that the gate let through, by whom it goes out, and how often it is tried."""

from __future__ import annotations

import random
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

import msgspec

from mmscheck.model.ledger import SendIntent
from mmscheck.model.report import Report
from mmscheck.model.request import SendRequest
from mmscheck.model.send import SendResult
from mmscheck.model.verdict import Permit


class Client(Protocol):
    """What makes the one call; ``mmscheck.SinchClient`` is one."""

    async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
        """Redeem the permit, then make one POST; PermitError and UsageError mean that none was made."""


@runtime_checkable
class _Addressed(Protocol):
    api_url: str


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """How a send that certainly did not go out is tried again by itself.

    At most ``count`` times, and only within ``seconds`` of the first try and the life of its permit. Pauses,
    in seconds, double from ``first`` to ``longest``; chance takes up to half of each away. Sinch documents no
    numbers; these are a judgement.
    """

    count: int = 2
    seconds: float = 60.0
    first: float = 0.5
    longest: float = 20.0

    def pause(self, tries: int) -> float:
        """Seconds to wait after so many tries."""
        whole = min(self.longest, self.first * 2.0 ** min(tries - 1, 60))
        return whole * random.uniform(0.5, 1.0)  # noqa: S311 - keeps senders apart, and is no secret


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One send as the gate let it through; ``key`` None makes one of who gets what."""

    report: Report
    request: SendRequest
    permit: Permit
    key: str | None = None


def intent_of(order: Order, client: Client) -> SendIntent:
    """What the ledger keeps of a send. Its account is the provider's host and the service id."""
    # The ledger brings SQLAlchemy, which nothing but a send needs.
    from mmscheck.ledger import idempotency_key  # noqa: PLC0415

    request, (message,) = order.request, order.report.messages
    host = urlsplit(client.api_url).netloc.lower() if isinstance(client, _Addressed) else ""
    account = f"{host}/{(request.service_id or '').strip()}"
    mms_id, to = request.mms_id or "", request.to or ""
    made = idempotency_key(
        account=account,
        to=to,
        mms_id=mms_id,
        subject=message.subject,
        custom_texts=request.changes.custom_texts,
        data=request.changes.data,
    )
    return SendIntent(
        key=made if order.key is None else order.key,
        mms_id=mms_id,
        to=to,
        from_=request.from_ or "",
        request_digest=request.digest,
        message_digest=message.digest,
        ruleset_digest=order.report.ruleset_digest,
        account=account,
    )
