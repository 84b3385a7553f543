"""The type of the bytes: known, what the header says, what the slide element holds, what is accepted.

Only the bytes themselves are taken as proof of their type. The URL's extension may name a type when
nothing else can, but then every rule that needs to know it for sure could not tell.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mmscheck.base.http import WEB_PAGES
from mmscheck.base.text import LONGEST_SENTENCE, quoted
from mmscheck.checks.content_type import SpecificParams, comes_and_goes, declared_type, is_generic
from mmscheck.checks.evidence import (
    explanation,
    file_head,
    header_lines,
    is_medium,
    later_answers,
    shown_type,
    unanswered,
)
from mmscheck.checks.media_types import NO_TYPES, canonical, kinds, same_type
from mmscheck.model.check import (
    Check,
    MediaTarget,
    NoParams,
    Result,
    advising,
    broken,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.observation import Fetched, Hop, Observation, Sniffed
from mmscheck.model.words import Because, MediaKind, Owner, TargetKind


class AcceptedParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The media types the provider lists for each slide element.

    ``enabled`` are those that it takes where the account has them, ``unseen`` the kinds whose list was not to
    be seen, so that other types are not certainly refused.
    """

    image: tuple[str, ...]
    audio: tuple[str, ...]
    video: tuple[str, ...]
    vcard: tuple[str, ...]
    ical: tuple[str, ...]
    pdf: tuple[str, ...]
    passbook: tuple[str, ...]
    enabled: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    def of(self, kind: MediaKind) -> tuple[str, ...]:
        """The list for one kind."""
        types: tuple[str, ...] = getattr(self, kind.value)
        return types


def proven_type(observation: Observation) -> str | Result:
    """The type that the bytes themselves showed, or the cant-tell that says why there is none."""
    if not isinstance(observation, Fetched):
        return cant_tell(f"the file is not there to be looked at: {explanation(observation)}")
    sniffed = observation.sniffed
    if sniffed.problem is not None:
        return unseen(sniffed)
    if (packed := _packed(observation)) is not None:
        why = f"the bytes are compressed ({packed}), and the type is that of what is in them"
        return cant_tell(why, Because.COMPRESSED)
    if sniffed.type is None:
        return cant_tell("the type of the bytes is not known", Because.UNKNOWN_TYPE)
    shown = shown_type(sniffed)
    if shown is None:
        why = f"the bytes do not show their type; {sniffed.witness} alone suggests {sniffed.type}"
        return cant_tell(why, Because.UNPROVEN_TYPE)
    return shown


def _packed(observation: Fetched) -> str | None:
    """The line that says how the bytes were coded, where they are no medium as they came.

    A type is that of the file without content codings (RFC 9110, section 8.3).
    """
    hop = file_head(observation)
    if hop is None or not hop.framing.content_codings or is_medium(observation):
        return None
    return header_lines(hop, "Content-Encoding")


def unseen(sniffed: Sniffed, **evidence: Any) -> Result:
    """Could not tell, because the bytes could not be looked at."""
    problem = quoted(sniffed.problem or "", LONGEST_SENTENCE)
    if sniffed.fault:
        return broken(problem, sniffed.fault)
    because = sniffed.lost or Because.NOT_LOOKED_AT
    return cant_tell(f"the bytes could not be looked at: {problem}", because, **evidence)


def known(target: MediaTarget, _params: NoParams) -> Result:
    """Some witness determined the type; the evidence says which, and what each of them said."""
    observation = target.observation
    if not isinstance(observation, Fetched):
        return cant_tell(f"the file is not there to be looked at: {explanation(observation)}")
    sniffed = observation.sniffed
    evidence = {
        "decided_by": sniffed.witness,
        "witnesses": [msgspec.to_builtins(witness) for witness in sniffed.witnesses],
    }
    if sniffed.problem is not None:
        return unseen(sniffed, **evidence)
    if sniffed.type is None or sniffed.type in NO_TYPES:
        nobody = "nobody, as the file is empty" if observation.size == 0 else "nobody"
        asked = ", ".join(witness.name for witness in sniffed.witnesses)
        return failed(evidence, asked=asked or nobody)
    return passed(type=sniffed.type, shown_by_bytes=shown_type(sniffed) is not None, **evidence)


def matches(target: MediaTarget, params: SpecificParams) -> Result:
    """The header and the bytes name the same type.

    A header that is missing, names no type or is generic has nothing to compare; this does not let it
    through, because ``content-type-specific`` cannot be waived.
    """
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    declared = declared_type(hop)
    if declared is None or is_generic(declared, params.generic):
        return inapplicable("Content-Type names no specific type")
    actual = proven_type(target.observation)
    if isinstance(actual, Result):
        return actual
    if not same_type(declared, actual):
        differing = failed(
            {"declared": declared}, seen=header_lines(hop, "Content-Type"), actual=quoted(actual)
        )
        return _untyped(differing, actual) if declared in WEB_PAGES and kinds(actual) else differing
    return _another_later(target.observation, actual, params) or passed(declared=declared, actual=actual)


