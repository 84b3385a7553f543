from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest

from mmscheck.base.networks import SPECIAL_PURPOSE, is_public
from mmscheck.checks.evidence import MOST_KEPT
from mmscheck.checks.url import LONGEST_READ
from mmscheck.model.observation import Reason
from mmscheck.model.words import MediaKind, Outcome
from tests.support.media_targets import URL, fetched, hop, judge, not_fetched

UNSEEN = not_fetched(Reason.NOT_LOOKED)
HOST = "http://media.example.com"


def outcome(rule: str, url: str, kind: MediaKind = MediaKind.IMAGE) -> Outcome:
    return judge(rule, UNSEEN, kind, url).outcome


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "HTTPS://Media.Example.Com:8443/a.jpg?v=2",
        "http://203.0.113.7/a.jpg",
        "http://[2001:db8::1]:80/a.jpg",
        "http://xn--bcher-kva.example/a",
        "http://bücher.example/a",
        "http://media.example.com./a.jpg",
        "http://cdn_1.example.com/a.b/c.jpg",
        "\n  http://media.example.com/a.jpg \n",
    ],
)
def test_a_whole_address_of_a_file_is_absolute(url: str) -> None:
    assert outcome("url-absolute", url) is Outcome.PASSED


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("photo.jpg", "http://"),
        ("/sale/photo.jpg", "http://"),
        ("//media.example.com/a.jpg", "http://"),
        ("ftp://media.example.com/a.jpg", "http://"),
        ("file:///etc/passwd", "http://"),
        ("http:media.example.com/a.jpg", "no //"),
        ("http:\\\\media.example.com\\a.jpg", "no //"),
        ("http:///a.jpg", "no host name"),
        ("http://:80/a.jpg", "no host name"),
        ("http://user@/a.jpg", "no host name"),
        ("http://a..example/a.jpg", "no host name"),
        ("http://-a.example/a.jpg", "no host name"),
        ("http://me dia.example/a.jpg", "no host name"),
        ("http://[::1/a.jpg", "no host name"),
        ("http://[fe80::1%25eth0]/a.jpg", "no host name"),
        ("http://[1.2.3.4]/a.jpg", "no host name"),
        (f"http://{'a' * 64}.example/a.jpg", "no host name"),
        (f"http://{'a.' * 130}example/a.jpg", "no host name"),
        (f"{HOST}:0/a.jpg", "port"),
        (f"{HOST}:65536/a.jpg", "port"),
        (f"{HOST}:8o/a.jpg", "port"),
        (f"{HOST}:٨٠/a.jpg", "port"),
        (HOST, "names no file"),
        (f"{HOST}/", "names no file"),
        (f"{HOST}/sale/", "names no file"),
        (f"{HOST}?file=a.jpg", "names no file"),
        (f"{HOST}/sale/?file=a.jpg", "names no file"),
        (f"{HOST}/sale/../a.jpg", "full path"),
        (f"{HOST}/sale/%2E%2e/a.jpg", "full path"),
        (f"{HOST}/./a.jpg", "full path"),
        (f"{HOST}/sale/..", "full path"),
    ],
)
def test_what_is_missing_from_an_address_is_named(url: str, problem: str) -> None:
    result = judge("url-absolute", UNSEEN, url=url)
    assert result.outcome is Outcome.FAILED
    assert problem in result.wording["problem"]


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"{HOST}/a%20b.jpg?x=1&y=%2F",
        f"{HOST}/a.jpg?b=c@d",
        f"{HOST}/100%25.jpg",
        f"{HOST}/~a/(1),!'*;b=c",
    ],
)
def test_a_plain_url_is_clean(url: str) -> None:
    assert outcome("url-clean", url) is Outcome.PASSED


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f" {URL}", "white space before the URL (space) at character 1"),
        (f"\n\t{URL}", "white space before the URL (line feed, tab; 2 in a row) at character 1"),
        (
            f"{URL}\r\n",
            f"white space after the URL (carriage return, line feed; 2 in a row) at character {len(URL) + 1}",
        ),
        (f"{HOST}/a b.jpg", "white space inside the URL (space) at character 27"),
        (f"{HOST}/a\u00a0b.jpg", "U+00A0 NO-BREAK SPACE"),
        (f"{HOST}/a\x00b.jpg", "control character U+0000 at character 27"),
        (f"{HOST}/a\x7fb.jpg", "control character U+007F at character 27"),
        (f"{HOST}\\a.jpg", "a backslash at character 25"),
        ("http://me:secret@media.example.com/a.jpg", "user name or password"),
        (f"{HOST}/a.jpg#top", "a fragment (#) at character 31"),
        (f"{HOST}/a.jpg#", "a fragment (#) at character 31"),
        (f"{HOST}/a%2520b.jpg", "double encoding (%25 before two hexadecimal digits) at character 27"),
        (f"{HOST}/a.jpg?u=%252f", "double encoding"),
        (f"{HOST}/a%b.jpg%", "not followed by two hexadecimal digits at character 27"),
        (f"{HOST}/{{$name}}.jpg", "{ at character 26, which must be percent-encoded"),
        (f"{HOST}/é.jpg", "non-ASCII U+00E9 LATIN SMALL LETTER E WITH ACUTE at character 26"),
        (f"{HOST}/a\u200b.jpg", "U+200B ZERO WIDTH SPACE"),
        ("http://bücher.example/a.jpg", "non-ASCII U+00FC"),
    ],
)
def test_what_is_unclean_is_named_with_its_place(url: str, shown: str) -> None:
    result = judge("url-clean", UNSEEN, url=url)
    assert result.outcome is Outcome.FAILED
    assert shown in result.wording["problems"]
    assert "secret" not in str(result)


