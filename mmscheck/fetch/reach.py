"""The hosts that a run may ask: others count what these bear as well, and are asked elsewhere."""

from __future__ import annotations

from collections.abc import Collection

from mmscheck.fetch.failure import Failure
from mmscheck.fetch.url import Target
from mmscheck.model.observation import Reason


class HostReach:
    """Hosts by name, whatever the port; ``beyond`` are those that redirects led to and nobody asked."""

    def __init__(self, hosts: Collection[str]) -> None:
        """Allow requests to ``hosts``, as `host_name` gives them."""
        self.beyond: set[str] = set()
        self._hosts = frozenset(hosts)

    @property
    def is_shared(self) -> bool:
        """Whether there are several hosts."""
        return len(self._hosts) > 1

    def hold(self, target: Target) -> None:
        """Raise `Failure`, and keep the host, where a redirect leads to one that is not to be asked."""
        if (name := host_name(target.key)) not in self._hosts:
            self.beyond.add(name)
            raise Failure(Reason.NOT_LOOKED, f"a redirect leads to {name}, which is asked elsewhere")


def host_name(key: str) -> str:
    """The host of a server's key (``host:port``)."""
    return key.rpartition(":")[0]
