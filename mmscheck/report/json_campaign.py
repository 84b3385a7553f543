"""A campaign as its type of the JSON report."""

from __future__ import annotations

from mmscheck.model.campaign import CampaignResult, RowNote
from mmscheck.report import json_types as v1
from mmscheck.report.clean import clean_text, optional


def json_campaign(result: CampaignResult) -> v1.Campaign:
    """The same, with untrusted text made safe to show."""
    return v1.Campaign(
        name=clean_text(result.name),
        file=clean_text(result.file),
        rows=result.rows,
        accepted=result.accepted,
        recorded=result.recorded,
        refused=result.refused,
        not_sent=result.not_sent,
        unknown=result.unknown,
        denied=result.denied,
        duplicates=result.duplicates,
        had=result.had,
        had_from=[v1.HadFrom(campaign=optional(name or None), rows=rows) for name, rows in result.had_from],
        left=result.left,
        stopped=optional(result.stopped),
        seconds=round(result.seconds, 3),
        listed=[_row(note) for note in result.notes],
        more=result.more,
    )


def _row(note: RowNote) -> v1.CampaignRow:
    return v1.CampaignRow(
        line=note.line,
        to=clean_text(note.to),
        fate=note.fate,
        columns=[clean_text(name) for name in note.columns],
        detail=clean_text(note.detail),
    )
