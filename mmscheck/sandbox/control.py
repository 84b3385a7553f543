"""A small HTTP service for tests in other processes: what phones have, and what is to go wrong next."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from aiohttp import web

from mmscheck.errors import SandboxError
from mmscheck.sandbox.carrier import Phones, Received
from mmscheck.sandbox.web_server import of_a_page, plain

MAX_BODY_BYTES = 65_536

_HELP = """GET /phones          every phone's messages, and which came more than once
GET /phones/NUMBER   one phone's messages
POST /mishaps        a JSON array of mishap names or nulls, one for each of the next calls
"""


class Control:
    """Answers questions about the phones as JSON, and takes plans of mishaps."""

    def __init__(self, phones: Phones, plan: Callable[..., None]) -> None:
        """``plan`` takes mishap names or None, and raises SandboxError for an unknown one."""
        self._phones = phones
        self._plan = plan

    async def handle(self, request: web.BaseRequest, body: bytes) -> web.Response:
        """The answer to one request; a web page neither asks nor plans, by whatever name it comes here."""
        if of_a_page(request) or not _local(request.headers.get("Host")):
            return plain(403, "This is for programs on this machine, by its address or localhost.")
        match request.method, request.path.removeprefix("/").split("/"):
            case "GET", [""]:
                return plain(200, _HELP)
            case "GET", ["phones"]:
                return _json(self._everything())
            case "GET", ["phones", number]:
                return _json(_rows(self._phones.received(number)))
            case "POST", ["mishaps"]:
                return self._planned(body)
            case _:
                return plain(404, "There is nothing here; / says what there is.")

    def _everything(self) -> dict[str, object]:
        return {
            "total": self._phones.total,
            "uncounted": self._phones.uncounted,
            "phones": {number: _rows(self._phones.received(number)) for number in self._phones.counts},
            "repeated": {number: _rows(found) for number, found in self._phones.repeated.items()},
        }

    def _planned(self, body: bytes) -> web.Response:
        try:
            names = json.loads(body)
        except (ValueError, RecursionError):
            names = None
        if not isinstance(names, list) or not all(name is None or isinstance(name, str) for name in names):
            return plain(400, "A plan is a JSON array of mishap names or nulls.")
        try:
            self._plan(*names)
        except SandboxError as error:
            return plain(400, str(error))
        return _json({"planned": len(names)})


def _local(authority: str | None) -> bool:
    """Whether a Host header names this machine, or there is none (HTTP/1.0)."""
    if authority is None:
        return True
    try:
        host = urlsplit(f"//{authority}").hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _rows(found: Iterable[Received]) -> list[dict[str, str | int]]:
    return [{"mms-id": one.mms_id, "digest": one.digest, "times": one.times} for one in found]


def _json(value: object) -> web.Response:
    body = json.dumps(value).encode("ascii") + b"\n"
    return web.Response(body=body, headers={"Content-Type": "application/json"})
