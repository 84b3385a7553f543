"""Ideas that had a copy in every part, each a little different, have one home below all parts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOMES = ("mmscheck/base/", "mmscheck/sandbox/")
"""The sandbox has copies by contract: it shares nothing with what it tests."""

MODULES = sorted(
    path
    for path in (ROOT / "mmscheck").rglob("*.py")
    if not path.relative_to(ROOT).as_posix().startswith(HOMES)
)
REDIRECTS = {301, 302, 303, 307, 308}
REFUSALS = {401, 403, 406, 429}


def breaches(source: str) -> Iterator[str]:
    """What of the low layer is written again in a module."""
    for node in ast.walk(ast.parse(source)):
        found = ""
        if isinstance(node, ast.Call):
            found = (
                "a parser"
                if ast.unparse(node.func).endswith(("XMLParser", "HTMLParser", "iterparse"))
                else ""
            )
        elif isinstance(node, ast.Set | ast.List | ast.Tuple):
            values = {item.value for item in node.elts if isinstance(item, ast.Constant)}
            found = "statuses" if len(values & REDIRECTS) >= 3 or values >= REFUSALS else ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = (
                "networks" if is_table(node.value) else "an escape" if node.value == "unicode_escape" else ""
            )
        elif isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "1:-1":
            found = "an escape" if ast.unparse(node.value).startswith(("ascii(", "repr(")) else ""
        if found:
            yield f"{found}: {ast.unparse(node)[:80]}"


def is_table(text: str) -> bool:
    """Whether a text is several networks, as tables have them."""
    try:
        return len([ip_network(part) for part in text.split()]) > 1
    except ValueError:
        return False


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_of_the_low_layer_is_written_again(path: Path) -> None:
    assert not list(breaches(path.read_text()))


@pytest.mark.parametrize(
    "source",
    [
        "parser = etree.XMLParser(resolve_entities=False)",
        "STATUSES = frozenset({301, 302, 303, 307, 308})",
        "WALLED = {401, 403, 406, 429, 503}",
        'TABLE = {"loopback": "127.0.0.0/8 ::1/128"}',
        "shown = ascii(char)[1:-1]",
        'shown = char.encode("unicode_escape")',
    ],
)
def test_it_would_be_seen(source: str) -> None:
    assert list(breaches(source))


def test_the_homes_are_where_they_are_looked_for() -> None:
    found = {
        name: list(breaches((ROOT / "mmscheck/base" / name).read_text()))
        for name in ("xml.py", "http.py", "networks.py", "text.py")
    }
    assert all(found.values()), found
