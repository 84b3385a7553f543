"""Rules, messages and observations to evaluations, a report, a verdict and a permit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.judge import gate as gate
    from mmscheck.judge.gate import permit as permit
    from mmscheck.judge.gate import require_second_gate as require_second_gate
    from mmscheck.judge.gate import verdict as verdict
    from mmscheck.judge.media_alone import check_urls as check_urls
    from mmscheck.judge.pipeline import CheckOptions as CheckOptions
    from mmscheck.judge.pipeline import check_messages as check_messages
    from mmscheck.judge.pipeline import load_kept_rules as load_kept_rules
    from mmscheck.judge.pipeline import load_rules as load_rules
    from mmscheck.judge.pipeline import window as window
    from mmscheck.judge.reports import join_reports as join_reports

_HOMES = {
    "CheckOptions": "pipeline",
    "check_messages": "pipeline",
    "check_urls": "media_alone",
    "gate": "gate",
    "join_reports": "reports",
    "load_kept_rules": "pipeline",
    "load_rules": "pipeline",
    "permit": "gate",
    "require_second_gate": "gate",
    "verdict": "gate",
    "window": "pipeline",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above
