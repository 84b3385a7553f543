"""Anomalies of an answer are judged by kind, wherever on the way they came, and shown without secrets."""

from __future__ import annotations

import msgspec
import pytest

from mmscheck.checks.framing import MILD, SEVERE
from mmscheck.model.check import Result
from mmscheck.model.observation import Anomaly, AnomalyKind, Observation, Reason
from mmscheck.model.words import Outcome
from tests.support.media_targets import fetched, hop, judge, not_fetched

RULES = ("response-well-formed", "response-plain")


def odd(kind: AnomalyKind, seen: str = "X: y") -> Anomaly:
    return Anomaly(kind=kind, seen=seen)


def one(*anomalies: Anomaly) -> Observation:
    """A file that came whole, over one hop with these anomalies."""
    return fetched((), hop(anomalies=anomalies))


def test_every_kind_is_judged_by_exactly_one_rule() -> None:
    assert set(AnomalyKind) == SEVERE | MILD
    assert not SEVERE & MILD


@pytest.mark.parametrize("kind", AnomalyKind)
def test_a_kind_fails_its_own_rule_and_not_the_other(kind: AnomalyKind) -> None:
    results = {rule: judge(rule, one(odd(kind, "a: b"))) for rule in RULES}
    own, other = RULES if kind in SEVERE else reversed(RULES)
    assert results[other].outcome is Outcome.PASSED
    assert results[own].outcome is Outcome.FAILED
    assert results[own].wording["problem"] == f"{kind.value} (a: b)"
    assert results[own].evidence["anomalies"][0]["kind"] == kind.name


def test_every_anomaly_is_named() -> None:
    result = judge(RULES[0], one(odd(AnomalyKind.TWO_LENGTHS), odd(AnomalyKind.EXCESS)))
    assert AnomalyKind.TWO_LENGTHS.value in result.wording["problem"]
    assert AnomalyKind.EXCESS.value in result.wording["problem"]
    assert len(result.evidence["anomalies"]) == 2


def test_what_is_odd_on_the_way_counts_and_is_placed() -> None:
    first = hop("http://a.example/x?sig=secretsecretsecret", 302, anomalies=(odd(AnomalyKind.BARE_LF),))
    result = judge("response-plain", fetched((), first, hop()))
    assert result.outcome is Outcome.FAILED
    assert "from http://a.example/x?" in result.wording["problem"]
    assert "secretsecret" not in str(result)


@pytest.mark.parametrize("rule", RULES)
def test_an_answer_that_is_not_whole_is_not_vouched_for(rule: str) -> None:
    for reason in (Reason.TIMED_OUT, Reason.BAD_STATUS, Reason.SHORT_BODY, Reason.DNS_NOT_FOUND):
        assert judge(rule, not_fetched(reason, hop())).outcome is Outcome.CANT_TELL
    assert judge(rule, not_fetched(Reason.REFUSED)).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize("reason", [Reason.MALFORMED_HTTP, Reason.LENGTH_AND_CHUNKED, Reason.TWO_LENGTHS])
def test_a_response_called_malformed_is_so_even_when_nobody_saw_why(reason: Reason) -> None:
    result = judge(RULES[0], not_fetched(reason, hop()))
    assert result.outcome is Outcome.FAILED
    assert reason.value in result.wording["problem"]
    assert judge(RULES[1], not_fetched(reason, hop())).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize("rule", RULES)
def test_a_local_file_was_never_answered(rule: str) -> None:
    local = msgspec.structs.replace(fetched(), hops=())
    assert judge(rule, local).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        (AnomalyKind.NOT_A_HEADER, "Set-Cookie (x): sid=geheim"),
        (AnomalyKind.SPACED_NAME, "Set-Cookie : sid=geheim"),
        (AnomalyKind.OBS_FOLD, "Set-Cookie: a=b;\n sid=geheim"),
        (AnomalyKind.EXCESS, "HTTP/1.1 200 OK\r\nSet-Cookie: sid=geheim"),
        (AnomalyKind.NOT_A_HEADER, "see http://a.example/x?token=geheim"),
        (AnomalyKind.BARE_LF, "Location: http://a.example/x?token=geheim"),
        (AnomalyKind.SPACED_NAME, "Set-Cookie : session=geheim"),
        (AnomalyKind.NOT_A_HEADER, "Set-Cookie sid=geheim"),
        (AnomalyKind.NOT_A_HEADER, "Set-Cookie= sid=geheim"),
        (AnomalyKind.NOT_A_HEADER, "Authorization Bearer geheim"),
        (AnomalyKind.BARE_LF, " sid=geheim"),
        (AnomalyKind.CONTROL_CHARACTER, "\tsid=geheim: x"),
    ],
)
def test_no_secret_of_a_raw_line_is_shown(kind: AnomalyKind, seen: str) -> None:
    rule = RULES[0] if kind in SEVERE else RULES[1]
    result = judge(rule, one(odd(kind, seen)))
    assert result.outcome is Outcome.FAILED
    assert "geheim" not in str(result)


def test_raw_lines_cannot_reach_a_terminal() -> None:
    result: Result = judge(RULES[0], one(odd(AnomalyKind.CONTROL_CHARACTER, "X: \x1b[31m\x07\x9b\r")))
    assert result.wording["problem"].isprintable()
    assert str(result.evidence["anomalies"]).isprintable()


def test_a_not_fetched_answer_with_an_anomaly_fails() -> None:
    unasked = hop(status=304, anomalies=(odd(AnomalyKind.NOT_MODIFIED_UNASKED),))
    assert judge(RULES[0], not_fetched(Reason.BAD_STATUS, unasked)).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ("<!-- cached by plugin -->", "data after the end of the body (<!-- cached by plugin -->)"),
        ("one\r\ntwo\t", "data after the end of the body (one\\r\\ntwo\\t)"),
        ("caf\xc3\xa9", "data after the end of the body (caf\xc3\xa9)"),
        ("cut off in a character \xc3", "data after the end of the body (cut off in a character \xc3)"),
        (
            "\xff\xd8\xff\xe0\x00\x10JFIF",
            "at least 3,544 more bytes after the stated end (ff d8 ff e0 ..., not text)",
        ),
        ("\x00", "at least 3,544 more bytes after the stated end (00, not text)"),
        ("\x1b[31m", "at least 3,544 more bytes after the stated end (1b 5b 33 31 ..., not text)"),
    ],
)
def test_of_data_behind_the_file_only_text_is_quoted(seen: str, words: str) -> None:
    more = fetched((), hop(anomalies=(odd(AnomalyKind.EXCESS, seen),)), excess=3544)
    assert judge(RULES[0], more).wording["problem"] == words


def test_data_behind_a_redirect_is_not_counted_as_that_behind_the_file() -> None:
    first = hop("http://a.example/x", 302, anomalies=(odd(AnomalyKind.EXCESS, "\xff\xd8"),))
    problem = judge(RULES[0], fetched((), first, hop(), excess=9)).wording["problem"]
    assert problem.startswith("some more bytes after the stated end from http://a.example/x, which redirects")


def test_bytes_in_place_of_a_head_are_shown_as_numbers() -> None:
    raw = hop(status=None, anomalies=(odd(AnomalyKind.NOT_HTTP, "\x89PNG\r\n\x1a\n"),))
    result = judge(RULES[0], not_fetched(Reason.MALFORMED_HTTP, raw))
    assert result.wording["problem"] == "no HTTP head before the content (89 50 4e 47 ..., not text)"
