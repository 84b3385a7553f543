"""Whether the same file comes back however, from wherever and however often it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from mmscheck.base.http import REFUSALS, WEB_PAGES
from mmscheck.base.text import LONGEST_SENTENCE, enumerated, listed, quoted
from mmscheck.checks.answers import (
    Answer,
    content_coded,
    evidence,
    first,
    framing,
    probed,
    transfer_coded,
    usable_length,
)
from mmscheck.checks.observed import unanswered, values
from mmscheck.checks.reaching import MEANING
from mmscheck.model.check import Check, MediaTarget, NoParams, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.observation import Fetched, NotFetched, Probe, ProbeName
from mmscheck.model.words import Outcome, TargetKind

NEGOTIATED: Mapping[ProbeName, str] = MappingProxyType(
    {
        ProbeName.WEBP: ", which is content negotiation by Accept",
        ProbeName.BROWSER: ", which is content negotiation by User-Agent",
    }
)
"""What another type for such a request is called."""

_JUDGED_ELSEWHERE = frozenset({ProbeName.GZIP.value, ProbeName.COLD.value})
"""Probes whose missing length has a rule of its own."""


def stable(target: MediaTarget, _params: NoParams) -> Result:
    """Type, length and content are the same in every answer."""
    observation = target.observation
    if isinstance(observation, NotFetched):
        return _refused(observation)
    seen: dict[str, Any] = {"answers": evidence(observation)}
    differences = tuple(_differences(observation))
    if differences:
        return failed(seen, problem=_told(observation.probes, differences))
    unknown = [_named(probe) for probe in observation.probes if _is_undecided(probe)]
    if unknown:
        return cant_tell(f"no answer to compare {enumerated(unknown)}", **seen)
    compared = [probe.name.value for probe in observation.probes if probe.sha256 is not None]
    if not compared:
        return inapplicable("no whole file was asked for again (--deep does)", **seen)
    return passed(compared=compared, **seen)


def _refused(observation: NotFetched) -> Result:
    """A server that refuses only what says who it is has a wall in front of it."""
    let_in = [probe.name.value for probe in observation.probes if probed(probe).head is not None]
    if not let_in:
        return unanswered(observation)
    final = observation.final
    walled = final is not None and final.status in REFUSALS
    why = ": a wall lets in browsers only" if walled else ""
    problem = f"{first(observation).problem} at first, but a file {enumerated(let_in)}{why}"
    return failed({"answers": evidence(observation)}, problem=quoted(problem, LONGEST_SENTENCE))


def _is_undecided(probe: Probe) -> bool:
    return probe.reason is not None and MEANING[probe.reason] is not Outcome.FAILED


def _named(probe: Probe) -> str:
    return f"{probe.name.value} ({probed(probe).problem})"


def _differences(observation: Fetched) -> Iterable[tuple[ProbeName, str]]:
    """(probe, what is different) for every probe that was answered otherwise than the first request."""
    before = first(observation)
    for probe in observation.probes:
        if probe.skipped or _is_undecided(probe):
            continue
        problem = _difference(before, probed(probe), probe.name)
        if problem:
            yield probe.name, problem


def _difference(before: Answer, after: Answer, name: ProbeName) -> str:
    if after.head is None or after.reason is not None:
        return after.problem
    if before.head is None:
        return ""
    old, new = _type(before), _type(after)
    if old != new:
        negotiated = "" if new in WEB_PAGES else NEGOTIATED.get(name, "")
        return f"{new or 'no type'} in place of {old or 'no type'}{negotiated}"
    if content_coded(after.head) and not content_coded(before.head):
        # Compressed on request, size and digest say nothing; whether the length is there, another rule asks.
        return "" if name is ProbeName.GZIP else f"compressed ({framing(after.head)})"
    return _other_length(before, after) or _other_bytes(before, after)


def _other_length(before: Answer, after: Answer) -> str:
    old, new = _length(before), _length(after)
    if old == new:
        return ""
    if new is None and after.name in _JUDGED_ELSEWHERE:
        return ""
    if new is None and after.head is not None:
        kind = "chunked" if transfer_coded(after.head) else "without a length"
        return f"{kind} ({framing(after.head)})"
    return f"a length of {_bytes(new)} in place of {_bytes(old)}"


def _other_bytes(before: Answer, after: Answer) -> str:
    if after.sha256 is None or after.sha256 == before.sha256:
        return ""
    return f"other content ({_bytes(after.size)} in place of {_bytes(before.size)})"


def _length(found: Answer) -> int | None:
    return None if found.head is None else usable_length(found.head)


def _bytes(count: int | None) -> str:
    return "no length" if count is None else f"{count:,} bytes"


def _type(found: Answer) -> str:
    stated = values(found.head, "Content-Type") if found.head else ()
    return quoted(stated[0].partition(";")[0].strip().lower()) if stated else ""


def _told(probes: tuple[Probe, ...], differences: Iterable[tuple[ProbeName, str]]) -> str:
    """Each difference once, with how many of several requests of a kind showed it."""
    total = Counter(probe.name for probe in probes)
    told = [
        f"{name.value}{f' ({count} of {total[name]} times)' if total[name] > 1 else ''}: {what}"
        for (name, what), count in Counter(differences).items()
    ]
    return listed(told)


CHECKS: tuple[Check, ...] = (
    Check(name="stable", target=TargetKind.MEDIA, run=stable, reports=frozenset({"problem"})),
)
"""What this module offers to rule files."""
