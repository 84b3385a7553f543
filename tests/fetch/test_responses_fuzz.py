"""A short form of ``python -m tests.fuzz.fuzz_responses``, and every response that it has kept."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from mmscheck.model.observation import Fetched, NotFetched
from mmscheck.model.words import Outcome
from tests.fuzz.fuzz_responses import CORPUS
from tests.fuzz.response_oracle import is_plain, read, unexplained
from tests.fuzz.response_promises import CLAIMS, try_answers
from tests.fuzz.responses import SOUND, Answer, answer

pytestmark = pytest.mark.long

SEED = 7
NUMBER = 200
ALL = frozenset(CLAIMS)


async def test_the_promises_hold_for_every_response_that_was_kept() -> None:
    files = sorted(CORPUS.iterdir())
    answers = [msgspec.json.decode(file.read_bytes(), type=Answer) for file in files]
    for start in range(0, len(files), 100):
        tried = await try_answers(answers[start : start + 100])
        told = {file.name: each.told for file, each in zip(files[start:], tried, strict=False) if each.told}
        assert told == {}


@pytest.mark.parametrize("probing", [False, True])
async def test_the_promises_hold_for_made_up_responses(*, probing: bool) -> None:
    answers = [answer(Random(f"{SEED}/{probing}/{number}")) for number in range(NUMBER)]
    tried = await try_answers(answers, probing=probing)
    assert {number: each.told for number, each in enumerate(tried) if each.told} == {}
    # Or it would say nothing: some are fetched whole, and some are not, for several reasons.
    whole = [each for each in tried if isinstance(each.observation, Fetched)]
    reasons = {each.observation.reason for each in tried if isinstance(each.observation, NotFetched)}
    assert len(whole) > NUMBER / 8
    assert len(reasons) >= 4
    assert any(each.outcomes["content-length-true"] is Outcome.PASSED for each in whole)


def test_a_response_is_the_same_whenever_it_is_made() -> None:
    assert answer(Random(f"{SEED}/1")) == answer(Random(f"{SEED}/1"))


def told_of(*parts: bytes, end: str = "close", passed: frozenset[str] = ALL) -> str:
    """What the second reading has to say when all of these had passed."""
    made = msgspec.convert({"parts": parts, "end": end}, Answer)
    return "; ".join(unexplained(made, passed))


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        SOUND,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + SOUND,
        SOUND.replace(b"\r\n", b"\n"),
        SOUND.replace(b"Length: 3", b"Length:\r\n 3"),
        HEAD + b"Content-Length: 0\r\n\r\n",
    ],
)
def test_the_second_reading_has_nothing_against_sound_responses(sent: bytes) -> None:
    assert told_of(sent) == ""


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([SOUND[:-1]], "media-reachable passed, but the body was cut short"),
        ([SOUND + b"x"], "1 bytes followed in the same segment"),
        ([SOUND[:-1], b"cx"], "1 bytes followed in the same segment"),
        ([SOUND[:-1]], "3 bytes were stated and 2 sent"),
        ([SOUND.replace(b"200", b"206")], "the status was 206"),
        ([SOUND.replace(b"200", b"101")], "the status was 101"),
        ([HEAD + b"\r\nabc"], "content-length passed with the lengths ['none']"),
        ([HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"], "it is stated as ['3', '3']"),
        (
            [HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"],
            "content-length passed with the lengths ['3', '4']",
        ),
        ([HEAD + b"Content-Length: +3\r\n\r\nabc"], "there is no one length"),
        (
            [HEAD + b"Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
            "not-chunked passed with ['chunked']",
        ),
        (
            [HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
            "the chunks are broken or without an end",
        ),
        ([HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"], "the chunks are broken"),
        (
            [HEAD + b"Content-Length: 3\r\nTransfer-Encoding: identity\r\n\r\nabc"],
            "a transfer coding is there too",
        ),
        ([SOUND.replace(b"Content-L", b"Content L")], "cannot be read strictly"),
        ([SOUND.replace(b"Length:", b"Length :")], "cannot be read strictly"),
        ([SOUND.replace(b"jpeg", b"jp\0eg")], "cannot be read strictly"),
        ([SOUND.replace(b"HTTP/1.1", b"HTTP/2.0")], "cannot be read strictly"),
        ([SOUND[:20]], "cannot be read strictly"),
    ],
)
def test_the_second_reading_tells_what_nobody_may_pass(parts: list[bytes], told: str) -> None:
    assert told in told_of(*parts)


def test_a_surplus_in_a_later_segment_may_come_too_late_to_be_seen() -> None:
    assert told_of(SOUND, b"x") == ""


def test_a_body_without_a_length_is_whole_only_when_the_connection_was_closed() -> None:
    reachable = frozenset({"media-reachable"})
    assert told_of(HEAD + b"\r\nabc", passed=reachable) == ""
    for end in ("reset", "stay"):
        assert "nothing told where the body ended" in told_of(HEAD + b"\r\nabc", end=end, passed=reachable)


@pytest.mark.parametrize(
    ("sent", "plain"),
    [
        (SOUND, True),
        (HEAD + b"Content-Type: a\r\nContent-Length: 0\r\n\r\n", True),
        (SOUND[:-1], False),
        (SOUND + b"x", False),
        (SOUND.replace(b"OK\r\n", b"OK\n"), False),
        (SOUND.replace(b"Type: ", b"Type:\r\n "), False),
        (SOUND.replace(b"200", b"206"), False),
        (SOUND.replace(b"200 OK\r\n", b"200 OK\r\nX: y\r\n"), False),
        (SOUND.replace(b"Length: 3", b"Length: 03"), False),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + SOUND, False),
    ],
)
def test_only_what_nobody_minds_is_plain(sent: bytes, *, plain: bool) -> None:
    assert is_plain(Answer(parts=(sent,))) is plain
    assert not is_plain(Answer(parts=(sent,), end="stay"))


def test_interim_responses_are_read_past() -> None:
    found = read(b"HTTP/1.1 100 Continue\r\n\r\n" + SOUND)
    assert found is not None
    assert (found.status, found.body) == (200, b"abc")
