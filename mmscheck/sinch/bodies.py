"""What is posted for a request in either API of the provider, and the same with the key left out."""

from __future__ import annotations

from mmscheck.model.request import OneShotRequest, SendRequest
from mmscheck.model.words import Dialect
from mmscheck.sinch.documents import REDACTED, redacted_save, request_xml, save_xml, without_secrets
from mmscheck.sinch.json_documents import request_json, save_json
from mmscheck.sinch.one_shot import one_shot_json, one_shot_xml


def request_body(request: SendRequest, api: Dialect, api_key: str, reference: str | None = None) -> bytes:
    """The body of a send; in JSON the key is no part of it, and in XML the reference. Raises UsageError."""
    if isinstance(request, OneShotRequest):
        return one_shot_json(request, reference) if api is Dialect.JSON else one_shot_xml(request, api_key)
    return request_json(request, reference) if api is Dialect.JSON else request_xml(request, api_key)


def save_body(document: bytes, api: Dialect, api_key: str) -> bytes:
    """The body of a save. Raises UsageError for a document that is none."""
    return save_json(document) if api is Dialect.JSON else save_xml(document, api_key)


def shown_request(request: SendRequest, api: Dialect) -> str:
    """The body of a send as people may see it. Raises UsageError as ``request_body`` does."""
    body = request_body(request, api, REDACTED)
    if isinstance(request, OneShotRequest) and api is Dialect.XML:
        body = without_secrets(body)
    return body.decode("utf-8")


def shown_save(document: bytes, api: Dialect) -> str:
    """The body of a save as people may see it. Raises UsageError as ``save_body`` does."""
    return (save_json(document) if api is Dialect.JSON else redacted_save(document)).decode("utf-8")
