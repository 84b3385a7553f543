"""What an answer proves about a send, a save or a deletion; whatever proves nothing is ``unknown``.

Only two things are proof: a clear success, and a clear failure with a code that is known to mean "not done".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from mmscheck.base.known_secret import KnownSecret
from mmscheck.base.phone import another_number
from mmscheck.base.text import one_line
from mmscheck.model.request import (
    DELETE_CALL,
    SAVE_CALL,
    SEND_CALL,
    CallKind,
    DeleteRequest,
    OneShotRequest,
    SaveRequest,
    SendRequest,
    SendResult,
    SendStatus,
)
from mmscheck.sinch.answers import ProviderAnswer, Unparseable
from mmscheck.sinch.codes import CodeClass, explain
from mmscheck.sinch.documents import REDACTED

LONGEST_INFO = 300
"""Characters of the provider's own words that are kept."""

AnyRequest = SendRequest | SaveRequest | DeleteRequest

_CALLS: Mapping[type[AnyRequest], CallKind] = MappingProxyType(
    {
        SendRequest: SEND_CALL,
        OneShotRequest: SEND_CALL,
        SaveRequest: SAVE_CALL,
        DeleteRequest: DELETE_CALL,
    }
)
_SUCCESSFUL = range(200, 300)
_REDIRECT = range(300, 400)
_SERVER_ERROR = 500


def judge(
    answer: ProviderAnswer | Unparseable, http_status: int, request: AnyRequest, api_key: str
) -> SendResult:
    """The result of a call that was answered; the key is removed wherever the answer repeats it."""
    call = _CALLS[type(request)]
    if http_status in _REDIRECT:
        # A POST that is repeated elsewhere may be a second send (RFC 9110, 15.4).
        return unknown(
            call, f"The provider answered with a redirect (HTTP {http_status}), never followed.", http_status
        )
    if isinstance(answer, Unparseable):
        reason = f"The provider's answer (HTTP {http_status}) could not be read: {answer.reason}."
        return unknown(call, reason, http_status)
    # The provider's own words are tidied before they are cut: half a key is one, too.
    answer = msgspec.structs.replace(answer, error_info=_shown(answer.error_info, api_key))
    status, detail = _decide(answer, http_status, request, call)
    return SendResult(
        status=status,
        detail=tidy(detail, api_key),
        tracking_id=_shown(answer.tracking_id, api_key) if call is SEND_CALL else None,
        mms_id=_shown(answer.mms_id, api_key),
        error_code=_shown(answer.error_code, api_key),
        error_info=_shown(answer.error_info, api_key),
        http_status=http_status,
        may_repeat=status is SendStatus.UNKNOWN and call.may_repeat,
    )


def unknown(call: CallKind, reason: str, http_status: int | None = None) -> SendResult:
    """A call that may have been done; ``reason`` is the sentence on why nobody can tell."""
    return SendResult(
        status=SendStatus.UNKNOWN,
        detail=f"{reason} {call.doubt}",
        http_status=http_status,
        may_repeat=call.may_repeat,
    )


def tidy(text: str, api_key: str) -> str:
    """The text on one line, escaped, and without the key, however it is spelled."""
    return one_line(KnownSecret(api_key).hidden(text, REDACTED))


def _shown(text: str | None, api_key: str) -> str | None:
    return None if text is None else tidy(text, api_key)[:LONGEST_INFO]


def _decide(
    answer: ProviderAnswer, http_status: int, request: AnyRequest, call: CallKind
) -> tuple[SendStatus, str]:
    if doubt := _contradiction(answer, http_status) or _of_another(answer, request):
        return SendStatus.UNKNOWN, f"{doubt} {call.doubt}"
    if not answer.success:
        return _refused(answer, call)
    if call is SAVE_CALL:
        return SendStatus.ACCEPTED, f"The provider saved the message (mms-id {answer.mms_id})."
    if isinstance(request, DeleteRequest):
        return SendStatus.ACCEPTED, f"The provider deleted the message (mms-id {request.mms_id})."
    if answer.tracking_id:
        words = f"The provider accepted the message and queued it (tracking id {answer.tracking_id})."
        return SendStatus.ACCEPTED, words
    return SendStatus.ACCEPTED, (
        "The provider accepted the message but gave no tracking id: match its delivery report by recipient "
        "and mms-id, and do not repeat the send."
    )


def _contradiction(answer: ProviderAnswer, http_status: int) -> str | None:
    """The sentence on what does not fit together within the answer, or None."""
    code = f", {answer.error_code}" if answer.error_code else ""
    if http_status >= _SERVER_ERROR:
        return f"The provider answered with a server error (HTTP {http_status}{code})."
    odd = None
    if answer.success is None:
        odd = f"answered (HTTP {http_status}) with neither success nor failure"
    elif answer.success and http_status not in _SUCCESSFUL:
        odd = f"said success with HTTP status {http_status}"
    elif answer.success and (answer.error_code or answer.error_info):
        odd = "said success and gave an error at once"
    elif answer.success and answer.inner_failure:
        odd = "said success, and within it that something failed"
    elif not answer.success and answer.tracking_id:
        odd = "said failure and gave a tracking id at once"
    return f"The provider {odd}{code}." if odd else None


def _of_another(answer: ProviderAnswer, request: AnyRequest) -> str | None:
    """The sentence on why the answer is about something else than was asked for, or None."""
    if isinstance(request, SaveRequest):
        # Without the id nobody can ever send what was saved.
        missing = answer.success and not answer.mms_id
        return "The provider said success and gave no mms-id." if missing else None
    other = None
    # What is sent at once has no id before its answer.
    asked = answer.mms_id if isinstance(request, OneShotRequest) else (request.mms_id or "").strip()
    if answer.mms_id and answer.mms_id != asked:
        other = "it names another mms-id"
    elif isinstance(request, SendRequest) and another_number(answer.to, request.to):
        other = "it names another recipient"
    code = f", {answer.error_code}" if answer.error_code else ""
    return f"The provider's answer{code} is about another call: {other}." if other else None


def _refused(answer: ProviderAnswer, call: CallKind) -> tuple[SendStatus, str]:
    if not answer.error_code:
        return SendStatus.UNKNOWN, f"The provider said failure without an error code. {call.doubt}"
    code = explain(answer.error_code)
    words = f" The provider's words: {answer.error_info}" if answer.error_info else ""
    if code is None:
        lead = f"The provider failed with {answer.error_code}, which is documented nowhere."
        return SendStatus.UNKNOWN, f"{lead} {call.doubt}{words}"
    if code.kind is CodeClass.UNKNOWN:
        return SendStatus.UNKNOWN, f"{code.code}: {code.meaning}. {call.doubt}{words}"
    lead = f"The provider refused with {code.code}: {code.told}. Nothing was {call.done}."
    if code.kind is CodeClass.RETRY:
        return SendStatus.REFUSED, f"{lead} It is safe to {call.name} again a little later.{words}"
    return SendStatus.REFUSED, f"{lead} Mend that first; it is safe to {call.name} again then.{words}"
