"""What the checks of one media reference read off its observation: the answer's head, its headers, words."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from mmscheck.checks.media_types import NO_TYPES, kinds
from mmscheck.model.check import Result, cant_tell
from mmscheck.model.observation import (
    Fetched,
    Hop,
    NotFetched,
    Observation,
    Reason,
    Sniffed,
)
from mmscheck.model.redact import redact_header, redact_text, redact_url
from mmscheck.model.words import Because

OK = 200
"""The one status that comes with a file."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses that send the client elsewhere (RFC 9110, section 15.4)."""

LONGEST_SHOWN = 120
"""Characters of a header value that are shown before it is cut."""

LONGEST_SENTENCE = 400
"""Characters of an explanation that are shown before it is cut."""


_Headers = tuple[tuple[str, str], ...]

_INTERRUPTED = frozenset({Reason.TIMED_OUT, Reason.RESET, Reason.DEADLINE, Reason.INTERNAL})
"""Reasons that may have cut the head itself short."""

_ANSWERED = frozenset({Reason.BAD_STATUS, Reason.BUSY})
_STATUS, _WAIT = "HTTP ", "Retry-After"


def answer(observation: Observation) -> Hop | None:
    """The response head that came with the file, also when the file itself did not come whole.

    None when the last hop has no head or another status than 200, and when only a first part of the
    head may have come: what is not in it might have followed.
    """
    final = observation.hops[-1] if observation.hops else None
    if final is None or final.status != OK:
        return None
    if isinstance(observation, Fetched) or observation.reason not in _INTERRUPTED or observation.received:
        return final
    return None


def unanswered(observation: Observation) -> Result:
    """Could not tell, because no file was answered."""
    because = Because.FILE if isinstance(observation, NotFetched) else Because.ANSWER
    return cant_tell(f"no file was answered: {explanation(observation)}", because)


def explanation(observation: Observation) -> str:
    """Why there is no whole file, in one phrase that is fit to be shown."""
    if isinstance(observation, NotFetched):
        return printable(redact_text(observation.explanation), LONGEST_SENTENCE)
    status = observation.hops[-1].status if observation.hops else None
    return f"HTTP status {status}" if status else "no response was recorded"


def told(reason: Reason, detail: str) -> str:
    """A reason and its detail in one phrase that is fit to be shown; a status is what the server answered."""
    answered = detail.removeprefix(_STATUS)
    if reason is Reason.BUSY and (answered == detail or _WAIT in detail):
        phrase = f"the server asked to wait ({detail})" if detail else "the server asked to wait"
    elif reason in _ANSWERED and answered != detail:
        phrase = f"the server answered {answered}"
    else:
        phrase = f"{reason.value} ({detail})" if detail else reason.value
    return printable(redact_text(phrase), LONGEST_SENTENCE)


def arrived(observation: Observation) -> bool:
    """Whether the last hop answered with something that is no redirect, so that no hop is to follow."""
    final = observation.hops[-1] if observation.hops else None
    return final is not None and final.status is not None and final.status not in REDIRECTS


def values(hop: Hop, name: str) -> tuple[str, ...]:
    """Every value of a header without the white space around it.

    A name with white space before its colon counts: some recipients read it as the header.
    """
    return tuple(value.strip(" \t") for key, value in _lines(hop, name))


def seen(hop: Hop, name: str) -> str:
    """The header's lines as received, fit to be shown, or ``no <name>``."""
    lines = [f"{printable(key)}: {printable(redact_header(name, value))}" for key, value in _lines(hop, name)]
    return "; ".join(lines) or f"no {name}"


def _lines(hop: Hop, name: str) -> Iterable[tuple[str, str]]:
    return _by_name(hop.headers).get(name.lower(), ())


@functools.lru_cache(maxsize=64)
def _by_name(headers: _Headers) -> Mapping[str, _Headers]:
    """The lines under their names in lower case; kept, as some thirty checks ask the same few heads."""
    found: dict[str, _Headers] = {}
    for line in headers:
        name = line[0].strip().lower()
        found[name] = (*found.get(name, ()), line)
    return found


def printable(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The text with unprintable characters escaped, cut after ``longest`` characters."""
    shown = text
    if not text.isprintable():
        shown = "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
        )
    return shown if len(shown) <= longest else f"{shown[:longest]}... ({len(shown)} characters)"


def route(observation: Observation) -> str:
    """The URLs of all hops in order, without their secrets."""
    return " -> ".join(printable(redact_url(hop.url)) for hop in observation.hops)


def is_https(hop: Hop) -> bool:
    """Whether the hop was asked for over TLS."""
    return hop.url[:6].lower() == "https:"


def received(observation: Observation) -> int | None:
    """Bytes of the file that came, whole or not; None when none were counted or it was no file."""
    if isinstance(observation, Fetched):
        return observation.size
    # Without a hop nothing came over the network, so that what was counted is a local file's.
    return observation.received if answer(observation) or not observation.hops else None


def shown_type(sniffed: Sniffed) -> str | None:
    """The type that the bytes themselves showed, or None when nothing or only a name suggests one."""
    return None if sniffed.type in NO_TYPES else sniffed.shown


def is_medium(observation: Observation) -> bool:
    """Whether the bytes themselves show that they are a picture, a sound, a card or another medium."""
    if not isinstance(observation, Fetched) or observation.sniffed.web_page:
        return False
    shown = shown_type(observation.sniffed)
    return shown is not None and bool(kinds(shown))
