"""Try every way to every denied address, and tell which addresses were really dialled.

Run as ``python -m tests.support.address_watch WATCHER``, it prints one JSON object. The watcher ``audit``
notes each `socket.connect` of the process by an audit hook, which nothing in Python can get round, and stops
those that would leave it. The watcher ``listen`` wants a network namespace of its own (``unshare -n``): there
every address is made local, so that one listening socket takes the connections to all of them.
"""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote

from mmscheck.base.networks import SPECIAL_PURPOSE
from mmscheck.fetch import FetchPolicy, fetch_all
from mmscheck.fetch.names import system_lookup
from mmscheck.model.observation import NotFetched
from tests.support.rawserver import sniff

HOME = "127.77.0.1"
"""The one allowed address: where the host lives that redirects to all the others."""

PUBLIC = "8.8.8.8"
PORT = 8081
"""Where every target listens, if it is dialled."""

FURTHER = """
169.254.169.254 100.100.100.200 192.0.0.192 192.0.0.9 168.63.129.16 169.254.170.2 fd00:ec2::254 fd20:ce::254
::ffff:127.0.0.1 ::ffff:100.64.0.1 ::ffff:169.254.169.254 ::ffff:0:a9fe:a9fe ::127.0.0.1 fec0::1 ff02::1
64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b:1::a9fe:a9fe 2002:a9fe:a9fe:: 2002:7f00:1:: 2001:0:a9fe:a9fe::1
127.0.0.1 0.0.0.0 10.1.2.3 192.168.1.1 172.16.5.4 224.0.0.1 198.18.0.1 240.0.0.1 4000::1
"""
"""What has been used to get past such guards, beside the rows of the table themselves."""


