from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from mmscheck.model.words import Outcome, Owner
from mmscheck.report import FORMATS, View
from mmscheck.report.markdown import MOST
from mmscheck.report.markdown_text import code, escaped, fenced, in_html
from tests.support.agreeing import ATTACKS, EVERY
from tests.support.reports import SECRETS, deny, evaluation, judged, message, report, several, slide

HARMLESS = {
    *("h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "br", "ul", "li"),
    *("code", "pre", "details", "summary", "span"),
}


class Page(HTMLParser):
    """The tags of rendered Markdown, and its text outside of code, in the pieces that hosts search."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[str] = []
        self.pieces: list[str] = []
        self.all: list[str] = []
        self.cells: list[int] = []
        self._code = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [name for name, _ in attrs]
        self._code += tag in ("code", "pre")
        if tag == "tr":
            self.cells.append(0)
        elif tag in ("td", "th"):
            self.cells[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        self.all.append(data)
        if not self._code:
            self.pieces.append(data)


def rendered(markdown: str) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


def big(count: int) -> View:
    messages = tuple(
        message(
            f"mms/{at}.xml",
            tuple(
                evaluation(
                    f"rule-{at}-{n}",
                    Outcome.FAILED,
                    slide(n),
                    owner=list(Owner)[n],
                    message="@a|b " * 100,
                    fix="f" * 500,
                )
                for n in range(3)
            ),
            subject="s" * 10_000_000 if at == 1 else "\U0001f33c" * 80,
        )
        for at in range(1, count + 1)
    )
    run = report(*messages, unread=tuple(f"{at}.xml: no such file" for at in range(count)))
    denied = [deny(each.source, *(f"odd {n}" * 50 for n in range(9))) for each in messages]
    return View(report=run, verdict=judged(run, 2, *denied, reasons=tuple("r" * 500 for _ in range(count))))


@pytest.mark.parametrize("name", EVERY)
def test_what_strangers_write_becomes_no_tag_link_or_name(name: str) -> None:
    page = rendered(FORMATS["markdown"](EVERY[name]))
    assert page.tags <= HARMLESS
    assert set(page.attributes) <= {"class", "style"}
    for piece in page.pieces:
        assert not re.search(r"@\w|://|www\.|[#!&]\d|\bGH-\d|\$\w", piece), piece


@pytest.mark.parametrize("name", EVERY)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(name: str) -> None:
    assert set(rendered(FORMATS["markdown"](EVERY[name])).cells) <= {3, 5, 6}


@pytest.mark.parametrize(
    "text", [*ATTACKS, "a\\|b\\\\|c", "\\", "`" * 5, "*x* _y_ ~~z~~ [l](http://u)", "<a>", "GH-12 #x !3"]
)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    line = " ".join(text.replace("\0", "").split()).encode("utf-8", "ignore").decode()
    line = "".join(char for char in line if char.isprintable())
    for markdown in (
        f"x {escaped(line)}",
        f"x {code(line)}",
        f"<details>x <code>{in_html(line)}</code></details>",
    ):
        html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
        told = Page(html).all
        assert "".join(told).strip() == f"x {line}"


@pytest.mark.parametrize("text", ["|", "\\|", "\\\\|", "a|b|c"])
def test_a_cell_survives_a_bar(text: str) -> None:
    page = rendered(f"| a | b |\n| --- | --- |\n| {escaped(text)} | {code(text)} |\n")
    assert "".join(page.all).split() == ["a", "b", text, text]


def test_a_fix_cannot_end_its_block() -> None:
    lines = ["```", "````", "</details>", "<script>"]
    html = MarkdownIt("commonmark", {"html": True}).render(fenced(lines))
    assert html.count("<pre>") == 1
    assert "<script>" not in html


@pytest.mark.parametrize("count", [1, 40, 600])
def test_it_never_gets_longer_than_a_comment_may_be(count: int) -> None:
    output = FORMATS["markdown"](big(count))
    assert len(output.encode()) <= MOST == 65_536
    assert output.startswith("## mmscheck: DENY\n\n**DENY:** ")
    assert rendered(output).tags <= HARMLESS


def test_what_was_left_out_is_counted() -> None:
    output = FORMATS["markdown"](big(600))
    told = len(re.findall(r"^\| \d+ \| ERROR, blocks \|", output, re.MULTILINE))
    left = [
        int(number.replace(",", ""))
        for number in re.findall(r"^\*\*And ([\d,]+) more findings?\*\*", output, re.MULTILINE)
    ]
    assert told + sum(left) == 1_800
    shown = len(re.findall(r"^\| DENY \|", output, re.MULTILINE))
    (more,) = re.findall(r"^And ([\d,]+) more messages\.$", output, re.MULTILINE)
    assert shown + int(more.replace(",", "")) == 600
    read = len(re.findall(r"^- An input could not be read", output, re.MULTILINE))
    (unread,) = re.findall(r"^And ([\d,]+) more of this kind\.$", output, re.MULTILINE)
    assert read + int(unread.replace(",", "")) == 600
    assert "more characters" in output


def test_findings_stand_under_who_can_fix_them() -> None:
    output = FORMATS["markdown"](several())
    content, hosting = output.index("### To fix by content"), output.index("### To fix by hosting")
    assert (
        content
        < output.index("<code>subject-no-emoji</code>")
        < hosting
        < output.index("<code>media-reachable</code>")
    )
    assert "Fix of [2], [4]: <code>content-length</code>" in output
    assert "CANNOT TELL, blocks as well: <code>content-length</code>, <code>not-chunked</code>" in output


def test_a_denial_without_a_finding_tells_the_reasons_of_the_gate() -> None:
    output = FORMATS["markdown"](EVERY["incomplete"])
    assert "not-chunked was not evaluated on slide 1, medium 1" in output


@pytest.mark.parametrize("name", EVERY)
def test_no_secret_and_no_hidden_character_gets_in(name: str) -> None:
    output = FORMATS["markdown"](EVERY[name])
    assert not [secret for secret in SECRETS if secret in output]
    assert not [char for char in output if not char.isprintable() and char != "\n"]


def test_a_send_is_told() -> None:
    assert "**Send:** unknown: " in FORMATS["markdown"](EVERY["unknown"])
    assert "Do not repeat it." in FORMATS["markdown"](EVERY["unknown"])
    again = EVERY["unknown"].send
    assert again is not None
    saved = replace(EVERY["unknown"], send=replace(again, may_repeat=True))
    assert "Do not repeat it." not in FORMATS["markdown"](saved)
