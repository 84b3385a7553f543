from __future__ import annotations

import pytest

from mmscheck.cli.output import destinations
from mmscheck.errors import UsageError


def test_two_html_reports_that_would_share_a_folder_of_pages_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot share the folder"):
        destinations(["html=report.html", "html=report"])


def test_html_reports_with_folders_of_their_own_and_other_formats_are_taken() -> None:
    assert len(destinations(["html=a.html", "html=b.html", "json=a"])) == 3
