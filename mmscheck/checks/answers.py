"""One answer of a server among several: the first, or that of a probe, and what is compared of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mmscheck.base.http import COMPRESSIONS, OK
from mmscheck.base.redact import redact_header, redact_text
from mmscheck.base.text import LONGEST_SENTENCE, quoted
from mmscheck.checks.framed import codings, stated_length
from mmscheck.checks.observed import answer, seen, told, values
from mmscheck.model.observation import Fetched, Hop, Observation, Probe, ProbeName, Reason
from mmscheck.servers.caches import caching

FIRST = "at first"
"""What the first answer is called beside the names of the probes."""

_ALIKE = frozenset({ProbeName.REPEAT, ProbeName.IPV4, ProbeName.IPV6, ProbeName.GZIP})
_FRAMING = ("Content-Type", "Content-Length", "Transfer-Encoding", "Content-Encoding")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: the head that belongs to a file, and size and digest of the file where it was read.

    ``head`` is None when no file was answered; ``problem`` then says why. ``reason`` as in `Probe`.
    """

    name: str
    head: Hop | None
    size: int | None = None
    sha256: str | None = None
    reason: Reason | None = None
    problem: str = ""


def first(observation: Observation) -> Answer:
    """The first answer."""
    head = answer(observation)
    if isinstance(observation, Fetched):
        return Answer(name=FIRST, head=head, size=observation.size, sha256=observation.sha256)
    return Answer(
        name=FIRST, head=head, reason=observation.reason, problem=told(observation.reason, observation.detail)
    )


def probed(probe: Probe) -> Answer:
    """The answer to a probe; a head that came in part has no status, and so is none."""
    problem = told(probe.reason, probe.detail) if probe.reason and not probe.skipped else probe.skipped
    final = probe.final
    head = final if final is not None and final.status == OK else None
    return Answer(
        name=probe.name.value,
        head=head,
        size=probe.size,
        sha256=probe.sha256,
        reason=probe.reason,
        problem=quoted(redact_text(problem), LONGEST_SENTENCE),
    )


def probes(observation: Observation, name: ProbeName) -> tuple[Probe, ...]:
    """Every probe of that name."""
    return tuple(probe for probe in observation.probes if probe.name is name)


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """A further answer with a file: how it was asked for, in words, and whether its bytes are the first's.

    ``alike`` is set where nothing was asked for that the first request had not asked for. Where only the head
    was asked for, bytes count as the same when as many are stated.
    """

    when: str
    alike: bool
    head: Hop
    same: bool


def again(observation: Observation) -> tuple[Later, ...]:
    """The further answers that any client may get in place of the first.

    They were asked for in the same way or, where the file did not come coded for that, with gzip accepted.
    What came past the caches counts where it is the same file: any client gets it once the copy has expired.
    """
    before = first(observation)
    later = []
    for probe in observation.probes:
        found = probed(probe)
        if found.head is None or content_coded(found.head):
            continue
        same = _same(before, found)
        if probe.name in _ALIKE or (probe.name is ProbeName.COLD and same):
            alike = probe.name not in {ProbeName.GZIP, ProbeName.COLD}
            when = f"when asked again ({found.name}), though not at first"
            later.append(Later(when=when, alike=alike, head=found.head, same=same))
    return tuple(later)


def _same(before: Answer, found: Answer) -> bool:
    """Whether the bytes are the same, or as many are stated where only the head was asked for."""
    if found.sha256:
        return before.sha256 == found.sha256
    return found.head is not None and before.size is not None and before.size == usable_length(found.head)


def transfer_coded(head: Hop) -> bool:
    """Whether any transfer coding but the obsolete ``identity`` is stated."""
    members = (part for value in values(head, "Transfer-Encoding") for part in value.split(","))
    return any(member.strip().lower() not in {"", "identity"} for member in members)


def content_coded(head: Hop) -> bool:
    """Whether the body is stated to be coded, so that its size and digest are not those of the file."""
    return bool(codings(head))


def compressed(head: Hop) -> bool:
    """Whether one of the codings that are stated is a compression."""
    return not COMPRESSIONS.isdisjoint(codings(head))


def usable_length(head: Hop) -> int | None:
    """The stated length where a provider that refuses transfer codings could use it."""
    return None if transfer_coded(head) else stated_length(head)


def framing(head: Hop) -> str:
    """The lines that frame the body, as received, and which of the lines that matter is not there."""
    names = [name for name in _FRAMING[1:] if name == "Content-Length" or values(head, name)]
    return "; ".join(seen(head, name) for name in names)


def shown(name: str, found: Answer, hops: tuple[Hop, ...]) -> Mapping[str, Any]:
    """The answer as evidence: JSON values."""
    final = hops[-1] if hops else None
    lines = [] if final is None else [seen(final, key) for key in _FRAMING if values(final, key)]
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


def evidence(observation: Observation) -> list[Mapping[str, Any]]:
    """The first answer and every probe as evidence."""
    others = [shown(probe.name.value, probed(probe), probe.hops) for probe in observation.probes]
    return [shown(FIRST, first(observation), observation.hops), *others]
