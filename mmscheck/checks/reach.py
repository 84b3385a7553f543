"""Whether the file was reached: a whole 200, safe redirects; and what a server says of its own refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import msgspec

from mmscheck.base.http import OK, REDIRECTS
from mmscheck.base.redact import redact_text, redact_url
from mmscheck.base.text import quoted
from mmscheck.base.url import take_apart
from mmscheck.checks.evidence import explanation, failure_words, is_answered, is_https, route
from mmscheck.checks.signed_urls import signatures
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

LONGEST = 200
"""Characters of a server's words that are shown."""

_ELEMENT = re.compile(r"<(Code|Message)>([^<]{1,400})</", re.IGNORECASE)
_FIELDS = ("code", "error", "errors", "message", "msg", "error_description", "detail", "title", "reason")
_FIELD = re.compile(rf'"(?:{"|".join(_FIELDS)})"\s*:\s*"((?:[^"\\]|\\.){{1,400}})"', re.IGNORECASE)
_MOST_DEPTH = 3
_PLAIN = re.compile(r"[^<>{}\x00-\x08\x0b-\x1f]{3,200}\s*")


def own_words(excerpt: str) -> str:
    """The words of an XML or JSON error, or of one plain line, fit to be shown; empty where there are none.

    ``excerpt`` is the beginning of a body, ISO-8859-1.
    """
    text = excerpt.encode("iso-8859-1", "replace").decode("utf-8", "replace").removeprefix("\ufeff").strip()
    words = dict.fromkeys(" ".join(each.split()) for each in _found(text))
    return quoted(redact_text(": ".join(each for each in words if each)), LONGEST)


def own_words_clause(excerpt: str) -> str:
    """What the page says, as the end of a sentence: ``; it says "..."``."""
    words = own_words(excerpt)
    return f'; it says "{words}"' if words else ""


def _found(text: str) -> Iterator[str]:
    if text.startswith("<"):
        yield from (found[2] for found in _ELEMENT.finditer(text))
    elif text.startswith(("{", "[")):
        try:
            yield from _values(json.loads(text), 0)
        except (ValueError, RecursionError):  # cut off, mostly
            yield from (found[1] for found in _FIELD.finditer(text))
    elif _PLAIN.fullmatch(text) and "\n" not in text:
        yield text


def _values(value: Any, depth: int) -> Iterator[str]:
    """The texts under the names that errors have, in that order of names."""
    if isinstance(value, list) and value and depth < _MOST_DEPTH:
        yield from _values(value[0], depth + 1)
    if not isinstance(value, Mapping) or depth >= _MOST_DEPTH:
        return
    lower = {str(key).lower(): each for key, each in value.items()}
    for key in _FIELDS:
        if isinstance(each := lower.get(key), str):
            yield each
        else:
            yield from _values(each, depth + 1)


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
    problem = failure_words(observation.reason, observation.detail) + how_often(observation) + says
    if MEANING[observation.reason] is Outcome.FAILED:
        return failed(evidence, problem=problem)
    return cant_tell(problem + doubt, **evidence)


def redirect_safe(target: MediaTarget, params: RedirectParams) -> Result:
    """The redirects end, are few, and never leave https for http."""
    observation = target.observation
    problem = _redirect_problem(observation, params.maximum)
    if problem:
        return failed(problem=problem, route=route(observation))
    if not is_answered(observation):
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
"""Every check of the family."""
