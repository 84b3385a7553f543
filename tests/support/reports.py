"""Sample reports for the tests of every format: all outcomes, crashes, several messages, hostile text.

Times, versions and digests are fixed, so that outputs can be compared with golden files. The verdicts are
written down by hand here: a format shows what the gate decided, and must not need the gate to be tested.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from mmscheck.checks import CHECKS
from mmscheck.judge.causes import with_causes
from mmscheck.model.facts import ImageFacts
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Hop, NotFetched, Observation, Reason, Sniffed, Timing, Witness
from mmscheck.model.report import Evaluation, MessageReport, Report, RuleKey, TargetKey
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.model.rule import Rule
from mmscheck.model.verdict import MessageVerdict, Verdict, Waived
from mmscheck.model.waiver import Waiver, WaiverState, WaiverUse
from mmscheck.model.words import Because, MediaKind, Outcome, Owner, Severity, TargetKind
from mmscheck.report import View
from mmscheck.ruleset.load import load_all_rules

PHOTO = "http://media.example.com/spring/photo.jpg"
SIGNED = "https://cdn.example.net/clip.mp4?X-Amz-Credential=AKIASECRET&X-Amz-Signature=c0ffee5ec2e7"
SLOW = "http://slow.example.org/jingle.mp3"
SECRETS = ("AKIASECRET", "c0ffee5ec2e7", "hunter2", "session=letmein")
"""What no output may hold, although the samples do."""

HOSTILE = (
    "\x1b[2J\x1b[31mPERMIT\x07\r\nPERMIT: all is well\u202egpj.exe\u2066\u2028\x9b1m\udcff\x00\u200b\ufeff"
)
"""Clears a screen, forges a line, turns text around, hides characters, and is no valid UTF-8."""

MESSAGE = TargetKey(kind=TargetKind.MESSAGE)
REQUEST = TargetKey(kind=TargetKind.REQUEST)


def slide(number: int) -> TargetKey:
    """The key of a slide."""
    return TargetKey(kind=TargetKind.SLIDE, slide=number)


def medium(number: int, index: int) -> TargetKey:
    """The key of the medium ``index`` (of the whole message) on slide ``number``."""
    return TargetKey(kind=TargetKind.MEDIA, slide=number, media=index)


def evaluation(rule: str, outcome: Outcome, target: TargetKey = MESSAGE, **values: Any) -> Evaluation:
    """An evaluation with ordinary words where none are given."""
    words: dict[str, Any] = {"severity": Severity.ERROR, "message": f"{rule} on {target.kind}: {outcome}."}
    return Evaluation(rule=rule, outcome=outcome, target=target, **{**words, **values})


def fetched(url: str, *, content_type: str = "image/jpeg", **values: Any) -> Fetched:
    """A whole answer with a JPEG in it, unless told otherwise."""
    headers = (("Content-Type", content_type), ("Content-Length", "63143"), ("Set-Cookie", "session=letmein"))
    known: dict[str, Any] = {
        "hops": (Hop(url=url, status=200, http_version="1.1", headers=headers, address="203.0.113.7"),),
        "size": 63143,
        "sha256": "ab" * 32,
        "timing_ms": Timing(first_byte=12, total=30),
        "sniffed": Sniffed(
            type="image/jpeg", witness="libmagic", witnesses=(Witness(name="libmagic", type="image/jpeg"),)
        ),
        "decoded": ImageFacts(format="JPEG", width=640, height=1138, mode="RGB"),
    }
    return Fetched(url=url, **{**known, **values})


def explained(
    items: Sequence[Evaluation], media: Sequence[MediaRef], observations: Mapping[str, Observation]
) -> tuple[Evaluation, ...]:
    """The evaluations with their causes, as the engine gives them by the packaged rules."""
    came = {medium(ref.slide, ref.index): observations.get(ref.url) for ref in media}
    return with_causes(items, packaged(), came)


@functools.cache
def packaged() -> tuple[Rule, ...]:
    """Every rule of the program."""
    return load_all_rules(checks=CHECKS)


def message(
    source: str,
    evaluations: tuple[Evaluation, ...],
    media: tuple[MediaRef, ...] = (),
    observations: Mapping[str, Observation] | None = None,
    **values: Any,
) -> MessageReport:
    """One message whose targets are those of its evaluations, each finding with what explains it."""
    evaluations = explained(evaluations, media, observations or {})
    targets = tuple(dict.fromkeys(item.target for item in evaluations))
    known: dict[str, Any] = {"digest": "sha256:" + "11" * 32, "name": "Spring sale", "subject": "Spring sale"}
    return MessageReport(
        source=source,
        targets=targets,
        media=media,
        observations=dict(observations or {}),
        evaluations=evaluations,
        **{**known, **values},
    )


def report(*messages: MessageReport, **values: Any) -> Report:
    """A run over the messages, with the rules that its evaluations name."""
    rules = {
        item.rule: RuleKey(id=item.rule, severity=item.severity, target=item.target.kind)
        for each in messages
        for item in each.evaluations
    }
    known: dict[str, Any] = {"overrides": (), "profile": "send", "duration_ms": 412}
    return Report(
        tool_version="0.1.0",
        ruleset_digest="sha256:" + "22" * 32,
        rules=tuple(rules.values()),
        started="2026-11-23T09:30:00Z",
        messages=messages,
        **{**known, **values},
    )


def judged(run: Report, exit_code: int, *denied: MessageVerdict, reasons: tuple[str, ...] = ()) -> Verdict:
    """A verdict that permits every message but those given."""
    by_source = {item.source: item for item in denied}
    return Verdict(
        permitted=exit_code == 0,
        exit_code=exit_code,
        messages=tuple(
            by_source.get(each.source, MessageVerdict(source=each.source, permitted=True))
            for each in run.messages
        ),
        reasons=reasons,
        untold=tuple(each for each in reasons if not any(said in each for said in run.unread)),
    )


def deny(source: str, *reasons: str, undecided: bool = False) -> MessageVerdict:
    """A denial with the gate's reasons, of which findings tell those on evaluations."""
    untold = tuple(each for each in reasons if not each.endswith((") failed", ") could not be decided")))
    if len(untold) < len(reasons):
        untold = tuple(each for each in untold if each != "no blocking rule passed")
    return MessageVerdict(source=source, permitted=False, undecided=undecided, reasons=reasons, untold=untold)


