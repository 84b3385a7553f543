"""What a check is: a pure function from a target and what was observed to an outcome.

A check never does I/O and never decides severity or wording; the rule does. It states its parameter
type, the placeholders it reports to the rule's wording, and the kind of target it looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mmscheck.model.effective import Effective
from mmscheck.model.ledger import NumberStanding
from mmscheck.model.mms import MediaRef, Mms, Slide
from mmscheck.model.observation import Observation
from mmscheck.model.provider import Provider
from mmscheck.model.request import Changes, SendRequest, SendWindow
from mmscheck.model.vocabulary import NOTHING, Vocabulary
from mmscheck.model.words import Because, Outcome, Owner, SenderType, TargetKind


class MessageTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The whole message: as stored, as it would be sent, and what came back for its URLs.

    ``columns`` names what the rows of a file have merge data for, also where this one's is empty; None where
    there is no file. ``beside`` are texts of the send that may hold merge tags as well, each with what it is,
    and ``window`` is when it is planned. ``provider`` is the other provider that the message is for, and
    ``sender`` the kind of number it is sent from, if told. ``vocabulary`` is what texts are held against,
    ``links`` what came for links in them, None where none was asked for.
    """

    message: Mms
    effective: Effective
    changes: Changes
    observations: Mapping[str, Observation]
    columns: tuple[str, ...] | None = None
    beside: tuple[tuple[str, str], ...] = ()
    window: SendWindow | None = None
    provider: Provider | None = None
    sender: SenderType | None = None
    vocabulary: Vocabulary = NOTHING
    links: Mapping[str, Observation] | None = None


class SlideTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One slide and its text as it would be sent."""

    message: Mms
    slide: Slide
    text: str


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of an mms-id: the content it was bound to and whether it is ready.

    ``state`` is a value of ``MmsState``: ``saved`` where nobody has said anything of its encoding;
    ``content`` is the digest bound at the save, None when nobody bound the id. ``media`` pairs redacted URLs
    with the ``sha256:`` digests that their files had then; ``ledger`` is which one was asked. ``account`` is
    the one at which the id is to be used, and ``elsewhere`` are those at which it is bound
    where it is not bound at that one; None is a place that nobody noted.
    """

    mms_id: str
    content: str | None
    state: str
    media: tuple[tuple[str, str], ...] = ()
    ledger: str = ""
    account: str | None = None
    elsewhere: tuple[str | None, ...] = ()


class MediaTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One media reference and what came back for its URL; ``window`` is when the send is planned.

    ``binding`` is what the ledger knows of the mms-id at hand, None when no ledger is in use. ``page`` is
    what the URL is known to lead to in place of a file, with what helps; both empty where that is not known.
    ``provider`` is the other provider that the message is for.
    """

    ref: MediaRef
    observation: Observation
    page: tuple[str, str] = ("", "")
    window: SendWindow | None = None
    binding: Binding | None = None
    provider: Provider | None = None


class RequestTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The send at hand; ``binding`` is None when no ledger is in use.

    ``first`` is whether it is the first message to its number, None where no ledger tells. ``standing`` is
    why the number is not texted, None where that is decided elsewhere. ``vocabulary`` is what texts are held
    against.
    """

    request: SendRequest
    message: Mms
    binding: Binding | None = None
    first: bool | None = None
    standing: NumberStanding | None = None
    vocabulary: Vocabulary = NOTHING


Target = MessageTarget | SlideTarget | MediaTarget | RequestTarget
"""What a check is given."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A check's answer.

    ``wording`` fills the placeholders of the rule's text and must hold every name the check reports
    when the outcome is ``failed``; ``reason`` says why it could not tell or does not apply;
    ``evidence`` is what was seen, as JSON values. ``fix`` and ``owner`` stand in place of the rule's own
    where what helps, and who can do it, hangs on what was found. ``said`` is the whole message where the
    rule's title would say too much: of a pass, or of a rule that does not apply. ``crashed`` is set where it
    could not tell because mmscheck itself is at fault; the evidence then holds the traceback. ``because`` is
    the reason in one word for programs, where it is one that other rules can have too.
    """

    outcome: Outcome
    wording: Mapping[str, Any] = {}
    reason: str = ""
    evidence: Mapping[str, Any] = {}
    fix: str = ""
    owner: Owner | None = None
    said: str = ""
    crashed: bool = False
    because: Because | None = None


def passed(**evidence: Any) -> Result:
    """The rule holds; the evidence says what was seen."""
    return Result(outcome=Outcome.PASSED, evidence=evidence)


def failed(evidence: Mapping[str, Any] | None = None, /, **wording: Any) -> Result:
    """The rule does not hold; ``wording`` fills the rule's text and is evidence as well."""
    return Result(outcome=Outcome.FAILED, wording=wording, evidence={**wording, **(evidence or {})})


def cant_tell(reason: str, because: Because | None = None, /, **evidence: Any) -> Result:
    """It could not be decided, and why, in words and for programs; the gate denies on this.

    Of a medium that was not fetched the engine knows by itself that its file is what is missing.
    """
    return Result(outcome=Outcome.CANT_TELL, reason=reason, evidence=evidence, because=because)


def broken(reason: str, trace: str, /) -> Result:
    """It could not be decided because mmscheck itself is at fault; the gate denies on this."""
    return Result(outcome=Outcome.CANT_TELL, reason=reason, evidence={"traceback": trace}, crashed=True)


def inapplicable(reason: str, /, **evidence: Any) -> Result:
    """The rule has nothing to say about this target, and why."""
    return Result(outcome=Outcome.INAPPLICABLE, reason=reason, evidence=evidence)


def advising(result: Result, fix: str, owner: Owner) -> Result:
    """The result with what helps here, and who can do it, in place of the rule's own."""
    return msgspec.structs.replace(result, fix=fix, owner=owner)


def saying(result: Result, said: str) -> Result:
    """The result with its own message in place of the rule's title."""
    return msgspec.structs.replace(result, said=said)


class NoParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameter type of a check that has none."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A named check: its target, parameter type, reported placeholders and function.

    ``reads_unreadable`` marks the one check that judges documents that could not be parsed; for
    every other check on such a message the engine answers ``cant-tell`` itself. ``static`` marks checks of
    the reference to a medium, which need nothing to have come back for it. ``placed`` marks checks of a
    medium that look at where the reference stands (slide, index, line): what others say of it holds for every
    reference to it.
    """

    name: str
    target: TargetKind
    run: Callable[[Any, Any], Result]
    params: type[msgspec.Struct] = NoParams
    reports: frozenset[str] = frozenset()
    reads_unreadable: bool = False
    static: bool = False
    placed: bool = False
