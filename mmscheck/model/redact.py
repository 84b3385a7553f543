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

HARMLESS = frozenset({"v", "ver", "version", "w", "h", "width", "height", "size", "format", "fm"})
"""Query names that never hold a secret when their value is short."""

LONGEST_HARMLESS = 16
"""Characters: anything longer in a query could be a token."""

_REDACTED = re.compile(r"…[0-9a-f]{12}")
_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
# Not after ?Q or ?B: there it is an encoded word (RFC 2047), which a report must show.
_QUERY = re.compile(r"(?<!\?[BbQq])\?([\w.%-]+=[^=\s\"'<>?][^\s\"'<>]*)")
_IN_PATH = re.compile(r"(;|%3f)([^/?#;]*=[^/?#;]*)", re.IGNORECASE)
_START = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]*", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[^:/\\@\s]+)(?::\d*)?(?:[/\\].*)?", re.DOTALL)
_SECRET_HEADERS = re.compile(
    r"cookie|auth(?!ors?$)|token|signature|secret|(?:api|access)-?key|password|session|csrf|xsrf|credential",
    re.IGNORECASE,
)
_MARKS = ".,;:!?)]}"
_LINK_HEADERS = frozenset({"location", "content-location", "link", "refresh"})


def redact_url(url: str) -> str:
    """The URL without a login or fragment, and with any query that may hold a secret as a digest.

    Works on what people write, too: a login counts as one also behind ``http:/`` or a mistyped host.
    """
    base, fragment_mark, fragment = url.partition("#")
    head, mark, query = base.partition("?")
    head = _IN_PATH.sub(lambda found: found.group(1) + _digest(found.group(2)), _without_login(head))
    if mark and not _is_harmless(query) and not _REDACTED.fullmatch(query):
        query = _digest(query)
    # What follows the mark of a fragment that was redacted before is the sentence around the URL.
    shown = fragment if fragment.startswith("…") else "…" if fragment else ""
    return head + mark + query + fragment_mark + shown


def _digest(secret: str) -> str:
    if _REDACTED.fullmatch(secret):
        return secret
    return "…" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _without_login(head: str) -> str:
    start = _START.match(head)
    prefix = start.group(0) if start else ""
    rest = head[len(prefix) :]
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        return f"{prefix}{authority.rpartition('@')[2]}{slash}{path}"
    if _HOST.fullmatch(rest) or not rest or ":" not in rest:
        return head
    return prefix + rest.rpartition("@")[2] if "@" in rest else f"{prefix}…"


def _is_harmless(query: str) -> bool:
    # In a line of XML the separator is written &amp;.
    pairs = parse_qsl(query.replace("&amp;", "&"), keep_blank_values=True)
    return bool(pairs) and all(
        name.lower() in HARMLESS and len(value) <= LONGEST_HARMLESS for name, value in pairs
    )


def redact_text(text: str) -> str:
    """The text with every URL in it, and every query by itself, redacted."""
    if "://" in text:
        text = _URL.sub(_redacted_url, text)
    return _QUERY.sub(_redacted_query, text) if "?" in text else text


def _redacted_url(found: re.Match[str]) -> str:
    url, rest = _apart(found.group(0))
    return redact_url(url) + rest


def _redacted_query(found: re.Match[str]) -> str:
    query, rest = _apart(found.group(1))
    return found.group(0) if _is_harmless(query) else f"?{_digest(query)}{rest}"


def _apart(found: str) -> tuple[str, str]:
    """What was found, and the marks behind it: they are the sentence's, and would change the digest."""
    bare = found.rstrip(_MARKS)
    return bare, found[len(bare) :]


def redact_header(name: str, value: str) -> str:
    """The header value as it may be shown: cookies, tokens and challenges go, URLs are redacted."""
    if _SECRET_HEADERS.search(name):
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
