from __future__ import annotations

import pytest

from mmscheck.checks.reach import MEANING
from mmscheck.checks.unreached import BY_HANDSHAKE
from mmscheck.model.check import Result
from mmscheck.model.observation import Certificate, Observation, Reason
from mmscheck.model.request import SendWindow
from mmscheck.model.words import Handshake, Outcome
from tests.support.media_targets import JPEG, LENGTH, Headers, fetched, hop, judge, not_fetched

CHUNKED: Headers = (("Transfer-Encoding", "chunked"),)
SECURE = "https://media.example.com/a.jpg"
HEAD_RULES = ("content-length", "not-chunked", "content-length-true", "not-compressed")


def lengths(*values: str) -> Headers:
    return tuple(("Content-Length", value) for value in values)


# Reaching


def test_every_reason_has_a_meaning() -> None:
    assert set(MEANING) == set(Reason)
    assert set(MEANING.values()) == {Outcome.FAILED, Outcome.CANT_TELL}


@pytest.mark.parametrize("reason", Reason)
def test_no_reason_lets_a_file_count_as_reached(reason: Reason) -> None:
    result = judge("media-reachable", not_fetched(reason, hop(), detail="more"))
    assert result.outcome is MEANING[reason]
    assert "(more)" in (result.reason or result.wording["problem"])
    assert result.evidence["cause"] == reason.value


def test_a_secret_in_the_reason_is_in_neither_words_nor_evidence() -> None:
    detail = "bad Location: http://cdn.example.com/a?signature=abcdefghijklmnop"
    for rule in ("media-reachable", "redirect-safe", "content-length", "url-public"):
        result = judge(rule, not_fetched(Reason.BAD_REDIRECT, hop(status=302), detail=detail))
        assert "cdn.example.com/a?…" in str(result)
        assert "abcdefghij" not in str(result)


@pytest.mark.parametrize(
    "reason",
    [
        *(Reason.TIMED_OUT, Reason.REFUSED, Reason.RESET, Reason.UNREACHABLE, Reason.DNS_FAILED),
        *(Reason.DEADLINE, Reason.BUSY, Reason.NOT_LOOKED, Reason.INTERNAL),
    ],
)
def test_what_may_be_our_own_network_is_not_blamed_on_the_server(reason: Reason) -> None:
    assert judge("media-reachable", not_fetched(reason)).outcome is Outcome.CANT_TELL


def test_only_a_200_counts_as_reached() -> None:
    assert judge("media-reachable", fetched()).outcome is Outcome.PASSED
    assert judge("media-reachable", fetched((), hop(status=206))).outcome is Outcome.CANT_TELL


def test_a_certificate_is_valid_when_every_https_hop_answered() -> None:
    answered, silent = hop(SECURE), hop(SECURE, None, ())
    plain = hop("http://media.example.com/a.jpg")
    cases: dict[Outcome, tuple[Observation, ...]] = {
        Outcome.PASSED: (
            fetched((), answered),
            fetched((), hop(status=302), answered),
            not_fetched(Reason.BAD_STATUS, hop(SECURE, 404)),
        ),
        Outcome.CANT_TELL: (
            not_fetched(Reason.TIMED_OUT, silent),
            not_fetched(Reason.RESET, hop("HTTPS://media.example.com/a", None, ())),
            not_fetched(Reason.TIMED_OUT, hop(SECURE, 302), silent),
            not_fetched(Reason.NOT_LOOKED),
        ),
        Outcome.INAPPLICABLE: (fetched((), plain), not_fetched(Reason.REFUSED, hop(status=None))),
        Outcome.FAILED: (
            not_fetched(Reason.TLS_HANDSHAKE, silent, detail="wrong version number"),
            not_fetched(Reason.TLS_CERTIFICATE),
        ),
    }
    for outcome, observations in cases.items():
        for observation in observations:
            assert judge("tls-valid", observation).outcome is outcome, observation


