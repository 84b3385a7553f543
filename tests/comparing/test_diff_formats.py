"""What people see: whole outputs against files, and hostile reports in every format.

Renew the files after a change that is meant, then read the difference before keeping it:

    MMSCHECK_UPDATE_GOLDEN=1 python -m pytest tests/comparing/test_diff_formats.py
"""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from mmscheck.comparing import DIFF_FORMATS, as_html, as_markdown, as_text, compare
from mmscheck.formats import json_v1
from mmscheck.formats.escape import visible
from mmscheck.formats.json_read import ReadReport
from mmscheck.formats.layout import Page
from mmscheck.model.words import Outcome
from tests.support import reports
from tests.support.compared import difference, hostile, one, picture, read, sample, view
from tests.support.reports import evaluation, medium

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"
PLAIN = Page(width=100, color=False)
CASES = {"diff.txt": "text", "diff.md": "markdown", "diff.html": "html", "diff.json": "json"}


@pytest.mark.parametrize("name", CASES)
def test_the_output_is_what_the_golden_file_holds(name: str) -> None:
    output = DIFF_FORMATS[CASES[name]](sample(), PLAIN)
    if os.environ.get("MMSCHECK_UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(output, encoding="utf-8", newline="\n")
    assert output == (GOLDEN / name).read_bytes().decode("utf-8")


def test_the_sample_holds_every_kind() -> None:
    assert all(sample().counts.values())
    assert {item.matched for item in sample().messages} == {"source", "digest", None}


@pytest.mark.parametrize("name", DIFF_FORMATS)
def test_no_format_lets_a_control_character_or_a_secret_through(name: str) -> None:
    output = DIFF_FORMATS[name](hostile(), PLAIN)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", output)
    assert "hunter2" not in output
    assert output.endswith("\n")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_text_is_no_markup_in_the_page() -> None:
    ours, theirs = _Tags(), _Tags()
    ours.feed(as_html.render(sample(), PLAIN))
    theirs.feed(as_html.render(hostile(), PLAIN))
    assert theirs.tags <= ours.tags
    assert theirs.attributes <= ours.attributes
    assert not {"script", "a", "img", "form", "iframe", "object"} & ours.tags
    assert not {"href", "src", "style"} & ours.attributes


def test_the_page_forbids_scripts_and_is_well_formed() -> None:
    page = as_html.render(hostile(), PLAIN)
    assert "default-src 'none'; style-src 'sha256-" in page
    body = re.search(r"<body>.*</body>", page, re.DOTALL)
    assert body
    assert ET.fromstring(body.group().replace("<br>", "<br/>")) is not None


def test_hostile_text_is_no_markup_in_markdown() -> None:
    output = as_markdown.render(hostile(), PLAIN)
    for bad in ("<script", "<img", "](", "@everyone", " #1", "https://", "http://"):
        assert bad not in output, bad
    rows = [line for line in output.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {5}


def test_a_long_list_says_how_much_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (as_text, as_markdown, as_html):
        monkeypatch.setattr(module, "LIMIT", 2)
    bad = evaluation("subject-ascii", Outcome.FAILED)
    many = difference(view(), view(*(one(bad, source=f"{at}.xml", name=None) for at in range(5))))
    for name in ("text", "markdown", "html"):
        assert DIFF_FORMATS[name](many, PLAIN).count("and 3 more") == 2
    assert len(json.loads(DIFF_FORMATS["json"](many, PLAIN))["changes"]) == 5


def test_colours_are_used_where_they_are_wanted_only() -> None:
    assert "\x1b" not in as_text.render(sample(), PLAIN)
    assert "\x1b[1;31mWORSE: \x1b[0m" in as_text.render(sample(), Page(width=80, color=True))


def test_a_text_shows_what_would_be_hidden() -> None:
    assert visible("\u202e") in as_text.render(hostile(), PLAIN)


def test_a_quiet_comparison_ends_with_a_good_word() -> None:
    same = difference(reports.permitted(), replace(reports.permitted()))
    assert as_text.render(same, PLAIN).splitlines()[-1] == "NOT WORSE: 0 fixed, 0 new, 0 remain."


@pytest.mark.parametrize("name", DIFF_FORMATS)
def test_a_secret_in_a_report_that_nobody_redacted_is_not_shown(name: str) -> None:
    """Such a report is not mmscheck's own; what reads it does not rely on that."""
    ref = picture("https://media.example.com/a.jpg?X=1", 1, 1)
    bad = evaluation("url-clean", Outcome.FAILED, medium(1, 1), message="MESSAGE")
    secret = "https://ana:hunter2@media.example.com/a.jpg?token=hunter2hunter2"
    raw = json_v1.render(view(one(bad, media=(ref,)))).replace("MESSAGE", secret)
    document = json.loads(raw)
    document["messages"][0]["media"][0]["url"] = secret
    report = msgspec.json.decode(json.dumps(document), type=ReadReport)
    found = compare(read(view()), report, old_file=secret, new_file="new.json")
    assert "hunter2" not in DIFF_FORMATS[name](found, PLAIN)
