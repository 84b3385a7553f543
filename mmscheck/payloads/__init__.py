"""Messages for other providers, and bare lists of URLs: the only part that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.payloads.reader import parse as parse

_HOMES = {"parse": "reader"}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the import above
