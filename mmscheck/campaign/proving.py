"""The step of a campaign before its rows: the proof goes out, or is approved, or has been."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from mmscheck.campaign.counts import RowCounts, Watcher
from mmscheck.campaign.judging import RowJudge
from mmscheck.campaign.limits import StopSignal
from mmscheck.campaign.proof import (
    ProofPlan,
    demand_few,
    messages_of,
    proof_digest,
    result_of,
    standing,
)
from mmscheck.campaign.sender import Sender, SendSetup
from mmscheck.campaign.variants import ChosenRow, Variants
from mmscheck.campaign.watch import MediaWatch
from mmscheck.errors import UsageError
from mmscheck.model.campaign import RowNote
from mmscheck.model.proof import Proof, ProofResult
from mmscheck.model.request import SendRequest
from mmscheck.send.order import own_key

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger

_AGAIN = "the same command with --proof FILE sends one"
_APPROVE = "the same command with --approve NAME instead of --proof sends to everybody"


class _ProofCounts(RowCounts):
    """Of the messages of a proof: whose phone must not be texted is somebody to name as well."""

    def withheld(self, note: RowNote) -> None:
        """As any other that did not go out."""
        self.note(note)


class ProofStep:
    """Of one run; ``result`` is what there is to tell of it."""

    def __init__(
        self, plan: ProofPlan, ledger: Ledger, signal: StopSignal, *, campaign: str, account: str
    ) -> None:
        """``campaign`` is what the ledger calls it, ``account`` in whose name it goes out."""
        self._plan = plan
        self._ledger = ledger
        self._signal = signal
        self._campaign = campaign
        self._account = account
        self._rows = b""
        self._chosen: tuple[ChosenRow, ...] = ()
        self._bound: tuple[RowJudge, str] | None = None
        self.result: ProofResult | None = None

    async def take(self, judge: RowJudge, rows: bytes, variants: Variants) -> None:
        """What the survey found: the digest of all rows, and which of them stand for the others."""
        self._rows, self._chosen = rows, variants.chosen()
        digest = self.binding(judge)
        self.result = result_of(digest, self._chosen, await standing(self._ledger, digest))

    def binding(self, judge: RowJudge) -> str:
        """What an approval of the campaign as this judge sees it is bound to."""
        if self._bound is None or self._bound[0] is not judge:
            self._bound = (judge, proof_digest(judge, self._rows, self._campaign, self._account))
        return self._bound[1]

    async def passed(
        self, setup: SendSetup, watch: MediaWatch, sending: Callable[[Sender | None], None]
    ) -> bool:
        """Whether the rows may go out; where not, the signal says why.

        ``setup`` is that of the rows; ``sending`` is given who sends the proof, and None at its end.
        """
        judge = await watch.current()
        if judge is None:
            return False
        digest = self.binding(judge)
        if self._plan.phones:
            await self._prove(digest, setup, watch, sending)
        if self._plan.approver is not None:
            await self._approve(digest)
        stands = await standing(self._ledger, digest)
        if self.result is None or not self.result.faults or self._plan.approver:
            self.result = result_of(digest, self._chosen, stands)
        if stands is None:
            self._signal.stop(f"there is no proof of it as it is now: {_AGAIN}")
        elif not stands.approvals:
            self._signal.stop(f"nobody has approved its proof yet: {_APPROVE}")
        return not self._signal.stopped

    async def _prove(
        self, digest: str, setup: SendSetup, watch: MediaWatch, sending: Callable[[Sender | None], None]
    ) -> None:
        phones = self._plan.phones
        demand_few(self._chosen, phones)
        proof = Proof(
            content=digest,
            campaign=self._campaign,
            lines=tuple(one.row.line for one in self._chosen),
            names=tuple(phone.name for phone in phones),
            who=self._plan.who,
        )
        await self._ledger.begin_proof(proof)

        def key(request: SendRequest, subject: str | None) -> str:
            return own_key(request, subject, setup.client, f"proof {digest}")

        counts = _ProofCounts()
        own = msgspec.structs.replace(
            setup, name=None, again=True, key=key, proof=digest, put_off=None, approval=None
        )
        sender = Sender(own, watch, self._signal, counts, Watcher())
        sending(sender)
        try:
            await sender.send(messages_of(self._chosen, phones))
        finally:
            stands = await standing(self._ledger, digest)
            self.result = result_of(digest, self._chosen, stands, counts)
            sending(None)

    async def _approve(self, digest: str) -> None:
        approver = self._plan.approver
        assert approver is not None  # noqa: S101 - the caller has looked
        stands = await standing(self._ledger, digest)
        if stands is None or any(one.name == approver.name for one in stands.approvals):
            return
        try:
            await self._ledger.approve(
                digest, name=approver.name, via="mmscheck send", despite=approver.despite
            )
        except UsageError as error:
            self._signal.stop(f"{error}; --despite REASON approves it all the same")
