"""What the Content-Type header says by itself, whatever the bytes are."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mmscheck.checks.answers import probed
from mmscheck.checks.media_types import ALIASES, essence, is_well_formed
from mmscheck.checks.observed import answer, seen, unanswered, values
from mmscheck.checks.showing import both
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
from mmscheck.model.observation import Hop, Observation
from mmscheck.model.words import Owner, TargetKind

_NAME = "Content-Type"


COMES_AND_GOES = (
    "Let the application name the type in every answer. A server that guesses it where none is named does so"
    " only when it has the first bytes in time (Go's net/http, and so Caddy in front of one), and nodes that"
    " are set up differently answer differently: ask several times with curl, and look at each node."
)
"""What helps where one answer has a type and another has none."""


class SpecificParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``generic``: types that say nothing about a file; wildcards count without being listed."""

    generic: tuple[str, ...]


def declared_type(hop: Hop) -> str | None:
    """The one type that all Content-Type lines agree on, lower case and without parameters.

    None when there is no line, when one of them names no type, or when they differ.
    """
    found = {essence(value) for value in values(hop, _NAME)}
    return found.pop() if len(found) == 1 else None


def is_generic(name: str, generic: tuple[str, ...]) -> bool:
    """Whether a type is on the list, or is a wildcard."""
    return "*" in name or name in generic


def present(target: MediaTarget, _params: NoParams) -> Result:
    """The header is there and is not empty, each time the file was asked for.

    A server that guesses the type when the application names none (Go's, and so Caddy in front of one) has
    it in one answer and not in the next: nobody knows which the provider gets.
    """
    hop = answer(target.observation)
    if hop is None:
        return unanswered(target.observation)
    if not any(values(hop, _NAME)):
        without = f"a type in {_NAME} ({seen(hop, _NAME)})" if values(hop, _NAME) else _NAME
        return failed(seen=seen(hop, _NAME), without=without)
    again = [name for name, other in _again(target.observation) if not any(values(other, _NAME))]
    if again:
        how = both(list(dict.fromkeys(again)))
        without = f"{_NAME} when asked again ({how}); at first it sent {seen(hop, _NAME)}"
        return advising(failed(seen=seen(hop, _NAME), without=without), COMES_AND_GOES, Owner.HOSTING)
    return passed(content_type=seen(hop, _NAME))


def _again(observation: Observation) -> Iterator[tuple[str, Hop]]:
    """(how it was asked for, the head of the answer) for every further answer with the file."""
    for probe in observation.probes:
        found = probed(probe)
        if found.head is not None and found.reason is None:
            yield found.name, found.head


def valid(target: MediaTarget, _params: NoParams) -> Result:
    """The header stands once and is one media type by the grammar."""
    hop = answer(target.observation)
    if hop is None:
        return unanswered(target.observation)
    lines = values(hop, _NAME)
    if not lines:
        return inapplicable("there is no Content-Type")
    if len(lines) > 1:
        return failed(problem=f"the header stands {len(lines)} times", seen=seen(hop, _NAME))
    if not is_well_formed(lines[0]):
        return failed(problem="it is not one well-formed type/subtype", seen=seen(hop, _NAME))
    return passed(content_type=seen(hop, _NAME))


def specific(target: MediaTarget, params: SpecificParams) -> Result:
    """The header names one type that says what the file is, each time the file was asked for.

    No header, no type in it, or two types in two headers say nothing either: this rule guards the gate
    when ``content-type-present`` and ``content-type-valid`` are waived.
    """
    hop = answer(target.observation)
    if hop is None:
        return unanswered(target.observation)
    name = declared_type(hop)
    if name is None or is_generic(name, params.generic):
        return failed({"declared": name}, seen=seen(hop, _NAME))
    for how, other in _again(target.observation):
        if (later := declared_type(other)) is not None and is_generic(later, params.generic):
            told = f"{seen(other, _NAME)} when asked again ({how}); {seen(hop, _NAME)} at first"
            return advising(failed({"declared": later}, seen=told), COMES_AND_GOES, Owner.HOSTING)
    return passed(declared=name)


def registered(target: MediaTarget, _params: NoParams) -> Result:
    """The header uses the name that is registered, or that everybody uses where none is."""
    hop = answer(target.observation)
    if hop is None:
        return unanswered(target.observation)
    name = declared_type(hop)
    if name is None:
        return inapplicable("Content-Type names no one type")
    if name in ALIASES:
        return failed(seen=seen(hop, _NAME), wanted=ALIASES[name])
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
"""The checks of the header alone."""
