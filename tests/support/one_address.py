"""Ask one public address for a file under many names, and print how many requests were under way at once.

Run as ``unshare -n python -m tests.support.one_address NAMES``: the address is made this machine's own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys

from mmscheck.fetch import FetchPolicy, fetch_all
from mmscheck.model.observation import Fetched
from tests.support.rawserver import sniff

ADDRESS = "93.184.216.34"


async def main(names: int) -> None:
    now, most = 0, 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        await reader.readuntil(b"\r\n\r\n")
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: image/gif\r\nConnection: close\r\n\r\nGI"
        )
        writer.close()

    async with await asyncio.start_server(answer, ADDRESS, 80):
        urls = [f"http://n{number}.example.com/a.gif" for number in range(names)]
        policy = FetchPolicy(per_host=1)
        found = await fetch_all(urls, policy, sniff, lookup=lambda _: [ADDRESS])
    print(most, sum(isinstance(one, Fetched) for one in found.values()))  # noqa: T201 - what the test reads


def own(address: str) -> None:
    """Make the address this machine's."""
    for command in (["ip", "link", "set", "lo", "up"], ["ip", "addr", "add", f"{address}/32", "dev", "lo"]):
        subprocess.run(command, check=True)


if __name__ == "__main__":
    own(ADDRESS)
    asyncio.run(main(int(sys.argv[1])))