@pytest.mark.parametrize("raw", ["certificate has expired", "Hostname mismatch, certificate is not for 'a'"])
def test_the_librarys_words_are_never_shown(raw: str) -> None:
    refused = hop(SECURE, None, (), tls_error=raw)
    plain = not_fetched(Reason.TLS_CERTIFICATE, refused, detail="it is out of date")
    assert judge("tls-valid", plain).wording["problem"] == "it is out of date"
    bare = not_fetched(Reason.TLS_CERTIFICATE, refused)
    assert judge("tls-valid", bare).wording["problem"] == "TLS certificate not valid"


@pytest.mark.parametrize("cause", Handshake)
def test_a_failed_handshake_is_mended_by_its_cause(cause: Handshake) -> None:
    seen = not_fetched(Reason.TLS_HANDSHAKE, hop(SECURE, None, ()), detail=cause.value)
    found = judge("tls-valid", seen)
    assert found.outcome is Outcome.FAILED
    assert found.wording["problem"] == cause.value
    assert found.fix == judge("media-reachable", seen).fix == BY_HANDSHAKE[cause]
    assert "certificate that is in date" not in found.fix


DAY = 86_400
NOW = 1_800_000_000
YEAR = Certificate(begins=NOW - 300 * DAY, ends=NOW + 65 * DAY)


def at_send(rule: str, certificate: Certificate | None, days: float = 0) -> Result:
    """What the rule says of a message that goes out so many days from `NOW`."""
    window = SendWindow(opens=NOW + days * DAY, closes=NOW + days * DAY + 3600)
    return judge(rule, fetched((), hop(SECURE, certificate=certificate)), window=window)


@pytest.mark.parametrize(
    ("certificate", "days", "valid", "lasts"),
    [
        (YEAR, 0, Outcome.PASSED, Outcome.PASSED),
        (YEAR, 57, Outcome.PASSED, Outcome.PASSED),
        (YEAR, 60, Outcome.PASSED, Outcome.FAILED),
        (YEAR, 64.9, Outcome.PASSED, Outcome.FAILED),
        (YEAR, 65, Outcome.FAILED, Outcome.INAPPLICABLE),
        (Certificate(begins=NOW, ends=NOW + 6 * DAY), 0, Outcome.PASSED, Outcome.PASSED),
        (Certificate(begins=NOW - 5 * DAY, ends=NOW + DAY), 0, Outcome.PASSED, Outcome.FAILED),
        (Certificate(begins=NOW, ends=NOW + 60, intermediate=True), 0, Outcome.FAILED, Outcome.INAPPLICABLE),
        (None, 0, Outcome.PASSED, Outcome.CANT_TELL),
    ],
)
def test_a_certificate_is_held_to_the_time_of_the_send(
    certificate: Certificate | None, days: float, valid: Outcome, lasts: Outcome
) -> None:
    assert at_send("tls-valid", certificate, days).outcome is valid
    assert at_send("tls-lasts", certificate, days).outcome is lasts


def test_of_several_https_hosts_the_certificate_that_ends_first_counts() -> None:
    soon = hop(SECURE, 302, certificate=Certificate(begins=NOW - DAY, ends=NOW + DAY))
    window = SendWindow(opens=NOW + 2 * DAY, closes=NOW + 2 * DAY)
    found = judge("tls-valid", fetched((), soon, hop(SECURE, certificate=YEAR)), window=window)
    assert found.outcome is Outcome.FAILED
    assert "and the message is taken to go out until 2027-01-17" in found.wording["problem"]
    plain = judge("tls-valid", fetched((), hop(certificate=YEAR)), window=window)
    assert plain.outcome is Outcome.INAPPLICABLE