# --- a message that is well, and how its send may end


def good_message(source: str = "good.xml") -> MessageReport:
    """Everything passed or did not apply."""
    ref = MediaRef(url=PHOTO, kind=MediaKind.IMAGE, slide=1, index=1, line=7)
    return message(
        source,
        (
            evaluation("xml-well-formed", Outcome.PASSED),
            evaluation("subject-ascii", Outcome.PASSED, evidence={"length": 11}),
            evaluation("merge-data-complete", Outcome.INAPPLICABLE, reason="no merge tags"),
            evaluation("slide-not-empty", Outcome.PASSED, slide(1), line=5),
            evaluation("content-length", Outcome.PASSED, medium(1, 1), url=PHOTO, line=7),
            evaluation(
                "no-redirect", Outcome.PASSED, medium(1, 1), url=PHOTO, severity=Severity.WARNING, line=7
            ),
        ),
        (ref,),
        {PHOTO: fetched(PHOTO)},
    )


def permitted() -> View:
    """One good message."""
    run = report(good_message())
    return View(report=run, verdict=judged(run, 0))


def sent(status: SendStatus = SendStatus.ACCEPTED) -> View:
    """A permitted send that ended in the given way."""
    ends = {
        SendStatus.ACCEPTED: (
            0,
            SendResult(
                status=status,
                detail="The provider accepted the message.",
                tracking_id="MMS-7F3A",
                http_status=200,
            ),
        ),
        SendStatus.REFUSED: (
            5,
            SendResult(
                status=status,
                detail="The provider refused the message: the mms-id is unknown.",
                error_code="E620",
                error_info="Invalid mms-id",
                http_status=200,
            ),
        ),
        SendStatus.UNKNOWN: (
            6,
            SendResult(
                status=status, detail="The provider did not answer in time; it may have sent the message."
            ),
        ),
        SendStatus.NOT_ATTEMPTED: (
            5,
            SendResult(status=status, detail="The provider could not be reached: connection refused."),
        ),
    }
    exit_code, result = ends[status]
    run = report(replace(good_message(), request_digest="sha256:" + "33" * 32))
    return View(report=run, verdict=replace(judged(run, 0), exit_code=exit_code), send=result)


# --- a message with many faults

