"""Stored messages that are deleted at the provider: from before the call on nothing is sent under their ids.

Only two things lift a deletion: that it was refused for certain, and that the id is given content anew.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Select, select
from sqlalchemy.engine import Connection

from mmscheck.errors import UsageError
from mmscheck.ledger.postbacks import from_its_provider
from mmscheck.ledger.rows import Row, host_of, mms_id_of, same_account, stored_id
from mmscheck.ledger.schema import DELETIONS
from mmscheck.ledger.transaction_state import Operation, RowsNeeded, TransactionState
from mmscheck.model.ledger import Deletion, DeletionState, MmsState, SendState
from mmscheck.model.request import SendResult, SendStatus

NO_SUCH_CONTENT = "E241"
"""The content does not exist (Sinch, deleteMMSID, 2021): it is gone, whoever deleted it."""

CRASHED = "The process that called ended before it had an answer."

_ENDS = {
    SendStatus.ACCEPTED: DeletionState.DELETED,
    SendStatus.REFUSED: DeletionState.REFUSED,
    SendStatus.NOT_ATTEMPTED: DeletionState.NOT_MADE,
    SendStatus.UNKNOWN: DeletionState.UNKNOWN,
}
_STANDING = {
    DeletionState.DELETED: MmsState.DELETED,
    DeletionState.BEGUN: MmsState.DELETING,
    DeletionState.UNKNOWN: MmsState.PERHAPS_DELETED,
}
"""What a deletion that is not lifted makes of its message; of several the first counts."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be deleted, where, and who says so; ``reason`` may be empty."""

    mms_id: str
    account: str
    who: str
    reason: str = ""

    @property
    def stored(self) -> str:
        """The id of the row about the stored message."""
        return stored_id(self.mms_id, self.account)


def begin(wish: Wish, owner: str) -> Operation[Deletion]:
    """Record that it is about to be deleted; raises UsageError while it is being sent or deleted."""

    def decide(transaction: TransactionState) -> Deletion:
        if why := _in_the_way(transaction, wish):
            raise UsageError(f"mms-id {wish.mms_id}: {why}")
        columns = {
            "stored": wish.stored,
            "account": wish.account,
            "state": DeletionState.BEGUN.value,
            "owner": owner,
            "who": wish.who,
            "reason": wish.reason,
            "begun_at": transaction.at,
            "changed_at": transaction.at,
            "detail": "",
            "error_code": None,
            "http_status": None,
            "lifted_at": None,
        }
        return record_of(transaction.insert("deletion-begun", "deletions", columns))

    return Operation(RowsNeeded(mms=frozenset({wish.stored}), in_flight=True), decide)


def _in_the_way(transaction: TransactionState, wish: Wish) -> str | None:
    here = host_of(wish.account)
    flying = transaction.find("sends", mms_id=wish.mms_id, state=SendState.INTENDED.value)
    if own := [row["id"] for row in flying if from_its_provider(row["account"], here)]:
        return f"it is being sent just now (mmscheck ledger show {own[0]}): delete it when that has ended"
    if any(row["state"] == DeletionState.BEGUN for row in unlifted(transaction, {wish.stored})):
        return "it is being deleted by another process, or was a moment ago: look again a little later"
    return None


def end(deletion: Deletion, result: SendResult) -> Operation[Deletion]:
    """Record how the call ended; what was refused for certain is lifted.

    What the provider does not have is gone, unless the id is bound at another account of this provider: to
    that the answer may not apply.
    """
    stored = stored_id(deletion.mms_id, deletion.account)

    def decide(transaction: TransactionState) -> Deletion:
        state = _ENDS[result.status]
        bound = transaction.get("mms", stored)
        if result.error_code == NO_SUCH_CONTENT and state is DeletionState.REFUSED:
            here = bound is None or same_account(bound["account"], deletion.account)
            state = DeletionState.DELETED if here else state
        values = {
            "state": state.value,
            "changed_at": transaction.at,
            "detail": result.detail,
            "error_code": result.error_code,
            "http_status": result.http_status,
            "lifted_at": None if state in _STANDING else transaction.at,
        }
        row = transaction.update(f"deletion-{state}", "deletions", deletion.id, values)
        return record_of(row)

    needs = RowsNeeded(deletions=frozenset({deletion.id}), mms=frozenset({stored}))
    return Operation(needs, decide)


def crash(transaction: TransactionState, lost: Iterable[Row]) -> None:
    """Make ``unknown`` of deletions whose process is gone."""
    for row in lost:
        values = {"state": DeletionState.UNKNOWN.value, "detail": CRASHED, "changed_at": transaction.at}
        transaction.update("deletion-crashed", "deletions", row["id"], values)


def unlifted(transaction: TransactionState, stored: Iterable[str]) -> list[Row]:
    """The deletions that count against these stored messages."""
    wanted = frozenset(stored)
    return [row for row in transaction.find("deletions", lifted_at=None) if row["stored"] in wanted]


def lift(transaction: TransactionState, stored: str, mms_id: str, since: int | None) -> int | None:
    """End what counts against a message whose id is given content anew; when it was deleted, or None.

    ``since`` is when the provider was asked of the id; both are in microseconds. Raises UsageError for what
    is being deleted, or was since then.
    """
    rows = unlifted(transaction, {stored})
    if any(row["state"] == DeletionState.BEGUN for row in rows):
        raise UsageError(f"mms-id {mms_id} is being deleted: look again when that has ended")
    if since is not None and any(row["changed_at"] >= since for row in rows):
        raise UsageError(f"mms-id {mms_id} was deleted meanwhile, or may have been")
    for row in rows:
        transaction.update("deletion-lifted", "deletions", row["id"], {"lifted_at": transaction.at})
    return max((row["begun_at"] for row in rows if row["state"] == DeletionState.DELETED), default=None)


def state_of(rows: Iterable[Row]) -> MmsState | None:
    """What deletions that are not lifted make of their message; None where there are none."""
    states = {row["state"] for row in rows}
    return next((mms for state, mms in _STANDING.items() if state in states), None)


def standing(connection: Connection, stored: str) -> MmsState | None:
    """What counts against one stored message."""
    return states(connection, _OPEN.where(DELETIONS.c.stored == stored)).get(stored)


_OPEN = select(DELETIONS).where(DELETIONS.c.lifted_at.is_(None)).order_by(DELETIONS.c.id)


def states(connection: Connection, query: Select[tuple[object, ...]] = _OPEN) -> dict[str, MmsState]:
    """By the ids of their rows all stored messages that something counts against."""
    found: dict[str, list[Row]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["stored"], []).append(dict(row))
    return {stored: state for stored, rows in found.items() if (state := state_of(rows)) is not None}


def every(connection: Connection) -> tuple[Deletion, ...]:
    """All deletions, the oldest first."""
    rows = connection.execute(select(DELETIONS).order_by(DELETIONS.c.id)).mappings()
    return tuple(record_of(dict(row)) for row in rows)


def record_of(row: Row) -> Deletion:
    """A row of ``deletions``."""
    columns = {name: value for name, value in row.items() if name not in {"stored", "state"}}
    mms_id = mms_id_of(row["stored"], row["account"])
    return Deletion(mms_id=mms_id, state=DeletionState(row["state"]), **columns)
