"""How many workers there are where nobody says: as the machine's cores say, within reason."""

from __future__ import annotations

import pytest

from mmscheck.media import MediaWorkers
from mmscheck.media.workers import worker_count


@pytest.mark.parametrize(("cores", "workers"), [(1, 2), (2, 2), (3, 2), (4, 3), (16, 15), (64, 16)])
def test_a_core_is_left_to_the_process_that_hands_out_the_work(
    cores: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(cores)))
    assert worker_count() == workers
    assert len(MediaWorkers()._queue._slots) == workers


def test_whoever_asks_for_one_has_one() -> None:
    assert len(MediaWorkers(workers=1)._queue._slots) == 1
