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

_GEMS = "/usr/share/rubygems-integration/all/gems"
PROGRAMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "nginx": ("nginx", "nginx-light"),
        "apache": ("apache2", "apache2"),
        "varnish": ("varnishd", "varnish"),
        "caddy": ("caddy", "caddy"),
        "lighttpd": ("/usr/lib/lighttpd/mod_deflate.so", "lighttpd lighttpd-mod-deflate"),
        "squid": ("squid", "squid"),
        "php": ("php", "php-cli"),
        "node": ("node", "nodejs"),
        "express": ("/usr/share/nodejs/compression", "node-express node-compression"),
        "django": ("/usr/lib/python3/dist-packages/whitenoise", "gunicorn python3-django python3-whitenoise"),
        "uvicorn": ("/usr/lib/python3/dist-packages/fastapi", "uvicorn python3-fastapi"),
        "flask": ("/usr/lib/python3/dist-packages/flask", "python3-flask"),
        "fpm": ("php-fpm*", "php-fpm"),
        "puma": (f"{_GEMS}/sinatra-*", "ruby-sinatra puma"),
        "webrick": (f"{_GEMS}/webrick-*", "ruby-sinatra ruby-webrick"),
        "thin": ("thin", "ruby-sinatra thin"),
        "tomcat": ("/usr/share/tomcat10/bin/bootstrap.jar", "tomcat10"),
        "jetty": ("/usr/share/java/jetty9-webapp.jar", "libjetty9-java"),
        "haproxy": ("haproxy", "haproxy"),
        "tornado": ("/usr/lib/python3/dist-packages/tornado", "python3-tornado"),
        "h2o": ("h2o", "h2o"),
        "waitress": ("/usr/lib/python3/dist-packages/waitress", "python3-bottle python3-waitress"),
        "cherrypy": ("/usr/lib/python3/dist-packages/cherrypy", "python3-cherrypy3"),
        "simplehttp": ("/usr/bin/python3", "python3"),
    }
)
"""The servers that may be missing, each with its program and Debian's package of it; aiohttp's never is."""

KINDS = ("aiohttp", *PROGRAMS)
_WORD = re.compile(r"@([a-z0-9.-]+)@")