@pytest.mark.parametrize("char", ["\n", "\x1c", "\x85", "\u2028", "\\", "é"])
def test_one_character_is_one_fault(char: str) -> None:
    result = judge("url-clean", UNSEEN, url=f"{HOST}/a{char}b.jpg")
    assert len(result.evidence["problems"]) == 1


def test_every_fault_is_in_the_evidence_and_the_words_say_how_many_are_left_out() -> None:
    result = judge("url-clean", UNSEEN, url=f"{HOST}/{'é' * 20}.jpg")
    assert len(result.evidence["problems"]) == 20
    assert result.wording["problems"].endswith("and 12 more")


def test_a_url_too_long_to_be_looked_at_is_not_called_clean_and_swells_no_evidence() -> None:
    assert outcome("url-clean", f"{HOST}/{'a' * LONGEST_READ}é.jpg") is Outcome.CANT_TELL
    found = judge("url-clean", UNSEEN, url=f"{HOST}/{'é' * 1_000_000}.jpg")
    assert found.outcome is Outcome.FAILED
    assert len(found.evidence["problems"]) == MOST_KEPT


@pytest.mark.parametrize("kind", [MediaKind.AUDIO, MediaKind.VIDEO])
def test_a_query_on_sound_or_video_is_advised_against(kind: MediaKind) -> None:
    assert outcome("url-query-free", f"{HOST}/a.mp4?v=2", kind) is Outcome.FAILED
    assert outcome("url-query-free", f"{HOST}/a.mp4?", kind) is Outcome.FAILED
    assert outcome("url-query-free", f"{HOST}/a.mp4#?", kind) is Outcome.PASSED
    assert outcome("url-query-free", f"{HOST}/a.mp4", kind) is Outcome.PASSED


def test_a_query_on_other_media_is_nobodys_business() -> None:
    assert outcome("url-query-free", f"{HOST}/a.jpg?v=2") is Outcome.INAPPLICABLE


