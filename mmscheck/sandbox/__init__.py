"""A local stand-in for the provider and for a media host with faults.

It shares no fetching and no rule code with the checker, so that comparing the two means something.
"""

from __future__ import annotations

from mmscheck.sandbox.carrier import Carrier, Phones, Received, message_digest
from mmscheck.sandbox.encoding import Encoding
from mmscheck.sandbox.events import Event
from mmscheck.sandbox.media_host import FAULTS
from mmscheck.sandbox.messages import Sent, StoredMessage
from mmscheck.sandbox.mishaps import MISHAPS, Mishaps
from mmscheck.sandbox.postbacks import TAGS, Postbacks
from mmscheck.sandbox.sandbox import Sandbox
from mmscheck.sandbox.ways import Throttle, Ways

__all__ = [
    "FAULTS",
    "MISHAPS",
    "TAGS",
    "Carrier",
    "Encoding",
    "Event",
    "Mishaps",
    "Phones",
    "Postbacks",
    "Received",
    "Sandbox",
    "Sent",
    "StoredMessage",
    "Throttle",
    "Ways",
    "message_digest",
]
