"""Keep secrets in URLs and headers out of everything a person or another program reads.

Signed URLs carry their secret in the query string, and whole ones get pasted into public issues; so
every query that is not plainly harmless is replaced by ``?…`` and a short digest, which still tells two
URLs apart.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from urllib.parse import parse_qsl

HARMLESS = frozenset(
    {"v", "ver", "version", "w", "h", "width", "height", "size", "format", "fm", "q", "page", "id"}
)
"""Query names that never hold a secret when their value is short."""

LONGEST_HARMLESS = 16
"""Characters: anything longer in a query could be a token."""

_REDACTED = re.compile(r"…[0-9a-f]{12}")
_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_SECRET_HEADERS = frozenset({"set-cookie", "set-cookie2", "www-authenticate", "proxy-authenticate"})
_LINK_HEADERS = frozenset({"location", "content-location", "link", "refresh"})


def redact_url(url: str) -> str:
    """The URL with userinfo removed and any query that may hold a secret replaced by a digest."""
    base, fragment_mark, fragment = url.partition("#")
    head, mark, query = base.partition("?")
    scheme, separator, rest = head.partition("://")
    if separator:
        authority, slash, path = rest.partition("/")
        head = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
    if mark and not _is_harmless(query) and not _REDACTED.fullmatch(query):
        query = "…" + hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    if fragment_mark and "=" in fragment:
        fragment = "…"
    return head + mark + query + fragment_mark + fragment


def _is_harmless(query: str) -> bool:
    # In a line of XML the separator is written &amp;.
    pairs = parse_qsl(query.replace("&amp;", "&"), keep_blank_values=True)
    return bool(pairs) and all(
        name.lower() in HARMLESS and len(value) <= LONGEST_HARMLESS for name, value in pairs
    )


def redact_text(text: str) -> str:
    """The text with every URL in it redacted."""
    if "://" not in text:
        return text
    return _URL.sub(lambda match: redact_url(match.group(0)), text)


def redact_header(name: str, value: str) -> str:
    """The header value as it may be shown: cookies and challenges go, URLs are redacted."""
    if name.lower() in _SECRET_HEADERS:
        return "…"
    if name.lower() in _LINK_HEADERS:
        return redact_url(value) if "://" not in value[8:] else redact_text(value)
    return redact_text(value)


def redact_values(value: Any) -> Any:
    """A JSON value with every string in it redacted, keys and all."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, list):
        return [redact_values(item) for item in value]
    if isinstance(value, dict):
        return {redact_text(str(key)): redact_values(item) for key, item in value.items()}
    return value
