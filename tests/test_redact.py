"""Secrets in URLs and headers do not reach anything a person or another program reads."""

from __future__ import annotations

import pytest

from mmscheck.model.redact import redact_header, redact_text, redact_url

SECRET = "SECRETwordThatMustNotShow"


@pytest.mark.parametrize(
    "url",
    [
        f"https://media.example/a.jpg?X-Amz-Signature={SECRET}",
        f"https://user:{SECRET}@media.example/a.jpg",
        f"http:/user:{SECRET}@media.example/a.jpg",
        f"http:user:{SECRET}@media.example/a.jpg",
        f"//user:{SECRET}@media.example/a.jpg",
        f"http:\\\\user:{SECRET}@media.example/a.jpg",
        f"http://user:pa/{SECRET}@media.example/a.jpg",
        f"http://user:{SECRET}#x@media.example/a.jpg",
        f"http://user:pa#{SECRET}@media.example/a.jpg",
        f"https://media.example/a.jpg;sig={SECRET}",
        f"https://media.example/a.jpg%3Fsig={SECRET}",
        f"https://media.example/a.jpg#{SECRET}",
        f"https://media.example/a.jpg?id={SECRET[:9]}",
    ],
)
def test_a_secret_in_a_url_is_not_shown_however_the_url_is_mistyped(url: str) -> None:
    shown = redact_url(url)
    assert SECRET[:9] not in shown
    assert redact_url(shown) == shown
    assert SECRET[:9] not in redact_text(f"{shown} said")


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example/a.jpg",
        "https://media.example:8443/@team/a.jpg",
        "https://media.example/a.jpg?v=3",
        "http://[2001:db8::1]/a.jpg",
        "a.jpg",
        "",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(url: str) -> None:
    assert redact_url(url) == url


def test_two_signed_urls_stay_apart() -> None:
    assert redact_url("https://a.example/x?sig=1") != redact_url("https://a.example/x?sig=2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Set-Cookie", f"session={SECRET}"),
        ("X-Amz-Security-Token", SECRET),
        ("WWW-Authenticate", f"Bearer realm={SECRET}"),
        ("X-Original", f"/path/a.jpg?X-Amz-Signature={SECRET}"),
        ("Location", f"/b.jpg?sig={SECRET}"),
    ],
)
def test_a_secret_in_a_header_is_not_shown(name: str, value: str) -> None:
    assert SECRET not in redact_header(name, value)


def test_a_query_without_its_url_is_not_shown_in_a_sentence() -> None:
    assert SECRET not in redact_text(f"HTTP 403 denied for 'x?sig={SECRET}'")
    assert redact_text("Is it 2 + 2 = 4? Yes, x=4.") == "Is it 2 + 2 = 4? Yes, x=4."


@pytest.mark.parametrize("mark", [",", ".", ";", ":", "!", "?", ")", "],", "})."])
def test_a_url_has_one_digest_whatever_mark_of_the_sentence_follows(mark: str) -> None:
    url = f"https://media.example/a.jpg?sig={SECRET}"
    shown = redact_url(url)
    assert redact_text(f"see {url}{mark} whose bytes") == f"see {shown}{mark} whose bytes"
    assert redact_text(f"see {shown}{mark} whose bytes") == f"see {shown}{mark} whose bytes"
    query = f"?sig={SECRET}"
    assert redact_text(f"see {query}{mark} whose") == redact_text(f"see {query} whose").replace(
        " whose", f"{mark} whose"
    )
