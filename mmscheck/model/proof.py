"""A campaign shown to named phones first, and somebody's word that it may go to everybody."""

from __future__ import annotations

import msgspec


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One proof: of which campaign, which lines of its file stand for its variants, and whose phones got it.

    ``content`` is the digest of all that was proved, which an approval is bound to.
    """

    content: str
    campaign: str
    lines: tuple[int, ...]
    names: tuple[str, ...]
    who: str
    begun_at: int = 0

    @property
    def messages(self) -> int:
        """How many messages it takes."""
        return len(self.lines) * len(self.names)


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A named person's word that a content may go out; ``via`` is by what it came: a command, a token."""

    content: str
    name: str
    via: str
    note: str
    approved_at: int


class ProofStanding(msgspec.Struct, frozen=True, kw_only=True):
    """A proof, how many of its messages the provider took, what is wrong with others, and its approvals."""

    proof: Proof
    accepted: int
    faults: tuple[str, ...]
    approvals: tuple[Approval, ...]


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """The row that stands for rows whose merge data are of these kinds, by its line in the file."""

    line: int
    kinds: tuple[str, ...]


class ProofResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a campaign's proof: ``digest`` is what an approval is bound to.

    ``phones`` are whose phones it went to, ``accepted`` how many messages to them the provider took (now, or
    in an earlier run), ``faults`` what became of others. ``approved_by`` is empty where nobody has yet.
    """

    digest: str
    variants: tuple[Variant, ...] = ()
    phones: tuple[str, ...] = ()
    accepted: int = 0
    unknown: int = 0
    faults: tuple[str, ...] = ()
    approved_by: str = ""
