from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from mmscheck.media import MediaWorkers
from mmscheck.media.process import Found, Worker
from mmscheck.media.sample import Sample
from mmscheck.model.facts import ImageFacts, Undecoded
from mmscheck.model.observation import Sniffed
from tests.media import hostile

FIXTURES = Path(__file__).parents[2] / "fixtures" / "media"
JPEG = (FIXTURES / "photo-small.jpg").read_bytes()
NOISE = (FIXTURES / "mystery.bin").read_bytes()
URL = "https://media.example.com/photo.jpg"
GIGABYTE = 1024**3


@pytest.fixture
async def workers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MediaWorkers]:
    hostile.taken_over(monkeypatch)
    async with MediaWorkers(workers=1, timeout=6.0) as running:
        await running.sniff(URL, JPEG)
        yield running


async def looks_again(workers: MediaWorkers) -> bool:
    """Whether the next file is looked at as if nothing had happened."""
    return (await workers.sniff(URL, JPEG)).witness == "libmagic"


async def told(workers: MediaWorkers, deed: bytes) -> str:
    """What became of a worker that was given such a file."""
    return str((await workers.sniff(URL, deed)).problem)


def processes() -> set[int]:
    """All processes."""
    return {int(path.name) for path in Path("/proc").glob("[0-9]*")}


def wait_for_the_end(process: int) -> None:
    """Until it only waits to be reaped."""
    while Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)


