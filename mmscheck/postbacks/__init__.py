"""The provider's notifications over HTTP: read, handed over to be kept, and only then answered.

The package knows neither ledger nor provider: who starts it gives it a ``Keeper``.
"""

from mmscheck.postbacks.document import MAX_BODY_BYTES, Unreadable, read_postback
from mmscheck.postbacks.listener import SHORTEST_SECRET, Keeper, Listener, ListenerLimits, Secret, is_loopback
from mmscheck.postbacks.server import listening

__all__ = [
    "MAX_BODY_BYTES",
    "SHORTEST_SECRET",
    "Keeper",
    "Listener",
    "ListenerLimits",
    "Secret",
    "Unreadable",
    "is_loopback",
    "listening",
    "read_postback",
]
