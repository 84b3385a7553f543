"""No regular expression of the package takes more than about linear time, whatever text it is given.

A pattern that is quadratic lets one header or one subject hold up every report. All compiled patterns of all
modules are tried with the operations that the code uses, on repetitions of what they themselves look for and
of what such texts are made of. Ratios are compared and never times: four times as much text may take four
times as long, or somewhat more on a busy machine,
but not sixteen times.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import pytest

import mmscheck

OPERATIONS = frozenset({"search", "match", "fullmatch", "sub", "subn", "finditer", "findall", "split"})
UNITS = (
    *(
        "a",
        "A",
        "0",
        " ",
        "\t",
        "\n",
        "\r\n",
        "<",
        ">",
        "&",
        '"',
        "'",
        "/",
        "//",
        "?",
        "=",
        ";",
        ",",
        ".",
        "-",
    ),
    *(
        ":",
        "::",
        "\\",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "%",
        "%3f",
        "%3fa=",
        "%25",
        "#",
        "##",
        "@",
        "é",
        "…",
        "…0",
    ),
    *(
        "http://",
        "http://a?",
        "?a",
        "?a=",
        "&a",
        "&a=b",
        ";a",
        "a=",
        "a=b;",
        "a: ",
        "a.",
        "a@",
        "eyJ",
        "eyJ.",
        "bot1:",
    ),
    *(
        "<!--",
        "<!--a",
        "<?xml ",
        "<![CDATA[",
        "<a ",
        "{$",
        "{$a|",
        "=?",
        "a token=",
        "Bearer a",
        "1;",
        "\0",
        "a 0",
    ),
)
SMALL, LARGE = 2_000, 8_000
END = "\0"
"""What hardly any pattern goes on with: an end that makes it look back."""
SUSPICIOUS = 0.05
"""Seconds: what takes less is never slow enough to tell its growth."""
MOST = 9.0
"""Times as long that four times as much text may take: between linear (4) and quadratic (16)."""

Pattern = re.Pattern[Any]


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(mmscheck.__path__, "mmscheck."):
        if not found.name.startswith("mmscheck.rules") and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def held(value: object) -> Iterator[Pattern]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from held(item)
    elif isinstance(value, dict):
        yield from held(list(value.values()))


Place = tuple[str, str]
"""A module, or nothing for a name that others may use too, and the name."""


def place(module: str, name: str) -> Place:
    return (module if name.startswith("_") else "", name)


def patterns() -> dict[Pattern, set[Place]]:
    """Every pattern that a module's name holds, and where."""
    found: dict[Pattern, set[Place]] = defaultdict(set)
    for module in modules():
        for name, value in vars(module).items():
            for pattern in held(value):
                found[pattern].add(place(module.__name__, name))
    return found


def operations() -> tuple[dict[Place, set[str]], dict[str, set[str]]]:
    """What the sources do with each name, and with each pattern that is written in its place."""
    named: dict[Place, set[str]] = defaultdict(set)
    written: dict[str, set[str]] = defaultdict(set)
    root = Path(mmscheck.__path__[0])
    for file in root.rglob("*.py"):
        module = ".".join(file.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="re"), attr=attr),
                    args=[ast.Constant(value=str() as text), *_],
                ) if attr in OPERATIONS:
                    written[text].add(attr)
                case ast.Attribute(value=ast.Name(id=name), attr=attr) if attr in OPERATIONS:
                    named[place(module, name)].add(attr)
    return named, written


def tried() -> dict[Pattern, set[str]]:
    named, written = operations()
    found = {
        pattern: set[str]().union(*(named[one] for one in places)) or {"search", "finditer"}
        for pattern, places in patterns().items()
    }
    for text, used in written.items():
        found.setdefault(re.compile(text), set()).update(used)
    return found


TRIED = tried()


def run(pattern: Pattern, operation: str, text: str) -> float:
    given = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
    call: Callable[[], object]
    if operation in {"sub", "subn"}:
        call = lambda: pattern.sub(type(given)(), given)  # noqa: E731 - one of two
    else:
        method = getattr(pattern, {"finditer": "findall"}.get(operation, operation))
        call = lambda: method(given)  # noqa: E731 - the other
    begun = process_time()
    call()
    return process_time() - begun


def growth(pattern: Pattern, operation: str, prefix: str, unit: str) -> float:
    """How many times as long four times as much takes; 0 where both are too fast to tell."""

    def least(length: int, times: int) -> float:
        text = prefix + (unit * (length // len(unit) + 1))[:length] + END
        return min(run(pattern, operation, text) for _ in range(times))

    if least(LARGE, 1) < SUSPICIOUS or (slow := least(LARGE, 3)) < SUSPICIOUS:
        return 0.0
    return slow / max(least(SMALL, 3), 1e-6)


def units(pattern: Pattern) -> set[str]:
    """The pattern's own words beside the common ones."""
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    return {*UNITS, *re.findall(r"[A-Za-z0-9%<>=/:#!-]{2,}", source)[:12]}


def worst(pattern: Pattern, used: set[str]) -> list[str]:
    own = re.match(r"[A-Za-z]{2,}(?::/{0,2})?", str(pattern.pattern))
    prefixes = {"", own.group() if own else ""}
    return [
        f"{operation}: {prefix!r} + {unit!r} repeated"
        for operation in sorted(used)
        for prefix in sorted(prefixes)
        for unit in sorted(units(pattern))
        if growth(pattern, operation, prefix, unit) > MOST
    ]


def test_all_patterns_are_found() -> None:
    assert len(TRIED) > 100
    assert any("https?" in str(pattern.pattern) for pattern in TRIED)


@pytest.mark.parametrize("pattern", TRIED, ids=lambda pattern: str(pattern.pattern)[:40])
def test_no_pattern_is_quadratic(pattern: Pattern) -> None:
    assert worst(pattern, TRIED[pattern]) == []


@pytest.mark.parametrize(
    ("source", "operation", "unit"),
    [
        (r"""(https?://[^\s"'<>?\#@/]+(?:/[^\s"'<>?\#]*)?\?…[0-9a-f]{12})""", "split", "http://"),
        (r"(;|%3f)([^/?#;]*=[^/?#;]*)", "sub", "%3f"),
        (r"=\?.*?\?=", "finditer", "=?"),
    ],
)
def test_a_quadratic_pattern_would_be_found(
    source: str, operation: str, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # These are slow on every machine, if not as slow as what is looked at among a hundred others.
    monkeypatch.setitem(globals(), "SUSPICIOUS", SUSPICIOUS / 10)
    assert any(operation in one for one in worst(re.compile(source, re.DOTALL), {operation})), unit
