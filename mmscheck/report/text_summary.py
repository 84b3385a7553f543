"""The end of the text report: what was counted, what shaped the run, its waivers, and how a send ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mmscheck.base.text import count
from mmscheck.model.campaign import CampaignResult, RowNote
from mmscheck.model.request import SendResult, SendStatus
from mmscheck.model.waiver import WaiverState
from mmscheck.model.words import Owner
from mmscheck.report.clean import clean_url
from mmscheck.report.finding_words import about_waiver
from mmscheck.report.layout import Page, Style, shown
from mmscheck.report.run_words import (
    campaign_sentence,
    configured,
    decision,
    decision_word,
    inputs,
    is_lone,
)
from mmscheck.report.view import View

_ENDS = {
    SendStatus.ACCEPTED: ("ACCEPTED: ", Style.GOOD),
    SendStatus.REFUSED: ("REFUSED: ", Style.BAD),
    SendStatus.UNKNOWN: ("OUTCOME UNKNOWN, do not repeat it: ", Style.DOUBT),
    SendStatus.NOT_ATTEMPTED: ("NOT ATTEMPTED: ", Style.DOUBT),
}


_UNKNOWN_SAVE = ("OUTCOME UNKNOWN: ", Style.DOUBT)

_REDACTION = "In URLs, ?… and a digest stand for a query that may hold a secret."

MOST_UNREAD = 20
"""Inputs that could not be read whose reasons are told; with ``quiet`` all are."""

MOST_LEFT = 5
"""Messages that were not checked and are named; the others are counted."""


def counted(view: View, page: Page) -> Iterator[str]:
    """What was checked, what changed the rules, what was let past them, and what was hidden."""
    report = view.report
    yield from page.block(_counts(view), indent=0)
    yield from notes(view, page)
    if any("?…" in clean_url(ref.url) for message in report.heads for ref in message.media):
        yield from page.block(_REDACTION, indent=0)


def notes(view: View, page: Page) -> Iterator[str]:
    """What changed the rules, and what was let past them."""
    report = view.report
    yield from configuration(view, page)
    for change in report.overrides:
        rule, key, old, new, by = (
            shown(str(change.get(name, "?"))) for name in ("rule", "key", "old", "new", "by")
        )
        yield from page.block(f"Changed rule: {rule}, {key}: {old} -> {new} (by {by}).", indent=0, hang=2)
    for sentence in report.allowances:
        yield from page.block(shown(sentence), indent=0)
    if report.strict:
        yield from page.block("Strict: warning rules block like errors.", indent=0)


def configuration(view: View, page: Page) -> Iterator[str]:
    """The file that shaped the rules, if there is one."""
    if told := configured(view.report):
        yield from page.block(told, indent=0, hang=2)


def work_list(owners: Mapping[Owner | None, Sequence[int]], page: Page) -> Iterator[str]:
    """Who can fix what: the numbers of the findings for each owner, in the words' own order."""
    told = [
        f"{owner.value if owner else 'not clear'} {' '.join(f'[{number}]' for number in owners[owner])}"
        for owner in (*Owner, None)
        if owner in owners
    ]
    if told:
        yield from page.block(f"{'; '.join(told)}.", indent=0, label="Who can fix what: ", hang=2)


def closing(view: View, page: Page, about: str = "") -> Iterator[str]:
    """The lines that every report ends with: waivers, what was not looked at, the verdict, a send.

    ``about`` stands before the reasons of the verdict, shown already.
    """
    yield from _waiver_lines(view, page)
    yield from _not_looked_at(view, page)
    word, style = decision_word(view.verdict, offline=view.offline)
    yield from page.block(f"{about}{decision(view)}", indent=0, label=f"{word}: ", style=style, hang=2)
    if view.campaign is not None:
        yield from campaign_lines(view.campaign, page)
    elif view.send is not None:
        word, style = _UNKNOWN_SAVE if view.send.may_repeat else _ENDS[view.send.status]
        yield from page.block(_send_sentence(view.send), indent=0, label=word, style=style, hang=2)


def _not_looked_at(view: View, page: Page) -> Iterator[str]:
    unread, left = view.report.unread, view.report.not_checked
    most = len(unread) if view.quiet else MOST_UNREAD
    told = [shown(sentence) for sentence in unread[:most]]
    if more := len(unread[most:]):
        told.append(f"and {count(more, 'more input')} (--format json names them)")
    for sentence in told:
        yield from page.block(sentence, indent=0, label="NOT READ: ", style=Style.BAD, hang=2)
    if left:
        named = ", ".join(map(shown, left[:MOST_LEFT]))
        others = f" and {len(left) - MOST_LEFT:,} more" if len(left) > MOST_LEFT else ""
        text = f"{count(len(left), 'message')} after the first that was denied: {named}{others}"
        yield from page.block(text, indent=0, label="NOT CHECKED: ", style=Style.BAD, hang=2)


def _counts(view: View) -> str:
    report = view.report
    files = [verdict for message, verdict in view.heads if is_lone(message)]
    usable = sum(verdict.passed for verdict in files)
    split = f" {usable:,} of the files can be used, {len(files) - usable:,} cannot." if len(files) > 1 else ""
    return f"Checked {inputs(report)} (profile {shown(report.profile)}) in {report.duration_ms:,} ms.{split}"


def _send_sentence(result: SendResult) -> str:
    facts = {"Tracking id": result.tracking_id, "MMS id": result.mms_id, "Provider code": result.error_code}
    told = [
        f"{name}: {shown(value)}." for name, value in facts.items() if value and value not in result.detail
    ]
    return " ".join([shown(result.detail), *told])


def _waiver_lines(view: View, page: Page) -> Iterator[str]:
    """One block for each waiver; with ``quiet`` only those that somebody has to look at.

    A waiver of a rule that the profile leaves out had no chance to be used, and is no cause for a warning.
    """
    selected = {rule.id for rule in view.report.rules}
    for use in view.verdict.waivers:
        label, text = about_waiver(use)
        if use.state is WaiverState.UNUSED and use.waiver.rule not in selected:
            continue
        if use.state is not WaiverState.USED:
            yield from page.block(text, indent=0, label=f"WARNING: {label}", style=Style.ADVICE, hang=2)
        elif not view.quiet:
            yield from page.block(text, indent=0, label=label, hang=2)


def campaign_lines(result: CampaignResult, page: Page) -> Iterator[str]:
    """The whole of it, rows first."""
    for note in result.notes:
        label = f"{note.fate.value.upper()}  "
        yield from page.block(_row(result, note), indent=0, label=label, style=Style.BAD, hang=2)
    if result.more:
        yield from page.block(
            f"and {count(result.more, 'more row')}; --row-log FILE lists every one.", indent=2
        )
    done = result.accepted + result.recorded + result.duplicates + result.had + result.withheld
    clean = done == result.rows and not result.stopped
    style = Style.GOOD if clean else Style.DOUBT if result.unknown else Style.BAD
    text = f"{shown(result.name)}, {shown(campaign_sentence(result))}"
    yield from page.block(text, indent=0, label="CAMPAIGN: ", style=style, hang=2)


def _row(result: CampaignResult, note: RowNote) -> str:
    columns = f", column {', '.join(map(shown, note.columns))}" if note.columns else ""
    return f"{shown(result.file)}, line {note.line}{columns} (to {shown(note.to)}): {shown(note.detail)}"
