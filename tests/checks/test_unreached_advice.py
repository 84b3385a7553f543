"""What is advised when no file came hangs on why, and so does who can do it."""

from __future__ import annotations

import pytest

from mmscheck.checks.reach import MEANING
from mmscheck.checks.unreached import ADVICE, BY_STATUS, ReachAdvice, advice
from mmscheck.model.check import Result
from mmscheck.model.observation import Hop, Reason
from mmscheck.model.words import Outcome, Owner
from tests.support.media_targets import hop, judge, not_fetched

BUSY = "HTTP 429 Too Many Requests, Retry-After: 3"


def told(result: Result) -> str:
    return result.reason or str(result.wording["problem"])


def test_every_reason_has_advice() -> None:
    assert set(ADVICE) == set(Reason)
    assert [reason for reason in Reason if not ADVICE[reason].fix] == [Reason.BAD_STATUS]


def test_only_what_decides_nothing_is_doubted() -> None:
    for reason in Reason:
        assert MEANING[reason] is Outcome.CANT_TELL or not ADVICE[reason].doubt


@pytest.mark.parametrize("found", [*ADVICE.values(), *BY_STATUS.values()])
def test_advice_is_a_sentence_that_says_what_to_do(found: ReachAdvice) -> None:
    assert found.fix == found.fix.strip()
    assert "  " not in found.fix
    assert not found.fix or (found.fix[0].isupper() and found.fix.endswith("."))


@pytest.mark.parametrize("reason", Reason)
def test_the_result_carries_what_the_table_says(reason: Reason) -> None:
    result = judge("media-reachable", not_fetched(reason, hop(status=None), detail="more"))
    assert (result.fix, result.owner) == (ADVICE[reason].fix, ADVICE[reason].owner)
    assert told(result).endswith(ADVICE[reason].doubt)


@pytest.mark.parametrize(
    ("status", "owner", "words"),
    [
        (401, Owner.HOSTING, "without login"),
        (403, Owner.HOSTING, "no browser either"),
        (404, Owner.CONTENT, "A is not a"),
        (410, Owner.CONTENT, "upload the file"),
        (206, Owner.HOSTING, "with 200"),
        (304, Owner.HOSTING, "with 200"),
        (500, Owner.HOSTING, "log of the server"),
        (599, Owner.HOSTING, "log of the server"),
        (418, Owner.HOSTING, ""),
        (None, Owner.HOSTING, ""),
    ],
)
def test_what_the_server_answered_decides_what_helps(status: int | None, owner: Owner, words: str) -> None:
    found = advice(not_fetched(Reason.BAD_STATUS, hop(status=302), hop(status=status)))
    assert found.owner is owner
    assert words in found.fix
    assert bool(words) == bool(found.fix)


def test_a_status_of_another_reason_does_not_count() -> None:
    assert advice(not_fetched(Reason.PROXY_FAILED, hop(status=502))) is ADVICE[Reason.PROXY_FAILED]
    assert advice(not_fetched(Reason.BUSY, hop(status=503))) is ADVICE[Reason.BUSY]


@pytest.mark.parametrize(
    ("reason", "owner", "words"),
    [
        (Reason.PROXY_FAILED, Owner.SENDER, "Start the proxy, correct --proxy"),
        (Reason.BUSY, Owner.HOSTING, "--rate 1 or --per-host 1"),
        (Reason.DEADLINE, Owner.SENDER, "--deadline"),
        (Reason.DNS_NOT_FOUND, Owner.CONTENT, "Correct the host name in the URL"),
        (Reason.INVALID_URL, Owner.CONTENT, "Correct the URL"),
        (Reason.ADDRESS_REFUSED, Owner.HOSTING, "public host"),
        (Reason.TLS_CERTIFICATE, Owner.HOSTING, "intermediate certificates"),
        (Reason.MALFORMED_HTTP, Owner.HOSTING, "response-well-formed"),
        (Reason.SHORT_BODY, Owner.HOSTING, "content-length-true"),
        (Reason.LENGTH_AND_CHUNKED, Owner.HOSTING, "not-chunked"),
    ],
)
def test_each_reason_is_sent_to_who_can_mend_it(reason: Reason, owner: Owner, words: str) -> None:
    assert ADVICE[reason].owner is owner
    assert words in ADVICE[reason].fix


def test_nobody_learns_of_the_curl_command_where_a_proxy_is_down() -> None:
    result = judge(
        "media-reachable", not_fetched(Reason.PROXY_FAILED, detail="http://p:1 could not be reached")
    )
    assert "curl" not in result.fix
    assert told(result).endswith("this says nothing about the media server")


@pytest.mark.parametrize(
    ("reason", "detail", "attempts", "words"),
    [
        (Reason.BAD_STATUS, "HTTP 403 Forbidden", 1, "the server answered 403 Forbidden"),
        (Reason.BAD_STATUS, "HTTP 502", 3, "the server answered 502, asked 3 times"),
        (Reason.BAD_STATUS, "", 1, "HTTP status other than 200"),
        (Reason.BUSY, BUSY, 1, f"the server asked to wait ({BUSY})"),
        (Reason.BUSY, BUSY, 3, f"the server asked to wait ({BUSY}); it was asked 3 times"),
        (
            Reason.BUSY,
            "HTTP 503 Service Unavailable",
            2,
            "the server answered 503 Service Unavailable; it was asked 2 times",
        ),
        (Reason.BUSY, "", 1, "the server asked to wait"),
        (Reason.SHORT_BODY, "", 1, "body shorter than its Content-Length"),
        (Reason.REDIRECT_LOOP, "HTTP 302", 1, "redirect loop (HTTP 302)"),
        (Reason.DEADLINE, "2 s", 2, "the deadline of the whole check passed (2 s)"),
    ],
)
def test_what_happened_is_told_with_how_often_it_was_asked(
    reason: Reason, detail: str, attempts: int, words: str
) -> None:
    status = 429 if reason is Reason.BUSY else 500
    result = judge(
        "media-reachable", not_fetched(reason, hop(status=status), detail=detail, attempts=attempts)
    )
    assert told(result) == words
    assert result.evidence["cause"] == reason.value
    assert result.evidence["attempts"] == attempts


@pytest.mark.parametrize("hops", [(), (hop(status=302),)])
def test_a_request_that_was_held_back_is_not_counted(hops: tuple[Hop, ...]) -> None:
    held = not_fetched(Reason.BUSY, *hops, detail="not asked again", attempts=2)
    assert told(judge("media-reachable", held)) == "the server asked to wait (not asked again)"


@pytest.mark.parametrize("reason", Reason)
def test_what_follows_from_there_being_no_file_quotes_the_reason(reason: Reason) -> None:
    unknown = not_fetched(reason, hop(status=404), detail="HTTP 404 Not Found")
    for rule in ("content-length", "stable", "media-type-known", "media-not-empty"):
        assert reason.value in judge(rule, unknown).reason
