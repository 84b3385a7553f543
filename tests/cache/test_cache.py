"""Results kept between runs: what is kept, who can find it, and what a report says of it."""

from __future__ import annotations

import datetime as dt
import json
import math
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.cache.reuse import about_kept, manner
from mmscheck.cache.store import ResultCache, worth_keeping
from mmscheck.errors import UsageError
from mmscheck.fetch import ConnectTo, FetchPolicy
from mmscheck.judge.observe import ObserveOptions, observe
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.facts import ImageFacts, Undecoded
from mmscheck.model.observation import (
    Anomaly,
    AnomalyKind,
    Fetched,
    Hop,
    NotFetched,
    Observation,
    Probe,
    ProbeName,
    Reason,
    Sniffed,
    Timing,
)
from mmscheck.model.request import SendRequest
from mmscheck.model.words import Outcome
from mmscheck.slidexml import parse
from tests.support.command import fields, image, message, mmscheck
from tests.support.media_targets import fetched, hop, sniffed
from tests.support.rawserver import RawServer, policy, response, serve

SECRET = "5ec2e75ec2e75ec2e7"
URL = f"https://media.example.com/a.jpg?X-Amz-Signature={SECRET}"
HOW = "manner"
TEN_MINUTES = 600.0
NOON = 1_796_126_400.5
JPEG = (Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg").read_bytes()
PICTURE = response(JPEG, "Content-Type: image/jpeg")


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


def seen(url: str = URL, **changes: Any) -> Fetched:
    """An observation in which every field is used and most of them hold a secret."""
    whole = Fetched(
        url=url,
        hops=(
            Hop(url=url, status=302, headers=(("Location", f"https://b.example/?sig={SECRET}"),)),
            Hop(
                url=f"https://b.example/?sig={SECRET}",
                status=200,
                http_version="1.1",
                headers=(("Set-Cookie", f"session={SECRET}"), ("Content-Type", "image/jpeg")),
                address="203.0.113.7",
                resolved=("203.0.113.7",),
                line="HTTP/1.1 200 OK",
                anomalies=(Anomaly(kind=AnomalyKind.BARE_LF, seen=f"\udcffX-Token: {SECRET}"),),
            ),
        ),
        size=3,
        sha256="0" * 64,
        timing_ms=Timing(first_byte=1, total=2),
        sniffed=sniffed(),
        decoded=ImageFacts(format="JPEG", width=1, height=2, mode="RGB"),
        probes=(Probe(name=ProbeName.GZIP, hops=(hop(url),), timing_ms=Timing(total=3)),),
        excerpt=f"<StringToSign>{SECRET}</StringToSign>",
    )
    return msgspec.structs.replace(whole, **changes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def cache(folder: Path, clock: Clock) -> Iterator[ResultCache]:
    with ResultCache(folder, TEN_MINUTES, clock) as opened:
        yield opened


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_what_is_kept_comes_back_equal_but_for_when_it_was_made(cache: ResultCache) -> None:
    sound = seen(hops=seen().hops[:1])
    cache.keep(URL, HOW, sound)
    found = cache.find(URL, HOW)
    assert found == msgspec.structs.replace(sound, cached_at="2026-12-01T12:00:00Z")


def test_nothing_is_found_before_anything_was_kept(cache: ResultCache) -> None:
    assert cache.find(URL, HOW) is None


def test_another_url_or_another_manner_finds_nothing(cache: ResultCache) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    assert cache.find(URL, HOW) is not None
    assert cache.find(URL + "0", HOW) is None
    assert cache.find(URL, HOW + "0") is None


def test_a_listing_of_the_folder_tells_nothing_of_the_url(cache: ResultCache, folder: Path) -> None:
    cache.keep(URL, HOW, seen(hops=seen().hops[:1]))
    name = only_file(folder).name
    assert set(name) <= set("0123456789abcdef")
    assert len(name) == 64
    cache.keep(URL, HOW + "0", seen(hops=()))
    assert len({file.name for file in folder.iterdir()}) == 2


def test_an_entry_of_the_version_that_had_a_cipher_is_as_good_as_none(
    cache: ResultCache, folder: Path
) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    file = only_file(folder)
    file.write_bytes(file.read_bytes().replace(b"mmscheck-cache 2", b"mmscheck-cache 1"))
    assert cache.find(URL, HOW) is None


def test_only_the_user_may_read_the_folder_and_what_is_in_it(cache: ResultCache, folder: Path) -> None:
    before = os.umask(0)
    try:
        with ResultCache(folder.with_name("new"), 1):
            pass
        # Twice: what takes the place of an entry is as private as the first was.
        cache.keep(URL, HOW, seen(hops=()))
        cache.keep(URL, HOW, seen(hops=()))
    finally:
        os.umask(before)
    assert folder.with_name("new").stat().st_mode & 0o777 == 0o700
    entry = only_file(folder).stat()
    assert entry.st_mode & 0o777 == 0o600
    assert entry.st_uid == os.geteuid()


@pytest.mark.parametrize(
    ("after", "found"), [(0, True), (599.9, True), (600, False), (1e9, False), (-0.001, False), (-1e9, False)]
)
def test_an_entry_lives_as_long_as_it_may_and_never_in_the_future(
    cache: ResultCache, clock: Clock, *, after: float, found: bool
) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    clock.now += after
    assert (cache.find(URL, HOW) is not None) is found


def test_a_newer_result_takes_the_place_of_an_older_one(
    cache: ResultCache, clock: Clock, folder: Path
) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    clock.now += 500
    cache.keep(URL, HOW, seen(hops=(), size=4))
    clock.now += 500
    found = cache.find(URL, HOW)
    assert found is not None
    assert found.size == 4
    only_file(folder)


def test_an_entry_with_any_byte_changed_or_missing_is_as_good_as_none(
    cache: ResultCache, folder: Path
) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    file = only_file(folder)
    sound = file.read_bytes()
    for at in range(len(sound)):
        file.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        assert cache.find(URL, HOW) is None, at
    for size in (0, 5, 17, 33, 65, len(sound) - 1):
        file.write_bytes(sound[:size])
        assert cache.find(URL, HOW) is None, size
    file.write_bytes(sound)
    assert cache.find(URL, HOW) is not None


def test_an_entry_under_another_entrys_name_is_as_good_as_none(cache: ResultCache, folder: Path) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    first = only_file(folder)
    cache.keep(URL + "2", HOW, seen(URL + "2", hops=()))
    (second,) = set(folder.iterdir()) - {first}
    second.replace(first)
    assert cache.find(URL, HOW) is None


def test_an_entry_that_others_may_touch_is_as_good_as_none(cache: ResultCache, folder: Path) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    for mode in (0o640, 0o604, 0o620, 0o602, 0o666):
        only_file(folder).chmod(mode)
        assert cache.find(URL, HOW) is None, oct(mode)
    only_file(folder).chmod(0o600)
    assert cache.find(URL, HOW) is not None


def test_a_link_a_pipe_or_a_folder_in_its_place_is_as_good_as_none(
    cache: ResultCache, folder: Path, tmp_path: Path
) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    file = only_file(folder)
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert cache.find(URL, HOW) is None
    file.unlink()
    os.mkfifo(file, 0o600)
    assert cache.find(URL, HOW) is None
    file.unlink()
    file.mkdir(0o700)
    assert cache.find(URL, HOW) is None
    cache.keep(URL, HOW, seen(hops=()))
    assert list(folder.iterdir()) == [file]


def test_keeping_replaces_a_link_and_never_writes_through_it(
    cache: ResultCache, folder: Path, tmp_path: Path
) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    file, precious = only_file(folder), tmp_path / "precious"
    precious.write_text("mine")
    file.unlink()
    file.symlink_to(precious)
    cache.keep(URL, HOW, seen(hops=()))
    assert precious.read_text() == "mine"
    assert not file.is_symlink()
    assert cache.find(URL, HOW) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_another_user_is_as_good_as_none(cache: ResultCache, folder: Path) -> None:
    cache.keep(URL, HOW, seen(hops=()))
    os.chown(only_file(folder), 12345, -1)
    assert cache.find(URL, HOW) is None
    os.chown(folder, 12345, -1)
    with pytest.raises(UsageError, match="others can write"):
        ResultCache(folder, 1)


def test_a_folder_that_is_a_link_a_file_or_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_text("")
    (tmp_path / "open").mkdir()
    for name, reason in (("link", "it is a link"), ("file", "exists"), ("no/where", "No such file")):
        with pytest.raises(UsageError, match=f"--cache .*{name}: no folder .*{reason}"):
            ResultCache(tmp_path / name, 1)
    for mode in (0o777, 0o1777, 0o770, 0o702):
        (tmp_path / "open").chmod(mode)
        with pytest.raises(UsageError, match="others can write to this folder"):
            ResultCache(tmp_path / "open", 1)


def test_a_folder_that_is_gone_is_no_error(cache: ResultCache, folder: Path) -> None:
    folder.rmdir()
    cache.keep(URL, HOW, seen(hops=()))
    assert cache.find(URL, HOW) is None


def test_an_observation_that_json_cannot_hold_or_that_is_huge_is_not_kept(
    cache: ResultCache, folder: Path
) -> None:
    cache.keep(URL, HOW, seen())  # a lone surrogate
    endless = ImageFacts(format="GIF", width=1, height=1, mode="P", duration=math.nan)
    cache.keep(URL, HOW, seen(hops=(), decoded=endless))
    cache.keep(URL, HOW, seen(hops=(), excerpt="x" * 5_000_000))
    assert list(folder.iterdir()) == []


def test_a_url_with_a_lone_surrogate_has_a_name_too(cache: ResultCache) -> None:
    assert cache.find("http://\ud800/", HOW) is None


CONTAINED = Undecoded(expected="image/jpeg", reason="the worker died", contained=True)
LOST = Sniffed(type=None, problem="the worker died")


@pytest.mark.parametrize(
    "accident",
    [
        {"sniffed": LOST},
        {"decoded": CONTAINED},
        {"cached_at": "2026-12-01T12:00:00Z"},
        *(
            {"probes": (Probe(name=ProbeName.COLD, reason=reason),)}
            for reason in (Reason.TIMED_OUT, Reason.RESET, Reason.DEADLINE, Reason.BUSY, Reason.INTERNAL)
        ),
        {"probes": (Probe(name=ProbeName.COLD, skipped="internal error: KeyError: 1", broken=True),)},
        {"probes": (Probe(name=ProbeName.GZIP), Probe(name=ProbeName.COLD, reason=Reason.TLS_HANDSHAKE))},
    ],
)
def test_what_may_be_an_accident_is_not_kept(
    cache: ResultCache, folder: Path, accident: dict[str, Any]
) -> None:
    unsure = seen(**{"hops": (), "decoded": None, "probes": (), **accident})
    assert worth_keeping(unsure) is False
    cache.keep(URL, HOW, unsure)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "settled",
    [
        {},
        {"decoded": Undecoded(expected="image/jpeg", reason="cut short")},
        {"sniffed": sniffed(None)},
        {"probes": (Probe(name=ProbeName.COLD, reason=Reason.BAD_STATUS),)},
        {"probes": (Probe(name=ProbeName.COLD, skipped="the URL is signed"),)},
    ],
)
def test_what_a_server_answered_is_kept_whatever_rules_make_of_it(settled: dict[str, Any]) -> None:
    assert worth_keeping(seen(**settled)) is True


@pytest.mark.parametrize("reason", Reason)
def test_a_failure_is_never_kept(cache: ResultCache, folder: Path, reason: Reason) -> None:
    cache.keep(URL, HOW, NotFetched(url=URL, reason=reason, hops=(hop(URL, 404),)))
    assert list(folder.iterdir()) == []


def _keep_many(folder: Path, number: int) -> None:
    with ResultCache(folder, TEN_MINUTES) as own:
        for size in range(200):
            own.keep(URL, HOW, seen(hops=(), size=number * 1000 + size))


def test_many_processes_at_one_entry_never_leave_half_of_one(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    found = []
    with ResultCache(folder, TEN_MINUTES) as cache:
        cache.keep(URL, HOW, seen(hops=()))
        writers = [context.Process(target=_keep_many, args=(folder, number)) for number in (1, 2)]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            found.append(cache.find(URL, HOW))
        for writer in writers:
            writer.join()
            assert writer.exitcode == 0
    assert None not in found
    only_file(folder)


# The manner: everything but the URL that an answer depends on.

CHANGES: dict[str, Any] = {
    "timeout": 5.0,
    "max_bytes": 1,
    "retries": 0,
    "max_redirects": 0,
    "allow_net": ("127.0.0.0/8",),
    "connect_to": (ConnectTo("a", 80, "127.0.0.1", 80),),
    "first_byte": 1.0,
    "min_throughput": 1,
    "proxy": "http://127.0.0.1:1",
    "probes": (ProbeName.GZIP,),
    "repeats": 1,
    "user_agent": "other",
}
NO_MATTER: dict[str, Any] = {
    "max_concurrency": 1,
    "per_host": 1,
    "own_hosts": (("media.example.com", 1),),
    "rate": 1.0,
    "deadline": 1.0,
    "backoff": 1.0,
}


def test_every_field_of_the_policy_is_known_to_matter_or_not() -> None:
    assert {*CHANGES, *NO_MATTER, "ca_file"} == set(FetchPolicy.__struct_fields__)


@pytest.mark.parametrize("name", CHANGES)
def test_what_can_change_an_answer_changes_the_manner(name: str) -> None:
    changed = FetchPolicy(**{name: CHANGES[name]})
    assert manner(changed, decode=True) != manner(FetchPolicy(), decode=True)


@pytest.mark.parametrize("name", NO_MATTER)
def test_what_changes_only_when_an_answer_comes_does_not(name: str) -> None:
    changed = FetchPolicy(**{name: NO_MATTER[name]})
    assert manner(changed, decode=True) == manner(FetchPolicy(), decode=True)


def test_decoding_changes_the_manner() -> None:
    assert manner(FetchPolicy(), decode=True) != manner(FetchPolicy(), decode=False)


def test_the_content_of_the_authorities_counts_and_not_their_file(tmp_path: Path) -> None:
    manners = []
    for name, content in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / name).write_text(content)
        manners.append(manner(FetchPolicy(ca_file=str(tmp_path / name)), decode=True))
    assert manners[0] == manners[1] != manners[2]


def test_another_version_of_a_library_changes_the_manner(monkeypatch: pytest.MonkeyPatch) -> None:
    before = manner(FetchPolicy(), decode=True)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0" if name == "pillow" else "1")
    after = manner(FetchPolicy(), decode=True)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "1")
    assert len({before, after, manner(FetchPolicy(), decode=True)}) == 3


