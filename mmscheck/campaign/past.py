"""What the ledger has of a campaign's rows before it begins: asked for some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mmscheck.model.ledger import LACKS, NEVER_ARRIVED, SendRecord, SendState

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger


class Past:
    """Sends of earlier runs, of other campaigns, and single ones, to the numbers that were last looked up."""

    def __init__(self, ledger: Ledger, *, campaign: str, mms_id: str, account: str, again: bool) -> None:
        """``account`` is in whose name it is sent; ``again``: whoever has the message counts for nothing."""
        self._ledger = ledger
        self._campaign = campaign
        self._mms_id = mms_id
        self._account = account
        self._again = again
        self._keyed: dict[str, SendRecord] = {}
        self._sends: dict[str, list[SendRecord]] = {}

    async def look(self, numbers: Sequence[str], keys: Sequence[str]) -> None:
        """Ask for these numbers and idempotency keys, in place of those before."""
        found = await self._ledger.earlier(numbers, keys, campaign=self._campaign, mms_id=self._mms_id)
        self._keyed = {send.intent.key: send for send in found}
        self._sends = {}
        for send in found:
            self._sends.setdefault(send.intent.to, []).append(send)

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
