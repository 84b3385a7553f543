"""How much and how long one sender of postbacks may take."""

from __future__ import annotations

import resource
from typing import Self

import msgspec

from mmscheck.postbacks.document import MAX_BODY_BYTES

_OTHER_FILES = 64
"""What the ledger, the event loop and the standard streams may have open; some twenty were seen."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds from the start of a connection, which carries one request.

    The provider waits 10 s for status 200 and tries again 5 minutes later, at most 5 times (Sinch, MM7
    introduction): a request is read by ``read_seconds`` or refused, kept by ``answer_seconds`` or put off,
    and what still hangs at ``life_seconds`` is cut. ``connections`` may be open at once.

    Of a body that is no postback the first ``unreadable_bytes`` are kept, and ``unreadable_hourly`` of them
    in any hour: the ledger only grows, and whoever reaches the listener must not be able to fill the disk.
    """

    body_bytes: int = MAX_BODY_BYTES
    connections: int = 512
    read_seconds: float = 4.0
    answer_seconds: float = 8.0
    life_seconds: float = 10.0
    unreadable_bytes: int = 4_096
    unreadable_hourly: int = 600

    def fitting(self, files: int | None = None) -> Self:
        """The same with no more connections than a process may have files open; None: than this one may.

        Half of them: one that was cut, or was not taken in yet, has a file as well.
        """
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if files is None else files
        if most == resource.RLIM_INFINITY:
            return self
        fit = max(1, (most - _OTHER_FILES) // 2)
        return msgspec.structs.replace(self, connections=min(self.connections, fit))