# Together with real servers.


async def fetch_twice(raw: RawServer, cache: ResultCache, *paths: str, **how: Any) -> dict[str, Observation]:
    urls = [raw.url(path) for path in paths or ("/a.jpg",)]
    await observe(urls, ObserveOptions(policy=policy(raw), cache=cache))
    return await observe(urls, ObserveOptions(policy=policy(raw, **how), cache=cache))


async def test_a_second_look_asks_no_server_and_tells_when_the_first_was(cache: ResultCache) -> None:
    async with serve(PICTURE) as raw:
        told: list[str] = []
        first = await observe([raw.url()], ObserveOptions(policy=policy(raw), cache=cache))
        second = await observe(
            [raw.url()], ObserveOptions(policy=policy(raw), cache=cache), lambda url, _: told.append(url)
        )
    assert len(raw.requests) == 1
    (before,), (after,) = first.values(), second.values()
    assert isinstance(before, Fetched)
    assert before.cached_at is None
    assert after == msgspec.structs.replace(before, cached_at="2026-12-01T12:00:00Z")
    assert told == [raw.url()]


async def test_only_what_is_missing_is_fetched_and_the_order_stays(cache: ResultCache) -> None:
    async with serve(PICTURE) as raw:
        await observe([raw.url("/b.jpg")], ObserveOptions(policy=policy(raw), cache=cache))
        urls = [raw.url(path) for path in ("/a.jpg", "/b.jpg", "/c.jpg", "/a.jpg")]
        found = await observe(urls, ObserveOptions(policy=policy(raw), cache=cache))
    assert list(found) == urls[:3]
    assert [isinstance(each, Fetched) and each.cached_at is not None for each in found.values()] == [
        False,
        True,
        False,
    ]
    assert len(raw.requests) == 3