_LENGTH = {
    "why": "The provider fetches the file itself and gives up when it does not know the size beforehand.",
    "fix": "Serve the file as a static file.\nOn nginx: remove sub_filter from the media location.",
    "owner": Owner.HOSTING,
    "provider_codes": ("E351", "E352"),
}
_TIMEOUT = "timed out (no answer within 10 s)"
_REFS = (
    MediaRef(url=PHOTO, kind=MediaKind.IMAGE, slide=1, index=1, line=7),
    MediaRef(url=SIGNED, kind=MediaKind.VIDEO, slide=2, index=2, line=12),
    MediaRef(url=SLOW, kind=MediaKind.AUDIO, slide=3, index=3, line=18),
)


def _length(number: int, index: int, url: str, line: int) -> Evaluation:
    return evaluation(
        "content-length",
        Outcome.FAILED,
        medium(number, index),
        message=f"{url} answered without Content-Length (Transfer-Encoding: chunked).",
        url=url,
        line=line,
        evidence={"seen": "Transfer-Encoding: chunked", "asked": [url, {"nested": url}]},
        **_LENGTH,
    )


def _undecided(rule: str, **values: Any) -> Evaluation:
    return evaluation(
        rule,
        Outcome.CANT_TELL,
        medium(3, 3),
        **{
            "message": f"{SLOW} could not be fetched: {_TIMEOUT}.",
            "reason": _TIMEOUT,
            "because": Because.FILE,
            "why": "Without an answer the provider has nothing to send.",
            "fix": f"Mend {rule}.",
            "owner": Owner.HOSTING,
            "url": SLOW,
            "line": 18,
            **values,
        },
    )


def broken_message(source: str = "broken.xml") -> MessageReport:
    """Failed, undecided and advisory findings on the message, a slide, and three media."""
    evaluations = (
        evaluation("xml-well-formed", Outcome.PASSED),
        evaluation(
            "subject-no-emoji",
            Outcome.FAILED,
            message="The subject has 1 emoji: U+1F33C BLOSSOM at position 13.",
            why="Carriers' message centres silently drop messages whose subject holds an emoji.",
            fix="Remove the emoji from the subject.",
            line=3,
            evidence={"emoji": ["U+1F33C"]},
        ),
        evaluation(
            "subject-length-advised",
            Outcome.FAILED,
            severity=Severity.WARNING,
            message="The subject has 52 characters; many phones show 40.",
            why="A longer subject is cut off on the phone.",
            fix="Shorten the subject to 40 characters.",
            line=3,
        ),
        evaluation("merge-data-complete", Outcome.INAPPLICABLE, reason="no merge tags"),
        evaluation(
            "slide-text-length",
            Outcome.FAILED,
            slide(2),
            message="Slide 2 has 5,204 characters of text; the provider takes 5,000.",
            why="The provider refuses the message.",
            fix="Shorten the text of this slide by 204 characters.",
            provider_codes=("E228", "E334"),
            line=10,
        ),
        _length(1, 1, PHOTO, 7),
        evaluation("content-type-present", Outcome.PASSED, medium(1, 1), url=PHOTO, line=7),
        _length(2, 2, SIGNED, 12),
        _undecided("media-reachable", fix="Make the server answer within 10 seconds."),
        _undecided("content-length", reason=f"no file was answered: {_TIMEOUT}"),
        _undecided("not-chunked", reason=f"no file was answered: {_TIMEOUT}"),
        _undecided("no-redirect", reason=f"the server did not answer: {_TIMEOUT}", severity=Severity.WARNING),
    )
    clip = fetched(
        SIGNED,
        content_type="video/mp4",
        hops=(
            Hop(
                url="https://user:hunter2@media.example.com/clip",
                status=302,
                headers=(("Location", SIGNED),),
                address="203.0.113.7",
            ),
            Hop(
                url=SIGNED,
                status=200,
                headers=(("content-type", "video/mp4"), ("Transfer-Encoding", "chunked")),
                address="2001:db8::7",
            ),
        ),
        sniffed=Sniffed(type="video/mp4", witness="libmagic"),
    )
    slow = NotFetched(
        url=SLOW,
        reason=Reason.TIMED_OUT,
        detail="no answer within 10 s",
        hops=(Hop(url=SLOW, address="203.0.113.9"),),
        timing_ms=Timing(total=10_000),
    )
    return message(
        source,
        evaluations,
        _REFS,
        {PHOTO: fetched(PHOTO), SIGNED: clip, SLOW: slow},
        subject="Spring sale! \U0001f33c",
    )


