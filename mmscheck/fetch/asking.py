"""In what way a file is asked for, where that differs from the first request for it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal

import msgspec

from mmscheck.fetch.names import Route


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """What is different about one request.

    ``headers`` replace those of the same name. ``read`` is what becomes of the body: kept, only its digest
    taken, or not read beyond the response head. ``family`` is the one IP version (4 or 6) to dial where a
    name has addresses of it.
    """

    headers: tuple[tuple[str, str], ...] = ()
    read: Literal["whole", "digest", "head"] = "whole"
    family: int | None = None

    def narrowed(self, route: Route) -> Route:
        """The route with addresses of the wanted family alone, or as it is where there are none."""
        wanted = tuple(text for text in route.addresses if family(text) == self.family)
        return msgspec.structs.replace(route, addresses=wanted) if wanted else route


PLAIN = Asking()
"""As the first request asks: the plain file, whole."""


def family(address: str) -> int:
    """4 or 6, for a numeric address as the operating system writes it."""
    return ip_address(address.partition("%")[0]).version