async def test_asking_in_another_manner_asks_the_server_again(cache: ResultCache) -> None:
    async with serve(PICTURE) as raw:
        await fetch_twice(raw, cache, user_agent="other")
    assert len(raw.requests) == 2


async def test_a_failure_is_asked_for_again(cache: ResultCache) -> None:
    async with serve(response(b"no", status="404 Not Found")) as raw:
        found = await fetch_twice(raw, cache)
    assert len(raw.requests) == 2
    assert isinstance(found[raw.url()], NotFetched)


async def test_a_policy_that_cannot_be_acted_on_is_a_fault_also_when_all_is_kept(cache: ResultCache) -> None:
    async with serve(PICTURE) as raw:
        with pytest.raises(UsageError):
            await fetch_twice(raw, cache, max_concurrency=0)


async def test_authorities_that_cannot_be_read_are_a_fault_also_when_all_is_kept(
    cache: ResultCache, tmp_path: Path
) -> None:
    async with serve(PICTURE) as raw:
        with pytest.raises(UsageError):
            await fetch_twice(raw, cache, ca_file=str(tmp_path / "none"))


async def test_a_check_judges_a_kept_result_like_a_fresh_one_and_says_so(
    cache: ResultCache, clock: Clock
) -> None:
    ruleset = load_rules("send")
    async with serve(PICTURE) as raw:
        document = message(f"<image><url>{raw.url()}</url></image>", image("b.jpg", "127.0.0.1:9"))
        mms = parse(document.encode(), "a.xml")
        clock.now = dt.datetime.now(dt.UTC).timestamp() - 90
        fresh, kept = [
            await check([mms], ruleset, policy(raw), cache=cache, cache_bust=False) for _ in range(2)
        ]
    assert fresh.allowances == kept.allowances[:-1]
    assert kept.allowances[-1] == (
        "1 of 2 media files were not fetched now: results up to 2 min old (cache)."
    )
    outcomes = [
        [(item.rule, item.target, item.outcome) for item in report.messages[0].evaluations]
        for report in (fresh, kept)
    ]
    assert outcomes[0] == outcomes[1]


