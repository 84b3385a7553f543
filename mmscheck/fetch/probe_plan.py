"""Which further requests are made for a URL, by what its first answer was, and which are left out and why."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from mmscheck.fetch.asking import Asking, family
from mmscheck.fetch.policy import FetchPolicy
from mmscheck.fetch.signed import signed_by
from mmscheck.fetch.url import parse_url
from mmscheck.model.observation import Hop, NotFetched, ProbeName, Reason
from mmscheck.servers.caches import CacheState, by_luck, caching

BROWSER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/150.0.0.0 Safari/537.36"
)
"""What walls let through: the form that Chrome's User-Agent has had since 2022 (a reduced version number)."""

MARK = "mmscheck"
"""The query parameter that no cache has seen before."""

ASKINGS: Mapping[ProbeName, Asking] = MappingProxyType(
    {
        # The head alone tells how the answer is framed; a whole file more would double each check's load.
        ProbeName.GZIP: Asking(headers=(("Accept-Encoding", "gzip"),), read="head"),
        ProbeName.COLD: Asking(read="head"),
        ProbeName.BROWSER: Asking(headers=(("User-Agent", BROWSER_AGENT),), read="digest"),
        ProbeName.WEBP: Asking(headers=(("Accept", "image/webp,image/*"),), read="digest"),
        ProbeName.IPV4: Asking(read="digest", family=4),
        ProbeName.IPV6: Asking(read="digest", family=6),
        ProbeName.REPEAT: Asking(read="digest"),
    }
)
"""How each probe asks."""

COLD_TIMES = 3
"""How often a cache that may state a length by luck is asked past: a judgement (18 of 64 were by luck)."""

_MAY_BE_CACHED = frozenset({CacheState.HIT, CacheState.UNCLEAR})
_PICTURE = re.compile(r"\s*(image/|(application|binary)/octet-stream)", re.IGNORECASE)
_FIRST_REFUSAL = 400
_GONE = frozenset({404, 410})


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One probe: the URL to ask for and how, or why it is left out; ``broken`` by a fault of mmscheck."""

    name: ProbeName
    url: str
    asking: Asking
    skipped: str = ""
    broken: bool = False


def plan_after_file(url: str, hops: Sequence[Hop], policy: FetchPolicy) -> tuple[Planned, ...]:
    """The probes that the policy asks for, in its order, of a URL whose last hop answered with the file."""
    return tuple(planned for name in policy.probes for planned in _asked(url, hops, name, policy))


def plan_after_refusal(first: NotFetched, policy: FetchPolicy) -> tuple[Planned, ...]:
    """The one probe that may tell who refused, where the policy asks for it."""
    wanted = [name for name in policy.probes if name is ProbeName.BROWSER and _refused(first)]
    return tuple(_planned(name, first.url, _told_to_wait(first)) for name in wanted)


def _planned(name: ProbeName, url: str, skipped: str) -> Planned:
    return Planned(name=name, url=url, asking=ASKINGS[name], skipped=skipped)


def _asked(url: str, hops: Sequence[Hop], name: ProbeName, policy: FetchPolicy) -> tuple[Planned, ...]:
    """One probe as often as it is to be made."""
    one = _after_file(url, hops, name, policy)
    if name is ProbeName.REPEAT:
        return (one,) * policy.repeats
    if name is ProbeName.COLD and not one.skipped and by_luck(hops[-1]):
        # Each under a URL of its own: the second would find in the cache what the first had fetched.
        return tuple(_planned(name, unseen_url(hops[-1].url), "") for _ in range(COLD_TIMES))
    return (one,)


def _refused(first: NotFetched) -> bool:
    """Whether the server answered and would not: a file that is not there was refused by nobody."""
    status = first.final.status if first.final else None
    if first.reason not in {Reason.BAD_STATUS, Reason.BUSY} or status is None:
        return False
    return status >= _FIRST_REFUSAL and status not in _GONE


def _told_to_wait(first: NotFetched) -> str:
    asked = first.final is not None and first.final.values("Retry-After")
    return "the server asked to be left alone for a while (Retry-After)" if asked else ""


def _after_file(url: str, hops: Sequence[Hop], name: ProbeName, policy: FetchPolicy) -> Planned:
    if name is ProbeName.COLD:
        why = _not_past_the_cache(hops)
        return _planned(name, url if why else unseen_url(hops[-1].url), why)
    if name is ProbeName.WEBP:
        return _planned(name, url, _no_picture(hops[-1]))
    if name in {ProbeName.IPV4, ProbeName.IPV6}:
        return _planned(name, url, _one_family(hops, policy))
    return _planned(name, url, "")


def _not_past_the_cache(hops: Sequence[Hop]) -> str:
    state = caching(hops[-1]).state
    if state not in _MAY_BE_CACHED and not _may_be_luck(hops[-1]):
        return f"the first answer {state.value}"
    # Every hop's URL counts: a redirect may hand the further parameter on to where it does harm.
    signature = next((name for hop in hops if (name := signed_by(hop.url))), None)
    if signature is None:
        return ""
    return f"the URL is signed ({signature}), and would not be valid with a further parameter"


def _may_be_luck(final: Hop) -> bool:
    """Whether an answer from the origin states a length that another one may lack."""
    return by_luck(final) and bool(final.values("Content-Length")) and not final.values("Transfer-Encoding")


def unseen_url(url: str) -> str:
    """The URL with a query parameter that no cache has seen before."""
    text = parse_url(url).text
    joint = "" if text.endswith(("?", "&")) else "&" if "?" in text else "?"
    return f"{text}{joint}{MARK}={secrets.token_hex(8)}"


def _no_picture(final: Hop) -> str:
    declared = final.values("Content-Type")
    maybe = not declared or any(_PICTURE.match(text) for text in declared)
    return "" if maybe else "the file is said to be no picture"


def _one_family(hops: Sequence[Hop], policy: FetchPolicy) -> str:
    if policy.proxy is not None:
        return "the proxy chooses the address"
    families = [{family(address) for address in hop.resolved} for hop in hops]
    if any(len(found) > 1 for found in families):
        return ""
    only = " and ".join(f"IPv{number}" for number in sorted(set().union(*families)))
    return f"the host has addresses of one family alone ({only})" if only else "no address was looked up"
