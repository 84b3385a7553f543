"""How a campaign stands: its sends by what became of them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mmscheck.model.ledger import SendState


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of sends. ``accepted`` is what the provider took: ``delivered``, ``failed`` and ``waiting``.

    ``waiting`` has no last word yet: accepted, or on its way, or found to be sent by a person. ``sends`` is
    the sum of ``accepted``, ``refused``, ``not_sent``, ``unknown`` and ``in_flight``.
    """

    sends: int
    accepted: int
    delivered: int
    failed: int
    waiting: int
    refused: int
    not_sent: int
    unknown: int
    in_flight: int


def summarise(counts: Mapping[SendState, int]) -> Summary:
    """The summary of how many sends are in each state."""

    def of(*states: SendState) -> int:
        return sum(counts.get(state, 0) for state in states)

    delivered, failed = of(SendState.DELIVERED), of(SendState.FAILED)
    waiting = of(SendState.ACCEPTED, SendState.SENT, SendState.RESOLVED_SENT)
    return Summary(
        sends=sum(counts.values()),
        accepted=delivered + failed + waiting,
        delivered=delivered,
        failed=failed,
        waiting=waiting,
        refused=of(SendState.REFUSED),
        not_sent=of(SendState.NOT_SENT, SendState.RESOLVED_NOT_SENT),
        unknown=of(SendState.UNKNOWN),
        in_flight=of(SendState.INTENDED),
    )