def _broken_denial(source: str = "broken.xml") -> MessageVerdict:
    return deny(
        source,
        "subject-no-emoji (message) failed",
        "slide-text-length (slide 2) failed",
        "content-length (slide 1, medium 1) failed",
        "content-length (slide 2, medium 2) failed",
        "media-reachable (slide 3, medium 3) could not be decided",
        "content-length (slide 3, medium 3) could not be decided",
        "not-chunked (slide 3, medium 3) could not be decided",
    )


def denied() -> View:
    """One message with every kind of finding."""
    run = report(broken_message())
    return View(report=run, verdict=judged(run, 1, _broken_denial()))


def several() -> View:
    """A good and a broken message, an input that was not read, overrides, and --strict."""
    run = report(
        good_message("mms/good.xml"),
        broken_message("mms/broken.xml"),
        strict=True,
        unread=("mms/locked.xml: permission denied",),
        overrides=(
            {"rule": "subject-length", "key": "maximum", "old": 80, "new": 60, "by": "mmscheck.toml"},
            {
                "rule": "no-redirect",
                "key": "severity",
                "old": "warning",
                "new": "error",
                "by": "profile send",
            },
        ),
    )
    reasons = ("not read: mms/locked.xml: permission denied",)
    return View(report=run, verdict=judged(run, 2, _broken_denial("mms/broken.xml"), reasons=reasons))


def crashed() -> View:
    """A check that broke, and nothing else wrong."""
    broke = evaluation(
        "image-decodes",
        Outcome.CANT_TELL,
        medium(1, 1),
        message="The image decodes: mmscheck itself failed in this rule; please report it with the evidence.",
        reason="mmscheck itself failed in this rule; please report it with the evidence",
        fix="Save the picture again as JPEG.",
        url=PHOTO,
        line=7,
        crashed=True,
        evidence={"traceback": 'Traceback:\n  File "image.py", line 3\nZeroDivisionError'},
    )
    base = good_message()
    run = report(replace(base, evaluations=(*base.evaluations, broke)))
    reason = "image-decodes (slide 1, medium 1) could not be decided"
    return View(report=run, verdict=judged(run, 3, deny("good.xml", reason, undecided=True)))


def unreadable() -> View:
    """A document that is no XML: one failure, and everything else on the message undecided."""
    reason = "the document could not be read"
    unread = tuple(
        evaluation(
            rule,
            Outcome.CANT_TELL,
            message=f"Not decided: {reason}.",
            reason=reason,
            because=Because.DOCUMENT,
            line=4,
        )
        for rule in ("name-present", "slide-count", "subject-present", "subject-ascii")
    )
    failed = evaluation(
        "xml-well-formed",
        Outcome.FAILED,
        message="bare.xml, line 4: '&' stands alone in a URL; write &amp; instead.",
        why="The provider cannot read the message at all.",
        fix="Write &amp; for every & in a URL.",
        line=4,
    )
    run = report(message("bare.xml", (failed, *unread), name=None, subject=None))
    reasons = ("xml-well-formed (message) failed", "no blocking rule passed")
    return View(report=run, verdict=judged(run, 1, deny("bare.xml", *reasons)))


def advised() -> View:
    """Permitted, with a warning."""
    base = broken_message("advised.xml")
    kept = tuple(
        item
        for item in base.evaluations
        if item.outcome is Outcome.PASSED or item.rule == "subject-length-advised"
    )
    run = report(replace(base, evaluations=kept, media=_REFS[:1]))
    return View(report=run, verdict=judged(run, 0))


def incomplete() -> View:
    """Denied although no rule failed: one never ran and a URL was never looked at."""
    base = good_message()
    run = report(replace(base, observations={}))
    reasons = (
        "not-chunked was not evaluated on slide 1, medium 1",
        "nothing is known of medium 1 on slide 1",
    )
    return View(report=run, verdict=judged(run, 3, deny("good.xml", *reasons, undecided=True)))


def nothing() -> View:
    """No message at all."""
    run = report(unread=("sale.xml: no such file",))
    return View(report=run, verdict=judged(run, 2, reasons=("there was no message to check",)))


