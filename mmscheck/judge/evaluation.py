"""One rule on one target -> an evaluation, in the rule's words.

A check that breaks, or answers with anything but a whole Result, becomes a ``cant-tell`` with its
traceback in the evidence, and the other rules still run.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from mmscheck.base.redact import redact_text, redact_values
from mmscheck.model.check import Check, MediaTarget, Result, Target, cant_tell, inapplicable
from mmscheck.model.mms import Mms
from mmscheck.model.observation import UNSEEN, NotFetched, Reason
from mmscheck.model.provider import Provider
from mmscheck.model.report import Evaluation, ServerAdvice, TargetKey
from mmscheck.model.rule import Rule
from mmscheck.model.words import Because, Document, Outcome, Owner, TargetKind
from mmscheck.servers.recognition import Recognised, advice, join_fix, likeness

CRASHED = "mmscheck itself failed in this rule; please report it with the evidence"

CRASH_FIX = "Send the traceback in the evidence to the makers of mmscheck."
"""What helps where mmscheck itself is at fault: nobody else can mend it."""


class TargetPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A target with its key and where it stands, for wording; column and pointer in JSON alone.

    ``provider`` is the other one that the message is for.
    """

    key: TargetKey
    target: Target
    line: int | None = None
    column: int = 0
    pointer: str = ""
    url: str | None = None
    media_kind: str | None = None
    recognised: Recognised | None = None
    provider: Provider | None = None


def evaluate(rule: Rule, message: Mms, place: TargetPlace) -> Evaluation:
    """One rule on one target; whatever breaks on the way is a ``cant-tell``."""
    try:
        result = _run(rule, message, place)
        if result.crashed:
            return _evaluation(rule, place, result, f"{rule.title}: {result.reason}.")
        words = _words(rule, message, place, result)
        return _evaluation(rule, place, result, words, _codes(rule, message, place.provider))
    except Exception:  # noqa: BLE001 - whatever a check raises must become a visible, denying outcome
        evidence = {"traceback": redact_text(traceback.format_exc())}
        broken = Result(outcome=Outcome.CANT_TELL, reason=CRASHED, evidence=evidence, crashed=True)
        return _evaluation(rule, place, broken, f"{rule.title}: {CRASHED}.")


_ELSEWHERE = Result(
    outcome=Outcome.INAPPLICABLE,
    because=Because.OTHER_DOCUMENT,
    reason="the rule is for other kinds of document",
)


def _run(rule: Rule, message: Mms, place: TargetPlace) -> Result:
    if not _applies(rule, message, place.provider):
        return _ELSEWHERE
    if (
        message.problem is not None
        and place.key.kind is TargetKind.MESSAGE
        and not rule.check.reads_unreadable
    ):
        return cant_tell("the document could not be read", Because.DOCUMENT)
    if (nothing_to_see := _offline(rule.check, place.target)) is not None:
        return nothing_to_see
    result = rule.check.run(place.target, rule.params)
    if type(result) is not Result or type(result.outcome) is not Outcome:
        raise TypeError(f"check {rule.check.name} answered {result!r} instead of a Result")
    if result.outcome is Outcome.CANT_TELL and not result.reason:
        raise ValueError(f"check {rule.check.name} could not tell and gave no reason")
    return result


def _applies(rule: Rule, message: Mms, provider: Provider | None) -> bool:
    """Whether it is for such documents; a bare list of URLs is held to rules on media, as a URL alone is."""
    if not message.may_be.isdisjoint(rule.documents):
        return True
    if message.payload is None:
        return False
    if provider is not None:
        return rule.id in provider.states
    return rule.target is TargetKind.MEDIA and Document.SAVED_XML in rule.documents


def _codes(rule: Rule, message: Mms, provider: Provider | None) -> tuple[str, ...]:
    """What it would have become at the provider that the message is for."""
    if message.payload is None or not message.payload.provider:
        return rule.provider_codes
    return provider.codes_of(rule.id) if provider else ()


def _offline(check: Check, target: Target) -> Result | None:
    """Why the check has nothing to look at in a run without a network.

    The gate lets nothing that such a run has seen pass, but for lint, which permits nothing.
    """
    if not isinstance(target, MediaTarget):
        return None
    if check.static:
        return inapplicable("a file was given, and no URL") if target.ref.is_file else None
    seen = target.observation
    if not isinstance(seen, NotFetched) or seen.reason not in UNSEEN:
        return None
    if seen.reason is Reason.NO_LOCAL_FILE:
        return inapplicable("there is no local file to look at")
    return inapplicable("lint is offline and no local file is mapped to this URL")


