"""The shared secret that may end the path of a listener's address."""

from __future__ import annotations

import hashlib
import hmac
import re

from mmscheck.errors import UsageError

SHORTEST_SECRET = 16
"""Characters: what can be guessed keeps nobody out."""

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")


class Secret:
    """Knows whether a path ends in the secret, and shows it to nobody."""

    def __init__(self, text: str) -> None:
        """Raise UsageError for one that is too short, or that a URL would have to escape."""
        if len(text) < SHORTEST_SECRET or not _SEGMENT.fullmatch(text):
            raise UsageError(
                f"the secret for postbacks needs at least {SHORTEST_SECRET} characters, each a letter "
                "A to Z, a digit or one of - . _ ~"
            )
        self._digest = _digest(text)

    def __repr__(self) -> str:
        """Without the secret."""
        return "Secret(…)"

    def ends(self, path: str) -> bool:
        """Whether the last segment of a path is the secret; takes as long whatever it is."""
        return hmac.compare_digest(_digest(path.rstrip("/").rpartition("/")[2]), self._digest)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
