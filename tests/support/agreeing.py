"""Runs with every outcome, written down by hand, and what every format has to say of them.

Each evaluation has a rule of its own, so that a format's answer is found by the rule's name alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from mmscheck.model.campaign import CampaignResult, RowFate, RowNote
from mmscheck.model.mms import MediaRef
from mmscheck.model.report import Evaluation, MessageReport, TargetKey
from mmscheck.model.request import SendStatus
from mmscheck.model.verdict import MessageVerdict, Verdict, Waived
from mmscheck.model.waiver import Waiver, WaiverState, WaiverUse
from mmscheck.model.words import MediaKind, Outcome, Owner, Severity
from mmscheck.report import View
from tests.support.folded_reports import folded
from tests.support.reports import (
    HOSTILE,
    MESSAGE,
    PHOTO,
    REQUEST,
    SAMPLES,
    evaluation,
    fetched,
    good_message,
    judged,
    medium,
    message,
    report,
    sent,
    slide,
)

ATTACKS = (
    HOSTILE,
    "<script>alert(1)</script>\"'&amp;<img src=x onerror=alert(1)>",
    "]]><failure/>-->",
    '=HYPERLINK("http://evil.example.com","x")|\' --`@someone #12 www.evil.example.com $x$ ![a](b) ```',
    "::error::forged%0A::set-output name=x::1\n::error::forged\r\n##[error]forged",
)
"""What strangers may write into a field."""

FAILED, UNSURE, PASSED, NOT = Outcome.FAILED, Outcome.CANT_TELL, Outcome.PASSED, Outcome.INAPPLICABLE
ERROR, WARNING = Severity.ERROR, Severity.WARNING


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation, and what it does: with ``--strict`` too where ``strict`` is None."""

    rule: str
    outcome: Outcome
    severity: Severity
    target: TargetKey
    effect: str
    strict: str | None = None


CASES = (
    Case(rule="a-passed", outcome=PASSED, severity=ERROR, target=MESSAGE, effect="none"),
    Case(rule="b-passed", outcome=PASSED, severity=WARNING, target=medium(1, 1), effect="none"),
    Case(rule="c-not", outcome=NOT, severity=ERROR, target=slide(1), effect="none"),
    Case(rule="d-not", outcome=NOT, severity=WARNING, target=REQUEST, effect="none"),
    Case(rule="e-failed", outcome=FAILED, severity=ERROR, target=MESSAGE, effect="blocks"),
    Case(
        rule="f-failed", outcome=FAILED, severity=WARNING, target=slide(1), effect="advises", strict="blocks"
    ),
    Case(rule="g-unsure", outcome=UNSURE, severity=ERROR, target=medium(1, 1), effect="blocks"),
    Case(
        rule="h-unsure", outcome=UNSURE, severity=WARNING, target=MESSAGE, effect="advises", strict="blocks"
    ),
    Case(rule="i-crashed", outcome=UNSURE, severity=ERROR, target=slide(2), effect="blocks"),
    Case(rule="j-waived", outcome=FAILED, severity=ERROR, target=medium(2, 2), effect="waived"),
    Case(rule="k-waived", outcome=FAILED, severity=WARNING, target=MESSAGE, effect="waived"),
    Case(rule="l-failed", outcome=FAILED, severity=ERROR, target=REQUEST, effect="blocks"),
    Case(rule="m-failed", outcome=FAILED, severity=ERROR, target=medium(2, 2), effect="blocks"),
)
EXPIRES = dt.date(2027, 1, 31)


def effects(*, strict: bool) -> dict[str, tuple[str, str]]:
    """Outcome and effect of every evaluation of the mixed message, by rule."""
    return {each.rule: (each.outcome.value, (strict and each.strict) or each.effect) for each in CASES}


def _mixed(source: str) -> MessageReport:
    found = tuple(_evaluation(at, each) for at, each in enumerate(CASES))
    urls = (PHOTO, f"http://evil.example.com/{ATTACKS[1]}?token=hunter2")
    media = tuple(
        MediaRef(url=url, kind=MediaKind.IMAGE, slide=at, index=at, line=at + 6)
        for at, url in enumerate(urls, 1)
    )
    return message(
        source, found, media, {url: fetched(url) for url in urls}, name=ATTACKS[1], subject=ATTACKS[3]
    )


def _evaluation(at: int, case: Case) -> Evaluation:
    attack = ATTACKS[at % len(ATTACKS)]
    words: dict[str, Any] = {
        "message": f"{attack} was found, {case.rule}",
        "why": f"why {attack}",
        "fix": f"{attack}\n    location / {{ {attack} }}",
        "owner": list(Owner)[at % len(Owner)],
        "provider_codes": ("E351",),
        "line": at + 1,
        "evidence": {"seen": attack},
    }
    if case.outcome in (UNSURE, NOT):
        words["reason"] = f"{case.rule} {attack}"
    if case.target.media:
        words["url"] = (
            PHOTO if case.target.media == 1 else f"http://evil.example.com/{ATTACKS[1]}?token=hunter2"
        )
    if case.rule == "i-crashed":
        words |= {"crashed": True, "evidence": {"traceback": f"Traceback:\n{attack}"}}
    return evaluation(case.rule, case.outcome, case.target, severity=case.severity, **words)