PAGE = response(b"<html>", "Content-Type: text/html")
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def linking(url: str, media: str = "") -> bytes:
    shown = f"<image><url>{media}</url></image>" if media else ""
    return message(f"<message-text>See {url} for more</message-text>{shown}").encode()


async def test_a_link_of_a_text_is_asked_for_once_while_its_answer_is_young(
    cache: ResultCache, clock: Clock
) -> None:
    ruleset = load_rules("send")
    clock.now = dt.datetime.now(dt.UTC).timestamp() - 90
    async with serve(PAGE) as raw:
        mms = parse(linking(raw.url("/sale", host="shop.example.com")), "a.xml")
        fresh, kept = [await check([mms], ruleset, policy(raw, retries=0), cache=cache) for _ in range(2)]
        assert len(raw.requests) == 1
        clock.now += TEN_MINUTES
        await check([mms], ruleset, policy(raw, retries=0), cache=cache)
        assert len(raw.requests) == 2
    told = "1 of 1 links of texts were not fetched now: results up to 2 min old (cache)."
    assert (told in fresh.allowances, told in kept.allowances) == (False, True)
    assert not any("media files" in one for one in kept.allowances)
    outcomes = [
        {item.rule: item.outcome for item in report.messages[0].evaluations} for report in (fresh, kept)
    ]
    assert outcomes[0] == outcomes[1]
    assert outcomes[1]["text-links-answered"] is Outcome.PASSED


