"""Which hosts are asked in one chain of chunks: those that redirect to each other, as far as is known by now.

That one host leads to another shows when it is asked. A chunk that meets such a redirect does not follow it,
and leaves a note in the store; the next turn has the chunks of both hosts in one chain. So no host is ever
asked by two chains, and what it bears holds for all names that lead to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from mmscheck.errors import InputError
from mmscheck.fleet.run import FleetRun, UrlChunk
from mmscheck.fleet.store import RunStore

NOTES = "redirects"
"""The folder with a file for each redirect from one host to another."""


class HostRedirect(msgspec.Struct, frozen=True, order=True):
    """That one host leads to another."""

    host: str
    to: str


class ChunkLane(msgspec.Struct, frozen=True, kw_only=True):
    """The chain that a chunk stands in, and the hosts that are asked by no other one."""

    name: str
    hosts: tuple[str, ...]


def note_redirects(store: RunStore, found: Iterable[HostRedirect]) -> None:
    """Keep what was learned. Raises ReportError."""
    for each in found:
        data = msgspec.json.encode(each)
        store.write(f"{NOTES}/{hashlib.sha256(data).hexdigest()[:32]}.json", data)


def noted_redirects(store: RunStore) -> frozenset[HostRedirect]:
    """What was learned so far. Raises InputError for a store that cannot be reached."""
    return frozenset(_readable(store))


def _readable(store: RunStore) -> Iterator[HostRedirect]:
    for name in store.names(NOTES):
        try:
            yield store.read_struct(f"{NOTES}/{name}", HostRedirect)
        except InputError:
            # Whoever follows that redirect again learns it anew.
            store.remove(f"{NOTES}/{name}")


def lanes(run: FleetRun, redirects: Iterable[HostRedirect]) -> dict[int, ChunkLane]:
    """The lane of each chunk by its number: its own, or the one that hosts which meet have in common."""
    groups = _groups(redirects)
    found = {}
    for chunk in run.chunks:
        hosts = groups.get(chunk.host_name, (chunk.host_name,))
        # Hosts that share what they bear are asked in one chain, and in no share of one.
        name = chunk.lane if len(hosts) == 1 else hosts[0]
        found[chunk.number] = ChunkLane(name=name, hosts=hosts)
    return found


def is_whole_lane(hosts: tuple[str, ...], chunk: UrlChunk, redirects: Iterable[HostRedirect]) -> bool:
    """Whether the hosts of a chunk's lane are still all that meet."""
    return _groups(redirects).get(chunk.host_name, (chunk.host_name,)) == hosts


def _groups(redirects: Iterable[HostRedirect]) -> dict[str, tuple[str, ...]]:
    """For each host that redirects, or is led to, all that meet it, sorted."""
    groups: dict[str, set[str]] = {}
    for each in redirects:
        both = groups.get(each.host, {each.host}) | groups.get(each.to, {each.to})
        groups |= dict.fromkeys(both, both)
    return {host: tuple(sorted(group)) for host, group in groups.items()}
