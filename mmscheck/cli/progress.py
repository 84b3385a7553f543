"""One line of progress on standard error, and only on a terminal.

    with Progress(wanted=not options.no_progress) as line:
        sent = line.stage("sent", total=len(rows))
        for row in rows:
            ...
            sent.add()

Counting costs an addition. A thread of its own draws the line, so that it goes on while the work waits or
computes, and clears it however the work ends. Nothing is ever drawn for a pipe, a file or a dumb terminal.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self, TextIO
from urllib.parse import urlsplit

from mmscheck.base.text import count
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.report import MessageReport
from mmscheck.report.layout import shown_url

_EVERY = 0.2
"""Seconds from one drawing to the next: fast enough to be alive, slow enough for a remote terminal."""

_WINDOW = 10.0
"""Seconds that the rate is taken over, so that it follows a server which slows down."""

_SOON = 1.0
"""Seconds before a rate is told at all; the first moments say nothing."""

_MINUTE = 60
_WIDTH = 80
_CLEAR = "\r\x1b[K"

_HOSTS_NAMED = 2
"""Hosts named of each kind; the others are counted."""

_PATIENCE = 5.0
"""Seconds without an answer from a host before it is named as one that is waited for."""


class ProgressStage:
    """One kind of work: how much of it is done, out of how much (None: nobody knows)."""

    def __init__(self, name: str, total: int | None, now: float) -> None:
        """``name`` is what was done, as in ``fetched``; ``now`` is seconds of any steady clock."""
        self.name, self.total, self.done = name, total, 0
        self._samples = deque([(now, 0)])

    def add(self, number: int = 1) -> None:
        """So many more are done."""
        self.done += number

    @property
    def ended(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.total is not None and self.done >= self.total

    def text(self, now: float) -> str:
        """``fetched 310 of 1,000, 52/s, 13 s left``; without a rate when it has ended or has not begun."""
        whole = f" of {self.total:,}" if self.total is not None else ""
        return ", ".join([f"{self.name} {self.done:,}{whole}", *self._pace(now)])

    def _pace(self, now: float) -> Iterator[str]:
        self._samples.append((now, self.done))
        while len(self._samples) > 2 and self._samples[0][0] < now - _WINDOW:  # noqa: PLR2004 - a span has two ends
            self._samples.popleft()
        began, before = self._samples[0]
        if self.ended or now - began < _SOON or self.done == before:
            return
        rate = (self.done - before) / (now - began)
        yield f"{rate:,.0f}/s" if rate >= 1 else f"{rate * _MINUTE:,.0f}/min"
        if self.total is not None:
            yield f"{_span((self.total - self.done) / rate)} left"


def _span(seconds: float) -> str:
    """The time in its two largest units, rounded up."""
    whole = -int(-seconds // 1)
    if whole <= _MINUTE:
        return f"{whole} s"
    hours, minutes = divmod(-(-whole // _MINUTE), _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


class Progress:
    """The line: its stages in order, then remarks. Used in a ``with`` statement, which clears it at the end.

    All of it may be called when there is no terminal; then it counts, and draws nothing.
    """

    def __init__(self, *, wanted: bool = True, stream: TextIO | None = None) -> None:
        """``stream`` is standard error unless given."""
        self._stream = sys.stderr if stream is None else stream
        self.active = wanted and drawable(self._stream)
        self._stages: list[ProgressStage] = []
        self._remarks: list[Callable[[float], str]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._draw_on, name="progress", daemon=True)
        self._drawn = ""

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self.active:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and leave an empty line for whatever is written next."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._lock:
            self._replace("")

    def stage(self, name: str, total: int | None = None) -> ProgressStage:
        """A new stage after those there are."""
        stage = ProgressStage(name, total, time.monotonic())
        self._stages.append(stage)
        return stage

    def remark(self, text: Callable[[float], str]) -> None:
        """Something to tell behind the stages: called with the clock's seconds, empty when there is nothing.

        It is called from the drawing thread, and its text must be fit for a terminal.
        """
        self._remarks.append(text)

    def say(self, text: str) -> None:
        """A whole line above the progress, which stays."""
        with self._lock:
            if self.active:
                self._write(_CLEAR)
                self._drawn = ""
            self._write(text + "\n")

    def text(self, now: float) -> str:
        """What the line says: every stage that has begun, then the remarks."""
        begun = [stage for at, stage in enumerate(self._stages) if stage.done or at == 0]
        parts = [*(stage.text(now) for stage in begun), *(remark(now) for remark in self._remarks)]
        return "; ".join(filter(None, parts))

    def _draw_on(self) -> None:
        while not self._stop.wait(_EVERY):
            with self._lock:
                self._replace(self.text(time.monotonic())[: columns(self._stream) - 1])

    def _replace(self, text: str) -> None:
        """Draw the line anew where it has changed. Call it with the lock held."""
        if self.active and text != self._drawn:
            self._write(f"{_CLEAR}{text}")
            self._drawn = text

    def _write(self, text: str) -> None:
        # A terminal that has gone away is no reason to stop working.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._stream.write(text)
            self._stream.flush()


def drawable(stream: TextIO | None) -> bool:
    """Whether a line on this stream can be drawn over again: a terminal that knows how to clear a line."""
    if stream is None or os.environ.get("TERM", "") in {"dumb", "unknown"}:
        return False
    try:
        return stream.isatty()
    except ValueError:
        return False


def columns(stream: TextIO) -> int:
    """The width of the stream's terminal as it is now, which people change while they wait."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(stream.fileno()).columns or _WIDTH
    return _WIDTH


