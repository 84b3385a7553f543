"""What became of a campaign: counts, and the rows of its file that somebody has to look at."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from mmscheck.model.prices import CostEstimate
from mmscheck.model.proof import ProofResult


class RowFate(StrEnum):
    """What became of a row that the provider did not accept now.

    ``denied``: the gate did not let it through; ``duplicate``: the same send as an earlier row; ``has-it``:
    the number has this stored message from elsewhere; ``refused`` and ``not-sent``: certainly not sent;
    ``unknown``: it may have been sent, and is never repeated. ``withheld``: the number must not be texted;
    ``not-now``: it may be, later.
    """

    DENIED = "denied"
    DUPLICATE = "duplicate"
    HAS_IT = "has-it"
    REFUSED = "refused"
    NOT_SENT = "not-sent"
    UNKNOWN = "unknown"
    WITHHELD = "withheld"
    NOT_NOW = "not-now"


class RowNote(msgspec.Struct, frozen=True, kw_only=True):
    """One such row: the line of the file it begins on, its number as written, and why, as a sentence.

    ``columns`` are those at fault, where it is known which.
    """

    line: int
    to: str
    fate: RowFate
    detail: str
    columns: tuple[str, ...] = ()


class CampaignResult(msgspec.Struct, frozen=True, kw_only=True):
    """Every row of the file is counted once.

    ``recorded`` were sent by an earlier run; ``had`` have this stored message from other campaigns or single
    sends, which ``had_from`` counts by the campaign's name, empty for single sends; ``withheld`` must not be
    texted, and those that are ``not_now`` may be later; ``left`` were let through
    and not reached, because of what ``stopped`` says. ``notes`` are the first rows worth a look, ``more`` how
    many further ones there are. ``seconds`` is how long the sending took, without the check before it.
    ``cost`` is what the rows that were let through cost at most, None where no prices are known. ``proof`` is
    how the proof before it stands, None where none was asked for.
    """

    name: str
    file: str
    rows: int = 0
    accepted: int = 0
    recorded: int = 0
    refused: int = 0
    not_sent: int = 0
    unknown: int = 0
    denied: int = 0
    duplicates: int = 0
    had: int = 0
    had_from: tuple[tuple[str, int], ...] = ()
    withheld: int = 0
    not_now: int = 0
    left: int = 0
    stopped: str | None = None
    seconds: float = 0.0
    notes: tuple[RowNote, ...] = ()
    more: int = 0
    cost: CostEstimate | None = None
    proof: ProofResult | None = None

    @property
    def sent(self) -> bool:
        """Whether the provider may have been called: then nobody may say that nothing was sent."""
        proved = self.proof is not None and (self.proof.accepted or self.proof.unknown)
        return bool(self.accepted or self.recorded or self.unknown or self.refused or proved)
