"""What became of the waivers of a run, for people."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.base.text import count
from mmscheck.model.waiver import Waiver, WaiverState, WaiverUse
from mmscheck.report.layout import Page, Style, shown, shown_url
from mmscheck.report.view import View


def leave(waiver: Waiver) -> str:
    """Who let it through, until when and why, shown."""
    if waiver.baseline:
        return f"the baseline {shown(waiver.who)}, which knows it"
    return f"{shown(waiver.who)}, until {waiver.expires}: {shown(waiver.reason)}"


def let_through(waiver: Waiver) -> str:
    """The same as the beginning of a sentence."""
    if waiver.baseline:
        return f"Known from the baseline {shown(waiver.who)}"
    return f"Waived by {leave(waiver)}"


def waiver_lines(view: View, page: Page) -> Iterator[str]:
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


def about_waiver(use: WaiverUse) -> tuple[str, str]:
    """What became of a waiver: a label and a sentence, both shown."""
    what = f"{shown(use.waiver.rule)}{_scope(use.waiver)}"
    about = count(use.matches, "finding")
    by = f"({leave(use.waiver)})"
    match use.state:
        case WaiverState.USED:
            return "Waived: ", f"{what}, {about} {by}"
        case WaiverState.UNUSED:
            return "waiver not used: ", f"{what} matches no finding; correct or remove it {by}"
        case WaiverState.EXPIRED:
            return "waiver expired: ", f"{what} no longer holds, and matches {about}; remove or renew it {by}"
        case WaiverState.REFUSED:
            return "waiver refused: ", f"{what} can be waived by nobody; remove it {by}"


def _scope(waiver: Waiver) -> str:
    parts = {
        "in": waiver.source and shown(waiver.source),
        "on slide": waiver.slide,
        "for": waiver.url and shown_url(waiver.url),
    }
    return "".join(f" {word} {value}" for word, value in parts.items() if value)
