"""Whether the file was reached: a whole 200, a valid certificate, redirects that are safe or absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import msgspec

from mmscheck.base.http import OK, REDIRECTS
from mmscheck.base.redact import redact_url
from mmscheck.base.text import quoted
from mmscheck.base.url import take_apart
from mmscheck.checks.observed import arrived, explanation, is_https, route, told
from mmscheck.checks.own_words import own_words_clause
from mmscheck.checks.signatures import signatures
from mmscheck.checks.unreached import advice, how_often
from mmscheck.model.check import (
    Check,
    MediaTarget,
    NoParams,
    Result,
    advising,
    cant_tell,
    failed,
    passed,
)
from mmscheck.model.observation import Fetched, Hop, NotFetched, Observation, Reason
from mmscheck.model.words import Outcome, Owner, TargetKind

MEANING: Mapping[Reason, Outcome] = MappingProxyType(
    {
        # The provider would meet these too.
        Reason.INVALID_URL: Outcome.FAILED,
        Reason.ADDRESS_REFUSED: Outcome.FAILED,
        Reason.DNS_NOT_FOUND: Outcome.FAILED,
        Reason.TLS_CERTIFICATE: Outcome.FAILED,
        Reason.TLS_HANDSHAKE: Outcome.FAILED,
        Reason.LENGTH_AND_CHUNKED: Outcome.FAILED,
        Reason.TWO_LENGTHS: Outcome.FAILED,
        Reason.SHORT_BODY: Outcome.FAILED,
        Reason.MALFORMED_HTTP: Outcome.FAILED,
        Reason.TOO_LARGE: Outcome.FAILED,
        Reason.BAD_STATUS: Outcome.FAILED,
        Reason.REDIRECT_LOOP: Outcome.FAILED,
        Reason.TOO_MANY_REDIRECTS: Outcome.FAILED,
        Reason.INSECURE_REDIRECT: Outcome.FAILED,
        Reason.BAD_REDIRECT: Outcome.FAILED,
        # These may be our own network, or may be over in a minute.
        Reason.DNS_FAILED: Outcome.CANT_TELL,
        Reason.REFUSED: Outcome.CANT_TELL,
        Reason.UNREACHABLE: Outcome.CANT_TELL,
        Reason.RESET: Outcome.CANT_TELL,
        Reason.TIMED_OUT: Outcome.CANT_TELL,
        Reason.TOO_SLOW: Outcome.CANT_TELL,
        Reason.PROXY_FAILED: Outcome.CANT_TELL,
        Reason.DEADLINE: Outcome.CANT_TELL,
        Reason.BUSY: Outcome.CANT_TELL,
        Reason.NOT_LOOKED: Outcome.CANT_TELL,
        Reason.OFFLINE: Outcome.CANT_TELL,
        Reason.NO_LOCAL_FILE: Outcome.CANT_TELL,
        Reason.INTERNAL: Outcome.CANT_TELL,
    }
)
"""What each reason says about the server: a fault of its own, or nothing certain."""

_UNSAFE_REDIRECTS = frozenset(
    {Reason.REDIRECT_LOOP, Reason.TOO_MANY_REDIRECTS, Reason.INSECURE_REDIRECT, Reason.BAD_REDIRECT}
)


class RedirectParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``maximum``: redirects that may be followed for one URL."""

    maximum: int


_ANSWERED = frozenset({Reason.BAD_STATUS, Reason.BUSY})
"""Reasons of an answer that may say why."""


def reachable(target: MediaTarget, _params: NoParams) -> Result:
    """A 200 came back whole."""
    observation = target.observation
    if isinstance(observation, Fetched):
        status = observation.hops[-1].status if observation.hops else None
        if status != OK:
            return cant_tell(f"the file is said to be fetched, but the status is {status}")
        return passed(bytes=observation.size, status=status)
    helps = advice(observation)
    return advising(_unreached(observation, helps.doubt), helps.fix, helps.owner)


def _unreached(observation: NotFetched, doubt: str) -> Result:
    status = observation.final.status if observation.final else None
    evidence = {"cause": observation.reason.value, "status": status, "attempts": observation.attempts}
    says = own_words_clause(observation.excerpt) if observation.reason in _ANSWERED else ""
    problem = told(observation.reason, observation.detail) + how_often(observation) + says
    if MEANING[observation.reason] is Outcome.FAILED:
        return failed(evidence, problem=problem)
    return cant_tell(problem + doubt, **evidence)


def redirect_safe(target: MediaTarget, params: RedirectParams) -> Result:
    """The redirects end, are few, and never leave https for http."""
    observation = target.observation
    problem = _redirect_problem(observation, params.maximum)
    if problem:
        return failed(problem=problem, route=route(observation))
    if not arrived(observation):
        return cant_tell(f"the last request had no answer: {explanation(observation)}")
    return passed(redirects=len(observation.hops) - 1)


def _redirect_problem(observation: Observation, maximum: int) -> str | None:
    if isinstance(observation, NotFetched) and observation.reason in _UNSAFE_REDIRECTS:
        return explanation(observation)
    hops = observation.hops
    if len(hops) - 1 > maximum:
        return f"{len(hops) - 1} redirects, and at most {maximum} are safe"
    if any(is_https(here) and not is_https(there) for here, there in pairwise(hops)):
        return Reason.INSECURE_REDIRECT.value
    if len({hop.url for hop in hops}) < len(hops):
        return Reason.REDIRECT_LOOP.value
    return None


def redirect_free(target: MediaTarget, _params: NoParams) -> Result:
    """The first answer is no redirect."""
    observation = target.observation
    first = observation.hops[0].status if observation.hops else None
    if first is None:
        return cant_tell(f"the server did not answer: {explanation(observation)}")
    if first not in REDIRECTS:
        return passed(status=first)
    count = sum(hop.status in REDIRECTS for hop in observation.hops)
    end = redact_url(observation.hops[-1].url)
    evidence = {"status": first, "route": route(observation), **_handed_on(observation.hops)}
    result = failed(evidence, count=count, end=quoted(end))
    return advising(result, _SIGNED_ANEW, Owner.HOSTING) if signatures(observation.hops[-1].url) else result


_SIGNED_ANEW = (
    "Do not write the URL at the end of the redirects into the message: it is signed anew for each request,"
    " and expires. Keep this URL if it has to be; better serve the file under it without a redirect, with its"
    " length, or make the file public and write its permanent URL."
)


def _handed_on(hops: Sequence[Hop]) -> dict[str, list[str]]:
    """Other hosts that a redirect gave the query to, which may hold a signature."""
    parts = [take_apart(hop.url) for hop in hops]
    hosts = [
        quoted(there.host or "")
        for here, there in pairwise(parts)
        if here.query and here.query == there.query and here.host != there.host
    ]
    return {"query_handed_to": hosts} if hosts else {}


CHECKS: tuple[Check, ...] = (
    Check(name="reachable", target=TargetKind.MEDIA, run=reachable, reports=frozenset({"problem"})),
    Check(
        name="redirect-safe",
        target=TargetKind.MEDIA,
        run=redirect_safe,
        params=RedirectParams,
        reports=frozenset({"problem", "route"}),
    ),
    Check(
        name="redirect-free", target=TargetKind.MEDIA, run=redirect_free, reports=frozenset({"count", "end"})
    ),
)
"""The checks of reaching the file."""
