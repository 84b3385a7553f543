"""What a carrier makes of an accepted send, the reports of it, and what each phone has then.

Documented: N101 when the message is handed over, then N102 with the handset when it is delivered, or E102
with one of four statuses when it is not (Sinch XML API, appendix and postbacks, 2021 and later web version;
Skycore XML API 1.3 for the texts of the statuses).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from mmscheck.sandbox.events import Chores
from mmscheck.sandbox.messages import Sent
from mmscheck.sandbox.postbacks import Fields, Postman
from mmscheck.sandbox.refusals import chance, seconds, whole

REJECTED = "Message Sent/Rejected"
FAILED = "Message Sent/Failed"
_OPERATOR = "31002"
_HANDSET = "sandbox"

COUNTED = 1_000_000
"""Different messages to different phones that are counted; what comes beyond is only numbered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """How a carrier behaves.

    ``seconds`` pass before N101 and again before N102 or E102. ``max_bytes`` is the largest message by its
    estimated bytes on the way; a larger one ends in E102. ``unreachable`` are numbers, and ``failures`` is a
    probability, that end in E102 without the phone having anything.
    """

    seconds: float = 0.0
    max_bytes: int | None = None
    unreachable: frozenset[str] = frozenset()
    failures: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise SandboxError for impossible numbers."""
        seconds("the time a carrier takes", self.seconds)
        whole("the largest message of a carrier", 1 if self.max_bytes is None else self.max_bytes, 1)
        chance("the failures of a carrier", self.failures)


class Network:
    """Hands accepted sends to phones and reports what became of them."""

    def __init__(self, carrier: Carrier, postman: Postman, chores: Chores) -> None:
        """The draws begin anew from the seed."""
        self._carrier = carrier
        self._postman = postman
        self._chores = chores
        self._random = random.Random(carrier.seed)  # noqa: S311 - repeatable, and no secret
        self.phones = Phones()

    def size_objection(self, wire_size: int) -> str | None:
        """Why a message of so many bytes would be dropped, or None."""
        limit = self._carrier.max_bytes
        if limit is None or wire_size <= limit:
            return None
        return f"the carrier would drop this: {wire_size} bytes on the way, over {limit}"

    def take(self, sent: Sent) -> None:
        """Deliver at once, or not at all; the reports take their time."""
        status = self._failure(sent)
        if status is None:
            self.phones.deliver(sent.to, sent.mms_id, sent.digest)
        if not self._postman.idle:
            self._chores.begin(self._report(sent, status))

    def _failure(self, sent: Sent) -> str | None:
        if sent.dropped is not None:
            return REJECTED
        if sent.to in self._carrier.unreachable:
            return FAILED
        drawn = self._carrier.failures > 0 and self._random.random() < self._carrier.failures
        return FAILED if drawn else None

    async def _report(self, sent: Sent, failure: str | None) -> None:
        await asyncio.sleep(self._carrier.seconds)
        self._postman.post(_fields("N101", "Message Sent", sent), form=sent.form)
        await asyncio.sleep(self._carrier.seconds)
        if failure is None:
            last = [*_fields("N102", "Message Sent/Delivered", sent), ("handset", _HANDSET)]
        else:
            details = sent.dropped or "the phone cannot be reached"
            last = [*_fields("E102", failure, sent), ("status-details", details)]
        self._postman.post(last, form=sent.form)


def _fields(code: str, status: str, sent: Sent) -> Fields:
    return [
        ("origin", "MMS_MT"),
        ("code", code),
        ("sent-as", "MMS"),
        ("status", status),
        ("mms-id", sent.mms_id),
        ("from", sent.sender),
        ("to", sent.to),
        ("tracking-id", sent.tracking_id),
        ("operator-id", _OPERATOR),
        ("timestamp", dt.datetime.now(dt.UTC).isoformat(timespec="seconds")),
        *([("client-reference", sent.client_reference)] if sent.client_reference else []),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message on one phone and how often it came; more than once is a message too many."""

    mms_id: str
    digest: str
    times: int


class Phones:
    """Counts by number, mms-id and digest.

    A phone has a message the moment the provider takes the send, before any answer or postback tells of it.
    """

    def __init__(self) -> None:
        """No phone has anything."""
        self._counts: dict[str, Counter[tuple[str, str]]] = {}
        self._kinds = 0
        self.total = 0
        self.uncounted = 0

    def deliver(self, number: str, mms_id: str, digest: str) -> None:
        """One message arrives on one phone."""
        self.total += 1
        known = self._counts.get(number)
        if known is None or (mms_id, digest) not in known:
            if self._kinds >= COUNTED:
                self.uncounted += 1
                return
            self._kinds += 1
        self._counts.setdefault(number, Counter())[mms_id, digest] += 1

    def received(self, number: str) -> tuple[Received, ...]:
        """What one phone received, in order of first arrival; empty for a phone that got nothing."""
        found = self._counts.get(number, Counter())
        return tuple(
            Received(mms_id=mms_id, digest=digest, times=times) for (mms_id, digest), times in found.items()
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """How many messages each phone received."""
        return MappingProxyType({number: found.total() for number, found in self._counts.items()})

    @property
    def repeated(self) -> Mapping[str, tuple[Received, ...]]:
        """The phones that received one message more than once, and which."""
        doubled = {
            number: tuple(one for one in self.received(number) if one.times > 1)
            for number, found in self._counts.items()
            if any(times > 1 for times in found.values())
        }
        return MappingProxyType(doubled)


def message_digest(subject: str, texts: Sequence[str]) -> str:
    """SHA-256 in hex of the final subject and the final text of each slide, in order.

    It is taken over the JSON array ``[subject, [text, ...]]`` in ASCII without spaces.
    """
    form = json.dumps([subject, list(texts)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(form.encode("ascii")).hexdigest()
