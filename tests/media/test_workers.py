from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from mmscheck.media import MediaWorkers
from mmscheck.media.generation import WorkerLostError
from mmscheck.model.observation import Sniffed
from tests.media import hostile

JPEG = (Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg").read_bytes()
NOISE = (Path(__file__).parents[2] / "fixtures" / "media" / "mystery.bin").read_bytes()
URL = "https://media.example.com/photo.jpg"
GIGABYTE = 1024**3


@pytest.fixture
async def workers() -> AsyncIterator[MediaWorkers]:
    async with MediaWorkers(workers=1, timeout=2.0) as running:
        await running.sniff(URL, JPEG)
        yield running


async def looks_again(workers: MediaWorkers) -> bool:
    """Whether the next file is looked at as if nothing had happened."""
    return (await workers.sniff(URL, JPEG)).witness == "libmagic"


def children() -> set[int]:
    """The processes this one has started, but for the resource tracker that serves it to its end."""
    mine = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            tracker = b"resource_tracker" in stat.with_name("cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if parent == os.getpid() and not tracker:
            mine.add(int(stat.parent.name))
    return mine


async def test_an_empty_file_has_no_type_and_is_no_problem(workers: MediaWorkers) -> None:
    assert await workers.sniff(URL, b"") == Sniffed(type=None)


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (hostile.crash, "SIGSEGV"),
        (hostile.abort, "SIGABRT"),
        (hostile.vanish, "SIGKILL"),
        (hostile.leave, "exit code 3"),
    ],
)
async def test_a_worker_that_dies_takes_nothing_along(
    workers: MediaWorkers, deed: Callable[[], None], told: str
) -> None:
    with pytest.raises(WorkerLostError, match=r"died") as caught:
        await workers._pool.run(deed)
    assert told in str(caught.value)
    assert await looks_again(workers)


async def test_a_worker_that_uses_up_its_cpu_time_is_ended_by_the_kernel() -> None:
    async with MediaWorkers(workers=1, timeout=30.0) as workers:
        with pytest.raises(WorkerLostError, match=r"SIGXCPU \(its CPU time was used up\)"):
            await workers._pool.run(hostile.spin_on_little_cpu)
        assert await looks_again(workers)


async def test_a_worker_that_hangs_in_c_code_is_stopped_at_the_time_limit(workers: MediaWorkers) -> None:
    started = time.monotonic()
    with pytest.raises(WorkerLostError, match="stopped after 2 s"):
        await workers._pool.run(hostile.spin)
    assert time.monotonic() - started < 20
    assert await looks_again(workers)


async def test_a_worker_gets_no_more_memory_than_its_limit(workers: MediaWorkers) -> None:
    assert await workers._pool.run(hostile.devour, GIGABYTE // 4) == GIGABYTE // 4
    with pytest.raises(MemoryError):
        await workers._pool.run(hostile.devour, GIGABYTE)
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
        assert found.problem == "the worker processes died"
        assert await looks_again(workers)


async def test_a_hostile_neighbour_costs_other_files_nothing() -> None:
    async with MediaWorkers(workers=2, timeout=30.0) as workers:
        deeds = [workers._pool.run(deed) for deed in (hostile.crash, hostile.abort, hostile.vanish)]
        files = [workers.sniff(URL, JPEG) for _ in range(30)]
        answers = await asyncio.gather(*deeds, *files, return_exceptions=True)
    assert all(isinstance(answer, WorkerLostError) for answer in answers[:3])
    assert {answer.type for answer in answers[3:] if isinstance(answer, Sniffed)} == {"image/jpeg"}
    assert len([answer for answer in answers if isinstance(answer, Sniffed)]) == 30


@pytest.mark.parametrize(
    ("bytes_", "told"),
    [
        (hostile.POISON, "SIGABRT"),
        (hostile.TAR, "stopped after 2 s"),
        (hostile.GRIT, "a fault of mmscheck, not of the file"),
    ],
)
async def test_bytes_that_end_a_worker_are_found_out_among_those_beside_them(
    workers: MediaWorkers, monkeypatch: pytest.MonkeyPatch, bytes_: bytes, told: str
) -> None:
    monkeypatch.setattr("mmscheck.media.batching.examine", hostile.examine_hostile)
    bodies = [JPEG] * 20 + [bytes_] + [JPEG] * 20
    found = await asyncio.gather(*[workers.sniff(URL, body) for body in bodies])
    assert [answer.type for answer in found] == ["image/jpeg"] * 20 + [None] + ["image/jpeg"] * 20
    assert [told in str(answer.problem) for answer in found] == [False] * 20 + [True] + [False] * 20


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
        for process in children():
            os.kill(process, signal.SIGKILL)
        await asyncio.sleep(0.3)
        assert await looks_again(workers)


async def test_a_task_that_a_breaking_pool_never_took_is_given_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with MediaWorkers(workers=1) as workers:
        await workers.sniff(URL, JPEG)
        assert workers._pool._pool is not None
        monkeypatch.setattr(workers._pool._pool._pool, "schedule", lambda *_a, **_k: Future[None]())
        for process in children():
            os.kill(process, signal.SIGKILL)
        async with asyncio.timeout(60):
            assert await looks_again(workers)


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
            await workers._pool.run(hostile.spin)
    assert await looks_again(workers)


async def test_worn_workers_are_replaced_by_fresh_ones() -> None:
    async with MediaWorkers(workers=1, recycle_after=5) as workers:
        seen = {await workers._pool.run(os.getpid) for _ in range(12)}
    assert len(seen) >= 2


async def test_no_process_is_left_after_the_end() -> None:
    before = children()
    async with MediaWorkers(workers=2) as workers:
        await workers.sniff(URL, JPEG)
        assert len(children() - before) == 2
        hung = asyncio.ensure_future(workers._pool.run(hostile.spin))
        await asyncio.sleep(0.2)
    assert children() == before
    hung.cancel()
    assert (await workers.sniff(URL, JPEG)).problem == "the workers have been stopped"


async def test_no_process_is_left_when_the_start_is_not_waited_for() -> None:
    before = children()
    async with MediaWorkers(workers=2):
        pass
    await asyncio.sleep(0.3)
    assert children() == before


async def test_workers_can_be_started_again() -> None:
    workers = MediaWorkers(workers=1)
    for _ in range(2):
        async with workers:
            assert await looks_again(workers)
