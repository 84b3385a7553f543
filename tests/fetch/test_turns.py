"""One message, however hostile, takes nothing away from the others of the run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mmscheck.fetch import FetchPolicy, Turns, fetch_all, plan
from mmscheck.fetch.slots import Pace
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.mms import MediaRef, Mms, Slide
from mmscheck.model.observation import Fetched, Reason
from mmscheck.model.words import MediaKind, Outcome
from tests.support.rawserver import response, serve, sniff


def mms(source: str, *urls: str) -> Mms:
    refs = tuple(
        MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=at, line=1) for at, url in enumerate(urls, 1)
    )
    slide = Slide(number=1, line=1, media=refs)
    return Mms(source=source, digest=f"sha256:{source}", slides=(slide,))


def test_messages_take_turns() -> None:
    turns = plan([mms("a", "a1", "a2", "a3"), mms("b", "b1", "shared"), mms("c", "shared", "c2", "c1")])
    assert turns.urls == ("a1", "b1", "c2", "a2", "shared", "c1", "a3")
    assert turns.owners == {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "shared": "b", "c1": "c", "c2": "c"}
    assert not turns.beyond


def test_the_first_messages_of_a_long_run_are_not_put_off() -> None:
    many = [mms(f"{number}", f"{number}-1", f"{number}-2") for number in range(200)]
    urls = plan(many).urls
    assert len(urls) == 400
    assert urls.index("0-2") < urls.index("100-1")


def test_what_no_message_can_hold_is_not_asked_for() -> None:
    big = mms("big", *(f"u{number}" for number in range(1_500)))
    turns = plan([big, mms("good", "u1400", "g")])
    assert len([url for url, owner in turns.owners.items() if owner == "big"]) == 64
    # What another message names as well is asked for.
    assert "u1400" in turns.urls
    assert set(turns.beyond) == {f"u{number}" for number in range(64, 1_500)} - {"u1400"}
    assert turns.beyond["u64"].reason is Reason.NOT_LOOKED
    assert "1500 files" in turns.beyond["u64"].detail


async def test_a_message_of_too_many_files_is_denied_and_its_servers_are_spared() -> None:
    async with serve(response()) as server:
        urls = [f"http://127.0.0.1:{server.port}/{number}.jpg" for number in range(100)]
        policy = FetchPolicy(allow_net=("127.0.0.0/8",), per_host=16)
        report = await check([mms("big", *urls)], load_rules("send"), policy)
    (message,) = report.messages
    seen = message.observations
    assert [isinstance(seen[url], Fetched) for url in urls] == [True] * 64 + [False] * 36
    reached = {
        one.outcome for one in message.evaluations if one.rule == "media-reachable" and one.url == urls[99]
    }
    assert reached == {Outcome.CANT_TELL}


async def test_silent_names_of_one_message_do_not_starve_the_other() -> None:
    asleep = threading.Event()

    def lookup(host: str) -> list[str]:
        if host.startswith("silent"):
            asleep.wait(60)
        return ["127.0.0.1"]

    async with serve(response()) as server:
        silent = [f"http://silent{number}.example.com:{server.port}/a.jpg" for number in range(64)]
        good = f"http://good.example.com:{server.port}/a.jpg"
        policy = FetchPolicy(allow_net=("127.0.0.0/8",), deadline=6, max_concurrency=8)
        try:
            turns = plan([mms("bad", *silent), mms("good", good)])

            def tell(url: str, _: object) -> None:
                if url == good:
                    asleep.set()

            found = await fetch_all(turns.urls, policy, sniff, tell, lookup=lookup, owners=turns.owners)
        finally:
            asleep.set()
    assert isinstance(found[good], Fetched)


async def test_slow_media_of_one_message_leave_a_worker_to_the_other() -> None:
    turns = Turns({"a1": "a", "a2": "a", "b1": "b"}, 1)
    async with turns.of("a1"):
        assert turns.of("a2") is turns.of("a1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), turns.of("a2"):
                pass
        async with asyncio.timeout(30), turns.of("b1"):
            pass
    # A single message may use everything.
    alone = Turns({"a1": "a", "a2": "a"}, 1)
    async with alone.of("a1"), asyncio.timeout(30), alone.of("a2"):
        pass


@pytest.mark.parametrize("names", [1, 40])
def test_one_address_under_many_names_is_asked_no_more_than_a_few_at_a_time(names: int) -> None:
    # In a network of its own, where a public address is this machine's: the user's own ones are not spared.
    script = ["unshare", "-n", sys.executable, "-m", "tests.support.one_address", str(names)]
    ran = subprocess.run(
        script, capture_output=True, text=True, timeout=120, check=False, cwd=Path(__file__).parents[2]
    )
    if ran.returncode and "unshare" in ran.stderr:
        pytest.skip("no network namespace can be made here")
    assert ran.returncode == 0, ran.stderr
    at_once, fetched = map(int, ran.stdout.split())
    # --per-host 1: one name one request, many names four.
    assert at_once <= min(names, 4)
    assert fetched == names


def test_the_rate_is_kept_for_an_address_too() -> None:
    pace = Pace(rate=0.001)
    assert pace.take("a:80", ["192.0.2.1"])
    # Another name, the same address: not now. Another address: at once.
    assert not pace.take("b:80", ["192.0.2.1"])
    assert not pace.take("b:80", ["192.0.2.2", "192.0.2.1"])
    assert pace.take("b:80", ["192.0.2.2"])
