"""Raw bytes to a port and back, and the few documents the sandbox tests send."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from mmscheck.sandbox import Sandbox

KEY = "sandbox-key"


@dataclass(frozen=True)
class Response:
    version: str
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


async def exchange(port: int, request: bytes, host: str = "127.0.0.1") -> bytes:
    """Write these bytes, and read until the other side closes."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


def response(raw: bytes) -> Response:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    version, status, _phrase = first.split(" ", 2)
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Response(version, int(status), headers, body)


async def get(port: int, path: str, method: str = "GET", host: str = "media.example.com") -> Response:
    request = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    return response(await exchange(port, request.encode()))


async def post(box: Sandbox, body: str | bytes, path: str = "/ep/v1/") -> Response:
    content = body.encode() if isinstance(body, str) else body
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    port = urlsplit(box.provider_url).port
    assert port is not None
    return response(await exchange(port, head.encode() + content))


async def call(box: Sandbox, body: str | bytes) -> dict[str, str]:
    """Make one call and return the answer's top-level fields by tag."""
    answer = await post(box, body)
    assert answer.status == 200
    assert answer.values("content-length") == [str(len(answer.body))]
    root = etree.fromstring(answer.body)
    assert root.tag in {"response", "RESPONSE"}
    return {str(child.tag): child.text or "" for child in root}


def save_xml(*slides: str, subject: str = "Sale", name: str = "sale", key: str = KEY) -> str:
    return (
        f"<request><action>saveMMS</action><api-key>{key}</api-key>"
        f"<message-subject>{escape(subject)}</message-subject><name>{name}</name>{''.join(slides)}</request>"
    )


def slide(*parts: str) -> str:
    return f"<slide>{''.join(parts)}</slide>"


def medium(kind: str, url: str) -> str:
    return f"<{kind}><url>{escape(url)}</url></{kind}>"


def text(words: str = "Hello") -> str:
    return f"<message-text>{escape(words)}</message-text>"


def send_xml(mms_id: str, extra: str = "", /, **changes: str | None) -> str:
    fields: dict[str, str | None] = {
        "action": "sendSavedMMS",
        "api-key": KEY,
        "to": "14044790000",
        "from": "28444",
        "service-id": "12345",
        "mms-id": mms_id,
        "fallback-sms-text": "See our sale",
    }
    fields |= {name.replace("_", "-").strip("-"): value for name, value in changes.items()}
    parts = (f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)
    return f"<request>{''.join(parts)}{extra}</request>"
