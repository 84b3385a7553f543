"""Whether a signed URL outlives the time in which the message is to be sent."""

from __future__ import annotations

import msgspec

from mmscheck.checks.signatures import Validity, signatures
from mmscheck.checks.signed_values import shown
from mmscheck.model.check import Check, MediaTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.request import SendWindow
from mmscheck.model.words import TargetKind


class Margin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds that a URL must hold beyond the planned time, because the provider fetches after the call."""

    margin: int | float


def not_expiring(target: MediaTarget, params: Margin) -> Result:
    """Every signature of the URL holds from the first to the last planned moment, and the margin longer.

    Only the URL as written counts: the target of a redirect is signed anew for each request. What is given
    twice, malformed or contradictory is never taken for valid. Where a URL bears several signatures, each
    must hold.
    """
    found = signatures(target.ref.url)
    if not found:
        return inapplicable("the URL bears no signature of a known scheme")
    window = target.window
    if window is None:
        return cant_tell("it is not known when the message is to be sent")
    needed = window.closes + params.margin
    problems = [(each, problem) for each in found if (problem := _problem(each, window, needed))]
    if problems:
        return _failed(problems[0], window, needed)
    if doubtful := next((each for each in found if each.doubt), None):
        return cant_tell(f"the signature ({doubtful.scheme}) does not say: {doubtful.doubt}")
    return passed(schemes=[each.scheme for each in found], expires=[_evidence(each.ends) for each in found])


def _problem(said: Validity, window: SendWindow, needed: float) -> str | None:
    ends, starts = said.ends, said.starts
    # Written so that a time that is no number counts as a problem.
    if ends is not None and not ends >= needed:
        return f"expires at {shown(ends)}{_or_earlier(said)}"
    if starts is not None and not starts <= window.opens:
        return f"is not valid before {shown(starts)}"
    if said.session:
        latest = f", at {shown(ends)} at the latest" if ends is not None else ""
        return f"expires with a temporary session, at a time that it does not tell{latest}"
    return None


def _or_earlier(said: Validity) -> str:
    return ", or earlier with its temporary session" if said.session else ""


def _failed(found: tuple[Validity, str], window: SendWindow, needed: float) -> Result:
    said, problem = found
    return failed(
        {"expires": _evidence(said.ends), "starts": _evidence(said.starts)},
        scheme=said.scheme,
        problem=problem,
        planned=f"{shown(window.opens)} to {shown(window.closes)}",
        needed=shown(needed),
    )


def _evidence(moment: float | None) -> str | None:
    return None if moment is None else shown(moment)


CHECKS: tuple[Check, ...] = (
    Check(
        name="signed",
        target=TargetKind.MEDIA,
        run=not_expiring,
        params=Margin,
        reports=frozenset({"scheme", "problem", "planned", "needed"}),
        static=True,
    ),
)
"""Every check of the family."""