def let_through() -> View:
    """Permitted by a waiver; the run has others that let nothing through."""
    base = broken_message("waived.xml")
    failed = {item.rule: item for item in base.evaluations if item.outcome is Outcome.FAILED}
    wide = evaluation(
        "image-dimensions",
        Outcome.FAILED,
        medium(1, 1),
        message="The picture is 4,000 pixels wide; phones show 640.",
        url=PHOTO,
        line=7,
    )
    items = tuple(item for item in base.evaluations if item.outcome is Outcome.PASSED)
    advice = failed["subject-length-advised"]
    run = report(replace(base, evaluations=(*items, wide, advice), media=_REFS[:1]))
    expires = dt.date(2027, 1, 31)
    live = Waiver(rule="image-dimensions", reason="seen on phones", who="A. Person", expires=expires, slide=1)
    advised = replace(live, rule="subject-length-advised", slide=None)
    signed = replace(live, source="other.xml", url=SIGNED)
    past = replace(live, expires=dt.date(2026, 11, 22), slide=None, reason="until the new template is here")
    floor = replace(live, rule="content-length", slide=None)
    states = {
        live: (WaiverState.USED, 1),
        advised: (WaiverState.USED, 1),
        signed: (WaiverState.UNUSED, 0),
        past: (WaiverState.EXPIRED, 1),
        floor: (WaiverState.REFUSED, 0),
    }
    waived = (
        Waived(rule=wide.rule, target=wide.target, waiver=live),
        Waived(rule=advice.rule, target=advice.target, waiver=advised),
    )
    verdict = replace(
        judged(run, 0),
        messages=(MessageVerdict(source="waived.xml", permitted=True, waived=waived),),
        waivers=tuple(
            WaiverUse(waiver=waiver, state=state, matches=matches)
            for waiver, (state, matches) in states.items()
        ),
    )
    return View(report=replace(run, waivers=tuple(states)), verdict=verdict)


def hostile() -> View:
    """Every string that a stranger can choose tries to take over the terminal."""
    url = f"http://evil.example.com/{HOSTILE}.jpg?token=hunter2"
    found = evaluation(
        "url-clean",
        Outcome.FAILED,
        medium(1, 1),
        message=f"{url} holds {HOSTILE}",
        why=f"why {HOSTILE}",
        fix=f"fix {HOSTILE}",
        url=url,
        line=2,
        evidence={HOSTILE: [HOSTILE, url, float("nan")], "bytes": b"\xff\x1b"},
        provider_codes=("E351",),
    )
    unsure = evaluation(
        "not-chunked",
        Outcome.CANT_TELL,
        medium(1, 1),
        message=HOSTILE,
        reason=HOSTILE,
        because=Because.PROXY,
        url=url,
    )
    also = replace(unsure, rule="content-length")
    seen = NotFetched(
        url=url,
        reason=Reason.MALFORMED_HTTP,
        detail=HOSTILE,
        hops=(Hop(url=url, status=200, headers=((f"X-{HOSTILE}", HOSTILE), ("Content-Type", HOSTILE))),),
    )
    source = f"{HOSTILE}.xml"
    run = report(
        message(
            source,
            (found, unsure, also),
            (MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=1, line=2),),
            {url: seen},
            name=HOSTILE,
            subject=HOSTILE,
        ),
        unread=(HOSTILE,),
        overrides=({"rule": "url-clean", "key": HOSTILE, "old": HOSTILE, "new": HOSTILE, "by": HOSTILE},),
    )
    send = SendResult(
        status=SendStatus.REFUSED, detail=HOSTILE, tracking_id=HOSTILE + "1", error_code=HOSTILE + "2"
    )
    waiver = Waiver(
        rule="url-clean", reason=HOSTILE, who=HOSTILE, expires=dt.date(2026, 1, 1), source=HOSTILE, url=url
    )
    verdict = replace(
        judged(run, 1, deny(source, f"odd {HOSTILE}"), reasons=(HOSTILE,)),
        waivers=(WaiverUse(waiver=waiver, state=WaiverState.EXPIRED, matches=1),),
    )
    return View(report=run, verdict=verdict, send=send)


SAMPLES: Mapping[str, View] = {
    "permitted": permitted(),
    "sent": sent(),
    "refused": sent(SendStatus.REFUSED),
    "unknown": sent(SendStatus.UNKNOWN),
    "not-attempted": sent(SendStatus.NOT_ATTEMPTED),
    "denied": denied(),
    "several": several(),
    "crashed": crashed(),
    "unreadable": unreadable(),
    "advised": advised(),
    "incomplete": incomplete(),
    "nothing": nothing(),
    "let-through": let_through(),
    "hostile": hostile(),
}
"""Every sample by name."""
