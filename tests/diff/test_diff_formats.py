"""What people see: whole outputs against files, and hostile reports in every format.

Renew the files after a change that is meant, then read the difference before keeping it:

    MMSCHECK_UPDATE_GOLDEN=1 python -m pytest tests/diff/test_diff_formats.py
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

from mmscheck.diff import DIFF_FORMATS, Comparison, as_html, as_markdown, as_text, compare, words
from mmscheck.diff.changes import Kind
from mmscheck.diff.words import sections
from mmscheck.model.words import Outcome, Severity
from mmscheck.report import json_v1
from mmscheck.report.escape import visible
from mmscheck.report.json_read import ReadReport
from mmscheck.report.layout import Page
from tests.support import reports
from tests.support.compared import HOST, difference, hostile, one, picture, read, sample, view
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


def many(bad: int, *, both: bool) -> Comparison:
    """So many messages with a finding each, in both runs or added."""
    sources = [(f"{at}.xml", f"sha256:{at:064x}") for at in range(bad)]
    was = [one(source=source, name=source, digest=digest) for source, digest in sources] if both else []
    found = evaluation("subject-ascii", Outcome.FAILED, fix="Write it in plain letters.")
    return difference(
        view(*was),
        view(*(one(found, source=source, name=source, digest=digest) for source, digest in sources)),
    )


@pytest.mark.parametrize("both", [True, False])
def test_a_long_list_says_how_much_is_not_shown(monkeypatch: pytest.MonkeyPatch, *, both: bool) -> None:
    for module in (as_text, as_markdown, as_html):
        monkeypatch.setattr(module, "LIMIT", 2)
    lost = many(5, both=both)
    for name in ("text", "markdown", "html"):
        # Five verdicts and five findings, or five added messages alone.
        assert DIFF_FORMATS[name](lost, PLAIN).count("and 3 more") == 1 + both
    assert len(json.loads(DIFF_FORMATS["json"](lost, PLAIN))["changes"]) == 5


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
def test_a_message_of_one_run_only_is_told_in_one_line(name: str) -> None:
    output = DIFF_FORMATS[name](sample(), Page(width=400, color=False))
    (removed,) = (line for line in output.splitlines() if "gone.xml" in line)
    assert "2 findings gone with it, none fixed" in removed
    (added,) = (line for line in output.splitlines() if "added.xml" in line)
    for part in ("2 blocking failures", "subject-plain, slide-count", "1 blocking check undecided"):
        assert part in added
    assert "1 finding that blocks nothing" in added
    assert not [line for line in output.splitlines() if "subject-present" in line]


def test_the_last_line_counts_what_both_runs_have_and_the_rest_apart() -> None:
    last = as_text.render(sample(), Page(width=4000, color=False)).splitlines()[-1]
    assert "2 blocking checks failed in added messages." in last
    assert (
        "1 fixed, 1 new, 1 remain. 1 message added with 4 findings; 1 message removed with 2 findings."
        in last
    )


def test_what_is_lost_for_one_reason_stands_in_one_row() -> None:
    media = tuple(picture(f"{HOST}/{at}.jpg", at, at) for at in (1, 2, 3))
    rules = [f"rule-{at}" for at in range(9)]
    bad = [evaluation(rule, Outcome.CANT_TELL, medium(at, at)) for at in (1, 2, 3) for rule in rules]
    (section,) = sections(difference(view(one(*bad, media=media)), view(one(media=media))), 50)
    (row,) = section.rows
    assert section.heading == "Not evaluated any more (not fixed) (27, 27 blocking)"
    assert (row.where, row.findings) == ("sale.xml slide 1, medium 1 and 2 more places", 27)
    assert row.rules == "rule-0, rule-1, rule-2, rule-3, rule-4, rule-5 and 3 more"
    assert row.outcome == "cant-tell -> not evaluated (blocks)"


def test_what_cannot_be_decided_at_one_place_stands_in_one_row_and_failures_do_not() -> None:
    media = (picture(f"{HOST}/1.jpg", 1, 1), picture(f"{HOST}/2.jpg", 2, 2))
    places = [medium(at, at) for at in (1, 2)]
    open_ = [evaluation(rule, Outcome.CANT_TELL, place) for place in places for rule in ("a", "b")]
    bad = [evaluation(rule, Outcome.FAILED, place) for place in places for rule in ("c", "d")]
    found = difference(view(one(media=media)), view(one(*open_, *bad, media=media)))
    kinds = {section.kind: [row.rules for row in section.rows] for section in sections(found, 50)}
    assert kinds == {Kind.NEW: ["c", "d", "c", "d"], Kind.UNDECIDED: ["a, b", "a, b"]}
    limited = sections(found, 1)
    assert [section.more[:10] for section in limited] == ["and 3 more", "and 2 more"]


def test_the_same_fix_is_written_out_once() -> None:
    output = as_text.render(many(3, both=True), PLAIN)
    assert output.count("Fix: As for 0.xml message, above.") == 2
    assert output.count("Fix: Write it in plain letters.") == 1


def test_rules_that_one_run_did_not_evaluate_are_a_line_for_each_severity() -> None:
    rules = [f"rule-{at}" for at in range(30)]
    old = view(
        one(
            *(evaluation(rule, Outcome.PASSED) for rule in rules),
            *(evaluation(f"w{rule}", Outcome.PASSED, severity=Severity.WARNING) for rule in rules),
        )
    )
    found = difference(old, view(one()))
    first, second = words.missed_lines(found)
    assert first.startswith(
        "Only before, and not now: 30 rules (error; 30 evaluations in up to 1 message): rule-0,"
    )
    assert "(warning; " in second
    assert all(f" {rule}" in first for rule in rules)
    assert found.worse == [
        "30 blocking rules of the old run not evaluated now: rule-0, rule-1, rule-10 and 27 more."
    ]


def test_reports_of_other_files_are_said_to_be_unlike() -> None:
    old, new = (view(one(source=f"{at}.xml", name=at, digest=f"sha256:{at * 64}")) for at in ("a", "b"))
    told = "No message is in both runs"
    assert told in as_text.render(difference(old, new), PLAIN)
    for other in (difference(old, old), difference(old, view()), sample()):
        assert told not in as_text.render(other, PLAIN)


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
