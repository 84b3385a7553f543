"""What the line of progress says about single web servers: which one fails, and which keeps us waiting."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from mmscheck.cli.progress import Progress, Stage
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.report import MessageReport
from mmscheck.report.finding_words import count
from mmscheck.report.layout import shown_url

_MOST = 2
"""Hosts named of each kind; the others are counted."""

_PATIENCE = 5.0
"""Seconds without an answer from a host before it is named as one that is waited for."""


class CheckProgress:
    """A check on the line: files fetched, messages judged, and the servers that make trouble."""

    def __init__(self, line: Progress, urls: Iterable[str], messages: int) -> None:
        """``urls`` may name one several times; it is fetched once."""
        distinct = tuple(dict.fromkeys(urls))
        self._fetched: Stage = line.stage("fetched", len(distinct))
        self._judged: Stage = line.stage("judged", messages)
        self._hosts = Hosts(distinct, time.monotonic())
        line.remark(self._hosts.text)

    def came(self, url: str, seen: Observation) -> None:
        """An observation is there."""
        self._hosts.came(url, time.monotonic(), failed=not isinstance(seen, Fetched))
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
    return sorted(by_host, key=lambda host: (-by_host[host], host))[:_MOST]


def _others(hosts: int, what: str) -> Iterator[str]:
    if hosts > _MOST:
        yield f"and {count(hosts - _MOST, 'more host')} {what}"


def host_of(url: str) -> str:
    """The host and port that a URL names, without a login; a text for what names none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower() or "no host"
    except ValueError:
        return "no host"
