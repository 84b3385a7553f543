"""What routes have in common: rights, wishes that are looked at, and what may go wrong."""

from __future__ import annotations

from mmscheck.serve.tokens import Right

FORM = "multipart/form-data"
ANYBODY_MAY = frozenset[Right]()
CHECK, FIX, SEND = frozenset({Right.CHECK}), frozenset({Right.FIX}), frozenset({Right.SEND})
HOLD, APPROVE = frozenset({Right.HOLD}), frozenset({Right.APPROVE})
OWN = frozenset({Right.CHECK, Right.FIX, Right.SEND})
"""Who can begin a job may ask how it went."""

KNOWN = frozenset(Right)

FORMAT = {"format": "A report format by its name, in place of Accept."}
HOSTED = {
    **FORMAT,
    "hosted": "yes: the messages alone, with each file as its host answers for it now, as /v1/check does.",
}
KEY = {"Idempotency-Key": "Makes this request once, however often it is sent; for a send it is the ledger's."}
PREFER = {"Prefer": "respond-async, or wait=SECONDS (RFC 7240): how long to wait before answering 202."}
BODY = ("malformed", "too-large", "too-slow", "other-type")
QUEUE = ("other-payload", "too-many", "draining", "no-such-format", "no-ledger")
CALLS = ("denied", "refused", "not-sent", "unknown", "no-sends", "other-api")
