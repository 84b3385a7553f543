"""How fast a campaign goes, and what makes it stop by itself."""

from __future__ import annotations

import msgspec

from mmscheck.errors import UsageError
from mmscheck.judge.gate import PERMIT_LIFE

LEAST_FAILURES = 10
"""Failures before a rate of them says anything (a judgement)."""

SAMPLE = 100
"""Sends that a rate of failures is taken over: the last ones (a judgement)."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Judgements, all of them; no provider documents numbers.

    ``rate`` is sends a second at most (None: as fast as it goes), ``in_flight`` sends at the same time.
    ``canary`` sends go out first, and after at most ``canary_wait`` seconds all must have been delivered.
    ``failure_share`` of the last sends, or ``failures`` in all (None: no number), stop the campaign; what is
    refused, not sent or unknown is a failure. ``recheck`` is seconds between two looks at the media.
    ``throttled`` is for how many seconds the provider may take nothing, and ``elsewhere`` for how long
    another process may be at work on one send.
    """

    rate: float | None = None
    in_flight: int = 64
    canary: int = 0
    canary_wait: float = 600.0
    failure_share: float = 0.2
    failures: int | None = None
    recheck: float = 300.0
    throttled: float = 600.0
    elsewhere: float = 60.0

    def __post_init__(self) -> None:
        """Raise UsageError for media that would be looked at again only after the permits have expired."""
        if not 0 < self.recheck < PERMIT_LIFE:
            raise UsageError(
                f"the media are checked again before a permit's {PERMIT_LIFE:g} seconds end: expected less"
            )
