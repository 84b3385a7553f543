"""How much of what clients send is held in memory at a time, over all requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmscheck.serve.problem import ProblemError
from mmscheck.serve.settings import RETRY_AFTER


class Hall:
    """The bytes that all bodies may take together."""

    def __init__(self, most: int) -> None:
        """Nothing is held yet."""
        self._most = most
        self.held = 0

    @contextmanager
    def room(self) -> Iterator[Room]:
        """Room for one request's body, given back at the end of the block at the latest."""
        found = Room(self)
        try:
            yield found
        finally:
            found.leave()

    def change(self, size: int) -> None:
        """Take so many bytes more, or fewer; raises the problem of a hall that is full."""
        if size > 0 and self.held + size > self._most:
            raise ProblemError(
                "too-many", f"{self.held:,} bytes of other requests are held already.", after=RETRY_AFTER
            )
        self.held += size


class Room:
    """What one request holds."""

    def __init__(self, hall: Hall) -> None:
        """Nothing yet."""
        self._hall = hall
        self._size = 0

    def add(self, size: int) -> None:
        """So many bytes have come; raises the problem when there is no room for them."""
        self._hall.change(size)
        self._size += size

    def leave(self) -> None:
        """What had come is on disk, or is not needed any more."""
        self._hall.change(-self._size)
        self._size = 0
