"""Advice that would be wrong is not given: what helps depends on what the answer shows."""

from __future__ import annotations

import re

import pytest

from mmscheck.checks.media_types import ALIASES, canonical
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.observation import Reason
from mmscheck.model.server import Remedy, Server
from mmscheck.model.words import MediaKind
from mmscheck.servers.recognition import advice, describe, likeness, recognise
from tests.support.media_targets import fetched, hop, not_fetched, send_rules

SERVERS = load_rules("send").servers
CHUNKED = ("Transfer-Encoding", "chunked")
FASTLY = ("X-Served-By", "cache-ams21034-AMS")
GZIP = ("Content-Encoding", "gzip")
PAGES = ("Server", "GitHub.com")
DJANGO = (
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)


def told(rule: str, *headers: tuple[str, str]) -> str:
    return "\n".join(str(each) for each in advice(recognise(SERVERS, fetched(headers)), rule))


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
    text = str(*advice(found, "media-reachable", decided=False))
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


REMEDIES = [(server, remedy) for server in SERVERS for remedy in server.remedies]
TYPE = re.compile(r"\b(?:image|audio|video|text|application)/[a-z0-9.+-]+[a-z0-9]")
NO_MEDIA = frozenset({"text/html", "text/css", "application/octet-stream"})
COMPRESSING = re.compile(r"\b(?:compress(?:es|ed)?|gzip|deflate)\b", re.IGNORECASE)
UNSEEN_COMPRESSION = frozenset(
    {
        # What was compressed shows in another header, was unpacked on the way, or is said to be likely only.
        *("gcs", "gitlab-pages", "vercel", "netlify", "github-pages", "cloudflare", "akamai"),
        # Remedies that name compression to say that it is not the matter.
        "apache",
    }
)


@pytest.mark.parametrize(("server", "remedy"), REMEDIES, ids=lambda each: getattr(each, "id", ""))
def test_every_type_that_is_advised_is_the_registered_one_and_is_accepted(
    server: Server, remedy: Remedy
) -> None:
    accepted = send_rules()["media-type-accepted"].params
    listed = {canonical(name) for kind in MediaKind for name in accepted.of(kind)}
    for name in TYPE.findall(remedy.fix):
        if name not in NO_MEDIA:
            assert (name in ALIASES, canonical(name) in listed) == (False, True), (server.id, name)


@pytest.mark.parametrize(("server", "remedy"), REMEDIES, ids=lambda each: getattr(each, "id", ""))
def test_a_type_of_one_kind_of_file_is_said_to_be_an_example(server: Server, remedy: Remedy) -> None:
    """Followed to the letter for a contact card it would lead to another denial."""
    if set(TYPE.findall(remedy.fix)) - NO_MEDIA == {"image/jpeg"} and "photo.jpg" not in remedy.fix:
        assert "in place of image/jpeg" in remedy.fix, server.id


@pytest.mark.parametrize(("server", "remedy"), REMEDIES, ids=lambda each: getattr(each, "id", ""))
def test_compression_is_only_blamed_where_an_answer_shows_it(server: Server, remedy: Remedy) -> None:
    if server.id in UNSEEN_COMPRESSION or not COMPRESSING.search(remedy.cause):
        return
    assert remedy.when, server.id
    assert all(when.encoded is True for when in remedy.when), (server.id, remedy.cause)


def test_no_remedy_leads_to_a_url_that_expires() -> None:
    for server, remedy in REMEDIES:
        told = remedy.fix.lower()
        assert "redirect mode" not in told or "expires in minutes" in told, server.id
        assert "presign" not in told, server.id


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        ((("Server", "uvicorn"), *DJANGO), ("Django (likely)",)),
        ((("Server", "WSGIServer/0.2 CPython/3.11.7"), *DJANGO), ("Django (likely)",)),
        ((("Server", "WSGIServer/0.2 CPython/3.11.7"),), ("a Python WSGI application on wsgiref",)),
        ((("Server", "uvicorn"),), ("an ASGI application on uvicorn",)),
        ((("Server", "Werkzeug/3.1.9"), ("x-amzn-requestid", "F4")), ("S3-compatible storage",)),
        ((("Server", "AmazonS3"), ("x-amz-request-id", "F4"), ("x-amz-id-2", "b")), ("Amazon S3",)),
        ((("x-amzn-requestid", "F4"), ("x-amzn-trace-id", "Root=1")), ()),
        ((("Keep-Alive", "timeout=72"), ("Connection", "keep-alive")), ("Node.js (likely)",)),
        ((("Keep-Alive", "timeout=5"), ("Connection", "keep-alive"), ("Server", "Apache")), ("Apache",)),
        ((("Keep-Alive", "timeout=5"),), ()),
        ((("Server", "Apache-Coyote/1.1"),), ()),
    ],
)
def test_nobody_is_taken_for_another(headers: tuple[tuple[str, str], ...], names: tuple[str, ...]) -> None:
    assert describe(recognise(SERVERS, fetched(headers))).names == names
