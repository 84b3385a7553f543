"""A raw HTTP/1.1 server on loopback that answers each URL with exactly the bytes it was given."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import trustme

HOME = "127.0.0.1"

CERTIFICATES = ("trusted", "untrusted", "other-host", "expired", "ending")
"""What an https host may show: only the first is valid for a client that trusts ``Web.ca_file``."""


WAYS = ("gzip", "cold", "browser", "webp", "again")
"""How the requests after the first one differ; ``again`` is the second and later of the same."""

_MARK = re.compile(r"[?&]mmscheck=[0-9a-f]{16}$")


class Web:
    """One plain and one TLS port; requests are told apart by scheme, Host header and target.

    ``answers`` maps absolute URLs to the bytes to send before the connection is closed; a URL followed by
    white space and one of `WAYS` is for requests that ask in that way alone. ``delays`` are seconds before an
    answer.
    ``certificates`` maps host names to one of `CERTIFICATES`. What was asked for and not foreseen is
    kept in ``unexpected`` and gets no answer.
    """

    def __init__(
        self,
        answers: Mapping[str, bytes],
        certificates: Mapping[str, str] | None = None,
        delays: Mapping[str, float] | None = None,
    ) -> None:
        self.answers = {_asked(text): answer for text, answer in answers.items()}
        self.delays = {_asked(text): seconds for text, seconds in (delays or {}).items()}
        self.certificates = dict(certificates or {})
        self.requests: list[tuple[str, str, str]] = []
        self.unexpected: list[str] = []
        self.http_port = self.https_port = self.closed_port = 0
        self._authority = trustme.CA()

    async def __aenter__(self) -> Self:
        self._nobody = socket.socket()
        self._nobody.bind((HOME, 0))  # bound and never listening: every connection is refused
        self.closed_port = self._nobody.getsockname()[1]
        self._plain = await asyncio.start_server(self._serve("http"), HOME, 0)
        self._secure = await asyncio.start_server(self._serve("https"), HOME, 0, ssl=self._context())
        self.http_port = self._plain.sockets[0].getsockname()[1]
        self.https_port = self._secure.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *failure: object) -> None:
        for server in (self._plain, self._secure):
            server.close()
            await server.wait_closed()
        self._nobody.close()

    def write_ca(self, file: Path) -> Path:
        """Write the certificate of the authority that the trusted hosts' certificates come from."""
        self._authority.cert_pem.write_to_path(str(file))
        return file

    def _serve(self, scheme: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                answer, seconds = self._answer(scheme, head)
                await asyncio.sleep(seconds)
                writer.write(answer)
                await writer.drain()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

        return serve

    def _answer(self, scheme: str, head: str) -> tuple[bytes, float]:
        line, *headers = head.split("\r\n")
        host = next(value.strip() for name, _, value in (h.partition(":") for h in headers) if name == "Host")
        key = (scheme, host.lower(), line.split(" ")[1])
        self.requests.append(key)
        way, key = _way(head), (*key[:2], _MARK.sub("", key[2]))
        if way == "" and self.requests.count(key) > 1 and (*key, "again") in self.answers:
            way = "again"
        chosen = (*key, way) if (*key, way) in self.answers else (*key, "")
        if chosen not in self.answers:
            self.unexpected.append("{}://{}{}".format(*key))
        return self.answers.get(chosen, b""), self.delays.get(chosen, 0.0)

    def _context(self) -> ssl.SSLContext:
        """A context that takes another one by the name the client asks for."""
        stranger = trustme.CA()
        contexts = {
            host: _host_context(self._authority, stranger, host, kind)
            for host, kind in self.certificates.items()
        }
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            if name not in contexts:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = contexts[name]
            return None

        context.sni_callback = choose
        return context


def _asked(text: str) -> tuple[str, str, str, str]:
    url, _, way = text.partition(" ")
    return *_key(url), way


def _way(head: str) -> str:
    """In which of `WAYS` a request asks; empty for the way of the first one."""
    signs = {
        "gzip": "\r\nAccept-Encoding: gzip\r\n",
        "cold": "mmscheck=",
        "browser": "\r\nUser-Agent: Mozilla/",
        "webp": "\r\nAccept: image/webp",
    }
    return next((way for way, sign in signs.items() if sign in head), "")


def _key(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, parts.netloc.lower(), target


def _host_context(authority: trustme.CA, stranger: trustme.CA, host: str, kind: str) -> ssl.SSLContext:
    issuer = stranger if kind == "untrusted" else authority
    name = "elsewhere.example" if kind == "other-host" else host
    end = dt.datetime.now(dt.UTC) - dt.timedelta(days=1) if kind == "expired" else None
    if kind == "ending":
        end = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(name, not_after=end).configure_cert(context)
    return context


def response(
    body: bytes = b"",
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
    framing: str = "length",
) -> bytes:
    """A whole response: ``length`` adds Content-Length, ``chunked`` its header and chunks, ``close`` neither.

    A framing header that is given is not added again.
    """
    lines = list(headers)
    given = {name.lower() for name, _ in headers}
    if framing == "length" and "content-length" not in given:
        lines.append(("Content-Length", str(len(body))))
    if framing == "chunked" and "transfer-encoding" not in given:
        lines.append(("Transfer-Encoding", "chunked"))
    head = f"HTTP/1.1 {status} Whatever\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines)
    return head.encode("latin-1") + b"\r\n" + (_chunks(body) if framing == "chunked" else body)


def _chunks(body: bytes, size: int = 16 * 1024) -> bytes:
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
