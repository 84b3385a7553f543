"""Reports of one run whose messages lie under different configurations, as one report.

Every part keeps its own rules, waivers and strictness, and the gate decides over each by itself; what the
joined report has of these is for those who show it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from mmscheck.errors import UsageError
from mmscheck.model.report import Report, RuleKey
from mmscheck.model.words import Severity

T = TypeVar("T")


def join_reports(parts: Sequence[Report]) -> Report:
    """One report of at least one; where only one has messages, that with what the others could not read.

    Raises UsageError for parts of different profiles: they ask different questions.
    """
    if len(parts) == 1:
        return parts[0]
    if len(profiles := sorted({part.profile for part in parts})) > 1:
        raise UsageError(f"the inputs lie under different profiles ({', '.join(profiles)}); give --profile")
    strict = all(part.strict for part in parts)
    parts = [part if strict or not part.strict else _hardened(part) for part in parts]
    full = [part for part in parts if part.messages]
    first, *others = full or parts
    joined = replace(
        first,
        unread=_once(sentence for part in parts for sentence in part.unread),
        allowances=_once(sentence for part in parts for sentence in part.allowances),
        not_checked=tuple(source for part in parts for source in part.not_checked),
        left_out=sum(part.left_out for part in parts),
        duration_ms=sum(part.duration_ms for part in parts),
    )
    if not others:
        return joined
    digests = "\n".join(sorted({part.ruleset_digest for part in full}))
    return replace(
        joined,
        ruleset_digest=f"sha256:{hashlib.sha256(digests.encode()).hexdigest()}",
        rules=_rules(full),
        overrides=tuple({str(each): each for part in full for each in part.overrides}.values()),
        messages=tuple(message for part in full for message in part.messages),
        strict=strict,
        waivers=tuple(waiver for part in full for waiver in part.waivers),
        configuration=", ".join(_once(part.configuration for part in full if part.configuration)) or None,
        parts=tuple(replace(part, unread=(), not_checked=()) for part in full),
    )


def _hardened(part: Report) -> Report:
    """A strict part as errors all over, so that others beside it need not be strict."""
    note = f"Strict: warning rules block like errors for what lies under {part.configuration}."
    return replace(
        part,
        strict=False,
        rules=tuple(replace(rule, severity=Severity.ERROR) for rule in part.rules),
        messages=tuple(
            replace(
                message,
                evaluations=tuple(replace(item, severity=Severity.ERROR) for item in message.evaluations),
            )
            for message in part.messages
        ),
        allowances=(*part.allowances, note),
    )


def _rules(parts: Sequence[Report]) -> tuple[RuleKey, ...]:
    """Every rule of any part, as the first that has it has it, and as an error where one does."""
    found: dict[str, RuleKey] = {}
    for part in parts:
        for rule in part.rules:
            if rule.id not in found or rule.severity is Severity.ERROR:
                found[rule.id] = rule
    return tuple(found.values())


def _once(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))
