r"""A URL taken apart exactly as written.

``urllib.parse.urlsplit`` deletes tabs and line feeds without a word and reads ``host\`` as a user name,
so the generic grammar of RFC 3986, appendix B, is applied to the raw text instead.
"""

from __future__ import annotations

import re

import msgspec

_PARTS = re.compile(
    r"(?:(?P<scheme>[^:/?#]+):)?(?://(?P<authority>[^/?#]*))?"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
_AUTHORITY = re.compile(r"(?:.*@)?(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>.*))?", re.DOTALL)


class WebAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a URL, each as written; None where the part is not there at all.

    ``host`` and ``port`` are None as well when the authority is no such thing.
    """

    scheme: str | None
    authority: str | None
    host: str | None
    port: str | None
    path: str
    query: str | None
    fragment: str | None


def take_apart(url: str) -> WebAddress:
    """Split a URL; anything can be split, and the parts say what is missing."""
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise AssertionError("the grammar of RFC 3986, appendix B, matches every text")
    authority = parts["authority"]
    inner = _AUTHORITY.fullmatch(authority) if authority is not None else None
    return WebAddress(
        scheme=parts["scheme"],
        authority=authority,
        host=inner["host"] if inner else None,
        port=inner["port"] if inner else None,
        path=parts["path"],
        query=parts["query"],
        fragment=parts["fragment"],
    )
