"""Links in texts as a phone would open them: whether a page comes, how, and over whose hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmscheck.base.redact import redact_text
from mmscheck.base.text import quoted
from mmscheck.base.url import take_apart
from mmscheck.checks.links import Link, about_links, links
from mmscheck.checks.marks import Span, texts_of
from mmscheck.model.check import Check, MessageTarget, NoParams, Result, cant_tell, inapplicable
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.vocabulary import is_below
from mmscheck.model.words import Outcome, TargetKind

_OK, _REDIRECT = 200, 300
_GONE = frozenset({404, 410})

_DEAD = frozenset({Reason.DNS_NOT_FOUND, Reason.REFUSED, Reason.ADDRESS_REFUSED, Reason.TLS_CERTIFICATE})
"""Why no phone gets a page either. All others may be a matter of who asks, from where, and when."""

_ELSEWHERE = frozenset({Reason.INSECURE_REDIRECT, Reason.BAD_REDIRECT})
"""Redirects that a phone follows and the check does not: to http, which has its own rule, and to an app."""


def answered(target: MessageTarget, _: NoParams) -> Result:
    """A page comes for every link; where that is not known, it cannot be told."""
    known = target.links
    if known is None:
        return _none_asked()
    asked = [(link, known[link.url]) for link in _all(target) if link.url in known]
    if not asked:
        return inapplicable("no text has a link that is the same for everybody")
    told = about_links(target, lambda text: tuple(_dead(text, known)))
    undecided = [(link, seen) for link, seen in asked if not (_is_alive(seen) or _why_dead(seen))]
    if told.outcome is Outcome.FAILED or not undecided:
        return told
    link, seen = undecided[0]
    return cant_tell(f"{quoted(redact_text(link.written))} gave no page: {_told(seen)}", links=len(undecided))


def _dead(text: str, known: Mapping[str, Observation]) -> Iterator[Span]:
    for link in links(text):
        if link.url in known and (why := _why_dead(known[link.url])):
            yield Span(start=link.start, end=link.end, what=why)


def _is_alive(seen: Observation) -> bool:
    if not isinstance(seen, NotFetched) or seen.reason in _ELSEWHERE:
        return True
    return seen.final is not None and seen.final.status in range(_OK, _REDIRECT)


def _why_dead(seen: Observation) -> str:
    """Why nobody gets a page, as the end of a sentence; empty where that is not certain."""
    if not isinstance(seen, NotFetched) or _is_alive(seen):
        return ""
    status = seen.final.status if seen.final else None
    gone = seen.reason is Reason.BAD_STATUS and status in _GONE
    return _told(seen) if gone or seen.reason in _DEAD else ""


def _told(seen: Observation) -> str:
    return quoted(redact_text(seen.explanation)) if isinstance(seen, NotFetched) else ""


def secure(target: MessageTarget, _: NoParams) -> Result:
    """Every link ends at a page that comes over https."""
    known = target.links
    if known is None:
        return _none_asked()

    def look(text: str) -> tuple[Span, ...]:
        return tuple(
            Span(start=link.start, end=link.end, what="the page comes over http")
            for link in links(text)
            if link.url in known and _is_plain(known[link.url])
        )

    return about_links(target, look)


def _is_plain(seen: Observation) -> bool:
    if isinstance(seen, NotFetched) and seen.reason is Reason.INSECURE_REDIRECT:
        return True
    final = seen.final
    return _is_alive(seen) and final is not None and not final.url.lower().startswith("https:")


def direct(target: MessageTarget, _: NoParams) -> Result:
    """No link leads over a host that is neither its own nor the sender's."""
    known = target.links
    if known is None:
        return _none_asked()

    def look(text: str) -> tuple[Span, ...]:
        spans = []
        for link in links(text):
            foreign = _foreign(known[link.url], target.vocabulary.own_domains) if link.url in known else ()
            if foreign:
                spans.append(Span(start=link.start, end=link.end, what=f"over {', '.join(foreign)}"))
        return tuple(spans)

    return about_links(target, look)


def _foreign(seen: Observation, own: tuple[str, ...]) -> tuple[str, ...]:
    """Hosts of a chain of redirects that are neither of the first one's site nor the sender's."""
    hosts = [(take_apart(hop.url).host or "").lower().removesuffix(".") for hop in seen.hops]
    if not hosts:
        return ()
    home = site(hosts[0])
    others = (host for host in hosts if site(host) != home and not is_below(host, own))
    return tuple(dict.fromkeys(map(quoted, others)))


_SECOND_LEVELS = frozenset({"ac", "co", "com", "edu", "gob", "gov", "net", "nom", "or", "org"})
_COUNTRY = 2


def site(host: str) -> str:
    """The last two labels of a host, or three below such as co.uk: whose it is, as far as that can be told.

    The public suffix list would say it for all; here a host that is taken for another's is only advice.
    """
    labels = host.split(".")
    short = len(labels[-1]) == _COUNTRY and len(labels) > _COUNTRY and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3 if short else -2 :])


def _all(target: MessageTarget) -> Iterator[Link]:
    return (link for _, text in texts_of(target) for link in links(text))


def _none_asked() -> Result:
    return inapplicable("links in texts are not asked for in this run")


CHECKS: tuple[Check, ...] = tuple(
    Check(name=name, target=TargetKind.MESSAGE, run=run, reports=frozenset({"found"}))
    for name, run in (("links-answered", answered), ("links-secure", secure), ("links-direct", direct))
)
"""Every check of the family."""
