"""Runs of many messages, each with one kind of fault, for the formats that tell a folder as a whole."""

from __future__ import annotations

from msgspec.structs import replace

from mmscheck.model.mms import MediaRef
from mmscheck.model.report import Evaluation, MessageReport
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.model.words import MediaKind, Outcome, Owner, Severity
from mmscheck.report import View
from tests.support.reports import MESSAGE, denied, evaluation, fetched, medium, message, report

BAD = "media.example.com"
"""The host whose server is at fault."""


def photo(url: str, index: int = 1) -> MediaRef:
    """An image on the slide of the same number."""
    return MediaRef(url=url, kind=MediaKind.IMAGE, slide=index, index=index, line=6)


def good(source: str, *, advised: bool = False) -> MessageReport:
    """A message that passes, with advice or without."""
    url = f"http://good.example.com/{source}.jpg"
    outcome = Outcome.FAILED if advised else Outcome.PASSED
    advice = evaluation("subject-length-advised", outcome, severity=Severity.WARNING, message="It is long.")
    items = (evaluation("subject-ascii", Outcome.PASSED), advice)
    passed = evaluation("not-chunked", Outcome.PASSED, medium(1, 1), url=url)
    return message(source, (*items, passed), (photo(url),), {url: fetched(url)})


def chunked(source: str, url: str, index: int = 1) -> MessageReport:
    """A message whose picture comes in chunks."""
    item = evaluation(
        "not-chunked",
        Outcome.FAILED,
        medium(index, index),
        url=url,
        line=6,
        owner=Owner.HOSTING,
        message=f"{url} answered with Transfer-Encoding: chunked.",
        fix="Serve it as a plain file.",
    )
    return message(source, (item,), (photo(url, index),), {url: fetched(url)})


def subject(source: str) -> MessageReport:
    """A message with a character in its subject that carriers reject."""
    item = evaluation(
        "subject-ascii", Outcome.FAILED, MESSAGE, message="The subject holds 1 character.", line=3
    )
    return message(source, (item,))


def many(*, chunked_ones: int = 0, subjects: int = 0, advised: int = 0, all_in_all: int = 30) -> View:
    """So many messages of each kind, and good ones up to the whole number."""
    bad = [chunked(f"c{at:04}.xml", f"http://{BAD}/{at}.jpg") for at in range(chunked_ones)]
    texts = [subject(f"s{at:04}.xml") for at in range(subjects)]
    others = [good(f"a{at:04}.xml", advised=True) for at in range(advised)]
    rest = all_in_all - len(bad) - len(texts) - len(others)
    return view_of(*bad, *texts, *others, *(good(f"g{at:04}.xml") for at in range(rest)))


def view_of(*messages: MessageReport) -> View:
    """The messages with what the gate would say of them, for findings alone."""
    verdicts = tuple(map(_verdict, messages))
    permitted = all(each.permitted for each in verdicts)
    verdict = Verdict(permitted=permitted, exit_code=int(not permitted), messages=verdicts)
    return View(report=report(*messages), verdict=verdict)


def _verdict(each: MessageReport) -> MessageVerdict:
    failed = [item for item in each.evaluations if item.outcome is Outcome.FAILED]
    blocking = [item.rule for item in failed if item.severity is Severity.ERROR]
    undecided = any(item.outcome is Outcome.CANT_TELL for item in each.evaluations)
    reasons = tuple(f"{rule} (message) failed" for rule in blocking)
    return MessageVerdict(source=each.source, permitted=not (reasons or undecided), reasons=reasons)


def pointed() -> View:
    """The denied sample with the lines of its document: a subject, two media, and a slide."""
    view = denied()
    subject_line = "<message-subject>Spring sale! 🌼</message-subject>"
    lines = {
        3: f"    {subject_line}",
        7: "        <image><url>http://media.example.com/spring/photo.jpg</url></image>",
        10: "    <slide>",
        12: "        <video><url>https://cdn.example.net/clip.mp4?…52e1a125f9ad</url></video>",
    }
    (each,) = view.report.messages
    items = tuple(_with_offender(item) for item in each.evaluations)
    shown = replace(each, excerpts=lines, evaluations=items)
    return replace(view, report=replace(view.report, messages=(shown,)))


def _with_offender(item: Evaluation) -> Evaluation:
    if item.rule != "subject-no-emoji":
        return item
    return replace(item, evidence={"offenders": [{"position": 14, "codes": "U+1F33C"}]})


def stopped() -> View:
    """A run that ended at the second of nine messages."""
    view = view_of(good("g0.xml"), subject("s0.xml"))
    left = tuple(f"g{at}.xml" for at in range(1, 8))
    reason = "7 messages were not checked, because the run ended at the first that was denied"
    verdict = replace(view.verdict, reasons=(reason,), untold=(reason,))
    return replace(view, report=replace(view.report, not_checked=left), verdict=verdict)
