"""Whether a signed URL outlives the time in which the message is to be sent."""

from __future__ import annotations

import msgspec

from mmscheck.checks.signatures import signatures
from mmscheck.checks.signed_values import Validity, duration, shown
from mmscheck.model.check import Check, MediaTarget, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.request import SendWindow
from mmscheck.model.words import TargetKind

_FLAGS = "--send-at and --send-within say otherwise"


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
    problems = [(each, problem) for each in found if (problem := _problem(each, window, params.margin))]
    if problems:
        return _failed(*problems[0], window, params.margin)
    if doubtful := next((each for each in found if each.doubt), None):
        return cant_tell(f"the signature ({doubtful.scheme}) does not say: {doubtful.doubt}")
    return passed(schemes=[each.scheme for each in found], expires=[_evidence(each.ends) for each in found])


def _problem(said: Validity, window: SendWindow, margin: float) -> tuple[str, str] | None:
    """(what is wrong, as the end of a sentence; what must be in its place) or None.

    When it is now is not known here, so that times are told from the earliest moment of the send on.
    """
    ends, starts = said.ends, said.starts
    # Written so that a time that is no number counts as a problem.
    if ends is not None and not ends >= window.closes + margin:
        soon = f"expires at {shown(ends)}, {_placed(ends, window)}{_or_earlier(said)}"
        return soon, _until(window, margin)
    if starts is not None and not starts <= window.opens:
        late = f"is not valid before {shown(starts)}, {_placed(starts, window)}"
        return late, f"from {shown(window.opens)} on, when the message may first go out ({_FLAGS})"
    if said.session:
        latest = f", at {shown(ends)} at the latest" if ends is not None else ""
        never = f"expires with a temporary session, at a time that it does not tell{latest}"
        return never, _until(window, margin)
    return None


def _placed(moment: float, window: SendWindow) -> str:
    side = "before" if moment < window.opens else "after"
    return f"{duration(abs(moment - window.opens))} {side} the message may first go out"


def _until(window: SendWindow, margin: float) -> str:
    needed = window.closes + margin
    return (
        f"until {shown(needed)}: until the end of the time in which the message is taken to go out"
        f" ({shown(window.closes, needed)}; {_FLAGS}) and {duration(margin)} for the provider to fetch"
    )


def _or_earlier(said: Validity) -> str:
    return ", or earlier with its temporary session" if said.session else ""


def _failed(said: Validity, problem: tuple[str, str], window: SendWindow, margin: float) -> Result:
    planned = f"{shown(window.opens)} to {shown(window.closes)}"
    return failed(
        {"expires": _evidence(said.ends), "starts": _evidence(said.starts)},
        scheme=said.scheme,
        problem=problem[0],
        bounds=problem[1],
        planned=planned,
        needed=shown(window.closes + margin),
    )


def _evidence(moment: float | None) -> str | None:
    return None if moment is None else shown(moment)


CHECKS: tuple[Check, ...] = (
    Check(
        name="signed",
        target=TargetKind.MEDIA,
        run=not_expiring,
        params=Margin,
        reports=frozenset({"scheme", "problem", "bounds", "planned", "needed"}),
        static=True,
    ),
)
"""Every check of the family."""
