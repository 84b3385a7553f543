"""The OpenAPI 3.1 document, made of the routes and the types of their bodies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from mmscheck.report.json_types import Document
from mmscheck.serve.door import OPEN
from mmscheck.serve.formats import MEDIA_TYPES
from mmscheck.serve.problem import KINDS, MEDIA_TYPE
from mmscheck.serve.routes import Body, Route, Shape
from mmscheck.serve.tokens import Right
from mmscheck.serve.words import Problem

_ANYWHERE = ("other-host", "other-origin", "internal")
_GUARDED = ("no-token", "no-right", "too-many")
_FINE = 200
_TEXT = {"type": "string"}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document."""
    types = {Problem, Document, *(kind for route in routes for kind in _types(route))}
    _, schemas = msgspec.json.schema_components(
        sorted(types, key=lambda kind: kind.__name__), ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mmscheck serve",
            "version": version("mmscheck"),
            "summary": "The gate for MMS behind HTTP: where it does not know, it says so and denies.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _types(route: Route) -> Iterator[type[msgspec.Struct]]:
    for kind in (*route.takes.values(), *route.gives.values()):
        if isinstance(kind, type):
            yield kind


def _operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": {str(status): answer for status, answer in sorted(_answers(route).items())},
    }
    if parameters := [*_parameters(route)]:
        found["parameters"] = parameters
    if route.takes:
        content = {kind: {"schema": _asked(kind, shape)} for kind, shape in route.takes.items()}
        found["requestBody"] = {"required": True, "content": content}
    if route.rights:
        found["security"] = [{"token": [right.value]} for right in Right if right in route.rights]
    return found


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for part in route.path.split("/"):
        if part.startswith("{"):
            yield {"name": part[1:-1], "in": "path", "required": True, "schema": _TEXT}
    for place, given in (("query", route.query), ("header", route.headers)):
        for name, told in given.items():
            yield {"name": name, "in": place, "description": told, "schema": _TEXT}


def _asked(kind: str, shape: Shape) -> dict[str, Any]:
    if kind != "multipart/form-data" or not isinstance(shape, type):
        return _schema(shape)
    # JSON's bytes are base64 texts, and those of a form are the bytes themselves.
    schema, parts = msgspec.json.schema_components([shape], ref_template="#/components/schemas/{name}")
    whole = dict(parts[shape.__name__])
    whole["properties"] = {name: _part(one) for name, one in whole["properties"].items()}
    return whole if schema else {}


def _part(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("contentEncoding") == "base64":
        return {"type": "string", "contentMediaType": "application/octet-stream"}
    if "items" in schema:
        return {**schema, "items": _part(schema["items"])}
    return schema


def _schema(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, type):
        return {"$ref": f"#/components/schemas/{shape.__name__}"}
    return {"type": "object"} if shape is Body.OPENAPI else dict(_TEXT)


def _answers(route: Route) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for status, shape in route.gives.items():
        found[status] = {
            "description": route.summary if status == _FINE else _told(status),
            "content": _content(shape),
        }
    anywhere = _ANYWHERE if route.path not in OPEN else ("internal",)
    kinds = (*route.problems, *anywhere, *(_GUARDED if route.rights else ()))
    for kind in dict.fromkeys(kinds):
        status, title = KINDS[kind]
        answer = found.setdefault(status, {"description": title, "content": {}})
        answer["content"][MEDIA_TYPE] = {"schema": _schema(Problem)}
        answer.setdefault("x-problems", []).append(kind)
    return found


def _told(status: int) -> str:
    return {
        201: "Made.",
        202: "Not over yet: Location says where to ask.",
        422: "Judged, and denied.",
        503: "It cannot work now.",
    }[status]


def _content(shape: Shape | None) -> dict[str, Any]:
    if isinstance(shape, type):
        return {"application/json": {"schema": _schema(shape)}}
    if shape is Body.REPORT:
        told = {kind: {"schema": dict(_TEXT)} for kind in MEDIA_TYPES.values()}
        return {**told, "application/json": {"schema": _schema(Document)}}
    kind = {
        Body.EVENTS: "text/event-stream",
        Body.TEXT: "text/plain",
        Body.OPENAPI: "application/json",
    }.get(shape or Body.PAGE, "text/*")
    return {kind: {"schema": _schema(shape) if shape else dict(_TEXT)}}
