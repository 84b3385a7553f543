"""Framing that a proxy has passed on is the proxy's: it proves faults at most, and never soundness.

Content-Length, transfer codings and what is odd about lines belong to one connection (RFC 9110, section
7.6.1; RFC 9112). A proxy asked for a plain ``http`` URL reads the answer and writes one of its own; one
that only carries a TLS connection (CONNECT) does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mmscheck.model.check import Check, MediaTarget, Result, cant_tell
from mmscheck.model.words import Because, Outcome

RELAYED = "the proxy frames what it passes on by itself; what the server sent is not known"


def judged_directly(check: Check) -> Check:
    """The check, passing nothing that came through a proxy which could have changed it."""
    return msgspec.structs.replace(check, run=_distrusting(check.run))


def _distrusting(run: Callable[[Any, Any], Result]) -> Callable[[Any, Any], Result]:
    def judged(target: MediaTarget, params: Any) -> Result:
        result = run(target, params)
        final = target.observation.final
        relayed = final is not None and final.proxy is not None and final.url[:5].lower() == "http:"
        if relayed and result.outcome is Outcome.PASSED:
            return cant_tell(RELAYED, Because.PROXY, **result.evidence)
        return result

    return judged
