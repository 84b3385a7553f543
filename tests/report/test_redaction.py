from __future__ import annotations

import re

import msgspec
import pytest

from mmscheck.base.redact import redact_text
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Hop, NotFetched, Reason
from mmscheck.model.words import MediaKind, Outcome
from mmscheck.report import FORMATS, View
from mmscheck.report.clean import clean_text, clean_url, clean_value
from tests.support import reports
from tests.support.reports import SIGNED, deny, evaluation, judged, medium, message, report
from tests.test_redact import IN_PATHS, SECRET

URLS = [
    SIGNED,
    "https://user:hunter2@example.com/a.jpg",
    "https://example.com/@team/a.jpg?token=hunter2hunter2",
    "https://example.com/a.jpg?token=hunter2hunter2#part",
    "https://example.com/a.jpg#access=hunter2",
    "https://example.com/a.jpg?w=640",
    "https://example.com?token=hunter2hunter2",
]


@pytest.mark.parametrize("url", URLS)
def test_redacting_twice_keeps_the_name_that_a_url_got_the_first_time(url: str) -> None:
    once = clean_url(url)
    assert "hunter2" not in once
    assert clean_url(once) == once
    for sentence in ("{}", "{} answered.", "({}), {}; '{}'", "see {}\nand {}"):
        assert clean_text(sentence.replace("{}", once)) == sentence.replace("{}", once)
        assert clean_text(clean_text(sentence.replace("{}", url))).count("hunter2") == 0


def test_a_query_that_only_begins_like_a_redacted_one_is_redacted() -> None:
    url = "https://example.com/a.jpg?\u20260123456789ab&token=hunter2"
    assert "hunter2" not in clean_url(url)
    assert "hunter2" not in clean_text(f"see {url}.")


def test_values_are_cleaned_at_every_depth_and_stay_json() -> None:
    cleaned = clean_value({SIGNED: [1, True, None, 1.5, (SIGNED,), {"n": float("inf")}, b"x", 2**80]})
    assert cleaned == {
        clean_url(SIGNED): [1, True, None, 1.5, [clean_url(SIGNED)], {"n": "inf"}, "b'x'", 2**80]
    }
    assert type(cleaned[clean_url(SIGNED)][1]) is bool
    assert msgspec.json.decode(msgspec.json.encode(cleaned)) == cleaned


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("sample", sorted(reports.SAMPLES.keys() - {"hostile"}))
def test_no_output_holds_a_secret(format_name: str, sample: str) -> None:
    output = FORMATS[format_name](reports.SAMPLES[sample])
    assert not [secret for secret in reports.SECRETS if secret in output]


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a b.jpg?token=hunter2hunter2",
        "http://example.com/a'b\".jpg?token=hunter2hunter2",
        "http://example.com/a\x1b\n.jpg?token=hunter2hunter2",
        "example.com/a.jpg?token=hunter2hunter2",
        "http://o'hara:hunter2@example.com/a.jpg",
        "http://example.com/a.jpg?token=hunter2 hunter2",
    ],
)
def test_a_url_that_looks_like_none_keeps_its_secret_wherever_it_is_quoted(
    format_name: str, url: str
) -> None:
    query = url.partition("?")[2]
    found = evaluation(
        "url-clean",
        Outcome.FAILED,
        medium(1, 1),
        message=f"{url} is not clean; its query is {query}.",
        url=clean_url(url),
        evidence={"seen": [url, {"query": query}]},
    )
    unsure = evaluation("not-chunked", Outcome.CANT_TELL, medium(1, 1), reason=f"malformed HTTP ({url})")
    ref = MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=1, line=2)
    hop = Hop(url=url, status=302, headers=(("Location", f"/b?{query}"), ("Refresh", url)))
    seen = NotFetched(url=url, reason=Reason.MALFORMED_HTTP, detail=f"at {url}", hops=(hop,))
    run = report(message("a.xml", (found, unsure), (ref,), {url: seen}))
    output = FORMATS[format_name](View(report=run, verdict=judged(run, 1, deny("a.xml"))))
    assert "hunter2" not in output
    assert clean_url(url).partition("?")[2] in output


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_url_has_one_name_also_where_a_sentence_was_redacted_twice(format_name: str) -> None:
    once = clean_url(SIGNED)
    twice = redact_text(once)
    assert once == twice
    found = evaluation("media-size", Outcome.FAILED, medium(1, 1), message=f"{twice} is large.", url=once)
    ref = MediaRef(url=SIGNED, kind=MediaKind.VIDEO, slide=1, index=1, line=2)
    run = report(message("a.xml", (found,), (ref,)))
    output = FORMATS[format_name](View(report=run, verdict=judged(run, 1, deny("a.xml"))))
    names = set(re.findall("…(?:</[a-z]+>)?([0-9a-f]{12})", output))
    assert names == {once.rpartition("…")[2]}


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_shows_a_secret_of_a_path_by_any_name(form: str) -> None:
    urls = [f"https://media.example/{path}" for path in IN_PATHS]
    media = tuple(
        MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=at, line=at) for at, url in enumerate(urls, 1)
    )
    found = [
        evaluation("url-clean", Outcome.FAILED, medium(1, at), message=f"{url} is odd", reason=url, url=url)
        for at, url in enumerate(urls, 1)
    ]
    seen = {url: reports.fetched(url) for url in urls}
    run = report(message("a.xml", tuple(found), media, seen))
    output = FORMATS[form](View(report=run, verdict=judged(run, 1, deny("a.xml", "x"))))
    assert "media.example" in output
    assert SECRET not in output
