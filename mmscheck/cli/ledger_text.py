"""What the commands of the ledger and of postbacks show: lines for people, values for programs."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from mmscheck.base.phone import another_number
from mmscheck.base.text import count
from mmscheck.model.ledger import (
    Deletion,
    HistoryEntry,
    Hold,
    MmsRecord,
    MmsState,
    Postback,
    PostbackMeaning,
    SendRecord,
    Verification,
)
from mmscheck.model.proof import ProofStanding
from mmscheck.report.escape import plain, visible, visible_json

if TYPE_CHECKING:
    from mmscheck.ledger import Concerned, OpenSave, Summary

_WIDTHS = (8, 17, 20, 15, 12, 20)
_SHOWN_DIGITS = 4
_LONGEST = 60
_HEADS = ("id", "state", "changed (UTC)", "to", "mms-id", "tracking id")


def moment(microseconds: int) -> str:
    """A time for people, in UTC and to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(microseconds / 1_000_000))


def list_head() -> str:
    """The names of the columns."""
    return _columns((*_HEADS, "what is known"))


def list_line(send: SendRecord, postbacks: Sequence[Postback] = ()) -> str:
    """One send on one line; columns stand below each other unless a value is longer than expected.

    Of its ``postbacks`` the last failure says more than the answer to the call.
    """
    intent = send.intent
    place = (
        f" [{intent.campaign}{'' if intent.row is None else f', row {intent.row}'}]"
        if intent.campaign
        else ""
    )
    failures = [
        f"{one.code} {one.status or ''} {one.fields.get('status-details', '')}"
        for one in postbacks
        if one.meaning is PostbackMeaning.FAILED
    ]
    parts = failures[-1:] or [send.error_code or "", send.resolved_why or send.detail]
    known = " ".join(" ".join(parts).split()) + place
    cells = (str(send.id), send.state, moment(send.changed_at), intent.to, intent.mms_id or "at-once")
    return _columns((*cells, send.tracking_id or "-", known))


def _columns(cells: Iterable[str]) -> str:
    safe = [visible(cell) for cell in cells]
    padded = (cell.ljust(width) for cell, width in zip(safe, _WIDTHS, strict=False))
    return "  ".join((*padded, safe[-1])).rstrip() + "\n"


def show_text(
    send: SendRecord,
    history: Iterable[HistoryEntry],
    postbacks: Iterable[Postback],
    proposals: Iterable[Postback],
    stored: MmsState | None = None,
) -> str:
    """Everything about one send; ``stored`` is how its stored message stands."""
    facts = {**msgspec.structs.asdict(send.intent), **msgspec.structs.asdict(send)}
    facts.pop("intent")
    lines = [
        f"{_label(name)}  {visible(_value(name, value))}"
        for name, value in facts.items()
        if value not in (None, "")
    ]
    if stored is not None:
        lines.append(f"{_label('stored')}  {stored.value}")
    lines += ["", "history:"]
    lines += [f"  {moment(row.at)}  row {row.seq}  {row.kind}" for row in history]
    lines += _postback_lines("postbacks:", postbacks)
    lines += _postback_lines(
        "postbacks that may be about it (same message, number and days; not decided):", proposals
    )
    return "\n".join(lines) + "\n"


def _label(name: str) -> str:
    return (name.rstrip("_").replace("_", "-") + ":").ljust(15)


def _value(name: str, value: Any) -> str:
    return f"{moment(value)} UTC" if name.endswith("_at") else str(value)


def _postback_lines(title: str, postbacks: Iterable[Postback]) -> list[str]:
    lines = []
    for one in postbacks:
        fields = ", ".join(f"{name} {value}" for name, value in sorted(one.fields.items()) if name != "code")
        lines.append(f"  {moment(one.received_at)}  {visible(one.code)}  {one.meaning}  {visible(fields)}")
    return ["", title, *lines] if lines else []


