"""What further requests for the same file showed: gzip accepted, past the cache, in other ways, again."""

from __future__ import annotations

from mmscheck.checks import stable, timing
from mmscheck.checks.answers import (
    Answer,
    compressed,
    content_coded,
    evidence,
    first,
    framing,
    probed,
    probes,
    usable_length,
)
from mmscheck.checks.observed import answer, explanation, printable, unanswered
from mmscheck.model.caching import CacheState, Caching, by_luck, caching
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

CLIFF = 64 * 1024
"""Bytes up to which Apache's mod_deflate keeps a length (measured on 2.4.71; others have such a size too)."""


def length_under_gzip(target: MediaTarget, _params: NoParams) -> Result:
    """The length is stated, and nothing is chunked, also for a client that accepts gzip."""
    observation = target.observation
    if not isinstance(observation, Fetched):
        return unanswered(observation)
    asked = probes(observation, ProbeName.GZIP)
    if not asked:
        return cant_tell("it was not asked for with gzip accepted", Because.NOT_ASKED)
    found = probed(asked[0])
    seen = {"answers": evidence(observation), "larger_than_64_kib": observation.size > CLIFF}
    if found.head is None:
        why = f"the request that accepted gzip got no file: {found.problem}"
        return cant_tell(why, Because.OTHER_ANSWER, **seen)
    if problem := _untrue_under_gzip(found.head, observation):
        size = _size_words(observation.size, problem)
        result = failed(seen, seen=framing(found.head), size=size, problem=problem)
        return advising(result, _UNSPOILED, Owner.HOSTING) if problem == _BREAKS_OFF else result
    if found.reason is not None:
        why = f"the answer to a request that accepts gzip is at fault: {found.problem}"
        return cant_tell(why, Because.OTHER_ANSWER, **seen)
    return passed(length=usable_length(found.head), **seen)


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


def _untrue_under_gzip(head: Hop, observation: Fetched) -> str:
    """What is wrong with the length; empty when nothing is.

    Where the first answer is coded too, the file is stored so, and the length is that of what is stored.
    """
    length = usable_length(head)
    if length is None:
        return _WITHOUT
    plain = answer(observation)
    coded_anew = compressed(head) and plain is not None and not content_coded(plain)
    return _BREAKS_OFF if coded_anew and length == observation.size else ""


def plain_under_gzip(target: MediaTarget, _params: NoParams) -> Result:
    """No content coding is used for a client that accepts gzip either.

    A stated length is then that of the compressed bytes, so ``length-under-gzip`` alone would call it fine.
    """
    observation = target.observation
    if not isinstance(observation, Fetched):
        return unanswered(observation)
    asked = probes(observation, ProbeName.GZIP)
    if not asked:
        return cant_tell("it was not asked for with gzip accepted", Because.NOT_ASKED)
    found = probed(asked[0])
    seen = {"answers": evidence(observation)}
    if found.head is None:
        why = f"the request that accepted gzip got no file: {found.problem}"
        return cant_tell(why, Because.OTHER_ANSWER, **seen)
    if content_coded(found.head):
        return failed(seen, seen=framing(found.head))
    if found.reason is not None:
        why = f"the answer to a request that accepts gzip is at fault: {found.problem}"
        return cant_tell(why, Because.OTHER_ANSWER, **seen)
    return passed(**seen)


def _size_words(size: int, problem: str) -> str:
    above = "; some servers do so only above 64 KiB, so that small files prove nothing"
    return f"{size:,} bytes{above if size > CLIFF and problem == _WITHOUT else ''}"


def length_when_cold(target: MediaTarget, _params: NoParams) -> Result:
    """The length is stated also when the file comes from its origin and not out of a cache."""
    observation = target.observation
    head = answer(observation)
    if head is None:
        return unanswered(observation)
    found = caching(head)
    if found.state is CacheState.NONE:
        return inapplicable("nothing in the answer speaks of a cache")
    if found.state is not CacheState.MISS:
        return _past_the_cache(observation, found)
    where = f"in the first answer, which {_words(found)}"
    once = _judged(observation, first(observation), where, proven=True)
    if once.outcome is not Outcome.PASSED or not by_luck(head):
        return once
    return _past_the_cache(observation, found)


def _past_the_cache(observation: Observation, kept: Caching) -> Result:
    asked = probes(observation, ProbeName.COLD)
    if not asked:
        return _not_asked(observation, kept)
    results = [_cold(observation, kept, probed(each)) for each in asked]
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


def _cold(observation: Observation, kept: Caching, found: Answer) -> Result:
    seen = {"answers": evidence(observation)}
    if found.head is None:
        none = f"the first answer {_words(kept)}, and there is none from past the cache: {found.problem}"
        return cant_tell(f"{none}{_LUCK if kept.state is CacheState.MISS else ''}", **seen)
    second = caching(found.head)
    # Where only the first answer showed that it was kept, the silence of the second one tells as well.
    silent = kept.state is CacheState.HIT and second.state is not CacheState.HIT
    proven = second.state is CacheState.MISS or silent
    where = f"when asked for under a new query (the answer {_words(second)})"
    return _judged(observation, found, where, proven=proven)


_LUCK = (
    "; one answer with a length proves nothing where a cache passes on what comes while it comes, as the"
    " next one may have none"
)
"""Why an answer from the origin does not settle it."""


def _not_asked(observation: Observation, kept: Caching) -> Result:
    """Only a file that came whole is asked for again, and past the cache only where that is allowed."""
    luck = _LUCK if kept.state is CacheState.MISS else ""
    why = f"the first answer {_words(kept)}, and it was not asked for past the cache"
    seen = {"answers": evidence(observation)}
    if not isinstance(observation, Fetched):
        return cant_tell(f"{why}, as the file did not come whole: {explanation(observation)}", **seen)
    result = cant_tell(f"{why}, as with --no-cache-bust{luck}", **seen)
    return advising(result, "Check once without --no-cache-bust.", Owner.SENDER)


def _judged(observation: Observation, found: Answer, where: str, *, proven: bool) -> Result:
    """A length that is missing is missing wherever the answer came from; one that is there proves less."""
    seen = {"answers": evidence(observation)}
    length = None if found.head is None else usable_length(found.head)
    if found.head is not None and length is None:
        return failed({**seen, "judged": where}, where=where, seen=framing(found.head))
    if found.problem:
        return cant_tell(f"a length is stated {where}, but the answer is at fault: {found.problem}", **seen)
    if not proven:
        return cant_tell(f"it states a length {where}, which may not be the origin's", **seen)
    return passed(length=length, judged=where, **seen)


def _words(found: Caching) -> str:
    shown = ", ".join(f"{printable(name)}: {printable(value)}" for name, value in found.lines)
    return f"{found.state.value} ({shown})" if shown else found.state.value


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
    *stable.CHECKS,
    *timing.CHECKS,
)
"""The checks of what further requests showed, and of how long the first took."""
