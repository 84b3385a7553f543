"""Taking phone numbers out of a ledger again, its history too, without a break in the chain.

A row of the history keeps its hash, and so does the row that follows it; its body has a pseudonym where the
number was. The chain has a later row for each (``redactions``) with the digest that the changed row has from
then on: whoever changes one without such a row is found, as ever. Keys and digests that a number can be found
out from go the same way. What sends, suppressions and notifications do is as before: all are asked for under
both names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, and_, insert, literal_column, or_, select, update
from sqlalchemy.engine import Connection

from mmscheck.base.phone import digits, e164, parsed, same_number
from mmscheck.ledger.bulk import ChainEnd
from mmscheck.ledger.claims import HIDDEN
from mmscheck.ledger.pseudonyms import PREFIX, Pseudonyms, is_pseudonym
from mmscheck.ledger.reading import entry, has_tail
from mmscheck.ledger.rows import HistoryChange, Row, canonical, digest, send_record
from mmscheck.ledger.schema import (
    APPROVALS,
    DELETIONS,
    HISTORY,
    HOLDS,
    POSTBACKS,
    REDACTIONS,
    SENDS,
    SUPPRESSIONS,
    TAIL,
    tail,
)
from mmscheck.ledger.suppressions import MANY, TOGETHER
from mmscheck.model.ledger import HistoryEntry, PostbackMeaning, SendRecord, SendState

PAGE = 500
"""Rows that are changed in one transaction."""

_OPEN = (SendState.INTENDED.value, SendState.UNKNOWN.value)
_PLAIN = frozenset({"code", "status", "tracking-id", "mms-id", "origin", "timestamp", "operator-id"})
"""Fields of a notification that stay: none has a number or words of a person."""

_GONE = "(forgotten)"


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """How many sends, notifications and suppressions lost their number, and rows of the history with them."""

    sends: int = 0
    postbacks: int = 0
    suppressions: int = 0
    rows: int = 0

    def __add__(self, other: Forgotten) -> Forgotten:
        """Both together."""
        ours, theirs = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        return Forgotten(**{name: ours[name] + theirs[name] for name in ours})


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """Who wanted it, and why."""

    who: str
    reason: str


class NumberWords:
    """The ways in which texts write one number, and its pseudonym for each."""

    def __init__(self, number: str, names: Pseudonyms) -> None:
        """``number`` is in E.164 form."""
        self.number = number
        whole = parsed(number)
        self.home = number if whole is None else number[len(str(whole.country_code)) :]
        self.pseudonym = names.of(number)
        apart = r"[\s().-]*"
        country = number[: len(number) - len(self.home)]
        lead = rf"(?:\+?{apart.join(country)}{apart})?" if country else r"\+?"
        self._spelt = re.compile(rf"(?<![0-9]){lead}0?{apart.join(self.home)}(?![0-9])")

    def out_of(self, value: Any) -> Any:
        """The value without the number, however deep in it."""
        if isinstance(value, str):
            return self._spelt.sub(self.pseudonym, value)
        if isinstance(value, dict):
            return {name: self.out_of(one) for name, one in value.items()}
        return [self.out_of(one) for one in value] if isinstance(value, list) else value


WordsOf = Callable[[str, str], "NumberWords | None"]
"""The number to take out of a row, by its table and id; None of what has none, or any."""


def forget_number(
    connection: Connection, number: str, *, who: str, reason: str, at: int, names: Pseudonyms
) -> Forgotten:
    """Take one number out of everything; ``number`` is in E.164 form."""
    words = NumberWords(number, names)
    found = {
        # Also under its pseudonym: a try that came later may have told the number in its detail.
        "sends": _ids(connection, SENDS, _sent_to(number, names)),
        "postbacks": [int(row["id"]) for row in postbacks_of(connection, number)],
        # Why it was taken off may have been said later.
        "suppressions": _ids(
            connection, SUPPRESSIONS, SUPPRESSIONS.c.recipient.in_((number, words.pseudonym))
        ),
    }
    noted = and_(HISTORY.c.target == "", HISTORY.c.body.contains(words.home, autoescape=True))
    end = ChainEnd(connection, at)
    ways = _Ways(lambda _table, _id: words, names)
    beside = _beside(connection, words, found["suppressions"])
    done = _forget(connection, end, found, ways, noted=noted, beside=beside)
    said = _Said(who=words.out_of(who), reason=words.out_of(reason))
    _note(end, said, done, words.pseudonym)
    return done


def _beside(connection: Connection, words: NumberWords, own: Sequence[int]) -> dict[str, list[int]]:
    """Further rows by table whose words may have the number: of people, and of what one import made."""
    imports = {one // TOGETHER * TOGETHER for one in own}
    together = [SUPPRESSIONS.c.id.between(first, first + TOGETHER - 1) for first in imports]
    found: dict[str, list[int]] = {}
    for table in (SUPPRESSIONS, HOLDS, DELETIONS, APPROVALS):
        named = [table.c[name].contains(words.home, autoescape=True) for name in _WORDS[table.name]]
        wanted = or_(*named, *(together if table is SUPPRESSIONS else ()))
        found[table.name] = _ids(connection, table, wanted)
    return found


Cursor = tuple[int, int]
"""The last send and the last notification that were looked at."""


def forget_before(
    connection: Connection,
    moment: int,
    *,
    after: Cursor,
    who: str,
    reason: str,
    at: int,
    names: Pseudonyms,
) -> tuple[Forgotten, Cursor]:
    """Take the numbers out of up to ``PAGE`` sends and notifications of before a time (microseconds).

    Those behind ``after``; with it where the next page begins. What is in flight or unknown keeps its number:
    it is needed to settle that. The suppression list stays.
    """
    settled = and_(SENDS.c.id > after[0], SENDS.c.claimed_at < moment, SENDS.c.state.not_in(_OPEN))
    old = and_(settled, ~SENDS.c.recipient.startswith(PREFIX, autoescape=True))
    come = and_(POSTBACKS.c.id > after[1], POSTBACKS.c.received_at < moment)
    late = and_(come, ~POSTBACKS.c.digest.startswith(PREFIX, autoescape=True))
    found = {
        "sends": _ids(connection, SENDS, old, PAGE),
        "postbacks": _ids(connection, POSTBACKS, late, PAGE),
    }
    if not any(found.values()):
        return Forgotten(), after
    query = select(SENDS.c.id, SENDS.c.recipient).where(SENDS.c.id.in_(found["sends"]))
    each = {str(one): NumberWords(to, names) for one, to in connection.execute(query)}
    end = ChainEnd(connection, at)
    ways = _Ways(lambda table, one: each.get(one) if table == "sends" else None, names)
    done = _forget(connection, end, found, ways)
    _note(end, _Said(who=who, reason=reason), done, None)
    return done, (max(found["sends"], default=after[0]), max(found["postbacks"], default=after[1]))


_TABLES = {table.name: table for table in (SENDS, POSTBACKS, SUPPRESSIONS, HOLDS, DELETIONS, APPROVALS)}


def _forget(
    connection: Connection,
    end: ChainEnd,
    found: Mapping[str, Sequence[int]],
    ways: _Ways,
    *,
    noted: ColumnElement[bool] | None = None,
    beside: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> Forgotten:
    """``beside`` are rows that are not the number's, and may have it in their words."""
    if connection.dialect.name == "sqlite":
        # What is replaced must not lie about in the file's free places.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    every = {name: sorted({*found.get(name, ()), *beside.get(name, ())}) for name in {*found, *beside}}
    rows = _rows(connection, every, noted)
    changed = _redact(connection, end, rows, ways.body)
    for name, ids in every.items():
        _replay(connection, _TABLES[name], ids, ways)
    return Forgotten(**{name: len(ids) for name, ids in found.items()}, rows=changed)


