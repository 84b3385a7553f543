"""Framing that a proxy has passed on is the proxy's: it proves faults at most, and never soundness.

Content-Length, transfer codings and what is odd about lines belong to one connection (RFC 9110, section
7.6.1; RFC 9112). A proxy asked for a plain ``http`` URL reads the answer and writes one of its own; one
that only carries a TLS connection (CONNECT) does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mmscheck.base.http import CLIFF
from mmscheck.base.text import quoted
from mmscheck.checks.evidence import (
    FileAnswer,
    answer_to,
    answers_evidence,
    compressed,
    content_coded,
    explanation,
    file_head,
    first_answer,
    framing_lines,
    probes_named,
    unanswered,
    unsampled,
    usable_length,
)
from mmscheck.model.check import (
    Check,
    MediaTarget,
    NoParams,
    Result,
    advising,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.observation import Fetched, Hop, Observation, ProbeName
from mmscheck.model.words import Because, Outcome, Owner, TargetKind
from mmscheck.servers.caches import CacheState, Caching, by_luck, caching

RELAYED = "the proxy frames what it passes on by itself; what the server sent is not known"


def judged_directly(check: Check) -> Check:
    """The check, passing nothing that came through a proxy which could have changed it."""
    return msgspec.structs.replace(check, run=_distrusting(check.run))


def _distrusting(run: Callable[[Any, Any], Result]) -> Callable[[Any, Any], Result]:
    def judged(target: MediaTarget, params: Any) -> Result:
        result = run(target, params)
        final = target.observation.final
        relayed = final is not None and final.proxy is not None and final.url[:5].lower() == "http:"
        if relayed and result.outcome is Outcome.PASSED:
            return cant_tell(RELAYED, Because.PROXY, **result.evidence)
        return result

    return judged


def length_under_gzip(target: MediaTarget, _params: NoParams) -> Result:
    """The length is stated, and nothing is chunked, also for a client that accepts gzip."""
    observation = target.observation
    size = observation.size if isinstance(observation, Fetched) else 0
    evidence = {"answers": answers_evidence(observation), "larger_than_64_kib": size > CLIFF}
    head = _head_under_gzip(observation, evidence)
    if isinstance(head, Result):
        return head
    if problem := _untrue_under_gzip(head, observation):
        words = _size_words(size, problem)
        result = failed(evidence, seen=framing_lines(head), size=words, problem=problem)
        return advising(result, _UNSPOILED, Owner.HOSTING) if problem == _BREAKS_OFF else result
    return _sound_under_gzip(observation, evidence) or passed(length=usable_length(head), **evidence)


def plain_under_gzip(target: MediaTarget, _params: NoParams) -> Result:
    """No content coding is used for a client that accepts gzip either.

    A stated length is then that of the compressed bytes, so ``length-under-gzip`` alone would call it fine.
    """
    observation = target.observation
    evidence = {"answers": answers_evidence(observation)}
    head = _head_under_gzip(observation, evidence)
    if isinstance(head, Result):
        return head
    if content_coded(head):
        return failed(evidence, seen=framing_lines(head))
    return _sound_under_gzip(observation, evidence) or passed(**evidence)


def _head_under_gzip(observation: Observation, evidence: Mapping[str, Any]) -> Hop | Result:
    """The head of the answer to the request that accepted gzip, or that there is none to judge."""
    if not isinstance(observation, Fetched):
        return unanswered(observation)
    asked = probes_named(observation, ProbeName.GZIP)
    if not asked:
        return cant_tell("it was not asked for with gzip accepted", Because.NOT_ASKED)
    if asked[0].sampled:
        return unsampled(asked[0], evidence)
    answer = answer_to(asked[0])
    if answer.head is None:
        why = f"the request that accepted gzip got no file: {answer.problem}"
        return cant_tell(why, Because.OTHER_ANSWER, **evidence)
    return answer.head


def _sound_under_gzip(observation: Observation, evidence: Mapping[str, Any]) -> Result | None:
    """Could not tell, where the head is fine and the body behind it was at fault; None where nothing was."""
    answer = answer_to(probes_named(observation, ProbeName.GZIP)[0])
    if answer.reason is None:
        return None
    why = f"the answer to a request that accepts gzip is at fault: {answer.problem}"
    return cant_tell(why, Because.OTHER_ANSWER, **evidence)


_WITHOUT = "states no usable Content-Length"
_BREAKS_OFF = (
    "states the length of the plain file and sends compressed bytes, which are fewer, so that the transfer"
    " breaks off"
)
"""What a script does that states the size of a file and has its output compressed afterwards."""


_UNSPOILED = (
    "Let nothing compress the file after its length was stated: in PHP switch zlib.output_compression off for"
    " this script and use no ob_gzhandler; elsewhere leave the media path out of what compresses. Pictures,"
    " sounds and films gain nothing by it."
)


def _untrue_under_gzip(head: Hop, observation: Observation) -> str:
    """What is wrong with the length; empty when nothing is.

    Where the first answer is coded too, the file is stored so, and the length is that of what is stored.
    """
    length = usable_length(head)
    if length is None:
        return _WITHOUT
    plain = file_head(observation)
    coded_anew = compressed(head) and plain is not None and not content_coded(plain)
    whole = isinstance(observation, Fetched) and length == observation.size
    return _BREAKS_OFF if coded_anew and whole else ""


def _size_words(size: int, problem: str) -> str:
    above = "; some servers do so only above 64 KiB, so that small files prove nothing"
    return f"{size:,} bytes{above if size > CLIFF and problem == _WITHOUT else ''}"


def length_when_cold(target: MediaTarget, _params: NoParams) -> Result:
    """The length is stated also when the file comes from its origin and not out of a cache."""
    observation = target.observation
    head = file_head(observation)
    if head is None:
        return unanswered(observation)
    cache = caching(head)
    if cache.state is CacheState.NONE:
        return inapplicable("nothing in the answer speaks of a cache")
    if cache.state is not CacheState.MISS:
        return _past_the_cache(observation, cache)
    where = f"in the first answer, which {_words(cache)}"
    once = _judged(observation, first_answer(observation), where, proven=True)
    if once.outcome is not Outcome.PASSED or not by_luck(head):
        return once
    return _past_the_cache(observation, cache)


def _past_the_cache(observation: Observation, kept: Caching) -> Result:
    asked = probes_named(observation, ProbeName.COLD)
    if not asked:
        return _not_asked(observation, kept)
    if asked[0].sampled:
        return unsampled(asked[0], {"answers": answers_evidence(observation)})
    results = [_cold(observation, kept, answer_to(each)) for each in asked]
    # One answer without a length is one that the provider may get.
    return next(
        (
            result
            for outcome in (Outcome.FAILED, Outcome.CANT_TELL)
            for result in results
            if result.outcome is outcome
        ),
        results[0],
    )


def _cold(observation: Observation, kept: Caching, answer: FileAnswer) -> Result:
    evidence = {"answers": answers_evidence(observation)}
    if answer.head is None:
        none = f"the first answer {_words(kept)}, and there is none from past the cache: {answer.problem}"
        return cant_tell(f"{none}{_LUCK if kept.state is CacheState.MISS else ''}", **evidence)
    second = caching(answer.head)
    # Where only the first answer showed that it was kept, the silence of the second one tells as well.
    silent = kept.state is CacheState.HIT and second.state is not CacheState.HIT
    proven = second.state is CacheState.MISS or silent
    where = f"when asked for under a new query (the answer {_words(second)})"
    return _judged(observation, answer, where, proven=proven)


_LUCK = (
    "; one answer with a length proves nothing where a cache passes on what comes while it comes, as the"
    " next one may have none"
)
"""Why an answer from the origin does not settle it."""


def _not_asked(observation: Observation, kept: Caching) -> Result:
    """Only a file that came whole is asked for again, and past the cache only where that is allowed."""
    luck = _LUCK if kept.state is CacheState.MISS else ""
    why = f"the first answer {_words(kept)}, and it was not asked for past the cache"
    evidence = {"answers": answers_evidence(observation)}
    if not isinstance(observation, Fetched):
        return cant_tell(f"{why}, as the file did not come whole: {explanation(observation)}", **evidence)
    result = cant_tell(f"{why}, as with --no-cache-bust{luck}", **evidence)
    return advising(result, "Check once without --no-cache-bust.", Owner.SENDER)


def _judged(observation: Observation, answer: FileAnswer, where: str, *, proven: bool) -> Result:
    """A length that is missing is missing wherever the answer came from; one that is there proves less."""
    evidence = {"answers": answers_evidence(observation)}
    length = None if answer.head is None else usable_length(answer.head)
    if answer.head is not None and length is None:
        return failed({**evidence, "judged": where}, where=where, seen=framing_lines(answer.head))
    if answer.problem:
        return cant_tell(
            f"a length is stated {where}, but the answer is at fault: {answer.problem}", **evidence
        )
    if not proven:
        return cant_tell(f"it states a length {where}, which may not be the origin's", **evidence)
    return passed(length=length, judged=where, **evidence)


def _words(cache: Caching) -> str:
    lines = ", ".join(f"{quoted(name)}: {quoted(value)}" for name, value in cache.lines)
    return f"{cache.state.value} ({lines})" if lines else cache.state.value


CHECKS: tuple[Check, ...] = (
    Check(
        name="length-under-gzip",
        target=TargetKind.MEDIA,
        run=length_under_gzip,
        reports=frozenset({"seen", "size", "problem"}),
    ),
    Check(
        name="plain-under-gzip",
        target=TargetKind.MEDIA,
        run=plain_under_gzip,
        reports=frozenset({"seen"}),
    ),
    Check(
        name="length-when-cold",
        target=TargetKind.MEDIA,
        run=length_when_cold,
        reports=frozenset({"where", "seen"}),
    ),
)
"""Every check of the family."""
