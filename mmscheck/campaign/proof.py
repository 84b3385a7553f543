"""The proof of a campaign: to named phones first, and to everybody when somebody has approved it.

An approval is bound to all that decides what goes out: the content (document, media, texts), the rules, the
rows, the request that is common to all, and the campaign's name and account. When any of it changes, there is
no approval of it. The claim of every row holds the campaign to that (``ledger.claims``), whoever sends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from mmscheck.base.text import is_blank
from mmscheck.campaign.counts import RowCounts
from mmscheck.campaign.judging import RowJudge
from mmscheck.campaign.recipients import CONSENT_AT, CONSENT_SOURCE, TO, Recipient, Recipients, number_of
from mmscheck.campaign.variants import ChosenRow
from mmscheck.errors import InputError, UsageError
from mmscheck.judge.content import content_digest
from mmscheck.model.proof import ProofResult
from mmscheck.model.request import Changes

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger
    from mmscheck.model.proof import ProofStanding

MOST_PHONES = 50
MOST_MESSAGES = 500
"""Phones of a proof, and messages to them: a proof is looked at by people (judgements)."""

_NAME = "name"


class ProofPhone(msgspec.Struct, frozen=True, kw_only=True):
    """A named person's phone, as its row of the file has it."""

    name: str
    row: Recipient


def read_phones(file: str) -> tuple[ProofPhone, ...]:
    """The phones of a file with columns to and name; raises InputError naming what is wrong with it."""
    recipients = Recipients(file, Changes())
    names = [name.lower() for name in recipients.columns.names]
    known = {TO, _NAME, CONSENT_SOURCE, CONSENT_AT}
    if _NAME not in names or set(names) - known:
        found = ", ".join(map(repr, recipients.columns.names))[:200]
        wanted = f"columns {TO} and {_NAME}, and {CONSENT_SOURCE} and {CONSENT_AT} where consent is asked for"
        raise InputError(f"{file}, line 1: expected {wanted}, and found {found}")
    phones: list[ProofPhone] = []
    for row in recipients.rows():
        name = row.values[names.index(_NAME)].strip()
        if is_blank(name):
            raise InputError(f"{file}, line {row.line}: the phone has no name")
        if any(name == other.name for other in phones):
            raise InputError(f"{file}, line {row.line}: {name!a} is there twice")
        if any(number_of(row.to) == number_of(other.row.to) for other in phones):
            raise InputError(f"{file}, line {row.line}: the number is there twice")
        phones.append(ProofPhone(name=name, row=row))
        if len(phones) > MOST_PHONES:
            raise InputError(f"{file}, line {row.line}: more than {MOST_PHONES} phones")
    if not phones:
        raise InputError(f"{file}: it has a header and no rows")
    return tuple(phones)


class Approver(msgspec.Struct, frozen=True, kw_only=True):
    """Who approves a proof; ``despite`` is why, where it did not go well."""

    name: str
    despite: str = ""


class ProofPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run brings: a proof to ``phones``, which ``who`` began, or an approval by ``approver``."""

    phones: tuple[ProofPhone, ...] = ()
    approver: Approver | None = None
    who: str = ""


def proof_digest(judge: RowJudge, rows: bytes, campaign: str, account: str) -> str:
    """``sha256:`` and hex over all that is proved; raises UsageError where the media were not seen whole.

    ``rows`` is the digest of the file of recipients.
    """
    common = judge.common
    content = content_digest(judge.checked.report, common.changes)
    if content is None:
        raise UsageError("what was not seen whole cannot be proved: a medium was not fetched")
    request = msgspec.structs.replace(common, to=None)
    parts = [campaign, account, content, judge.ruleset.digest, rows.hex(), request.digest]
    return "sha256:" + hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def messages_of(chosen: tuple[ChosenRow, ...], phones: tuple[ProofPhone, ...]) -> Iterator[Recipient]:
    """Each variant to each phone: the row's texts and data, and the phone's number and consent."""
    index = 0
    for phone in phones:
        for one in chosen:
            yield msgspec.structs.replace(one.row, index=index, to=phone.row.to, consent=phone.row.consent)
            index += 1


def demand_few(chosen: tuple[ChosenRow, ...], phones: tuple[ProofPhone, ...]) -> None:
    """Raise UsageError for a proof that nobody would look through."""
    if (messages := len(chosen) * len(phones)) > MOST_MESSAGES:
        told = f"{len(chosen)} variants to {len(phones)} phones are {messages:,} messages"
        raise UsageError(f"--proof: {told}; expected at most {MOST_MESSAGES}")


async def standing(ledger: Ledger, digest: str) -> ProofStanding | None:
    """How the proof of this digest stands, None where there is none."""
    return next(iter(await ledger.proofs(content=digest)), None)


def result_of(
    digest: str, chosen: tuple[ChosenRow, ...], stands: ProofStanding | None, counts: RowCounts | None = None
) -> ProofResult:
    """A proof as reports have it; ``counts`` are of the messages of this run."""
    notes = [] if counts is None else counts.notes
    told = tuple(f"line {note.line} to {note.to}: {note.fate.value}: {note.detail}" for note in notes)
    approvals = () if stands is None else stands.approvals
    return ProofResult(
        digest=digest,
        variants=tuple(one.variant for one in chosen),
        phones=() if stands is None else stands.proof.names,
        accepted=0 if stands is None else stands.accepted,
        unknown=0 if counts is None else counts.ends["unknown"],
        faults=told or (() if stands is None else stands.faults),
        approved_by=approvals[-1].name if approvals else "",
    )
