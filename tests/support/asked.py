"""What a server was asked for, in one line each, and answers that depend on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from mmscheck.model.observation import Observation, Probe, ProbeName
from tests.support.rawserver import RawServer, Respond

FIRST = "GET /a.jpg identity */* mmscheck"
GZIP = "GET /a.jpg gzip */* mmscheck"
COLD = "GET /a.jpg?mmscheck=* identity */* mmscheck"
BROWSER = "GET /a.jpg identity */* Mozilla"
WEBP = "GET /a.jpg identity image/webp,image/* mmscheck"


def asked(server: RawServer) -> list[str]:
    """Every request as `request_line` shows it, sorted."""
    return sorted(map(request_line, server.requests))


def request_line(head: bytes) -> str:
    """Method, target (its random part as ``*``), Accept-Encoding, Accept and program of one request."""
    line, *lines = head.decode().strip().split("\r\n")
    method, target, _ = line.split(" ")
    fields = dict(entry.split(": ", 1) for entry in lines)
    assert fields.keys() == {"Host", "User-Agent", "Accept", "Accept-Encoding"}
    program = fields["User-Agent"].partition("/")[0]
    shown = re.sub("mmscheck=[0-9a-f]{16}$", "mmscheck=*", target)
    return f"{method} {shown} {fields['Accept-Encoding']} {fields['Accept']} {program}"


def targets(server: RawServer) -> list[str]:
    """The targets alone, in the order of the requests."""
    return [request_line(head).split(" ")[1] for head in server.requests]


def probe(found: Observation, name: ProbeName) -> Probe:
    """The one probe of that name."""
    (only,) = (each for each in found.probes if each.name is name)
    return only


def by(choose: Callable[[bytes], bytes]) -> Respond:
    """Answer each request with the bytes chosen by its head, and close."""

    async def respond(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(choose(head))
        writer.close()

    return respond