async def test_a_dead_link_is_asked_for_again(cache: ResultCache) -> None:
    async with serve(GONE) as raw:
        mms = parse(linking(raw.url("/sale", host="shop.example.com")), "a.xml")
        for asked in (1, 2):
            report = await check([mms], load_rules("send"), policy(raw, retries=0), cache=cache)
            assert len(raw.requests) == asked
    (found,) = (one for one in report.messages[0].evaluations if one.rule == "text-links-answered")
    assert found.outcome is Outcome.FAILED


async def test_what_was_kept_of_a_link_is_no_answer_for_a_medium(cache: ResultCache) -> None:
    """A link is asked for by its head, and nobody looks into what is behind it."""
    async with serve(PICTURE) as raw:
        url = raw.url("/a.jpg")
        rules = load_rules("send")
        await check([parse(linking(url), "a.xml")], rules, policy(raw), cache=cache, cache_bust=False)
        assert len(raw.requests) == 1
        mms = parse(linking(url, media=url), "b.xml")
        report = await check([mms], rules, policy(raw), cache=cache, cache_bust=False)
        assert len(raw.requests) > 1
    seen = report.messages[0].observations[url]
    assert isinstance(seen, Fetched)
    assert (seen.sniffed.type, seen.cached_at) == ("image/jpeg", None)


