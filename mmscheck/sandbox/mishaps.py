"""What can go wrong on the way: connections that drop at chosen points, and answers that are none.

The point that matters is whether the provider had acted: after that the phone has the message, whatever the
sender gets to see.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from aiohttp import web

from mmscheck.errors import SandboxError
from mmscheck.sandbox.refusals import Refusal, chance, seconds
from mmscheck.sandbox.web_server import Broken, plain

MAX_PLANNED = 100_000
"""Calls that may be planned ahead; a test plans some hundreds."""

UNREAD = "close-unread"
"""The one mishap that happens before it is known which action a connection is for."""


class _End(Enum):
    ANSWER = auto()
    CLOSE = auto()
    RESET = auto()
    HALF_HEAD = auto()
    HALF_BODY = auto()
    GARBAGE = auto()
    NOT_HTTP = auto()
    STATUS = auto()
    REFUSAL = auto()


@dataclass(frozen=True, slots=True)
class _Mishap:
    """``acts``: whether the call is carried out; ``wait``: before acting or before answering."""

    text: str
    _: KW_ONLY
    acts: bool
    end: _End
    wait: str = ""
    status: int = 0
    code: str = ""

    @property
    def sentence(self) -> str:
        """What happens, and whether the phone has the message then."""
        return f"{self.text} {'Acted' if self.acts else 'Not acted'}."


_MISHAPS: Mapping[str, _Mishap] = MappingProxyType(
    {
        UNREAD: _Mishap("The connection is closed before the request is read.", acts=False, end=_End.CLOSE),
        "close-before": _Mishap(
            "The request is read, then the connection closed.", acts=False, end=_End.CLOSE
        ),
        "reset-before": _Mishap(
            "The request is read, then the connection reset.", acts=False, end=_End.RESET
        ),
        "status-503-before": _Mishap("HTTP 503.", acts=False, end=_End.STATUS, status=503),
        "e503-before": _Mishap(
            "Failure with E503, an internal error.", acts=False, end=_End.REFUSAL, code="E503"
        ),
        "e618": _Mishap(
            "Failure with E618, carrier lookup failed.", acts=False, end=_End.REFUSAL, code="E618"
        ),
        "late-before": _Mishap(
            "A long wait, and only then it acts and answers.", acts=True, end=_End.ANSWER, wait="before"
        ),
        "close-after": _Mishap("No answer: the connection is closed.", acts=True, end=_End.CLOSE),
        "reset-after": _Mishap("No answer: the connection is reset.", acts=True, end=_End.RESET),
        "half-head": _Mishap("The answer breaks off in its first line.", acts=True, end=_End.HALF_HEAD),
        "half-answer": _Mishap(
            "The answer breaks off in the middle of the XML.", acts=True, end=_End.HALF_BODY
        ),
        "garbage": _Mishap("HTTP 200 with a body that is no XML.", acts=True, end=_End.GARBAGE),
        "not-http": _Mishap("An answer that is no HTTP.", acts=True, end=_End.NOT_HTTP),
        "status-500-after": _Mishap(
            "HTTP 500 in place of the answer.", acts=True, end=_End.STATUS, status=500
        ),
        "status-502-after": _Mishap(
            "HTTP 502 in place of the answer.", acts=True, end=_End.STATUS, status=502
        ),
        "e503-after": _Mishap(
            "Failure with E503, an internal error.", acts=True, end=_End.REFUSAL, code="E503"
        ),
        "late-answer": _Mishap(
            "A long wait between acting and answering.", acts=True, end=_End.ANSWER, wait="after"
        ),
    }
)

MISHAPS: Mapping[str, str] = MappingProxyType({name: mishap.sentence for name, mishap in _MISHAPS.items()})
"""Every mishap by name, with a sentence about it; "Acted" means that the phone has the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """How often what goes wrong.

    ``chances`` are probabilities by name, at most 1 together; ``close-unread`` is drawn for each connection
    and the others for each call of one of ``actions``. ``seed`` makes the draws repeatable; ``late_seconds``
    is the long wait.
    """

    chances: Mapping[str, float] = field(default_factory=dict)
    actions: tuple[str, ...] = ("sendSavedMMS", "sendMMS")
    seed: int = 0
    late_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Raise SandboxError for unknown names and impossible numbers."""
        for name, probability in self.chances.items():
            known(name)
            chance(f"the mishap {name}", probability)
        # Rounded once and not at each step, so that chances that make 1 on paper make 1 here.
        if math.fsum(self.chances.values()) > 1:
            raise SandboxError("the probabilities of all mishaps together must be at most 1")
        seconds("the wait of late mishaps", self.late_seconds)


class MishapDraws:
    """Draws what happens to each call, unless it was planned."""

    def __init__(self, mishaps: Mishaps) -> None:
        """The draws begin anew from the seed."""
        self._chances = dict(mishaps.chances)
        self._unread = self._chances.pop(UNREAD, 0.0)
        self._actions = {action.lower() for action in mishaps.actions}
        self._random = random.Random(mishaps.seed)  # noqa: S311 - repeatable, and no secret
        self._planned: deque[str | None] = deque()

    def plan(self, *names: str | None) -> None:
        """Fix what happens to the next calls, one for each name; None is a call that goes well."""
        # All are looked at before one is taken, so that a wrong plan changes nothing.
        taken = [name if name is None else known(name) for name in names]
        if len(self._planned) + len(taken) > MAX_PLANNED:
            raise SandboxError(f"a plan holds at most {MAX_PLANNED} calls, those not made yet among them")
        self._planned.extend(taken)

    def rejects(self) -> bool:
        """Whether this connection is closed unread."""
        if self._planned:
            if self._planned[0] != UNREAD:
                return False
            self._planned.popleft()
            return True
        return self._unread > 0 and self._random.random() < self._unread

    def draw(self, action: str) -> str | None:
        """What happens to this call, or None when all goes well."""
        if action.lower() not in self._actions:
            return None
        if self._planned:
            return self._planned.popleft()
        if not self._chances:
            return None
        point = self._random.random()
        for name, probability in self._chances.items():
            point -= probability
            if point < 0:
                return name
        return None


async def befall(
    name: str,
    act: Callable[[], Awaitable[web.Response]],
    refuse: Callable[[Refusal], web.Response],
    late_seconds: float,
) -> web.StreamResponse:
    """Carry out one call with its mishap; the answer as it goes out, which may be none.

    The waiting does not end when the sender goes away: what is late is acted on all the same.
    """
    mishap = _MISHAPS[name]
    if mishap.wait == "before":
        await asyncio.sleep(late_seconds)
    answer = await act() if mishap.acts else plain(200, "")
    if mishap.wait == "after":
        await asyncio.sleep(late_seconds)
    if mishap.end is _End.REFUSAL:
        return refuse(Refusal(mishap.code, "The sandbox has a mishap."))
    return _spoilt(answer, mishap)


def _spoilt(answer: web.Response, mishap: _Mishap) -> web.StreamResponse:
    match mishap.end:
        case _End.CLOSE | _End.RESET:
            return Broken(reset=mishap.end is _End.RESET)
        case _End.HALF_HEAD | _End.HALF_BODY | _End.NOT_HTTP:
            return Broken(_begun(answer, mishap.end))
        case _End.GARBAGE:
            return plain(200, "<response><status>Succ")
        case _End.STATUS:
            return plain(mishap.status, "The sandbox has a mishap.")
        case _:
            return answer


def _begun(answer: web.Response, end: _End) -> bytes:
    """What goes out of an answer that breaks off; half a body comes with its whole length."""
    if end is _End.HALF_HEAD:
        return b"HTTP/1.1 200"
    if end is _End.NOT_HTTP:
        return b"\x00\xff\x00 this is not HTTP\r\n\r\n"
    body = answer.body if isinstance(answer.body, bytes) else b""
    lines = (f"Content-Type: {answer.headers['Content-Type']}", f"Content-Length: {len(body)}")
    head = "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""])
    return head.encode("ascii") + body[: len(body) // 2]


def known(name: str) -> str:
    """The name as it is; raises SandboxError when no mishap has it."""
    if name not in _MISHAPS:
        raise SandboxError(f"there is no mishap {name!a}; there are {', '.join(_MISHAPS)}")
    return name
