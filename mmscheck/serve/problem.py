"""Problems as RFC 9457 has them: every answer that is no success is made here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec
from msgspec import UNSET

from mmscheck.serve.words import Outcome, Problem

MEDIA_TYPE = "application/problem+json"

_URN = "urn:mmscheck:problem:"

KINDS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "malformed": (400, "The request cannot be read"),
        "no-token": (401, "A token is needed"),
        "no-right": (403, "This token may not do that"),
        "other-host": (403, "Not addressed to this service"),
        "other-origin": (403, "Pages of other origins may not call this service"),
        "not-found": (404, "There is nothing here"),
        "no-such-method": (405, "This cannot be done here"),
        "no-such-format": (406, "No report comes in a format that was accepted"),
        "too-slow": (408, "The request took too long to come"),
        "other-payload": (409, "The idempotency key stands for another request"),
        "not-approved": (409, "Nobody has approved this content"),
        "other-api": (409, "The document is for the provider's other API"),
        "gone": (410, "This link has expired"),
        "too-large": (413, "The request is too large"),
        "other-type": (415, "The body is of a type that is not taken"),
        "denied": (422, "The gate denied"),
        "too-many": (429, "Too many requests"),
        "internal": (500, "The service failed"),
        "ended": (500, "The job ended without a report"),
        "no-sends": (503, "This service makes no calls to the provider"),
        "draining": (503, "The service is ending"),
        "no-ledger": (503, "The ledger cannot be read or written"),
        "refused": (502, "The provider refused"),
        "not-sent": (503, "Permitted, and not sent"),
        "not-all": (503, "Not every row has its message"),
        "stopped": (503, "The campaign was stopped before its end"),
        "unknown": (504, "It may have been sent, and nobody knows"),
    }
)
"""Every problem by the name that its type ends in: its status and its title."""


class ProblemError(Exception):
    """What ends a request with a problem; ``after`` is seconds until asking again may help."""

    def __init__(
        self,
        kind: str,
        detail: str = "",
        *,
        errors: Iterable[str] = (),
        after: float | None = None,
        allow: str | None = None,
        instance: str | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """Name one of ``KINDS``; ``allow`` lists methods, ``instance`` is the path of a job."""
        super().__init__(detail)
        status, title = KINDS[kind]
        self.kind = kind
        self.after = after
        self.allow = allow
        self.problem = Problem(
            type=f"{_URN}{kind}",
            title=title,
            status=status,
            detail=detail,
            instance=instance or UNSET,
            errors=list(errors) or UNSET,
            outcome=outcome or UNSET,
        )

    @property
    def headers(self) -> dict[str, str]:
        """What the answer needs beside its body."""
        found = {"Content-Type": MEDIA_TYPE}
        if self.after is not None:
            found["Retry-After"] = str(max(1, round(self.after)))
        if self.allow is not None:
            found["Allow"] = self.allow
        if self.kind == "no-token":
            found["WWW-Authenticate"] = 'Bearer realm="mmscheck"'
        return found

    @property
    def body(self) -> bytes:
        """The problem as JSON."""
        return msgspec.json.encode(self.problem)
