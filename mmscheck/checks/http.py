"""The checks of the http family: reaching the file, and how it is framed on the wire."""

from __future__ import annotations

from mmscheck.checks import anomalies, certificates, framing, reaching
from mmscheck.checks.relayed import judged_directly
from mmscheck.model.check import Check

CHECKS: tuple[Check, ...] = (
    *reaching.CHECKS,
    *certificates.CHECKS,
    *(judged_directly(check) for check in (*framing.CHECKS, *anomalies.CHECKS)),
)
"""Every check of the family."""
