"""The number of a send: whether it may be texted, and just now.

What decides it is asked of the ledger and of the recipients' rules (``mmscheck.send``), by the very functions
that refuse a claim: a rule tells before the call what the claim will hold the send to.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.base.phone import e164
from mmscheck.model.check import Check, RequestTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.ledger import RefusalReason
from mmscheck.model.words import TargetKind


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``reason`` of ``mmscheck.model.ledger.ABOUT_THE_NUMBER`` that a rule is about."""

    reason: RefusalReason


_OFF: Mapping[RefusalReason, str] = MappingProxyType(
    {
        RefusalReason.QUIET_HOURS: "no quiet hours are set (--quiet-hours)",
        RefusalReason.TOO_SOON: "no gap between two messages is set (--min-gap)",
        RefusalReason.TOO_MANY: "no most messages a day are set (--per-day)",
        RefusalReason.COUNTRY: "no countries are set (--country)",
        RefusalReason.NO_CONSENT: "no proof of consent is asked for (--require-consent)",
    }
)
"""Why a number is not held to a reason: nobody asked."""


def textable(target: RequestTarget, params: Refusal) -> Result:
    """Nothing stands against the number for this reason."""
    if target.standing is None:
        if not e164(target.request.to):
            return inapplicable("no number is given that can be read, which another rule is about")
        return inapplicable("no ledger was asked before the send; the claim of each send asks it")
    if params.reason not in target.standing.asked:
        return inapplicable(_OFF.get(params.reason, "nobody asked for it"))
    refusal = target.standing.refusal(params.reason)
    if refusal is None:
        return passed()
    if refusal.unknown:
        return cant_tell(refusal.text)
    return failed(what=refusal.text)


CHECKS: tuple[Check, ...] = (
    Check(
        name="number-textable",
        target=TargetKind.REQUEST,
        run=textable,
        params=Refusal,
        reports=frozenset({"what"}),
    ),
)
"""Every check of the family."""
