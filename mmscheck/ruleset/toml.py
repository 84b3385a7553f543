"""TOML files to typed values, with every fault recorded at its file and key, and not only the first.

msgspec stops at the first wrong field, so each field is looked at by itself before the whole is
converted. Types are exact: ``true`` is no number, ``1.0`` no whole number, a quoted date no date.
A whole number is taken where a fraction is allowed.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import re
import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import EnumMeta
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from mmscheck.base.text import MOST_LISTED, encodable, shortened

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
"""A key that TOML lets stand without quotes."""

_LONGEST_VALUE = 60
"""Characters of a wrong value that a fault shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A place: the file as it is shown to people and the dotted key, empty for the file itself.

    ``faults`` is shared by every scope of one load and is the only thing that grows.
    """

    faults: list[str]
    file: str
    key: str = ""

    def at(self, key: str | int) -> Scope:
        """The place of ``key`` inside this one; a number is a position in an array."""
        if isinstance(key, int):
            inner = f"{self.key}[{key}]"
        else:
            name = key if BARE_KEY.match(key) else json.dumps(key)
            inner = f"{self.key}.{name}" if self.key else name
        return Scope(faults=self.faults, file=self.file, key=inner)

    def fault(self, what: str) -> None:
        """Record a fault here, as one line."""
        self.faults.append(": ".join(part for part in (self.file, self.key, what) if part))


def file_scope(faults: list[str], path: Path) -> Scope:
    """The scope of a file, shown relative to the working folder where it lies below it."""
    try:
        shown = path.relative_to(Path.cwd())
    except (ValueError, OSError):
        shown = path
    # A file name need not be UTF-8, and a fault that cannot be printed would end as a traceback.
    return Scope(faults=faults, file=encodable(str(shown)))


def unknown(what: str, name: str, known: Iterable[str], meant: str | None = None) -> str:
    """The sentence for a name that is not known, with the one that is ``meant``, else the nearest one."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a name that nobody knows is compared

    names = sorted(known)
    near = [meant] if meant else get_close_matches(name, names, n=1)
    guess = f", did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {shorten(name)}{guess or ','} {_expected(names)}"


def shorten(value: object) -> str:
    """The value as a person would recognise it, cut to a readable length."""
    return shortened(repr(value), _LONGEST_VALUE)


def _expected(names: list[str]) -> str:
    if not names:
        return "expected none"
    if len(names) > MOST_LISTED:
        return f"expected one of the {len(names)} that exist"
    return f"expected {'one of ' if len(names) > 1 else ''}{', '.join(names)}"


_LINE = re.compile(r" \(at line (\d+), column \d+\)")
_END = " (at end of document)"
_BARE = re.compile(r"\s*[\w.\"-]+\s*=\s*([A-Za-z][^\"'#=\[\]{}]*)(?:#.*)?$")
"""A key with a value that begins as a word, and is none of TOML's."""

_INT64 = range(-(2**63), 2**63)


def read_toml(scope: Scope, path: Path) -> dict[str, Any] | None:
    """The file's tables; None after recording why it could not be read."""
    text = _text_of(scope, path)
    if text is None:
        return None
    import tomllib  # noqa: PLC0415 - nobody who finds his rules kept needs it

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


def _text_of(scope: Scope, path: Path) -> str | None:
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


NATIVE = (dt.date, dt.datetime, dt.time)
"""Types that TOML has itself, so no string stands in for them."""

_CALLED: Mapping[Any, str] = types.MappingProxyType(
    {dt.date: "a date such as 2027-01-31", bool: "true or false"}
)
"""What types are called that no field describes."""

S = TypeVar("S", bound=msgspec.Struct)


def read_table(scope: Scope, raw: object, kind: type[S]) -> S | None:
    """The table as ``kind``; None after recording every fault in it."""
    before = len(scope.faults)
    inspect(scope, raw, kind)
    return convert(scope, raw, kind) if len(scope.faults) == before else None


def convert(scope: Scope, raw: object, kind: type[S]) -> S | None:
    """The inspected table as ``kind``; None after a fault of the table as a whole."""
    try:
        return msgspec.convert(raw, kind, strict=True, builtin_types=NATIVE)
    except msgspec.ValidationError as error:
        scope.fault(_sentence(str(error)))
        return None


