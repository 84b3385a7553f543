"""What texts are held against: kept lists of words and hosts, and what a configuration says of its owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

import msgspec

_Text = Annotated[str, msgspec.Meta(pattern=r"\S", description="a text that is not blank")]
_Words = Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1, description="a list of at least one text")]


class ListKind(StrEnum):
    """What the entries of a list are: hosts of public shorteners, ways to opt out, or restricted words."""

    SHORTENERS = "shorteners"
    OPT_OUT = "opt-out"
    RESTRICTED = "restricted"


class WordList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of ``rules/words``: entries by topic, and by whose leave they are here.

    ``country`` (ISO 3166-1) and ``language`` (ISO 639-1) are those that restricted words are for, empty where
    they do not matter. ``source`` says what the list follows, ``checked`` when that was looked at, and
    ``licence`` on what terms the list itself may be used.
    """

    id: Annotated[
        str,
        msgspec.Meta(pattern=r"\A[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z", description="a kebab-case name"),
    ]
    kind: ListKind
    title: _Text
    source: _Text
    checked: dt.date
    licence: _Text
    topics: dict[str, _Words]
    country: str = ""
    language: str = ""

    @property
    def entries(self) -> Iterator[tuple[str, str]]:
        """Every entry with its topic."""
        return ((topic, entry) for topic, entries in self.topics.items() for entry in entries)


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """``lists`` are those in force: of restricted words only what the configuration switches on.

    ``own_domains`` are hosts of the sender, with all below them, and ``sender_names`` what it is called.
    """

    lists: tuple[WordList, ...] = ()
    own_domains: tuple[str, ...] = ()
    sender_names: tuple[str, ...] = ()

    def of(self, kind: ListKind) -> tuple[WordList, ...]:
        """The lists of one kind."""
        return tuple(each for each in self.lists if each.kind is kind)


NOTHING = Vocabulary()
"""No lists, no domains, no names."""


def is_below(host: str, domains: Iterable[str]) -> bool:
    """Whether a host in small letters is one of the domains, or is inside one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
