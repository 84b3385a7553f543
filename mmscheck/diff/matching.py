"""Finds the same message, slide and medium again in another report.

Every step pairs one to one, so nothing of either report is lost: what finds no partner was added or removed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from mmscheck.base.redact import unmarked
from mmscheck.report.json_read import ReadMedia, ReadMessage

MatchedBy = Literal["source", "digest", "name"]


class Pair(Struct, frozen=True, kw_only=True):
    """One message in both runs, or in one of them."""

    old: ReadMessage | None
    new: ReadMessage | None
    matched: MatchedBy | None


def match_messages(old: Sequence[ReadMessage], new: Sequence[ReadMessage]) -> list[Pair]:
    """Pairs in the order of the new run, then what was removed, in the order of the old one.

    By source first; what is left by the document's digest, then by the message's name where that is unique.
    """
    keys: tuple[tuple[MatchedBy, Callable[[ReadMessage], Hashable], bool], ...] = (
        ("source", lambda message: message.source, False),
        ("digest", lambda message: message.digest, False),
        ("name", lambda message: message.name, True),
    )
    found: dict[int, tuple[int, MatchedBy]] = {}
    for by, key, unique in keys:
        taken = {at for at, _ in found.values()}
        left = {at: key(item) for at, item in enumerate(old) if at not in taken}
        right = {at: key(item) for at, item in enumerate(new) if at not in found}
        found |= {there: (here, by) for here, there in _paired(left, right, unique=unique).items()}
    matched = [
        Pair(old=old[found[at][0]], new=message, matched=found[at][1])
        if at in found
        else Pair(old=None, new=message, matched=None)
        for at, message in enumerate(new)
    ]
    taken = {at for at, _ in found.values()}
    gone = [Pair(old=message, new=None, matched=None) for at, message in enumerate(old) if at not in taken]
    return matched + gone


def match_media(old: Sequence[ReadMedia], new: Sequence[ReadMedia]) -> dict[int, int]:
    """Positions (from 1) of the old report's media to those of the new one's.

    By URL and slide, by URL, by URL without its query and other secrets (a signature differs every time, as
    does the digest that stands for it) together with the bytes, then the slide, then alone, by bytes, and at
    last by slide: what stands there now instead.
    """
    keys: tuple[Callable[[ReadMedia], Hashable], ...] = (
        lambda item: (item.kind, item.url, item.slide),
        lambda item: (item.kind, item.url),
        lambda item: item.observation.sha256 and (item.kind, unmarked(item.url), item.observation.sha256),
        lambda item: (item.kind, unmarked(item.url), item.slide),
        lambda item: (item.kind, unmarked(item.url)),
        lambda item: item.observation.sha256 and (item.kind, item.observation.sha256),
        lambda item: (item.kind, item.slide),
    )
    found: dict[int, int] = {}
    for key in keys:
        taken = set(found.values())
        left = {at: key(item) for at, item in enumerate(old) if at not in found}
        right = {at: key(item) for at, item in enumerate(new) if at not in taken}
        found |= _paired(left, right)
    return {here + 1: there + 1 for here, there in found.items()}


def match_slides(
    media: Mapping[int, int], old: ReadMessage, new: ReadMessage, numbers: tuple[set[int], set[int]]
) -> dict[int, int]:
    """Slide numbers of the old message to those of the new one; ``numbers`` are the slides of both.

    A slide whose media all lie together on another slide now has moved there; the rest keep their numbers.
    """
    went: dict[int, set[int]] = defaultdict(set)
    came: dict[int, set[int]] = defaultdict(set)
    for here, there in media.items():
        one, other = old.media[here - 1], new.media[there - 1]
        if unmarked(one.url) == unmarked(other.url):
            went[one.slide].add(other.slide)
            came[other.slide].add(one.slide)
    moved = {
        slide: next(iter(to))
        for slide, to in sorted(went.items())
        if len(to) == 1 and len(came[next(iter(to))]) == 1
    }
    free = numbers[1] - set(moved.values())
    return moved | {slide: slide for slide in numbers[0] - moved.keys() if slide in free}


def _paired(
    left: Mapping[int, Hashable], right: Mapping[int, Hashable], *, unique: bool = False
) -> dict[int, int]:
    """Positions with equal keys, in order; a key that is None or empty pairs nothing."""
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for at, key in right.items():
        waiting[key].append(at)
    sought: dict[Hashable, list[int]] = defaultdict(list)
    for at, key in left.items():
        sought[key].append(at)
    return {
        here: there
        for key, places in sought.items()
        if key not in {None, ""} and not (unique and (len(places) > 1 or len(waiting[key]) > 1))
        for here, there in zip(places, waiting.get(key, []), strict=False)
    }