def test_redirects_are_safe_when_they_end_and_stay_on_https() -> None:
    first, second = hop(status=301), hop(SECURE)
    assert judge("redirect-safe", fetched()).outcome is Outcome.PASSED
    assert judge("redirect-safe", fetched((), first, second)).evidence == {"redirects": 1}
    assert (
        judge("redirect-safe", not_fetched(Reason.BAD_STATUS, first, hop(SECURE, 404))).outcome
        is Outcome.PASSED
    )
    for open_end in (
        not_fetched(Reason.REFUSED, first, hop(SECURE, None, ())),
        not_fetched(Reason.DEADLINE, first),
        not_fetched(Reason.NOT_LOOKED),
    ):
        assert judge("redirect-safe", open_end).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    "reason",
    [Reason.REDIRECT_LOOP, Reason.TOO_MANY_REDIRECTS, Reason.INSECURE_REDIRECT, Reason.BAD_REDIRECT],
)
def test_a_redirect_that_was_not_followed_is_unsafe(reason: Reason) -> None:
    assert judge("redirect-safe", not_fetched(reason, hop(status=302))).outcome is Outcome.FAILED


def test_redirects_are_judged_by_the_hops_whoever_followed_them() -> None:
    hops = [hop(f"https://media.example.com/{n}", 302) for n in range(5)]
    end = hop("https://media.example.com/end")
    assert judge("redirect-safe", fetched((), *hops, end)).outcome is Outcome.PASSED
    six = fetched((), *hops, hop("https://media.example.com/5", 302), end)
    assert "6 redirects, and at most 5" in judge("redirect-safe", six).wording["problem"]
    down = judge("redirect-safe", fetched((), hop(SECURE, 302), hop()))
    assert (down.outcome, down.wording["problem"]) == (Outcome.FAILED, "redirect from https to http")
    loop = judge("redirect-safe", fetched((), hop(SECURE, 302), hop(SECURE)))
    assert loop.wording["problem"] == "redirect loop"


def test_any_redirect_is_worth_a_word_and_shows_no_secrets() -> None:
    end = hop("https://cdn.example.com/a.jpg?signature=abcdefghijklmnop")
    result = judge("no-redirect", fetched((), hop(status=302), hop(SECURE, 307), end))
    assert result.outcome is Outcome.FAILED
    assert result.wording["count"] == 2
    assert result.wording["end"].startswith("https://cdn.example.com/a.jpg?…")
    assert "abcdefghij" not in str(result)
    assert judge("no-redirect", not_fetched(Reason.BAD_REDIRECT, hop(status=302))).outcome is Outcome.FAILED
    assert judge("no-redirect", fetched()).outcome is Outcome.PASSED
    assert judge("no-redirect", not_fetched(Reason.REFUSED, hop(status=None))).outcome is Outcome.CANT_TELL
    assert judge("no-redirect", not_fetched(Reason.NOT_LOOKED)).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    ("end", "expires"),
    [
        ("https://b.example/a.jpg", False),
        ("https://b.example/a.jpg?v=3", False),
        ("https://b.example/a.jpg?X-Amz-Date=20261130T120000Z&X-Amz-Expires=300&X-Amz-Signature=0", True),
        ("https://b.example/a.jpg?Expires=1800000300&Signature=abc&Key-Pair-Id=k", True),
        ("https://b.example/a.jpg?sig=c2lnbmF0dXJlc2lnbmF0dXJl", True),
        (
            "https://b.example/eyJfcmFpbHMiOnsiZGF0YSI6ImEiLCJleHAiOiIyMDIwLTA5LTEzVDEyOjI2OjQwLjAwMFoifX0=--0f/a",
            True,
        ),
    ],
)
def test_a_target_that_is_signed_anew_is_not_to_be_written_into_the_message(
    end: str, *, expires: bool
) -> None:
    result = judge("no-redirect", fetched((), hop(status=302), hop(end)))
    assert result.outcome is Outcome.FAILED
    assert result.fix.startswith("Do not write") is expires
    assert bool(result.fix) is expires


# Framing


