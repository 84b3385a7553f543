"""Whether the same file comes back however, from wherever and however often it is asked for, and in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from mmscheck.base.http import REFUSALS, WEB_PAGES
from mmscheck.base.text import LONGEST_SENTENCE, enumerated, listed, quoted
from mmscheck.checks.evidence import (
    FileAnswer,
    answer_to,
    answers_evidence,
    content_coded,
    first_answer,
    framing_lines,
    header_values,
    transfer_coded,
    unanswered,
    unsampled,
    usable_length,
)
from mmscheck.checks.reach import MEANING
from mmscheck.model.check import Check, MediaTarget, NoParams, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.observation import Fetched, NotFetched, Probe, ProbeName, Timing
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
    seen: dict[str, Any] = {"answers": answers_evidence(observation)}
    differences = tuple(_differences(observation))
    if differences:
        return failed(seen, problem=_told(observation.probes, differences))
    unknown = [_named(probe) for probe in observation.probes if _is_undecided(probe)]
    if unknown:
        return cant_tell(f"no answer to compare {enumerated(unknown)}", **seen)
    if passed_over := [probe for probe in observation.probes if probe.sampled]:
        return unsampled(passed_over[0], seen)
    compared = [probe.name.value for probe in observation.probes if probe.sha256 is not None]
    if not compared:
        return inapplicable("no whole file was asked for again (--deep does)", **seen)
    return passed(compared=compared, **seen)


def _refused(observation: NotFetched) -> Result:
    """A server that refuses only what says who it is has a wall in front of it."""
    let_in = [probe.name.value for probe in observation.probes if answer_to(probe).head is not None]
    if not let_in:
        return unanswered(observation)
    final = observation.final
    walled = final is not None and final.status in REFUSALS
    why = ": a wall lets in browsers only" if walled else ""
    problem = f"{first_answer(observation).problem} at first, but a file {enumerated(let_in)}{why}"
    return failed({"answers": answers_evidence(observation)}, problem=quoted(problem, LONGEST_SENTENCE))


def _is_undecided(probe: Probe) -> bool:
    return probe.reason is not None and MEANING[probe.reason] is not Outcome.FAILED


def _named(probe: Probe) -> str:
    return f"{probe.name.value} ({answer_to(probe).problem})"


def _differences(observation: Fetched) -> Iterable[tuple[ProbeName, str]]:
    """(probe, what is different) for every probe that was answered otherwise than the first request."""
    before = first_answer(observation)
    for probe in observation.probes:
        if probe.skipped or _is_undecided(probe):
            continue
        problem = _difference(before, answer_to(probe), probe.name)
        if problem:
            yield probe.name, problem


def _difference(before: FileAnswer, after: FileAnswer, name: ProbeName) -> str:
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
        return "" if name is ProbeName.GZIP else f"compressed ({framing_lines(after.head)})"
    return _other_length(before, after) or _other_bytes(before, after)


def _other_length(before: FileAnswer, after: FileAnswer) -> str:
    old, new = _length(before), _length(after)
    if old == new:
        return ""
    if new is None and after.name in _JUDGED_ELSEWHERE:
        return ""
    if new is None and after.head is not None:
        kind = "chunked" if transfer_coded(after.head) else "without a length"
        return f"{kind} ({framing_lines(after.head)})"
    return f"a length of {_bytes(new)} in place of {_bytes(old)}"


def _other_bytes(before: FileAnswer, after: FileAnswer) -> str:
    if after.sha256 is None or after.sha256 == before.sha256:
        return ""
    return f"other content ({_bytes(after.size)} in place of {_bytes(before.size)})"


def _length(found: FileAnswer) -> int | None:
    return None if found.head is None else usable_length(found.head)


def _bytes(count: int | None) -> str:
    return "no length" if count is None else f"{count:,} bytes"


def _type(found: FileAnswer) -> str:
    stated = header_values(found.head, "Content-Type") if found.head else ()
    return quoted(stated[0].partition(";")[0].strip().lower()) if stated else ""


def _told(probes: tuple[Probe, ...], differences: Iterable[tuple[ProbeName, str]]) -> str:
    """Each difference once, with how many of several requests of a kind showed it."""
    total = Counter(probe.name for probe in probes)
    told = [
        f"{name.value}{f' ({count} of {total[name]} times)' if total[name] > 1 else ''}: {what}"
        for (name, what), count in Counter(differences).items()
    ]
    return listed(told)


class ResponseTime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds from the start of an attempt, redirects included, to the first byte and to the whole file."""

    first_byte: float
    total: float


def response_time(target: MediaTarget, params: ResponseTime) -> Result:
    """First byte and whole file came in time; what never came whole may still be known to be too late."""
    observation = target.observation
    if isinstance(observation, Fetched) and not observation.hops:
        return inapplicable("the file was not fetched")
    measured = observation.timing_ms
    if measured is None or measured.first_byte is None:
        return unanswered(observation)
    seen = {
        "first_byte_ms": measured.first_byte,
        "total_ms": measured.total,
        "whole": isinstance(observation, Fetched),
        "limits_s": {"first_byte": params.first_byte, "total": params.total},
    }
    late = _late(measured, params, whole=isinstance(observation, Fetched))
    if late:
        return failed(seen, problem="; ".join(late))
    return passed(**seen) if isinstance(observation, Fetched) else unanswered(observation)


def _late(measured: Timing, params: ResponseTime, *, whole: bool) -> list[str]:
    problems = []
    first_answer, total = (measured.first_byte or 0) / 1000, measured.total / 1000
    if first_answer > params.first_byte:
        problems.append(f"the first byte came after {first_answer:.1f} s, more than {params.first_byte:g} s")
    if total > params.total:
        what = "the whole file came after" if whole else "it had not come whole after"
        problems.append(f"{what} {total:.1f} s, more than {params.total:g} s")
    return problems


CHECKS: tuple[Check, ...] = (
    Check(name="stable", target=TargetKind.MEDIA, run=stable, reports=frozenset({"problem"})),
    Check(
        name="response-time",
        target=TargetKind.MEDIA,
        run=response_time,
        params=ResponseTime,
        reports=frozenset({"problem"}),
    ),
)
"""Every check of the family."""
