"""What a client sends, read with bounds: how large, how many parts, how long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import msgspec
from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from mmscheck.serve.problem import ProblemError
from mmscheck.serve.routes import Asked
from mmscheck.serve.settings import Caps
from mmscheck.serve.words import Options

T = TypeVar("T")

_XML = frozenset({"application/xml", "text/xml"})
_LARGEST_JSON = 32 * 1024 * 1024
"""Bytes: a document of the largest size, each character written as an escape."""

_LONGEST_NAME = 300


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """One document or file, and what its sender calls it; the name is text for people, and no path here."""

    name: str
    data: bytes


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What came as multipart/form-data, or as one XML document alone."""

    documents: tuple[Named, ...] = ()
    files: tuple[Named, ...] = ()
    options: bytes = b""
    request: bytes = b""


def media_type(request: web.BaseRequest) -> str:
    """The body's type without parameters; raises the problem of a coding that hides its size."""
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise ProblemError("other-type", "Content-Encoding is not taken; send the body as it is.")
    return request.content_type.lower()


async def read_form(asked: Asked, caps: Caps) -> Form:
    """The parts of a multipart body, or the XML that the body is; raises ProblemError."""
    request = asked.request
    kind = media_type(request)
    _announced(request, caps.body)
    if kind in _XML:
        data = await _timed(_all(asked, caps.document, "a document"), caps)
        return Form(documents=(Named(name="document.xml", data=data),))
    if kind != "multipart/form-data":
        raise ProblemError("other-type", "Expected multipart/form-data, application/json or application/xml.")
    try:
        return await _timed(_parts(asked, caps), caps)
    except (ValueError, AssertionError, RuntimeError, LookupError, HttpProcessingError):
        # What aiohttp's reader says of a broken body is about its own insides.
        raise ProblemError("malformed", "The body is no well-formed multipart/form-data.") from None


async def read_json(asked: Asked, kind: type[T], caps: Caps) -> T:
    """The body as a value of this type; raises ProblemError that names what is wrong where."""
    request = asked.request
    if media_type(request) != "application/json":
        raise ProblemError("other-type", "Expected application/json.")
    largest = min(caps.body, _LARGEST_JSON)
    _announced(request, largest)
    return decoded(await _timed(_all(asked, largest, "this body"), caps), kind)


def decoded(data: bytes, kind: type[T]) -> T:
    """JSON as a value of this type."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise ProblemError("malformed", f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProblemError("malformed", "The body is no JSON in UTF-8.") from None


def options_of(form: Form) -> Options:
    """The part ``options``, or the defaults."""
    return decoded(form.options, Options) if form.options else Options()


def _announced(request: web.BaseRequest, most: int) -> None:
    if (length := request.content_length) is not None and length > most:
        raise _too_large("this body", most)


def _too_large(what: str, most: int) -> ProblemError:
    return ProblemError("too-large", f"At most {most:,} bytes are taken for {what}.")


async def _timed(reading: Awaitable[T], caps: Caps) -> T:
    try:
        async with asyncio.timeout(caps.body_seconds):
            return await reading
    except TimeoutError:
        raise ProblemError(
            "too-slow", f"The body did not come within {caps.body_seconds:g} seconds."
        ) from None


async def _all(asked: Asked, most: int, what: str) -> bytes:
    found = bytearray()
    async for piece in asked.request.content.iter_any():
        asked.room.add(len(piece))
        found += piece
        if len(found) > most:
            raise _too_large(what, most)
    return bytes(found)


async def _parts(asked: Asked, caps: Caps) -> Form:
    reader = await asked.request.multipart()
    documents: list[Named] = []
    files: list[Named] = []
    told = {"options": b"", "request": b""}
    left, number = caps.body, 0
    async for part in reader:
        number += 1
        if number > caps.files + len(told):
            raise ProblemError("too-large", f"At most {caps.files} documents and files are taken at a time.")
        if not isinstance(part, BodyPartReader):
            raise ProblemError("malformed", "A part must not be multipart itself.")
        if part.headers.get(hdrs.CONTENT_ENCODING) or part.headers.get(hdrs.CONTENT_TRANSFER_ENCODING):
            raise ProblemError("other-type", "A part must come as it is, without an encoding.")
        name = part.name or ""
        data = await _part(asked, part, min(left, caps.document if name == "document" else caps.body))
        left -= len(data)
        if name == "document":
            documents.append(Named(name=_called(part, "document.xml"), data=data))
        elif name == "file":
            files.append(Named(name=_called(part, f"file-{number}"), data=data))
        elif name in told:
            told[name] = data
        else:
            raise ProblemError(
                "malformed", f"Unknown part {name[:40]!a}; there are document, file, options and request."
            )
    return Form(documents=tuple(documents), files=tuple(files), **told)


async def _part(asked: Asked, part: BodyPartReader, most: int) -> bytes:
    found = bytearray()
    while piece := await part.read_chunk(65536):
        asked.room.add(len(piece))
        found += piece
        if len(found) > most:
            raise _too_large("this part", most)
    return bytes(found)


def _called(part: BodyPartReader, otherwise: str) -> str:
    """What the sender calls it, as text on one line; the report's formats make the rest of it harmless."""
    name = (part.filename or "").replace("\\", "/").strip()
    name = name.encode("utf-8", "replace").decode("utf-8")
    return name[-_LONGEST_NAME:] or otherwise