@pytest.mark.parametrize("rule", HEAD_RULES)
@pytest.mark.parametrize(
    "observation",
    [
        not_fetched(Reason.NOT_LOOKED),
        not_fetched(Reason.REFUSED, hop(status=None, headers=())),
        not_fetched(Reason.BAD_STATUS, hop(status=404, headers=(*JPEG, *CHUNKED)), received=3),
        not_fetched(Reason.REDIRECT_LOOP, hop(status=302)),
        not_fetched(Reason.BAD_STATUS, hop(status=200), hop(status=206)),
        fetched((), hop(status=206)),
        not_fetched(Reason.TIMED_OUT, hop(), detail="in the middle of the head"),
        not_fetched(Reason.RESET, hop(), received=0),
    ],
)
def test_without_the_head_of_a_200_nothing_is_known_of_the_framing(
    rule: str, observation: Observation
) -> None:
    result = judge(rule, observation)
    assert result.outcome is Outcome.CANT_TELL
    assert "no file was answered" in result.reason


@pytest.mark.parametrize("reason", [Reason.TIMED_OUT, Reason.RESET, Reason.DEADLINE, Reason.SHORT_BODY])
def test_the_head_is_judged_also_when_the_body_did_not_come_whole(reason: Reason) -> None:
    cut = not_fetched(reason, hop(headers=(*LENGTH, ("content-encoding", "gzip"))), received=2)
    assert judge("content-length", cut).outcome is Outcome.PASSED
    assert judge("not-compressed", cut).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        (lengths("3"), Outcome.PASSED),
        ((("content-LENGTH", " 3\t"),), Outcome.PASSED),
        (lengths("0003"), Outcome.PASSED),
        (lengths("3", "3"), Outcome.PASSED),
        (lengths("3, 3"), Outcome.PASSED),
        ((), Outcome.FAILED),
        (lengths(""), Outcome.FAILED),
        (lengths("3", "4"), Outcome.FAILED),
        (lengths("3,"), Outcome.FAILED),
        (lengths("+3"), Outcome.FAILED),
        (lengths("-3"), Outcome.FAILED),
        (lengths("0x3"), Outcome.FAILED),
        (lengths("3 bytes"), Outcome.FAILED),
        (lengths("3.0"), Outcome.FAILED),
        (lengths("\xb3"), Outcome.FAILED),
        (lengths("9" * 5000), Outcome.FAILED),
        ((("X-Content-Length", "3"),), Outcome.FAILED),
    ],
)
def test_a_length_is_stated_when_the_head_comes_down_to_one_number(
    headers: Headers, outcome: Outcome
) -> None:
    for observation in (fetched(headers), not_fetched(Reason.MALFORMED_HTTP, hop(headers=headers))):
        assert judge("content-length", observation).outcome is outcome


def test_what_was_seen_is_shown_escaped_and_cut() -> None:
    missing = judge("content-length", fetched(())).wording
    assert (missing["seen"], missing["without"]) == ("no Content-Length", "Content-Length")
    seen = judge("content-length", fetched(lengths("\x1b[31m", "9" * 500))).wording["seen"]
    assert "\x1b" not in seen
    assert "\\x1b[31m" in seen
    assert len(seen) < 300
    signed = judge("content-length", fetched(lengths("+3"))).wording
    assert signed["without"] == "a usable Content-Length (Content-Length: +3)"


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ((), Outcome.PASSED),
        ((("Transfer-Encoding", "identity"),), Outcome.PASSED),
        (CHUNKED, Outcome.FAILED),
        ((("transfer-encoding", "CHUNKED"),), Outcome.FAILED),
        ((("Transfer-Encoding", "\tchunked "),), Outcome.FAILED),
        ((("Transfer-Encoding", "\r\n chunked"),), Outcome.FAILED),
        ((("Transfer-Encoding", "\x0bchunked"),), Outcome.FAILED),
        ((("Transfer-Encoding", "gzip, chunked"),), Outcome.FAILED),
        ((("Transfer-Encoding", "gzip"),), Outcome.FAILED),
        ((("Transfer-Encoding", "chunked;x=y"),), Outcome.FAILED),
        ((("Transfer-Encoding", "identity, chunked"),), Outcome.FAILED),
        ((("Transfer-Encoding", "identity"), ("Transfer-Encoding", "chunked")), Outcome.FAILED),
        ((("Transfer-Encoding ", "chunked"),), Outcome.FAILED),
        ((("Transfer-Encoding", "xchunked"),), Outcome.FAILED),
        ((("Transfer-Encoding", ""),), Outcome.FAILED),
    ],
)
@pytest.mark.parametrize("beside", [(), LENGTH])
def test_any_transfer_coding_is_found_with_and_without_a_length(
    headers: Headers, outcome: Outcome, beside: Headers
) -> None:
    for observation in (
        fetched((*beside, *headers)),
        not_fetched(Reason.LENGTH_AND_CHUNKED, hop(headers=(*headers, *beside))),
    ):
        result = judge("not-chunked", observation)
        assert result.outcome is outcome
        if outcome is Outcome.FAILED:
            assert result.wording["seen"].lower().startswith("transfer-encoding")
            expected = ", beside Content-Length: 3" if beside else ", and without Content-Length"
            assert result.wording["beside"] == expected


