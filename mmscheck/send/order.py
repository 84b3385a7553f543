"""What one call is: the request that the gate let through, by whom it goes out, and how often it is tried."""

from __future__ import annotations

import hashlib
import random
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar, runtime_checkable
from urllib.parse import urlsplit

import msgspec

from mmscheck import ledger as ledgers
from mmscheck.errors import UsageError
from mmscheck.model.ledger import AT_ONCE, Expected, NumberTerms, SendIntent
from mmscheck.model.mms import Mms
from mmscheck.model.report import Report
from mmscheck.model.request import OneShotRequest, SaveRequest, SendRequest, SendResult
from mmscheck.model.rule import BOUND
from mmscheck.model.verdict import Permit
from mmscheck.model.words import ONE_SHOT, Dialect, Document, Outcome, dialect_of
from mmscheck.send.one_shot import content_of
from mmscheck.send.recipient import RecipientTerms

R = TypeVar("R", bound=SendRequest | SaveRequest)

_MARK = 12
"""Hex digits that tell accounts of one provider apart; no key can be reckoned from them."""

_PORTS = MappingProxyType({"https": 443, "http": 80})
"""Ports that a URL means when it names none."""


class Client(Protocol):
    """What makes the one call; ``mmscheck.SinchClient`` is one."""

    async def send_saved_mms(self, permit: Permit, request: SendRequest) -> SendResult:
        """Redeem the permit, then make one POST; PermitError and UsageError mean that none was made."""


@runtime_checkable
class Saver(Protocol):
    """A client that saves too; ``mmscheck.SinchClient`` is one."""

    async def save_mms(self, permit: Permit, save: SaveRequest) -> SendResult:
        """Redeem the permit, then make one POST; PermitError and UsageError mean that none was made."""


@runtime_checkable
class ReferringClient(Protocol):
    """A client of either API, which tells the provider the reference of a send where there is one for it."""

    api: Dialect

    async def send_saved_mms(
        self, permit: Permit, request: SendRequest, now: float | None = None, *, reference: str | None = None
    ) -> SendResult:
        """As ``Client.send_saved_mms``; ``reference`` comes back in the notifications about this send."""


@runtime_checkable
class OneShotClient(Protocol):
    """A client that also sends what is stored nowhere; ``mmscheck.SinchClient`` is one."""

    api: Dialect

    async def send_mms(
        self,
        permit: Permit,
        request: OneShotRequest,
        now: float | None = None,
        *,
        reference: str | None = None,
    ) -> SendResult:
        """As ``ReferringClient.send_saved_mms``, of the request's own document."""


def demand_api(document: Document, client: object) -> None:
    """Raise UsageError unless the client speaks the API of the document.

    Whether an id that one of the two APIs gave is known to the other is documented nowhere.
    """
    spoken = getattr(client, "api", Dialect.XML)
    if dialect_of(document) is not spoken:
        raise UsageError(
            f"the message is written for the {dialect_of(document).upper()} API, and the client calls the "
            f"{Dialect(spoken).upper()} API"
        )


def demand_stored(message: Mms) -> None:
    """Raise UsageError for a message that is sent at once: no mms-id has its content."""
    if message.problem is None and message.document in ONE_SHOT:
        raise UsageError(
            f"{message.source} asks to be sent at once ({message.action}), and is stored under no mms-id: "
            "to send it to one number, give mmscheck send --one-shot"
        )


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


class Order(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One send or save as the gate let it through.

    The rest is of sends alone: ``key`` None makes one of who gets what; ``campaign`` names the campaign that
    it belongs to, and ``row`` is its line in the file of recipients; ``again``: also to a number that has
    this stored message; ``proof`` is the digest of what it proves; ``terms`` are the recipient's.
    """

    report: Report
    request: R
    permit: Permit
    key: str | None = None
    campaign: str | None = None
    row: int | None = None
    again: bool = False
    proof: str | None = None
    terms: RecipientTerms = msgspec.field(default_factory=RecipientTerms)


def account_of(request: SendRequest, client: object) -> str:
    """In whose name a request goes out: the provider's host, however it is written, and the service id."""
    url = getattr(client, "api_url", None)
    host = _host(url) if isinstance(url, str) else ""
    return f"{host}/{(request.service_id or '').strip()}"


def stored_at(client: object) -> str:
    """The account at which a client saves messages and uses their ids."""
    return provider_account(getattr(client, "api_url", None), getattr(client, "api_key", None))


def provider_account(api_url: object, api_key: object = None) -> str:
    """The same of its parts: the provider's host, and a digest that tells one API key from another.

    Without a key it is any account of that provider: a listener for notifications has none.
    """
    host = _host(api_url) if isinstance(api_url, str) else ""
    if not isinstance(api_key, str) or not api_key:
        return host
    mark = hashlib.sha256(b"mmscheck account\0" + api_key.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{host}#{mark[:_MARK]}"


def _host(url: str) -> str:
    """Host and port as one address has them in all its spellings: the same send must have the same key."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = "" if parts.port in {None, _PORTS.get(parts.scheme)} else f":{parts.port}"
    return f"[{host}]{port}" if ":" in host else f"{host}{port}"


def own_key(request: SendRequest, subject: str | None, client: object, campaign: str | None = None) -> str:
    """The idempotency key that is made of who gets what; ``subject`` is the final one.

    A ``campaign`` is part of it, so that another one may send the same to the same number once more. What is
    sent at once has its content for an id.
    """
    return ledgers.idempotency_key(
        account=account_of(request, client),
        to=request.to or "",
        mms_id=content_of(request.document) if isinstance(request, OneShotRequest) else request.mms_id or "",
        subject=subject,
        custom_texts=request.changes.custom_texts,
        data=request.changes.data,
        campaign=campaign,
    )


def intent_of(order: Order[SendRequest], client: Client) -> SendIntent:
    """What the ledger keeps of a send."""
    request, (message,), consent = order.request, order.report.messages, order.terms.consent
    return SendIntent(
        key=own_key(request, message.subject, client) if order.key is None else order.key,
        mms_id=AT_ONCE if isinstance(request, OneShotRequest) else request.mms_id or "",
        to=request.to or "",
        from_=request.from_ or "",
        request_digest=request.digest,
        message_digest=message.digest,
        ruleset_digest=order.report.ruleset_digest,
        account=account_of(request, client),
        campaign=order.campaign,
        row=order.row,
        expects=_expected(order, client),
        again=order.again,
        terms=NumberTerms(list_name=order.terms.rules.list_name),
        consent_source=None if consent is None else consent.source,
        consent_at=None if consent is None else consent.at,
        proof=order.proof,
    )


def number_intent(
    request: SendRequest, subject: str | None, client: object, terms: NumberTerms, key: str | None = None
) -> SendIntent:
    """What a send is known by before it was checked: enough to ask what is in the way of its number."""
    return SendIntent(
        key=own_key(request, subject, client) if key is None else key,
        mms_id=AT_ONCE if isinstance(request, OneShotRequest) else request.mms_id or "",
        to=request.to or "",
        from_=request.from_ or "",
        request_digest="",
        message_digest="",
        ruleset_digest="",
        account=account_of(request, client),
        terms=terms,
    )


def _expected(order: Order[SendRequest], client: Client) -> Expected | None:
    """What the ledger must still have of the stored message; None where it was checked without a ledger."""
    (message,) = order.report.messages
    bound = (item.outcome for item in message.evaluations if item.rule == BOUND)
    if Outcome.PASSED not in bound:
        return None
    media = tuple((url, f"sha256:{digest}") for url, digest in order.permit.media_digests)
    return Expected(account=stored_at(client), media=media)