def addresses() -> list[str]:
    """The first, the middle and the last address of every row, and the further ones."""
    found = dict.fromkeys(FURTHER.split())
    for network, _ in SPECIAL_PURPOSE:
        first, last = int(network[0]), int(network[-1])
        make = IPv4Address if network.version == 4 else IPv6Address
        found |= dict.fromkeys(str(make(number)) for number in (first, (first + last) // 2, last))
    return list(found)


def spellings(address: str) -> Iterator[str]:
    """Ways to write an address as the host of a URL that some resolver reads as that address."""
    number = ip_address(address)
    if isinstance(number, IPv6Address):
        yield from (f"[{number}]", f"[{number.exploded.upper()}]")
        if number.ipv4_mapped:
            yield f"[::ffff:{number.ipv4_mapped}]"
        return
    value, parts = int(number), number.packed
    yield address
    yield str(value)
    yield hex(value)
    yield ".".join(f"0{part:o}" for part in parts)
    yield ".".join(f"{part:#x}" for part in parts)
    yield f"{parts[0]}.{value & 0xFFFFFF}"
    yield f"{parts[0]}.{parts[1]}.{value & 0xFFFF}"
    yield "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else "\u3002" for char in address)


class NameServer:
    """Answers for names as told, in turn, the last one for ever; numbers are the system's to read."""

    def __init__(self) -> None:
        self._answers: dict[str, list[Sequence[str] | int]] = {}

    def host(self, *answers: Sequence[str] | int) -> str:
        """A new name with these answers; a number is a failure with that errno of getaddrinfo."""
        name = f"n{len(self._answers)}.example"
        self._answers[name] = list(answers)
        return name

    def __call__(self, host: str) -> Sequence[str]:
        answers = self._answers.get(host)
        if answers is None:
            return system_lookup(host)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, int):
            raise socket.gaierror(answer, "told so")
        return answer


def denied_urls(names: NameServer) -> Iterator[tuple[str, str]]:
    """(way, URL) of everything that must never be dialled."""
    for address in addresses():
        hosts = [("literal", spelled) for spelled in spellings(address)]
        hosts += [
            ("name", names.host([address])),
            ("mixed", names.host([PUBLIC, address])),
            ("mixed", names.host([address, PUBLIC])),
            ("failed first", names.host(socket.EAI_AGAIN, [address])),
            ("public later", names.host([address], [PUBLIC])),
        ]
        for way, host in hosts:
            yield way, f"http://{host}:{PORT}/{way.replace(' ', '-')}"


def make_every_address_local() -> None:
    """In a network namespace of our own: what is dialled there comes back to this process."""
    for command in (
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
    ):
        subprocess.run(command.split(), check=True)


class Watch:
    """The addresses that were dialled."""

    def __init__(self) -> None:
        self.dialled: set[str] = set()

    def listen_to_python(self, home_port: Callable[[], int]) -> None:
        """Note every connect, and let only those to the redirecting host happen."""

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if event not in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
                return
            address = arguments[1]
            if not isinstance(address, tuple) or address[:2] == (HOME, home_port()):
                return
            self.dialled.add(str(address[0]))
            raise ConnectionRefusedError(errno.ECONNREFUSED, "stopped by the test")

        sys.addaudithook(hook)

    async def listen_everywhere(self) -> asyncio.Server:
        """Take every connection to addresses that were made local."""

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            number = IPv6Address(writer.get_extra_info("sockname")[0].partition("%")[0])
            self.dialled.add(str(number.ipv4_mapped or number))
            writer.close()

        with socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
            return await asyncio.start_server(accept, sock=listening.dup())


@asynccontextmanager
async def redirecting() -> AsyncIterator[int]:
    """A host that sends everybody to the URL in the path of the request; yields its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        to = unquote(head.split()[1].decode()[1:]).encode("utf-8")
        writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + to + b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, HOME, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def policy(**changes: tuple[str, ...]) -> FetchPolicy:
    defaults: dict[str, tuple[str, ...]] = {"allow_net": (f"{HOME}/32",)}
    return FetchPolicy(
        **(defaults | changes),  # type: ignore[arg-type] # one field only
        retries=2,
        backoff=0.0,
        per_host=32,
        timeout=20.0,
        deadline=240.0,
    )


async def outcomes(urls: Sequence[tuple[str, str]], names: NameServer) -> list[tuple[str, str, str]]:
    """(way, URL, reason or nothing when it was fetched) of each."""
    found = await fetch_all([url for _, url in urls], policy(), sniff, lookup=names)
    return [
        (way, url, seen.reason.name if isinstance(seen := found[url], NotFetched) else "")
        for way, url in urls
    ]


async def run(watcher: str) -> dict[str, object]:
    """Everything, in this process."""
    names, watch = NameServer(), Watch()
    async with redirecting() as home:
        server = None
        if watcher == "listen":
            server = await watch.listen_everywhere()
        else:
            watch.listen_to_python(lambda: home)
        straight = list(denied_urls(names))
        through = [(f"redirect, {way}", f"http://{HOME}:{home}/{url}") for way, url in denied_urls(names)]
        results = await outcomes([*straight, *through], names)
        denied = sorted(watch.dialled)
        # Dialled once while it is public, and never again when the same name means another address.
        changing = [f"http://{names.host([PUBLIC], [bad])}:{PORT}/" for bad in addresses()]
        results += await outcomes([("public first", url) for url in changing], names)
        after_public = sorted(watch.dialled - {PUBLIC})
        results += await outcomes([("denied now", url) for url in changing], names)
        after_change = sorted(watch.dialled - {PUBLIC})
        open_policy = policy(allow_net=("0.0.0.0/0", "::/0"))
        controls = [f"http://{next(spellings(address))}:{PORT}/" for address in addresses()]
        await fetch_all(controls, open_policy, sniff)
        if server is not None:
            server.close()
    return {
        "results": results,
        "denied": denied,
        "after_public": after_public,
        "after_change": after_change,
        "control": sorted(watch.dialled),
    }


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        make_every_address_local()
    sys.stdout.write(json.dumps(asyncio.run(run(sys.argv[1]))))
