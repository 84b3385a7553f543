"""A file of recipients (CSV in UTF-8): what its header says of each column, and a stream of its rows."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from mmscheck.base.phone import e164
from mmscheck.base.text import is_blank
from mmscheck.errors import InputError
from mmscheck.model.effective import NAME, key_of
from mmscheck.model.recipient import Consent
from mmscheck.model.request import Changes, CustomText

LONGEST_LINE = 262_144
"""Bytes of one line of the file; a slide's text has at most 5,000 characters (a judgement)."""

LONGEST_FIELD = 20_000
"""Characters of one field; no part of a message takes a third of it (a judgement)."""

_BOM = b"\xef\xbb\xbf"

TO, SUBJECT = "to", "custom-subject"
CONSENT_SOURCE, CONSENT_AT = "consent-source", "consent-at"
_KEPT = (TO, SUBJECT, CONSENT_SOURCE, CONSENT_AT)
"""Columns that are no merge data."""
_TEXT = re.compile(r"custom-text-([1-9][0-9]{0,3})")
_NEARLY = re.compile(r"custom[-_ ]?(subject|text).*|consent[-_ ]?(source|at)")


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """The names in order as written, and by index what they hold; ``texts`` pairs slide and index."""

    names: tuple[str, ...]
    to: int
    subject: int | None
    texts: tuple[tuple[int, int], ...]
    data: tuple[tuple[str, int], ...]
    consent: tuple[int | None, int | None] = (None, None)

    @property
    def filling(self) -> tuple[str, ...]:
        """The names of the merge data."""
        return tuple(name for name, _ in self.data)

    @property
    def rewrites(self) -> bool:
        """Whether rows may have texts of their own."""
        return bool(self.texts) or self.subject is not None

    def changes(self, values: Sequence[str], common: Changes) -> Changes:
        """What one row changes in the message, beside what all have in common.

        An empty cell is nothing, and so is one of blanks: the stored text, or a tag's default, counts then.
        """
        cells = ["" if is_blank(value) else value for value in values]
        subject = cells[self.subject] if self.subject is not None else ""
        texts = [CustomText(slide=slide, value=cells[at]) for slide, at in self.texts if cells[at]]
        return Changes(
            custom_subject=subject or common.custom_subject,
            custom_texts=(*common.custom_texts, *texts),
            data=(*common.data, *((name, cells[at]) for name, at in self.data if cells[at])),
        )


def read_columns(file: str, header: Sequence[str], common: Changes) -> Columns:
    """What a header says; raises InputError for all that is wrong with it, naming file and column.

    ``common`` are the changes that hold for every row: no column may give them a second time.
    """
    names = tuple(name.strip() for name in header)
    faults = [*_unnamed(names), *_doubled(names), *_misspelt(names), *_given_twice(names, common)]
    lower = [name.lower() for name in names]
    if TO not in lower:
        faults.append(_without_to(names))
    if faults:
        raise InputError(f"{file}, line 1: {'; '.join(faults)}")
    texts = [(int(found[1]), at) for at, name in enumerate(lower) if (found := _TEXT.fullmatch(name))]
    special = {*(at for _, at in texts), *(lower.index(name) for name in _KEPT if name in lower)}
    subject = lower.index(SUBJECT) if SUBJECT in lower else None
    data = tuple((name, at) for at, name in enumerate(names) if at not in special)
    source, moment = (lower.index(name) if name in lower else None for name in (CONSENT_SOURCE, CONSENT_AT))
    return Columns(
        names=names,
        to=lower.index(TO),
        subject=subject,
        texts=tuple(texts),
        data=data,
        consent=(source, moment),
    )


def _without_to(names: Sequence[str]) -> str:
    hint = ""
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        hint = "; columns are separated by commas"
    return f"expected a column named to, and found {', '.join(map(repr, names))[:200]}{hint}"


def _unnamed(names: Sequence[str]) -> list[str]:
    return [f"column {at + 1} has no name" for at, name in enumerate(names) if not name]


def _doubled(names: Sequence[str]) -> list[str]:
    keys: set[str] = set()
    again = []
    for name in names:
        if name and key_of(name) in keys:
            again.append(f"column {name!r} is there twice (names are matched without regard to case)")
        keys.add(key_of(name))
    return again


def _misspelt(names: Sequence[str]) -> list[str]:
    faults = []
    for name in filter(None, names):
        lower = name.lower()
        if lower in _KEPT or _TEXT.fullmatch(lower):
            continue
        if _NEARLY.fullmatch(lower):
            wanted = (
                f"{CONSENT_SOURCE} or {CONSENT_AT}"
                if lower.startswith("consent")
                else f"{SUBJECT}, or custom-text-N with a slide number"
            )
            faults.append(f"column {name!r}: expected {wanted}")
        elif not NAME.match(name):
            faults.append(
                f"column {name!r}: the name of merge data is a letter followed by letters, digits, _ . or -"
            )
    return faults


