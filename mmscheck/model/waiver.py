"""Waivers: who lets which failed rule through, where, why and until when."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import msgspec


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """Leave for one rule to fail until the end of the day ``expires`` (UTC).

    ``source``, ``url`` and ``slide`` (from 1) narrow it, and are compared exactly: the source as the report
    names it, the URL as the slide XML has it, secrets and all. ``baseline`` is for what the gate makes of a
    fault that lint's baseline knows: ``who`` is then the baseline's file.
    """

    rule: str
    reason: str
    who: str
    expires: dt.date
    source: str | None = None
    url: str | None = None
    slide: int | None = None
    baseline: bool = False


class WaiverState(StrEnum):
    """What became of a waiver in one run."""

    USED = "used"
    UNUSED = "unused"
    EXPIRED = "expired"
    REFUSED = "refused"


class WaiverUse(msgspec.Struct, frozen=True, kw_only=True):
    """A waiver after a run; ``matches`` counts the failed evaluations it is about, over all messages.

    Only a waiver that is ``used`` let them through. ``refused`` is one for a rule that nobody can waive.
    """

    waiver: Waiver
    state: WaiverState
    matches: int