def sends_of(connection: Connection, number: str, names: Pseudonyms) -> tuple[SendRecord, ...]:
    """Every send to a number, under whichever name."""
    query = select(SENDS).where(_sent_to(number, names)).order_by(SENDS.c.id)
    return tuple(send_record(dict(row)) for row in connection.execute(query).mappings())


def _sent_to(number: str, names: Pseudonyms) -> ColumnElement[bool]:
    called = (number, names.of(number))
    return and_(literal_column(TAIL).in_([tail(one) for one in called]), SENDS.c.recipient.in_(called))


def postbacks_of(connection: Connection, number: str) -> list[Row]:
    """Every notification that names this number, as whom it is about or from whom it came."""
    words = NumberWords(number, Pseudonyms("00"))
    asked = or_(
        has_tail(POSTBACKS, number),
        POSTBACKS.c.meaning == PostbackMeaning.INBOUND.value,
        POSTBACKS.c.fields.contains(words.home, autoescape=True),
    )
    rows = connection.execute(select(POSTBACKS).where(asked).order_by(POSTBACKS.c.id)).mappings()
    return [dict(row) for row in rows if _names(row["fields"], words)]


def _names(fields: str, words: NumberWords) -> bool:
    values = msgspec.json.decode(fields, type=dict[str, str])
    near = (values.get(name) for name in ("to", "from"))
    return any(same_number(one, words.number) for one in near) or words.out_of(values) != values


