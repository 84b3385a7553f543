"""Proofs of campaigns and approvals of contents: begun, looked at, and approved by somebody with a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import Connection

from mmscheck.errors import UsageError
from mmscheck.ledger.rows import Row, canonical
from mmscheck.ledger.schema import APPROVALS, PROOFS, SENDS
from mmscheck.ledger.transaction_state import Operation, RowsNeeded, TransactionState
from mmscheck.model.ledger import SendState
from mmscheck.model.proof import Approval, Proof, ProofStanding

_TAKEN = frozenset(
    {
        *(SendState.ACCEPTED.value, SendState.SENT.value, SendState.DELIVERED.value),
        SendState.RESOLVED_SENT.value,
    }
)
"""States of sends that the provider took, and that have not failed since."""


def begin(proof: Proof) -> Operation[Proof]:
    """Note what is about to be proved; begun again with other variants or phones, the last ones count."""
    said = {"lines": canonical(proof.lines), "names": canonical(proof.names)}

    def decide(transaction: TransactionState) -> Proof:
        known = next(iter(transaction.find("proofs", content=proof.content)), None)
        if known is None:
            values = {"content": proof.content, "campaign": proof.campaign, **said, "who": proof.who}
            row = transaction.insert("proof-begun", "proofs", {**values, "begun_at": transaction.at})
        elif any(known[name] != value for name, value in said.items()):
            row = transaction.update("proof-begun-again", "proofs", known["id"], {**said, "who": proof.who})
        else:
            row = known
        return _proof(row)

    return Operation(RowsNeeded(approved=frozenset({proof.content})), decide)


def approve(content: str, *, name: str, via: str, note: str, despite: str) -> Operation[Approval]:
    """Keep that somebody approved a content; of a campaign only after its proof went well.

    ``despite`` says why all the same. Raises UsageError where something is wrong with the proof.
    """
    noted = "; ".join(filter(None, (note, despite and f"despite its proof: {despite}")))

    def decide(transaction: TransactionState) -> Approval:
        for row in transaction.find("proofs", content=content):
            _, faults = _standing(_proof(row), transaction.find("sends", proof=content))
            if faults and not despite:
                raise UsageError(f"the proof is not to be approved as it stands: {'; '.join(faults)}")
        values = {"content": content, "name": name, "via": via, "note": noted}
        row = transaction.insert("approved", "approvals", {**values, "approved_at": transaction.at})
        return _approval(row)

    needs = RowsNeeded(approved=frozenset({content}), proved=frozenset({content}))
    return Operation(needs, decide)


def _standing(proof: Proof, rows: Iterable[Row]) -> tuple[int, tuple[str, ...]]:
    """How many of its messages the provider took, and what is wrong with the others."""
    taken: Counter[int] = Counter()
    faults = []
    for row in sorted(rows, key=lambda row: int(row["id"])):
        if row["state"] in _TAKEN:
            taken[row["line"]] += 1
        else:
            faults.append(f"send {row['id']} (the variant of line {row['line']}) is {row['state']}")
    accepted = sum(min(taken[line], len(proof.names)) for line in proof.lines)
    if accepted < proof.messages and not faults:
        faults.append(f"{accepted} of its {proof.messages} messages went out")
    return accepted, tuple(faults)


def standings(
    connection: Connection, *, content: str | None = None, campaign: str | None = None
) -> tuple[ProofStanding, ...]:
    """The proofs there are of a content or of a campaign, or all, the oldest first."""
    query = select(PROOFS).order_by(PROOFS.c.id)
    if content is not None:
        query = query.where(PROOFS.c.content == content)
    if campaign is not None:
        query = query.where(PROOFS.c.campaign == campaign)
    found = []
    for row in connection.execute(query).mappings().all():
        proof = _proof(dict(row))
        sends = select(SENDS.c.id, SENDS.c.line, SENDS.c.state).where(SENDS.c.proof == proof.content)
        accepted, faults = _standing(proof, map(dict, connection.execute(sends).mappings()))
        found.append(
            ProofStanding(
                proof=proof,
                accepted=accepted,
                faults=faults,
                approvals=approvals(connection, proof.content),
            )
        )
    return tuple(found)


def approvals(connection: Connection, content: str) -> tuple[Approval, ...]:
    """Everything that was approved of a content, the oldest first."""
    query = select(APPROVALS).where(APPROVALS.c.content == content).order_by(APPROVALS.c.id)
    return tuple(_approval(dict(row)) for row in connection.execute(query).mappings())


def _proof(row: Row) -> Proof:
    return Proof(
        lines=msgspec.json.decode(row["lines"], type=tuple[int, ...]),
        names=msgspec.json.decode(row["names"], type=tuple[str, ...]),
        **{name: row[name] for name in ("content", "campaign", "who", "begun_at")},
    )


def _approval(row: Row) -> Approval:
    return Approval(**{name: row[name] for name in Approval.__struct_fields__})
