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


_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")


def authority_of(text: str) -> str:
    """Host and port of an address as all its spellings have them in common; empty for a text with none.

    A host alone is taken for one with https; a port that goes without saying is left out.
    """
    parts = take_apart(text.strip() if "://" in text else f"https://{text.strip()}")
    host = (parts.host or "").lower().rstrip(".")
    port = parts.port or ""
    if not _HOST.fullmatch(host) or (port and not (port.isascii() and port.isdigit())):
        return ""
    usual = not port or int(port) == _PORTS.get((parts.scheme or "").lower())
    return host if usual else f"{host}:{int(port)}"
