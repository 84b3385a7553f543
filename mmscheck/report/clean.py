"""Strings, JSON values and whole views as they may leave: without secrets, of bounded length, and encodable.

Some parts of a report are redacted before they get here. Redacting twice changes nothing: what is redacted
already is left alone, and one URL never shows under two names.

Redacting by pattern finds whole URLs in a text. A URL with a space or a quotation mark in it, or a query
quoted alone, looks like no URL; but which URLs a message has is known, so they are looked for as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from mmscheck.base.redact import redact_header, redact_text, redact_url
from mmscheck.base.text import encodable
from mmscheck.model.observation import NotFetched, Observation
from mmscheck.model.report import Evaluation, MessageReport
from mmscheck.model.series import changed
from mmscheck.report.view import View

LONGEST_TEXT = 20_000
"""Characters of one text that a report holds; what a phone can show is a quarter of it."""

_TAIL = 60


def clean_url(url: str) -> str:
    """The URL without secrets; one that is redacted already stays as it is."""
    return encodable(redact_url(url))


def clean_text(text: str) -> str:
    """The text with every URL in it redacted once, cut where it is too long for any reader."""
    return encodable(_cut(redact_text(text)))


def _cut(text: str) -> str:
    # Some more may stand, so that a text that was cut before is not cut again.
    if len(text) <= LONGEST_TEXT + _TAIL:
        return text
    return f"{text[:LONGEST_TEXT]}… and {len(text) - LONGEST_TEXT:,} more characters"


def optional(text: str | None) -> str | None:
    """Clean text, or None where there is none."""
    return None if text is None else clean_text(text)


def clean_header(name: str, value: str) -> tuple[str, str]:
    """A header line as it may be shown."""
    return encodable(_cut(redact_text(name))), encodable(_cut(redact_header(name, value)))


def clean_value(value: Any) -> Any:
    """A JSON value with every string in it clean; whatever JSON cannot hold becomes text."""
    if isinstance(value, str):
        return clean_text(str(value))
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_value(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return clean_text(str(value))


SHORTEST_QUERY = 8
"""Characters: a shorter query is too likely to be an ordinary part of a sentence."""

Needles = Sequence[tuple[str, str]]


def scrub(view: View, *, every: bool = True) -> View:
    """The view with the URLs, queries and logins of each message's media redacted wherever they are quoted.

    URLs that stand in fields of their own stay raw; formats clean those as URLs. Without ``every`` only
    findings are done, and whatever else was evaluated has no words: formats that tell findings save the time.
    """
    clean = scrub_message if every else scrub_findings
    return replace(view, report=replace(view.report, messages=changed(view.report.messages, clean)))


def scrub_message(message: MessageReport) -> MessageReport:
    """One message of a view made safe, for formats that write one after the other."""
    needles = sorted(set(_needles(message)), key=lambda pair: (-len(pair[0]), pair))
    if not needles:
        return message
    return replace(
        message,
        evaluations=tuple(_evaluation(item, needles) for item in message.evaluations),
        observations={url: _observation(seen, needles) for url, seen in message.observations.items()},
    )


def scrub_findings(message: MessageReport) -> MessageReport:
    """The message with its findings alone scrubbed: whatever else was evaluated has no words."""
    return scrub_message(replace(message, evaluations=tuple(map(_only_finding, message.evaluations))))


def _only_finding(item: Evaluation) -> Evaluation:
    return item if item.is_finding else replace(item, message="", reason="", fix="", why="", evidence={})


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
        general=_text(item.general, needles),
        advice=tuple(replace(each, words=_text(each.words, needles)) for each in item.advice),
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
