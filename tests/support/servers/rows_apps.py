"""The same for servers beside nginx, Apache, aiohttp and Varnish, and whom the program is to recognise."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.servers.rows import (
    CHUNKED,
    COMPRESSED,
    CONTACTS,
    EVENTS,
    FEW,
    GENERIC,
    NAMELESS,
    NO_LENGTH_UNDER_GZIP,
    NO_TYPE,
    OLD_NAME,
    PASSES,
    PHOTOS,
    ROWS,
    SOUNDS,
    Row,
)
from tests.support.servers.world import KINDS

_SMALL = tuple(group[0] for group in (PHOTOS, CONTACTS, EVENTS, PASSES))

APP_ROWS: tuple[Row, ...] = (
    Row(
        host="stock.simplehttp.example",
        says="python3 -m http.server: a table of Debian's types, and none for passes",
        cases=(
            ((*PHOTOS, *CONTACTS, *EVENTS), {}),
            (SOUNDS, OLD_NAME),
            ((*PASSES, *NAMELESS), GENERIC),
        ),
    ),
    Row(
        host="stock.tomcat.example",
        says="compression on the Connector: small files lose their length, large ones go by sendfile",
        cases=(
            (PHOTOS, {}),
            (CONTACTS, OLD_NAME),
            (EVENTS, {}),
            ((*PASSES, *NAMELESS), NO_TYPE),
            ((*_SMALL, *NAMELESS), NO_LENGTH_UNDER_GZIP),
            ((*_SMALL, *NAMELESS), COMPRESSED),
        ),
    ),
    Row(
        host="stream.haproxy.example",
        says="HAProxy in front of an application that streams: it passes chunks on",
        cases=((FEW, CHUNKED), (NAMELESS, GENERIC)),
    ),
    Row(
        host="types.webrick.example",
        says="Sinatra's send_file on WEBrick: Rack's table of types",
        cases=((PHOTOS, {}), (CONTACTS, OLD_NAME), (EVENTS, {}), ((*PASSES, *NAMELESS), GENERIC)),
    ),
)
"""Configurations of further servers."""

ALL_ROWS = (*ROWS, *APP_ROWS)

_NOBODY = frozenset({"puma", "tomcat", "haproxy"})
"""Kinds whose answers hold nothing that only they send."""

_NAMES: Mapping[str, str] = {
    "apache": "Apache",
    "caddy": "Caddy",
    "cherrypy": "CherryPy",
    "django": "Django (likely)",
    "express": "Express",
    "flask": "Flask (likely)",
    "fpm": "PHP",
    "jetty": "Jetty",
    "node": "Node.js (likely)",
    "php": "PHP",
    "simplehttp": "Python's http.server",
    "squid": "Squid",
    "tornado": "Tornado",
    "uvicorn": "an ASGI application on uvicorn",
    "varnish": "Varnish",
    "waitress": "a Python WSGI application on waitress",
    "webrick": "WEBrick",
}
"""What a kind is called where it is not by its own name."""

_BEFORE_AIOHTTP = frozenset(
    {
        *("proxy.caddy.example", "stream.squid.example"),
        *("file.varnish.example", "gzip.varnish.example", "stream.varnish.example"),
    }
)
"""Hosts that hand on the Server header of the application behind them."""


def recognised(host: str) -> set[str]:
    """The names of all that is to be recognised behind a host, and of nothing else."""
    kinds = [kind for kind in KINDS if kind in host and kind not in _NOBODY]
    names = {_NAMES.get(kind, kind) for kind in kinds}
    return names | ({"aiohttp"} if host in _BEFORE_AIOHTTP else set())