def proofs_text(found: Iterable[ProofStanding]) -> str:
    """Each proof on a few lines, the oldest first."""
    lines = []
    for one in found:
        proof = one.proof
        begun = f"begun by {visible(proof.who)} at {moment(proof.begun_at)} UTC"
        went = f"{one.accepted} of {count(proof.messages, 'message')} went out"
        rows = f"lines {', '.join(map(str, proof.lines))} to {visible(', '.join(proof.names))}"
        lines += [f"campaign {visible(proof.campaign)}: {went}, {begun}", f"  {rows}", f"  {proof.content}"]
        lines += [f"  {fault}" for fault in one.faults]
        lines += [
            f"  approved by {visible(each.name)} at {moment(each.approved_at)} UTC ({visible(each.via)})"
            + (f": {visible(each.note)}" if each.note else "")
            for each in one.approvals
        ] or ["  nobody has approved it"]
    return "".join(f"{line}\n" for line in lines or ["no proof was begun"])


def summary_text(summary: Summary) -> str:
    """The numbers, each with what it means."""
    lines = (
        ("sends", summary.sends, ""),
        ("accepted", summary.accepted, "taken by the provider"),
        ("  delivered", summary.delivered, "a notification says that the phone has it"),
        ("  failed", summary.failed, "a notification says that it was not delivered"),
        ("  waiting", summary.waiting, "no notification has said how it ended"),
        ("refused", summary.refused, "by the provider"),
        ("not sent", summary.not_sent, "certainly; it may be sent again"),
        ("unknown", summary.unknown, "may have been sent: mmscheck ledger list --state unknown"),
        ("in flight", summary.in_flight, "being sent now"),
    )
    return "".join(f"{name:<12}{number:>9}  {what}".rstrip() + "\n" for name, number, what in lines)


def verification_text(verification: Verification, place: str) -> str:
    """The outcome, each fault on a line of its own."""
    lines = [
        f"{'ledger' if one.seq is None else f'row {one.seq}'}: {visible(one.what)}"
        for one in verification.found
    ]
    wrong = "1 thing is wrong with" if len(lines) == 1 else f"{len(lines):,} things are wrong with"
    verdict = wrong if lines else "Nothing is wrong with"
    lines.append(f"{verdict} {visible(place)}: {verification.rows} rows of history, head {verification.head}")
    return "\n".join(lines) + "\n"


def holds_text(holds: Iterable[Hold], form: str, what: str) -> str:
    """The holds that were pulled or let go of."""
    if form == "json":
        return json_text(tuple(holds))
    lines = [
        f"{what}: {visible(one.reason)} ({visible(one.who)}, since {moment(one.held_at)} UTC)\n"
        for one in holds
    ]
    return "".join(lines) or "nothing was held\n"


def json_text(value: Any) -> str:
    """JSON for programs, with nothing in it that a terminal would obey.

    Beside each time in microseconds stands the same as text, ``claimed_at_iso`` beside ``claimed_at``.
    """
    plain = _with_times(msgspec.to_builtins(value))
    return visible_json(msgspec.json.format(msgspec.json.encode(plain)).decode()) + "\n"


def _with_times(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_with_times(one) for one in value]
    if not isinstance(value, dict):
        return value
    timed = {}
    for name, one in value.items():
        timed[name] = _with_times(one)
        if isinstance(one, int) and (name == "at" or name.endswith("_at")):
            timed[f"{name}_iso"] = iso(one)
        elif name == "from_":
            timed["from"] = one
    return timed


