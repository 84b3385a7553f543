"""What the ledger keeps and answers: sends, saved messages, postbacks and holds, as values.

Times are whole microseconds since the epoch (UTC). The API key is no field of any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class SendState(StrEnum):
    """Where a send stands (design, "How it sends").

    ``not-sent`` is certain (a connection never made, a code that means "later"): it may be claimed again.
    ``unknown`` may have gone out: only a person (``resolved-...``), the call's own late answer, or a postback
    with its tracking id moves it on.
    """

    INTENDED = "intended"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_SENT = "not-sent"
    RESOLVED_SENT = "resolved-sent"
    RESOLVED_NOT_SENT = "resolved-not-sent"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


NEVER_ARRIVED = frozenset({SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT, SendState.REFUSED})
"""States of sends that no phone has got anything from."""

LACKS = NEVER_ARRIVED | {SendState.FAILED}
"""States of sends after which a number does not have the message, as far as anybody has told."""


class MmsState(StrEnum):
    """Where a stored message stands: only ``ready`` may be sent; ``saved`` says nothing of its encoding.

    The last three are of what ``mmscheck delete`` was about: on its way, done, or nobody knows.
    """

    SAVED = "saved"
    ENCODING = "encoding"
    READY = "ready"
    CORRUPT = "corrupt"
    DELETING = "deleting"
    DELETED = "deleted"
    PERHAPS_DELETED = "perhaps-deleted"


UNREADABLE = "(unreadable)"
"""The code of a body that is no postback; no code of the provider has brackets."""


class PostbackMeaning(StrEnum):
    """What a postback says about the stored message or the send it names.

    ``status`` is a change that only the postback's status text explains; ``unknown`` is any other code.
    """

    READY = "ready"
    CORRUPT = "corrupt"
    SENT = "sent"
    STATUS = "status"
    DELIVERED_AS_SMS = "delivered-as-sms"
    FAILED = "failed"
    INBOUND = "inbound"
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    DISCOVERY = "discovery"
    UNKNOWN = "unknown"


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found bound: at which account, and the media as pairs of URL and ``sha256:`` digest."""

    account: str
    media: tuple[tuple[str, str], ...] = ()


class NumberTerms(msgspec.Struct, frozen=True, kw_only=True):
    """On what terms a number may be texted now, which the claim holds a send to.

    ``gap`` microseconds since the last message of any campaign, at most ``per_day`` in any 24 hours, and not
    from ``until`` on (microseconds since the epoch): quiet hours begin there. ``list_name`` is the list of
    recipients that the send is of, empty where nobody said. ``approval`` is the digest of a content that was
    proved and that somebody must have approved; empty where that is not asked.
    """

    gap: int | None = None
    per_day: int | None = None
    until: int | None = None
    list_name: str = ""
    approval: str = ""


AT_ONCE = ""
"""Stands for the mms-id of what is sent at once: the provider names one in its answer, and no earlier."""


class SendIntent(msgspec.Struct, frozen=True, kw_only=True):
    """One send about to be made; ``row`` is its line in a campaign's file, ``key`` its idempotency key.

    ``expects`` is what the ledger must still have of the stored message, None where it was checked without a
    ledger. ``again``: also where the number has this stored message. ``terms`` are those of the number. The
    ledger keeps none of the three. ``consent_source`` and ``consent_at`` tell where consent came from and
    when, as the sender has it. ``proof`` is the digest of what it proves, of a send to a named phone before a
    campaign goes to everybody.
    """

    key: str
    mms_id: str
    to: str
    from_: str
    request_digest: str
    message_digest: str
    ruleset_digest: str
    account: str | None = None
    campaign: str | None = None
    row: int | None = None
    expects: Expected | None = None
    again: bool = False
    terms: NumberTerms = NumberTerms()
    consent_source: str | None = None
    consent_at: str | None = None
    proof: str | None = None


class SendRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One send as it is kept; ``attempt`` counts from 1, ``owner`` is the process that claimed it last."""

    id: int
    intent: SendIntent
    state: SendState
    attempt: int
    owner: str
    claimed_at: int
    changed_at: int
    detail: str = ""
    tracking_id: str | None = None
    error_code: str | None = None
    error_info: str | None = None
    http_status: int | None = None
    resolved_by: str | None = None
    resolved_why: str | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to make one POST: the intent is on disk, and nobody else holds this attempt.

    ``seq`` is the last row of the history that was known when it was given.
    """

    send_id: int
    attempt: int
    seq: int = 0


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """This very send was answered before: there is nothing to POST."""

    send: SendRecord


