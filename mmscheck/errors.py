"""Every exception mmscheck raises on purpose.

    MmscheckError
    ├── UsageError            a flag, field or combination the program cannot act on   (exit 2)
    ├── InputError            an input that could not be read                          (exit 2)
    ├── RuleSetError          rule, profile, limit or configuration files are wrong    (exit 2)
    ├── PermitError           a permit is missing, spent, expired or for another request (exit 4)
    ├── DeniedError           the gate denied; carries the report and the verdict            (library)
    ├── ReportError           a report could not be written                            (exit 4)
    │   └── ReaderGoneError       who read standard output stopped reading, as head does
    ├── FleetError            a cluster cannot be worked with, or was lost                  (exit 4)
    ├── SandboxError          the local stand-in could not start                       (exit 2)
    └── LedgerError           the ledger cannot be read or written; nothing may be sent      (exit 4)
        └── MissingLedgerError    there is none, and none was to be made

A fault of the message or its media is never an exception: it is an evaluation in the report.
"""

from __future__ import annotations

from collections.abc import Iterable


class MmscheckError(Exception):
    """The base of every error raised on purpose."""


class UsageError(MmscheckError):
    """A flag, field or combination that cannot be acted on."""


class InputError(MmscheckError):
    """An input that could not be read; the text names the file and the reason."""


class RuleSetError(MmscheckError):
    """Rule, profile, limit or configuration files that cannot be used, all faults at once."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep every fault, each one line naming file and key."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class PermitError(MmscheckError):
    """A permit that does not allow the send at hand."""


class DeniedError(MmscheckError):
    """The gate denied: ``report`` and ``verdict`` say why (``mmscheck.model.report`` and ``.verdict``)."""

    def __init__(self, text: str, *, report: object, verdict: object) -> None:
        """Keep both for the caller."""
        self.report = report
        self.verdict = verdict
        super().__init__(text)


class ReportError(MmscheckError):
    """A report that could not be written; the text names the place and the reason."""


class ReaderGoneError(ReportError):
    """Whoever read standard output has closed it before the end, as ``head`` does."""


class FleetError(MmscheckError):
    """A cluster cannot be worked with, or was lost; the store keeps what was done."""


class SandboxError(MmscheckError):
    """The local provider or media host could not start."""


class LedgerError(MmscheckError):
    """The ledger cannot be read or written, or must not be; without it nothing may be sent."""


class MissingLedgerError(LedgerError):
    """There is no ledger, and none was to be made."""
