"""The provider: the sendSavedMMS document, the one POST, its answers and its codes."""

from __future__ import annotations

from mmscheck.sinch.answers import ProviderAnswer, Unparseable, parse_answer
from mmscheck.sinch.client import DEFAULT_API_URL, SinchClient
from mmscheck.sinch.codes import (
    POSTBACK_MEANINGS,
    CodeClass,
    ErrorCode,
    PostbackCode,
    explain,
    explain_postback,
)
from mmscheck.sinch.documents import REDACTED, redacted_save, redacted_xml, request_xml, save_xml
from mmscheck.sinch.templates import Refused

__all__ = [
    "DEFAULT_API_URL",
    "POSTBACK_MEANINGS",
    "REDACTED",
    "CodeClass",
    "ErrorCode",
    "PostbackCode",
    "ProviderAnswer",
    "Refused",
    "SinchClient",
    "Unparseable",
    "explain",
    "explain_postback",
    "parse_answer",
    "redacted_save",
    "redacted_xml",
    "request_xml",
    "save_xml",
]
