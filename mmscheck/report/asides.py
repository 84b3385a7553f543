"""What every report says beside the outcomes: which configuration shaped it, and what was not looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from mmscheck.base.text import count
from mmscheck.model.observation import NotFetched, Reason
from mmscheck.model.report import MessageReport, Report
from mmscheck.report.clean import clean_url
from mmscheck.report.layout import shown

MOST_FOLDERS = 3
"""Folders of unmapped URLs that are named; the others are counted."""


class Unlooked(msgspec.Struct, frozen=True, kw_only=True):
    """URLs below one web folder that no local folder is mapped to; ``prefix`` is empty for what is no URL."""

    prefix: str
    media: int


def configured(report: Report) -> str:
    """Which file shaped the rules, as a sentence; empty without one."""
    return f"Configuration: {shown(report.configuration)}." if report.configuration else ""


def not_looked_at(report: Report) -> Iterator[str]:
    """Clauses on media that lint could not look at, and on files that it left out."""
    found = unlooked(report)
    if found:
        media = sum(each.media for each in found)
        verb = "was" if media == 1 else "were"
        yield f"{count(media, 'media file')} {verb} not looked at: no folder is mapped to {_named(found)}"
    if report.left_out:
        verb = "was" if report.left_out == 1 else "were"
        yield f"{count(report.left_out, 'other XML file')} {verb} left out"


def looked_at(messages: Sequence[MessageReport]) -> str:
    """How many media files these have, and how many of them lint could look at where those are not all."""
    media = sum(len(message.media) for message in messages)
    idle = sum(1 for message in messages for ref in message.media if _is_idle(message, ref.url))
    if not idle:
        return count(media, "media file")
    looked = "none" if idle == media else f"{media - idle:,}"
    return f"{count(media, 'media file')}, {looked} of them looked at"


def inputs(messages: Sequence[MessageReport]) -> str:
    """How many messages with how many media, and how many files that stand alone."""
    whole = [message for message in messages if not is_lone(message)]
    told = [f"{count(len(whole), 'message')} with {looked_at(whole)}"] if whole or not messages else []
    if files := len(messages) - len(whole):
        told.append(count(files, "file"))
    return " and ".join(told)


def is_lone(message: MessageReport) -> bool:
    """Whether it is a media file by itself, and no message."""
    return bool(message.media) and all(ref.is_alone for ref in message.media)


def noun(messages: Sequence[MessageReport], number: int) -> str:
    """The number with the word for what these are: files where none of them is a message."""
    return count(number, "file" if messages and all(map(is_lone, messages)) else "message")


def unlooked(report: Report) -> tuple[Unlooked, ...]:
    """The distinct URLs that were not looked at, by host, each under the folder that they share."""
    urls = {
        ref.url: None for message in report.messages for ref in message.media if _is_idle(message, ref.url)
    }
    by_host: dict[str, list[str]] = {}
    for url in urls:
        by_host.setdefault(_origin(url), []).append(url)
    return tuple(Unlooked(prefix=_shared(origin, each), media=len(each)) for origin, each in by_host.items())


def _is_idle(message: MessageReport, url: str) -> bool:
    seen = message.observations.get(url)
    return isinstance(seen, NotFetched) and seen.reason is Reason.OFFLINE


def _named(found: tuple[Unlooked, ...]) -> str:
    named = [shown(each.prefix) or "what is no URL" for each in found[:MOST_FOLDERS]]
    if more := len(found) - len(named):
        named.append(f"{more:,} more")
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{listed} ([assets])"


def _origin(url: str) -> str:
    """Scheme and host with a slash; empty for what has none."""
    try:
        parts = urlsplit(url.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f"{parts.scheme.lower()}://{host.lower()}/" if parts.scheme and host else ""


def _shared(origin: str, urls: list[str]) -> str:
    """The longest folder that all of these URLs of one host lie in."""
    if not origin:
        return ""
    folders = [urlsplit(url.strip()).path.split("/")[1:-1] for url in urls]
    shared = []
    for names in zip(*folders, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return clean_url(origin + "".join(f"{name}/" for name in shared))