def test_beside_chunked_a_length_is_stated_but_not_known_to_be_true() -> None:
    both = not_fetched(Reason.LENGTH_AND_CHUNKED, hop(headers=(*CHUNKED, *LENGTH)))
    assert judge("content-length", both).outcome is Outcome.PASSED
    assert judge("content-length-true", both).outcome is Outcome.CANT_TELL
    two = not_fetched(Reason.LENGTH_AND_CHUNKED, hop(headers=(*CHUNKED, *lengths("3", "4"))))
    assert judge("content-length", two).outcome is Outcome.FAILED
    assert judge("content-length-true", two).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("observation", "problem"),
    [
        (fetched(lengths("3"), size=2), "3 bytes were stated and 2 came"),
        (fetched(lengths("3"), size=3, excess=4), "3 bytes were stated and at least 4 more followed"),
        (fetched(lengths("3", "3")), "stated 2 times, each time the same"),
        (fetched(lengths("3, 3")), "stated 2 times"),
        (fetched(lengths("3", "4")), "stated 2 times"),
        (fetched(lengths("+3")), "not a plain number"),
        (fetched(lengths("")), "not a plain number"),
        (not_fetched(Reason.SHORT_BODY, hop(headers=lengths("3")), received=1), "only 1 came"),
        (not_fetched(Reason.SHORT_BODY, hop(headers=lengths("3"))), "fewer came"),
        (not_fetched(Reason.TWO_LENGTHS, hop(headers=lengths("3"))), "two different lengths"),
        (not_fetched(Reason.TOO_LARGE, hop(headers=lengths("3")), received=9), "at least 9 came"),
    ],
)
def test_a_false_length_fails_and_both_numbers_are_said(observation: Observation, problem: str) -> None:
    result = judge("content-length-true", observation)
    assert result.outcome is Outcome.FAILED
    assert problem in result.wording["problem"]
    assert "Content-Length" in result.wording["seen"]


def test_a_true_length_needs_the_whole_file() -> None:
    assert judge("content-length-true", fetched()).outcome is Outcome.PASSED
    cut = not_fetched(Reason.TIMED_OUT, hop(), received=2)
    assert judge("content-length-true", cut).outcome is Outcome.CANT_TELL
    assert judge("content-length-true", fetched(())).outcome is Outcome.INAPPLICABLE


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("identity", Outcome.PASSED),
        ("", Outcome.PASSED),
        ("gzip", Outcome.FAILED),
        ("GZIP", Outcome.FAILED),
        ("identity, br", Outcome.FAILED),
        ("aws-chunked", Outcome.FAILED),
        ("none", Outcome.FAILED),
    ],
)
def test_any_content_coding_fails(value: str, outcome: Outcome) -> None:
    result = judge("not-compressed", fetched((*LENGTH, ("Content-Encoding", value))))
    assert result.outcome is outcome
    assert judge("not-compressed", fetched()).outcome is Outcome.PASSED
