"""Whether a response came out of a cache, read off its own headers.

The fetcher asks this before it asks past the cache, and a check before it trusts a length. Age and
Cache-Status are RFC 9111 and RFC 9211; X-Varnish, X-Cache, X-Served-By and CF-Cache-Status are those of
Varnish, Fastly, CloudFront and Cloudflare; the further names of ``_STATUS_HEADERS`` are customary ones for
nginx's ``$upstream_cache_status`` and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from mmscheck.model.observation import Hop

_STATUS_HEADERS = frozenset(
    {
        *("x-cache", "x-cache-status", "x-proxy-cache", "x-nginx-cache", "x-vercel-cache"),
        *("x-litespeed-cache", "cf-cache-status", "cdn-cache"),
    }
)
"""Headers that hold a word such as HIT, MISS, STALE, or a list of them, one for each cache passed."""

_SILENT_HEADERS = frozenset({"x-served-by"})
"""Headers of caches that do not say by themselves where the response came from."""

HEADERS = _STATUS_HEADERS | _SILENT_HEADERS | {"age", "x-varnish", "x-cache-hits", "cache-status"}
"""Names in lower case of all headers that say anything about caches."""

_WHOLE_OR_NEVER = frozenset(
    {
        *("cf-cache-status", "x-vercel-cache", "x-litespeed-cache"),
        *("x-cache-status", "x-proxy-cache", "x-nginx-cache"),
    }
)
"""Headers of caches that were not seen to state a length by luck: nginx keeps what is chunked chunked."""

_FROM_CACHE = re.compile(r"hit|stale|revalidated|updating|prerender", re.IGNORECASE)
_FROM_ORIGIN = re.compile(r"miss|expired|bypass|dynamic|pass\b", re.IGNORECASE)
_TWO_IDS = re.compile(r"\d+\s+\d+")


class CacheState(StrEnum):
    """Where a response came from, as far as its headers tell; each reads as the end of a sentence."""

    HIT = "came from a cache"
    MISS = "came from the origin, past a cache"
    UNCLEAR = "passed a cache that does not say where it came from"
    NONE = "shows no sign of a cache"


class Caching(msgspec.Struct, frozen=True, kw_only=True):
    """The state, and the header lines (name, value) that show it."""

    state: CacheState
    lines: tuple[tuple[str, str], ...] = ()


def caching(hop: Hop) -> Caching:
    """What the headers of one response say; a hit in any of several caches is a hit."""
    signs = [(state, line) for line in hop.headers if (state := _sign(*line)) is not None]
    for state in (CacheState.HIT, CacheState.MISS, CacheState.UNCLEAR):
        lines = tuple(line for said, line in signs if said is state)
        if lines:
            return Caching(state=state, lines=lines)
    return Caching(state=CacheState.NONE)


def by_luck(hop: Hop) -> bool:
    """Whether a cache on the way may state a length in one answer from the origin and none in the next.

    Varnish, Fastly and Traffic Server pass on what they do not have yet while it comes. When all of it is
    there before they begin to answer, that one answer has a length (Varnish 7.1.1, measured 2026-11: 18 of
    64 first answers). Only caches whose own headers say that they are others are taken at their word.
    """
    shown = [(name.strip().lower(), value) for name, value in hop.headers if _sign(name, value) is not None]
    others = [line for line in shown if line[0] in _WHOLE_OR_NEVER or "from cloudfront" in line[1].lower()]
    # Every cache states an age, so that it tells of none in particular.
    telling = [line for line in shown if line not in others and line[0] != "age"]
    return bool(telling) or (bool(shown) and not others)


def _sign(name: str, value: str) -> CacheState | None:
    """What one header line says; None when it has nothing to do with caches."""
    key = name.strip().lower()
    if key == "age":
        # Varnish states Age: 0 for what it has just fetched; only more than that was kept for a while.
        return _either(hit=bool(value.strip("0 \t")), miss=False)
    if key == "x-varnish":
        # The second number is the request that had put the object into the cache.
        return CacheState.HIT if _TWO_IDS.fullmatch(value.strip()) else CacheState.MISS
    if key == "x-cache-hits":
        return _either(hit=any(part.strip(" 0") for part in value.split(",")), miss=False)
    if key == "cache-status":
        return _by_members(value.split(","))
    if key in _STATUS_HEADERS:
        return _either(hit=_FROM_CACHE.search(value) is not None, miss=_FROM_ORIGIN.search(value) is not None)
    return CacheState.UNCLEAR if key in _SILENT_HEADERS else None


def _by_members(members: Iterable[str]) -> CacheState:
    parameters = [{part.strip().lower() for part in member.split(";")[1:]} for member in members]
    hit = any(not named.isdisjoint({"hit", "hit=?1"}) for named in parameters)
    forwarded = any(part.startswith("fwd=") for named in parameters for part in named)
    return _either(hit=hit, miss=forwarded)


def _either(*, hit: bool, miss: bool) -> CacheState:
    if hit:
        return CacheState.HIT
    return CacheState.MISS if miss else CacheState.UNCLEAR
