"""Which rows of a campaign stand for all the others: one for each kind of merge data that there is.

Of every column but the number and its consent there are these kinds, as far as the file has them:

- ``NAME empty`` and ``NAME filled``: a blank cell, which leaves the stored text or a tag's default, and
  another;
- ``NAME longest``: the longest value, in characters (the first of several);
- ``NAME not ASCII``: a value with other characters, which makes an SMS and a subject shorter;
- ``NAME links to HOST``: a value with a link, for each host.

A row stands for every kind that it has, and few rows are taken: again and again the one with most kinds that
no row stands for yet, the earliest of several.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mmscheck.base.text import is_blank
from mmscheck.campaign.recipients import Columns, Recipient
from mmscheck.checks.links import links
from mmscheck.model.proof import Variant

MOST_HOSTS = 8
"""Hosts that one column's links are told apart by (a judgement); those of all others are one kind."""


class ChosenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row, and the kinds that it stands for."""

    row: Recipient
    kinds: tuple[str, ...]

    @property
    def variant(self) -> Variant:
        """It as reports have it."""
        return Variant(line=self.row.line, kinds=self.kinds)


class Variants:
    """Finds them in one pass over the rows; it holds one row for each kind."""

    def __init__(self, columns: Columns) -> None:
        """``columns`` are those of the file."""
        kept = {columns.to, *(at for at in columns.consent if at is not None)}
        self._columns = [(at, name) for at, name in enumerate(columns.names) if at not in kept]
        self._first: dict[str, Recipient] = {}
        self._longest: dict[int, tuple[int, Recipient]] = {}
        self._hosts: dict[int, set[str]] = {at: set() for at, _ in self._columns}
        self._any: Recipient | None = None

    def count(self, row: Recipient) -> None:
        """Look at one more row."""
        self._any = self._any or row
        for at, name in self._columns:
            value = row.values[at]
            for kind in self._kinds(at, value):
                self._first.setdefault(f"{name} {kind}", row)
            if len(value) > self._longest.get(at, (0, row))[0]:
                self._longest[at] = (len(value), row)

    def _kinds(self, at: int, value: str) -> Iterator[str]:
        if is_blank(value):
            yield "empty"
            return
        yield "filled"
        if not value.isascii():
            yield "not ASCII"
        for link in links(value):
            hosts = self._hosts[at]
            if len(hosts) < MOST_HOSTS:
                hosts.add(link.host)
            yield f"links to {link.host if link.host in hosts else 'further hosts'}"

    def chosen(self) -> tuple[ChosenRow, ...]:
        """The rows that stand for all, in the order of the file; of a file without merge data its first."""
        has: dict[int, set[str]] = {}
        rows: dict[int, Recipient] = {}
        longest = (
            (f"{name} longest", self._longest[at][1]) for at, name in self._columns if at in self._longest
        )
        for kind, row in (*self._first.items(), *longest):
            rows[row.index] = row
            has.setdefault(row.index, set()).add(kind)
        for index, row in rows.items():
            has[index] |= {
                f"{name} {kind}" for at, name in self._columns for kind in self._kinds(at, row.values[at])
            }
        missing = set[str]().union(*has.values())
        chosen = []
        while missing:
            index = max(has, key=lambda one: (len(has[one] & missing), -one))
            chosen.append(ChosenRow(row=rows[index], kinds=tuple(sorted(has[index] & missing))))
            missing -= has[index]
        if not chosen and self._any is not None:
            chosen.append(ChosenRow(row=self._any, kinds=("as it is",)))
        return tuple(sorted(chosen, key=lambda one: one.row.index))
