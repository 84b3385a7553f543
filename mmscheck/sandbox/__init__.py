"""A local stand-in for the provider and for a media host with faults.

It shares no fetching and no rule code with the checker, so that comparing the two means something.
"""

from __future__ import annotations

from mmscheck.sandbox.carrier import Carrier
from mmscheck.sandbox.encoding import Encoding
from mmscheck.sandbox.events import Event
from mmscheck.sandbox.faults import FAULTS
from mmscheck.sandbox.mishaps import MISHAPS, Mishaps
from mmscheck.sandbox.phones import Phones, Received, message_digest
from mmscheck.sandbox.postbacks import TAGS, Postbacks
from mmscheck.sandbox.sandbox import Sandbox
from mmscheck.sandbox.store import Saved, Sent
from mmscheck.sandbox.throttle import Throttle
from mmscheck.sandbox.ways import Ways

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
    "Saved",
    "Sent",
    "Throttle",
    "Ways",
    "message_digest",
]
