"""Rules, limits and rule sets as loaded: data bound to the checks they name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from mmscheck.model.check import Check
from mmscheck.model.provider import Provider
from mmscheck.model.server import Server
from mmscheck.model.vocabulary import NOTHING, Vocabulary
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Because, Document, Owner, Severity, TargetKind

WELL_FORMED, REACHABLE = "xml-well-formed", "media-reachable"
"""The rules that there is a document to look at, and a file."""

LEADERS: Mapping[Because, str] = MappingProxyType({Because.DOCUMENT: WELL_FORMED, Because.FILE: REACHABLE})
"""The rule that says what is wrong where others have nothing to look at."""

FLOOR = frozenset(
    {
        REACHABLE,
        "content-length",
        "not-chunked",
        "content-type-specific",
        "media-type-known",
        "subject-present",
        "subject-ascii",
        "subject-no-emoji",
        "url-public",
    }
)
"""Rules that no file may remove, weaken or waive."""

FLOOR_OF_MESSAGES = frozenset({"subject-present", "subject-ascii", "subject-no-emoji"})
"""Those of the floor that look at a message, and not at its media."""

BOUND = "mms-id-bound"
"""The rule that asks the ledger what an mms-id holds."""

SECOND_GATE = frozenset({BOUND, "media-as-saved"})
"""The rules that what is sent is what was checked when it was saved; no file may weaken or waive them."""

NEVER_KNOWN = SECOND_GATE | {WELL_FORMED}
"""Rules that no baseline of lint may know: behind a document that cannot be read anything may be new."""

NEVER_WAIVED = FLOOR | SECOND_GATE | {WELL_FORMED}
"""Rules that nobody can waive: the floor, the second gate, and that there is something to read."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One number somebody published: what it is, in which unit, where it stands and since when.

    ``whose`` is who gave it, where a report has to name that; else empty.
    """

    value: int | float
    unit: str
    source: str
    checked: dt.date
    whose: str = ""


ON_THE_WIRE, OF_FILES = "bytes on the wire", "bytes of files"
"""Units of the size of a message: packed for sending, or as its files are; each number has its own."""

SIZES = frozenset({ON_THE_WIRE, OF_FILES})


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's texts: why it matters, the fix, and templates for a finding's message."""

    why: str
    fix: str
    failed: str
    cant_tell: str


class Follow(msgspec.Struct, frozen=True, kw_only=True):
    """A rule whose failure on the same target explains this one's finding, so that people are told it once.

    ``when`` is empty for every finding. Else one of its words has to fit the finding: its outcome, its
    ``because``, or why there is no file (``model.observation.Reason``, by its name in kebab case).
    """

    rule: str
    when: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule bound to its check.

    ``params`` is an instance of ``check.params`` with limits already put in; ``limits`` maps a
    parameter's name to the name of the limit it came from. Of what it ``follows`` the first that holds
    is told. To messages in other than its ``documents`` it does not apply.
    """

    id: str
    title: str
    severity: Severity
    target: TargetKind
    owner: Owner
    check: Check
    params: Any
    text: Wording
    source: str
    provider_codes: tuple[str, ...] = ()
    limits: dict[str, str] = {}
    follows: tuple[Follow, ...] = ()
    documents: tuple[Document, ...] = tuple(Document)


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """One value that a profile or the configuration changed; ``key`` is ``severity`` or a parameter."""

    rule: str
    key: str
    old: Any
    new: Any
    by: str


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """The rules selected for one purpose, in the profile's order, with everything that shaped them.

    ``digest`` covers every rule, limit, profile, override, selection and waiver that can change a verdict,
    ``servers``, which say what to advise, ``others``, whose messages are checked too, and the ``vocabulary``
    that texts are held against. ``configuration`` is the full path of the file that shaped them, whose
    contents the digest covers; None without one.
    """

    profile: str
    rules: tuple[Rule, ...]
    digest: str
    sender: str
    overrides: tuple[Override, ...] = ()
    limits: dict[str, Limit] = {}
    carriers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    transcoding: bool = False
    waivers: tuple[Waiver, ...] = ()
    servers: tuple[Server, ...] = ()
    others: tuple[Provider, ...] = ()
    vocabulary: Vocabulary = NOTHING
    configuration: str | None = None
