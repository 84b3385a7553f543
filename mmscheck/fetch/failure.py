"""Why an attempt gave no file, as an exception inside the fetcher and never outside of it."""

from __future__ import annotations

from mmscheck.base.text import one_line
from mmscheck.model.observation import Reason

TRANSIENT = frozenset({Reason.REFUSED, Reason.RESET, Reason.UNREACHABLE, Reason.TIMED_OUT, Reason.DNS_FAILED})
"""Reasons that a moment later may be gone; the rest would only be repeated in vain."""

LONGEST = 300
"""Characters of a detail: servers choose status phrases and header values, and some choose megabytes."""


class Failure(Exception):  # noqa: N818 - it is a result on its way out, not an error of the program
    """An attempt ended without a whole file.

    ``transient`` says that a repeat may help; ``wait`` is the seconds the server asked to be left alone.
    """

    def __init__(
        self, reason: Reason, detail: str = "", *, transient: bool | None = None, wait: float | None = None
    ) -> None:
        """Keep the reason; whether it is transient follows from it unless said."""
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = one_line(detail, LONGEST)
        self.transient = reason in TRANSIENT if transient is None else transient
        self.wait = wait
