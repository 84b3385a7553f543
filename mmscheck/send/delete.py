"""The deletion of a stored message: recorded, called once, recorded (Sinch XML API, deleteMMSID, 2021).

It reaches no phone, so the kill switch does not stop it. From the first record on nothing is sent of it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import msgspec

from mmscheck import ledger as ledgers
from mmscheck.errors import LedgerError, UsageError
from mmscheck.model.ledger import Deletion, DeletionState
from mmscheck.model.request import DELETE_CALL, DeleteRequest, SendResult, SendStatus
from mmscheck.send.flow import to_the_end
from mmscheck.send.order import stored_at

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


class Deleter(Protocol):
    """A client that deletes; ``mmscheck.SinchClient`` is one."""

    async def delete_mms(self, request: DeleteRequest) -> SendResult:
        """Make one POST; UsageError means that none was made."""


class DeleteCall:
    """One ``deleteMMSID`` call; ``deletion`` is what the ledger has of it, None before it was recorded."""

    def __init__(self, ledger: Ledger, client: Deleter, mms_id: str) -> None:
        """``ledger`` is open; what is done is recorded there."""
        self._ledger = ledger
        self._client = client
        self._mms_id = mms_id
        self.deletion: Deletion | None = None

    async def make(self, *, who: str, reason: str = "") -> SendResult:
        """Record, call and record.

        Raises LedgerError and UsageError when certainly nothing was done. When cancelled it first records
        what is known: during the call that is "unknown".
        """
        wish = ledgers.Wish(mms_id=self._mms_id, account=stored_at(self._client), who=who, reason=reason)
        beginning = asyncio.ensure_future(self._ledger.begin_deletion(wish))
        try:
            begun = self.deletion = await to_the_end(beginning)
        except asyncio.CancelledError:
            if not beginning.cancelled() and beginning.exception() is None:
                await self._end(beginning.result(), _not_made("Interrupted before the call."))
            raise
        try:
            result = await self._client.delete_mms(DeleteRequest(mms_id=self._mms_id))
        except UsageError as error:
            await self._end(begun, _not_made(str(error)))
            raise
        except asyncio.CancelledError:
            await to_the_end(self._end(begun, _unknown("Interrupted during the call.")))
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the POST may have been made
            result = _unknown(f"The client broke off with {type(error).__name__}.")
        return await to_the_end(self._end(begun, result))

    async def _end(self, begun: Deletion, result: SendResult) -> SendResult:
        """The result, recorded; what could not be is unknown, as the ledger has it then."""
        try:
            self.deletion = await self._ledger.end_deletion(begun, result)
        except LedgerError as error:
            detail = f"{result.detail} But the ledger could not record it ({error}). {DELETE_CALL.doubt}"
            return msgspec.structs.replace(result, status=SendStatus.UNKNOWN, detail=detail)
        if result.status is SendStatus.REFUSED and self.deletion.state is DeletionState.DELETED:
            gone = f"{result.detail} It is not there, so nothing is sent under this id."
            return msgspec.structs.replace(result, detail=gone)
        return result


def _not_made(why: str) -> SendResult:
    return SendResult(
        status=SendStatus.NOT_ATTEMPTED, detail=f"{why.rstrip('.')}. Nothing was deleted.", may_repeat=True
    )


def _unknown(why: str) -> SendResult:
    return SendResult(status=SendStatus.UNKNOWN, detail=f"{why} {DELETE_CALL.doubt}", may_repeat=True)
