"""What is known of rows before they are sent: what the first pass decided, what the ledger has of them."""

from __future__ import annotations

import os
import sqlite3
import struct
import tempfile
from collections.abc import Iterator, Sequence
from enum import IntEnum
from types import TracebackType
from typing import TYPE_CHECKING, Self

import msgspec

from mmscheck.model.ledger import LACKS, NEVER_ARRIVED, SendRecord, SendState, suppressed

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_ENTRY = struct.Struct("=B16s")


class RowDecision(IntEnum):
    """What the second pass does with a row: ``wait`` is for quiet hours to end, ``taken`` is being sent."""

    SEND = 0
    LEAVE = 1
    WAIT = 2
    TAKEN = 3


class KeptNumber(msgspec.Struct, frozen=True, kw_only=True):
    """The line of the file that has a number, and the idempotency key of its send."""

    key: str
    line: int


class RowStore:
    """Digest of every row in order and what to do with it, and which row has a number.

    It is on disk, so that a long campaign holds memory flat, and gone when it is closed.
    """

    def __init__(self) -> None:
        """Files without a name, or that only this user may read."""
        self._decisions = tempfile.TemporaryFile(prefix="mmscheck-")  # noqa: SIM115 - closed by __exit__
        # An empty name is a database on disk that SQLite removes by itself.
        self._numbers = sqlite3.connect("", isolation_level=None)
        self._numbers.execute("CREATE TABLE here (number TEXT PRIMARY KEY, key TEXT, line INT) WITHOUT ROWID")
        self._numbers.execute("BEGIN")
        self.open = 0

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it all."""
        self._numbers.close()
        self._decisions.close()

    def here(self, number: str) -> KeptNumber | None:
        """The row of this file that has this number, or None."""
        row = self._numbers.execute("SELECT key, line FROM here WHERE number = ?", (number,)).fetchone()
        return None if row is None else KeptNumber(key=row[0], line=row[1])

    def keep(self, number: str, key: str, line: int) -> None:
        """Note which row has a number."""
        self._numbers.execute("INSERT OR IGNORE INTO here VALUES (?, ?, ?)", (number, key, line))

    def append(self, digest: bytes, decision: RowDecision) -> None:
        """Keep the next row; ``digest`` has 16 bytes."""
        self._decisions.write(_ENTRY.pack(decision, digest))
        self.open += decision is RowDecision.SEND

    def rewind(self) -> None:
        """Begin to read what was appended, with the marks that were made since."""
        # To the end first: what was read ahead is thrown away only when it is left.
        self._decisions.seek(0, 2)
        self._decisions.seek(0)

    def mark(self, index: int, decision: RowDecision) -> None:
        """Change what is to be done with a row that was read; ``open`` counts those that come to no end."""
        os.pwrite(self._decisions.fileno(), bytes([decision]), index * _ENTRY.size)
        self.open += {RowDecision.TAKEN: -1, RowDecision.WAIT: 1}.get(decision, 0)

    def next(self) -> tuple[bytes, RowDecision] | None:
        """Digest and decision of the next row, or None when the first pass saw no more."""
        entry = self._decisions.read(_ENTRY.size)
        if not entry:
            return None
        decision, digest = _ENTRY.unpack(entry)
        return digest, RowDecision(decision)


class PastSends:
    """Sends of earlier runs, of other campaigns, and single ones, to the numbers that were last looked up."""

    def __init__(self, ledger: Ledger, *, campaign: str, mms_id: str, account: str, again: bool) -> None:
        """``account`` is in whose name it is sent (``order.account_of``).

        ``again``: whoever has the message counts for nothing.
        """
        self._ledger = ledger
        self._campaign = campaign
        self._mms_id = mms_id
        self._account = account
        self._again = again
        self._keyed: dict[str, SendRecord] = {}
        self._sends: dict[str, list[SendRecord]] = {}
        self._texted: frozenset[str] = frozenset()

    async def look(self, numbers: Sequence[str], keys: Sequence[str]) -> None:
        """Ask for these numbers and idempotency keys, in place of those before."""
        earlier = await self._ledger.earlier(numbers, keys, campaign=self._campaign, mms_id=self._mms_id)
        service_id = self._account.partition("/")[2]
        self._texted = await self._ledger.texted(numbers, service_id=service_id)
        self._keyed = {send.intent.key: send for send in earlier}
        self._sends = {}
        for send in earlier:
            self._sends.setdefault(send.intent.to, []).append(send)

    def is_first(self, number: str) -> bool:
        """Whether the number has had nothing before, from this campaign or any other."""
        return number not in self._texted

    def under(self, key: str) -> SendRecord | None:
        """The very send of a row, whichever run or command made it."""
        return self._keyed.get(key)

    def of_campaign(self, number: str, key: str) -> SendRecord | None:
        """What this campaign sent the number under another key, with other content, that may have arrived."""
        sends = (send for send in self._others(number, key) if send.intent.campaign == self._campaign)
        return next((send for send in sends if send.state not in NEVER_ARRIVED), None)

    def of_message(self, number: str, key: str) -> SendRecord | None:
        """A send by which the number has the stored message from this account, or may have it."""
        if self._again:
            return None
        # Of one that is being made only the ledger can tell, when this row's turn comes.
        open_ = LACKS | {SendState.INTENDED}
        sends = [
            send
            for send in self._others(number, key)
            if send.intent.mms_id == self._mms_id
            and send.intent.account == self._account
            and send.state not in open_
        ]
        return next(
            (send for send in sends if send.state is not SendState.UNKNOWN), sends[0] if sends else None
        )

    def _others(self, number: str, key: str) -> Iterator[SendRecord]:
        return (send for send in self._sends.get(number, ()) if send.intent.key != key)


class HeldNumbers:
    """Which numbers of a campaign are on the suppression list; the claim of each send has the last word."""

    def __init__(self, ledger: Ledger, *, account: str, sender: str, list_name: str) -> None:
        """In whose name, from which number and to which list of recipients it is sent."""
        self._ledger = ledger
        self._account = account
        self._sender = sender
        self._list_name = list_name

    async def look(self, numbers: Sequence[str]) -> dict[str, str]:
        """For each of these that is on it why, as a clause."""
        from mmscheck.ledger.suppression_list import in_force  # noqa: PLC0415 - SQLAlchemy takes its time

        about = {"account": self._account, "sender": self._sender, "list_name": self._list_name}
        found = await self._ledger.suppressed(numbers)
        held = {number: in_force(entries, **about) for number, entries in found.items()}
        return {number: suppressed(one.reason, one.who).text for number, one in held.items() if one}