def test_public_needs_every_hop_looked_up_and_an_end() -> None:
    there = hop("https://cdn.example.com/a.jpg")
    redirect = hop(status=302)
    assert judge("url-public", fetched((), redirect, there)).outcome is Outcome.PASSED
    assert judge("url-public", not_fetched(Reason.BAD_STATUS, hop(status=404))).outcome is Outcome.PASSED
    for unknown in (
        fetched((), hop(status=302, resolved=()), there),
        fetched((), redirect, hop(resolved=())),
        not_fetched(Reason.TOO_MANY_REDIRECTS, redirect),
        not_fetched(Reason.REFUSED, hop(status=None, headers=())),
        not_fetched(Reason.DNS_FAILED, hop(status=None, headers=(), resolved=())),
        not_fetched(Reason.NOT_LOOKED),
        not_fetched(Reason.INVALID_URL),
    ):
        assert judge("url-public", unknown).outcome is Outcome.CANT_TELL


def test_a_pass_that_looked_at_every_address_says_no_more_than_the_title() -> None:
    for public in ("8.8.8.8", "2606:4700::1111"):
        assert judge("url-public", fetched((), hop(resolved=(public,)))).said == ""


def test_an_address_that_was_let_through_is_not_called_public() -> None:
    one = judge("url-public", fetched((), hop(resolved=("8.8.8.8", "127.0.0.1"))))
    assert one.outcome is Outcome.PASSED
    assert one.said == "Not every address is public (127.0.0.1), but allow-net lets it through."
    two = fetched((), hop(status=302, resolved=("10.0.0.1",)), hop(resolved=("127.0.0.1",)))
    assert "(10.0.0.1, 127.0.0.1), but allow-net lets them through" in judge("url-public", two).said
    many = fetched((), hop(resolved=tuple(f"10.0.0.{number}" for number in range(12))))
    assert "and 4 more)" in judge("url-public", many).said


def test_behind_a_proxy_nothing_is_said_of_the_addresses() -> None:
    proxied = hop(resolved=(), proxy="http://proxy.example:3128", address="127.0.0.1")
    result = judge("url-public", fetched((), proxied))
    assert result.outcome is Outcome.PASSED
    assert result.said == (
        "Not looked at: the proxy http://proxy.example:3128 chooses the addresses;"
        " it was named with --proxy or in mmscheck.toml."
    )


@pytest.mark.parametrize("network", [network for network, _why in SPECIAL_PURPOSE], ids=str)
def test_what_the_fetcher_denies_is_never_called_public(network: IPv4Network | IPv6Network) -> None:
    assert not is_public(str(network[0]))
    assert not is_public(str(network[-1]))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::808:808", True),
        ("64:ff9b::a00:1", False),
        ("fe80::1%eth0", False),
        ("4000::1", False),
        ("media.example.com", False),
        ("", False),
    ],
)
def test_an_address_is_public_by_where_it_leads(address: str, *, public: bool) -> None:
    assert is_public(address) is public


def test_a_refused_address_is_named_with_its_hop_and_without_secrets() -> None:
    private = hop("http://10.0.0.5/a.jpg?token=abcdefghijklmnopqrstuvwxyz", None, (), resolved=("10.0.0.5",))
    result = judge(
        "url-public",
        not_fetched(Reason.ADDRESS_REFUSED, hop(status=302), private, detail="10.0.0.5 is private"),
    )
    assert result.outcome is Outcome.FAILED
    assert result.wording["address"] == "10.0.0.5 is private"
    assert "redirect 1 to http://10.0.0.5/a.jpg?…" in result.wording["where"]
    assert result.evidence["hop"] == 2
    assert "abcdefghij" not in str(result)


def test_a_refused_address_is_named_also_without_detail() -> None:
    first = not_fetched(Reason.ADDRESS_REFUSED, hop(status=None, headers=(), resolved=("10.0.0.5", "::1")))
    assert judge("url-public", first).wording == {"where": "", "address": "10.0.0.5, ::1"}
    assert judge("url-public", not_fetched(Reason.ADDRESS_REFUSED)).outcome is Outcome.FAILED
