"""The provider's notifications over HTTP: read, handed over to be kept, and only then answered.

The package knows neither ledger nor provider: who starts it gives it a ``Keeper``.
"""

from mmscheck.postbacks.document import MAX_BODY_BYTES, Unreadable, read_postback
from mmscheck.postbacks.handler import Keeper, Listener, is_loopback
from mmscheck.postbacks.limits import Limits
from mmscheck.postbacks.secret import SHORTEST_SECRET, Secret
from mmscheck.postbacks.server import listening

__all__ = [
    "MAX_BODY_BYTES",
    "SHORTEST_SECRET",
    "Keeper",
    "Limits",
    "Listener",
    "Secret",
    "Unreadable",
    "is_loopback",
    "listening",
    "read_postback",
]
