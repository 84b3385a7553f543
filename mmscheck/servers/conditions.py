"""Answers as conditions of ``rules/servers`` look at them, and whether one meets a condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from mmscheck.base.framing import Framing
from mmscheck.base.http import COMPRESSIONS, OK, REFUSALS, WEB_PAGES
from mmscheck.model.observation import Fetched, Hop, NotFetched, Observation, Probe, ProbeName
from mmscheck.model.server import Condition, Link, Server

LONGEST_VALUE = 1024
"""Characters of a header's values, a path or a query that are looked at."""

LONGEST_EXCERPT = 2048
"""Characters of a body that are looked at: what an observation keeps at most."""

_NOTHING = ("", "", None, None, None)


class ServerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One response as conditions look at it.

    ``headers`` has lower-case names; everything is cut. ``last`` marks the answer that ended the fetch: the
    fields after it are only known there (``size`` is None when no body was counted).
    """

    headers: Mapping[str, str]
    framing: Framing
    host: str
    path: str
    query: str
    status: int | None
    last: bool = False
    excerpt: str = ""
    size: int | None = None
    empty: bool = False
    type: str = ""
    browser: bool = False


def answers(observation: Observation) -> tuple[ServerAnswer, ...]:
    """Every hop's answer in order; the last one with what is known of the body."""
    if not observation.hops:
        return ()
    *before, last = observation.hops
    return (*map(_answer, before), answer_of(last, observation))


def answer_of(hop: Hop, observation: Observation) -> ServerAnswer:
    """The answer of the hop that the fetch ended with, or of a probe's, with what is known of the body."""
    return _last(_answer(hop), observation)


def _answer(hop: Hop) -> ServerAnswer:
    headers: dict[str, str] = {}
    for name, value in hop.headers:
        key = name.strip().lower()
        headers[key] = (f"{headers[key]}, {value}" if key in headers else value)[:LONGEST_VALUE]
    host, path, query = _split(hop.url)
    return ServerAnswer(
        headers=headers, framing=hop.framing, host=host, path=path, query=query, status=hop.status
    )


def _last(answer: ServerAnswer, observation: Observation) -> ServerAnswer:
    return msgspec.structs.replace(
        answer,
        last=True,
        excerpt=observation.excerpt[:LONGEST_EXCERPT],
        size=observation.size if isinstance(observation, Fetched) else observation.received,
        empty=isinstance(observation, Fetched) and observation.size == 0,
        type=(observation.sniffed.type or "") if isinstance(observation, Fetched) else "",
        browser=answers_browsers(observation),
    )


def answers_browsers(observation: Observation) -> bool:
    """Whether the same URL gave a file to a browser and turned us away.

    A page is no file: it may be a challenge, or the site's way of saying that there is none.
    """
    if not isinstance(observation, NotFetched) or observation.final is None:
        return False
    return observation.final.status in REFUSALS and any(map(_is_file_for_browser, observation.probes))


def _is_file_for_browser(probe: Probe) -> bool:
    final = probe.final
    if probe.name is not ProbeName.BROWSER or probe.reason is not None or final is None:
        return False
    pages = (value.strip().lower().startswith(tuple(WEB_PAGES)) for value in final.values("Content-Type"))
    return final.status == OK and probe.size != 0 and not any(pages)


def _split(url: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "").rstrip("."), parts.path[:LONGEST_VALUE], parts.query[:LONGEST_VALUE]
    except ValueError:
        return "", "", ""


def holds(condition: Condition, answer: ServerAnswer) -> bool:
    """Whether everything the condition asks for is there; ``beside`` and ``apart`` are not looked at.

    Where nobody answered nothing holds.
    """
    headers = answer.headers
    # What most answers fail is asked first: every answer is held to the signs of all servers.
    if answer.status is None:
        return False
    for name in condition.headers:  # a set of both names takes four times as long
        if name not in headers:
            return False
    if condition.host and not _is_host(answer.host, condition.host):
        return False
    if condition.status and answer.status not in condition.status:
        return False
    if (condition.excerpt and not answer.excerpt) or (condition.query and not answer.query):
        return False
    return (
        (not condition.headers or all(_in(p, headers[name]) for name, p in condition.headers.items()))
        and (not condition.path or _in(condition.path, answer.path))
        and (not condition.query or _in(condition.query, answer.query))
        and headers.keys().isdisjoint(condition.without)
        and _framing_holds(condition, answer)
        and _last_holds(condition, answer)
    )


def linked(servers: Iterable[Server], url: str) -> Server | None:
    """The first that the URL alone tells by its form; what is no URL has none."""
    parts = _split(url.strip())
    return next((each for each in servers for link in each.links if _is_link(link, *parts)), None)


def _is_link(link: Link, host: str, path: str, query: str) -> bool:
    return (
        _is_host(host, link.host)
        and (not link.path or _in(link.path, path))
        and (not link.query or _in(link.query, query))
        and not (link.unless and _in(link.unless, query))
    )


def _framing_holds(condition: Condition, answer: ServerAnswer) -> bool:
    framing = answer.framing
    return (
        condition.encoded in (None, not COMPRESSIONS.isdisjoint(framing.content_codings))
        and condition.chunked in (None, framing.chunked)
        and condition.stated in (None, bool(framing.lengths))
    )


def _last_holds(condition: Condition, answer: ServerAnswer) -> bool:
    """The part that is known of the last answer only."""
    asked = (condition.excerpt, condition.type, condition.size_over, condition.empty, condition.browser)
    if asked == _NOTHING:
        return True
    return (
        answer.last
        and (not condition.excerpt or _in(condition.excerpt, answer.excerpt))
        and (not condition.type or _in(condition.type, answer.type))
        and (condition.size_over is None or (answer.size or 0) > condition.size_over)
        and condition.empty in (None, answer.empty)
        and condition.browser in (None, answer.browser)
    )


def _in(pattern: str, text: str) -> bool:
    """Whether the pattern is in the text; in nothing there is nothing to be found."""
    return bool(text) and re.search(pattern, text, re.IGNORECASE) is not None


def _is_host(host: str, wanted: tuple[str, ...]) -> bool:
    return host.endswith(wanted) and any(
        host.endswith(each) if each.startswith(".") else host == each for each in wanted
    )
