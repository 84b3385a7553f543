"""What the checks of one medium read off its observation: heads, header values, further answers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from mmscheck.base.http import COMPRESSIONS, OK, REDIRECTS
from mmscheck.base.redact import redact_header, redact_text, redact_url
from mmscheck.base.text import LONGEST_SENTENCE, quoted
from mmscheck.checks.media_types import NO_TYPES, kinds
from mmscheck.model.check import Result, cant_tell
from mmscheck.model.observation import (
    Fetched,
    Hop,
    NotFetched,
    Observation,
    Probe,
    ProbeName,
    Reason,
    Sniffed,
)
from mmscheck.model.words import Because
from mmscheck.servers.caches import caching

MOST_KEPT = 200
"""Things the evidence holds; a document of megabytes must not make a report of megabytes."""

_Headers = tuple[tuple[str, str], ...]

_T = TypeVar("_T")

_INTERRUPTED = frozenset({Reason.TIMED_OUT, Reason.RESET, Reason.DEADLINE, Reason.INTERNAL})
"""Reasons that may have cut the head itself short."""

_ANSWERED = frozenset({Reason.BAD_STATUS, Reason.BUSY})
_STATUS, _WAIT = "HTTP ", "Retry-After"


class _Same:
    """An observation as a key: by which one it is, for to compare two takes longer than to read them."""

    __slots__ = ("observation",)

    def __init__(self, observation: Observation) -> None:
        self.observation = observation

    def __hash__(self) -> int:
        return id(self.observation)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.observation is other.observation


def _shaped_once(shape: Callable[[Observation], _T]) -> Callable[[Observation], _T]:
    """Keep what came of the last few observations, as several checks of one medium ask for it in turn."""

    @functools.lru_cache(maxsize=4)
    def kept(same: _Same) -> _T:
        return shape(same.observation)

    @functools.wraps(shape)
    def shaped(observation: Observation) -> _T:
        return kept(_Same(observation))

    return shaped


def file_head(observation: Observation) -> Hop | None:
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
        return quoted(redact_text(observation.explanation), LONGEST_SENTENCE)
    status = observation.hops[-1].status if observation.hops else None
    return f"HTTP status {status}" if status else "no response was recorded"


def failure_words(reason: Reason, detail: str) -> str:
    """A reason and its detail in one phrase that is fit to be shown; a status is what the server answered."""
    answered = detail.removeprefix(_STATUS)
    if reason is Reason.BUSY and (answered == detail or _WAIT in detail):
        phrase = f"the server asked to wait ({detail})" if detail else "the server asked to wait"
    elif reason in _ANSWERED and answered != detail:
        phrase = f"the server answered {answered}"
    else:
        phrase = f"{reason.value} ({detail})" if detail else reason.value
    return quoted(redact_text(phrase), LONGEST_SENTENCE)


def is_answered(observation: Observation) -> bool:
    """Whether the last hop answered with something that is no redirect, so that no hop is to follow."""
    final = observation.hops[-1] if observation.hops else None
    return final is not None and final.status is not None and final.status not in REDIRECTS


def header_values(hop: Hop, name: str) -> tuple[str, ...]:
    """Every value of a header without the white space around it.

    A name with white space before its colon counts: some recipients read it as the header.
    """
    return tuple(value.strip(" \t") for key, value in _lines(hop, name))


def header_lines(hop: Hop, name: str) -> str:
    """The header's lines as received, fit to be shown, or ``no <name>``."""
    lines = [f"{quoted(key)}: {quoted(redact_header(name, value))}" for key, value in _lines(hop, name)]
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


def route(observation: Observation) -> str:
    """The URLs of all hops in order, without their secrets."""
    return " -> ".join(quoted(redact_url(hop.url)) for hop in observation.hops)


def is_https(hop: Hop) -> bool:
    """Whether the hop was asked for over TLS."""
    return hop.url[:6].lower() == "https:"


def bytes_received(observation: Observation) -> int | None:
    """Bytes of the file that came, whole or not; None when none were counted or it was no file."""
    if isinstance(observation, Fetched):
        return observation.size
    # Without a hop nothing came over the network, so that what was counted is a local file's.
    return observation.received if file_head(observation) or not observation.hops else None


def shown_type(sniffed: Sniffed) -> str | None:
    """The type that the bytes themselves showed, or None when nothing or only a name suggests one."""
    return None if sniffed.type in NO_TYPES else sniffed.shown


def is_medium(observation: Observation) -> bool:
    """Whether the bytes themselves show that they are a picture, a sound, a card or another medium."""
    if not isinstance(observation, Fetched) or observation.sniffed.web_page:
        return False
    shown = shown_type(observation.sniffed)
    return shown is not None and bool(kinds(shown))


FIRST = "at first"
"""What the first answer is called beside the names of the probes."""

_ALIKE = frozenset({ProbeName.REPEAT, ProbeName.IPV4, ProbeName.IPV6, ProbeName.GZIP})
_FRAMING = ("Content-Type", "Content-Length", "Transfer-Encoding", "Content-Encoding")


class FileAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: the head that belongs to a file, and size and digest of the file where it was read.

    ``head`` is None when no file was answered; ``problem`` then says why. ``reason`` as in `Probe`.
    """

    name: str
    head: Hop | None
    size: int | None = None
    sha256: str | None = None
    reason: Reason | None = None
    problem: str = ""


def first_answer(observation: Observation) -> FileAnswer:
    """The first answer."""
    head = file_head(observation)
    if isinstance(observation, Fetched):
        return FileAnswer(name=FIRST, head=head, size=observation.size, sha256=observation.sha256)
    return FileAnswer(
        name=FIRST,
        head=head,
        reason=observation.reason,
        problem=failure_words(observation.reason, observation.detail),
    )


def answer_to(probe: Probe) -> FileAnswer:
    """The answer to a probe; a head that came in part has no status, and so is none."""
    problem = (
        failure_words(probe.reason, probe.detail) if probe.reason and not probe.skipped else probe.skipped
    )
    final = probe.final
    head = final if final is not None and final.status == OK else None
    return FileAnswer(
        name=probe.name.value,
        head=head,
        size=probe.size,
        sha256=probe.sha256,
        reason=probe.reason,
        problem=quoted(redact_text(problem), LONGEST_SENTENCE),
    )


def probes_named(observation: Observation, name: ProbeName) -> tuple[Probe, ...]:
    """Every probe of that name."""
    return tuple(probe for probe in observation.probes if probe.name is name)


def unsampled(probe: Probe, evidence: Mapping[str, Any]) -> Result:
    """Could not tell, because files like this one were asked for in its place."""
    return cant_tell(probe.skipped, Because.SAMPLED, **evidence)


class LaterAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A further answer with a file: how it was asked for, in words, and whether its bytes are the first's.

    ``alike`` is set where nothing was asked for that the first request had not asked for. Where only the head
    was asked for, bytes count as the same when as many are stated.
    """

    when: str
    alike: bool
    head: Hop
    same: bool


@_shaped_once
def later_answers(observation: Observation) -> tuple[LaterAnswer, ...]:
    """The further answers that any client may get in place of the first.

    They were asked for in the same way or, where the file did not come coded for that, with gzip accepted.
    What came past the caches counts where it is the same file: any client gets it once the copy has expired.
    """
    before = first_answer(observation)
    later = []
    for probe in observation.probes:
        found = answer_to(probe)
        if found.head is None or content_coded(found.head):
            continue
        same = _same(before, found)
        if probe.name in _ALIKE or (probe.name is ProbeName.COLD and same):
            alike = probe.name not in {ProbeName.GZIP, ProbeName.COLD}
            when = f"when asked again ({found.name}), though not at first"
            later.append(LaterAnswer(when=when, alike=alike, head=found.head, same=same))
    return tuple(later)


def _same(before: FileAnswer, found: FileAnswer) -> bool:
    """Whether the bytes are the same, or as many are stated where only the head was asked for."""
    if found.sha256:
        return before.sha256 == found.sha256
    return found.head is not None and before.size is not None and before.size == usable_length(found.head)


def transfer_coded(head: Hop) -> bool:
    """Whether any transfer coding but the obsolete ``identity`` is stated."""
    return head.framing.transfer_coded


def content_coded(head: Hop) -> bool:
    """Whether the body is stated to be coded, so that its size and digest are not those of the file."""
    return bool(head.framing.content_codings)


def compressed(head: Hop) -> bool:
    """Whether one of the codings that are stated is a compression."""
    return not COMPRESSIONS.isdisjoint(head.framing.content_codings)


def usable_length(head: Hop) -> int | None:
    """The stated length where a provider that refuses transfer codings could use it."""
    return None if transfer_coded(head) else head.framing.stated_length


def framing_lines(head: Hop) -> str:
    """The lines that frame the body, as received, and which of the lines that matter is not there."""
    names = [name for name in _FRAMING[1:] if name == "Content-Length" or header_values(head, name)]
    return "; ".join(header_lines(head, name) for name in names)


def _answer_evidence(name: str, found: FileAnswer, hops: tuple[Hop, ...]) -> Mapping[str, Any]:
    """The answer as evidence: JSON values."""
    final = hops[-1] if hops else None
    lines = (
        [] if final is None else [header_lines(final, key) for key in _FRAMING if header_values(final, key)]
    )
    caches = () if final is None else caching(final).lines
    return {
        "request": name,
        "status": None if final is None else final.status,
        "lines": lines,
        "cache": [f"{quoted(key)}: {quoted(redact_header(key, value))}" for key, value in caches],
        "size": found.size,
        "sha256": found.sha256,
        "problem": found.problem,
        "address": None if final is None else final.address,
    }


@_shaped_once
def answers_evidence(observation: Observation) -> tuple[Mapping[str, Any], ...]:
    """The first answer and every probe as evidence."""
    others = (
        _answer_evidence(probe.name.value, answer_to(probe), probe.hops) for probe in observation.probes
    )
    return (_answer_evidence(FIRST, first_answer(observation), observation.hops), *others)