class RefusalReason(StrEnum):
    """Why a claim is refused.

    ``other-payload``: the key stands for another send. ``other-content``: the number has a message of this
    campaign. ``has-it``: the number has this stored message. ``corrupt``: the provider could not encode it.
    ``deleted``: it is deleted at the provider, or may be. ``not-as-checked``: what is bound to its id is no
    longer what was checked. ``suppressed``: the number must not be texted. ``quiet-hours``: not now.
    ``too-soon``, ``too-many``: it was texted lately. ``country``: it is in none of the wanted ones.
    ``no-consent``: nobody has said where its consent came from. ``not-approved``: nobody has approved what
    was proved, or it is no longer what was.
    """

    OTHER_PAYLOAD = "other-payload"
    OTHER_CONTENT = "other-content"
    IN_FLIGHT = "in-flight"
    UNKNOWN = "unknown"
    ATTEMPTS_USED_UP = "attempts-used-up"
    CORRUPT = "corrupt"
    DELETED = "deleted"
    HAS_IT = "has-it"
    NOT_AS_CHECKED = "not-as-checked"
    SUPPRESSED = "suppressed"
    QUIET_HOURS = "quiet-hours"
    TOO_SOON = "too-soon"
    TOO_MANY = "too-many"
    COUNTRY = "country"
    NO_CONSENT = "no-consent"
    NOT_APPROVED = "not-approved"


ABOUT_THE_NUMBER = frozenset(
    {
        *(RefusalReason.SUPPRESSED, RefusalReason.QUIET_HOURS, RefusalReason.TOO_SOON),
        *(RefusalReason.TOO_MANY, RefusalReason.COUNTRY, RefusalReason.NO_CONSENT),
    }
)
"""Reasons why a number is not texted, whatever the message is."""

PASSING = frozenset({RefusalReason.QUIET_HOURS, RefusalReason.TOO_SOON, RefusalReason.TOO_MANY})
"""Those of them that time removes."""


class ClaimRefused(msgspec.Struct, frozen=True, kw_only=True):
    """No POST may be made under this key now; ``text`` is a sentence for people.

    ``send`` is the one in the way, None where the stored message is. ``unknown``: nobody can tell whether it
    might be, as of a number whose time zone is not known.
    """

    reason: RefusalReason
    text: str
    send: SendRecord | None
    unknown: bool = False


class NumberStanding(msgspec.Struct, frozen=True, kw_only=True):
    """For which reasons of ``ABOUT_THE_NUMBER`` a claim of a send would be refused just now.

    ``asked`` are those that were looked into: nobody holds the number to the others.
    """

    asked: frozenset[RefusalReason]
    refusals: tuple[ClaimRefused, ...] = ()

    def refusal(self, reason: RefusalReason) -> ClaimRefused | None:
        """The refusal for this reason, or None."""
        return next((one for one in self.refusals if one.reason is reason), None)


def suppressed(reason: str, who: str) -> ClaimRefused:
    """The refusal of a number that is on the suppression list."""
    text = f"this number is on the suppression list: {reason} ({who})"
    return ClaimRefused(reason=RefusalReason.SUPPRESSED, text=text, send=None)


ClaimOutcome = Claim | Recorded | ClaimRefused
"""What a claim comes to; only ``Claim`` allows a POST."""


class MmsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message and its content; ``media`` pairs redacted URLs with ``sha256:`` digests.

    ``account`` is where it is (``mmscheck.ledger.rows``); None: nobody noted that.
    """

    mms_id: str
    state: MmsState
    digest: str
    media: tuple[tuple[str, str], ...]
    name: str | None
    subject: str | None
    saved_at: int
    changed_at: int
    account: str | None = None


class DeletionState(StrEnum):
    """How the deletion of a stored message ended; ``not-made``: the provider was certainly not reached."""

    BEGUN = "begun"
    DELETED = "deleted"
    REFUSED = "refused"
    NOT_MADE = "not-made"
    UNKNOWN = "unknown"


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """One ``deleteMMSID`` call; nothing is sent under its mms-id until it is lifted.

    ``lifted_at`` is when that was: it was refused for certain, or the id was given content anew. ``account``
    is where it was called (``mmscheck.ledger.rows``), ``owner`` the process that called.
    """

    id: int
    mms_id: str
    account: str
    state: DeletionState
    owner: str
    who: str
    reason: str
    begun_at: int
    changed_at: int
    detail: str = ""
    error_code: str | None = None
    http_status: int | None = None
    lifted_at: int | None = None


class Postback(msgspec.Struct, frozen=True, kw_only=True):
    """One notification as it came; ``fields`` are all of its elements, also those nobody knows.

    ``account`` is the provider that it came from; None: nobody noted that.
    """

    id: int
    received_at: int
    code: str
    meaning: PostbackMeaning
    fields: Mapping[str, str]
    tracking_id: str | None = None
    mms_id: str | None = None
    recipient: str | None = None
    status: str | None = None
    account: str | None = None


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """The kill switch, while it is pulled: nothing may be sent."""

    id: int
    reason: str
    who: str
    held_at: int


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the history; ``body`` is canonical JSON of what was set, ``hash`` covers all the rest.

    ``table`` and ``subject`` name the row that it set; both are empty for what is only noted.
    """

    seq: int
    at: int
    kind: str
    table: str
    subject: str
    body: str
    previous: str
    hash: str


class Tampering(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with the ledger; ``seq`` is the history row, None where no row is to blame."""

    seq: int | None
    what: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The whole ledger looked through; ``head`` may be noted elsewhere and compared another day."""

    rows: int
    head: str
    found: tuple[Tampering, ...]