def _given_twice(names: Sequence[str], common: Changes) -> list[str]:
    known = {key_of(name): f"--data {name}" for name, _ in common.data}
    known |= {f"custom-text-{text.slide}": f"--custom-text {text.slide}" for text in common.custom_texts}
    if common.custom_subject is not None:
        known[SUBJECT] = "--custom-subject"
    return [
        f"column {name!r} is given by {known[key_of(name)]} as well"
        for name in names
        if key_of(name) in known
    ]


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One row: ``line`` is where it begins in the file, ``digest`` stands for all its fields.

    ``index`` counts the rows from 0; ``consent`` is what its columns say of it, None where both are empty.
    """

    index: int
    line: int
    to: str
    changes: Changes
    values: tuple[str, ...]
    digest: bytes
    consent: Consent | None = None


class Recipients:
    """One file of recipients; each ``rows`` reads it anew, a line at a time."""

    def __init__(self, file: str, common: Changes, content: bytes | None = None) -> None:
        """Read the header; ``common`` are changes for every row. Raises InputError.

        ``content`` is what the file holds where it is on no disk, and then ``file`` is only its name.
        """
        self.file = file
        self.common = common
        self._content = content
        if content is None:
            _demand_file(file)
        with self._open() as binary:
            self._header = self._read_header(self._records(binary))
        self.columns = read_columns(file, self._header, common)

    def rows(self) -> Iterator[Recipient]:
        """Every row; raises InputError naming file, line and column of the first that is none."""
        with self._open() as binary:
            records = self._records(binary)
            if self._read_header(records) != self._header:
                raise InputError(f"{self.file}, line 1: the header has changed since it was read")
            for index, (line, values) in enumerate(records):
                yield self._row(index, line, values)

    def _open(self) -> BinaryIO:
        if self._content is not None:
            return io.BytesIO(self._content)
        try:
            return Path(self.file).open("rb")
        except OSError as error:
            raise InputError(f"{self.file}: cannot be read: {error.strerror}") from None

    def _read_header(self, records: Iterator[tuple[int, list[str]]]) -> list[str]:
        _, header = next(records, (0, None))
        if header is None:
            raise InputError(f"{self.file}: it is empty; expected a header row with a column named to")
        return header

    def _records(self, binary: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Line and fields of every record that is not blank."""
        reader = csv.reader(self._lines(binary), strict=True)
        while True:
            line = reader.line_num + 1
            try:
                values = next(reader, None)
            except csv.Error as error:
                raise InputError(f"{self.file}, line {line}: the row is no CSV: {error}") from None
            if values is None:
                return
            if values:
                yield line, values

    def _lines(self, binary: BinaryIO) -> Iterator[str]:
        number = 0
        try:
            while raw := binary.readline(LONGEST_LINE + 1):
                number += 1
                yield self._line(raw.removeprefix(_BOM) if number == 1 else raw, number)
        except OSError as error:
            raise InputError(f"{self.file}: cannot be read: {error.strerror}") from None

    def _line(self, raw: bytes, number: int) -> str:
        if len(raw) > LONGEST_LINE:
            raise InputError(f"{self.file}, line {number}: longer than {LONGEST_LINE:,} bytes")
        if b"\0" in raw:
            raise InputError(
                f"{self.file}, line {number}: a NUL byte at position {raw.index(0) + 1}; expected UTF-8 text"
            )
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.file}, line {number}: not UTF-8: byte 0x{raw[error.start]:02x} at position"
                f" {error.start + 1} (column {self._guess(raw[: error.start])}); save the file as UTF-8"
            ) from None

    def _guess(self, before: bytes) -> str:
        """The column in which the line stops to be UTF-8, by the fields before it."""
        fields = next(csv.reader([before.decode("utf-8", "replace")]), [])
        at = max(len(fields), 1)
        known = self.columns.names if hasattr(self, "columns") else ()
        return repr(known[at - 1]) if at <= len(known) else str(at)

    def _row(self, index: int, line: int, values: Sequence[str]) -> Recipient:
        columns = self.columns
        if len(values) != len(columns.names):
            raise InputError(f"{self.file}, line {line}: {_ragged(columns.names, values)}")
        for name, value in zip(columns.names, values, strict=True):
            if len(value) > LONGEST_FIELD:
                raise InputError(
                    f"{self.file}, line {line}, column {name!r}: {len(value):,} characters;"
                    f" expected at most {LONGEST_FIELD:,}"
                )
        source, moment = ("" if at is None else values[at].strip() for at in columns.consent)
        return Recipient(
            index=index,
            line=line,
            to=values[columns.to],
            changes=columns.changes(values, self.common),
            values=tuple(values),
            digest=hashlib.blake2b(msgspec.json.encode([line, values]), digest_size=16).digest(),
            consent=Consent(source=source, at=moment) if source or moment else None,
        )


def _demand_file(file: str) -> None:
    if not Path(file).exists():
        raise InputError(f"{file}: no such file")
    if not Path(file).is_file():
        raise InputError(f"{file}: expected a file of recipients (CSV), and no pipe: it is read twice")


def number_of(to: str) -> str:
    """A recipient's number as the ledger has it: in E.164 form, or as written where it is no number."""
    return e164(to) or to


def _ragged(names: Sequence[str], values: Sequence[str]) -> str:
    numbers = f"{len(values)} fields, and the header has {len(names)}"
    if len(values) < len(names):
        return f"{numbers}: nothing for column {names[len(values)]!r}; an empty field needs its comma"
    return f"{numbers}: {values[len(names)][:40]!r} stands after the last column {names[-1]!r}; quote commas"
