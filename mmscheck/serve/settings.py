"""How much a service takes, and for how long; numbers without a source are a judgement."""

from __future__ import annotations

import msgspec


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one service process; sizes in bytes, times in seconds.

    ``document`` is what one slide XML may have, ``body`` the whole of a request, ``files`` how many parts;
    ``held`` is what all bodies may have together until their jobs are on disk. ``slots`` jobs run at a time
    and ``queue`` more wait. A body has to come within ``body_seconds``, a connection's first request within
    ``head_seconds``; at most ``connections`` are open. A client that waits gets its answer within ``wait`` or
    a place to ask; reports live for ``keep``. A send that could not be begun within ``stale`` is not begun
    any more. After SIGTERM running jobs have ``drain`` to end. ``streams`` of progress are open at a time.
    A fix has ``mend_seconds`` in all. ``campaigns`` run at a time, beside the slots: each may take hours. One
    that stood still for ``campaign_rest`` is not gone on with unasked: what it says may be out of date.
    """

    document: int = 10_000_000
    body: int = 64 * 1024 * 1024
    files: int = 200
    held: int = 256 * 1024 * 1024
    slots: int = 2
    queue: int = 64
    body_seconds: float = 60.0
    head_seconds: float = 10.0
    connections: int = 512
    wait: float = 20.0
    longest_wait: float = 120.0
    keep: float = 86400.0
    stale: float = 600.0
    drain: float = 30.0
    campaigns: int = 4
    campaign_rest: float = 3600.0
    mend_seconds: float = 600.0
    streams: int = 64


RETRY_AFTER = 5.0
"""Seconds until a full queue is worth another try: about two checks of one picture message."""

BEAT = 5.0
"""Seconds from one sign of life to the next that a process gives in the store."""

LOST_AFTER = 30.0
"""Seconds without a sign of life after which another machine's process counts as gone."""

MOST_TRIES = 3
"""How often a job is begun: one that took its process down so often is told as failed."""
