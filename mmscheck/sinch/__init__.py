"""The provider: the sendSavedMMS document, the one POST, its answers and its codes."""

from __future__ import annotations

from mmscheck.sinch.answers import Answer, Unparseable, parse_answer
from mmscheck.sinch.client import DEFAULT_API_URL, SinchClient
from mmscheck.sinch.codes import CodeClass, ErrorCode, explain
from mmscheck.sinch.documents import REDACTED, redacted_xml, request_xml
from mmscheck.sinch.postbacks import POSTBACK_MEANINGS, PostbackCode, explain_postback
from mmscheck.sinch.saves import redacted_save, save_xml
from mmscheck.sinch.templates import Refused

__all__ = [
    "DEFAULT_API_URL",
    "POSTBACK_MEANINGS",
    "REDACTED",
    "Answer",
    "CodeClass",
    "ErrorCode",
    "PostbackCode",
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
