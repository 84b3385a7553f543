"""Whether an XML document is meant to be a stored message at all; folders hold other XML too."""

from __future__ import annotations

import re

from mmscheck.slidexml.decode import Undecodable, decode
from mmscheck.slidexml.names import key_of

_ROOT = "request"
_ASIDE = re.compile(r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_FIRST = re.compile(r"<([A-Za-z_][^\s/<>]*)")
_SLIDE = re.compile(r"<(?:[\w.-]+:)?slide[\s/>]", re.IGNORECASE)
_TYPING_ERRORS = 2
"""Letters: a root that is so near to ``request`` was meant to be one."""


def is_other_xml(data: bytes) -> bool:
    """True when the first element is plainly another than a message's; also for documents that are broken.

    What has no element to be seen counts as a message, and so as a broken one. So does what holds slides, and
    what has a root one or two letters away from a message's: who mistypes it must not hear that all is well.
    """
    text = decode(data)
    visible = data.decode("latin-1") if isinstance(text, Undecodable) else text
    seen = _ASIDE.sub("", visible)
    first = _FIRST.search(seen)
    return first is not None and not _is_near(key_of(first[1])) and _SLIDE.search(seen) is None


def _is_near(name: str) -> bool:
    """Whether so few letters changed, left out or added make the name a message's root."""
    if abs(len(name) - len(_ROOT)) > _TYPING_ERRORS:
        return False
    row = list(range(len(_ROOT) + 1))
    for at, letter in enumerate(name, 1):
        above, row = row, [at]
        for index, wanted in enumerate(_ROOT):
            row.append(min(above[index] + (letter != wanted), above[index + 1] + 1, row[index] + 1))
    return row[-1] <= _TYPING_ERRORS
