"""The page: three files of the package, as they are, under a policy that lets nothing else run or load."""

from __future__ import annotations

from importlib import resources

from aiohttp import web

from mmscheck.serve.routes import Asked
from mmscheck.serve.shown import SAFE

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page:
    """Reads the files once."""

    def __init__(self) -> None:
        """From the package."""
        home = resources.files("mmscheck.serve")
        self._files = {name: (home / name).read_bytes() for name in ("page.html", "page.css", "page.js")}

    async def index(self, _asked: Asked) -> web.StreamResponse:
        """The page itself."""
        return self._file("page.html", "text/html")

    async def style(self, _asked: Asked) -> web.StreamResponse:
        """Its style."""
        return self._file("page.css", "text/css")

    async def script(self, _asked: Asked) -> web.StreamResponse:
        """Its script."""
        return self._file("page.js", "text/javascript")

    def _file(self, name: str, kind: str) -> web.Response:
        headers = {**SAFE, "Content-Security-Policy": POLICY, "Content-Type": f"{kind}; charset=utf-8"}
        return web.Response(body=self._files[name], headers=headers)
