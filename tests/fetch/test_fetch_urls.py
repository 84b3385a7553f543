"""URLs are taken apart without being changed, and impossible ones are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmscheck.fetch.url import BadUrlError, parse_url


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "no scheme"),
        ("media.example.com/a.jpg", "no scheme"),
        ("//media.example.com/a.jpg", "no scheme"),
        ("ftp://media.example.com/a.jpg", "the scheme is ftp"),
        ("javascript:alert(1)", "the scheme is javascript"),
        ("http:/media.example.com", "no // after http:"),
        ("http:media.example.com", "no // after http:"),
        ("http://", "no host"),
        ("http:///a.jpg", "no host"),
        ("http://:80/", "no host"),
        ("http://?x", "no host"),
        ("http://user@host/", "user name or password"),
        ("http://user:pass@host/", "user name or password"),
        ("http://good.example\\@evil.example/", "backslash at character 20"),
        ("http://host/a b", "white space U+0020 at character 14"),
        (" http://host/", "white space U+0020 at character 1"),
        ("http://host/\n", "white space U+000A"),
        ("ht\ttp://host/", "white space U+0009"),
        ("http://host/\u00a0", "white space U+00A0"),
        ("http://host/\u2028", "white space U+2028"),
        ("http://host/\x00", "control character U+0000"),
        ("http://host/\x7f", "control character U+007F"),
        ("http://host/\ud800", "control character U+D800"),
        ("http://host:0/", "port '0'"),
        ("http://host:65536/", "port '65536'"),
        ("http://host:999999999999999999999/", "port '99999"),
        ("http://host:/", "port ''"),
        ("http://host:8o/", "port '8o'"),
        ("http://host:-1/", "port '-1'"),
        ("http://host:\u0661/", "port '\u0661'"),
        ("http://::1/", "no host"),
        ("http://[::1]x/", "unmatched brackets"),
        ("http://[::1/", "unmatched brackets"),
        ("http://[]/", "[] is not an IPv6 address"),
        ("http://[127.0.0.1]/", "not an IPv6 address"),
        ("http://[fe80::1%25eth0]/", "IPv6"),
        ("http://[fe80::1%eth0]/", "zone"),
        ("http://a..b/", "not a host name"),
        ("http://.a/", "not a host name"),
        ("http://./", "not a host name"),
        ("http://a%41/", "not a host name"),
        ("http://a,b/", "not a host name"),
        (f"http://{'a' * 64}.example/", "not a host name"),
        (f"http://{'a.' * 130}example/", "not a host name"),
        ("http://\u200b.example/", "no ASCII form"),
        ("http://\ufffd.example/", "no ASCII form"),
    ],
)
def test_a_url_that_nothing_can_be_asked_with_says_why(text: str, detail: str) -> None:
    with pytest.raises(BadUrlError) as caught:
        parse_url(text)
    assert detail in str(caught.value)
    assert "pass" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("text", "host", "port", "path"),
    [
        ("http://h", "h", 80, "/"),
        ("https://h", "h", 443, "/"),
        ("HTTPS://H.Example./A?b#c", "H.Example.", 443, "/A?b"),
        ("http://h?", "h", 80, "/?"),
        ("http://h#f", "h", 80, "/"),
        ("http://h:8080/a@b:c", "h", 8080, "/a@b:c"),
        ("http://h/?a=http://x/[y]", "h", 80, "/?a=http://x/[y]"),
        ("http://[2001:DB8::1]:81/x", "2001:DB8::1", 81, "/x"),
        ("http://a_b-c.example/", "a_b-c.example", 80, "/"),
        ("http://b\u00fccher.example/", "xn--bcher-kva.example", 80, "/"),
        ("http://\u65e5\u672c.example/\u65e5", "xn--wgv71a.example", 80, "/%E6%97%A5"),
        ("http://127.1/", "127.1", 80, "/"),
    ],
)
def test_a_url_is_taken_apart(text: str, host: str, port: int, path: str) -> None:
    target = parse_url(text)
    assert (target.host, target.port, target.path) == (host, port, path)


def test_two_spellings_of_a_server_share_their_limit() -> None:
    assert parse_url("http://Media.example.com./a").key == parse_url("http://media.EXAMPLE.com:80/b").key
    assert parse_url("http://media.example.com/").key != parse_url("https://media.example.com/").key


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\#"), max_size=40))
def test_the_path_of_an_ascii_url_is_never_changed(rest: str) -> None:
    assert parse_url(f"http://media.example.com/{rest}").path == f"/{rest}"


@given(st.text(max_size=60))
def test_any_text_is_a_target_of_ascii_or_a_named_fault(text: str) -> None:
    try:
        target = parse_url(text)
    except BadUrlError as error:
        assert str(error)  # noqa: PT017 - most texts are no URL, and some are
        return
    assert target.text.isascii()
    assert target.text.isprintable()
    assert " " not in target.text
