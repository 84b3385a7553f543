"""The provider: what is posted in XML and JSON, the one POST, its answers and its codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.sinch.answers import ProviderAnswer as ProviderAnswer
    from mmscheck.sinch.answers import Unparseable as Unparseable
    from mmscheck.sinch.answers import parse_answer as parse_answer
    from mmscheck.sinch.bodies import save_body as save_body
    from mmscheck.sinch.bodies import shown_request as shown_request
    from mmscheck.sinch.bodies import shown_save as shown_save
    from mmscheck.sinch.client import SinchClient as SinchClient
    from mmscheck.sinch.codes import POSTBACK_MEANINGS as POSTBACK_MEANINGS
    from mmscheck.sinch.codes import CodeClass as CodeClass
    from mmscheck.sinch.codes import ErrorCode as ErrorCode
    from mmscheck.sinch.codes import PostbackCode as PostbackCode
    from mmscheck.sinch.codes import explain as explain
    from mmscheck.sinch.codes import explain_postback as explain_postback
    from mmscheck.sinch.documents import REDACTED as REDACTED
    from mmscheck.sinch.documents import redacted_save as redacted_save
    from mmscheck.sinch.documents import redacted_xml as redacted_xml
    from mmscheck.sinch.documents import request_xml as request_xml
    from mmscheck.sinch.documents import save_xml as save_xml
    from mmscheck.sinch.templates import Refused as Refused

DEFAULT_API_URL = "https://api.ci.mblox.com/ep/v1/"
"""The XML service (Sinch XML API introduction, 2021)."""

DEFAULT_JSON_URL = "https://api.ci.mblox.com/ep/v2/"
"""The JSON service (Sinch JSON API introduction, 2026)."""

NO_JSON_DELETE = (
    "the JSON API documents no call that deletes a stored message (its pages of 2026 list savemms, sendmms "
    "and sendsavedmms); deleteMMSID exists in the XML API alone: ask the provider to delete it"
)

_HOMES = {
    "CodeClass": "codes",
    "ErrorCode": "codes",
    "POSTBACK_MEANINGS": "codes",
    "PostbackCode": "codes",
    "ProviderAnswer": "answers",
    "REDACTED": "documents",
    "Refused": "templates",
    "SinchClient": "client",
    "Unparseable": "answers",
    "explain": "codes",
    "explain_postback": "codes",
    "parse_answer": "answers",
    "redacted_save": "documents",
    "redacted_xml": "documents",
    "request_xml": "documents",
    "save_body": "bodies",
    "save_xml": "documents",
    "shown_request": "bodies",
    "shown_save": "bodies",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted({*_HOMES, "DEFAULT_API_URL", "DEFAULT_JSON_URL", "NO_JSON_DELETE"})  # noqa: PLE0605 - the type checker reads the imports above
