"""The garbage collector works less during a check, and as ever after it."""

from __future__ import annotations

import gc

from mmscheck.cli.running import ROUND, spared_collector


def test_it_works_less_meanwhile_and_as_ever_afterwards() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with spared_collector():
        assert gc.get_threshold() == (ROUND, *before[1:])
        assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == before
    # What was frozen before stays so, and with it what came meanwhile: there is one heap of it.
    assert gc.get_freeze_count() >= frozen if frozen else gc.get_freeze_count() == 0


def test_what_somebody_else_has_frozen_stays_so() -> None:
    gc.freeze()
    try:
        with spared_collector():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
