"""Names that announce a secret and shapes that are one, wherever they stand."""

from __future__ import annotations

import re

LONGEST_PLAIN = 16
"""Characters: a longer value of letters and digits mixed could be a token."""

SECRET_ELEMENTS = frozenset(
    {"apikey", "xapikey", "pass", "password", "secret", "token", "auth", "authorization"}
)
"""Elements of documents and calls whose text is never kept nor shown, by their folded names."""

KNOWN = re.compile(
    r"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2}))(?:"
    r"(?P<bot>bot[0-9]{3,}:)[\w-]{3,}"
    r"|eyJ[\w=+~-]{8,}(?:\.[\w-]*){0,4}"
    r"|gh[oprsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}"
    r"|[rs]k_(?:live|test)_\w{10,}|AIza[\w-]{30,}"
    r")",
    re.ASCII,
)
"""Tokens by their looks: JSON in base64 (RFC 7519 web tokens above all) and those of well-known services."""

_SHORTEST_KNOWN = 10
"""Characters: ``bot123:abc``; the others are longer."""

_WORDS = (
    r"token|secret|signature|passw|credential|hmac|session|jwt|auth(?!ors?(?![a-z]))|(?:api|access)[_-]?key"
    r"|csrf|xsrf|hdn(?:ea|tl|ts)|(?<![a-z])(?:sig|sign|pass|pwd|psk|sid|mac|otp|ticket|vault|bearer)(?![a-z])"
)
_NAME = re.compile(rf"{_WORDS}|(?<![a-z])(?:key|policy)(?![a-z])", re.IGNORECASE)
_HEADER = re.compile(rf"{_WORDS}|cookie|(?<![a-z])key\Z", re.IGNORECASE)
_KEYS_OF_CACHES = ("surrogate-key", "cache-key")
_ANNOUNCING = re.compile(r"(?:[\w-]{0,40}[_-])?(?:token|secret|hmac|jwt|api[_-]?key)", re.IGNORECASE)
_PERHAPS = re.compile(r"sig|signature|sign|hash|key", re.IGNORECASE)
_MIXED = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[\w.~+%-]++={0,2}\Z")


def is_hinted(text: str) -> bool:
    """Whether it is worth the while to look for `KNOWN` tokens.

    Every text of a report is asked, so this is written out: a loop over the hints takes four times as long.
    """
    return len(text) >= _SHORTEST_KNOWN and (
        "eyJ" in text
        or "bot" in text
        or "gh" in text
        or "glpat-" in text
        or "xox" in text
        or "k_" in text
        or "AIza" in text
    )


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name in a URL or a value is a secret."""
    return _NAME.search(name) is not None


def is_secret_header(name: str) -> bool:
    """The same for a header, where policies are public, and what a cache goes by has to be read."""
    return _HEADER.search(name) is not None and not name.lower().endswith(_KEYS_OF_CACHES)


def is_secret_behind(before: str, segment: str) -> bool:
    """Whether a segment of a path is a secret because of the one before it, as in ``/token/…``."""
    if _ANNOUNCING.fullmatch(before):
        return bool(segment) and "." not in segment
    return _PERHAPS.fullmatch(before) is not None and segment.isalnum() and is_token(segment)


def is_token(value: str) -> bool:
    """Whether a value is long and mixed as no word is."""
    return len(value) > LONGEST_PLAIN and _MIXED.match(value) is not None
