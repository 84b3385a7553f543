"""What answers a media URL, how it is told from its answers, and the fix that is meant for it: data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

_Id = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z", description="a kebab-case name such as 'apache'"
    ),
]
_Text = Annotated[str, msgspec.Meta(pattern=r"\S", description="a text that is not blank")]
_Status = Annotated[int, msgspec.Meta(ge=100, le=599, description="an HTTP status")]


class ServerKind(StrEnum):
    """What part something plays; the last two answer in place of the file."""

    CDN = "cdn"
    IMAGE_CDN = "image-cdn"
    SERVER = "server"
    STORAGE = "storage"
    FRAMEWORK = "framework"
    WALL = "wall"
    PAGE = "page"


IN_PLACE_OF_THE_FILE = frozenset({ServerKind.WALL, ServerKind.PAGE})
"""The kinds that are named in a finding as what the answer looks like."""


class Mark(StrEnum):
    """Where a statement comes from."""

    MEASURED = "M"
    DOCUMENTED = "D"
    REPORTED = "I"
    KNOWLEDGE = "K"


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one answer must show; everything that is given must hold.

    Patterns are searched for without regard to case, in the beginning of a value only. ``headers`` maps names
    in lower case to patterns (one that stands several times counts as one value, joined by commas),
    ``without`` lists names that must not be there, ``host`` exact names, or suffixes that begin with a dot.

    Only the answer that came last has ``excerpt`` (a pattern of a text body's beginning), ``size_over``
    (bytes of body), ``empty`` (of a whole body), ``type`` (a pattern of the type that the bytes are) and
    ``browser`` (whether the same request as a browser got a file). ``encoded``, ``chunked`` and ``stated``
    say whether Content-Encoding, Transfer-Encoding: chunked and Content-Length are there. ``beside`` and
    ``apart`` are ids of what must, or must not, have been recognised too; only remedies have them.
    """

    headers: dict[str, _Text] = {}
    without: tuple[_Text, ...] = ()
    host: tuple[_Text, ...] = ()
    path: str = ""
    query: str = ""
    status: tuple[_Status, ...] = ()
    excerpt: str = ""
    encoded: bool | None = None
    chunked: bool | None = None
    stated: bool | None = None
    size_over: int | None = None
    empty: bool | None = None
    type: str = ""
    browser: bool | None = None
    beside: tuple[_Id, ...] = ()
    apart: tuple[_Id, ...] = ()


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form of URL that is known to lead to such a page whoever asks; everything that is given must hold.

    ``unless`` is a pattern of a query with which the same URL leads to the file itself.
    """

    host: tuple[_Text, ...]
    path: str = ""
    query: str = ""
    unless: str = ""


class Remedy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What helps: for which rules, under which of several conditions (none: always), why, and how.

    Lines of ``fix`` that begin with four spaces are configuration to copy. The marks say how well cause
    and fix are known; an empty ``cause`` leaves the fix alone.
    """

    rules: tuple[_Id, ...]
    cause: str
    cause_evidence: Mark
    fix: _Text
    fix_evidence: Mark
    source: _Text
    when: tuple[Condition, ...] = ()


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server, CDN, storage, framework, wall or kind of page.

    It is recognised by any one of ``signs``. ``evidence`` says how well these are known. ``looks_like``
    completes "It looks like ..." and is there for exactly what answers in place of the file. A ``fallback``
    is one of those that is only spoken of when no other was recognised. ``links`` tell a page by its URL
    alone, without a network.
    """

    id: _Id
    name: _Text
    kind: ServerKind
    signs: tuple[Condition, ...]
    evidence: Mark
    source: _Text
    looks_like: str = ""
    fallback: bool = False
    links: tuple[Link, ...] = ()
    remedies: tuple[Remedy, ...] = ()


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """What was recognised behind one URL: every name, outermost first, and all in one phrase."""

    names: tuple[str, ...]
    phrase: str
