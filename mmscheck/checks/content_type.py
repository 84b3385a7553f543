"""What the Content-Type header says by itself, whatever the bytes are."""

from __future__ import annotations

import msgspec

from mmscheck.checks.evidence import file_head, header_lines, header_values, later_answers, unanswered
from mmscheck.checks.media_types import ALIASES, essence, is_well_formed
from mmscheck.model.check import (
    Check,
    MediaTarget,
    NoParams,
    Result,
    advising,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.observation import Hop
from mmscheck.model.words import Owner, TargetKind

_NAME = "Content-Type"


class SpecificParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``generic``: types that say nothing about a file; wildcards count without being listed."""

    generic: tuple[str, ...]


def declared_type(hop: Hop) -> str | None:
    """The one type that all Content-Type lines agree on, lower case and without parameters.

    None when there is no line, when one of them names no type, or when they differ.
    """
    found = {essence(value) for value in header_values(hop, _NAME)}
    return found.pop() if len(found) == 1 else None


def is_generic(name: str, generic: tuple[str, ...]) -> bool:
    """Whether a type is on the list, or is a wildcard."""
    return "*" in name or name in generic


def comes_and_goes(result: Result) -> Result:
    """The failure of an answer other than the first, with what helps there."""
    return advising(result, _ALWAYS, Owner.HOSTING)


_ALWAYS = (
    "State the type where the answer is made, in every answer, and give every node behind this host the same"
    " table of types. Caddy and other servers written in Go guess the type from the first bytes that they"
    " happen to hold when the application states none, so that one answer has it and the next has not."
)


def present(target: MediaTarget, _params: NoParams) -> Result:
    """The header is there and is not empty."""
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    if not any(header_values(hop, _NAME)):
        return failed(seen=header_lines(hop, _NAME), without=_without(hop))
    for found in later_answers(target.observation):
        if not any(header_values(found.head, _NAME)):
            without = f"{_without(found.head)} {found.when}"
            return comes_and_goes(failed(seen=header_lines(found.head, _NAME), without=without))
    return passed(content_type=header_lines(hop, _NAME))


def _without(hop: Hop) -> str:
    return f"a type in {_NAME} ({header_lines(hop, _NAME)})" if header_values(hop, _NAME) else _NAME


def valid(target: MediaTarget, _params: NoParams) -> Result:
    """The header stands once and is one media type by the grammar."""
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    lines = header_values(hop, _NAME)
    if not lines:
        return inapplicable("there is no Content-Type")
    if len(lines) > 1:
        return failed(problem=f"the header stands {len(lines)} times", seen=header_lines(hop, _NAME))
    if not is_well_formed(lines[0]):
        return failed(problem="it is not one well-formed type/subtype", seen=header_lines(hop, _NAME))
    return passed(content_type=header_lines(hop, _NAME))


def specific(target: MediaTarget, params: SpecificParams) -> Result:
    """The header names one type that says what the file is.

    No header, no type in it, or two types in two headers say nothing either: this rule guards the gate
    when ``content-type-present`` and ``content-type-valid`` are waived.
    """
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    name = declared_type(hop)
    if _says_nothing(name, params):
        return failed({"declared": name}, seen=header_lines(hop, _NAME))
    for found in later_answers(target.observation):
        if _says_nothing(then := declared_type(found.head), params):
            return comes_and_goes(
                failed({"declared": then}, seen=f"{header_lines(found.head, _NAME)} {found.when}")
            )
    return passed(declared=name)


def _says_nothing(name: str | None, params: SpecificParams) -> bool:
    return name is None or is_generic(name, params.generic)


def registered(target: MediaTarget, _params: NoParams) -> Result:
    """The header uses the name that is registered, or that everybody uses where none is."""
    hop = file_head(target.observation)
    if hop is None:
        return unanswered(target.observation)
    name = declared_type(hop)
    if name is None:
        return inapplicable("Content-Type names no one type")
    if name in ALIASES:
        return failed(seen=header_lines(hop, _NAME), wanted=ALIASES[name])
    return passed(declared=name)


CHECKS: tuple[Check, ...] = (
    Check(
        name="content-type-present",
        target=TargetKind.MEDIA,
        run=present,
        reports=frozenset({"seen", "without"}),
    ),
    Check(
        name="content-type-valid", target=TargetKind.MEDIA, run=valid, reports=frozenset({"problem", "seen"})
    ),
    Check(
        name="content-type-specific",
        target=TargetKind.MEDIA,
        run=specific,
        params=SpecificParams,
        reports=frozenset({"seen"}),
    ),
    Check(
        name="content-type-registered",
        target=TargetKind.MEDIA,
        run=registered,
        reports=frozenset({"seen", "wanted"}),
    ),
)
"""Every check of the family."""
