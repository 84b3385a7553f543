"""All servers of one test session, each once, with every configuration behind a host name of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

from mmscheck.fetch import ConnectTo, FetchPolicy
from tests.support.servers.daemon import HOME, Daemon, find, free_ports, require
from tests.support.servers.files import open_folder, put_files
from tests.support.servers.origin import Origin

CONF = Path(__file__).parent / "conf"

PROGRAMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "nginx": ("nginx", "nginx-light"),
        "apache": ("apache2", "apache2"),
        "varnish": ("varnishd", "varnish"),
    }
)
"""The servers that may be missing, each with its program and Debian's package of it; aiohttp's never is."""

KINDS = ("aiohttp", *PROGRAMS)
_WORD = re.compile(r"@([a-z.-]+)@")


class World:
    """aiohttp, nginx, Apache and Varnish on loopback; entered once, left with all of them ended.

    What is not installed is left out. ``words`` are the pieces of configuration that stand for host names in
    the files of ``conf``.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self.ports = dict(zip(KINDS, free_ports(len(KINDS)), strict=True))
        self._words = words
        self._ending = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as failing:
            self.scratch = failing.enter_context(open_folder())
            files = put_files(self.scratch / "files")
            origin = Origin(
                self.ports["aiohttp"],
                files,
                answer=self._words["response.aiohttp.example"],
                setup=self._words["static.aiohttp.example"],
            )
            failing.callback(origin.stop)
            self.daemons = {}
            for kind, command in self._commands().items():
                log = self.scratch / f"{kind}.log"
                self.daemons[kind] = Daemon(command, port=self.ports[kind], log=log)
                failing.callback(self.daemons[kind].stop)
            for daemon in self.daemons.values():
                daemon.ready()
            self._ending = failing.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        self._ending.close()

    def _commands(self) -> dict[str, Sequence[str]]:
        self._configured("types.conf")
        nginx = self._configured("nginx.conf", user=f"user {_user()};" if _root() else "")
        apache = self._configured(
            "apache.conf",
            user=f"User {_user()}\nGroup #{_group()}" if _root() else "",
            modules="/usr/lib/apache2/modules",
        )
        varnish = self._configured("varnish.vcl")
        listen = f"{HOME}:{self.ports['varnish']}"
        arguments = {
            "nginx": ("-p", str(self.scratch), "-e", "stderr", "-c", str(nginx)),
            "apache": ("-f", str(apache), "-DFOREGROUND"),
            # The jail wants users and folders of its own; the scratch folder is all this one may use.
            "varnish": (
                *("-j", "none", "-F", "-n", str(self.scratch / "varnish")),
                *("-a", listen, "-T", "none", "-f", str(varnish), "-s", "malloc,32m"),
            ),
        }
        programs = {kind: find(name) for kind, (name, _) in PROGRAMS.items()}
        return {kind: (found, *arguments[kind]) for kind, found in programs.items() if found is not None}

    def _configured(self, name: str, **given: str) -> Path:
        ports = {f"port-{kind}": str(port) for kind, port in self.ports.items()}
        words = {**self._words, **ports, "scratch": str(self.scratch), **given}
        path = self.scratch / name
        path.write_text(_WORD.sub(lambda found: words[found[1]], (CONF / name).read_text()))
        return path

    def port(self, host: str) -> int:
        """The port behind a host name such as ``gzip.nginx.example``."""
        return self.ports[host.split(".")[-2]]

    def logs(self) -> str:
        """What the servers printed, for a test that failed."""
        return "\n".join(f"{kind}:\n{daemon.log()}" for kind, daemon in self.daemons.items())

    def policy(self, hosts: Sequence[str]) -> FetchPolicy:
        """How to fetch so that each of these host names leads to its server."""
        return FetchPolicy(
            retries=0,
            timeout=20,
            deadline=60,
            allow_net=("127.0.0.0/8",),
            connect_to=tuple(ConnectTo(host, 80, HOME, self.port(host)) for host in sorted(set(hosts))),
        )


def needed(host: str) -> list[tuple[str, str]]:
    """The program and the package of each server that a host name speaks of."""
    return [PROGRAMS[kind] for kind in PROGRAMS if kind in host]


def is_served(host: str) -> bool:
    """Whether all servers that a host name speaks of are installed."""
    return all(find(name) for name, _ in needed(host))


def require_servers(host: str) -> None:
    """Skip the test, or fail it, when a server that the host name speaks of is missing."""
    for name, package in needed(host):
        require(name, package)


def _root() -> bool:
    return os.geteuid() == 0


def _user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("www-data", "nobody") if name in names)


def _group() -> int:
    return pwd.getpwnam(_user()).pw_gid
