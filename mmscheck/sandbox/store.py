"""What the stand-in remembers: saved messages and accepted sends."""

from __future__ import annotations

import base64
import datetime as dt
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from mmscheck.sandbox.slides import Template

KEPT = 10_000
"""Messages and sends remembered; the oldest are forgotten beyond."""

FIRST_ID = 35_674


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """One saved message; ``size`` is bytes of media and text, ``created`` is in UTC.

    ``wire_size`` is the documented estimate of its bytes on the way to a phone.
    """

    mms_id: str
    template: Template
    size: int
    wire_size: int
    created: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One accepted send; ``subject`` is after custom subject and merge data.

    ``dropped`` says why the carrier would drop it after all, or is None. ``digest`` is ``message_digest`` of
    the final subject and texts. ``legacy`` is whether it was called for in the upper-case dialect.
    """

    tracking_id: str
    mms_id: str
    to: str
    sender: str
    subject: str
    dropped: str | None
    digest: str
    legacy: bool = False


class Store:
    """Saved messages by id, and sends in order."""

    def __init__(self) -> None:
        """Begin empty."""
        self._saved: dict[str, Saved] = {}
        self._sent: deque[Sent] = deque(maxlen=KEPT)
        self._numbers = count(FIRST_ID)

    def save(self, template: Template, size: int, wire_size: int) -> Saved:
        """Remember a message under a new id."""
        saved = Saved(
            mms_id=str(next(self._numbers)),
            template=template,
            size=size,
            wire_size=wire_size,
            created=dt.datetime.now(dt.UTC).replace(microsecond=0),
        )
        self._saved[saved.mms_id] = saved
        if len(self._saved) > KEPT:
            del self._saved[next(iter(self._saved))]
        return saved

    def find(self, mms_id: str) -> Saved | None:
        """The message of this id, or None."""
        return self._saved.get(mms_id)

    def delete(self, mms_id: str) -> bool:
        """Forget a message; whether there was one."""
        return self._saved.pop(mms_id, None) is not None

    def newest_first(self) -> Iterable[Saved]:
        """Every message, the latest first."""
        return reversed(self._saved.values())

    def new_tracking_id(self) -> str:
        """An id that looks like the provider's: base64 of a numbered name."""
        return base64.b64encode(f"MMS_{next(self._numbers)}".encode()).decode("ascii")

    def send(self, sent: Sent) -> None:
        """Remember an accepted send."""
        self._sent.append(sent)

    @property
    def sent(self) -> list[Sent]:
        """The accepted sends, oldest first."""
        return list(self._sent)