def _another_later(observation: Observation, actual: str, params: SpecificParams) -> Result | None:
    """The failure of a further answer that gives the same bytes another type; None where none does.

    A type that is missing or generic is a matter of ``content-type-specific``.
    """
    for found in later_answers(observation):
        then = declared_type(found.head)
        if then is None or is_generic(then, params.generic):
            continue
        if found.same and not same_type(then, actual):
            shown = f"{header_lines(found.head, 'Content-Type')} {found.when}"
            return comes_and_goes(failed({"declared": then}, seen=shown, actual=quoted(actual)))
    return None


def _untyped(result: Result, actual: str) -> Result:
    """A medium that is called a page: what is served when whatever makes the answer names no type."""
    fix = (
        f"State the type where the answer is made: Content-Type: {canonical(actual)}. text/html is what PHP"
        " and many frameworks say by themselves when a handler returns bytes and names no type."
    )
    return advising(result, fix, Owner.HOSTING)


def kind_matches(target: MediaTarget, _params: NoParams) -> Result:
    """The bytes are of the kind that the slide element is for."""
    if target.ref.is_alone:
        return inapplicable("no slide element holds it")
    actual = proven_type(target.observation)
    if isinstance(actual, Result):
        return actual
    wanted, possible = target.ref.kind, kinds(actual)
    if wanted not in possible:
        return failed(actual=quoted(actual))
    if len(possible) > 1 and canonical(actual).partition("/")[0] != wanted.value:
        if _tracks_seen(target.observation):
            return failed(actual=quoted(actual))
        return cant_tell(f"{actual} is a container that may hold sound or moving pictures", actual=actual)
    return passed(actual=actual)


def _tracks_seen(observation: Observation) -> bool:
    """Whether somebody opened the container, so that its type says what is inside."""
    return isinstance(observation, Fetched) and any(
        witness.name == "ffmpeg" and witness.type for witness in observation.sniffed.witnesses
    )


def accepted(target: MediaTarget, params: AcceptedParams) -> Result:
    """The type of the bytes is on the provider's list for this slide element."""
    actual = proven_type(target.observation)
    if isinstance(actual, Result):
        return actual
    listed = params.of(target.ref.kind)
    if canonical(actual) not in {canonical(name) for name in listed}:
        if canonical(actual) in {canonical(name) for name in params.enabled}:
            return cant_tell(
                f"it is {quoted(actual)}, which the provider takes where the account has it enabled"
            )
        if target.ref.kind.value in params.unseen:
            kind = target.ref.kind.value
            return cant_tell(
                f"it is {quoted(actual)}, and the provider's list for {kind} is not known to the end"
            )
        return failed(actual=quoted(actual), accepted=", ".join(listed))
    return passed(actual=actual)


def not_web_page(target: MediaTarget, _params: NoParams) -> Result:
    """Neither the header nor the bytes say that this is a page for people; bytes of a medium are none."""
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    if (page := _page(hop, target.observation)) is not None:
        return failed(seen=page)
    if not isinstance(target.observation, Fetched):
        return cant_tell(f"the file is not there to be looked at: {explanation(target.observation)}")
    sniffed = target.observation.sniffed
    return passed(type=sniffed.type) if sniffed.problem is None else unseen(sniffed)


def _page(hop: Hop, observation: Observation) -> str | None:
    """What shows a page; None where nothing does, or where the bytes are a medium."""
    if is_medium(observation):
        return None
    if declared_type(hop) in WEB_PAGES:
        return header_lines(hop, "Content-Type")
    if isinstance(observation, Fetched) and (
        observation.sniffed.web_page or observation.sniffed.type in WEB_PAGES
    ):
        return f"bytes that are HTML, with {header_lines(hop, 'Content-Type')}"
    return None


CHECKS: tuple[Check, ...] = (
    Check(name="media-type-known", target=TargetKind.MEDIA, run=known, reports=frozenset({"asked"})),
    Check(
        name="content-type-matches",
        target=TargetKind.MEDIA,
        run=matches,
        params=SpecificParams,
        reports=frozenset({"seen", "actual"}),
    ),
    Check(
        name="media-kind-matches", target=TargetKind.MEDIA, run=kind_matches, reports=frozenset({"actual"})
    ),
    Check(
        name="media-type-accepted",
        target=TargetKind.MEDIA,
        run=accepted,
        params=AcceptedParams,
        reports=frozenset({"actual", "accepted"}),
    ),
    Check(name="not-a-web-page", target=TargetKind.MEDIA, run=not_web_page, reports=frozenset({"seen"})),
)
"""Every check of the family."""
