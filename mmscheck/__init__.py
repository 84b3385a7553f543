"""mmscheck: preflight and gate for MMS.

The public names below are imported when they are first used, so that a command that needs no network does
not pay for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmscheck.errors import DeniedError as DeniedError
    from mmscheck.errors import LedgerError as LedgerError
    from mmscheck.errors import MmscheckError as MmscheckError
    from mmscheck.errors import PermitError as PermitError
    from mmscheck.errors import UsageError as UsageError
    from mmscheck.fetch import ConnectTo as ConnectTo
    from mmscheck.fetch import FetchPolicy as FetchPolicy
    from mmscheck.fetch import parse_connect_to as parse_connect_to
    from mmscheck.judge.gate import verdict as verdict
    from mmscheck.judge.pipeline import check as check
    from mmscheck.judge.pipeline import load_rules as load_rules
    from mmscheck.ledger import Ledger as Ledger
    from mmscheck.ledger import Save as Save
    from mmscheck.ledger import open_ledger as open_ledger
    from mmscheck.model.ledger import MmsState as MmsState
    from mmscheck.model.report import Report as Report
    from mmscheck.model.request import Changes as Changes
    from mmscheck.model.request import CustomText as CustomText
    from mmscheck.model.request import OneShotRequest as OneShotRequest
    from mmscheck.model.request import SendRequest as SendRequest
    from mmscheck.model.request import SendResult as SendResult
    from mmscheck.model.request import SendStatus as SendStatus
    from mmscheck.model.verdict import Permit as Permit
    from mmscheck.model.verdict import Verdict as Verdict
    from mmscheck.model.words import SenderType as SenderType
    from mmscheck.send.api import Gate as Gate
    from mmscheck.send.order import Retries as Retries
    from mmscheck.send.save import Saved as Saved
    from mmscheck.sinch import SinchClient as SinchClient
    from mmscheck.slidexml import parse as parse

_HOMES = {
    "Changes": "model.request",
    "ConnectTo": "fetch",
    "CustomText": "model.request",
    "DeniedError": "errors",
    "FetchPolicy": "fetch",
    "Gate": "send.api",
    "Ledger": "ledger",
    "LedgerError": "errors",
    "MmsState": "model.ledger",
    "MmscheckError": "errors",
    "Permit": "model.verdict",
    "PermitError": "errors",
    "Report": "model.report",
    "Retries": "send.order",
    "Save": "ledger",
    "Saved": "send.save",
    "OneShotRequest": "model.request",
    "SendRequest": "model.request",
    "SendResult": "model.request",
    "SendStatus": "model.request",
    "SenderType": "model.words",
    "SinchClient": "sinch",
    "UsageError": "errors",
    "Verdict": "model.verdict",
    "check": "judge.pipeline",
    "load_rules": "judge.pipeline",
    "open_ledger": "ledger",
    "parse": "slidexml",
    "parse_connect_to": "fetch",
    "verdict": "judge.gate",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above


def __getattr__(name: str) -> Any:
    """Import a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mmscheck' has no attribute {name!r}")
    return getattr(importlib.import_module(f"mmscheck.{_HOMES[name]}"), name)
