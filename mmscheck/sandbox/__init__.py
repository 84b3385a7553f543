"""A local stand-in for the provider and for a media host with faults.

It shares no fetching and no rule code with the checker, so that comparing the two means something.
"""

from __future__ import annotations

from mmscheck.sandbox.events import Event
from mmscheck.sandbox.faults import FAULTS
from mmscheck.sandbox.sandbox import Sandbox
from mmscheck.sandbox.store import Saved, Sent

__all__ = ["FAULTS", "Event", "Sandbox", "Saved", "Sent"]
