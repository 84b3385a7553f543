"""How a campaign ended, for people: the counts, the rows worth a look, and what stopped it."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.base.text import count
from mmscheck.model.campaign import CampaignResult, RowNote
from mmscheck.report.layout import Page, Style, shown

_LABELS = {
    "accepted": "accepted",
    "recorded": "accepted in an earlier run",
    "refused": "refused",
    "not_sent": "not sent",
    "unknown": "of unknown outcome (never repeated)",
    "denied": "denied by the gate",
    "duplicates": "repeated in the file",
    "left": "left",
}


_PLACES = 5
"""Campaigns that are named as those from which numbers have the message."""


def campaign_sentence(result: CampaignResult) -> str:
    """The counts as one sentence; what is none is left out."""
    told = [f"{getattr(result, name):,} {label}" for name, label in _LABELS.items() if getattr(result, name)]
    speed = ""
    if result.accepted and result.seconds:
        speed = f" in {result.seconds:,.0f} s ({result.accepted / result.seconds:,.0f}/s)"
    stopped = f" Stopped: {result.stopped}." if result.stopped else ""
    return (
        f"{count(result.rows, 'row')}: {', '.join(told) or 'nothing was sent'}{speed}.{_had(result)}{stopped}"
    )


def _had(result: CampaignResult) -> str:
    """How many numbers have the message from elsewhere, and from where."""
    if not result.had:
        return ""
    places = [(f"campaign {name}" if name else "single sends", number) for name, number in result.had_from]
    if len(places) > 1:
        told = ", ".join(f"{number:,} from {place}" for place, number in places[:_PLACES])
        more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    else:
        told, more = "".join(f"from {place}" for place, _ in places), ""
    lead = f"{result.had:,} of these numbers have this message already"
    return f" {lead}, {told}{more}; --again sends it once more."


def campaign_lines(result: CampaignResult, page: Page) -> Iterator[str]:
    """The whole of it, rows first."""
    for note in result.notes:
        label = f"{note.fate.value.upper()}  "
        yield from page.block(_row(result, note), indent=0, label=label, style=Style.BAD, hang=2)
    if result.more:
        yield from page.block(
            f"and {count(result.more, 'more row')}; --row-log FILE lists every one.", indent=2
        )
    done = result.accepted + result.recorded + result.duplicates + result.had
    clean = done == result.rows and not result.stopped
    style = Style.GOOD if clean else Style.DOUBT if result.unknown else Style.BAD
    text = f"{shown(result.name)}, {shown(campaign_sentence(result))}"
    yield from page.block(text, indent=0, label="CAMPAIGN: ", style=style, hang=2)


def _row(result: CampaignResult, note: RowNote) -> str:
    columns = f", column {', '.join(map(shown, note.columns))}" if note.columns else ""
    return f"{shown(result.file)}, line {note.line}{columns} (to {shown(note.to)}): {shown(note.detail)}"