def _ids(
    connection: Connection, table: Table, wanted: ColumnElement[bool], most: int | None = None
) -> list[int]:
    query = select(table.c.id).where(wanted).order_by(table.c.id).limit(most)
    return [int(one) for (one,) in connection.execute(query)]


def _rows(
    connection: Connection, found: Mapping[str, Sequence[int]], noted: ColumnElement[bool] | None
) -> list[HistoryEntry]:
    """The rows of the history about these, and the notes of which something is true."""
    rows: dict[int, HistoryEntry] = {}
    for table, ids in found.items():
        for start in range(0, len(ids), PAGE):
            subjects = [str(one) for one in ids[start : start + PAGE]]
            about = and_(HISTORY.c.target == table, HISTORY.c.subject.in_(subjects))
            rows |= {row.seq: entry(row) for row in connection.execute(select(HISTORY).where(about))}
    if noted is not None:
        rows |= {row.seq: entry(row) for row in connection.execute(select(HISTORY).where(noted))}
    return [rows[seq] for seq in sorted(rows)]


def _redact(
    connection: Connection,
    end: ChainEnd,
    rows: Iterable[HistoryEntry],
    without: Callable[[HistoryEntry], Row],
) -> int:
    """Change the bodies of rows, with a row of the chain for each; how many there were."""
    changed = [
        (row, msgspec.structs.replace(row, body=body))
        for row in rows
        if (body := canonical(without(row))) != row.body
    ]
    known = _redacted(connection, [new.seq for _, new in changed])
    changes = []
    for _, new in changed:
        values = {"digest": digest(new), **({} if new.seq in known else {"id": new.seq})}
        changes.append(
            HistoryChange(kind="redacted", target="redactions", subject=str(new.seq), values=values)
        )
    if changes:
        end.append(changes)
    for _, new in changed:
        if new.seq in known:
            query = update(REDACTIONS).where(REDACTIONS.c.id == new.seq).values(digest=digest(new))
            connection.execute(query)
        else:
            connection.execute(insert(REDACTIONS).values(id=new.seq, digest=digest(new)))
        connection.execute(update(HISTORY).where(HISTORY.c.seq == new.seq).values(body=new.body))
    return len(changed)