class CheckProgress:
    """A check on the line: files fetched, messages judged, and the servers that make trouble."""

    def __init__(self, line: Progress, urls: Iterable[str], messages: int) -> None:
        """``urls`` may name one several times; it is fetched once."""
        distinct = tuple(dict.fromkeys(urls))
        self._fetched: ProgressStage = line.stage("fetched", len(distinct))
        self._judged: ProgressStage = line.stage("judged", messages)
        self._hosts = Hosts(distinct, time.monotonic())
        line.remark(self._hosts.text)

    def came(self, url: str, observation: Observation) -> None:
        """An observation is there."""
        self._hosts.came(url, time.monotonic(), failed=not isinstance(observation, Fetched))
        self._fetched.add()

    def judged(self, _message: MessageReport) -> None:
        """A message was judged."""
        self._judged.add()


class Hosts:
    """Counts by host what is waited for and what failed. Times are seconds of one steady clock."""

    def __init__(self, urls: Iterable[str], now: float) -> None:
        """Everything is waited for from ``now`` on."""
        self._waiting = Counter(map(host_of, urls))
        self._failed: Counter[str] = Counter()
        self._heard = dict.fromkeys(self._waiting, now)

    def came(self, url: str, now: float, *, failed: bool) -> None:
        """Something came back for the URL, or its host gave up."""
        host = host_of(url)
        self._waiting[host] -= 1
        self._failed[host] += failed
        self._heard[host] = now

    def text(self, now: float) -> str:
        """``cdn.example.com: 12 failed; waiting for slow.example.org (12 s)``; empty when all goes well."""
        return "; ".join(filter(None, [", ".join(self._failing()), ", ".join(self._silent(now))]))

    def _failing(self) -> Iterator[str]:
        failed = {host: number for host, number in list(self._failed.items()) if number}
        for host in _worst(failed):
            yield f"{shown_url(host)}: {failed[host]:,} failed"
        yield from _others(len(failed), "with failures")

    def _silent(self, now: float) -> Iterator[str]:
        waiting = [host for host, number in list(self._waiting.items()) if number > 0]
        since = {host: now - self._heard[host] for host in waiting}
        silent = {host: seconds for host, seconds in since.items() if seconds >= _PATIENCE}
        for host in _worst(silent):
            yield f"waiting for {shown_url(host)} ({int(silent[host])} s)"
        yield from _others(len(silent), "awaited")


def _worst(by_host: Mapping[str, float]) -> list[str]:
    return sorted(by_host, key=lambda host: (-by_host[host], host))[:_HOSTS_NAMED]


def _others(hosts: int, what: str) -> Iterator[str]:
    if hosts > _HOSTS_NAMED:
        yield f"and {count(hosts - _HOSTS_NAMED, 'more host')} {what}"


def host_of(url: str) -> str:
    """The host and port that a URL names, without a login; a text for what names none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or "no host"
    except ValueError:
        return "no host"
