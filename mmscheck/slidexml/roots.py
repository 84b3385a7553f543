"""Whether an XML document is meant to be a stored message at all; folders hold other XML too."""

from __future__ import annotations

import re

from mmscheck.slidexml.decode import Undecodable, decode
from mmscheck.slidexml.names import key_of

_ROOT = "request"
_ASIDE = re.compile(r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_FIRST = re.compile(r"<([A-Za-z_][^\s/<>]*)")


def is_other_xml(data: bytes) -> bool:
    """True when the first element is plainly another than a message's; also for documents that are broken.

    What has no element to be seen counts as a message, and so as a broken one.
    """
    text = decode(data)
    visible = data.decode("latin-1") if isinstance(text, Undecodable) else text
    first = _FIRST.search(_ASIDE.sub("", visible))
    return first is not None and key_of(first[1]) != _ROOT