def _words(rule: Rule, message: Mms, place: TargetPlace, result: Result) -> str:
    if result.said and result.outcome.settled:
        return redact_text(result.said)
    if result.outcome is Outcome.PASSED:
        return f"{rule.title}."
    if result.outcome is Outcome.INAPPLICABLE:
        return f"{rule.title}: does not apply ({result.reason})."
    where: dict[str, Any] = {
        "source": message.source,
        "slide": place.key.slide or "-",
        "url": place.url or "-",
        "kind": place.media_kind or "-",
        "line": place.line or "-",
    }
    if result.outcome is Outcome.FAILED:
        words = rule.text.failed.format_map({**result.wording, **where})
    else:
        words = rule.text.cant_tell.format_map({**where, "reason": result.reason})
    return " ".join(part for part in (redact_text(words), _likeness(rule, place)) if part)


def _likeness(rule: Rule, place: TargetPlace) -> str:
    """What answered in place of the file, in a sentence; empty when nothing of the kind was recognised."""
    return likeness(place.recognised, rule.id) if place.recognised else ""


def _advice(rule: Rule, place: TargetPlace, result: Result) -> tuple[ServerAdvice, ...]:
    """Below a finding, what helps on the server that was recognised."""
    if place.recognised is None or result.outcome.settled or result.crashed:
        return ()
    return advice(place.recognised, rule.id, decided=result.outcome is Outcome.FAILED)


def _because(rule: Rule, place: TargetPlace, result: Result) -> Because | None:
    """What the check says; of a medium that did not come, that its file is what is missing.

    A check of the reference itself needs no file, and says so where it does.
    """
    if result.because is not None or result.outcome is not Outcome.CANT_TELL or result.crashed:
        return result.because
    seen = place.target.observation if isinstance(place.target, MediaTarget) else None
    return Because.FILE if isinstance(seen, NotFetched) and not rule.check.static else None


def _evaluation(
    rule: Rule, place: TargetPlace, result: Result, words: str, codes: tuple[str, ...] = ()
) -> Evaluation:
    evidence = _plain(result.evidence)
    finding = not result.outcome.settled
    if finding and place.column:
        evidence |= _place_in_json(place)
    # Where something broke, what is advised may be what broke, and no owner of files can mend it.
    own = redact_text(result.fix) if result.fix else ""
    general = CRASH_FIX if result.crashed else own or rule.text.fix
    advised = _advice(rule, place, result) if finding else ()
    return Evaluation(
        rule=rule.id,
        severity=rule.severity,
        outcome=result.outcome,
        target=place.key,
        message=words,
        reason=redact_text(result.reason) if result.reason else "",
        why=rule.text.why,
        fix=join_fix(general, advised) if advised else general,
        owner=Owner.SENDER if result.crashed else result.owner or rule.owner,
        provider_codes=codes,
        url=place.url,
        line=place.line or _line(evidence),
        evidence=evidence,
        crashed=result.crashed,
        because=_because(rule, place, result),
        general=general if advised else "",
        advice=advised,
    )


def moved(item: Evaluation, place: TargetPlace) -> Evaluation:
    """The evaluation of another reference to the same medium, as that of the one at this place."""
    evidence = {**item.evidence, **_place_in_json(place)} if item.is_finding else item.evidence
    line = place.line or _line(item.evidence)
    return msgspec.structs.replace(item, target=place.key, line=line, evidence=evidence)


def _place_in_json(place: TargetPlace) -> dict[str, Any]:
    """Where in its line, and by which path, a target stands; for documents in which both are known."""
    return {"column": place.column, "pointer": place.pointer} if place.column else {}


def _plain(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence as JSON values without the secrets of URLs; raises when it is no JSON."""
    if not evidence:
        return {}
    encoded = msgspec.json.encode(dict(evidence))
    plain: dict[str, Any] = msgspec.json.decode(encoded)
    return cast("dict[str, Any]", redact_values(plain)) if b"?" in encoded or b"://" in encoded else plain


def _line(evidence: dict[str, Any]) -> int | None:
    """The line a check on the whole message points at, when it names one."""
    line = evidence.get("line")
    return line if type(line) is int else None
