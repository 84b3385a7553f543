"""Bytes to facts, in worker processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.media.confinement import ISOLATED as ISOLATED
    from mmscheck.media.confinement import demand_confinement as demand_confinement
    from mmscheck.media.confinement import keep_secret as keep_secret
    from mmscheck.media.confinement import offered as offered
    from mmscheck.media.workers import MediaWorkers as MediaWorkers
    from mmscheck.media.workers import worker_count as worker_count

_HOMES = {
    "ISOLATED": "confinement",
    "MediaWorkers": "workers",
    "demand_confinement": "confinement",
    "keep_secret": "confinement",
    "offered": "confinement",
    "worker_count": "workers",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above
