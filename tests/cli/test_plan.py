from __future__ import annotations

import datetime as dt
import re
import time
from pathlib import Path

import pytest

from mmscheck.cli.plan import CENTURY, HOUR, duration, sending
from mmscheck.errors import UsageError
from mmscheck.sandbox import Sandbox
from tests.support.campaigns import DOCUMENT, named, stored, write_recipients
from tests.support.command import fields, image, message, mmscheck

FAR = "2999-12-01T09:00Z"
FAR_SECONDS = dt.datetime(2999, 12, 1, 9, tzinfo=dt.UTC).timestamp()


def test_a_time_and_a_duration_make_the_window() -> None:
    window = sending(FAR, "90m")
    assert (window.opens, window.closes) == (FAR_SECONDS, FAR_SECONDS + 5400)


def test_without_either_the_window_is_the_next_hour() -> None:
    before = time.time()
    window = sending(None, None)
    assert before <= window.opens <= time.time()
    assert window.closes == window.opens + 3600


def test_a_duration_alone_counts_from_now() -> None:
    window = sending(None, "2d")
    assert abs(window.opens - time.time()) < 60
    assert window.closes == window.opens + 172_800


def test_the_zone_of_a_time_counts() -> None:
    assert sending("2999-12-01T10:00+01:00", "1s").opens == FAR_SECONDS


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("45s", 45), ("90m", 5400), ("4h", 14_400), ("2d", 172_800)]
)
def test_durations_are_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert duration("--cache-ttl", text) == seconds


@pytest.mark.parametrize(
    "text", ["", "90", "m", "-1m", "1.5h", "1 h", "1w", "٩m", "1h30m", "9" * 10 + "s", "4H"]
)
def test_other_durations_are_refused_naming_the_option(text: str) -> None:
    with pytest.raises(UsageError, match=r"--cache-ttl .*expected a duration such as 10m or 1h"):
        duration("--cache-ttl", text, "10m or 1h")
    with pytest.raises(UsageError, match=r"--send-within .*expected a duration such as 90m, 4h or 2d$"):
        sending(None, text)


@pytest.mark.parametrize("text", ["36501d", "999999999d", "999999999h"])
def test_durations_that_no_calendar_holds_are_refused_naming_the_longest(text: str) -> None:
    with pytest.raises(UsageError, match=r"--send-within .*such as 90m, 4h or 2d, at most 36500d$"):
        sending(None, text)
    assert sending(None, "36500d").closes - time.time() == pytest.approx(CENTURY, abs=60)


def test_a_caller_may_want_shorter_ones() -> None:
    assert duration("--cache-ttl", "3600s", "10m", HOUR) == HOUR
    for text in ("3601s", "61m", "2h", "1d"):
        with pytest.raises(UsageError, match=r"--cache-ttl .*such as 10m, at most 1h$"):
            duration("--cache-ttl", text, "10m", HOUR)


async def test_the_help_and_the_errors_show_the_same_durations(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(message(image("a.jpg")))
    told = " ".join((await mmscheck("check", "--help", cwd=tmp_path)).out.split())
    for options in (["--send-within"], ["--cache", "kept", "--cache-ttl"]):
        ran = await mmscheck("check", "a.xml", *options, "soon", cwd=tmp_path)
        examples = re.search(r"such as (\w+, \w+ or \w+)", " ".join(ran.err.split()))
        assert (ran.code, examples is not None and examples[1] in told) == (2, True), ran.err


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2999-12-01", "2999-12-01T09:00", "2999-13-01T09:00Z", "32503680000"]
)
def test_a_time_without_a_zone_or_none_at_all_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--send-at .*expected a time with its zone"):
        sending(text, None)


def test_a_time_that_is_past_is_refused_and_the_last_minute_is_not() -> None:
    now = dt.datetime.now(dt.UTC)
    with pytest.raises(UsageError, match="that time is past"):
        sending((now - dt.timedelta(seconds=90)).isoformat(), None)
    assert sending((now - dt.timedelta(seconds=20)).isoformat(), None).closes > now.timestamp()


@pytest.mark.parametrize("text", ["0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59"])
def test_times_at_the_ends_of_the_calendar_raise_nothing_else(text: str) -> None:
    try:
        sending(text, "1h")
    except UsageError as error:
        assert "past" in str(error)  # noqa: PT017 - either end of the calendar is fine, but no other error


async def test_a_plan_that_cannot_be_read_exits_with_2_in_check_and_send(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(message(image("a.jpg")))
    for arguments in (["check", "a.xml"], ["send", "a.xml", *fields()]):
        ran = await mmscheck(*arguments, "--send-at", "soon", cwd=tmp_path)
        assert (ran.code, "--send-at 'soon': expected" in ran.err) == (2, True)


async def test_the_plan_decides_over_a_signed_url(tmp_path: Path) -> None:
    end = int(FAR_SECONDS) + 5400
    signed = (
        f"<image><url>http://127.0.0.1:9/a.jpg?Expires={end}&amp;Signature=x&amp;Key-Pair-Id=k</url></image>"
    )
    (tmp_path / "a.xml").write_text(message(signed))
    told = {}
    for within in ("1h", "2h"):
        ran = await mmscheck("check", "a.xml", "--send-at", FAR, "--send-within", within, cwd=tmp_path)
        assert ran.code == 1  # 127.0.0.1 is not public
        told[within] = "is signed (CloudFront) and expires at" in " ".join(ran.out.split())
    assert told == {"1h": False, "2h": True}


async def test_no_send_takes_a_time_to_come_for_a_schedule(tmp_path: Path) -> None:
    async with Sandbox() as box:
        mms_id = await stored(box)
        (tmp_path / "a.xml").write_text(DOCUMENT)
        write_recipients(tmp_path / "all.csv", named(2))
        given = ("--api-url", box.provider_url, *fields(mms_id=mms_id, to=None))
        for to in (("--to", "15551230001"), ("--recipients", "all.csv")):
            for at in (FAR, (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5)).isoformat()):
                for more in ((), ("--dry-run",)):
                    ran = await mmscheck("send", "a.xml", *to, *given, *more, "--send-at", at, cwd=tmp_path)
                    assert (ran.code, "does not wait: run the send then" in ran.err) == (2, True), ran
        assert box.phones.total == 0
        for to in (("--to", "15551230001"), ("--recipients", "all.csv")):
            ran = await mmscheck("send", "a.xml", *to, *given, "--send-at", in_a_moment(), cwd=tmp_path)
            assert ran.code == 0, ran
        assert box.phones.total == 3
    told = " ".join((await mmscheck("send", "--help", cwd=tmp_path)).out.split())
    assert "send refuses a time to come" in told


def in_a_moment() -> str:
    """Near enough to mean now, also on a slow machine."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)).isoformat()
