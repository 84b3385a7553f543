"""Whose turn it is: no message of a run may use up the slots, the name servers or the time of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain, zip_longest

import msgspec

from mmscheck.model.mms import Mms
from mmscheck.model.observation import NotFetched, Reason

MOST_URLS = 64
"""URLs fetched for one message. Eight slides of two files each are all that it may have (Sinch XML API,
saveMMS, 2021): what is beyond is denied by other rules, and those who run its servers are spared."""

TOGETHER = 64
"""Messages that take turns with each other; those behind them wait, so that the first ones end first."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The URLs of a run in their order, the first message that names each, and what is left out."""

    urls: tuple[str, ...]
    owners: Mapping[str, str]
    beyond: Mapping[str, NotFetched]


def plan(messages: Sequence[Mms]) -> Plan:
    """Let the messages take turns, a URL each, and leave out what no message can hold."""
    owners: dict[str, str] = {}
    asked: list[list[str]] = []
    over: dict[str, NotFetched] = {}
    for message in messages:
        urls = list(dict.fromkeys(ref.url for ref in message.media))
        over |= {url: _beyond(url, len(urls)) for url in urls[MOST_URLS:]}
        mine = [url for url in urls[:MOST_URLS] if url not in owners]
        owners |= dict.fromkeys(mine, message.source)
        asked.append(mine)
    beyond = {url: left for url, left in over.items() if url not in owners}
    return Plan(urls=tuple(_in_turn(asked)), owners=owners, beyond=beyond)


def _in_turn(lists: Sequence[Sequence[str]]) -> Iterator[str]:
    for start in range(0, len(lists), TOGETHER):
        rounds = zip_longest(*lists[start : start + TOGETHER])
        yield from (url for url in chain.from_iterable(rounds) if url is not None)


def _beyond(url: str, count: int) -> NotFetched:
    detail = f"its message names {count} files; at most {MOST_URLS} of one message are asked for"
    return NotFetched(url=url, reason=Reason.NOT_LOOKED, detail=detail)


class Turns:
    """Places for the work on URLs: each owner has a share of them, unless there is only one owner."""

    def __init__(self, owners: Mapping[str, str], share: int) -> None:
        """``share`` places for each of the ``owners`` of URLs; a URL without one is not bounded here."""
        self._owners = owners
        names = set(owners.values())
        self._places = {name: asyncio.Semaphore(share) for name in names} if len(names) > 1 else {}

    def of(self, url: str) -> asyncio.Semaphore | nullcontext[None]:
        """To be entered for the time of the work on ``url``."""
        return self._places.get(self._owners.get(url, ""), nullcontext())
