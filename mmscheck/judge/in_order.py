"""Messages judged in their order while their media come in, so that a run can end at the first denied one.

The order of the messages decides where such a run ends, and not which server is quick: the same inputs and
answers always give the same report.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from mmscheck.model.mms import Mms
from mmscheck.model.observation import Observation
from mmscheck.model.report import MessageReport

Judge = Callable[[Mms, Mapping[str, Observation]], MessageReport]
"""One message and what is known of its media to everything that is to be said about it."""

OnDone = Callable[[str, Observation], None]
"""Called with each URL as soon as its observation is there."""

Look = Callable[[Sequence[str], OnDone | None], Awaitable[Mapping[str, Observation]]]
"""Fetches URLs; what the callback raises ends it and comes out of it."""


class _Ended(Exception):  # noqa: N818 - no error: it ends the fetching when there is nothing left to fetch for
    """Raised in the callback of the fetching."""


class InOrder:
    """Judges each message once, as soon as all before it are judged and all its media are there."""

    def __init__(
        self,
        messages: Sequence[Mms],
        judge: Judge,
        *,
        ends: Callable[[MessageReport], bool] | None = None,
        on_judged: Callable[[MessageReport], None] | None = None,
    ) -> None:
        """``ends`` says whether the run ends at a message; without it every message is judged, at the end."""
        self._messages = messages
        self._judge, self._ends, self._on_judged = judge, ends, on_judged
        self._judged: list[MessageReport] = []
        self._seen: dict[str, Observation] = {}
        self._waiting: set[str] = set()
        self._ended = False

    async def follow(self, look: Look, urls: Sequence[str], on_done: OnDone | None) -> dict[str, Observation]:
        """Have the URLs looked at and judge the messages; what was observed until the end of the run.

        Where nothing needs to be fetched, ``look`` is still called: it refuses what it cannot act on.
        """
        if self._ends is None:
            self._seen.update(await look(urls, on_done))
        else:
            self._go_on()
            try:
                self._seen.update(await look(() if self._ended else urls, self._teller(on_done)))
            except _Ended:
                return self._seen
        for message in () if self._ended else self._messages[len(self._judged) :]:
            self._one(message)
            if self._ended:
                break
        return self._seen

    @property
    def judged(self) -> tuple[MessageReport, ...]:
        """What was judged, in the messages' order."""
        return tuple(self._judged)

    @property
    def not_checked(self) -> tuple[str, ...]:
        """The sources of the messages that were not judged."""
        return tuple(message.source for message in self._messages[len(self._judged) :])

    def _teller(self, on_done: OnDone | None) -> OnDone:
        def came(url: str, observation: Observation) -> None:
            if on_done is not None:
                on_done(url, observation)
            self._seen[url] = observation
            if url in self._waiting:
                self._waiting.discard(url)
                self._go_on()
            if self._ended:
                raise _Ended

        return came

    def _go_on(self) -> None:
        """Judge on up to the first message whose media are not all there, or where the run ends."""
        while not (self._waiting or self._ended) and len(self._judged) < len(self._messages):
            message = self._messages[len(self._judged)]
            self._waiting = {ref.url for ref in message.media if ref.url not in self._seen}
            if not self._waiting:
                self._one(message)

    def _one(self, message: Mms) -> None:
        report = self._judge(message, self._seen)
        self._judged.append(report)
        self._ended = self._ends is not None and self._ends(report)
        if self._on_judged is not None:
            self._on_judged(report)
