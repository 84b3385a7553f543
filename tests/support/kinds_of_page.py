"""Every kind of page that mmscheck writes for people, as files to be opened in a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from mmscheck.cli.output import write_site
from mmscheck.diff import as_html
from mmscheck.model.campaign import CampaignResult, RowFate, RowNote
from mmscheck.model.request import SendStatus
from mmscheck.report import View, html
from mmscheck.report.html.overview import FIRST
from mmscheck.report.layout import Page
from tests.support import compared, html_reports, reports


def campaign() -> View:
    """A message sent to many, not all of them well: some rows refused, one that nobody knows about."""
    base = reports.sent(SendStatus.UNKNOWN)
    notes = (
        RowNote(
            line=17, to="15551000016", fate=RowFate.REFUSED, detail="E620 Invalid mms-id", columns=("to",)
        ),
        RowNote(line=40, to="15551000039", fate=RowFate.UNKNOWN, detail="no answer within 30 s"),
        RowNote(line=41, to="1555", fate=RowFate.DENIED, detail="the number has 4 digits", columns=("to",)),
    )
    result = CampaignResult(
        name="spring",
        file="spring.csv",
        rows=1_204,
        accepted=1_100,
        refused=1,
        unknown=1,
        denied=1,
        left=101,
        stopped="the provider did not answer",
        seconds=61.5,
        notes=notes,
        more=2,
    )
    return replace(base, campaign=result)


def _one(made: Callable[[], View]) -> Callable[[Path], Path]:
    """Writes the report as one file."""

    def write(folder: Path) -> Path:
        file = folder / "report.html"
        file.write_text(html.render(made()), encoding="utf-8")
        return file

    return write


def _index(folder: Path) -> Path:
    """A run of so many messages that each has a page, and the index holds rows back."""
    file = folder / "report.html"
    write_site(file, html_reports.many(FIRST + 10, distinct=10))
    return file


def _page_of_index(folder: Path) -> Path:
    """The page of a message that is broken."""
    return _index(folder).with_name("report_files") / "message-00003.html"


def _diff(folder: Path) -> Path:
    file = folder / "diff.html"
    file.write_text(as_html.render(compared.sample(), Page(width=100, color=False)), encoding="utf-8")
    return file


KINDS: Mapping[str, Callable[[Path], Path]] = MappingProxyType(
    {
        "every-medium": _one(html_reports.everything),
        "several-messages": _one(html_reports.three),
        "waivers": _one(reports.let_through),
        "hostile": _one(html_reports.attacked),
        "hostile-send": _one(reports.hostile),
        "crashed": _one(reports.crashed),
        "send": _one(lambda: reports.sent(SendStatus.REFUSED)),
        "campaign": _one(campaign),
        "index": _index,
        "message-page": _page_of_index,
        "diff": _diff,
    }
)
"""What writes each kind of page into a folder; it returns the file to open."""
