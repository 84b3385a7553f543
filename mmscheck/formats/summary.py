"""The end of the text report: what was counted, what shaped the run, and how a send ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mmscheck.formats.clean import clean_url
from mmscheck.formats.decision import decision
from mmscheck.formats.layout import Page, Style, shown
from mmscheck.formats.view import View
from mmscheck.formats.waived import waiver_lines
from mmscheck.formats.wording import count
from mmscheck.model.report import LINT, Report
from mmscheck.model.send import SendResult, SendStatus
from mmscheck.model.verdict import MessageVerdict, Verdict
from mmscheck.model.words import Owner

_ENDS = {
    SendStatus.ACCEPTED: ("ACCEPTED: ", Style.GOOD),
    SendStatus.REFUSED: ("REFUSED: ", Style.BAD),
    SendStatus.UNKNOWN: ("OUTCOME UNKNOWN, do not repeat it: ", Style.DOUBT),
    SendStatus.NOT_ATTEMPTED: ("NOT ATTEMPTED: ", Style.DOUBT),
}


def counted(view: View, page: Page) -> Iterator[str]:
    """What was checked, what changed the rules, and what was let past them."""
    report = view.report
    yield from page.block(_counts(report), indent=0)
    for change in report.overrides:
        rule, key, old, new, by = (
            shown(str(change.get(name, "?"))) for name in ("rule", "key", "old", "new", "by")
        )
        yield from page.block(f"Changed rule: {rule}, {key}: {old} -> {new} (by {by}).", indent=0, hang=2)
    for sentence in (*map(shown, report.allowances), _about_warnings(report), _about_redaction(report)):
        if sentence:
            yield from page.block(sentence, indent=0)


def work_list(owners: Mapping[Owner | None, Sequence[int]], page: Page) -> Iterator[str]:
    """Who can fix what: the numbers of the findings for each owner, in the words' own order."""
    told = [
        f"{owner.value if owner else 'not clear'} {' '.join(f'[{number}]' for number in owners[owner])}"
        for owner in (*Owner, None)
        if owner in owners
    ]
    if told:
        yield from page.block(f"{'; '.join(told)}.", indent=0, label="Who can fix what: ", hang=2)


def decision_word(verdict: Verdict | MessageVerdict, *, offline: bool) -> tuple[str, Style]:
    """The verdict in a word, with its style; lint has words of its own, since it permits nothing."""
    if verdict.passed_offline:
        return "PASS", Style.GOOD
    if offline:
        return "FAIL", Style.BAD
    return ("PERMIT", Style.GOOD) if verdict.permitted else ("DENY", Style.BAD)


def closing(view: View, page: Page) -> Iterator[str]:
    """The lines that every report ends with: waivers, what was not read, the verdict, a send."""
    yield from waiver_lines(view, page)
    for sentence in view.report.unread:
        yield from page.block(shown(sentence), indent=0, label="NOT READ: ", style=Style.BAD, hang=2)
    word, style = decision_word(view.verdict, offline=view.report.profile == LINT)
    yield from page.block(decision(view), indent=0, label=f"{word}: ", style=style, hang=2)
    if view.send is not None:
        word, style = _ENDS[view.send.status]
        yield from page.block(_send_sentence(view.send), indent=0, label=word, style=style, hang=2)


def _counts(report: Report) -> str:
    media = sum(len(message.media) for message in report.messages)
    return (
        f"Checked {count(len(report.messages), 'message')} with {count(media, 'media file')} "
        f"(profile {shown(report.profile)}) in {report.duration_ms:,} ms."
    )


def _about_warnings(report: Report) -> str:
    return "Strict: warning rules block like errors." if report.strict else ""


def _about_redaction(report: Report) -> str:
    hidden = any("?…" in clean_url(ref.url) for message in report.messages for ref in message.media)
    return "In URLs, ?… and a digest stand for a query that may hold a secret." if hidden else ""


def _send_sentence(result: SendResult) -> str:
    facts = {"Tracking id": result.tracking_id, "MMS id": result.mms_id, "Provider code": result.error_code}
    told = [
        f"{name}: {shown(value)}." for name, value in facts.items() if value and value not in result.detail
    ]
    return " ".join([shown(result.detail), *told])
