"""That the bytes are the file itself: nothing that was put around it, before it or in its place.

The signs are data of the rule, as many as people know; each is looked for in the first bytes only.
"""

from __future__ import annotations

import re

import msgspec

from mmscheck.base.patterns import pattern_fault
from mmscheck.checks.evidence import explanation
from mmscheck.checks.mime import unseen
from mmscheck.checks.reach import own_words_clause
from mmscheck.model.check import (
    Check,
    MediaTarget,
    Result,
    advising,
    cant_tell,
    failed,
    passed,
)
from mmscheck.model.facts import Undecoded
from mmscheck.model.observation import Fetched
from mmscheck.model.words import Owner, TargetKind


class Sign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that bytes may be in place of a file.

    ``found`` are patterns that the first 1,024 bytes (ISO-8859-1) all hold, searched for without regard to
    case; ``what`` completes "it is", ``cause`` is a sentence, ``fix`` what helps and ``owner`` who can do it.
    ``speaks`` is for what may hold a service's own words, which are then quoted; ``unless_decoded`` for what
    stands in sound files too, which a decoder tells from broken ones.
    """

    id: str
    found: tuple[str, ...]
    what: str
    cause: str
    fix: str
    owner: Owner
    source: str
    speaks: bool = False
    unless_decoded: bool = False

    def __post_init__(self) -> None:
        """Refuse a pattern that a text could make slow, and a sign that all bytes have."""
        for pattern in self.found:
            if fault := "is empty" if not pattern else pattern_fault(pattern):
                raise ValueError(f"the pattern {pattern!r} of {self.id} {fault}")
        if not self.found:
            raise ValueError(f"{self.id} has no pattern")
        for name in ("id", "what", "cause", "fix", "source"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} of {self.id or 'a sign'} is blank")


class WrappedParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signs; the first that is found is told."""

    signs: tuple[Sign, ...]

    def __post_init__(self) -> None:
        """Refuse two signs of one name, and none at all."""
        names = [sign.id for sign in self.signs]
        if not names or len(set(names)) < len(names):
            raise ValueError("expected signs, each with an id of its own")


def file_itself(target: MediaTarget, params: WrappedParams) -> Result:
    """No sign of anything else is in the first bytes."""
    observation = target.observation
    if not isinstance(observation, Fetched):
        return cant_tell(f"the file is not there to be looked at: {explanation(observation)}")
    sniffed = observation.sniffed
    if sniffed.problem is not None:
        return unseen(sniffed)
    signs = [sign for sign in params.signs if not (sign.unless_decoded and _decodes(observation))]
    sign = next((each for each in signs if _holds(each, sniffed.start)), None)
    if sign is None:
        return passed(looked_for=[each.id for each in params.signs])
    says = own_words_clause(sniffed.start) if sign.speaks else ""
    return advising(
        failed({"sign": sign.id}, what=f"{sign.what}{says}", cause=sign.cause), sign.fix, sign.owner
    )


def _holds(sign: Sign, start: str) -> bool:
    # Most signs fail at their first pattern, and this runs for every sign on every file.
    for pattern in sign.found:  # noqa: SIM110 - a generator for each costs more than the search
        if re.search(pattern, start, re.IGNORECASE) is None:
            return False
    return True


def _decodes(observation: Fetched) -> bool:
    return observation.decoded is not None and not isinstance(observation.decoded, Undecoded)


CHECKS: tuple[Check, ...] = (
    Check(
        name="file-itself",
        target=TargetKind.MEDIA,
        run=file_itself,
        params=WrappedParams,
        reports=frozenset({"what", "cause"}),
    ),
)
"""Every check of the family."""
