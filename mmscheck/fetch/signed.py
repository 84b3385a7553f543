"""Whether a URL bears a signature, which any further query parameter would break."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

_NAMES = re.compile(
    r"sig|sign|token|hmac|hash|md5|digest|polic|expire|credential|auth|access-?key|key-?pair|secret|verify"
    r"|hdnea|hdnts|acl|valid_?until",
    re.IGNORECASE,
)
"""Parts of query names of S3, Google, Azure, CloudFront, Akamai, nginx secure_link and the like."""

_SHORT_NAMES = frozenset({"s", "e", "st", "se", "sv", "key", "k", "h", "exp", "ex", "hm", "oe", "oh"})
_TOKEN = re.compile(r"[A-Za-z0-9+/_=.~-]{24,}")
"""A value as long as this may be the token of a scheme that is not known here (a judgement)."""


def signed_by(url: str) -> str | None:
    """The name of the query parameter that looks like part of a signature, or None."""
    query = url.partition("#")[0].partition("?")[2]
    for name, value in parse_qsl(query, keep_blank_values=True):
        if _NAMES.search(name) or name.lower() in _SHORT_NAMES or _TOKEN.fullmatch(value):
            return name
    return None