def descendants(of: int | None = None) -> set[int]:
    """The processes this one has started, and those that they have."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
    found = {os.getpid() if of is None else of}
    while more := {process for process, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid() if of is None else of}


async def test_an_empty_file_has_no_type_and_is_no_problem(workers: MediaWorkers) -> None:
    assert await workers.sniff(URL, b"") == Sniffed(type=None)


@pytest.mark.parametrize(
    ("deed", "cause"),
    [
        (hostile.crash, "SIGSEGV"),
        (hostile.abort, "SIGABRT"),
        (hostile.vanish, "SIGKILL"),
        (hostile.leave, "exit code 3"),
    ],
)
async def test_a_worker_that_dies_takes_nothing_along(
    workers: MediaWorkers, deed: Callable[[], None], cause: str
) -> None:
    assert await told(workers, hostile.call(deed)) == f"the worker process died: {cause}"
    assert await looks_again(workers)


async def test_a_worker_that_uses_up_its_cpu_time_is_ended_by_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hostile.taken_over(monkeypatch)
    async with MediaWorkers(workers=1, timeout=30.0) as workers:
        cause = await told(workers, hostile.call(hostile.spin_on_little_cpu))
        assert cause == "the worker process died: SIGXCPU (its CPU time was used up)"
        assert await looks_again(workers)


async def test_a_worker_that_hangs_in_c_code_is_stopped_at_the_time_limit(workers: MediaWorkers) -> None:
    started = time.monotonic()
    assert await told(workers, hostile.call(hostile.spin)) == "stopped after 6 s"
    assert time.monotonic() - started < 20
    assert await looks_again(workers)


async def test_a_worker_gets_no_more_memory_than_its_limit(workers: MediaWorkers) -> None:
    quarter = await workers.inspect(URL, hostile.call(hostile.devour, GIGABYTE // 4))
    assert hostile.said(quarter) == GIGABYTE // 4
    assert "more memory than a worker may use" in await told(workers, hostile.call(hostile.devour, GIGABYTE))
    assert await looks_again(workers)


async def test_a_file_too_large_for_a_worker_is_a_problem_and_not_tried() -> None:
    async with MediaWorkers(workers=1, memory_bytes=GIGABYTE // 2) as workers:
        found = await workers.sniff(URL, NOISE + bytes(GIGABYTE // 16))
        assert found.type is None
        assert "too many to look at" in str(found.problem)
        assert await looks_again(workers)


async def test_a_task_its_worker_has_no_room_for_is_a_problem_within_bounded_time() -> None:
    async with MediaWorkers(workers=1, memory_bytes=192 * 1024 * 1024) as workers:
        workers._largest = GIGABYTE  # let the file through that the guard before it keeps out
        found = await workers.sniff(URL, NOISE + bytes(100 * 1024 * 1024))
        assert found.type is None
        assert found.problem == "looking at the bytes took more memory than a worker may use"
        assert await looks_again(workers)


async def test_a_hostile_neighbour_costs_other_files_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.taken_over(monkeypatch)
    deeds = [hostile.call(deed) for deed in (hostile.crash, hostile.abort, hostile.vanish)]
    async with MediaWorkers(workers=2, timeout=30.0) as workers:
        answers = await asyncio.gather(*[workers.sniff(URL, file) for file in (*deeds, *[JPEG] * 30)])
    assert all("died" in str(answer.problem) for answer in answers[:3])
    assert {answer.type for answer in answers[3:]} == {"image/jpeg"}


@pytest.mark.parametrize(
    ("bytes_", "cause"),
    [
        (hostile.POISON, "SIGABRT"),
        (hostile.TAR, "stopped after 6 s"),
        (hostile.GRIT, "a fault of mmscheck, not of the file"),
    ],
)
async def test_bytes_that_end_a_worker_are_found_out_among_those_beside_them(
    workers: MediaWorkers, bytes_: bytes, cause: str
) -> None:
    bodies = [JPEG] * 20 + [bytes_] + [JPEG] * 20
    found = await asyncio.gather(*[workers.sniff(URL, body) for body in bodies])
    assert [answer.type for answer in found] == ["image/jpeg"] * 20 + [None] + ["image/jpeg"] * 20
    assert [cause in str(answer.problem) for answer in found] == [False] * 20 + [True] + [False] * 20


async def test_a_look_that_is_given_up_takes_none_of_those_beside_it_along(workers: MediaWorkers) -> None:
    looks = [asyncio.create_task(workers.sniff(URL, JPEG)) for _ in range(60)]
    await asyncio.sleep(0)
    for look in looks[::3]:
        look.cancel()
    done = await asyncio.gather(*looks, return_exceptions=True)
    assert [isinstance(answer, asyncio.CancelledError) for answer in done] == [True, False, False] * 20
    assert {answer.type for answer in done if isinstance(answer, Sniffed)} == {"image/jpeg"}


async def test_looks_that_still_wait_at_the_end_are_told() -> None:
    async with MediaWorkers(workers=1) as workers:
        looks = [asyncio.create_task(workers.sniff(URL, JPEG)) for _ in range(100)]
        await asyncio.sleep(0)
    async with asyncio.timeout(30):
        found = await asyncio.gather(*looks)
    assert {answer.problem for answer in found if answer.type is None} <= {"the workers have been stopped"}
    assert found[-1].type is None


async def test_workers_killed_while_idle_are_replaced() -> None:
    async with MediaWorkers(workers=2) as workers:
        await workers.sniff(URL, JPEG)
        for process in descendants():
            with contextlib.suppress(ProcessLookupError):  # one of them may have been replaced by now
                os.kill(process, signal.SIGKILL)
        assert await looks_again(workers)


async def test_a_worker_killed_while_idle_is_replaced_by_the_same_server() -> None:
    async with MediaWorkers(workers=1) as workers:
        await workers.sniff(URL, JPEG)
        (server,) = {process for process in descendants() if descendants(process)}
        for process in descendants(server):
            os.kill(process, signal.SIGKILL)
            await asyncio.to_thread(wait_for_the_end, process)
        assert await looks_again(workers)
        assert server in descendants()


async def test_files_at_work_as_all_workers_are_killed_are_given_to_others(workers: MediaWorkers) -> None:
    looks = [asyncio.ensure_future(workers.sniff(f"https://host-{n}.example/", JPEG)) for n in range(20)]
    await looks[0]
    for process in descendants():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*looks)
    assert {answer.type for answer in answers} == {"image/jpeg"}


async def test_workers_that_cannot_run_make_a_problem_soon_and_not_an_exception() -> None:
    async with MediaWorkers(workers=1, memory_bytes=2**70) as workers:  # no system takes that limit
        async with asyncio.timeout(60):
            found = await asyncio.gather(*[workers.sniff(URL, JPEG) for _ in range(50)])
        after = await workers.sniff(URL, JPEG)
    assert {answer.type for answer in found} == {None}
    assert all(answer.problem for answer in found)
    assert after.problem == "no worker process can run here"


async def test_a_cancelled_look_leaves_the_pool_in_order(workers: MediaWorkers) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await workers.sniff(URL, hostile.TAR)
    assert await looks_again(workers)


async def number(workers: MediaWorkers, url: str = URL) -> int:
    found: int = hostile.said(await workers.inspect(url, hostile.call(hostile.pid)))
    return found


async def test_worn_workers_are_replaced_by_fresh_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.taken_over(monkeypatch)
    async with MediaWorkers(workers=1, recycle_after=5) as workers:
        seen = [await number(workers) for _ in range(12)]
    assert [len(set(seen[at : at + 5])) for at in (0, 5, 10)] == [1, 1, 1]
    assert len(set(seen)) == 3


async def test_a_worker_serves_one_host(workers: MediaWorkers) -> None:
    hosts = ("https://a.example/1", "https://a.example/2", "https://b.example/1", "https://a.example/3")
    seen = [await number(workers, url) for url in hosts]
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


async def test_no_file_waits_for_ever_behind_those_of_another_host(workers: MediaWorkers) -> None:
    order: list[str] = []

    async def look(url: str) -> None:
        await workers.inspect(url, JPEG)
        order.append(url)

    many = [asyncio.ensure_future(look(f"https://many.example/{n}")) for n in range(300)]
    await asyncio.sleep(0)
    await look("https://one.example/")
    assert len(order) < 100
    await asyncio.gather(*many)


async def test_no_process_is_left_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.taken_over(monkeypatch)
    before = descendants()
    async with MediaWorkers(workers=2) as workers:
        await workers.sniff(URL, JPEG)
        started = descendants() - before
        hung = asyncio.ensure_future(workers.sniff(URL, hostile.TAR))
        await asyncio.sleep(0.2)
    assert len(started) >= 2
    assert not started & processes()
    assert descendants() == before
    assert (await hung).problem == "the workers have been stopped"
    assert (await workers.sniff(URL, JPEG)).problem == "the workers have been stopped"


async def test_no_process_is_left_when_the_start_is_not_waited_for() -> None:
    before = descendants()
    async with MediaWorkers(workers=2):
        pass
    assert descendants() == before


async def test_a_decoder_that_is_often_needed_is_loaded_before_workers_are_made(
    workers: MediaWorkers,
) -> None:
    film = (FIXTURES / "clip-small.mp4").read_bytes()
    for n in range(2):
        await workers.inspect(f"https://host-{n}.example/", film)
    found = await workers.inspect("https://fresh.example/", hostile.call(hostile.loaded))
    assert hostile.said(found) == ["PIL", "av", "pikepdf"]


async def test_a_file_over_which_a_worker_was_lost_is_decoded_no_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hostile.taken_over(monkeypatch)
    asked: list[bool] = []
    examine = Worker.examine

    def note(self: Worker, samples: Sequence[Sample], cpu_seconds: int) -> AsyncGenerator[Found, None]:
        asked.extend(sample.decode for sample in samples)
        return examine(self, samples, cpu_seconds)

    monkeypatch.setattr(Worker, "examine", note)
    async with MediaWorkers(workers=1, timeout=6.0) as workers:
        found = await workers.inspect(URL, JPEG + hostile.TAR + hostile.DECODERS_ONLY, preview=True)
    assert isinstance(found.decoded, Undecoded)
    assert (found.sniffed.type, found.decoded.reason) == ("image/jpeg", "stopped after 6 s")
    assert asked == [True, False]


async def test_a_worker_that_draws_too_long_has_given_the_facts_already(workers: MediaWorkers) -> None:
    found = await workers.inspect(URL, JPEG + hostile.TAR + hostile.PREVIEWS_ONLY, preview=True)
    assert isinstance(found.decoded, ImageFacts)
    assert found.preview is None
    assert await looks_again(workers)


async def test_workers_can_be_started_again() -> None:
    workers = MediaWorkers(workers=1)
    for _ in range(2):
        async with workers:
            assert await looks_again(workers)
