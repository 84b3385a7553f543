"""Messages and media files judged without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.lint.assets import locate as locate
    from mmscheck.lint.baseline import apply_baseline as apply_baseline
    from mmscheck.lint.baseline import faults_of as faults_of
    from mmscheck.lint.baseline import read_baseline as read_baseline
    from mmscheck.lint.baseline import written as written
    from mmscheck.lint.offline import lint as lint

_HOMES = {
    "apply_baseline": "baseline",
    "faults_of": "baseline",
    "lint": "offline",
    "locate": "assets",
    "read_baseline": "baseline",
    "written": "baseline",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above
