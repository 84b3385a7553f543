"""What one process knows of the ledger without reading: the chain's end as it left it, and some rows there.

Whoever else changes a row moves the chain's end, so that nothing is written that rests on an old one. What is
kept is what is needed again: the stored messages, and the sends that this process has claimed and not ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmscheck.ledger.rows import Row
from mmscheck.ledger.schema import FIXED, MMS, SENDS
from mmscheck.ledger.transaction_state import RowsNeeded, TransactionState
from mmscheck.model.ledger import SendState

StateRead = tuple[TransactionState, str]
"""What a transaction decides on, and the hash at the chain's end."""

KEPT = (SENDS.name, MMS.name)
"""The tables of which rows are kept."""

_MOST = 4096
"""Rows of a table that are kept: more than any process has in flight."""

_FORESEEN = frozenset(
    {"keys", "addressed", "deliveries", "tails", "stored", "sends", "trackings", "mms", "suppressed"}
)
"""What claims and answers need: whether there is more of it than is known, indexes tell."""


class KnownRows:
    """The rows, and whether deciding on them is worth a try: not where others write in turn with this one."""

    def __init__(self) -> None:
        """Know nothing."""
        self._end: tuple[int, str] | None = None
        self._alone = False
        self._rows: dict[str, dict[int | str, Row]] = {name: {} for name in KEPT}

    def state(self, needs: RowsNeeded, at: int) -> StateRead | None:
        """A state of what is known of these needs; None where it had better be read."""
        wanted = {*needs.named(), *needs.flags()}
        if self._end is None or not self._alone or not wanted <= _FORESEEN:
            return None
        sends, mms = (self._rows[name] for name in KEPT)
        if not needs.sends <= sends.keys():
            return None
        seq, last = self._end
        transaction = TransactionState(seq=seq, at=at)
        # Copies: what is decided may come to nothing.
        transaction.load(SENDS.name, (dict(sends[key]) for key in needs.sends))
        transaction.load(MMS.name, (dict(mms[key]) for key in needs.mms if key in mms))
        return transaction, last

    def read(self, state: StateRead) -> None:
        """Compare with what was read."""
        self._alone = self._end == (state[0].seq, state[1])

    def wrote(
        self, state: StateRead, end: tuple[int, str], parts: Sequence[tuple[str, Sequence[Row]]]
    ) -> None:
        """Take over what was written, each row clean and under ``+table`` or ``=table``, and the new end."""
        transaction, previous = state
        if self._end != (transaction.seq, previous):
            self._rows = {name: {} for name in KEPT}
        self._end = end
        self._rows[MMS.name].update({row["id"]: dict(row) for row in transaction.table(MMS.name)})
        for name, rows in parts:
            if name[1:] in KEPT:
                self._rows[name[1:]].update(_whole(name[1:], rows, transaction))
        sends = self._rows[SENDS.name]
        for key in [key for key, row in sends.items() if row["state"] != SendState.INTENDED]:
            del sends[key]
        for kept in self._rows.values():
            if len(kept) > _MOST:
                kept.clear()

    def forget(self) -> None:
        """Somebody else has changed something: know nothing."""
        self.__init__()  # type: ignore[misc]


def _whole(table: str, rows: Sequence[Row], transaction: TransactionState) -> Iterator[tuple[int | str, Row]]:
    """The rows by id, with the columns that an update leaves out."""
    fixed = FIXED.get(table, frozenset())
    for row in rows:
        before = transaction.get(table, row["id"]) or {}
        yield row["id"], {**{name: before[name] for name in fixed if name in before}, **row}
