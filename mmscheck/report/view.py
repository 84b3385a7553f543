"""What a format is given, and what a format is."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from mmscheck.model.campaign import CampaignResult
from mmscheck.model.report import Report
from mmscheck.model.request import SendResult
from mmscheck.model.verdict import Verdict


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One run as it is to be shown.

    The verdict and the exit code are shown as given and never worked out again. ``send`` is None when no
    send was asked for. ``color``, ``width`` (columns) and ``quiet`` concern formats for people only. ``root``
    is the folder, absolute, that formats for code hosts name paths from; empty: paths stand as given.
    ``links`` is the URL of the working folder, with a slash at its end, for a terminal that can follow links
    to files; empty: no links. ``campaign`` is set beside ``send`` when one message was sent to many.
    """

    report: Report
    verdict: Verdict
    send: SendResult | None = None
    color: bool = False
    width: int = 100
    quiet: bool = False
    root: str = ""
    links: str = ""
    campaign: CampaignResult | None = None


Formatter = Callable[[View], str]
"""Turns a view into the whole output, which ends with a line feed."""
