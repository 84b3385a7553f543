"""One TOML file to a dictionary, or a fault that names the file and the line."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Any

from mmscheck.ruleset.scope import Scope

_LINE = re.compile(r" \(at line (\d+), column \d+\)")
_END = " (at end of document)"
_BARE = re.compile(r"\s*[\w.\"-]+\s*=\s*([A-Za-z][^\"'#=\[\]{}]*)(?:#.*)?$")
"""A key with a value that begins as a word, and is none of TOML's."""

_INT64 = range(-(2**63), 2**63)


def read_toml(scope: Scope, path: Path) -> dict[str, Any] | None:
    """The file's tables; None after recording why it could not be read."""
    text = _text(scope, path)
    if text is None:
        return None
    try:
        table = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and what int() refuses of endless digits
        scope.fault(_syntax(str(error), text))
        return None
    except RecursionError:
        scope.fault("not read: nested too deeply, expected tables of a few levels")
        return None
    before = len(scope.faults)
    _refuse_odd_numbers(scope, table)
    return table if len(scope.faults) == before else None


def _text(scope: Scope, path: Path) -> str | None:
    try:
        # Opening a pipe or a device could wait for ever.
        if path.exists() and not path.is_file():
            scope.fault("not a regular file, expected a TOML file")
            return None
        data = path.read_bytes()
    except OSError as error:
        scope.fault(f"cannot be read ({error.strerror or error}), expected a readable TOML file")
        return None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        scope.fault(f"line {line}: byte {data[error.start]:#04x} is not UTF-8, expected UTF-8 text")
        return None


def _syntax(message: str, text: str) -> str:
    found = _LINE.search(message)
    line = int(found.group(1)) if found else text.rstrip().count("\n") + 1
    what = _LINE.sub("", message).removesuffix(_END)
    where = f"line {line}" if found or message.endswith(_END) else "a number"
    return f"{where}: not TOML: {what}, expected TOML 1.0{_meant(text, line)}"


def _meant(text: str, line: int) -> str:
    """What helps against the two slips that are made most, where the line shows one."""
    lines = text.splitlines()
    found = _BARE.match(lines[line - 1]) if 0 < line <= len(lines) else None
    if found is None:
        return ""
    value = found[1].strip()
    if value.lower() in {"true", "false"}:
        return f": write {value.lower()} in small letters"
    return ": put text in quotation marks"


def _refuse_odd_numbers(scope: Scope, value: object) -> None:
    """Refuse numbers that compare in no useful way: nan, infinities, and those beyond 64 bits.

    A maximum of ``inf`` or ``nan`` would let everything pass.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_odd_numbers(scope.at(key), inner)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            _refuse_odd_numbers(scope.at(position), inner)
    elif isinstance(value, float) and not math.isfinite(value):
        scope.fault(f"{value} is no usable number, expected a finite one")
    elif isinstance(value, int) and value not in _INT64:
        scope.fault("the number is too large, expected one of 64 bits")
