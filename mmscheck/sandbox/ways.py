"""All the ways of the provider in one value; as it stands alone, a provider that has none."""

from __future__ import annotations

from dataclasses import dataclass, field

from mmscheck.sandbox.carrier import Carrier
from mmscheck.sandbox.checked import seconds
from mmscheck.sandbox.encoding import Encoding
from mmscheck.sandbox.mishaps import Mishaps
from mmscheck.sandbox.postbacks import Postbacks
from mmscheck.sandbox.throttle import Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the provider behaves beyond its documented rules.

    ``encoding`` None: every message is ready at once, nothing is decoded. ``postbacks`` None: none are sent.
    ``answer_seconds`` pass before each call is acted on.
    """

    encoding: Encoding | None = None
    carrier: Carrier = field(default_factory=Carrier)
    throttle: Throttle = field(default_factory=Throttle)
    mishaps: Mishaps = field(default_factory=Mishaps)
    postbacks: Postbacks | None = None
    answer_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Raise SandboxError for an impossible time."""
        seconds("the time before each answer", self.answer_seconds)