async def test_a_send_is_never_decided_on_kept_results(cache: ResultCache) -> None:
    with pytest.raises(UsageError, match="a send is not decided on kept results"):
        await check([], load_rules("send"), FetchPolicy(), request=SendRequest(), cache=cache)


def test_the_oldest_kept_result_is_the_age_that_is_told() -> None:
    now = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)

    def told(*times: str | None) -> tuple[str, ...]:
        return about_kept({str(n): fetched(cached_at=time) for n, time in enumerate(times)}, now)

    assert told(None, None) == ()
    for time, age in (("11:59:59", "1 s"), ("11:59:00", "60 s"), ("11:58:59", "2 min"), ("12:00:03", "0 s")):
        sentence = f"1 of 2 media files were not fetched now: results up to {age} old (cache)."
        assert told(f"2026-12-01T{time}Z", None) == (sentence,)
    assert "2 of 2" in told("2026-12-01T11:50:00Z", "2026-12-01T11:00:00Z")[0]
    assert "up to 60 min old" in told("2026-12-01T11:50:00Z", "2026-12-01T11:00:00Z")[0]


# The command line.


async def test_the_command_keeps_and_uses_results_and_its_reports_say_so(tmp_path: Path) -> None:
    async with serve(PICTURE) as raw:
        (tmp_path / "a.xml").write_text(
            message(f"<image><url>http://127.0.0.1:{raw.port}/a.jpg</url></image>")
        )
        arguments = ("check", "a.xml", "--cache", "kept", "--allow-net", "127.0.0.0/8", "--no-cache-bust")
        for number in range(2):
            ran = await mmscheck(
                *arguments, "--format", f"json={number}.json", "--format", "text", cwd=tmp_path
            )
            asked = len(raw.requests)
            assert ("1 of 1 media files were not fetched now" in " ".join(ran.out.split())) is bool(number)
            (medium,) = json.loads((tmp_path / f"{number}.json").read_text())["messages"][0]["media"]
            assert (medium["observation"]["cached_at"] is not None) is bool(number)
        assert asked == len(raw.requests)
        ran = await mmscheck(*arguments, "--cache-ttl", "0s", cwd=tmp_path)
        assert "not fetched now" not in ran.out
        assert len(raw.requests) == 2 * asked


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["send", "a.xml", *fields(), "--cache", "kept"], "No such option"),
        (["send", "a.xml", *fields(), "--cache-ttl", "10m"], "No such option"),
        (["lint", "a.xml", "--cache", "kept"], "No such option"),
        (["check", "a.xml", "--cache-ttl", "10m"], "there is no --cache"),
        (
            ["check", "a.xml", "--cache", "kept", "--cache-ttl", "10"],
            "--cache-ttl '10': expected a duration such as 90s, 10m or 1h",
        ),
        (["check", "a.xml", "--cache", "kept", "--cache-ttl", "2h"], "at most 1h"),
        (["check", "a.xml", "--cache", "kept", "--cache-ttl", "999999999d"], "at most 1h"),
        (["check", "a.xml", "--cache", "kept", "--cache-ttl", ""], "--cache-ttl '': expected"),
        (["check", "a.xml", "--cache", "a.xml"], "no folder to keep results in"),
    ],
)
async def test_a_cache_that_makes_no_sense_exits_with_2(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "a.xml").write_text(message("<message-text>hello</message-text>"))
    ran = await mmscheck(*arguments, cwd=tmp_path)
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert not (tmp_path / "kept").exists() or told.startswith("--cache-ttl")
