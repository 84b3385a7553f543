"""Keep secrets in URLs and headers out of everything a person or another program reads.

Signed URLs carry their secret in the query string or in the path, and whole ones get pasted into public
issues; so what is not plainly harmless there is replaced by ``…`` and a short digest, which still tells two
URLs of a report apart. The digest is keyed anew in every run: what a report holds of a secret cannot be
found again by guessing.

Every pattern here takes time in proportion to the text, whatever is in it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from mmscheck.base.secret_words import (
    KNOWN,
    is_hinted,
    is_secret_behind,
    is_secret_header,
    is_secret_name,
    is_token,
)

HARMLESS = frozenset({"v", "ver", "version", "w", "h", "width", "height", "size", "format", "fm"})
"""Query names that never hold a secret when their value is short."""

LONGEST_HARMLESS = 16
"""Characters: anything longer in a query could be a token."""

LONGEST_PATH = 4_096
"""Characters of a URL before its query that are shown; a digest stands for the rest."""

_LONGEST_QUERY = 512
"""Characters: a longer query is not looked through for harmless names."""

_KEY = secrets.token_bytes(32)
"""Of this run; known to nobody."""

_REDACTED = re.compile(r"…[0-9a-f]{12}")
_ALL_REDACTED = re.compile(r"(?:…[0-9a-f]{12})+")
_HALF_A_MARK = re.compile(r"…[0-9a-f]{0,11}\Z")
_LONGEST_MARK = 13
# Not after ?Q or ?B: there it is an encoded word (RFC 2047), which a report must show.
_QUOTED = re.compile(
    r"(?P<url>https?://[^\s\"'<>]+)|(?<!\?[BbQq])\?(?P<query>[\w.%-]+=[^=\s\"'<>?][^\s\"'<>]*)", re.IGNORECASE
)
# A ? that was encoded or forgotten, and the name behind it.
_LOST_QUERY = re.compile(r"(&|%(?:25)*(?:3f|26))([\w.%~+-]*)(=?)", re.IGNORECASE)
_MATRIX = re.compile(r"(;|%(?:25)*3b)([^/;]+)", re.IGNORECASE)
_ENTITY = re.compile(r"&#?\w{1,10}\Z")
_FILE = re.compile(r"[\w ~.-]{0,64}\.\w{1,5}|\w{1,3}")
_EQUALS = re.compile(r"=|%(?:25)*3d", re.IGNORECASE)
_NAMED = re.compile(r"([\w.-]{1,40})(?:=|%(?:25)*3d|:)", re.IGNORECASE)
_LATER_NAME = re.compile(r"[~;,|!&]([\w-]{1,40})(?:=|%3d)", re.IGNORECASE)
_ORIGIN = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//[^/\\]*", re.IGNORECASE)
_START = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]*", re.IGNORECASE)
_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[^:/\\@\s]+)(?::\d*)?(?:[/\\].*)?", re.DOTALL)
_PAIR = re.compile(r"""(?<![\w-])([\w-]++)(["']?\s*+[=:]\s*+["']?)([^\s;,&"']+)""")
_SCHEME = re.compile(r"\b(bearer|basic|token|apikey|digest)(\s+)([\w.~+/=-]{6,})", re.IGNORECASE)
_MARKS = ".,;:!?)]}"
_CACHE_STATUS = "cache-status"  # what it calls a key is the URL asked for (RFC 9211)
_LINK_HEADERS = frozenset({"location", "content-location", "link", "refresh"})


def redact_url(url: str) -> str:
    """The URL without a login or fragment, and with whatever may hold a secret as a digest of this run.

    Works on what people write, too: a login counts as one also behind ``http:/`` or a mistyped host.
    """
    return _RUN.url(url)


def stored_url(url: str) -> str:
    """The same for the ledger, which must find a URL again in every later run: its digests have no key.

    They are never shown. What an older version stored becomes what it would be today when it is given again.
    """
    return _STORED.url(url)


def unmarked(redacted: str) -> str:
    """A redacted URL without its query and without digests: the same in every run."""
    return _REDACTED.sub("…", redacted.partition("?")[0])


def _keyed(secret: bytes) -> str:
    return hmac.digest(_KEY, secret, "sha256").hex()


def _plain(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


class _Redaction:
    """Redacts URLs with one kind of digest; what is redacted already is left alone."""

    def __init__(self, hexadecimal: Callable[[bytes], str]) -> None:
        self._hexadecimal = hexadecimal

    def url(self, url: str) -> str:
        base, fragment_mark, fragment = url.partition("#")
        head, mark, query = base.partition("?")
        head = self._path(_without_login(head))
        if mark and not _is_harmless(query):
            query = self.digest(query)
        # What follows the mark of a fragment that was redacted before is the sentence around the URL.
        shown = fragment if fragment.startswith("…") else "…" if fragment else ""
        return head + mark + query + fragment_mark + shown

    def digest(self, secret: str) -> str:
        if _ALL_REDACTED.fullmatch(secret):
            return secret
        return "…" + self._hexadecimal(secret.encode("utf-8", "surrogatepass"))[:12]

    def _path(self, head: str) -> str:
        """The part before the query, cut where it is too long: what is left out is in the last digest."""
        if LONGEST_PATH <= len(head) + _LONGEST_MARK <= LONGEST_PATH + 2 * _LONGEST_MARK:
            # Perhaps cut before: the digest at its end then belongs to nothing before it.
            mark = _REDACTED.fullmatch(head, len(head) - _LONGEST_MARK)
            if mark:
                return self._without_tokens(head[: mark.start()]) + mark.group()
        rest = head[LONGEST_PATH:] if len(head) > LONGEST_PATH + _LONGEST_MARK else ""
        shown = self._without_tokens(head[:LONGEST_PATH] if rest else head)
        if len(shown) > LONGEST_PATH + _LONGEST_MARK:
            shown, rest = shown[:LONGEST_PATH], shown[LONGEST_PATH:] + rest
        return _HALF_A_MARK.sub("", shown) + self.digest(rest) if rest else shown

    def _without_tokens(self, head: str) -> str:
        origin = _ORIGIN.match(head)
        start = origin.end() if origin else 0
        path = self._lost_query(head[start:])
        if ";" in path or "%" in path:
            path = _MATRIX.sub(self._matrix, path)
        segments = path.split("/")
        return self.known(head[:start] + "/".join(map(self._segment, segments, ["", *segments])))

    def _lost_query(self, head: str) -> str:
        """The head without a query whose question mark was encoded or forgotten."""
        for found in _LOST_QUERY.finditer(head):
            if found[3] or _EQUALS.search(found[2]):
                query = head[found.start(2) :]
                kept = found[1] == "&" and _is_harmless(query)
                return head if kept else head[: found.start(2)] + self.digest(query)
        return head

    def _matrix(self, found: re.Match[str]) -> str:
        mark, value = found.groups()
        secret = _EQUALS.search(value) or not (
            _FILE.fullmatch(value)
            or value.startswith("…")
            or _ENTITY.search(found.string, max(0, found.start() - 12), found.start())
        )
        return mark + self.digest(value) if secret else found.group()

    def _segment(self, segment: str, before: str) -> str:
        if is_secret_behind(before, segment):
            return self.digest(segment)
        found = _NAMED.match(segment)
        value = segment[found.end() :] if found else ""
        if found and value and (is_secret_name(found[1]) or is_token(value)):
            return found.group() + self.digest(value)
        if any(map(is_secret_name, _LATER_NAME.findall(segment))):
            return self.digest(segment)
        return segment

    def known(self, text: str) -> str:
        if not is_hinted(text):
            return text
        return KNOWN.sub(lambda found: (found["bot"] or "") + self.digest(found.group()), text)


_RUN, _STORED = _Redaction(_keyed), _Redaction(_plain)


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
    if len(query) > _LONGEST_QUERY:
        return False
    # In a line of XML the separator is written &amp;.
    pairs = parse_qsl(query.replace("&amp;", "&"), keep_blank_values=True)
    return bool(pairs) and all(
        name.lower() in HARMLESS and len(value) <= LONGEST_HARMLESS for name, value in pairs
    )


def redact_text(text: str) -> str:
    """The text with every URL in it, every query by itself and every token known by its looks redacted."""
    if "://" in text or "?" in text:
        text = _QUOTED.sub(_redacted, text)
    return _RUN.known(text)


def _redacted(found: re.Match[str]) -> str:
    if found["url"]:
        url, rest = _apart(found["url"])
        return _RUN.url(url) + rest
    query, rest = _apart(found["query"])
    return found.group() if _is_harmless(query) else f"?{_RUN.digest(query)}{rest}"


def _apart(found: str) -> tuple[str, str]:
    """What was found, and the marks behind it: they are the sentence's, and would change the digest."""
    bare = found.rstrip(_MARKS)
    return bare, found[len(bare) :]