class World:
    """aiohttp and all servers of `PROGRAMS` on loopback; entered once, left with all of them ended.

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
                self.daemons[kind] = Daemon(command, port=self.ports[kind], log=log, http=kind != "fpm")
                failing.callback(self.daemons[kind].stop)
            for daemon in self.daemons.values():
                daemon.ready()
            self._ending = failing.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        self._ending.close()

    def _commands(self) -> dict[str, Sequence[str]]:
        self._configured("types.conf")
        programs = {kind: find(name) for kind, (name, _) in PROGRAMS.items()}
        arguments = {**self._servers(), **self._frameworks(), **self._further()}
        found = {kind: arguments[kind] for kind, path in programs.items() if path is not None}
        return {kind: (find(name) or name, *rest) for kind, (name, *rest) in found.items()}

    def _servers(self) -> dict[str, Sequence[str]]:
        nginx = self._configured("nginx.conf", user=f"user {_user()};" if _root() else "")
        apache = self._configured(
            "apache.conf",
            user=f"User {_user()}\nGroup #{_group()}" if _root() else "",
            modules="/usr/lib/apache2/modules",
        )
        varnish = self._configured("varnish.vcl")
        listen = f"{HOME}:{self.ports['varnish']}"
        squid = self._configured("squid.conf", user=f"cache_effective_user {_user()}" if _root() else "")
        return {
            "nginx": ("nginx", "-p", str(self.scratch), "-e", "stderr", "-c", str(nginx)),
            "apache": ("apache2", "-f", str(apache), "-DFOREGROUND"),
            # The jail wants users and folders of its own; the scratch folder is all this one may use.
            "varnish": (
                *("varnishd", "-j", "none", "-F", "-n", str(self.scratch / "varnish")),
                *("-a", listen, "-T", "none", "-f", str(varnish), "-s", "malloc,32m"),
            ),
            "caddy": (
                "caddy",
                "run",
                "--adapter",
                "caddyfile",
                "--config",
                str(self._configured("Caddyfile")),
            ),
            "lighttpd": ("lighttpd", "-D", "-f", str(self._configured("lighttpd.conf"))),
            "squid": ("squid", "-N", "-f", str(squid)),
        }

    def _frameworks(self) -> dict[str, Sequence[str]]:
        """Applications, each with the server that Debian has for it; none of them is this environment's."""
        for name in ("django_app.py.in", "fast_app.py.in"):
            self._configured(name)
        chdir, python = str(self.scratch), "/usr/bin/python3"
        return {
            "php": ("php", "-S", self._at("php"), str(self._script("app.php", "{}.php.example"))),
            "node": ("node", str(self._configured("app.js"))),
            "express": (
                *("env", "NODE_PATH=/usr/share/nodejs", "node"),
                str(self._configured("express.js")),
            ),
            "django": (
                *(python, "-m", "gunicorn", "--chdir", chdir, "--threads", "4"),
                *("-b", self._at("django"), "django_app:application"),
            ),
            "uvicorn": (
                *(python, "-m", "uvicorn", "--app-dir", chdir, "--host", HOME),
                *("--port", str(self.ports["uvicorn"]), "fast_app:app"),
            ),
            "flask": (python, str(self._configured("flask_app.py.in"))),
        }

    def _script(self, name: str, hosts: str) -> Path:
        """The PHP script under this name, with what stands in it for the hosts of this form."""
        return self._configured("app.php", name, **self._ways(hosts, "plain", "gzip", "untyped"))

    def _ways(self, hosts: str, *ways: str) -> dict[str, str]:
        return {way: self._words[hosts.format(way)] for way in ways}

    def _further(self) -> dict[str, Sequence[str]]:
        """FastCGI, Ruby, Java and what else answers in this way or that."""
        self._script("fpm.php", "fpm-{}.nginx.example")
        self._configured("fastcgi.conf")
        own = f"user = {_user()}\ngroup = {_user()}" if _root() else ""
        fpm = self._configured("fpm.conf", user=own)
        h2o = self._configured("h2o.conf", user=f"user: {_user()}" if _root() else "")
        return {
            "fpm": ("php-fpm*", "-n", "-F", "-y", str(fpm)),
            "puma": self._sinatra("puma"),
            "webrick": self._sinatra("webrick"),
            "thin": self._sinatra("thin"),
            "tomcat": self._tomcat(),
            "jetty": self._jetty(),
            "haproxy": ("haproxy", "-db", "-f", str(self._configured("haproxy.cfg"))),
            "tornado": ("/usr/bin/python3", str(self._configured("tornado_app.py.in"))),
            "waitress": ("/usr/bin/python3", str(self._configured("waitress_app.py.in"))),
            "cherrypy": ("/usr/bin/python3", str(self._configured("cherry_app.py.in"))),
            "h2o": ("h2o", "-c", str(h2o)),
            "simplehttp": (
                *("/usr/bin/python3", "-m", "http.server", "--bind", HOME),
                *("--directory", str(self.scratch / "files"), str(self.ports["simplehttp"])),
            ),
        }

    def _sinatra(self, kind: str) -> Sequence[str]:
        ways = {way: self._words.get(f"{way}.{kind}.example", "") for way in ("untyped", "types", "gzip")}
        ways["stream"] = self._words.get(f"stream.{kind}.example", "send_file file")
        script = self._configured("sinatra.rb", f"sinatra-{kind}.rb", **ways)
        return "ruby", str(script), kind, str(self.ports[kind])

    def _tomcat(self) -> Sequence[str]:
        home = "/usr/share/tomcat10"
        self._configured("mime.xml", "tomcat/stock/WEB-INF/web.xml", **self._mappings("tomcat"))
        self._configured("web.xml", "tomcat/stream/WEB-INF/web.xml")
        self._configured("stream.jsp", "tomcat/stream/stream.jsp")
        self._configured("server.xml", "tomcat/conf/server.xml")
        (self.scratch / "tomcat" / "conf" / "web.xml").write_bytes(Path("/etc/tomcat10/web.xml").read_bytes())
        return (
            *("java", "-cp", f"{home}/bin/bootstrap.jar:{home}/bin/tomcat-juli.jar"),
            *(f"-Dcatalina.home={home}", f"-Dcatalina.base={self.scratch}/tomcat"),
            *("org.apache.catalina.startup.Bootstrap", "start"),
        )

    def _jetty(self) -> Sequence[str]:
        self._configured("mime.xml", "jetty/web.xml", **self._mappings("jetty"))
        parts = ("server", "servlet", "webapp", "http", "io", "util", "security", "xml")
        jars = [*(f"/usr/share/java/jetty9-{part}.jar" for part in parts), "/usr/share/java/servlet-api.jar"]
        return "java", "-cp", ":".join(jars), str(self._configured("Jetty.java"))

    def _mappings(self, kind: str) -> dict[str, str]:
        return {"mappings": self._words[f"stock.{kind}.example"]}

    def _at(self, kind: str) -> str:
        return f"{HOME}:{self.ports[kind]}"

    def _configured(self, name: str, named: str = "", **given: str) -> Path:
        """A file of ``conf`` filled in, under its own name or this one."""
        ports = {f"port-{kind}": str(port) for kind, port in self.ports.items()}
        words = {**self._words, **ports, "scratch": str(self.scratch), **given}
        path = self.scratch / (named or name.removesuffix(".in"))
        path.parent.mkdir(parents=True, exist_ok=True)
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
