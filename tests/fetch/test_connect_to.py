"""``--connect-to`` as curl has it."""

from __future__ import annotations

import pytest

from mmscheck.errors import UsageError
from mmscheck.fetch import ConnectTo, parse_connect_to
from mmscheck.fetch.policy import first_match


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("media.example.com:443:127.0.0.1:8443", ConnectTo("media.example.com", 443, "127.0.0.1", 8443)),
        ("::127.0.0.1:8080", ConnectTo("", None, "127.0.0.1", 8080)),
        (":80:localhost:8080", ConnectTo("", 80, "localhost", 8080)),
        ("media.example.com::localhost:8080", ConnectTo("media.example.com", None, "localhost", 8080)),
        ("media.example.com:443:[::1]:8443", ConnectTo("media.example.com", 443, "::1", 8443)),
        ("[2001:DB8:0::1]:80:[::1]:81", ConnectTo("2001:db8::1", 80, "::1", 81)),
    ],
)
def test_the_four_fields_are_read(text: str, expected: ConnectTo) -> None:
    assert parse_connect_to(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected HOST:PORT:ADDRESS:PORT"),
        ("a:80", "expected HOST:PORT:ADDRESS:PORT"),
        ("a:80:b", "expected HOST:PORT:ADDRESS:PORT"),
        ("a:80:b:81:c", "expected HOST:PORT:ADDRESS:PORT"),
        ("a:80:::1:81", "expected HOST:PORT:ADDRESS:PORT"),
        ("a:x:b:81", "expected HOST:PORT:ADDRESS:PORT"),
        ("a:80::81", "expected an address"),
        ("a:80:[]:81", "expected an address"),
        ("a:80:b:", "expected a port from 1 to 65535"),
        ("a:80:b:0", "expected a port from 1 to 65535"),
        ("a:70000:b:81", "expected a port from 1 to 65535"),
        ("a:80:[nope]:81", "expected an IPv6 address"),
        ("[127.0.0.1x]:80:b:81", "expected an IPv6 address"),
    ],
)
def test_anything_else_is_refused_and_says_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        parse_connect_to(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "host", "port", "meant"),
    [
        ("a.example:80:x:1", "A.Example.", 80, True),
        ("a.example:80:x:1", "a.example", 81, False),
        ("a.example::x:1", "a.example", 81, True),
        (":80:x:1", "anything", 80, True),
        ("::x:1", "anything", 1, True),
        ("a.example:80:x:1", "b.a.example", 80, False),
        ("[::1]:80:x:1", "0:0::1", 80, True),
    ],
)
def test_a_rule_speaks_of_the_hosts_it_names(rule: str, host: str, port: int, *, meant: bool) -> None:
    assert parse_connect_to(rule).matches(host, port) is meant


def test_the_first_rule_wins() -> None:
    rules = [parse_connect_to("a.example::x:1"), parse_connect_to("::y:2")]
    assert first_match(rules, "a.example", 80) is rules[0]
    assert first_match(rules, "b.example", 80) is rules[1]
    assert first_match(rules[:1], "b.example", 80) is None
