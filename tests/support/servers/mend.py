"""One host before and after advice, and words that several have in common."""

from __future__ import annotations

import msgspec

from tests.support.servers.rows import Files, url


class Mend(msgspec.Struct, frozen=True, kw_only=True):
    """One host before and after.

    ``turned`` are rules that fail before and pass after; the advice taken is that of the first. ``files`` are
    the ones it is about. ``fault`` is what stands in the configuration before. The advice must
    say ``said``; after, there stands its block or, where the advice is in words, ``done``.
    """

    host: str
    says: str
    turned: tuple[str, ...]
    files: Files
    said: str
    fault: str = ""
    done: str | None = None

    @property
    def urls(self) -> list[str]:
        """Where the files lie."""
        return [url(self.host, name) for name in self.files]


LENGTH = ("content-length", "not-chunked")
COLD = (*LENGTH, "length-when-cold")
GZIP = ("length-under-gzip",)
TYPE = ("content-type-specific",)
STREAM, FILE, ACCEL = (f"{name}.aiohttp.example" for name in ("stream", "file", "accel"))
