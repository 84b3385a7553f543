"""The verdict, and the permit that only the gate makes."""

from __future__ import annotations

import threading
import time
from dataclasses import InitVar, dataclass, field

import msgspec

from mmscheck.errors import PermitError
from mmscheck.model.report import Pair, TargetKey
from mmscheck.model.waiver import Waiver, WaiverUse


class Waived(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation that failed and was let through, and the waiver that did it."""

    rule: str
    target: TargetKey
    waiver: Waiver


class MessageVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """May this message go out, and if not why; ``undecided`` when nothing failed but something is open.

    ``passed_offline`` is for lint, which never permits: every blocking rule that it has passed;
    ``passed_media`` the same for media without a message. ``untold`` are the ``reasons`` that no finding
    of the message tells.
    """

    source: str
    permitted: bool
    undecided: bool = False
    reasons: tuple[str, ...] = ()
    waived: tuple[Waived, ...] = ()
    passed_offline: bool = False
    passed_media: bool = False
    untold: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing blocks, permitted or not."""
        return self.permitted or self.passed_offline or self.passed_media

    @property
    def waivers(self) -> dict[Pair, Waiver]:
        """The waiver of each evaluation that was let through."""
        return {(item.rule, item.target): item.waiver for item in self.waived}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The decision over a whole report: permitted only if every message is and nothing was unread.

    ``passed_offline`` is the same for lint, which never permits, and ``passed_media`` for media alone.
    ``waivers`` says of each waiver of the run what became of it, in the report's order. ``untold`` are the
    ``reasons`` that are not about inputs that could not be read.
    """

    permitted: bool
    exit_code: int
    messages: tuple[MessageVerdict, ...]
    reasons: tuple[str, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()
    passed_offline: bool = False
    passed_media: bool = False
    untold: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing blocks, permitted or not."""
        return self.permitted or self.passed_offline or self.passed_media

    @property
    def all_reasons(self) -> tuple[str, ...]:
        """Why the report denies: what is about all of it first, then message by message."""
        return (*self.reasons, *(reason for message in self.messages for reason in message.reasons))


_MINT = object()


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Permit:
    """Leave to send one request once, as long as it lives; made by ``mmscheck.judge.gate`` alone.

    ``expires`` is seconds since the epoch, ``life`` the seconds until then (default: by the clock): that many
    end it also by a clock that nobody sets. The latch cannot be copied or pickled, so neither can the permit;
    ``dataclasses.replace`` is refused by the mint.
    """

    message_digest: str
    media_digests: tuple[tuple[str, str], ...]
    request_digest: str
    ruleset_digest: str
    expires: float
    mint: InitVar[object]
    life: InitVar[float | None] = None
    _ends: float = field(init=False, repr=False, compare=False)
    _latch: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def __post_init__(self, mint: object, life: float | None) -> None:
        """Refuse every maker but the gate."""
        if mint is not _MINT:
            raise PermitError("only the gate makes permits")
        seconds = self.expires - time.time() if life is None else life
        object.__setattr__(self, "_ends", time.monotonic() + seconds)

    def left(self, now: float) -> float:
        """Seconds that it still lives, by the clock that says fewer; ``now`` is seconds since the epoch."""
        return min(self.expires - now, self._ends - time.monotonic())

    def redeem(self, request_digest: str, now: float) -> None:
        """Use the permit up for this request, or raise PermitError saying why not."""
        if request_digest != self.request_digest:
            raise PermitError("this permit is for another request")
        if self.left(now) <= 0:
            raise PermitError("this permit has expired; check the message again")
        if not self._latch.acquire(blocking=False):
            raise PermitError("this permit has been used; one permit is one send")


def mint_permit(
    *,
    message_digest: str,
    media_digests: tuple[tuple[str, str], ...],
    request_digest: str,
    ruleset_digest: str,
    expires: float,
    life: float | None = None,
) -> Permit:
    """Make a permit; an import contract lets nothing but ``mmscheck.judge.gate`` call this."""
    return Permit(
        message_digest=message_digest,
        media_digests=media_digests,
        request_digest=request_digest,
        ruleset_digest=ruleset_digest,
        expires=expires,
        life=life,
        mint=_MINT,
    )