def inspect(scope: Scope, raw: object, kind: Any) -> None:
    """Record every fault of ``raw`` as a ``kind``, at the deepest key that can be named."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        inspect_struct(scope, raw, kind)
    elif isinstance(kind, EnumMeta) and isinstance(raw, str):
        _inspect_word(scope, raw, kind)
    elif origin in (Union, types.UnionType) and len(arguments) == 2 and type(None) in arguments:  # noqa: PLR2004 - a type or None
        inspect(scope, raw, next(inner for inner in arguments if inner is not type(None)))
    elif origin is dict and isinstance(raw, dict):
        for key, value in raw.items():
            inspect(scope.at(key), key, arguments[0])
            inspect(scope.at(key), value, arguments[1])
    elif origin is tuple and arguments[-1] is Ellipsis and isinstance(raw, list | tuple):
        for position, value in enumerate(raw):
            inspect(scope.at(position), value, arguments[0])
    elif origin is dict or origin is tuple:
        scope.fault(f"expected {'a table' if origin is dict else 'an array'}, got {shorten(raw)}")
    else:
        _inspect_value(scope, raw, kind)


@functools.cache
def fields_of(kind: type[msgspec.Struct]) -> Mapping[str, FieldInfo]:
    """The fields by the names they have in a file; kept, because working them out takes long."""
    return types.MappingProxyType({field.encode_name: field for field in msgspec.structs.fields(kind)})


def inspect_struct(
    scope: Scope, raw: object, kind: type[msgspec.Struct], supplied: Collection[str] = ()
) -> None:
    """Record unknown, missing and wrong keys; keys in ``supplied`` come from elsewhere."""
    if not isinstance(raw, Mapping):
        scope.fault(f"expected a table, got {shorten(raw)}")
        return
    fields = fields_of(kind)
    for key, value in raw.items():
        if key in fields:
            inspect(scope.at(key), value, fields[key].type)
        else:
            scope.at(key).fault(unknown("key", key, fields))
    for name, field in fields.items():
        if field.required and name not in raw and name not in supplied:
            scope.at(name).fault(f"missing, expected {_describe(field.type)}")


def _inspect_word(scope: Scope, raw: str, kind: EnumMeta) -> None:
    words = [str(member.value) for member in kind]  # type: ignore[var-annotated]  # an EnumMeta yields members
    if raw not in words:
        scope.fault(unknown("value", raw, words))


def _inspect_value(scope: Scope, raw: object, kind: Any) -> None:
    try:
        msgspec.convert(raw, kind, strict=True, builtin_types=NATIVE)
    except msgspec.ValidationError as error:
        described = _description(kind) or _CALLED.get(kind)
        told = f"expected {described}, got {shorten(raw)}" if described else _sentence(str(error))
        scope.fault(told + _quotes(raw, kind))


def _quotes(raw: object, kind: Any) -> str:
    """What to do about quotation marks, where they are the whole fault."""
    plain = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if plain is str and isinstance(raw, bool | int | float | dt.date):
        return ": put it in quotation marks"
    if not isinstance(raw, str) or not isinstance(plain, type) or plain is str:
        return ""
    try:
        msgspec.convert(raw, plain, strict=False)
    except msgspec.ValidationError:
        return ""
    return ": write it without quotation marks"


def _description(kind: Any) -> str | None:
    if get_origin(kind) is not Annotated:
        return None
    notes = [note.description for note in get_args(kind)[1:] if isinstance(note, msgspec.Meta)]
    return next((note for note in notes if note), None)


def _describe(kind: Any) -> str:
    if described := _description(kind):
        return described
    if isinstance(kind, EnumMeta):
        return "one of " + ", ".join(str(member.value) for member in kind)  # type: ignore[var-annotated]  # as above
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "a table"
    if get_origin(kind) in {tuple, list}:
        return f"an array, each {_describe(get_args(kind)[0])}"
    return kind.__name__ if isinstance(kind, type) and get_origin(kind) is None else str(kind)


def _sentence(message: str) -> str:
    """The library's sentence without its marks, beginning as the end of ours."""
    text = message.replace("`", "")
    return text[:1].lower() + text[1:]


def plain_params(params: msgspec.Struct) -> dict[str, Any]:
    """Bound parameters as they would stand in a rule file, in a fixed order."""
    plain: dict[str, Any] = msgspec.to_builtins(params, order="deterministic")
    return plain
