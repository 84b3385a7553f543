"""The floor in code: what each rule of it looks at, by which check, and with which values.

A rule that only kept its name could be emptied out: a warning, another check, an empty list of generic
types. So the rule file is held to this table, and nothing else may change such a rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from mmscheck.model.rule import FLOOR, SECOND_GATE
from mmscheck.model.words import Document, Severity, TargetKind
from mmscheck.ruleset.toml import Scope, plain_params

SENDABLE = frozenset(Document) - {Document.OTHER}
"""What can be sent; another provider's payload is only checked."""


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """What a floor rule must be.

    ``at_least`` maps parameters that are arrays to the values they must have, whatever else they have;
    the other parameters of a floor rule's check, if any, cannot weaken it. ``documents`` are those that it
    must be for, at least.
    """

    target: TargetKind
    check: str
    at_least: Mapping[str, frozenset[str]] = {}
    documents: frozenset[Document] = SENDABLE


GENERIC_TYPES = frozenset(
    {
        "application/octet-stream",
        "binary/octet-stream",
        "application/download",
        "application/x-download",
        "application/force-download",
    }
)
"""Types that tell a client to keep a file and not what it is: octets, and downloads of any kind."""

FLOOR_RULES: Mapping[str, Guarded] = MappingProxyType(
    {
        "media-reachable": Guarded(target=TargetKind.MEDIA, check="reachable"),
        "content-length": Guarded(target=TargetKind.MEDIA, check="length-stated"),
        "not-chunked": Guarded(target=TargetKind.MEDIA, check="not-chunked"),
        "content-type-specific": Guarded(
            target=TargetKind.MEDIA,
            check="content-type-specific",
            at_least={"generic": GENERIC_TYPES},
        ),
        "media-type-known": Guarded(target=TargetKind.MEDIA, check="media-type-known"),
        # The subject is optional in sendMMS (2015 to the later web version) and in the JSON API (2026).
        "subject-present": Guarded(
            target=TargetKind.MESSAGE, check="subject-present", documents=frozenset({Document.SAVED_XML})
        ),
        "subject-ascii": Guarded(target=TargetKind.MESSAGE, check="subject-ascii"),
        "subject-no-emoji": Guarded(target=TargetKind.MESSAGE, check="subject-no-emoji"),
        "url-public": Guarded(target=TargetKind.MEDIA, check="url-public"),
    }
)
"""Every rule of the floor."""


def guard(scope: Scope, rule_id: str, raw: Mapping[str, Any], params: msgspec.Struct | None) -> None:
    """Record every way in which the file of a floor rule weakens it.

    ``raw`` is the file's table, whose wrong words have been recorded elsewhere; ``params`` is None when
    the parameters are faulty.
    """
    guarded = FLOOR_RULES.get(rule_id)
    if guarded is None:
        return
    _hold(scope.at("severity"), raw.get("severity"), Severity.ERROR, Severity)
    _hold(scope.at("target"), raw.get("target"), guarded.target, TargetKind)
    _hold(scope.at("check"), raw.get("check"), guarded.check, (raw.get("check"),))
    _hold_documents(scope.at("documents"), raw.get("documents"), guarded.documents)
    held = plain_params(params) if params is not None else {}
    for key, values in guarded.at_least.items() if held else ():
        lacking = sorted(values - set(held.get(key, ())))
        if lacking:
            what = f"lacks {', '.join(lacking)}, which the floor needs, expected all of them"
            scope.at("params").at(key).fault(what)


def refuse(scope: Scope, rule_id: str, what: str) -> bool:
    """Record that a file may not do ``what`` to this rule, when it is the floor's or the second gate's."""
    if rule_id in FLOOR:
        scope.fault(f"{rule_id} is part of the floor and cannot be {what}, expected it left alone")
    if rule_id in SECOND_GATE:
        why = "holds what is sent to what was saved"
        scope.fault(f"{rule_id} {why} and cannot be {what}, expected it left alone")
    return rule_id in FLOOR | SECOND_GATE


def missing_floor(present: Iterable[str]) -> list[str]:
    """The floor rules that are not among these ids, sorted."""
    return sorted(FLOOR - set(present))


def _hold_documents(scope: Scope, named: object, wanted: frozenset[Document]) -> None:
    if isinstance(named, list) and (lacking := sorted(wanted - {each for each in named if each in wanted})):
        scope.fault(f"lacks {', '.join(lacking)}, which the floor needs, expected all of them")


def _hold(scope: Scope, value: object, wanted: str, words: Iterable[object]) -> None:
    if value in list(words) and value != wanted:
        scope.fault(f"{value!r} changes a rule of the floor, expected {str(wanted)!r}")
