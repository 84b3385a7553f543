"""The sentence that counts a campaign: each count with its own words, told apart by the commas."""

from __future__ import annotations

from msgspec.structs import replace

from mmscheck.model.campaign import CampaignResult
from mmscheck.report import html
from mmscheck.report.run_words import campaign_sentence
from tests.support import reports

RESULT = CampaignResult(name="spring", file="to.csv", rows=5, accepted=2, recorded=1, unknown=1, denied=1)


def test_each_part_between_commas_begins_with_its_count() -> None:
    _, _, counts = campaign_sentence(RESULT).removesuffix(".").partition(": ")
    assert counts.split(", ") == [
        "2 accepted",
        "1 accepted in an earlier run",
        "1 of unknown outcome (never repeated)",
        "1 denied by the gate",
    ]


def test_the_html_report_says_it_in_the_same_words() -> None:
    page = html.render(replace(reports.sent(), campaign=RESULT))
    assert "1 of unknown outcome (never repeated), 1 denied by the gate" in page
