"""A TOML table to a typed value, exactly, naming every fault and not only the first.

msgspec stops at the first wrong field, so each field is looked at by itself before the whole is
converted. Types are exact: ``true`` is no number, ``1.0`` no whole number, a quoted date no date.
A whole number is taken where a fraction is allowed.
"""

from __future__ import annotations

import datetime as dt
import functools
import types
from collections.abc import Collection, Mapping
from enum import EnumMeta
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from mmscheck.ruleset.scope import Scope, shorten, unknown

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
        scope.fault(_plain(str(error)))
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
        told = f"expected {described}, got {shorten(raw)}" if described else _plain(str(error))
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


def _plain(message: str) -> str:
    """The library's sentence without its marks, beginning as the end of ours."""
    text = message.replace("`", "")
    return text[:1].lower() + text[1:]