def redact_header(name: str, value: str) -> str:
    """The header value as it may be shown: cookies, tokens and challenges go, URLs are redacted."""
    if is_secret_header(name):
        return "…"
    if name.lower() in _LINK_HEADERS:
        value = _RUN.url(value) if "://" not in value[8:] else redact_text(value)
    else:
        value = redact_text(value)
    if name.lower() == _CACHE_STATUS:
        return value
    return _PAIR.sub(_redacted_pair, _SCHEME.sub(_redacted_login, value))


def _redacted_login(found: re.Match[str]) -> str:
    scheme, space, word = found.groups()
    # Any of the others is a word of the language as well.
    plain = scheme.lower() != "bearer" and not (is_token(word) or word.endswith("="))
    return found.group() if plain else f"{scheme}{space}{_RUN.digest(word)}"


def _redacted_pair(found: re.Match[str]) -> str:
    name, mark, value = found.groups()
    secret = is_secret_name(name) and not value.startswith("…")
    return f"{name}{mark}{_RUN.digest(value)}" if secret else found.group()


def redact_values(value: Any) -> Any:
    """A JSON value with every string in it redacted, keys and all; the value itself is left as it is."""
    top = [value]
    todo: list[Any] = [top]
    # By turns and not by recursion: however deep a value is, it takes no more than one frame.
    while todo:
        holder = todo.pop()
        for at, item in enumerate(holder) if isinstance(holder, list) else holder.items():
            if isinstance(item, str):
                holder[at] = redact_text(item)
            elif isinstance(item, list):
                todo.append(item := [*item])
                holder[at] = item
            elif isinstance(item, dict):
                todo.append(item := {redact_text(str(key)): inner for key, inner in item.items()})
                holder[at] = item
    return top[0]
