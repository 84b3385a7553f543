"""A file of recipients as a stream of rows: CSV in UTF-8 with a header row."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from mmscheck.campaign.columns import Columns, read_columns
from mmscheck.errors import InputError
from mmscheck.model.request import Changes

LONGEST_LINE = 262_144
"""Bytes of one line of the file; a slide's text has at most 5,000 characters (a judgement)."""

LONGEST_FIELD = 20_000
"""Characters of one field; no part of a message takes a third of it (a judgement)."""

_BOM = b"\xef\xbb\xbf"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient: ``line`` is where its row begins in the file, ``digest`` stands for all its fields."""

    line: int
    to: str
    changes: Changes
    values: tuple[str, ...]
    digest: bytes


class Recipients:
    """One file of recipients; each ``rows`` reads it anew, a line at a time."""

    def __init__(self, file: str, common: Changes) -> None:
        """Read the header; ``common`` are changes for every row. Raises InputError."""
        self.file = file
        self.common = common
        if not Path(file).exists():
            raise InputError(f"{file}: no such file")
        if not Path(file).is_file():
            raise InputError(f"{file}: expected a file of recipients (CSV), and no pipe: it is read twice")
        with self._open() as binary:
            self.columns = self._header(self._records(binary))

    def rows(self) -> Iterator[Row]:
        """Every row; raises InputError naming file, line and column of the first that is none."""
        with self._open() as binary:
            records = self._records(binary)
            columns = self._header(records)
            if columns != self.columns:
                raise InputError(f"{self.file}, line 1: the header has changed since it was read")
            for line, values in records:
                yield self._row(columns, line, values)

    def _open(self) -> BinaryIO:
        try:
            return Path(self.file).open("rb")
        except OSError as error:
            raise InputError(f"{self.file}: cannot be read: {error.strerror}") from None

    def _header(self, records: Iterator[tuple[int, list[str]]]) -> Columns:
        _, header = next(records, (0, None))
        if header is None:
            raise InputError(f"{self.file}: it is empty; expected a header row with a column named to")
        return read_columns(self.file, header, self.common)

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

    def _row(self, columns: Columns, line: int, values: Sequence[str]) -> Row:
        if len(values) != len(columns.names):
            raise InputError(f"{self.file}, line {line}: {_ragged(columns.names, values)}")
        for name, value in zip(columns.names, values, strict=True):
            if len(value) > LONGEST_FIELD:
                raise InputError(
                    f"{self.file}, line {line}, column {name!r}: {len(value):,} characters;"
                    f" expected at most {LONGEST_FIELD:,}"
                )
        return Row(
            line=line,
            to=values[columns.to],
            changes=columns.changes(values, self.common),
            values=tuple(values),
            digest=hashlib.blake2b(msgspec.json.encode([line, values]), digest_size=16).digest(),
        )


def _ragged(names: Sequence[str], values: Sequence[str]) -> str:
    told = f"{len(values)} fields, and the header has {len(names)}"
    if len(values) < len(names):
        return f"{told}: nothing for column {names[len(values)]!r}; an empty field needs its comma"
    return f"{told}: {values[len(names)][:40]!r} stands after the last column {names[-1]!r}; quote commas"
