"""Another provider, whose messages are checked and never sent: fields, numbers, what its documents say."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

import msgspec

from mmscheck.model.words import MediaKind, SenderType


class Role(StrEnum):
    """What a field of a payload is to a message."""

    TO = "to"
    FROM = "from"
    TEXT = "text"
    SUBJECT = "subject"
    MEDIA = "media"  # the URL of a file
    UNSEEN = "unseen"  # content that lies with the provider, at which nobody else can look
    OTHER = "other"  # known, and nothing to a check


class FieldType(StrEnum):
    """What a field may hold."""

    STRING = "string"
    STRINGS = "strings"  # one, or an array of them; in a form by giving it again
    SCALAR = "scalar"  # a string, a number, or true or false
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ANY = "any"


class Form(StrEnum):
    """The notation of a payload."""

    FORM = "form"  # application/x-www-form-urlencoded
    JSON = "json"


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field: ``values`` are all that it may be, and ``otherwise`` is its value where it is left out.

    ``between`` is what separates several in one string.
    A value that begins with one of ``never`` is that of no MMS. ``only_with`` maps another field to the value
    with which alone this one is looked at by the provider. ``kind`` is that of a file, where the field tells it.
    """

    role: Role = Role.OTHER
    type: FieldType = FieldType.STRING
    values: tuple[str, ...] = ()
    otherwise: str = ""
    between: str = ""
    never: tuple[str, ...] = ()
    kind: MediaKind | None = None
    only_with: dict[str, str] = {}


class Need(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of which one has to be there, and the provider's codes where none is."""

    one_of: tuple[str, ...]
    codes: tuple[str, ...] = ()


class OwnLimit(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the provider's file in ``rules/limits``; without ``sender`` it holds for every kind."""

    name: str
    sender: SenderType | None
    maximum: int
    source: str


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider, by the name of its files.

    ``fields`` go by their path, in which ``[]`` stands for any place in an array. ``states`` are rules of
    another provider that its documents have too, and ``codes`` its codes for what rules that hold everywhere
    find. ``types`` are the media types that it lists; none where no whole list could be read.
    ``unheld`` are numbers of its file of limits that hold for some of its messages only.
    """

    name: str
    source: str
    checked: dt.date
    forms: tuple[Form, ...]
    needs: tuple[Need, ...]
    fields: dict[str, Field]
    states: dict[str, tuple[str, ...]] = {}
    codes: dict[str, tuple[str, ...]] = {}
    types: tuple[str, ...] = ()
    unheld: tuple[str, ...] = ()
    id: str = ""
    limits: tuple[OwnLimit, ...] = ()

    def codes_of(self, rule: str) -> tuple[str, ...]:
        """Its codes for what this rule finds."""
        return self.states.get(rule, ()) or self.codes.get(rule, ())