def _waiver(rule: str, **values: Any) -> Waiver:
    known = {"rule": rule, "reason": ATTACKS[2], "who": ATTACKS[3], "expires": EXPIRES}
    return Waiver(**{**known, **values})


def mixed(*, strict: bool = False, unread: tuple[str, ...] = ()) -> View:
    """Every outcome with both severities, waivers of every state, a crash, and a good message beside it."""
    bad = _mixed("mms/mixed.xml")
    run = report(
        good_message("mms/good.xml"),
        bad,
        strict=strict,
        unread=unread,
        overrides=(
            {"rule": "f-failed", "key": ATTACKS[0], "old": 1, "new": ATTACKS[1], "by": "mmscheck.toml"},
        ),
        allowances=(f"let through: {ATTACKS[3]}",),
    )
    waived = tuple(
        Waived(rule=each.rule, target=each.target, waiver=_waiver(each.rule))
        for each in CASES
        if each.effect == "waived"
    )
    blocking = [rule for rule, (_, effect) in effects(strict=strict).items() if effect == "blocks"]
    denial = MessageVerdict(
        source=bad.source,
        permitted=False,
        reasons=tuple(f"{rule} (message) failed" for rule in blocking),
        waived=waived,
    )
    states = {"j-waived": (WaiverState.USED, 1), "k-waived": (WaiverState.USED, 1)}
    uses = [
        *(WaiverUse(waiver=_waiver(rule), state=state, matches=n) for rule, (state, n) in states.items()),
        WaiverUse(waiver=_waiver("a-passed"), state=WaiverState.UNUSED, matches=0),
        WaiverUse(waiver=_waiver("elsewhere"), state=WaiverState.UNUSED, matches=0),
        WaiverUse(
            waiver=_waiver("e-failed", expires=dt.date(2026, 1, 1)), state=WaiverState.EXPIRED, matches=1
        ),
        WaiverUse(waiver=_waiver("content-length"), state=WaiverState.REFUSED, matches=0),
    ]
    reasons = tuple(f"not read: {sentence}" for sentence in unread)
    verdict = replace(judged(run, 2 if unread else 1, denial, reasons=reasons), waivers=tuple(uses))
    return View(report=run, verdict=verdict)


def linted(*, good: bool) -> View:
    """An offline run, which permits nothing in either case."""
    if not good:
        base = mixed()
        return replace(base, report=replace(base.report, profile="lint"))
    run = report(good_message("mms/good.xml"), profile="lint")
    one = MessageVerdict(source="mms/good.xml", permitted=False, passed_offline=True)
    return View(
        report=run, verdict=Verdict(permitted=False, passed_offline=True, exit_code=0, messages=(one,))
    )


def ended(status: SendStatus) -> View:
    """A send, or one that the gate denied and nobody attempted."""
    return sent(status)


def of_campaign(status: SendStatus, *, refused: int = 0, unknown: int = 0) -> View:
    """One message to five recipients; it ends as a send of that status does."""
    note = RowNote(line=2, to="+15550100", fate=RowFate.REFUSED, detail=ATTACKS[1])
    result = CampaignResult(
        name=ATTACKS[2],
        file="recipients.csv",
        rows=5,
        accepted=5 - refused - unknown,
        refused=refused,
        unknown=unknown,
        notes=(note,) if refused else (),
        more=max(refused - 1, 0),
    )
    return replace(ended(status), campaign=result)


def refused_by_the_gate() -> View:
    """A denied send: nothing was attempted."""
    return replace(mixed(), send=sent(SendStatus.NOT_ATTEMPTED).send)


RUNS: Mapping[str, View] = {
    "lax": mixed(),
    "strict": mixed(strict=True),
    "unread": mixed(unread=(f"mms/locked.xml: {ATTACKS[4]}",)),
    "lint-denied": linted(good=False),
    "lint-passed": linted(good=True),
    "denied-send": refused_by_the_gate(),
    **{status.value: ended(status) for status in SendStatus},
    "campaign-sent": of_campaign(SendStatus.ACCEPTED),
    "campaign-refused": of_campaign(SendStatus.REFUSED, refused=3),
    "campaign-unknown": of_campaign(SendStatus.UNKNOWN, unknown=1),
}
"""Every run by name."""

STRICT = frozenset({"strict"})
"""Names of the runs in which warnings block."""

EVERY: Mapping[str, View] = {**SAMPLES, **RUNS, "folded": folded()}
"""These, and every other sample report there is."""