def iso(microseconds: int) -> str:
    """A time in UTC as ISO 8601 has it, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(microseconds / 1_000_000))


CSV_COLUMNS = (
    *("id", "state", "to", "mms_id", "tracking_id", "claimed_at", "changed_at", "campaign", "row", "from"),
    *("account", "key", "attempt", "error_code", "error_info", "http_status", "detail"),
    *("resolved_by", "resolved_why"),
)
"""The columns of ``ledger list --format csv``; times as ISO 8601 has them, in UTC."""


def csv_send(send: SendRecord) -> str:
    """A send as a row of ``CSV_COLUMNS``."""
    facts = {**msgspec.structs.asdict(send.intent), **msgspec.structs.asdict(send)}
    facts |= {"from": send.intent.from_, "state": send.state.value}
    facts |= {name: iso(facts[name]) for name in ("claimed_at", "changed_at")}
    return csv_row([facts[name] for name in CSV_COLUMNS])


_SAVE_COLUMNS = ("mms_id", "state", "saved_at", "changed_at", "name", "subject", "digest", "account")


def saves_csv(bound: Iterable[MmsRecord], begun: Iterable[OpenSave]) -> str:
    """Stored messages as rows of a table, then the saves without an end, whose state is ``unfinished``."""
    rows = [csv_row(_SAVE_COLUMNS)]
    for one in bound:
        facts = {**msgspec.structs.asdict(one), "state": one.state.value}
        facts |= {name: iso(facts[name]) for name in ("saved_at", "changed_at")}
        rows.append(csv_row([facts[name] for name in _SAVE_COLUMNS]))
    for save in begun:
        facts = {"state": "unfinished", "saved_at": iso(save.begun_at), "digest": save.message_digest}
        rows.append(csv_row([facts.get(name) for name in _SAVE_COLUMNS]))
    return "".join(rows)


_DELETION_COLUMNS = (
    *("id", "mms_id", "state", "begun_at", "changed_at", "lifted_at", "who", "reason", "error_code"),
    *("http_status", "detail", "account"),
)


def deletions_csv(found: Iterable[Deletion]) -> str:
    """Deletions as rows of a table."""
    rows = [csv_row(_DELETION_COLUMNS)]
    for one in found:
        facts = {**msgspec.structs.asdict(one), "state": one.state.value}
        times = {name: facts[name] for name in ("begun_at", "changed_at", "lifted_at")}
        facts |= {name: None if time_ is None else iso(time_) for name, time_ in times.items()}
        rows.append(csv_row([facts[name] for name in _DELETION_COLUMNS]))
    return "".join(rows)


def deletions_text(found: Iterable[Deletion]) -> str:
    """Deletions for people, one on a line."""
    lines = []
    for one in found:
        ends = "" if one.lifted_at is None else f"  lifted {moment(one.lifted_at)}"
        known = " ".join(f"{one.detail} {one.reason and f'({one.reason})'}".split())
        begun = f"{moment(one.begun_at)}  {one.who}{ends}  {known}".rstrip()
        lines.append(f"{visible(one.mms_id)}  {one.state.value}  {visible(begun)}\n")
    return "".join(lines) or "nothing was deleted\n"


def csv_row(cells: Iterable[Any]) -> str:
    """One line of CSV (RFC 4180) with nothing in it that a spreadsheet would reckon."""
    text = io.StringIO(newline="")
    values = ("" if cell is None else plain(visible(str(cell))) for cell in cells)
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue()


def masked(number: str) -> str:
    """A telephone number by its last four digits: logs travel further than ledgers."""
    return f"…{number[-_SHOWN_DIGITS:]}" if len(number) > _SHOWN_DIGITS else "…"


def postback_line(postback: Postback, about: Concerned | None) -> str:
    """When it came, what it says, and what it is about; None: that could not be looked up."""
    parts = (
        moment(postback.received_at),
        _short(postback.code),
        postback.meaning.value,
        postback.status and _short(postback.status),
        postback.recipient and f"to {masked(postback.recipient)}",
        postback.mms_id and f"mms-id {_short(postback.mms_id)}",
        postback.tracking_id and f"tracking id {_short(postback.tracking_id)}",
        None if about is None else _about(postback, about),
    )
    return "  ".join(part for part in parts if part)


def _about(postback: Postback, about: Concerned) -> str | None:
    if about.sends:
        return ", ".join(_named(postback, send) for send in about.sends)
    if about.proposed:
        return f"may be about {', '.join(map(_send, about.proposed))}: not decided"
    return "matches no send" if postback.tracking_id else None


def _named(postback: Postback, send: SendRecord) -> str:
    other = another_number(postback.recipient, send.intent.to)
    return f"{_send(send)}, which went to another number" if other else _send(send)


def _send(send: SendRecord) -> str:
    return f"send {send.id} ({send.state})"


def _short(text: str) -> str:
    safe = visible(text)
    return safe if len(safe) <= _LONGEST else f"{safe[:_LONGEST]}…"
