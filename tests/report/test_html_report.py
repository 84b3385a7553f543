from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from mmscheck.model.campaign import CampaignResult, RowFate, RowNote
from mmscheck.model.facts import ImageFacts
from mmscheck.model.request import SendStatus
from mmscheck.report import FORMATS, html
from mmscheck.report.html.markup import Markup, cut, join, on_phone, seconds, size, tag
from mmscheck.report.html.medium import doubts, zone
from tests.support import html_reports, reports
from tests.support.media_targets import fetched, sniffed
from tests.support.reports import PHOTO

VOID = {"meta", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Notes every element and attribute, and that what was opened is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def words(page: str) -> str:
    """The page's own text, without style and script."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body))


@pytest.mark.parametrize("sample", sorted(reports.SAMPLES))
def test_every_sample_is_well_nested_and_has_no_script_style_or_handler_in_its_markup(sample: str) -> None:
    reader = read(FORMATS["html"](reports.SAMPLES[sample]))
    assert reader.names.count("script") == reader.names.count("style") == reader.names.count("h1") == 1
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name in {"style", "src"}]
    links = [value or "" for name, value in reader.attributes if name == "href"]
    assert all(link.startswith(("#", "data:image/")) for link in links)
    ids = [value for name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_the_policy_allows_only_the_style_and_script_that_are_in_the_page() -> None:
    page = html.render(reports.denied())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    told = policy.group(1).replace("&#x27;", "'")
    assert told.startswith("default-src 'none'; img-src data:; ")
    for element in ("style", "script"):
        content = re.search(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
        assert content is not None
        digest = base64.b64encode(hashlib.sha256(content.group(1).encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in told
    assert "unsafe" not in told


def test_plain_strings_are_escaped_and_only_markup_is_not() -> None:
    assert tag("p", "<b>&\"'", title="\"'<>&") == (
        '<p title="&quot;&#x27;&lt;&gt;&amp;">&lt;b&gt;&amp;&quot;&#x27;</p>'
    )
    assert join(Markup("<b>"), None, "", f"{Markup('<i>')}") == "<b>&lt;i&gt;"


@pytest.mark.parametrize("attribute", ["onclick", "style", "a b", 'x"y'])
def test_no_attribute_can_hold_a_script_or_a_style(attribute: str) -> None:
    with pytest.raises(ValueError, match="no attribute"):
        tag("p", **{attribute: "x"})


def test_hostile_strings_are_text_wherever_they_stand() -> None:
    page = html.render(html_reports.attacked())
    reader = read(page)
    assert reader.names.count("script") == 1
    assert "img" not in reader.names
    assert "\u202e" not in page
    assert "onerror" not in {name for name, _ in reader.attributes}
    assert "data:image" not in page


def test_a_header_of_ten_megabytes_is_cut_and_says_by_how_much() -> None:
    page = html.render(html_reports.attacked())
    assert len(page) < 200_000
    assert "x" * 400 in page
    assert "x" * 401 not in page
    assert "and 9,999,600 more characters" in page


def test_no_secret_of_a_url_is_on_a_page_with_pictures() -> None:
    page = html.render(html_reports.everything())
    assert "hunter2" not in page
    assert "photo-large.jpg?…" in page


def test_offending_characters_of_a_subject_are_marked_named_and_replaced() -> None:
    page = html.render(html_reports.everything())
    for part in (
        '<mark title="U+00E9 LATIN SMALL LETTER E WITH ACUTE">\u00e9<sup>1</sup></mark>',
        '<mark title="U+202E RIGHT-TO-LEFT OVERRIDE">U+202E<sup>4</sup></mark>',
        "In plain letters:",
    ):
        assert part in page
    assert "U+2019 RIGHT SINGLE QUOTATION MARK, position 6: write '" in words(page).replace("&#x27;", "'")


def test_a_subject_without_offenders_has_no_marks_and_a_missing_one_is_told() -> None:
    assert "<mark" not in html.render(reports.permitted())
    assert "no subject" in words(html.render(reports.unreadable()))


def test_slides_show_pictures_films_sounds_cards_and_texts_in_order() -> None:
    page = html.render(html_reports.everything())
    places = [
        page.index(part)
        for part in (
            'aria-label="Picture photo-large.jpg, 640 by 1138 pixels"',
            'aria-label="Film clip-small.mp4, first frame, 128 by 96 pixels, 0:01 long"',
            'class="wave"',
            "Marina Sol",
            "Summer sale, day 1",
            "Pages",
            "Logo text",
        )
    ]
    assert places == sorted(places)
    assert "(UCS-2 because of \u201c \u201d)" in page


def test_a_medium_that_did_not_come_is_shown_as_missing_with_the_reason() -> None:
    assert "missing: timed out (no answer within 10 s)" in words(html.render(reports.denied()))


def test_one_picture_on_several_slides_is_in_the_page_once() -> None:
    page = html.render(html_reports.three())
    assert 0 < page.count("<image ") < page.count('<use href="#p')


def test_findings_alike_in_all_but_their_place_are_told_once_with_every_place() -> None:
    page = html.render(reports.denied())
    assert page.count('data-rule="content-length"') == 1
    card = page[page.index('data-rule="content-length"') - 3_000 :]
    assert "photo.jpg answered without Content-Length" in card
    assert "clip.mp4?" in card
    assert 'data-count="2"' in page


def test_advice_that_cannot_be_decided_is_not_called_a_thing_to_fix() -> None:
    page = html.render(html_reports.three())
    assert "Content has 1 thing to fix; hosting has 4 things to fix;" in words(page)
    row = words(page[page.index('href="#m1"') :].partition("</tr>")[0])
    assert "to fix" not in row
    assert "1 advice" in row


def test_findings_stand_under_who_can_fix_them() -> None:
    page = html.render(reports.denied())
    assert page.index("For content") < page.index("subject-no-emoji</code>") < page.index("For hosting")
    assert page.index("For hosting") < page.index(">content-length</code>")


def test_each_carrier_s_limit_has_a_bar_with_the_numbers_in_words() -> None:
    page = words(html.render(html_reports.everything()))
    assert re.search(r"\d+ KB of files of the 1\.00 MB taken by Sinch, for toll-free numbers: fits", page)
    assert re.search(r"\d+ KB of the 1\.40 MB taken by AT&amp;T, the tightest operator", page)
    assert re.search(
        r"\d+ KB of files of the 525 KB advised for Bandwidth, for toll-free numbers: fits", page
    )


def test_several_messages_are_listed_with_their_own_verdicts_and_what_to_mend_first() -> None:
    page = html.render(html_reports.three())
    text = words(page)
    assert "2 of 3 messages may not go out" in text
    assert "What to mend first" in text
    assert re.search(r"Fix media\.example\.com: .* It blocks 2 messages", text)
    assert page.count("<tr data-verdict=") == 3


@pytest.mark.parametrize(
    ("facts", "canvas"),
    [
        (ImageFacts(format="JPEG", width=640, height=1138, mode="RGB"), (640, 1138)),
        (ImageFacts(format="PNG", width=1100, height=1950, mode="RGB"), (1080, 1920)),
        (ImageFacts(format="JPEG", width=1138, height=640, mode="RGB", orientation=6), (640, 1138)),
        (ImageFacts(format="GIF", width=500, height=500, mode="P"), (480, 480)),
        (ImageFacts(format="GIF", width=480, height=640, mode="P"), (480, 640)),
        (ImageFacts(format="JPEG", width=640, height=640, mode="RGB"), None),
        (ImageFacts(format="JPEG", width=0, height=0, mode="RGB"), None),
        (None, None),
    ],
)
def test_the_safe_zone_is_that_of_the_canvas_of_the_same_shape(
    facts: ImageFacts | None, canvas: tuple[int, int] | None
) -> None:
    found = zone(facts)
    assert (found and (found.width, found.height)) == canvas


def test_text_on_a_phone_keeps_its_lines_and_emoji_and_marks_what_cannot_be_seen() -> None:
    family = "\U0001f468\u200d\U0001f469"
    assert on_phone(f"a\r\nb {family}") == f"<bdi>a</bdi><br><bdi>b {family}</bdi>"
    assert on_phone("a\u202eb") == ('<bdi>a<mark title="RIGHT-TO-LEFT OVERRIDE">U+202E</mark>b</bdi>')
    assert "and 5,000 more characters" in on_phone("x" * 10_000)


def test_long_text_is_cut_and_says_so() -> None:
    assert cut("x" * 50, 10) == "xxxxxxxxxx … and 40 more characters"
    assert cut("x" * 10, 10) == "xxxxxxxxxx"
    assert cut("\x1b" * 4, 10).endswith(" … and 6 more characters")


def test_numbers_are_written_for_people() -> None:
    assert [size(each) for each in (1, 999, 12_345, 1_234_567)] == ["1 byte", "999 bytes", "12 KB", "1.23 MB"]
    assert [seconds(each) for each in (None, 0.4, 61.2, float("nan"), 1e12)] == ["", "0:00", "1:01", "", ""]


def test_what_was_not_checked_and_what_became_of_a_campaign_stand_at_the_top() -> None:
    base = reports.permitted()
    note = RowNote(line=7, to="15550001", fate=RowFate.UNKNOWN, detail="<no answer>")
    campaign = CampaignResult(
        name="spring", file="to.csv", rows=9, accepted=8, unknown=1, notes=(note,), more=3
    )
    view = replace(base, report=replace(base.report, not_checked=("<late>.xml",)), campaign=campaign)
    page = words(html.render(view))
    assert "unknown: line 7, to 15550001: &lt;no answer&gt;" in page
    assert "and 3 more rows" in page
    assert "because the run ended before&lt;late&gt;.xml" in page


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (SendStatus.ACCEPTED, "PERMIT This message passed, and the provider accepted it"),
        (SendStatus.REFUSED, "PERMIT This message passed, but the provider refused it"),
        (SendStatus.UNKNOWN, "PERMIT This message passed; whether the provider took it is not known"),
        (SendStatus.NOT_ATTEMPTED, "PERMIT This message passed, but was not handed to the provider"),
    ],
)
def test_after_a_call_the_headline_does_not_invite_a_second_one(status: SendStatus, headline: str) -> None:
    page = words(html.render(reports.sent(status)))
    assert headline in page
    assert "may go out" not in page


def test_a_denied_message_is_denied_whatever_its_send_says() -> None:
    view = replace(reports.denied(), send=reports.sent(SendStatus.ACCEPTED).send)
    assert "DENY This message may not go out" in words(html.render(view))


def test_a_campaign_is_told_by_how_many_got_the_message() -> None:
    result = CampaignResult(name="<spring>", file="to.csv", rows=1_204, accepted=1_000, recorded=100)
    page = words(html.render(replace(reports.sent(), campaign=result)))
    assert "This message passed, and was accepted for 1,100 of 1,204 rows" in page
    assert page.count("1,000 accepted") == 1
    assert "Campaign &lt;spring&gt;: 1,204 rows" in page


def test_findings_stand_under_what_they_ask_for() -> None:
    assert "What was waived" in html.render(reports.let_through())
    assert "Nothing to fix; 2 waived." in html.render(reports.let_through())
    assert "What could be better" in html.render(reports.advised())
    assert "What to fix" in html.render(reports.crashed())
    assert "1 thing to fix, and it is not clear by whom." in html.render(reports.crashed())


def test_several_ways_on_one_server_stand_under_its_name_once() -> None:
    page = html.render(html_reports.three())
    recipe = page.partition('class="recipe"')[2].partition("</div></dd></div>")[0]
    assert recipe.count("For nginx, found here") == 1
    assert recipe.count("<dd>") == 3


def test_two_renderings_of_one_report_are_alike() -> None:
    view = html_reports.three()
    assert html.render(view) == html.render(view)
    assert PHOTO in html.render(reports.permitted())


def test_what_phones_may_not_show_is_marked_where_it_is_drawn() -> None:
    plain = ImageFacts(format="PNG", width=40, height=40, mode="RGB")
    for type_, facts, mark in (
        ("image/heic", plain, "many phones show no image/heic"),
        ("image/png", replace(plain, transparent=True), "black on some phones, white on others"),
        ("image/jpeg", replace(plain, mode="CMYK"), "Colours for print"),
    ):
        (told,) = doubts(fetched(sniffed=sniffed(type_), decoded=facts))
        assert mark in told
    for type_ in ("image/jpeg", "image/png", "image/gif"):
        assert not list(doubts(fetched(sniffed=sniffed(type_), decoded=plain)))
