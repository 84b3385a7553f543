"""Take the secrets of a message's own URLs out of everything that was said about them.

Redacting by pattern finds whole URLs in a text. A URL with a space or a quotation mark in it, or a query
quoted alone, looks like no URL; but which URLs a message has is known, so they are looked for as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from mmscheck.base.redact import redact_url
from mmscheck.model.observation import NotFetched, Observation
from mmscheck.model.report import Evaluation, MessageReport
from mmscheck.model.words import Outcome
from mmscheck.report.clean import clean_url
from mmscheck.report.view import View

SHORTEST_QUERY = 8
"""Characters: a shorter query is too likely to be an ordinary part of a sentence."""

Needles = Sequence[tuple[str, str]]


def scrub(view: View, *, every: bool = True) -> View:
    """The view with the URLs, queries and logins of each message's media redacted wherever they are quoted.

    URLs that stand in fields of their own stay raw; formats clean those as URLs. Without ``every`` only
    findings are done, and whatever else was evaluated has no words: formats that tell findings save the time.
    """
    messages = tuple(
        scrub_message(message if every else _findings(message)) for message in view.report.messages
    )
    return replace(view, report=replace(view.report, messages=messages))


def scrub_message(message: MessageReport) -> MessageReport:
    """The same for one message, for formats that write one after the other."""
    needles = sorted(set(_needles(message)), key=lambda pair: (-len(pair[0]), pair))
    if not needles:
        return message
    return replace(
        message,
        evaluations=tuple(_evaluation(item, needles) for item in message.evaluations),
        observations={url: _observation(seen, needles) for url, seen in message.observations.items()},
    )


def _findings(message: MessageReport) -> MessageReport:
    return replace(message, evaluations=tuple(map(_told_or_mute, message.evaluations)))


def _told_or_mute(item: Evaluation) -> Evaluation:
    if item.outcome not in (Outcome.PASSED, Outcome.INAPPLICABLE):
        return item
    return replace(item, message="", reason="", fix="", why="", evidence={})


def _needles(message: MessageReport) -> Iterator[tuple[str, str]]:
    for url in _urls(message):
        redacted = clean_url(url)
        if redacted == url:
            continue
        yield url, redacted
        # What was redacted when it was put into a sentence and again with the sentence has another digest.
        yield redact_url(redacted), redacted
        query = url.partition("#")[0].partition("?")[2]
        hidden = redacted.partition("#")[0].partition("?")[2]
        if len(query) >= SHORTEST_QUERY and query != hidden:
            yield query, hidden


def _urls(message: MessageReport) -> Iterator[str]:
    for ref in message.media:
        yield ref.url
    for seen in message.observations.values():
        for hop in seen.hops:
            yield hop.url
            yield from hop.values("Location")


def _evaluation(item: Evaluation, needles: Needles) -> Evaluation:
    return replace(
        item,
        message=_text(item.message, needles),
        reason=_text(item.reason, needles),
        fix=_text(item.fix, needles),
        evidence=_value(item.evidence, needles),
    )


def _observation(seen: Observation, needles: Needles) -> Observation:
    return replace(seen, detail=_text(seen.detail, needles)) if isinstance(seen, NotFetched) else seen


def _text(text: str, needles: Needles) -> str:
    for raw, redacted in needles:
        text = text.replace(raw, redacted)
    return text


def _value(value: Any, needles: Needles) -> Any:
    if isinstance(value, str):
        return _text(value, needles)
    if isinstance(value, dict):
        return {_value(key, needles): _value(item, needles) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, needles) for item in value]
    return value