def _redacted(connection: Connection, seqs: Sequence[int]) -> set[int]:
    """Those of these rows that were changed before."""
    found: set[int] = set()
    for start in range(0, len(seqs), PAGE):
        query = select(REDACTIONS.c.id).where(REDACTIONS.c.id.in_(seqs[start : start + PAGE]))
        found |= {int(one) for (one,) in connection.execute(query)}
    return found


class _Ways:
    """How each kind of row is without its number."""

    def __init__(self, words_of: WordsOf, names: Pseudonyms) -> None:
        self._words_of = words_of
        self._names = names

    def body(self, row: HistoryEntry) -> Row:
        """The body of a row of the history."""
        body = msgspec.json.decode(row.body, type=dict[str, Any])
        if row.table:
            return self.columns(row.table, row.subject, body)
        words = self._words_of("", "")
        if words is None:
            return body
        if row.kind == MANY:
            numbers = [words.pseudonym if one == words.number else one for one in body["numbers"]]
            return {**_told("suppressions", body, words), "numbers": numbers}
        return dict(words.out_of(body))

    def columns(self, table: str, one: str, values: Row) -> Row:
        """Columns of one of the tables, all of them or some."""
        words = self._words_of(table, one)
        if table == "postbacks":
            return self._notification(values, words) if "fields" in values else values
        if words is None:
            return values
        if table == "suppressions":
            own = {"recipient": words.pseudonym} if values.get("recipient") == words.number else {}
        else:
            own = {name: self._names.of(values[name]) for name in HIDDEN if name in values}
        return {**_told(table, values, words), **own}

    def _notification(self, values: Row, words: NumberWords | None) -> Row:
        fields = msgspec.json.decode(values["fields"], type=dict[str, str])
        kept = {name: text if name in _PLAIN else _GONE for name, text in fields.items()}
        # Also out of what stays: a status may be anything.
        named = (e164(fields.get(name)) for name in ("to", "from") if digits(fields.get(name)))
        every = [words] if words else [NumberWords(one, self._names) for one in sorted(set(named))]
        for one in every:
            kept = dict(one.out_of(kept))
        to = values["recipient"]
        about = (
            words.pseudonym if words and same_number(to, words.number) else self._names.of(e164(to) or _GONE)
        )
        changed = {"recipient": about if to else None, "fields": canonical(kept)}
        known = values["digest"]
        # With its id: the very same notification may come once more, and be forgotten once more.
        hidden = known if is_pseudonym(known) else self._names.of(f"{values['id']} {known}")
        return {**values, **changed, "digest": hidden}


_WORDS = {
    "sends": ("detail", "error_info", "resolved_by", "resolved_why", "consent_source"),
    "suppressions": ("reason", "who", "removed_by", "removed_why"),
    "holds": ("reason", "who", "released_by"),
    "deletions": ("reason", "who", "detail"),
    "approvals": ("name", "note"),
}
"""Columns in which somebody may have written a number."""


def _told(table: str, values: Row, words: NumberWords) -> Row:
    """A row, or some columns of it, without the number in its words."""
    return {
        **values,
        **{name: words.out_of(values[name]) for name in _WORDS[table] if values.get(name)},
    }


def _replay(connection: Connection, table: Table, ids: Sequence[int], ways: _Ways) -> None:
    """Change the rows of a table as the history's bodies were changed."""
    for one in ids:
        row = dict(connection.execute(select(table).where(table.c.id == one)).mappings().one())
        new = ways.columns(table.name, str(one), row)
        if changed := {name: value for name, value in new.items() if row[name] != value}:
            connection.execute(update(table).where(table.c.id == one).values(**changed))


def _note(end: ChainEnd, said: _Said, done: Forgotten, pseudonym: str | None) -> None:
    """That it was done is a row of the history as well."""
    counts = msgspec.structs.asdict(done)
    values = {"who": said.who, "reason": said.reason, "number": pseudonym, **counts}
    end.append([HistoryChange(kind="forgotten", target="", subject="", values=values)])
