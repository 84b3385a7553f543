"""Advice that would be wrong is not given: what helps depends on what the answer shows."""

from __future__ import annotations

import pytest

from mmscheck.model.observation import Reason
from mmscheck.pipeline import load_rules
from mmscheck.recognise import advice, describe, likeness, recognise
from tests.support.media_targets import fetched, hop, not_fetched

SERVERS = load_rules("send").servers
CHUNKED = ("Transfer-Encoding", "chunked")
FASTLY = ("X-Served-By", "cache-ams21034-AMS")
GZIP = ("Content-Encoding", "gzip")
PAGES = ("Server", "GitHub.com")


def told(rule: str, *headers: tuple[str, str]) -> str:
    return "\n".join(advice(recognise(SERVERS, fetched(headers)), rule))


@pytest.mark.parametrize("cache", ["MISS", "HIT, MISS", "miss"])
def test_a_streaming_miss_is_advised_on_where_the_cache_had_nothing(cache: str) -> None:
    assert "do_stream" in told("not-chunked", FASTLY, CHUNKED, ("X-Cache", cache))


@pytest.mark.parametrize(
    "others",
    [
        (("X-Cache", "HIT"),),
        (("X-Cache", "MISS, HIT"),),
        (),
        (("X-Cache", "MISS"), GZIP),
        (("X-Cache", "MISS"), PAGES),
        (("X-Cache", "MISS"), ("Content-Length", "3")),
    ],
)
def test_elsewhere_it_is_not(others: tuple[tuple[str, str], ...]) -> None:
    assert "do_stream" not in told("not-chunked", FASTLY, CHUNKED, *others)


def test_github_pages_is_advised_on_in_place_of_the_network_in_front_of_it() -> None:
    text = told("not-chunked", FASTLY, CHUNKED, ("X-Cache", "MISS"), PAGES)
    assert text.startswith("GitHub Pages (likely): Likely: ")
    assert "vcl" not in text.lower()


def test_a_page_of_github_itself_is_none_of_github_pages() -> None:
    own = recognise(SERVERS, fetched((PAGES, ("X-Frame-Options", "deny"))))
    assert "GitHub Pages (likely)" not in describe(own).names


def test_compression_is_only_blamed_at_akamai_where_it_shows() -> None:
    akamai = ("Server", "AkamaiGHost")
    assert "set to compress always" in told("content-length", akamai, GZIP, CHUNKED)
    plain = told("content-length", akamai, CHUNKED)
    assert "Likely: The server behind Akamai" in plain
    assert "set to compress always" not in plain


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidAccessKeyId"])
def test_a_signature_that_does_not_fit_is_no_matter_of_making_the_object_public(code: str) -> None:
    answer = not_fetched(Reason.BAD_STATUS, hop(status=403), excerpt=f"<Error><Code>{code}</Code></Error>")
    found = recognise(SERVERS, answer)
    (text,) = advice(found, "media-reachable", decided=False)
    assert "altered after it was signed" in text
    assert "public" not in text.lower()
    assert likeness(found, "media-reachable").endswith("a URL whose signature does not fit.")


def test_a_refusal_that_nothing_else_explains_is_told_by_what_may_be_behind_it() -> None:
    found = recognise(SERVERS, not_fetched(Reason.BAD_STATUS, hop(status=403)))
    said = likeness(found, "media-reachable")
    assert (
        said
        == "It looks like an access restriction: the file is not public, or only some clients may fetch it."
    )
