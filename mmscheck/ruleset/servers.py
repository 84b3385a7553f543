"""The files of ``rules/servers`` to servers, strictly: every fault at once, with file and key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.base.patterns import pattern_fault
from mmscheck.model.server import IN_PLACE_OF_THE_FILE, Server
from mmscheck.ruleset.toml import NATIVE, Scope, file_scope, read_table, read_toml, shorten, unknown

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_HOST = re.compile(r"\.?[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_PATTERNS = ("path", "query", "excerpt", "type", "unless")
_ENTRIES = "servers"


def load_servers(faults: list[str], files: Collection[Path], rules: Collection[str]) -> tuple[Server, ...]:
    """Every ``[[servers]]`` entry of the files, in their order; ``rules`` are the ids of all rules."""
    found = [entry for path in files for entry in _read(faults, path)]
    ids: dict[str, str] = {}
    for scope, raw in found:
        name = raw.get("id")
        if isinstance(name, str) and ids.setdefault(name, scope.file + scope.key) != scope.file + scope.key:
            scope.at("id").fault(f"duplicate server {name!r}, expected it once")
    loaded = [_server(scope, raw, rules, ids) for scope, raw in found]
    return tuple(server for server in loaded if server is not None)


def _read(faults: list[str], path: Path) -> Iterator[tuple[Scope, Mapping[str, Any]]]:
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is None:
        return
    for key in raw:
        if key != _ENTRIES:
            scope.at(key).fault(unknown("key", key, [_ENTRIES]))
    entries = raw.get(_ENTRIES)
    if not isinstance(entries, list) or not entries:
        scope.at(_ENTRIES).fault(f"expected an array of tables, got {shorten(entries)}")
        return
    for at, entry in enumerate(entries):
        place = scope.at(_ENTRIES).at(at)
        if isinstance(entry, dict):
            yield place, entry
        else:
            place.fault(f"expected a table, got {shorten(entry)}")


def _server(
    scope: Scope, raw: Mapping[str, Any], rules: Collection[str], ids: Collection[str]
) -> Server | None:
    """The entry; None after recording every fault of it, also where its form is faulty elsewhere."""
    before = len(scope.faults)
    server = _converted(scope, raw)
    _inspect_kind(scope, raw)
    if raw.get("signs") == []:
        scope.at("signs").fault("none, expected at least one sign to recognise it by")
    for place, sign in _tables(scope, raw, "signs"):
        _inspect_condition(place, sign)
        for key in ("beside", "apart"):
            if key in sign:
                place.at(key).fault("not for a sign, expected it only where a remedy applies")
    for place, link in _tables(scope, raw, "links"):
        _inspect_condition(place, link)
    for place, remedy in _tables(scope, raw, "remedies"):
        _inspect_names(place.at("rules"), "rule", remedy.get("rules"), rules, needed=True)
        for inner, condition in _tables(place, remedy, "when"):
            _inspect_condition(inner, condition)
            for key in ("beside", "apart"):
                _inspect_names(inner.at(key), "server", condition.get(key), ids)
    return server if len(scope.faults) == before else None


def _converted(scope: Scope, raw: Mapping[str, Any]) -> Server | None:
    """The entry as its form has it; looking for every fault takes long, so only once there is one."""
    try:
        return msgspec.convert(raw, Server, strict=True, builtin_types=NATIVE)
    except msgspec.ValidationError:
        return read_table(scope, raw, Server)


def _tables(scope: Scope, raw: Mapping[str, Any], key: str) -> Iterator[tuple[Scope, Mapping[str, Any]]]:
    entries = raw.get(key)
    for at, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield scope.at(key).at(at), entry


def _inspect_kind(scope: Scope, raw: Mapping[str, Any]) -> None:
    """What answers in place of the file says what it looks like, and nothing else does."""
    kind, text = raw.get("kind"), raw.get("looks_like", "")
    if not isinstance(kind, str) or not isinstance(text, str):
        return
    if kind in IN_PLACE_OF_THE_FILE and not text.strip():
        scope.at("looks_like").fault(f"missing, expected the end of 'It looks like ...' for a {kind}")
    elif kind not in IN_PLACE_OF_THE_FILE and raw.get("links"):
        scope.at("links").fault(f"not for a {kind}, expected it for a wall or page only")
    elif kind not in IN_PLACE_OF_THE_FILE and text:
        scope.at("looks_like").fault(f"not for a {kind}, expected it for a wall or page only")


def _inspect_names(
    scope: Scope, what: str, given: Any, known: Collection[str], *, needed: bool = False
) -> None:
    names = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    for name in names:
        if name not in known:
            scope.fault(unknown(what, name, known))
        elif names.count(name) > 1:
            scope.fault(f"{name!r} stands there more than once")
    if needed and given == []:
        scope.fault(f"none, expected at least one {what}")


def _inspect_condition(scope: Scope, raw: Mapping[str, Any]) -> None:
    if not raw:
        scope.fault("empty, which every answer meets, expected something to look for")
    for key in _PATTERNS:
        if key in raw:
            _inspect_pattern(scope.at(key), raw[key])
    headers = raw.get("headers")
    for name, pattern in headers.items() if isinstance(headers, dict) else ():
        _inspect_header(scope.at("headers"), name)
        _inspect_pattern(scope.at("headers").at(name), pattern)
    for key, inspect_each in (("without", _inspect_header), ("host", _inspect_host)):
        given = raw.get(key)
        for each in given if isinstance(given, list) else ():
            inspect_each(scope.at(key), each)


def _inspect_pattern(scope: Scope, pattern: Any) -> None:
    if not isinstance(pattern, str):
        return
    what = "empty, expected a regular expression" if not pattern else pattern_fault(pattern)
    if what:
        scope.fault(what)


def _inspect_header(scope: Scope, name: Any) -> None:
    if isinstance(name, str) and not _HEADER.fullmatch(name):
        scope.fault(f"{shorten(name)} is no name of a header in lower case, expected one such as 'server'")


def _inspect_host(scope: Scope, name: Any) -> None:
    if isinstance(name, str) and not _HOST.fullmatch(name):
        scope.fault(f"{shorten(name)} is no host, expected lower case such as 'imgur.com' or '.example.com'")
